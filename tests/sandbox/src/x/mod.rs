//! X as seen from outside: API v2 for posts, media and users, uploads by v1.1, and the OAuth 2 token endpoints.

use poem::http::Method;
use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::play::Play;
use crate::router;
use crate::state::{Account, Platform, Post, State};

mod auth;
mod draft;
mod errors;
mod fields;
pub(crate) mod legacy;
mod limits;
mod measure;
pub(crate) mod media;
pub(crate) mod reads;
mod settings;
pub(crate) mod signature;
mod signed_login;
mod tags;
mod text;
pub(crate) mod token;
pub(crate) mod tweets;
mod uploads;
pub(crate) mod users;

use auth::caller;
pub(crate) use settings::{Memory, Settings};
pub(crate) use signed_login::{OUT_OF_BAND, allow, deny};
pub(crate) use token::SCOPES;

/// The variant of accounts with a subscription: longer texts and videos.
const PREMIUM: &str = "premium";

/// The player of X.
pub(crate) struct X;

impl Play for X {
    fn platform(&self) -> Platform {
        Platform::X
    }

    fn owns(&self, _state: &State, call: &Call) -> bool {
        let path = call.path.as_str();
        // LinkedIn's and Facebook's logins have addresses there too; only apps of the latter name themselves this way.
        let names_client = call.query.iter().chain(call.form()).any(|(name, _)| name == "client_id")
            || call.parts().iter().any(|part| part.name == "client_id")
            || call.json().is_some_and(|body| body.get("client_id").is_some());
        let signed_login = path.starts_with("/oauth/") && !path.starts_with("/oauth/v2/") && !names_client;
        path.starts_with("/2/") || path.starts_with("/1.1/") || signed_login
    }

    fn caller<'a>(&self, state: &'a State, call: &Call) -> Option<&'a Account> {
        caller(state, call)
    }

    fn work(&self, state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
        work(state, call, action)
    }

    fn refuse(&self, state: &mut State, call: &Call, action: &Action) -> Answer {
        refuse(state, call, action)
    }

    fn error_names(&self) -> Vec<&'static str> {
        errors::names()
    }

    fn invent(&self, id: Option<String>, n: u64, variant: &str) -> Account {
        let id = id.unwrap_or_else(|| (1_500_000_000_000_000_000 + n).to_string());
        Account { variant: variant.to_owned(), ..Account::new(Platform::X, id, "Sandbox user") }
    }

    fn permalink(&self, state: &State, post: &Post) -> String {
        let username = state.account(Platform::X, &post.account_id).map_or("i", |account| account.username.as_str());
        format!("{}/{username}/status/{}", state.public_url, post.id)
    }
}

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
fn work(state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
    let answer = match call.path.as_str() {
        "/2/oauth2/token" if call.method == Method::POST => token::grant(state, call),
        "/2/oauth2/revoke" if call.method == Method::POST => token::revoke(state, call),
        "/oauth/request_token" if call.method == Method::POST => signed_login::request(state, call),
        "/oauth/access_token" if call.method == Method::POST => signed_login::access(state, call),
        _ => serve(state, call, action),
    };
    stamped(state, answer)
}

fn serve(state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
    let Some((endpoint, id)) = find_endpoint(call) else { return errors::not_found_path(&call.path) };
    let account_id = match auth::authenticate(state, call) {
        Ok(account_id) => account_id,
        Err(denied) => {
            let claimed = caller(state, call).map(|account| account.id.clone()).unwrap_or_default();
            return limits::with_headers(state, denied.answer(call), endpoint, &claimed);
        }
    };
    if !limits::take(state, endpoint, &account_id) {
        let refusal = errors::refusal(if is_legacy(call) { "v1/88" } else { "429/rate-limit" });
        return limits::with_headers(state, refusal, endpoint, &account_id);
    }
    let ask = Ask { call, account_id, id: &id, action };
    let answer = (endpoint.run)(state, &ask).unwrap_or_else(|refusal| refusal);
    limits::with_headers(state, answer, endpoint, &ask.account_id)
}

/// Adds what X sends on every answer, so that its staff can find the call.
fn stamped(state: &mut State, answer: Answer) -> Answer {
    let n = state.next_number();
    answer.with("x-transaction-id", format!("{n:016x}"))
}

/// Whether a call is for version 1.1.
fn is_legacy(call: &Call) -> bool {
    call.path.starts_with("/1.1/")
}

