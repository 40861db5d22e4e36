//! Every route of the sandbox: the control API, the page, and the endpoints of each platform.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{Method, StatusCode, header};
use poem::web::{Data, RemoteAddr};
use poem::{Body, EndpointExt, Request, Response, Route, get, handler, post};

use crate::app::App;
use crate::call::Call;
use crate::linkedin::Operation;
use crate::tiktok::Pace;
use crate::{consent, control, facebook, feed, linkedin, pipeline, samples, tiktok, x, youtube};

/// The HTTP interface.
pub(crate) fn routes(app: Arc<App>) -> BoxEndpoint<'static, Response> {
    Route::new()
        .at("/_sandbox/health", get(control::health))
        .at("/_sandbox/accounts", post(control::accounts::create).get(control::accounts::list))
        .at("/_sandbox/accounts/:platform/:id/revoke", post(control::accounts::revoke))
        .at("/_sandbox/accounts/:platform/:id/expire", post(control::accounts::expire))
        .at("/_sandbox/accounts/:platform/:id/scopes", post(control::accounts::change_scopes))
        .at("/_sandbox/consent", post(consent::take_decision))
        .at("/_sandbox/state", get(control::show_state))
        .at("/_sandbox/posts", get(control::list_posts))
        .at("/_sandbox/requests", get(control::list_requests))
        .at("/_sandbox/faults", post(control::faults::plant).get(control::faults::list).delete(control::faults::remove_all))
        .at("/_sandbox/faults/:id/release", post(control::faults::release))
        .at("/_sandbox/faults/:id/fired", get(control::faults::fired))
        .at("/_sandbox/clock", post(control::set_clock))
        .at("/_sandbox/settings", post(control::change_settings).get(control::show_settings))
        .at("/_sandbox/reset", post(control::reset))
        .at("/_sandbox/media/:id", get(samples::media))
        .at("/_sandbox/samples/:name", get(samples::serve).head(samples::serve))
        .at("/_sandbox/*rest", unknown)
        .at("/", get(feed::page))
        .at("/_sandbox/errors", get(control::list_errors))
        .at("/*rest", permalink_or_call)
        .data(app)
        .boxed()
}

#[handler]
fn unknown(request: &Request) -> Response {
    let message = format!("the control API has no `{}`", request.uri().path());
    control::failure(StatusCode::NOT_FOUND, &message)
}

#[handler]
async fn permalink_or_call(Data(app): Data<&Arc<App>>, peer: &RemoteAddr, request: &Request, body: Body) -> Response {
    if consent::serves(request) {
        return consent::show(app, request);
    }
    let accepts = request.header(header::ACCEPT).unwrap_or_default();
    // Browsers ask for HTML and hold no token; clients never do the first.
    if request.method() == Method::GET
        && accepts.contains("text/html")
        && !request.uri().query().unwrap_or_default().contains("access_token=")
    {
        return feed::html();
    }
    match Call::read(request, body).await {
        Ok(call) => pipeline::serve(Arc::clone(app), call, peer.as_socket_addr().copied()).await,
        Err(message) => control::failure(StatusCode::PAYLOAD_TOO_LARGE, &message),
    }
}

