//! The `oauth2` crate's requests, sent by our own HTTP client.

use std::pin::Pin;

use oauth2::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::RequestBuilder;

use super::answer::{self, Asked};
use super::{AppAuth, TokenEndpoint, renamed_id};
use crate::app::App;
use crate::clients::http;
use crate::error::{ErrorClass, JobError};
use crate::secret::Secret;

/// One call to a token endpoint. It borrows nothing: with a lifetime of its own the futures around it would not be `Send`.
pub(super) struct Wire {
    http: reqwest::Client,
    auth: AppAuth,
    /// What the call is about.
    pub(super) asked: Asked,
}

impl Wire {
    /// A call to `endpoint`, in which `sent` are the secrets that go along.
    pub(super) fn new(app: &App, endpoint: &TokenEndpoint<'_>, what: &'static str, sent: [Option<&str>; 2]) -> Self {
        let sent = sent.into_iter().flatten().map(|secret| Secret::new(secret.to_owned()));
        let secrets = sent.chain([endpoint.client_secret.clone()]).collect();
        let asked = Asked { platform: endpoint.platform, what, now: app.clock.now(), secrets };
        Self { http: app.http.clone(), auth: endpoint.auth, asked }
    }

    /// Sends it; what comes back is a success in the form of RFC 6749.
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, JobError> {
        if self.auth == AppAuth::BodyAsKey {
            *request.body_mut() = renamed_id(request.body(), "client_key").into_bytes();
            request.headers_mut().remove(CONTENT_LENGTH);
        }
        if let Some(basic) = request.headers_mut().get_mut(AUTHORIZATION) {
            basic.set_sensitive(true);
        }
        let what = self.asked.what;
        let unbuildable = || JobError::new(ErrorClass::Bug, "request_unbuildable", format!("`{what}` could not be built"));
        let request = reqwest::Request::try_from(request).map_err(|_| unbuildable())?;
        let request = RequestBuilder::from_parts(self.http.clone(), request);
        let answer = http::send(request, what).await.map_err(answer::lost)?;
        let given = serde_json::to_vec(&answer::read(&answer, &self.asked)?).map_err(|_| unbuildable())?;
        Ok(HttpResponse::new(given))
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = JobError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, JobError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
