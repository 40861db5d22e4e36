//! How many posts per second the API accepts durably, beside its own route that does nothing.
//!
//! SQLite runs with `synchronous=FULL`, so each commit waits for the disk. One connection shows the cost of a commit of
//! one post, 64 connections what it gains when posts share one; the same single commits without HTTP, and the disk's
//! bare `fdatasync`, show where the time goes.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use shared::app::App;
use shared::clock::Clock;
use shared::content::{Content, Kind, PlatformId};
use shared::entity::{post, post_target};
use shared::ids::{AccountId, PostId, TargetId, WorkspaceId};
use shared::jobs::Payload;
use shared::store::jobs::{self, NewTimes};
use shared::store::posts::{self, NewPost};

use crate::Place;
use crate::client;
use crate::load::{Counter, Load, Seen};
use crate::report::{Report, quantile};
use crate::stack::{Backing, Stack};

const ROUNDS: usize = 5;
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_secs(3);
const SHORT_ROUND: Duration = Duration::from_secs(2);

/// Writes by which the disk is measured.
const SYNCS: u32 = 200;

const NOTE: &str = "64 connections, medians of 5 alternating rounds; p99 over all rounds; keyed: with an Idempotency-Key; \
                    single: 1 connection; unbatched: one post per commit, no HTTP; fdatasync: 4 KiB appended, bare disk";

/// The workspace that posts and its ways in.
struct Author {
    key: String,
    workspace: WorkspaceId,
    account: AccountId,
}

/// What each round saw.
#[derive(Default)]
struct Rounds {
    rps: Vec<f64>,
    noop: Vec<f64>,
    ratio: Vec<f64>,
    keyed: Vec<f64>,
    single: Vec<f64>,
    single_noop: Vec<f64>,
    unbatched: Vec<f64>,
    syncs: Vec<f64>,
    took_ms: Vec<f64>,
    single_took_ms: Vec<f64>,
}

/// Runs the benchmark.
pub(crate) async fn measure(place: &Place, backing: &Backing) -> anyhow::Result<Report> {
    let mut stack = Stack::prepare(place, backing).await?;
    let workspace = stack.workspace().await?;
    let key = stack.migrate(&["key", workspace.as_str()], "").await?;
    let grant = r#"{"type":"bearer","access_token":"none"}"#;
    let account = stack.migrate(&["account", workspace.as_str(), "x", "1", "Bench"], grant).await?.parse()?;
    let author = Author { key, workspace, account };
    stack.start("api", &[])?;
    stack.wait_for(stack.api(), "/healthz").await?;
    let app = stack.app(Clock::system()).await?;

    let counter = Counter::default();
    let mut rounds = Rounds::default();
    post_all(&stack, &author, &counter, (CONNECTIONS, false)).await?;
    for _ in 0..ROUNDS {
        round(&stack, &author, &counter, &mut rounds).await?;
        rounds.unbatched.push(unbatched(&app, &author).await?);
        rounds.syncs.push(syncs(&stack)?);
    }
    stack.close().await?;
    Ok(told(backing, &rounds))
}

fn told(backing: &Backing, rounds: &Rounds) -> Report {
    let mut report = Report::new(backing.name("accept"), NOTE);
    report.median("rps", &rounds.rps);
    report.median("noopRps", &rounds.noop);
    report.median("ratio", &rounds.ratio);
    report.set("p50Ms", quantile(&rounds.took_ms, 0.5));
    report.set("p99Ms", quantile(&rounds.took_ms, 0.99));
    report.median("keyedRps", &rounds.keyed);
    report.median("singleRps", &rounds.single);
    report.set("singleP50Ms", quantile(&rounds.single_took_ms, 0.5));
    report.median("singleNoopRps", &rounds.single_noop);
    report.median("unbatchedRps", &rounds.unbatched);
    report.median("fdatasyncPerSecond", &rounds.syncs);
    report
}

