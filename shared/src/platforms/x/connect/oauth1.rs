//! The login by OAuth 1.0a: a request token, the person's consent to it, an access token without an end.
//!
//! The request token comes back with the browser. It is kept beside its secret, so that one of another login is refused.

use std::num::NonZeroU64;

use oauth1_request::signature_method::HmacSha1;
use oauth1_request::{Builder, Credentials};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};

use super::{send, who};
use crate::app::App;
use crate::clients::http::{self, Answer};
use crate::error::{ErrorClass, JobError};
use crate::platforms::Grant;
use crate::platforms::connect::{Candidate, Finish, Granted, Identity, Start, Started, codes, failed, not_configured, oauth};
use crate::platforms::x::errors::{Asked, classify};
use crate::secret::Secret;

type Signing<'a> = Builder<'a, HmacSha1, &'a str, &'a str>;

/// Asks for a request token and gives the page where the person consents to it.
pub(super) async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
    let settings = &app.config.x;
    if settings.consumer_key.is_empty() || settings.consumer_secret.expose().is_empty() {
        return Err(not_configured(start.login));
    }
    let callback = with_state(start.callback, start.state);
    let url = oauth::below(&settings.api_base, "/oauth/request_token");
    let request = signed(app, Method::POST, url, |builder| {
        builder.callback(callback.as_str());
    });
    let answer = send(app, request, "request token").await.map_err(of_app)?;
    let (token, secret) = token_pair(&answer).ok_or_else(|| unreadable("request token"))?;
    let mut url = oauth::below(&settings.api_base, "/oauth/authorize");
    url.query_pairs_mut().append_pair("oauth_token", &token);
    Ok(Started { url, secret: Secret::new(format!("{token} {secret}")) })
}

/// Exchanges a request token that the person consented to.
pub(super) async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
    if finish.code.is_empty() {
        return Err(failed(codes::MISSING_VERIFIER, "X sent no verifier back"));
    }
    let kept = finish.secret.expose().split_once(' ').filter(|(token, _)| *token == finish.token);
    let Some((token, secret)) = kept else {
        return Err(failed(codes::INVALID_STATE, "X sent back another request token than the one that this login began with"));
    };
    let url = oauth::below(&app.config.x.api_base, "/oauth/access_token");
    let request = signed(app, Method::POST, url, |builder| {
        builder.token(Credentials::new(token, secret)).verifier(finish.code);
    });
    let answer = http::send(request, "access token").await.map_err(not_exchanged)?;
    if !answer.is_success() {
        let asked = Asked { what: "access token", on_media: false };
        return Err(not_exchanged(classify(&answer, asked, app.clock.now())));
    }
    let (token, token_secret) = token_pair(&answer).ok_or_else(|| not_exchanged(unreadable("access token")))?;
    let grant = Grant::Oauth1 { token: Secret::new(token), token_secret: Secret::new(token_secret) };
    let identity = match who(app, &grant).await {
        Ok(identity) => identity,
        Err(error) => told(&answer, &error).ok_or_else(|| oauth::not_identified(codes::USER_INFO_FAILED, error))?,
    };
    let granted = Granted { grant, scopes: None, expires_at: None, renewal_expires_at: None, extends: true };
    Ok(vec![Candidate { identity, granted, unusable: None }])
}

/// Ends a grant at X.
pub(super) async fn invalidate(app: &App, grant: &Grant) -> Result<(), JobError> {
    let Grant::Oauth1 { token, token_secret } = grant else {
        return Err(JobError::new(ErrorClass::Bug, "grant_unusable", "only an OAuth 1.0a grant is ended by its signature"));
    };
    let url = oauth::below(&app.config.x.api_base, "/1.1/oauth/invalidate_token.json");
    let request = signed(app, Method::POST, url, |builder| {
        builder.token(credentials(token, token_secret));
    });
    match send(app, request, "invalidate token").await {
        Ok(_) => Ok(()),
        // A token that X does not know (any more).
        Err(error) if error.code == "token_refused" => Ok(()),
        Err(error) => Err(error),
    }
}

/// A request signed with the app's key and whatever `with` adds.
pub(super) fn signed<'a>(app: &'a App, method: Method, url: Url, with: impl FnOnce(&mut Signing<'a>)) -> RequestBuilder {
    let settings = &app.config.x;
    let client = Credentials::new(settings.consumer_key.as_str(), settings.consumer_secret.expose().as_str());
    let mut builder: Signing<'a> = Builder::new(client, HmacSha1::new());
    builder.timestamp(u64::try_from(app.clock.now().unix_seconds()).ok().and_then(NonZeroU64::new));
    with(&mut builder);
    let authorization = builder.authorize(method.as_str(), &url, &());
    let request = app.http.request(method, url);
    // A value that is no header is left out; X then answers 401.
    match HeaderValue::from_str(&authorization) {
        Ok(mut value) => {
            value.set_sensitive(true);
            request.header(AUTHORIZATION, value)
        }
        Err(_) => request,
    }
}

