//! Something that a person has to know.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::ids::{AccountId, NoticeId, PostId, WorkspaceId};

/// A row of `notices`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoticeId,
    /// The workspace whose people are told.
    pub workspace_id: WorkspaceId,
    /// What it is about: `account_needs_reconnect`, `refresh_failing`, `post_at_risk`.
    pub kind: String,
    /// What makes it the same as another notice: told once for each cause.
    pub cause: String,
    /// The account it is about.
    pub account_id: Option<AccountId>,
    /// The post it is about.
    pub post_id: Option<PostId>,
    /// What happened and what to do, as JSON, see `error::ErrorRecord`.
    pub detail: String,
    /// When it was told.
    pub created_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
