//! The limit of requests per API key and minute, told on every authenticated answer as in
//! draft-ietf-httpapi-ratelimit-headers. Without Redis nobody is counted and everybody passes.

use std::sync::{Arc, OnceLock};

use poem::http::{HeaderValue, StatusCode};
use poem::{Endpoint, IntoResponse, Request, Response};
use shared::app::App;
use shared::ids::ApiKeyId;
use shared::queue::{Standing, WINDOW_SECONDS};

use crate::problem::{ApiError, Problem, ProblemJson};

/// Where the key of a request stands, from where it is counted to where its answer is given headers.
#[derive(Debug, Clone, Default)]
struct Counted(Arc<OnceLock<Option<Standing>>>);

/// Counts a request whose key is known; refuses it when the key is over its limit.
pub(crate) async fn count(app: &App, request: &Request, key: &ApiKeyId) -> Result<(), ApiError> {
    let quota = app.config.api_rate;
    if quota == 0 {
        return Ok(());
    }
    let standing = app.queue.count_request(key, quota, app.clock.now()).await;
    if let Some(Counted(cell)) = request.data() {
        // A request has one key and is counted once.
        let _ = cell.set(standing);
    }
    match standing {
        Some(standing) if !standing.allowed => Err(exceeded(quota, standing)),
        _ => Ok(()),
    }
}

fn exceeded(quota: u32, standing: Standing) -> ApiError {
    let wait = standing.reset_seconds;
    let detail = format!(
        "this API key has made its {quota} requests of the last {WINDOW_SECONDS} s; wait {wait} s and send the request again"
    );
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", detail);
    ApiError::TooManyRequests(ProblemJson::from(problem), wait)
}

/// Adds the headers to the answers of requests that were counted.
pub(crate) async fn tell(quota: u32, endpoint: Arc<impl Endpoint>, mut request: Request) -> poem::Result<Response> {
    let counted = Counted::default();
    request.extensions_mut().insert(counted.clone());
    let mut response = endpoint.get_response(request).await.into_response();
    if let Some(standing) = counted.0.get() {
        let headers = response.headers_mut();
        let policy = format!("\"default\";q={quota};w={WINDOW_SECONDS}");
        headers.insert("ratelimit-policy", text(&policy));
        if let Some(Standing { remaining, reset_seconds, .. }) = standing {
            headers.insert("ratelimit", text(&format!("\"default\";r={remaining};t={reset_seconds}")));
        }
    }
    Ok(response)
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| unreachable!("digits and names are plain text"))
}
