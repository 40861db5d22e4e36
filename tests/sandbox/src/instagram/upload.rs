//! The upload host: bytes of a film for a container, in one go or from where they broke off.

use poem::http::Method;
use poem::http::header::AUTHORIZATION;
use serde_json::json;

use super::accounts::{self, Need};
use super::errors::Refusal;
use super::memory::{Container, Upload};
use super::routes::Outcome;
use super::target::{Host, Target};
use super::{containers, usage};
use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::samples::fetch;
use crate::state::{Account, State};

/// `POST /ig-api-upload/{version}/{container}`.
pub(super) fn receive(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let account = authenticate(state, call)?;
    usage::count(state, &account.id)?;
    accounts::check_scope(&account, Need::Publish)?;
    let target = Target::of(call);
    let &[id] = target.rest.as_slice() else { return Err(Refusal::unknown_path(&target.path())) };
    if call.method != Method::POST {
        return Err(Refusal::unknown_object(&call.method.as_str().to_ascii_lowercase(), id));
    }
    let container = state.instagram.own_container(&account.id, id).filter(|container| container.upload.is_some());
    let mut container = container.ok_or_else(|| Refusal::unknown_object("post", id))?.clone();
    if container.expired(state) {
        return Err(Refusal::named("24/2207008"));
    }
    container.progress.plan(action);
    let taken = take(state, call, &mut container);
    // What has arrived stays, also when more was promised.
    state.instagram.containers.insert(id.to_owned(), container);
    taken?;
    Ok(Answer::json(200, &json!({"success": true, "message": "Upload successful. No retries needed."})))
}

/// The token is taken from the header only, and only in the older spelling.
fn authenticate(state: &State, call: &Call) -> Result<Account, Refusal> {
    let header = call.header(AUTHORIZATION).ok_or_else(|| Refusal::named("104"))?;
    let token = header.strip_prefix("OAuth ").ok_or_else(|| Refusal::named("190"))?;
    accounts::verify(state, Host::Upload, token.trim())
}

fn take(state: &mut State, call: &Call, container: &mut Container) -> Result<(), Refusal> {
    let Some(upload) = &mut container.upload else { return Ok(()) };
    match call.named_header("file_url") {
        Some(url) => {
            if upload.complete || call.raw().is_some_and(|body| body.length() > 0) {
                return Err(failed("file_url comes with an empty body, and once"));
            }
            let file = fetch(state, url).ok_or_else(|| failed("The file_url could not be fetched."))?;
            container.progress.steer(&state.settings.instagram, url);
            upload.size = Some(file.length());
            upload.file = file;
        }
        None => append(call, upload)?,
    }
    if upload.size == Some(upload.file.length()) {
        upload.complete = true;
        let file = std::mem::take(&mut upload.file);
        containers::attach(state, container, file, true);
        return Ok(());
    }
    let message = format!("The body ended at {} of {} bytes.", upload.file.length(), upload.size.unwrap_or(0));
    Err(Refusal::upload("PartialRequestError", &message))
}

/// Adds the body to what has arrived, if it says that it continues there.
fn append(call: &Call, upload: &mut Upload) -> Result<(), Refusal> {
    let number = |name: &str| call.named_header(name).and_then(|text| text.parse::<u64>().ok());
    let offset = number("offset").ok_or_else(|| failed("The header offset is missing."))?;
    let size = number("file_size").filter(|size| *size > 0).ok_or_else(|| failed("The header file_size is missing."))?;
    let body = call.raw().ok_or_else(|| failed("The body must be the bytes of a file."))?;
    if upload.size.is_some_and(|known| known != size) {
        return Err(failed("The file_size differs from the one given before."));
    }
    let received = if upload.complete { size } else { upload.file.length() };
    if offset != received || upload.complete {
        let message = format!("The upload stands at {received}, not at {offset}.");
        return Err(Refusal::upload("OffsetInvalidError", &message));
    }
    if offset + body.length() > size {
        return Err(failed("The body is longer than file_size says."));
    }
    upload.size = Some(size);
    upload.file.append(body);
    Ok(())
}

fn failed(message: &str) -> Refusal {
    Refusal::upload("ProcessingFailedError", message)
}
