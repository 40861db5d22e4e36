//! `POST /{page}/videos`: a film at once, by address, by handle, or in chunks.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::errors::GraphError;
use super::film::{self, Edge, Film, Intent, Wish, Work};
use super::posts::{check_message, check_page};
use super::{Ask, Outcome, photos, reads};
use crate::blob::Blob;
use crate::call::Answer;
use crate::samples::fetch;
use crate::sniff;
use crate::state::State;

const SMALLEST_BYTES: u64 = 1024;
const SCHEDULE_FROM: TimeDelta = TimeDelta::minutes(10);
const SCHEDULE_UNTIL: TimeDelta = TimeDelta::days(183);

/// Uploads a film, or does one step of that.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_page(state, ask)?;
    let phase = ask.params.text("upload_phase");
    if phase.is_some() && ask.params.text("file_url").is_some() {
        return Err(GraphError::parameter("(#100) file_url must not be combined with upload_phase"));
    }
    match phase.as_deref() {
        None => at_once(state, ask),
        Some("start") => start(state, ask),
        Some("transfer") => transfer(state, ask),
        Some("finish") => finish(state, ask),
        Some("cancel") => cancel(state, ask),
        Some(_) => {
            Err(GraphError::parameter("(#100) Param upload_phase must be one of {START, TRANSFER, FINISH, CANCEL} in lower case"))
        }
    }
}

/// What the metadata says, checked.
fn wish(state: &State, ask: &Ask<'_>) -> Result<Wish, GraphError> {
    let params = &ask.params;
    let published = params.flag("published", true)?;
    let description = params.text("description").unwrap_or_default();
    check_message(&description)?;
    let intent = match (published, ask.time(state, "scheduled_publish_time")?) {
        (true, None) => Intent::Publish,
        (true, Some(_)) => {
            return Err(GraphError::parameter("(#100) You cannot specify a scheduled publish time on a published post"));
        }
        (false, None) if params.text("unpublished_content_type").as_deref() == Some("DRAFT") => Intent::Draft,
        (false, None) => Intent::Hide,
        (false, Some(at)) => {
            let ahead = at - state.now();
            if ahead < SCHEDULE_FROM || ahead > SCHEDULE_UNTIL {
                return Err(GraphError::parameter("(#100) The specified scheduled publish time is invalid"));
            }
            Intent::Schedule(at)
        }
    };
    let mut extra = json!({"embeddable": params.flag("embeddable", true)?});
    if let Some(thumb) = params.file_named("thumb") {
        photos::accepted_type(thumb)?;
        extra["thumbBytes"] = json!(thumb.len());
    }
    if params.flag("no_story", false)? {
        extra["noStory"] = json!(true);
    }
    for (name, shown) in [("content_category", "contentCategory"), ("custom_labels", "customLabels")] {
        if let Some(value) = params.text(name) {
            extra[shown] = serde_json::from_str(&value).unwrap_or(Value::String(value));
        }
    }
    Ok(Wish { intent, title: params.text("title"), description, extra })
}

fn at_once(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let wish = wish(state, ask)?;
    let bytes = source(state, ask)?;
    if bytes.length() < SMALLEST_BYTES {
        return Err(GraphError::video_too_small());
    }
    check_film(state, &bytes)?;
    let id = film::begin(state, ask, Edge::Video);
    if let Some(film) = state.facebook.films.get_mut(&id) {
        film.size = Some(bytes.length());
        film.append(&bytes);
    }
    film::finish(state, ask, &id, wish);
    reads::created(state, ask, &id)
}

/// The film itself: a part of the body, the file at an address, or what a handle stands for.
fn source(state: &State, ask: &Ask<'_>) -> Result<Blob, GraphError> {
    let file = ask.params.file_other_than("thumb");
    let url = ask.params.text("file_url");
    let handle = ask.params.text("fbuploader_video_file_chunk");
    match (file, url, handle) {
        (Some(file), None, None) => Ok(file.clone().into()),
        (None, Some(url), None) => fetch(state, &url).ok_or_else(GraphError::not_fetchable),
        (None, None, Some(handle)) => super::resumable::by_handle(state, ask, &handle),
        (None, None, None) => Err(GraphError::parameter("(#100) No video file was selected")),
        _ => Err(GraphError::parameter("(#100) Only one source of the video can be given")),
    }
}

