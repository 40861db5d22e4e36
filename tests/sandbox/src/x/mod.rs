//! X as seen from outside: API v2 for posts, media, users, and the OAuth 2 token endpoint.

use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::router;
use crate::state::{Account, State};

mod auth;
mod errors;
mod limits;
pub(crate) mod media;
pub(crate) mod signature;
mod text;
mod token;
pub(crate) mod tweets;
pub(crate) mod users;

pub(crate) use auth::caller;

/// What an endpoint comes to: both sides are answers, so that `?` ends early with a refusal.
pub(crate) type Outcome = Result<Answer, Answer>;

/// A call that passed authentication and the rate limit.
pub(crate) struct Ask<'a> {
    pub(crate) call: &'a Call,
    pub(crate) account_id: String,
    /// Value of `:id` in the path, or empty.
    pub(crate) id: &'a str,
    /// A fault that shapes the work itself.
    pub(crate) action: Option<&'a Action>,
}

/// One endpoint in the table of routes.
pub(crate) struct Endpoint {
    method: &'static str,
    pattern: &'static str,
    limit: u32,
    run: fn(&mut State, &Ask<'_>) -> Outcome,
}

impl Endpoint {
    /// Distinguishes rate windows.
    fn key(&self) -> (&'static str, &'static str) {
        (self.method, self.pattern)
    }
}

/// A row of the table of routes.
pub(crate) const fn endpoint(
    method: &'static str,
    pattern: &'static str,
    limit: u32,
    run: fn(&mut State, &Ask<'_>) -> Outcome,
) -> Endpoint {
    Endpoint { method, pattern, limit, run }
}

fn find_endpoint(call: &Call) -> Option<(&'static Endpoint, String)> {
    let segments = call.segments();
    router::X.iter().find_map(|endpoint| {
        let values = router::fit(endpoint.pattern, &segments)?;
        let id = values.first().copied().unwrap_or_default().to_owned();
        (call.method.as_str() == endpoint.method).then_some((endpoint, id))
    })
}

/// Does what X does with a call.
pub(crate) fn work(state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
    if call.path == "/2/oauth2/token" {
        return token::refresh(state, call);
    }
    let Some((endpoint, id)) = find_endpoint(call) else { return errors::not_found_path() };
    let account_id = match auth::authenticate(state, call) {
        Ok(account_id) => account_id,
        Err(refusal) => return limits::with_headers(state, refusal, endpoint, ""),
    };
    if !limits::take(state, endpoint, &account_id) {
        return limits::with_headers(state, errors::too_many_requests(), endpoint, &account_id);
    }
    let ask = Ask { call, account_id, id: &id, action };
    let answer = (endpoint.run)(state, &ask).unwrap_or_else(|refusal| refusal);
    limits::with_headers(state, answer, endpoint, &ask.account_id)
}

/// Answers a call the way a fault asks for, without any work.
pub(crate) fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    let account = caller(state, call).map(|account| account.id.clone()).unwrap_or_default();
    let answer = match action {
        Action::RateLimited { reset_after_seconds } => {
            let reset = state.now().timestamp() + i64::from(*reset_after_seconds);
            return limits::exhausted(find_endpoint(call).map(|(endpoint, _)| endpoint), reset);
        }
        Action::TokenRevoked {} => {
            revoke(state, &account);
            errors::unauthorized()
        }
        Action::TokenExpired {} => errors::unauthorized(),
        Action::ErrorAfter { status } | Action::ServerError { status } => errors::server(*status),
        Action::Duplicate {} => errors::duplicate(),
        Action::CreditsDepleted {} => errors::credits_depleted(),
        Action::PermissionMissing {} => errors::oauth1_permissions(),
        Action::InvalidContent {} => errors::invalid(json!({}), "The content of your request is invalid."),
        Action::TemporarilyBlocked {} => errors::suspended(),
        _ => errors::server(500),
    };
    match find_endpoint(call) {
        Some((endpoint, _)) => limits::with_headers(state, answer, endpoint, &account),
        None => answer,
    }
}

fn revoke(state: &mut State, account_id: &str) {
    if let Some(account) = state.account_mut(crate::state::Platform::X, account_id) {
        account.revoked = true;
    }
}

/// The usual success: `{"data": …}`.
fn data(status: u16, data: &Value) -> Answer {
    Answer::json(status, &json!({"data": data}))
}

/// An account the way `/2/users` shows it.
fn user_json(account: &Account) -> Value {
    json!({"id": account.id, "name": account.name, "username": account.username})
}

/// The body of a call that takes JSON only.
fn json_body<'a>(ask: &Ask<'a>) -> Result<&'a Value, Answer> {
    let message = ask.call.unreadable().unwrap_or("a JSON body is required");
    ask.call.json().ok_or_else(|| errors::invalid(json!({}), message))
}
