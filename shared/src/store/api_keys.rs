//! Keys of our own API.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr,
};

use crate::clock::Timestamp;
use crate::entity::api_key;
use crate::ids::{ApiKeyId, WorkspaceId};
use crate::secret::{Secret, hash_api_key, new_api_key};

/// Makes a key; the secret is given here and never again.
pub async fn insert(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    name: &str,
    scopes: &[&str],
    times: (Timestamp, Option<Timestamp>),
) -> Result<(ApiKeyId, Secret<String>), DbErr> {
    let (created_at, expires_at) = times;
    let secret = new_api_key();
    let row = api_key::Model {
        id: ApiKeyId::generate(),
        workspace_id: workspace.clone(),
        name: name.to_owned(),
        key_hash: hash_api_key(secret.expose()),
        scopes: scopes.join(" "),
        created_at,
        expires_at,
        revoked_at: None,
    };
    let row = row.into_active_model().insert(db).await?;
    Ok((row.id, secret))
}

/// The usable key with this secret, in whichever workspace: this is where a request learns its workspace.
pub async fn find_usable(db: &impl ConnectionTrait, key: &str, now: Timestamp) -> Result<Option<api_key::Model>, DbErr> {
    let found = api_key::Entity::find().filter(api_key::Column::KeyHash.eq(hash_api_key(key))).one(db).await?;
    Ok(found.filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end)))
}

/// Ends a key at once; `false` when the workspace has no such usable key.
pub async fn revoke(db: &impl ConnectionTrait, workspace: &WorkspaceId, key: &ApiKeyId, now: Timestamp) -> Result<bool, DbErr> {
    let changed = api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(now))
        .filter(api_key::Column::WorkspaceId.eq(workspace.clone()))
        .filter(api_key::Column::Id.eq(key.clone()))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(changed.rows_affected == 1)
}
