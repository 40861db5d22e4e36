//! The control API's accounts: make them, list them, and do to their tokens what people and time do.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::http::StatusCode;
use poem::web::{Data, Path};
use poem::{Body, Response, handler};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{failure, made_up, read, success};
use crate::app::App;
use crate::lives;
use crate::play::player;
use crate::state::{Account, Platform, Settings, Signing, State};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewAccount {
    platform: Platform,
    name: Option<String>,
    username: Option<String>,
    id: Option<String>,
    access_token: Option<String>,
    #[serde(default)]
    oauth1: bool,
    /// Which sort of account, see `Account::variant`.
    #[serde(default)]
    variant: String,
    scopes: Option<Vec<String>>,
    /// Who it belongs to, see `Account::person`.
    person: Option<String>,
    /// Makes the access token end at once or later; without it tokens live long.
    access_expires_at: Option<DateTime<Utc>>,
}

/// Creates an account, or updates the one that has the id already.
#[handler]
pub(crate) async fn create(Data(app): Data<&Arc<App>>, body: Body) -> Response {
    let wanted: NewAccount = match read(body).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let word = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if wanted.id.as_ref().is_some_and(|id| !word(id)) {
        return failure(StatusCode::UNPROCESSABLE_ENTITY, "id must be of letters, digits, - and _");
    }
    let mut state = app.state();
    let account = upsert(&mut state, wanted);
    success(StatusCode::CREATED, &with_tokens(&account, &state.settings))
}

fn upsert(state: &mut State, wanted: NewAccount) -> Account {
    let n = state.next_number();
    let invented = player(wanted.platform).invent(wanted.id, n, &wanted.variant);
    let id = invented.id.clone();
    let mut account = state.account(wanted.platform, &id).cloned().unwrap_or(invented);
    account.scopes = wanted.scopes.unwrap_or(account.scopes);
    account.name = wanted.name.unwrap_or(account.name);
    account.username = wanted.username.unwrap_or(account.username);
    account.person = wanted.person.unwrap_or(account.person);
    if let Some(token) = wanted.access_token {
        account.access_token = token;
        account.access_expires_at = None;
        account.revoked = false;
    }
    account.access_expires_at = wanted.access_expires_at.or(account.access_expires_at);
    if wanted.oauth1 && account.signing.is_none() {
        account.signing =
            Some(Signing { token: format!("{id}-{}", made_up("token", &id)), token_secret: made_up("token secret", &id) });
    }
    match state.account_mut(wanted.platform, &id) {
        Some(known) => known.clone_from(&account),
        None => state.accounts.push(account.clone()),
    }
    account
}

fn with_tokens(account: &Account, settings: &Settings) -> Value {
    let mut body = json!({
        "platform": account.platform,
        "id": account.id,
        "name": account.name,
        "username": account.username,
        "accessToken": account.access_token,
        "accessExpiresAt": account.access_expires_at,
        "refreshToken": account.refresh_token,
        "variant": account.variant,
        "scopes": account.scopes,
        "person": account.person,
    });
    if let (Platform::X, Some(signing)) = (account.platform, &account.signing) {
        body["consumerKey"] = json!(settings.x_consumer_key);
        body["consumerSecret"] = json!(settings.x_consumer_secret);
        body["token"] = json!(signing.token);
        body["tokenSecret"] = json!(signing.token_secret);
    }
    body
}

/// What an account is, without its tokens.
fn shown(account: &Account, now: DateTime<Utc>) -> Value {
    json!({
        "platform": account.platform,
        "id": account.id,
        "name": account.name,
        "username": account.username,
        "variant": account.variant,
        "person": account.person,
        "scopes": account.scopes,
        "refreshes": account.refreshes,
        "exchanges": account.exchanges,
        "alive": account.alive(now),
        "revoked": account.revoked,
        "accessExpiresAt": account.access_expires_at,
        "refreshExpiresAt": account.refresh_expires_at,
    })
}

/// Lists the accounts in the order in which they were made.
#[handler]
pub(crate) fn list(Data(app): Data<&Arc<App>>) -> Response {
    let state = app.state();
    let accounts: Vec<Value> = state.accounts.iter().map(|account| shown(account, state.now())).collect();
    success(StatusCode::OK, &json!({"accounts": accounts}))
}

/// Does something to an account and shows it.
fn change(app: &App, platform: &str, id: &str, run: impl FnOnce(&mut State, Platform)) -> Response {
    let Ok(platform) = serde_json::from_value::<Platform>(json!(platform)) else {
        return failure(StatusCode::NOT_FOUND, &format!("no platform is called `{platform}`"));
    };
    let mut state = app.state();
    if state.account(platform, id).is_none() {
        return failure(StatusCode::NOT_FOUND, &format!("no account has the id `{id}`"));
    }
    run(&mut state, platform);
    let now = state.now();
    let account = state.account(platform, id).map(|account| shown(account, now));
    success(StatusCode::OK, &account.unwrap_or_default())
}

/// Lets the person remove the app at the platform: access and refresh tokens die.
#[handler]
pub(crate) fn revoke(Data(app): Data<&Arc<App>>, Path((platform, id)): Path<(String, String)>) -> Response {
    change(app, &platform, &id, |state, platform| lives::revoke(state, platform, &id))
}

/// Ends the access token now; the refresh token lives on.
#[handler]
pub(crate) fn expire(Data(app): Data<&Arc<App>>, Path((platform, id)): Path<(String, String)>) -> Response {
    change(app, &platform, &id, |state, platform| lives::expire(state, platform, &id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scopes {
    /// An empty list stands for everything, as in `Account::scopes`.
    scopes: Vec<String>,
}

/// Changes the scopes that the token carries.
#[handler]
pub(crate) async fn change_scopes(
    Data(app): Data<&Arc<App>>,
    Path((platform, id)): Path<(String, String)>,
    body: Body,
) -> Response {
    let Scopes { scopes } = match read(body).await {
        Ok(scopes) => scopes,
        Err(refusal) => return refusal,
    };
    change(app, &platform, &id, |state, platform| lives::change_scopes(state, platform, &id, &scopes))
}
