//! Single posts of two small workspaces beside another one's 10,000, which are all due and slow: how late they start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use shared::app::App;
use shared::clock::{Clock, Timestamp};
use shared::content::{Content, Kind, Overrides, PlatformId};
use shared::entity::job;
use shared::ids::{AccountId, WorkspaceId};
use shared::store::posts;
use tests::Sandbox;

use crate::Place;
use crate::accept;
use crate::client::{self, Connection};
use crate::publish;
use crate::report::{Report, quantile};
use crate::stack::{Backing, Stack};

/// Posts of the busy workspace.
const BUSY: usize = 10_000;

/// Posts of each of the others, a second apart.
const SINGLE: usize = 50;

/// How long the platform takes to answer: the busy workspace alone holds every bulk slot for minutes.
const LATENCY_MS: u32 = 1000;

/// How far ahead the posts are due: time to insert them and to start everything.
const AHEAD: Duration = Duration::from_secs(20);

/// How long after the last of them the single posts may start.
const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// Posts of one transaction.
const CHUNK: usize = 200;

const NOTE: &str = "from due to started, beside 10,000 posts that are due at the same instant; a platform that takes 1 s to answer; one \
                    worker, 64 at once and 16 express; scheduled: 50 posts of one workspace, the first of them due at that \
                    instant too, a second apart; submitted: 50 posts of another, by HTTP, a second apart";

/// Runs the benchmark.
pub(crate) async fn measure(place: &Place, backing: &Backing) -> anyhow::Result<Report> {
    let mut stack = Stack::prepare(place, backing).await?;
    let app = stack.app(Clock::system()).await?;
    let (sandbox_address, api) = (stack.sandbox().to_owned(), stack.api().to_owned());
    stack.start("sandbox", &["--addr", &sandbox_address])?;
    stack.wait_for(&sandbox_address, "/_sandbox/health").await?;
    let sandbox = Sandbox::new(&format!("http://{sandbox_address}"));
    sandbox.post("settings", json!({ "rateLimits": false })).await?;
    let busy = tenant(&stack, &app, &sandbox).await?;
    let (planner, author) = (tenant(&stack, &app, &sandbox).await?, tenant(&stack, &app, &sandbox).await?);
    let due_at = app.clock.now().plus(AHEAD);
    insert(&app, &busy, &[due_at; BUSY]).await?;
    let instants: Vec<Timestamp> = (0..SINGLE as u64).map(|second| due_at.plus(Duration::from_secs(second))).collect();
    insert(&app, &planner, &instants).await?;
    sandbox.post("settings", json!({ "latencyMs": LATENCY_MS })).await?;
    stack.start("api", &[])?;
    stack.start("worker", &["--lanes", "publish"])?;
    stack.start("scheduler", &[])?;
    stack.wait_for_life(&app, "publish").await?;
    stack.wait_for(&api, "/healthz").await?;
    ensure!(app.clock.now() < due_at, "the posts were due before everything was ready");
    tokio::time::sleep(due_at.since(app.clock.now())).await;

    let begun = Instant::now();
    let key = stack.migrate(&["key", author.0.as_str()], "").await?;
    submit_all(&api, &key, &author.1).await?;
    let (scheduled, submitted) = (lateness(&app, &planner.0).await?, lateness(&app, &author.0).await?);
    let started =
        job::Entity::find().filter(job::Column::WorkspaceId.eq(busy.0.clone())).filter(job::Column::StartedAt.is_not_null());
    let started = started.count(&*app.db).await?;
    ensure!(started < BUSY as u64, "the busy workspace was done before the others: nothing was measured");
    let mut report = Report::new(backing.name("fairness"), NOTE);
    for (name, late_ms) in [("scheduled", scheduled), ("submitted", submitted)] {
        report.set(&format!("{name}P50Ms"), quantile(&late_ms, 0.5));
        report.set(&format!("{name}P99Ms"), quantile(&late_ms, 0.99));
        report.set(&format!("{name}MaxMs"), quantile(&late_ms, 1.0));
    }
    report.set("busyPerSecond", started as f64 / begun.elapsed().as_secs_f64());
    stack.close().await?;
    Ok(report)
}

/// A workspace with an account on X.
async fn tenant(stack: &Stack, app: &App, sandbox: &Sandbox) -> anyhow::Result<(WorkspaceId, AccountId)> {
    let workspace = stack.workspace().await?;
    let account = tests::stack::connect(app, sandbox, &workspace, (PlatformId::X, "")).await?;
    Ok((workspace, account))
}

/// Inserts a post for each instant.
async fn insert(app: &App, (workspace, account): &(WorkspaceId, AccountId), instants: &[Timestamp]) -> anyhow::Result<()> {
    let now = app.clock.now();
    let new_post = |(number, due_at): (usize, &Timestamp)| {
        let content = Content { text: format!("Post {number} of many"), ..Content::default() };
        let draft = (Kind::Text, content, Overrides::default());
        Arc::new(publish::new_post((workspace, account, PlatformId::X), draft, (now, *due_at)))
    };
    let new_posts: Vec<_> = instants.iter().enumerate().map(new_post).collect();
    for chunk in new_posts.chunks(CHUNK) {
        posts::insert_batch(&app.db, chunk, now).await?;
    }
    Ok(())
}

async fn submit_all(api: &str, key: &str, account: &AccountId) -> anyhow::Result<()> {
    let mut connection = Connection::open(api).await?;
    let headers = format!("authorization: Bearer {key}\r\n");
    for number in 0..SINGLE as u64 {
        let request = client::post("/api/v1/posts", &headers, &accept::new_post(account, number));
        let (status, body) = connection.send(&request).await?;
        ensure!(status == 202, "answered {status}: {}", serde_json::from_slice::<Value>(body).unwrap_or_default());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// How late each of a workspace's jobs started, in milliseconds, as soon as all have.
async fn lateness(app: &App, workspace: &WorkspaceId) -> anyhow::Result<Vec<f64>> {
    let begun = Instant::now();
    loop {
        let jobs = job::Entity::find().filter(job::Column::WorkspaceId.eq(workspace.clone())).all(&*app.db).await?;
        let late: Option<Vec<f64>> =
            jobs.iter().map(|job| Some(job.started_at?.since(job.run_at).as_secs_f64() * 1000.0)).collect();
        if let Some(late) = late.filter(|late| late.len() == SINGLE) {
            return Ok(late);
        }
        ensure!(begun.elapsed() < STARTED_WITHIN, "not all single posts have started");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
