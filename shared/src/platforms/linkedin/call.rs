//! One call to LinkedIn's versioned REST API, or to one of its upload addresses.

use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;

use super::errors::classify;
use crate::clients::http::Answer;
use crate::error::JobError;
use crate::platforms::{Grant, Publishing};
use crate::secret::Secret;

/// A call in the making.
pub(super) struct Call<'a> {
    cx: &'a Publishing<'a>,
    request: RequestBuilder,
}

impl<'a> Call<'a> {
    /// A POST.
    pub(super) fn post(cx: &'a Publishing<'a>, path: &str) -> Self {
        Self::new(cx, Method::POST, path)
    }

    /// A GET.
    pub(super) fn get(cx: &'a Publishing<'a>, path: &str) -> Self {
        Self::new(cx, Method::GET, path)
    }

    fn new(cx: &'a Publishing<'a>, method: Method, path: &str) -> Self {
        let settings = &cx.app.config.linkedin;
        let url = format!("{}{path}", settings.api_base.as_str().trim_end_matches('/'));
        let request = cx.app.http.request(method, url);
        let request = request.header("LinkedIn-Version", &settings.api_version).header("X-Restli-Protocol-Version", "2.0.0");
        Self { cx, request: authorized(cx, request) }
    }

    /// Says that it is a finder, which LinkedIn does not read off the query alone. The order of the query counts.
    pub(super) fn finder(mut self, query: &[(&str, &str)]) -> Self {
        self.request = self.request.header("X-RestLi-Method", "FINDER").query(query);
        self
    }

    /// Adds a query.
    pub(super) fn query(mut self, query: &[(&str, &str)]) -> Self {
        self.request = self.request.query(query);
        self
    }

    /// Adds a JSON body.
    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// Adds a body that is JSON already.
    pub(super) fn json_text(mut self, body: &str) -> Self {
        self.request = self.request.header(CONTENT_TYPE, "application/json").body(body.to_owned());
        self
    }

    /// Sends it; whatever is no success comes back classified.
    pub(super) async fn send(self, what: &str) -> Result<Answer, JobError> {
        answered(self.cx, self.request, what).await
    }
}

/// The slowest way to LinkedIn that is waited for, in bytes per second, beyond [`SILENCE_MAX`].
const SLOWEST: u64 = 64 * 1024;

/// How long LinkedIn may take to answer once it has everything.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Bytes on their way to an upload address.
pub(super) struct Bytes {
    /// The bytes.
    pub(super) body: reqwest::Body,
    /// How many they are.
    pub(super) length: u64,
    /// Whether the address wants the token besides: those of images and documents do.
    pub(super) authorized: bool,
}

/// Sends bytes to an upload address; whatever is no success comes back classified. The address is named nowhere.
pub(super) async fn put(cx: &Publishing<'_>, url: &Secret<String>, bytes: Bytes, what: &str) -> Result<Answer, JobError> {
    let request = cx.app.uploads.put(url.expose());
    let request = request.timeout(SILENCE_MAX + Duration::from_secs(bytes.length / SLOWEST));
    let request = request.header(CONTENT_TYPE, "application/octet-stream").header(CONTENT_LENGTH, bytes.length);
    let request = if bytes.authorized { authorized(cx, request) } else { request };
    answered(cx, request.body(bytes.body), what).await
}

/// Adds the token. That it is one is checked before the first call.
fn authorized(cx: &Publishing<'_>, request: RequestBuilder) -> RequestBuilder {
    match cx.grant {
        Grant::Bearer { access_token, .. } => request.bearer_auth(access_token.expose()),
        Grant::Oauth1 { .. } => request,
    }
}

async fn answered(cx: &Publishing<'_>, request: RequestBuilder, what: &str) -> Result<Answer, JobError> {
    let answer = cx.call(request, what).await?;
    if answer.is_success() { Ok(answer) } else { Err(classify(&answer, what, (cx.app.clock.now(), cx.account.granted_at))) }
}

/// A URN as a part of a path: fully percent-encoded.
pub(super) fn key(urn: &str) -> String {
    url::form_urlencoded::byte_serialize(urn.as_bytes()).collect()
}