/// The endpoints of X with their limits per user and 15 minutes; the first that fits is taken.
pub(crate) const X: &[x::Endpoint] = &[
    x::endpoint("POST", "/2/tweets", 100, x::tweets::create),
    x::endpoint("GET", "/2/tweets", 5000, x::reads::get_many),
    x::endpoint("GET", "/2/tweets/:id", 900, x::reads::get_one),
    x::endpoint("DELETE", "/2/tweets/:id", 50, x::tweets::delete),
    x::endpoint("GET", "/2/users/me", 75, x::users::me),
    x::endpoint("GET", "/2/users/:id/tweets", 900, x::users::timeline),
    x::endpoint("POST", "/2/media/upload/initialize", 1875, x::media::initialize),
    x::endpoint("POST", "/2/media/upload/:id/append", 1875, x::media::append),
    x::endpoint("POST", "/2/media/upload/:id/finalize", 1875, x::media::finalize),
    x::endpoint("GET", "/2/media/upload", 1000, x::media::status),
    x::endpoint("POST", "/2/media/upload", 500, x::media::upload),
    x::endpoint("POST", "/2/media/metadata", 500, x::media::metadata),
    // Every step of an upload counts here, so that a film fits into a window.
    x::endpoint("POST", "/1.1/media/upload.json", 5625, x::legacy::upload),
    x::endpoint("GET", "/1.1/media/upload.json", 1000, x::legacy::status),
    x::endpoint("POST", "/1.1/oauth/invalidate_token.json", 75, x::token::invalidate),
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
    facebook::endpoint("POST", "/:id/videos", facebook::uploads::create),
    facebook::endpoint("GET", "/:id/videos", facebook::reads::videos),
    facebook::endpoint("POST", "/:id/video_reels", facebook::reels::reel),
    facebook::endpoint("GET", "/:id/video_reels", facebook::reads::reels),
    facebook::endpoint("POST", "/:id/video_stories", facebook::reels::story),
    facebook::endpoint("POST", "/:id/photo_stories", facebook::stories::photo),
    facebook::endpoint("GET", "/:id/stories", facebook::stories::stories),
    facebook::endpoint("POST", "/:id/collaborators", facebook::reels::collaborators),
    facebook::endpoint("POST", "/:id/comments", facebook::comments::create),
    facebook::endpoint("GET", "/:id/comments", facebook::comments::read),
    facebook::endpoint("POST", "/:id/uploads", facebook::resumable::start),
    facebook::endpoint("GET", "/:id/accounts", facebook::tokens::accounts),
    facebook::endpoint("GET", "/:id/permissions", facebook::tokens::permissions),
    facebook::endpoint("DELETE", "/:id/permissions", facebook::tokens::revoke),
    facebook::endpoint("DELETE", "/:id/permissions/:name", facebook::tokens::revoke),
    facebook::endpoint("GET", "/:id", facebook::reads::node),
    facebook::endpoint("POST", "/:id", facebook::posts::update),
    facebook::endpoint("DELETE", "/:id", facebook::posts::delete),
];

/// The endpoints of TikTok with the scopes of which one is needed and their pace; paths fit to the last slash.
pub(crate) const TIKTOK: &[tiktok::Endpoint] = &[
    tiktok::endpoint("GET", "/v2/user/info/", &["user.info.basic"], Pace::Read, tiktok::users::info),
    tiktok::endpoint(
        "POST",
        "/v2/post/publish/creator_info/query/",
        &["video.publish"],
        Pace::CreatorInfo,
        tiktok::users::creator,
    ),
    tiktok::endpoint("POST", "/v2/post/publish/video/init/", &["video.publish"], Pace::Init, tiktok::init::video),
    tiktok::endpoint("POST", "/v2/post/publish/inbox/video/init/", &["video.upload"], Pace::Init, tiktok::init::inbox),
    tiktok::endpoint("POST", "/v2/post/publish/content/init/", TIKTOK_POSTING, Pace::Init, tiktok::init::photos),
    tiktok::endpoint("POST", "/v2/post/publish/status/fetch/", TIKTOK_POSTING, Pace::Status, tiktok::status::fetch),
    tiktok::endpoint("POST", "/v2/post/publish/cancel/", TIKTOK_POSTING, Pace::Status, tiktok::status::cancel),
    tiktok::endpoint("POST", "/v2/video/list/", &["video.list"], Pace::Read, tiktok::videos::list),
    tiktok::endpoint("POST", "/v2/video/query/", &["video.list"], Pace::Read, tiktok::videos::query),
];
const TIKTOK_POSTING: &[&str] = &["video.publish", "video.upload"];

