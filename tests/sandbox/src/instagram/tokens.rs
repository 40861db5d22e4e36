//! Tokens: the long-lived ones of both logins, their refresh, and what one can learn about them.

use chrono::TimeDelta;
use serde_json::json;

use super::accounts;
use super::errors::Refusal;
use super::memory::OlderToken;
use super::routes::{Ask, Outcome};
use super::target::Host;
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::facebook::params::Params;
use crate::state::{Account, Platform, State};

fn lifetime(state: &State) -> TimeDelta {
    TimeDelta::seconds(state.settings.instagram.long_token_seconds)
}

/// The account whose token is to be exchanged with Facebook.
pub(super) fn exchanged(state: &State, params: &Params) -> Result<Account, Refusal> {
    let token = params.text("fb_exchange_token").ok_or_else(|| Refusal::required("fb_exchange_token"))?;
    accounts::verify(state, Host::Facebook, &token)
}

/// The account whose token somebody asks about, with the app's token or with one of its own.
pub(super) fn inspected(state: &State, call: &Call, params: &Params) -> Result<Account, Refusal> {
    let with = accounts::token(call, params).ok_or_else(|| Refusal::named("104"))?;
    let (app_id, secret) = (&state.settings.facebook_app_id, &state.settings.facebook_app_secret);
    let of_app = with.split_once('|').is_some_and(|(id, given)| id == app_id && (secret.is_empty() || given == secret));
    if !of_app {
        accounts::verify(state, Host::Facebook, &with)?;
    }
    let token = params.text("input_token").ok_or_else(|| Refusal::required("input_token"))?;
    accounts::owner(state, &token).cloned().ok_or_else(|| Refusal::named("190"))
}

/// `GET /refresh_access_token`: sixty more days. The replaced token lives on until it would have expired.
pub(super) fn refresh(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_grant(ask, "ig_refresh_token")?;
    let issued = state.instagram.issued.get(&ask.account.id);
    let youngest = TimeDelta::seconds(state.settings.instagram.youngest_refresh_seconds);
    if state.instagram.short_tokens.contains(&ask.token) {
        return Err(Refusal::parameter("The access token must be a long-lived one to be refreshed"));
    }
    if issued.is_some_and(|issued| state.now() < *issued + youngest) {
        return Err(Refusal::parameter("The access token must be at least 24 hours old to be refreshed"));
    }
    let token = replace(state, &ask.account);
    count_refresh(state, &ask.account);
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": lifetime(state).num_seconds(),
            "permissions": accounts::scopes(&ask.account).join(","),
        }),
    ))
}

/// A short-lived token becomes a long-lived one: `GET /access_token` with Instagram, `/oauth/access_token` with Facebook.
pub(super) fn exchange(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let own = ask.host == Host::Instagram;
    check_grant(ask, if own { "ig_exchange_token" } else { "fb_exchange_token" })?;
    let given = ask.params.text("client_secret").ok_or_else(|| Refusal::required("client_secret"))?;
    let settings = &state.settings;
    let secret = if own { &settings.instagram.app_secret } else { &settings.facebook_app_secret };
    if !own {
        let id = ask.params.text("client_id").ok_or_else(|| Refusal::required("client_id"))?;
        if !secret.is_empty() && id != settings.facebook_app_id {
            return Err(Refusal::bad_client());
        }
    }
    if !secret.is_empty() && given != *secret {
        return Err(Refusal::bad_client());
    }
    let token = replace(state, &ask.account);
    if !own {
        count_refresh(state, &ask.account);
    }
    Ok(Answer::json(200, &json!({"access_token": token, "token_type": "bearer", "expires_in": lifetime(state).num_seconds()})))
}

fn count_refresh(state: &mut State, account: &Account) {
    if let Some(account) = state.account_mut(Platform::Instagram, &account.id) {
        account.refreshes += 1;
    }
}

fn check_grant(ask: &Ask<'_>, grant_type: &str) -> Result<(), Refusal> {
    if ask.params.text("grant_type").as_deref() == Some(grant_type) {
        return Ok(());
    }
    Err(Refusal::parameter(&format!("Param grant_type must be {grant_type}")))
}

/// Gives an account its next token.
fn replace(state: &mut State, account: &Account) -> String {
    let now = state.now();
    let serial = state.next_number();
    let prefix = account.access_token.get(..4).unwrap_or_default();
    let token = format!("{prefix}{}", made_up("access token", &format!("{} {serial}", account.id)));
    let expires_at = account.access_expires_at.unwrap_or(now + lifetime(state));
    let older = OlderToken { account_id: account.id.clone(), expires_at };
    state.instagram.older_tokens.insert(account.access_token.clone(), older);
    state.instagram.issued.insert(account.id.clone(), now);
    let ends_at = now + lifetime(state);
    if let Some(account) = state.account_mut(Platform::Instagram, &account.id) {
        account.access_token.clone_from(&token);
        account.access_expires_at = Some(ends_at);
    }
    token
}

/// `GET /debug_token`.
pub(super) fn debug(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let token = ask.params.text("input_token").unwrap_or_default();
    let verified = accounts::verify(state, Host::Facebook, &token);
    let expires_at = ask.account.access_expires_at.map_or(0, |at| at.timestamp());
    let mut data = json!({
        "app_id": state.settings.facebook_app_id,
        "type": "USER",
        "application": "Sandbox app",
        "is_valid": verified.is_ok(),
        "issued_at": state.instagram.issued.get(&ask.account.id).map_or(0, |at| at.timestamp()),
        "expires_at": expires_at,
        "data_access_expires_at": (ask.account.consented_at.unwrap_or(state.now()) + TimeDelta::days(90)).timestamp(),
        "scopes": accounts::scopes(&ask.account),
        "user_id": accounts::person_id(&ask.account),
    });
    if verified.is_err() {
        let (code, subcode) = (190, if ask.account.revoked { 458 } else { 463 });
        data["error"] = json!({"code": code, "message": "Error validating access token", "subcode": subcode});
    }
    Ok(Answer::json(200, &json!({"data": data})))
}
