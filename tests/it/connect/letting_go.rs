//! Letting accounts go: the grant ends at the platform and here, and nothing brings it back.

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::PlatformId::{Facebook, Tiktok, X};
use shared::store::accounts;
use tests::Stack;

use super::{LOGINS, call, connect, reasons, somebody};

/// What the sandbox says of an account.
async fn seen(stack: &Stack, who: &Value) -> anyhow::Result<Value> {
    let listed = stack.sandbox.get("accounts").await?;
    let found = listed["accounts"].as_array().into_iter().flatten().find(|account| account["id"] == who["id"]);
    Ok(found.cloned().unwrap_or_default())
}

async fn let_go(stack: &Stack, account: &Value) -> anyhow::Result<Value> {
    let path = format!("/api/v1/accounts/{}", account["id"].as_str().unwrap_or_default());
    let (status, answer) = call(&stack.api, "DELETE", &path, &Value::Null).await?;
    anyhow::ensure!(status == 200, "{status}: {answer}");
    Ok(answer)
}

/// The grant as the database holds it, and whether a job waits to renew it.
async fn stored(stack: &Stack, account: &Value) -> anyhow::Result<(String, bool)> {
    let id = account["id"].as_str().unwrap_or_default().parse()?;
    let row = accounts::get(&*stack.app.db, &stack.workspace, &id).await?;
    Ok((row.grant_sealed, row.refresh_job_id.is_some()))
}

#[tokio::test]
async fn an_account_that_is_let_go_ends_at_its_platform_and_stays_away() -> anyhow::Result<()> {
    for (platform, login, sort) in LOGINS {
        let stack = Stack::start().await?;
        let who = somebody(&stack, platform, sort, &format!("Grace of {platform} {login}")).await?;
        let account = connect(&stack, (platform, login), &who).await?;
        assert_eq!(seen(&stack, &who).await?["alive"], true, "{platform} {login}");

        let gone = let_go(&stack, &account).await?;
        stack.advance(Duration::from_secs(70 * 86_400));
        stack.drain().await?;

        // LinkedIn's and Instagram's own login know no way of ending a grant from outside.
        let told = gone["revokedAtPlatform"].as_bool();
        assert_eq!(told == Some(false), gone["remedy"].is_string(), "{platform} {login}: {gone}");
        if told == Some(true) {
            assert_eq!(seen(&stack, &who).await?["alive"], false, "{platform} {login}");
        }
        assert_eq!(
            (&gone["account"]["state"], reasons(&gone["account"])),
            (&json!("disconnected"), vec!["account_disconnected"])
        );
        assert_eq!(stored(&stack, &account).await?, (String::new(), false), "{platform} {login}");
        let shown = stack.get(&format!("/api/v1/accounts/{}", account["id"].as_str().unwrap_or_default())).await?;
        assert_eq!(shown["state"], "disconnected", "{platform} {login}");
        let again = let_go(&stack, &account).await?;
        assert!(again["revokedAtPlatform"].is_null(), "{again}");
    }
    Ok(())
}

#[tokio::test]
async fn a_platform_that_can_not_be_reached_does_not_hold_an_account_back() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let account = connect(&stack, (X, ""), &who).await?;
    let body = json!({
        "content": { "text": "later" },
        "targets": [{ "accountId": account["id"], "kind": "text" }],
        "publishAt": stack.app.clock.now().plus(Duration::from_secs(7200)).to_string(),
    });
    stack.submit(&body).await?;
    stack.sandbox.plant(json!({"platform":"x","path":"/2/oauth2/revoke","count":9,"action":{"name":"reset_before"}})).await?;

    let gone = let_go(&stack, &account).await?;

    assert_eq!((&gone["revokedAtPlatform"], &gone["waitingPosts"]), (&json!(false), &json!(1)), "{gone}");
    assert!(gone["remedy"].as_str().is_some_and(|remedy| remedy.contains("x")), "{gone}");
    assert_eq!(stored(&stack, &account).await?.0, "");
    let never = json!({ "content": { "text": "never" }, "targets": [{ "accountId": account["id"], "kind": "text" }] });
    let refused = call(&stack.api, "POST", "/api/v1/posts", &never).await?;
    assert_eq!(refused.0, 422, "nothing is accepted for an account that was let go");
    Ok(())
}

#[tokio::test]
async fn a_grant_that_serves_several_pages_ends_with_the_last_of_them() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let page = |name: &str| json!({ "platform": "facebook", "name": name, "person": "Grace" });
    let first = stack.sandbox.post("accounts", page("First Page")).await?;
    let second = stack.sandbox.post("accounts", page("Second Page")).await?;
    let begun = super::begin(&stack, Facebook, &json!({ "person": "ada" })).await?;
    let back = super::decide(&stack, &begun, "allow", &json!([first["id"], second["id"]])).await?;
    let connection = super::come_back(&stack, &back).await?["connection"].clone();
    let (_, connected) = super::choose(&stack, &connection, &json!([first["id"], second["id"]])).await?;

    let_go(&stack, &connected["accounts"][0]).await?;
    let still = call(&stack.api, "GET", &verify("facebook", &connected["accounts"][1]), &Value::Null).await?;
    let last = let_go(&stack, &connected["accounts"][1]).await?;

    assert_eq!((still.0, &still.1["valid"]), (200, &json!(true)), "{}", still.1);
    assert_eq!(last["revokedAtPlatform"], true, "{last}");
    assert_eq!(seen(&stack, &second).await?["alive"], false);
    Ok(())
}

fn verify(platform: &str, account: &Value) -> String {
    format!("/api/v1/social/{platform}/verify?accountId={}", account["id"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_platform_is_disconnected_with_all_its_accounts() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, Tiktok, "", "Grace").await?;
    let account = connect(&stack, (Tiktok, ""), &who).await?;
    let foreign = format!("/api/v1/credentials/x/disconnect?accountId={}", account["id"].as_str().unwrap_or_default());

    let (status, gone) = call(&stack.api, "DELETE", "/api/v1/credentials/tiktok/disconnect", &Value::Null).await?;
    let nothing_left = call(&stack.api, "DELETE", "/api/v1/credentials/tiktok/disconnect", &Value::Null).await?;

    assert_eq!((status, gone["data"].as_array().map(Vec::len)), (200, Some(2)), "{gone}");
    assert_eq!(nothing_left.1["data"], json!([]));
    assert_eq!(call(&stack.api, "DELETE", &foreign, &Value::Null).await?.0, 404);
    let status = stack.get("/api/v1/credentials/status").await?;
    assert_eq!((&status["data"]["tiktok"]["connected"], &status["data"]["x"]["connected"]), (&json!(false), &json!(true)));
    Ok(())
}
