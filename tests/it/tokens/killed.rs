//! `kill -9` of a real worker at each point of a renewal, with fifty posts that wait for it.

use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;
use shared::content::{AccountState, PlatformId};
use shared::entity::account;
use shared::store::{accounts, notices};
use tests::System;
use tests::login::{connect_by_login, connect_candidate, log_in};

use super::refreshes;

/// Posts that wait.
const POSTS: usize = 50;

/// Longer than the dead worker's lock on the grant (60 s) and its leases on the posts.
const AFTER_THE_OUTAGE: u64 = 120;

/// The points of a renewal: the lock is taken; the intent is written; the platform has answered; the new grant is stored.
const POINTS: [&str; 4] = ["refresh_lock:answered", "refresh:before", "refresh:answered", "refresh_stored:answered"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_at_any_point_of_a_renewal_leaves_one_clear_state() -> anyhow::Result<()> {
    for point in POINTS {
        let system = System::start().await?;
        let world = (&system.app, &system.sandbox, &system.workspace);
        let (account, made) = connect_by_login(world.0, world.1, world.2, (PlatformId::X, "")).await?;
        end_token(&system, &account).await?;
        let scheduler = system.scheduler(0).await?;
        let mut worker = system.worker(&["--halt-at", point], 0).await?;
        let mut jobs = Vec::new();
        for n in 0..POSTS {
            let body =
                json!({ "content": { "text": format!("post {n}") }, "targets": [{ "accountId": account.id, "kind": "text" }] });
            jobs.push(system.submit(&body).await?.remove(0).job);
        }
        worker.said("halted at a crash point", 1).await?;

        worker.kill()?;
        scheduler.kill()?;
        system.sandbox.post("clock", json!({ "advanceSeconds": AFTER_THE_OUTAGE })).await?;
        let _scheduler = system.scheduler(AFTER_THE_OUTAGE).await?;
        let _worker = system.worker(&[], AFTER_THE_OUTAGE).await?;

        // Only the answer that nobody recorded takes the rotating token with it.
        if point == "refresh:answered" {
            for job in &jobs {
                let ended = system.ended(job).await?;
                assert_eq!(
                    (ended["status"].as_str(), ended["error"]["class"].as_str()),
                    (Some("blocked"), Some("auth_revoked")),
                    "{ended}"
                );
            }
            let row = accounts::get(&*system.app.db, &system.workspace, &account.id).await?;
            assert_eq!(row.state, AccountState::NeedsReconnect);
            let told = notices::list(&*system.app.db, &system.workspace, (None, true), 10).await?;
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].detail.contains("refresh_token_lost"), "{told:?}");
            let candidates = log_in(world.0, world.1, (PlatformId::X, ""), &made).await?;
            connect_candidate(world.0, world.2, PlatformId::X, &candidates[0]).await?;
        }
        for job in &jobs {
            let ended = completed(&system, job).await?;
            assert_eq!(ended["status"], "completed", "{point}: {ended}");
        }
        assert_eq!(refreshes(&system.sandbox, &account).await?, 1, "{point}");
        assert_eq!(system.sandbox.posts_saying("post ").await?.len(), POSTS, "{point}");
        println!("killed at {point}: {POSTS} posts published, 1 renewal granted");
    }
    Ok(())
}

/// The token ends at the platform, and our row knows.
async fn end_token(system: &System, account: &account::Model) -> anyhow::Result<()> {
    system.sandbox.post(&format!("{}/expire", super::place(account)), json!({})).await?;
    let row =
        account::ActiveModel { id: Set(account.id.clone()), expires_at: Set(Some(system.app.clock.now())), ..Default::default() };
    row.update(&*system.app.db).await?;
    Ok(())
}

/// Waits for the end of a job that may be blocked first.
async fn completed(system: &System, job: &shared::ids::JobId) -> anyhow::Result<serde_json::Value> {
    loop {
        let ended = system.ended(job).await?;
        if ended["status"] != "blocked" {
            return Ok(ended);
        }
        tokio::task::yield_now().await;
    }
}
