//! The limit of requests per API key: told on every answer, shared by all processes, and never in the way without Redis.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::store::api_keys;
use tests::stack::ALL_SCOPES;
use tests::{ApiClient, Stack};

const JOBS: &str = "/api/v1/jobs";

/// What an answer says of the limit.
struct Answer {
    status: u16,
    policy: Option<String>,
    limit: Option<String>,
    retry_after: Option<u64>,
    body: Value,
}

async fn ask(request: RequestBuilder) -> anyhow::Result<Answer> {
    let response = request.send().await?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (policy, limit) = (header("ratelimit-policy"), header("ratelimit"));
    let retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok());
    let status = response.status().as_u16();
    let body = serde_json::from_str(&response.text().await?).unwrap_or(Value::Null);
    Ok(Answer { status, policy, limit, retry_after, body })
}

async fn list(api: &ApiClient) -> anyhow::Result<Answer> {
    ask(api.request(Method::GET, JOBS)).await
}

async fn limited_to(quota: u32) -> anyhow::Result<Stack> {
    Stack::start_with(&[("API_RATE", quota.to_string())]).await
}

#[tokio::test]
async fn every_authenticated_answer_tells_what_is_left() -> anyhow::Result<()> {
    let stack = limited_to(5).await?;
    let (refused, missing) = (json!({ "content": {}, "targets": [] }), format!("{JOBS}/job_0"));

    let first = list(&stack.api).await?;
    let invalid = ask(stack.request(Method::POST, "/api/v1/posts").json(&refused)).await?;
    let not_found = ask(stack.request(Method::GET, &missing)).await?;
    let anonymous = ask(stack.anonymous(Method::GET, JOBS)).await?;

    assert_eq!((first.status, invalid.status, not_found.status, anonymous.status), (200, 422, 404, 401));
    for (answer, left) in [(&first, 4), (&invalid, 3), (&not_found, 2)] {
        assert_eq!(answer.policy.as_deref(), Some("\"default\";q=5;w=60"));
        assert_eq!(answer.limit, Some(format!("\"default\";r={left};t=60")));
    }
    assert_eq!((anonymous.policy, anonymous.limit), (None, None));
    Ok(())
}

#[tokio::test]
async fn over_the_limit_nothing_is_done_and_the_way_out_is_told() -> anyhow::Result<()> {
    let stack = limited_to(2).await?;
    let post = json!({ "content": { "text": "one too many" }, "targets": [{ "accountId": stack.x, "kind": "text" }] });
    list(&stack.api).await?;
    list(&stack.api).await?;

    let refused = ask(stack.request(Method::POST, "/api/v1/posts").json(&post)).await?;

    assert_eq!((refused.status, refused.body["code"].as_str()), (429, Some("rate_limit_exceeded")), "{}", refused.body);
    assert_eq!((refused.limit.as_deref(), refused.retry_after), (Some("\"default\";r=0;t=60"), Some(60)));
    assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.contains("wait 60 s")), "{}", refused.body);
    stack.advance(Duration::from_secs(60));
    assert_eq!(stack.get("/api/v1/posts").await?["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn whoever_waits_as_told_is_let_in() -> anyhow::Result<()> {
    let stack = limited_to(3).await?;
    list(&stack.api).await?;
    stack.advance(Duration::from_millis(20_700));
    list(&stack.api).await?;
    list(&stack.api).await?;

    let mut waits = Vec::new();
    for _ in 0..10 {
        let refused = list(&stack.api).await?;
        let wait = Duration::from_secs(refused.retry_after.unwrap_or(0));
        stack.advance(wait.saturating_sub(Duration::from_secs(1)));
        let early = list(&stack.api).await?;
        stack.advance(Duration::from_secs(1));
        let late = list(&stack.api).await?;
        assert_eq!((refused.status, early.status, late.status), (429, 429, 200), "after {waits:?}");
        waits.push(wait.as_secs());
        // The two of the same second come free together.
        while list(&stack.api).await?.status == 200 {}
    }

    assert!(waits.iter().all(|wait| (1..=60).contains(wait)), "{waits:?}");
    assert!(waits.windows(3).all(|three| three.iter().sum::<u64>() >= 60), "more than three a minute: {waits:?}");
    Ok(())
}

#[tokio::test]
async fn two_processes_share_the_window() -> anyhow::Result<()> {
    let stack = limited_to(3).await?;
    let other = stack.second_api().await?;

    let answers = [list(&stack.api).await?, list(&other).await?, list(&stack.api).await?, list(&other).await?];

    assert_eq!(answers.map(|answer| answer.status), [200, 200, 200, 429]);
    Ok(())
}

#[tokio::test]
async fn two_keys_of_one_workspace_are_counted_apart() -> anyhow::Result<()> {
    let stack = limited_to(1).await?;
    let times = (stack.app.clock.now(), None);
    let (_, key) = api_keys::insert(&*stack.app.db, &stack.workspace, "other", &ALL_SCOPES, times).await?;
    let other = ApiClient::new(&stack.api.url, key.expose());

    let answers = [list(&stack.api).await?, list(&other).await?, list(&stack.api).await?, list(&other).await?];

    assert_eq!(answers.map(|answer| answer.status), [200, 200, 429, 429]);
    Ok(())
}

#[tokio::test]
async fn without_redis_requests_pass_uncounted() -> anyhow::Result<()> {
    // Nothing listens on port 1.
    let stack = Stack::start_with(&[("API_RATE", "1".to_owned()), ("REDIS_URL", "redis://127.0.0.1:1".to_owned())]).await?;
    let post = json!({ "content": { "text": "all the same" }, "targets": [{ "accountId": stack.x, "kind": "text" }] });

    let answers = [list(&stack.api).await?, list(&stack.api).await?];
    let accepted = ask(stack.request(Method::POST, "/api/v1/posts").json(&post)).await?;

    assert_eq!((answers.map(|answer| answer.status), accepted.status), ([200, 200], 202));
    assert_eq!((accepted.policy.as_deref(), accepted.limit), (Some("\"default\";q=1;w=60"), None));
    Ok(())
}

#[tokio::test]
async fn a_rate_of_zero_sets_no_limit() -> anyhow::Result<()> {
    let stack = limited_to(0).await?;

    let answer = list(&stack.api).await?;

    assert_eq!((answer.status, answer.policy, answer.limit), (200, None, None));
    Ok(())
}
