use reqwest::header::HeaderMap;
use serde_json::json;

use super::super::Login;
use super::stand_in::{self, HANGS_UP, NOW, StandIn};
use super::*;
use crate::clients::http::Answer;
use crate::store::accounts::{NewAccount, new_row};
use ErrorClass::{Ambiguous, AuthRevoked, Rejected, Transient};

const LOGIN: Login = Login { variant: "", scopes: &["read", "write.all"], settings: &["X_CLIENT_ID"] };

fn asked() -> Asked {
    Asked { platform: "X", what: "refresh token", now: NOW, secrets: vec![secret("hunter2"), secret("")] }
}

fn answered(status: u16, body: impl ToString) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.to_string().into_bytes().into() }
}

fn read(status: u16, body: impl ToString) -> Result<Map<String, Value>, JobError> {
    answer::read(&answered(status, body), &asked())
}

fn endpoint<'a>(base: &Url, secret: &'a Secret<String>, auth: AppAuth) -> TokenEndpoint<'a> {
    TokenEndpoint { url: below(base, "/token"), client_id: "the-id", client_secret: secret, auth, platform: "X" }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn parameters(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn parameter(query: &str, name: &str) -> Option<String> {
    parameters(query).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn form(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn every_refusal_has_its_class() {
    let oauth = |word: &str| json!({"error": word, "error_description": "words"});
    let dead = "Value passed for the token was invalid.";
    let cases = [
        (400, oauth("invalid_grant"), AuthRevoked, "grant_dead"),
        (200, oauth("invalid_grant"), AuthRevoked, "grant_dead"),
        (400, json!({"error": "invalid_request", "error_description": dead}), AuthRevoked, "grant_dead"),
        (400, oauth("invalid_request"), Ambiguous, "answer_unclassified"),
        (401, oauth("invalid_client"), Rejected, "platform_app_refused"),
        (401, oauth("unauthorized_client"), Rejected, "platform_app_refused"),
        (400, oauth("redirect_uri_mismatch"), Rejected, "platform_app_refused"),
        (400, oauth("invalid_scope"), Rejected, "platform_app_refused"),
        (400, oauth("unsupported_grant_type"), Rejected, "platform_app_refused"),
        (400, oauth("temporarily_unavailable"), Transient, "platform_unavailable"),
        (200, oauth("server_error"), Transient, "platform_unavailable"),
        (429, oauth("invalid_request"), Transient, "platform_unavailable"),
        // A gateway in trouble ends no grant, whatever it says.
        (500, oauth("invalid_grant"), Transient, "platform_unavailable"),
        (503, json!("down"), Transient, "platform_unavailable"),
        (302, json!({}), Ambiguous, "answer_unclassified"),
        (400, oauth("surprise"), Ambiguous, "answer_unclassified"),
        (401, json!({"title": "Unauthorized"}), Ambiguous, "answer_unclassified"),
        (403, json!("<html>"), Ambiguous, "answer_unclassified"),
        (400, json!({"error": {"message": "words", "type": "OAuthException", "code": 190}}), Ambiguous, "answer_unclassified"),
        // The tokens may have been in it.
        (200, json!("<html>"), Transient, "refresh_answer_lost"),
    ];
    for (status, body, class, code) in cases {
        let error = read(status, &body).unwrap_err();

        assert_eq!((error.class, error.code, error.status), (class, code, Some(status)), "{status} {body}");
    }
}

#[test]
fn a_platform_that_takes_no_calls_says_until_when() {
    let waits = |told: &'static str| {
        let headers = HeaderMap::from_iter([("retry-after".parse().unwrap(), told.parse().unwrap())]);
        let error = answer::read(&Answer { headers, ..answered(503, "") }, &asked()).unwrap_err();
        error.retry_at.map(|at| at.since(NOW).as_secs())
    };

    assert_eq!(waits("90"), Some(90));
    assert_eq!(waits("Mon, 23 Nov 2026 00:05:00 GMT"), Some(300));
    assert_eq!(waits("soon"), None);
}

#[test]
fn errors_hold_the_platforms_words_but_nothing_that_was_sent() {
    let bodies = [
        json!({"error": "invalid_grant", "error_description": "the code hunter2 is used"}),
        json!({"error": {"message": "the code hunter2 is used", "code": 100}}),
        json!({"error_type": "OAuthException", "error_message": "the code hunter2 is used"}),
    ];
    for body in bodies {
        let words = read(400, &body).unwrap_err().platform_message.unwrap();

        assert!(words.ends_with("the code *** is used"), "{words}");
    }
    assert_eq!(read(502, "<html>hunter2").unwrap_err().platform_message.unwrap(), "<html>***");
}

#[test]
fn a_refused_code_is_told_from_a_platform_that_gave_no_answer() {
    let told = |status: u16, word: &str| not_exchanged(read(status, json!({"error": word})).unwrap_err());
    let cases = [
        (told(400, "invalid_grant"), Rejected, "token_exchange_failed"),
        (told(400, "surprise"), Rejected, "token_exchange_failed"),
        (told(401, "invalid_client"), Rejected, "token_exchange_failed"),
        (told(503, ""), Transient, "callback_error"),
        (not_exchanged(JobError::new(Transient, "unreachable", "x")), Transient, "callback_error"),
        // The code may have been used.
        (not_exchanged(answer::lost(JobError::new(Ambiguous, "answer_lost", "x"))), Ambiguous, "callback_error"),
    ];
    for (error, class, code) in cases {
        assert_eq!((error.class, error.code), (class, code), "{error:?}");
    }
    assert!(told(401, "invalid_client").remedy.contains("operator"));
}

#[test]
fn what_is_dead_already_counts_as_revoked() {
    let ended = |status: u16, body: Value| answer::ended(&answered(status, body), &asked()).map_err(|error| error.code);

    assert_eq!(ended(200, json!({"revoked": true})), Ok(()));
    assert_eq!(answer::ended(&answered(200, ""), &asked()), Ok(()));
    assert_eq!(ended(400, json!({"error": "invalid_token"})), Ok(()));
    assert_eq!(ended(400, json!({"error": "invalid_grant"})), Ok(()));
    assert_eq!(ended(401, json!({"error": "invalid_client"})), Err("platform_app_refused"));
    assert_eq!(ended(503, json!({"error": "invalid_token"})), Err("platform_unavailable"));
}

#[tokio::test]
async fn each_platforms_form_of_a_success_is_understood() {
    let cases = [
        (json!({"access_token": "a"}), None, None, None),
        (json!({"access_token": "a", "token_type": "", "refresh_token": " ", "scope": ""}), None, None, None),
        (
            json!({"access_token": "a", "token_type": "BEARER", "refresh_token": "r", "scope": "b a"}),
            Some("r"),
            Some("b a"),
            None,
        ),
        (json!({"access_token": "a", "refresh_token": null, "scope": "b,a", "expires_in": "60"}), None, Some("b a"), Some(60)),
        (json!({"access_token": "a", "scope": ["b", "a"], "expires_in": 60}), None, Some("b a"), Some(60)),
        (json!({"data": [{"access_token": "a", "user_id": 7, "permissions": "b,a"}]}), None, Some("b a"), None),
        (json!({"access_token": "a", "user_id": 7, "permissions": ["b", "a"]}), None, Some("b a"), None),
        (json!({"access_token": "a", "error": null, "scope": null, "expires_in": 0}), None, None, None),
    ];
    for (body, refresh_token, scopes, life) in cases {
        let platform = StandIn::answering([stand_in::json(200, &body)]).await;
        let app = platform.app(&[]).await;

        let tokens = refresh(&app, &endpoint(&platform.base, &secret(""), AppAuth::Body), &secret("r0")).await.unwrap();

        assert_eq!(tokens.access_token.expose(), "a", "{body}");
        assert_eq!(tokens.refresh_token.map(|token| token.expose().clone()).as_deref(), refresh_token, "{body}");
        assert_eq!(tokens.scopes.map(|scopes| scopes.join(" ")).as_deref(), scopes, "{body}");
        assert_eq!(tokens.expires_in.map(|life| life.as_secs()), life, "{body}");
    }
}

#[tokio::test]
async fn a_success_without_an_access_token_is_none() {
    for body in [json!({}), json!({"access_token": " "}), json!({"access_token": {"hunter2": 1}}), json!({"data": []})] {
        let platform = StandIn::answering([stand_in::json(200, &body)]).await;
        let app = platform.app(&[]).await;

        let told = refresh(&app, &endpoint(&platform.base, &secret(""), AppAuth::Body), &secret("r0")).await;

        let error = told.unwrap_err();
        assert_eq!((error.class, error.code), (Ambiguous, "answer_unclassified"), "{body}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn the_app_is_named_in_the_platforms_way() {
    let given = stand_in::json(200, &json!({"access_token": "a"}));
    let cases = [
        (AppAuth::Body, "s3cret", "client_id=the-id&client_secret=s3cret", false),
        (AppAuth::BodyAsKey, "s3cret", "client_key=the-id&client_secret=s3cret", false),
        (AppAuth::Basic, "s3cret", "", true),
        (AppAuth::Basic, "", "client_id=the-id", false),
    ];
    for (auth, app_secret, named, basic) in cases {
        let platform = StandIn::answering([given.clone(), given.clone(), given.clone()]).await;
        let app = platform.app(&[]).await;
        let app_secret = secret(app_secret);
        let endpoint = endpoint(&platform.base, &app_secret, auth);

        refresh(&app, &endpoint, &secret("r 0")).await.unwrap();
        let callback = "https://pressroom.example/callback".parse().unwrap();
        exchange(&app, &endpoint, "c!0", &callback, Some("the-verifier")).await.unwrap();
        revoke(&app, endpoint.post(&app, &[("token", "t0")]), "X", &secret("t0")).await.unwrap();

        let asked = platform.asked();
        let wanted = [
            format!("grant_type=refresh_token&refresh_token=r+0&{named}"),
            format!(
                "grant_type=authorization_code&code=c%210&code_verifier=the-verifier&{named}&redirect_uri=https%3A%2F%2Fpressroom.example%2Fcallback"
            ),
            format!("token=t0&{named}"),
        ];
        for (request, wanted) in asked.iter().zip(wanted) {
            let mut wanted = parameters(&wanted);
            let mut sent = parameters(form(request));
            wanted.sort();
            sent.sort();
            assert_eq!(sent, wanted, "{auth:?}");
            let header = request.to_ascii_lowercase().contains("authorization: basic ");
            assert_eq!(header, basic, "{auth:?}");
        }
        assert_eq!(asked.len(), 3);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_lost_answer_is_told_from_an_unreached_platform() {
    let away = stand_in::answer(302, "location: /elsewhere\r\n", "");
    let platform = StandIn::answering([away, HANGS_UP.to_owned()]).await;
    let app = platform.app(&[]).await;
    let (app_secret, token) = (secret("s"), secret("r0"));
    let endpoint = endpoint(&platform.base, &app_secret, AppAuth::Body);

    let redirected = refresh(&app, &endpoint, &token).await.unwrap_err();
    let lost = refresh(&app, &endpoint, &token).await.unwrap_err();
    let unreached = refresh(&app, &endpoint, &token).await.unwrap_err();

    assert_eq!((redirected.class, redirected.code), (Ambiguous, "answer_unclassified"));
    assert_eq!((lost.class, lost.code), (Transient, "refresh_answer_lost"));
    assert_eq!((unreached.class, unreached.code), (Transient, "unreachable"));
    assert_eq!(platform.asked().len(), 2);
}

#[test]
fn a_consent_page_is_asked_in_the_platforms_way() {
    let callback: Url = "http://127.0.0.1:8080/callback".parse().unwrap();
    let start = Start { login: &LOGIN, state: "s 1", callback: &callback };
    let page: Url = "https://x.example/authorize?lang=en".parse().unwrap();
    let usual = Consent::new(page, "the-id", &start);

    let plain = authorize_url(&start, &usual).unwrap();
    let own = Consent { id_name: "client_key", separator: ",", extra: &[("prompt", "consent")], ..usual.clone() };
    let own = authorize_url(&start, &own).unwrap();
    let unset = authorize_url(&start, &Consent { client_id: "", ..usual }).unwrap_err();

    let of = |started: &Started, name: &str| parameter(started.url.query().unwrap(), name);
    for (name, value) in [("response_type", "code"), ("state", "s 1"), ("lang", "en"), ("redirect_uri", callback.as_str())] {
        assert_eq!(of(&plain, name).as_deref(), Some(value));
        assert_eq!(of(&own, name).as_deref(), Some(value));
    }
    assert_eq!((of(&plain, "client_id").as_deref(), of(&plain, "scope").as_deref()), (Some("the-id"), Some("read write.all")));
    assert_eq!((of(&own, "client_id"), of(&own, "client_key").as_deref()), (None, Some("the-id")));
    assert_eq!((of(&own, "scope").as_deref(), of(&own, "prompt").as_deref()), (Some("read,write.all"), Some("consent")));
    assert_eq!((of(&plain, "code_challenge"), plain.secret.expose().as_str()), (None, ""));
    assert_eq!((unset.class, unset.code), (Rejected, "login_not_configured"));
    assert!(unset.message.contains("X_CLIENT_ID"));
}

#[test]
fn each_form_of_the_proof_key_fits_its_verifier() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use sha2::{Digest, Sha256};
    let callback: Url = "http://127.0.0.1:8080/callback".parse().unwrap();
    let start = Start { login: &LOGIN, state: "s", callback: &callback };
    let usual = Consent::new("https://x.example/authorize".parse().unwrap(), "the-id", &start);

    for pkce in [Pkce::S256, Pkce::S256Hex] {
        let started = authorize_url(&start, &Consent { pkce, ..usual.clone() }).unwrap();

        let (query, verifier) = (started.url.query().unwrap(), started.secret.expose());
        let digest = Sha256::digest(verifier);
        let wanted = if pkce == Pkce::S256 { URL_SAFE_NO_PAD.encode(digest) } else { crate::secret::hex(&digest) };
        assert_eq!(parameter(query, "code_challenge"), Some(wanted));
        assert_eq!(parameter(query, "code_challenge_method").as_deref(), Some("S256"));
        assert!((43..=128).contains(&verifier.len()) && !started.url.as_str().contains(verifier.as_str()));
    }
}

#[test]
fn a_blank_refresh_token_never_overwrites_the_stored_one() {
    let tokens = |refresh_token: Option<&str>| Tokens {
        access_token: secret("a"),
        refresh_token: refresh_token.map(secret),
        expires_in: Some(Duration::from_secs(60)),
        refresh_expires_in: None,
        scopes: None,
        rest: Map::new(),
    };
    let new = NewAccount {
        workspace: crate::ids::WorkspaceId::generate(),
        platform: crate::content::PlatformId::Youtube,
        external_id: "UC1".to_owned(),
        name: "Ada".to_owned(),
        username: None,
        variant: String::new(),
    };
    let mut account = new_row(new, NOW);
    account.renewal_expires_at = Some(Timestamp(7));

    let kept = tokens(None).renewed(NOW, &account, &secret("old"));
    let replaced = tokens(Some("new")).renewed(NOW, &account, &secret("old"));

    let renewal = |granted: &Granted| match &granted.grant {
        Grant::Bearer { renewal, .. } => renewal.as_ref().map(|token| token.expose().clone()),
        Grant::Oauth1 { .. } => None,
    };
    assert_eq!((renewal(&kept).as_deref(), kept.renewal_expires_at), (Some("old"), Some(7)));
    assert_eq!((renewal(&replaced).as_deref(), replaced.renewal_expires_at), (Some("new"), None));
    assert_eq!(kept.expires_at, Some(NOW.0 + 60_000));
}

#[test]
fn tokens_do_not_print() {
    let rest = Map::from_iter([("id_token".to_owned(), json!("hunter2"))]);
    let (access_token, refresh_token) = (secret("hunter2"), Some(secret("hunter2")));

    let text =
        format!("{:?}", Tokens { access_token, refresh_token, expires_in: None, refresh_expires_in: None, scopes: None, rest });

    assert!(!text.contains("hunter2"), "{text}");
}
