//! Jobs as their owners and the scheduler see them.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, TryGetable, Value,
};
use serde::{Deserialize, Serialize};

use super::db::{Db, Txn, execute, in_order, pieces, query, rows, skip_locked};
use super::job_events::{self, NewEvent};
use super::{job_steps, posts};
use crate::clock::Timestamp;
use crate::entity::job;
use crate::ids::{JobId, PostId, WorkspaceId};
use crate::jobs::{JobState, Lane, Payload};
use crate::store::runs::Published;

/// A new job's row: due at `run_at`, which the scheduler first looks at when `wake_at` has come.
pub fn new_row(workspace: &WorkspaceId, payload: &Payload, times: NewTimes) -> job::Model {
    let state = if times.run_at > times.now { JobState::Scheduled } else { JobState::Queued };
    job::Model {
        id: JobId::generate(),
        workspace_id: workspace.clone(),
        lane: payload.lane(),
        kind: payload.kind().to_owned(),
        payload: serde_json::to_string(payload).unwrap_or_else(|_| unreachable!("a payload is plain JSON")),
        post_id: None,
        target_id: None,
        state,
        attempt: 0,
        max_attempts: payload.max_attempts(),
        claim_no: 0,
        progress: 0,
        run_at: times.run_at,
        wake_at: Some(times.wake_at),
        cancel_requested: false,
        error: None,
        worker: None,
        version: 1,
        created_at: times.now,
        started_at: None,
        finished_at: None,
    }
}

/// The instants of a new job.
#[derive(Debug, Clone, Copy)]
pub struct NewTimes {
    /// Now.
    pub now: Timestamp,
    /// When it is due.
    pub run_at: Timestamp,
    /// When the scheduler looks at it first: a little later than due when the writer pushes it itself.
    pub wake_at: Timestamp,
}

const COLUMNS: &str = "id, workspace_id, lane, kind, payload, post_id, target_id, state, attempt, max_attempts, claim_no, progress, \
                       run_at, wake_at, cancel_requested, version, created_at";

/// Inserts jobs.
pub async fn insert_many(db: &impl ConnectionTrait, jobs: &[job::Model]) -> Result<(), DbErr> {
    for piece in pieces(jobs) {
        let sql = format!("INSERT INTO jobs ({COLUMNS}) VALUES {}", rows(piece.len(), 17, 1));
        execute(db, &sql, piece.iter().flat_map(row_values).collect()).await?;
    }
    Ok(())
}

fn row_values(job: &job::Model) -> [Value; 17] {
    [
        job.id.clone().into(),
        job.workspace_id.clone().into(),
        job.lane.into(),
        job.kind.clone().into(),
        job.payload.clone().into(),
        job.post_id.clone().into(),
        job.target_id.clone().into(),
        job.state.into(),
        job.attempt.into(),
        job.max_attempts.into(),
        job.claim_no.into(),
        job.progress.into(),
        job.run_at.into(),
        job.wake_at.into(),
        job.cancel_requested.into(),
        job.version.into(),
        job.created_at.into(),
    ]
}

/// A job that is due, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueJob {
    /// The job.
    pub id: JobId,
    /// Its workspace.
    pub workspace: WorkspaceId,
}

/// What the relay took from a lane.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The jobs to push.
    pub jobs: Vec<DueJob>,
    /// How many of them lost their lease.
    pub lapsed: usize,
}

/// When the scheduler must look next: the earliest `wake_at` of each lane that has one. Serves all workspaces.
pub async fn next_wakes(db: &impl ConnectionTrait) -> Result<Vec<(Lane, Timestamp)>, DbErr> {
    let mut wakes = Vec::new();
    for lane in <Lane as strum::VariantArray>::VARIANTS {
        let sql = "SELECT wake_at FROM jobs WHERE lane = $1 AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1";
        if let Some(row) = query(db, sql, vec![(*lane).into()]).await?.pop() {
            wakes.push((*lane, row.try_get("", "wake_at")?));
        }
    }
    Ok(wakes)
}

