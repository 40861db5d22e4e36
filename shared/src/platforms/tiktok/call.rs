//! One call to TikTok's API: a POST with a bearer token, answered in an envelope that also tells errors.

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::errors::{classify, is_error};
use crate::error::{ErrorClass, JobError};
use crate::platforms::{Grant, Publishing};

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

/// Calls `path`, which ends with a slash or a query, and gives the answer's data. `what` names the operation in errors.
///
/// Errors come back classified, also those that TikTok answers with status 200.
pub(super) async fn call<T: DeserializeOwned>(
    cx: &Publishing<'_>,
    path: &str,
    body: Option<Value>,
    what: &str,
) -> Result<T, JobError> {
    let Grant::Bearer { access_token, .. } = cx.grant else {
        return Err(JobError::new(ErrorClass::Bug, "grant_unusable", "a TikTok account needs a bearer token"));
    };
    let url = format!("{}{path}", cx.app.config.tiktok.api_base.as_str().trim_end_matches('/'));
    let mut request = cx.app.http.post(url).bearer_auth(access_token.expose());
    if let Some(body) = body {
        request = request.header(CONTENT_TYPE, "application/json; charset=UTF-8").body(body.to_string());
    }
    let answer = cx.call(request, what).await?;
    if is_error(&answer) {
        return Err(classify(&answer, what, cx.app.clock.now()));
    }
    Ok(answer.json::<Envelope<T>>(what)?.data)
}
