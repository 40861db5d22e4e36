//! OAuth 2 for all platforms, by the `oauth2` crate, over our own HTTP client: it follows no redirect, and what it can't
//! tell apart (not sent, answer lost) is told apart in `clients::http`.
//!
//! The crate takes only what RFC 6749 allows. Platforms differ, so each answer is put into that form first, in `answer`.

mod answer;
mod wire;

use std::fmt;
use std::time::Duration;

use oauth2::basic::{
    BasicClient, BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use reqwest::RequestBuilder;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::{Granted, Start, Started, codes};
use crate::app::App;
use crate::clients::http;
use crate::clock::Timestamp;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Grant;
use crate::secret::{Secret, sha256_hex};
use answer::Asked;
use wire::Wire;

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
    pub(in crate::platforms) rest: Map<String, Value>,
}

/// What a consent page wants to be asked. Begin with [`Consent::new`] and name what differs.
#[derive(Debug, Clone)]
pub(in crate::platforms) struct Consent<'a> {
    /// The page's address.
    pub(in crate::platforms) page: Url,
    /// The app's id.
    pub(in crate::platforms) client_id: &'a str,
    /// What the page calls it. Default `client_id`.
    pub(in crate::platforms) id_name: &'static str,
    /// The scopes; empty when something else stands for them. Default those of the login.
    pub(in crate::platforms) scopes: &'a [&'a str],
    /// What stands between two scopes. Default a space.
    pub(in crate::platforms) separator: &'static str,
    /// The proof key for the code exchange. Default none.
    pub(in crate::platforms) pkce: Pkce,
    /// What else the page wants to know.
    pub(in crate::platforms) extra: &'a [(&'a str, &'a str)],
}

/// How a login proves at the exchange that it is the one which began (RFC 7636).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::platforms) enum Pkce {
    /// Not at all.
    None,
    /// By the SHA-256 of the verifier in base64url.
    S256,
    /// By the SHA-256 of the verifier in hexadecimal digits, TikTok's own form.
    S256Hex,
}

impl<'a> Consent<'a> {
    /// The usual form: scopes of the login separated by spaces, no proof key, nothing else.
    pub(in crate::platforms) fn new(page: Url, client_id: &'a str, start: &Start<'_>) -> Self {
        let scopes = start.login.scopes;
        Self { page, client_id, id_name: "client_id", scopes, separator: " ", pkce: Pkce::None, extra: &[] }
    }
}

