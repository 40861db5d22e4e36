//! People and their tokens: which Pages they run, what they granted, longer-lived tokens, and what a token is.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::auth::{SCOPES, grants, is_person, owner};
use super::errors::GraphError;
use super::lists::{Item, list};
use super::params::Params;
use super::{Ask, Outcome, fields, reads, versions};
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::state::{Platform, State};

const ACCOUNT_FIELDS: &[&str] =
    &["id", "name", "username", "access_token", "tasks", "picture", "category", "link", "instagram_business_account"];
const LONG_LIVED: TimeDelta = TimeDelta::days(60);

/// The calls that come without the token of an account.
pub(super) fn without_account(state: &mut State, call: &Call, params: &Params) -> Option<Outcome> {
    match versions::split(call).1.as_slice() {
        ["oauth", "access_token"] => Some(issue(state, params)),
        ["debug_token"] => Some(debug(state, params)),
        _ => None,
    }
}

/// `GET|POST /oauth/access_token`.
fn issue(state: &mut State, params: &Params) -> Outcome {
    check_client(state, params)?;
    let required = |name: &str| GraphError::parameter(format!("Missing {name} parameter."));
    match params.text("grant_type").as_deref() {
        Some("client_credentials") => {
            let (id, secret) = (params.text("client_id"), params.text("client_secret"));
            let token = format!("{}|{}", id.unwrap_or_default(), secret.unwrap_or_default());
            Ok(Answer::json(200, &json!({"access_token": token, "token_type": "bearer"})))
        }
        Some("fb_exchange_token") => {
            let token = params.text("fb_exchange_token").ok_or_else(|| required("fb_exchange_token"))?;
            exchange(state, &token)
        }
        None | Some("authorization_code") => {
            params.text("redirect_uri").ok_or_else(|| required("redirect_uri"))?;
            params.text("code").ok_or_else(|| required("code"))?;
            // Codes come out of the dialog in a browser, which is not played.
            Err(GraphError::parameter("Invalid verification code format."))
        }
        Some(other) => Err(GraphError::parameter(format!("Unsupported grant_type {other}"))),
    }
}

fn check_client(state: &State, params: &Params) -> Result<(), GraphError> {
    let id = params.text("client_id").ok_or_else(|| GraphError::parameter("Missing client_id parameter."))?;
    let secret = params.text("client_secret").ok_or_else(|| GraphError::parameter("Missing client_secret parameter."))?;
    let known = &state.settings.facebook_app_secret;
    let fits = id == state.settings.facebook_app_id && (known.is_empty() || *known == secret);
    if fits { Ok(()) } else { Err(GraphError::bad_client()) }
}

/// Gives a person's token another 60 days under a new name; the earlier one works on.
fn exchange(state: &mut State, token: &str) -> Outcome {
    let account = owner(state, token).ok_or_else(GraphError::malformed_token)?;
    if account.revoked {
        return Err(GraphError::token_revoked());
    }
    if account.access_expires_at.is_some_and(|at| at <= state.now()) {
        return Err(GraphError::token_expired());
    }
    let (id, earlier, person) = (account.id.clone(), account.access_token.clone(), is_person(account));
    if !person {
        // A Page's token does not expire, and stays what it is.
        return Ok(Answer::json(200, &json!({"access_token": earlier, "token_type": "bearer"})));
    }
    let fresh = format!("EAA{}", made_up("access token", &format!("{id} {}", state.next_number())));
    let expires_at = state.now() + LONG_LIVED;
    if let Some(account) = state.account_mut(Platform::Facebook, &id) {
        account.access_token.clone_from(&fresh);
        account.access_expires_at = Some(expires_at);
    }
    state.facebook.earlier_tokens.insert(earlier, id);
    Ok(Answer::json(
        200,
        &json!({
            "access_token": fresh,
            "token_type": "bearer",
            "expires_in": LONG_LIVED.num_seconds(),
        }),
    ))
}

