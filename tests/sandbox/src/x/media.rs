//! Uploads to X: in segments, in one shot, their status, and their alternative text.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Ask, Outcome, data, errors, json_body};
use crate::call::Answer;
use crate::faults::Action;
use crate::image::{self, ImageType};
use crate::state::{Media, Platform, Stage, State};

const LIFETIME_SECONDS: i64 = 86_400;
const LARGEST_IMAGE_BYTES: usize = 5 * 1024 * 1024;
const LARGEST_GIF_BYTES: usize = 15 * 1024 * 1024;
const LARGEST_SEGMENT_BYTES: usize = 5 * 1024 * 1024;
const LAST_SEGMENT: u32 = 999;
const LONGEST_ALT_TEXT: usize = 1000;
const CATEGORIES: &[&str] =
    &["tweet_image", "tweet_gif", "tweet_video", "amplify_video", "dm_image", "dm_gif", "dm_video", "subtitles"];
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
];

fn refuse(message: &str) -> Answer {
    errors::invalid(json!({}), message)
}

/// A parameter from a JSON body or a part of a multipart one.
fn parameter(ask: &Ask<'_>, name: &str) -> Option<String> {
    if let Some(body) = ask.call.json() {
        return match &body[name] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
    }
    let part = ask.call.parts().iter().find(|part| part.name == name)?;
    String::from_utf8(part.bytes.to_vec()).ok()
}

/// The bytes sent as `media`: a file part, or base64 in JSON.
fn sent_bytes(ask: &Ask<'_>) -> Result<Bytes, Answer> {
    if let Some(part) = ask.call.parts().iter().find(|part| part.name == "media") {
        return Ok(part.bytes.clone());
    }
    let text = ask.call.json().and_then(|body| body["media"].as_str());
    let text = text.ok_or_else(|| refuse("$.media: media is required"))?;
    let bytes = STANDARD.decode(text).map_err(|_| refuse("$.media: not valid base64"))?;
    Ok(bytes.into())
}

fn new_media(state: &mut State, ask: &Ask<'_>, content_type: &str, stage: Stage) -> Media {
    Media {
        platform: Platform::X,
        account_id: ask.account_id.clone(),
        id: state.next_snowflake(),
        bytes: Bytes::new(),
        content_type: content_type.to_owned(),
        declared_bytes: 0,
        alt_text: None,
        caption: None,
        created_at: state.now(),
        stage,
        post_id: None,
    }
}

/// `POST /2/media/upload/initialize`.
pub(crate) fn initialize(state: &mut State, ask: &Ask<'_>) -> Outcome {
    json_body(ask)?;
    let content_type = parameter(ask, "media_type").unwrap_or_default();
    if !TYPES.contains(&content_type.as_str()) {
        return Err(refuse("$.media_type: does not have a value in the enumeration"));
    }
    check_category(ask)?;
    let declared = parameter(ask, "total_bytes").and_then(|text| text.parse::<usize>().ok());
    let declared = declared.filter(|bytes| (1..=17_179_869_184).contains(bytes));
    let declared = declared.ok_or_else(|| refuse("$.total_bytes: must be a positive integer"))?;
    check_size(&content_type, declared)?;
    let mut media = new_media(state, ask, &content_type, Stage::Uploading(BTreeMap::new()));
    media.declared_bytes = declared;
    let id = media.id.clone();
    state.media.insert(id.clone(), media);
    let body = json!({
        "id": id,
        "media_key": format!("3_{id}"),
        "expires_after_secs": LIFETIME_SECONDS,
    });
    Ok(data(200, &body))
}

fn check_category(ask: &Ask<'_>) -> Result<(), Answer> {
    match parameter(ask, "media_category") {
        Some(category) if !CATEGORIES.contains(&category.as_str()) => {
            Err(refuse("$.media_category: does not have a value in the enumeration"))
        }
        _ => Ok(()),
    }
}

fn check_size(content_type: &str, bytes: usize) -> Result<(), Answer> {
    let largest = match content_type {
        "image/gif" => LARGEST_GIF_BYTES,
        image if image.starts_with("image/") => LARGEST_IMAGE_BYTES,
        _ => usize::MAX,
    };
    if bytes > largest {
        return Err(refuse(&format!("File size exceeds {largest} bytes.")));
    }
    Ok(())
}

fn find_own<'a>(state: &'a mut State, ask: &Ask<'_>, id: &str) -> Result<&'a mut Media, Answer> {
    let own = state.own_media(Platform::X, &ask.account_id, id).is_some();
    let media = state.media.get_mut(id).filter(|_| own);
    media.ok_or_else(|| errors::not_found("media", id))
}

/// `POST /2/media/upload/{id}/append`.
pub(crate) fn append(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let index = parameter(ask, "segment_index").and_then(|text| text.parse::<u32>().ok());
    let index = index.filter(|index| *index <= LAST_SEGMENT);
    let index = index.ok_or_else(|| refuse("$.segment_index: must be between 0 and 999"))?;
    let bytes = sent_bytes(ask)?;
    if bytes.is_empty() || bytes.len() > LARGEST_SEGMENT_BYTES {
        return Err(refuse("$.media: a segment holds 1 byte to 5 MB"));
    }
    let media = find_own(state, ask, ask.id)?;
    let expires_at = media.created_at.timestamp() + LIFETIME_SECONDS;
    match &mut media.stage {
        Stage::Uploading(segments) => segments.insert(index, bytes),
        _ => return Err(refuse("The upload is finished already.")),
    };
    Ok(data(200, &json!({"expires_at": expires_at})))
}

