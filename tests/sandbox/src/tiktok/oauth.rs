//! The token endpoint and the revocation of tokens.
//!
//! Authorization codes come from the consent page. Others say for whom they are, `code.{open_id}*{anything}*{challenge}!0`,
//! with an empty challenge for web apps, so that programs need nothing but the account. Each code works once.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::errors::Refusal;
use super::{Outcome, of_tiktok, seconds};
use crate::call::{Answer, Call};
use crate::consent::{Login, burn, usable};
use crate::control::made_up;
use crate::lives;
use crate::state::{Account, Platform, State};

pub(super) const TOKEN_PATH: &str = "/v2/oauth/token/";
pub(super) const REVOKE_PATH: &str = "/v2/oauth/revoke/";
/// Every scope that an app can ask for.
pub(crate) const SCOPES: &[&str] =
    &["user.info.basic", "user.info.profile", "user.info.stats", "video.publish", "video.upload", "video.list"];

fn field<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let value = call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    value.filter(|value| !value.is_empty())
}

/// An authorization code, taken apart.
struct Code<'a> {
    open_id: &'a str,
    challenge: &'a str,
}

impl<'a> Code<'a> {
    fn of(code: &'a str) -> Option<Self> {
        let mut parts = code.strip_prefix("code.")?.split_once('!')?.0.split('*');
        let (open_id, _, challenge) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { open_id, challenge })
    }
}

/// The account that a call to the token endpoints is about.
pub(super) fn owner<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    if let Some(code) = field(call, "code") {
        if let Some(code) = state.codes.find(Login::Tiktok, code) {
            return state.account(Platform::Tiktok, code.principal());
        }
        return state.account(Platform::Tiktok, Code::of(code)?.open_id);
    }
    let held = |account: &&Account| {
        field(call, "refresh_token") == Some(account.refresh_token.as_str())
            || field(call, "token") == Some(account.access_token.as_str())
    };
    of_tiktok(state).find(held)
}

fn check_client(state: &State, call: &Call) -> Result<(), Refusal> {
    if call.method.as_str() != "POST" {
        return Err(Refusal::new("404/unsupported_path"));
    }
    if call.form().is_empty() {
        return Err(Refusal::say("oauth/invalid_request", "The body must be application/x-www-form-urlencoded"));
    }
    let settings = &state.settings.tiktok;
    for (name, right) in [("client_key", &settings.client_key), ("client_secret", &settings.client_secret)] {
        let sent = field(call, name).ok_or_else(|| Refusal::say("oauth/invalid_request", format!("{name} is missing")))?;
        if !right.is_empty() && sent != right {
            return Err(Refusal::new("oauth/invalid_client"));
        }
    }
    Ok(())
}

/// `POST /v2/oauth/token/`.
pub(super) fn token(state: &mut State, call: &Call) -> Outcome {
    check_client(state, call)?;
    let account = match field(call, "grant_type") {
        Some("authorization_code") => by_code(state, call)?,
        Some("refresh_token") => by_refresh_token(state, call)?,
        Some(_) => return Err(Refusal::new("oauth/unsupported_grant_type")),
        None => return Err(Refusal::say("oauth/invalid_request", "grant_type is missing")),
    };
    let (now, serial) = (state.now(), state.next_number());
    let (access, refresh) = (state.settings.tiktok.access_token_seconds, state.settings.tiktok.refresh_token_seconds);
    let account = state.account_mut(Platform::Tiktok, &account).ok_or_else(|| Refusal::new("oauth/invalid_grant"))?;
    if field(call, "grant_type") == Some("refresh_token") {
        account.refreshes += 1;
    }
    account.refresh_expires_at = Some(now + seconds(refresh));
    account.access_token = format!("act.{}", made_up("access token", &format!("{} {serial}", account.id)));
    account.refresh_token = format!("rft.{}", made_up("refresh token", &format!("{} {serial}", account.id)));
    account.access_expires_at = Some(now + seconds(access));
    account.revoked = false;
    let scope = if account.scopes.is_empty() { SCOPES.join(",") } else { account.scopes.join(",") };
    Ok(Answer::json(
        200,
        &json!({
            "access_token": account.access_token,
            "expires_in": access,
            "open_id": account.id,
            "refresh_token": account.refresh_token,
            "refresh_expires_in": refresh,
            "scope": scope,
            "token_type": "Bearer",
        }),
    ))
}

