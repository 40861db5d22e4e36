//! Containers as they are polled.

use serde_json::{Value, json};

use super::errors::Refusal;
use super::fields::{self, Shape};
use super::memory::{Container, Kind};
use super::process::{self, Status};
use super::routes::{Ask, Outcome};
use crate::call::Answer;
use crate::state::State;

const SHAPE: Shape = Shape { fields: &["id", "status", "status_code", "video_status", "copyright_check_status"], edges: &[] };

/// `GET /{container}`.
pub(super) fn read(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let container = state.instagram.own_container(&ask.account.id, &ask.id);
    let container = container.ok_or_else(|| Refusal::unknown_object("get", &ask.id))?;
    let wanted = fields::wanted(&ask.params, "id")?;
    let body = fields::project(&container_json(state, container), &wanted, &SHAPE)?;
    if let Some(container) = state.instagram.containers.get_mut(&ask.id) {
        container.progress.check();
    }
    Ok(Answer::json(200, &body))
}

/// The answer to the call that made a container: its id, where to send its bytes, and the fields asked for.
pub(super) fn created(state: &State, ask: &Ask<'_>, id: &str) -> Outcome {
    let container = state.instagram.own_container(&ask.account.id, id);
    let container = container.ok_or_else(|| Refusal::unknown_object("get", id))?;
    let wanted = fields::wanted(&ask.params, "id")?;
    let mut body = fields::project(&container_json(state, container), &wanted, &SHAPE)?;
    if container.upload.is_some() {
        body["uri"] = json!(format!("{}/ig-api-upload/{}/{id}", state.public_url, ask.version));
    }
    Ok(Answer::json(200, &body))
}

fn container_json(state: &State, container: &Container) -> Value {
    let status = process::status(state, container);
    let (code, sentence) = match &status {
        Status::InProgress => ("IN_PROGRESS", "In Progress: Media is still being processed.".to_owned()),
        Status::Finished => ("FINISHED", "Finished: Media has been uploaded and it is ready to be published.".to_owned()),
        Status::Published => ("PUBLISHED", "Published: Media has been published.".to_owned()),
        Status::Expired => ("EXPIRED", "Expired: Media was not published within 24 hours.".to_owned()),
        Status::Error(code) => ("ERROR", format!("Error: Media upload has failed with error code {code}")),
    };
    json!({
        "id": container.id,
        "status_code": code,
        "status": sentence,
        "video_status": video_status(container, &status),
        "copyright_check_status": copyright(state, container, &status),
    })
}

/// Only containers whose bytes came to the upload host have one.
fn video_status(container: &Container, status: &Status) -> Option<Value> {
    let upload = container.upload.as_ref()?;
    let (received, size) = (upload.file.length(), upload.size);
    let received = if upload.complete { size.unwrap_or(received) } else { received };
    let uploading = match (upload.complete, received) {
        (true, _) => "complete",
        (false, 0) => "not_started",
        (false, _) => "in_progress",
    };
    let processing = match status {
        _ if !upload.complete => "not_started",
        Status::InProgress => "in_progress",
        Status::Error(_) | Status::Expired => "error",
        Status::Finished | Status::Published => "complete",
    };
    let errors = match status {
        Status::Error(code) => {
            json!([{"code": code.parse().unwrap_or(0), "message": format!("Media upload has failed with error code {code}")}])
        }
        _ => json!([]),
    };
    Some(json!({
        "uploading_phase": {"status": uploading, "bytes_transferred": received, "source_file_size": size, "errors": []},
        "processing_phase": {"status": processing, "errors": errors},
    }))
}

/// Only films are checked.
fn copyright(state: &State, container: &Container, status: &Status) -> Option<Value> {
    let file = container.file_id.as_ref().and_then(|id| state.media.get(id));
    let film =
        matches!(container.kind, Kind::Reel | Kind::Video) || file.is_some_and(|file| file.content_type.starts_with("video/"));
    let word = match status {
        Status::InProgress if file.is_none() => "not_started",
        Status::InProgress => "in_progress",
        Status::Error(_) | Status::Expired => "error",
        Status::Finished | Status::Published => "completed",
    };
    let found = word == "completed" && container.progress.copyright_match;
    film.then(|| json!({"status": word, "matches_found": found}))
}