/// Takes up to `room` jobs of a lane whose time has come and puts their next look at `repush_at`, for all workspaces.
///
/// Due jobs, retries, pushes that were lost and leases that lapsed are all the same query. A lapsed job is queued
/// again; its journal makes the next run look before it sends. Two schedulers at once take different rows.
pub async fn take_due(db: &Db, lane: Lane, room: usize, now: Timestamp, repush_at: Timestamp) -> Result<Due, DbErr> {
    let txn = db.begin().await?;
    let sql = format!(
        "SELECT id, workspace_id, state, worker FROM jobs WHERE lane = $1 AND wake_at IS NOT NULL AND wake_at <= $2 \
         ORDER BY wake_at LIMIT $3{}",
        skip_locked(&*txn)
    );
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    let found = query(&*txn, &sql, vec![lane.into(), now.into(), limit.into()]).await?;
    let due = mark_taken(&txn, &found, now, repush_at).await?;
    txn.commit().await?;
    Ok(due)
}

/// As [`take_due`], for those of `ids` that are due still, whichever lane they are in.
pub async fn take_these(db: &Db, ids: &[JobId], now: Timestamp, repush_at: Timestamp) -> Result<Due, DbErr> {
    let txn = db.begin().await?;
    let mut found = Vec::new();
    for piece in pieces(&in_order(ids, |id| id)) {
        let sql = format!(
            "SELECT id, workspace_id, state, worker FROM jobs WHERE id IN {} AND wake_at IS NOT NULL AND wake_at <= $1{}",
            rows(1, piece.len(), 2),
            skip_locked(&*txn)
        );
        let mut values: Vec<Value> = vec![now.into()];
        values.extend(piece.iter().map(|id| Value::from((*id).clone())));
        found.extend(query(&*txn, &sql, values).await?);
    }
    let due = mark_taken(&txn, &found, now, repush_at).await?;
    txn.commit().await?;
    Ok(due)
}

/// Puts the next look at rows that are locked here to `repush_at`; those in progress have lost their lease.
async fn mark_taken(txn: &Txn, found: &[QueryResult], now: Timestamp, repush_at: Timestamp) -> Result<Due, DbErr> {
    let mut due = Due::default();
    let mut lapses = Vec::new();
    for row in found {
        let job = due_job(row)?;
        if JobState::try_get(row, "", "state")? == JobState::InProgress {
            let worker: Option<String> = row.try_get("", "worker")?;
            lapses.push(NewEvent {
                job: job.id.clone(),
                workspace: job.workspace.clone(),
                at: now,
                kind: "lease_lapsed",
                detail: serde_json::json!({ "worker": worker }).to_string(),
            });
        }
        due.jobs.push(job);
    }
    for piece in pieces(&due.jobs) {
        let sql = format!(
            "UPDATE jobs SET state = 'queued', wake_at = $1, run_at = CASE WHEN state = 'in_progress' THEN $2 ELSE run_at END, \
             version = version + 1 WHERE id IN {}",
            rows(1, piece.len(), 3)
        );
        let mut values: Vec<Value> = vec![repush_at.into(), now.into()];
        values.extend(piece.iter().map(|job| Value::from(job.id.clone())));
        execute(&**txn, &sql, values).await?;
    }
    job_events::insert_many(&**txn, &lapses).await?;
    due.lapsed = lapses.len();
    Ok(due)
}

fn due_job(row: &QueryResult) -> Result<DueJob, DbErr> {
    Ok(DueJob { id: row.try_get("", "id")?, workspace: row.try_get("", "workspace_id")? })
}

