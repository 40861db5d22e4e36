//! Limits as data, and the one check that applies them to a draft, all violations at once.

use std::ops::RangeInclusive;

use url::Url;

use crate::content::{Draft, Kind, Violation};

/// What a platform takes.
#[derive(Debug)]
pub struct Rules {
    /// The kinds of post, each with the number of images it holds.
    pub kinds: &'static [KindRule],
    /// The longest text, as [`Rules::text_length`] counts.
    pub text_max: i64,
    /// How the platform counts what a draft says; an error names what makes it invalid whatever its length.
    pub text_length: fn(&Draft) -> Result<i64, &'static str>,
    /// The longest description of an image, in characters.
    pub alt_text_max: usize,
}

/// A kind of post.
#[derive(Debug)]
pub struct KindRule {
    /// The kind.
    pub kind: Kind,
    /// How many images it holds.
    pub images: RangeInclusive<usize>,
}

/// JSON pointers to where a draft's parts came from: the post's content, or a target's overrides.
#[derive(Debug, Clone)]
pub struct Pointers {
    /// The kind.
    pub kind: String,
    /// The text.
    pub text: String,
    /// The link.
    pub link: String,
    /// The list of media.
    pub media: String,
}

/// Checks a draft against a platform's rules; an empty list means that it may be published.
pub fn check(
    rules: &Rules,
    draft: &Draft,
    at: &Pointers,
    media_url: &dyn Fn(&str) -> Result<(), &'static str>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    let Some(kind) = rules.kinds.iter().find(|rule| rule.kind == draft.kind) else {
        let known: Vec<&str> = rules.kinds.iter().map(|rule| rule.kind.into()).collect();
        found.push(violation(&at.kind, "kind_unsupported", format!("this account's platform takes {}", known.join(", ")), None));
        return found;
    };
    check_text(rules, draft, at, &mut found);
    check_link(draft, at, &mut found);
    check_media(rules, kind, draft, at, &mut found);
    for (n, media) in draft.media.iter().enumerate() {
        if let Err(reason) = media_url(&media.url) {
            found.push(violation(
                &format!("{}/{n}/url", at.media),
                "media_url_refused",
                format!("the address is refused: {reason}"),
                None,
            ));
        }
    }
    found
}

fn check_text(rules: &Rules, draft: &Draft, at: &Pointers, found: &mut Vec<Violation>) {
    if draft.kind == Kind::Text && draft.text.trim().is_empty() {
        found.push(violation(&at.text, "text_required", "a text post needs a text".to_owned(), None));
        return;
    }
    match (rules.text_length)(draft) {
        Err(reason) => found.push(violation(&at.text, "text_invalid", reason.to_owned(), None)),
        Ok(length) if length > rules.text_max => {
            let detail =
                format!("the text counts {length} of at most {}; shorten it by {}", rules.text_max, length - rules.text_max);
            found.push(violation(&at.text, "text_too_long", detail, Some(rules.text_max)));
        }
        Ok(_) => {}
    }
}

fn check_link(draft: &Draft, at: &Pointers, found: &mut Vec<Violation>) {
    match (&draft.link, draft.kind) {
        (None, Kind::Link) => found.push(violation(&at.link, "link_required", "a link post needs a link".to_owned(), None)),
        (Some(_), Kind::Text | Kind::Image | Kind::Images) => {
            let detail = "only a link post has a link; put it into the text, or use the kind `link`".to_owned();
            found.push(violation(&at.link, "link_not_allowed", detail, None));
        }
        (Some(link), Kind::Link) => {
            let web = Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !web {
                found.push(violation(&at.link, "link_invalid", "the link must be an http or https address".to_owned(), None));
            }
        }
        (None, _) => {}
    }
}

fn check_media(rules: &Rules, kind: &KindRule, draft: &Draft, at: &Pointers, found: &mut Vec<Violation>) {
    let (min, max) = (*kind.images.start(), *kind.images.end());
    let count = draft.media.len();
    let name: &str = draft.kind.into();
    if count > max {
        let code = if max == 0 { "media_not_allowed" } else { "too_many_images" };
        let detail = format!("a post of the kind `{name}` holds at most {max} images here, not {count}");
        found.push(violation(&at.media, code, detail, Some(limit(max))));
    } else if count < min {
        let detail = format!("a post of the kind `{name}` holds at least {min} images, not {count}");
        found.push(violation(&at.media, "too_few_images", detail, Some(limit(min))));
    }
    for (n, media) in draft.media.iter().enumerate() {
        let length = media.alt_text.as_deref().map_or(0, |text| text.chars().count());
        if length > rules.alt_text_max {
            let detail = format!("the description counts {length} of at most {} characters", rules.alt_text_max);
            found.push(violation(
                &format!("{}/{n}/altText", at.media),
                "alt_text_too_long",
                detail,
                Some(limit(rules.alt_text_max)),
            ));
        }
    }
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn violation(pointer: &str, code: &str, detail: String, limit: Option<i64>) -> Violation {
    Violation { pointer: pointer.to_owned(), code: code.to_owned(), detail, limit }
}
