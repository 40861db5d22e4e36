//! How fast 20,000 no-op jobs drain, each claimed, journaled and settled in the database, beside 20,000 bare apalis
//! tasks that do nothing at all, pushed through the same calls and run by the same library with the same settings.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use shared::app::App;
use shared::clock::{Clock, Timestamp};
use shared::entity::job;
use shared::ids::{JobId, WorkspaceId};
use shared::jobs::{JobState, Lane, Payload};
use shared::store::jobs::{self, NewTimes};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::report::{Report, line_of};
use crate::stack::{Backing, Stack};
use crate::{Place, bare};

const ROUNDS: usize = 3;

/// Jobs of a round.
const JOBS: usize = 20_000;

/// Rows of one statement: SQLite looks each `$n` up among all others, so the cost of a statement grows with its square.
const ROWS: usize = 50;

/// Ids of one push.
const CHUNK: usize = 500;

/// How far ahead the jobs are due: time to insert them and to start everything.
const AHEAD: Duration = Duration::from_secs(8);

/// How long a round may take.
const DONE_WITHIN: Duration = Duration::from_secs(120);

const NOTE: &str = "20,000 no-op jobs, medians of 3 alternating rounds, 64 at once; from the moment they are due until the last one is \
                    settled; apalis: the same number of ids through bare apalis-redis; peak RSS is the worker's";

/// Runs the benchmark.
pub(crate) async fn measure(place: &Place, backing: &Backing) -> anyhow::Result<Report> {
    let (mut ours, mut bare, mut ratio, mut peak) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (ours_now, peak_now) = drain_jobs(place, backing).await?;
        let bare_now = drain_bare(place, backing).await?;
        ours.push(ours_now);
        bare.push(bare_now);
        ratio.push(ours_now / bare_now);
        peak.push(peak_now);
    }
    let mut report = Report::new(backing.name("drain"), NOTE);
    report.median("jobsPerSecond", &ours);
    report.median("apalisJobsPerSecond", &bare);
    report.median("ratio", &ratio);
    report.median("peakRssMb", &peak);
    Ok(report)
}

/// Drains real jobs; gives jobs per second and the worker's peak memory in MB.
async fn drain_jobs(place: &Place, backing: &Backing) -> anyhow::Result<(f64, f64)> {
    let mut stack = Stack::prepare(place, backing).await?;
    let app = stack.app(Clock::system()).await?;
    let workspace = stack.workspace().await?;
    let due_at = app.clock.now().plus(AHEAD);
    insert(&app, &workspace, due_at).await?;
    let worker = stack.start("worker", &["--lanes", "system", "--concurrency", "64"])?;
    stack.start("scheduler", &[])?;
    stack.wait_for_life(&app, "system").await?;
    ensure!(app.clock.now() < due_at, "the jobs were due before everything was ready");
    tokio::time::sleep(due_at.since(app.clock.now())).await;

    let begun = Instant::now();
    // A settled job needs no further look: an empty index is the cheapest sign that all are done.
    while !jobs::next_wakes(&*app.db).await?.is_empty() {
        ensure!(begun.elapsed() < DONE_WITHIN, "the jobs are not done in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let done = job::Entity::find().filter(job::Column::State.eq(JobState::Completed)).count(&*app.db).await?;
    ensure!(done == JOBS as u64, "only {done} of {JOBS} jobs are completed");
    let peak_mb = peak_mb(worker)?;
    stack.close().await?;
    Ok((JOBS as f64 / seconds, peak_mb))
}

async fn insert(app: &App, workspace: &WorkspaceId, due_at: Timestamp) -> anyhow::Result<()> {
    let txn = app.db.begin().await?;
    let times = NewTimes { now: app.clock.now(), run_at: due_at, wake_at: due_at };
    for _ in 0..JOBS / ROWS {
        let chunk: Vec<job::Model> = (0..ROWS).map(|_| jobs::new_row(workspace, &Payload::NoOp {}, times)).collect();
        jobs::insert_many(&*txn, &chunk).await.context("inserting jobs")?;
    }
    Ok(txn.commit().await?)
}

/// The highest memory that a process held so far.
pub(crate) fn peak_mb(process: u32) -> anyhow::Result<f64> {
    let line = line_of(&format!("/proc/{process}/status"), "VmHWM");
    let kilobytes: f64 = line.trim_end_matches("kB").trim().parse().context("reading a process's peak memory")?;
    Ok(kilobytes / 1024.0)
}

/// Drains ids through a bare apalis worker; gives ids per second.
async fn drain_bare(place: &Place, backing: &Backing) -> anyhow::Result<f64> {
    let stack = Stack::prepare(place, backing).await?;
    let app = stack.app(Clock::system()).await?;
    let (_worker, mut lines) = start_bare(place, stack.setting("REDIS_NAMESPACE"))?;
    feed(&app, bare::WARM_UP).await?;
    expect_line(&mut lines, bare::WARM).await?;
    let begun = Instant::now();
    feed(&app, JOBS).await?;
    expect_line(&mut lines, bare::DONE).await?;
    let seconds = begun.elapsed().as_secs_f64();
    stack.close().await?;
    Ok(JOBS as f64 / seconds)
}

/// Starts this program as a bare apalis worker.
fn start_bare(place: &Place, namespace: &str) -> anyhow::Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--bare-apalis", namespace]).env_clear().env("TEST_REDIS_URL", &place.redis_url);
    let mut child = command.kill_on_drop(true).stdout(Stdio::piped()).spawn().context("starting the bare worker")?;
    let output = child.stdout.take().context("reading the bare worker")?;
    Ok((child, BufReader::new(output).lines()))
}

/// Pushes ids as the lane has room for them, like the relay does.
async fn feed(app: &App, count: usize) -> anyhow::Result<()> {
    let ids: Vec<JobId> = (0..count).map(|_| JobId::generate()).collect();
    let (begun, mut fed) = (Instant::now(), 0);
    while fed < ids.len() {
        ensure!(begun.elapsed() < DONE_WITHIN, "the ids are not taken in time");
        let room = app.queue.room(Lane::System).await?.min(CHUNK).min(ids.len() - fed);
        if room == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        }
        app.queue.push(Lane::System, &ids[fed..fed + room]).await?;
        fed += room;
    }
    Ok(())
}

async fn expect_line(lines: &mut Lines<BufReader<ChildStdout>>, wanted: &str) -> anyhow::Result<()> {
    let line = tokio::time::timeout(DONE_WITHIN, lines.next_line()).await.context("waiting for the bare worker")??;
    ensure!(line.as_deref() == Some(wanted), "the bare worker said {line:?} instead of {wanted}");
    Ok(())
}

const _: () = assert!(bare::TASKS == JOBS, "the bare worker counts as many tasks as there are jobs");
