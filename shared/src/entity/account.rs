//! A connected account on a platform.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::content::{AccountState, PlatformId};
use crate::ids::{AccountId, WorkspaceId};

/// A row of `accounts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    /// The workspace that connected it.
    pub workspace_id: WorkspaceId,
    /// The platform.
    pub platform: PlatformId,
    /// The platform's id of the account.
    pub external_id: String,
    /// The name shown to people.
    pub name: String,
    /// The name in links, where the platform has one.
    pub username: Option<String>,
    /// Which sort of account it is, where a platform has several; else empty.
    pub variant: String,
    /// Whether it can be used.
    pub state: AccountState,
    /// The sealed grant.
    pub grant_sealed: String,
    /// When it was connected.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
