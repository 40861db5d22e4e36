//! `/oauth/v2`: trading codes and refresh tokens, looking into tokens, ending them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use poem::http::Method;
use serde_json::{Value, json};

use super::{Outcome, errors, gate};
use crate::call::{Answer, Call};
use crate::consent::{Login, burn, usable};
use crate::control::made_up;
use crate::state::{Account, Platform, State};

/// Every scope that an app can ask for.
pub(crate) const SCOPES: &[&str] = &[
    "openid",
    "profile",
    "email",
    "r_basicprofile",
    "w_member_social",
    "r_member_social",
    "w_member_social_feed",
    "r_member_social_feed",
    "w_organization_social",
    "r_organization_social",
    "w_organization_social_feed",
    "r_organization_social_feed",
    "rw_organization_admin",
    "r_organization_admin",
];
/// What a token without a list of scopes says it has.
const ALL_SCOPES: &[&str] = &[
    "openid",
    "profile",
    "email",
    "w_member_social",
    "w_organization_social",
    "r_organization_social",
    "rw_organization_admin",
    "w_member_social_feed",
    "w_organization_social_feed",
];

/// A token of LinkedIn's length.
pub(super) fn long(kind: &str, seed: &str) -> String {
    let pieces = (0..8).map(|n| made_up("token", &format!("{kind} {seed} {n}")));
    format!("{kind}{}", pieces.collect::<String>())
}

fn form<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let sent = call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    sent.filter(|value| !value.is_empty())
}

fn accounts(state: &State) -> impl Iterator<Item = &Account> {
    state.accounts.iter().filter(|account| account.platform == Platform::Linkedin)
}

/// A code that nobody got from the page also stands for somebody's consent: `AQ.{account id}.{Unix time of the consent}`.
fn code_parts(code: &str) -> Option<(&str, i64)> {
    let (id, at) = code.strip_prefix("AQ.")?.split_once('.')?;
    Some((id, at.parse().ok()?))
}

/// The account that a token call is about.
pub(super) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    if let Some(sent) = form(call, "refresh_token") {
        return accounts(state).find(|account| account.refresh_token == sent);
    }
    if let Some(sent) = form(call, "token") {
        return accounts(state).find(|account| account.access_token == sent);
    }
    let sent = form(call, "code")?;
    let code = state.codes.find(Login::Linkedin, sent);
    state.account(Platform::Linkedin, code.map_or_else(|| code_parts(sent).map(|parts| parts.0), |code| Some(code.principal()))?)
}

/// Answers everything below `/oauth/v2`.
pub(super) fn answer(state: &mut State, call: &Call) -> Outcome {
    let run = match call.path.as_str() {
        "/oauth/v2/accessToken" => grant,
        "/oauth/v2/introspectToken" => introspect,
        "/oauth/v2/revoke" => revoke,
        _ => return Err(errors::named("404/NOT_FOUND")),
    };
    if call.method != Method::POST {
        return Err(errors::named("404/NOT_FOUND"));
    }
    check_client(state, call)?;
    run(state, call)
}

/// The app says who it is in the body; headers do not count.
fn check_client(state: &State, call: &Call) -> Result<(), Answer> {
    let settings = &state.settings.linkedin;
    let fits = |name: &str, known: &str| form(call, name).is_some_and(|sent| known.is_empty() || sent == known);
    if fits("client_id", &settings.client_id) && fits("client_secret", &settings.client_secret) {
        return Ok(());
    }
    Err(errors::named("401/invalid_client"))
}

fn grant(state: &mut State, call: &Call) -> Outcome {
    match form(call, "grant_type") {
        Some("refresh_token") => refresh(state, call),
        Some("authorization_code") => exchange(state, call),
        _ => Err(errors::saying("400/invalid_request", "A required parameter \"grant_type\" is missing or unknown")),
    }
}

