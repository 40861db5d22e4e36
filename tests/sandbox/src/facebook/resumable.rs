//! The Resumable Upload API: `POST /{app}/uploads`, then bytes at `/upload:{session}`, for a handle.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::errors::GraphError;
use super::{Ask, Outcome};
use crate::blob::Blob;
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::sniff;
use crate::state::State;

const TYPES: &[&str] = &["video/mp4", "application/pdf", "image/jpeg", "image/jpg", "image/png"];

/// A file that is on its way to a handle.
pub(crate) struct Upload {
    pub(super) account_id: String,
    started_at: DateTime<Utc>,
    length: u64,
    content_type: String,
    bytes: Blob,
    handle: String,
}

/// The session in the path of a call to `/upload:{session}`.
pub(super) fn session<'a>(segments: &[&'a str]) -> Option<&'a str> {
    match segments {
        [only] => only.strip_prefix("upload:"),
        _ => None,
    }
}

/// Whether a call goes to a session.
pub(super) fn is_for(call: &Call) -> bool {
    session(&super::versions::split(call).1).is_some()
}

/// `POST /{app}/uploads`.
pub(crate) fn start(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if ask.id != state.settings.facebook_app_id && ask.id != "app" {
        return Err(GraphError::unknown_object("post", &ask.id));
    }
    let required = |name: &str| GraphError::parameter(format!("(#100) The parameter {name} is required"));
    ask.params.text("file_name").ok_or_else(|| required("file_name"))?;
    let length = ask.params.number("file_length")?.ok_or_else(|| required("file_length"))? as u64;
    let content_type = ask.params.text("file_type").ok_or_else(|| required("file_type"))?;
    if !TYPES.contains(&content_type.as_str()) || length == 0 {
        return Err(GraphError::parameter("(#100) Param file_type or file_length is not supported"));
    }
    let session = made_up("upload session", &state.next_number().to_string());
    let handle = format!("2:{}", made_up("upload handle", &session));
    let (account_id, started_at, bytes) = (ask.page_id.clone(), state.now(), Blob::default());
    let upload = Upload { account_id, started_at, length, content_type, bytes, handle };
    state.facebook.uploads.insert(session.clone(), upload);
    Ok(Answer::json(200, &json!({"id": format!("upload:{session}")})))
}

fn check_own(state: &State, ask: &Ask<'_>, method: &str) -> Result<(), GraphError> {
    let lifetime = TimeDelta::seconds(state.settings.facebook.upload_session_seconds);
    let fresh = |upload: &&Upload| upload.account_id == ask.page_id && state.now() - upload.started_at <= lifetime;
    let known = state.facebook.uploads.get(&ask.id).filter(fresh).is_some();
    if known { Ok(()) } else { Err(GraphError::unknown_object(method, &format!("upload:{}", ask.id))) }
}

/// `POST /upload:{session}`: the bytes from `file_offset` on.
pub(crate) fn receive(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_own(state, ask, "post")?;
    let offset = ask.call.named_header("file_offset").and_then(|text| text.parse::<u64>().ok());
    let offset = offset.ok_or_else(|| GraphError::parameter("(#100) The header file_offset is required"))?;
    let bytes = ask.call.raw().ok_or_else(|| GraphError::parameter("(#100) The bytes of the file are required"))?;
    let upload = state.facebook.uploads.get_mut(&ask.id).ok_or_else(|| GraphError::unknown_object("post", &ask.id))?;
    let end = offset + bytes.length();
    if offset != upload.bytes.length() || end > upload.length {
        let message = format!("The offset must be {} and the bytes must end at {}", upload.bytes.length(), upload.length);
        return Err(GraphError::upload("OffsetInvalidError", message));
    }
    upload.bytes.append(bytes);
    if end < upload.length {
        return Err(GraphError::upload("PartialRequestError", "The request ended before the whole file had arrived"));
    }
    Ok(Answer::json(200, &json!({"h": upload.handle})))
}

/// `GET /upload:{session}`: how much has arrived.
pub(crate) fn progress(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_own(state, ask, "get")?;
    let arrived = state.facebook.uploads.get(&ask.id).map_or(0, |upload| upload.bytes.length());
    Ok(Answer::json(200, &json!({"id": format!("upload:{}", ask.id), "file_offset": arrived})))
}

/// The film that a handle stands for.
pub(super) fn by_handle(state: &State, ask: &Ask<'_>, handle: &str) -> Result<Blob, GraphError> {
    let own =
        |upload: &&Upload| upload.handle == handle && upload.account_id == ask.page_id && upload.bytes.length() == upload.length;
    let upload = state.facebook.uploads.values().find(own);
    let upload = upload.ok_or_else(|| GraphError::parameter("(#100) Invalid file handle"))?;
    let really = sniff::content_type(upload.bytes.kept());
    if upload.content_type.starts_with("video/") && really.starts_with("video/") {
        return Ok(upload.bytes.clone());
    }
    Err(GraphError::bad_video())
}
