//! `thumbnails.set`: a picture of one's own for a video.

use chrono::{DateTime, TimeDelta, Utc};
use poem::http::header;
use serde_json::json;

use super::ask::{Ask, Terms, etag};
use super::quota::Cost;
use super::uploads::too_large;
use super::{Outcome, auth, errors, library, show};
use crate::call::Answer;
use crate::image::ImageType;
use crate::state::{Media, Platform, State};

const LARGEST_BYTES: u64 = 52_428_800;

/// Terms of [`set`].
pub(crate) const SET: Terms = Terms { scopes: auth::UPLOAD, cost: Cost::Units(50), parameters: &["videoId"] };

/// One accepted thumbnail, for the hourly limit.
pub(super) struct Sent {
    account_id: String,
    at: DateTime<Utc>,
}

/// `POST /upload/youtube/v3/thumbnails/set?videoId=…&uploadType=media`.
pub(crate) fn set(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = ask.required("videoId")?.to_owned();
    if ask.value("uploadType") != Some("media") {
        return Err(errors::named("400/mediaBodyRequired"));
    }
    let video = library::own(state, &ask.account, &id)?;
    // A Short takes a thumbnail only once it is processed; a channel without a verified telephone never does.
    let early = video.film.is_some_and(|film| film.is_short()) && video.processing.ended().is_none();
    if early || ask.account.variant == "unverified" {
        let message = "The thumbnail can't be set for the specified video. The request might not be properly authorized.";
        return Err(errors::worded("403/forbidden", message));
    }
    check_image(ask)?;
    check_limit(state, ask)?;
    let file = ask.call.raw().cloned().unwrap_or_default();
    let (now, serial) = (state.now(), state.next_number());
    let mut media = Media::new(Platform::Youtube, &ask.account.id, format!("{id}-thumbnail-{serial}"), file, now);
    media.post_id = Some(id.clone());
    let thumbnail = media.id.clone();
    state.media.insert(thumbnail.clone(), media);
    state.youtube.thumbnails.push(Sent { account_id: ask.account.id.clone(), at: now });
    let old = library::own(state, &ask.account, &id)?.thumbnail.replace(thumbnail);
    old.and_then(|old| state.media.remove(&old));
    library::catch_up(state);
    let video = library::find(state, &id).ok_or_else(|| errors::named("404/videoNotFound"))?;
    let previews = show::thumbnails(state, video);
    let tag = etag(&previews.to_string());
    Ok(Answer::json(200, &json!({"kind": "youtube#thumbnailSetResponse", "etag": tag, "items": [previews]})))
}

/// The picture must be one of the two types, by its bytes as by its name.
fn check_image(ask: &Ask<'_>) -> Result<(), Answer> {
    let file = ask.call.raw().filter(|file| file.length() > 0).ok_or_else(|| errors::named("400/mediaBodyRequired"))?;
    if file.length() > LARGEST_BYTES {
        return Err(errors::worded("413/uploadTooLarge", &too_large(LARGEST_BYTES)));
    }
    let claimed = ask.call.header(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let accepted = ["image/jpeg", "image/png", "application/octet-stream"];
    if !accepted.iter().any(|kind| claimed.starts_with(kind)) {
        let message = format!("Media type '{claimed}' is not supported. Valid media types: [{}]", accepted.join(", "));
        return Err(errors::worded("400/badRequest", &message));
    }
    match ImageType::of(file.kept()) {
        Some(ImageType::Jpeg | ImageType::Png) => Ok(()),
        Some(_) => Err(errors::named("400/imageFormatUnsupported")),
        None => Err(errors::named("400/invalidImage")),
    }
}

fn check_limit(state: &mut State, ask: &Ask<'_>) -> Result<(), Answer> {
    let (limit, since) = (state.settings.youtube.channel_hourly_thumbnails, state.now() - TimeDelta::hours(1));
    state.youtube.thumbnails.retain(|sent| sent.at > since);
    let count = state.youtube.thumbnails.iter().filter(|sent| sent.account_id == ask.account.id).count();
    if state.settings.rate_limits && limit > 0 && count >= limit {
        return Err(errors::named("429/uploadRateLimitExceeded"));
    }
    Ok(())
}