/// The first `each` due jobs of every workspace that has any in a lane, one workspace after the other.
///
/// Skips from workspace to workspace in the index `jobs_by_turn`: the cost grows with their number, not with the backlog.
pub async fn list_first_due(db: &impl ConnectionTrait, lane: Lane, now: Timestamp, each: usize) -> Result<Vec<DueJob>, DbErr> {
    let first = "WHERE own.lane = $1 AND own.workspace_id = turn.workspace_id AND own.wake_at IS NOT NULL \
                 AND own.wake_at <= $2 ORDER BY own.wake_at LIMIT $3";
    // SQLite has no LATERAL and, without statistics, takes the index that lists the whole lane; PostgreSQL would read the
    // whole table for the other form.
    let firsts = match db.get_database_backend() {
        DbBackend::Postgres => {
            format!("LATERAL (SELECT own.id, own.workspace_id, own.wake_at FROM jobs AS own {first}) AS due WHERE TRUE")
        }
        _ => format!("jobs AS due WHERE due.id IN (SELECT own.id FROM jobs AS own INDEXED BY jobs_by_turn {first})"),
    };
    let next = "SELECT workspace_id FROM jobs WHERE lane = $1 AND wake_at IS NOT NULL";
    let sql = format!(
        "WITH RECURSIVE turn (workspace_id) AS (SELECT ({next} ORDER BY workspace_id LIMIT 1) UNION ALL \
         SELECT ({next} AND workspace_id > turn.workspace_id ORDER BY workspace_id LIMIT 1) \
         FROM turn WHERE turn.workspace_id IS NOT NULL) \
         SELECT due.id, due.workspace_id FROM turn CROSS JOIN {firsts} AND turn.workspace_id IS NOT NULL \
         ORDER BY due.workspace_id, due.wake_at"
    );
    let each = i64::try_from(each).unwrap_or(i64::MAX);
    let found = query(db, &sql, vec![lane.into(), now.into(), each.into()]).await?;
    found.iter().map(due_job).collect()
}

/// After Redis lost its contents: everything that was pushed and not yet claimed is due to be pushed again now.
///
/// `repush_at` is the latest moment that [`take_due`] may have set; later ones belong to jobs that wait for their time.
pub async fn wake_pushed(db: &impl ConnectionTrait, now: Timestamp, repush_at: Timestamp) -> Result<u64, DbErr> {
    let mut woken = 0;
    for lane in <Lane as strum::VariantArray>::VARIANTS {
        let sql = "UPDATE jobs SET wake_at = $1 WHERE lane = $2 AND wake_at > $1 AND wake_at <= $3 \
                   AND state IN ('queued', 'scheduled') AND run_at <= $1";
        woken += execute(db, sql, vec![now.into(), (*lane).into(), repush_at.into()]).await?;
    }
    Ok(woken)
}

/// Puts jobs back to be pushed now, after a push failed.
pub async fn wake_now(db: &impl ConnectionTrait, ids: &[JobId], now: Timestamp) -> Result<(), DbErr> {
    for piece in pieces(ids) {
        let sql =
            format!("UPDATE jobs SET wake_at = $1 WHERE state IN ('queued', 'scheduled') AND id IN {}", rows(1, piece.len(), 2));
        let mut values: Vec<Value> = vec![now.into()];
        values.extend(piece.iter().map(|id| Value::from(id.clone())));
        execute(db, &sql, values).await?;
    }
    Ok(())
}

/// Waiting jobs of a lane: how many, and since when the oldest of them is due. Serves the metrics of all workspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Due jobs that nobody has claimed.
    pub due: i64,
    /// When the oldest became due.
    pub oldest: Option<Timestamp>,
}

/// The due backlog of a lane, counted up to `limit`.
pub async fn backlog(db: &impl ConnectionTrait, lane: Lane, now: Timestamp, limit: i64) -> Result<Backlog, DbErr> {
    let sql = "SELECT COUNT(*) AS due, MIN(run_at) AS oldest FROM (SELECT run_at FROM jobs WHERE lane = $1 AND wake_at IS NOT NULL \
               AND state IN ('queued', 'scheduled') AND run_at <= $2 LIMIT $3) AS waiting";
    let row = query(db, sql, vec![lane.into(), now.into(), limit.into()]).await?.pop();
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a count".to_owned()))?;
    Ok(Backlog { due: row.try_get("", "due")?, oldest: row.try_get("", "oldest")? })
}

/// Which jobs a list shows.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those in this lane.
    pub lane: Option<Lane>,
    /// Only those of this post.
    pub post: Option<PostId>,
    /// Only those older than this one: the cursor.
    pub before: Option<JobId>,
}

