//! Texts on X: what goes out as one, how long it counts, and what no table of limits can say about it.

use twitter_text::extractor::Extractor;
use twitter_text::{ParserBackend, parse_with_parser_backend};

use crate::content::{Draft, Kind};
use crate::platforms::rules::{Broken, Part};

/// The longest text in weighted characters, twitter-text configuration v3.
pub(super) const TEXT_MAX: i64 = 280;

/// Cashtags in one post, docs.x.com (self-serve restrictions of 2026-02).
const CASHTAGS_MAX: usize = 1;

/// What is sent as the post's text: X has no field for a link, so it stands on a line of its own at the end, and none for
/// a poll's question, which is the text where there is no other.
pub(super) fn post_text(draft: &Draft) -> String {
    if let (Kind::Poll, Some(poll), true) = (draft.kind, &draft.poll, draft.text.trim().is_empty()) {
        return poll.question.clone();
    }
    match &draft.link {
        Some(link) if draft.text.is_empty() => link.clone(),
        Some(link) => format!("{}\n{link}", draft.text),
        None => draft.text.clone(),
    }
}

/// The length as X counts it; an empty text counts 0 (a post of images needs none).
pub(super) fn weighted_length(text: &str) -> Result<i64, &'static str> {
    if text.contains(['\u{FFFE}', '\u{FEFF}', '\u{FFFF}']) {
        return Err("it contains a character that X refuses (U+FFFE, U+FEFF or U+FFFF); remove it");
    }
    if is_plain(text) {
        return Ok(i64::try_from(text.len()).unwrap_or(i64::MAX));
    }
    let parsed = parse_with_parser_backend(text, twitter_text_config::config_v3(), true, ParserBackend::Pest);
    Ok(i64::from(parsed.weighted_length))
}

/// Whether every character counts one: ASCII, and no full stop directly before a letter or digit, hence no link.
///
/// Most texts are, and the parser takes half a millisecond.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.as_bytes().windows(2).any(|pair| pair[0] == b'.' && pair[1].is_ascii_alphanumeric())
}

/// What no table can say: one cashtag in each post, words or files in every post, and what an id looks like.
pub(super) fn check(draft: &Draft, found: &mut Vec<Broken>) {
    if matches!(draft.kind, Kind::Reply | Kind::Thread) && draft.text.trim().is_empty() && draft.media.is_empty() {
        found.push(Broken::new(Part::field("text"), "text_required", "a post of this kind needs a text or an image"));
    }
    let thread =
        draft.thread.iter().enumerate().map(|(n, post)| (Part::Field("thread", format!("/{n}/text")), post.text.as_str()));
    let thread = thread.filter(|_| draft.kind == Kind::Thread);
    let comment = draft.first_comment.iter().map(|comment| (Part::field("firstComment"), comment.as_str()));
    let text = post_text(draft);
    for (part, text) in std::iter::once((Part::field("text"), text.as_str())).chain(thread).chain(comment) {
        let count = cashtags(text);
        if count > CASHTAGS_MAX {
            let detail = format!("X takes one cashtag in a post, not {count}; write the others without the dollar sign");
            found.push(Broken::new(part, "too_many_cashtags", detail).limit(CASHTAGS_MAX));
        }
    }
    if draft.options.reply_to.as_deref().is_some_and(|id| !is_id(id)) {
        let detail = "a post's id has 1 to 19 digits: those at the end of its address";
        found.push(Broken::new(Part::Option("replyTo"), "option_invalid", detail));
    }
}

fn cashtags(text: &str) -> usize {
    if text.contains('$') { Extractor::with_parser_backend(ParserBackend::Pest).extract_cashtags(text).len() } else { 0 }
}

