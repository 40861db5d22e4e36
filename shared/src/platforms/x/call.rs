//! One signed call to X: a bearer token, or an OAuth 1.0a signature.

use std::num::NonZeroU64;

use oauth1_request::signature_method::HmacSha1;
use oauth1_request::{Builder, Credentials, ParameterList, Token};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, multipart};
use serde::Serialize;

use super::errors::{Asked, classify};
use crate::clients::http::Answer;
use crate::error::JobError;
use crate::platforms::{Grant, Publishing};

/// A call in the making.
pub(super) struct Call<'a> {
    cx: &'a Publishing<'a>,
    request: RequestBuilder,
    on_media: bool,
}

impl<'a> Call<'a> {
    /// A POST; its JSON or multipart body is not part of an OAuth 1.0a signature.
    pub(super) fn post(cx: &'a Publishing<'a>, path: &str) -> Self {
        Self::new(cx, Method::POST, path, &[])
    }

    /// A GET with a query.
    pub(super) fn get(cx: &'a Publishing<'a>, path: &str, query: &[(&str, &str)]) -> Self {
        Self::new(cx, Method::GET, path, query)
    }

    fn new(cx: &'a Publishing<'a>, method: Method, path: &str, query: &[(&str, &str)]) -> Self {
        let url = format!("{}{path}", cx.app.config.x.api_base.as_str().trim_end_matches('/'));
        let authorization = authorization(cx, method.as_str(), &url, query);
        let mut request = cx.app.http.request(method, url);
        // A value that is no header is left out; the platform then answers 401.
        if let Ok(mut value) = HeaderValue::from_str(&authorization) {
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if !query.is_empty() {
            request = request.query(query);
        }
        Self { cx, request, on_media: path.starts_with("/2/media/") }
    }

    /// Adds a JSON body.
    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// Adds a form with files.
    pub(super) fn multipart(mut self, form: multipart::Form) -> Self {
        self.request = self.request.multipart(form);
        self
    }

    /// Sends it; whatever is no success comes back classified.
    pub(super) async fn send(self, what: &str) -> Result<Answer, JobError> {
        let answer = self.cx.call(self.request, what).await?;
        let asked = Asked { what, on_media: self.on_media };
        if answer.is_success() { Ok(answer) } else { Err(classify(&answer, asked, self.cx.app.clock.now())) }
    }
}

fn authorization(cx: &Publishing<'_>, method: &str, url: &str, query: &[(&str, &str)]) -> String {
    match cx.grant {
        Grant::Bearer { access_token, .. } => format!("Bearer {}", access_token.expose()),
        Grant::Oauth1 { token, token_secret } => {
            let settings = &cx.app.config.x;
            let client = Credentials::new(settings.consumer_key.as_str(), settings.consumer_secret.expose().as_str());
            let user = Credentials::new(token.expose().as_str(), token_secret.expose().as_str());
            let mut builder = Builder::with_token(Token::new(client, user), HmacSha1::new());
            builder.timestamp(u64::try_from(cx.app.clock.now().unix_seconds()).ok().and_then(NonZeroU64::new));
            builder.authorize(method, url, &ParameterList::new(query.to_vec()))
        }
    }
}
