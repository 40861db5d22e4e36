//! Facebook Pages as seen from outside: the part of the Graph API that publishing needs.

use poem::http::header::AUTHORIZATION;
use serde_json::json;

use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::router;
use crate::state::{Account, Platform, State};

mod errors;
mod fields;
pub(crate) mod params;
pub(crate) mod photos;
pub(crate) mod posts;
pub(crate) mod reads;

use errors::GraphError;
use params::Params;

/// What an endpoint comes to.
pub(crate) type Outcome = Result<Answer, GraphError>;

/// A call whose token is good.
pub(crate) struct Ask {
    pub(crate) params: Params,
    /// The Page that the token belongs to.
    pub(crate) page_id: String,
    /// The first part of the path, with `me` resolved.
    pub(crate) id: String,
    /// Version in the path, for the links in lists.
    pub(crate) version: String,
}

/// One endpoint in the table of routes.
pub(crate) struct Endpoint {
    method: &'static str,
    pattern: &'static str,
    run: fn(&mut State, &Ask) -> Outcome,
}

/// A row of the table of routes.
pub(crate) const fn endpoint(method: &'static str, pattern: &'static str, run: fn(&mut State, &Ask) -> Outcome) -> Endpoint {
    Endpoint { method, pattern, run }
}

/// The oldest version that still answers; older ones are served by it without a word.
const OLDEST_VERSION: u32 = 21;
const DEFAULT_VERSION: &str = "v26.0";

/// Splits `/v26.0/1/feed` into the version and the rest.
fn split_version(call: &Call) -> (Option<&str>, Vec<&str>) {
    let segments = call.segments();
    match segments.first() {
        Some(first) if major(first).is_some() => (Some(first), segments[1..].to_vec()),
        _ => (None, segments),
    }
}

fn major(segment: &str) -> Option<u32> {
    segment.strip_prefix('v')?.split_once('.')?.0.parse().ok()
}

fn served_version(call: &Call) -> String {
    let asked = split_version(call).0.unwrap_or(DEFAULT_VERSION);
    match major(asked) {
        Some(number) if number < OLDEST_VERSION => format!("v{OLDEST_VERSION}.0"),
        _ => asked.to_owned(),
    }
}

/// The token of a call, wherever it is carried.
fn token(call: &Call, params: &Params) -> Option<String> {
    let header =
        call.header(AUTHORIZATION).and_then(|header| header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("OAuth ")));
    params.text("access_token").or_else(|| header.map(|token| token.trim().to_owned()))
}

fn owner<'a>(state: &'a State, token: &str) -> Option<&'a Account> {
    let pages = state.accounts.iter().filter(|account| account.platform == Platform::Facebook);
    pages.into_iter().find(|account| account.access_token == token)
}

/// The Page a call claims to come from, without checking anything else.
pub(crate) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    owner(state, &token(call, &Params::of(call))?)
}

/// Does what Facebook does with a call.
pub(crate) fn work(state: &mut State, call: &Call) -> Answer {
    let outcome = run(state, call);
    let answer = outcome.unwrap_or_else(|error| error.into_answer(state));
    with_headers(state, call, answer, 1)
}

fn run(state: &mut State, call: &Call) -> Outcome {
    let params = Params::of(call);
    let page = authenticate(state, call, &params)?;
    if let Some(message) = call.unreadable() {
        return Err(GraphError::parameter(format!("(#100) {message}")));
    }
    if params.text("ids").is_some() && split_version(call).1.is_empty() {
        return Err(GraphError::parameter("(#100) Reading several objects by ids is not supported"));
    }
    let (_, segments) = split_version(call);
    let path = segments.join("/");
    // SDKs that cannot send DELETE say so in a parameter.
    let method = params.text("method").unwrap_or_else(|| call.method.to_string());
    for endpoint in router::FACEBOOK {
        let Some(values) = router::fit(endpoint.pattern, &segments) else { continue };
        if !method.eq_ignore_ascii_case(endpoint.method) {
            continue;
        }
        let id = values.first().copied().unwrap_or_default();
        let id = if id == "me" { page.id.clone() } else { id.to_owned() };
        let version = served_version(call);
        return (endpoint.run)(state, &Ask { params, page_id: page.id, id, version });
    }
    Err(GraphError::unknown_path(&path))
}

fn authenticate(state: &State, call: &Call, params: &Params) -> Result<Account, GraphError> {
    let token = token(call, params).ok_or_else(GraphError::no_token)?;
    let page = owner(state, &token).ok_or_else(GraphError::malformed_token)?;
    if page.revoked {
        return Err(GraphError::token_revoked());
    }
    let secret = &state.settings.facebook_app_secret;
    if let Some(proof) = params.text("appsecret_proof")
        && !secret.is_empty()
        && proof != params::proof(secret, &token)
    {
        return Err(GraphError::bad_proof());
    }
    Ok(page.clone())
}

/// Answers a call the way a fault asks for, without any work.
pub(crate) fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    let page = caller(state, call).map(|account| account.id.clone()).unwrap_or_default();
    let error = match action {
        Action::RateLimited { reset_after_seconds } => {
            let answer = GraphError::app_limit().into_answer(state);
            return throttled(state, call, answer, reset_after_seconds.div_ceil(60));
        }
        Action::TokenRevoked {} => {
            if let Some(account) = state.account_mut(Platform::Facebook, &page) {
                account.revoked = true;
            }
            GraphError::token_revoked()
        }
        Action::TokenExpired {} => GraphError::token_expired(),
        Action::ErrorAfter { status } | Action::ServerError { status } => GraphError::server(*status),
        Action::Duplicate {} => GraphError::duplicate(),
        Action::CreditsDepleted {} => GraphError::no_capability(),
        Action::PermissionMissing {} => GraphError::permission(),
        Action::InvalidContent {} => GraphError::parameter("(#100) Invalid parameter"),
        Action::TemporarilyBlocked {} => GraphError::blocked(),
        _ => GraphError::server(500),
    };
    let answer = error.into_answer(state);
    with_headers(state, call, answer, 1)
}

fn with_headers(state: &State, call: &Call, answer: Answer, percent: u32) -> Answer {
    usage(state, call, answer, percent, 0)
}

fn throttled(state: &State, call: &Call, answer: Answer, minutes: u32) -> Answer {
    usage(state, call, answer, 100, minutes)
}

/// Adds what Facebook sends on every answer: usage and the version that served it.
fn usage(state: &State, call: &Call, answer: Answer, percent: u32, minutes: u32) -> Answer {
    let page = caller(state, call).map_or("0", |account| account.id.as_str());
    let app = json!({"call_count": percent, "total_time": percent, "total_cputime": percent});
    let business = json!({page: [{
        "type": "pages",
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": minutes,
    }]});
    answer
        .with("x-app-usage", app.to_string())
        .with("x-business-use-case-usage", business.to_string())
        .with("facebook-api-version", served_version(call))
}
