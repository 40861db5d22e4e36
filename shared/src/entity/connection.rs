//! A login at a platform that came back: what may be connected with it.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::content::PlatformId;
use crate::ids::{AccountId, ConnectionId, WorkspaceId};

/// A row of `connections`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connections")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConnectionId,
    /// The workspace that began it.
    pub workspace_id: WorkspaceId,
    /// Who began it: nobody else may choose.
    pub person: String,
    /// The platform.
    pub platform: PlatformId,
    /// The account that is to be reconnected, if it is about one.
    pub account_id: Option<AccountId>,
    /// What may be connected, with the grants, as sealed JSON.
    pub candidates_sealed: String,
    /// When it came back.
    pub created_at: Timestamp,
    /// Until when somebody may choose.
    pub expires_at: Timestamp,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