/// A new access token; the refresh token stays, and so does its end.
fn refresh(state: &mut State, call: &Call) -> Outcome {
    let invalid = || errors::named("400/invalid_grant");
    let sent = form(call, "refresh_token");
    let sent = sent.ok_or_else(|| errors::saying("400/invalid_request", "A required parameter \"refresh_token\" is missing"))?;
    let account = accounts(state).find(|account| account.refresh_token == sent && !account.revoked).cloned();
    let account = account.ok_or_else(invalid)?;
    let now = state.now();
    let consent = *state.linkedin.consents.entry(account.id.clone()).or_insert(now);
    if refresh_ends_at(state, consent) <= now {
        return Err(invalid());
    }
    let everybody = sharing(state, &account.id);
    for (platform, id) in &everybody {
        if let Some(account) = state.account_mut(*platform, id) {
            account.refreshes += 1;
        }
    }
    Ok(mint(state, &account, &everybody, Some(consent)))
}

fn refresh_ends_at(state: &State, consent: DateTime<Utc>) -> DateTime<Utc> {
    consent + TimeDelta::seconds(state.settings.linkedin.refresh_token_seconds)
}

/// Trades a code in, which works once and for half an hour.
fn exchange(state: &mut State, call: &Call) -> Outcome {
    let invalid = || errors::named("400/invalid_request");
    let sent = form(call, "code").ok_or_else(invalid)?;
    let redirect = form(call, "redirect_uri").ok_or_else(invalid)?;
    if state.codes.find(Login::Linkedin, sent).is_some() {
        return by_code(state, call, sent, redirect);
    }
    let (id, at) = code_parts(sent).ok_or_else(invalid)?;
    let account = state.account(Platform::Linkedin, id).cloned().ok_or_else(invalid)?;
    let now = state.now();
    let in_time = (0..state.settings.linkedin.code_seconds).contains(&(now.timestamp() - at));
    if !in_time || url::Url::parse(redirect).is_err() || !state.linkedin.used_codes.insert(sent.to_owned()) {
        return Err(invalid());
    }
    let everybody = sharing(state, &account.id);
    let refresh = state.settings.linkedin.partner.then_some(now);
    for (_, id) in &everybody {
        state.linkedin.consents.insert(id.clone(), now);
    }
    Ok(mint(state, &account, &everybody, refresh))
}

/// Trades a code in that came from the consent page. A new consent ends the tokens of the one before.
fn by_code(state: &mut State, call: &Call, sent: &str, redirect: &str) -> Outcome {
    let invalid = || errors::named("400/invalid_request");
    let code = usable(state, Login::Linkedin, sent, state.settings.linkedin.code_seconds).map_err(|_| invalid())?;
    if code.redirect_uri != redirect || form(call, "client_id") != Some(&code.client_id) {
        return Err(invalid());
    }
    burn(state, sent);
    let (now, serial) = (state.now(), state.next_number());
    let refresh_token = long("AQU", &format!("{} {serial}", code.principal()));
    let partner = state.settings.linkedin.partner;
    let refresh_ends_at = partner.then(|| refresh_ends_at(state, now));
    let everybody: Vec<(Platform, String)> = code.accounts.iter().map(|id| (Platform::Linkedin, id.clone())).collect();
    for (platform, id) in &everybody {
        state.linkedin.consents.insert(id.clone(), now);
        let Some(account) = state.account_mut(*platform, id) else { continue };
        account.refresh_token.clone_from(&refresh_token);
        account.refresh_expires_at = refresh_ends_at;
        account.scopes.clone_from(&code.granted);
        account.consented_at = Some(now);
        account.exchanges += 1;
    }
    let account = state.account(Platform::Linkedin, code.principal()).cloned().ok_or_else(invalid)?;
    Ok(mint(state, &account, &everybody, partner.then_some(now)))
}

/// Everybody who shares the token of an account.
pub(crate) fn sharing(state: &State, id: &str) -> Vec<(Platform, String)> {
    let Some(account) = state.account(Platform::Linkedin, id) else { return Vec::new() };
    gate::holders(state, &account.access_token).map(|account| (account.platform, account.id.clone())).collect()
}

