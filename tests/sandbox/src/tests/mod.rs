//! The sandbox seen from outside, over HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Options, Running, start};

mod consent;
mod facebook;
mod facebook_films;
mod faults;
mod instagram;
mod ledger;
mod linkedin;
mod tiktok;
mod x;
mod youtube;

/// A sandbox with a clock that only the control API moves, one X user and one Page.
struct Stage {
    running: Running,
    http: Client,
    user: Value,
    page: Value,
}

impl Stage {
    async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
        let clock = Arc::new(Mutex::new(now));
        let options = Options { now: Arc::new(move || *clock.lock().unwrap()), ..Options::default() };
        let running = start(listener, options).await.unwrap();
        // Each request gets its own connection, so that a cut one is never tried again unseen.
        let http = Client::builder().pool_max_idle_per_host(0).timeout(Duration::from_secs(10)).build().unwrap();
        let mut stage = Self { running, http, user: Value::Null, page: Value::Null };
        stage.user = stage.control("accounts", json!({"platform": "x", "oauth1": true})).await;
        stage.page = stage.control("accounts", json!({"platform": "facebook"})).await;
        stage
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url)
    }

    /// Posts to the control API and expects success.
    async fn control(&self, path: &str, body: Value) -> Value {
        let url = self.url(&format!("/_sandbox/{path}"));
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    async fn fault(&self, rule: Value) -> String {
        self.control("faults", rule).await["id"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        self.http.get(self.url(path)).send().await.unwrap().json().await.unwrap()
    }

    async fn visible(&self) -> usize {
        self.get("/_sandbox/posts").await["posts"].as_array().unwrap().len()
    }

    fn as_user(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.user["accessToken"].as_str().unwrap())
    }

    fn tweeting(&self, body: &Value) -> RequestBuilder {
        self.as_user(self.http.post(self.url("/2/tweets")).json(body))
    }

    async fn tweet(&self, text: &str) -> Response {
        self.tweeting(&json!({"text": text})).send().await.unwrap()
    }

    fn page_path(&self, edge: &str) -> String {
        format!("/v26.0/{}{edge}", self.page["id"].as_str().unwrap())
    }

    fn as_page(&self, request: RequestBuilder) -> RequestBuilder {
        request.query(&[("access_token", self.page["accessToken"].as_str().unwrap())])
    }

    async fn publish(&self, fields: &[(&str, &str)]) -> Response {
        let url = self.url(&self.page_path("/feed"));
        self.as_page(self.http.post(url).form(fields)).send().await.unwrap()
    }

    /// Sends a post on X over a bare socket and returns every byte that comes back.
    async fn raw_tweet(&self, text: &str) -> (Vec<u8>, std::io::Result<usize>) {
        let address = self.running.url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        let body = json!({"text": text}).to_string();
        let request = format!(
            "POST /2/tweets HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.user["accessToken"].as_str().unwrap(),
            body.len(),
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let end = socket.read_to_end(&mut bytes).await;
        (bytes, end)
    }
}

async fn json_of(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

#[tokio::test]
async fn samples_have_type_and_length_and_follow_redirects() {
    let stage = Stage::set().await;
    let sample = |name: &str| stage.url(&format!("/_sandbox/samples/{name}"));

    let head = stage.http.head(sample("photo-1.png?redirect=3")).send().await.unwrap();
    let big = stage.http.get(sample("big-6mb.jpg")).send().await.unwrap();
    let missing = stage.http.get(sample("missing.jpg")).send().await.unwrap();

    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-type"], "image/png");
    assert!(head.headers()["content-length"].to_str().unwrap().parse::<u32>().unwrap() > 1000);
    assert_eq!(big.bytes().await.unwrap().len(), 6 * 1024 * 1024);
    assert_eq!(missing.status(), 404);
}

#[tokio::test]
async fn clock_moves_on_request_and_reset_puts_it_back() {
    let stage = Stage::set().await;

    let ahead = stage.control("clock", json!({"advanceSeconds": 90})).await;
    let set = stage.control("clock", json!({"now": "2027-01-01T00:00:00Z"})).await;
    stage.control("reset", json!({})).await;
    let back = stage.control("clock", json!({})).await;

    assert_eq!(ahead["now"], "2026-11-22T12:01:30Z");
    assert_eq!(set["now"], "2027-01-01T00:00:00Z");
    assert_eq!(back["now"], "2026-11-22T12:00:00Z");
}

#[tokio::test]
async fn ledger_keeps_no_tokens_and_filters_by_pattern() {
    let stage = Stage::set().await;
    stage.tweet("noted").await;
    stage.publish(&[("message", "noted")]).await;

    let all = stage.get("/_sandbox/requests").await;
    let feeds = stage.get("/_sandbox/requests?platform=facebook&path=*/feed&method=post").await;

    assert_eq!(all["requests"].as_array().unwrap().len(), 2);
    assert_eq!(feeds["requests"].as_array().unwrap().len(), 1);
    assert_eq!(feeds["requests"][0]["query"], json!({}));
    assert_eq!(feeds["requests"][0]["status"], 200);
    assert_eq!(feeds["requests"][0]["accountId"], stage.page["id"]);
}

#[tokio::test]
async fn permalinks_show_a_page_to_browsers() {
    let stage = Stage::set().await;
    stage.tweet("seen").await;
    let posts = stage.get("/_sandbox/posts").await;

    let url = posts["posts"][0]["url"].as_str().unwrap();
    let page = stage.http.get(url).header("accept", "text/html").send().await.unwrap();

    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("Sandbox feed"));
}

#[tokio::test]
async fn uploaded_files_come_in_parts_for_players() {
    let stage = Stage::set().await;
    let url = stage.url("/_sandbox/samples/photo-1.png");
    let photo = stage.as_page(stage.http.post(stage.url(&stage.page_path("/photos"))).form(&[("url", &url)]));
    assert_eq!(photo.send().await.unwrap().status(), 200);
    let posts = stage.get("/_sandbox/posts").await;
    let url = posts["posts"][0]["media"][0]["url"].as_str().unwrap();
    let length = posts["posts"][0]["media"][0]["sizeBytes"].as_u64().unwrap();

    for (range, status, expected) in [
        ("bytes=1-3", 206, format!("bytes 1-3/{length}")),
        ("bytes=-4", 206, format!("bytes {}-{}/{length}", length - 4, length - 1)),
        ("bytes=9999999-", 416, format!("bytes */{length}")),
    ] {
        let answer = stage.http.get(url).header("range", range).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["content-range"].to_str().unwrap()), (status, expected.as_str()));
    }
    let whole = stage.http.get(url).send().await.unwrap();
    assert_eq!((whole.status().as_u16(), &whole.headers()["accept-ranges"]), (200, &"bytes".parse().unwrap()));
    assert_eq!(whole.bytes().await.unwrap()[1..4], *b"PNG");
}

#[tokio::test]
async fn stopping_frees_the_port_even_while_a_call_is_held() {
    let stage = Stage::set().await;
    let fault = stage.fault(json!({"action": {"name": "hold_before"}})).await;
    let address = stage.running.url.strip_prefix("http://").unwrap().to_owned();
    let held = tokio::spawn(stage.tweeting(&json!({"text": "held"})).send());
    stage.get(&format!("/_sandbox/faults/{fault}/fired?wait=5")).await;

    stage.running.stop().await;

    assert!(held.await.unwrap().is_err());
    assert!(TcpListener::bind(address).await.is_ok());
}
