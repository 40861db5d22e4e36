//! TikTok as seen from outside: Content Posting API v2, the reads it needs, and OAuth.

use chrono::TimeDelta;
use poem::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::faults::Action;
use crate::play::Play;
use crate::router;
use crate::state::{Account, Platform, Post, State};

mod errors;
mod film;
pub(crate) mod init;
mod limits;
mod memory;
mod oauth;
mod refusals;
mod source;
pub(crate) mod status;
mod tasks;
mod upload;
pub(crate) mod users;
pub(crate) mod videos;

use errors::Refusal;
pub(crate) use limits::Pace;
pub(crate) use memory::{Memory, Settings};
pub(crate) use oauth::{SCOPES, allows_redirect};

/// The player of TikTok.
pub(crate) struct Tiktok;

impl Play for Tiktok {
    fn platform(&self) -> Platform {
        Platform::Tiktok
    }

    fn owns(&self, _state: &State, call: &Call) -> bool {
        call.path.starts_with("/v2/") || call.path.starts_with("/tiktok-upload/")
    }

    fn caller<'a>(&self, state: &'a State, call: &Call) -> Option<&'a Account> {
        caller(state, call)
    }

    fn work(&self, state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
        work(state, call, action)
    }

    fn refuse(&self, state: &mut State, call: &Call, action: &Action) -> Answer {
        refusals::refuse(state, call, action)
    }

    fn error_names(&self) -> Vec<&'static str> {
        errors::names()
    }

    fn invent(&self, id: Option<String>, n: u64, variant: &str) -> Account {
        let id = id.unwrap_or_else(|| format!("_000{}", &made_up("open id", &n.to_string())[..32]));
        let account = Account::new(Platform::Tiktok, id, "Sandbox creator");
        Account {
            variant: variant.to_owned(),
            username: account.username.to_ascii_lowercase(),
            access_token: format!("act.{}", account.access_token),
            refresh_token: format!("rft.{}", account.refresh_token),
            ..account
        }
    }

    fn permalink(&self, state: &State, post: &Post) -> String {
        permalink(state, post)
    }

    fn catch_up(&self, state: &mut State) {
        tasks::settle(state);
    }
}

/// What an endpoint comes to.
pub(crate) type Outcome = Result<Answer, Refusal>;

/// A call whose token is good.
pub(crate) struct Ask<'a> {
    call: &'a Call,
    account: Account,
    /// A fault that shapes the work itself.
    action: Option<&'a Action>,
}

impl Ask<'_> {
    /// The JSON body; `refusal` names the error for one that is missing or has another form.
    fn body<T: DeserializeOwned>(&self, refusal: &'static str) -> Result<T, Refusal> {
        let kind = self.call.header(CONTENT_TYPE).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(Refusal::say(refusal, "The Content-Type must be application/json; charset=UTF-8"));
        }
        let body = self.call.json().ok_or_else(|| Refusal::say(refusal, "The request body is not valid JSON"))?;
        T::deserialize(body).map_err(|error| Refusal::say(refusal, error.to_string()))
    }
}

/// One endpoint in the table of routes. Paths must fit to the last slash.
pub(crate) struct Endpoint {
    method: &'static str,
    path: &'static str,
    /// One of these scopes is needed.
    scopes: &'static [&'static str],
    pace: Pace,
    run: fn(&mut State, &Ask<'_>) -> Outcome,
}

/// A row of the table of routes.
pub(crate) const fn endpoint(
    method: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
    pace: Pace,
    run: fn(&mut State, &Ask<'_>) -> Outcome,
) -> Endpoint {
    Endpoint { method, path, scopes, pace, run }
}

/// The account a call claims to come from: by its token, its upload address, or what it wants to trade.
fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    if let Some(token) = call.bearer() {
        return of_tiktok(state).find(|account| account.access_token == token);
    }
    if let Some(id) = call.query_value("upload_id") {
        let task = state.tiktok.upload(id)?;
        return state.account(Platform::Tiktok, &task.account_id);
    }
    oauth::owner(state, call)
}

fn of_tiktok(state: &State) -> impl Iterator<Item = &Account> {
    state.accounts.iter().filter(|account| account.platform == Platform::Tiktok)
}

/// Does what TikTok does with a call.
fn work(state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
    tasks::settle(state);
    let outcome = match call.path.as_str() {
        path if upload::serves(path) => return upload::put(state, call, action),
        oauth::TOKEN_PATH => oauth::token(state, call),
        oauth::REVOKE_PATH => oauth::revoke(state, call),
        _ => run(state, call, action),
    };
    outcome.unwrap_or_else(|refusal| refusal.into_answer(state))
}

fn run(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let fits = |endpoint: &&Endpoint| endpoint.path == call.path && endpoint.method == call.method.as_str();
    let endpoint = router::TIKTOK.iter().find(fits).ok_or_else(|| Refusal::new("404/unsupported_path"))?;
    let account = authenticate(state, call)?;
    if !endpoint.scopes.iter().any(|scope| allows(&account, scope)) {
        return Err(Refusal::new("401/scope_not_authorized"));
    }
    limits::take_call(state, &account, endpoint)?;
    (endpoint.run)(state, &Ask { call, account, action })
}

fn authenticate(state: &State, call: &Call) -> Result<Account, Refusal> {
    let invalid = || Refusal::new("401/access_token_invalid");
    let token = call.bearer().ok_or_else(invalid)?;
    let account = of_tiktok(state).find(|account| account.access_token == token).ok_or_else(invalid)?;
    let expired = account.access_expires_at.is_some_and(|at| at <= state.now());
    if account.revoked || expired { Err(invalid()) } else { Ok(account.clone()) }
}

/// Whether the user granted a scope. No list means that everything was granted.
fn allows(account: &Account, scope: &str) -> bool {
    account.scopes.is_empty() || account.scopes.iter().any(|granted| granted == scope)
}

/// The usual success: the data in the envelope.
fn success(state: &mut State, data: &Value) -> Answer {
    Answer::json(200, &json!({"data": data, "error": {"code": "ok", "message": "", "log_id": log_id(state)}}))
}

/// Names one call for the vendor's support: its time and something unique.
fn log_id(state: &mut State) -> String {
    let at = state.now().format("%Y%m%d%H%M%S");
    let serial = state.next_number();
    format!("{at}{serial:018X}")
}

fn permalink(state: &State, post: &Post) -> String {
    let username = state.account(Platform::Tiktok, &post.account_id).map_or("i", |account| account.username.as_str());
    let what = if post.kind == "images" || post.extra["photos"] == true { "photo" } else { "video" };
    format!("{}/@{username}/{what}/{}", state.public_url, post.id)
}

/// A number of seconds as a span that can be added to any time.
fn seconds(count: i64) -> TimeDelta {
    const THREE_CENTURIES: i64 = 10_000_000_000;
    TimeDelta::seconds(count.clamp(0, THREE_CENTURIES))
}