/// Gives everybody who shares a token the next one. `consent` is when the life of the refresh token began, if there is one.
fn mint(state: &mut State, account: &Account, everybody: &[(Platform, String)], consent: Option<DateTime<Utc>>) -> Answer {
    let (now, serial) = (state.now(), state.next_number());
    let lifetime = state.settings.linkedin.access_token_seconds;
    let token = long("AQX", &format!("{} {serial}", account.id));
    for (platform, id) in everybody {
        let Some(known) = state.account_mut(*platform, id) else { continue };
        known.access_token.clone_from(&token);
        known.access_expires_at = Some(now + TimeDelta::seconds(lifetime));
        known.revoked = false;
    }
    state.linkedin.minted.insert(token.clone(), now);
    let mut body = json!({
        "access_token": token,
        "expires_in": lifetime,
        "scope": scope(state, account),
        "token_type": "Bearer",
    });
    if let Some(consent) = consent {
        body["refresh_token"] = json!(account.refresh_token);
        body["refresh_token_expires_in"] = json!((refresh_ends_at(state, consent) - now).num_seconds());
    }
    if gate::granted(account, &["openid"]) {
        body["id_token"] = json!(id_token(state, account));
    }
    Answer::json(200, &body)
}

fn scope(state: &State, account: &Account) -> String {
    let separator = &state.settings.linkedin.scope_separator;
    if account.scopes.is_empty() { ALL_SCOPES.join(separator) } else { account.scopes.join(separator) }
}

/// An OpenID token, whose signature nobody can check here.
fn id_token(state: &State, account: &Account) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now = state.now().timestamp();
    let claims = json!({
        "iss": "https://www.linkedin.com/oauth",
        "aud": state.settings.linkedin.client_id,
        "sub": gate::member_id(state, account),
        "iat": now,
        "exp": now + 3600,
    });
    let head = json!({"alg": "RS256", "typ": "JWT", "kid": "sandbox"});
    format!("{}.{}.{}", part(&head), part(&claims), made_up("signature", &account.id))
}

/// What LinkedIn knows about an access token.
fn introspect(state: &mut State, call: &Call) -> Outcome {
    let missing = || errors::saying("400/invalid_request", "A required parameter \"token\" is missing");
    let token = form(call, "token").ok_or_else(missing)?;
    let now = state.now();
    let Some(account) = accounts(state).find(|account| account.access_token == token).cloned() else {
        return Ok(Answer::json(200, &json!({"active": false})));
    };
    let authorized = *state.linkedin.consents.entry(account.id.clone()).or_insert(now);
    let created = state.linkedin.minted.get(token).copied().unwrap_or(authorized);
    let expires = account.access_expires_at.unwrap_or(created + TimeDelta::seconds(state.settings.linkedin.access_token_seconds));
    let status = match (account.revoked, account.access_expires_at.is_some_and(|at| at <= now)) {
        (true, _) => "revoked",
        (false, true) => "expired",
        (false, false) => "active",
    };
    Ok(Answer::json(
        200,
        &json!({
            "active": status == "active",
            "status": status,
            "client_id": form(call, "client_id"),
            "scope": scope(state, &account),
            "created_at": created.timestamp(),
            "authorized_at": authorized.timestamp(),
            "expires_at": expires.timestamp(),
            "auth_type": "3L",
        }),
    ))
}

/// Ends a token, as its member can.
fn revoke(state: &mut State, call: &Call) -> Outcome {
    let missing = || errors::saying("400/invalid_request", "A required parameter \"token\" is missing");
    let token = form(call, "token").ok_or_else(missing)?;
    revoke_all(state, token);
    Ok(Answer::json(200, &json!({})))
}

/// Marks everybody who shares a token as revoked.
pub(super) fn revoke_all(state: &mut State, token: &str) {
    let sharing = |account: &&mut Account| account.platform == Platform::Linkedin && account.access_token == token;
    state.accounts.iter_mut().filter(sharing).for_each(|account| account.revoked = true);
}
