//! Logins that came back and wait for a choice.

use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};

use super::db::execute;
use crate::clock::Timestamp;
use crate::entity::connection;
use crate::ids::{ConnectionId, WorkspaceId};
use crate::secret::{KeyRing, SecretError};

/// Remembers what a login brought.
pub async fn insert(db: &impl ConnectionTrait, row: connection::Model) -> Result<(), DbErr> {
    row.into_active_model().insert(db).await.map(|_| ())
}

/// A login of the workspace that may still be chosen from.
pub async fn find(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    id: &ConnectionId,
    now: Timestamp,
) -> Result<Option<connection::Model>, DbErr> {
    connection::Entity::find_by_id(id.clone())
        .filter(connection::Column::WorkspaceId.eq(workspace.clone()))
        .filter(connection::Column::ExpiresAt.gt(now))
        .one(db)
        .await
}

/// Forgets the logins of all workspaces whose time is over.
pub async fn delete_expired(db: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbErr> {
    execute(db, "DELETE FROM connections WHERE expires_at <= $1", vec![now.into()]).await
}

/// Seals candidates for the row of `id`.
pub fn seal(keys: &KeyRing, id: &ConnectionId, candidates: &[u8]) -> Result<String, SecretError> {
    keys.seal(candidates, &place(id))
}

/// Opens the candidates of a row.
pub fn open(keys: &KeyRing, row: &connection::Model) -> Result<Vec<u8>, SecretError> {
    keys.open(&row.candidates_sealed, &place(&row.id))
}

fn place(id: &ConnectionId) -> String {
    format!("connections:candidates_sealed:{id}")
}
