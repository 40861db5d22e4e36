//! Posts and their targets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};

use super::db::{Db, execute, in_order, pieces, query, rows};
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
    /// Whether the same post within a day is meant.
    pub allow_duplicate: bool,
}

/// What became of an accepted post's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// They are durable.
    Written,
    /// Its idempotency key was there already.
    KeyUsed,
    /// A target is the same as one of another post within a day.
    Duplicate {
        /// The target's place in the post, from 0.
        position: i32,
        /// The other post.
        of: PostId,
    },
}

/// Writes posts with their targets, jobs, first events and idempotency keys in one transaction; tells what became of each.
pub async fn insert_batch(db: &Db, posts: &[Arc<NewPost>], now: Timestamp) -> Result<Vec<Written>, DbErr> {
    let txn = db.begin().await?;
    let keys: Vec<&NewKey> = posts.iter().filter_map(|post| post.key.as_ref()).collect();
    let mut fresh = idempotency::insert_many(&*txn, &keys, now).await?.into_iter();
    let mut written: Vec<Written> = posts
        .iter()
        .map(|post| if post.key.is_none() || fresh.next().unwrap_or(false) { Written::Written } else { Written::KeyUsed })
        .collect();
    refuse_alike(&*txn, db.writer_is_alone(), posts, &mut written).await?;
    let kept = posts.iter().zip(&written).filter(|(_, written)| **written == Written::Written);
    let kept: Vec<&NewPost> = kept.map(|(post, _)| &**post).collect();
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

/// Posts to one account that are the same within this time are taken for a slip.
const ALIKE_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// Marks the posts that repeat one that is there or comes before them in the batch, and takes their keys back.
async fn refuse_alike(
    db: &impl ConnectionTrait,
    writer_is_alone: bool,
    posts: &[Arc<NewPost>],
    written: &mut [Written],
) -> Result<(), DbErr> {
    let wanted = posts.iter().zip(&*written).filter(|(post, written)| **written == Written::Written && !post.allow_duplicate);
    let wanted: Vec<&post_target::Model> = wanted.flat_map(|(post, _)| &post.targets).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    // A post that a full day moved is the same slip at the time that it was asked for.
    let asked = posts.iter().map(|post| post.post.publish_at).min().unwrap_or(Timestamp(i64::MAX));
    let mut known = find_alike(db, writer_is_alone, &wanted, asked).await?;
    for (post, written) in posts.iter().zip(written).filter(|(_, written)| **written == Written::Written) {
        let repeated = post.targets.iter().filter(|_| !post.allow_duplicate).find_map(|target| {
            let others = known.get(&place_of(target))?;
            let near = |at: &Timestamp, time: Timestamp| at.since(time).max(time.since(*at)) < ALIKE_WITHIN;
            let within = |at: &Timestamp| near(at, target.publish_at) || near(at, post.post.publish_at);
            others.iter().find(|(at, _)| within(at)).map(|(_, of)| (target.position, of.clone()))
        });
        if let Some((position, of)) = repeated {
            *written = Written::Duplicate { position, of };
            if let Some(key) = &post.key {
                idempotency::delete(db, key).await?;
            }
            continue;
        }
        for target in &post.targets {
            let place = known.entry(place_of(target)).or_default();
            place.push((target.publish_at, target.post_id.clone()));
        }
    }
    Ok(())
}

/// When, and with which posts, what people would see of some targets is there already; what failed or was called off is not.
type Alike = HashMap<(WorkspaceId, AccountId, i64), Vec<(Timestamp, PostId)>>;

fn place_of(target: &post_target::Model) -> (WorkspaceId, AccountId, i64) {
    (target.workspace_id.clone(), target.account_id.clone(), target.fingerprint)
}

/// `asked` is the first time at which one of the targets was to go out.
async fn find_alike(
    db: &impl ConnectionTrait,
    writer_is_alone: bool,
    targets: &[&post_target::Model],
    asked: Timestamp,
) -> Result<Alike, DbErr> {
    let mut found = Alike::new();
    for piece in pieces(&in_order(targets, |target| &target.fingerprint)) {
        if !writer_is_alone {
            // Another process may be writing the same at this moment: one of the two waits here for the other.
            let sql = format!("SELECT pg_advisory_xact_lock(v.column1) FROM (VALUES {}) AS v", rows(piece.len(), 1, 1));
            query(db, &sql, piece.iter().map(|target| target.fingerprint.into()).collect()).await?;
        }
        // Few values per row: binding them is most of this statement's cost. The exact times are compared by the caller.
        let (first, last) = piece
            .iter()
            .fold((asked.0, i64::MIN), |(first, last), target| (first.min(target.publish_at.0), last.max(target.publish_at.0)));
        let sql = format!(
            "SELECT t.workspace_id, t.account_id, t.fingerprint, t.publish_at, t.post_id FROM (VALUES {}) AS v \
             JOIN post_targets t ON t.account_id = v.column1 AND t.fingerprint = v.column2 AND t.publish_at BETWEEN $1 AND $2 \
             JOIN jobs j ON j.id = t.job_id WHERE j.state NOT IN ('failed', 'cancelled')",
            rows(piece.len(), 2, 3)
        );
        let mut values: Vec<Value> = vec![Timestamp(first).minus(ALIKE_WITHIN).into(), Timestamp(last).plus(ALIKE_WITHIN).into()];
        for target in piece {
            values.extend([target.account_id.clone().into(), target.fingerprint.into()]);
        }
        for row in query(db, &sql, values).await? {
            let place = (row.try_get("", "workspace_id")?, row.try_get("", "account_id")?, row.try_get("", "fingerprint")?);
            found.entry(place).or_default().push((row.try_get("", "publish_at")?, row.try_get("", "post_id")?));
        }
    }
    Ok(found)
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
            "INSERT INTO post_targets (id, workspace_id, post_id, position, account_id, platform, kind, overrides, job_id, \
             fingerprint, publish_at, risk_looks, postponed) VALUES {}",
            rows(piece.len(), 13, 1)
        );
        let mut values: Vec<Value> = Vec::with_capacity(piece.len() * 13);
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
                target.fingerprint.into(),
                target.publish_at.into(),
                target.risk_looks.into(),
                target.postponed.clone().into(),
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

pub(super) async fn with_targets(
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
    let sql = "UPDATE post_targets SET external_id = $1, url = $2, published_at = $3, warnings = $6 WHERE workspace_id = $4 AND id = $5";
    let warnings = (!published.warnings.is_empty())
        .then(|| serde_json::to_string(&published.warnings).unwrap_or_else(|_| unreachable!("warnings are plain JSON")));
    let values = vec![
        published.external_id.clone().into(),
        published.url.clone().into(),
        now.into(),
        workspace.clone().into(),
        target.clone().into(),
        warnings.into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}
