//! TikTok, Content Posting API v2. Limits and error meanings: TikTok for Developers, as of 2026-11.
//!
//! There is no idempotency key. A post is a task: begun by an init call, fed with files, then asked for by its stored id
//! until TikTok says that it is live or lies in its author's inbox.
//!
//! - A video is sent in pieces. Nothing can be posted before the last piece is there: that one is the visible call, and a
//!   lost answer to it is cleared up by asking for the task.
//! - Photos, and videos where the operator wants it, are fetched by TikTok: the init call itself is the visible one. A lost
//!   answer to it is looked for among the account's public posts; for other posts a person must look.
//!
//! A task that failed is over. It is recorded as such, and a later run begins another one: the names of all steps carry
//! the task's number.

mod call;
mod check;
mod connect;
mod errors;
mod find;
mod init;
mod limits;
mod status;
mod upload;

use std::time::Duration;

use super::rules::{FileRule, KindRule, OptionRule, Rules, TextRule, Unit};
use super::{Platform, Publishing};
use crate::clock::Timestamp;
use crate::content::Kind;
use crate::error::JobError;
use crate::journal::{Journal, Looks, Stop};
use crate::store::runs::Published;
use init::{Source, Started};
use status::Ended;

/// The longest caption of a video in UTF-16 units, direct post reference.
const CAPTION_MAX: i64 = 2200;

/// The longest description of photos in UTF-16 units, photo post reference.
const DESCRIPTION_MAX: i64 = 4000;

/// The longest title of photos in UTF-16 units, photo post reference.
const PHOTO_TITLE_MAX: i64 = 90;

/// Everybody can see the post.
const PUBLIC: &str = "PUBLIC_TO_EVERYONE";

/// Nobody but the author can see the post.
const PRIVATE: &str = "SELF_ONLY";

/// Who can see a post, creator info reference; which of them an account may choose is asked before each post.
const PRIVACY: &[&str] = &[PUBLIC, "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", PRIVATE];

/// A video, media transfer guide.
const VIDEO: FileRule = FileRule {
    name: "video",
    types: &["video/mp4", "video/quicktime", "video/webm"],
    // 4 GB; whether that means 4,000,000,000 or 4,294,967,296 is not stated.
    bytes: (1, 4_000_000_000),
    width: (360, 4096),
    height: (360, 4096),
    // 10 minutes by API; an account may have less, which is asked before each post.
    duration_ms: (0, 600_000),
    fps: (23.0, 60.0),
    codecs: &["h264", "hevc", "vp8", "vp9"],
    ..FileRule::ANY
};

/// A photo, media transfer guide: JPEG or WebP, 20 MB (read as the smaller of both readings), 1080p.
const PHOTO: FileRule = FileRule {
    name: "image",
    types: &["image/jpeg", "image/webp"],
    bytes: (1, 20_000_000),
    width: (1, 1920),
    height: (1, 1920),
    pixels_max: 1920 * 1080,
    ..FileRule::ANY
};

/// TikTok's own choices, direct post and photo post references.
const OPTIONS: &[OptionRule] = &[
    OptionRule {
        values: PRIVACY,
        ..OptionRule::new("privacy", "who can see the post; must be chosen for a direct post, left out with `inbox`")
    },
    OptionRule::new("inbox", "delivers a draft to the author's inbox in the app, who finishes it there"),
    OptionRule::new("disableComments", "turns comments off"),
    OptionRule::new("disableDuet", "turns duets off (video)"),
    OptionRule::new("disableStitch", "turns stitches off (video)"),
    OptionRule::new("coverAtMs", "the frame that becomes the cover, in milliseconds from the start (video)"),
    OptionRule::new("paidPartnership", "says that somebody paid for the post; not with SELF_ONLY"),
    OptionRule::new("ownBusiness", "says that the post promotes the author's own business"),
    OptionRule::new("aiGenerated", "says that the video was made with AI (video)"),
    OptionRule::new("autoAddMusic", "lets TikTok choose music (images)"),
];

/// The adapter of TikTok.
pub(crate) struct Tiktok;

/// A public post shows in the list after moderation, usually within a minute; it may take hours, see `find`.
const PULL_LOOKS: Looks = &[Duration::from_secs(15), Duration::from_secs(60), Duration::from_secs(240)];

