//! `POST /2/oauth2/token`: the refresh grant, with refresh tokens that work once.

use chrono::TimeDelta;
use poem::http::header::AUTHORIZATION;
use serde_json::json;

use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::state::{Platform, State};

const LIFETIME_SECONDS: i64 = 7200;
const SCOPE: &str = "tweet.read tweet.write users.read media.write offline.access";

/// Trades a refresh token for a new pair; the old pair dies at once.
pub(super) fn refresh(state: &mut State, call: &Call) -> Answer {
    let field = |name: &str| call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let basic = call.header(AUTHORIZATION).is_some_and(|header| header.starts_with("Basic "));
    if !basic && field("client_id").is_none() {
        let description = "Missing valid authorization header";
        return failure(401, "unauthorized_client", description);
    }
    if field("grant_type") != Some("refresh_token") {
        let description = "Value passed for the grant type was invalid.";
        return failure(400, "invalid_request", description);
    }
    let (now, serial) = (state.now(), state.next_number());
    let sent = field("refresh_token").unwrap_or_default();
    let owner = state
        .accounts
        .iter_mut()
        .find(|account| account.platform == Platform::X && account.refresh_token == sent && !account.revoked);
    let Some(account) = owner else {
        let description = "Value passed for the token was invalid.";
        return failure(400, "invalid_request", description);
    };
    account.access_token = made_up("access token", &format!("{} {serial}", account.id));
    account.refresh_token = made_up("refresh token", &format!("{} {serial}", account.id));
    account.access_expires_at = Some(now + TimeDelta::seconds(LIFETIME_SECONDS));
    Answer::json(
        200,
        &json!({
            "token_type": "bearer",
            "expires_in": LIFETIME_SECONDS,
            "access_token": account.access_token,
            // SDKs refuse a scope set other than the one they asked for.
            "scope": field("scope").unwrap_or(SCOPE),
            "refresh_token": account.refresh_token,
        }),
    )
}

fn failure(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}