/// The address of a consent page, with the verifier of its proof key (or nothing) as the secret. Without an app's id it is
/// `login_not_configured`.
pub(in crate::platforms) fn authorize_url(start: &Start<'_>, consent: &Consent<'_>) -> Result<Started, JobError> {
    if consent.client_id.is_empty() {
        return Err(super::not_configured(start.login));
    }
    let client = BasicClient::new(ClientId::new(consent.client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(consent.page.clone()))
        .set_redirect_uri(RedirectUrl::from_url(start.callback.clone()));
    let mut request = client.authorize_url(|| CsrfToken::new(start.state.to_owned()));
    if !consent.scopes.is_empty() {
        // As one, since the crate knows no other separator than a space.
        request = request.add_scope(Scope::new(consent.scopes.join(consent.separator)));
    }
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let secret = match consent.pkce {
        Pkce::None => String::new(),
        Pkce::S256 => {
            request = request.set_pkce_challenge(challenge);
            verifier.into_secret()
        }
        Pkce::S256Hex => {
            let challenge = sha256_hex(verifier.secret().as_bytes());
            request = request.add_extra_param("code_challenge", challenge).add_extra_param("code_challenge_method", "S256");
            verifier.into_secret()
        }
    };
    for (name, value) in consent.extra {
        request = request.add_extra_param(*name, *value);
    }
    let (mut url, _) = request.url();
    if consent.id_name != "client_id" {
        let query = renamed_id(url.query().unwrap_or_default().as_bytes(), consent.id_name);
        url.set_query(Some(&query));
    }
    Ok(Started { url, secret: Secret::new(secret) })
}

/// A form or query whose `client_id` has another name.
fn renamed_id(form: &[u8], name: &str) -> String {
    let pairs = form_urlencoded::parse(form).map(|(key, value)| (if key == "client_id" { name.into() } else { key }, value));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Exchanges a code.
///
/// An error has the code `token_exchange_failed` when the platform did not take it, and `callback_error` when the platform
/// could not be reached, took no calls, or its answer was lost.
pub(in crate::platforms) async fn exchange(
    app: &App,
    endpoint: &TokenEndpoint<'_>,
    code: &str,
    callback: &Url,
    verifier: Option<&str>,
) -> Result<Tokens, JobError> {
    let verifier = verifier.filter(|verifier| !verifier.is_empty());
    let wire = Wire::new(app, endpoint, "exchange code", [Some(code), verifier]);
    let client = endpoint.client().set_redirect_uri(RedirectUrl::from_url(callback.clone()));
    let mut request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
    if let Some(verifier) = verifier {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
    }
    let answer = request.request_async(&wire).await;
    tokens(answer, &wire.asked).map_err(not_exchanged)
}

/// Uses a refresh token. `AuthRevoked` (`grant_dead`) says that it is dead. `Transient` with the code `refresh_answer_lost`
/// says that it may have been used: one that dies with its use may be dead.
pub(in crate::platforms) async fn refresh(
    app: &App,
    endpoint: &TokenEndpoint<'_>,
    refresh_token: &Secret<String>,
) -> Result<Tokens, JobError> {
    let wire = Wire::new(app, endpoint, "refresh token", [Some(refresh_token.expose()), None]);
    let client = endpoint.client();
    let token = RefreshToken::new(refresh_token.expose().clone());
    let answer = client.exchange_refresh_token(&token).request_async(&wire).await;
    tokens(answer, &wire.asked)
}

/// Asks a platform to end `token` by `request`; one that is dead already counts as ended.
pub(in crate::platforms) async fn revoke(
    app: &App,
    request: RequestBuilder,
    platform: &'static str,
    token: &Secret<String>,
) -> Result<(), JobError> {
    let asked = Asked { platform, what: "revoke token", now: app.clock.now(), secrets: vec![token.clone()] };
    let answer = http::send(request, asked.what).await?;
    answer::ended(&answer, &asked)
}

/// What renews a grant; a grant without it can't come here.
pub(in crate::platforms) fn renewal_token<'a>(
    account: &account::Model,
    grant: &'a Grant,
) -> Result<&'a Secret<String>, JobError> {
    match grant {
        Grant::Bearer { renewal: Some(renewal), .. } => Ok(renewal),
        _ => {
            let message = format!("nothing renews the grant of account `{}`", account.id);
            Err(JobError::new(ErrorClass::Bug, "grant_not_renewable", message))
        }
    }
}

/// The access token of a grant that is sent as a bearer token.
pub(in crate::platforms) fn access_token(grant: &Grant) -> Result<&Secret<String>, JobError> {
    match grant {
        Grant::Bearer { access_token, .. } => Ok(access_token),
        Grant::Oauth1 { .. } => Err(JobError::new(ErrorClass::Bug, "grant_unusable", "this account needs a bearer token")),
    }
}

/// The address of `path`, which begins with a slash, below a platform's base.
pub(in crate::platforms) fn below(base: &Url, path: &str) -> Url {
    let mut address = base.clone();
    address.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    address
}

/// An error of asking who it is, while an account is connected: the login failed, with one of the login's codes.
pub(in crate::platforms) fn not_identified(code: &'static str, error: JobError) -> JobError {
    let class = if error.class == ErrorClass::Transient { error.class } else { ErrorClass::Rejected };
    JobError { class, code, ..error }.remedy("begin the login again")
}

impl TokenEndpoint<'_> {
    /// A form sent to this address with the app's name: what token endpoints other than the usual want, such as to revoke.
    pub(in crate::platforms) fn post(&self, app: &App, form: &[(&str, &str)]) -> RequestBuilder {
        let (request, secret) = (app.http.post(self.url.clone()), self.client_secret.expose().as_str());
        let mut form = form.to_vec();
        match self.auth {
            AppAuth::Basic if !secret.is_empty() => {
                // RFC 6749, section 2.3.1: each half is form-encoded first.
                let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                return request.basic_auth(encoded(self.client_id), Some(encoded(secret))).form(&form);
            }
            AppAuth::Basic => form.push(("client_id", self.client_id)),
            AppAuth::Body => form.extend([("client_id", self.client_id), ("client_secret", secret)]),
            AppAuth::BodyAsKey => form.extend([("client_key", self.client_id), ("client_secret", secret)]),
        }
        request.form(&form)
    }

    fn client(&self) -> TokenClient {
        let auth = if self.auth == AppAuth::Basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        let client: Client<EndpointNotSet> = Client::new(ClientId::new(self.client_id.to_owned()));
        let client = client.set_auth_type(auth).set_token_uri(TokenUrl::from_url(self.url.clone()));
        match self.client_secret.expose().as_str() {
            "" => client,
            secret => client.set_client_secret(ClientSecret::new(secret.to_owned())),
        }
    }
}

