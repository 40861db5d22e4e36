//! YouTube's rules, observed over HTTP.

use reqwest::Method;

use super::*;

mod calls;
mod uploads;
mod videos;

const LANDSCAPE: &[u8] = include_bytes!("../../../samples/landscape.mp4");
const VERTICAL: &[u8] = include_bytes!("../../../samples/vertical.mp4");
const UPLOAD: &str = "/upload/youtube/v3/videos";
const GRAIN: usize = 262_144;

/// A sandbox with one channel.
struct Channel {
    stage: Stage,
    account: Value,
}

impl Channel {
    async fn set() -> Self {
        let stage = Stage::set().await;
        let account = stage.control("accounts", json!({"platform": "youtube", "name": "Tube"})).await;
        Self { stage, account }
    }

    /// The same sandbox through the eyes of a second account.
    async fn another(&self, wanted: Value) -> Value {
        let mut account = json!({"platform": "youtube"});
        account.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
        self.stage.control("accounts", account).await
    }

    async fn settings(&self, settings: Value) {
        self.stage.control("settings", json!({"youtube": settings})).await;
    }

    async fn later(&self, seconds: i64) {
        self.stage.control("clock", json!({"advanceSeconds": seconds})).await;
    }

    fn call_as(&self, account: &Value, method: Method, path: &str) -> RequestBuilder {
        self.stage.http.request(method, self.stage.url(path)).bearer_auth(account["accessToken"].as_str().unwrap())
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.call_as(&self.account, method, path)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        json_of(self.call(Method::GET, path).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        json_of(self.call(Method::POST, path).json(body).send().await.unwrap()).await
    }

    /// Starts a resumable upload.
    async fn start(&self, resource: &Value, length: usize) -> Response {
        let parts: Vec<&str> = resource.as_object().unwrap().keys().map(String::as_str).collect();
        let path = format!("{UPLOAD}?uploadType=resumable&part={}", parts.join(","));
        let request = self.call(Method::POST, &path).json(resource);
        let request = request.header("x-upload-content-type", "video/mp4").header("x-upload-content-length", length);
        request.send().await.unwrap()
    }

    /// Starts a resumable upload, which must succeed, and returns its address.
    async fn open(&self, resource: &Value, length: usize) -> String {
        let answer = self.start(resource, length).await;
        assert_eq!(answer.status(), 200);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Sends bytes to an upload, with this `Content-Range`.
    async fn put(&self, address: &str, range: &str, bytes: &[u8]) -> Response {
        let request = self.stage.http.put(address).header("content-range", range).body(bytes.to_vec());
        request.send().await.unwrap()
    }

    /// Uploads a film in one piece and returns the video.
    async fn upload(&self, resource: &Value, film: &[u8]) -> Value {
        let address = self.open(resource, film.len()).await;
        let (status, video) = json_of(self.stage.http.put(&address).body(film.to_vec()).send().await.unwrap()).await;
        assert_eq!(status, 200, "{video}");
        video
    }

    /// A video of its own with a title and a privacy; returns its id.
    async fn video(&self, title: &str, privacy: &str) -> String {
        let resource = json!({"snippet": {"title": title}, "status": {"privacyStatus": privacy}});
        let film = film(LANDSCAPE.len() + 8 + title.len());
        self.upload(&resource, &film).await["id"].as_str().unwrap().to_owned()
    }

    async fn status(&self, id: &str) -> Value {
        let (_, found) = self.get(&format!("/youtube/v3/videos?part=status,processingDetails&id={id}")).await;
        found["items"][0].clone()
    }

    async fn posts(&self) -> Vec<Value> {
        self.stage.get("/_sandbox/posts?platform=youtube").await["posts"].as_array().unwrap().clone()
    }
}

/// A film padded to a length, by a box that players skip.
fn film(length: usize) -> Vec<u8> {
    let padding = length - LANDSCAPE.len();
    let mut film = LANDSCAPE.to_vec();
    film.extend(u32::try_from(padding).unwrap().to_be_bytes());
    film.extend(b"free");
    film.resize(length, 0);
    film
}

fn titled(title: &str) -> Value {
    json!({"snippet": {"title": title}})
}

fn reason(body: &Value) -> &str {
    body["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
}
