//! Posts on X: create and delete.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::draft::{NewTweet, Poll};
use super::uploads::{Kind, Upload};
use super::{Ask, Outcome, data, errors, is_premium, measure, reads, tags, text};
use crate::call::Answer;
use crate::state::{Platform, Post, State};

const LONGEST: u32 = 280;
const LONGEST_PREMIUM: u32 = 25_000;
const DUPLICATE_WINDOW: TimeDelta = TimeDelta::hours(24);
const LONGEST_VIDEO_MS: u64 = 140_000;

/// `POST /2/tweets`.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let tweet = NewTweet::read(ask)?;
    let media = tweet.media_ids();
    let kind = check_media(state, ask, media)?;
    let kind = if tweet.poll.is_some() { "poll" } else { kind };
    let reply_to = tweet.reply.as_ref().map(|reply| reply.in_reply_to_tweet_id.clone());
    check_reply(state, ask, reply_to.as_deref())?;
    check_text(state, ask, &tweet.text)?;

    let (id, now) = (state.next_snowflake(), state.now());
    let mut extra = tweet.extra();
    if let Some(poll) = &tweet.poll {
        extra["poll"] = poll_json(poll, state.next_snowflake(), now + TimeDelta::minutes(poll.duration_minutes.into()));
    }
    for media_id in media {
        if let Some(media) = state.media.get_mut(media_id) {
            media.post_id = Some(id.clone());
        }
    }
    let post = Post {
        text: tweet.text.clone(),
        media: media.to_vec(),
        reply_to,
        extra,
        ..Post::new(Platform::X, &ask.account_id, id.clone(), kind, now)
    };
    let shown = reads::shown_text(state, &post);
    state.posts.push(post);
    Ok(data(201, &json!({"id": id, "text": shown.text, "edit_history_tweet_ids": [id]})))
}

fn poll_json(poll: &Poll, id: String, ends_at: chrono::DateTime<chrono::Utc>) -> Value {
    json!({"id": id, "options": poll.options, "durationMinutes": poll.duration_minutes, "endsAt": ends_at})
}

/// Checks the media and says what kind of post they make.
fn check_media(state: &State, ask: &Ask<'_>, ids: &[String]) -> Result<&'static str, Answer> {
    let now = state.now();
    let uploads = ids.iter().map(|id| state.x.uploads.get(id).filter(|upload| upload.is_usable(&ask.account_id, now)));
    let uploads: Option<Vec<&Upload>> = uploads.collect();
    let distinct: HashSet<&String> = ids.iter().collect();
    let Some(uploads) = uploads.filter(|_| distinct.len() == ids.len()) else {
        return Err(errors::invalid_media(ids));
    };
    let kinds: Vec<Kind> = uploads.iter().map(|upload| upload.category.kind).collect();
    match kinds.as_slice() {
        [] => Ok("text"),
        [Kind::Image] => Ok("image"),
        [Kind::Gif] => Ok("gif"),
        [Kind::Video] => check_film(state, ask, &ids[0]),
        images if images.iter().all(|kind| *kind == Kind::Image) => Ok("images"),
        _ => Err(errors::invalid_media(ids)),
    }
}

fn check_film(state: &State, ask: &Ask<'_>, id: &str) -> Result<&'static str, Answer> {
    let film = state.media.get(id).and_then(|media| measure::film(&media.bytes));
    let long = film.is_some_and(|film| film.milliseconds > LONGEST_VIDEO_MS);
    if long && !is_premium(state, &ask.account_id) {
        return Err(errors::refusal("403/video-too-long"));
    }
    Ok("video")
}

fn check_reply(state: &State, ask: &Ask<'_>, reply_to: Option<&str>) -> Result<(), Answer> {
    let Some(id) = reply_to else { return Ok(()) };
    let Some(parent) = state.post(Platform::X, id) else {
        return Err(errors::not_found("tweet", id));
    };
    let replier = state.account(Platform::X, &ask.account_id);
    let mentioned = replier.is_some_and(|replier| tags::mentions_user(&parent.text, &replier.username));
    if parent.account_id == ask.account_id || mentioned {
        return Ok(());
    }
    Err(errors::refusal("403/reply-not-engaged"))
}

fn check_text(state: &State, ask: &Ask<'_>, text: &str) -> Result<(), Answer> {
    if text::has_invalid_characters(text) {
        return Err(errors::invalid(json!({}), "$.text: invalid characters"));
    }
    let longest = if is_premium(state, &ask.account_id) { LONGEST_PREMIUM } else { LONGEST };
    if text::weighted_length(text) > longest {
        return Err(errors::refusal("403/not-permitted"));
    }
    if tags::cashtags(text) > 1 {
        return Err(errors::refusal("403/cashtag"));
    }
    let since = state.now() - DUPLICATE_WINDOW;
    let repeats = |post: &Post| {
        post.platform == Platform::X
            && post.account_id == ask.account_id
            && post.created_at > since
            && post.text.trim() == text.trim()
    };
    if !text.is_empty() && state.posts.iter().any(repeats) {
        return Err(errors::refusal("403/duplicate"));
    }
    Ok(())
}

/// `DELETE /2/tweets/{id}`.
pub(crate) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let Some(post) = state.post(Platform::X, ask.id) else {
        return Err(errors::not_found("tweet", ask.id));
    };
    if post.account_id != ask.account_id {
        return Err(errors::refusal("403/not-permitted"));
    }
    state.posts.retain(|post| post.platform != Platform::X || post.id != ask.id);
    Ok(data(200, &json!({"deleted": true})))
}
