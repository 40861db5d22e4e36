//! One workspace's ten thousand due posts do not delay another workspace's single one.

use std::sync::Arc;
use std::time::Duration;

use scheduler::relay::{REPUSH_AFTER, Relay};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Set};
use serde_json::json;
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::{Content, Draft, Kind, Overrides, PlatformId};
use shared::entity::{job, post, post_target};
use shared::ids::{AccountId, JobId, PostId, TargetId, WorkspaceId};
use shared::jobs::{JobState, Lane, Payload};
use shared::queue::EXPRESS_BURST;
use shared::store::jobs::{self, NewTimes};
use shared::store::posts::{self, NewPost};
use shared::store::{api_keys, workspaces};
use tests::processes::Process;
use tests::stack::{ALL_SCOPES, connect};
use tests::{ApiClient, Stack, System};

/// Posts of the busy workspace.
const BUSY: usize = 10_000;

/// Posts of one transaction.
const CHUNK: usize = 200;

/// How long the platform takes for each call, in milliseconds: with 80 slots, minutes for all of the busy workspace.
const SLOW_MS: u64 = 3000;

/// How late the other workspace's post may start.
const LATE_MAX: Duration = Duration::from_secs(1);

/// A text post for X with its rows.
fn text_post((workspace, account): (&WorkspaceId, &AccountId), number: usize, now: Timestamp, due_at: Timestamp) -> NewPost {
    let content = Content { text: format!("Post {number} of many"), ..Content::default() };
    let (target, overrides) = (TargetId::generate(), Overrides::default());
    let post = post::Model {
        id: PostId::generate(),
        workspace_id: workspace.clone(),
        content: serde_json::to_string(&content).expect("plain JSON"),
        publish_at: due_at,
        created_at: now,
    };
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
        platform: PlatformId::X,
        kind: Kind::Text,
        fingerprint: Draft::new(Kind::Text, &content, &overrides).fingerprint(),
        overrides: serde_json::to_string(&overrides).expect("plain JSON"),
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

/// Inserts posts that are due at one instant; gives their jobs.
async fn insert(app: &App, who: (&WorkspaceId, &AccountId), count: usize, due_at: Timestamp) -> anyhow::Result<Vec<JobId>> {
    let now = app.clock.now();
    let posts: Vec<Arc<NewPost>> = (0..count).map(|number| Arc::new(text_post(who, number, now, due_at))).collect();
    for chunk in posts.chunks(CHUNK) {
        posts::insert_batch(&app.db, chunk, now).await?;
    }
    Ok(posts.iter().map(|post| post.jobs[0].id.clone()).collect())
}

/// A second workspace with an account on X.
struct Newcomer {
    workspace: WorkspaceId,
    x: AccountId,
    api: ApiClient,
}

async fn newcomer(system: &System) -> anyhow::Result<Newcomer> {
    let now = system.app.clock.now();
    let workspace = workspaces::insert(&*system.app.db, "Newcomer", now).await?;
    let (_, key) = api_keys::insert(&*system.app.db, &workspace, "newcomer", &ALL_SCOPES, (now, None)).await?;
    let x = connect(&system.app, &system.sandbox, &workspace, (PlatformId::X, "")).await?;
    Ok(Newcomer { workspace, x, api: ApiClient::new(&system.api.url, key.expose()) })
}

/// A system whose platforms are slow, with a worker and a scheduler that live `ahead` seconds in the future.
async fn slow_processes(system: &System, ahead: u64) -> anyhow::Result<(Process, Process)> {
    system.sandbox.post("settings", json!({ "latencyMs": SLOW_MS })).await?;
    Ok((system.worker(&["--lanes", "publish"], ahead).await?, system.scheduler(ahead).await?))
}

async fn started_after(system: &System, id: &JobId) -> anyhow::Result<Duration> {
    let row = job::Entity::find_by_id(id.clone()).one(&*system.app.db).await?.expect("the job is there");
    Ok(row.started_at.expect("the job has ended").since(row.run_at))
}

/// The busy workspace's jobs that have not begun.
async fn waiting(system: &System) -> anyhow::Result<u64> {
    let busy = job::Entity::find().filter(job::Column::WorkspaceId.eq(system.workspace.clone()));
    Ok(busy.filter(job::Column::StartedAt.is_null()).count(&*system.app.db).await?)
}

#[tokio::test]
async fn a_post_submitted_behind_ten_thousand_starts_within_a_second() -> anyhow::Result<()> {
    let system = System::start().await?;
    let other = newcomer(&system).await?;
    insert(&system.app, (&system.workspace, &system.x), BUSY, system.app.clock.now()).await?;
    let _processes = slow_processes(&system, 0).await?;
    while system.app.queue.room(Lane::Publish).await? > 0 {
        tokio::task::yield_now().await;
    }

    let mut late = Vec::new();
    for number in 0..5 {
        let body =
            json!({ "content": { "text": format!("alone {number}") }, "targets": [{ "accountId": other.x, "kind": "text" }] });
        let job = other.api.submit(&body).await?.remove(0).job;
        assert_eq!(other.api.ended(&job).await?["status"], "completed");
        late.push(started_after(&system, &job).await?);
    }

    println!("fairness: submitted behind {BUSY}, started after {late:?}");
    assert!(late.iter().all(|late| *late <= LATE_MAX), "{late:?}");
    assert!(waiting(&system).await? > BUSY as u64 / 2, "the busy workspace was out of the way");
    Ok(())
}

#[tokio::test]
async fn a_post_scheduled_for_the_same_instant_as_ten_thousand_starts_within_a_second() -> anyhow::Result<()> {
    let system = System::start().await?;
    let other = newcomer(&system).await?;
    let due_at = system.app.clock.now().plus(Duration::from_secs(3600));
    insert(&system.app, (&system.workspace, &system.x), BUSY, due_at).await?;
    let job = insert(&system.app, (&other.workspace, &other.x), 1, due_at).await?.remove(0);

    let ahead = due_at.since(system.app.clock.now()).as_secs() - 3;
    let _processes = slow_processes(&system, ahead).await?;
    assert_eq!(other.api.ended(&job).await?["status"], "completed");

    let late = started_after(&system, &job).await?;
    println!("fairness: scheduled with {BUSY} others, started after {late:?}");
    assert!(late <= LATE_MAX, "{late:?}");
    assert!(waiting(&system).await? > BUSY as u64 / 2, "the busy workspace was out of the way");
    Ok(())
}

/// When the scheduler looks at a job next.
async fn wake_at(stack: &Stack, id: &JobId) -> anyhow::Result<Option<Timestamp>> {
    Ok(job::Entity::find_by_id(id.clone()).one(&*stack.app.db).await?.and_then(|row| row.wake_at))
}

#[tokio::test]
async fn in_a_full_lane_every_workspace_gets_its_turn_and_no_row_is_taken_twice() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("LANE_BOUND", "4".to_owned())]).await?;
    let now = stack.app.clock.now();
    let other = workspaces::insert(&*stack.app.db, "Other", now).await?;
    let account = connect(&stack.app, &stack.sandbox, &other, (PlatformId::X, "")).await?;
    let busy = insert(&stack.app, (&stack.workspace, &stack.x), 100, now).await?;
    let later = insert(&stack.app, (&other, &account), 3, now.plus(Duration::from_millis(1))).await?;
    stack.advance(Duration::from_millis(1));

    let mut relay = Relay::new(Arc::clone(&stack.app));
    let mut ticks = Vec::new();
    for _ in 0..3 {
        ticks.push(relay.tick().await?);
    }

    let repush_at = Some(stack.app.clock.now().plus(REPUSH_AFTER));
    for job in &later {
        assert_eq!(wake_at(&stack, job).await?, repush_at);
    }
    let mut pushed = 0;
    for job in &busy {
        pushed += usize::from(wake_at(&stack, job).await? == repush_at);
    }
    // All credit and the other's jobs; then half of the bulk queue, as the other half is given out by turns; then nothing.
    assert_eq!(ticks.iter().map(|tick| tick.pushed).collect::<Vec<_>>(), [EXPRESS_BURST + 3, 2, 0]);
    assert!(ticks.iter().all(|tick| tick.lane_full), "{ticks:?}");
    assert_eq!((pushed, stack.app.queue.depth(Lane::Publish).await?), (EXPRESS_BURST + 2, EXPRESS_BURST + 5));
    stack.advance(Duration::from_millis(250));
    assert_eq!(relay.tick().await?.pushed, 3, "one by new credit and two into the other half");
    Ok(())
}

