//! From just before the request to the handler's first line, in an idle system.
//!
//! The handler cannot be asked from outside, so three stamps enclose its first line, all taken by the machine's one
//! clock: the claim (`jobs.started_at`, before the claim is committed), the intent of the first visible call
//! (`job_steps.first_at`, taken in the handler after it has read its rows and opened the grant), and the arrival of
//! that call at the platform. The figures `p50Ms` and `p99Ms` take the second: they are never too good.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use shared::app::App;
use shared::clock::Clock;
use shared::entity::{job, job_step};
use shared::ids::{AccountId, JobId, WorkspaceId};
use shared::jobs::JobState;

use crate::Place;
use crate::accept::new_post;
use crate::client::{self, Connection};
use crate::report::{Report, quantile};
use crate::stack::{Backing, Stack};

/// Posts that are not counted.
const WARM_UP: usize = 30;

/// Posts that are counted.
const POSTS: usize = 400;

/// How long all of them may take to be published.
const DONE_WITHIN: Duration = Duration::from_secs(30);

const NOTE: &str = "400 posts, one at a time, 20 to 80 ms apart; p50Ms and p99Ms: to the handler's first intent (an upper bound of its \
                    first line); claimed: to the claim's stamp (a lower bound); firstCall: to the platform. Stamps are whole \
                    milliseconds, rounded down: 0.5 ms were added, so each figure is good to 0.5 ms; firstCall is exact";

/// A post that was sent.
struct Sent {
    at_ms: f64,
    answered_ms: f64,
    job: JobId,
}

/// Runs the benchmark.
pub(crate) async fn measure(place: &Place, backing: &Backing) -> anyhow::Result<Report> {
    let mut stack = Stack::prepare(place, backing).await?;
    let app = stack.app(Clock::system()).await?;
    let (sandbox, api) = (stack.sandbox().to_owned(), stack.api().to_owned());
    stack.start("sandbox", &["--addr", &sandbox])?;
    stack.start("api", &[])?;
    stack.start("worker", &[])?;
    stack.start("scheduler", &[])?;
    stack.wait_for(&sandbox, "/_sandbox/health").await?;
    stack.wait_for(&api, "/readyz").await?;
    let workspace = stack.workspace().await?;
    let key = stack.migrate(&["key", workspace.as_str()], "").await?;
    let account = connect(&stack, &workspace).await?;

    let mut sent = send_all(&api, &key, &account).await?;
    wait_until_published(&app, sent.len()).await?;
    let mut calls = arrivals(&sandbox).await?;
    ensure!(calls.len() == sent.len(), "{} posts made {} calls", sent.len(), calls.len());
    sent.drain(..WARM_UP);
    calls.drain(..WARM_UP);
    let report = told(backing, &app, &sent, &calls).await?;
    stack.close().await?;
    Ok(report)
}

/// Makes an account at the sandbox, without rate limits, and connects it.
async fn connect(stack: &Stack, workspace: &WorkspaceId) -> anyhow::Result<AccountId> {
    let mut sandbox = Connection::open(stack.sandbox()).await?;
    sandbox.send(&client::post("/_sandbox/settings", "", r#"{"rateLimits":false}"#)).await?;
    let request = client::post("/_sandbox/accounts", "", r#"{"platform":"x","name":"Ada","username":"ada"}"#);
    let (_, body) = sandbox.send(&request).await?;
    let made: Value = serde_json::from_slice(body)?;
    let grant = serde_json::json!({ "type": "bearer", "access_token": made["accessToken"] }).to_string();
    let id = made["id"].as_str().context("the sandbox's account has no id")?;
    let connected = stack.migrate(&["account", workspace.as_str(), "x", id, "Ada", "--username", "ada"], &grant).await?;
    Ok(connected.parse()?)
}

async fn send_all(api: &str, key: &str, account: &AccountId) -> anyhow::Result<Vec<Sent>> {
    let mut connection = Connection::open(api).await?;
    let headers = format!("authorization: Bearer {key}\r\n");
    let mut sent = Vec::with_capacity(WARM_UP + POSTS);
    // A fixed sequence that looks random: gaps must not beat in time with anybody's clock.
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for number in 0..WARM_UP + POSTS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_micros(20_000 + (random >> 33) % 60_000)).await;
        let request = client::post("/api/v1/posts", &headers, &new_post(account, number as u64));
        let at_ms = wall_ms()?;
        let (status, body) = connection.send(&request).await?;
        let answered_ms = wall_ms()?;
        ensure!(status == 202, "answered {status}: {}", String::from_utf8_lossy(body));
        let answer: Value = serde_json::from_slice(body)?;
        let job = answer["targets"][0]["jobId"].as_str().context("the answer names no job")?.parse()?;
        sent.push(Sent { at_ms, answered_ms, job });
    }
    Ok(sent)
}

/// The machine's clock in milliseconds with their fractions.
fn wall_ms() -> anyhow::Result<f64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64() * 1000.0)
}

async fn wait_until_published(app: &App, count: usize) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let done = job::Entity::find().filter(job::Column::State.eq(JobState::Completed)).all(&*app.db).await?.len();
        if done == count {
            return Ok(());
        }
        ensure!(begun.elapsed() < DONE_WITHIN, "only {done} of {count} posts are published");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// When each publishing call arrived at the sandbox, in order. The calls of two posts may change places; with gaps
/// above the latency that is rare, and it moves no sum.
async fn arrivals(sandbox: &str) -> anyhow::Result<Vec<f64>> {
    let mut connection = Connection::open(sandbox).await?;
    let (_, body) = connection.send(&client::get("/_sandbox/requests?platform=x&method=POST&path=/2/tweets")).await?;
    let listed: Value = serde_json::from_slice(body)?;
    let requests = listed["requests"].as_array().context("the sandbox lists no requests")?;
    requests
        .iter()
        .map(|request| {
            let at: DateTime<Utc> = request["at"].as_str().context("a call without a time")?.parse()?;
            Ok(at.timestamp_nanos_opt().context("a time out of range")? as f64 / 1e6)
        })
        .collect()
}

async fn told(backing: &Backing, app: &App, sent: &[Sent], calls: &[f64]) -> anyhow::Result<Report> {
    let jobs: HashMap<JobId, job::Model> =
        job::Entity::find().all(&*app.db).await?.into_iter().map(|job| (job.id.clone(), job)).collect();
    let steps = job_step::Entity::find().all(&*app.db).await?;
    let steps: HashMap<JobId, i64> = steps.into_iter().map(|step| (step.job_id, step.first_at.0)).collect();
    let (mut answered, mut claimed, mut begun, mut called) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (sent, call) in sent.iter().zip(calls) {
        let job = jobs.get(&sent.job).context("a job is missing")?;
        let started_at = job.started_at.context("a job never began")?;
        let first_at = steps.get(&sent.job).context("a job has no step")?;
        answered.push(sent.answered_ms - sent.at_ms);
        claimed.push(started_at.0 as f64 + 0.5 - sent.at_ms);
        begun.push(*first_at as f64 + 0.5 - sent.at_ms);
        called.push(call - sent.at_ms);
    }
    let mut report = Report::new(backing.name("latency"), NOTE);
    report.set("p50Ms", quantile(&begun, 0.5));
    report.set("p99Ms", quantile(&begun, 0.99));
    for (name, values) in [("answered", &answered), ("claimed", &claimed), ("firstCall", &called)] {
        report.set(&format!("{name}Ms"), quantile(values, 0.5));
        report.set(&format!("{name}P99Ms"), quantile(values, 0.99));
    }
    report.set("maxMs", quantile(&begun, 1.0));
    Ok(report)
}
