//! What no table can say of a draft for TikTok: which options go with which way of posting.

use serde_json::Value;

use super::{PHOTO_TITLE_MAX, PRIVACY, PRIVATE};
use crate::content::{Draft, Kind};
use crate::platforms::rules::{Broken, Part, Unit};

/// Options of videos alone.
const OF_VIDEOS: [&str; 4] = ["disableDuet", "disableStitch", "coverAtMs", "aiGenerated"];

/// Options of photos alone.
const OF_PHOTOS: [&str; 1] = ["autoAddMusic"];

/// The choice that leaves all others to the author.
const INBOX: &str = "inbox";

/// Checks the options against the kind and against each other, and the title by TikTok's own unit.
pub(super) fn check(draft: &Draft, found: &mut Vec<Broken>) {
    let options = &draft.options;
    if options.inbox {
        check_inbox(draft, found);
    } else if options.privacy.is_none() {
        let detail = format!("`privacy` must be chosen for a direct post ({}); TikTok allows no default", PRIVACY.join(", "));
        found.push(Broken::new(Part::Option("privacy"), "option_required", detail));
    }
    let strangers: &[&'static str] = if draft.kind == Kind::Images { &OF_VIDEOS } else { &OF_PHOTOS };
    for name in given(draft).filter(|_| !options.inbox).filter(|name| strangers.contains(name)) {
        let kind: &str = draft.kind.into();
        let detail = format!("a post of the kind `{kind}` has no option `{name}`");
        found.push(Broken::new(Part::Option(name), "option_unsupported", detail));
    }
    if options.paid_partnership && options.privacy.as_deref() == Some(PRIVATE) {
        let detail = format!("a paid partnership can't be private; choose another privacy than {PRIVATE}");
        found.push(Broken::new(Part::Option("paidPartnership"), "option_conflict", detail));
    }
    check_title(draft, found);
}

/// A draft for the inbox carries its files and, with photos, its words; everything else its author chooses in the app.
fn check_inbox(draft: &Draft, found: &mut Vec<Broken>) {
    for name in given(draft).filter(|name| *name != INBOX) {
        let detail = format!("a draft for the inbox takes no `{name}`: its author chooses it in the app; leave it out");
        found.push(Broken::new(Part::Option(name), "option_unsupported", detail));
    }
    if draft.kind == Kind::Video && !draft.text.is_empty() {
        let detail = "a video for the inbox carries no text: its author writes it in the app; leave it out or override it";
        found.push(Broken::new(Part::field("text"), "text_not_allowed", detail));
    }
}

/// The table counts a title in characters, TikTok in UTF-16 units: what only passes the first is refused here.
fn check_title(draft: &Draft, found: &mut Vec<Broken>) {
    let title = draft.title.as_deref().filter(|_| draft.kind == Kind::Images).unwrap_or_default();
    let (Ok(units), Ok(characters)) = (Unit::Utf16.count(title), Unit::Characters.count(title)) else { return };
    if units > PHOTO_TITLE_MAX && characters <= PHOTO_TITLE_MAX {
        let detail = format!("the title counts {units} of at most {PHOTO_TITLE_MAX} UTF-16 units; shorten it");
        found.push(Broken::new(Part::field("title"), "title_too_long", detail).limit(PHOTO_TITLE_MAX));
    }
}

/// The names of TikTok's options that the draft sets.
fn given(draft: &Draft) -> impl Iterator<Item = &'static str> {
    let set = serde_json::to_value(&draft.options).unwrap_or(Value::Null);
    super::OPTIONS.iter().map(|rule| rule.name).filter(move |name| set.get(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Options, Overrides};

    fn codes(kind: Kind, (text, title): (&str, &str), options: Options) -> Vec<(&'static str, String)> {
        let content = Content { text: text.to_owned(), title: Some(title.to_owned()), ..Content::default() };
        let draft = Draft::new(kind, &content, &Overrides { options, ..Overrides::default() });
        let mut found = Vec::new();
        check(&draft, &mut found);
        let at = |part: &Part| match part {
            Part::Kind => "kind".to_owned(),
            Part::Field(name, _) => (*name).to_owned(),
            Part::Option(name) => format!("options/{name}"),
        };
        found.iter().map(|broken| (broken.code, at(&broken.part))).collect()
    }

    fn public() -> Options {
        Options { privacy: Some("PUBLIC_TO_EVERYONE".to_owned()), ..Options::default() }
    }

    #[test]
    fn privacy_is_chosen_for_direct_posts_and_left_to_the_author_of_a_draft() {
        let inbox = Options { inbox: true, ..Options::default() };
        let both = Options { inbox: true, ..public() };

        assert_eq!(codes(Kind::Video, ("a", ""), Options::default()), [("option_required", "options/privacy".to_owned())]);
        assert_eq!(codes(Kind::Video, ("a", ""), public()), []);
        assert_eq!(codes(Kind::Video, ("", ""), inbox.clone()), []);
        assert_eq!(codes(Kind::Images, ("a", "b"), inbox.clone()), []);
        assert_eq!(codes(Kind::Video, ("a", ""), inbox), [("text_not_allowed", "text".to_owned())]);
        assert_eq!(codes(Kind::Images, ("a", ""), both), [("option_unsupported", "options/privacy".to_owned())]);
    }

    #[test]
    fn options_belong_to_their_kind() {
        let of_video = Options { disable_duet: true, ai_generated: true, cover_at_ms: Some(0), ..public() };
        let of_photos = Options { auto_add_music: true, ..public() };

        assert_eq!(codes(Kind::Video, ("a", ""), of_video.clone()), []);
        assert_eq!(codes(Kind::Images, ("a", ""), of_video).len(), 3);
        assert_eq!(codes(Kind::Images, ("a", ""), of_photos.clone()), []);
        assert_eq!(codes(Kind::Video, ("a", ""), of_photos), [("option_unsupported", "options/autoAddMusic".to_owned())]);
    }

    #[test]
    fn a_paid_partnership_is_never_private() {
        let paid = Options { paid_partnership: true, ..public() };
        let private = Options { privacy: Some(PRIVATE.to_owned()), ..paid.clone() };

        assert_eq!(codes(Kind::Video, ("a", ""), paid), []);
        assert_eq!(codes(Kind::Video, ("a", ""), private), [("option_conflict", "options/paidPartnership".to_owned())]);
    }

    #[test]
    fn a_title_is_counted_in_utf_16_units() {
        assert_eq!(codes(Kind::Images, ("a", &"😀".repeat(45)), public()), []);
        assert_eq!(codes(Kind::Images, ("a", &"😀".repeat(46)), public()), [("title_too_long", "title".to_owned())]);
        assert_eq!(codes(Kind::Video, ("a", &"😀".repeat(46)), public()), []);
    }
}
