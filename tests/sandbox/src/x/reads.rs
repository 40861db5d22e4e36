//! Posts on X as they are shown, and the calls that show posts by id.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::fields::{self, wants};
use super::text::{self, Shown};
use super::uploads::Upload;
use super::{Ask, Outcome, errors, is_id, user_json};
use crate::call::Answer;
use crate::image;
use crate::state::{Platform, Post, State};

const MOST_IDS: usize = 100;
const FIELDS: &[&str] = &["tweet.fields", "post.fields"];

/// Keys of a post's media, in order.
fn media_keys(state: &State, post: &Post) -> Vec<String> {
    let key = |id: &String| state.x.uploads.get(id).map_or_else(|| format!("3_{id}"), Upload::media_key);
    post.media.iter().map(key).collect()
}

/// The text of a post the way X gives it back, with the link to its media at the end.
pub(super) fn shown_text(state: &State, post: &Post) -> Shown {
    let keys = media_keys(state, post);
    if keys.is_empty() {
        return text::show(&post.text, &post.id, None);
    }
    let username = state.account(Platform::X, &post.account_id).map_or("i", |account| account.username.as_str());
    let word = if post.kind == "video" { "video" } else { "photo" };
    let link = format!("https://x.com/{username}/status/{}/{word}/1", post.id);
    let mut shown = text::show(&post.text, &post.id, Some(&link));
    // One short link leads to all media, and it is listed once for each of them.
    if let Some(entity) = shown.urls.pop() {
        shown.urls.extend(keys.into_iter().map(|key| {
            let mut entity = entity.clone();
            entity["media_key"] = json!(key);
            entity
        }));
    }
    shown
}

/// A post with the fields a call asks for.
pub(super) fn tweet_json(state: &State, post: &Post, ask: &Ask<'_>) -> Value {
    let wants = |name: &str| wants(ask, FIELDS, name);
    let expands = |name: &str| fields::wants(ask, &["expansions"], name);
    let shown = shown_text(state, post);
    let mut tweet = json!({"id": post.id, "text": shown.text, "edit_history_tweet_ids": [post.id]});
    if wants("created_at") {
        tweet["created_at"] = json!(time(post.created_at));
    }
    if wants("author_id") || expands("author_id") {
        tweet["author_id"] = json!(post.account_id);
    }
    if wants("entities") && !shown.urls.is_empty() {
        tweet["entities"] = json!({"urls": shown.urls});
    }
    if wants("attachments") || expands("attachments.media_keys") || expands("attachments.poll_ids") {
        add_attachments(state, post, &mut tweet);
    }
    if wants("reply_settings") {
        tweet["reply_settings"] = post.extra.get("replySettings").cloned().unwrap_or_else(|| json!("everyone"));
    }
    if wants("paid_partnership") {
        tweet["paid_partnership"] = post.extra.get("paidPartnership").cloned().unwrap_or(Value::Bool(false));
    }
    if wants("conversation_id") {
        tweet["conversation_id"] = json!(conversation(state, post));
    }
    if let Some(parent) = &post.reply_to {
        let reference = json!([{"type": "replied_to", "id": parent}]);
        if wants("referenced_tweets") || expands("referenced_tweets.id") {
            tweet["referenced_tweets"] = reference.clone();
        }
        if wants("referenced_posts") || expands("referenced_posts") {
            tweet["referenced_posts"] = reference;
        }
        if wants("in_reply_to_user_id") || expands("in_reply_to_user_id") {
            // A deleted parent can only have been one's own or is not known any more.
            let author = state.post(Platform::X, parent).map_or(&post.account_id, |parent| &parent.account_id);
            tweet["in_reply_to_user_id"] = json!(author);
        }
    }
    tweet
}

