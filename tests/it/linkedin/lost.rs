//! Lost answers to the visible call, of authors whose posts can be read and of those whose can't.

use std::collections::BTreeSet;
use std::time::Duration;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::Linkedin;
use shared::entity::job_step;
use shared::ids::AccountId;
use shared::journal::{Halt, Point};
use tests::Stack;
use tests::kinds::post_of;

use super::Author::{BlindOrganization, Member, Organization, SelfServe};
use super::{COMPLETED, KINDS, POST, calls, plant, publish, settings, start, state};

#[tokio::test]
async fn a_lost_answer_ends_in_one_post_whoever_the_author_is() -> anyhow::Result<()> {
    let faults = [
        (json!({ "name": "answer_lost" }), true),
        (json!({ "name": "error_after", "status": 503 }), true),
        (json!({ "name": "truncated" }), true),
        (json!({ "name": "reset_before" }), false),
        (json!({ "name": "server_error", "status": 500 }), false),
        (json!({ "name": "unheard_of" }), false),
    ];
    for author in [SelfServe, Organization, BlindOrganization] {
        let (stack, account) = start(author).await?;
        for kind in KINDS {
            for (fault, arrived) in &faults {
                let text = format!("a {kind} and {fault}");
                let (sent, uploads) = (calls(&stack, "POST", "/rest/posts").await?, calls(&stack, "PUT", "/dms").await?);
                plant(&stack, POST, (1, fault.clone())).await?;

                let (job, took) = publish(&stack, &account, kind, &text).await?;

                assert_eq!(state(&job), COMPLETED, "{author:?} {text}: {job}");
                let posts = stack.sandbox.posts().await?;
                let posts: Vec<&Value> = posts.iter().filter(|post| post["id"] == job["published"]["externalId"]).collect();
                assert_eq!(posts.len(), 1, "{author:?} {text}");
                // Only what can be read need not be sent again.
                let found = *arrived && author == Organization;
                assert_eq!(calls(&stack, "POST", "/rest/posts").await? - sent, if found { 1 } else { 2 }, "{author:?} {text}");
                let least = match author {
                    _ if found => 5,
                    Member | SelfServe => 45,
                    Organization | BlindOrganization => 120,
                };
                assert!((least..least + 60).contains(&took), "{author:?} {text}: {took} s");
                let files = posts[0]["media"].as_array().map_or(0, Vec::len);
                assert_eq!(calls(&stack, "PUT", "/dms").await? - uploads, files, "{author:?} {text}");
            }
        }
        assert_eq!(stack.sandbox.posts().await?.len(), KINDS.len() * faults.len(), "{author:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_never_answered_or_can_not_be_told_is_left_to_a_person() -> anyhow::Result<()> {
    let lost = json!({ "name": "answer_lost" });
    let refused = |code: &str| json!({ "name": "error", "code": code });
    let cases = [
        // Never answered, never seen: three sends.
        (SelfServe, vec![(9, json!({ "name": "server_error", "status": 503 }))], 0, 3, 135),
        (Organization, vec![(9, json!({ "name": "server_error", "status": 503 }))], 0, 3, 360),
        (BlindOrganization, vec![(9, json!({ "name": "server_error", "status": 503 }))], 0, 3, 360),
        // It arrived, and each later send is refused for something else: that tells nothing about the first.
        (SelfServe, vec![(1, lost.clone()), (9, refused("400/INVALID_VALUE_FOR_FIELD"))], 1, 3, 135),
        // It arrived, and the next send must wait for longer than the same may be sent.
        (SelfServe, vec![(1, lost.clone()), (1, refused("426/NONEXISTENT_VERSION"))], 1, 2, 3645),
        // It arrived, and each time LinkedIn's word for it is lost as well.
        (SelfServe, vec![(9, lost.clone())], 1, 3, 135),
    ];
    for (author, faults, posts, sends, seconds) in cases {
        let (stack, account) = start(author).await?;
        for fault in &faults {
            plant(&stack, POST, fault.clone()).await?;
        }

        let (job, took) = publish(&stack, &account, Kind::Text, "who knows").await?;

        let told = format!("{author:?} {faults:?}: {job}");
        assert_eq!(state(&job), ("blocked", Some("outcome_unknown"), 1), "{told}");
        assert_eq!(stack.sandbox.posts().await?.len(), posts, "{told}");
        assert_eq!((calls(&stack, "POST", "/rest/posts").await?, took), (sends, seconds), "{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_post_that_shows_late_is_still_one_post() -> anyhow::Result<()> {
    // LinkedIn's list lags: seen at a later look, or else its duplicate check tells. That check may lag, too.
    for (author, lag, took, sends) in [
        (Organization, json!({ "indexLagSeconds": 20 }), 30, 1),
        (Organization, json!({ "indexLagSeconds": 100 }), 120, 1),
        (Organization, json!({ "indexLagSeconds": 100_000 }), 120, 2),
        (SelfServe, json!({ "duplicateLagSeconds": 40 }), 45, 2),
    ] {
        let (stack, account) = start(author).await?;
        settings(&stack, lag.clone()).await?;
        plant(&stack, POST, (1, json!({ "name": "answer_lost" }))).await?;

        let (job, seconds) = publish(&stack, &account, Kind::Text, "late to show").await?;

        assert_eq!((state(&job), seconds), (COMPLETED, took), "{author:?} {lag}: {job}");
        let posts = stack.sandbox.posts().await?;
        assert_eq!((posts.len(), &posts[0]["id"]), (1, &job["published"]["externalId"]), "{author:?} {lag}");
        assert_eq!(calls(&stack, "POST", "/rest/posts").await?, sends);
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_may_die_at_every_step_whatever_can_be_read() -> anyhow::Result<()> {
    for author in [SelfServe, Organization, BlindOrganization] {
        let (mut stack, account) = start(author).await?;
        settings(&stack, json!({ "videoProcessingSeconds": 0, "duplicateLagSeconds": 40 })).await?;
        for kind in KINDS {
            for step in steps(&stack, &account, kind).await? {
                for point in [Point::Before, Point::Answered] {
                    let told = format!("{author:?}: a {kind} that meets its end at {step}, {point}");
                    let body = post_of(Linkedin, kind, &stack.sandbox, &account, &told);
                    let job = stack.submit(&body).await?.remove(0).job;
                    // Files whose state can't be read get a moment, after which there is another run.
                    let is_early = ["probe", "upload", "begin", "parts", "ready"].iter().any(|name| step.starts_with(name));
                    if matches!(author, SelfServe | BlindOrganization) && !is_early && has_files(kind) {
                        stack.drain().await?;
                        stack.advance(Duration::from_secs(10));
                    }
                    stack.crash_at(&job, Halt::new(&*step, point, 1)).await?;

                    let ended = stack.run_to_the_end(&job).await?;

                    assert_eq!(ended["status"], "completed", "{told}: {ended}");
                    let posts = stack.sandbox.posts_saying(&told).await?;
                    assert_eq!((posts.len(), &posts[0]["id"]), (1, &ended["published"]["externalId"]), "{told}");
                }
            }
        }
    }
    Ok(())
}

/// Whether the state of a kind's files can be hidden: that of a video never is, by the sandbox's default.
fn has_files(kind: Kind) -> bool {
    matches!(kind, Kind::Image | Kind::Images | Kind::Document)
}

/// The steps of a kind, read off a run in which nobody dies; a star stands for an id.
async fn steps(stack: &Stack, account: &AccountId, kind: Kind) -> anyhow::Result<BTreeSet<String>> {
    let body = post_of(Linkedin, kind, &stack.sandbox, account, "nobody dies");
    let job = stack.submit(&body).await?.remove(0).job;
    stack.run_to_the_end(&job).await?;
    let steps = job_step::Entity::find().filter(job_step::Column::JobId.eq(job)).all(&*stack.app.db).await?;
    let starred = |name: String| match name.split_once(":urn:") {
        Some((before, _)) => format!("{before}:*"),
        None => name,
    };
    Ok(steps.into_iter().map(|step| starred(step.name)).collect())
}

#[tokio::test]
async fn the_post_of_another_target_is_not_taken_for_this_one() -> anyhow::Result<()> {
    for author in [SelfServe, Organization] {
        let (stack, account) = start(author).await?;
        let (first, _) = publish(&stack, &account, Kind::Text, "twice the same").await?;
        stack.advance(Duration::from_secs(60));
        plant(&stack, POST, (1, json!({ "name": "reset_before" }))).await?;

        let (second, _) = publish(&stack, &account, Kind::Text, "twice the same").await?;

        assert_eq!(first["status"], "completed", "{first}");
        assert_eq!(state(&second), ("blocked", Some("outcome_unknown"), 1), "{author:?}: {second}");
        assert_eq!(stack.sandbox.posts().await?.len(), 1);
    }
    Ok(())
}
