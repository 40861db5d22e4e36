//! Large uploads to TikTok: interrupted, killed, expired; they go on where they stopped.

use super::*;

#[tokio::test]
async fn a_large_upload_goes_on_where_it_stopped() -> anyhow::Result<()> {
    // The fault, the pieces before it, then the pieces that go out and the attempts.
    let cases = [
        (json!({ "name": "reset_before" }), 3, 1, 8, 1),
        (json!({ "name": "answer_lost" }), 3, 1, 7, 1),
        (json!({ "name": "error_after" }), 3, 1, 7, 1),
        (json!({ "name": "server_error" }), 3, 1, 8, 1),
        (json!({ "name": "server_error" }), 3, 3, 10, 2),
        (json!({ "name": "error", "code": "upload/416" }), 3, 1, 8, 1),
        // The last piece.
        (json!({ "name": "reset_before" }), 6, 1, 8, 1),
        (json!({ "name": "answer_lost" }), 6, 1, 7, 1),
    ];
    for inclusive in [false, true] {
        for (action, skip, count, pieces, attempts) in &cases {
            let stack = Stack::start().await?;
            stack.sandbox.post("settings", json!({ "tiktok": { "inclusiveRanges": inclusive } })).await?;
            let fault = plant(&stack, UPLOAD, (*skip, *count), action).await?;
            let job = submit_large(&stack).await?;

            let job = stack.run_to_the_end(&job).await?;

            stack.sandbox.fired(&fault, u64::from(*count)).await?;
            assert_eq!(outcome(&stack, &job).await?, ("completed".to_owned(), String::new(), *attempts, 1), "{action}: {job}");
            assert_eq!((calls(&stack, VIDEO).await?, calls(&stack, UPLOAD).await?), (1, *pieces), "{action}");
            assert_eq!(stack.sandbox.posts().await?[0]["media"][0]["sizeBytes"], LARGE);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_upload_goes_on_and_an_expired_one_begins_anew() -> anyhow::Result<()> {
    for (hold, skip, pieces) in [("hold_before", 3, 8), ("hold_after", 3, 7), ("hold_before", 6, 8), ("hold_after", 6, 7)] {
        let mut stack = Stack::start().await?;
        let fault = plant(&stack, UPLOAD, (skip, 1), &json!({ "name": hold })).await?;
        let job = submit_large(&stack).await?;
        stack.crash_when_fired(&job, &fault).await?;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!((job["status"].as_str(), stack.sandbox.posts().await?.len()), (Some("completed"), 1), "{hold} {skip}: {job}");
        assert_eq!((calls(&stack, VIDEO).await?, calls(&stack, UPLOAD).await?), (1, pieces), "{hold} {skip}");
    }
    // Dead for longer than the address lives; the last piece is lost at last or not.
    for (hold, inits) in [("hold_before", 2), ("hold_after", 1)] {
        let mut stack = Stack::start().await?;
        let fault = plant(&stack, UPLOAD, (6, 1), &json!({ "name": hold })).await?;
        let job = submit_large(&stack).await?;
        stack.crash_when_fired(&job, &fault).await?;
        stack.advance(std::time::Duration::from_secs(2 * 3600));

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!((job["status"].as_str(), stack.sandbox.posts().await?.len()), (Some("completed"), 1), "{hold}: {job}");
        assert_eq!((calls(&stack, VIDEO).await?, calls(&stack, CANCEL).await?), (inits, inits - 1), "{hold}");
    }
    Ok(())
}

#[tokio::test]
async fn upload_addresses_are_not_kept_in_clear() -> anyhow::Result<()> {
    use sea_orm::EntityTrait;
    let stack = Stack::start().await?;
    let job = submit_video(&stack).await?;
    stack.run_to_the_end(&job).await?;

    let steps = shared::entity::job_step::Entity::find().all(&*stack.app.db).await?;

    assert!(steps.iter().any(|step| step.name == "init:0"));
    for step in steps {
        assert!(!step.output.unwrap_or_default().contains("upload_token"), "{}", step.name);
    }
    assert_eq!(calls(&stack, LIST).await? + calls(&stack, INBOX_VIDEO).await?, 0);
    Ok(())
}
