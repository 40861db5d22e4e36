//! The lives of tokens: the refresh grant, with refresh tokens that work once, and revocation.

use chrono::TimeDelta;
use poem::http::header::AUTHORIZATION;
use serde_json::json;

use super::{Ask, Outcome, errors};
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::state::{Account, Platform, State};

const LIFETIME_SECONDS: i64 = 7200;
const SCOPE: &str = "tweet.read tweet.write users.read media.write offline.access";

fn field<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Whether the app names itself, in the header or in the body.
fn names_client(call: &Call) -> bool {
    let basic = call.header(AUTHORIZATION).is_some_and(|header| header.starts_with("Basic "));
    basic || field(call, "client_id").is_some_and(|id| !id.is_empty())
}

/// `POST /2/oauth2/token`: trades a refresh token for a new pair; the old pair dies at once.
pub(super) fn refresh(state: &mut State, call: &Call) -> Answer {
    if !names_client(call) {
        return errors::refusal("401/oauth-unauthorized-client");
    }
    if field(call, "grant_type") != Some("refresh_token") {
        return errors::oauth_error(400, "invalid_request", "Value passed for the grant type was invalid.");
    }
    let (now, serial) = (state.now(), state.next_number());
    let sent = field(call, "refresh_token").unwrap_or_default();
    let owns = |account: &&mut Account| account.platform == Platform::X && account.refresh_token == sent && !account.revoked;
    let Some(account) = state.accounts.iter_mut().find(owns) else {
        return errors::refusal("400/oauth-invalid-request");
    };
    account.access_token = made_up("access token", &format!("{} {serial}", account.id));
    account.refresh_token = made_up("refresh token", &format!("{} {serial}", account.id));
    account.access_expires_at = Some(now + TimeDelta::seconds(LIFETIME_SECONDS));
    let granted = if account.scopes.is_empty() { SCOPE.to_owned() } else { account.scopes.join(" ") };
    Answer::json(
        200,
        &json!({
            "token_type": "bearer",
            "expires_in": LIFETIME_SECONDS,
            "access_token": account.access_token,
            // SDKs refuse a scope set other than the one they asked for.
            "scope": field(call, "scope").unwrap_or(&granted),
            "refresh_token": account.refresh_token,
        }),
    )
}

/// `POST /2/oauth2/revoke`: ends what a token stands for. An unknown token is no error, it is dead already.
pub(super) fn revoke(state: &mut State, call: &Call) -> Answer {
    if !names_client(call) {
        return errors::refusal("401/oauth-unauthorized-client");
    }
    let Some(token) = field(call, "token").filter(|token| !token.is_empty()) else {
        return errors::oauth_error(400, "invalid_request", "Missing required parameter [token].");
    };
    let owns = |account: &&mut Account| {
        account.platform == Platform::X && [account.access_token.as_str(), account.refresh_token.as_str()].contains(&token)
    };
    if let Some(account) = state.accounts.iter_mut().find(owns) {
        account.revoked = true;
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
