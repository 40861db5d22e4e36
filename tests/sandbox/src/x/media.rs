//! Uploads to X by version 2: in segments, in one shot, their status, and their alternative text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::uploads::{self, Category, Kind, LIFETIME, Stage, Upload, Wanted};
use super::{Ask, Outcome, data, errors, is_id, json_body};
use crate::blob::Blob;
use crate::call::{Answer, Payload};
use crate::state::{Platform, State};

const LONGEST_ALT_TEXT: usize = 1000;
const MOST_TOTAL_BYTES: u64 = 17_179_869_184;
const TYPES: &[&str] = &[
    "video/mp4",
    "video/webm",
    "video/mp2t",
    "video/quicktime",
    "image/jpeg",
    "image/gif",
    "image/bmp",
    "image/png",
    "image/webp",
    "image/pjpeg",
    "image/tiff",
    "text/srt",
    "text/vtt",
    "model/gltf-binary",
    "model/vnd.usdz+zip",
];

fn refuse(message: &str) -> Answer {
    errors::invalid(json!({}), message)
}

fn unknown_media(id: &str) -> Answer {
    errors::not_found("media", id)
}

/// Refuses a body with fields other than these.
fn only(ask: &Ask<'_>, known: &[&str]) -> Result<(), Answer> {
    let names: Vec<&str> = match &ask.call.payload {
        Payload::Json(Value::Object(fields)) => fields.keys().map(String::as_str).collect(),
        Payload::Multipart(parts) => parts.iter().map(|part| part.name.as_str()).collect(),
        Payload::Unreadable(message) => return Err(refuse(message)),
        _ => return Err(refuse("a JSON object or multipart body is required")),
    };
    match names.into_iter().find(|name| !known.contains(name)) {
        Some(name) => {
            let message = "is not defined in the schema and the schema does not allow additional properties";
            Err(refuse(&format!("$.{name}: {message}")))
        }
        None => Ok(()),
    }
}

/// A text field from a JSON body or a multipart one.
fn text(ask: &Ask<'_>, name: &str) -> Option<String> {
    if let Some(body) = ask.call.json() {
        return body[name].as_str().map(str::to_owned);
    }
    let part = ask.call.parts().iter().find(|part| part.name == name)?;
    String::from_utf8(part.bytes.to_vec()).ok()
}

/// A number: one in JSON, digits in a multipart body.
fn number(ask: &Ask<'_>, name: &str) -> Option<u64> {
    match ask.call.json() {
        Some(body) => body[name].as_u64(),
        None => text(ask, name)?.parse().ok(),
    }
}

/// The bytes sent as `media`: a file part, or base64 in JSON.
fn sent_bytes(ask: &Ask<'_>) -> Result<Blob, Answer> {
    if let Some(part) = ask.call.parts().iter().find(|part| part.name == "media") {
        return Ok(part.bytes.clone().into());
    }
    let text = ask.call.json().and_then(|body| body["media"].as_str());
    let text = text.ok_or_else(|| refuse("$.media: is missing but it is required"))?;
    let bytes = STANDARD.decode(text).map_err(|_| refuse("$.media: not valid base64"))?;
    Ok(Bytes::from(bytes).into())
}

/// The category that a call names; nothing when it names none.
fn named_category(ask: &Ask<'_>) -> Result<Option<Category>, Answer> {
    let Some(name) = text(ask, "media_category") else { return Ok(None) };
    let category = Category::named(&name);
    category.map(Some).ok_or_else(|| refuse("$.media_category: does not have a value in the enumeration"))
}

/// The ids of others who may use the media.
fn owners(ask: &Ask<'_>) -> Result<Vec<String>, Answer> {
    let listed = |text: &str| text.split(',').map(|id| id.trim().to_owned()).collect::<Vec<String>>();
    let ids = match ask.call.json().map(|body| &body["additional_owners"]) {
        Some(Value::Array(ids)) => ids.iter().map(|id| id.as_str().unwrap_or_default().to_owned()).collect(),
        Some(Value::Null) => Vec::new(),
        Some(Value::String(ids)) => listed(ids),
        Some(_) => return Err(refuse("$.additional_owners: must be a list of ids")),
        None => text(ask, "additional_owners").map_or_else(Vec::new, |ids| listed(&ids)),
    };
    match ids.iter().all(|id| is_id(id)) {
        true => Ok(ids),
        false => Err(refuse("$.additional_owners: does not match the regex pattern ^[0-9]{1,19}$")),
    }
}