type Client<TokenUrlState> = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<Rest, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    TokenUrlState,
>;

type TokenClient = Client<EndpointSet>;

/// What else an answer holds; among it may be secrets, such as an `id_token`.
type Rest = Secret<Map<String, Value>>;

impl ExtraTokenFields for Rest {}

type Given = Result<StandardTokenResponse<Rest, BasicTokenType>, RequestTokenError<JobError, BasicErrorResponse>>;

fn tokens(given: Given, asked: &Asked) -> Result<Tokens, JobError> {
    let given = given.map_err(|error| unusable(error, asked))?;
    if given.access_token().secret().trim().is_empty() {
        return Err(asked.unclassified("it holds no access token"));
    }
    let rest = given.extra_fields().expose().clone();
    let seconds = |name: &str| rest.get(name).and_then(Value::as_u64).map(Duration::from_secs);
    Ok(Tokens {
        access_token: Secret::new(given.access_token().secret().clone()),
        refresh_token: given.refresh_token().map(|token| Secret::new(token.secret().clone())),
        expires_in: given.expires_in(),
        // TikTok's name, then that of Google and LinkedIn.
        refresh_expires_in: seconds("refresh_expires_in").or_else(|| seconds("refresh_token_expires_in")),
        scopes: given.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        rest,
    })
}

/// What the crate makes of an answer that got past [`answer::read`], or that error itself.
fn unusable(error: RequestTokenError<JobError, BasicErrorResponse>, asked: &Asked) -> JobError {
    match error {
        RequestTokenError::Request(error) => error,
        // Only where it broke: the values around it may be tokens.
        RequestTokenError::Parse(error, _) => asked.unclassified(&format!("`{}` can't be read", error.path())),
        RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => asked.unclassified("it is no token answer"),
    }
}

/// A code that was refused is told from a platform that gave no answer; the login must begin again either way.
fn not_exchanged(error: JobError) -> JobError {
    if error.class == ErrorClass::Bug {
        return error;
    }
    if error.class == ErrorClass::Transient {
        // Where the answer was lost, the code may have been used.
        let class = if error.code == answer::LOST { ErrorClass::Ambiguous } else { error.class };
        return JobError { class, code: codes::CALLBACK_ERROR, ..error }.remedy("begin the login again");
    }
    let remedy = if error.code == answer::APP_REFUSED { error.remedy } else { "begin the login again" };
    JobError { class: ErrorClass::Rejected, code: codes::TOKEN_EXCHANGE_FAILED, ..error }.remedy(remedy)
}

impl Tokens {
    /// The grant, its lives counted from `asked_at`: before the question, so that it never seems to live longer than it does.
    pub(in crate::platforms) fn granted(self, asked_at: Timestamp) -> Granted {
        let until = |life: Option<Duration>| life.map(|life| asked_at.plus(life).0);
        Granted {
            expires_at: until(self.expires_in),
            renewal_expires_at: until(self.refresh_expires_in),
            grant: Grant::Bearer { access_token: self.access_token, renewal: self.refresh_token },
            scopes: self.scopes,
            extends: true,
        }
    }

    /// As [`Self::granted`], for an account's renewed grant: without a new refresh token the one that was used stays, and
    /// with it the end that is known of it.
    pub(in crate::platforms) fn renewed(self, asked_at: Timestamp, account: &account::Model, used: &Secret<String>) -> Granted {
        let kept = self.refresh_token.is_none();
        let mut granted = Self { refresh_token: self.refresh_token.or_else(|| Some(used.clone())), ..self }.granted(asked_at);
        if kept && granted.renewal_expires_at.is_none() {
            granted.renewal_expires_at = account.renewal_expires_at.map(|at| at.0);
        }
        granted
    }

    /// A text of the rest; numbers too, as ids come in either form.
    pub(in crate::platforms) fn text(&self, name: &str) -> Option<String> {
        match self.rest.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// Only what is no secret: what else an answer holds is not known.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("expires_in", &self.expires_in).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(in crate::platforms) mod stand_in;
#[cfg(test)]
mod tests;
