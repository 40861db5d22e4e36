//! Many posts at once on an account whose token has ended.

use std::time::Duration;

use shared::content::PlatformId;
use shared::ids::JobId;
use tests::Stack;

use super::{connected, refreshes, submit};

/// More than the life of X's access token, which is two hours.
const AFTER_ITS_END: Duration = Duration::from_secs(3 * 3600);

/// Posts at once.
const POSTS: usize = 50;

async fn submit_all(stack: &Stack, account: &shared::entity::account::Model) -> anyhow::Result<Vec<JobId>> {
    let mut jobs = Vec::new();
    for n in 0..POSTS {
        jobs.push(submit(stack, account, &format!("post {n}")).await?);
    }
    Ok(jobs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_posts_on_an_expired_rotating_token_cause_one_renewal() -> anyhow::Result<()> {
    let (stack, account) = connected(PlatformId::X, "").await?;
    stack.advance(AFTER_ITS_END);
    let jobs = submit_all(&stack, &account).await?;

    for job in &jobs {
        let ended = stack.run_to_the_end(job).await?;
        assert_eq!((ended["status"].as_str(), ended["attempt"].as_i64()), (Some("completed"), Some(1)), "{ended}");
    }

    assert_eq!(refreshes(&stack.sandbox, &account).await?, 1);
    assert_eq!(stack.sandbox.posts_saying("post ").await?.len(), POSTS);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_posts_whose_token_is_refused_without_warning_cause_one_renewal() -> anyhow::Result<()> {
    let (stack, account) = connected(PlatformId::X, "").await?;
    stack.sandbox.post(&format!("{}/expire", super::place(&account)), serde_json::json!({})).await?;
    let jobs = submit_all(&stack, &account).await?;

    for job in &jobs {
        let ended = stack.run_to_the_end(job).await?;
        assert_eq!(ended["status"], "completed", "{ended}");
    }

    assert_eq!(refreshes(&stack.sandbox, &account).await?, 1);
    assert_eq!(stack.sandbox.posts_saying("post ").await?.len(), POSTS);
    Ok(())
}
