//! Stories of photos, and the list of all stories.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::errors::GraphError;
use super::lists::{Item, check_readable, indexed_until, list};
use super::posts::{check_page, insert};
use super::{Ask, Outcome, fields, photos};
use crate::call::Answer;
use crate::state::{Platform, Post, State};

const STORY_FIELDS: &[&str] = &["post_id", "status", "creation_time", "media_type", "media_id", "url"];
const VISIBLE_FOR: TimeDelta = TimeDelta::hours(24);

/// `POST /{page}/photo_stories`: an unpublished photo becomes a story of one frame.
pub(crate) fn photo(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_page(state, ask)?;
    let required = || GraphError::parameter("(#100) The parameter photo_id is required");
    let photo_id = ask.params.text("photo_id").ok_or_else(required)?;
    photos::check_unused(state, ask, std::slice::from_ref(&photo_id))?;
    let id = state.next_object_id();
    let post = Post { media: vec![photo_id], ..Post::new(Platform::Facebook, &ask.page_id, id.clone(), "story", state.now()) };
    insert(state, post);
    Ok(Answer::json(200, &json!({"success": true, "post_id": id})))
}

/// `GET /{page}/stories`, newest first.
pub(crate) fn stories(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_readable(state, ask)?;
    // The guides write the list without quotes, as in `[PUBLISHED]`.
    let wanted = ask.params.text("status").unwrap_or_default().to_ascii_uppercase().replace(['[', ']', '"', ' '], "");
    let wanted: Vec<&str> = wanted.split(',').filter(|word| !word.is_empty()).collect();
    if wanted.iter().any(|word| !matches!(*word, "PUBLISHED" | "ARCHIVED")) {
        return Err(GraphError::parameter("(#100) Param status must be one of {ARCHIVED, PUBLISHED}"));
    }
    let (now, until) = (state.now(), indexed_until(state));
    let archive = state.settings.facebook.story_archive;
    let status = |post: &Post| if now - post.created_at < VISIBLE_FOR { "PUBLISHED" } else { "ARCHIVED" };
    let listed = |post: &&Post| {
        let status = status(post);
        let own = post.platform == Platform::Facebook && post.account_id == ask.id && post.kind == "story";
        let readable = post.created_at <= until && (archive || status == "PUBLISHED");
        own && readable && (wanted.is_empty() || wanted.contains(&status))
    };
    let posts = state.posts.iter().filter(listed);
    let items = posts.map(|post| Item::new(&post.id, post.created_at, story_json(state, post, status(post)))).collect();
    let fields = ask.params.text("fields").map(|text| fields::parse(&text)).transpose()?;
    list(state, ask, "stories", Item::newest_first(items), &|object| match &fields {
        Some(fields) => fields::project(object, fields, STORY_FIELDS),
        None => Ok(object.clone()),
    })
}

fn story_json(state: &State, post: &Post, status: &str) -> Value {
    let media = post.media.first().and_then(|id| state.media.get(id));
    let film = media.is_some_and(|media| media.content_type.starts_with("video/"));
    json!({
        "post_id": post.id,
        "status": status,
        "creation_time": post.created_at.timestamp().to_string(),
        "media_type": if film { "video" } else { "photo" },
        "media_id": post.media.first(),
        "url": super::permalink(state, post),
    })
}
