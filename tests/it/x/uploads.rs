//! Files on their way: waited for, resumed where they stopped, and uploaded anew where X dropped them.

use serde_json::{Value, json};
use shared::content::Kind;
use shared::journal::{Halt, Point};
use tests::Stack;

use super::{body, calls, end, publish, submit, texts};

const MIB: usize = 1 << 20;

const APPEND: &str = "/2/media/upload/*/append";
const BEGIN: &str = "/2/media/upload/initialize";
const END: &str = "/2/media/upload/*/finalize";

/// A request for one video of at least `bytes` bytes.
fn video(stack: &Stack, bytes: usize, text: &str) -> Value {
    let mut body = body(stack, Kind::Video, text);
    body["content"]["media"][0]["url"] = json!(format!("{}?size={bytes}", stack.sandbox.sample("landscape.mp4")));
    body
}

#[tokio::test]
async fn a_video_is_waited_for_and_its_failures_tell_what_they_are() -> anyhow::Result<()> {
    let broke = |checks| json!({ "name": "processing_failed", "checks": checks, "code": "InternalError" });
    for (kind, action, count, expected, uploads) in [
        (Kind::Video, json!({ "name": "processing", "checks": 5 }), 1, ("completed", None, 1), 1),
        (Kind::Gif, json!({ "name": "processing", "checks": 5 }), 1, ("completed", None, 1), 1),
        (Kind::Video, json!({ "name": "processing_failed", "checks": 2 }), 1, ("failed", Some("media_processing_failed"), 1), 1),
        (Kind::Gif, json!({ "name": "processing_failed", "checks": 0 }), 1, ("failed", Some("media_processing_failed"), 1), 1),
        (Kind::Video, broke(1), 1, ("completed", None, 1), 2),
        (Kind::Video, broke(1), 9, ("failed", Some("media_processing_broke"), 1), 2),
    ] {
        let stack = Stack::start().await?;
        stack.sandbox.plant(json!({ "platform": "x", "count": count, "action": action })).await?;
        // The work goes on while asking fails.
        stack
            .sandbox
            .plant(json!({ "platform": "x", "method": "GET", "path": "/2/media/upload", "action": { "name": "server_error" } }))
            .await?;

        let job = publish(&stack, &body(&stack, kind, "processed")).await?;

        assert_eq!(end(&job), expected, "{kind} {action}: {job}");
        assert_eq!(calls(&stack, "POST", BEGIN).await?, uploads, "{kind} {action}");
        assert_eq!(texts(&stack).await?.len(), usize::from(expected.0 == "completed"));
    }
    Ok(())
}

#[tokio::test]
async fn a_video_that_x_never_ends_with_fails_and_nothing_is_published() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.post("settings", json!({ "x": { "videoProcessingSeconds": 1_000_000 } })).await?;

    let job = publish(&stack, &body(&stack, Kind::Video, "for ever")).await?;

    assert_eq!((end(&job), texts(&stack).await?.len()), (("failed", Some("platform_processing_timeout"), 1), 0), "{job}");
    Ok(())
}

#[tokio::test]
async fn a_broken_upload_goes_on_where_it_stopped() -> anyhow::Result<()> {
    // Ten segments in steps of 4, 4 and 2; the sixth breaks, and its step begins again with the fifth.
    for name in ["reset_before", "answer_lost", "server_error", "truncated"] {
        let stack = Stack::start().await?;
        stack.sandbox.plant(json!({ "platform": "x", "path": APPEND, "skip": 5, "action": { "name": name } })).await?;

        let job = publish(&stack, &video(&stack, 40 * MIB, "forty")).await?;

        assert_eq!(end(&job), ("completed", None, 2), "{name}: {job}");
        assert_eq!((calls(&stack, "POST", BEGIN).await?, calls(&stack, "POST", APPEND).await?), (1, 12), "{name}");
        let posts = stack.sandbox.posts().await?;
        assert_eq!((posts.len(), &posts[0]["media"][0]["sizeBytes"]), (1, &json!(40 * MIB)));
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_upload_goes_on_where_it_stopped() -> anyhow::Result<()> {
    for (step, point, appended) in
        [("append:1:*", Point::Before, 10), ("append:1:*", Point::Answered, 14), ("finalize:*", Point::Answered, 10)]
    {
        let mut stack = Stack::start().await?;
        let job = submit(&stack, &video(&stack, 40 * MIB, "killed")).await?;
        stack.crash_at(&job, Halt::new(step, point, 1)).await?;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!(job["status"], "completed", "{step} {point}: {job}");
        assert_eq!((calls(&stack, "POST", BEGIN).await?, calls(&stack, "POST", APPEND).await?), (1, appended), "{step} {point}");
        assert_eq!(texts(&stack).await?, ["killed"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_upload_that_x_breaks_off_begins_anew_once() -> anyhow::Result<()> {
    let refused = json!({ "name": "error", "code": "400/invalid-request" });
    let gone = json!({ "name": "error", "code": "404/not-found" });
    for (path, action, count, expected) in [
        (APPEND, refused.clone(), 1, ("completed", None, 1)),
        (APPEND, gone, 1, ("completed", None, 1)),
        (END, refused.clone(), 1, ("completed", None, 1)),
        (END, refused.clone(), 9, ("failed", Some("media_upload_refused"), 1)),
    ] {
        let stack = Stack::start().await?;
        stack.sandbox.plant(json!({ "platform": "x", "path": path, "count": count, "action": action })).await?;

        let job = publish(&stack, &body(&stack, Kind::Gif, "again")).await?;

        assert_eq!((end(&job), calls(&stack, "POST", BEGIN).await?), (expected, 2), "{path} {action}: {job}");
    }
    let stack = Stack::start().await?;
    stack.sandbox.fault("x", BEGIN, refused).await?;
    let job = publish(&stack, &body(&stack, Kind::Gif, "refused at once")).await?;
    assert_eq!((end(&job), calls(&stack, "POST", BEGIN).await?), (("failed", Some("media_refused"), 1), 1), "{job}");
    Ok(())
}

#[tokio::test]
async fn files_that_x_forgot_are_uploaded_again() -> anyhow::Result<()> {
    // (kind, how often X says that it does not know them, end, uploads)
    for (kind, count, expected, uploads) in [
        (Kind::Image, 1, ("completed", None, 1), 2),
        (Kind::Thread, 1, ("completed", None, 1), 2),
        (Kind::Image, 2, ("failed", Some("media_expired"), 1), 2),
    ] {
        let stack = Stack::start().await?;
        let skip = u32::from(kind == Kind::Thread);
        let action = json!({ "name": "error", "code": "400/media-ids" });
        stack
            .sandbox
            .plant(json!({ "platform": "x", "path": "/2/tweets", "skip": skip, "count": count, "action": action }))
            .await?;
        let job = submit(&stack, &body(&stack, kind, "forgotten")).await?;

        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!((end(&ended), calls(&stack, "POST", "/2/media/upload").await?), (expected, uploads), "{kind}: {ended}");
        if expected.0 == "failed" {
            stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;
            let ended = stack.run_to_the_end(&job).await?;
            assert_eq!(ended["status"], "completed", "{ended}");
        }
    }
    // A wait beyond the life of an upload.
    let stack = Stack::start().await?;
    stack.sandbox.fault("x", "/2/tweets", json!({ "name": "rate_limited", "resetAfterSeconds": 80_000 })).await?;
    let job = publish(&stack, &body(&stack, Kind::Image, "a day later")).await?;
    assert_eq!((end(&job), calls(&stack, "POST", "/2/media/upload").await?), (("completed", None, 1), 2), "{job}");
    Ok(())
}
