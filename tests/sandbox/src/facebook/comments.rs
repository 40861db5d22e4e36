//! Comments of the Page: below posts, photos, films and other comments.

use serde_json::{Value, json};

use super::errors::GraphError;
use super::lists::{Item, indexed_until, list};
use super::posts::check_message;
use super::reads::time;
use super::{Ask, Outcome, fields};
use crate::call::Answer;
use crate::samples::fetch;
use crate::state::{Comment, Platform, Post, State};

pub(super) const COMMENT_FIELDS: &[&str] = &[
    "id",
    "from",
    "message",
    "created_time",
    "parent",
    "can_reply_privately",
    "is_hidden",
    "permalink_url",
    "attachment",
    "can_remove",
    "can_hide",
    "comment_count",
    "like_count",
    "object",
];

/// What is known of a comment besides what every platform has.
#[derive(Default)]
pub(crate) struct Remark {
    /// The comment that it answers.
    parent: Option<String>,
    hidden: bool,
    /// Address or id of what hangs on it.
    attachment: Option<String>,
}

/// Where a comment goes: the post, and the comment that it answers.
struct Place {
    post_id: String,
    parent: Option<String>,
    /// The first half of ids of comments there.
    prefix: String,
}

/// Finds what has comments: a visible post, something that sits in one, or a comment.
fn place(state: &State, ask: &Ask<'_>) -> Option<Place> {
    let visible = |post: &&Post| post.platform == Platform::Facebook && post.published && post.account_id == ask.page_id;
    if let Some(post) = state.posts.iter().filter(visible).find(|post| post.id == ask.id) {
        let own = ask.id.split_once('_').map_or(ask.id.as_str(), |(_, own)| own);
        return Some(Place { post_id: post.id.clone(), parent: None, prefix: own.to_owned() });
    }
    if let Some(media) = state.own_media(Platform::Facebook, &ask.page_id, &ask.id) {
        let post_id = media.post_id.clone()?;
        return Some(Place { post_id, parent: None, prefix: ask.id.clone() });
    }
    let has = |post: &&Post| post.comments.iter().any(|comment| comment.id == ask.id);
    let post = state.posts.iter().filter(visible).find(has)?;
    let (prefix, _) = ask.id.split_once('_')?;
    Some(Place { post_id: post.id.clone(), parent: Some(ask.id.clone()), prefix: prefix.to_owned() })
}

/// `POST /{post|comment|photo|video}/comments`.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if ask.person {
        return Err(GraphError::comment_as_user());
    }
    ask.needs("pages_manage_engagement")?;
    let place = place(state, ask).ok_or_else(|| GraphError::unknown_object("post", &ask.id))?;
    let message = ask.params.text("message").unwrap_or_default();
    check_message(&message)?;
    let attachment = attachment(state, ask)?;
    if message.trim().is_empty() && attachment.is_none() {
        return Err(GraphError::parameter("(#100) A comment needs a message or an attachment"));
    }
    let id = format!("{}_{}", place.prefix, state.next_object_id());
    let comment = Comment { id: id.clone(), account_id: ask.page_id.clone(), text: message, created_at: state.now() };
    state.facebook.remarks.insert(id.clone(), Remark { parent: place.parent, hidden: false, attachment });
    if let Some(post) = state.posts.iter_mut().find(|post| post.id == place.post_id) {
        post.comments.push(comment.clone());
    }
    let body = match ask.params.text("fields") {
        Some(text) => fields::project(&json(state, &comment), &fields::parse(&text)?, COMMENT_FIELDS)?,
        None => json!({"id": id}),
    };
    Ok(Answer::json(200, &body))
}

fn attachment(state: &State, ask: &Ask<'_>) -> Result<Option<String>, GraphError> {
    if let Some(id) = ask.params.text("attachment_id") {
        let own = state.own_media(Platform::Facebook, &ask.page_id, &id).is_some();
        return if own { Ok(Some(id)) } else { Err(GraphError::parameter("(#100) Invalid attachment_id")) };
    }
    if let Some(url) = ask.params.text("attachment_url") {
        fetch(state, &url).ok_or_else(GraphError::not_fetchable)?;
        return Ok(Some(url));
    }
    Ok(ask.params.text("attachment_share_url"))
}

