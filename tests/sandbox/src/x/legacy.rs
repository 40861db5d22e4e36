//! Uploads to X by version 1.1, which older clients still use: one address, and a command among the parameters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::uploads::{self, Category, Kind, LIFETIME, Upload, Wanted};
use super::{Ask, Outcome, errors, is_id, measure};
use crate::blob::Blob;
use crate::call::{Answer, Call};
use crate::sniff;
use crate::state::State;

const BAD_MEDIA: u32 = 324;

fn refuse(message: &str) -> Answer {
    errors::legacy_error(400, BAD_MEDIA, message)
}

/// A parameter, wherever it is carried.
pub(super) fn parameter(call: &Call, name: &str) -> Option<String> {
    let pairs = call.form().iter().chain(&call.query);
    if let Some((_, value)) = pairs.into_iter().find(|(key, _)| key == name) {
        return Some(value.clone());
    }
    let part = call.parts().iter().find(|part| part.name == name)?;
    String::from_utf8(part.bytes.to_vec()).ok()
}

/// The bytes of `media`, or of `media_data` in base64.
fn sent_bytes(call: &Call) -> Result<Blob, Answer> {
    if let Some(part) = call.parts().iter().find(|part| part.name == "media") {
        return Ok(part.bytes.clone().into());
    }
    let text = parameter(call, "media_data").ok_or_else(|| refuse("media parameter is missing."))?;
    let bytes = STANDARD.decode(text).map_err(|_| refuse("media_data is not valid base64."))?;
    Ok(Bytes::from(bytes).into())
}

fn named_category(call: &Call) -> Result<Option<Category>, Answer> {
    let Some(name) = parameter(call, "media_category") else { return Ok(None) };
    Category::named(&snake_case(&name)).map(Some).ok_or_else(|| refuse("media_category parameter is invalid."))
}

/// `TweetVideo` as `tweet_video`: this version takes both spellings, and clients send either.
fn snake_case(name: &str) -> String {
    let word =
        |letter: char| if letter.is_ascii_uppercase() { format!("_{}", letter.to_ascii_lowercase()) } else { letter.into() };
    name.chars().map(word).collect::<String>().trim_start_matches('_').to_owned()
}

fn owners(call: &Call) -> Vec<String> {
    let ids = parameter(call, "additional_owners").unwrap_or_default();
    ids.split(',').filter(|id| is_id(id)).map(str::to_owned).collect()
}

fn media_id(call: &Call) -> Result<String, Answer> {
    parameter(call, "media_id").filter(|id| is_id(id)).ok_or_else(|| refuse("media_id parameter is missing or invalid."))
}

fn unknown() -> Answer {
    refuse("Invalid MediaID or the upload has expired.")
}

/// `POST /1.1/media/upload.json`.
pub(crate) fn upload(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if let Some(message) = ask.call.unreadable() {
        return Err(refuse(message));
    }
    match parameter(ask.call, "command").as_deref() {
        Some("INIT") => init(state, ask),
        Some("APPEND") => append(state, ask),
        Some("FINALIZE") => finalize(state, ask),
        Some(_) => Err(refuse("command parameter is invalid.")),
        None => one_shot(state, ask),
    }
}

fn init(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let media_type = parameter(ask.call, "media_type").unwrap_or_default();
    let category = named_category(ask.call)?.or_else(|| Category::guess(&media_type));
    let category = category.filter(|category| category.takes(&media_type));
    let category = category.ok_or_else(|| refuse("media type unrecognized."))?;
    let total_bytes = parameter(ask.call, "total_bytes").and_then(|bytes| bytes.parse::<u64>().ok());
    let total_bytes = total_bytes.filter(|bytes| *bytes > 0).ok_or_else(|| refuse("total_bytes parameter is missing."))?;
    if total_bytes > category.most_bytes() {
        return Err(refuse(&format!("File size exceeds {} bytes.", category.most_bytes())));
    }
    let wanted = Wanted { category, media_type, total_bytes, owners: owners(ask.call) };
    let id = Upload::start(state, &ask.account_id, wanted);
    let mut body = json!({"expires_after_secs": LIFETIME.num_seconds()});
    name(&mut body, state, &id);
    Ok(Answer::json(202, &body))
}

fn append(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = media_id(ask.call)?;
    let index = parameter(ask.call, "segment_index").and_then(|index| index.parse::<u32>().ok());
    let index = index.ok_or_else(|| refuse("segment_index parameter is missing."))?;
    let piece = sent_bytes(ask.call)?;
    let upload = uploads::find(state, &ask.account_id, &id).ok_or_else(unknown)?;
    uploads::append(upload, index, piece).map_err(|message| refuse(&message))?;
    Ok(Answer { status: 204, headers: Vec::new(), body: Vec::new() })
}

fn finalize(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = media_id(ask.call)?;
    uploads::finalize(state, &ask.account_id, &id, ask.action).map_err(|message| refuse(&message))?;
    shown(state, ask, &id, 201)
}

fn one_shot(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let file = sent_bytes(ask.call)?;
    let media_type = sniff::content_type(file.kept());
    let animated = media_type == "image/gif" && measure::gif_frames(file.kept()) > 1;
    let guessed = if animated { Category::named("tweet_gif") } else { Category::named("tweet_image") };
    let category = named_category(ask.call)?.or(guessed).filter(|category| category.takes(media_type));
    let category = category.filter(|category| matches!(category.kind, Kind::Image | Kind::Gif));
    let category = category.ok_or_else(|| refuse("media type unrecognized."))?;
    if file.length() > category.most_bytes() {
        return Err(refuse(&format!("File size exceeds {} bytes.", category.most_bytes())));
    }
    let wanted = Wanted { category, media_type: media_type.to_owned(), total_bytes: file.length(), owners: owners(ask.call) };
    let id = Upload::start(state, &ask.account_id, wanted);
    if let Err(message) = uploads::complete(state, &id, file, ask.action) {
        state.x.uploads.remove(&id);
        return Err(refuse(&message));
    }
    shown(state, ask, &id, 200)
}

/// `GET /1.1/media/upload.json?command=STATUS`.
pub(crate) fn status(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if ask.call.query_value("command") != Some("STATUS") {
        return Err(refuse("command parameter is invalid."));
    }
    let id = media_id(ask.call)?;
    let upload = uploads::find(state, &ask.account_id, &id).ok_or_else(unknown)?;
    uploads::check(upload);
    shown(state, ask, &id, 200)
}

fn shown(state: &State, ask: &Ask<'_>, id: &str, status: u16) -> Outcome {
    let mut body = uploads::shown(state, &ask.account_id, id).ok_or_else(unknown)?;
    name(&mut body, state, id);
    Ok(Answer::json(status, &body))
}

/// Adds the id as a number and as text, and the media key.
fn name(body: &mut Value, state: &State, id: &str) {
    body["media_id"] = json!(id.parse::<u64>().unwrap_or_default());
    body["media_id_string"] = json!(id);
    body["media_key"] = json!(state.x.uploads.get(id).map(Upload::media_key));
}
