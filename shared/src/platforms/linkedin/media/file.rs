//! Images and documents: one address for the whole file, streamed through.

use serde::Deserialize;
use serde_json::json;

use super::{Sort, Uploaded, Value, act};
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;
use crate::platforms::linkedin::call::{Bytes, put};
use crate::platforms::linkedin::errors::MEDIA_EXPIRED;
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    upload_url: Secret<String>,
    #[serde(alias = "image", alias = "document")]
    urn: String,
}

/// Uploads a file; once more from the start when LinkedIn does not take it at the address it gave.
///
/// Both calls are one step: an upload that broke off can't be continued, so nothing of it is worth remembering.
pub(super) async fn upload(cx: &Publishing<'_>, sort: Sort, url: &str) -> Result<Uploaded, JobError> {
    match upload_once(cx, sort, url).await {
        Err(error) if error.code == MEDIA_EXPIRED => upload_once(cx, sort, url).await,
        other => other,
    }
}

async fn upload_once(cx: &Publishing<'_>, sort: Sort, url: &str) -> Result<Uploaded, JobError> {
    let length = length(cx, url)?;
    let begun = act(cx, sort, "initializeUpload", json!({ "owner": cx.account.external_id })).await?;
    let Begun { upload_url, urn } = begun.json::<Value<Begun>>("initializeUpload")?.value;
    let (body, fault) = cx.app.media.open(url, length).await?.into_body();
    let bytes = Bytes { body, length, authorized: true };
    put(cx, &upload_url, bytes, "upload file").await.map_err(|error| fault.or(error))?;
    Ok(Uploaded::now(cx, urn))
}

/// The length of a file: LinkedIn wants it beforehand.
pub(super) fn length(cx: &Publishing<'_>, url: &str) -> Result<u64, JobError> {
    let unknown = || JobError::new(ErrorClass::Bug, "file_unknown", format!("the length of `{url}` is not known"));
    cx.file(url)?.bytes.ok_or_else(unknown)
}