/// A user's token as the signature wants it.
pub(super) fn credentials<'a>(token: &'a Secret<String>, secret: &'a Secret<String>) -> Credentials<&'a str> {
    Credentials::new(token.expose().as_str(), secret.expose().as_str())
}

/// OAuth 1.0a has no parameter for the state: it rides in the callback's query.
fn with_state(callback: &Url, state: &str) -> Url {
    let mut callback = callback.clone();
    if !callback.query_pairs().any(|(name, _)| name == "state") {
        callback.query_pairs_mut().append_pair("state", state);
    }
    callback
}

fn field(answer: &Answer, name: &str) -> Option<String> {
    let value = url::form_urlencoded::parse(&answer.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    value.filter(|value| !value.is_empty())
}

fn token_pair(answer: &Answer) -> Option<(String, String)> {
    Some((field(answer, "oauth_token")?, field(answer, "oauth_token_secret")?))
}

/// Who it is by the answer that brought the token: enough when X only has no time for the question.
fn told(answer: &Answer, error: &JobError) -> Option<Identity> {
    if matches!(error.class, ErrorClass::AuthExpired | ErrorClass::AuthRevoked | ErrorClass::Rejected | ErrorClass::Bug) {
        return None;
    }
    let (id, username) = (field(answer, "user_id")?, field(answer, "screen_name")?);
    let name = username.clone();
    Some(Identity { external_id: id, name, username: Some(username), variant: String::new(), scopes: None })
}

/// No tokens were found in it; what was found instead may be half of one.
fn unreadable(what: &str) -> JobError {
    JobError::new(ErrorClass::Ambiguous, "answer_unreadable", format!("the answer to `{what}` could not be read"))
}

/// A refusal that comes before any person is in it is about our app: its keys, its callback address.
fn of_app(error: JobError) -> JobError {
    match error.class {
        ErrorClass::AuthExpired | ErrorClass::AuthRevoked | ErrorClass::Rejected => {
            JobError { class: ErrorClass::Rejected, code: "platform_app_refused", ..error }.remedy(
                "the operator of this Pressroom must check its app at X: the consumer key, its secret and the callback address",
            )
        }
        // A request token that nobody knows of does no harm.
        ErrorClass::Ambiguous => JobError { class: ErrorClass::Transient, ..error },
        _ => error,
    }
}

/// A verifier that was refused is told from a platform that gave no answer.
fn not_exchanged(error: JobError) -> JobError {
    let no_answer = matches!(error.code, "unreachable" | "answer_lost" | "platform_failed");
    let (class, code) = match error.class {
        ErrorClass::Bug => return error,
        class if no_answer => (class, codes::CALLBACK_ERROR),
        _ => (ErrorClass::Rejected, codes::TOKEN_EXCHANGE_FAILED),
    };
    JobError { class, code, ..error }.remedy("begin the login again")
}

#[cfg(test)]
mod tests {
    use super::super::X;
    use super::*;
    use crate::platforms::connect::Connect;
    use crate::platforms::connect::oauth::stand_in::{self, StandIn};
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    const APP: [(&str, &str); 2] = [("X_CONSUMER_KEY", "the-key"), ("X_CONSUMER_SECRET", "s3cret")];

    #[tokio::test]
    async fn a_login_goes_from_request_token_to_access_token() {
        let request_token = stand_in::answer(200, "", "oauth_token=rt&oauth_token_secret=rs&oauth_callback_confirmed=true");
        let access_token = stand_in::answer(200, "", "oauth_token=at&oauth_token_secret=as&user_id=12&screen_name=ada");
        let user = stand_in::json(200, &json!({"data":{"id":"12","name":"Ada","username":"ada"}}));
        let platform = StandIn::answering([request_token, access_token, user]).await;
        let app = platform.app(&APP).await;
        let (login, callback) = (&X::LOGINS[1], "https://pressroom.example/callback".parse().unwrap());

        let started = X::start(&app, &Start { login, state: "the-state", callback: &callback }).await.unwrap();
        let back = Finish { login, code: "the-verifier", token: "rt", secret: &started.secret, callback: &callback };
        let found = X::finish(&app, &back).await.unwrap();

        assert_eq!((started.url.path(), started.url.query()), ("/oauth/authorize", Some("oauth_token=rt")));
        assert_eq!((found[0].identity.external_id.as_str(), found[0].identity.name.as_str()), ("12", "Ada"));
        let secret = |text: &str| Secret::new(text.to_owned());
        assert_eq!(found[0].granted.grant, Grant::Oauth1 { token: secret("at"), token_secret: secret("as") });
        assert_eq!(found[0].granted.expires_at, None);
        let asked = platform.asked();
        // The callback is encoded twice: as an address in a query, and as a value in the header.
        assert!(
            asked[0].contains(r#"oauth_callback="https%3A%2F%2Fpressroom.example%2Fcallback%3Fstate%3Dthe-state""#),
            "{asked:?}"
        );
        assert!(asked[1].contains(r#"oauth_token="rt""#) && asked[1].contains(r#"oauth_verifier="the-verifier""#), "{asked:?}");
        assert!(asked[2].contains(r#"oauth_token="at""#), "{asked:?}");
    }

    #[tokio::test]
    async fn a_request_token_of_another_login_is_refused_before_it_is_sent() {
        let platform = StandIn::answering([""; 0]).await;
        let app = platform.app(&APP).await;
        let (login, callback) = (&X::LOGINS[1], "https://pressroom.example/callback".parse().unwrap());
        let secret = Secret::new("rt rs".to_owned());
        let back = |token, code| Finish { login, code, token, secret: &secret, callback: &callback };

        let other = X::finish(&app, &back("rt2", "v")).await.unwrap_err();
        let without_verifier = X::finish(&app, &back("rt", "")).await.unwrap_err();

        assert_eq!((other.class, other.code), (ErrorClass::Rejected, "invalid_state"));
        assert_eq!((without_verifier.class, without_verifier.code), (ErrorClass::Rejected, "missing_verifier"));
    }

    #[tokio::test]
    async fn refusals_say_whose_matter_they_are() {
        let refused = || stand_in::json(401, &json!({"errors":[{"code":32,"message":"Could not authenticate you."}]}));
        let down = stand_in::answer(503, "", "down");
        let platform = StandIn::answering([refused(), refused(), refused(), down]).await;
        let (app, unset) = (platform.app(&APP).await, platform.app(&[]).await);
        let (login, callback) = (&X::LOGINS[1], "https://pressroom.example/callback".parse().unwrap());
        let start = Start { login, state: "s", callback: &callback };
        let secret = Secret::new("rt rs".to_owned());
        let grant = Grant::Oauth1 { token: secret.clone(), token_secret: secret.clone() };

        let unset = X::start(&unset, &start).await.unwrap_err();
        let of_app = X::start(&app, &start).await.unwrap_err();
        let back = Finish { login, code: "v", token: "rt", secret: &secret, callback: &callback };
        let used = X::finish(&app, &back).await.unwrap_err();
        let ended = invalidate(&app, &grant).await;
        let unanswered = X::finish(&app, &back).await.unwrap_err();

        assert_eq!((unset.class, unset.code), (ErrorClass::Rejected, "login_not_configured"));
        assert_eq!((of_app.class, of_app.code), (ErrorClass::Rejected, "platform_app_refused"));
        assert_eq!((used.class, used.code), (ErrorClass::Rejected, "token_exchange_failed"));
        assert_eq!(ended, Ok(()));
        assert_eq!(unanswered.code, "callback_error");
    }

    fn answer(body: &'static str) -> Answer {
        Answer { status: 200, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn the_state_rides_in_the_callback_once() {
        let callback: Url = "https://pressroom.example/callback".parse().unwrap();

        let once = with_state(&callback, "a b");

        assert_eq!(once.as_str(), "https://pressroom.example/callback?state=a+b");
        assert_eq!(with_state(&once, "other"), once);
    }

    #[test]
    fn a_pair_of_tokens_is_read_only_whole() {
        let whole = token_pair(&answer("oauth_token=t%2B1&oauth_token_secret=s&oauth_callback_confirmed=true"));

        assert_eq!(whole, Some(("t+1".to_owned(), "s".to_owned())));
        assert_eq!(token_pair(&answer("oauth_token=t&oauth_token_secret=")), None);
        assert_eq!(token_pair(&answer("<html>")), None);
    }

    #[test]
    fn the_answer_says_who_it_is_unless_the_token_was_refused() {
        let answer = answer("oauth_token=t&oauth_token_secret=s&user_id=12&screen_name=ada");
        let after = |class| told(&answer, &JobError::new(class, "x", "x"));

        assert_eq!(after(ErrorClass::RateLimited).map(|identity| identity.external_id), Some("12".to_owned()));
        assert_eq!(after(ErrorClass::AuthExpired), None);
    }
}
