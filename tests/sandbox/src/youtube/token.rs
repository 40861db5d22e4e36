//! Google's token endpoints: refresh, revoke, and what a token is.

use chrono::TimeDelta;
use poem::http::Method;
use serde_json::{Value, json};

use super::auth::{self, OldToken};
use super::errors;
use crate::call::{Answer, Call};
use crate::consent::{Login, Wrong, burn, usable};
use crate::control::made_up;
use crate::faults::Action;
use crate::lives;
use crate::state::{Account, Platform, State};

/// Every scope that an app can ask for.
pub(crate) const SCOPES: &[&str] = &[
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
    "https://www.googleapis.com/auth/youtube",
    "https://www.googleapis.com/auth/youtube.force-ssl",
    "https://www.googleapis.com/auth/youtube.readonly",
    "https://www.googleapis.com/auth/youtube.upload",
    "https://www.googleapis.com/auth/yt-analytics.readonly",
];

/// Whether a path is one of the token endpoints.
pub(super) fn serves(path: &str) -> bool {
    matches!(path, "/token" | "/revoke" | "/tokeninfo")
}

/// Does what Google does with a call to a token endpoint.
pub(super) fn answer(state: &mut State, call: &Call) -> Answer {
    let answer = match (call.path.as_str(), &call.method) {
        ("/token", &Method::POST) => trade(state, call),
        ("/revoke", &Method::POST) => revoke(state, call),
        ("/tokeninfo", &(Method::GET | Method::POST)) => info(state, call),
        _ => Err(super::nothing_here()),
    };
    answer.unwrap_or_else(|refusal| refusal).with("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
}

/// Answers the way a fault asks for.
pub(super) fn refuse(action: &Action) -> Answer {
    match action {
        Action::ErrorAfter { status } | Action::ServerError { status } => {
            Answer { status: *status, ..errors::oauth("oauth/internal_failure", None) }
        }
        Action::RateLimited { .. } => {
            Answer { status: 429, ..errors::oauth("oauth/invalid_request", Some("Rate Limit Exceeded")) }
        }
        Action::CreditsDepleted {} | Action::TemporarilyBlocked {} => errors::oauth("oauth/invalid_client", None),
        Action::PermissionMissing {} => errors::oauth("oauth/invalid_scope", None),
        Action::TokenExpired {} | Action::TokenRevoked {} => errors::oauth("oauth/invalid_grant", None),
        _ => errors::oauth("oauth/invalid_request", None),
    }
}

fn field<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let value = call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    value.filter(|value| !value.is_empty())
}

fn required<'a>(call: &'a Call, name: &str) -> Result<&'a str, Answer> {
    let message = format!("Missing required parameter: {name}");
    field(call, name).ok_or_else(|| errors::oauth("oauth/invalid_request", Some(&message)))
}

/// `POST /token`.
fn trade(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    check_client(state, call)?;
    match required(call, "grant_type")? {
        "refresh_token" => refresh(state, call),
        "authorization_code" => exchange(state, call),
        other => Err(errors::oauth("oauth/unsupported_grant_type", Some(&format!("Invalid grant_type: {other}")))),
    }
}

/// A refresh token stays good: only the access token is new.
fn refresh(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let sent = required(call, "refresh_token")?;
    let dead = || errors::oauth("oauth/invalid_grant", None);
    let account = auth::refreshed(state, sent).ok_or_else(dead)?;
    if account.revoked || account.refresh_expires_at.is_some_and(|at| at <= state.now()) {
        return Err(dead());
    }
    let id = account.id.clone();
    if let Some(account) = state.account_mut(Platform::Youtube, &id) {
        account.refreshes += 1;
    }
    mint(state, &id).map(|body| Answer::json(200, &body))
}

