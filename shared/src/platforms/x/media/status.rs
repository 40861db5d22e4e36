//! What X says about a file that it holds, and whether it has done its work on it.

use std::time::Duration;

use serde::Deserialize;

use super::Uploaded;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;
use crate::platforms::x::Envelope;
use crate::platforms::x::call::Call;
use crate::platforms::x::errors::PROCESSING_BROKE;

/// A file as X shows it. Without `processing_info` it is ready.
#[derive(Deserialize)]
pub(super) struct File {
    id: String,
    processing_info: Option<Processing>,
}

#[derive(Deserialize)]
struct Processing {
    state: String,
    #[serde(default)]
    check_after_secs: Option<u64>,
    #[serde(default)]
    error: Option<Failure>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    name: String,
    message: String,
}

impl From<File> for Uploaded {
    fn from(file: File) -> Self {
        let processing = file.processing_info.is_some_and(|info| info.state != "succeeded");
        Self { id: file.id, processing }
    }
}

/// The pause when X does not say when to ask again.
const ASK_AGAIN: u64 = 2;

/// Asks whether a file is ready; "not yet" comes back as a time to ask again.
pub(super) async fn ready(cx: &Publishing<'_>, id: &str) -> Result<Option<()>, JobError> {
    let query = [("command", "STATUS"), ("media_id", id)];
    let answer = Call::get(cx, "/2/media/upload", &query).send("file status").await?;
    let Some(info) = answer.json::<Envelope<File>>("file status")?.data.processing_info else { return Ok(Some(())) };
    match info.state.as_str() {
        "succeeded" => Ok(Some(())),
        "failed" => Err(failed(&info.error.unwrap_or_default())),
        state => {
            let pause = Duration::from_secs(info.check_after_secs.unwrap_or(ASK_AGAIN).clamp(1, 300));
            let error = JobError::new(ErrorClass::NotReady, "media_processing", format!("X is processing the file ({state})"));
            Err(error.at(cx.app.clock.now().plus(pause)))
        }
    }
}

/// A failure of X's own is worth another upload; one of the file is not. The names are only partly documented.
fn failed(failure: &Failure) -> JobError {
    let words = format!("{}: {}", failure.name, failure.message);
    if failure.name.contains("Internal") {
        JobError::new(ErrorClass::Rejected, PROCESSING_BROKE, "X broke off its work on the file by a fault of its own")
            .said(words)
            .remedy("retry the job: the file is uploaded again")
    } else {
        JobError::new(ErrorClass::Rejected, "media_processing_failed", "X could not process the file")
            .said(words)
            .remedy("use another file, or convert this one, and submit the post again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_processing_is_ready_and_only_an_internal_failure_is_worth_another_upload() {
        let file = |json: serde_json::Value| Uploaded::from(serde_json::from_value::<File>(json).unwrap());
        let code = |name: &str| failed(&Failure { name: name.to_owned(), message: "x".to_owned() }).code;

        assert!(!file(serde_json::json!({ "id": "1" })).processing);
        assert!(!file(serde_json::json!({ "id": "1", "processing_info": { "state": "succeeded" } })).processing);
        assert!(
            file(serde_json::json!({ "id": "1", "processing_info": { "state": "pending", "check_after_secs": 1 } })).processing
        );
        assert_eq!(
            (code("InternalError"), code("InvalidMedia"), code("")),
            (PROCESSING_BROKE, "media_processing_failed", "media_processing_failed")
        );
    }
}
