//! A line of a job's timeline.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::ids::{JobId, WorkspaceId};

/// A row of `job_events`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_events")]
pub struct Model {
    /// Grows with every event of a job; the id of the server-sent event.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The job.
    pub job_id: JobId,
    /// The job's workspace.
    pub workspace_id: WorkspaceId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, in snake case.
    pub kind: String,
    /// More about it, as a JSON object.
    pub detail: String,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
