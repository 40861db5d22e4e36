//! Tenants.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, IntoActiveModel};

use crate::clock::Timestamp;
use crate::entity::workspace;
use crate::ids::WorkspaceId;

/// Makes a workspace.
pub async fn insert(db: &impl ConnectionTrait, name: &str, now: Timestamp) -> Result<WorkspaceId, DbErr> {
    let row = workspace::Model { id: WorkspaceId::generate(), name: name.to_owned(), created_at: now };
    row.into_active_model().insert(db).await.map(|row| row.id)
}
