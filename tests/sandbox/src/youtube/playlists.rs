//! `playlistItems.list` and `playlistItems.insert`: the uploads of a channel, and its one list of favourites.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::ask::{Ask, Terms, etag, missing};
use super::library::{self, Video};
use super::quota::Cost;
use super::{Outcome, auth, errors, fields, show};
use crate::call::Answer;
use crate::state::{Account, Platform, State};

const PARTS: &[&str] = &["contentDetails", "snippet", "status"];

/// Terms of [`list`].
pub(crate) const LIST: Terms = Terms {
    scopes: auth::READ,
    cost: Cost::Units(1),
    parameters: &["part", "playlistId", "id", "videoId", "maxResults", "pageToken"],
};
/// Terms of [`insert`].
pub(crate) const INSERT: Terms = Terms { scopes: auth::MANAGE, cost: Cost::Units(50), parameters: &["part"] };

/// An entry that somebody put into an ordinary playlist.
#[derive(Clone, Debug)]
pub(super) struct Item {
    playlist_id: String,
    pub(super) video_id: String,
    added_at: DateTime<Utc>,
}

/// The id of a channel without the letters that say it is one.
fn stem(channel_id: &str) -> &str {
    channel_id.strip_prefix("UC").unwrap_or(channel_id)
}

/// The playlist of everything that a channel has uploaded.
pub(super) fn uploads_of(channel_id: &str) -> String {
    format!("UU{}", stem(channel_id))
}

/// The channel that a playlist belongs to, and whether it is the one of its uploads. Each channel has one more, `PL…`.
fn owner<'a>(state: &'a State, playlist_id: &str) -> Option<(&'a Account, bool)> {
    let (kind, rest) = playlist_id.split_at_checked(2)?;
    let mut channels = state.accounts.iter().filter(|account| account.platform == Platform::Youtube);
    let account = channels.find(|account| stem(&account.id) == rest && account.variant != "no_channel")?;
    matches!(kind, "UU" | "PL").then_some((account, kind == "UU"))
}

/// `GET /youtube/v3/playlistItems?part=…&playlistId=…`, newest uploads first.
pub(crate) fn list(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let parts = ask.parts(PARTS)?;
    let Some(playlist_id) = ask.value("playlistId") else {
        let message = "No filter selected. Expected one of: playlistId";
        return Err(errors::parameter("400/missingRequiredParameter", "parameters.", message));
    };
    let (channel, uploads) = owner(state, playlist_id).ok_or_else(|| errors::named("404/playlistNotFound"))?;
    let entries = if uploads { uploaded(state, channel, ask) } else { added(state, playlist_id, ask) };
    let wanted = ask.value("videoId");
    let entries = (0..).zip(entries).filter(|(_, (video, _))| wanted.is_none_or(|id| id == video.id));
    let items: Vec<Value> = entries
        .map(|(position, (video, added_at))| {
            let entry = Entry { playlist_id, channel, video, position, added_at };
            item(state, &entry, &parts)
        })
        .collect();
    ask.page("youtube#playlistItemListResponse", &items, (5, 50))
}

/// The uploads that the index knows and the caller may see.
fn uploaded<'a>(state: &'a State, channel: &Account, ask: &Ask<'_>) -> Vec<(&'a Video, DateTime<Utc>)> {
    let until = state.now() - TimeDelta::seconds(state.settings.youtube.index_lag_seconds);
    let owner = channel.id == ask.account.id;
    let listed = |video: &&Video| {
        let seen = owner || video.resource.privacy() == "public" && video.processing.stands();
        video.channel_id == channel.id && video.created_at <= until && seen
    };
    let mut videos: Vec<_> = state.youtube.videos.iter().rev().filter(listed).collect();
    videos.sort_by_key(|video| std::cmp::Reverse(video.created_at));
    videos.into_iter().map(|video| (video, video.published_at)).collect()
}

/// The entries of an ordinary playlist, in the order they were added.
fn added<'a>(state: &'a State, playlist_id: &str, ask: &Ask<'_>) -> Vec<(&'a Video, DateTime<Utc>)> {
    let items = state.youtube.playlist_items.iter().filter(|item| item.playlist_id == playlist_id);
    let videos = items.filter_map(|item| Some((library::find(state, &item.video_id)?, item.added_at)));
    videos.filter(|(video, _)| video.visible_to(&ask.account.id)).collect()
}

/// An entry at its place in a playlist.
struct Entry<'a> {
    playlist_id: &'a str,
    channel: &'a Account,
    video: &'a Video,
    position: usize,
    added_at: DateTime<Utc>,
}

fn item(state: &State, entry: &Entry<'_>, parts: &[String]) -> Value {
    let Entry { playlist_id, channel, video, position, added_at } = entry;
    let id = STANDARD_NO_PAD.encode(format!("{playlist_id}.{}", video.id));
    let mut body = json!({"kind": "youtube#playlistItem", "id": id});
    let snippet = video.snippet();
    for part in parts {
        let shown = match part.as_str() {
            "snippet" => json!({
                "publishedAt": show::instant(*added_at),
                "channelId": channel.id,
                "title": snippet.title,
                "description": snippet.description.clone().unwrap_or_default(),
                "thumbnails": show::thumbnails(state, video),
                "channelTitle": channel.name,
                "playlistId": playlist_id,
                "position": position,
                "resourceId": {"kind": "youtube#video", "videoId": video.id},
                "videoOwnerChannelTitle": show::channel_title(state, &video.channel_id),
                "videoOwnerChannelId": video.channel_id,
            }),
            "contentDetails" => {
                json!({"videoId": video.id, "videoPublishedAt": show::instant(video.published_at)})
            }
            "status" => json!({"privacyStatus": video.resource.privacy()}),
            _ => continue,
        };
        body[part.as_str()] = shown;
    }
    body["etag"] = json!(etag(&body.to_string()));
    body
}

/// `POST /youtube/v3/playlistItems?part=snippet`.
pub(crate) fn insert(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let parts = ask.parts(PARTS)?;
    let body = ask.body()?;
    fields::check(body, fields::PLAYLIST_ITEM)?;
    let text = |place: &str, name: &str| body.pointer(place).and_then(Value::as_str).ok_or_else(|| missing(name));
    let playlist_id = text("/snippet/playlistId", "snippet.playlistId")?;
    let video_id = text("/snippet/resourceId/videoId", "snippet.resourceId.videoId")?;
    if text("/snippet/resourceId/kind", "snippet.resourceId.kind")? != "youtube#video" {
        return Err(errors::parameter("400/invalidParameter", "snippet.resourceId.kind", "Invalid resource id"));
    }
    let (channel, uploads) = owner(state, playlist_id).ok_or_else(|| errors::named("404/playlistNotFound"))?;
    if channel.id != ask.account.id || uploads {
        return Err(errors::named("403/playlistItemsNotAccessible"));
    }
    let video = library::find(state, video_id).filter(|video| video.visible_to(&ask.account.id));
    let video = video.ok_or_else(|| errors::named("404/videoNotFound"))?;
    let added_at = state.now();
    let position = state.youtube.playlist_items.iter().filter(|item| item.playlist_id == playlist_id).count();
    let shown = item(state, &Entry { playlist_id, channel, video, position, added_at }, &parts);
    let item = Item { playlist_id: playlist_id.to_owned(), video_id: video_id.to_owned(), added_at };
    state.youtube.playlist_items.push(item);
    Ok(Answer::json(200, &shown))
}
