//! Grants that somebody brings along: stored only after the platform has said whose they are.

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::PlatformId::{Facebook, Linkedin, Tiktok, X, Youtube};
use tests::Stack;
use tests::kinds::post_of;

use super::{call, external_id, reasons, refused, somebody};

async fn bring(stack: &Stack, body: &Value) -> anyhow::Result<(u16, Value)> {
    call(&stack.api, "POST", "/api/v1/credentials", body).await
}

#[tokio::test]
async fn a_good_grant_connects_the_account_that_the_platform_names() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for platform in [X, Facebook, Linkedin, Tiktok, Youtube] {
        let who = somebody(&stack, platform, "", "Grace").await?;
        let id = external_id(platform, &who);
        let body = json!({
            "platform": platform,
            "externalId": id,
            "grant": { "type": "bearer", "accessToken": who["accessToken"] },
        });

        let (status, account) = bring(&stack, &body).await?;
        let again = bring(&stack, &body).await?;

        assert_eq!((status, &account["externalId"], &account["state"]), (200, &json!(id), &json!("connected")), "{account}");
        assert_eq!((again.0, &again.1["id"]), (200, &account["id"]), "{platform}: a repetition is harmless");
        let kind = shared::platforms::rules(platform).kinds[0].kind;
        let account = account["id"].as_str().unwrap_or_default().parse()?;
        let post = post_of(platform, kind, &stack.sandbox, &account, &format!("brought along to {platform}"));
        let job = stack.submit(&post).await?.remove(0).job;
        assert_eq!(stack.run_to_the_end(&job).await?["status"], "completed", "{platform}");
    }
    Ok(())
}

#[tokio::test]
async fn a_signing_grant_is_brought_along_too() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = stack.sandbox.post("accounts", json!({"platform":"x","name":"Signed","oauth1":true})).await?;
    let grant = json!({ "type": "oauth1", "token": who["token"], "tokenSecret": who["tokenSecret"] });

    let (status, account) = bring(&stack, &json!({ "platform": "twitter", "grant": grant })).await?;

    assert_eq!((status, &account["externalId"]), (200, &who["id"]), "{account}");
    assert_eq!(reasons(&account), Vec::<&str>::new());
    Ok(())
}

#[tokio::test]
async fn a_grant_that_its_platform_does_not_vouch_for_is_not_stored() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let bearer = |token: &Value| json!({ "type": "bearer", "accessToken": token });
    let cases = [
        (json!({ "platform": "x", "grant": bearer(&json!("invented-token")) }), (422, "token_refused")),
        (json!({ "platform": "x", "externalId": "1", "grant": bearer(&who["accessToken"]) }), (409, "account_mismatch")),
        (json!({ "platform": "x", "grant": bearer(&Value::Null) }), (422, "required")),
        (json!({ "platform": "x", "grant": { "type": "oauth1", "token": "t" } }), (422, "required")),
        (
            json!({ "platform": "facebook", "grant": { "type": "oauth1", "token": "t", "tokenSecret": "s" } }),
            (422, "not_allowed"),
        ),
        (json!({ "platform": "x", "grant": bearer(&who["accessToken"]), "expiresAt": "soon" }), (422, "invalid_time")),
        (json!({ "platform": "myspace", "grant": bearer(&who["accessToken"]) }), (400, "unsupported_platform")),
        (json!({ "platform": "x", "grant": "wholly-wrong-token" }), (422, "invalid_field")),
    ];
    for (body, wanted) in cases {
        let answer = bring(&stack, &body).await?;

        assert_eq!(refused(&answer), wanted, "{}", answer.1);
        assert!(!answer.1.to_string().contains("-token"), "{}", answer.1);
    }
    let known = stack.get("/api/v1/accounts").await?["data"].to_string();
    assert!(!known.contains("Grace"), "{known}");
    Ok(())
}

#[tokio::test]
async fn a_platform_that_does_not_answer_leaves_nothing_stored() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let body = json!({ "platform": "x", "grant": { "type": "bearer", "accessToken": who["accessToken"] } });
    for fault in ["reset_before", "answer_lost", "server_error", "invalid_json"] {
        stack.sandbox.plant(json!({"platform":"x","path":"/2/users/me","count":9,"action":{"name":fault}})).await?;

        let answer = bring(&stack, &body).await?;

        assert_eq!(refused(&answer), (503, "platform_unavailable"), "{fault}: {}", answer.1);
        assert!(!answer.1.to_string().contains(who["accessToken"].as_str().unwrap_or_default()), "{fault}");
        stack.sandbox.heal().await?;
    }
    assert!(!stack.get("/api/v1/accounts").await?["data"].to_string().contains("Grace"));
    Ok(())
}

#[tokio::test]
async fn a_token_that_ends_within_a_week_and_that_nothing_renews_is_a_risk() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let ends = |days: u64| stack.app.clock.now().plus(Duration::from_secs(days * 86_400)).to_string();
    let body = |days: u64| {
        let grant = json!({ "type": "bearer", "accessToken": who["accessToken"] });
        json!({ "platform": "x", "grant": grant, "expiresAt": ends(days) })
    };

    let (_, far) = bring(&stack, &body(8)).await?;
    let (_, near) = bring(&stack, &body(7)).await?;

    assert_eq!((reasons(&far), &far["atRisk"]), (vec![], &json!(false)), "{far}");
    assert_eq!((reasons(&near), &near["atRisk"]), (vec!["token_ends"], &json!(true)), "{near}");
    Ok(())
}
