//! Who calls, and what the token lets them do.

use chrono::{DateTime, Utc};
use poem::http::header::AUTHORIZATION;

use super::errors;
use crate::call::{Answer, Call};
use crate::consent::Login;
use crate::lives;
use crate::state::{Account, Platform, State};

/// Begins the full name of every scope.
const SCOPES: &str = "https://www.googleapis.com/auth/";

/// The end of a scope's name.
pub(super) type Scope = &'static str;

/// Scopes that reading takes.
pub(super) const READ: &[Scope] = &["youtube", "youtube.force-ssl", "youtube.readonly"];
/// Scopes that changing takes.
pub(super) const MANAGE: &[Scope] = &["youtube", "youtube.force-ssl"];
/// Scopes that uploading takes.
pub(super) const UPLOAD: &[Scope] = &["youtube", "youtube.force-ssl", "youtube.upload"];
/// The scope that comments take.
pub(super) const COMMENT: &[Scope] = &["youtube.force-ssl"];

/// An access token that a refresh has followed with a newer one.
pub(super) struct OldToken {
    pub(super) account_id: String,
    pub(super) token: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// The scopes that an account's token carries, by their full names.
pub(super) fn scopes(account: &Account) -> Vec<String> {
    let all = ["youtube", "youtube.force-ssl", "youtube.readonly", "youtube.upload"].map(str::to_owned).to_vec();
    let granted = if account.scopes.is_empty() { all } else { account.scopes.clone() };
    let whole = |scope: &str| scope.contains("://") || ["openid", "email", "profile"].contains(&scope);
    granted.into_iter().map(|scope| if whole(&scope) { scope } else { format!("{SCOPES}{scope}") }).collect()
}

/// Refuses a token that carries none of the scopes.
pub(super) fn check_scope(account: &Account, wanted: &[Scope]) -> Result<(), Answer> {
    let granted = scopes(account);
    let fits = |scope: &String| scope.strip_prefix(SCOPES).is_some_and(|scope| wanted.contains(&scope));
    if granted.iter().any(fits) { Ok(()) } else { Err(errors::named("403/insufficientPermissions")) }
}

/// The account that an access token was made for, and when the token expires.
pub(super) fn holder<'a>(state: &'a State, token: &str) -> Option<(&'a Account, Option<DateTime<Utc>>)> {
    let accounts = || state.accounts.iter().filter(|account| account.platform == Platform::Youtube);
    if let Some(account) = accounts().find(|account| account.access_token == token) {
        return Some((account, account.access_expires_at));
    }
    let old = state.youtube.tokens.iter().find(|old| old.token == token)?;
    Some((accounts().find(|account| account.id == old.account_id)?, Some(old.expires_at)))
}

/// The account that a refresh token was made for.
pub(super) fn refreshed<'a>(state: &'a State, token: &str) -> Option<&'a Account> {
    let earlier = state.youtube.refresh_tokens.iter().find(|(known, _)| known == token).map(|(_, id)| id);
    let mut accounts = state.accounts.iter().filter(|account| account.platform == Platform::Youtube);
    accounts.find(|account| account.refresh_token == token || earlier == Some(&account.id))
}

/// The account a call claims to come from: by its token, or by the upload session it goes to.
pub(super) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    let field = |name: &str| {
        let sent = call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        sent.or_else(|| call.query_value(name))
    };
    if let Some(code) = field("code").and_then(|code| state.codes.find(Login::Google, code)) {
        return state.account(Platform::Youtube, code.principal());
    }
    let by_refresh_token = |token: &str| refreshed(state, token);
    let by_token = |token: &str| holder(state, token).map(|(account, _)| account).or_else(|| by_refresh_token(token));
    let tokens = [call.bearer(), field("refresh_token"), field("token"), field("access_token")];
    tokens.into_iter().flatten().find_map(by_token).or_else(|| {
        let session = state.youtube.sessions.get(call.query_value("upload_id")?)?;
        state.account(Platform::Youtube, session.account_id())
    })
}

/// The account whose token the call carries, when that token is good.
pub(super) fn authenticate(state: &State, call: &Call) -> Result<Account, Answer> {
    if call.header(AUTHORIZATION).is_none() {
        return Err(errors::named("401/required"));
    }
    let found = call.bearer().and_then(|token| holder(state, token));
    let (account, expires_at) = found.ok_or_else(|| errors::named("401/authError"))?;
    if account.revoked || expires_at.is_some_and(|at| at <= state.now()) {
        return Err(errors::named("401/authError"));
    }
    Ok(account.clone())
}

/// Ends everything that an account has granted.
pub(super) fn revoke(state: &mut State, account_id: &str) {
    state.youtube.refresh_tokens.retain(|(_, id)| id != account_id);
    lives::revoke(state, Platform::Youtube, account_id);
}
