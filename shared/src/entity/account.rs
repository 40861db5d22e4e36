//! A connected account on a platform.

use sea_orm::entity::prelude::*;

use crate::clock::Timestamp;
use crate::content::{AccountState, PlatformId};
use crate::ids::{AccountId, JobId, WorkspaceId};

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
    /// The sealed grant; empty once the account was let go.
    pub grant_sealed: String,
    /// The scopes that were granted, separated by spaces; empty when unknown.
    pub scopes: String,
    /// Rises with every new grant: the fence of whoever renews it.
    pub grant_no: i64,
    /// When the grant was given or last renewed.
    pub granted_at: Timestamp,
    /// When the access token ends; `None` when it has no end or none is known.
    pub expires_at: Option<Timestamp>,
    /// When that which renews it ends.
    pub renewal_expires_at: Option<Timestamp>,
    /// The one job that will renew it next.
    pub refresh_job_id: Option<JobId>,
    /// Who is renewing it now.
    pub refresh_holder: Option<String>,
    /// Until when that holds.
    pub refresh_until: Option<Timestamp>,
    /// Since when a renewal is out whose answer is not recorded.
    pub refresh_sent_at: Option<Timestamp>,
    /// Why it must be reconnected, as JSON, see `error::ErrorRecord`.
    pub problem: Option<String>,
    /// When its owner let it go.
    pub disconnected_at: Option<Timestamp>,
    /// When it was connected.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// No relations are declared: queries name their joins.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
