//! Images on their way to X: streamed through, never held whole.

use std::time::Duration;

use reqwest::multipart::Form;
use serde::{Deserialize, Serialize};

use super::Envelope;
use super::call::Call;
use crate::content::Media;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;

/// The largest image in bytes, docs.x.com "Media best practices".
const IMAGE_MAX: u64 = 5 * 1024 * 1024;

/// Image types, docs.x.com "Media best practices".
const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// An image that X holds for a post to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Uploaded {
    /// X's id of it.
    pub(super) id: String,
    /// Whether X was still working on it.
    pub(super) processing: bool,
}

#[derive(Deserialize)]
struct MediaData {
    id: String,
    processing_info: Option<Processing>,
}

#[derive(Deserialize)]
struct Processing {
    state: String,
    #[serde(default)]
    check_after_secs: Option<u64>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

/// Fetches an image and uploads it in one request.
pub(super) async fn upload(cx: &Publishing<'_>, image: &Media) -> Result<Uploaded, JobError> {
    let file = cx.app.media.open(&image.url, IMAGE_MAX).await?;
    if !IMAGE_TYPES.contains(&file.content_type) {
        let message = format!("`{}` is no image that X takes (it is `{}`)", image.url, file.content_type);
        return Err(
            JobError::new(ErrorClass::Rejected, "media_type_refused", message).remedy("use a JPEG, PNG, GIF or WEBP image")
        );
    }
    let media_type = file.content_type;
    let (part, fault) = file.into_part()?;
    let form = Form::new().text("media_category", "tweet_image").text("media_type", media_type).part("media", part);
    let answer = Call::post(cx, "/2/media/upload").multipart(form).send("upload image").await.map_err(|error| fault.or(error))?;
    let data = answer.json::<Envelope<MediaData>>("upload image")?.data;
    let processing = data.processing_info.is_some_and(|info| info.state != "succeeded");
    Ok(Uploaded { id: data.id, processing })
}

/// Asks whether an image is ready; "not yet" comes back as a time to ask again.
pub(super) async fn ready(cx: &Publishing<'_>, id: &str) -> Result<(), JobError> {
    let query = [("command", "STATUS"), ("media_id", id)];
    let answer = Call::get(cx, "/2/media/upload", &query).send("image status").await?;
    let Some(info) = answer.json::<Envelope<MediaData>>("image status")?.data.processing_info else { return Ok(()) };
    match info.state.as_str() {
        "succeeded" => Ok(()),
        "failed" => {
            let words = info.error.map(|error| error.to_string()).unwrap_or_default();
            Err(JobError::new(ErrorClass::Rejected, "media_processing_failed", "X could not process the image").said(words))
        }
        state => {
            let pause = Duration::from_secs(info.check_after_secs.unwrap_or(2).clamp(1, 300));
            let error = JobError::new(ErrorClass::NotReady, "media_processing", format!("X is processing the image ({state})"));
            Err(error.at(cx.app.clock.now().plus(pause)))
        }
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    id: &'a str,
    metadata: AltText<'a>,
}

#[derive(Serialize)]
struct AltText<'a> {
    alt_text: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

/// Describes an image for people who cannot see it.
pub(super) async fn describe(cx: &Publishing<'_>, id: &str, alt_text: &str) -> Result<(), JobError> {
    let body = Metadata { id, metadata: AltText { alt_text: Text { text: alt_text } } };
    Call::post(cx, "/2/media/metadata").json(&body).send("describe image").await.map(|_| ())
}
