//! `POST /video-upload/{version}/{video}`: the bytes of a reel or story, raw or from an address.

use serde_json::json;

use super::errors::GraphError;
use super::film::{self, Work};
use super::{Ask, Outcome};
use crate::blob::Blob;
use crate::call::{Answer, Call};
use crate::samples::fetch;
use crate::sniff;
use crate::state::State;

/// Whether a call goes to the host that takes the bytes of reels and stories.
pub(super) fn is_for(call: &Call) -> bool {
    call.segments().first() == Some(&"video-upload")
}

/// Takes bytes from `offset` on, or fetches the film from the address in `file_url`.
pub(crate) fn receive(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let unknown = || GraphError::upload("ProcessingFailedError", "Unknown video id");
    let film = film::find_own(state, ask, &ask.id).ok_or_else(unknown)?;
    if film.session.is_some() || film.work != Work::Waiting {
        return Err(GraphError::upload("ProcessingFailedError", "The video takes no more bytes"));
    }
    if film.is_expired(state) {
        return Err(GraphError::upload("ProcessingFailedError", "The upload has expired"));
    }
    let partial = match ask.call.named_header("file_url") {
        Some(url) => from_address(state, ask, url).map(|()| false)?,
        None => from_body(state, ask)?,
    };
    if partial {
        return Err(GraphError::upload("PartialRequestError", "The request ended before the whole file had arrived"));
    }
    let film = film::find_own(state, ask, &ask.id).ok_or_else(unknown)?;
    let largest = state.settings.facebook.largest_video_bytes;
    let fits = (1024..=largest).contains(&film.received) && sniff::content_type(film.arrived.kept()).starts_with("video/");
    if !fits {
        drop_bytes(state, &ask.id);
        return Err(GraphError::upload("ProcessingFailedError", "The file is no video of an accepted size"));
    }
    Ok(Answer::json(200, &json!({"success": true})))
}

/// Forgets what arrived, so that another file can be sent.
fn drop_bytes(state: &mut State, id: &str) {
    if let Some(film) = state.facebook.films.get_mut(id) {
        film.arrived = Blob::default();
        film.received = 0;
        film.size = None;
    }
}

fn from_address(state: &mut State, ask: &Ask<'_>, url: &str) -> Result<(), GraphError> {
    let empty = ask.call.raw().is_none_or(|blob| blob.length() == 0);
    if !empty {
        return Err(GraphError::upload("ProcessingFailedError", "file_url needs an empty body"));
    }
    let refused = || GraphError::upload("ProcessingFailedError", "The file at file_url could not be fetched");
    let bytes = fetch(state, url).ok_or_else(refused)?;
    drop_bytes(state, &ask.id);
    store(state, ask, bytes.length(), &bytes);
    Ok(())
}

/// Takes the body, and says whether bytes are still missing.
fn from_body(state: &mut State, ask: &Ask<'_>) -> Result<bool, GraphError> {
    let number = |name: &str| ask.call.named_header(name).and_then(|text| text.parse::<u64>().ok());
    let refuse = |message: &str| GraphError::upload("ProcessingFailedError", message);
    let offset = number("offset").ok_or_else(|| refuse("The header offset is required"))?;
    let size = number("file_size").ok_or_else(|| refuse("The header file_size is required"))?;
    let bytes = ask.call.raw().ok_or_else(|| refuse("The bytes of the file are required"))?;
    let film = film::find_own(state, ask, &ask.id).ok_or_else(|| refuse("Unknown video id"))?;
    if film.size.is_some_and(|known| known != size) {
        return Err(refuse("The header file_size differs from the one before"));
    }
    let wrong = film.is_complete() || offset != film.received || offset + bytes.length() > size;
    if wrong {
        let message = format!("The offset must be {} and the bytes must end at {size}", film.received);
        return Err(GraphError::upload("OffsetInvalidError", message));
    }
    let partial = offset + bytes.length() < size;
    store(state, ask, size, bytes);
    Ok(partial)
}

fn store(state: &mut State, ask: &Ask<'_>, size: u64, bytes: &Blob) {
    if let Some(film) = state.facebook.films.get_mut(&ask.id) {
        film.size = Some(size);
        film.append(bytes);
        film.shape = ask.shape().or_else(|| film.shape.take());
    }
}
