//! People and their tokens: which Pages they run, what they granted, longer-lived tokens, and what a token is.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::auth::{SCOPES, ends_at, is_person, owner};
use super::errors::GraphError;
use super::lists::{Item, list};
use super::params::Params;
use super::{Ask, Outcome, exchange, fields, people, versions};
use crate::call::{Answer, Call};
use crate::lives;
use crate::state::{Account, Platform, State};

const ACCOUNT_FIELDS: &[&str] =
    &["id", "name", "username", "access_token", "tasks", "picture", "category", "link", "instagram_business_account"];

/// The calls that come without the token of an account.
pub(super) fn without_account(state: &mut State, call: &Call, params: &Params) -> Option<Outcome> {
    match versions::split(call).1.as_slice() {
        ["oauth", "access_token"] => Some(exchange::issue(state, params)),
        ["debug_token"] => Some(debug(state, call, params)),
        _ => None,
    }
}

/// `GET /debug_token`, with the app's token or that of an account.
fn debug(state: &State, call: &Call, params: &Params) -> Outcome {
    let asking = super::auth::token(call, params).ok_or_else(GraphError::no_token)?;
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
            let expires_at = ends_at(state, account, &input);
            let expired = expires_at.is_some_and(|at| at <= state.now());
            let scopes = scopes(account);
            let consented_at = account.consented_at.unwrap_or(state.now());
            let data_access = consented_at + TimeDelta::seconds(state.settings.facebook.data_access_seconds);
            let mut data = json!({
                "app_id": app,
                "type": if is_person(account) { "USER" } else { "PAGE" },
                "application": "Sandbox app",
                "is_valid": !account.revoked && !expired,
                "issued_at": consented_at.timestamp(),
                "expires_at": expires_at.map_or(0, |at| at.timestamp()),
                "data_access_expires_at": data_access.timestamp(),
                "scopes": scopes,
                "granular_scopes": granular(state, account),
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

/// The scopes of a token.
fn scopes(account: &Account) -> Vec<&str> {
    let own = account.scopes.iter().map(String::as_str);
    if account.scopes.is_empty() { SCOPES.to_vec() } else { own.collect() }
}

/// Which Pages a person's scopes are good for.
fn granular(state: &State, account: &Account) -> Vec<Value> {
    let pages: Vec<String> =
        if is_person(account) { people::given(state, account).into_iter().map(people::page_id).collect() } else { Vec::new() };
    let of_pages = |scope: &&str| scope.starts_with("pages_") || scope.starts_with("instagram_");
    let entry = |scope: &str| json!({"scope": scope, "target_ids": pages});
    scopes(account).into_iter().filter(|scope| of_pages(scope) && !pages.is_empty()).map(entry).collect()
}

/// `GET /me/accounts`: the Pages that a person runs and gave to the app.
pub(crate) fn accounts(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_person(ask, "accounts")?;
    ask.needs("pages_show_list")?;
    let pages: Vec<Account> = people::given(state, &ask.account).into_iter().cloned().collect();
    let now = state.now();
    let item = |page: &Account| Item::new(&people::page_id(page), now, people::page_json(state, ask, page));
    let items = pages.iter().map(item).collect();
    let fields = fields::parse(ask.params.text("fields").as_deref().unwrap_or("access_token,category,name,tasks,id"))?;
    list(state, ask, "accounts", items, &|object| fields::project(object, &fields, ACCOUNT_FIELDS))
}

/// `GET /me/permissions`.
pub(crate) fn permissions(_state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_person(ask, "permissions")?;
    let status = |scope: &str| if ask.needs(scope).is_ok() { "granted" } else { "declined" };
    let granted = scopes(&ask.account);
    let declined = SCOPES.iter().copied().filter(|scope| !granted.contains(scope));
    let all = granted.iter().copied().chain(declined);
    let data: Vec<Value> = all.map(|scope| json!({"permission": scope, "status": status(scope)})).collect();
    Ok(Answer::json(200, &json!({"data": data})))
}

/// `DELETE /me/permissions` and `DELETE /me/permissions/{permission}`.
pub(crate) fn revoke(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_person(ask, "permissions")?;
    let id = &ask.page_id;
    match ask.last.as_str() {
        "permissions" => lives::revoke(state, Platform::Facebook, id),
        scope => {
            let kept: Vec<String> = scopes(&ask.account).into_iter().filter(|known| *known != scope).map(str::to_owned).collect();
            if kept.len() == scopes(&ask.account).len() {
                return Err(GraphError::parameter("(#100) Permission not found"));
            }
            // An empty list would mean that all are granted.
            if kept.is_empty() {
                lives::revoke(state, Platform::Facebook, id);
            } else {
                lives::change_scopes(state, Platform::Facebook, id, &kept);
            }
        }
    }
    Ok(Answer::json(200, &json!({"success": true})))
}
