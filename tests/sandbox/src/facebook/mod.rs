//! Facebook Pages as seen from outside: the part of the Graph API that publishing needs.

use chrono::{DateTime, Utc};

use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::play::Play;
use crate::router;
use crate::state::{Account, Platform, Post, State};

mod auth;
pub(crate) mod comments;
pub(crate) mod errors;
mod exchange;
mod fields;
mod film;
mod film_status;
mod legacy;
mod lists;
mod mp4;
pub(crate) mod params;
mod people;
pub(crate) mod photos;
mod phrases;
pub(crate) mod posts;
pub(crate) mod reads;
pub(crate) mod reels;
pub(crate) mod resumable;
pub(crate) mod rupload;
mod settings;
pub(crate) mod stories;
pub(crate) mod tokens;
pub(crate) mod uploads;
mod usage;
mod versions;

use errors::GraphError;
use params::Params;
pub(crate) use people::{DIALOG_SCOPES, INSTAGRAM_SCOPE, configured_scopes, log_in, pages_of, profile, profile_name, runs};
pub(crate) use settings::{Memory, Settings};

/// The player of Facebook Pages.
pub(crate) struct Facebook;

impl Play for Facebook {
    fn platform(&self) -> Platform {
        Platform::Facebook
    }

    fn owns(&self, _state: &State, _call: &Call) -> bool {
        true
    }

    fn caller<'a>(&self, state: &'a State, call: &Call) -> Option<&'a Account> {
        auth::caller(state, call)
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
        let id = id.unwrap_or_else(|| (100_500_000_000_000 + n).to_string());
        let what = if variant == "user" { "Sandbox person" } else { "Sandbox Page" };
        let account = Account::new(Platform::Facebook, id, what);
        Account { variant: variant.to_owned(), access_token: format!("EAA{}", account.access_token), ..account }
    }

    fn permalink(&self, state: &State, post: &Post) -> String {
        permalink(state, post)
    }

    fn catch_up(&self, state: &mut State) {
        film::settle(state);
    }
}

fn permalink(state: &State, post: &Post) -> String {
    let page = &post.account_id;
    match (post.kind, post.media.first()) {
        ("reel", Some(film)) => format!("{}/reel/{film}", state.public_url),
        ("video", Some(film)) => format!("{}/{page}/videos/{film}", state.public_url),
        ("story", _) => format!("{}/stories/{page}/{}", state.public_url, post.id),
        _ => format!("{}/{}", state.public_url, post.id),
    }
}

/// What an endpoint comes to.
pub(crate) type Outcome = Result<Answer, GraphError>;

/// A call whose token is good.
pub(crate) struct Ask<'a> {
    pub(crate) call: &'a Call,
    pub(crate) params: Params,
    /// The Page that the token belongs to, or the person.
    pub(crate) page_id: String,
    /// Whether it is the token of a person.
    pub(crate) person: bool,
    /// The part of the path that names the object, with `me` resolved.
    pub(crate) id: String,
    /// The last part of the path.
    pub(crate) last: String,
    /// The version that serves the call, for the links in answers.
    pub(crate) version: String,
    account: Account,
    action: Option<&'a Action>,
}

impl Ask<'_> {
    /// Refuses the call unless its token carries a scope.
    pub(crate) fn needs(&self, scope: &str) -> Result<(), GraphError> {
        if auth::grants(&self.account, scope) { Ok(()) } else { Err(GraphError::scope(scope)) }
    }

    /// An instant from the parameters, which can be in words too.
    pub(crate) fn time(&self, state: &State, name: &str) -> Result<Option<DateTime<Utc>>, GraphError> {
        let in_words = self.params.text(name).and_then(|text| phrases::instant(&text, state.now()));
        if in_words.is_some() { Ok(in_words) } else { self.params.time(name) }
    }

    /// A fault that shapes the work on a film.
    pub(crate) fn shape(&self) -> Option<Action> {
        self.action.filter(|action| matches!(action, Action::Processing { .. } | Action::ProcessingFailed { .. })).cloned()
    }
}

