//! A video the way the API shows it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::ask::etag;
use super::library::Video;
use super::processing::End;
use crate::state::{Platform, State};

/// The parts of a video that can be asked for.
pub(super) const PARTS: &[&str] = &[
    "contentDetails",
    "fileDetails",
    "liveStreamingDetails",
    "localizations",
    "paidProductPlacementDetails",
    "player",
    "processingDetails",
    "recordingDetails",
    "snippet",
    "statistics",
    "status",
    "suggestions",
    "topicDetails",
];
/// The parts that only the owner may see.
pub(super) const OWNERS_PARTS: &[&str] = &["fileDetails", "processingDetails", "suggestions"];

/// An instant as the API writes it.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Drops what has no value: the API leaves such fields out.
fn present(value: &Value) -> Value {
    let fields = value.as_object().cloned().unwrap_or_default();
    Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

/// The title of a channel.
pub(super) fn channel_title(state: &State, channel_id: &str) -> String {
    state.account(Platform::Youtube, channel_id).map(|account| account.name.clone()).unwrap_or_default()
}

/// A video with the parts asked for.
pub(super) fn video(state: &State, video: &Video, parts: &[String], account_id: &str) -> Value {
    let owner = video.channel_id == account_id;
    let mut body = Map::new();
    body.insert("kind".to_owned(), json!("youtube#video"));
    body.insert("id".to_owned(), json!(video.id));
    for part in parts {
        let shown = match part.as_str() {
            "snippet" => snippet(state, video),
            "status" => status(video, owner),
            "contentDetails" => content(video, owner),
            "processingDetails" => processing(state, video),
            "fileDetails" => json!({
                "fileSize": video.length.to_string(),
                "fileType": if video.content_type.starts_with("video/") { "video" } else { "other" },
                "container": video.content_type.rsplit('/').next().unwrap_or_default(),
                "durationMs": video.film.map_or(0, |film| film.duration_ms).to_string(),
            }),
            "statistics" => statistics(state, video),
            "player" => json!({"embedHtml": format!("<iframe src=\"//www.youtube.com/embed/{}\"></iframe>", video.id)}),
            "paidProductPlacementDetails" => {
                let paid = video.resource.paid_product_placement_details.as_ref();
                json!({"hasPaidProductPlacement": paid.and_then(|paid| paid.has_paid_product_placement).unwrap_or(false)})
            }
            "recordingDetails" => {
                let details = video.resource.recording_details.as_ref();
                present(&json!({"recordingDate": details.and_then(|details| details.recording_date.clone())}))
            }
            "localizations" => localizations(video),
            _ => continue,
        };
        body.insert(part.clone(), shown);
    }
    body.insert("etag".to_owned(), json!(etag(&format!("{body:?}"))));
    Value::Object(body)
}

fn snippet(state: &State, video: &Video) -> Value {
    let snippet = video.snippet();
    let description = snippet.description.clone().unwrap_or_default();
    present(&json!({
        "publishedAt": instant(video.published_at),
        "channelId": video.channel_id,
        "title": snippet.title,
        "description": description,
        "thumbnails": thumbnails(state, video),
        "channelTitle": channel_title(state, &video.channel_id),
        "tags": snippet.tags.clone().filter(|tags| !tags.is_empty()),
        "categoryId": snippet.category(),
        "liveBroadcastContent": "none",
        "defaultLanguage": snippet.default_language,
        "localized": {"title": snippet.title, "description": description},
        "defaultAudioLanguage": snippet.default_audio_language,
    }))
}

/// Where the previews of a video are, in the sizes that YouTube has.
pub(super) fn thumbnails(state: &State, video: &Video) -> Value {
    let preview = |name: &str, width: u32, height: u32| {
        let url = match &video.thumbnail {
            Some(id) => format!("{}/_sandbox/media/{id}", state.public_url),
            None => format!("{}/vi/{}/{name}.jpg", state.public_url, video.id),
        };
        json!({"url": url, "width": width, "height": height})
    };
    json!({
        "default": preview("default", 120, 90),
        "medium": preview("mqdefault", 320, 180),
        "high": preview("hqdefault", 480, 360),
        "standard": preview("sddefault", 640, 480),
        "maxres": preview("maxresdefault", 1280, 720),
    })
}

fn status(video: &Video, owner: bool) -> Value {
    let status = video.resource.status.clone().unwrap_or_default();
    let (failure, rejection) = match video.processing.ended() {
        Some(End::Failed { reason, .. }) => (Some(reason), None),
        Some(End::Rejected(reason)) => (None, Some(reason)),
        _ => (None, None),
    };
    let kids = status.self_declared_made_for_kids;
    present(&json!({
        "uploadStatus": video.processing.upload_status(),
        "failureReason": failure,
        "rejectionReason": rejection,
        "privacyStatus": video.resource.privacy(),
        "publishAt": video.resource.publish_at().map(instant),
        "license": status.license.unwrap_or_else(|| "youtube".to_owned()),
        "embeddable": status.embeddable.unwrap_or(true),
        "publicStatsViewable": status.public_stats_viewable.unwrap_or(true),
        "madeForKids": kids.unwrap_or(false),
        "selfDeclaredMadeForKids": kids.filter(|_| owner),
        "containsSyntheticMedia": status.contains_synthetic_media.filter(|_| owner),
    }))
}

fn content(video: &Video, owner: bool) -> Value {
    let film = video.film.filter(|_| video.processing.ended() == Some(&End::Processed));
    let seconds = film.map_or(0, |film| film.duration_ms / 1000);
    let duration = match (seconds / 60, seconds % 60) {
        // The length is not known before the video is processed.
        _ if film.is_none() => "P0D".to_owned(),
        (0, seconds) => format!("PT{seconds}S"),
        (minutes, seconds) => format!("PT{minutes}M{seconds}S"),
    };
    present(&json!({
        "duration": duration,
        "dimension": "2d",
        "definition": if film.is_some_and(|film| film.width.min(film.height) >= 720) { "hd" } else { "sd" },
        "caption": "false",
        "licensedContent": false,
        "contentRating": {},
        "projection": "rectangular",
        "hasCustomThumbnail": owner.then_some(video.thumbnail.is_some()),
    }))
}

fn processing(state: &State, video: &Video) -> Value {
    let work = &video.processing;
    let (word, reason) = match work.ended() {
        None => ("processing", None),
        Some(End::Processed) => ("succeeded", None),
        Some(End::Failed { processing_reason, .. }) => ("failed", Some(*processing_reason)),
        Some(End::Rejected(_) | End::Deleted) => ("terminated", None),
    };
    let available = if word == "processing" { "inProgress" } else { "available" };
    let progress = (word == "processing").then(|| {
        let (done, total, left_ms) = work.progress(state.now());
        json!({"partsTotal": total.to_string(), "partsProcessed": done.to_string(), "timeLeftMs": left_ms.to_string()})
    });
    present(&json!({
        "processingStatus": word,
        "processingProgress": progress,
        "processingFailureReason": reason,
        "fileDetailsAvailability": "available",
        "processingIssuesAvailability": available,
        "tagSuggestionsAvailability": available,
        "editorSuggestionsAvailability": available,
        "thumbnailsAvailability": available,
    }))
}

fn statistics(state: &State, video: &Video) -> Value {
    let comments = state.post(Platform::Youtube, &video.id).map_or(0, |post| post.comments.len());
    json!({"viewCount": "0", "likeCount": "0", "favoriteCount": "0", "commentCount": comments.to_string()})
}

fn localizations(video: &Video) -> Value {
    let all = video.resource.localizations.iter().flatten();
    let shown = all.map(|(code, words)| {
        (code.clone(), json!({"title": words.title, "description": words.description.clone().unwrap_or_default()}))
    });
    Value::Object(shown.collect())
}
