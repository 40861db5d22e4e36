//! One call to the Graph API or to the hosts that take a film's bytes. The token travels in a header, never in a URL.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, Method, RequestBuilder, multipart};
use serde::Deserialize;
use sha2::Sha256;
use url::Url;

use super::errors::{classify, is_error};
use crate::clients::http::Answer;
use crate::error::{ErrorClass, JobError};
use crate::platforms::{Grant, Publishing};
use crate::secret::hex;

/// How long a body may take beyond the time that its bytes need.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(20);

/// The slowest line that is waited for, in bytes per second.
const SLOWEST: u64 = 64 * 1024;

/// A call in the making.
pub(super) struct Call<'a> {
    cx: &'a Publishing<'a>,
    request: RequestBuilder,
}

/// The acknowledgement of a call that makes nothing new.
#[derive(Deserialize)]
struct Done {
    #[serde(default)]
    success: bool,
}

impl<'a> Call<'a> {
    /// A POST to `path` below the API version.
    pub(super) fn post(cx: &'a Publishing<'a>, path: &str) -> Self {
        Self::new(cx, &cx.app.http, (Method::POST, &cx.app.config.facebook.graph_base, path))
    }

    /// A GET with a query.
    pub(super) fn get(cx: &'a Publishing<'a>, path: &str, query: &[(&str, &str)]) -> Self {
        let Self { cx, request } = Self::new(cx, &cx.app.http, (Method::GET, &cx.app.config.facebook.graph_base, path));
        Self { cx, request: request.query(query) }
    }

    /// A POST to `path` on the host that takes a Page's videos.
    pub(super) fn post_video(cx: &'a Publishing<'a>, path: &str) -> Self {
        Self::new(cx, &cx.app.http, (Method::POST, &cx.app.config.facebook.video_base, path))
    }

    /// A POST to `path` on the host that takes a Page's videos, with a body of about so many bytes.
    pub(super) fn post_chunk(cx: &'a Publishing<'a>, path: &str, bytes: u64) -> Self {
        let Self { cx, request } = Self::new(cx, &cx.app.uploads, (Method::POST, &cx.app.config.facebook.video_base, path));
        Self { cx, request: request.timeout(time_for(bytes)) }
    }

    /// The bytes of a film from `start` on, to the address that the start of its upload gave.
    ///
    /// That host takes the token in its own form of the header only, and no proof.
    pub(super) fn post_bytes(cx: &'a Publishing<'a>, url: &str, (start, size): (u64, u64), body: Body) -> Self {
        let mut request = cx.app.uploads.post(url).timeout(time_for(size - start));
        if let Grant::Bearer { access_token, .. } = cx.grant
            && let Ok(mut value) = HeaderValue::from_str(&format!("OAuth {}", access_token.expose()))
        {
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request
            .header("offset", start)
            .header("file_size", size)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, size - start)
            .body(body);
        Self { cx, request }
    }

    fn new(cx: &'a Publishing<'a>, client: &Client, (method, base, path): (Method, &Url, &str)) -> Self {
        let settings = &cx.app.config.facebook;
        let url = format!("{}/{}/{path}", base.as_str().trim_end_matches('/'), settings.api_version);
        let mut request = client.request(method, url);
        if let Grant::Bearer { access_token, .. } = cx.grant {
            request = request.bearer_auth(access_token.expose());
            if let Some(proof) = proof(settings.app_secret.expose(), access_token.expose()) {
                request = request.query(&[("appsecret_proof", proof)]);
            }
        }
        Self { cx, request }
    }

    /// Adds a form.
    pub(super) fn form(mut self, form: &[(&str, String)]) -> Self {
        self.request = self.request.form(form);
        self
    }

    /// Adds a form with files.
    pub(super) fn multipart(mut self, form: multipart::Form) -> Self {
        self.request = self.request.multipart(form);
        self
    }

    /// Sends it and gives the answer as it came.
    pub(super) async fn ask(self, what: &str) -> Result<Answer, JobError> {
        if matches!(self.cx.grant, Grant::Oauth1 { .. }) {
            return Err(JobError::new(ErrorClass::Bug, "grant_unusable", "a Facebook account needs a Page token"));
        }
        self.cx.call(self.request, what).await
    }

    /// Sends it; errors come back classified, also those that Facebook answers with status 200.
    pub(super) async fn send(self, what: &str) -> Result<Answer, JobError> {
        let cx = self.cx;
        judge(cx, self.ask(what).await?, what)
    }

    /// Sends what is answered by `success` alone; an answer that does not say so leaves the outcome open.
    pub(super) async fn send_for_success(self, what: &str) -> Result<Answer, JobError> {
        let answer = self.send(what).await?;
        if answer.json::<Done>(what)?.success {
            return Ok(answer);
        }
        let message = format!("Facebook answered `{what}` without saying that it was done");
        Err(JobError::new(ErrorClass::Ambiguous, "answer_unclassified", message).said(answer.text()))
    }
}

/// Tells success from failure.
pub(super) fn judge(cx: &Publishing<'_>, answer: Answer, what: &str) -> Result<Answer, JobError> {
    if answer.is_success() && !is_error(&answer) { Ok(answer) } else { Err(classify(&answer, what, cx.app.clock.now())) }
}

fn time_for(bytes: u64) -> Duration {
    UPLOAD_PATIENCE + Duration::from_secs(bytes / SLOWEST)
}

/// `appsecret_proof`: the token signed with the app's secret, when there is one.
pub(in crate::platforms) fn proof(app_secret: &str, token: &str) -> Option<String> {
    if app_secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).ok()?;
    mac.update(token.as_bytes());
    Some(hex(&mac.finalize().into_bytes()))
}
