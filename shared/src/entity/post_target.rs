//! One post on one account. Its status is its job's.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::content::{Kind, PlatformId};
use crate::ids::{AccountId, JobId, PostId, TargetId, WorkspaceId};

/// A row of `post_targets`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "post_targets")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TargetId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// The post.
    pub post_id: PostId,
    /// Its place among the post's targets, from 0.
    pub position: i32,
    /// The account to publish on.
    pub account_id: AccountId,
    /// The account's platform.
    pub platform: PlatformId,
    /// What kind of post it becomes.
    pub kind: Kind,
    /// What differs from the post's content, as JSON, see \`platforms::Overrides\`.
    pub overrides: String,
    /// The job that publishes it.
    pub job_id: JobId,
    /// The platform's id of the published post.
    pub external_id: Option<String>,
    /// The published post's address.
    pub url: Option<String>,
    /// When it was found published.
    pub published_at: Option<Timestamp>,
    /// What went wrong after it was live, as JSON, see `store::runs::Warning`.
    pub warnings: Option<String>,
    /// A hash of all that people would see, see `Draft::fingerprint`.
    pub fingerprint: i64,
    /// When it is to be published: the post's time, or later when a limit asks for it.
    pub publish_at: Timestamp,
    /// What stands in its way although it is not due yet, as JSON, see `store::risks::Risk`.
    pub risk: Option<String>,
    /// How many of the looks ahead are done, see `store::risks`.
    pub risk_looks: i32,
    /// Why it goes out later than was asked for, as JSON.
    pub postponed: Option<String>,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
