//! Lost answers to the visible call: one post, and the job knows which.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::Kind;
use shared::journal::{Halt, Point};
use tests::{Stack, kinds};

use super::{INSTAGRAM, KINDS, account, calls, outcome, plant, settings, submit};

#[tokio::test]
async fn a_lost_answer_never_leads_to_a_second_post() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut cases = 0;
    for kind in KINDS {
        for (action, seconds) in [
            (json!({"name":"answer_lost"}), 5),
            (json!({"name":"error_after","status":503}), 5),
            (json!({"name":"truncated"}), 5),
            (json!({"name":"invalid_json"}), 5),
            (json!({"name":"reset_before"}), 50),
            (json!({"name":"server_error","status":500}), 50),
            (json!({"name":"unheard_of"}), 50),
        ] {
            let account = account(&stack, "facebook").await?;
            stack.sandbox.heal().await?;
            plant(&stack, "*/media_publish", 1, action.clone()).await?;
            settings(&stack, json!({"videoProcessingSeconds": 0})).await?;
            let (before, began) = (stack.sandbox.posts().await?.len(), stack.app.clock.now());
            let job = submit(&stack, &account, kind, &format!("{kind} {action}")).await?;

            let job = stack.run_to_the_end(&job).await?;

            let posts = stack.sandbox.posts().await?;
            let found = (outcome(&job), job["attempt"].as_i64(), posts.len() - before);
            assert_eq!(found, (("completed", None), Some(1), 1), "{kind} {action}: {job}");
            assert_eq!(posts[before]["id"], job["published"]["externalId"], "{kind} {action}");
            assert_eq!(stack.app.clock.now().since(began), Duration::from_secs(seconds), "{kind} {action}");
            cases += 1;
        }
    }
    // Never answered, never published: three calls, then a person.
    let account = account(&stack, "facebook").await?;
    plant(&stack, "*/media_publish", 9, json!({"name":"server_error","status":503})).await?;
    let before = calls(&stack, "POST", "/media_publish").await?;
    let job = submit(&stack, &account, Kind::Image, "never answered").await?;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("blocked", Some("outcome_unknown")), "{job}");
    assert_eq!(calls(&stack, "POST", "/media_publish").await? - before, 3);
    println!("instagram lost answers: {cases} cases, one post each");
    Ok(())
}

#[tokio::test]
async fn a_live_post_is_told_apart_from_others_and_waited_for_in_the_lists() -> anyhow::Result<()> {
    for kind in [Kind::Image, Kind::VideoStory] {
        // Listed late.
        let stack = Stack::start().await?;
        let account = account(&stack, "instagram").await?;
        settings(&stack, json!({"indexLagSeconds": 120})).await?;
        plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
        let job = submit(&stack, &account, kind, "late").await?;

        let job = stack.run_to_the_end(&job).await?;

        let posts = stack.sandbox.posts().await?;
        assert_eq!((outcome(&job), posts.len()), (("completed", None), 1), "{job}");
        assert_eq!((&posts[0]["id"], &posts[0]["url"]), (&job["published"]["externalId"], &job["published"]["url"]));

        // Never listed: it is live, and that is what the job says; nothing is sent again.
        settings(&stack, json!({"indexLagSeconds": 1_000_000})).await?;
        stack.sandbox.heal().await?;
        plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
        let mut body = kinds::post_of(INSTAGRAM, kind, &stack.sandbox, &account, "never listed");
        if kind == Kind::Image {
            body["content"]["firstComment"] = json!("first");
        }
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!((outcome(&job), stack.sandbox.posts().await?.len()), (("completed", None), 2), "{job}");
        let warnings = job["published"]["warnings"].as_array().context("warnings")?;
        let codes: Vec<_> = warnings.iter().filter_map(|warning| warning["code"].as_str()).collect();
        let expected: &[&str] =
            if kind == Kind::Image { &["post_id_unknown", "first_comment_impossible"] } else { &["post_id_unknown"] };
        assert_eq!(codes, expected);
        assert_eq!(calls(&stack, "POST", "/media_publish").await?, 2);
    }

    // Two equal posts on one account, both answers lost: each job finds its own.
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    let mut jobs = Vec::new();
    for _ in 0..2 {
        plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
        let mut body = kinds::post_of(INSTAGRAM, Kind::Image, &stack.sandbox, &account, "the same twice");
        body["allowDuplicate"] = json!(true);
        jobs.push(stack.submit(&body).await?.remove(0).job);
        stack.drain().await?;
        stack.advance(Duration::from_secs(2));
    }
    let mut ids = Vec::new();
    for job in &jobs {
        let ended = stack.run_to_the_end(job).await?;
        assert_eq!(outcome(&ended), ("completed", None), "{ended}");
        ids.push(ended["published"]["externalId"].clone());
    }
    let posts: Vec<Value> = stack.sandbox.posts().await?.iter().map(|post| post["id"].clone()).collect();
    assert_eq!(ids, posts);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_leaves_one_post() -> anyhow::Result<()> {
    let steps = ["probe", "item:0:0:0", "item:0:2:0", "ready:*", "container:0", "publish", "permalink", "first_comment"];
    for step in steps {
        for point in [Point::Before, Point::Answered] {
            let mut stack = Stack::start().await?;
            let account = account(&stack, "facebook").await?;
            settings(&stack, json!({"videoProcessingSeconds": 0})).await?;
            let body = kinds::post_of(INSTAGRAM, Kind::Carousel, &stack.sandbox, &account, "survives");
            let body = kinds::with_comment(body, INSTAGRAM, Kind::Carousel, "too");
            let job = stack.submit(&body).await?.remove(0).job;
            stack.crash_at(&job, Halt::new(step, point, 1)).await?;

            let ended = stack.run_to_the_end(&job).await?;

            let posts = stack.sandbox.posts().await?;
            assert_eq!((outcome(&ended), posts.len()), (("completed", None), 1), "{step} {point}: {ended}");
            assert_eq!(posts[0]["comments"].as_array().map(Vec::len), Some(1), "{step} {point}");
            assert_eq!(posts[0]["id"], ended["published"]["externalId"]);
        }
    }
    Ok(())
}
