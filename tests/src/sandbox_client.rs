//! Talks to the sandbox as a test does: what was published, what was asked, and what should go wrong.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// The sandbox's control API.
#[derive(Clone)]
pub struct Sandbox {
    /// Its address.
    pub url: String,
    http: reqwest::Client,
}

impl Sandbox {
    /// A client of the sandbox at `url`.
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a plain client can be built");
        Self { url: url.trim_end_matches('/').to_owned(), http }
    }

    /// The host and port, as settings name them.
    pub fn host(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    /// The address of a sample image.
    pub fn sample(&self, name: &str) -> String {
        format!("{}/_sandbox/samples/{name}", self.url)
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut request = self.http.request(method, format!("{}/_sandbox/{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.context("calling the sandbox")?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "the sandbox answered {path} with {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Posts a control command.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(reqwest::Method::POST, path, Some(body)).await
    }

    /// Reads a control resource.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(reqwest::Method::GET, path, None).await
    }

    /// Plants a fault for calls to a platform's `path` and gives its id.
    pub async fn fault(&self, platform: &str, path: &str, action: Value) -> anyhow::Result<String> {
        self.plant(json!({ "platform": platform, "path": path, "action": action })).await
    }

    /// Plants a fault with all its fields and gives its id.
    pub async fn plant(&self, fault: Value) -> anyhow::Result<String> {
        let planted = self.post("faults", fault).await?;
        Ok(match &planted["id"] {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        })
    }

    /// Waits until a fault has fired `times` times.
    pub async fn fired(&self, fault: &str, times: u64) -> anyhow::Result<()> {
        loop {
            let fired = self.get(&format!("faults/{fault}/fired?wait=20")).await?;
            if fired["fired"].as_u64().unwrap_or(0) >= times {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Removes all faults and cuts the calls that they hold.
    pub async fn heal(&self) -> anyhow::Result<()> {
        self.call(reqwest::Method::DELETE, "faults", None).await.map(|_| ())
    }

    /// Every visible post.
    pub async fn posts(&self) -> anyhow::Result<Vec<Value>> {
        Ok(self.get("posts").await?["posts"].as_array().cloned().unwrap_or_default())
    }

    /// The visible posts whose text contains `text`.
    pub async fn posts_saying(&self, text: &str) -> anyhow::Result<Vec<Value>> {
        let posts = self.posts().await?;
        Ok(posts.into_iter().filter(|post| post["text"].as_str().is_some_and(|said| said.contains(text))).collect())
    }

    /// Calls that reached a platform, oldest first: method and path.
    pub async fn requests(&self, platform: &str) -> anyhow::Result<Vec<Value>> {
        Ok(self.get(&format!("requests?platform={platform}")).await?["requests"].as_array().cloned().unwrap_or_default())
    }
}
