//! A tenant.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::ids::WorkspaceId;

/// A row of `workspaces`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workspaces")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkspaceId,
    /// The name people gave it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
