//! Connected accounts. The grant is sealed for its row before it gets here.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Set, sea_query::Expr,
};

use crate::clock::Timestamp;
use crate::content::{AccountState, PlatformId};
use crate::entity::account;
use crate::ids::{AccountId, WorkspaceId};
use crate::secret::{KeyRing, SecretError};

/// Who a new account is.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The workspace that connects it.
    pub workspace: WorkspaceId,
    /// The platform.
    pub platform: PlatformId,
    /// The platform's id of it.
    pub external_id: String,
    /// The name shown to people.
    pub name: String,
    /// The name in links.
    pub username: Option<String>,
    /// Which sort of account.
    pub variant: String,
}

/// A new account's row. Its grant has to be sealed for its id and put in.
pub fn new_row(new: NewAccount, now: Timestamp) -> account::Model {
    account::Model {
        id: AccountId::generate(),
        workspace_id: new.workspace,
        platform: new.platform,
        external_id: new.external_id,
        name: new.name,
        username: new.username,
        variant: new.variant,
        state: AccountState::Connected,
        grant_sealed: String::new(),
        scopes: String::new(),
        grant_no: 1,
        granted_at: now,
        expires_at: None,
        renewal_expires_at: None,
        refresh_job_id: None,
        refresh_holder: None,
        refresh_until: None,
        refresh_sent_at: None,
        problem: None,
        disconnected_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// Stores a newly connected account.
pub async fn insert(db: &impl ConnectionTrait, row: account::Model) -> Result<(), DbErr> {
    row.into_active_model().insert(db).await.map(|_| ())
}

/// The accounts of the workspace among `ids`, in no order.
pub async fn list_by_ids(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    ids: &[AccountId],
) -> Result<Vec<account::Model>, DbErr> {
    account::Entity::find()
        .filter(account::Column::WorkspaceId.eq(workspace.clone()))
        .filter(account::Column::Id.is_in(ids.iter().cloned()))
        .all(db)
        .await
}

/// The workspace's accounts, also those that were let go, newest first: those older than `before`, only those of a platform
/// when one is given.
pub async fn list(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    (platform, before): (Option<PlatformId>, Option<&AccountId>),
    limit: Option<u64>,
) -> Result<Vec<account::Model>, DbErr> {
    let mut select = account::Entity::find().filter(account::Column::WorkspaceId.eq(workspace.clone()));
    if let Some(platform) = platform {
        select = select.filter(account::Column::Platform.eq(platform));
    }
    if let Some(before) = before {
        select = select.filter(account::Column::Id.lt(before.clone()));
    }
    select.order_by_desc(account::Column::Id).limit(limit).all(db).await
}

/// One account of the workspace.
pub async fn find(db: &impl ConnectionTrait, workspace: &WorkspaceId, id: &AccountId) -> Result<Option<account::Model>, DbErr> {
    Ok(list_by_ids(db, workspace, std::slice::from_ref(id)).await?.pop())
}

/// One account of the workspace; fails when absent.
pub async fn get(db: &impl ConnectionTrait, workspace: &WorkspaceId, id: &AccountId) -> Result<account::Model, DbErr> {
    find(db, workspace, id).await?.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}

/// The workspace's account with the platform's own id.
pub async fn find_by_external_id(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    platform: PlatformId,
    external_id: &str,
) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find()
        .filter(account::Column::WorkspaceId.eq(workspace.clone()))
        .filter(account::Column::Platform.eq(platform))
        .filter(account::Column::ExternalId.eq(external_id))
        .one(db)
        .await
}

/// Gives a known account a new grant of which nothing else is known, after which it can be used again.
pub async fn reconnect(
    db: &impl ConnectionTrait,
    account: account::Model,
    grant_sealed: String,
    now: Timestamp,
) -> Result<(), DbErr> {
    let grant_no = account.grant_no + 1;
    let row = account::ActiveModel {
        id: Set(account.id),
        grant_sealed: Set(grant_sealed),
        grant_no: Set(grant_no),
        granted_at: Set(now),
        state: Set(AccountState::Connected),
        scopes: Set(String::new()),
        expires_at: Set(None),
        renewal_expires_at: Set(None),
        refresh_job_id: Set(None),
        refresh_holder: Set(None),
        refresh_until: Set(None),
        refresh_sent_at: Set(None),
        problem: Set(None),
        disconnected_at: Set(None),
        updated_at: Set(now),
        ..Default::default()
    };
    row.update(db).await.map(|_| ())
}

/// Writes down the scopes that the platform told for the account's present grant, separated by spaces.
pub async fn save_scopes(db: &impl ConnectionTrait, account: &account::Model, scopes: &str, now: Timestamp) -> Result<(), DbErr> {
    account::Entity::update_many()
        .col_expr(account::Column::Scopes, Expr::value(scopes))
        .col_expr(account::Column::UpdatedAt, Expr::value(now))
        .filter(account::Column::WorkspaceId.eq(account.workspace_id.clone()))
        .filter(account::Column::Id.eq(account.id.clone()))
        .filter(account::Column::GrantNo.eq(account.grant_no))
        .exec(db)
        .await
        .map(|_| ())
}

/// The accounts with one of these ids on a platform that were not let go. Serves all workspaces: a person's one consent may
/// serve accounts in several.
pub async fn list_alive(
    db: &impl ConnectionTrait,
    platform: PlatformId,
    external_ids: &[&str],
) -> Result<Vec<account::Model>, DbErr> {
    account::Entity::find()
        .filter(account::Column::Platform.eq(platform))
        .filter(account::Column::ExternalId.is_in(external_ids.iter().copied()))
        .filter(account::Column::DisconnectedAt.is_null())
        .all(db)
        .await
}

/// Marks whether the account can be used.
pub async fn update_state(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    id: &AccountId,
    state: AccountState,
    now: Timestamp,
) -> Result<(), DbErr> {
    account::Entity::update_many()
        .col_expr(account::Column::State, Expr::value(state))
        .col_expr(account::Column::UpdatedAt, Expr::value(now))
        .filter(account::Column::WorkspaceId.eq(workspace.clone()))
        .filter(account::Column::Id.eq(id.clone()))
        .exec(db)
        .await
        .map(|_| ())
}

/// The place that an account's grant is sealed for.
fn grant_place(id: &AccountId) -> String {
    format!("accounts:grant_sealed:{id}")
}

/// Seals a grant for the row of `id`.
pub fn seal_grant(keys: &KeyRing, id: &AccountId, grant: &[u8]) -> Result<String, SecretError> {
    keys.seal(grant, &grant_place(id))
}

/// Opens an account's grant.
pub fn open_grant(keys: &KeyRing, account: &account::Model) -> Result<Vec<u8>, SecretError> {
    keys.open(&account.grant_sealed, &grant_place(&account.id))
}
