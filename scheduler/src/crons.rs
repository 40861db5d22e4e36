//! Small recurring work of the system itself, each with its period.

use std::sync::Arc;
use std::time::Duration;

use shared::app::App;
use shared::jobs::Lane;
use shared::store::{connections, idempotency, oauth_states};
use shared::tokens;
use strum::VariantArray;

use crate::ahead;

/// The role under which schedulers show that they live.
pub const ROLE: &str = "scheduler";

/// The pace of the loop; the works below run every so many rounds.
const ROUND: Duration = Duration::from_secs(1);

/// Rounds between two signs of life.
const BEAT_ROUNDS: u64 = 3;

/// Rounds between two purges of what has expired, and between two looks for jobs that a reconnected account has left behind.
const PURGE_ROUNDS: u64 = 60;

/// Expired idempotency keys forgotten by one purge.
const PURGE_MAX: i64 = 10_000;

/// Rounds between two looks for posts that are to be looked at ahead of their time.
const AHEAD_ROUNDS: u64 = 5;

/// Runs the recurring work for ever.
pub async fn keep_running(app: Arc<App>, name: String) {
    for round in 0_u64.. {
        if let Err(error) = run_round(&app, &name, round).await {
            tracing::warn!(error = %format!("{error:#}"), "recurring work was put off");
        }
        tokio::time::sleep(ROUND).await;
    }
}

async fn run_round(app: &App, name: &str, round: u64) -> anyhow::Result<()> {
    // The database's part first: it goes on while Redis is away.
    if round.is_multiple_of(PURGE_ROUNDS) {
        purge(app).await?;
        let resumed = tokens::resume_stray(app).await?;
        tracing::debug!(resumed, "jobs of reconnected accounts looked for");
    }
    if round.is_multiple_of(AHEAD_ROUNDS) {
        let looks = ahead::tick(app).await?;
        tracing::debug!(looks, "posts to be looked at ahead of their time");
    }
    if round.is_multiple_of(BEAT_ROUNDS) {
        app.queue.beat(ROLE, name, app.clock.now()).await?;
    }
    for lane in Lane::VARIANTS {
        app.queue.vacuum(*lane).await?;
    }
    Ok(())
}

/// Forgets what has outlived its time.
async fn purge(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let keys = idempotency::delete_expired(&*app.db, now, PURGE_MAX).await?;
    let states = oauth_states::delete_expired(&*app.db, now).await?;
    let connections = connections::delete_expired(&*app.db, now).await?;
    tracing::debug!(keys, states, connections, "forgot what has expired");
    Ok(())
}
