//! `videos.insert`: starts a resumable upload, or takes a video in one call.

use chrono::TimeDelta;
use poem::http::header;

use super::ask::{Ask, Terms};
use super::library::{self, Upload};
use super::metadata::{Resource, Snippet};
use super::processing::Plan;
use super::quota::Cost;
use super::sessions::{self, Session};
use super::{Outcome, auth, errors, related, show};
use crate::blob::Blob;
use crate::call::Answer;
use crate::state::State;

const LARGEST_BYTES: u64 = 274_877_906_944;

/// Terms of every way to insert a video.
pub(crate) const INSERT: Terms = Terms {
    scopes: auth::UPLOAD,
    cost: Cost::Insert,
    parameters: &["part", "notifySubscribers", "autoLevels", "stabilize", "upload_id"],
};

/// `POST /upload/youtube/v3/videos`, in the way that `uploadType` names.
pub(crate) fn insert(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if ask.account.variant == "no_channel" {
        return Err(errors::named("401/youtubeSignupRequired"));
    }
    check_upload_limit(state, ask)?;
    let parts = ask.parts(show::PARTS)?;
    let notify = ask.flag("notifySubscribers", true)?;
    let resumable_only = ask.call.path.starts_with("/resumable/");
    match ask.value("uploadType") {
        Some("resumable") => start(state, ask, parts, notify),
        Some("multipart") if !resumable_only => {
            let body = ask.call.raw().ok_or_else(|| errors::named("400/mediaBodyRequired"))?;
            let kind = ask.call.header(header::CONTENT_TYPE).unwrap_or_default();
            let refuse = |message: String| errors::worded("400/badRequest", &message);
            let sent = related::parse(kind, body).map_err(refuse)?;
            check_type(&sent.content_type)?;
            let resource = Resource::read(&sent.resource, &parts)?;
            resource.check_new()?;
            take(state, ask, Upload { file: sent.file, ..upload(ask, resource, notify) }, &parts)
        }
        Some("media") if !resumable_only => {
            check_type(ask.call.header(header::CONTENT_TYPE).unwrap_or_default())?;
            let file = ask.call.raw().cloned().unwrap_or_default();
            // Nothing but bytes arrives, so YouTube has to make a title up.
            let snippet = Snippet { title: Some("unknown".to_owned()), ..Snippet::default() };
            let resource = Resource { snippet: Some(snippet), ..Resource::default() };
            take(state, ask, Upload { file, ..upload(ask, resource, notify) }, &parts)
        }
        _ => Err(errors::named("400/mediaBodyRequired")),
    }
}

/// `POST /youtube/v3/videos`, where no file can be sent.
pub(crate) fn without_file(_state: &mut State, _ask: &Ask<'_>) -> Outcome {
    Err(errors::named("400/mediaBodyRequired"))
}

/// An upload of which the file is still missing.
fn upload(ask: &Ask<'_>, resource: Resource, notify: bool) -> Upload {
    Upload { account: ask.account.clone(), resource, notify, plan: Plan::of(ask.action), file: Blob::default() }
}

fn start(state: &mut State, ask: &Ask<'_>, parts: Vec<String>, notify: bool) -> Outcome {
    let resource = Resource::read(ask.body()?, &parts)?;
    resource.check_new()?;
    if let Some(kind) = ask.call.named_header("x-upload-content-type") {
        check_type(kind)?;
    }
    let length = match ask.call.named_header("x-upload-content-length").map(str::parse::<u64>) {
        None => None,
        Some(Ok(0)) => return Err(errors::named("400/mediaBodyRequired")),
        Some(Ok(length)) if length <= LARGEST_BYTES => Some(length),
        Some(Ok(_)) => return Err(errors::worded("413/uploadTooLarge", &too_large(LARGEST_BYTES))),
        Some(Err(_)) => return Err(errors::worded("400/badRequest", "Invalid X-Upload-Content-Length header.")),
    };
    let session = Session {
        account_id: ask.account.id.clone(),
        resource,
        parts,
        notify,
        length,
        received: Blob::default(),
        started_at: state.now(),
        plan: Plan::of(ask.action),
        video_id: None,
    };
    Ok(sessions::open(state, ask.call, session))
}

/// Publishes what arrived in one call.
fn take(state: &mut State, ask: &Ask<'_>, upload: Upload, parts: &[String]) -> Outcome {
    if upload.file.length() == 0 {
        return Err(errors::named("400/mediaBodyRequired"));
    }
    if upload.file.length() > LARGEST_BYTES {
        return Err(errors::worded("413/uploadTooLarge", &too_large(LARGEST_BYTES)));
    }
    let id = library::publish(state, upload);
    let video = library::find(state, &id).ok_or_else(|| errors::named("500/internalError"))?;
    Ok(Answer::json(200, &show::video(state, video, parts, &ask.account.id)))
}

/// What is said to a file over the limit.
pub(super) fn too_large(limit: u64) -> String {
    format!("Media is too large. Limit: {limit}")
}

fn check_type(kind: &str) -> Result<(), Answer> {
    let kind = kind.to_ascii_lowercase();
    if kind.starts_with("video/") || kind.starts_with("application/octet-stream") {
        return Ok(());
    }
    let message = format!("Media type '{kind}' is not supported. Valid media types: [video/*, application/octet-stream]");
    Err(errors::worded("400/badRequest", &message))
}

fn check_upload_limit(state: &State, ask: &Ask<'_>) -> Result<(), Answer> {
    let limit = state.settings.youtube.channel_daily_uploads;
    let since = state.now() - TimeDelta::days(1);
    let recent = |video: &&library::Video| video.channel_id == ask.account.id && video.created_at > since;
    let full = state.youtube.videos.iter().filter(recent).count() >= limit;
    if state.settings.rate_limits && limit > 0 && full {
        return Err(errors::named("400/uploadLimitExceeded"));
    }
    Ok(())
}
