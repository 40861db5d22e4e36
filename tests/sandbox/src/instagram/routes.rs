//! Every endpoint of Instagram, and the way of a call to it.

use super::accounts::{self, Need};
use super::errors::Refusal;
use super::target::{Host, Target};
use super::{carousel, comments, containers, identity, insights, login, media, publish, tokens, upload, usage};
use crate::call::{Answer, Call};
use crate::facebook::params::Params;
use crate::faults::Action;
use crate::router::fit;
use crate::state::{Account, State};

/// What an endpoint comes to.
pub(super) type Outcome = Result<Answer, Refusal>;

/// A call whose token is good.
pub(super) struct Ask<'a> {
    pub(super) params: Params,
    /// The token that the call carries, if it is not about another one.
    pub(super) token: String,
    /// Whose token it is.
    pub(super) account: Account,
    /// The id in the path, with `me` resolved where the host does that.
    pub(super) id: String,
    pub(super) host: Host,
    /// Version that serves the call, for the links in lists.
    pub(super) version: String,
    /// A fault that shapes the work itself.
    pub(super) action: Option<&'a Action>,
}

impl Ask<'_> {
    /// Refuses calls on an edge of any account but the token's own.
    pub(super) fn own_account(&self, method: &str) -> Result<(), Refusal> {
        if self.id == self.account.id { Ok(()) } else { Err(Refusal::unknown_object(method, &self.id)) }
    }
}

struct Endpoint {
    method: &'static str,
    pattern: &'static str,
    need: Need,
    run: fn(&mut State, &Ask<'_>) -> Outcome,
}

const fn endpoint(method: &'static str, pattern: &'static str, need: Need, run: fn(&mut State, &Ask<'_>) -> Outcome) -> Endpoint {
    Endpoint { method, pattern, need, run }
}

/// Only on `graph.instagram.com`.
const INSTAGRAM: &[Endpoint] = &[
    endpoint("GET", "/refresh_access_token", Need::Basic, tokens::refresh),
    endpoint("GET", "/access_token", Need::Basic, tokens::exchange),
    // Not in the reference of this host.
    endpoint("DELETE", "/me/permissions", Need::Nothing, identity::revoke),
];

/// Only on `graph.facebook.com`.
const FACEBOOK: &[Endpoint] = &[
    endpoint("GET", "/oauth/access_token", Need::Nothing, tokens::exchange),
    endpoint("POST", "/oauth/access_token", Need::Nothing, tokens::exchange),
    endpoint("GET", "/debug_token", Need::Nothing, tokens::debug),
    endpoint("GET", "/me", Need::Nothing, identity::person),
    endpoint("GET", "/me/accounts", Need::Nothing, identity::pages),
    endpoint("GET", "/me/permissions", Need::Nothing, identity::permissions),
    endpoint("DELETE", "/me/permissions", Need::Nothing, identity::revoke),
];

/// On both; the first that fits is taken.
const BOTH: &[Endpoint] = &[
    endpoint("POST", "/:id/media", Need::Publish, containers::create),
    endpoint("POST", "/:id/media_publish", Need::Publish, publish::publish),
    endpoint("GET", "/:id/content_publishing_limit", Need::Publish, publish::limit),
    endpoint("GET", "/:id/media", Need::Basic, media::list_media),
    endpoint("GET", "/:id/stories", Need::Basic, media::list_stories),
    endpoint("GET", "/:id/children", Need::Basic, carousel::list_children),
    endpoint("GET", "/:id/comments", Need::Comments, comments::list),
    endpoint("POST", "/:id/comments", Need::Comments, comments::create),
    endpoint("GET", "/:id/replies", Need::Comments, comments::list_replies),
    endpoint("POST", "/:id/replies", Need::Comments, comments::reply),
    endpoint("GET", "/:id/insights", Need::Insights, insights::read),
    endpoint("POST", "/:id/subscribed_apps", Need::Basic, identity::subscribe),
    endpoint("GET", "/:id", Need::Basic, identity::node),
    endpoint("POST", "/:id", Need::Comments, comments::update),
    endpoint("DELETE", "/:id", Need::Comments, comments::delete),
];

/// Does what Instagram does with a call.
pub(super) fn work(state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
    let answer = if Target::of(call).host == Host::Upload {
        upload::receive(state, call, action).unwrap_or_else(|refusal| refusal.into_upload_answer(state))
    } else if login::exchanges(state, call) {
        return login::exchange(state, call);
    } else {
        run(state, call, action).unwrap_or_else(|refusal| refusal.into_answer(state))
    };
    let usage = usage::of(state, call);
    usage::with_headers(state, call, answer, &usage)
}

fn run(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let params = Params::of(call);
    let target = Target::of(call);
    // These two name the token in question in a parameter of their own, and are called without or with the app's.
    let account = match target.rest.first() {
        Some(&"oauth") => tokens::exchanged(state, &params)?,
        Some(&"debug_token") => tokens::inspected(state, call, &params)?,
        _ => accounts::authenticate(state, call, &params)?,
    };
    usage::count(state, &account.id)?;
    if let Some(message) = call.unreadable() {
        return Err(Refusal::parameter(message));
    }
    if target.is_unreleased() {
        return Err(Refusal::unknown_path(call.path.trim_start_matches('/')));
    }
    // SDKs that cannot send DELETE say so in a parameter.
    let method = params.text("method").unwrap_or_else(|| call.method.to_string());
    let own = if target.host == Host::Instagram { INSTAGRAM } else { FACEBOOK };
    for endpoint in own.iter().chain(BOTH) {
        let Some(values) = fit(endpoint.pattern, &target.rest) else { continue };
        if !method.eq_ignore_ascii_case(endpoint.method) {
            continue;
        }
        accounts::check_scope(&account, endpoint.need)?;
        let id = values.first().copied().unwrap_or_default();
        let me = id == "me" && target.host == Host::Instagram;
        let id = if me { account.id.clone() } else { id.to_owned() };
        let version = target.served_version(state.now());
        let host = target.host;
        let token = accounts::token(call, &params).unwrap_or_default();
        return (endpoint.run)(state, &Ask { params, token, account, id, host, version, action });
    }
    Err(Refusal::unknown_path(&target.path()))
}
