//! The worker: takes job ids from the lanes it serves, claims their rows, runs them and settles them.
//!
//! Any number of workers may run; what keeps them apart is the claim in SQL, not the queue.

pub mod jobs;
pub mod lanes;
pub mod runner;
pub mod settle;
pub mod slots;

use std::sync::Arc;
use std::time::Duration;

use shared::app::App;
use shared::ids::JobId;
use shared::jobs::Lane;
use shared::journal::Halt;
use shared::store::jobs as rows;
use tokio_util::sync::CancellationToken;

use crate::runner::Runner;
use crate::slots::Slots;

/// What a worker is told at its start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The lanes to serve.
    pub lanes: Vec<Lane>,
    /// Jobs at once, per lane; a quarter as many more run when other workspaces would have to wait behind them.
    pub concurrency: usize,
    /// A crash point, in tests.
    pub halt: Option<Arc<Halt>>,
}

/// How often a worker shows that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(3);

/// Runs until `shutdown`, then finishes or hands back what runs within the grace period.
pub async fn run(app: Arc<App>, options: Options, shutdown: CancellationToken) -> anyhow::Result<()> {
    let runner = Runner::start(Arc::clone(&app), options.halt);
    tracing::info!(worker = runner.name(), lanes = ?options.lanes, concurrency = options.concurrency, "worker started");
    let mut tasks = tokio::task::JoinSet::new();
    let mut slots = Vec::new();
    for lane in &options.lanes {
        let own = Slots::new(options.concurrency);
        tasks.spawn(lanes::serve(Arc::clone(&runner), *lane, Arc::clone(&own), shutdown.clone()));
        slots.push(own);
    }
    tasks.spawn(beat(Arc::clone(&app), runner.name().to_owned(), options.lanes.clone()));
    tasks.spawn(app.clone().keep_counting());

    shutdown.cancelled().await;
    let waiting: Vec<JobId> = slots.iter().flat_map(|slots| slots.close()).collect();
    tokio::join!(runner.close(app.config.shutdown_grace), give_back(&app, &waiting));
    for lane in &options.lanes {
        if let Err(error) = app.queue.retire((*lane).into(), runner.name()).await {
            tracing::warn!(error = %format!("{error:#}"), "could not sign off");
        }
    }
    app.count_once().await;
    tracing::info!(worker = runner.name(), "worker ended");
    Ok(())
}

/// Tells the scheduler of ids that waited for a slot here.
async fn give_back(app: &App, waiting: &[JobId]) {
    if let Err(error) = rows::wake_now(&*app.db, waiting, app.clock.now()).await {
        tracing::warn!(%error, jobs = waiting.len(), "waiting jobs are pushed again a little later");
    }
}

async fn beat(app: Arc<App>, name: String, lanes: Vec<Lane>) {
    loop {
        for lane in &lanes {
            if let Err(error) = app.queue.beat((*lane).into(), &name, app.clock.now()).await {
                tracing::warn!(error = %format!("{error:#}"), "could not show a sign of life");
            }
        }
        tokio::time::sleep(BEAT_EVERY).await;
    }
}
