//! One key, one post: however often, however fast and on whatever day it is sent.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::Stack;

struct Answer {
    status: u16,
    location: Option<String>,
    replayed: bool,
    retry_after: Option<String>,
    body: String,
}

async fn send(stack: &Stack, key: &str, text: &str) -> anyhow::Result<Answer> {
    let body = json!({"content":{"text":text},"targets":[{"accountId":stack.x,"kind":"text"}]});
    let response = stack.request(Method::POST, "/api/v1/posts").header("idempotency-key", key).json(&body).send().await?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (location, replayed, retry_after) = (header("location"), header("idempotent-replayed").is_some(), header("retry-after"));
    Ok(Answer { status: response.status().as_u16(), location, replayed, retry_after, body: response.text().await? })
}

async fn count_posts(stack: &Stack) -> anyhow::Result<usize> {
    Ok(stack.get("/api/v1/posts?limit=100").await?["data"].as_array().map_or(0, Vec::len))
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_word_for_word() -> anyhow::Result<()> {
    let stack = Stack::start().await?;

    let first = send(&stack, "key-1", "once").await?;
    stack.drain().await?;
    let second = send(&stack, "key-1", "once").await?;
    let other_key = send(&stack, "key-2", "another").await?;

    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!((&first.location, &first.body), (&second.location, &second.body));
    assert_eq!((first.replayed, second.replayed), (false, true));
    assert_ne!(other_key.location, first.location);
    assert_eq!(count_posts(&stack).await?, 2);
    Ok(())
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    send(&stack, "key", "one thing").await?;

    let other = send(&stack, "key", "another thing").await?;

    let problem: Value = serde_json::from_str(&other.body)?;
    assert_eq!((other.status, problem["code"].as_str()), (422, Some("idempotency_key_reused")));
    assert_eq!(count_posts(&stack).await?, 1);
    Ok(())
}

#[tokio::test]
async fn many_requests_at_once_with_one_key_make_one_post() -> anyhow::Result<()> {
    let stack = Stack::start().await?;

    let requests = (0..40).map(|_| send(&stack, "rush", "rushed"));
    let answers = futures_util::future::try_join_all(requests).await?;

    let accepted: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 202).collect();
    let waiting = answers.iter().filter(|answer| answer.status == 409).collect::<Vec<_>>();
    assert_eq!(accepted.len() + waiting.len(), 40);
    assert!(accepted.iter().all(|answer| answer.location == accepted[0].location));
    assert!(waiting.iter().all(|answer| answer.retry_after.as_deref() == Some("1")));
    assert_eq!(accepted.iter().filter(|answer| !answer.replayed).count(), 1);
    assert_eq!(count_posts(&stack).await?, 1);
    Ok(())
}

#[tokio::test]
async fn two_api_processes_make_one_post_of_one_key() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let second = stack.second_api().await?;
    let body = json!({"content":{"text":"two doors"},"targets":[{"accountId":stack.x,"kind":"text"}]});

    let requests = (0..40).map(|n| {
        let api = if n % 2 == 0 { &stack.api } else { &second };
        api.request(Method::POST, "/api/v1/posts").header("idempotency-key", "doors").json(&body).send()
    });
    let answers = futures_util::future::try_join_all(requests).await?;

    assert!(answers.iter().all(|answer| matches!(answer.status().as_u16(), 202 | 409)));
    assert_eq!(count_posts(&stack).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_and_a_refused_request_takes_none() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let refused = send(&stack, "key", &"x".repeat(300)).await?;
    let first = send(&stack, "key", "corrected").await?;
    stack.advance(Duration::from_secs(24 * 3600 - 1));
    let same_day = send(&stack, "key", "corrected").await?;
    stack.advance(Duration::from_secs(1));

    let next_day = send(&stack, "key", "corrected").await?;

    assert_eq!((refused.status, first.status, same_day.status, next_day.status), (422, 202, 202, 202));
    assert_eq!(first.location, same_day.location);
    assert_ne!(first.location, next_day.location);
    Ok(())
}

#[tokio::test]
async fn workspaces_do_not_share_keys_and_bad_keys_are_refused() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let long = "k".repeat(256);

    let empty = send(&stack, "", "x").await?;
    let too_long = send(&stack, &long, "x").await?;

    assert_eq!((empty.status, too_long.status), (400, 400));
    Ok(())
}
