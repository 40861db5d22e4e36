//! Daily caps: what does not fit into a day is told when it is submitted.

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::{self, Facebook, X, Youtube};
use shared::ids::AccountId;
use tests::Stack;
use tests::kinds::post_of;

const DAY: Duration = Duration::from_secs(86_400);

/// A Pressroom in which an account on X has three posts a day, and all of YouTube one.
async fn capped() -> anyhow::Result<Stack> {
    Stack::start_with(&[("DAILY_CAPS", "x=3,youtube=1".to_owned())]).await
}

fn text(account: &AccountId, words: &str) -> Value {
    json!({ "content": { "text": words }, "targets": [{ "accountId": account, "kind": "text" }] })
}

async fn accept(stack: &Stack, body: &Value) -> anyhow::Result<Value> {
    let (status, post) = stack.post("/api/v1/posts", body).await?;
    anyhow::ensure!(status == 202, "{status} {post}");
    Ok(post)
}

#[tokio::test]
async fn a_post_over_the_cap_waits_for_the_next_free_time_and_says_so() -> anyhow::Result<()> {
    let stack = capped().await?;
    let began = stack.app.clock.now();
    for n in 0..3 {
        let post = accept(&stack, &text(&stack.x, &format!("of today {n}"))).await?;
        assert_eq!(post["targets"][0]["postponed"], Value::Null);
        stack.advance(Duration::from_secs(60));
    }
    let asked = stack.app.clock.now();

    let fourth = accept(&stack, &text(&stack.x, "of tomorrow")).await?;
    let fifth = accept(&stack, &text(&stack.x, "of tomorrow too")).await?;

    let (first_free, second_free) = (began.plus(DAY), began.plus(DAY + Duration::from_secs(60)));
    let target = &fourth["targets"][0];
    let postponed = json!({"code":"daily_cap","limit":3,"asked":asked.to_string(),"until":first_free.to_string()});
    assert_eq!((&target["postponed"], target["status"].as_str()), (&postponed, Some("scheduled")), "{fourth}");
    assert_eq!(fourth["publishAt"], asked.to_string());
    assert_eq!(target["nextAttemptAt"], first_free.to_string());
    assert_eq!(fifth["targets"][0]["postponed"]["until"], second_free.to_string());
    let shown = stack.get(&format!("/api/v1/posts/{}", fourth["id"].as_str().unwrap_or_default())).await?;
    assert_eq!(shown["targets"][0]["postponed"], postponed);
    // Of calls at once, all but one wait for what the first answer tells of the limit.
    for _ in 0..5 {
        stack.drain().await?;
        stack.advance(Duration::from_secs(2));
    }
    assert_eq!(stack.sandbox.posts().await?.len(), 3);
    stack.advance(first_free.since(stack.app.clock.now()));
    stack.drain().await?;
    assert_eq!(stack.sandbox.posts_saying("of tomorrow").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_post_over_the_cap_can_be_refused_instead() -> anyhow::Result<()> {
    let stack = capped().await?;
    let began = stack.app.clock.now();
    for n in 0..3 {
        accept(&stack, &text(&stack.x, &format!("of today {n}"))).await?;
    }
    let mut body = json!({ "content": { "text": "no room" }, "onLimit": "reject", "targets": [
        { "accountId": stack.facebook, "kind": "text" }, { "accountId": stack.x, "kind": "text" } ] });

    let (status, refused) = stack.post("/api/v1/posts", &body).await?;
    let (checked, _) = stack.post("/api/v1/posts/validate", &body).await?;
    body["onLimit"] = json!("sometime");
    let (unknown, _) = stack.post("/api/v1/posts", &body).await?;

    let violation = &refused["violations"][0];
    assert_eq!((status, checked), (422, 422), "{refused}");
    assert_eq!(refused["violations"].as_array().map(Vec::len), Some(1), "{refused}");
    assert_eq!((&violation["pointer"], &violation["code"]), (&json!("/targets/1"), &json!("daily_cap_reached")));
    assert_eq!(violation["limit"], 3);
    assert!(violation["detail"].as_str().is_some_and(|detail| detail.contains(&began.plus(DAY).to_string())), "{violation}");
    assert!(matches!(unknown, 400 | 422), "{unknown}");
    assert_eq!(stack.get("/api/v1/posts").await?["data"].as_array().map(Vec::len), Some(3));
    Ok(())
}

#[tokio::test]
async fn only_the_posts_of_the_same_day_and_account_count() -> anyhow::Result<()> {
    let stack = capped().await?;
    let now = stack.app.clock.now();
    let at = |hours: u64| now.plus(Duration::from_secs(hours * 3600)).to_string();
    let mut ids = Vec::new();
    for hours in [30, 40, 50] {
        let mut body = text(&stack.x, &format!("in {hours} hours"));
        body["publishAt"] = json!(at(hours));
        ids.push(accept(&stack, &body).await?["id"].as_str().unwrap_or_default().to_owned());
    }
    let mut between = text(&stack.x, "between");
    between["publishAt"] = json!(at(45));

    let early = accept(&stack, &text(&stack.x, "now")).await?;
    let moved = accept(&stack, &between).await?;
    let cancelled = stack.request(reqwest::Method::DELETE, &format!("/api/v1/posts/{}", ids[0])).send().await?.status();
    let called_off = stack
        .request(reqwest::Method::DELETE, &format!("/api/v1/posts/{}", moved["id"].as_str().unwrap_or_default()))
        .send()
        .await?
        .status();
    between["content"]["text"] = json!("between, after a cancelled one");
    let fits = accept(&stack, &between).await?;
    for n in 0..5 {
        let page = accept(&stack, &text(&stack.facebook, &format!("a Page has no cap {n}"))).await?;
        assert_eq!(page["targets"][0]["postponed"], Value::Null);
    }

    assert_eq!(early["targets"][0]["postponed"], Value::Null);
    // The first of the three is a day old then.
    assert_eq!(moved["targets"][0]["postponed"]["until"], at(54), "{moved}");
    assert_eq!((cancelled.as_u16(), called_off.as_u16()), (200, 200));
    assert_eq!(fits["targets"][0]["postponed"], Value::Null, "{fits}");
    Ok(())
}

#[tokio::test]
async fn a_slip_is_noticed_although_a_full_day_would_move_it() -> anyhow::Result<()> {
    let stack = capped().await?;
    for n in 0..3 {
        accept(&stack, &text(&stack.x, &format!("said {n}"))).await?;
    }

    let (status, refused) = stack.post("/api/v1/posts", &text(&stack.x, "said 1")).await?;

    assert_eq!((status, refused["code"].as_str()), (409, Some("duplicate_content")), "{refused}");
    Ok(())
}

#[tokio::test]
async fn youtube_counts_all_channels_of_the_project_until_midnight_in_california() -> anyhow::Result<()> {
    let stack = capped().await?;
    let other = tests::stack::connect(&stack.app, &stack.sandbox, &stack.workspace, (Youtube, "")).await?;
    let short = |account: &AccountId, words: &str| post_of(Youtube, Kind::Short, &stack.sandbox, account, words);

    let first = accept(&stack, &short(stack.account(Youtube), "first")).await?;
    let second = accept(&stack, &short(&other, "second")).await?;
    let third = accept(&stack, &short(&other, "third")).await?;

    let until = |post: &Value| post["targets"][0]["postponed"]["until"].as_str().map(str::to_owned);
    assert_eq!(until(&first), None);
    let midnights: Vec<String> = [until(&second), until(&third)].into_iter().flatten().collect();
    assert!(midnights.iter().all(|at| at.ends_with("T08:00:00.000Z") || at.ends_with("T07:00:00.000Z")), "{midnights:?}");
    assert!(midnights.len() == 2 && midnights[0] < midnights[1], "{midnights:?}");
    Ok(())
}

#[tokio::test]
async fn a_cap_can_be_lifted() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("DAILY_CAPS", "tiktok=0".to_owned())]).await?;
    let tiktok = stack.account(PlatformId::Tiktok);
    for n in 0..16 {
        let post =
            accept(&stack, &post_of(PlatformId::Tiktok, Kind::Video, &stack.sandbox, tiktok, &format!("clip {n}"))).await?;

        assert_eq!(post["targets"][0]["postponed"], Value::Null, "{n}");
    }
    assert_eq!(stack.account(X), &stack.x);
    assert_eq!(stack.account(Facebook), &stack.facebook);
    Ok(())
}
