//! The worker's side of a job's row: claim, renew, settle, hand back. It serves all workspaces.
//!
//! Every write after the claim carries the fencing number (`claim_no`): once a lease has lapsed and the job was
//! claimed anew, the former holder updates nothing.

use std::collections::{HashMap, HashSet};

use sea_orm::{DbErr, FromQueryResult, QueryResult, TryGetable, Value};

use super::db::{Db, in_order, pieces, query, rows};
use super::job_events::{self, NewEvent};
use crate::clock::Timestamp;
use crate::entity::job;
use crate::error::JobError;
use crate::ids::{JobId, TargetId};
use crate::jobs::JobState;

/// A claim by its job and fencing number.
pub type ClaimKey = (JobId, i64);

/// Claims those of `ids` that are due and free, in one transaction; one answer per id, in order.
pub async fn claim_batch(
    db: &Db,
    ids: &[JobId],
    worker: &str,
    now: Timestamp,
    lease_end: Timestamp,
) -> Result<Vec<Option<job::Model>>, DbErr> {
    let txn = db.begin().await?;
    let lock = if db.writer_is_alone() { "" } else { " ORDER BY id FOR UPDATE" };
    let mut claimed = HashMap::new();
    let mut events = Vec::new();
    for piece in pieces(&in_order(ids, |id| id)) {
        let sql = format!(
            "UPDATE jobs SET state = 'in_progress', claim_no = claim_no + 1, attempt = attempt + 1, wake_at = $1, worker = $2, \
             started_at = COALESCE(started_at, $3), version = version + 1 WHERE id IN (SELECT id FROM jobs WHERE id IN {} \
             AND state IN ('queued', 'scheduled') AND run_at <= $3{lock}) RETURNING *",
            rows(1, piece.len(), 4)
        );
        let mut values: Vec<Value> = vec![lease_end.into(), worker.into(), now.into()];
        values.extend(piece.iter().map(|id| Value::from((*id).clone())));
        for row in query(&*txn, &sql, values).await? {
            let job = job::Model::from_query_result(&row, "")?;
            let detail = serde_json::json!({ "attempt": job.attempt, "worker": worker }).to_string();
            events.push(event(&row, now, "started", detail)?);
            claimed.insert(job.id.clone(), job);
        }
    }
    job_events::insert_many(&*txn, &events).await?;
    txn.commit().await?;
    Ok(ids.iter().map(|id| claimed.remove(id)).collect())
}

/// A claim that was found alive by [`renew`].
#[derive(Debug, Clone)]
pub struct Renewed {
    /// The job.
    pub job: JobId,
    /// Whether its owner called it off.
    pub cancel_requested: bool,
}

/// Renews the leases of `claims`; those missing from the answer are lost.
pub async fn renew(db: &Db, claims: &[ClaimKey], lease_end: Timestamp) -> Result<Vec<Renewed>, DbErr> {
    let txn = db.begin().await?;
    let mut renewed = Vec::with_capacity(claims.len());
    for piece in pieces(&in_order(claims, |(job, _)| job)) {
        let sql = format!(
            "UPDATE jobs SET wake_at = $1 WHERE state = 'in_progress' AND (id, claim_no) IN (VALUES {}) RETURNING id, cancel_requested",
            rows(piece.len(), 2, 2)
        );
        for row in query(&*txn, &sql, claim_values(lease_end, piece)).await? {
            renewed.push(Renewed { job: row.try_get("", "id")?, cancel_requested: row.try_get("", "cancel_requested")? });
        }
    }
    txn.commit().await?;
    Ok(renewed)
}

/// Gives claims back at shutdown: due again at once, the attempt not counted. Open intents stay and are looked into.
pub async fn hand_back(db: &Db, claims: &[ClaimKey], now: Timestamp) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    let mut events = Vec::new();
    for piece in pieces(&in_order(claims, |(job, _)| job)) {
        let sql = format!(
            "UPDATE jobs SET state = 'queued', attempt = attempt - 1, run_at = $1, wake_at = $1, version = version + 1 \
             WHERE state = 'in_progress' AND (id, claim_no) IN (VALUES {}) RETURNING id, workspace_id",
            rows(piece.len(), 2, 2)
        );
        for row in query(&*txn, &sql, claim_values(now, piece)).await? {
            events.push(event(&row, now, "handed_back", "{}".to_owned())?);
        }
    }
    job_events::insert_many(&*txn, &events).await?;
    txn.commit().await
}

