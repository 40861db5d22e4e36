//! What a job's journal remembers of one step.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::ids::JobId;

/// A row of `job_steps`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_steps")]
pub struct Model {
    /// The job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: JobId,
    /// The step's name. Renaming one makes running jobs repeat it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The output as JSON once done; empty while only the intent stands.
    pub output: Option<String>,
    /// When the first intent was written.
    pub first_at: Timestamp,
    /// When the last intent was written or the step was done.
    pub at: Timestamp,
    /// How often the call was made, or may have been.
    pub sends: i32,
    /// How often the platform was asked about the last call.
    pub looks: i32,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
