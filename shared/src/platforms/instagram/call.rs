//! One call to Instagram's API: on its own host, or on Facebook's for accounts that came through a Page.

use reqwest::{Method, RequestBuilder};

use super::errors::classify;
use crate::clients::http::Answer;
use crate::error::{ErrorClass, JobError};
use crate::platforms::facebook::call::proof;
use crate::platforms::facebook::errors::is_error;
use crate::platforms::{Grant, Publishing};

/// The variant of accounts that were connected by Instagram's own login; all others came through Facebook's.
pub(super) const INSTAGRAM_LOGIN: &str = "instagram";

/// A call in the making.
pub(super) struct Call<'a> {
    cx: &'a Publishing<'a>,
    request: RequestBuilder,
}

impl<'a> Call<'a> {
    /// A POST to `path` below the API version.
    pub(super) fn post(cx: &'a Publishing<'a>, path: &str) -> Self {
        Self::new(cx, Method::POST, path)
    }

    /// A GET with a query.
    pub(super) fn get(cx: &'a Publishing<'a>, path: &str, query: &[(&str, &str)]) -> Self {
        let Self { cx, request } = Self::new(cx, Method::GET, path);
        Self { cx, request: request.query(query) }
    }

    fn new(cx: &'a Publishing<'a>, method: Method, path: &str) -> Self {
        let (instagram, facebook) = (&cx.app.config.instagram, &cx.app.config.facebook);
        let (base, app_secret) = match cx.account.variant.as_str() {
            INSTAGRAM_LOGIN => (&instagram.graph_base, &instagram.app_secret),
            _ => (&facebook.graph_base, &facebook.app_secret),
        };
        let url = format!("{}/{}/{path}", base.as_str().trim_end_matches('/'), instagram.api_version);
        let mut request = cx.app.http.request(method, url);
        if let Grant::Bearer { access_token, .. } = cx.grant {
            request = request.bearer_auth(access_token.expose());
            if let Some(proof) = proof(app_secret.expose(), access_token.expose()) {
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

    /// Sends it; errors come back classified, also those that come with status 200.
    pub(super) async fn send(self, what: &str) -> Result<Answer, JobError> {
        if matches!(self.cx.grant, Grant::Oauth1 { .. }) {
            return Err(JobError::new(ErrorClass::Bug, "grant_unusable", "an Instagram account needs a bearer token"));
        }
        let answer = self.cx.call(self.request, what).await?;
        if answer.is_success() && !is_error(&answer) {
            return Ok(answer);
        }
        Err(classify(&answer, what, self.cx.app.clock.now()))
    }
}
