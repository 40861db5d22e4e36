//! A login at a platform that began here and has not come back.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::content::PlatformId;
use crate::ids::{AccountId, WorkspaceId};

/// A row of `oauth_states`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_states")]
pub struct Model {
    /// The SHA-256 of the state that travels through the browser.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: String,
    /// The workspace that the account will belong to.
    pub workspace_id: WorkspaceId,
    /// Who began it, as the front end names people.
    pub person: String,
    /// The platform.
    pub platform: PlatformId,
    /// Which of the platform's logins; empty where it has one.
    pub variant: String,
    /// The account that is to be reconnected, if it is about one.
    pub account_id: Option<AccountId>,
    /// What the exchange needs besides the code, sealed: the PKCE verifier, or the secret of an OAuth 1.0a request token.
    pub secret_sealed: String,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it may come back.
    pub expires_at: Timestamp,
    /// When it came back.
    pub used_at: Option<Timestamp>,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
