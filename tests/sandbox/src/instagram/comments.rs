//! Comments below media, and replies to them.

use serde_json::{Value, json};

use super::check;
use super::errors::Refusal;
use super::fields::{self, Shape};
use super::list::{self, Item, Listing};
use super::memory::Thread;
use super::routes::{Ask, Outcome};
use crate::call::Answer;
use crate::state::{Comment, Platform, Post, State};

const FIELDS: &[&str] = &["id", "text", "timestamp", "username", "from", "parent_id", "hidden", "like_count", "media", "user"];
const REPLY: Shape = Shape { fields: FIELDS, edges: &[] };
/// What a comment can show.
pub(super) const COMMENT: Shape = Shape { fields: FIELDS, edges: &[("replies", &REPLY, DEFAULT)] };
const DEFAULT: &str = "timestamp,text,id";

fn own_post<'a>(state: &'a State, ask: &Ask<'_>, method: &str, id: &str) -> Result<&'a Post, Refusal> {
    let post = state.post(Platform::Instagram, id).filter(|post| post.account_id == ask.account.id);
    post.ok_or_else(|| Refusal::unknown_object(method, id))
}

/// Where a comment below the account's own media stands.
fn own_thread(state: &State, ask: &Ask<'_>, method: &str) -> Result<Thread, Refusal> {
    let thread = state.instagram.comments.get(&ask.id).ok_or_else(|| Refusal::unknown_object(method, &ask.id))?;
    own_post(state, ask, method, &thread.media_id).map_err(|_| Refusal::unknown_object(method, &ask.id))?;
    Ok(thread.clone())
}

/// `POST /{ig-media}/comments`.
pub(super) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let post = own_post(state, ask, "post", &ask.id)?;
    if post.kind == "story" {
        return Err(Refusal::unknown_object("post", &ask.id));
    }
    let media_id = post.id.clone();
    add(state, ask, media_id, None)
}

/// `POST /{ig-comment}/replies`.
pub(super) fn reply(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let thread = own_thread(state, ask, "post")?;
    // Replies to a reply stand below the same comment.
    let parent = thread.parent_id.unwrap_or_else(|| ask.id.clone());
    add(state, ask, thread.media_id, Some(parent))
}

fn add(state: &mut State, ask: &Ask<'_>, media_id: String, parent_id: Option<String>) -> Outcome {
    let text = ask.params.text("message").ok_or_else(|| Refusal::required("message"))?;
    if state.instagram.closed.contains(&media_id) {
        return Err(Refusal::parameter("Comments are turned off for this media"));
    }
    let id = (17_870_000_000_000_000 + state.next_number()).to_string();
    let comment = Comment { id: id.clone(), account_id: ask.account.id.clone(), text, created_at: state.now() };
    if let Some(post) = post_mut(state, &media_id) {
        post.comments.push(comment);
    }
    state.instagram.comments.insert(id.clone(), Thread { media_id, parent_id, hidden: false });
    let wanted = fields::wanted(&ask.params, "id")?;
    let object = find(state, ask, &id).unwrap_or_else(|| json!({"id": id}));
    Ok(Answer::json(200, &fields::project(&object, &wanted, &COMMENT)?))
}

fn post_mut<'a>(state: &'a mut State, id: &str) -> Option<&'a mut Post> {
    state.posts.iter_mut().find(|post| post.platform == Platform::Instagram && post.id == id)
}

/// The object of a comment below the account's own media.
pub(super) fn find(state: &State, ask: &Ask<'_>, id: &str) -> Option<Value> {
    let thread = state.instagram.comments.get(id)?;
    let post = own_post(state, ask, "get", &thread.media_id).ok()?;
    let comment = post.comments.iter().find(|comment| comment.id == id)?;
    Some(comment_json(state, post, comment))
}