/// `POST /2/media/upload/initialize`.
pub(crate) fn initialize(state: &mut State, ask: &Ask<'_>) -> Outcome {
    json_body(ask)?;
    only(ask, &["media_type", "total_bytes", "media_category", "additional_owners", "shared"])?;
    let media_type = text(ask, "media_type").unwrap_or_default();
    if !TYPES.contains(&media_type.as_str()) {
        return Err(refuse("$.media_type: does not have a value in the enumeration"));
    }
    let category = named_category(ask)?.or_else(|| Category::guess(&media_type));
    let category = category.filter(|category| category.takes(&media_type));
    let category = category.ok_or_else(|| refuse("$.media_category: does not fit the media_type"))?;
    let total_bytes = number(ask, "total_bytes").filter(|bytes| (1..=MOST_TOTAL_BYTES).contains(bytes));
    let total_bytes = total_bytes.ok_or_else(|| refuse("$.total_bytes: must be between 1 and 17179869184"))?;
    if total_bytes > category.most_bytes() {
        return Err(refuse(&format!("File size exceeds {} bytes.", category.most_bytes())));
    }
    let wanted = Wanted { category, media_type, total_bytes, owners: owners(ask)? };
    let id = Upload::start(state, &ask.account_id, wanted);
    let key = state.x.uploads.get(&id).map(Upload::media_key);
    Ok(data(200, &json!({"id": id, "media_key": key, "expires_after_secs": LIFETIME.num_seconds()})))
}

/// `POST /2/media/upload/{id}/append`.
pub(crate) fn append(state: &mut State, ask: &Ask<'_>) -> Outcome {
    only(ask, &["media", "segment_index"])?;
    let index = number(ask, "segment_index").and_then(|index| u32::try_from(index).ok());
    let index = index.ok_or_else(|| refuse("$.segment_index: must be between 0 and 999"))?;
    let piece = sent_bytes(ask)?;
    let upload = uploads::find(state, &ask.account_id, ask.id).ok_or_else(|| unknown_media(ask.id))?;
    uploads::append(upload, index, piece).map_err(|message| refuse(&message))?;
    Ok(data(200, &json!({"expires_at": upload.expires_at().timestamp()})))
}

/// `POST /2/media/upload/{id}/finalize`.
pub(crate) fn finalize(state: &mut State, ask: &Ask<'_>) -> Outcome {
    uploads::finalize(state, &ask.account_id, ask.id, ask.action).map_err(|message| refuse(&message))?;
    shown(state, ask, ask.id)
}

fn shown(state: &State, ask: &Ask<'_>, id: &str) -> Outcome {
    let mut body = uploads::shown(state, &ask.account_id, id).ok_or_else(|| unknown_media(id))?;
    body["id"] = json!(id);
    Ok(data(200, &body))
}

/// `GET /2/media/upload?command=STATUS&media_id=`.
pub(crate) fn status(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if ask.call.query_value("command").is_some_and(|command| command != "STATUS") {
        return Err(refuse("command: must be STATUS"));
    }
    let id = ask.call.query_value("media_id").unwrap_or_default();
    if !is_id(id) {
        return Err(refuse("media_id: does not match the regex pattern ^[0-9]{1,19}$"));
    }
    let upload = uploads::find(state, &ask.account_id, id).ok_or_else(|| unknown_media(id))?;
    uploads::check(upload);
    shown(state, ask, id)
}

/// `POST /2/media/upload`: a picture or subtitles in one call.
pub(crate) fn upload(state: &mut State, ask: &Ask<'_>) -> Outcome {
    only(ask, &["media", "media_category", "media_type", "additional_owners", "shared"])?;
    let file = sent_bytes(ask)?;
    let category = named_category(ask)?.ok_or_else(|| refuse("$.media_category: is missing but it is required"))?;
    if !matches!(category.kind, Kind::Image | Kind::Subtitles) {
        return Err(refuse("$.media_category: GIFs and videos are uploaded in segments"));
    }
    let media_type = text(ask, "media_type").unwrap_or_default();
    if !media_type.is_empty() && !category.takes(&media_type) {
        return Err(refuse("$.media_type: does not fit the media_category"));
    }
    let wanted = Wanted { category, media_type, total_bytes: file.length(), owners: owners(ask)? };
    let id = Upload::start(state, &ask.account_id, wanted);
    if let Err(message) = uploads::complete(state, &id, file, ask.action) {
        state.x.uploads.remove(&id);
        return Err(refuse(&message));
    }
    shown(state, ask, &id)
}

/// `POST /2/media/metadata`: the alternative text.
pub(crate) fn metadata(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let body = json_body(ask)?;
    let id = body["id"].as_str().filter(|id| is_id(id)).ok_or_else(|| refuse("$.id: is missing but it is required"))?;
    let alt_text = &body["metadata"]["alt_text"];
    if !alt_text.is_null() && !alt_text["text"].is_string() {
        return Err(refuse("$.metadata.alt_text.text: is missing but it is required"));
    }
    let text = alt_text["text"].as_str().map(str::to_owned);
    if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_ALT_TEXT) {
        return Err(refuse("$.metadata.alt_text.text: must be at most 1000 characters long"));
    }
    let upload = uploads::find(state, &ask.account_id, id).ok_or_else(|| unknown_media(id))?;
    if matches!(upload.stage, Stage::Uploading(_)) {
        return Err(refuse("The upload is not finalized."));
    }
    if state.own_media(Platform::X, &ask.account_id, id).is_some()
        && let Some(media) = state.media.get_mut(id)
        && text.is_some()
    {
        media.alt_text.clone_from(&text);
    }
    Ok(data(200, &json!({"id": id, "associated_metadata": {"alt_text": {"text": text}}})))
}
