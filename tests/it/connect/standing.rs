//! How accounts stand: what the platform says now, what is told in lists and notices.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use shared::content::PlatformId::{self, Facebook, Tiktok, X, Youtube};
use shared::error::{ErrorClass, ErrorRecord, JobError};
use shared::store::notices::{self, NewNotice};
use tests::Stack;

use super::{LOGINS, call, connect, reasons, somebody};

async fn verify(stack: &Stack, platform: PlatformId, account: &Value) -> anyhow::Result<(u16, Value)> {
    let id = account["id"].as_str().unwrap_or_default();
    call(&stack.api, "GET", &format!("/api/v1/social/{platform}/verify?accountId={id}"), &Value::Null).await
}

#[tokio::test]
async fn a_platform_says_now_whether_a_grant_is_good() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for (platform, login, sort) in LOGINS {
        let who = somebody(&stack, platform, sort, &format!("Grace of {platform} {login}")).await?;
        let account = connect(&stack, (platform, login), &who).await?;

        let (status, good) = verify(&stack, platform, &account).await?;
        let id = who["id"].as_str().unwrap_or_default();
        stack.advance(Duration::from_secs(120));
        stack.sandbox.post(&format!("accounts/{platform}/{id}/revoke"), json!({})).await?;
        let (_, bad) = verify(&stack, platform, &account).await?;

        assert_eq!((status, &good["valid"], &good["problem"]), (200, &json!(true), &Value::Null), "{platform} {login}: {good}");
        assert_eq!(bad["valid"], false, "{platform} {login}: {bad}");
        assert!(bad["problem"]["remedy"].is_string(), "{platform} {login}: {bad}");
        // A token that was refused may have a refresh token that lives: only its own refusal tells that the grant is dead.
        let renewed = [Tiktok, Youtube].contains(&platform) || (platform, login) == (X, "");
        let state = if renewed { "connected" } else { "needs_reconnect" };
        assert_eq!(bad["account"]["state"], state, "{platform} {login}: {bad}");
    }
    Ok(())
}

#[tokio::test]
async fn a_grant_that_was_taken_away_is_found_dead_and_told_once() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, Facebook, "", "Grace").await?;
    let account = connect(&stack, (Facebook, ""), &who).await?;
    stack.sandbox.fault("facebook", "*/me", json!({ "name": "token_revoked" })).await?;

    let (_, bad) = verify(&stack, Facebook, &account).await?;
    let open = stack.get("/api/v1/notices?open=true").await?;
    let again = connect(&stack, (Facebook, ""), &who).await?;
    let left = stack.get("/api/v1/notices?open=true").await?;

    assert_eq!((&bad["valid"], &bad["account"]["state"]), (&json!(false), &json!("needs_reconnect")), "{bad}");
    assert_eq!(reasons(&bad["account"]).len(), 1, "{bad}");
    let told: Vec<_> =
        open["data"].as_array().into_iter().flatten().map(|notice| (&notice["kind"], &notice["accountId"])).collect();
    assert_eq!(told, [(&json!("account_needs_reconnect"), &account["id"])]);
    assert_eq!((&again["state"], &again["id"], reasons(&again)), (&json!("connected"), &account["id"], vec![]));
    assert_eq!(left["data"], json!([]), "it is over with the new login");
    assert_eq!(stack.get("/api/v1/notices").await?["data"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_platform_that_does_not_answer_says_nothing_about_an_account() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = json!({ "id": stack.x });
    stack.sandbox.plant(json!({"platform":"x","path":"/2/users/me","count":9,"action":{"name":"reset_before"}})).await?;

    let (status, answer) = verify(&stack, X, &account).await?;

    assert_eq!((status, &answer["code"]), (503, &json!("platform_unavailable")), "{answer}");
    assert_eq!(stack.get(&format!("/api/v1/accounts/{}", stack.x)).await?["state"], "connected");
    Ok(())
}

#[tokio::test]
async fn scopes_that_were_not_granted_are_named() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, Tiktok, "", "Grace").await?;
    let page = super::begin(&stack, Tiktok, &json!({ "person": "ada" })).await?;
    let granted = ["user.info.basic", "user.info.profile", "video.publish", "video.upload"];
    let body = json!({ "authorizeUrl": page, "decision": "allow", "accounts": [who["id"]], "scopes": granted });
    let back = stack.sandbox.post("consent", body).await?;
    let landing = super::come_back(&stack, back["redirectUrl"].as_str().unwrap_or_default()).await?;

    let offered = super::candidates(&stack, &landing["connection"]).await?;
    let (_, connected) = super::choose(&stack, &landing["connection"], &json!([who["id"]])).await?;

    assert_eq!(offered[0]["scopesMissing"], json!(["video.list"]));
    let account = &connected["accounts"][0];
    assert_eq!((&account["scopesMissing"], reasons(account)), (&json!(["video.list"]), vec!["scopes_missing"]), "{account}");
    Ok(())
}

