//! LinkedIn seen from outside.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Stage, json_of};

mod access;
mod posts;
mod uploads;

const PNG: &[u8] = include_bytes!("../../../samples/photo-1.png");
const FILM: &[u8] = include_bytes!("../../../samples/landscape.mp4");
const SLIDES: &[u8] = include_bytes!("../../../samples/slides.pdf");
const PART: usize = 4_194_304;

/// An account on LinkedIn and its way to call.
struct Member<'a> {
    stage: &'a Stage,
    account: Value,
    urn: String,
}

impl<'a> Member<'a> {
    async fn new(stage: &'a Stage, variant: &str, scopes: &[&str]) -> Self {
        Self::with(stage, json!({"variant": variant, "scopes": scopes})).await
    }

    async fn with(stage: &'a Stage, mut wanted: Value) -> Self {
        wanted["platform"] = json!("linkedin");
        let account = stage.control("accounts", wanted).await;
        let urn = format!("urn:li:{}:{}", account["variant"].as_str().unwrap(), account["id"].as_str().unwrap());
        Self { stage, account, urn }
    }

    fn text(&self, name: &str) -> &str {
        self.account[name].as_str().unwrap()
    }

    fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.stage.http.request(method, self.stage.url(path)).bearer_auth(self.text("accessToken"))
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("LinkedIn-Version", "202609").header("X-Restli-Protocol-Version", "2.0.0")
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        json_of(self.ask(Method::GET, path).send().await.unwrap()).await
    }

    async fn send(&self, path: &str, body: &Value) -> Response {
        self.ask(Method::POST, path).json(body).send().await.unwrap()
    }

    fn body(&self, text: &str, content: Value) -> Value {
        let mut body = json!({
            "author": self.urn,
            "commentary": text,
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": false,
        });
        if !content.is_null() {
            body["content"] = content;
        }
        body
    }

    /// Posts and returns the URN.
    async fn post(&self, text: &str, content: Value) -> String {
        let answer = self.send("/rest/posts", &self.body(text, content)).await;
        assert_eq!(answer.status(), 201, "{text}");
        let urn = answer.headers()["x-restli-id"].to_str().unwrap().to_owned();
        assert!(answer.bytes().await.unwrap().is_empty());
        urn
    }

    /// Posts what is refused, and returns status and code.
    async fn refused(&self, body: &Value) -> (u16, String) {
        let (status, body) = json_of(self.send("/rest/posts", body).await).await;
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    async fn begin(&self, kind: &str) -> (String, String) {
        let path = format!("/rest/{kind}s?action=initializeUpload");
        let answer = self.send(&path, &json!({"initializeUploadRequest": {"owner": self.urn}})).await;
        let (status, body) = json_of(answer).await;
        assert_eq!(status, 200, "{body}");
        let value = &body["value"];
        assert!(value["uploadUrlExpiresAt"].as_i64().unwrap() > 1_700_000_000_000);
        (value[kind].as_str().unwrap().to_owned(), value["uploadUrl"].as_str().unwrap().to_owned())
    }

    async fn put(&self, url: &str, bytes: &'static [u8]) -> u16 {
        let put = self.stage.http.put(url).bearer_auth(self.text("accessToken")).body(bytes);
        put.send().await.unwrap().status().as_u16()
    }

    async fn upload(&self, kind: &str, bytes: &'static [u8]) -> String {
        let (urn, url) = self.begin(kind).await;
        assert_eq!(self.put(&url, bytes).await, 201);
        urn
    }

    async fn begin_video(&self, size: usize) -> Value {
        let request = json!({"owner": self.urn, "fileSizeBytes": size, "uploadCaptions": false, "uploadThumbnail": true});
        let answer = self.send("/rest/videos?action=initializeUpload", &json!({"initializeUploadRequest": request})).await;
        let (status, body) = json_of(answer).await;
        assert_eq!(status, 200, "{body}");
        body["value"].clone()
    }

    /// Uploads the parts of a video, the last one first, and returns their marks.
    async fn put_parts(&self, value: &Value, bytes: &[u8]) -> Vec<String> {
        let mut marks = Vec::new();
        for part in value["uploadInstructions"].as_array().unwrap().iter().rev() {
            let place = |name: &str| usize::try_from(part[name].as_u64().unwrap()).unwrap();
            let piece = bytes[place("firstByte")..=place("lastByte")].to_vec();
            let put = self.stage.http.put(part["uploadUrl"].as_str().unwrap());
            let answer = put.header("content-type", "application/octet-stream").body(piece).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            marks.insert(0, answer.headers()["etag"].to_str().unwrap().to_owned());
        }
        marks
    }

    async fn finish_video(&self, value: &Value, marks: &[String]) -> u16 {
        let request = json!({"video": value["video"], "uploadToken": value["uploadToken"], "uploadedPartIds": marks});
        let path = "/rest/videos?action=finalizeUpload";
        self.send(path, &json!({"finalizeUploadRequest": request})).await.status().as_u16()
    }

    async fn upload_video(&self, bytes: &[u8]) -> String {
        let value = self.begin_video(bytes.len()).await;
        let marks = self.put_parts(&value, bytes).await;
        assert_eq!(self.finish_video(&value, &marks).await, 200);
        value["video"].as_str().unwrap().to_owned()
    }

    async fn status(&self, urn: &str) -> String {
        let kind = urn.split(':').nth(2).unwrap();
        let (_, body) = self.get(&format!("/rest/{kind}s/{}", key(urn))).await;
        body["status"].as_str().unwrap_or_default().to_owned()
    }

    async fn shown(&self) -> Vec<Value> {
        self.stage.get("/_sandbox/posts?platform=linkedin").await["posts"].as_array().unwrap().clone()
    }

    async fn find(&self, query: &str) -> (u16, Value) {
        let path = format!("/rest/posts?author={}&q=author&{query}", key(&self.urn));
        json_of(self.ask(Method::GET, &path).header("X-RestLi-Method", "finder").send().await.unwrap()).await
    }
}

fn key(urn: &str) -> String {
    urn.replace(':', "%3A")
}

async fn settings(stage: &Stage, changes: Value) {
    stage.control("settings", json!({"linkedin": changes})).await;
}

async fn advance(stage: &Stage, seconds: i64) {
    stage.control("clock", json!({"advanceSeconds": seconds})).await;
}
