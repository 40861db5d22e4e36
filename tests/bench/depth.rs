//! What one look of the relay costs with nothing, ten thousand and a million jobs waiting.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use scheduler::relay::Relay;
use shared::app::App;
use shared::clock::Clock;
use shared::entity::job;
use shared::ids::{JobId, WorkspaceId};
use shared::jobs::{Lane, Payload};
use shared::queue::EXPRESS_BURST;
use shared::store::jobs::{self, NewTimes};

use crate::Place;
use crate::report::{Report, quantile};
use crate::stack::{Backing, Stack};

/// Looks that are not counted, and those that are.
const WARM_UP: usize = 10;
const TICKS: usize = 100;

/// Rows of one statement: SQLite looks each `$n` up among all others, so the cost of a statement grows with its square.
const CHUNK: usize = 50;

/// Statements of one transaction.
const CHUNKS: usize = 1000;

/// How far ahead the jobs are due.
const AHEAD: Duration = Duration::from_secs(3600);

const NOTE: &str = "medians of 100 looks; 1mDue: all million jobs are due and their lane is full";

/// Runs the benchmark.
pub(crate) async fn measure(place: &Place) -> anyhow::Result<Report> {
    let stack = Stack::prepare(place, &Backing::Sqlite).await?;
    let clock = Clock::manual(Clock::system().now());
    let app = stack.app(clock.clone()).await?;
    let workspace = stack.workspace().await?;
    let mut report = Report::new("depth".to_owned(), NOTE);
    let mut rows = 0;
    for (name, depth) in [("0", 0), ("10k", 10_000), ("1m", 1_000_000)] {
        let begun = Instant::now();
        insert(&app, &workspace, depth - rows).await?;
        rows = depth;
        ticks(&app, &mut report, name, false).await?;
        eprintln!("depth: {name} rows after {:.1} s", begun.elapsed().as_secs_f64());
    }
    clock.set(clock.now().plus(AHEAD * 3));
    fill_lane(&app).await?;
    ticks(&app, &mut report, "1mDue", true).await?;
    stack.close().await?;
    Ok(report)
}

/// Inserts jobs whose times are spread over the second hour from now.
async fn insert(app: &App, workspace: &WorkspaceId, count: usize) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut left = count;
    while left > 0 {
        let txn = app.db.begin().await?;
        for _ in 0..CHUNKS {
            let size = left.min(CHUNK);
            if size == 0 {
                break;
            }
            let row = |n: usize| {
                let at = now.plus(AHEAD + Duration::from_millis(((left - n) * 7919 % 3_600_000) as u64));
                jobs::new_row(workspace, &Payload::NoOp {}, NewTimes { now, run_at: at, wake_at: at })
            };
            let chunk: Vec<job::Model> = (0..size).map(row).collect();
            jobs::insert_many(&*txn, &chunk).await.context("inserting jobs")?;
            left -= size;
        }
        txn.commit().await?;
    }
    Ok(())
}

/// Fills the lane's list in Redis, so that nothing more may be pushed.
async fn fill_lane(app: &App) -> anyhow::Result<()> {
    let ids: Vec<JobId> = (0..app.config.lane_bound).map(|_| JobId::generate()).collect();
    for chunk in ids.chunks(500) {
        app.queue.push(Lane::System, chunk).await?;
    }
    Ok(())
}

async fn ticks(app: &Arc<App>, report: &mut Report, name: &str, full: bool) -> anyhow::Result<()> {
    let mut took_ms = Vec::with_capacity(TICKS);
    for n in 0..WARM_UP + TICKS {
        let begun = Instant::now();
        // A relay that has seen nothing gives everybody a turn at once, so that the dearest look is measured.
        let tick = Relay::new(Arc::clone(app)).tick().await?;
        if n >= WARM_UP {
            took_ms.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        // A turn in a full lane takes what express credit there is, which Redis forgets when nobody asks for some seconds.
        let pushed = if full { tick.pushed == 0 || tick.pushed == EXPRESS_BURST } else { tick.pushed == 0 };
        ensure!(pushed && tick.lane_full == full, "a look did something else than wanted: {tick:?}");
    }
    report.median(&format!("tickMs{name}"), &took_ms);
    report.set(&format!("tickP99Ms{name}"), quantile(&took_ms, 0.99));
    Ok(())
}
