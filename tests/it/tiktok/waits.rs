//! Waiting for TikTok: slow and failed work, late ids, a token that expires meanwhile.

use super::*;

#[tokio::test]
async fn a_public_id_is_waited_for_a_little() -> anyhow::Result<()> {
    for (lasts, broken, known) in [(40, false, true), (40, true, true), (9000, false, false), (9000, true, false)] {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({ "tiktok": { "publicIdSeconds": lasts } })).await?;
        if broken {
            // The second question finds it live; whatever the next two say, it stays so.
            let action = json!({ "name": "error", "code": "401/access_token_invalid" });
            plant(&stack, STATUS, (2, 2), &action).await?;
        }
        let job = submit_video(&stack).await?;

        let job = stack.run_to_the_end(&job).await?;

        let post = stack.sandbox.posts().await?.remove(0);
        let wanted = if known { (&post["id"], &post["url"]) } else { (&post["extra"]["publishId"], &Value::Null) };
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!((&job["published"]["externalId"], &job["published"]["url"]), wanted, "{job}");
        assert_eq!(job["published"]["warnings"].as_array().map_or(0, Vec::len), 0);
    }
    Ok(())
}

#[tokio::test]
async fn slow_work_is_waited_for_and_its_failure_told() -> anyhow::Result<()> {
    for (seconds, status, code) in [(1800, "completed", ""), (30_000, "blocked", "outcome_unknown")] {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({ "tiktok": { "videoProcessingSeconds": seconds } })).await?;
        let job = submit_video(&stack).await?;

        let job = stack.run_to_the_end(&job).await?;

        let (found, found_code, attempts, _) = outcome(&stack, &job).await?;
        assert_eq!((found.as_str(), found_code.as_str(), attempts), (status, code, 1), "{job}");
        assert_eq!(calls(&stack, VIDEO).await?, 1);
    }
    for (word, times, status, code, inits) in [
        ("", 1, "failed", "media_type_refused", 1),
        ("internal", 2, "completed", "", 3),
        ("internal", 9, "failed", "platform_failed", 3),
    ] {
        let stack = Stack::start().await?;
        plant(&stack, UPLOAD, (0, times), &json!({ "name": "processing_failed", "checks": 2, "code": word })).await?;
        let job = submit_video(&stack).await?;

        let ended = stack.run_to_the_end(&job).await?;

        let (found, found_code, _, posts) = outcome(&stack, &ended).await?;
        assert_eq!((found.as_str(), found_code.as_str()), (status, code), "{ended}");
        assert_eq!((posts, calls(&stack, VIDEO).await?), (usize::from(status == "completed"), inits), "{ended}");
        if status == "failed" {
            // A person who retries gets a new task, not the old answer.
            stack.sandbox.heal().await?;
            stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;
            let again = stack.run_to_the_end(&job).await?;
            assert_eq!((again["status"].as_str(), stack.sandbox.posts().await?.len()), (Some("completed"), 1), "{again}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_token_that_expires_during_the_wait_begins_nothing_anew() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.post("settings", json!({ "tiktok": { "videoProcessingSeconds": 20 } })).await?;
    plant(&stack, STATUS, (1, 1), &json!({ "name": "token_expired" })).await?;
    let job = submit_video(&stack).await?;
    let blocked = stack.run_to_the_end(&job).await?;
    assert_eq!(
        (blocked["status"].as_str(), blocked["error"]["class"].as_str()),
        (Some("blocked"), Some("auth_expired")),
        "{blocked}"
    );
    reconnect(&stack).await?;
    stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!((ended["status"].as_str(), stack.sandbox.posts().await?.len()), (Some("completed"), 1), "{ended}");
    assert_eq!((calls(&stack, VIDEO).await?, calls(&stack, UPLOAD).await?), (1, 1));
    Ok(())
}
