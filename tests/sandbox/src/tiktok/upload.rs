//! `PUT` to an upload address: the chunks of a video, one after the other.

use chrono::{DateTime, Utc};
use poem::http::Method;

use super::errors::Refusal;
use super::tasks::{Stage, Task, Upload, start_work};
use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::state::State;

const PATH: &str = "/tiktok-upload/video/";
const TYPES: &[&str] = &["video/mp4", "video/quicktime", "video/webm"];

/// Whether a path is on the upload host.
pub(super) fn serves(path: &str) -> bool {
    path.starts_with("/tiktok-upload/")
}

/// The address where the bytes of a task go.
pub(super) fn address(state: &State, upload: &Upload) -> String {
    format!("{}{PATH}?upload_id={}&upload_token={}", state.public_url, upload.id, upload.token)
}

/// Stores a chunk.
pub(super) fn put(state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
    match store(state, call, action) {
        Ok(answer) => answer,
        Err(name) => {
            let answer = Refusal::new(name).into_answer(state);
            if answer.status == 416 { with_range(state, call, answer) } else { answer }
        }
    }
}

fn store(state: &mut State, call: &Call, action: Option<&Action>) -> Result<Answer, &'static str> {
    let id = call.query_value("upload_id").and_then(|id| state.tiktok.uploads.get(id)).filter(|_| call.path == PATH);
    let id = id.cloned().ok_or("upload/404")?;
    let now = state.now();
    let task = state.tiktok.tasks.get_mut(&id).ok_or("upload/404")?;
    let complete = append(task, call, now)?;
    task.shape(action);
    if complete && let Some(mut task) = state.tiktok.tasks.remove(&id) {
        start_work(state, &mut task);
        state.tiktok.tasks.insert(id, task);
    }
    let answer = Answer { status: if complete { 201 } else { 206 }, headers: Vec::new(), body: Vec::new() };
    Ok(with_range(state, call, answer))
}

/// Adds a chunk to what is stored; whether that was the last one.
fn append(task: &mut Task, call: &Call, now: DateTime<Utc>) -> Result<bool, &'static str> {
    let upload = task.upload.as_mut().ok_or("upload/404")?;
    if matches!(task.stage, Stage::Failed(_)) {
        return Err("upload/404");
    }
    let known = call.query_value("upload_token") == Some(upload.token.as_str());
    if !known || upload.expires_at <= now {
        return Err("upload/403");
    }
    if task.stage != Stage::Uploading {
        return Err("upload/416");
    }
    let range = Range::of(call, upload).ok_or("upload/400")?;
    if range.first != upload.stored_bytes {
        return Err("upload/416");
    }
    let chunk = call.raw().filter(|chunk| chunk.length() == range.length).ok_or("upload/400")?;
    if upload.plan.chunk_at(range.first) != Some(range.length) {
        return Err("upload/400");
    }
    upload.stored.append(chunk);
    upload.stored_bytes += range.length;
    Ok(upload.stored_bytes == upload.plan.size_bytes)
}

/// The bytes that a chunk claims to be.
struct Range {
    first: u64,
    length: u64,
}

impl Range {
    /// Reads `Content-Range`, if all headers are there and agree with the init call.
    fn of(call: &Call, upload: &Upload) -> Option<Self> {
        let kind = call.named_header("content-type")?;
        let length: u64 = call.named_header("content-length")?.parse().ok()?;
        let (bytes, total) = call.named_header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = bytes.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let agrees = call.method == Method::PUT
            && TYPES.contains(&kind)
            && total.parse() == Ok(upload.plan.size_bytes)
            && last.checked_sub(first)?.checked_add(1)? == length
            && last < upload.plan.size_bytes;
        agrees.then_some(Self { first, length })
    }
}

/// Adds the header that says how much of the file is stored.
pub(super) fn with_range(state: &State, call: &Call, answer: Answer) -> Answer {
    let task = call.query_value("upload_id").and_then(|id| state.tiktok.upload(id));
    let Some(upload) = task.and_then(|task| task.upload.as_ref()) else { return answer };
    let (stored, total) = (upload.stored_bytes, upload.plan.size_bytes);
    let end = if state.settings.tiktok.inclusive_ranges { stored.saturating_sub(1) } else { stored };
    answer.with("content-range", format!("bytes 0-{end}/{total}"))
}
