//! Files on their way to LinkedIn: waited for, resumed, uploaded again.

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::Linkedin;
use shared::ids::AccountId;
use shared::journal::{Halt, Point};
use tests::Stack;
use tests::kinds::post_of;

use super::Author::{Member, Organization, SelfServe};
use super::{COMPLETED, POST, calls, plant, publish, publish_body, settings, start, state};

#[tokio::test]
async fn files_are_waited_for_and_a_bad_one_fails_the_post() -> anyhow::Result<()> {
    let places = [(Kind::Image, "/rest/images"), (Kind::Document, "/rest/documents"), (Kind::Video, "/rest/videos")];
    for (kind, path) in places {
        for (action, end) in [
            (json!({ "name": "processing", "checks": 4 }), COMPLETED),
            (
                json!({ "name": "processing_failed", "checks": 2, "code": "BAD_FILE" }),
                ("failed", Some("media_processing_failed"), 1),
            ),
            (json!({ "name": "processing", "checks": 1000 }), ("failed", Some("platform_processing_timeout"), 1)),
        ] {
            let (stack, account) = start(Member).await?;
            plant(&stack, ("POST", path), (1, action.clone())).await?;

            let (job, _) = publish(&stack, &account, kind, "processed").await?;

            assert_eq!(state(&job), end, "{kind} {action}: {job}");
            let posts = stack.sandbox.posts().await?.len();
            assert_eq!((posts, calls(&stack, "POST", "/rest/posts").await?), if end == COMPLETED { (1, 1) } else { (0, 0) });
        }
    }
    // Who may not ask gives LinkedIn a moment, and then sends until LinkedIn has the file.
    for (seconds, attempt) in [(5, 1), (15, 3)] {
        let (stack, account) = start(SelfServe).await?;
        settings(&stack, json!({ "imageProcessingSeconds": seconds, "documentProcessingSeconds": seconds })).await?;
        for kind in [Kind::Images, Kind::Document] {
            let (job, _) = publish(&stack, &account, kind, "unseen processing").await?;
            assert_eq!(state(&job), ("completed", None, attempt), "{kind}: {job}");
        }
        // One question per post, whatever the number of its files.
        assert_eq!(calls(&stack, "GET", "/rest/").await?, 2);
    }
    let (stack, account) = start(SelfServe).await?;
    settings(&stack, json!({ "videoReadNeedsScope": true })).await?;
    let (job, took) = publish(&stack, &account, Kind::Video, "unseen film").await?;
    assert_eq!((state(&job), took), (COMPLETED, 8), "{job}");
    Ok(())
}

#[tokio::test]
async fn an_organization_s_film_that_fails_after_all_is_reported() -> anyhow::Result<()> {
    for (action, end) in [
        (json!({ "name": "processing", "checks": 2 }), COMPLETED),
        (json!({ "name": "processing_failed", "checks": 2 }), ("failed", Some("publish_failed"), 1)),
    ] {
        let (stack, account) = start(Organization).await?;
        plant(&stack, ("POST", "/rest/videos"), (1, action.clone())).await?;
        // The state of the video can't be read, so the post is made before the video is ready.
        plant(&stack, ("GET", "/rest/videos/*"), (1, json!({ "name": "permission_missing" }))).await?;
        let body = post_of(Linkedin, Kind::Video, &stack.sandbox, &account, "a film");
        let job = stack.submit(&body).await?.remove(0).job;
        stack.drain().await?;
        stack.advance(Duration::from_secs(8));
        stack.drain().await?;
        assert_eq!((calls(&stack, "POST", "/rest/posts").await?, stack.sandbox.posts().await?.len()), (1, 0));
        // Somebody else asks until LinkedIn is done with it.
        let waiting = stack.job(&job).await?;
        assert_eq!(waiting["status"], "queued", "{waiting}");
        let token = stack.sandbox.get("requests?platform=linkedin&method=GET").await?;
        let path = token["requests"][0]["path"].as_str().unwrap_or_default().to_owned();
        ask_film(&stack, &account, &path).await?;

        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!(state(&ended), end, "{action}: {ended}");
    }
    Ok(())
}

/// Asks for a film's state with an account's token, until its processing is over.
async fn ask_film(stack: &Stack, account: &AccountId, path: &str) -> anyhow::Result<()> {
    let row = shared::store::accounts::get(&*stack.app.db, &stack.workspace, account).await?;
    let grant: Value = serde_json::from_slice(&shared::store::accounts::open_grant(&stack.app.config.keys, &row)?)?;
    for _ in 0..2 {
        let request = stack.app.http.get(format!("{}{path}", stack.sandbox.url));
        let request = request.bearer_auth(grant["access_token"].as_str().unwrap_or_default());
        let request = request.header("LinkedIn-Version", "202609").header("X-Restli-Protocol-Version", "2.0.0");
        assert_eq!(request.send().await?.status(), 200);
    }
    Ok(())
}

/// A film of nine parts.
fn film(stack: &Stack, account: &AccountId, text: &str) -> Value {
    let mut body = post_of(Linkedin, Kind::Video, &stack.sandbox, account, text);
    let size = 8 * 4_194_304 + 1000;
    body["content"]["media"] = json!([{ "url": format!("{}?size={size}", stack.sandbox.sample("landscape.mp4")) }]);
    body
}

