//! `videos.list`, `videos.update` and `videos.delete`.

use serde_json::Value;

use super::ask::{Ask, Terms, missing};
use super::library::{self, Video};
use super::metadata::{Resource, Status};
use super::quota::Cost;
use super::{Outcome, auth, errors, show};
use crate::call::Answer;
use crate::state::{Platform, State};

const MOST_IDS: usize = 50;

/// Terms of [`list`].
pub(crate) const LIST: Terms =
    Terms { scopes: auth::READ, cost: Cost::Units(1), parameters: &["part", "id", "hl", "maxResults", "pageToken"] };
/// Terms of [`update`].
pub(crate) const UPDATE: Terms = Terms { scopes: auth::MANAGE, cost: Cost::Units(50), parameters: &["part"] };
/// Terms of [`delete`].
pub(crate) const DELETE: Terms = Terms { scopes: auth::MANAGE, cost: Cost::Units(50), parameters: &["id"] };

/// `GET /youtube/v3/videos?part=…&id=…`.
pub(crate) fn list(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let parts = ask.parts(show::PARTS)?;
    let ids = ask.list("id");
    if ids.is_empty() {
        return Err(errors::parameter("400/missingRequiredParameter", "parameters.", "No filter selected. Expected one of: id"));
    }
    if ids.len() > MOST_IDS {
        let message = format!("At most {MOST_IDS} ids can be asked for at once.");
        return Err(errors::parameter("400/invalidParameter", "id", &message));
    }
    let asks_for = |part: &&str| parts.iter().any(|asked| asked == part);
    let owner = ask.account.id.as_str();
    let wanted = |video: &Video| ids.contains(&video.id.as_str()) && video.visible_to(owner);
    let secret = show::OWNERS_PARTS.iter().any(asks_for);
    if secret && state.youtube.videos.iter().any(|video| wanted(video) && video.channel_id != owner) {
        return Err(errors::named("403/forbidden"));
    }
    if asks_for(&"status") || asks_for(&"processingDetails") {
        let own = state.youtube.videos.iter_mut().filter(|video| wanted(video) && video.channel_id == owner);
        own.for_each(|video| video.processing.check());
        library::catch_up(state);
    }
    let found = ids.iter().filter_map(|id| library::find(state, id)).filter(|video| video.visible_to(owner));
    let items: Vec<Value> = found.map(|video| show::video(state, video, &parts, owner)).collect();
    ask.page("youtube#videoListResponse", &items, (MOST_IDS, MOST_IDS))
}

/// `PUT /youtube/v3/videos?part=…`: every named part is replaced as a whole.
pub(crate) fn update(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let parts = ask.parts(show::PARTS)?;
    let body = ask.body()?;
    let resource = Resource::read(body, &parts)?;
    let id = resource.id.clone().ok_or_else(|| missing("id"))?;
    let now = state.now();
    let video = library::own(state, &ask.account, &id)?;
    if let Some(part) = parts.iter().find(|part| matches!(part.as_str(), "snippet" | "status") && body.get(part).is_none()) {
        return Err(errors::worded("400/badRequest", &format!("The body has no {part}, which the part parameter names.")));
    }
    check(video, &resource)?;
    let known = &mut video.resource;
    known.snippet = resource.snippet.or(known.snippet.take());
    known.status = resource.status.or(known.status.take());
    known.localizations = resource.localizations.or(known.localizations.take());
    known.paid_product_placement_details =
        resource.paid_product_placement_details.or(known.paid_product_placement_details.take());
    known.recording_details = resource.recording_details.or(known.recording_details.take());
    if !video.was_published && video.resource.privacy() != "private" {
        video.was_published = true;
        video.published_at = now;
    }
    library::catch_up(state);
    let video = library::find(state, &id).ok_or_else(|| errors::named("404/videoNotFound"))?;
    Ok(Answer::json(200, &show::video(state, video, &parts, &ask.account.id)))
}

fn check(video: &Video, new: &Resource) -> Result<(), Answer> {
    let snippet = new.snippet.as_ref();
    if snippet.is_some_and(|snippet| snippet.category_id.is_none()) {
        return Err(errors::named("400/invalidCategoryId"));
    }
    let language = snippet.map_or_else(|| video.snippet().default_language, |snippet| snippet.default_language.clone());
    new.check(language.as_deref())?;
    let scheduled = |status: &Status| status.publish_at.is_some();
    if video.was_published && new.status.as_ref().is_some_and(scheduled) {
        return Err(errors::named("400/invalidPublishScheduleForVideo"));
    }
    Ok(())
}

/// `DELETE /youtube/v3/videos?id=…`.
pub(crate) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = ask.required("id")?;
    let thumbnail = library::own(state, &ask.account, id)?.thumbnail.clone();
    state.media.remove(id);
    thumbnail.and_then(|thumbnail| state.media.remove(&thumbnail));
    state.youtube.videos.retain(|video| video.id != id);
    state.youtube.playlist_items.retain(|item| item.video_id != id);
    state.posts.retain(|post| post.platform != Platform::Youtube || post.id != id);
    Ok(Answer { status: 204, headers: Vec::new(), body: Vec::new() })
}
