//! OAuth 2 for all platforms, by the `oauth2` crate, over our own HTTP client.

use std::time::Duration;

use url::Url;

use crate::app::App;
use crate::error::{ErrorClass, JobError};
use crate::secret::Secret;

/// How a platform is told which app asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::platforms) enum AppAuth {
    /// `Authorization: Basic`; a public client (no secret) names itself in the body.
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// `client_key` and `client_secret` in the body, as TikTok calls them.
    BodyAsKey,
}

/// A platform's token endpoint and our app there.
#[derive(Debug, Clone)]
pub(in crate::platforms) struct TokenEndpoint<'a> {
    /// Its address.
    pub(in crate::platforms) url: Url,
    /// The app's id.
    pub(in crate::platforms) client_id: &'a str,
    /// The app's secret; may be empty.
    pub(in crate::platforms) client_secret: &'a Secret<String>,
    /// How the app is named.
    pub(in crate::platforms) auth: AppAuth,
    /// The platform's name in errors.
    pub(in crate::platforms) platform: &'static str,
}

/// What a token endpoint gives.
#[derive(Debug)]
pub(in crate::platforms) struct Tokens {
    /// The access token.
    pub(in crate::platforms) access_token: Secret<String>,
    /// The refresh token, when one came; a blank one counts as none.
    pub(in crate::platforms) refresh_token: Option<Secret<String>>,
    /// How long the access token lives.
    pub(in crate::platforms) expires_in: Option<Duration>,
    /// How long the refresh token lives.
    pub(in crate::platforms) refresh_expires_in: Option<Duration>,
    /// The granted scopes, whichever way the platform separates them.
    pub(in crate::platforms) scopes: Option<Vec<String>>,
    /// Everything else in the answer, such as `open_id` or `user_id`.
    pub(in crate::platforms) rest: serde_json::Map<String, serde_json::Value>,
}

/// Exchanges a code. An error has the code `token_exchange_failed`, or says that the platform could not be reached.
pub(in crate::platforms) async fn exchange(
    _app: &App,
    endpoint: &TokenEndpoint<'_>,
    _code: &str,
    _callback: &Url,
    _verifier: Option<&str>,
) -> Result<Tokens, JobError> {
    Err(JobError::new(ErrorClass::Bug, "login_unavailable", format!("no exchange with {} yet", endpoint.platform)))
}

/// Uses a refresh token. `AuthRevoked` says that it is dead.
pub(in crate::platforms) async fn refresh(
    _app: &App,
    endpoint: &TokenEndpoint<'_>,
    _refresh_token: &Secret<String>,
) -> Result<Tokens, JobError> {
    Err(JobError::new(ErrorClass::Bug, "login_unavailable", format!("no refresh with {} yet", endpoint.platform)))
}