/// `GET /{object}/comments`.
pub(crate) fn read(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.needs("pages_read_engagement")?;
    let place = place(state, ask).ok_or_else(|| GraphError::unknown_object("get", &ask.id))?;
    let everything = match ask.params.text("filter").as_deref() {
        None | Some("toplevel") => false,
        Some("stream") => true,
        Some(_) => return Err(GraphError::parameter("(#100) Param filter must be one of {TOPLEVEL, STREAM}")),
    };
    let newest_first = match ask.params.text("order").as_deref() {
        None | Some("chronological") => false,
        Some("reverse_chronological") => true,
        Some(_) => return Err(GraphError::parameter("(#100) Param order must be one of {CHRONOLOGICAL, REVERSE_CHRONOLOGICAL}")),
    };
    let until = indexed_until(state);
    let parent = |comment: &Comment| state.facebook.remarks.get(&comment.id).and_then(|remark| remark.parent.clone());
    let listed = |comment: &&Comment| {
        let parent = parent(comment);
        comment.created_at <= until && (parent == place.parent || everything && place.parent.is_none())
    };
    let comments = state.post(Platform::Facebook, &place.post_id).map(|post| post.comments.as_slice()).unwrap_or_default();
    let items = comments.iter().filter(listed).map(|comment| Item::new(&comment.id, comment.created_at, json(state, comment)));
    let mut items: Vec<Item> = items.collect();
    if newest_first {
        items.reverse();
    }
    let fields = fields::parse(ask.params.text("fields").as_deref().unwrap_or("created_time,from,message,id"))?;
    list(state, ask, "comments", items, &|object| fields::project(object, &fields, COMMENT_FIELDS))
}

/// The Page's comment that a call is about.
pub(super) fn find<'a>(state: &'a State, ask: &Ask<'_>) -> Option<&'a Comment> {
    let posts = state.posts.iter().filter(|post| post.platform == Platform::Facebook && post.account_id == ask.page_id);
    posts.flat_map(|post| &post.comments).find(|comment| comment.id == ask.id)
}

/// `POST /{comment}`: another text, or hide it.
pub(super) fn update(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.needs("pages_manage_engagement")?;
    let (message, hide) = (ask.params.text("message"), ask.params.text("is_hidden"));
    if message.is_none() && hide.is_none() {
        return Err(GraphError::parameter("(#100) Give a message or is_hidden"));
    }
    check_message(message.as_deref().unwrap_or_default())?;
    let hidden = ask.params.flag("is_hidden", false)?;
    if let (Some(_), Some(remark)) = (hide, state.facebook.remarks.get_mut(&ask.id)) {
        remark.hidden = hidden;
    }
    let comments = state.posts.iter_mut().flat_map(|post| &mut post.comments);
    if let (Some(text), Some(comment)) = (message, comments.into_iter().find(|comment| comment.id == ask.id)) {
        comment.text = text;
    }
    Ok(Answer::json(200, &json!({"success": true})))
}

/// `DELETE /{comment}`, with what answers it.
pub(super) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.needs("pages_manage_engagement")?;
    let remarks = &state.facebook.remarks;
    let gone = |id: &str| id == ask.id || remarks.get(id).is_some_and(|remark| remark.parent.as_deref() == Some(&ask.id));
    for post in state.posts.iter_mut().filter(|post| post.platform == Platform::Facebook) {
        post.comments.retain(|comment| !gone(&comment.id));
    }
    state.facebook.remarks.remove(&ask.id);
    Ok(Answer::json(200, &json!({"success": true})))
}

/// A comment as the Graph API shows it.
pub(super) fn json(state: &State, comment: &Comment) -> Value {
    let page = state.account(Platform::Facebook, &comment.account_id);
    let remark = state.facebook.remarks.get(&comment.id);
    let answers = state.facebook.remarks.values().filter(|other| other.parent.as_ref() == Some(&comment.id)).count();
    let attachment = remark.and_then(|remark| remark.attachment.as_ref());
    json!({
        "id": comment.id,
        "from": {"id": comment.account_id, "name": page.map(|page| page.name.as_str())},
        "message": comment.text,
        "created_time": time(comment.created_at),
        "parent": remark.and_then(|remark| remark.parent.as_ref()).map(|id| json!({"id": id})),
        // A Page cannot write privately to itself.
        "can_reply_privately": false,
        "is_hidden": remark.is_some_and(|remark| remark.hidden),
        "can_remove": true,
        "can_hide": true,
        "permalink_url": format!("{}/{}", state.public_url, comment.id),
        "attachment": attachment.map(|target| json!({"type": "photo", "url": target})),
        "comment_count": answers,
        "like_count": 0,
        "object": {"id": comment.id.split('_').next()},
    })
}
