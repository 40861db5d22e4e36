//! Whose call it is, and whether the token is good.

use chrono::{DateTime, Utc};
use poem::http::header::AUTHORIZATION;

use super::errors::GraphError;
use super::params::{self, Params};
use super::{people, resumable, rupload, versions};
use crate::call::Call;
use crate::consent::Login;
use crate::state::{Account, Platform, State};

/// The scopes that people can grant for Pages. An account without a list has granted all.
pub(super) const SCOPES: &[&str] = &[
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_posts",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "read_insights",
    "business_management",
    "pages_messaging",
];

/// Whether an account is a person and not a Page.
pub(super) fn is_person(account: &Account) -> bool {
    account.variant == "user"
}

/// Whether an account has granted a scope.
pub(super) fn grants(account: &Account, scope: &str) -> bool {
    account.scopes.is_empty() || account.scopes.iter().any(|known| known == scope)
}

/// The token of a call, wherever it is carried. The hosts that take bytes look at the header only.
pub(super) fn token(call: &Call, params: &Params) -> Option<String> {
    let header = call.header(AUTHORIZATION);
    let header = header.and_then(|header| header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("OAuth ")));
    let header = header.map(|token| token.trim().to_owned());
    if rupload::is_for(call) || resumable::is_for(call) {
        return header;
    }
    params.text("access_token").or(header)
}

/// The account that a token belongs to.
pub(super) fn owner<'a>(state: &'a State, token: &str) -> Option<&'a Account> {
    let mut accounts = state.accounts.iter().filter(|account| account.platform == Platform::Facebook);
    let earlier = state.facebook.earlier_tokens.get(token).map(|earlier| &earlier.account_id);
    accounts.find(|account| account.access_token == token || earlier == Some(&account.id))
}

/// When a token of an account ends, if it does.
pub(super) fn ends_at(state: &State, account: &Account, token: &str) -> Option<DateTime<Utc>> {
    if account.access_token == token {
        return account.access_expires_at;
    }
    state.facebook.earlier_tokens.get(token).and_then(|earlier| earlier.expires_at)
}

/// Refuses a token that was revoked or has expired.
pub(super) fn check_alive(state: &State, account: &Account, token: &str) -> Result<(), GraphError> {
    if account.revoked {
        return Err(GraphError::token_revoked());
    }
    if people::is_lost(state, account) {
        return Err(GraphError::role_lost());
    }
    let expired = ends_at(state, account, token).is_some_and(|at| at <= state.now());
    if expired { Err(GraphError::token_expired()) } else { Ok(()) }
}

/// The account a call claims to come from: by its token, or by the upload that its path names.
pub(super) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    let params = Params::of(call);
    if let Some(code) = params.text("code").and_then(|code| state.codes.find(Login::Facebook, &code)) {
        return state.account(Platform::Facebook, code.principal());
    }
    let exchanged = params.text("fb_exchange_token").and_then(|token| owner(state, &token));
    let by_token = exchanged.or_else(|| token(call, &params).and_then(|token| owner(state, &token)));
    let segments = versions::split(call).1;
    let by_path = || {
        let film = segments.last().filter(|_| rupload::is_for(call)).and_then(|id| state.facebook.films.get(*id));
        let upload = resumable::session(&segments).and_then(|session| state.facebook.uploads.get(session));
        let id = film.map(|film| &film.account_id).or_else(|| upload.map(|upload| &upload.account_id))?;
        state.account(Platform::Facebook, id)
    };
    by_token.or_else(by_path)
}

/// Checks token and proof, and returns whose they are.
pub(super) fn authenticate(state: &State, call: &Call, params: &Params) -> Result<Account, GraphError> {
    let token = token(call, params).ok_or_else(GraphError::no_token)?;
    let account = owner(state, &token).ok_or_else(GraphError::malformed_token)?;
    check_alive(state, account, &token)?;
    let secret = &state.settings.facebook_app_secret;
    match params.text("appsecret_proof") {
        Some(proof) if !secret.is_empty() && proof != params::proof(secret, &token) => {
            Err(GraphError::bad_proof("Invalid appsecret_proof provided in the API argument"))
        }
        None if state.settings.facebook.require_proof => {
            Err(GraphError::bad_proof("API calls from the server require an appsecret_proof argument"))
        }
        _ => Ok(account.clone()),
    }
}
