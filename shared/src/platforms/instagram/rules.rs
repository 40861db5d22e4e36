//! What Instagram takes. Numbers: Meta's content publishing guide, IG User Media and IG Container references, as of 2026-11.

use crate::content::{Draft, Kind};
use crate::platforms::rules::{Broken, FileRule, KindRule, OptionRule, Part, Rules, TextRule, Unit};

/// The caption, IG User Media reference: 2,200 characters, 30 hashtags, 20 mentions.
const CAPTION: TextRule = TextRule { hashtags_max: Some(30), mentions_max: Some(20), ..TextRule::optional(2200) };

/// A comment: no limit is documented; the caption's length is what the app takes (unverified).
const COMMENT: TextRule = TextRule::optional(2200);

/// The longest description of an image, IG User Media reference, `alt_text`.
const ALT_TEXT_MAX: usize = 1000;

/// Megabytes as Instagram's own error texts count them.
const MIB: u64 = 1 << 20;

/// An image, IG User Media reference: JPEG, 8 MB, 4:5 to 1.91:1. Any width is rescaled to 320 to 1440 pixels.
const IMAGE: FileRule =
    FileRule { name: "image", types: &["image/jpeg"], bytes: (1, 8 * MIB), ratio: (0.8, 1.91), ..FileRule::ANY };

/// A story's image, and a reel's cover: as an image, of any shape.
const UPRIGHT_IMAGE: FileRule = FileRule { name: "image", types: &["image/jpeg"], bytes: (1, 8 * MIB), ..FileRule::ANY };

/// A reel, IG User Media reference: 300 MB (older pages: 1 GB), 0.01:1 to 10:1, 1920 pixels wide, 3 s to 15 min, 23 to 60 fps.
const REEL: FileRule = FileRule {
    name: "video",
    types: &["video/mp4", "video/quicktime", "video/x-m4v"],
    bytes: (1, 300 * MIB),
    width: (0, 1920),
    ratio: (0.01, 10.0),
    duration_ms: (3_000, 15 * 60_000),
    fps: (23.0, 60.0),
    codecs: &["h264", "hevc"],
    ..FileRule::ANY
};

/// A story's video, IG User Media reference: 100 MB, 0.1:1 to 10:1, 3 to 60 s.
const STORY_VIDEO: FileRule = FileRule { bytes: (1, 100 * MIB), ratio: (0.1, 10.0), duration_ms: (3_000, 60_000), ..REEL };

/// A carousel's video: documented as a video container only; 60 s is what is known to work (unverified).
const ITEM_VIDEO: FileRule = FileRule { duration_ms: (3_000, 60_000), ..REEL };

/// What both kinds of reel share.
const REELS: KindRule = KindRule {
    text: CAPTION,
    media: (1, 1),
    files: &[REEL],
    thumbnail: Some(UPRIGHT_IMAGE),
    comment: COMMENT,
    ..KindRule::new(Kind::Reel)
};

/// The most co-authors, IG User Media reference.
const COLLABORATORS_MAX: usize = 3;

/// What Instagram takes.
pub(super) const RULES: Rules = Rules {
    name: "Instagram",
    kinds: &[
        KindRule {
            text: CAPTION,
            media: (1, 1),
            files: &[IMAGE],
            alt_text_max: ALT_TEXT_MAX,
            comment: COMMENT,
            ..KindRule::new(Kind::Image)
        },
        KindRule { kind: Kind::Video, ..REELS },
        REELS,
        // Two to ten items by the API; the app allows twenty.
        KindRule {
            text: CAPTION,
            media: (2, 10),
            files: &[IMAGE, ITEM_VIDEO],
            alt_text_max: ALT_TEXT_MAX,
            comment: COMMENT,
            ..KindRule::new(Kind::Carousel)
        },
        KindRule { media: (1, 1), files: &[UPRIGHT_IMAGE], ..KindRule::new(Kind::ImageStory) },
        KindRule { media: (1, 1), files: &[STORY_VIDEO], ..KindRule::new(Kind::VideoStory) },
    ],
    options: &[
        OptionRule::new("shareToFeed", "whether a reel also shows among the other posts; a `video` does unless told otherwise"),
        OptionRule::new("collaborators", "user names of up to 3 co-authors; needs an account connected through Facebook"),
        OptionRule::new("locationId", "the id of a Facebook Page that has a location"),
        OptionRule::new("coverAtMs", "the frame of a reel that becomes its cover; a thumbnail goes before it"),
        OptionRule::new("aiGenerated", "says that the post was made with AI"),
        OptionRule::new("paidPartnership", "says that somebody paid for it; needs an account connected through Facebook"),
    ],
    // Those of Instagram's own login; then those of Facebook's, for accounts that come through a Page.
    scopes: &[
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_comments",
        "instagram_basic",
        "instagram_content_publish",
        "instagram_manage_comments",
        "pages_show_list",
        "pages_read_engagement",
    ],
    unit: Unit::Characters,
    text: |draft| draft.text.clone(),
    limits: super::limits::TABLE,
    learn: super::limits::learn,
    extra: check_options,
};

