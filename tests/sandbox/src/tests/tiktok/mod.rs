//! TikTok's rules, observed over HTTP.

use super::*;

mod posting;
mod refusals;
mod tokens;

const CLIP: &[u8] = include_bytes!("../../../samples/vertical.mp4");
const CHUNK: usize = 5_242_880;
const VIDEO_INIT: &str = "/v2/post/publish/video/init/";
const INBOX_INIT: &str = "/v2/post/publish/inbox/video/init/";
const PHOTO_INIT: &str = "/v2/post/publish/content/init/";
const STATUS: &str = "/v2/post/publish/status/fetch/";
const CANCEL: &str = "/v2/post/publish/cancel/";
const CREATOR: &str = "/v2/post/publish/creator_info/query/";
const LIST: &str = "/v2/video/list/?fields=id,create_time,title,video_description,share_url,duration";

/// A sandbox with one creator.
struct Tok {
    stage: Stage,
    creator: Value,
}

impl Tok {
    async fn set() -> Self {
        Self::with(json!({})).await
    }

    /// A creator with these fields.
    async fn with(mut fields: Value) -> Self {
        let stage = Stage::set().await;
        fields["platform"] = json!("tiktok");
        let creator = stage.control("accounts", fields).await;
        Self { stage, creator }
    }

    async fn settings(&self, settings: Value) {
        self.stage.control("settings", json!({"tiktok": settings})).await;
    }

    async fn unlimited(&self) {
        self.stage.control("settings", json!({"rateLimits": false})).await;
    }

    async fn pass(&self, seconds: i64) {
        self.stage.control("clock", json!({"advanceSeconds": seconds})).await;
    }

    async fn fault(&self, path: &str, action: Value) {
        self.stage.fault(json!({"platform": "tiktok", "path": path, "action": action})).await;
    }

    async fn call(&self, path: &str, body: Value) -> (u16, Value) {
        let token = self.creator["accessToken"].as_str().unwrap();
        json_of(self.stage.http.post(self.stage.url(path)).bearer_auth(token).json(&body).send().await.unwrap()).await
    }

    /// The HTTP status and the code of the envelope.
    async fn verdict(&self, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.call(path, body).await;
        assert!(body["data"].is_object() && body["error"]["log_id"].is_string(), "{body}");
        (status, body["error"]["code"].as_str().unwrap().to_owned())
    }

    async fn start(&self, path: &str, body: Value) -> (String, String) {
        let (status, body) = self.call(path, body).await;
        assert_eq!(status, 200, "{body}");
        let text = |name: &str| body["data"][name].as_str().unwrap_or_default().to_owned();
        (text("publish_id"), text("upload_url"))
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let fields = [&[("client_key", "sandbox-client-key"), ("client_secret", "sandbox-client-secret")], fields].concat();
        json_of(self.stage.http.post(self.stage.url(path)).form(&fields).send().await.unwrap()).await
    }

    async fn put(&self, url: &str, bytes: &[u8], first: usize, total: usize) -> Response {
        let range = format!("bytes {first}-{}/{total}", first + bytes.len() - 1);
        let request = self.stage.http.put(url).header("content-type", "video/mp4").header("content-range", range);
        request.body(bytes.to_vec()).send().await.unwrap()
    }

    async fn status(&self, id: &str) -> Value {
        let (status, body) = self.call(STATUS, json!({"publish_id": id})).await;
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
    }

    /// Sends the clip in one piece and returns the publish id.
    async fn upload(&self, path: &str, caption: &str, privacy: &str) -> String {
        let (id, url) = self.start(path, video(caption, privacy)).await;
        assert_eq!(self.put(&url, CLIP, 0, CLIP.len()).await.status(), 201);
        id
    }

    async fn posts(&self) -> Vec<Value> {
        self.stage.get("/_sandbox/posts?platform=tiktok").await["posts"].as_array().unwrap().clone()
    }

    fn sample(&self, name: &str) -> String {
        self.stage.url(&format!("/_sandbox/samples/{name}"))
    }

    fn photos(&self, names: &[&str]) -> Value {
        let urls: Vec<String> = names.iter().map(|name| self.sample(name)).collect();
        json!({
            "media_type": "PHOTO", "post_mode": "DIRECT_POST",
            "post_info": {"title": "t", "description": "d", "privacy_level": "PUBLIC_TO_EVERYONE"},
            "source_info": {"source": "PULL_FROM_URL", "photo_images": urls, "photo_cover_index": 0},
        })
    }
}

fn sent(size: usize, chunk: usize, count: usize) -> Value {
    json!({"source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": count})
}

fn direct(caption: &str, privacy: &str, source: Value) -> Value {
    json!({"post_info": {"title": caption, "privacy_level": privacy, "brand_content_toggle": false}, "source_info": source})
}

fn video(caption: &str, privacy: &str) -> Value {
    direct(caption, privacy, sent(CLIP.len(), CLIP.len(), 1))
}

fn public(caption: &str) -> Value {
    video(caption, "PUBLIC_TO_EVERYONE")
}

fn range_of(answer: &Response) -> (u16, String) {
    (answer.status().as_u16(), answer.headers()["content-range"].to_str().unwrap().to_owned())
}
