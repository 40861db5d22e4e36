//! Lost answers of TikTok: looked for, found, never doubled; left to a person where nobody can look.

use super::*;

/// Every way of losing an answer, and whether the work was done.
fn losses() -> [(Value, u32, bool); 6] {
    [
        (json!({ "name": "reset_before" }), 1, false),
        (json!({ "name": "server_error" }), 1, false),
        (json!({ "name": "unheard_of" }), 1, false),
        (json!({ "name": "answer_lost" }), 1, true),
        (json!({ "name": "error_after" }), 1, true),
        (json!({ "name": "truncated" }), 1, true),
    ]
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_post() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for (action, count, done) in losses() {
        for (path, repeatable) in
            [(CREATOR, true), (VIDEO, true), (UPLOAD, false), (STATUS, true), (PHOTOS, false), (CANCEL, false)]
        {
            let stack = Stack::start().await?;
            plant(&stack, path, (0, count), &action).await?;
            if path == CANCEL {
                plant(&stack, UPLOAD, (0, 1), &json!({ "name": "error", "code": "upload/403" })).await?;
            }
            let began = stack.app.clock.now();
            let job = if path == PHOTOS { submit_photos(&stack).await? } else { submit_video(&stack).await? };

            let job = stack.run_to_the_end(&job).await?;

            let seconds = stack.app.clock.now().since(began).as_secs();
            let (status, _, _, posts) = outcome(&stack, &job).await?;
            // An upload answers without a body, so there is nothing to be truncated.
            let found_early = done || repeatable || path == CANCEL;
            let in_time = if found_early { seconds <= 60 } else { seconds >= 30 };
            // Whether a post that TikTok fetches the files of was begun, nobody can tell before its moderation is over.
            let wanted = if path == PHOTOS && !done { ("blocked", 0) } else { ("completed", 1) };
            if (status.as_str(), posts) != wanted || !in_time {
                wrong.push(format!("{path} {action}: {status}, {posts} posts after {seconds} s: {}", job["error"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn what_is_never_answered_is_left_to_a_person() -> anyhow::Result<()> {
    for (path, status, code, inits) in [
        (VIDEO, "failed", "platform_failed", 6),
        (UPLOAD, "blocked", "outcome_unknown", 1),
        (PHOTOS, "blocked", "outcome_unknown", 1),
    ] {
        let stack = Stack::start().await?;
        plant(&stack, path, (0, 9), &json!({ "name": "server_error" })).await?;
        let job = if path == PHOTOS { submit_photos(&stack).await? } else { submit_video(&stack).await? };

        let job = stack.run_to_the_end(&job).await?;

        let (found, found_code, _, posts) = outcome(&stack, &job).await?;
        assert_eq!((found.as_str(), found_code.as_str(), posts), (status, code, 0), "{path}: {job}");
        assert_eq!(calls(&stack, VIDEO).await? + calls(&stack, PHOTOS).await?, inits, "{path}");
        assert!(job["error"]["remedy"].as_str().is_some_and(|remedy| remedy.len() > 10), "{job}");
    }
    Ok(())
}

#[tokio::test]
async fn a_post_that_nobody_can_look_for_is_left_to_a_person() -> anyhow::Result<()> {
    for (options, posts) in [(json!({ "privacy": "SELF_ONLY" }), 1), (json!({ "inbox": true }), 1)] {
        let stack = Stack::start().await?;
        plant(&stack, PHOTOS, (0, 1), &json!({ "name": "answer_lost" })).await?;
        let job = submit(&stack, &photos(&stack, &["photo-1.jpg"], "hidden", &options)).await?;

        let job = stack.run_to_the_end(&job).await?;

        let wanted = ("blocked".to_owned(), "outcome_unknown".to_owned(), 1, posts);
        assert_eq!(outcome(&stack, &job).await?, wanted, "{job}");
        assert!(job["error"]["message"].as_str().is_some_and(|message| message.contains("TikTok app")), "{job}");
    }
    Ok(())
}

#[tokio::test]
async fn fetched_posts_are_found_among_others_and_however_late_they_show() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("TIKTOK_PULL_VIDEOS", "true".to_owned())]).await?;
    stack.sandbox.post("settings", json!({ "tiktok": { "indexLagSeconds": 100, "publicIdSeconds": 100_000 } })).await?;
    plant(&stack, VIDEO, (0, 1), &json!({ "name": "answer_lost" })).await?;
    let began = stack.app.clock.now();
    let lost = submit_video(&stack).await?;
    stack.drain().await?;
    // A twin that comes right after it and is done before its public id is told: known by its task only.
    let url = stack.sandbox.sample("vertical.mp4");
    let mut body = video(stack.account(PlatformId::Tiktok), &url, "a video", &public());
    body["allowDuplicate"] = json!(true);
    let twin = submit(&stack, &body).await?;
    let twin = stack.run_to_the_end(&twin).await?;
    stack.sandbox.post("settings", json!({ "tiktok": { "publicIdSeconds": 0 } })).await?;

    let job = stack.run_to_the_end(&lost).await?;

    let posts = stack.sandbox.posts().await?;
    assert_eq!((posts.len(), job["status"].as_str()), (2, Some("completed")), "{job}");
    assert_eq!(twin["published"]["externalId"], posts[1]["extra"]["publishId"], "{twin}");
    assert_eq!(job["published"]["externalId"], posts[0]["id"], "{job}");
    assert_eq!(stack.app.clock.now().since(began).as_secs(), 240);
    assert_eq!((calls(&stack, VIDEO).await?, calls(&stack, UPLOAD).await?), (2, 0));
    Ok(())
}