/// Trades a code for tokens.
fn exchange(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let refused = |message: &str| errors::oauth("oauth/invalid_grant", Some(message));
    let (sent, redirect) = (required(call, "code")?, required(call, "redirect_uri")?);
    let code = usable(state, Login::Google, sent, state.settings.youtube.code_seconds);
    let code = code.map_err(|wrong| refused(if wrong == Wrong::Unknown { "Malformed auth code." } else { "Bad Request" }))?;
    if code.redirect_uri != redirect {
        return Err(errors::oauth("oauth/redirect_uri_mismatch", None));
    }
    if field(call, "client_id") != Some(&code.client_id) {
        return Err(errors::oauth("oauth/unauthorized_client", None));
    }
    if let Some(challenge) = &code.challenge {
        let verifier = field(call, "code_verifier").ok_or_else(|| refused("Missing code verifier."))?;
        if !challenge.fits(verifier) {
            return Err(refused("Invalid code verifier."));
        }
    }
    burn(state, sent);
    let id = code.principal().to_owned();
    lives::revive(state, Platform::Youtube, &id);
    let (now, serial) = (state.now(), state.next_number());
    let lifetime = state.settings.youtube.refresh_token_seconds;
    let account = state.account_mut(Platform::Youtube, &id).ok_or_else(|| refused("Bad Request"))?;
    // Somebody who agreed before gets a refresh token only when asked again.
    let renewable = code.offline && (code.prompted || account.consented_at.is_none());
    if renewable {
        let token = format!("1//0{}", made_up("refresh token", &format!("{id} {serial}")));
        let earlier = std::mem::replace(&mut account.refresh_token, token);
        account.refresh_expires_at = (lifetime > 0).then(|| now + TimeDelta::seconds(lifetime));
        state.youtube.refresh_tokens.push((earlier, id.clone()));
    }
    let account = state.account_mut(Platform::Youtube, &id).ok_or_else(|| refused("Bad Request"))?;
    let before = if code.incremental && account.consented_at.is_some() { account.scopes.clone() } else { Vec::new() };
    account.scopes = before.into_iter().filter(|scope| !code.granted.contains(scope)).collect();
    account.scopes.extend(code.granted.iter().cloned());
    account.consented_at = Some(now);
    account.exchanges += 1;
    let refresh_token = account.refresh_token.clone();
    let mut body = mint(state, &id)?;
    if renewable {
        body["refresh_token"] = json!(refresh_token);
        if lifetime > 0 {
            body["refresh_token_expires_in"] = json!(lifetime);
        }
    }
    Ok(Answer::json(200, &body))
}

/// The next access token of a channel, as the token endpoint tells it.
fn mint(state: &mut State, id: &str) -> Result<Value, Answer> {
    let (now, serial) = (state.now(), state.next_number());
    let lifetime = state.settings.youtube.token_seconds;
    let expires_at = now + TimeDelta::seconds(lifetime);
    let token = format!("ya29.{}", made_up("access token", &format!("{id} {serial}")));
    let account = state.accounts.iter_mut().find(|account| account.platform == Platform::Youtube && account.id == id);
    let account = account.ok_or_else(|| errors::oauth("oauth/invalid_grant", None))?;
    state.youtube.tokens.retain(|old| old.expires_at > now);
    state.youtube.tokens.push(OldToken {
        account_id: account.id.clone(),
        token: std::mem::replace(&mut account.access_token, token),
        expires_at: account.access_expires_at.unwrap_or(expires_at),
    });
    account.access_expires_at = Some(expires_at);
    Ok(json!({
        "access_token": account.access_token,
        "expires_in": lifetime,
        "scope": auth::scopes(account).join(" "),
        "token_type": "Bearer",
    }))
}

fn check_client(state: &State, call: &Call) -> Result<(), Answer> {
    let settings = &state.settings.youtube;
    let missing = || errors::oauth("oauth/invalid_request", Some("Could not determine client ID from request."));
    let id = field(call, "client_id").ok_or_else(missing)?;
    let no_secret = || errors::oauth("oauth/invalid_request", Some("client_secret is missing."));
    let secret = field(call, "client_secret").ok_or_else(no_secret)?;
    let fits = |wanted: &str, sent: &str| wanted.is_empty() || wanted == sent;
    if !fits(&settings.client_id, id) {
        return Err(errors::oauth("oauth/invalid_client", None));
    }
    if !fits(&settings.client_secret, secret) {
        return Err(errors::oauth("oauth/invalid_client", Some("Unauthorized")));
    }
    Ok(())
}

/// The account of a token of either sort that still works.
fn live<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    auth::caller(state, call).filter(|account| !account.revoked)
}

/// `POST /revoke`: takes the whole grant away, whichever token is named.
fn revoke(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let account = live(state, call).ok_or_else(|| errors::oauth("oauth/invalid_token", None))?;
    let id = account.id.clone();
    auth::revoke(state, &id);
    Ok(Answer::json(200, &json!({})))
}

/// `GET /tokeninfo?access_token=`, or `POST` with the token in either place.
fn info(state: &mut State, call: &Call) -> Result<Answer, Answer> {
    let now = state.now();
    // Google's own library for Node sends the token as a bearer's.
    let token = field(call, "access_token").or_else(|| call.query_value("access_token")).or_else(|| call.bearer());
    let token = token.unwrap_or_default();
    let found = auth::holder(state, token).filter(|(account, _)| !account.revoked);
    let found = found.filter(|(_, expires_at)| expires_at.is_none_or(|at| at > now));
    let (account, expires_at) = found.ok_or_else(|| errors::oauth("oauth/invalid_token", Some("Invalid Value")))?;
    let settings = &state.settings.youtube;
    let expires_at = expires_at.unwrap_or(now + TimeDelta::seconds(settings.token_seconds));
    let body = json!({
        "azp": settings.client_id,
        "aud": settings.client_id,
        "scope": auth::scopes(account).join(" "),
        "exp": expires_at.timestamp().to_string(),
        "expires_in": (expires_at - now).num_seconds().to_string(),
        "access_type": "offline",
    });
    Ok(Answer::json(200, &body))
}
