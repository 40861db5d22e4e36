//! `commentThreads.insert` and `commentThreads.list`: comments below a video.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::ask::{Ask, Terms, etag, missing};
use super::library::{self, Video};
use super::quota::Cost;
use super::{Outcome, auth, errors, fields, show};
use crate::call::Answer;
use crate::control::made_up;
use crate::state::{Comment, Platform, State};

const PARTS: &[&str] = &["replies", "snippet"];
const LONGEST_TEXT: usize = 10_000;

/// Terms of [`insert`].
pub(crate) const INSERT: Terms = Terms { scopes: auth::COMMENT, cost: Cost::Units(50), parameters: &["part"] };
/// Terms of [`list`].
pub(crate) const LIST: Terms = Terms {
    scopes: auth::COMMENT,
    cost: Cost::Units(1),
    parameters: &["part", "videoId", "id", "maxResults", "order", "pageToken", "searchTerms", "textFormat"],
};

/// A video that the caller may see.
fn seen<'a>(state: &'a State, ask: &Ask<'_>, id: &str) -> Result<&'a Video, Answer> {
    let video = library::find(state, id).filter(|video| video.visible_to(&ask.account.id));
    video.ok_or_else(|| errors::named("404/videoNotFound"))
}

/// `POST /youtube/v3/commentThreads?part=snippet`.
pub(crate) fn insert(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let parts = ask.parts(PARTS)?;
    if ask.account.variant == "no_channel" {
        return Err(errors::named("401/youtubeSignupRequired"));
    }
    let body = ask.body()?;
    fields::check(body, fields::COMMENT_THREAD)?;
    let video_id = body.pointer("/snippet/videoId").and_then(Value::as_str).ok_or_else(|| missing("snippet.videoId"))?;
    let text = body.pointer("/snippet/topLevelComment/snippet/textOriginal").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(errors::named("400/commentTextRequired"));
    }
    if text.chars().count() > LONGEST_TEXT {
        return Err(errors::named("400/commentTextTooLong"));
    }
    let video = seen(state, ask, video_id)?;
    let for_kids = video.resource.status.as_ref().is_some_and(|status| status.self_declared_made_for_kids == Some(true));
    if for_kids || video.resource.privacy() == "private" {
        return Err(errors::named("403/commentsDisabled"));
    }
    let id = format!("Ug{}", &made_up("comment", &state.next_number().to_string())[..24]);
    let comment = Comment { id, account_id: ask.account.id.clone(), text: text.to_owned(), created_at: state.now() };
    let shown = thread(state, video_id, &comment, &parts);
    let posts = state.posts.iter_mut().filter(|post| post.platform == Platform::Youtube);
    posts.filter(|post| post.id == video_id).for_each(|post| post.comments.push(comment.clone()));
    Ok(Answer::json(200, &shown))
}

/// `GET /youtube/v3/commentThreads?part=snippet&videoId=…`, newest first.
pub(crate) fn list(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let parts = ask.parts(PARTS)?;
    let ids = ask.list("id");
    let videos = match ask.value("videoId") {
        Some(id) => vec![seen(state, ask, id)?],
        None if ids.is_empty() => {
            let message = "No filter selected. Expected one of: videoId, id";
            return Err(errors::parameter("400/missingRequiredParameter", "parameters.", message));
        }
        None => state.youtube.videos.iter().filter(|video| video.visible_to(&ask.account.id)).collect(),
    };
    let until = state.now() - TimeDelta::seconds(state.settings.youtube.index_lag_seconds);
    let words = ask.value("searchTerms").unwrap_or_default();
    let mut items = Vec::new();
    for video in videos {
        let comments = state.post(Platform::Youtube, &video.id).map(|post| post.comments.as_slice()).unwrap_or_default();
        let listed = comments.iter().rev().filter(|comment| {
            (ids.is_empty() || ids.contains(&comment.id.as_str())) && comment.created_at <= until && comment.text.contains(words)
        });
        items.extend(listed.map(|comment| thread(state, &video.id, comment, &parts)));
    }
    ask.page("youtube#commentThreadListResponse", &items, (20, 100))
}

fn thread(state: &State, video_id: &str, comment: &Comment, parts: &[String]) -> Value {
    let mut body = json!({
        "kind": "youtube#commentThread",
        "etag": etag(&format!("thread {}", comment.id)),
        "id": comment.id,
    });
    if !parts.iter().any(|part| part == "snippet") {
        return body;
    }
    let channel_id = library::find(state, video_id).map(|video| video.channel_id.clone());
    let author = state.account(Platform::Youtube, &comment.account_id);
    let handle = author.map(|author| format!("@{}", author.username)).unwrap_or_default();
    let written_at = show::instant(comment.created_at);
    let top = json!({
        "kind": "youtube#comment",
        "etag": etag(&comment.id),
        "id": comment.id,
        "snippet": {
            "channelId": channel_id,
            "videoId": video_id,
            "textDisplay": comment.text,
            "textOriginal": comment.text,
            "authorDisplayName": handle,
            "authorProfileImageUrl": format!("{}/ytc/{}=s48", state.public_url, comment.account_id),
            "authorChannelUrl": format!("{}/{handle}", state.public_url),
            "authorChannelId": {"value": comment.account_id},
            "canRate": true,
            "viewerRating": "none",
            "likeCount": 0,
            "publishedAt": written_at,
            "updatedAt": written_at,
        },
    });
    body["snippet"] = json!({
        "channelId": channel_id,
        "videoId": video_id,
        "topLevelComment": top,
        "canReply": true,
        "totalReplyCount": 0,
        "isPublic": true,
    });
    body
}
