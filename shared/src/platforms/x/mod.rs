//! X, API v2. Limits and error meanings: docs.x.com (posts, media, rate limits) and OpenAPI 2.167, as of 2026-11.
//!
//! There is no idempotency key: a lost answer to "create post" is looked for in the account's own timeline.

mod call;
mod errors;
mod find;
mod media;

use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::rules::{KindRule, Rules};
use super::{Platform, Publishing};
use crate::content::{Draft, Kind};
use crate::error::JobError;
use crate::journal::{Journal, Looks, Stop};
use crate::store::runs::Published;
use call::Call;

/// The adapter of X.
pub(crate) struct X;

/// The timeline may lag behind: look at once, and again after 30 s (the lag's length is undocumented).
const LOOKS: Looks = &[Duration::from_secs(3), Duration::from_secs(30)];

/// An uploaded image can be used for 24 hours; it is uploaded anew well before that.
const UPLOAD_KEEPS: Duration = Duration::from_secs(20 * 3600);

impl Platform for X {
    const RULES: Rules = Rules {
        kinds: &[
            KindRule { kind: Kind::Text, images: 0..=0 },
            KindRule { kind: Kind::Link, images: 0..=0 },
            KindRule { kind: Kind::Image, images: 1..=1 },
            // Up to four images in a post, docs.x.com "Media best practices".
            KindRule { kind: Kind::Images, images: 2..=4 },
        ],
        // Weighted characters, twitter-text configuration v3.
        text_max: 280,
        text_length: |draft| weighted_length(&post_text(draft)),
        // POST /2/media/metadata, `alt_text.text`.
        alt_text_max: 1000,
    };

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        let total = cx.draft.media.len();
        let mut media_ids = Vec::with_capacity(total);
        for (n, image) in cx.draft.media.iter().enumerate() {
            let uploaded =
                journal.step(&format!("upload:{n}"), Some(UPLOAD_KEEPS), async || media::upload(cx, image).await).await?;
            if uploaded.processing {
                journal.step(&format!("ready:{}", uploaded.id), None, async || media::ready(cx, &uploaded.id).await).await?;
            }
            if let Some(alt_text) = &image.alt_text {
                journal
                    .step(&format!("describe:{}", uploaded.id), None, async || media::describe(cx, &uploaded.id, alt_text).await)
                    .await?;
            }
            media_ids.push(uploaded.id);
            journal.progress(percent(n + 1, total));
        }
        let text = post_text(cx.draft);
        let created = journal
            .once(
                "create_post",
                LOOKS,
                async || create(cx, &text, &media_ids).await,
                async |since| find::find(cx, &text, total, since).await,
            )
            .await?;
        let url = permalink(cx, &created.id);
        Ok(Published { external_id: created.id, url: Some(url) })
    }
}

/// Images uploaded so far, as a share of the 80 % that uploads make of the work.
fn percent(done: usize, total: usize) -> i32 {
    i32::try_from(80 * done / total.max(1)).unwrap_or(80)
}

/// The post as X names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Created {
    id: String,
}

#[derive(Serialize)]
struct NewPost<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<NewMedia<'a>>,
}

#[derive(Serialize)]
struct NewMedia<'a> {
    media_ids: &'a [String],
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

async fn create(cx: &Publishing<'_>, text: &str, media_ids: &[String]) -> Result<Created, JobError> {
    let media = (!media_ids.is_empty()).then_some(NewMedia { media_ids });
    let answer = Call::post(cx, "/2/tweets").json(&NewPost { text, media }).send("create post").await?;
    Ok(answer.json::<Envelope<Created>>("create post")?.data)
}

fn permalink(cx: &Publishing<'_>, id: &str) -> String {
    let base = cx.app.config.x.web_base.as_str().trim_end_matches('/');
    match &cx.account.username {
        Some(username) => format!("{base}/{username}/status/{id}"),
        None => format!("{base}/i/web/status/{id}"),
    }
}

/// What is sent as the post's text: X has no field for a link, so it stands on a line of its own at the end.
fn post_text(draft: &Draft) -> String {
    match &draft.link {
        Some(link) if draft.text.is_empty() => link.clone(),
        Some(link) => format!("{}\n{link}", draft.text),
        None => draft.text.clone(),
    }
}

/// The length as X counts it; an empty text counts 0 (a post of images needs none).
fn weighted_length(text: &str) -> Result<i64, &'static str> {
    use twitter_text::{ParserBackend, parse_with_parser_backend};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_of_counting_agrees_with_the_parser() {
        use twitter_text::{ParserBackend, parse_with_parser_backend};
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
}
