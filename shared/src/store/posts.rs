//! Posts and their targets.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};

use super::db::{Db, execute, pieces, query, rows};
use super::idempotency::{self, NewKey};
use super::job_events::{self, NewEvent};
use super::jobs;
use crate::clock::Timestamp;
use crate::entity::{job, post, post_target};
use crate::ids::{AccountId, PostId, TargetId, WorkspaceId};
use crate::store::runs::Published;

/// An accepted post with everything that is written with it.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// The post.
    pub post: post::Model,
    /// Its targets.
    pub targets: Vec<post_target::Model>,
    /// One job per target.
    pub jobs: Vec<job::Model>,
    /// The client's idempotency key with the answer to remember.
    pub key: Option<NewKey>,
}

/// Writes posts with their targets, jobs, first events and idempotency keys in one transaction.
///
/// Tells for each whether it was written: `false` means that its idempotency key was there already.
pub async fn insert_batch(db: &Db, posts: &[Arc<NewPost>], now: Timestamp) -> Result<Vec<bool>, DbErr> {
    let txn = db.begin().await?;
    let keys: Vec<&NewKey> = posts.iter().filter_map(|post| post.key.as_ref()).collect();
    let mut fresh = idempotency::insert_many(&*txn, &keys, now).await?.into_iter();
    let written: Vec<bool> = posts.iter().map(|post| post.key.is_none() || fresh.next().unwrap_or(false)).collect();
    let kept: Vec<&NewPost> = posts.iter().zip(&written).filter(|(_, written)| **written).map(|(post, _)| &**post).collect();
    if !kept.is_empty() {
        insert_posts(&*txn, &kept).await?;
        let jobs: Vec<job::Model> = kept.iter().flat_map(|post| post.jobs.iter().cloned()).collect();
        jobs::insert_many(&*txn, &jobs).await?;
        insert_targets(&*txn, &kept).await?;
        let events: Vec<NewEvent> = jobs.iter().map(accepted).collect();
        job_events::insert_many(&*txn, &events).await?;
    }
    txn.commit().await?;
    Ok(written)
}

fn accepted(job: &job::Model) -> NewEvent {
    NewEvent {
        job: job.id.clone(),
        workspace: job.workspace_id.clone(),
        at: job.created_at,
        kind: "accepted",
        detail: serde_json::json!({ "runAt": job.run_at.to_string() }).to_string(),
    }
}

async fn insert_posts(db: &impl ConnectionTrait, posts: &[&NewPost]) -> Result<(), DbErr> {
    for piece in pieces(posts) {
        let sql =
            format!("INSERT INTO posts (id, workspace_id, content, publish_at, created_at) VALUES {}", rows(piece.len(), 5, 1));
        let mut values: Vec<Value> = Vec::with_capacity(piece.len() * 5);
        for NewPost { post, .. } in piece {
            values.extend([
                post.id.clone().into(),
                post.workspace_id.clone().into(),
                post.content.clone().into(),
                post.publish_at.into(),
                post.created_at.into(),
            ]);
        }
        execute(db, &sql, values).await?;
    }
    Ok(())
}

async fn insert_targets(db: &impl ConnectionTrait, posts: &[&NewPost]) -> Result<(), DbErr> {
    let targets: Vec<&post_target::Model> = posts.iter().flat_map(|post| &post.targets).collect();
    for piece in pieces(&targets) {
        let sql = format!(
            "INSERT INTO post_targets (id, workspace_id, post_id, position, account_id, platform, kind, overrides, job_id) VALUES {}",
            rows(piece.len(), 9, 1)
        );
        let mut values: Vec<Value> = Vec::with_capacity(piece.len() * 9);
        for target in piece {
            values.extend([
                target.id.clone().into(),
                target.workspace_id.clone().into(),
                target.post_id.clone().into(),
                target.position.into(),
                target.account_id.clone().into(),
                target.platform.into(),
                target.kind.into(),
                target.overrides.clone().into(),
                target.job_id.clone().into(),
            ]);
        }
        execute(db, &sql, values).await?;
    }
    Ok(())
}

/// A post with its targets, each with its job.
#[derive(Debug, Clone)]
pub struct PostWithTargets {
    /// The post.
    pub post: post::Model,
    /// Its targets in order.
    pub targets: Vec<(post_target::Model, job::Model)>,
}

