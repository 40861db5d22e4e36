//! 10,000 posts over accounts on all six platforms, through one worker process, with platforms that answer late.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use shared::app::App;
use shared::clock::Clock;
use shared::content::{Content, Draft, Kind, Media, Options, Overrides, PlatformId};
use shared::entity::{job, job_event, job_step, post, post_target};
use shared::ids::{AccountId, PostId, TargetId, WorkspaceId};
use shared::jobs::{JobState, Payload};
use shared::store::jobs::{self, NewTimes};
use shared::store::posts::{self, NewPost};
use tests::Sandbox;

use crate::Place;
use crate::drain::peak_mb;
use crate::report::Report;
use crate::stack::{Backing, Stack};

/// Posts of a round.
const POSTS: usize = 10_000;

/// Accounts on each platform.
const ACCOUNTS: usize = 10;

/// Posts that one worker publishes at the same time.
const CONCURRENCY: &str = "256";

/// How far ahead the posts are due: time to insert them and to start everything.
const AHEAD: Duration = Duration::from_secs(20);

/// How long a round may take.
const DONE_WITHIN: Duration = Duration::from_secs(900);

/// Posts of one transaction.
const CHUNK: usize = 200;

const NOTE: &str = "10,000 posts: text on X, Facebook and LinkedIn, an image on Instagram, films of 155 kB on TikTok and YouTube; one worker, \
                    256 at once; from the moment they are due until the last one is live; writes: rows claimed, journaled and settled";

/// Runs the benchmark.
pub(crate) async fn measure(place: &Place, backing: &Backing) -> anyhow::Result<Report> {
    let mut report = Report::new(backing.name("publish"), NOTE);
    for latency_ms in [200, 20] {
        let round = publish(place, backing, latency_ms).await?;
        report.set(&format!("postsPerSecond{latency_ms}ms"), round.posts_per_second);
        report.set(&format!("callsPerSecond{latency_ms}ms"), round.calls_per_second);
        report.set(&format!("slotsBound{latency_ms}ms"), round.slots_bound);
        report.set(&format!("peakRssMb{latency_ms}ms"), round.peak_mb);
        report.set(&format!("writesPerPost{latency_ms}ms"), round.writes_per_post);
    }
    Ok(report)
}

struct Round {
    posts_per_second: f64,
    calls_per_second: f64,
    /// Calls under way at once, of the slots that there are: near 1, latency is the bound; far below, the machine is.
    slots_bound: f64,
    peak_mb: f64,
    writes_per_post: f64,
}

