//! The API as a client sees it.

use anyhow::{Context, ensure};
use serde_json::Value;
use shared::content::PlatformId;
use shared::ids::JobId;

/// A client with a key.
#[derive(Clone)]
pub struct ApiClient {
    /// The API's address.
    pub url: String,
    /// The key.
    pub key: String,
    http: reqwest::Client,
}

/// A target of a post that a test made.
#[derive(Debug, Clone)]
pub struct Target {
    /// The job that publishes it.
    pub job: JobId,
    /// The platform.
    pub platform: PlatformId,
}

impl ApiClient {
    /// A client of the API at `url`.
    pub fn new(url: &str, key: &str) -> Self {
        // Where a browser is sent is looked at, not followed.
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let http = http.expect("a plain client can be built");
        Self { url: url.to_owned(), key: key.to_owned(), http }
    }

    /// A request to the API with the harness's key.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    /// A request to the API without any key.
    pub fn anonymous(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// A GET that must succeed.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.request(reqwest::Method::GET, path).send().await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// A POST, whatever its answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let response = self.request(reqwest::Method::POST, path).json(body).send().await?;
        let status = response.status().as_u16();
        Ok((status, serde_json::from_str(&response.text().await?).unwrap_or(Value::Null)))
    }

    /// Submits a post that must be accepted; gives its targets.
    pub async fn submit(&self, body: &Value) -> anyhow::Result<Vec<Target>> {
        let (status, post) = self.post("/api/v1/posts", body).await?;
        ensure!(status == 202, "the post was answered with {status}: {post}");
        let targets = post["targets"].as_array().context("targets")?;
        targets
            .iter()
            .map(|target| {
                Ok(Target {
                    job: target["jobId"].as_str().context("jobId")?.parse()?,
                    platform: target["platform"].as_str().context("platform")?.parse()?,
                })
            })
            .collect()
    }

    /// A job as the API shows it.
    pub async fn job(&self, id: &JobId) -> anyhow::Result<Value> {
        self.get(&format!("/api/v1/jobs/{id}")).await
    }

    /// A job as soon as it has ended, waiting up to a minute at a time and at most three.
    pub async fn ended(&self, id: &JobId) -> anyhow::Result<Value> {
        for _ in 0..3 {
            let request = self.request(reqwest::Method::GET, &format!("/api/v1/jobs/{id}")).header("prefer", "wait=60");
            let job: Value = serde_json::from_str(&request.send().await?.text().await?)?;
            if matches!(job["status"].as_str(), Some("completed" | "failed" | "cancelled" | "blocked")) {
                return Ok(job);
            }
        }
        anyhow::bail!("the job {id} did not end in three minutes: {}", self.job(id).await?)
    }
}
