//! The timeline of jobs.
//!
//! Events of one job are written while its row is locked, so their ids grow in the order in which they become visible:
//! a reader that resumes after the last id it saw misses nothing.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::db::{execute, pieces, rows};
use crate::clock::Timestamp;
use crate::entity::job_event;
use crate::ids::{JobId, WorkspaceId};

/// A line to add to a job's timeline.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The job.
    pub job: JobId,
    /// The job's workspace.
    pub workspace: WorkspaceId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, in snake case.
    pub kind: &'static str,
    /// More about it, as a JSON object.
    pub detail: String,
}

/// Adds lines; the caller holds the locks of their jobs' rows.
pub async fn insert_many(db: &impl ConnectionTrait, events: &[NewEvent]) -> Result<(), DbErr> {
    for piece in pieces(events) {
        let sql = format!("INSERT INTO job_events (job_id, workspace_id, at, kind, detail) VALUES {}", rows(piece.len(), 5, 1));
        let mut values = Vec::with_capacity(piece.len() * 5);
        for event in piece {
            values.extend([
                event.job.clone().into(),
                event.workspace.clone().into(),
                event.at.into(),
                event.kind.into(),
                event.detail.clone().into(),
            ]);
        }
        execute(db, &sql, values).await?;
    }
    Ok(())
}

/// A job's events after the event `after` (0 for all), oldest first, at most `limit`.
pub async fn list_after(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    job: &JobId,
    after: i64,
    limit: u64,
) -> Result<Vec<job_event::Model>, DbErr> {
    job_event::Entity::find()
        .filter(job_event::Column::WorkspaceId.eq(workspace.clone()))
        .filter(job_event::Column::JobId.eq(job.clone()))
        .filter(job_event::Column::Id.gt(after))
        .order_by_asc(job_event::Column::Id)
        .limit(limit)
        .all(db)
        .await
}