/// The endpoints of the YouTube Data API; the addresses of uploads are found by their session.
pub(crate) const YOUTUBE: &[youtube::Endpoint] = &[
    youtube::endpoint("POST", "/upload/youtube/v3/videos", youtube::uploads::INSERT, youtube::uploads::insert),
    youtube::endpoint("POST", "/resumable/upload/youtube/v3/videos", youtube::uploads::INSERT, youtube::uploads::insert),
    youtube::endpoint("POST", "/youtube/v3/videos", youtube::uploads::INSERT, youtube::uploads::without_file),
    youtube::endpoint("GET", "/youtube/v3/videos", youtube::videos::LIST, youtube::videos::list),
    youtube::endpoint("PUT", "/youtube/v3/videos", youtube::videos::UPDATE, youtube::videos::update),
    youtube::endpoint("DELETE", "/youtube/v3/videos", youtube::videos::DELETE, youtube::videos::delete),
    youtube::endpoint("POST", "/upload/youtube/v3/thumbnails/set", youtube::thumbnails::SET, youtube::thumbnails::set),
    youtube::endpoint("GET", "/youtube/v3/channels", youtube::channels::LIST, youtube::channels::list),
    youtube::endpoint("GET", "/youtube/v3/playlistItems", youtube::playlists::LIST, youtube::playlists::list),
    youtube::endpoint("POST", "/youtube/v3/playlistItems", youtube::playlists::INSERT, youtube::playlists::insert),
    youtube::endpoint("GET", "/youtube/v3/commentThreads", youtube::comments::LIST, youtube::comments::list),
    youtube::endpoint("POST", "/youtube/v3/commentThreads", youtube::comments::INSERT, youtube::comments::insert),
    youtube::endpoint("GET", "/youtube/v3/videoCategories", youtube::channels::CATEGORY_LIST, youtube::channels::categories),
];

/// The endpoints of LinkedIn below `/rest`; the first that fits is taken.
pub(crate) const LINKEDIN: &[linkedin::Endpoint] = &[
    linkedin::endpoint(Operation::Create, "/rest/posts", linkedin::posts::create),
    linkedin::endpoint(Operation::Finder("author", true), "/rest/posts", linkedin::reads::by_author),
    linkedin::endpoint(Operation::Get, "/rest/posts/:urn", linkedin::reads::get_one),
    linkedin::endpoint(Operation::PartialUpdate, "/rest/posts/:urn", linkedin::posts::update),
    linkedin::endpoint(Operation::Delete, "/rest/posts/:urn", linkedin::posts::delete),
    linkedin::endpoint(Operation::Create, "/rest/socialActions/:urn/comments", linkedin::comments::create),
    linkedin::endpoint(Operation::GetAll, "/rest/socialActions/:urn/comments", linkedin::comments::list),
    linkedin::endpoint(Operation::Delete, "/rest/socialActions/:urn/comments/:id", linkedin::comments::delete),
    linkedin::endpoint(Operation::Action("initializeUpload"), "/rest/images", linkedin::uploads::begin_image),
    linkedin::endpoint(Operation::Get, "/rest/images/:urn", linkedin::uploads::status),
    linkedin::endpoint(Operation::Action("initializeUpload"), "/rest/videos", linkedin::uploads::begin_video),
    linkedin::endpoint(Operation::Action("finalizeUpload"), "/rest/videos", linkedin::uploads::finish_video),
    linkedin::endpoint(Operation::Get, "/rest/videos/:urn", linkedin::uploads::status),
    linkedin::endpoint(Operation::Action("initializeUpload"), "/rest/documents", linkedin::uploads::begin_document),
    linkedin::endpoint(Operation::Get, "/rest/documents/:urn", linkedin::uploads::status),
    linkedin::endpoint(Operation::Finder("roleAssignee", false), "/rest/organizationAcls", linkedin::people::roles),
    linkedin::endpoint(Operation::Get, "/rest/organizations/:id", linkedin::people::organization),
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
