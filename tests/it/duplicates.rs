//! The same post to the same account within a day is a slip, unless its author says otherwise.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::Stack;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn post(stack: &Stack, text: &str) -> Value {
    json!({ "content": { "text": text }, "targets": [{ "accountId": stack.x, "kind": "text" }] })
}

#[tokio::test]
async fn the_same_within_a_day_is_refused_and_names_the_other_post() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (_, first) = stack.post("/api/v1/posts", &post(&stack, "good morning")).await?;

    let (status, problem) = stack.post("/api/v1/posts", &post(&stack, "good morning ")).await?;
    let two_targets = json!({ "content": { "text": "good morning" }, "targets": [
        { "accountId": stack.facebook, "kind": "text" }, { "accountId": stack.x, "kind": "text" }
    ] });
    let (with_another, pointed) = stack.post("/api/v1/posts", &two_targets).await?;

    assert_eq!((status, with_another), (409, 409), "{problem}");
    assert_eq!(problem["code"], "duplicate_content");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(first["id"].as_str().unwrap_or("?"))), "{problem}");
    assert_eq!(pointed["violations"][0]["pointer"], "/targets/1");
    assert_eq!(stack.get("/api/v1/posts").await?["data"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn what_differs_or_is_meant_or_lies_a_day_apart_or_came_to_nothing_is_taken() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.submit(&post(&stack, "good morning")).await?;
    let in_time = |by: Duration| json!(stack.app.clock.now().plus(by).to_string());

    let mut meant = post(&stack, "good morning");
    meant["allowDuplicate"] = json!(true);
    let mut tomorrow = post(&stack, "good morning");
    tomorrow["publishAt"] = in_time(DAY);
    let mut too_early = post(&stack, "good morning");
    too_early["publishAt"] = in_time(2 * DAY - Duration::from_secs(1));
    let other = post(&stack, "good evening");

    let mut found = Vec::new();
    for body in [&meant, &tomorrow, &too_early, &other] {
        found.push(stack.post("/api/v1/posts", body).await?.0);
    }
    assert_eq!(found, [202, 202, 409, 202]);

    let (_, called_off) = stack.post("/api/v1/posts", &post(&stack, "never mind")).await?;
    stack.request(Method::DELETE, &format!("/api/v1/posts/{}", called_off["id"].as_str().unwrap_or("?"))).send().await?;
    stack.drain().await?;
    stack.sandbox.fault("x", "/2/tweets", json!({ "name": "invalid_content" })).await?;
    let failed = stack.submit(&post(&stack, "refused")).await?.remove(0).job;
    stack.run_to_the_end(&failed).await?;

    assert_eq!(stack.post("/api/v1/posts", &post(&stack, "never mind")).await?.0, 202);
    assert_eq!(stack.post("/api/v1/posts", &post(&stack, "refused")).await?.0, 202);
    Ok(())
}

#[tokio::test]
async fn of_many_at_once_through_two_processes_one_is_taken() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let second = stack.second_api().await?;
    let body = post(&stack, "all at once");

    let answers = join_all(
        (0..20).map(|n| if n % 2 == 0 { stack.api.post("/api/v1/posts", &body) } else { second.post("/api/v1/posts", &body) }),
    )
    .await;

    let taken = answers.iter().flatten().filter(|(status, _)| *status == 202).count();
    let refused = answers.iter().flatten().filter(|(status, _)| *status == 409).count();
    assert_eq!((taken, refused), (1, 19));
    Ok(())
}

#[tokio::test]
async fn a_refused_duplicate_leaves_its_idempotency_key_free() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.submit(&post(&stack, "first")).await?;
    let send = async |body: Value| {
        let request = stack.request(Method::POST, "/api/v1/posts").header("idempotency-key", "one key").json(&body);
        anyhow::Ok(request.send().await?.status().as_u16())
    };

    assert_eq!(send(post(&stack, "first")).await?, 409);
    assert_eq!(send(post(&stack, "second")).await?, 202);
    assert_eq!(send(post(&stack, "second")).await?, 202, "a repetition, not a duplicate");
    Ok(())
}