fn check_film(state: &State, bytes: &Blob) -> Result<(), GraphError> {
    if bytes.length() > state.settings.facebook.largest_video_bytes {
        return Err(GraphError::chunked("1363023"));
    }
    if sniff::is_video(bytes.kept()) { Ok(()) } else { Err(GraphError::bad_video()) }
}

fn start(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let size =
        ask.params.number("file_size")?.ok_or_else(|| GraphError::parameter("(#100) The parameter file_size is required"))?;
    let size = size as u64;
    if size < SMALLEST_BYTES {
        return Err(GraphError::chunked("1363022"));
    }
    if size > state.settings.facebook.largest_video_bytes {
        return Err(GraphError::chunked("1363023"));
    }
    let id = film::begin(state, ask, Edge::Video);
    let session = state.next_object_id();
    if let Some(film) = state.facebook.films.get_mut(&id) {
        film.size = Some(size);
        film.session = Some(session.clone());
    }
    let end = size.min(state.settings.facebook.chunk_bytes);
    Ok(Answer::json(
        200,
        &json!({
            "video_id": id,
            "upload_session_id": session,
            "start_offset": "0",
            "end_offset": end.to_string(),
        }),
    ))
}

/// The id of the film whose session a call names.
fn session(state: &State, ask: &Ask<'_>) -> Result<String, GraphError> {
    let required = || GraphError::parameter("(#100) The parameter upload_session_id is required");
    let session = ask.params.text("upload_session_id").ok_or_else(required)?;
    let of_session = |film: &&Film| film.session.as_ref() == Some(&session);
    let film = state.facebook.films.values().find(of_session);
    let film = film.ok_or_else(|| GraphError::parameter("(#100) Param upload_session_id is not a valid upload session"))?;
    if film.account_id != ask.page_id {
        return Err(GraphError::chunked("1363042"));
    }
    if film.is_expired(state) {
        return Err(GraphError::chunked("1363030"));
    }
    if film.work != Work::Waiting {
        return Err(GraphError::parameter("(#100) The upload session is finished already"));
    }
    Ok(film.id.clone())
}

fn transfer(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = session(state, ask)?;
    let step = state.settings.facebook.chunk_bytes;
    let required = |name: &str| GraphError::parameter(format!("(#100) The parameter {name} is required"));
    let offset = ask.params.number("start_offset")?.ok_or_else(|| required("start_offset"))? as u64;
    let chunk = ask.params.file_named("video_file_chunk").ok_or_else(|| required("video_file_chunk"))?;
    let chunk = Blob::from(chunk.clone());
    let Some(film) = state.facebook.films.get_mut(&id) else { return Err(GraphError::chunked("1363019")) };
    let size = film.size.unwrap_or_default();
    let end = size.min(film.received + step);
    if offset != film.received {
        return Err(GraphError::wrong_offset(film.received, end));
    }
    if chunk.length() == 0 || offset + chunk.length() > end {
        return Err(GraphError::parameter("(#100) video_file_chunk must hold the bytes between start_offset and end_offset"));
    }
    film.append(&chunk);
    film.shape = ask.shape().or_else(|| film.shape.take());
    let (start, end) = (film.received, size.min(film.received + step));
    Ok(Answer::json(200, &json!({"start_offset": start.to_string(), "end_offset": end.to_string()})))
}

fn finish(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = session(state, ask)?;
    let wish = wish(state, ask)?;
    let film = state.facebook.films.get(&id);
    let film = film.filter(|film| film.is_complete()).ok_or_else(GraphError::incomplete_video)?;
    check_film(state, &film.arrived)?;
    film::finish(state, ask, &id, wish);
    Ok(Answer::json(200, &json!({"success": true})))
}

fn cancel(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = session(state, ask)?;
    state.facebook.films.remove(&id);
    Ok(Answer::json(200, &json!({"success": true})))
}
