//! X's rules, observed over HTTP.

use reqwest::multipart::{Form, Part};

use super::*;
use crate::x::signature;

mod legacy;
mod media;
mod planted;
mod posts;

const PNG: &[u8] = include_bytes!("../../../samples/photo-1.png");

async fn call(stage: &Stage, path: &str, body: Value) -> (u16, Value) {
    json_of(stage.as_user(stage.http.post(stage.url(path)).json(&body)).send().await.unwrap()).await
}

/// Uploads a picture in two segments and returns its id.
async fn upload(stage: &Stage) -> String {
    let start = json!({
        "media_type": "image/png", "total_bytes": PNG.len(), "media_category": "tweet_image",
    });
    let (_, started) = call(stage, "/2/media/upload/initialize", start).await;
    let id = started["data"]["id"].as_str().unwrap().to_owned();
    for (index, piece) in PNG.chunks(40_000).enumerate() {
        let form =
            Form::new().text("segment_index", index.to_string()).part("media", Part::bytes(piece.to_vec()).file_name("blob"));
        let url = stage.url(&format!("/2/media/upload/{id}/append"));
        let answer = stage.as_user(stage.http.post(url).multipart(form)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    id
}

async fn finalize(stage: &Stage, id: &str) -> (u16, Value) {
    call(stage, &format!("/2/media/upload/{id}/finalize"), json!({})).await
}

async fn status(stage: &Stage, id: &str) -> Value {
    let url = stage.url(&format!("/2/media/upload?command=STATUS&media_id={id}"));
    let answer = stage.as_user(stage.http.get(url)).send().await.unwrap();
    json_of(answer).await.1["data"]["processing_info"]["state"].clone()
}

#[tokio::test]
async fn media_must_be_finished_own_and_fresh() {
    let stage = Stage::set().await;
    let id = upload(&stage).await;
    let tweet = json!({"text": "picture", "media": {"media_ids": [id]}});

    let (early, body) = json_of(stage.tweeting(&tweet).send().await.unwrap()).await;
    assert_eq!((early, &body["errors"][0]["message"]), (400, &json!("Your media IDs are invalid.")));

    let (_, finished) = finalize(&stage, &id).await;
    assert_eq!(finished["data"]["image"]["w"], 1200);
    let alt = json!({"id": id, "metadata": {"alt_text": {"text": "colours"}}});
    assert_eq!(call(&stage, "/2/media/metadata", alt).await.0, 200);
    stage.control("clock", json!({"advanceSeconds": 86_401})).await;
    assert_eq!(stage.tweeting(&tweet).send().await.unwrap().status(), 400);
    stage.control("clock", json!({"advanceSeconds": -3600})).await;
    assert_eq!(stage.tweeting(&tweet).send().await.unwrap().status(), 201);

    let posts = stage.get("/_sandbox/posts?platform=x").await;
    assert_eq!(posts["posts"][0]["media"][0]["altText"], "colours");
    assert_eq!(posts["posts"][0]["media"][0]["sizeBytes"], PNG.len());
}

#[tokio::test]
async fn processing_takes_as_many_checks_as_asked_for() {
    let stage = Stage::set().await;
    stage.fault(json!({"action": {"name": "processing", "checks": 2}})).await;
    stage.fault(json!({"action": {"name": "processing_failed"}})).await;
    let (good, bad) = (upload(&stage).await, upload(&stage).await);

    let (_, first) = finalize(&stage, &good).await;
    finalize(&stage, &bad).await;

    assert_eq!(first["data"]["processing_info"]["state"], "pending");
    for expected in ["in_progress", "in_progress", "succeeded"] {
        assert_eq!(status(&stage, &good).await, expected);
    }
    for expected in ["in_progress", "failed", "failed"] {
        assert_eq!(status(&stage, &bad).await, expected);
    }
    let tweet = json!({"media": {"media_ids": [bad]}});
    assert_eq!(stage.tweeting(&tweet).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn uploads_that_are_no_pictures_are_refused() {
    let stage = Stage::set().await;
    let form = Form::new().text("media_category", "tweet_image").part("media", Part::bytes(b"text".to_vec()).file_name("a.jpg"));

    let url = stage.url("/2/media/upload");
    let answer = stage.as_user(stage.http.post(url).multipart(form)).send().await.unwrap();

    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn repeated_text_is_refused_for_a_day() {
    let stage = Stage::set().await;
    assert_eq!(stage.tweet("again").await.status(), 201);

    let (status, body) = json_of(stage.tweet("again").await).await;
    stage.control("clock", json!({"advanceSeconds": 86_401})).await;
    let later = stage.tweet("again").await;

    assert_eq!(status, 403);
    assert!(body["detail"].as_str().unwrap().contains("duplicate content"));
    assert_eq!(later.status(), 201);
}

#[tokio::test]
async fn bad_posts_are_refused_as_the_contract_says() {
    let stage = Stage::set().await;
    let cases = [
        (json!({"text": "a".repeat(281)}), 403),
        (json!({"text": "a", "unknown": 1}), 400),
        (json!({}), 400),
        (json!({"text": "a", "media": {"media_ids": ["1", "2", "3", "4", "5"]}}), 400),
        (json!({"text": "a", "reply": {"in_reply_to_tweet_id": "1"}}), 404),
    ];

    for (body, expected) in cases {
        let answer = stage.tweeting(&body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{body}");
    }
    let anonymous = stage.http.post(stage.url("/2/tweets")).json(&json!({"text": "a"}));
    let (status, body) = json_of(anonymous.send().await.unwrap()).await;
    assert_eq!((status, &body["title"]), (401, &json!("Unauthorized")));
    assert_eq!(stage.visible().await, 0);
}

#[tokio::test]
async fn timeline_starts_at_a_time_and_lags_when_told_to() {
    let stage = Stage::set().await;
    stage.tweet("first").await;
    stage.control("clock", json!({"advanceSeconds": 60})).await;
    stage.tweet("second https://example.com/x").await;
    let user = stage.user["id"].as_str().unwrap();
    let timeline = async |query: &str| {
        let url = stage.url(&format!("/2/users/{user}/tweets?{query}"));
        json_of(stage.as_user(stage.http.get(url)).send().await.unwrap()).await.1
    };

    let since = timeline("start_time=2026-11-22T12:00:30Z&post.fields=entities").await;
    stage.control("settings", json!({"xIndexLagSeconds": 30})).await;
    let lagging = timeline("start_time=2026-11-22T12:00:30Z").await;

    assert_eq!(since["meta"]["result_count"], 1);
    let url = &since["data"][0]["entities"]["urls"][0];
    assert_eq!(url["expanded_url"], "https://example.com/x");
    assert!(since["data"][0]["text"].as_str().unwrap().ends_with(url["url"].as_str().unwrap()));
    assert_eq!(lagging["meta"]["result_count"], 0);
    assert!(lagging.get("data").is_none());
}

#[tokio::test]
async fn full_windows_are_refused_until_they_end() {
    let stage = Stage::set().await;
    let me = async || {
        let request = stage.as_user(stage.http.get(stage.url("/2/users/me")));
        request.send().await.unwrap()
    };
    for _ in 0..75 {
        assert_eq!(me().await.status(), 200);
    }

    let full = me().await;
    stage.control("settings", json!({"rateLimits": false})).await;
    let unlimited = me().await;
    stage.control("settings", json!({"rateLimits": true})).await;
    stage.control("clock", json!({"advanceSeconds": 901})).await;

    assert_eq!(full.status(), 429);
    assert_eq!(full.headers()["x-rate-limit-remaining"], "0");
    assert_eq!(unlimited.status(), 200);
    assert_eq!(me().await.headers()["x-rate-limit-remaining"], "74");
}

/// Signs a post on X as if it went to `base`.
fn signed(stage: &Stage, base: &str, timestamp: i64, nonce: &str) -> RequestBuilder {
    let text = |name: &str| stage.user[name].as_str().unwrap().to_owned();
    let timestamp = timestamp.to_string();
    let parameters: Vec<(String, String)> = [
        ("oauth_consumer_key", text("consumerKey").as_str()),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", timestamp.as_str()),
        ("oauth_token", text("token").as_str()),
        ("oauth_version", "1.0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let base = signature::base_string("POST", &format!("{base}/2/tweets"), &parameters);
    let signature = signature::sign(&base, &text("consumerSecret"), &text("tokenSecret"));
    let signature: String = url::form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    let listed: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let header = format!("OAuth {}, oauth_signature=\"{signature}\"", listed.join(", "));
    let body = json!({"text": nonce});
    stage.http.post(stage.url("/2/tweets")).header("authorization", header).json(&body)
}

#[tokio::test]
async fn signatures_count_once_near_their_time_and_for_known_hosts() {
    let stage = Stage::set().await;
    let now = "2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp();
    let own = stage.running.url.clone();
    let cases = [
        (own.as_str(), now, "one", 201),
        (own.as_str(), now, "one", 401),
        ("https://api.x.com", now + 299, "two", 201),
        ("https://api.twitter.com", now - 299, "three", 201),
        ("https://elsewhere.example", now, "four", 401),
        (own.as_str(), now - 301, "five", 401),
    ];

    for (base, timestamp, nonce, expected) in cases {
        let answer = signed(&stage, base, timestamp, nonce).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{base} {timestamp} {nonce}");
    }
}

#[tokio::test]
async fn refresh_tokens_work_once() {
    let stage = Stage::set().await;
    let refresh = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "sandbox-client-id")];
        let request = stage.http.post(stage.url("/2/oauth2/token")).form(&form);
        json_of(request.send().await.unwrap()).await
    };
    let old = stage.user["refreshToken"].as_str().unwrap();

    let (first, body) = refresh(old).await;
    let (again, _) = refresh(old).await;
    let (next, _) = refresh(body["refresh_token"].as_str().unwrap()).await;

    assert_eq!((first, again, next), (200, 400, 200));
    assert_eq!(stage.tweet("with the old token").await.status(), 401);
}
