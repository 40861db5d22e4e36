//! Lost answers: to the start, to the last bytes, and to all questions about them.

use serde_json::{Value, json};
use tests::Stack;

use super::{LAST_BYTES, UPLOADS, calls, plain, publish};

#[tokio::test]
async fn last_bytes_whose_answer_is_lost_make_one_video() -> anyhow::Result<()> {
    for (action, count, seconds) in [
        (json!({"name":"answer_lost"}), 1, 3),
        (json!({"name":"error_after","status":503}), 1, 3),
        (json!({"name":"truncated"}), 1, 3),
        (json!({"name":"invalid_json"}), 1, 3),
        (json!({"name":"slow_body","ms":20}), 1, 0),
        (json!({"name":"delay","ms":50}), 1, 0),
        // Nothing arrived: the address tells, and the bytes are sent again after the last look.
        (json!({"name":"reset_before"}), 1, 25),
        (json!({"name":"server_error","status":503}), 1, 25),
        (json!({"name":"unheard_of"}), 1, 25),
        // The questions fail too, each time for half a minute.
        (json!({"name":"server_error","status":500}), 9, 3 + 8 * 30),
        (json!({"name":"answer_lost"}), 3, 3 + 2 * 30),
    ] {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({"youtube":{"videoProcessingSeconds":0}})).await?;
        stack
            .sandbox
            .plant(json!({"platform":"youtube","method":"PUT","path":UPLOADS,"skip":LAST_BYTES,"count":count,"action":action}))
            .await?;
        let began = stack.app.clock.now();

        let ended = publish(&stack, &plain(&stack)).await?;

        let took = stack.app.clock.now().since(began).as_secs();
        let posts = stack.sandbox.posts().await?;
        assert_eq!((&ended["status"], ended["attempt"].as_i64()), (&json!("completed"), Some(1)), "{action}: {ended}");
        assert_eq!((posts.len(), &posts[0]["id"]), (1, &ended["published"]["externalId"]), "{action}");
        assert_eq!((took, calls(&stack, "POST", UPLOADS).await?), (seconds, 1), "{action} x{count}");
    }
    Ok(())
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_repeated_and_makes_one_video() -> anyhow::Result<()> {
    for name in ["answer_lost", "error_after", "reset_before", "server_error", "unheard_of"] {
        let stack = Stack::start().await?;
        stack
            .sandbox
            .plant(json!({"platform":"youtube","method":"POST","path":UPLOADS,"count":2,"action":{"name":name}}))
            .await?;

        let ended = publish(&stack, &plain(&stack)).await?;

        assert_eq!((&ended["status"], ended["attempt"].as_i64()), (&json!("completed"), Some(3)), "{name}: {ended}");
        assert_eq!(stack.sandbox.posts().await?.len(), 1, "{name}");
    }
    Ok(())
}

/// Sends the last bytes into silence and lets the address of the upload expire. `arrives` tells whether they arrive.
async fn lose_the_address(arrives: bool, lag_seconds: u32) -> anyhow::Result<(Stack, Value, u64)> {
    let stack = Stack::start().await?;
    let settings = json!({"youtube":{"sessionSeconds":2,"indexLagSeconds":lag_seconds,"videoProcessingSeconds":0}});
    stack.sandbox.post("settings", settings).await?;
    let name = if arrives { "answer_lost" } else { "reset_before" };
    stack
        .sandbox
        .plant(json!({"platform":"youtube","method":"PUT","path":UPLOADS,"skip":LAST_BYTES,"action":{"name":name}}))
        .await?;
    let began = stack.app.clock.now();
    let ended = publish(&stack, &plain(&stack)).await?;
    let took = stack.app.clock.now().since(began).as_secs();
    Ok((stack, ended, took))
}

#[tokio::test]
async fn a_video_whose_upload_is_forgotten_is_looked_for_among_the_uploads() -> anyhow::Result<()> {
    for (lag, seconds) in [(0, 3), (400, 3 + 2 * 300)] {
        let (stack, ended, took) = lose_the_address(true, lag).await?;

        let posts = stack.sandbox.posts().await?;
        assert_eq!((posts.len(), &posts[0]["id"]), (1, &ended["published"]["externalId"]), "{ended}");
        assert_eq!(took, seconds, "lag {lag}");
    }
    for (arrives, lag, posts) in [(true, 1_000_000, 1), (false, 0, 0)] {
        let (stack, ended, took) = lose_the_address(arrives, lag).await?;

        assert_eq!((&ended["status"], &ended["error"]["code"]), (&json!("blocked"), &json!("outcome_unknown")), "{ended}");
        assert!(ended["error"]["message"].as_str().is_some_and(|message| message.contains("YouTube Studio")), "{ended}");
        assert!(took > 15 * 60, "asked a person after {took} s");
        assert_eq!(stack.sandbox.posts().await?.len(), posts);
    }
    Ok(())
}

#[tokio::test]
async fn another_targets_video_is_never_taken_for_the_lost_one() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let settings = json!({"youtube":{"sessionSeconds":2,"videoProcessingSeconds":0}});
    stack.sandbox.post("settings", settings).await?;
    publish(&stack, &plain(&stack)).await?;
    stack
        .sandbox
        .plant(json!({"platform":"youtube","method":"PUT","path":UPLOADS,"skip":LAST_BYTES,"action":{"name":"reset_before"}}))
        .await?;
    let mut twin = plain(&stack);
    twin["allowDuplicate"] = json!(true);

    let ended = publish(&stack, &twin).await?;

    assert_eq!((&ended["status"], &ended["error"]["code"]), (&json!("blocked"), &json!("outcome_unknown")), "{ended}");
    assert_eq!(stack.sandbox.posts().await?.len(), 1);
    Ok(())
}
