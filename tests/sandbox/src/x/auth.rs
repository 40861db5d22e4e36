//! Who calls: a bearer token or an OAuth 1.0a signature.

use poem::http::header::{AUTHORIZATION, HOST};

use super::{errors, signature};
use crate::call::{Answer, Call};
use crate::state::{Account, Platform, State};

/// Signatures further off than this are refused.
const TOLERANCE_SECONDS: i64 = 300;

/// The account a call claims to come from, without checking anything else.
pub(crate) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    let header = call.header(AUTHORIZATION)?;
    let of_x = |account: &&Account| account.platform == Platform::X;
    if let Some(token) = header.strip_prefix("Bearer ") {
        let token = token.trim();
        return state.accounts.iter().filter(of_x).find(|account| account.access_token == token);
    }
    let parameters = signature::parse(header)?;
    let token = signature::value(&parameters, "oauth_token")?;
    let signs = |account: &&Account| account.signing.as_ref().is_some_and(|s| s.token == token);
    state.accounts.iter().filter(of_x).find(signs)
}

/// The id of the account a call comes from, when its token or signature is good.
pub(super) fn authenticate(state: &mut State, call: &Call) -> Result<String, Answer> {
    let header = call.header(AUTHORIZATION).ok_or_else(errors::unauthorized)?;
    let account = caller(state, call).ok_or_else(errors::unauthorized)?.clone();
    if account.revoked {
        return Err(errors::unauthorized());
    }
    if header.starts_with("Bearer ") {
        let expired = account.access_expires_at.is_some_and(|at| at <= state.now());
        return if expired { Err(errors::unauthorized()) } else { Ok(account.id) };
    }
    check_signature(state, call, header, &account).ok_or_else(errors::unauthorized)?;
    Ok(account.id)
}

fn check_signature(state: &mut State, call: &Call, header: &str, account: &Account) -> Option<()> {
    let parameters = signature::parse(header)?;
    let value = |name| signature::value(&parameters, name);
    let signing = account.signing.as_ref()?;
    let timestamp: i64 = value("oauth_timestamp")?.parse().ok()?;
    let nonce = (signing.token.clone(), value("oauth_nonce")?.to_owned());
    let now = state.now().timestamp();
    let settings = &state.settings;
    if value("oauth_signature_method")? != "HMAC-SHA1"
        || value("oauth_consumer_key")? != settings.x_consumer_key
        || now.abs_diff(timestamp) > TOLERANCE_SECONDS.unsigned_abs()
        || state.nonces.contains_key(&nonce)
    {
        return None;
    }
    let all = [parameters.as_slice(), &call.query, call.form()].concat();
    let sent = value("oauth_signature")?;
    let right = bases(state, call).iter().any(|base| {
        let base = signature::base_string(call.method.as_str(), base, &all);
        signature::sign(&base, &settings.x_consumer_secret, &signing.token_secret) == sent
    });
    if !right {
        return None;
    }
    state.nonces.retain(|_, at| now.abs_diff(*at) <= 2 * TOLERANCE_SECONDS.unsigned_abs());
    state.nonces.insert(nonce, timestamp);
    Some(())
}

/// The URLs a client may have signed: the one it really called, and X's own.
fn bases(state: &State, call: &Call) -> Vec<String> {
    let host = call.header(HOST).unwrap_or_default();
    let hosts = [
        format!("http://{host}"),
        state.public_url.clone(),
        "https://api.x.com".to_owned(),
        "https://api.twitter.com".to_owned(),
    ];
    hosts.into_iter().map(|base| format!("{base}{}", call.path)).collect()
}