/// `GET /debug_token`, with the app's token or that of an account.
fn debug(state: &State, params: &Params) -> Outcome {
    let asking = params.text("access_token").ok_or_else(GraphError::no_token)?;
    let app = &state.settings.facebook_app_id;
    let is_app = asking.split_once('|').is_some_and(|(id, secret)| {
        let known = &state.settings.facebook_app_secret;
        id == app && (known.is_empty() || known == secret)
    });
    if !is_app && owner(state, &asking).is_none_or(|account| account.revoked) {
        return Err(GraphError::malformed_token());
    }
    let input =
        params.text("input_token").ok_or_else(|| GraphError::parameter("(#100) The parameter input_token is required"))?;
    let data = match owner(state, &input) {
        None => json!({"is_valid": false, "scopes": [], "error": {"code": 190, "message": "Invalid OAuth access token."}}),
        Some(account) => {
            let expired = account.access_expires_at.is_some_and(|at| at <= state.now());
            let scopes: Vec<&str> = SCOPES.iter().copied().filter(|scope| grants(account, scope)).collect();
            let mut data = json!({
                "app_id": app,
                "type": if is_person(account) { "USER" } else { "PAGE" },
                "application": "Sandbox app",
                "is_valid": !account.revoked && !expired,
                "issued_at": state.now().timestamp(),
                "expires_at": account.access_expires_at.map_or(0, |at| at.timestamp()),
                "data_access_expires_at": (state.now() + TimeDelta::days(90)).timestamp(),
                "scopes": scopes,
                "user_id": account.id,
            });
            if !is_person(account) {
                data["profile_id"] = json!(account.id);
            }
            if account.revoked || expired {
                let subcode = if account.revoked { 458 } else { 463 };
                data["error"] = json!({"code": 190, "subcode": subcode, "message": "Error validating access token"});
            }
            data
        }
    };
    Ok(Answer::json(200, &json!({"data": data})))
}

fn check_person(ask: &Ask<'_>, edge: &str) -> Result<(), GraphError> {
    if ask.person && ask.id == ask.page_id {
        return Ok(());
    }
    Err(GraphError::parameter(format!("(#100) Tried accessing nonexisting field ({edge}) on node type (Page)")))
}

/// `GET /me/accounts`: the Pages that a person runs, which are all of the sandbox.
pub(crate) fn accounts(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_person(ask, "accounts")?;
    ask.needs("pages_show_list")?;
    let pages = state.accounts.iter().filter(|account| account.platform == Platform::Facebook && !is_person(account));
    let items = pages.map(|page| Item::new(&page.id, state.now(), reads::page_json(state, page, true))).collect();
    let fields = fields::parse(ask.params.text("fields").as_deref().unwrap_or("access_token,category,name,tasks,id"))?;
    list(state, ask, "accounts", items, &|object| fields::project(object, &fields, ACCOUNT_FIELDS))
}

/// `GET /me/permissions`.
pub(crate) fn permissions(_state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_person(ask, "permissions")?;
    let status = |scope: &str| if ask.needs(scope).is_ok() { "granted" } else { "declined" };
    let data: Vec<Value> = SCOPES.iter().map(|scope| json!({"permission": scope, "status": status(scope)})).collect();
    Ok(Answer::json(200, &json!({"data": data})))
}

/// `DELETE /me/permissions` and `DELETE /me/permissions/{permission}`.
pub(crate) fn revoke(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_person(ask, "permissions")?;
    let account = state.account_mut(Platform::Facebook, &ask.page_id);
    let account = account.ok_or_else(|| GraphError::unknown_object("delete", &ask.id))?;
    match ask.last.as_str() {
        "permissions" => account.revoked = true,
        scope if !SCOPES.contains(&scope) => {
            return Err(GraphError::parameter("(#100) Permission not found"));
        }
        scope => {
            let kept = SCOPES.iter().filter(|known| **known != scope && grants(account, known));
            account.scopes = kept.map(|scope| (*scope).to_owned()).collect();
            // An empty list would mean that all are granted.
            account.revoked = account.scopes.is_empty();
        }
    }
    Ok(Answer::json(200, &json!({"success": true})))
}
