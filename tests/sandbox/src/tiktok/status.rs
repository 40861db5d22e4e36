//! Asking how far a publishing task is, and cancelling it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::Refusal;
use super::tasks::{Stage, Task};
use super::{Ask, Outcome, success};
use crate::state::State;

#[derive(Deserialize)]
struct Which {
    publish_id: String,
}

/// The caller's own task that the body names.
fn own<'a>(state: &'a mut State, ask: &Ask<'_>) -> Result<&'a mut Task, Refusal> {
    let Which { publish_id } = ask.body("400/invalid_params")?;
    let task = state.tiktok.tasks.get_mut(&publish_id).ok_or_else(|| Refusal::new("400/invalid_publish_id"))?;
    if task.account_id == ask.account.id {
        Ok(task)
    } else {
        Err(Refusal::new("400/token_not_authorized_for_specified_publish_id"))
    }
}

/// `POST /v2/post/publish/status/fetch/`.
pub(crate) fn fetch(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let task = own(state, ask)?;
    if let (Stage::Working { .. }, Some(checks)) = (&task.stage, &mut task.checks) {
        *checks = checks.saturating_sub(1);
    }
    let id = task.publish_id.clone();
    let data = state.tiktok.tasks.get(&id).map(|task| status_json(state, task));
    Ok(success(state, &json!(data)))
}

fn status_json(state: &State, task: &Task) -> Value {
    let status = match &task.stage {
        Stage::Uploading => "PROCESSING_UPLOAD",
        Stage::Working { .. } if task.upload.is_some() => "PROCESSING_UPLOAD",
        Stage::Working { .. } => "PROCESSING_DOWNLOAD",
        Stage::Done { posted: false, .. } => "SEND_TO_USER_INBOX",
        Stage::Done { posted: true, .. } => "PUBLISH_COMPLETE",
        Stage::Failed(_) => "FAILED",
    };
    let mut data = json!({"status": status});
    match &task.upload {
        Some(upload) => data["uploaded_bytes"] = json!(upload.stored_bytes),
        None => data["downloaded_bytes"] = json!(task.pulled_bytes),
    }
    if let Stage::Failed(reason) = &task.stage {
        data["fail_reason"] = json!(reason);
    }
    if task.public_at(state).is_some_and(|at| at <= state.now()) {
        let id: Option<u64> = task.post_id.parse().ok();
        data["publicaly_available_post_id"] = json!([id]);
    }
    data
}

/// `POST /v2/post/publish/cancel/`.
pub(crate) fn cancel(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let task = own(state, ask)?;
    if !matches!(task.stage, Stage::Uploading | Stage::Working { .. }) {
        return Err(Refusal::new("400/publish_not_cancellable"));
    }
    task.cancel();
    Ok(success(state, &json!({})))
}
