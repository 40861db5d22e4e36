//! Posts on X: create, read, delete.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::text;
use super::{Ask, Outcome, data, errors, json_body};
use crate::call::Answer;
use crate::state::{Platform, Post, Stage, State};

const LONGEST: u32 = 280;
const MOST_MEDIA: usize = 4;
const MEDIA_LIFETIME: TimeDelta = TimeDelta::hours(24);
const DUPLICATE_WINDOW: TimeDelta = TimeDelta::hours(24);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewTweet {
    text: String,
    media: Option<NewMedia>,
    reply: Option<Reply>,
    poll: Option<Poll>,
    quote_tweet_id: Option<String>,
    reply_settings: Option<ReplySettings>,
    made_with_ai: Option<bool>,
    paid_partnership: Option<bool>,
    community_id: Option<String>,
    share_with_followers: Option<bool>,
    geo: Option<Value>,
    for_super_followers_only: Option<bool>,
    nullcast: Option<bool>,
    card_uri: Option<String>,
    direct_message_deep_link: Option<String>,
    edit_options: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
struct NewMedia {
    media_ids: Vec<String>,
    tagged_user_ids: Option<Vec<String>>,
    title: Option<String>,
    description: Option<String>,
    preview_media_id: Option<String>,
    embeddable: Option<bool>,
    call_to_actions: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
struct Reply {
    in_reply_to_tweet_id: String,
    exclude_reply_user_ids: Option<Vec<String>>,
    auto_populate_reply_metadata: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
struct Poll {
    options: Vec<String>,
    duration_minutes: u32,
    reply_settings: Option<ReplySettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum ReplySettings {
    Following,
    MentionedUsers,
    Subscribers,
    Verified,
}

/// `POST /2/tweets`.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let body = json_body(ask)?;
    let tweet: NewTweet =
        serde_json::from_value(body.clone()).map_err(|error| errors::invalid(json!({}), &format!("$: {error}")))?;
    check_shape(&tweet)?;
    let media = tweet.media.as_ref().map_or(&[][..], |media| &media.media_ids);
    check_media(state, ask, media)?;
    let reply_to = tweet.reply.as_ref().map(|reply| reply.in_reply_to_tweet_id.clone());
    check_reply(state, ask, reply_to.as_deref())?;
    check_text(state, ask, &tweet.text)?;

    let id = state.next_snowflake();
    for media_id in media {
        if let Some(media) = state.media.get_mut(media_id) {
            media.post_id = Some(id.clone());
        }
    }
    let post = Post {
        platform: Platform::X,
        account_id: ask.account_id.clone(),
        id: id.clone(),
        text: tweet.text.clone(),
        link: None,
        media: media.to_vec(),
        reply_to,
        created_at: state.now(),
        published: true,
        scheduled_at: None,
    };
    let shown = text::show(&post.text, &id, media_link(state, &post).as_deref());
    state.posts.push(post);
    Ok(data(201, &json!({"id": id, "text": shown.text, "edit_history_tweet_ids": [id]})))
}

fn check_shape(tweet: &NewTweet) -> Result<(), Answer> {
    let refuse = |message: &str| Err(errors::invalid(json!({}), message));
    let exclusive = [tweet.media.is_some(), tweet.poll.is_some(), tweet.quote_tweet_id.is_some(), tweet.card_uri.is_some()];
    if exclusive.into_iter().filter(|given| *given).count() > 1 {
        return refuse("$: media, poll, quote_tweet_id and card_uri exclude one another");
    }
    if tweet.quote_tweet_id.is_some() {
        return Err(errors::not_permitted());
    }
    if tweet.text.is_empty() && tweet.media.is_none() {
        return refuse("$.text: text is required when there is no media");
    }
    if let Some(poll) = &tweet.poll {
        let lengths_fit = poll.options.iter().all(|option| (1..=25).contains(&option.chars().count()));
        if !(2..=4).contains(&poll.options.len()) || !lengths_fit {
            return refuse("$.poll.options: 2 to 4 options of 1 to 25 characters");
        }
        if !(5..=10_080).contains(&poll.duration_minutes) {
            return refuse("$.poll.duration_minutes: must be between 5 and 10080");
        }
    }
    Ok(())
}

fn check_media(state: &State, ask: &Ask<'_>, ids: &[String]) -> Result<(), Answer> {
    let given = ask.call.json().is_some_and(|body| !body["media"].is_null());
    if ids.is_empty() && given {
        let message = "$.media.media_ids: there must be a minimum of 1 items in the array";
        return Err(errors::invalid(json!({"media.media_ids": []}), message));
    }
    if ids.len() > MOST_MEDIA {
        let message = "$.media.media_ids: there must be a maximum of 4 items in the array";
        return Err(errors::invalid(json!({"media.media_ids": ids}), message));
    }
    let usable = |id: &String| {
        state
            .own_media(Platform::X, &ask.account_id, id)
            .is_some_and(|media| media.stage == Stage::Ready && state.now() - media.created_at < MEDIA_LIFETIME)
    };
    let distinct: HashSet<&String> = ids.iter().collect();
    if !ids.iter().all(usable) || distinct.len() != ids.len() {
        return Err(errors::invalid_media(ids));
    }
    let gifs = ids.iter().filter_map(|id| state.media.get(id));
    let gifs = gifs.filter(|media| media.content_type == "image/gif").count();
    if gifs > 0 && ids.len() > 1 {
        return Err(errors::invalid_media(ids));
    }
    Ok(())
}

fn check_reply(state: &State, ask: &Ask<'_>, reply_to: Option<&str>) -> Result<(), Answer> {
    let Some(id) = reply_to else { return Ok(()) };
    let Some(parent) = state.post(Platform::X, id) else {
        return Err(errors::not_found("tweet", id));
    };
    let username = state.account(Platform::X, &ask.account_id).map(|a| a.username.as_str());
    let mentioned = parent.text.contains(&format!("@{}", username.unwrap_or_default()));
    if parent.account_id == ask.account_id || mentioned {
        return Ok(());
    }
    Err(errors::not_engaged())
}

fn check_text(state: &State, ask: &Ask<'_>, text: &str) -> Result<(), Answer> {
    if text::has_invalid_characters(text) {
        return Err(errors::invalid(json!({}), "$.text: invalid characters"));
    }
    if text::weighted_length(text) > LONGEST {
        return Err(errors::not_permitted());
    }
    let since = state.now() - DUPLICATE_WINDOW;
    let repeats = |post: &Post| {
        post.platform == Platform::X
            && post.account_id == ask.account_id
            && post.created_at > since
            && post.text.trim() == text.trim()
    };
    if !text.is_empty() && state.posts.iter().any(repeats) {
        return Err(errors::duplicate());
    }
    Ok(())
}

/// Where the t.co link behind the text of a post with media leads.
fn media_link(state: &State, post: &Post) -> Option<String> {
    let username = &state.account(Platform::X, &post.account_id)?.username;
    let link = format!("https://x.com/{username}/status/{}/photo/1", post.id);
    (!post.media.is_empty()).then_some(link)
}

/// A post with the fields a call asks for.
pub(super) fn tweet_json(state: &State, post: &Post, ask: &Ask<'_>) -> Value {
    let fields = ask.call.query_value("tweet.fields").or(ask.call.query_value("post.fields"));
    let wants = |name: &str| fields.is_some_and(|fields| fields.split(',').any(|f| f == name));
    let shown = text::show(&post.text, &post.id, media_link(state, post).as_deref());
    let mut tweet = json!({"id": post.id, "text": shown.text, "edit_history_tweet_ids": [post.id]});
    if wants("created_at") {
        tweet["created_at"] = json!(post.created_at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    }
    if wants("author_id") {
        tweet["author_id"] = json!(post.account_id);
    }
    if wants("entities") && !shown.urls.is_empty() {
        tweet["entities"] = json!({"urls": shown.urls});
    }
    if wants("attachments") && !post.media.is_empty() {
        let keys: Vec<String> = post.media.iter().map(|id| format!("3_{id}")).collect();
        tweet["attachments"] = json!({"media_keys": keys});
    }
    if let Some(parent) = &post.reply_to {
        if wants("referenced_tweets") {
            tweet["referenced_tweets"] = json!([{"type": "replied_to", "id": parent}]);
        }
        if wants("in_reply_to_user_id") {
            let author = state.post(Platform::X, parent).map(|parent| &parent.account_id);
            tweet["in_reply_to_user_id"] = json!(author);
        }
    }
    if wants("conversation_id") {
        tweet["conversation_id"] = json!(conversation(state, post));
    }
    tweet
}

/// The id of the first post of a thread.
fn conversation(state: &State, post: &Post) -> String {
    let mut root = post;
    while let Some(parent) = root.reply_to.as_ref().and_then(|id| state.post(Platform::X, id)) {
        root = parent;
    }
    root.id.clone()
}

/// `GET /2/tweets/{id}`.
pub(crate) fn get_one(state: &mut State, ask: &Ask<'_>) -> Outcome {
    match state.post(Platform::X, ask.id) {
        Some(post) => Ok(data(200, &tweet_json(state, post, ask))),
        // X reports a missing post under 200, as it does for many at once.
        None => Ok(Answer::json(200, &json!({"errors": [errors::missing("tweet", "id", ask.id)]}))),
    }
}

/// `GET /2/tweets?ids=`.
pub(crate) fn get_many(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let ids: Vec<&str> = ask.call.query_value("ids").unwrap_or_default().split(',').collect();
    if ids.len() > 100 || ids.iter().any(|id| id.is_empty()) {
        return Err(errors::invalid(json!({"ids": ids}), "ids: 1 to 100 ids are required"));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match state.post(Platform::X, id) {
            Some(post) => found.push(tweet_json(state, post, ask)),
            None => missing.push(errors::missing("tweet", "ids", id)),
        }
    }
    let mut body = json!({});
    if !found.is_empty() {
        body["data"] = json!(found);
    }
    if !missing.is_empty() {
        body["errors"] = json!(missing);
    }
    Ok(Answer::json(200, &body))
}

/// `DELETE /2/tweets/{id}`.
pub(crate) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let Some(post) = state.post(Platform::X, ask.id) else {
        return Err(errors::not_found("tweet", ask.id));
    };
    if post.account_id != ask.account_id {
        return Err(errors::not_permitted());
    }
    state.posts.retain(|post| post.platform != Platform::X || post.id != ask.id);
    Ok(data(200, &json!({"deleted": true})))
}
