//! Renewal in time, and in the middle of the work.

use serde_json::json;
use shared::content::{Kind, PlatformId};
use shared::entity::job;
use shared::jobs::JobState;
use shared::platforms::connect;
use shared::store::jobs;
use tests::Stack;
use tests::kinds::{post_of, with_comment};

use super::{RENEWED, connected, place, refreshes, row, submit};

async fn job(stack: &Stack, id: &shared::ids::JobId) -> anyhow::Result<job::Model> {
    Ok(jobs::find(&*stack.app.db, &stack.workspace, id).await?.expect("the job is there"))
}

#[tokio::test]
async fn each_grant_is_renewed_ahead_of_its_end_by_one_job_after_another() -> anyhow::Result<()> {
    for (platform, variant) in RENEWED {
        let (stack, account) = connected(platform, variant).await?;
        let end = account.expires_at.expect("it ends");
        let first = job(&stack, account.refresh_job_id.as_ref().expect("it is to be renewed")).await?;
        let ahead = connect::renew_ahead(platform);
        assert!(first.run_at <= end.minus(ahead) && first.run_at >= end.minus(ahead * 5 / 4), "{platform}: {first:?}");
        stack.app.clock.set(first.run_at);

        let ended = stack.run_to_the_end(&first.id).await?;

        assert_eq!(ended["status"], "completed", "{platform}: {ended}");
        let renewed = row(&stack, &account.id).await?;
        assert!(renewed.grant_no == account.grant_no + 1 && renewed.expires_at > account.expires_at, "{platform}: {renewed:?}");
        let next = job(&stack, renewed.refresh_job_id.as_ref().expect("it is to be renewed again")).await?;
        assert_eq!((next.state, next.id == first.id), (JobState::Scheduled, false), "{platform}");
        assert!(next.run_at > first.run_at, "{platform}");
        // The renewed grant works.
        let kind = shared::platforms::rules(platform).kinds[0].kind;
        let ended = stack
            .run_to_the_end(&stack.submit(&post_of(platform, kind, &stack.sandbox, &account.id, "renewed")).await?.remove(0).job)
            .await?;
        assert_eq!(ended["status"], "completed", "{platform}: {ended}");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_refused_in_the_middle_is_renewed_once_and_the_thread_goes_on() -> anyhow::Result<()> {
    let (stack, account) = connected(PlatformId::X, "").await?;
    let refusal = json!({ "name": "error", "code": "401/unauthorized" });
    stack.sandbox.plant(json!({ "platform": "x", "path": "/2/tweets", "skip": 1, "action": refusal })).await?;
    let body = post_of(PlatformId::X, Kind::Thread, &stack.sandbox, &account.id, "a thread");
    let job = stack.submit(&body).await?.remove(0).job;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!((ended["status"].as_str(), ended["attempt"].as_i64()), (Some("completed"), Some(1)), "{ended}");
    assert_eq!((stack.sandbox.posts().await?.len(), refreshes(&stack.sandbox, &account).await?), (3, 1));
    Ok(())
}

#[tokio::test]
async fn a_token_refused_after_the_post_is_live_is_renewed_for_the_first_comment() -> anyhow::Result<()> {
    let (stack, account) = connected(PlatformId::Youtube, "").await?;
    let refusal = json!({ "name": "error", "code": "401/authError" });
    stack.sandbox.plant(json!({ "platform": "youtube", "path": "/youtube/v3/commentThreads", "action": refusal })).await?;
    let body = post_of(PlatformId::Youtube, Kind::Video, &stack.sandbox, &account.id, "a film");
    let body = with_comment(body, PlatformId::Youtube, Kind::Video, "and a comment");
    let job = stack.submit(&body).await?.remove(0).job;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!((ended["status"].as_str(), &ended["published"]["warnings"]), (Some("completed"), &json!(null)), "{ended}");
    assert_eq!(refreshes(&stack.sandbox, &account).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_platform_that_refuses_every_token_ends_the_account_after_one_renewal() -> anyhow::Result<()> {
    let (stack, account) = connected(PlatformId::X, "").await?;
    let refusal = json!({ "name": "error", "code": "401/unauthorized" });
    stack.sandbox.plant(json!({ "platform": "x", "path": "/2/tweets", "count": 100, "action": refusal })).await?;
    let job = submit(&stack, &account, "refused").await?;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!((ended["status"].as_str(), ended["error"]["code"].as_str()), (Some("blocked"), Some("token_refused")), "{ended}");
    assert_eq!(refreshes(&stack.sandbox, &account).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_renewal_without_a_new_refresh_token_keeps_the_old_one() -> anyhow::Result<()> {
    let (stack, account) = connected(PlatformId::Youtube, "").await?;

    for round in 1..=3 {
        stack.sandbox.post(&format!("{}/expire", place(&account)), json!({})).await?;
        let body = post_of(PlatformId::Youtube, Kind::Video, &stack.sandbox, &account.id, &format!("film {round}"));
        let job = stack.submit(&body).await?.remove(0).job;
        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!(ended["status"], "completed", "{ended}");
        assert_eq!(refreshes(&stack.sandbox, &account).await?, round);
    }
    Ok(())
}