/// Whether a call is the last one of an upload, where the work on a file begins.
pub(crate) fn ends_upload(call: &Call) -> bool {
    let path = call.path.as_str();
    let in_one_shot = path == "/2/media/upload";
    let finalize = path.starts_with("/2/media/upload/") && path.ends_with("/finalize");
    let command = || legacy::parameter(call, "command");
    let legacy = path == "/1.1/media/upload.json" && command().is_none_or(|command| command == "FINALIZE");
    call.method == Method::POST && (in_one_shot || finalize || legacy)
}

/// Answers a call the way a fault asks for, without any work.
fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    let account = caller(state, call).map(|account| account.id.clone()).unwrap_or_default();
    let found = find_endpoint(call).map(|(endpoint, _)| endpoint);
    if matches!(action, Action::TokenRevoked {})
        && let Some(account) = state.account_mut(Platform::X, &account)
    {
        account.revoked = true;
    }
    let answer = match (action, refusal_name(call, action)) {
        (Action::ErrorAfter { status } | Action::ServerError { status }, _) => errors::server(*status),
        (_, Some(name)) => errors::refusal(name),
        _ => errors::server(500),
    };
    let answer = match found {
        Some(endpoint) => limits::with_headers(state, answer, endpoint, &account),
        None => answer,
    };
    let answer = exhausted(state, answer, found, action);
    stamped(state, answer)
}

/// The row of the tables of errors that a fault means on this call.
fn refusal_name<'a>(call: &Call, action: &'a Action) -> Option<&'a str> {
    let legacy = is_legacy(call);
    let choose = |new, old| Some(if legacy { old } else { new });
    match action {
        Action::Error { code } => Some(code),
        Action::TokenExpired {} | Action::TokenRevoked {} if call.path.starts_with("/2/oauth2/") => {
            Some("400/oauth-invalid-request")
        }
        Action::TokenExpired {} | Action::TokenRevoked {} => choose("401/unauthorized", "v1/89"),
        Action::RateLimited { .. } => choose("429/rate-limit", "v1/88"),
        Action::Duplicate {} => choose("403/duplicate", "v1/187"),
        Action::CreditsDepleted {} => Some("402/credits"),
        Action::PermissionMissing {} => Some("403/oauth1-permissions"),
        Action::InvalidContent {} => choose("400/invalid-request", "v1/324"),
        Action::TemporarilyBlocked {} => choose("403/suspended", "v1/64"),
        _ => None,
    }
}

/// Makes the answer to a planted limit say which window is full, and until when.
fn exhausted(state: &State, answer: Answer, endpoint: Option<&Endpoint>, action: &Action) -> Answer {
    let now = state.now().timestamp();
    let quarter = endpoint.map_or(100, |endpoint| endpoint.limit);
    let (family, most, reset) = match action {
        Action::RateLimited { reset_after_seconds } => ("x-rate-limit", quarter, now + i64::from(*reset_after_seconds)),
        Action::Error { code } => match code.as_str() {
            "429/rate-limit" | "429/rate-limit-exceeded" | "v1/88" => ("x-rate-limit", quarter, now + 900),
            "429/user-24hour" => ("x-user-limit-24hour", state.settings.x.daily_posts, now + 86_400),
            "429/app-24hour" => ("x-app-limit-24hour", state.settings.x.app_daily_posts, now + 86_400),
            _ => return answer,
        },
        _ => return answer,
    };
    limits::exhaust(answer, family, most, reset)
}

/// Whether a text is an id as X writes them.
fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an account may write and show longer things.
fn is_premium(state: &State, account_id: &str) -> bool {
    state.account(Platform::X, account_id).is_some_and(|account| account.variant == PREMIUM)
}

/// The usual success: `{"data": …}`.
fn data(status: u16, data: &Value) -> Answer {
    Answer::json(status, &json!({"data": data}))
}

/// An account the way `/2/users` shows it.
fn user_json(account: &Account, ask: &Ask<'_>) -> Value {
    let mut user = json!({"id": account.id, "name": account.name, "username": account.username});
    let premium = account.variant == PREMIUM;
    let more = [
        ("verified", json!(premium)),
        ("verified_type", json!(if premium { "blue" } else { "none" })),
        ("subscription_type", json!(if premium { "Premium" } else { "None" })),
        ("protected", json!(false)),
        ("description", json!("")),
        ("profile_image_url", json!("https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png")),
    ];
    for (name, value) in more {
        if fields::wants(ask, &["user.fields"], name) {
            user[name] = value;
        }
    }
    user
}

/// The body of a call that takes JSON only.
fn json_body<'a>(ask: &Ask<'a>) -> Result<&'a Value, Answer> {
    let message = ask.call.unreadable().unwrap_or("a JSON body is required");
    ask.call.json().ok_or_else(|| errors::invalid(json!({}), message))
}
