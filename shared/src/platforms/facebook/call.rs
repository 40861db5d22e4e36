//! One call to the Graph API. The token travels in a header, never in a URL.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder, multipart};
use sha2::Sha256;

use super::errors::{classify, is_error};
use crate::clients::http::{self, Answer};
use crate::error::{ErrorClass, JobError};
use crate::platforms::{Grant, Publishing};
use crate::secret::hex;

/// A call in the making.
pub(super) struct Call<'a> {
    cx: &'a Publishing<'a>,
    request: RequestBuilder,
}

impl<'a> Call<'a> {
    /// A POST to `path` below the API version.
    pub(super) fn post(cx: &'a Publishing<'a>, path: &str) -> Self {
        Self::new(cx, Method::POST, path, &[])
    }

    /// A GET with a query.
    pub(super) fn get(cx: &'a Publishing<'a>, path: &str, query: &[(&str, &str)]) -> Self {
        Self::new(cx, Method::GET, path, query)
    }

    fn new(cx: &'a Publishing<'a>, method: Method, path: &str, query: &[(&str, &str)]) -> Self {
        let settings = &cx.app.config.facebook;
        let url = format!("{}/{}/{path}", settings.graph_base.as_str().trim_end_matches('/'), settings.api_version);
        let mut request = cx.app.http.request(method, url).query(query);
        if let Grant::Bearer { access_token } = cx.grant {
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

    /// Sends it; errors come back classified, also those that Facebook answers with status 200.
    pub(super) async fn send(self, what: &str) -> Result<Answer, JobError> {
        if matches!(self.cx.grant, Grant::Oauth1 { .. }) {
            return Err(JobError::new(ErrorClass::Bug, "grant_unusable", "a Facebook account needs a Page token"));
        }
        let answer = http::send(self.request, what).await?;
        if answer.is_success() && !is_error(&answer) { Ok(answer) } else { Err(classify(&answer, what, self.cx.app.clock.now())) }
    }
}

/// `appsecret_proof`: the token signed with the app's secret, when there is one.
fn proof(app_secret: &str, token: &str) -> Option<String> {
    if app_secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).ok()?;
    mac.update(token.as_bytes());
    Some(hex(&mac.finalize().into_bytes()))
}
