//! First answers to creating requests.
//!
//! A key is written in the transaction that creates the thing, never before: there is no "in flight" row that a
//! crash could leave behind, so nothing needs to take a key over by time. Two requests at once meet at the primary key.

use sea_orm::{ConnectionTrait, DbErr};

use super::db::{execute, query, rows};
use crate::clock::Timestamp;
use crate::ids::WorkspaceId;

/// The answer that a repeated request gets again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// SHA-256 of the first request's body.
    pub request_hash: String,
    /// The status.
    pub status: i32,
    /// The `Location` header.
    pub location: String,
    /// The body.
    pub body: String,
}

/// A key with the answer to remember for it.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The workspace that sent it.
    pub workspace: WorkspaceId,
    /// Method and path, such as `POST /posts`.
    pub route: &'static str,
    /// The client's key.
    pub key: String,
    /// The answer.
    pub answer: Answer,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// Takes back a key whose request was refused after all, in the transaction that inserted it.
pub async fn delete(db: &impl ConnectionTrait, key: &NewKey) -> Result<(), DbErr> {
    let sql = "DELETE FROM idempotency_keys WHERE workspace_id = $1 AND route = $2 AND key = $3";
    let values = vec![key.workspace.clone().into(), key.route.into(), key.key.clone().into()];
    execute(db, sql, values).await.map(|_| ())
}

/// Inserts keys; tells for each whether it was new. An expired key is overwritten.
pub async fn insert_many(db: &impl ConnectionTrait, keys: &[&NewKey], now: Timestamp) -> Result<Vec<bool>, DbErr> {
    let mut fresh = Vec::with_capacity(keys.len());
    for key in keys {
        let sql = format!(
            "INSERT INTO idempotency_keys (workspace_id, route, key, request_hash, status, location, body, created_at, expires_at) \
             VALUES {} ON CONFLICT (workspace_id, route, key) DO UPDATE SET request_hash = excluded.request_hash, \
             status = excluded.status, location = excluded.location, body = excluded.body, created_at = excluded.created_at, \
             expires_at = excluded.expires_at WHERE idempotency_keys.expires_at <= excluded.created_at",
            rows(1, 9, 1)
        );
        let values = vec![
            key.workspace.clone().into(),
            key.route.into(),
            key.key.clone().into(),
            key.answer.request_hash.clone().into(),
            key.answer.status.into(),
            key.answer.location.clone().into(),
            key.answer.body.clone().into(),
            now.into(),
            key.expires_at.into(),
        ];
        fresh.push(execute(db, &sql, values).await? == 1);
    }
    Ok(fresh)
}

/// The remembered answer for a key, unless it has expired.
pub async fn find(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    route: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<Answer>, DbErr> {
    let sql = "SELECT request_hash, status, location, body FROM idempotency_keys \
               WHERE workspace_id = $1 AND route = $2 AND key = $3 AND expires_at > $4";
    let values = vec![workspace.clone().into(), route.into(), key.into(), now.into()];
    let Some(row) = query(db, sql, values).await?.pop() else { return Ok(None) };
    Ok(Some(Answer {
        request_hash: row.try_get("", "request_hash")?,
        status: row.try_get("", "status")?,
        location: row.try_get("", "location")?,
        body: row.try_get("", "body")?,
    }))
}

/// Forgets expired keys of all workspaces, at most `limit`; gives their number.
pub async fn delete_expired(db: &impl ConnectionTrait, now: Timestamp, limit: i64) -> Result<u64, DbErr> {
    let sql = "DELETE FROM idempotency_keys WHERE (workspace_id, route, key) IN \
               (SELECT workspace_id, route, key FROM idempotency_keys WHERE expires_at <= $1 LIMIT $2)";
    execute(db, sql, vec![now.into(), limit.into()]).await
}