async fn publish(place: &Place, backing: &Backing, latency_ms: u32) -> anyhow::Result<Round> {
    let mut stack = Stack::prepare(place, backing).await?;
    let app = stack.app(Clock::system()).await?;
    let address = stack.sandbox().to_owned();
    stack.start("sandbox", &["--addr", &address])?;
    stack.wait_for(&address, "/_sandbox/health").await?;
    let sandbox = Sandbox::new(&format!("http://{address}"));
    quiet(&sandbox).await?;
    let workspace = stack.workspace().await?;
    let accounts = connect(&app, &sandbox, &workspace).await?;
    insert(&app, &sandbox, &workspace, &accounts).await?;
    sandbox.post("settings", json!({ "latencyMs": latency_ms })).await?;
    let due_at = app.clock.now().plus(Duration::ZERO).max(first_due(&app).await?);
    let worker = stack.start("worker", &["--lanes", "publish", "--concurrency", CONCURRENCY])?;
    stack.start("scheduler", &[])?;
    stack.wait_for_life(&app, "publish").await?;
    tokio::time::sleep(due_at.since(app.clock.now())).await;

    let begun = Instant::now();
    while !jobs::next_wakes(&*app.db).await?.is_empty() {
        ensure!(begun.elapsed() < DONE_WITHIN, "the posts are not out in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let done = job::Entity::find().filter(job::Column::State.eq(JobState::Completed)).count(&*app.db).await?;
    ensure!(done == POSTS as u64, "only {done} of {POSTS} posts are out");
    let out = sandbox.posts().await?.len();
    ensure!(out == POSTS, "the platforms hold {out} posts, not {POSTS}");
    let calls = sandbox.get("requests").await?["requests"].as_array().map_or(0, Vec::len);
    let slots: f64 = CONCURRENCY.parse()?;
    let round = Round {
        posts_per_second: POSTS as f64 / seconds,
        calls_per_second: calls as f64 / seconds,
        slots_bound: calls as f64 * f64::from(latency_ms) / 1000.0 / seconds / slots,
        peak_mb: peak_mb(worker)?,
        writes_per_post: writes(&app).await? / POSTS as f64,
    };
    stack.close().await?;
    Ok(round)
}

/// No quotas, no processing: what is measured is Pressroom.
async fn quiet(sandbox: &Sandbox) -> anyhow::Result<()> {
    let none = json!({ "videoProcessingSeconds": 0 });
    let settings = json!({
        "rateLimits": false, "instagram": none, "linkedin": none, "tiktok": none,
        "youtube": { "videoProcessingSeconds": 0, "rejectDuplicates": false }
    });
    sandbox.post("settings", settings).await.map(|_| ())
}

async fn connect(app: &App, sandbox: &Sandbox, workspace: &WorkspaceId) -> anyhow::Result<HashMap<PlatformId, Vec<AccountId>>> {
    let mut accounts: HashMap<PlatformId, Vec<AccountId>> = HashMap::new();
    for platform in PlatformId::ALL {
        for _ in 0..ACCOUNTS {
            accounts.entry(*platform).or_default().push(tests::stack::connect(app, sandbox, workspace, (*platform, "")).await?);
        }
    }
    Ok(accounts)
}

async fn insert(
    app: &App,
    sandbox: &Sandbox,
    workspace: &WorkspaceId,
    accounts: &HashMap<PlatformId, Vec<AccountId>>,
) -> anyhow::Result<()> {
    let due_at = app.clock.now().plus(AHEAD);
    let new_posts: Vec<Arc<NewPost>> = (0..POSTS)
        .map(|n| {
            let platform = PlatformId::ALL[n % PlatformId::ALL.len()];
            let account = &accounts[&platform][n / PlatformId::ALL.len() % ACCOUNTS];
            let draft = draft(platform, sandbox, n);
            Arc::new(new_post((workspace, account, platform), draft, (app.clock.now(), due_at)))
        })
        .collect();
    for chunk in new_posts.chunks(CHUNK) {
        posts::insert_batch(&app.db, chunk, app.clock.now()).await?;
    }
    Ok(())
}

/// What a platform's posts are.
fn draft(platform: PlatformId, sandbox: &Sandbox, n: usize) -> (Kind, Content, Overrides) {
    let text = format!("Post {n}: we are glad to tell you that the new release is out, with all that you asked us for.");
    let file = |name: &str| vec![Media { url: sandbox.sample(name), alt_text: None }];
    let content = Content { text, title: Some(format!("Release {n}")), ..Content::default() };
    match platform {
        PlatformId::X | PlatformId::Facebook | PlatformId::Linkedin => (Kind::Text, content, Overrides::default()),
        PlatformId::Instagram => (Kind::Image, Content { media: file("photo-2.jpg"), ..content }, Overrides::default()),
        PlatformId::Tiktok => {
            let options = Options { privacy: Some("PUBLIC_TO_EVERYONE".to_owned()), ..Options::default() };
            (Kind::Video, Content { media: file("vertical.mp4"), ..content }, Overrides { options, ..Overrides::default() })
        }
        PlatformId::Youtube => {
            let options = Options { privacy: Some("public".to_owned()), made_for_kids: Some(false), ..Options::default() };
            (Kind::Short, Content { media: file("vertical.mp4"), ..content }, Overrides { options, ..Overrides::default() })
        }
    }
}

/// A post with one target, as the API would write it.
pub(crate) fn new_post(
    (workspace, account, platform): (&WorkspaceId, &AccountId, PlatformId),
    (kind, content, overrides): (Kind, Content, Overrides),
    (now, due_at): (shared::clock::Timestamp, shared::clock::Timestamp),
) -> NewPost {
    let post = post::Model {
        id: PostId::generate(),
        workspace_id: workspace.clone(),
        content: serde_json::to_string(&content).unwrap_or_default(),
        publish_at: due_at,
        created_at: now,
    };
    let target = TargetId::generate();
    let times = NewTimes { now, run_at: due_at, wake_at: due_at };
    let mut job = jobs::new_row(workspace, &Payload::PublishPost { target: target.clone() }, times);
    job.post_id = Some(post.id.clone());
    job.target_id = Some(target.clone());
    let target = post_target::Model {
        id: target,
        workspace_id: workspace.clone(),
        post_id: post.id.clone(),
        position: 0,
        account_id: account.clone(),
        platform,
        kind,
        fingerprint: Draft::new(kind, &content, &overrides).fingerprint(),
        overrides: serde_json::to_string(&overrides).unwrap_or_default(),
        job_id: job.id.clone(),
        external_id: None,
        url: None,
        published_at: None,
        warnings: None,
        publish_at: due_at,
        risk: None,
        risk_looks: 2,
        postponed: None,
    };
    NewPost { post, targets: vec![target], jobs: vec![job], key: None, allow_duplicate: true }
}

/// When the first post is due.
async fn first_due(app: &App) -> anyhow::Result<shared::clock::Timestamp> {
    let first = job::Entity::find().one(&*app.db).await?;
    Ok(first.map_or(app.clock.now(), |job| job.run_at))
}

/// Writes of the worker: claims and settlements by their lines in the timeline, intents and outputs of steps.
async fn writes(app: &App) -> anyhow::Result<f64> {
    let events = job_event::Entity::find().filter(job_event::Column::Kind.is_in(["started", "sending", "waiting", "completed"]));
    let steps = job_step::Entity::find().count(&*app.db).await?;
    Ok((events.count(&*app.db).await? + steps) as f64)
}