/// What an endpoint does.
type Run = fn(&mut State, &Ask<'_>) -> Outcome;

/// One endpoint in the table of routes.
pub(crate) struct Endpoint {
    method: &'static str,
    pattern: &'static str,
    run: Run,
}

/// A row of the table of routes.
pub(crate) const fn endpoint(method: &'static str, pattern: &'static str, run: Run) -> Endpoint {
    Endpoint { method, pattern, run }
}

/// Does what Facebook does with a call.
fn work(state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
    film::settle(state);
    let page = auth::caller(state, call).map(|account| account.id.clone());
    if let Some(minutes) = page.and_then(|page| usage::take(state, &page)) {
        let answer = GraphError::page_limit().into_answer(state);
        return usage::throttled(state, call, answer, minutes);
    }
    if let Some(error) = usage::climb(state, call) {
        return usage::refused(state, call, error);
    }
    match run(state, call, action) {
        Ok(answer) => {
            let answer = legacy::shape(state, call, answer);
            usage::with_headers(state, call, answer)
        }
        Err(error) if rupload::is_for(call) => usage::refused(state, call, error.on_upload_host()),
        Err(error) => usage::refused(state, call, error),
    }
}

fn run(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let params = Params::of(call);
    let (_, segments) = versions::split(call);
    let path = segments.join("/");
    if versions::unheard_of(call) {
        return Err(GraphError::unknown_path(&call.path[1..]));
    }
    if let Some(outcome) = tokens::without_account(state, call, &params) {
        return outcome;
    }
    let account = auth::authenticate(state, call, &params)?;
    if let Some(message) = call.unreadable() {
        return Err(GraphError::parameter(format!("(#100) {message}")));
    }
    // SDKs that cannot send DELETE say so in a parameter.
    let method = params.text("method").unwrap_or_else(|| call.method.to_string()).to_ascii_uppercase();
    let several = params.text("ids").filter(|_| segments.is_empty());
    let (run, id) = find(&method, &segments).map_or((None, ""), |(run, id)| (Some(run), id));
    let mut ask = Ask {
        call,
        params,
        page_id: account.id.clone(),
        person: auth::is_person(&account),
        id: if id == "me" { account.id.clone() } else { id.to_owned() },
        last: segments.last().copied().unwrap_or_default().to_owned(),
        version: versions::served(call, state.now()),
        account,
        action,
    };
    match (several, run) {
        (Some(ids), _) => legacy::many(state, &mut ask, &ids),
        (None, Some(run)) => run(state, &ask),
        (None, None) => Err(GraphError::unknown_path(&path)),
    }
}

/// The endpoint of a path, and the object that the path names.
fn find<'a>(method: &str, segments: &[&'a str]) -> Option<(Run, &'a str)> {
    if let Some(session) = resumable::session(segments) {
        return match method {
            "POST" => Some((resumable::receive, session)),
            "GET" => Some((resumable::progress, session)),
            _ => None,
        };
    }
    // Upload addresses have been seen with a version in the middle and without.
    if let ["video-upload", .., film] = segments {
        let known = segments.len() == 2 || segments.len() == 3 && versions::number(segments[1]).is_some();
        return (method == "POST" && known).then_some((rupload::receive as Run, *film));
    }
    let endpoints = router::FACEBOOK.iter().filter(|endpoint| endpoint.method == method);
    let mut fitting = endpoints.filter_map(|endpoint| Some((endpoint.run, router::fit(endpoint.pattern, segments)?)));
    fitting.next().map(|(run, values)| (run, values.first().copied().unwrap_or_default()))
}

/// Answers a call the way a fault asks for, without any work.
fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    let page = auth::caller(state, call).map(|account| account.id.clone()).unwrap_or_default();
    let error = match action {
        Action::RateLimited { reset_after_seconds } => {
            let answer = GraphError::app_limit().into_answer(state);
            return usage::throttled(state, call, answer, reset_after_seconds.div_ceil(60));
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
        Action::Error { code } => {
            let error = GraphError::named(code).unwrap_or_else(|| GraphError::server(500));
            return usage::refused(state, call, error);
        }
        _ => GraphError::server(500),
    };
    let error = if rupload::is_for(call) { error.on_upload_host() } else { error };
    usage::refused(state, call, error)
}
