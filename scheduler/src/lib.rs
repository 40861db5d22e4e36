//! The scheduler: hands due jobs to their lanes and repairs what got lost. Any number may run at once.

pub mod ahead;
pub mod crons;
pub mod relay;

use std::sync::Arc;

use shared::app::App;
use tokio_util::sync::CancellationToken;

/// Runs until `shutdown`.
pub async fn run(app: Arc<App>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let name = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
    tracing::info!(scheduler = name, "scheduler started");
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(relay::keep_relaying(Arc::clone(&app)));
    tasks.spawn(crons::keep_running(Arc::clone(&app), name.clone()));
    tasks.spawn(Arc::clone(&app).keep_counting());
    shutdown.cancelled().await;
    tasks.shutdown().await;
    if let Err(error) = app.queue.retire(crons::ROLE, &name).await {
        tracing::warn!(error = %format!("{error:#}"), "could not sign off");
    }
    app.count_once().await;
    tracing::info!(scheduler = name, "scheduler ended");
    Ok(())
}
