//! Films on a Page: waited for, uploaded on from where they stopped, begun anew when the platform drops them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::entity::job_step;
use shared::journal::{Halt, Point};
use shared::store::{accounts, job_steps};
use tests::Stack;

use super::{VISIBLE, calls, plant, run, submit};

#[tokio::test]
async fn a_film_is_waited_for_and_its_failure_told() -> anyhow::Result<()> {
    let films = VISIBLE.iter().filter(|(kind, _, _)| matches!(kind, Kind::Video | Kind::Reel | Kind::VideoStory));
    for (kind, path, skip) in films {
        for (action, docs, status, code) in [
            (json!({ "name": "processing", "checks": 4 }), false, "completed", None),
            (json!({ "name": "processing", "checks": 4 }), true, "completed", None),
            (json!({ "name": "processing_failed", "checks": 2 }), false, "failed", Some("media_processing_failed")),
            (json!({ "name": "processing_failed", "checks": 2 }), true, "failed", Some("media_processing_failed")),
            (json!({ "name": "processing_failed", "code": "expired" }), false, "failed", Some("media_processing_failed")),
            (json!({ "name": "processing", "checks": 100_000 }), false, "blocked", Some("outcome_unknown")),
        ] {
            let stack = Stack::start().await?;
            stack.sandbox.post("settings", json!({ "facebook": { "docsSpelling": docs, "finishTellsPost": docs } })).await?;
            plant(&stack, (path, *skip, 1), &action).await?;
            let job = submit(&stack, *kind, "slow").await?;
            stack.drain().await?;
            let waiting = stack.job(&job).await?;

            let job = stack.run_to_the_end(&job).await?;

            assert_eq!(
                (waiting["status"].as_str(), waiting["error"]["code"].as_str()),
                (Some("queued"), Some("platform_working"))
            );
            let found = (job["status"].as_str(), job["error"]["code"].as_str(), job["attempt"].as_i64());
            assert_eq!(found, (Some(status), code, Some(1)), "{kind} {action}: {job}");
            assert_eq!(stack.sandbox.posts().await?.len(), usize::from(status == "completed"), "{kind} {action}");
            if code == Some("media_processing_failed") {
                assert!(job["error"]["platformMessage"].as_str().is_some_and(|words| !words.is_empty()), "{job}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn reading_a_film_never_changes_what_became_of_it() -> anyhow::Result<()> {
    for name in ["reset_before", "server_error", "unheard_of", "invalid_json", "invalid_content"] {
        for kind in [Kind::Video, Kind::Reel, Kind::VideoStory] {
            let mut stack = Stack::start().await?;
            let job = submit(&stack, kind, "hard to read").await?;
            stack.crash_at(&job, Halt::new("published", Point::Before, 1)).await?;
            let fault = json!({ "platform": "facebook", "method": "GET", "path": "*", "count": 3, "action": { "name": name } });
            stack.sandbox.plant(fault).await?;

            let job = stack.run_to_the_end(&job).await?;

            assert_eq!(
                (job["status"].as_str(), stack.sandbox.posts().await?.len()),
                (Some("completed"), 1),
                "{kind} {name}: {job}"
            );
        }
    }
    Ok(())
}

/// A video of 400,000 bytes in chunks of 64 KiB: seven of them, after the start.
async fn chunked() -> anyhow::Result<(Stack, Value)> {
    let stack = Stack::start().await?;
    stack.sandbox.post("settings", json!({ "facebook": { "chunkBytes": 65_536 } })).await?;
    let media = json!([{ "url": stack.sandbox.sample("landscape.mp4?size=400000") }]);
    let body =
        json!({ "content": { "text": "chunks", "media": media }, "targets": [{ "accountId": stack.facebook, "kind": "video" }] });
    Ok((stack, body))
}

#[tokio::test]
async fn a_video_in_chunks_goes_on_where_it_stopped() -> anyhow::Result<()> {
    // The start, the chunks, and the end; and the one that did not arrive.
    for (name, attempt, posts) in [
        ("delay", 1, 9),
        ("reset_before", 2, 10),
        ("server_error", 2, 10),
        ("answer_lost", 2, 9),
        ("truncated", 2, 9),
        ("error_after", 2, 9),
    ] {
        let (stack, body) = chunked().await?;
        let action = if name == "delay" { json!({ "name": name, "ms": 1 }) } else { json!({ "name": name }) };
        plant(&stack, ("*/videos", 4, 1), &action).await?;

        let job = run(&stack, &body).await?;

        assert_eq!((job["status"].as_str(), job["attempt"].as_i64()), (Some("completed"), Some(attempt)), "{name}: {job}");
        assert_eq!(calls(&stack, "POST", "/videos").await?.len(), posts, "{name}");
        assert_eq!(stack.sandbox.posts().await?[0]["media"][0]["sizeBytes"], 400_000);
    }
    Ok(())
}

#[tokio::test]
async fn offsets_are_the_platforms_to_tell() -> anyhow::Result<()> {
    // The status is silent when the run after a lost answer asks: the platform corrects the first chunk.
    let (stack, body) = chunked().await?;
    plant(&stack, ("*/videos", 4, 1), &json!({ "name": "answer_lost" })).await?;
    let silent = json!({ "name": "respond", "status": 200, "body": { "id": "1" } });
    stack
        .sandbox
        .plant(json!({ "platform": "facebook", "method": "GET", "path": "/v26.0/122*", "skip": 1, "action": silent }))
        .await?;
    let job = run(&stack, &body).await?;
    assert_eq!(job["status"], "completed", "{job}");
    let statuses = calls(&stack, "POST", "/videos").await?;
    assert_eq!((statuses.len(), statuses.iter().filter(|status| **status == 400).count()), (10, 1), "{statuses:?}");

    // It wants the same bytes for ever: nothing is sent for ever.
    let (stack, body) = chunked().await?;
    plant(&stack, ("*/videos", 1, 100), &json!({ "name": "error", "code": "1363037" })).await?;
    let job = run(&stack, &body).await?;
    assert_eq!((job["status"].as_str(), job["error"]["code"].as_str()), (Some("failed"), Some("upload_offset_wrong")), "{job}");
    assert!(calls(&stack, "POST", "/videos").await?.len() <= 20);
    Ok(())
}

#[tokio::test]
async fn a_reels_bytes_go_on_where_they_stopped() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let job = submit(&stack, Kind::Reel, "half of it").await?;
    stack.crash_at(&job, Halt::new("upload:*", Point::Before, 1)).await?;
    let steps = job_steps::list(&*stack.app.db, &job).await?;
    let begun: Value = serde_json::from_str(output(&steps, "start"))?;
    let account = accounts::get(&*stack.app.db, &stack.workspace, &stack.facebook).await?;
    let grant: Value = serde_json::from_slice(&accounts::open_grant(&stack.app.config.keys, &account)?)?;
    let film = reqwest::get(stack.sandbox.sample("vertical.mp4")).await?.bytes().await?;
    let first = stack.app.http.post(begun["upload_url"].as_str().unwrap_or_default());
    let first = first.header("authorization", format!("OAuth {}", grant["access_token"].as_str().unwrap_or_default()));
    let first = first.header("offset", 0).header("file_size", film.len()).body(film.slice(..100_000)).send().await?;
    assert!(first.text().await?.contains("PartialRequestError"));

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(calls(&stack, "POST", "/video-upload/").await?, [json!(400), json!(200)]);
    assert_eq!(stack.sandbox.posts().await?[0]["media"][0]["sizeBytes"], film.len());
    Ok(())
}

fn output<'a>(steps: &'a [job_step::Model], name: &str) -> &'a str {
    steps.iter().find(|step| step.name == name).and_then(|step| step.output.as_deref()).unwrap_or("null")
}

#[tokio::test]
async fn an_upload_that_the_platform_dropped_is_begun_anew() -> anyhow::Result<()> {
    for (kind, start, point) in [
        (Kind::Video, "/videos", "upload:*"),
        (Kind::Video, "/videos", "finish"),
        (Kind::Reel, "/video_reels", "upload:*"),
        (Kind::Reel, "/video_reels", "finish"),
        (Kind::VideoStory, "/video_stories", "upload:*"),
    ] {
        let mut stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({ "facebook": { "uploadSessionSeconds": 3600 } })).await?;
        let job = submit(&stack, kind, "too late").await?;
        stack.crash_at(&job, Halt::new(point, Point::Before, 1)).await?;
        stack.advance(Duration::from_secs(2 * 3600));

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!((job["status"].as_str(), stack.sandbox.posts().await?.len()), (Some("completed"), 1), "{kind} {point}: {job}");
        assert!(calls(&stack, "POST", start).await?.len() >= 3, "{kind}: two starts and an end");
    }
    let stack = Stack::start().await?;
    plant(&stack, ("*/videos", 2, 1), &json!({ "name": "error", "code": "1363030" })).await?;
    let job = submit(&stack, Kind::Video, "dropped at the end").await?;
    let job = stack.run_to_the_end(&job).await?;
    assert_eq!((job["status"].as_str(), job["attempt"].as_i64()), (Some("completed"), Some(2)), "{job}");
    assert_eq!(calls(&stack, "POST", "/videos").await?.len(), 6);
    Ok(())
}