/// `POST /2/media/upload/{id}/finalize`.
pub(crate) fn finalize(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let media = find_own(state, ask, ask.id)?;
    if let Stage::Uploading(segments) = &media.stage {
        let contiguous = (0..).zip(segments.keys()).all(|(expected, index)| expected == *index);
        let bytes: Bytes = segments.values().flatten().copied().collect::<Vec<u8>>().into();
        if !contiguous || bytes.len() != media.declared_bytes {
            return Err(refuse("Segments do not add up to the provided total_bytes."));
        }
        media.content_type = checked_type(&media.content_type, &bytes)?;
        media.bytes = bytes;
        media.stage = stage_after_upload(ask);
    }
    Ok(data(200, &media_json(media)))
}

/// Ready at once, unless a fault makes the platform take its time.
fn stage_after_upload(ask: &Ask<'_>) -> Stage {
    match ask.action {
        Some(Action::Processing { checks }) => Stage::Processing { checks_left: *checks, fails: false, checked: 0 },
        Some(Action::ProcessingFailed { checks }) => Stage::Processing { checks_left: *checks, fails: true, checked: 0 },
        _ => Stage::Ready,
    }
}

/// The type that the bytes have, whatever was claimed; pictures must be pictures.
fn checked_type(claimed: &str, bytes: &[u8]) -> Result<String, Answer> {
    if !claimed.starts_with("image/") {
        return Ok(claimed.to_owned());
    }
    let accepted = ImageType::of(bytes).filter(|kind| *kind != ImageType::Tiff);
    let Some(kind) = accepted.filter(|kind| *kind != ImageType::Bmp) else {
        return Err(refuse("Unsupported media: the file is not a JPG, PNG, GIF or WEBP image."));
    };
    check_size(kind.content_type(), bytes.len())?;
    Ok(kind.content_type().to_owned())
}

fn media_json(media: &Media) -> Value {
    let mut body = json!({
        "id": media.id,
        "media_key": format!("3_{}", media.id),
        "size": media.bytes.len(),
        "expires_after_secs": LIFETIME_SECONDS,
    });
    if media.content_type.starts_with("image/") {
        let (width, height) = image::size(&media.bytes);
        body["image"] = json!({"w": width, "h": height, "image_type": media.content_type});
    }
    match &media.stage {
        Stage::Processing { checked: 0, .. } => {
            body["processing_info"] = json!({"state": "pending", "check_after_secs": 1});
        }
        Stage::Processing { checked, checks_left, .. } => {
            let progress = 100 * checked / (checked + checks_left + 1);
            body["processing_info"] = json!({
                "state": "in_progress", "check_after_secs": 1, "progress_percent": progress,
            });
        }
        Stage::Failed => {
            let error = json!({"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"});
            body["processing_info"] = json!({"state": "failed", "error": error});
        }
        Stage::Uploading(_) | Stage::Ready => {}
    }
    body
}

/// `GET /2/media/upload?command=STATUS&media_id=`.
pub(crate) fn status(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = ask.call.query_value("media_id").unwrap_or_default().to_owned();
    if ask.call.query_value("command").is_some_and(|command| command != "STATUS") {
        return Err(refuse("command: must be STATUS"));
    }
    let media = find_own(state, ask, &id)?;
    let mut processed = false;
    if let Stage::Processing { checks_left, fails, checked } = &mut media.stage {
        if *checks_left > 0 {
            *checks_left -= 1;
            *checked += 1;
        } else {
            processed = true;
            media.stage = if *fails { Stage::Failed } else { Stage::Ready };
        }
    }
    let mut body = media_json(media);
    if processed && media.stage == Stage::Ready {
        body["processing_info"] = json!({"state": "succeeded", "progress_percent": 100});
    }
    Ok(data(200, &body))
}

/// `POST /2/media/upload`: a picture in one call.
pub(crate) fn upload(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let bytes = sent_bytes(ask)?;
    if parameter(ask, "media_category").is_none() {
        return Err(refuse("$.media_category: is required"));
    }
    check_category(ask)?;
    let content_type = checked_type("image/*", &bytes)?;
    let mut media = new_media(state, ask, &content_type, stage_after_upload(ask));
    media.declared_bytes = bytes.len();
    media.bytes = bytes;
    let body = media_json(&media);
    state.media.insert(media.id.clone(), media);
    Ok(data(200, &body))
}

/// `POST /2/media/metadata`: the alternative text.
pub(crate) fn metadata(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let body = json_body(ask)?;
    let id = body["id"].as_str().ok_or_else(|| refuse("$.id: is required"))?;
    let text = body["metadata"]["alt_text"]["text"].as_str().map(str::to_owned);
    if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_ALT_TEXT) {
        return Err(refuse("$.metadata.alt_text.text: must be at most 1000 characters"));
    }
    let media = find_own(state, ask, id)?;
    media.alt_text = text.clone();
    Ok(data(200, &json!({"id": id, "associated_metadata": {"alt_text": {"text": text}}})))
}
