//! Resumable uploads: bytes arrive in pieces at the address that the start call gave out.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use poem::http::{Method, header};

use super::library::{self, Upload};
use super::metadata::Resource;
use super::processing::Plan;
use super::{Outcome, auth, errors, show};
use crate::blob::Blob;
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::faults::Action;
use crate::state::{Platform, State};

/// Every piece but the last is a multiple of this.
const GRAIN_BYTES: u64 = 262_144;

/// One upload on its way.
pub(super) struct Session {
    pub(super) account_id: String,
    pub(super) resource: Resource,
    /// Parts that the finished video is shown with.
    pub(super) parts: Vec<String>,
    pub(super) notify: bool,
    /// Length of the whole file, once anybody said it.
    pub(super) length: Option<u64>,
    pub(super) received: Blob,
    pub(super) started_at: DateTime<Utc>,
    pub(super) plan: Option<Plan>,
    /// The video it has become.
    pub(super) video_id: Option<String>,
}

impl Session {
    /// The channel it belongs to.
    pub(super) fn account_id(&self) -> &str {
        &self.account_id
    }
}

/// All uploads by their ids.
#[derive(Default)]
pub(super) struct Sessions(HashMap<String, Session>);

impl Sessions {
    /// The upload with an id, even when it has expired.
    pub(super) fn get(&self, id: &str) -> Option<&Session> {
        self.0.get(id)
    }
}

/// What `Content-Range` says of the bytes in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    /// Nothing: the body is the whole file.
    Whole,
    /// No bytes are sent, the client asks how far it is.
    Probe { total: Option<u64> },
    /// First and last byte, and how many there are in all.
    Piece { first: u64, last: u64, total: Option<u64> },
}

impl Range {
    fn of(call: &Call) -> Option<Self> {
        let Some(text) = call.header(header::CONTENT_RANGE) else { return Some(Self::Whole) };
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let total = if total == "*" { None } else { Some(total.parse().ok()?) };
        if range == "*" {
            return Some(Self::Probe { total });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse::<u64>().ok()?);
        (first <= last && total.is_none_or(|total| last < total)).then_some(Self::Piece { first, last, total })
    }
}

/// Whether a call is meant for the address of an upload.
pub(super) fn addresses(call: &Call) -> bool {
    let path = call.path.strip_prefix("/resumable").unwrap_or(&call.path);
    path == "/upload/youtube/v3/videos" && matches!(call.method, Method::PUT | Method::DELETE)
}

/// Remembers an upload and answers with the address for its bytes.
pub(super) fn open(state: &mut State, call: &Call, session: Session) -> Answer {
    let id = format!("AHV{}", made_up("upload session", &state.next_number().to_string()));
    // The address is on the origin that the client used, which need not be the one that the sandbox knows.
    let origin = call.header(header::HOST).map_or_else(|| state.public_url.clone(), |host| format!("http://{host}"));
    state.youtube.sessions.0.insert(id.clone(), session);
    let location = format!("{origin}/upload/youtube/v3/videos?uploadType=resumable&upload_id={id}");
    empty(200, &id).with("location", location)
}

fn empty(status: u16, id: &str) -> Answer {
    Answer { status, headers: Vec::new(), body: Vec::new() }.with("x-guploader-uploadid", id)
}

/// Does what YouTube does with a call to the address of an upload.
pub(super) fn answer(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let id = call.query_value("upload_id").unwrap_or_default();
    check_access(state, call, id)?;
    if call.method == Method::DELETE {
        state.youtube.sessions.0.remove(id);
        return Ok(empty(499, id));
    }
    let most = match state.settings.youtube.keep_partial_bytes {
        0 => u64::MAX,
        most => most,
    };
    let session = state.youtube.sessions.0.get_mut(id).ok_or_else(unknown)?;
    if session.video_id.is_none() {
        session.plan = Plan::of(action).or(session.plan.take());
        receive(session, call, most)?;
        if session.length != Some(session.received.length()) {
            return Ok(progress(session, id));
        }
        finish(state, id)?;
    }
    let session = state.youtube.sessions.get(id).ok_or_else(unknown)?;
    let video = session.video_id.as_ref().and_then(|video| library::find(state, video)).ok_or_else(unknown)?;
    let body = show::video(state, video, &session.parts, &session.account_id);
    Ok(Answer::json(200, &body).with("x-guploader-uploadid", id))
}

