//! An image in one call: streamed through, never held whole.

use reqwest::multipart::Form;

use super::Uploaded;
use super::status::File;
use crate::content::Media;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;
use crate::platforms::x::Envelope;
use crate::platforms::x::call::Call;

/// The largest image in bytes, docs.x.com "Media best practices".
const IMAGE_MAX: u64 = 5 * 1024 * 1024;

/// Image types, docs.x.com "Media best practices".
const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

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
    Ok(answer.json::<Envelope<File>>("upload image")?.data.into())
}
