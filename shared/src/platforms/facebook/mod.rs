//! Facebook Pages, Graph API v26.0. Limits and error meanings: Meta's Pages API, Page Feed and error references, as of 2026-11.
//!
//! There is no idempotency key. Photos are uploaded unpublished, which may be repeated; the one visible call is
//! the feed post. A lost answer is looked for at the photos, then among the Page's published posts.

mod call;
mod errors;
mod find;

use std::time::Duration;

use reqwest::multipart::Form;
use serde::{Deserialize, Serialize};

use super::rules::{KindRule, Rules};
use super::{Platform, Publishing};
use crate::content::{Kind, Media};
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Looks, Stop};
use crate::store::runs::Published;
use call::Call;

/// The adapter of Facebook Pages.
pub(crate) struct Facebook;

/// Feed reads lag by some seconds: a post is given up only after three looks.
const LOOKS: Looks = &[Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];

/// An unpublished photo is dropped after about a day; it is uploaded anew well before that.
const UPLOAD_KEEPS: Duration = Duration::from_secs(20 * 3600);

/// The largest photo in bytes, Page Photos reference.
const PHOTO_MAX: u64 = 10 * 1024 * 1024;

/// Photo types, Page Photos reference.
const PHOTO_TYPES: [&str; 5] = ["image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff"];

impl Platform for Facebook {
    const RULES: Rules = Rules {
        kinds: &[
            KindRule { kind: Kind::Text, images: 0..=0 },
            KindRule { kind: Kind::Link, images: 0..=0 },
            KindRule { kind: Kind::Image, images: 1..=1 },
            // No documented maximum; ten is known to work.
            KindRule { kind: Kind::Images, images: 2..=10 },
        ],
        // Observed, undocumented; counted in characters.
        text_max: 63_206,
        text_length: |draft| Ok(i64::try_from(draft.text.chars().count()).unwrap_or(i64::MAX)),
        // Undocumented for `alt_text_custom`; what Instagram documents for the same purpose.
        alt_text_max: 1000,
    };

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        let total = cx.draft.media.len();
        let mut photos = Vec::with_capacity(total);
        for (n, image) in cx.draft.media.iter().enumerate() {
            let photo = journal.step(&format!("upload:{n}"), Some(UPLOAD_KEEPS), async || upload(cx, image).await).await?;
            photos.push(photo.id);
            journal.progress(i32::try_from(80 * (n + 1) / total).unwrap_or(80));
        }
        let post = journal
            .once("create_post", LOOKS, async || create(cx, &photos).await, async |since| find::find(cx, &photos, since).await)
            .await?;
        let url = format!("{}/{}", cx.app.config.facebook.web_base.as_str().trim_end_matches('/'), post.id);
        Ok(Published { external_id: post.id, url: Some(url) })
    }
}

/// Anything that the Graph API made, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    id: String,
}

async fn upload(cx: &Publishing<'_>, image: &Media) -> Result<Made, JobError> {
    let file = cx.app.media.open(&image.url, PHOTO_MAX).await?;
    if !PHOTO_TYPES.contains(&file.content_type) {
        let message = format!("`{}` is no image that Facebook takes (it is `{}`)", image.url, file.content_type);
        return Err(
            JobError::new(ErrorClass::Rejected, "media_type_refused", message).remedy("use a JPEG, PNG, GIF, BMP or TIFF image")
        );
    }
    let (part, fault) = file.into_part()?;
    let mut form = Form::new().text("published", "false");
    if let Some(alt_text) = &image.alt_text {
        form = form.text("alt_text_custom", alt_text.clone());
    }
    let path = format!("{}/photos", cx.account.external_id);
    let answer =
        Call::post(cx, &path).multipart(form.part("source", part)).send("upload photo").await.map_err(|error| fault.or(error))?;
    answer.json("upload photo")
}

async fn create(cx: &Publishing<'_>, photos: &[String]) -> Result<Made, JobError> {
    let mut form = Vec::new();
    if !cx.draft.text.is_empty() {
        form.push(("message", cx.draft.text.clone()));
    }
    if let Some(link) = &cx.draft.link {
        form.push(("link", link.clone()));
    }
    if !photos.is_empty() {
        let attached: Vec<_> = photos.iter().map(|id| serde_json::json!({ "media_fbid": id })).collect();
        form.push(("attached_media", serde_json::Value::from(attached).to_string()));
    }
    let path = format!("{}/feed", cx.account.external_id);
    Call::post(cx, &path).form(&form).send("create post").await?.json("create post")
}
