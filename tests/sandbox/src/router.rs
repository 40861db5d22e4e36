//! Every route of the sandbox: the control API, the page, and the endpoints of each platform.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{Method, StatusCode, header};
use poem::web::{Data, RemoteAddr};
use poem::{Body, EndpointExt, Request, Response, Route, get, handler, post};

use crate::app::App;
use crate::call::Call;
use crate::state::Platform;
use crate::{control, facebook, feed, pipeline, samples, x};

/// The HTTP interface.
pub(crate) fn routes(app: Arc<App>) -> BoxEndpoint<'static, Response> {
    Route::new()
        .at("/_sandbox/health", get(control::health))
        .at("/_sandbox/accounts", post(control::create_account))
        .at("/_sandbox/posts", get(control::list_posts))
        .at("/_sandbox/requests", get(control::list_requests))
        .at("/_sandbox/faults", post(control::faults::plant).get(control::faults::list).delete(control::faults::remove_all))
        .at("/_sandbox/faults/:id/release", post(control::faults::release))
        .at("/_sandbox/faults/:id/fired", get(control::faults::fired))
        .at("/_sandbox/clock", post(control::set_clock))
        .at("/_sandbox/settings", post(control::change_settings).get(control::show_settings))
        .at("/_sandbox/reset", post(control::reset))
        .at("/_sandbox/media/:id", get(samples::media))
        .at("/_sandbox/samples/:name", get(samples::sample).head(samples::sample))
        .at("/_sandbox/*rest", unknown)
        .at("/", get(feed::page))
        .at("/2/*rest", x_call)
        .at("/*rest", permalink_or_facebook_call)
        .data(app)
        .boxed()
}

#[handler]
fn unknown(request: &Request) -> Response {
    let message = format!("the control API has no `{}`", request.uri().path());
    control::failure(StatusCode::NOT_FOUND, &message)
}

#[handler]
async fn x_call(Data(app): Data<&Arc<App>>, peer: &RemoteAddr, request: &Request, body: Body) -> Response {
    platform_call(app, Platform::X, peer, Call::read(request, body).await).await
}

#[handler]
async fn permalink_or_facebook_call(Data(app): Data<&Arc<App>>, peer: &RemoteAddr, request: &Request, body: Body) -> Response {
    let accepts = request.header(header::ACCEPT).unwrap_or_default();
    // Browsers ask for HTML and hold no token; Graph clients never do the first.
    if request.method() == Method::GET
        && accepts.contains("text/html")
        && !request.uri().query().unwrap_or_default().contains("access_token=")
    {
        return feed::html();
    }
    platform_call(app, Platform::Facebook, peer, Call::read(request, body).await).await
}

async fn platform_call(app: &Arc<App>, platform: Platform, peer: &RemoteAddr, call: Result<Call, String>) -> Response {
    let peer = peer.as_socket_addr().copied();
    match call {
        Ok(call) => pipeline::serve(Arc::clone(app), platform, call, peer).await,
        Err(message) => control::failure(StatusCode::PAYLOAD_TOO_LARGE, &message),
    }
}

/// The endpoints of X with their limits per user and 15 minutes; the first that fits is taken.
pub(crate) const X: &[x::Endpoint] = &[
    x::endpoint("POST", "/2/tweets", 100, x::tweets::create),
    x::endpoint("GET", "/2/tweets", 5000, x::tweets::get_many),
    x::endpoint("GET", "/2/tweets/:id", 900, x::tweets::get_one),
    x::endpoint("DELETE", "/2/tweets/:id", 50, x::tweets::delete),
    x::endpoint("GET", "/2/users/me", 75, x::users::me),
    x::endpoint("GET", "/2/users/:id/tweets", 900, x::users::timeline),
    x::endpoint("POST", "/2/media/upload/initialize", 1875, x::media::initialize),
    x::endpoint("POST", "/2/media/upload/:id/append", 1875, x::media::append),
    x::endpoint("POST", "/2/media/upload/:id/finalize", 1875, x::media::finalize),
    x::endpoint("GET", "/2/media/upload", 1000, x::media::status),
    x::endpoint("POST", "/2/media/upload", 500, x::media::upload),
    x::endpoint("POST", "/2/media/metadata", 500, x::media::metadata),
];

/// The endpoints of the Graph API, without the version; the first that fits is taken.
pub(crate) const FACEBOOK: &[facebook::Endpoint] = &[
    facebook::endpoint("POST", "/:id/feed", facebook::posts::create),
    facebook::endpoint("POST", "/:id/photos", facebook::photos::create),
    facebook::endpoint("GET", "/:id/published_posts", facebook::reads::published_posts),
    facebook::endpoint("GET", "/:id/scheduled_posts", facebook::reads::scheduled_posts),
    facebook::endpoint("GET", "/:id/feed", facebook::reads::published_posts),
    facebook::endpoint("GET", "/:id/posts", facebook::reads::published_posts),
    facebook::endpoint("GET", "/:id/photos", facebook::reads::photos),
    facebook::endpoint("GET", "/:id", facebook::reads::node),
    facebook::endpoint("POST", "/:id", facebook::posts::update),
    facebook::endpoint("DELETE", "/:id", facebook::posts::delete),
];

/// Whether a path fits a pattern, and the values of its `:name` parts.
pub(crate) fn fit<'a>(pattern: &str, segments: &[&'a str]) -> Option<Vec<&'a str>> {
    let wanted: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if wanted.len() != segments.len() {
        return None;
    }
    let mut values = Vec::new();
    for (wanted, segment) in wanted.iter().zip(segments) {
        if wanted.starts_with(':') {
            values.push(*segment);
        } else if wanted != segment {
            return None;
        }
    }
    Some(values)
}
