//! A key of our own API.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::ids::{ApiKeyId, WorkspaceId};

/// A row of `api_keys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// The workspace it opens.
    pub workspace_id: WorkspaceId,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal digits.
    pub key_hash: String,
    /// Scopes, separated by spaces.
    pub scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
