//! The lives of tokens: codes, the refresh grant with refresh tokens that work once, and revocation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use poem::http::header::AUTHORIZATION;
use serde_json::json;

use super::{Ask, Outcome, errors};
use crate::call::{Answer, Call};
use crate::consent::{Login, burn, usable};
use crate::control::made_up;
use crate::lives;
use crate::state::{Account, Platform, State};

const SCOPE: &str = "tweet.read tweet.write users.read media.write offline.access";
/// Without it there is no refresh token.
const OFFLINE: &str = "offline.access";
/// Every scope that an app can ask for.
pub(crate) const SCOPES: &[&str] = &[
    "tweet.read",
    "tweet.write",
    "tweet.moderate.write",
    "users.read",
    "users.email",
    "media.write",
    OFFLINE,
    "follows.read",
    "follows.write",
    "space.read",
    "mute.read",
    "mute.write",
    "like.read",
    "like.write",
    "list.read",
    "list.write",
    "block.read",
    "block.write",
    "bookmark.read",
    "bookmark.write",
    "dm.read",
    "dm.write",
];

fn field<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The id by which the app names itself: in the header with its secret, or in the body alone.
fn check_client(state: &State, call: &Call) -> Result<String, Answer> {
    let settings = &state.settings.x;
    let fits = |known: &str, sent: &str| known.is_empty() || known == sent;
    let refusal = || errors::refusal("401/oauth-unauthorized-client");
    let basic = call.header(AUTHORIZATION).and_then(|header| header.strip_prefix("Basic "));
    let Some(basic) = basic else {
        let id = field(call, "client_id").filter(|id| !id.is_empty() && !settings.confidential).ok_or_else(refusal)?;
        let known = fits(&settings.client_id, id);
        return if known { Ok(id.to_owned()) } else { Err(errors::refusal("401/oauth-invalid-client")) };
    };
    let decoded = STANDARD.decode(basic.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(refusal)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(refusal)?;
    if fits(&settings.client_id, id) && fits(&settings.client_secret, secret) { Ok(id.to_owned()) } else { Err(refusal()) }
}

/// `POST /2/oauth2/token`.
pub(super) fn grant(state: &mut State, call: &Call) -> Answer {
    let outcome = check_client(state, call).and_then(|client| match field(call, "grant_type") {
        Some("authorization_code") => exchange(state, call, &client),
        Some("refresh_token") => refresh(state, call),
        _ => Err(errors::oauth_error(400, "invalid_request", "Value passed for the grant type was invalid.")),
    });
    outcome.unwrap_or_else(|refusal| refusal)
}

/// Trades a code for a pair of tokens.
fn exchange(state: &mut State, call: &Call, client: &str) -> Outcome {
    let required = |name: &str| {
        let missing = || errors::oauth_error(400, "invalid_request", &format!("Missing required parameter [{name}]."));
        field(call, name).filter(|value| !value.is_empty()).ok_or_else(missing)
    };
    let wrong = |what: &str| {
        errors::oauth_error(400, "invalid_request", &format!("Value passed for the {what} did not match the authorization code."))
    };
    let (text, redirect, verifier) = (required("code")?, required("redirect_uri")?, required("code_verifier")?);
    let code = usable(state, Login::X, text, state.settings.x.code_seconds);
    let code = code.map_err(|_| errors::refusal("400/oauth-invalid-request"))?;
    if code.client_id != client {
        return Err(wrong("client id"));
    }
    if code.redirect_uri != redirect {
        return Err(wrong("redirect uri"));
    }
    if !code.challenge.as_ref().is_some_and(|challenge| challenge.fits(verifier)) {
        return Err(wrong("code verifier"));
    }
    burn(state, text);
    lives::revive(state, Platform::X, code.principal());
    let now = state.now();
    let account = state.account_mut(Platform::X, code.principal());
    let account = account.ok_or_else(|| errors::refusal("400/oauth-invalid-request"))?;
    account.scopes.clone_from(&code.granted);
    account.consented_at = Some(now);
    account.exchanges += 1;
    let id = account.id.clone();
    Ok(mint(state, &id, &code.granted.join(" ")))
}

/// Trades a refresh token for a new pair; the old pair dies at once.
fn refresh(state: &mut State, call: &Call) -> Outcome {
    let now = state.now();
    let sent = field(call, "refresh_token").unwrap_or_default();
    let owns = |account: &&mut Account| {
        let alive = !account.revoked && account.refresh_expires_at.is_none_or(|at| at > now);
        account.platform == Platform::X && account.refresh_token == sent && alive
    };
    let account = state.accounts.iter_mut().find(owns).ok_or_else(|| errors::refusal("400/oauth-invalid-request"))?;
    account.refreshes += 1;
    let granted = if account.scopes.is_empty() { SCOPE.to_owned() } else { account.scopes.join(" ") };
    let id = account.id.clone();
    // SDKs refuse a scope set other than the one they asked for.
    Ok(mint(state, &id, field(call, "scope").unwrap_or(&granted)))
}

/// A new pair of tokens for an account.
fn mint(state: &mut State, id: &str, scope: &str) -> Answer {
    let (now, serial) = (state.now(), state.next_number());
    let (access, refresh) = (state.settings.x.access_token_seconds, state.settings.x.refresh_token_seconds);
    let Some(account) = state.account_mut(Platform::X, id) else { return errors::server(500) };
    account.access_token = made_up("access token", &format!("{id} {serial}"));
    account.refresh_token = made_up("refresh token", &format!("{id} {serial}"));
    account.access_expires_at = Some(now + TimeDelta::seconds(access));
    account.refresh_expires_at = Some(now + TimeDelta::seconds(refresh));
    let mut body = json!({
        "token_type": "bearer",
        "expires_in": access,
        "access_token": account.access_token,
        "scope": scope,
    });
    if account.scopes.is_empty() || account.scopes.iter().any(|scope| scope == OFFLINE) {
        body["refresh_token"] = json!(account.refresh_token);
    }
    Answer::json(200, &body)
}

/// `POST /2/oauth2/revoke`: ends what a token stands for. An unknown token is no error, it is dead already.
pub(super) fn revoke(state: &mut State, call: &Call) -> Answer {
    if let Err(refusal) = check_client(state, call) {
        return refusal;
    }
    let Some(token) = field(call, "token").filter(|token| !token.is_empty()) else {
        return errors::oauth_error(400, "invalid_request", "Missing required parameter [token].");
    };
    let owns = |account: &&Account| {
        account.platform == Platform::X && [account.access_token.as_str(), account.refresh_token.as_str()].contains(&token)
    };
    if let Some(id) = state.accounts.iter().find(owns).map(|account| account.id.clone()) {
        lives::revoke(state, Platform::X, &id);
    }
    Answer::json(200, &json!({"revoked": true}))
}

/// `POST /1.1/oauth/invalidate_token.json`: ends the token that signed the call.
pub(crate) fn invalidate(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let account = state.account_mut(Platform::X, &ask.account_id).ok_or_else(|| errors::refusal("v1/89"))?;
    let signing = account.signing.as_ref().filter(|_| ask.call.bearer().is_none());
    let token = signing.map(|signing| signing.token.clone()).ok_or_else(|| errors::refusal("v1/32"))?;
    account.revoked = true;
    Ok(Answer::json(200, &json!({"access_token": token})))
}