async fn round(stack: &Stack, author: &Author, counter: &Counter, rounds: &mut Rounds) -> anyhow::Result<()> {
    let noop = noop(stack, CONNECTIONS).await?;
    let posted = post_all(stack, author, counter, (CONNECTIONS, false)).await?;
    let keyed = post_all(stack, author, counter, (CONNECTIONS, true)).await?;
    let single = post_all(stack, author, counter, (1, false)).await?;
    rounds.single_noop.push(self::noop(stack, 1).await?.rps);
    rounds.noop.push(noop.rps);
    rounds.rps.push(posted.rps);
    rounds.ratio.push(posted.rps / noop.rps);
    rounds.keyed.push(keyed.rps);
    rounds.single.push(single.rps);
    rounds.took_ms.extend(posted.took_ms);
    rounds.single_took_ms.extend(single.took_ms);
    Ok(())
}

async fn noop(stack: &Stack, connections: usize) -> anyhow::Result<Seen> {
    let load = Load { address: stack.api(), connections, duration: SHORT_ROUND, status: 200 };
    load.run(|| client::get("/healthz")).await
}

async fn post_all(
    stack: &Stack,
    author: &Author,
    counter: &Counter,
    (connections, keyed): (usize, bool),
) -> anyhow::Result<Seen> {
    let duration = if connections > 1 && !keyed { ROUND } else { SHORT_ROUND };
    let load = Load { address: stack.api(), connections, duration, status: 202 };
    let (key, account, counter) = (author.key.clone(), author.account.clone(), counter.clone());
    load.run(move || {
        let number = counter.next();
        let idempotency = if keyed { format!("idempotency-key: bench-{number}\r\n") } else { String::new() };
        let headers = format!("authorization: Bearer {key}\r\n{idempotency}");
        client::post("/api/v1/posts", &headers, &new_post(&account, number))
    })
    .await
}

/// A text post of common length that differs from every other.
pub(crate) fn new_post(account: &AccountId, number: u64) -> String {
    let text = format!("Post {number}: we are glad to tell you that the new release is out, with all that you asked us for.");
    serde_json::json!({ "content": { "text": text }, "targets": [{ "accountId": account, "kind": "text" }] }).to_string()
}

/// Commits of one post each, one after the other, without HTTP.
async fn unbatched(app: &App, author: &Author) -> anyhow::Result<f64> {
    let (begun, mut written) = (Instant::now(), 0_u32);
    while begun.elapsed() < SHORT_ROUND {
        let post = Arc::new(rows(app, author));
        posts::insert_batch(&app.db, &[post], app.clock.now()).await.context("writing a post")?;
        written += 1;
    }
    Ok(f64::from(written) / begun.elapsed().as_secs_f64())
}

/// The rows that the API would write for a post.
fn rows(app: &App, author: &Author) -> NewPost {
    let (now, target) = (app.clock.now(), TargetId::generate());
    let content = Content { text: "the same words for all".to_owned(), ..Content::default() };
    let post = post::Model {
        id: PostId::generate(),
        workspace_id: author.workspace.clone(),
        content: serde_json::to_string(&content).unwrap_or_default(),
        publish_at: now,
        created_at: now,
    };
    let times = NewTimes { now, run_at: now, wake_at: now };
    let mut job = jobs::new_row(&author.workspace, &Payload::PublishPost { target: target.clone() }, times);
    job.post_id = Some(post.id.clone());
    job.target_id = Some(target.clone());
    let target = post_target::Model {
        id: target,
        workspace_id: author.workspace.clone(),
        post_id: post.id.clone(),
        position: 0,
        account_id: author.account.clone(),
        platform: PlatformId::X,
        kind: Kind::Text,
        overrides: "{}".to_owned(),
        job_id: job.id.clone(),
        external_id: None,
        url: None,
        published_at: None,
        warnings: None,
        fingerprint: 0,
        publish_at: now,
        risk: None,
        risk_looks: 2,
        postponed: None,
    };
    NewPost { post, targets: vec![target], jobs: vec![job], key: None, allow_duplicate: true }
}

/// How often per second the disk makes an append durable.
fn syncs(stack: &Stack) -> anyhow::Result<f64> {
    let mut file = std::fs::File::create(stack.folder().join("syncs"))?;
    let begun = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
    }
    Ok(f64::from(SYNCS) / begun.elapsed().as_secs_f64())
}
