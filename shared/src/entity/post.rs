//! A post as its author sees it. Its status is derived from its targets' jobs.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::ids::{PostId, WorkspaceId};

/// A row of `posts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "posts")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PostId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// The content as JSON, see \`platforms::Content\`.
    pub content: String,
    /// When it is to be published.
    pub publish_at: Timestamp,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
