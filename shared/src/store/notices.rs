//! What people have to know, told once for each cause.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::db::execute;
use crate::clock::Timestamp;
use crate::entity::notice;
use crate::error::ErrorRecord;
use crate::ids::{AccountId, NoticeId, PostId, WorkspaceId};

/// A notice in the making.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// What it is about, in snake case.
    pub kind: &'static str,
    /// What makes it the same as another one.
    pub cause: String,
    /// The account it is about.
    pub account: Option<AccountId>,
    /// The post it is about.
    pub post: Option<PostId>,
    /// What happened and what to do.
    pub detail: ErrorRecord,
}

/// Tells a notice, unless it was told for the same cause before; says whether it is new.
pub async fn tell(db: &impl ConnectionTrait, workspace: &WorkspaceId, notice: &NewNotice, now: Timestamp) -> Result<bool, DbErr> {
    let sql = "INSERT INTO notices (id, workspace_id, kind, cause, account_id, post_id, detail, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (workspace_id, cause) DO NOTHING";
    let detail = serde_json::to_string(&notice.detail).unwrap_or_else(|_| unreachable!("an error record is plain JSON"));
    let values = vec![
        NoticeId::generate().into(),
        workspace.clone().into(),
        notice.kind.into(),
        notice.cause.as_str().into(),
        notice.account.clone().into(),
        notice.post.clone().into(),
        detail.into(),
        now.into(),
    ];
    Ok(execute(db, sql, values).await? > 0)
}

/// Marks the open notices of an account as over.
pub async fn resolve_of_account(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "UPDATE notices SET resolved_at = $3 WHERE workspace_id = $1 AND account_id = $2 AND resolved_at IS NULL";
    execute(db, sql, vec![workspace.clone().into(), account.clone().into(), now.into()]).await.map(|_| ())
}

/// The workspace's notices, newest first: those older than `before`, only open ones when asked so.
pub async fn list(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    (before, only_open): (Option<&NoticeId>, bool),
    limit: u64,
) -> Result<Vec<notice::Model>, DbErr> {
    let mut select = notice::Entity::find().filter(notice::Column::WorkspaceId.eq(workspace.clone()));
    if let Some(before) = before {
        select = select.filter(notice::Column::Id.lt(before.clone()));
    }
    if only_open {
        select = select.filter(notice::Column::ResolvedAt.is_null());
    }
    select.order_by_desc(notice::Column::Id).limit(limit).all(db).await
}
