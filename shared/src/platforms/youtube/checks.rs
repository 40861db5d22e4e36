//! What no table can say of a draft for YouTube: forbidden signs, the length of all tags, and when a video becomes public.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::content::Draft;
use crate::platforms::rules::{Broken, Part};

/// The longest list of tags in characters, `snippet.tags[]`.
const TAGS_MAX: usize = 500;

/// Checks a draft beyond its tables.
pub(super) fn check(draft: &Draft, found: &mut Vec<Broken>) {
    let texts = [
        (Part::field("title"), "title_invalid", draft.title.as_deref().unwrap_or_default()),
        (Part::field("text"), "text_invalid", draft.text.as_str()),
    ];
    let tags = draft.options.tags.iter().map(|tag| (Part::Option("tags"), "option_invalid", tag.as_str()));
    for (part, code, text) in texts.into_iter().chain(tags) {
        if text.contains(['<', '>']) {
            found.push(Broken::new(part, code, "YouTube takes neither `<` nor `>` here; leave them out"));
        }
    }
    check_options(draft, found);
}

fn check_options(draft: &Draft, found: &mut Vec<Broken>) {
    let options = &draft.options;
    let mut broken =
        |option: &'static str, detail: String| found.push(Broken::new(Part::Option(option), "option_invalid", detail));
    if options
        .category
        .as_deref()
        .is_some_and(|category| category.is_empty() || !category.bytes().all(|byte| byte.is_ascii_digit()))
    {
        broken("category", "a category is the number that YouTube gives it, such as 22".to_owned());
    }
    if options.language.as_deref().is_some_and(|language| !is_language(language)) {
        broken("language", "a language is written as BCP 47 has it, such as `de` or `pt-BR`".to_owned());
    }
    if options.tags.iter().any(|tag| tag.trim().is_empty()) {
        broken("tags", "a tag must not be empty".to_owned());
    }
    if let Some(text) = &options.public_at {
        if public_at(draft).is_none() {
            broken("publicAt", format!("`{text}` is no instant with an offset, such as 2027-01-31T09:00:00+01:00"));
        }
        if options.privacy.as_deref() != Some("private") {
            broken("publicAt", "only a video with the privacy `private` can become public later".to_owned());
        }
    }
    let length = tags_length(&options.tags);
    if length > TAGS_MAX {
        let detail =
            format!("the tags count {length} of at most {TAGS_MAX} characters together; shorten them by {}", length - TAGS_MAX);
        found.push(Broken::new(Part::Option("tags"), "tags_too_long", detail).limit(TAGS_MAX));
    }
}

/// The length as YouTube counts it: all tags, the commas between them, and quotes around each that holds a space.
fn tags_length(tags: &[String]) -> usize {
    let letters: usize = tags.iter().map(|tag| tag.chars().count() + if tag.contains(' ') { 2 } else { 0 }).sum();
    letters + tags.len().saturating_sub(1)
}

/// Whether a text has the form of a BCP 47 tag.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// When YouTube is to make the video public, in the form that it takes.
pub(super) fn public_at(draft: &Draft) -> Option<String> {
    let at = DateTime::parse_from_rfc3339(draft.options.public_at.as_deref()?).ok()?;
    Some(at.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Kind, Options, Overrides};

    fn draft(title: &str, text: &str, options: Options) -> Draft {
        let content = Content { title: Some(title.to_owned()), text: text.to_owned(), ..Content::default() };
        Draft::new(Kind::Video, &content, &Overrides { options, ..Overrides::default() })
    }

    fn codes(draft: &Draft) -> Vec<(Part, &'static str)> {
        let mut found = Vec::new();
        check(draft, &mut found);
        found.into_iter().map(|broken| (broken.part, broken.code)).collect()
    }

    #[test]
    fn angle_brackets_are_refused_wherever_they_stand() {
        let options = Options { tags: vec!["a>b".to_owned()], ..Options::default() };

        let found = codes(&draft("a<b", "c > d", options));

        let wanted = [
            (Part::field("title"), "title_invalid"),
            (Part::field("text"), "text_invalid"),
            (Part::Option("tags"), "option_invalid"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn tags_are_counted_with_their_commas_and_quotes() {
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        let long = "x".repeat(497);

        for (list, length) in [
            (tags(&[]), 0),
            (tags(&["one"]), 3),
            (tags(&["one", "two"]), 7),
            (tags(&["one two", "ü"]), 11),
            (tags(&[&long, "ab"]), 500),
        ] {
            assert_eq!(tags_length(&list), length, "{list:?}");
            assert!(codes(&draft("t", "", Options { tags: list, ..Options::default() })).is_empty());
        }
        let over = codes(&draft("t", "", Options { tags: tags(&[&long, "abc"]), ..Options::default() }));
        assert_eq!(over, [(Part::Option("tags"), "tags_too_long")]);
    }

    #[test]
    fn options_must_have_their_forms() {
        let options = |privacy: &str, public_at: &str| Options {
            privacy: Some(privacy.to_owned()),
            public_at: Some(public_at.to_owned()),
            ..Options::default()
        };
        let scheduled = draft("t", "", options("private", "2027-01-31T09:00:00.5+01:00"));

        assert!(codes(&scheduled).is_empty());
        assert_eq!(public_at(&scheduled).as_deref(), Some("2027-01-31T08:00:00Z"));
        for options in [
            options("public", "2027-01-31T09:00:00Z"),
            options("private", "2027-01-31T09:00:00"),
            Options { category: Some("People".to_owned()), ..Options::default() },
            Options { language: Some("german".to_owned()), ..Options::default() },
            Options { tags: vec![" ".to_owned()], ..Options::default() },
        ] {
            assert_eq!(codes(&draft("t", "", options.clone())).len(), 1, "{options:?}");
        }
        for language in ["de", "pt-BR", "zh-Hant-TW", "yue"] {
            assert!(is_language(language), "{language}");
        }
    }
}