fn add_attachments(state: &State, post: &Post, tweet: &mut Value) {
    let keys = media_keys(state, post);
    if !keys.is_empty() {
        tweet["attachments"] = json!({"media_keys": keys});
    } else if let Some(poll) = post.extra.get("poll") {
        tweet["attachments"] = json!({"poll_ids": [poll["id"]]});
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The id of the first post of a thread.
fn conversation(state: &State, post: &Post) -> String {
    let mut root = post;
    while let Some(parent) = root.reply_to.as_ref().and_then(|id| state.post(Platform::X, id)) {
        root = parent;
    }
    root.id.clone()
}

/// The objects around posts that a call asks for with `expansions`; null when there are none.
pub(super) fn includes(state: &State, posts: &[&Post], ask: &Ask<'_>) -> Value {
    let expands = |name: &str| wants(ask, &["expansions"], name);
    let mut includes = Map::new();
    let mut add = |name: &str, values: Vec<Value>| {
        if !values.is_empty() {
            includes.insert(name.to_owned(), json!(values));
        }
    };
    if expands("attachments.media_keys") {
        add("media", posts.iter().flat_map(|post| media_json(state, post, ask)).collect());
    }
    if expands("attachments.poll_ids") {
        add("polls", posts.iter().filter_map(|post| poll_json(state, post, ask)).collect());
    }
    if expands("author_id") {
        let mut authors: Vec<&str> = posts.iter().map(|post| post.account_id.as_str()).collect();
        authors.sort_unstable();
        authors.dedup();
        let authors = authors.into_iter().filter_map(|id| state.account(Platform::X, id));
        add("users", authors.map(|account| user_json(account, ask)).collect());
    }
    if includes.is_empty() { Value::Null } else { Value::Object(includes) }
}

fn media_json(state: &State, post: &Post, ask: &Ask<'_>) -> Vec<Value> {
    let wants = |name: &str| wants(ask, &["media.fields"], name);
    let kind = match post.kind {
        "gif" => "animated_gif",
        "video" => "video",
        _ => "photo",
    };
    let show = |(key, id): (String, &String)| {
        let mut shown = json!({"media_key": key, "type": kind});
        let Some(media) = state.media.get(id) else { return shown };
        let (width, height) = image::size(&media.bytes);
        if wants("width") && kind != "video" {
            shown["width"] = json!(width);
        }
        if wants("height") && kind != "video" {
            shown["height"] = json!(height);
        }
        if wants("url") && kind == "photo" {
            shown["url"] = json!(format!("{}/_sandbox/media/{id}", state.public_url));
        }
        if let (true, Some(alt_text)) = (wants("alt_text"), &media.alt_text) {
            shown["alt_text"] = json!(alt_text);
        }
        shown
    };
    media_keys(state, post).into_iter().zip(&post.media).map(show).collect()
}

fn poll_json(state: &State, post: &Post, ask: &Ask<'_>) -> Option<Value> {
    let wants = |name: &str| wants(ask, &["poll.fields"], name);
    let poll = post.extra.get("poll")?;
    let labels = poll["options"].as_array()?;
    let options = (1..).zip(labels).map(|(position, label)| json!({"position": position, "label": label, "votes": 0}));
    let mut shown = json!({"id": poll["id"], "options": options.collect::<Vec<Value>>()});
    let ends_at = poll["endsAt"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok());
    if wants("duration_minutes") {
        shown["duration_minutes"] = poll["durationMinutes"].clone();
    }
    if let (true, Some(at)) = (wants("end_datetime"), ends_at) {
        shown["end_datetime"] = json!(time(at));
    }
    if wants("voting_status") {
        let closed = ends_at.is_some_and(|at| at <= state.now());
        shown["voting_status"] = json!(if closed { "closed" } else { "open" });
    }
    Some(shown)
}

/// `GET /2/tweets/{id}`.
pub(crate) fn get_one(state: &mut State, ask: &Ask<'_>) -> Outcome {
    fields::check_posts(ask, &[])?;
    if !is_id(ask.id) {
        let message = format!("The `id` query parameter value [{}] is not valid", ask.id);
        return Err(errors::invalid(json!({"id": [ask.id]}), &message));
    }
    let Some(post) = state.post(Platform::X, ask.id) else {
        // X reports a missing post under 200, as it does for many at once.
        return Ok(Answer::json(200, &json!({"errors": [errors::missing("tweet", "id", ask.id)]})));
    };
    let mut body = json!({"data": tweet_json(state, post, ask)});
    with_includes(&mut body, includes(state, &[post], ask));
    Ok(Answer::json(200, &body))
}

/// Adds the objects around posts, if there are any.
pub(super) fn with_includes(body: &mut Value, includes: Value) {
    if !includes.is_null() {
        body["includes"] = includes;
    }
}

/// `GET /2/tweets?ids=`.
pub(crate) fn get_many(state: &mut State, ask: &Ask<'_>) -> Outcome {
    fields::check_posts(ask, &["ids"])?;
    let ids: Vec<&str> = ask.call.query_value("ids").unwrap_or_default().split(',').collect();
    if ids.len() > MOST_IDS || !ids.iter().all(|id| is_id(id)) {
        return Err(errors::invalid(json!({"ids": ids}), "The `ids` query parameter value must be 1 to 100 ids"));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match state.post(Platform::X, id) {
            Some(post) => found.push(post),
            None => missing.push(errors::missing("tweet", "ids", id)),
        }
    }
    let mut body = json!({});
    if !found.is_empty() {
        body["data"] = found.iter().map(|post| tweet_json(state, post, ask)).collect();
        with_includes(&mut body, includes(state, &found, ask));
    }
    if !missing.is_empty() {
        body["errors"] = json!(missing);
    }
    Ok(Answer::json(200, &body))
}