#[tokio::test]
async fn accounts_are_listed_page_by_page_and_by_platform() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut seen = Vec::new();
    let mut path = "/api/v1/accounts?limit=4".to_owned();
    loop {
        let page = stack.get(&path).await?;
        seen.extend(page["data"].as_array().into_iter().flatten().map(|account| account["id"].to_string()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api/v1/accounts?limit=4&cursor={cursor}");
    }
    let only = stack.get("/api/v1/accounts?platform=twitter").await?;
    let grouped = stack.get("/api/v1/credentials").await?;

    assert_eq!(seen.len(), 6);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 6, "none is shown twice");
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first");
    assert_eq!(
        only["data"].as_array().map(|data| data.iter().map(|account| account["id"].clone()).collect()),
        Some(vec![json!(stack.x)])
    );
    assert_eq!(grouped["data"]["x"][0]["id"], json!(stack.x));
    assert_eq!(grouped["data"].as_object().map(serde_json::Map::len), Some(6));
    assert_eq!(call(&stack.api, "GET", "/api/v1/accounts?cursor=x", &Value::Null).await?.0, 400);
    assert_eq!(call(&stack.api, "GET", "/api/v1/accounts/acc_x", &Value::Null).await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn notices_are_told_once_for_a_cause_and_listed_page_by_page() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let now = stack.app.clock.now();
    let notice = |n: usize| NewNotice {
        kind: "refresh_failing",
        cause: format!("refresh_failing:{n}"),
        account: Some(stack.x.clone()),
        post: None,
        detail: ErrorRecord::from(&JobError::new(ErrorClass::Transient, "unreachable", format!("number {n}"))),
    };
    for n in [0, 1, 2, 2] {
        notices::tell(&*stack.app.db, &stack.workspace, &notice(n), now).await?;
    }

    let first = stack.get("/api/v1/notices?limit=2").await?;
    let cursor = first["nextCursor"].as_str().unwrap_or_default().to_owned();
    let second = stack.get(&format!("/api/v1/notices?limit=2&cursor={cursor}")).await?;
    notices::resolve_of_account(&*stack.app.db, &stack.workspace, &stack.x, now).await?;

    let messages = |page: &Value| -> Vec<Value> {
        page["data"].as_array().into_iter().flatten().map(|notice| notice["message"].clone()).collect()
    };
    assert_eq!(messages(&first), [json!("number 2"), json!("number 1")]);
    assert_eq!((messages(&second), &second["nextCursor"]), (vec![json!("number 0")], &Value::Null));
    assert_eq!(second["data"][0]["code"], "unreachable");
    assert_eq!(stack.get("/api/v1/notices?open=true").await?["data"], json!([]));
    assert_eq!(messages(&stack.get("/api/v1/notices?open=false").await?).len(), 3);
    Ok(())
}
