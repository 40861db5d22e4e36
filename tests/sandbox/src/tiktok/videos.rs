//! Reading public posts: the newest of a creator, or some by id.

use std::cmp::Reverse;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::{Ask, Outcome, film, permalink, seconds, success, tasks, users};
use crate::state::{Platform, Post, State};

const DEFAULT_COUNT: u64 = 10;
const LARGEST_COUNT: u64 = 20;
const FIELDS: &[&str] = &[
    "id",
    "create_time",
    "cover_image_url",
    "share_url",
    "video_description",
    "duration",
    "height",
    "width",
    "title",
    "embed_link",
    "like_count",
    "comment_count",
    "share_count",
    "view_count",
];

#[derive(Deserialize)]
struct Page {
    max_count: Option<u64>,
    /// Only posts from before this Unix time in milliseconds.
    cursor: Option<i64>,
}

#[derive(Deserialize)]
struct Query {
    filters: Filters,
}

#[derive(Deserialize)]
struct Filters {
    video_ids: Vec<String>,
}

fn wanted<'a>(ask: &Ask<'a>) -> Result<Vec<&'a str>, Refusal> {
    users::fields(ask, |name| FIELDS.contains(&name))
}

/// The caller's posts that the index knows, newest first.
fn indexed<'a>(state: &'a State, ask: &Ask<'_>) -> Vec<&'a Post> {
    let settings = &state.settings.tiktok;
    let until = state.now() - seconds(settings.public_id_seconds.max(settings.index_lag_seconds));
    let known = |post: &&Post| {
        post.platform == Platform::Tiktok
            && post.account_id == ask.account.id
            && tasks::is_public(post)
            && (settings.lists_photos || post.kind == "video")
            && post.created_at.timestamp() <= until.timestamp()
    };
    let mut posts: Vec<&Post> = state.posts.iter().filter(known).collect();
    posts.sort_by_key(|post| Reverse(post.created_at));
    posts
}

fn video_json(state: &State, post: &Post, fields: &[&str]) -> Value {
    let media = post.media.first().and_then(|id| state.media.get(id));
    let film = media.and_then(|media| film::measure(&media.bytes));
    let link = permalink(state, post);
    let all = json!({
        "id": post.id,
        "create_time": post.created_at.timestamp(),
        "cover_image_url": format!("{}/_sandbox/samples/thumbnail.jpg", state.public_url),
        "share_url": link,
        "video_description": post.text,
        "duration": film.map_or(0, |film| film.seconds),
        "height": film.map_or(0, |film| film.height),
        "width": film.map_or(0, |film| film.width),
        // The caption of a video is all it has; a photo post has a title of its own.
        "title": if post.kind == "images" { post.title.as_deref().unwrap_or_default() } else { &post.text },
        "embed_link": link,
        "like_count": 0,
        "comment_count": 0,
        "share_count": 0,
        "view_count": 0,
    });
    let cut: Map<String, Value> = fields.iter().map(|name| ((*name).to_owned(), all[*name].clone())).collect();
    Value::Object(cut)
}

/// `POST /v2/video/list/`.
pub(crate) fn list(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let fields = wanted(ask)?;
    let Page { max_count, cursor } = ask.body("400/invalid_params")?;
    let count = max_count.unwrap_or(DEFAULT_COUNT);
    if !(1..=LARGEST_COUNT).contains(&count) {
        return Err(Refusal::say("400/invalid_params", "max_count must be between 1 and 20"));
    }
    let before = cursor.filter(|cursor| *cursor > 0);
    let mut posts = indexed(state, ask);
    posts.retain(|post| before.is_none_or(|before| post.created_at.timestamp_millis() < before));
    let has_more = posts.len() as u64 > count;
    posts.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    let next = posts.last().map_or(cursor.unwrap_or(0), |last| last.created_at.timestamp_millis());
    let videos: Vec<Value> = posts.iter().map(|post| video_json(state, post, &fields)).collect();
    Ok(success(state, &json!({"videos": videos, "cursor": next, "has_more": has_more})))
}

/// `POST /v2/video/query/`.
pub(crate) fn query(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let fields = wanted(ask)?;
    let Query { filters: Filters { video_ids } } = ask.body("400/invalid_params")?;
    if video_ids.is_empty() || video_ids.len() as u64 > LARGEST_COUNT {
        return Err(Refusal::say("400/invalid_params", "video_ids must hold 1 to 20 ids"));
    }
    let posts = indexed(state, ask);
    let found = posts.iter().filter(|post| video_ids.contains(&post.id));
    let videos: Vec<Value> = found.map(|post| video_json(state, post, &fields)).collect();
    Ok(success(state, &json!({"videos": videos})))
}