/// The workspace's jobs, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    filter: &JobFilter,
    limit: u64,
) -> Result<Vec<job::Model>, DbErr> {
    let mut select = job::Entity::find().filter(job::Column::WorkspaceId.eq(workspace.clone()));
    if let Some(state) = filter.state {
        select = select.filter(job::Column::State.eq(state));
    }
    if let Some(kind) = &filter.kind {
        select = select.filter(job::Column::Kind.eq(kind.as_str()));
    }
    if let Some(lane) = filter.lane {
        select = select.filter(job::Column::Lane.eq(lane));
    }
    if let Some(post) = &filter.post {
        select = select.filter(job::Column::PostId.eq(post.clone()));
    }
    if let Some(before) = &filter.before {
        select = select.filter(job::Column::Id.lt(before.clone()));
    }
    select.order_by_desc(job::Column::Id).limit(limit).all(db).await
}

/// One job of the workspace.
pub async fn find(db: &impl ConnectionTrait, workspace: &WorkspaceId, id: &JobId) -> Result<Option<job::Model>, DbErr> {
    job::Entity::find_by_id(id.clone()).filter(job::Column::WorkspaceId.eq(workspace.clone())).one(db).await
}

/// The jobs of the workspace's post.
pub async fn list_by_post(db: &impl ConnectionTrait, workspace: &WorkspaceId, post: &PostId) -> Result<Vec<job::Model>, DbErr> {
    list(db, workspace, &JobFilter { post: Some(post.clone()), ..JobFilter::default() }, u64::from(u16::MAX)).await
}

/// The job with its row locked until the transaction ends, for a decision that depends on its state.
pub async fn lock(db: &impl ConnectionTrait, workspace: &WorkspaceId, id: &JobId) -> Result<Option<job::Model>, DbErr> {
    let sql = format!(
        "SELECT * FROM jobs WHERE workspace_id = $1 AND id = $2{}",
        if skip_locked(db).is_empty() { "" } else { " FOR UPDATE" }
    );
    let row = query(db, &sql, vec![workspace.clone().into(), id.clone().into()]).await?.pop();
    row.map(|row| job::Model::from_query_result(&row, "")).transpose()
}

/// A person's change to a job whose row the caller has locked.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Call it off; it has not begun.
    Cancel,
    /// Ask the run that is under way to stop before its next call.
    RequestCancel,
    /// Run it again from its journal, with all attempts anew.
    Retry,
    /// Run it again from its journal: its account can be used again.
    Resume,
    /// Run it again and send what may have been sent: the person looked and it is not there.
    SendAgain,
    /// It is published, there.
    Published(Published),
}

/// Applies a person's decision to a locked job and writes it into the timeline.
pub async fn decide(db: &impl ConnectionTrait, job: &job::Model, decision: &Decision, now: Timestamp) -> Result<(), DbErr> {
    let (assignments, kind, detail) = match decision {
        Decision::Cancel => ("state = 'cancelled', wake_at = NULL, finished_at = $1", "cancelled", serde_json::json!({})),
        Decision::RequestCancel => ("cancel_requested = TRUE", "cancel_requested", serde_json::json!({})),
        Decision::Retry | Decision::Resume | Decision::SendAgain => (
            "state = 'queued', attempt = 0, run_at = $1, wake_at = $1, error = NULL, started_at = NULL, finished_at = NULL, \
             cancel_requested = FALSE",
            match decision {
                Decision::Retry => "retried",
                Decision::Resume => "resumed",
                _ => "sent_again",
            },
            serde_json::json!({}),
        ),
        Decision::Published(published) => (
            "state = 'completed', progress = 100, wake_at = NULL, error = NULL, finished_at = $1",
            "resolved_as_published",
            serde_json::json!({ "externalId": published.external_id, "url": published.url }),
        ),
    };
    if matches!(decision, Decision::SendAgain) {
        job_steps::delete_intents(db, &job.id).await?;
    }
    if let (Decision::Published(published), Some(target)) = (decision, &job.target_id) {
        posts::set_published(db, &job.workspace_id, target, published, now).await?;
    }
    // `$1` is named even where the assignments have no use for it: PostgreSQL refuses a value that no placeholder takes.
    let sql = format!("UPDATE jobs SET {assignments}, version = version + 1 WHERE id = $2 AND $1 > 0");
    execute(db, &sql, vec![now.into(), job.id.clone().into()]).await?;
    let event = NewEvent { job: job.id.clone(), workspace: job.workspace_id.clone(), at: now, kind, detail: detail.to_string() };
    job_events::insert_many(db, &[event]).await
}
