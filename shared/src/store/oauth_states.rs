//! Logins under way: each state is used once, within its time.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, FromQueryResult, IntoActiveModel};

use super::db::{execute, query};
use crate::clock::Timestamp;
use crate::entity::oauth_state;
use crate::secret::{KeyRing, SecretError};

/// Remembers a login that begins.
pub async fn insert(db: &impl ConnectionTrait, row: oauth_state::Model) -> Result<(), DbErr> {
    row.into_active_model().insert(db).await.map(|_| ())
}

/// Claims a state by its hash: the first caller within its time gets it, everybody after that nothing.
///
/// The caller is a browser that names no workspace: the row does.
pub async fn claim(db: &impl ConnectionTrait, state_hash: &str, now: Timestamp) -> Result<Option<oauth_state::Model>, DbErr> {
    let sql = "UPDATE oauth_states SET used_at = $2 WHERE state_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING *";
    let row = query(db, sql, vec![state_hash.into(), now.into()]).await?.pop();
    row.map(|row| oauth_state::Model::from_query_result(&row, "")).transpose()
}

/// Forgets the states of all workspaces whose time is over.
pub async fn delete_expired(db: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbErr> {
    execute(db, "DELETE FROM oauth_states WHERE expires_at <= $1", vec![now.into()]).await
}

/// Seals what the exchange will need for the row of a state's hash.
pub fn seal(keys: &KeyRing, state_hash: &str, secret: &[u8]) -> Result<String, SecretError> {
    keys.seal(secret, &place(state_hash))
}

/// Opens what the exchange needs.
pub fn open(keys: &KeyRing, row: &oauth_state::Model) -> Result<Vec<u8>, SecretError> {
    keys.open(&row.secret_sealed, &place(&row.state_hash))
}

fn place(state_hash: &str) -> String {
    format!("oauth_states:secret_sealed:{state_hash}")
}
