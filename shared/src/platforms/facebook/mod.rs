//! Facebook Pages, Graph API v26.0. Limits and error meanings: Meta's Pages API, Page Feed, Reels, Stories and error
//! references, as of 2026-11.
//!
//! There is no idempotency key. Whatever a post consists of is uploaded first, where nobody sees it, and recorded; then one
//! call makes it visible. A lost answer to that call is looked for by what was uploaded:
//!
//! | Kind | Steps | Looked for |
//! |---|---|---|
//! | text, link | `create_post` | among the Page's published posts |
//! | image, images | `upload:n` each, `create_post` | at the photos, then among the published posts |
//! | video | `start`, `upload:id`, `finish`, `published` | by the video's status |
//! | reel | `start`, `upload:id`, `finish`, `published` | by the video's status |
//! | image story | `upload:0`, `create_story`, `frame` | among the Page's stories, by the photo |
//! | video story | `start`, `upload:id`, `finish`, `published`, `frame` | by the video's status |
//!
//! The first comment follows as `first_comment`.

pub(super) mod call;
mod comment;
pub(super) mod connect;
pub(super) mod errors;
mod feed;
mod film;
mod find;
mod kinds;
pub(super) mod limits;
mod story;
pub(super) mod wire;

use std::time::Duration;

use super::rules::{Rules, Unit};
use super::{Platform, Publishing};
use crate::content::Kind;
use crate::journal::{Journal, Looks, Stop};
use crate::store::runs::Published;
use film::Way;

/// The adapter of Facebook Pages.
pub(crate) struct Facebook;

/// Feed reads lag by some seconds: a post is given up only after three looks.
const LOOKS: Looks = &[Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];

impl Platform for Facebook {
    const RULES: Rules = Rules {
        name: "Facebook",
        kinds: kinds::KINDS,
        options: kinds::OPTIONS,
        scopes: &["pages_show_list", "pages_read_engagement", "pages_manage_posts", "pages_manage_engagement"],
        unit: Unit::Characters,
        text: |draft| draft.text.clone(),
        limits: limits::TABLE,
        learn: limits::learn,
        extra: kinds::check_options,
    };

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        match cx.draft.kind {
            Kind::Video => film::publish(cx, journal, Way::Video).await,
            Kind::Reel => film::publish(cx, journal, Way::Reel).await,
            Kind::VideoStory => film::publish(cx, journal, Way::Story).await,
            Kind::ImageStory => story::publish(cx, journal).await,
            _ => feed::publish(cx, journal).await,
        }
    }

    async fn follow_up(cx: &Publishing<'_>, journal: &mut Journal, published: &Published) -> Result<(), Stop> {
        match &cx.draft.first_comment {
            Some(text) if !text.trim().is_empty() => comment::write(cx, journal, (&published.external_id, text)).await,
            _ => Ok(()),
        }
    }
}

/// What links to posts begin with.
fn web<'a>(cx: &Publishing<'a>) -> &'a str {
    cx.app.config.facebook.web_base.as_str().trim_end_matches('/')
}