fn unknown() -> Answer {
    errors::named("404/notFound")
}

/// An upload's address is a credential of its own; a token that comes along must be good all the same.
fn check_access(state: &State, call: &Call, id: &str) -> Result<(), Answer> {
    let session = state.youtube.sessions.get(id).ok_or_else(unknown)?;
    let lifetime = TimeDelta::seconds(state.settings.youtube.session_seconds);
    if session.started_at + lifetime <= state.now() {
        return Err(unknown());
    }
    if call.header(header::AUTHORIZATION).is_some() && auth::authenticate(state, call)?.id != session.account_id {
        return Err(errors::named("403/forbidden"));
    }
    let account = state.account(Platform::Youtube, &session.account_id);
    if account.is_none_or(|account| account.revoked) {
        return Err(errors::named("401/authError"));
    }
    Ok(())
}

/// Takes the bytes of a call in, at most `most` of them.
fn receive(session: &mut Session, call: &Call, most: u64) -> Result<(), Answer> {
    let refuse = |message: &str| Err(errors::worded("400/badRequest", message));
    let none = Blob::default();
    let body = call.raw().unwrap_or(&none);
    let (first, total) = match Range::of(call) {
        None => return refuse("Failed to parse Content-Range header."),
        Some(Range::Probe { .. }) if body.length() > 0 => return refuse("A status check must have an empty body."),
        Some(Range::Probe { total }) => return note_length(session, total),
        Some(Range::Whole) if body.length() == 0 => return Err(errors::named("400/mediaBodyRequired")),
        Some(Range::Whole) => (0, Some(body.length())),
        Some(Range::Piece { first, last, .. }) if body.length() != last - first + 1 => {
            return refuse("The Content-Range header does not fit the length of the body.");
        }
        Some(Range::Piece { first, total, .. }) => (first, total),
    };
    note_length(session, total)?;
    let end = first + body.length();
    if total != Some(end) && !body.length().is_multiple_of(GRAIN_BYTES) {
        return refuse(&format!("Every piece but the last must be a multiple of {GRAIN_BYTES} bytes."));
    }
    let stored = session.received.length();
    if first > stored {
        return refuse(&format!("The first missing byte is {stored}, not {first}."));
    }
    // Bytes that are stored already are skipped, never replaced.
    let skipped = stored - first;
    session.received.append(&body.part(skipped, skipped.saturating_add(most)));
    Ok(())
}

/// Holds a file's length to what was said before.
fn note_length(session: &mut Session, total: Option<u64>) -> Result<(), Answer> {
    if total.is_some() && session.length.is_some() && total != session.length {
        return Err(errors::worded("400/badRequest", "The length of the file is not the one given before."));
    }
    session.length = session.length.or(total);
    Ok(())
}

/// 308: the upload goes on behind the last stored byte.
fn progress(session: &Session, id: &str) -> Answer {
    let answer = empty(308, id);
    match session.received.length() {
        0 => answer,
        stored => answer.with("range", format!("bytes=0-{}", stored - 1)),
    }
}

/// Turns a complete upload into a video.
fn finish(state: &mut State, id: &str) -> Result<(), Answer> {
    let session = state.youtube.sessions.0.get_mut(id).ok_or_else(unknown)?;
    let account_id = session.account_id.clone();
    let (file, plan) = (std::mem::take(&mut session.received), session.plan.take());
    let (resource, notify) = (session.resource.clone(), session.notify);
    let account = state.account(Platform::Youtube, &account_id).cloned().ok_or_else(unknown)?;
    let video_id = library::publish(state, Upload { account, resource, notify, plan, file });
    if let Some(session) = state.youtube.sessions.0.get_mut(id) {
        session.video_id = Some(video_id);
    }
    Ok(())
}
