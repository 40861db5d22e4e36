//! X by OAuth 1.0a.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::x::signature;

static NONCE: AtomicU32 = AtomicU32::new(0);

/// A signed call with these further parameters in its header; the answer's status and text.
async fn signed(stage: &Stage, path: &str, extra: &[(&str, &str)], secret: &str) -> (u16, String) {
    let now = "2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp().to_string();
    let nonce = format!("nonce {}", NONCE.fetch_add(1, Ordering::Relaxed));
    let usual = [
        ("oauth_consumer_key", "sandbox-consumer-key"),
        ("oauth_nonce", &nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &now),
        ("oauth_version", "1.0"),
    ];
    let mut all: Vec<(String, String)> =
        usual.iter().chain(extra).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let base = signature::base_string("POST", &stage.url(path), &all);
    all.push(("oauth_signature".to_owned(), signature::sign(&base, "sandbox-consumer-secret", secret)));
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let listed: Vec<String> = all.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
    let request = stage.http.post(stage.url(path)).header("authorization", format!("OAuth {}", listed.join(", ")));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn fields(text: &str) -> std::collections::HashMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

async fn begun(stage: &Stage, callback: &str) -> (String, String) {
    let (status, body) = signed(stage, "/oauth/request_token", &[("oauth_callback", callback)], "").await;
    assert_eq!(status, 200, "{body}");
    let fields = fields(&body);
    assert_eq!(fields["oauth_callback_confirmed"], "true");
    (fields["oauth_token"].clone(), fields["oauth_token_secret"].clone())
}

#[tokio::test]
async fn three_legs_end_with_a_token_that_signs() {
    let stage = Stage::set().await;
    let (token, secret) = begun(&stage, BACK).await;
    let page = address("/oauth/authorize", &[("oauth_token", &token)]);

    let url = stage.sent_to(&page, json!({})).await;
    let verifier = value(&url, "oauth_verifier").unwrap();
    let wrong = signed(&stage, "/oauth/access_token", &[("oauth_token", &token), ("oauth_verifier", "x")], &secret).await;
    let unsigned = signed(&stage, "/oauth/access_token", &[("oauth_token", &token), ("oauth_verifier", &verifier)], "no").await;
    let done = signed(&stage, "/oauth/access_token", &[("oauth_token", &token), ("oauth_verifier", &verifier)], &secret).await;
    let again = signed(&stage, "/oauth/access_token", &[("oauth_token", &token), ("oauth_verifier", &verifier)], &secret).await;

    assert!(url.starts_with("https://app.example/back?kept=1&"), "{url}");
    assert_eq!(value(&url, "oauth_token").unwrap(), token);
    assert_eq!((wrong.0, unsigned.0, done.0, again.0), (401, 401, 200, 401));
    let got = fields(&done.1);
    assert_eq!((&json!(got["user_id"]), &json!(got["screen_name"])), (&stage.user["id"], &stage.user["username"]));
    assert_eq!(
        (&json!(got["oauth_token"]), &json!(got["oauth_token_secret"])),
        (&stage.user["token"], &stage.user["tokenSecret"])
    );
    assert_eq!(stage.decide(&page, json!({})).await.0, 400);
}

#[tokio::test]
async fn callbacks_must_be_approved_and_refusals_name_the_request() {
    let stage = Stage::set().await;
    stage.switch(json!({"x": {"redirectUris": ["https://app.example/back"]}})).await;

    let (token, secret) = begun(&stage, BACK).await;
    let foreign = signed(&stage, "/oauth/request_token", &[("oauth_callback", "https://elsewhere.example/back")], "").await;
    let wrong = signed(&stage, "/oauth/request_token", &[("oauth_callback", BACK)], "secret").await;
    let refused = stage.sent_to(&address("/oauth/authenticate", &[("oauth_token", &token)]), json!({"decision": "deny"})).await;
    let dead = signed(&stage, "/oauth/access_token", &[("oauth_token", &token), ("oauth_verifier", "x")], &secret).await;

    assert_eq!((foreign.0, foreign.1.contains("415")), (403, true));
    assert_eq!((wrong.0, dead.0), (401, 401));
    assert_eq!(refused, format!("{BACK}&denied={token}"));
}

#[tokio::test]
async fn apps_that_cannot_be_called_back_are_told_a_number() {
    let stage = Stage::set().await;
    let (token, secret) = begun(&stage, "oob").await;

    let (_, body) = stage.decide(&address("/oauth/authorize", &[("oauth_token", &token)]), json!({})).await;
    let pin = text(&body, "pin");
    let (status, got) = signed(&stage, "/oauth/access_token", &[("oauth_token", &token), ("oauth_verifier", pin)], &secret).await;

    assert_eq!((pin.len(), &body["redirectUrl"], status), (7, &Value::Null, 200));
    assert!(got.contains("screen_name="), "{got}");
}

#[tokio::test]
async fn tokens_that_only_read_cannot_post() {
    let stage = Stage::set().await;
    let asked = [("oauth_callback", BACK), ("x_auth_access_type", "read")];
    let (_, body) = signed(&stage, "/oauth/request_token", &asked, "").await;
    let (token, secret) = (fields(&body)["oauth_token"].clone(), fields(&body)["oauth_token_secret"].clone());

    let url = stage.sent_to(&address("/oauth/authorize", &[("oauth_token", &token)]), json!({})).await;
    let verifier = value(&url, "oauth_verifier").unwrap();
    let (_, body) =
        signed(&stage, "/oauth/access_token", &[("oauth_token", &token), ("oauth_verifier", &verifier)], &secret).await;
    let got = fields(&body);
    let refused = signed(&stage, "/2/tweets", &[("oauth_token", &got["oauth_token"])], &got["oauth_token_secret"]).await;

    assert_eq!((refused.0, refused.1.contains("oauth1-permissions")), (403, true), "{}", refused.1);
}