/// Whether a text is an id as X writes them.
fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Options, Overrides, Poll, ThreadPost};

    #[test]
    fn the_short_way_of_counting_agrees_with_the_parser() {
        let texts = [
            "",
            "a",
            "Hello, world. How are you?",
            "https://localhost:3000/x",
            "http://a",
            "mail me@home",
            "1.",
            "... wait",
            "#a @b $c\n\td",
        ];
        for text in texts {
            assert!(is_plain(text), "{text}");
            let parsed = parse_with_parser_backend(text, twitter_text_config::config_v3(), true, ParserBackend::Pest);

            assert_eq!(weighted_length(text), Ok(i64::from(parsed.weighted_length)), "{text}");
        }
        assert!(!is_plain("see example.com") && !is_plain("…"));
    }

    #[test]
    fn text_is_weighted_like_the_reference_library() {
        let long_link = format!("https://example.com/{}", "x".repeat(200));
        let a280 = "a".repeat(280);
        let cases = [
            (a280.as_str(), 280),
            ("a\u{301}", 1),
            ("日本語", 6),
            ("한국어", 6),
            ("👍🏽", 2),
            ("👨‍👩‍👧‍👦", 2),
            ("🇨🇭", 2),
            ("1️⃣", 2),
            ("‼️", 2),
            (&long_link, 23),
            ("example.com", 23),
            ("https://example.com.", 24),
            ("see http://a.co ok", 30),
            ("中文example.com中文", 31),
            ("http://例え.jp/ab", 23),
            ("user@example.com", 16),
            ("foo.notatld", 11),
            ("https://localhost:3000/x", 24),
            ("#hashtag @user", 14),
            ("…", 2),
            ("’", 1),
            ("—", 1),
            ("€", 2),
            ("™", 2),
            ("ẞ", 2),
            ("ก", 1),
        ];
        let wrong: Vec<_> = cases
            .iter()
            .map(|(text, weight)| (*text, *weight, weighted_length(text)))
            .filter(|(_, weight, got)| *got != Ok(*weight))
            .collect();

        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(weighted_length("a\u{FEFF}b").is_err());
    }

    #[test]
    fn cashtags_are_told_from_prices() {
        for (text, count) in
            [("", 0), ("$TSLA", 1), ("buy $TSLA, sell $AAPL.", 2), ("$BRK.A", 1), ("5$ or $5", 0), ("a$b $toolongone", 0)]
        {
            assert_eq!(cashtags(text), count, "{text}");
        }
    }

    #[test]
    fn what_no_table_says_is_checked_in_every_post_of_a_draft() {
        let content = Content {
            thread: vec![ThreadPost { text: "$A $B".to_owned(), media: Vec::new() }],
            first_comment: Some("$C $D".to_owned()),
            ..Content::default()
        };
        let options = Options { reply_to: Some("https://x.com/a/status/1".to_owned()), ..Options::default() };
        let codes = |kind| {
            let mut found = Vec::new();
            check(&Draft::new(kind, &content, &Overrides { options: options.clone(), ..Overrides::default() }), &mut found);
            found.into_iter().map(|broken| (broken.part, broken.code)).collect::<Vec<_>>()
        };
        let comment = (Part::field("firstComment"), "too_many_cashtags");
        let id = (Part::Option("replyTo"), "option_invalid");
        let empty = (Part::field("text"), "text_required");

        let rest = (Part::Field("thread", "/0/text".to_owned()), "too_many_cashtags");
        assert_eq!(codes(Kind::Thread), [empty.clone(), rest, comment.clone(), id.clone()]);
        assert_eq!(codes(Kind::Reply), [empty, comment.clone(), id.clone()]);
        assert_eq!(codes(Kind::Image), [comment, id]);
    }

    #[test]
    fn a_poll_without_words_says_its_question() {
        let poll = Poll { question: "Which?".to_owned(), options: Vec::new(), duration_minutes: 5 };
        let content = |text: &str| Content { text: text.to_owned(), poll: Some(poll.clone()), ..Content::default() };
        let text = |text: &str, kind| post_text(&Draft::new(kind, &content(text), &Overrides::default()));

        assert_eq!(text("", Kind::Poll), "Which?");
        assert_eq!(text("Tell me", Kind::Poll), "Tell me");
        assert_eq!(text("", Kind::Text), "");
    }
}