/// Refuses options that a kind has no place for, and values that Instagram would refuse.
fn check_options(draft: &Draft, found: &mut Vec<Broken>) {
    let options = &draft.options;
    let reel = matches!(draft.kind, Kind::Video | Kind::Reel);
    let story = matches!(draft.kind, Kind::ImageStory | Kind::VideoStory);
    let places = [
        ("shareToFeed", options.share_to_feed.is_some(), reel),
        ("coverAtMs", options.cover_at_ms.is_some(), reel),
        ("collaborators", !options.collaborators.is_empty(), !story),
        ("locationId", options.location_id.is_some(), !story),
        // Undocumented for stories.
        ("paidPartnership", options.paid_partnership, !story),
    ];
    for (name, given, fits) in places {
        if given && !fits {
            let kind: &str = draft.kind.into();
            let detail = format!("a post of the kind `{kind}` has no option `{name}`; leave it out");
            found.push(Broken::new(Part::Option(name), "option_unsupported", detail));
        }
    }
    let count = options.collaborators.len();
    if count > COLLABORATORS_MAX {
        let detail = format!("a post has at most {COLLABORATORS_MAX} co-authors, not {count}");
        found.push(Broken::new(Part::Option("collaborators"), "too_many_collaborators", detail).limit(COLLABORATORS_MAX));
    }
    let digits = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    if !options.location_id.as_ref().is_none_or(digits) {
        found.push(Broken::new(Part::Option("locationId"), "option_invalid", "the id of a place is a number"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Options, Overrides};

    fn codes(kind: Kind, options: Options) -> Vec<(&'static str, &'static str)> {
        let draft = Draft::new(kind, &Content::default(), &Overrides { options, ..Overrides::default() });
        let mut found = Vec::new();
        check_options(&draft, &mut found);
        let name = |part: Part| if let Part::Option(name) = part { name } else { "" };
        found.into_iter().map(|broken| (name(broken.part), broken.code)).collect()
    }

    #[test]
    fn options_are_refused_where_they_have_no_place() {
        let all = || Options {
            share_to_feed: Some(false),
            cover_at_ms: Some(1),
            collaborators: vec!["a".to_owned()],
            location_id: Some("123".to_owned()),
            ai_generated: true,
            paid_partnership: true,
            ..Options::default()
        };
        let names = |kind| codes(kind, all()).into_iter().map(|(name, _)| name).collect::<Vec<_>>();

        assert_eq!(names(Kind::Reel), [""; 0]);
        assert_eq!(names(Kind::Video), [""; 0]);
        assert_eq!(names(Kind::Image), ["shareToFeed", "coverAtMs"]);
        assert_eq!(names(Kind::Carousel), ["shareToFeed", "coverAtMs"]);
        assert_eq!(names(Kind::VideoStory), ["shareToFeed", "coverAtMs", "collaborators", "locationId", "paidPartnership"]);
    }

    #[test]
    fn values_that_instagram_refuses_are_refused_first() {
        let four = Options { collaborators: vec!["a".to_owned(); 4], ..Options::default() };
        let place = |id: &str| Options { location_id: Some(id.to_owned()), ..Options::default() };

        assert_eq!(codes(Kind::Image, four), [("collaborators", "too_many_collaborators")]);
        assert_eq!(codes(Kind::Image, place("Bern")), [("locationId", "option_invalid")]);
        assert_eq!(codes(Kind::Image, place("")), [("locationId", "option_invalid")]);
        assert_eq!(codes(Kind::Image, place("108")), []);
    }
}
