//! The control API below `/_sandbox`: accounts, what is visible, what arrived, clock and settings.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use poem::http::StatusCode;
use poem::web::{Data, Query};
use poem::{Body, Response, handler};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::climb::Climb;
use crate::ledger::Filter;
use crate::play::{PLAYERS, player};
use crate::state::{Comment, Platform, Post, Settings, State};

pub(crate) mod accounts;
pub(crate) mod faults;

/// The control API's error answer.
pub(crate) fn failure(status: StatusCode, message: &str) -> Response {
    success(status, &json!({"error": message}))
}

/// The control API's usual answer.
pub(crate) fn success(status: StatusCode, body: &Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

/// Reads a JSON body; an empty one counts as `{}`.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Response> {
    let bytes = body.into_bytes().await;
    let bytes = bytes.map_err(|error| failure(StatusCode::BAD_REQUEST, &error.to_string()))?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| failure(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()))
}

/// Says that the sandbox is up.
#[handler]
pub(crate) fn health() -> Response {
    success(StatusCode::OK, &json!({"status": "ok"}))
}

/// A string that looks random and is the same every time, so that runs can be repeated.
pub(crate) fn made_up(what: &str, seed: &str) -> String {
    let digest = Sha256::digest(format!("{what} of {seed}").as_bytes());
    URL_SAFE_NO_PAD.encode(digest).replace(['-', '_'], "0")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostFilter {
    platform: Option<Platform>,
    account_id: Option<String>,
}

/// Lists the visible posts, oldest first.
#[handler]
pub(crate) fn list_posts(Data(app): Data<&Arc<App>>, Query(filter): Query<PostFilter>) -> Response {
    let mut state = app.state();
    PLAYERS.into_iter().for_each(|player| player.catch_up(&mut state));
    let state = &*state;
    let wanted = |post: &&Post| {
        post.published
            && filter.platform.is_none_or(|platform| platform == post.platform)
            && filter.account_id.as_ref().is_none_or(|id| *id == post.account_id)
    };
    let posts: Vec<Value> = state.posts.iter().filter(wanted).map(|post| post_json(state, post)).collect();
    success(StatusCode::OK, &json!({"posts": posts}))
}

fn post_json(state: &State, post: &Post) -> Value {
    let account = state.account(post.platform, &post.account_id);
    let name = account.map(|account| account.name.as_str());
    let username = account.map(|account| account.username.as_str());
    let url = player(post.platform).permalink(state, post);
    let comments: Vec<Value> = post.comments.iter().map(|comment| comment_json(state, post.platform, comment)).collect();
    let media: Vec<Value> = post
        .media
        .iter()
        .filter_map(|id| state.media.get(id))
        .map(|media| {
            json!({
                "id": media.id,
                "url": format!("{}/_sandbox/media/{}", state.public_url, media.id),
                "contentType": media.content_type,
                "sizeBytes": media.length,
                "altText": media.alt_text,
            })
        })
        .collect();
    json!({
        "platform": post.platform,
        "accountId": post.account_id,
        "accountName": name,
        "accountUsername": username,
        "id": post.id,
        "kind": post.kind,
        "url": url,
        "title": post.title,
        "text": post.text,
        "link": post.link,
        "media": media,
        "replyTo": post.reply_to,
        "comments": comments,
        "extra": post.extra,
        "createdAt": post.created_at,
    })
}

fn comment_json(state: &State, platform: Platform, comment: &Comment) -> Value {
    let name = state.account(platform, &comment.account_id).map(|account| account.name.as_str());
    json!({"id": comment.id, "accountName": name, "text": comment.text, "createdAt": comment.created_at})
}

/// Names of the errors that the fault `error` can answer, by platform.
#[handler]
pub(crate) fn list_errors() -> Response {
    let names = PLAYERS.into_iter().map(|player| (json!(player.platform()), json!(player.error_names())));
    let names: serde_json::Map<String, Value> =
        names.filter_map(|(platform, names)| Some((platform.as_str()?.to_owned(), names))).collect();
    success(StatusCode::OK, &Value::Object(names))
}

#[derive(Deserialize)]
pub(crate) struct RequestFilter {
    platform: Option<Platform>,
    method: Option<String>,
    path: Option<String>,
}

/// Lists the platform calls that arrived, oldest first.
#[handler]
pub(crate) fn list_requests(Data(app): Data<&Arc<App>>, Query(filter): Query<RequestFilter>) -> Response {
    let state = app.state();
    let entries =
        state.ledger.list(&Filter { platform: filter.platform, method: filter.method.as_deref(), path: filter.path.as_deref() });
    success(StatusCode::OK, &json!({"requests": entries}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    now: Option<DateTime<Utc>>,
    advance_seconds: Option<i64>,
}

/// Moves the sandbox's clock to an instant, by a number of seconds, or both in this order.
#[handler]
pub(crate) async fn set_clock(Data(app): Data<&Arc<App>>, body: Body) -> Response {
    let change: ClockChange = match read(body).await {
        Ok(change) => change,
        Err(refusal) => return refusal,
    };
    let mut state = app.state();
    if let Some(now) = change.now {
        state.offset = now - state.base_now();
    }
    if let Some(by) = change.advance_seconds.and_then(TimeDelta::try_seconds) {
        state.offset += by;
    }
    success(StatusCode::OK, &json!({"now": state.now()}))
}

/// Changes the settings that are named and shows all of them.
#[handler]
pub(crate) async fn change_settings(Data(app): Data<&Arc<App>>, body: Body) -> Response {
    let changes: serde_json::Map<String, Value> = match read(body).await {
        Ok(changes) => changes,
        Err(refusal) => return refusal,
    };
    let mut state = app.state();
    let mut merged = json!(state.settings);
    // Whoever sets how usage climbs wants it to begin anew.
    let climbs = |platform: &str| changes.get(platform).is_some_and(|changes| changes.get("usageClimb").is_some());
    if climbs("facebook") {
        state.facebook.climb = Climb::default();
    }
    if climbs("instagram") {
        state.instagram.climb = Climb::default();
    }
    for (name, value) in changes {
        match (&mut merged[&name], value) {
            (Value::Object(known), Value::Object(changes)) => known.extend(changes),
            (known, value) => *known = value,
        }
    }
    match serde_json::from_value::<Settings>(merged) {
        Ok(settings) => state.settings = settings,
        Err(error) => return failure(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    }
    success(StatusCode::OK, &json!(state.settings))
}

/// Shows the settings.
#[handler]
pub(crate) fn show_settings(Data(app): Data<&Arc<App>>) -> Response {
    success(StatusCode::OK, &json!(app.state().settings))
}

/// Shows the time, and how many calls of each platform were refused because there were too many.
#[handler]
pub(crate) fn show_state(Data(app): Data<&Arc<App>>) -> Response {
    let state = app.state();
    let counts = PLAYERS.into_iter().map(|player| {
        let count = state.throttled.get(&player.platform()).copied().unwrap_or_default();
        Some((json!(player.platform()).as_str()?.to_owned(), json!(count)))
    });
    let throttled: serde_json::Map<String, Value> = counts.flatten().collect();
    success(StatusCode::OK, &json!({"now": state.now(), "throttled": throttled}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    #[serde(default)]
    accounts: bool,
}

/// Forgets posts, media, calls, faults and the clock's offset, and the accounts too when asked.
#[handler]
pub(crate) async fn reset(Data(app): Data<&Arc<App>>, body: Body) -> Response {
    let wanted: Reset = match read(body).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    {
        let mut state = app.state();
        state.reset();
        if wanted.accounts {
            state.accounts.clear();
        }
    }
    app.fault_changed.notify_waiters();
    success(StatusCode::OK, &json!({"reset": true}))
}
