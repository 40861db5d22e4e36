//! A unit of work. This row is the truth; Redis only carries its id.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::ids::{JobId, PostId, TargetId, WorkspaceId};
use crate::jobs::{JobState, Lane};

/// A row of `jobs`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// The workspace it works for.
    pub workspace_id: WorkspaceId,
    /// The lane it runs in.
    pub lane: Lane,
    /// The payload's kind.
    pub kind: String,
    /// The payload as JSON, see \`jobs::Payload\`.
    pub payload: String,
    /// The post it serves.
    pub post_id: Option<PostId>,
    /// The target it serves.
    pub target_id: Option<TargetId>,
    /// Where it stands.
    pub state: JobState,
    /// Attempts begun that count, the running one included.
    pub attempt: i32,
    /// Attempts before it is given up.
    pub max_attempts: i32,
    /// The fencing number: one more with every claim.
    pub claim_no: i64,
    /// Percent done.
    pub progress: i32,
    /// When it is due, or due again.
    pub run_at: Timestamp,
    /// When the scheduler must look at it next: due time, repetition of a lost push, or end of the lease.
    pub wake_at: Option<Timestamp>,
    /// Whether its owner called it off while it ran.
    pub cancel_requested: bool,
    /// The last error as JSON, see \`error::ErrorRecord\`.
    pub error: Option<String>,
    /// The worker that claimed it last.
    pub worker: Option<String>,
    /// One more with every change that a reader can see.
    pub version: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it was first claimed.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
