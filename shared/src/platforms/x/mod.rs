//! X, API v2. Limits and error meanings: docs.x.com (posts, media, rate limits) and OpenAPI 2.167, as of 2026-11.
//!
//! First every file is brought to X and described there, which may be repeated and shows nowhere: images in one call, GIFs
//! and videos in segments, then X's own work on them is waited for. Then the posts are created one by one (see `thread.rs`);
//! these are the visible calls. The first comment is a reply of the account to its own post.
//!
//! There is no idempotency key: a lost answer to "create post" is looked for in the account's own timeline, by text, by
//! number of files, by poll, and by the post that it replies to.

mod call;
mod connect;
mod errors;
mod find;
mod limits;
mod media;
mod post;
mod text;
mod thread;

use serde::Deserialize;
use std::time::Duration;

use super::rules::{FileRule, KindRule, Need, OptionRule, PollRule, Rules, TextRule, Unit};
use super::{Platform, Publishing};
use crate::content::Kind;
use crate::journal::{Journal, Looks, Stop};
use crate::store::runs::Published;
use find::Wanted;
use post::{Item, NewPost};
use text::TEXT_MAX;

/// What every kind shares: a text, and a first comment that counts as a post's text does.
const BASE: KindRule =
    KindRule { text: TextRule::optional(TEXT_MAX), comment: TextRule::optional(TEXT_MAX), ..KindRule::new(Kind::Text) };

/// What the kinds with images share. `POST /2/media/metadata`: `alt_text.text` of at most 1,000 characters.
const IMAGES: KindRule = KindRule { files: &[IMAGE], alt_text_max: 1000, ..BASE };

/// An image, docs.x.com "Media best practices". A GIF that moves is a kind of its own.
const IMAGE: FileRule = FileRule {
    name: "image",
    types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
    bytes: (1, 5 * 1024 * 1024),
    animated: Some(false),
    ..FileRule::ANY
};

/// An animated GIF, docs.x.com "Media best practices". Its frames (350, and 300 million pixels in all of them) are not
/// counted here: X refuses what has more when it works on the file.
const GIF: FileRule = FileRule {
    name: "gif",
    types: &["image/gif"],
    bytes: (1, 15 * 1024 * 1024),
    width: (1, 1280),
    height: (1, 1080),
    animated: Some(true),
    ..FileRule::ANY
};

/// A video, docs.x.com "Media best practices": 32 x 32 to 1280 x 1024, which is taken to hold for standing ones turned
/// (unverified). Accounts with a subscription may show longer ones, how long is unverified: here 140 s hold for all.
const VIDEO: FileRule = FileRule {
    name: "video",
    types: &["video/mp4", "video/quicktime"],
    bytes: (1, 512 * 1024 * 1024),
    width: (32, 1280),
    height: (32, 1280),
    ratio: (1.0 / 3.0, 3.0),
    pixels_max: 1280 * 1024,
    duration_ms: (500, 140_000),
    fps: (0.0, 60.0),
    codecs: &["h264"],
    ..FileRule::ANY
};

/// How many posts may follow the first of a thread: the composer's limit of 25 in all (unverified), far below the 100
/// posts that an account may make in 15 minutes.
const THREAD_MAX: usize = 24;

/// The adapter of X.
pub(crate) struct X;

/// The timeline may lag behind: look at once, and again after 30 s (the lag's length is undocumented).
const LOOKS: Looks = &[Duration::from_secs(3), Duration::from_secs(30)];

/// The step of the first comment.
const COMMENT: &str = "first_comment";

impl Platform for X {
    const RULES: Rules = Rules {
        name: "X",
        kinds: &[
            KindRule { text: TextRule::required(TEXT_MAX), ..BASE },
            KindRule { kind: Kind::Link, link: Need::Required, ..BASE },
            KindRule { kind: Kind::Image, media: (1, 1), ..IMAGES },
            // Up to four images, one GIF or one video in a post, docs.x.com "Media best practices".
            KindRule { kind: Kind::Images, media: (2, 4), ..IMAGES },
            KindRule { kind: Kind::Gif, media: (1, 1), files: &[GIF], ..IMAGES },
            // That videos can be described is not documented.
            KindRule { kind: Kind::Video, media: (1, 1), files: &[VIDEO], ..BASE },
            // OpenAPI 2.167, `poll`; the question is the post's text.
            KindRule {
                kind: Kind::Poll,
                text: TextRule::required(TEXT_MAX),
                poll: Some(PollRule {
                    question_max: 0,
                    options: (2, 4),
                    option_max: 25,
                    minutes: (5, 10_080),
                    minutes_only: &[],
                }),
                ..BASE
            },
            KindRule { kind: Kind::Thread, media: (0, 4), thread: (1, THREAD_MAX), ..IMAGES },
            KindRule { kind: Kind::Reply, media: (0, 4), ..IMAGES },
        ],
        options: &[
            OptionRule {
                values: &["following", "mentionedUsers", "subscribers", "verified"],
                ..OptionRule::new("replySettings", "who may reply; everybody when absent")
            },
            OptionRule::new("aiGenerated", "labels the post as made with AI"),
            OptionRule::new("paidPartnership", "labels the post as paid for"),
            OptionRule {
                required: &[Kind::Reply],
                ..OptionRule::new(
                    "replyTo",
                    "the id of the post that is replied to; X takes replies by apps only where its author mentioned or quoted the account, or is the account",
                )
            },
        ],
        scopes: &["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"],
        unit: Unit::Weighted(text::weighted_length),
        text: text::post_text,
        limits: limits::TABLE,
        learn: limits::learn,
        extra: text::check,
    };

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        let items = Item::all(cx.draft);
        // All files first: a thread whose third image is refused is better not begun.
        if !journal.is_done(&items[0].step()) {
            for item in &items {
                media::prepare(cx, journal, item).await?;
            }
        }
        thread::publish(cx, journal, &items).await
    }

    async fn follow_up(cx: &Publishing<'_>, journal: &mut Journal, published: &Published) -> Result<(), Stop> {
        let Some(comment) = &cx.draft.first_comment else { return Ok(()) };
        let reply = NewPost::reply(comment, &published.external_id);
        let wanted = Wanted { text: comment, files: 0, poll: false, reply_to: Some(&published.external_id) };
        let act = async || reply.create(cx, "first comment").await;
        journal.once(COMMENT, LOOKS, act, async |since| find::find(cx, &wanted, since).await).await.map(|_| ())
    }
}

/// What X puts around an answer.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

fn permalink(cx: &Publishing<'_>, id: &str) -> String {
    let base = cx.app.config.x.web_base.as_str().trim_end_matches('/');
    match &cx.account.username {
        Some(username) => format!("{base}/{username}/status/{id}"),
        None => format!("{base}/i/web/status/{id}"),
    }
}
