//! LinkedIn, versioned REST API 202609, members and organisations. Limits: the Posts, Images, Videos and Documents API
//! pages, as of 2026-11; what is not published there says so.
//!
//! Files are uploaded and processed before anything can be seen; then one call makes the post. There is no idempotency
//! key. A lost answer is looked for among an organisation's posts; a member's posts can't be read, so there the same is
//! sent again and LinkedIn's refusal of duplicates names the post that is there, see `post.rs`. A first comment follows.

mod body;
mod call;
mod connect;
mod errors;
mod find;
mod limits;
mod media;
mod post;
mod text;

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;

use super::rules::{FileRule, KindRule, Need, OptionRule, PollRule, Rules, TextRule, Unit};
use super::{Grant, Platform, Publishing};
use crate::content::Kind;
use crate::error::{ErrorClass, JobError};
use crate::journal::{After, Journal, Looks, Polling, Stop};
use crate::store::runs::Published;
use call::{Call, key};
use errors::MEDIA_EXPIRED;
use post::Created;

/// The longest text. Whether UTF-16 units or code points count is not documented: the shorter of both is meant.
const TEXT_MAX: i64 = 3000;

/// The longest title of an article, a document or a video: not published; 400 is what the site itself takes (unverified).
const TITLE_MAX: i64 = 400;

/// What all kinds share. The longest comment is not published; 1,250 is what the site itself takes (unverified).
const POST: KindRule =
    KindRule { text: TextRule::optional(TEXT_MAX), comment: TextRule::optional(1250), ..KindRule::new(Kind::Text) };

/// What the kinds with images share.
const IMAGES: KindRule = KindRule { files: &[IMAGE], alt_text_max: ALT_TEXT_MAX, ..POST };

/// The longest description of a medium, Posts API.
const ALT_TEXT_MAX: usize = 4086;

/// An image, Images API. No size is published; the bound keeps a mistaken address from being uploaded for hours.
const IMAGE: FileRule = FileRule {
    name: "image",
    types: &["image/jpeg", "image/png", "image/gif"],
    bytes: (1, 100 * 1024 * 1024),
    // Fewer than 36,152,320.
    pixels_max: 36_152_319,
    ..FileRule::ANY
};

/// A video, Videos API.
const VIDEO: FileRule = FileRule {
    name: "video",
    types: &["video/mp4"],
    bytes: (75_000, 500 * 1024 * 1024),
    duration_ms: (3000, 30 * 60 * 1000),
    ratio: (1.0 / 2.4, 2.4),
    ..FileRule::ANY
};

/// A document, Documents API. An old Word or PowerPoint file whose sort can't be read is left to LinkedIn.
const DOCUMENT: FileRule = FileRule {
    name: "document",
    types: &[
        "application/pdf",
        "application/msword",
        "application/vnd.ms-powerpoint",
        "application/x-ole-storage",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ],
    bytes: (1, 100 * 1024 * 1024),
    pages_max: 300,
    ..FileRule::ANY
};

/// A poll, Posts API.
const POLL: PollRule = PollRule {
    question_max: 140,
    options: (2, 4),
    option_max: 30,
    minutes: (1440, 20_160),
    minutes_only: &[1440, 4320, 10_080, 20_160],
};

/// The adapter of LinkedIn.
pub(crate) struct Linkedin;

/// An organisation's posts are read; how long the list lags is not published.
const LOOKS: Looks = &[Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];

/// A member's posts can't be read: after 45 s the same is sent again, see [`post`].
const MEMBER_LOOKS: Looks = &[Duration::from_secs(45)];

/// When a comment is looked for below its post.
const COMMENT_LOOKS: Looks = &[Duration::from_secs(5), Duration::from_secs(30)];

/// How a post with a video is waited for: the video was ready, so this should be short.
const LIVE: Polling = Polling {
    pauses: &[Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)],
    deadline: Duration::from_secs(3600),
    after: After::MayBePublished,
};