/// The comments of a post that reply to `parent_id`, oldest first.
pub(super) fn below(state: &State, post: &Post, parent_id: Option<&str>) -> Vec<Value> {
    let here = |comment: &&Comment| {
        let thread = state.instagram.comments.get(&comment.id);
        thread.is_some_and(|thread| thread.parent_id.as_deref() == parent_id)
    };
    post.comments.iter().filter(here).map(|comment| comment_json(state, post, comment)).collect()
}

fn comment_json(state: &State, post: &Post, comment: &Comment) -> Value {
    let account = state.account(Platform::Instagram, &comment.account_id);
    let username = account.map(|account| account.username.as_str());
    let thread = state.instagram.comments.get(&comment.id);
    let parent_id = thread.and_then(|thread| thread.parent_id.as_deref());
    // Replies have none of their own, which also ends the recursion.
    let replies = if parent_id.is_none() { below(state, post, Some(&comment.id)) } else { Vec::new() };
    json!({
        "id": comment.id,
        "text": comment.text,
        "timestamp": list::timestamp(comment.created_at),
        "username": username,
        "from": {"id": comment.account_id, "username": username},
        "user": {"id": comment.account_id},
        "media": {"id": post.id},
        "parent_id": parent_id,
        "hidden": thread.is_some_and(|thread| thread.hidden),
        "like_count": 0,
        "replies": (!replies.is_empty()).then(|| json!({"data": replies})),
    })
}

/// `GET /{ig-media}/comments`, newest first.
pub(super) fn list(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let post = own_post(state, ask, "get", &ask.id)?;
    let listing = Listing { edge: "comments", shape: &COMMENT, default: DEFAULT };
    list::answer_newest_first(state, ask, items(state, post, None), &listing)
}

/// `GET /{ig-comment}/replies`, newest first.
pub(super) fn list_replies(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let thread = own_thread(state, ask, "get")?;
    let post = own_post(state, ask, "get", &thread.media_id)?;
    let listing = Listing { edge: "replies", shape: &REPLY, default: DEFAULT };
    list::answer_newest_first(state, ask, items(state, post, Some(&ask.id)), &listing)
}

fn items(state: &State, post: &Post, parent_id: Option<&str>) -> Vec<Item> {
    let at = |object: &Value| {
        let comment = post.comments.iter().find(|comment| object["id"] == comment.id.as_str());
        comment.map_or(post.created_at, |comment| comment.created_at)
    };
    let objects = below(state, post, parent_id).into_iter();
    objects.map(|object| Item { at: at(&object), object }).collect()
}

/// `POST /{ig-comment}` hides or shows it; `POST /{ig-media}` opens or closes the comments below.
pub(super) fn update(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if own_thread(state, ask, "post").is_ok() {
        ask.params.text("hide").ok_or_else(|| Refusal::required("hide"))?;
        let hidden = check::flag(&ask.params, "hide")?;
        if let Some(thread) = state.instagram.comments.get_mut(&ask.id) {
            thread.hidden = hidden;
        }
        return success();
    }
    own_post(state, ask, "post", &ask.id)?;
    ask.params.text("comment_enabled").ok_or_else(|| Refusal::required("comment_enabled"))?;
    if check::flag(&ask.params, "comment_enabled")? {
        state.instagram.closed.remove(&ask.id);
    } else {
        state.instagram.closed.insert(ask.id.clone());
    }
    success()
}

/// `DELETE /{ig-comment}`. Media cannot be deleted, so anything else is refused as unsupported.
pub(super) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let thread = own_thread(state, ask, "delete")?;
    let gone = |id: &str, thread: &Thread| id == ask.id || thread.parent_id.as_deref() == Some(&ask.id);
    let ids: Vec<String> =
        state.instagram.comments.iter().filter(|(id, thread)| gone(id, thread)).map(|(id, _)| id.clone()).collect();
    if let Some(post) = post_mut(state, &thread.media_id) {
        post.comments.retain(|comment| !ids.contains(&comment.id));
    }
    state.instagram.comments.retain(|id, _| !ids.contains(id));
    success()
}

fn success() -> Outcome {
    Ok(Answer::json(200, &json!({"success": true})))
}