#[tokio::test]
async fn a_film_s_upload_goes_on_where_it_broke_off() -> anyhow::Result<()> {
    // Nine parts, four to a step. The sixth fails, and its step is repeated: one part before it, and itself.
    for name in ["reset_before", "answer_lost", "error_after", "truncated", "server_error", "unheard_of"] {
        let (stack, account) = start(SelfServe).await?;
        let fault =
            json!({ "platform": "linkedin", "method": "PUT", "path": "/dms-uploads/*", "skip": 5, "action": { "name": name } });
        stack.sandbox.plant(fault).await?;

        let (job, _) = publish_body(&stack, &film(&stack, &account, "a long film")).await?;

        assert_eq!(state(&job), ("completed", None, 2), "{name}: {job}");
        // The marks of parts stand in a header, so nothing is missing when only the body broke off.
        assert_eq!(calls(&stack, "PUT", "/dms").await?, 9 + 2, "{name}");
        assert_eq!((calls(&stack, "POST", "/rest/videos").await?, stack.sandbox.posts().await?.len()), (2, 1), "{name}");
        assert_eq!(stack.sandbox.posts().await?[0]["media"][0]["sizeBytes"], 8 * 4_194_304 + 1000);
    }
    let (mut stack, account) = start(SelfServe).await?;
    let job = stack.submit(&film(&stack, &account, "a long film")).await?.remove(0).job;
    stack.crash_at(&job, Halt::new("parts:1:*", Point::Answered, 1)).await?;
    let ended = stack.run_to_the_end(&job).await?;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!((calls(&stack, "PUT", "/dms").await?, calls(&stack, "POST", "/rest/videos").await?), (9 + 4, 2));
    Ok(())
}

#[tokio::test]
async fn a_film_s_end_may_be_told_twice() -> anyhow::Result<()> {
    for strict in [false, true] {
        let (stack, account) = start(SelfServe).await?;
        settings(&stack, json!({ "refuseRepeatedFinalize": strict })).await?;
        let lost = json!({ "name": "answer_lost" });
        stack
            .sandbox
            .plant(json!({ "platform": "linkedin", "method": "POST", "path": "/rest/videos", "skip": 1, "action": lost }))
            .await?;

        let (job, _) = publish(&stack, &account, Kind::Video, "ended twice").await?;

        assert_eq!(state(&job), ("completed", None, 2), "{strict}: {job}");
        // One beginning, two ends, and no part again.
        assert_eq!((calls(&stack, "POST", "/rest/videos").await?, calls(&stack, "PUT", "/dms").await?), (3, 1), "{strict}");
    }
    Ok(())
}

#[tokio::test]
async fn files_that_linkedin_lost_are_uploaded_once_more() -> anyhow::Result<()> {
    let error = |code: &str| json!({ "name": "error", "code": code });
    // On the post itself: all files of the post again.
    for (kind, code, uploads) in [(Kind::Images, "400/INVALID_IMAGE_ID", 6), (Kind::Video, "400/INVALID_VIDEO_ID", 2)] {
        let (stack, account) = start(Member).await?;
        plant(&stack, POST, (1, error(code))).await?;
        let (job, _) = publish(&stack, &account, kind, "lost and found").await?;
        assert_eq!(state(&job), COMPLETED, "{kind}: {job}");
        assert_eq!((calls(&stack, "PUT", "/dms").await?, stack.sandbox.posts().await?.len()), (uploads, 1), "{kind}");
    }
    // At an address: that file again.
    for (kind, code, uploads) in [
        (Kind::Images, "400/EXPIRED_UPLOAD_URL", 4),
        (Kind::Document, "400/UPDATING_ASSET_FAILED", 2),
        (Kind::Video, "400/EXPIRED_UPLOAD_URL", 2),
    ] {
        let (stack, account) = start(Member).await?;
        plant(&stack, ("PUT", "/dms-uploads/*"), (1, error(code))).await?;
        let (job, _) = publish(&stack, &account, kind, "lost and found").await?;
        assert_eq!(state(&job), COMPLETED, "{kind}: {job}");
        assert_eq!(calls(&stack, "PUT", "/dms").await?, uploads, "{kind}");
    }
    // Twice is enough, until a person asks for more.
    let (stack, account) = start(Member).await?;
    plant(&stack, POST, (2, error("400/INVALID_IMAGE_ID"))).await?;
    let body = post_of(Linkedin, Kind::Image, &stack.sandbox, &account, "lost twice");
    let job = stack.submit(&body).await?.remove(0).job;
    let ended = stack.run_to_the_end(&job).await?;
    assert_eq!(state(&ended), ("failed", Some("media_expired"), 1), "{ended}");
    let (status, _) = stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;
    let ended = stack.run_to_the_end(&job).await?;
    assert_eq!((status, state(&ended)), (202, COMPLETED), "{ended}");
    assert_eq!((calls(&stack, "PUT", "/dms").await?, stack.sandbox.posts().await?.len()), (3, 1));
    Ok(())
}
