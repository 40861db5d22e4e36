//! Text, links and photos: photos are uploaded unpublished, which may be repeated; the one visible call is the feed post.

use std::time::Duration;

use reqwest::multipart::Form;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::kinds::PHOTO;
use super::{LOOKS, find};
use crate::content::Media;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Stop};
use crate::platforms::Publishing;
use crate::store::runs::Published;

/// An unpublished photo is dropped after about a day; it is uploaded anew well before that.
const UPLOAD_KEEPS: Duration = Duration::from_secs(20 * 3600);

/// Anything that the Graph API made, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    /// The id.
    pub(super) id: String,
}

/// Publishes a post on the Page's feed.
pub(super) async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
    let photos = upload_photos(cx, journal).await?;
    let post = journal
        .once("create_post", LOOKS, async || create(cx, &photos).await, async |since| find::find(cx, &photos, since).await)
        .await?;
    let url = format!("{}/{}", super::web(cx), post.id);
    Ok(Published::new(post.id, Some(url)))
}

/// Uploads the draft's images unpublished; gives their ids in order.
pub(super) async fn upload_photos(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Vec<String>, Stop> {
    let total = cx.draft.media.len();
    // While an answer is looked for, the photos that it belongs to are kept: the post is found by them.
    let keeps = (!journal.has_open_intent()).then_some(UPLOAD_KEEPS);
    let mut photos = Vec::with_capacity(total);
    for (n, image) in cx.draft.media.iter().enumerate() {
        let photo: Made = journal.step(&format!("upload:{n}"), keeps, async || upload(cx, image).await).await?;
        photos.push(photo.id);
        journal.progress(i32::try_from(80 * (n + 1) / total).unwrap_or(80));
    }
    Ok(photos)
}

async fn upload(cx: &Publishing<'_>, image: &Media) -> Result<Made, JobError> {
    let file = cx.app.media.open(&image.url, PHOTO.bytes.1).await?;
    if !PHOTO.types.contains(&file.content_type) {
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
    if let Some(place) = &cx.draft.options.location_id {
        form.push(("place", place.clone()));
    }
    if !photos.is_empty() {
        let attached: Vec<_> = photos.iter().map(|id| serde_json::json!({ "media_fbid": id })).collect();
        form.push(("attached_media", serde_json::Value::from(attached).to_string()));
    }
    let path = format!("{}/feed", cx.account.external_id);
    Call::post(cx, &path).form(&form).send("create post").await?.json("create post")
}
