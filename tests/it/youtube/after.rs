//! After the last byte: processing, the thumbnail and the first comment.

use serde_json::json;
use shared::content::Kind;
use tests::Stack;

use super::{COMMENTS, THUMBNAILS, UPLOADS, calls, end_of, plain, publish, video, warnings};

#[tokio::test]
async fn a_video_is_done_when_youtube_has_processed_it() -> anyhow::Result<()> {
    // Slow, and with questions that fail in between.
    let stack = Stack::start().await?;
    stack
        .sandbox
        .plant(json!({"platform":"youtube","method":"POST","path":UPLOADS,"action":{"name":"processing","checks":8}}))
        .await?;
    for (skip, action) in [
        (1, json!({"name":"server_error"})),
        (1, json!({"name":"error","code":"403/forbidden"})),
        (1, json!({"name":"respond","status":200,"body":{"items":[]}})),
    ] {
        stack
            .sandbox
            .plant(json!({"platform":"youtube","method":"GET","path":"/youtube/v3/videos","skip":skip,"action":action}))
            .await?;
    }
    let ended = publish(&stack, &plain(&stack)).await?;
    assert_eq!((&ended["status"], ended["attempt"].as_i64()), (&json!("completed"), Some(1)), "{ended}");
    assert_eq!((calls(&stack, "GET", "/youtube/v3/videos").await?, calls(&stack, "POST", UPLOADS).await?), (12, 1));

    // Failed for good.
    for (word, code) in [
        ("", "media_processing_failed"),
        ("codec", "media_processing_failed"),
        ("invalidFile", "media_processing_failed"),
        ("emptyFile", "media_processing_failed"),
        ("tooSmall", "media_processing_failed"),
        ("duplicate", "duplicate_content"),
        ("length", "media_too_long"),
        ("copyright", "content_claimed"),
        ("inappropriate", "content_forbidden"),
        ("uploaderAccountSuspended", "account_locked"),
        ("deleted", "video_deleted"),
    ] {
        let action = json!({"name":"processing_failed","checks":2,"code":word});
        let (ended, posts) = end_of(action, ("POST", UPLOADS, 0)).await?;

        assert_eq!((&ended["status"], &ended["error"]["code"], posts), (&json!("failed"), &json!(code), 0), "{word}: {ended}");
        assert!(ended["error"]["message"].as_str().is_some_and(|message| message.contains("video `")), "{ended}");
    }

    // Given up by YouTube itself: uploaded again.
    let (ended, posts) = end_of(json!({"name":"processing_failed","code":"uploadAborted"}), ("POST", UPLOADS, 0)).await?;
    assert_eq!((&ended["status"], posts), (&json!("completed"), 1), "{ended}");

    // Never done, never to be seen.
    for (action, state, code) in [
        (json!({"name":"processing","checks":100_000}), "blocked", "outcome_unknown"),
        (json!({"name":"respond","status":200,"body":{"items":[]}}), "failed", "video_deleted"),
    ] {
        let stack = Stack::start().await?;
        let (method, path) = if code == "video_deleted" { ("GET", "/youtube/v3/videos") } else { ("POST", UPLOADS) };
        stack.sandbox.plant(json!({"platform":"youtube","method":method,"path":path,"count":999,"action":action})).await?;
        let ended = publish(&stack, &plain(&stack)).await?;
        assert_eq!((&ended["status"], &ended["error"]["code"]), (&json!(state), &json!(code)), "{ended}");
        assert_eq!(calls(&stack, "POST", UPLOADS).await?, 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_video_that_fewer_people_see_than_was_meant_is_told_of() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let locked = json!({"items":[{"id":"x","status":{"uploadStatus":"processed","privacyStatus":"private"}}]});
    let action = json!({"name":"respond","status":200,"body":locked});
    stack.sandbox.fault("youtube", "/youtube/v3/videos", action).await?;

    let ended = publish(&stack, &plain(&stack)).await?;

    assert_eq!((&ended["status"], warnings(&ended)), (&json!("completed"), vec!["privacy_differs"]), "{ended}");
    Ok(())
}

#[tokio::test]
async fn the_first_comment_is_written_once() -> anyhow::Result<()> {
    for (action, count) in [
        (json!({"name":"answer_lost"}), 1),
        (json!({"name":"error_after","status":503}), 1),
        (json!({"name":"truncated"}), 1),
        (json!({"name":"invalid_json"}), 1),
        (json!({"name":"reset_before"}), 1),
        (json!({"name":"server_error"}), 2),
        (json!({"name":"rate_limited","resetAfterSeconds":60}), 2),
    ] {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({"youtube":{"indexLagSeconds":20}})).await?;
        stack.sandbox.plant(json!({"platform":"youtube","method":"POST","path":COMMENTS,"count":count,"action":action})).await?;
        let mut body = plain(&stack);
        body["content"]["firstComment"] = json!("First!");

        let ended = publish(&stack, &body).await?;

        let posts = stack.sandbox.posts().await?;
        assert_eq!((&ended["status"], warnings(&ended).len()), (&json!("completed"), 0), "{action}: {ended}");
        assert_eq!((posts.len(), posts[0]["comments"].as_array().map(Vec::len)), (1, Some(1)), "{action}");
    }
    Ok(())
}

#[tokio::test]
async fn what_fails_after_the_video_is_live_is_a_warning() -> anyhow::Result<()> {
    for (name, path, code) in [
        ("400/invalidImage", THUMBNAILS, "thumbnail_refused"),
        ("400/imageFormatUnsupported", THUMBNAILS, "thumbnail_refused"),
        ("400/mediaBodyRequired", THUMBNAILS, "content_refused"),
        ("403/forbidden", THUMBNAILS, "not_allowed"),
        ("404/videoNotFound", THUMBNAILS, "not_found"),
        ("401/authError", THUMBNAILS, "token_refused"),
        ("403/commentsDisabled", COMMENTS, "comments_disabled"),
        ("400/commentTextTooLong", COMMENTS, "comment_refused"),
    ] {
        let (ended, posts) = end_of(json!({"name":"error","code":name}), ("POST", path, 0)).await?;

        assert_eq!((&ended["status"], posts, warnings(&ended)), (&json!("completed"), 1, vec![code]), "{name}: {ended}");
    }
    for name in ["429/uploadRateLimitExceeded", "503/backendError"] {
        let (ended, posts) = end_of(json!({"name":"error","code":name}), ("POST", THUMBNAILS, 0)).await?;

        assert_eq!((&ended["status"], posts, warnings(&ended).len()), (&json!("completed"), 1, 0), "{name}: {ended}");
    }

    // Both are refused: one warning tells of both, and each was tried.
    let stack = Stack::start().await?;
    let action = json!({"name":"error","code":"403/forbidden"});
    stack.sandbox.fault("youtube", THUMBNAILS, action).await?;
    let mut body = video(&stack, Kind::Video, "landscape.mp4", &json!({ "privacy": "private" }));
    body["content"]["thumbnail"] = json!(stack.sandbox.sample("thumbnail.jpg"));
    body["content"]["firstComment"] = json!("First!");
    let ended = publish(&stack, &body).await?;
    let told = ended["published"]["warnings"][0]["message"].as_str().unwrap_or_default();
    assert_eq!((&ended["status"], warnings(&ended)), (&json!("completed"), vec!["not_allowed"]), "{ended}");
    assert!(told.contains("set thumbnail") && told.contains("private"), "{told}");
    assert_eq!(calls(&stack, "POST", COMMENTS).await?, 0);
    Ok(())
}