/// The workspace's posts, newest first, those older than `before` when it is given.
pub async fn list(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    before: Option<&PostId>,
    limit: u64,
) -> Result<Vec<PostWithTargets>, DbErr> {
    let mut select = post::Entity::find().filter(post::Column::WorkspaceId.eq(workspace.clone()));
    if let Some(before) = before {
        select = select.filter(post::Column::Id.lt(before.clone()));
    }
    let posts = select.order_by_desc(post::Column::Id).limit(limit).all(db).await?;
    with_targets(db, workspace, posts).await
}

/// One post of the workspace.
pub async fn find(db: &impl ConnectionTrait, workspace: &WorkspaceId, id: &PostId) -> Result<Option<PostWithTargets>, DbErr> {
    let found = post::Entity::find_by_id(id.clone()).filter(post::Column::WorkspaceId.eq(workspace.clone())).one(db).await?;
    Ok(with_targets(db, workspace, found.into_iter().collect()).await?.pop())
}

async fn with_targets(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    posts: Vec<post::Model>,
) -> Result<Vec<PostWithTargets>, DbErr> {
    let ids: Vec<PostId> = posts.iter().map(|post| post.id.clone()).collect();
    let targets = post_target::Entity::find()
        .filter(post_target::Column::WorkspaceId.eq(workspace.clone()))
        .filter(post_target::Column::PostId.is_in(ids.clone()))
        .order_by_asc(post_target::Column::Position)
        .all(db)
        .await?;
    let jobs = job::Entity::find()
        .filter(job::Column::WorkspaceId.eq(workspace.clone()))
        .filter(job::Column::PostId.is_in(ids))
        .all(db)
        .await?;
    let mut jobs: HashMap<_, _> = jobs.into_iter().map(|job| (job.id.clone(), job)).collect();
    let mut by_post: HashMap<PostId, Vec<_>> = HashMap::new();
    for target in targets {
        if let Some(job) = jobs.remove(&target.job_id) {
            by_post.entry(target.post_id.clone()).or_default().push((target, job));
        }
    }
    Ok(posts.into_iter().map(|post| PostWithTargets { targets: by_post.remove(&post.id).unwrap_or_default(), post }).collect())
}

/// The workspace's targets among `ids`, in no order.
pub async fn list_targets(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    ids: &[TargetId],
) -> Result<Vec<post_target::Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    post_target::Entity::find()
        .filter(post_target::Column::WorkspaceId.eq(workspace.clone()))
        .filter(post_target::Column::Id.is_in(ids.iter().cloned()))
        .all(db)
        .await
}

/// One target of the workspace with its post; fails when absent.
pub async fn get_target(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    id: &TargetId,
) -> Result<(post_target::Model, post::Model), DbErr> {
    let absent = || DbErr::RecordNotFound(id.to_string());
    let target = post_target::Entity::find_by_id(id.clone())
        .filter(post_target::Column::WorkspaceId.eq(workspace.clone()))
        .one(db)
        .await?
        .ok_or_else(absent)?;
    let post = post::Entity::find_by_id(target.post_id.clone())
        .filter(post::Column::WorkspaceId.eq(workspace.clone()))
        .one(db)
        .await?
        .ok_or_else(absent)?;
    Ok((target, post))
}

/// Ids of posts on the account that are known to belong to targets published since `since`.
///
/// A search for a lost answer must not take one of these for its own.
pub async fn list_published_ids(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    account: &AccountId,
    since: Timestamp,
) -> Result<Vec<String>, DbErr> {
    let sql = "SELECT external_id FROM post_targets WHERE workspace_id = $1 AND account_id = $2 \
               AND external_id IS NOT NULL AND published_at >= $3";
    let found = query(db, sql, vec![workspace.clone().into(), account.clone().into(), since.into()]).await?;
    found.iter().map(|row| row.try_get("", "external_id")).collect()
}

/// Records where a target's post is. The unique index on account and id refuses a post that another target holds.
pub async fn set_published(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    target: &TargetId,
    published: &Published,
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "UPDATE post_targets SET external_id = $1, url = $2, published_at = $3 WHERE workspace_id = $4 AND id = $5";
    let values = vec![
        published.external_id.clone().into(),
        published.url.clone().into(),
        now.into(),
        workspace.clone().into(),
        target.clone().into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}
