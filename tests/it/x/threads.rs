//! Threads that break off: resumed, or told to their owner with what is missing.

use serde_json::json;
use shared::content::{AccountState, Kind};
use shared::store::accounts;
use tests::Stack;

use super::{body, end, publish, submit, texts, warning_codes};

#[tokio::test]
async fn a_thread_that_breaks_off_is_resumed_or_says_what_is_missing() -> anyhow::Result<()> {
    let error = |code: &str| json!({ "name": "error", "code": code });
    for (action, expected, posts, warnings) in [
        (error("403/cashtag"), ("completed", None, 1), 1, vec!["thread_incomplete"]),
        (error("402/credits"), ("failed", Some("platform_credits_depleted"), 1), 1, vec![]),
        (error("403/usage-capped"), ("failed", Some("platform_app_refused"), 1), 1, vec![]),
        (error("429/rate-limit"), ("completed", None, 1), 3, vec![]),
        (error("409/conflict"), ("completed", None, 2), 3, vec![]),
        (error("401/unauthorized"), ("blocked", Some("token_refused"), 1), 1, vec![]),
    ] {
        let stack = Stack::start().await?;
        stack.sandbox.plant(json!({ "platform": "x", "path": "/2/tweets", "skip": 1, "action": action })).await?;
        let job = submit(&stack, &body(&stack, Kind::Thread, "a thread")).await?;

        let ended = stack.run_to_the_end(&job).await?;

        let seen = stack.sandbox.posts().await?;
        assert_eq!((end(&ended), seen.len(), warning_codes(&ended)), (expected, posts, warnings), "{action}: {ended}");
        if expected.0 == "completed" {
            assert_eq!(ended["published"]["externalId"], seen[0]["id"]);
        } else {
            let told = ended["error"]["message"].as_str().unwrap_or_default();
            assert!(told.contains("1 of 3 posts of the thread are out"), "{ended}");
            let now = stack.app.clock.now();
            accounts::update_state(&*stack.app.db, &stack.workspace, &stack.x, AccountState::Connected, now).await?;
            stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;
            let ended = stack.run_to_the_end(&job).await?;
            assert_eq!((ended["status"].as_str(), texts(&stack).await?.len()), (Some("completed"), 3), "{ended}");
        }
        if posts == 1 && expected.0 == "completed" {
            let warning = &ended["published"]["warnings"][0];
            assert!(warning["message"].as_str().is_some_and(|text| text.contains("post 2 was refused")), "{warning}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_thread_with_a_bad_file_is_not_begun() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut request = body(&stack, Kind::Thread, "a thread");
    request["content"]["thread"][0]["media"][0]["url"] = json!(stack.sandbox.sample("photo-2.jpg"));
    stack
        .sandbox
        .plant(json!({ "platform": "x", "path": "/2/media/upload", "action": { "name": "processing_failed", "checks": 1 } }))
        .await?;

    let job = publish(&stack, &request).await?;

    assert_eq!((end(&job), texts(&stack).await?.len()), (("failed", Some("media_processing_failed"), 1), 0), "{job}");
    Ok(())
}
