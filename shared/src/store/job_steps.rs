//! The journal's rows. Every write carries the claim's fencing number: a worker that lost its lease writes nothing.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, TryGetable, Value};

use super::db::{Db, execute, in_order, pieces, query, rows};
use super::job_events::{self, NewEvent};
use crate::clock::Timestamp;
use crate::entity::job_step;
use crate::ids::JobId;

/// A call that is about to be made or may have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// When the first intent for the step was written.
    pub first_at: Timestamp,
    /// When this call's intent was written.
    pub at: Timestamp,
    /// Which call this is, from 1.
    pub sends: i32,
    /// How often the platform was asked about it.
    pub looks: i32,
}

/// What a write does to a step's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepChange {
    /// The call is about to be made, or was looked for in vain.
    Intend(Intent),
    /// The step is done; its output as JSON.
    Done(String),
    /// The call certainly did nothing: the intent goes.
    Withdraw,
}

/// One journal write of the holder of a claim.
#[derive(Debug, Clone)]
pub struct StepWrite {
    /// The job.
    pub job: JobId,
    /// The claim's fencing number.
    pub claim_no: i64,
    /// The step's name.
    pub name: String,
    /// What to write.
    pub change: StepChange,
    /// The job's progress in percent.
    pub progress: i32,
    /// A line for the timeline.
    pub event: Option<NewEvent>,
}

/// All steps of a claimed job, for the machinery.
pub async fn list(db: &impl ConnectionTrait, job: &JobId) -> Result<Vec<job_step::Model>, DbErr> {
    job_step::Entity::find().filter(job_step::Column::JobId.eq(job.clone())).all(db).await
}

/// Whether a call of the job may have been made without anybody knowing its outcome.
pub async fn has_open_intent(db: &impl ConnectionTrait, job: &JobId) -> Result<bool, DbErr> {
    Ok(list(db, job).await?.iter().any(|step| step.output.is_none()))
}

/// Removes the open intents of a job that a person said to send again.
pub async fn delete_intents(db: &impl ConnectionTrait, job: &JobId) -> Result<(), DbErr> {
    execute(db, "DELETE FROM job_steps WHERE job_id = $1 AND output IS NULL", vec![job.clone().into()]).await.map(|_| ())
}

/// Writes steps in one transaction, for all workspaces; tells for each whether its claim still held.
///
/// The jobs' rows are locked first (by renewing their leases), so a new claim can't come between check and write.
pub async fn write_batch(db: &Db, writes: &[StepWrite], now: Timestamp, lease_end: Timestamp) -> Result<Vec<bool>, DbErr> {
    let txn = db.begin().await?;
    let held = hold_claims(&*txn, writes, lease_end).await?;
    let kept: Vec<&StepWrite> = writes.iter().filter(|write| held.contains(write.job.as_str())).collect();
    upsert(&*txn, &kept, now).await?;
    for write in kept.iter().filter(|write| write.change == StepChange::Withdraw) {
        let values = vec![write.job.clone().into(), write.name.clone().into()];
        execute(&*txn, "DELETE FROM job_steps WHERE job_id = $1 AND name = $2", values).await?;
    }
    let events: Vec<NewEvent> = kept.iter().filter_map(|write| write.event.clone()).collect();
    job_events::insert_many(&*txn, &events).await?;
    txn.commit().await?;
    Ok(writes.iter().map(|write| held.contains(write.job.as_str())).collect())
}

async fn hold_claims(db: &impl ConnectionTrait, writes: &[StepWrite], lease_end: Timestamp) -> Result<HashSet<String>, DbErr> {
    let mut held = HashSet::new();
    for piece in pieces(&in_order(writes, |write| &write.job)) {
        let sql = format!(
            "UPDATE jobs SET wake_at = $1, progress = v.column3, version = version + 1 FROM (VALUES {}) AS v \
             WHERE jobs.id = v.column1 AND jobs.claim_no = v.column2 AND jobs.state = 'in_progress' RETURNING id",
            rows(piece.len(), 3, 2)
        );
        let mut values: Vec<Value> = vec![lease_end.into()];
        for write in piece {
            values.extend([write.job.clone().into(), write.claim_no.into(), write.progress.into()]);
        }
        for row in query(db, &sql, values).await? {
            held.insert(String::try_get(&row, "", "id")?);
        }
    }
    Ok(held)
}

async fn upsert(db: &impl ConnectionTrait, writes: &[&StepWrite], now: Timestamp) -> Result<(), DbErr> {
    let kept: Vec<&&StepWrite> = writes.iter().filter(|write| write.change != StepChange::Withdraw).collect();
    for piece in pieces(&kept) {
        let sql = format!(
            "INSERT INTO job_steps (job_id, name, output, first_at, at, sends, looks) VALUES {} ON CONFLICT (job_id, name) \
             DO UPDATE SET output = excluded.output, at = excluded.at, sends = excluded.sends, looks = excluded.looks",
            rows(piece.len(), 7, 1)
        );
        let values = piece.iter().flat_map(|write| step_values(write, now)).collect();
        execute(db, &sql, values).await?;
    }
    Ok(())
}

fn step_values(write: &StepWrite, now: Timestamp) -> [Value; 7] {
    let done = Intent { first_at: now, at: now, sends: 1, looks: 0 };
    let (output, intent) = match &write.change {
        StepChange::Intend(intent) => (None, *intent),
        StepChange::Done(output) => (Some(output.clone()), done),
        StepChange::Withdraw => (None, done),
    };
    [
        write.job.clone().into(),
        write.name.clone().into(),
        output.into(),
        intent.first_at.into(),
        intent.at.into(),
        intent.sends.into(),
        intent.looks.into(),
    ]
}
