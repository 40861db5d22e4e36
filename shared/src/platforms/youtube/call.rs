//! One call to the Data API, or to the address of an upload; both carry the account's token.

use reqwest::{Body, Method, RequestBuilder};
use serde::Serialize;
use std::time::Duration;

use super::errors::classify;
use crate::clients::http::Answer;
use crate::error::{ErrorClass, JobError};
use crate::platforms::{Grant, Publishing};

/// A call in the making.
pub(super) struct Call<'a> {
    cx: &'a Publishing<'a>,
    request: RequestBuilder,
}

/// What a call with a file may take besides the time for its bytes.
const UPLOAD_BASE: Duration = Duration::from_secs(20);

/// The slowest upload that is waited for, in bytes per second.
const SLOWEST: u64 = 64 * 1024;

impl<'a> Call<'a> {
    /// A GET below the API's base.
    pub(super) fn get(cx: &'a Publishing<'a>, path: &str, query: &[(&str, &str)]) -> Self {
        Self::new(cx, cx.app.http.request(Method::GET, address(cx, path)).query(query))
    }

    /// A POST below the API's base.
    pub(super) fn post(cx: &'a Publishing<'a>, path: &str, query: &[(&str, &str)]) -> Self {
        Self::new(cx, cx.app.http.request(Method::POST, address(cx, path)).query(query))
    }

    /// A POST below the API's base whose body is a file of `length` bytes.
    pub(super) fn post_file(cx: &'a Publishing<'a>, path: &str, query: &[(&str, &str)], length: u64) -> Self {
        Self::new(cx, cx.app.uploads.request(Method::POST, address(cx, path)).query(query).timeout(patience(length)))
    }

    /// A PUT of `length` bytes to the address of an upload.
    pub(super) fn put(cx: &'a Publishing<'a>, session: &str, length: u64) -> Self {
        Self::new(cx, cx.app.uploads.request(Method::PUT, session).timeout(patience(length)))
    }

    fn new(cx: &'a Publishing<'a>, request: RequestBuilder) -> Self {
        let request = match cx.grant {
            Grant::Bearer { access_token, .. } => request.bearer_auth(access_token.expose()),
            Grant::Oauth1 { .. } => request,
        };
        Self { cx, request }
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.request = self.request.header(name, value.to_string());
        self
    }

    /// Adds a JSON body.
    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.header("content-type", "application/json; charset=UTF-8").json(body);
        self
    }

    /// Adds a body of bytes.
    pub(super) fn body(mut self, body: impl Into<Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// Sends it; gives the answer whatever its status.
    pub(super) async fn answer(self, what: &str) -> Result<Answer, JobError> {
        if matches!(self.cx.grant, Grant::Oauth1 { .. }) {
            return Err(JobError::new(ErrorClass::Bug, "grant_unusable", "a YouTube channel needs a bearer token"));
        }
        self.cx.call(self.request, what).await
    }

    /// Sends it; whatever is no success comes back classified.
    pub(super) async fn send(self, what: &str) -> Result<Answer, JobError> {
        let now = self.cx.app.clock.now();
        let answer = self.answer(what).await?;
        if answer.is_success() { Ok(answer) } else { Err(classify(&answer, what, now)) }
    }
}

fn address(cx: &Publishing<'_>, path: &str) -> String {
    format!("{}{path}", cx.app.config.youtube.api_base.as_str().trim_end_matches('/'))
}

fn patience(length: u64) -> Duration {
    UPLOAD_BASE + Duration::from_secs(length / SLOWEST)
}