fn claim_values(first: Timestamp, claims: &[&ClaimKey]) -> Vec<Value> {
    let mut values: Vec<Value> = vec![first.into()];
    for (job, claim_no) in claims.iter().copied() {
        values.extend([job.clone().into(), (*claim_no).into()]);
    }
    values
}

fn event(row: &QueryResult, at: Timestamp, kind: &'static str, detail: String) -> Result<NewEvent, DbErr> {
    Ok(NewEvent { job: row.try_get("", "id")?, workspace: row.try_get("", "workspace_id")?, at, kind, detail })
}

/// Where a published post is to be found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Published {
    /// The platform's id of the post.
    pub external_id: String,
    /// Its address, where the platform tells or implies one.
    pub url: Option<String>,
    /// What went wrong after it was live.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

impl Published {
    /// A post that went out without a warning.
    pub fn new(external_id: impl Into<String>, url: Option<String>) -> Self {
        Self { external_id: external_id.into(), url, warnings: Vec::new() }
    }
}

/// Something that went wrong after a post was live: a first comment that was refused, a cover that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// A stable code in snake case.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The platform's own words.
    #[serde(default)]
    pub platform_message: Option<String>,
}

impl From<&JobError> for Warning {
    fn from(error: &JobError) -> Self {
        Self { code: error.code.to_owned(), message: error.message.clone(), platform_message: error.platform_message.clone() }
    }
}

/// The end of one run: what becomes of the job.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The job.
    pub job: JobId,
    /// The claim's fencing number.
    pub claim_no: i64,
    /// The next state.
    pub state: JobState,
    /// When it is due again, for `queued`.
    pub run_at: Timestamp,
    /// Whether the attempt counts.
    pub attempt_counts: bool,
    /// Percent done.
    pub progress: i32,
    /// The error as JSON.
    pub error: Option<String>,
    /// The target and where its post is, when it was published.
    pub published: Option<(TargetId, Published)>,
    /// The timeline's line.
    pub event: NewEvent,
}

/// Settles runs in one transaction; tells for each whether its claim still held.
pub async fn settle_batch(db: &Db, settlements: &[Settlement], now: Timestamp) -> Result<Vec<bool>, DbErr> {
    let txn = db.begin().await?;
    let mut settled = HashSet::new();
    for piece in pieces(&in_order(settlements, |settlement| &settlement.job)) {
        let sql = format!(
            "UPDATE jobs SET state = v.column3, run_at = v.column4, wake_at = v.column5, attempt = attempt - v.column6, \
             progress = v.column7, error = v.column8, finished_at = v.column9, version = version + 1 FROM (VALUES {}) AS v \
             WHERE jobs.id = v.column1 AND jobs.claim_no = v.column2 AND jobs.state = 'in_progress' RETURNING id",
            rows(piece.len(), 9, 1)
        );
        let values = piece.iter().flat_map(|settlement| row_values(settlement, now)).collect();
        for row in query(&*txn, &sql, values).await? {
            settled.insert(String::try_get(&row, "", "id")?);
        }
    }
    let held: Vec<&Settlement> = settlements.iter().filter(|settlement| settled.contains(settlement.job.as_str())).collect();
    for settlement in &held {
        if let Some((target, published)) = &settlement.published {
            super::posts::set_published(&*txn, &settlement.event.workspace, target, published, now).await?;
        }
    }
    let events: Vec<NewEvent> = held.iter().map(|settlement| settlement.event.clone()).collect();
    job_events::insert_many(&*txn, &events).await?;
    txn.commit().await?;
    Ok(settlements.iter().map(|settlement| settled.contains(settlement.job.as_str())).collect())
}

fn row_values(settlement: &Settlement, now: Timestamp) -> [Value; 9] {
    let settled = settlement.state.is_settled();
    let wake_at = (!settled).then_some(settlement.run_at);
    let finished_at = settled.then_some(now);
    [
        settlement.job.clone().into(),
        settlement.claim_no.into(),
        settlement.state.into(),
        settlement.run_at.into(),
        wake_at.into(),
        i32::from(!settlement.attempt_counts).into(),
        settlement.progress.into(),
        settlement.error.clone().into(),
        finished_at.into(),
    ]
}
