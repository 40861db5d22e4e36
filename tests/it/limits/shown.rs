//! What `GET /rate-limits` shows, and to whom.

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::PlatformId::X;
use shared::store::{api_keys, workspaces};
use tests::{ApiClient, Stack};

use super::{call, left, make};

fn find<'a>(list: &'a Value, field: &str, wanted: &str) -> &'a Value {
    let found = list.as_array().into_iter().flatten().find(|item| item[field] == wanted);
    found.unwrap_or(&Value::Null)
}

#[tokio::test]
async fn limits_are_shown_with_what_is_used_and_left() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("DAILY_CAPS", "x=10".to_owned())]).await?;
    let reset = stack.app.clock.now().plus(Duration::from_secs(600));
    make(&stack.app, call(X, &stack.x, "create post"), &left(100, 30, reset)).await?;
    stack.submit_text(X, "one of ten").await?;

    let shown = stack.get("/api/v1/rate-limits").await?;

    let account = find(&shown["accounts"], "accountId", stack.x.as_str());
    let limit = find(&account["limits"], "name", "create_post");
    let reset = reset.to_string();
    assert_eq!(*limit, json!({"name":"create_post","limit":100,"used":70,"left":30,"resetAt":reset,"usagePercent":70.0}));
    assert_eq!(account["circuit"], json!({ "state": "closed" }));
    assert_eq!(account["dailyCap"], json!({ "limit": 10, "used": 1, "left": 9 }));
    let untouched = find(&account["limits"], "name", "list_posts");
    assert_eq!((&untouched["limit"], &untouched["left"]), (&json!(900), &json!(900)), "{untouched}");
    let app = find(&shown["apps"], "platform", "x");
    assert_eq!(find(&app["limits"], "name", "app_posts_24h")["used"], 1, "{app}");
    assert_eq!(find(&shown["apps"], "platform", "youtube")["dailyCap"]["limit"], 100);
    assert_eq!(shown["accounts"].as_array().map(Vec::len), Some(6));
    Ok(())
}

#[tokio::test]
async fn another_workspace_sees_nothing_of_ours() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let now = stack.app.clock.now();
    let stranger = workspaces::insert(&*stack.app.db, "Stranger", now).await?;
    let own = tests::stack::connect(&stack.app, &stack.sandbox, &stranger, (X, "")).await?;
    let (_, key) = api_keys::insert(&*stack.app.db, &stranger, "theirs", &["accounts:read"], (now, None)).await?;

    let shown = ApiClient::new(&stack.url, key.expose()).get("/api/v1/rate-limits").await?;

    let accounts: Vec<&str> =
        shown["accounts"].as_array().into_iter().flatten().filter_map(|a| a["accountId"].as_str()).collect();
    let apps: Vec<&str> = shown["apps"].as_array().into_iter().flatten().filter_map(|app| app["platform"].as_str()).collect();
    assert_eq!((accounts, apps), (vec![own.as_str()], vec!["x"]));
    Ok(())
}

#[tokio::test]
async fn without_redis_the_answer_says_so() -> anyhow::Result<()> {
    let nowhere = ("REDIS_URL", "redis://127.0.0.1:1".to_owned());
    let stack = Stack::start_with(&[nowhere, ("LIMITER_PATIENCE", "250".to_owned())]).await?;

    let answer = stack.request(reqwest::Method::GET, "/api/v1/rate-limits").send().await?;

    let status = answer.status().as_u16();
    let problem: Value = serde_json::from_str(&answer.text().await?)?;
    assert_eq!((status, problem["code"].as_str()), (503, Some("limiter_unavailable")));
    Ok(())
}