/// The account of a refresh token that is alive. It dies with the new one.
fn by_refresh_token(state: &State, call: &Call) -> Result<String, Refusal> {
    let sent = field(call, "refresh_token");
    let sent = sent.ok_or_else(|| Refusal::say("oauth/invalid_request", "refresh_token is missing"))?;
    let account = of_tiktok(state).find(|account| account.refresh_token == sent && !account.revoked);
    let account = account.ok_or_else(|| Refusal::new("oauth/invalid_grant"))?;
    let expired = account.refresh_expires_at.is_some_and(|at| at <= state.now());
    if expired { Err(Refusal::new("oauth/invalid_grant")) } else { Ok(account.id.clone()) }
}

/// The account of a code that was not used before.
fn by_code(state: &mut State, call: &Call) -> Result<String, Refusal> {
    let missing = |name: &str| Refusal::say("oauth/invalid_request", format!("{name} is missing"));
    let sent = field(call, "code").ok_or_else(|| missing("code"))?;
    let redirect = field(call, "redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    let unmatched = "Redirect_uri is not matched with the uri when requesting code.";
    if !allows_redirect(redirect) {
        return Err(Refusal::say("oauth/invalid_request", unmatched));
    }
    if state.codes.find(Login::Tiktok, sent).is_some() {
        return by_consent(state, call, sent, redirect);
    }
    let account = owner(state, call).map(|account| account.id.clone());
    let account = account.ok_or_else(|| Refusal::new("oauth/invalid_grant"))?;
    let challenge = Code::of(sent).map_or("", |code| code.challenge);
    // TikTok's own way: the digest in hexadecimal.
    let verified = field(call, "code_verifier")
        .is_some_and(|verifier| (43..=128).contains(&verifier.len()) && hex(&Sha256::digest(verifier)) == challenge);
    if !challenge.is_empty() && !verified {
        return Err(Refusal::say("oauth/invalid_request", "Code verifier or code challenge is invalid."));
    }
    if !state.tiktok.used_codes.insert(sent.to_owned()) {
        return Err(Refusal::new("oauth/invalid_grant"));
    }
    Ok(account)
}

/// The account whose person agreed on the consent page.
fn by_consent(state: &mut State, call: &Call, sent: &str, redirect: &str) -> Result<String, Refusal> {
    let code = usable(state, Login::Tiktok, sent, state.settings.tiktok.code_seconds);
    let code = code.map_err(|_| Refusal::new("oauth/invalid_grant"))?;
    if code.redirect_uri != redirect {
        let message = "Redirect_uri is not matched with the uri when requesting code.";
        return Err(Refusal::say("oauth/invalid_request", message));
    }
    let verifier = field(call, "code_verifier").unwrap_or_default();
    if code.challenge.as_ref().is_some_and(|challenge| !challenge.fits(verifier)) {
        return Err(Refusal::say("oauth/invalid_request", "Code verifier or code challenge is invalid."));
    }
    burn(state, sent);
    let now = state.now();
    let account = state.account_mut(Platform::Tiktok, code.principal()).ok_or_else(|| Refusal::new("oauth/invalid_grant"))?;
    account.scopes.clone_from(&code.granted);
    account.consented_at = Some(now);
    account.exchanges += 1;
    Ok(account.id.clone())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Web apps are called back over https, desktop apps on a port of their own machine; neither address may vary.
pub(crate) fn allows_redirect(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1")) && url.port().is_some();
    let scheme = url.scheme() == "https" || url.scheme() == "http" && local;
    scheme && url.query().is_none() && url.fragment().is_none() && address.len() < 512
}

/// `POST /v2/oauth/revoke/`.
pub(super) fn revoke(state: &mut State, call: &Call) -> Outcome {
    check_client(state, call)?;
    let sent = field(call, "token").ok_or_else(|| Refusal::say("oauth/invalid_request", "token is missing"))?;
    let held = of_tiktok(state).find(|account| account.access_token == sent).map(|account| account.id.clone());
    let id = held.ok_or_else(|| Refusal::say("oauth/invalid_request", "The token is invalid"))?;
    lives::revoke(state, Platform::Tiktok, &id);
    Ok(Answer::json(200, &json!({})))
}