impl Platform for Tiktok {
    const RULES: Rules = Rules {
        name: "TikTok",
        kinds: &[
            KindRule { text: TextRule::optional(CAPTION_MAX), media: (1, 1), files: &[VIDEO], ..KindRule::new(Kind::Video) },
            KindRule {
                text: TextRule::optional(DESCRIPTION_MAX),
                title: TextRule::optional(PHOTO_TITLE_MAX),
                // Up to 35, photo post reference.
                media: (1, 35),
                files: &[PHOTO],
                ..KindRule::new(Kind::Images)
            },
        ],
        options: OPTIONS,
        scopes: &["user.info.basic", "user.info.profile", "video.publish", "video.upload", "video.list"],
        unit: Unit::Utf16,
        text: |draft| draft.text.clone(),
        limits: limits::TABLE,
        learn: limits::learn,
        extra: check::check,
    };

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        let source = init::source(cx)?;
        let mut generation = 0;
        loop {
            if let Some(published) = Box::pin(run_task(cx, journal, generation, source)).await? {
                return Ok(published);
            }
            generation += 1;
        }
    }
}

/// Whether the post goes to its author's inbox.
fn is_inbox(cx: &Publishing<'_>) -> bool {
    cx.draft.options.inbox
}

/// Takes one task from its beginning to its end. `None`: an earlier run learnt that it failed, so another one is due.
async fn run_task(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    generation: u32,
    source: Source,
) -> Result<Option<Published>, Stop> {
    if !is_inbox(cx) {
        journal.step(&format!("creator:{generation}"), None, async || init::check_creator(cx).await).await?;
    }
    let (publish_id, visible_step) = match source {
        Source::Sent(plan) => {
            let last_step = format!("last_piece:{generation}");
            let sent = upload::send(cx, journal, (generation, &last_step), plan).await?;
            let Some(publish_id) = sent else { return Ok(None) };
            (publish_id, last_step)
        }
        Source::Pulled => {
            let name = format!("init:{generation}");
            let begin = async || init::begin_pull(cx).await;
            match journal.once(&name, PULL_LOOKS, begin, async |since| find::find(cx, since).await).await? {
                Started::Task { publish_id } => (publish_id, name),
                Started::Live { post_id } => return Ok(Some(post(cx, &post_id))),
            }
        }
    };
    journal.progress(90);
    end_of_task(cx, journal, generation, (&publish_id, &visible_step)).await
}

/// Waits for the end of a task and says where its post is.
async fn end_of_task(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    generation: u32,
    (publish_id, visible_step): (&str, &str),
) -> Result<Option<Published>, Stop> {
    let name = format!("status:{generation}");
    let (ended, learnt_now) = status::wait(cx, journal, (&name, visible_step), publish_id).await?;
    match ended {
        Ended::Inbox => Ok(Some(Published::new(publish_id, None))),
        Ended::Live { post_id: Some(post_id), .. } => Ok(Some(post(cx, &post_id))),
        Ended::Live { post_id: None, at } => {
            let public = !is_inbox(cx) && cx.draft.options.privacy.as_deref() == Some(PUBLIC);
            let found = if public {
                let id_name = format!("public_id:{generation}");
                status::public_id(cx, journal, (&id_name, &name), (publish_id, Timestamp(at))).await?
            } else {
                None
            };
            Ok(Some(found.map_or_else(|| Published::new(publish_id, None), |post_id| post(cx, &post_id))))
        }
        Ended::Failed { reason } if learnt_now => Err(failed(cx, &reason, generation).await.into()),
        Ended::Failed { .. } => Ok(None),
    }
}

/// What a failed task means for the job. Files that TikTok could not fetch are looked at: their host may say more.
async fn failed(cx: &Publishing<'_>, reason: &str, generation: u32) -> JobError {
    let error = errors::failure(reason, cx.app.clock.now());
    if error.code == errors::PULL_FAILED {
        for media in &cx.draft.media {
            if let Err(unreachable) = cx.app.media.probe(&media.url).await {
                return unreachable;
            }
        }
    }
    errors::ends_task(error, generation)
}

/// A public post by its id; its address needs the account's user name.
fn post(cx: &Publishing<'_>, id: &str) -> Published {
    let base = cx.app.config.tiktok.web_base.as_str().trim_end_matches('/');
    let what = if cx.draft.kind == Kind::Images { "photo" } else { "video" };
    Published::new(id, cx.account.username.as_ref().map(|username| format!("{base}/@{username}/{what}/{id}")))
}
