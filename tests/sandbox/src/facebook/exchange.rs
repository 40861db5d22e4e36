//! `/oauth/access_token`: codes become short-lived tokens, and those long-lived ones.

use chrono::TimeDelta;
use serde_json::json;

use super::Outcome;
use super::auth::{check_alive, is_person, owner};
use super::errors::GraphError;
use super::params::Params;
use super::settings::Earlier;
use crate::call::Answer;
use crate::consent::{Code, Login, Wrong, burn, usable};
use crate::control::made_up;
use crate::lives;
use crate::state::{Platform, State};

fn required(params: &Params, name: &str) -> Result<String, GraphError> {
    params.text(name).ok_or_else(|| GraphError::parameter(format!("Missing {name} parameter.")))
}

/// `GET|POST /oauth/access_token`.
pub(super) fn issue(state: &mut State, params: &Params) -> Outcome {
    check_client(state, params)?;
    match params.text("grant_type").as_deref() {
        Some("client_credentials") => {
            let (id, secret) = (params.text("client_id"), params.text("client_secret"));
            let token = format!("{}|{}", id.unwrap_or_default(), secret.unwrap_or_default());
            Ok(Answer::json(200, &json!({"access_token": token, "token_type": "bearer"})))
        }
        Some("fb_exchange_token") => {
            let token = required(params, "fb_exchange_token")?;
            lengthen(state, &token)
        }
        None | Some("authorization_code") => by_code(state, params),
        Some(other) => Err(GraphError::parameter(format!("Unsupported grant_type {other}"))),
    }
}

fn check_client(state: &State, params: &Params) -> Result<(), GraphError> {
    let (id, secret) = (required(params, "client_id")?, required(params, "client_secret")?);
    let fits = |known: &str, sent: &str| known.is_empty() || known == sent;
    let settings = &state.settings;
    let known = fits(&settings.facebook_app_id, &id) && fits(&settings.facebook_app_secret, &secret);
    if known { Ok(()) } else { Err(GraphError::bad_client()) }
}

/// Trades a code for a short-lived token of the person.
fn by_code(state: &mut State, params: &Params) -> Outcome {
    let redirect = required(params, "redirect_uri")?;
    let text = required(params, "code")?;
    let code = usable(state, Login::Facebook, &text, state.settings.facebook.code_seconds).map_err(|wrong| match wrong {
        Wrong::Unknown => GraphError::parameter("Invalid verification code format."),
        Wrong::Used => GraphError::exchange("100/36009"),
        Wrong::Expired => GraphError::exchange("100/36007"),
    })?;
    if code.redirect_uri != redirect {
        return Err(GraphError::exchange("100/36008"));
    }
    if params.text("client_id").is_some_and(|id| id != code.client_id) {
        return Err(GraphError::bad_client());
    }
    burn(state, &text);
    grant(state, &code);
    let lifetime = state.settings.facebook.short_token_seconds;
    let token = next_token(state, code.principal(), lifetime);
    let expires_at = state.now() + TimeDelta::seconds(lifetime);
    state.facebook.short_tokens.insert(token.clone(), expires_at);
    Ok(Answer::json(200, &json!({"access_token": token, "token_type": "bearer", "expires_in": lifetime})))
}

/// Notes what a person has agreed to, for the profile and for the Pages that were chosen.
fn grant(state: &mut State, code: &Code) {
    let (user, pages) = (code.principal().to_owned(), &code.accounts[1..]);
    let instagram = |id: &&String| state.account(Platform::Facebook, id).is_none();
    let platforms: Vec<(Platform, String)> = pages
        .iter()
        .map(|id| (if instagram(&id) { Platform::Instagram } else { Platform::Facebook }, id.clone()))
        .chain([(Platform::Facebook, user.clone())])
        .collect();
    let now = state.now();
    for (platform, id) in platforms {
        lives::revive(state, platform, &id);
        let Some(account) = state.account_mut(platform, &id) else { continue };
        // What was granted before stays, unless the person has unticked it now.
        let before = if account.consented_at.is_some() { account.scopes.clone() } else { Vec::new() };
        let mut scopes: Vec<String> = before.into_iter().filter(|scope| !code.declined.contains(scope)).collect();
        scopes.extend(code.granted.iter().filter(|scope| !scopes.contains(scope)).cloned().collect::<Vec<String>>());
        account.scopes = scopes;
        account.consented_at = Some(now);
        account.exchanges += 1;
    }
    state.facebook.given.insert(user, pages.to_vec());
}

/// Gives a person's token another 60 days under a new name; the earlier one works until its own end.
fn lengthen(state: &mut State, token: &str) -> Outcome {
    let account = owner(state, token).ok_or_else(GraphError::malformed_token)?;
    check_alive(state, account, token)?;
    let (id, person) = (account.id.clone(), is_person(account));
    if !person {
        // A Page's token does not expire, and stays what it is.
        return Ok(Answer::json(200, &json!({"access_token": token, "token_type": "bearer"})));
    }
    if !state.facebook.short_tokens.contains_key(token)
        && let Some(account) = state.account_mut(Platform::Facebook, &id)
    {
        account.refreshes += 1;
    }
    let lifetime = state.settings.facebook.long_token_seconds;
    let fresh = next_token(state, &id, lifetime);
    Ok(Answer::json(200, &json!({"access_token": fresh, "token_type": "bearer", "expires_in": lifetime})))
}

/// The next token of a person.
fn next_token(state: &mut State, id: &str, lifetime: i64) -> String {
    let (now, serial) = (state.now(), state.next_number());
    let fresh = format!("EAA{}", made_up("access token", &format!("{id} {serial}")));
    if let Some(account) = state.account_mut(Platform::Facebook, id) {
        let expires_at = account.access_expires_at.replace(now + TimeDelta::seconds(lifetime));
        let token = std::mem::replace(&mut account.access_token, fresh.clone());
        state.facebook.earlier_tokens.insert(token, Earlier { account_id: id.to_owned(), expires_at });
    }
    fresh
}