impl Platform for Linkedin {
    const RULES: Rules = Rules {
        name: "LinkedIn",
        kinds: &[
            KindRule { text: TextRule::required(TEXT_MAX), ..POST },
            KindRule {
                kind: Kind::Link,
                // LinkedIn does not look at the page: a link without a title is refused.
                title: TextRule::required(TITLE_MAX),
                link: Need::Required,
                thumbnail: Some(IMAGE),
                ..POST
            },
            KindRule { kind: Kind::Image, media: (1, 1), ..IMAGES },
            // MultiImage API.
            KindRule { kind: Kind::Images, media: (2, 20), ..IMAGES },
            KindRule {
                kind: Kind::Video,
                title: TextRule::optional(TITLE_MAX),
                media: (1, 1),
                files: &[VIDEO],
                alt_text_max: ALT_TEXT_MAX,
                ..POST
            },
            KindRule { kind: Kind::Document, title: TextRule::required(TITLE_MAX), media: (1, 1), files: &[DOCUMENT], ..POST },
            KindRule { kind: Kind::Poll, poll: Some(POLL), ..POST },
        ],
        options: &[OptionRule {
            values: &["PUBLIC", "CONNECTIONS", "LOGGED_IN"],
            ..OptionRule::new("privacy", "who can see the post; everybody unless said otherwise, and always so for organisations")
        }],
        // A member needs the first three, an organisation all.
        scopes: &["openid", "profile", "w_member_social", "w_organization_social", "r_organization_social"],
        unit: Unit::Utf16,
        text: |draft| draft.text.clone(),
        limits: limits::TABLE,
        learn: limits::learn,
        extra: |_, _| {},
    };

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        check_author(cx)?;
        let mut round = round(journal).await?;
        loop {
            match publish_round(cx, journal, round).await {
                Err(Stop::Error(error)) if error.code == MEDIA_EXPIRED && cx.draft.files().next().is_some() => {
                    round += 1;
                    // What was written last counts: it is never read back as "still good".
                    journal.step(ROUND, Some(Duration::ZERO), async || Ok(round)).await?;
                    // Once more, and then again only when a person retries the job.
                    if round % 2 == 0 {
                        return Err(error.into());
                    }
                }
                other => return other,
            }
        }
    }

    async fn follow_up(cx: &Publishing<'_>, journal: &mut Journal, published: &Published) -> Result<(), Stop> {
        let Some(text) = cx.draft.first_comment.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(()) };
        let urn = published.external_id.as_str();
        journal
            .once(
                "first_comment",
                COMMENT_LOOKS,
                async || comment(cx, urn, text).await,
                async |since| find::comment(cx, (urn, text), since).await,
            )
            .await
            .map(|_: Created| ())
    }
}

/// The step that counts how often LinkedIn asked for the files anew.
const ROUND: &str = "media_round";

/// How often the files were refused so far: each time they are uploaded under new names of steps.
async fn round(journal: &mut Journal) -> Result<u32, Stop> {
    const NEVER: &str = "never_refused";
    // The journal remembers a count, or else does this "work", which says that there is none.
    let none = async || Err(JobError::new(ErrorClass::Transient, NEVER, "the files were never refused"));
    match journal.step(ROUND, None, none).await {
        Err(Stop::Error(error)) if error.code == NEVER => Ok(0),
        known => known,
    }
}

/// Uploads the files, makes the post, and waits until it is out where that can be asked.
async fn publish_round(cx: &Publishing<'_>, journal: &mut Journal, round: u32) -> Result<Published, Stop> {
    let media = media::upload_all(cx, journal, round).await?;
    let author = &cx.account.external_id;
    let write = async || Ok(body::new_post(author, cx.draft, &media)?.to_string());
    let body: String = journal.step(&format!("body:{round}"), None, write).await?;
    let before = OnceLock::new();
    let looks = if is_organization(cx) { LOOKS } else { MEMBER_LOOKS };
    let made: Created = journal
        .once(
            "create_post",
            looks,
            async || post::create(cx, &body, &before).await,
            async |since| post::look(cx, &body, since, &before).await,
        )
        .await?;
    if is_organization(cx) && cx.draft.kind == Kind::Video {
        journal.poll("live", "create_post", LIVE, async || post::is_live(cx, &made.id).await).await?;
    }
    let base = cx.app.config.linkedin.web_base.as_str().trim_end_matches('/');
    let url = format!("{base}/feed/update/{}/", made.id);
    Ok(Published::new(made.id, Some(url)))
}

/// Whether the author is an organisation and not a member.
fn is_organization(cx: &Publishing<'_>) -> bool {
    cx.account.external_id.starts_with("urn:li:organization:")
}

/// Whether the account can be the author of such a post.
fn check_author(cx: &Publishing<'_>) -> Result<(), JobError> {
    if matches!(cx.grant, Grant::Oauth1 { .. }) {
        return Err(JobError::new(ErrorClass::Bug, "grant_unusable", "a LinkedIn account needs an OAuth 2 token"));
    }
    let author = &cx.account.external_id;
    if !is_organization(cx) && !author.starts_with("urn:li:person:") {
        let message = format!("`{author}` is neither a member nor an organisation on LinkedIn");
        return Err(JobError::new(ErrorClass::Bug, "account_unusable", message));
    }
    let visibility = body::visibility(cx.draft);
    if is_organization(cx) && visibility != "PUBLIC" {
        let message = format!("an organisation can't post for `{visibility}`: what it posts is for everybody");
        return Err(JobError::new(ErrorClass::Rejected, "privacy_unsupported", message)
            .remedy("submit the post again with the privacy `PUBLIC`"));
    }
    Ok(())
}

/// Comments below a post.
async fn comment(cx: &Publishing<'_>, post: &str, text: &str) -> Result<Created, JobError> {
    let body = json!({ "actor": cx.account.external_id, "object": post, "message": { "text": text } });
    let path = format!("/rest/socialActions/{}/comments", key(post));
    let answer = Call::post(cx, &path).json(&body).send("first comment").await?;
    post::created(&answer, "first comment")
}