#[tokio::test]
async fn a_lapsed_lease_is_found_in_a_full_lane_too() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("LANE_BOUND", "1".to_owned())]).await?;
    let now = stack.app.clock.now();
    insert(&stack.app, (&stack.workspace, &stack.x), 50, now).await?;
    let other = workspaces::insert(&*stack.app.db, "Other", now).await?;
    let account = connect(&stack.app, &stack.sandbox, &other, (PlatformId::X, "")).await?;
    let lapsed = insert(&stack.app, (&other, &account), 1, now).await?.remove(0);
    let row = job::Entity::find_by_id(lapsed.clone()).one(&*stack.app.db).await?.expect("the job is there");
    let mut row = row.into_active_model();
    (row.state, row.claim_no, row.run_at) = (Set(JobState::InProgress), Set(1), Set(now));
    row.wake_at = Set(Some(now.plus(Duration::from_millis(1))));
    row.update(&*stack.app.db).await?;
    stack.advance(Duration::from_millis(1));

    let tick = Relay::new(Arc::clone(&stack.app)).tick().await?;

    let row = job::Entity::find_by_id(lapsed).one(&*stack.app.db).await?.expect("the job is there");
    assert_eq!((tick.lapsed, row.state), (1, JobState::Queued));
    Ok(())
}
