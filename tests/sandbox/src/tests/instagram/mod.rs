//! The rules of Instagram, observed over HTTP.

use super::*;

mod publishing;
mod rules;

/// A stage with one account of either login.
struct Gram {
    stage: Stage,
    account: Value,
}

impl Gram {
    async fn set(variant: &str) -> Self {
        let stage = Stage::set().await;
        let account = stage.control("accounts", json!({"platform": "instagram", "variant": variant})).await;
        Self { stage, account }
    }

    fn token(&self) -> &str {
        self.account["accessToken"].as_str().unwrap()
    }

    fn id(&self) -> &str {
        self.account["id"].as_str().unwrap()
    }

    /// A path below the version, with `ME` for the account.
    fn url(&self, path: &str) -> String {
        let host = if self.account["variant"] == "instagram" { "/instagram" } else { "" };
        self.stage.url(&format!("{host}/v26.0/{}", path.replace("ME", self.id())))
    }

    fn sample(&self, name: &str) -> String {
        self.stage.url(&format!("/_sandbox/samples/{name}"))
    }

    async fn send(&self, request: RequestBuilder) -> (u16, Value) {
        json_of(request.query(&[("access_token", self.token())]).send().await.unwrap()).await
    }

    async fn read(&self, path: &str) -> Value {
        self.send(self.stage.http.get(self.url(path))).await.1
    }

    async fn post(&self, path: &str, fields: &Value) -> Value {
        self.send(self.stage.http.post(self.url(path)).json(fields)).await.1
    }

    /// Creates a container; the names of samples become addresses.
    async fn create(&self, mut fields: Value) -> Value {
        for name in ["image_url", "video_url", "cover_url"] {
            if let Some(sample) = fields[name].as_str().map(|name| self.sample(name)) {
                fields[name] = json!(sample);
            }
            fields.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        self.post("ME/media", &fields).await
    }

    async fn container(&self, fields: Value) -> String {
        let made = self.create(fields).await;
        made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    async fn status(&self, container: &str) -> String {
        let body = self.read(&format!("{container}?fields=status_code")).await;
        body["status_code"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    async fn publish(&self, container: &str) -> Value {
        self.post("ME/media_publish", &json!({"creation_id": container})).await
    }

    async fn published(&self, fields: Value) -> String {
        let container = self.container(fields).await;
        let media = self.publish(&container).await;
        media["id"].as_str().unwrap_or_else(|| panic!("{media}")).to_owned()
    }

    async fn wait(&self, seconds: i64) {
        self.stage.control("clock", json!({"advanceSeconds": seconds})).await;
    }

    async fn switch(&self, settings: Value) {
        self.stage.control("settings", json!({"instagram": settings})).await;
    }

    async fn posts(&self) -> Vec<Value> {
        self.stage.get("/_sandbox/posts?platform=instagram").await["posts"].as_array().unwrap().clone()
    }

    /// Sends bytes to the upload host.
    async fn upload(&self, uri: &str, offset: usize, bytes: &[u8], size: usize) -> (u16, Value) {
        let request = self.stage.http.post(uri).header("authorization", format!("OAuth {}", self.token()));
        let request = request.header("offset", offset).header("file_size", size).body(bytes.to_vec());
        json_of(request.send().await.unwrap()).await
    }
}

/// Code and subcode of an error, as its name has them.
fn name(body: &Value) -> String {
    let error = &body["error"];
    assert!(error["fbtrace_id"].is_string() && error["message"].is_string(), "{body}");
    match error["error_subcode"].as_u64() {
        Some(subcode) => format!("{}/{subcode}", error["code"]),
        None => error["code"].to_string(),
    }
}
