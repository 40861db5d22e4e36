//! LinkedIn as seen from outside: the versioned REST API, the upload host, and OAuth.

use serde_json::json;

use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::faults::Action;
use crate::play::Play;
use crate::state::{Account, Platform, Post, State};

mod asset;
pub(crate) mod comments;
mod content;
mod dms;
mod endpoint;
mod errors;
mod film;
mod gate;
pub(crate) mod people;
pub(crate) mod posts;
pub(crate) mod reads;
mod record;
mod settings;
mod text;
mod token;
pub(crate) mod uploads;
mod urn;
mod versions;

pub(crate) use endpoint::{Endpoint, Operation, endpoint};
use gate::Ask;
pub(crate) use settings::{Memory, Settings};
pub(crate) use token::{SCOPES, sharing};

/// The player of LinkedIn.
pub(crate) struct Linkedin;

impl Play for Linkedin {
    fn platform(&self) -> Platform {
        Platform::Linkedin
    }

    fn owns(&self, _state: &State, call: &Call) -> bool {
        let path = call.path.as_str();
        ["/rest/", "/dms-uploads/", "/oauth/v2/"].iter().any(|start| path.starts_with(start)) || path == "/v2/userinfo"
    }

    fn caller<'a>(&self, state: &'a State, call: &Call) -> Option<&'a Account> {
        gate::caller(state, call)
    }

    fn work(&self, state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
        posts::settle(state);
        let outcome = match call.segments().first() {
            Some(&"dms-uploads") => dms::receive(state, call, action),
            Some(&"oauth") => token::answer(state, call),
            Some(&"v2") if call.method == "GET" => people::userinfo(state, call),
            _ => rest(state, call, action),
        };
        posts::settle(state);
        with_headers(state, outcome.unwrap_or_else(|refusal| refusal))
    }

    fn refuse(&self, state: &mut State, call: &Call, action: &Action) -> Answer {
        let answer = refuse(state, call, action);
        with_headers(state, answer)
    }

    fn error_names(&self) -> Vec<&'static str> {
        errors::names()
    }

    fn invent(&self, id: Option<String>, n: u64, variant: &str) -> Account {
        let organization = variant == "organization";
        let (variant, what) = if organization { (variant, "Sandbox Company") } else { ("person", "Sandbox Member") };
        let invented =
            || if organization { (100_500_000 + n).to_string() } else { made_up("person", &n.to_string())[..10].to_owned() };
        let id = id.unwrap_or_else(invented);
        let (access_token, refresh_token) = (token::long("AQV", &id), token::long("AQU", &id));
        let account = Account::new(Platform::Linkedin, id, what);
        Account { variant: variant.to_owned(), access_token, refresh_token, ..account }
    }

    fn catch_up(&self, state: &mut State) {
        posts::settle(state);
    }

    fn permalink(&self, state: &State, post: &Post) -> String {
        format!("{}/feed/update/{}/", state.public_url, post.id)
    }
}

/// What an endpoint comes to: both sides are answers, so that `?` ends early with a refusal.
pub(crate) type Outcome = Result<Answer, Answer>;

/// An answer without a body.
fn empty(status: u16) -> Answer {
    Answer { status, headers: Vec::new(), body: Vec::new() }
}

/// The next id of a post or comment: milliseconds in the upper bits, and always growing.
fn new_id(state: &mut State) -> i64 {
    // The counter outlives a reset that sets the clock back, so that no id comes twice.
    let low = i64::try_from(state.next_number()).unwrap_or_default() & 0x3f_ffff;
    let by_time = state.now().timestamp_millis() << 22 | low;
    state.linkedin.last_id = by_time.max(state.linkedin.last_id + 1);
    state.linkedin.last_id
}

/// Does what LinkedIn does with a `/rest` call.
fn rest(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let account = gate::authenticate(state, call)?;
    let version = versions::check(state, call)?;
    if call.named_header("x-restli-protocol-version") != Some("2.0.0") {
        let message = "X-RestLi-Protocol-Version must be 2.0.0";
        return Err(errors::saying("400/ILLEGAL_ARGUMENT", message));
    }
    let resource = call.segments().get(1).copied().unwrap_or_default();
    gate::count(state, &account, resource)?;
    let (method, query) = gate::untunnelled(call);
    let (run, keys) = endpoint::find(call, &method, &query)?;
    run(state, &Ask { call, token: account.access_token, version, keys, query, action })
}

/// Answers a call the way a fault asks for, without any work.
fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    let account = gate::caller(state, call).cloned();
    let oauth = call.path.starts_with("/oauth/");
    let token = |name: &str| errors::named(if oauth { "400/invalid_grant" } else { name });
    match action {
        Action::RateLimited { .. } => errors::named("429/TOO_MANY_REQUESTS"),
        Action::TokenRevoked {} => {
            if let Some(account) = account {
                token::revoke_all(state, &account.access_token);
            }
            token("401/REVOKED_ACCESS_TOKEN")
        }
        Action::TokenExpired {} => token("401/EXPIRED_ACCESS_TOKEN"),
        Action::ErrorAfter { status } | Action::ServerError { status } => errors::server(*status),
        Action::Duplicate {} => duplicate(state, account),
        Action::CreditsDepleted {} if oauth => errors::named("401/invalid_client"),
        Action::CreditsDepleted {} => errors::named("426/NONEXISTENT_VERSION"),
        Action::PermissionMissing {} => errors::named("403/ACCESS_DENIED"),
        Action::InvalidContent {} => errors::named("400/INVALID_VALUE_FOR_FIELD"),
        Action::TemporarilyBlocked {} => errors::saying("403/ACCESS_DENIED", "Member is restricted"),
        Action::Error { code } if code == "422/DUPLICATE_POST" => duplicate(state, account),
        Action::Error { code } => errors::named(code),
        _ => errors::server(500),
    }
}

/// A duplicate names a post: the newest of the author, or one that nobody has seen.
fn duplicate(state: &mut State, account: Option<Account>) -> Answer {
    let id = account.map(|account| account.id).unwrap_or_default();
    let newest = state.posts.iter().rev().find(|post| post.platform == Platform::Linkedin && post.account_id == id);
    let urn = newest.map(|post| post.id.clone());
    let urn = urn.unwrap_or_else(|| format!("urn:li:share:{}", new_id(state)));
    errors::duplicate(&urn)
}

/// Adds what LinkedIn sends on every answer, for logs.
fn with_headers(state: &mut State, answer: Answer) -> Answer {
    let seed = json!(state.next_number()).to_string();
    answer
        .with("x-li-fabric", "prod-lva1")
        .with("x-li-pop", "sandbox")
        .with("x-li-request-id", made_up("request", &seed))
        .with("x-li-uuid", made_up("answer", &seed))
        .with("x-restli-protocol-version", "2.0.0")
}
