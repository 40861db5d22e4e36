//! Looks ahead at posts that are not due yet: when they are taken, what they found, and who is told.
//!
//! `post_targets.risk_looks` counts the looks that are done. The first comes [`FIRST_LOOK`] before a post is due, the second
//! [`LAST_LOOK`] before; one that was submitted later than its first look is looked at right away. A risk is told by an
//! event on the job that publishes the target and by one notice for each set of codes, and is over when a look finds
//! nothing, when its account is connected again, or when the post went out or came to another end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryResult, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::db::{Db, execute, pieces, query, rows, skip_locked};
use super::job_events::{self, NewEvent};
use super::jobs::{self, NewTimes};
use super::notices::{self, NewNotice};
use super::posts::{PostWithTargets, with_targets};
use crate::clock::Timestamp;
use crate::entity::{account, job, post, post_target};
use crate::error::{ErrorClass, ErrorRecord};
use crate::ids::{AccountId, JobId, PostId, TargetId, WorkspaceId};
use crate::jobs::{JobState, Payload};

/// How long before a post is due it is looked at first: time to reconnect an account or to replace a file.
pub const FIRST_LOOK: Duration = Duration::from_secs(24 * 3600);

/// How long before a post is due it is looked at again.
pub const LAST_LOOK: Duration = Duration::from_secs(3600);

/// A post that is due sooner than this is not looked at: nobody could act on what was found.
const TOO_LATE: Duration = Duration::from_secs(60);

/// The looks of a target that has had all of them.
const ALL_LOOKS: i32 = 2;

/// Something that stands in the way of a post that is not due yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// A stable code in snake case.
    pub code: String,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Risk {
    /// A risk with its code, what was found, and what to do.
    pub fn new(code: &str, message: impl Into<String>, remedy: &str) -> Self {
        Self { code: code.to_owned(), message: message.into(), remedy: remedy.to_owned() }
    }
}

/// The risks of a target as its row holds them.
pub fn of_target(target: &post_target::Model) -> Vec<Risk> {
    read(target.risk.as_deref())
}

fn read(risk: Option<&str>) -> Vec<Risk> {
    risk.and_then(|risk| serde_json::from_str(risk).ok()).unwrap_or_default()
}

/// How many of its looks a target has behind it that is due at `publish_at` and can be looked at from `now` on.
pub fn looks_done(publish_at: Timestamp, now: Timestamp) -> i32 {
    match publish_at.since(now) {
        ahead if ahead < TOO_LATE => ALL_LOOKS,
        ahead if ahead <= LAST_LOOK => 1,
        _ => 0,
    }
}

/// Whether a job still has the time ahead that a look is for.
fn waits(state: JobState) -> bool {
    matches!(state, JobState::Scheduled | JobState::Queued)
}

/// Takes up to `limit` targets of each look that has come, for all workspaces: counts the look and makes its job in one
/// transaction. Two schedulers at once take different rows. Gives the new jobs.
pub async fn take_due(db: &Db, limit: i64, now: Timestamp) -> Result<Vec<JobId>, DbErr> {
    let txn = db.begin().await?;
    let mut taken: BTreeMap<i32, Vec<TargetId>> = BTreeMap::new();
    let mut looks = Vec::new();
    for (done, ahead) in [(1, LAST_LOOK), (0, FIRST_LOOK)] {
        // The index holds the targets with `risk_looks < 2`; SQLite uses it only when these very words are there.
        let sql = format!(
            "SELECT id, workspace_id, publish_at, (SELECT j.state FROM jobs j WHERE j.id = post_targets.job_id) AS state \
             FROM post_targets WHERE risk_looks < 2 AND risk_looks = $1 AND publish_at <= $2 ORDER BY publish_at LIMIT $3{}",
            skip_locked(&*txn)
        );
        for row in query(&*txn, &sql, vec![done.into(), now.plus(ahead).into(), limit.into()]).await? {
            let target: TargetId = row.try_get("", "id")?;
            let publish_at: Timestamp = row.try_get("", "publish_at")?;
            let next = if done == 0 && publish_at > now.plus(LAST_LOOK) { 1 } else { ALL_LOOKS };
            taken.entry(next).or_default().push(target.clone());
            if publish_at > now && waits(row.try_get("", "state")?) {
                let times = NewTimes { now, run_at: now, wake_at: now };
                looks.push(jobs::new_row(&row.try_get("", "workspace_id")?, &Payload::CheckTarget { target }, times));
            }
        }
    }
    for (done, targets) in &taken {
        for piece in pieces(targets) {
            let sql = format!("UPDATE post_targets SET risk_looks = $1 WHERE id IN {}", rows(1, piece.len(), 2));
            let mut values: Vec<Value> = vec![(*done).into()];
            values.extend(piece.iter().map(|id| Value::from(id.clone())));
            execute(&*txn, &sql, values).await?;
        }
    }
    jobs::insert_many(&*txn, &looks).await?;
    let events: Vec<NewEvent> =
        looks.iter().map(|job| event(job, "accepted", &json!({ "runAt": job.run_at.to_string() }), now)).collect();
    job_events::insert_many(&*txn, &events).await?;
    txn.commit().await?;
    Ok(looks.into_iter().map(|job| job.id).collect())
}

fn event(job: &job::Model, kind: &'static str, detail: &serde_json::Value, now: Timestamp) -> NewEvent {
    NewEvent { job: job.id.clone(), workspace: job.workspace_id.clone(), at: now, kind, detail: detail.to_string() }
}

/// Writes down what a look at a target found, and tells when that is something else than before; says whether it is.
pub async fn record(
    db: &Db,
    (target, account): (&post_target::Model, &account::Model),
    found: &[Risk],
    now: Timestamp,
) -> Result<bool, DbErr> {
    let txn = db.begin().await?;
    let job = jobs::lock(&*txn, &target.workspace_id, &target.job_id).await?;
    // A post that has begun or was called off speaks for itself.
    let Some(job) = job.filter(|job| waits(job.state)) else { return Ok(false) };
    let before = find_risks(&*txn, target).await?;
    set_risk(&*txn, &target.workspace_id, &target.id, found).await?;
    let changed = codes(&before) != codes(found);
    if changed {
        let (kind, detail) = if found.is_empty() { ("risk_over", json!({})) } else { ("at_risk", json!({ "risks": found })) };
        job_events::insert_many(&*txn, &[event(&job, kind, &detail, now)]).await?;
        end_notice(&*txn, (&target.workspace_id, &target.id), &before, now).await?;
        if !found.is_empty() {
            tell(&*txn, (target, account), found, now).await?;
        }
    }
    txn.commit().await?;
    Ok(changed)
}

async fn find_risks(db: &impl ConnectionTrait, target: &post_target::Model) -> Result<Vec<Risk>, DbErr> {
    let sql = "SELECT risk FROM post_targets WHERE workspace_id = $1 AND id = $2";
    let row = query(db, sql, vec![target.workspace_id.clone().into(), target.id.clone().into()]).await?.pop();
    let risk: Option<String> = row.map_or(Ok(None), |row| row.try_get("", "risk"))?;
    Ok(read(risk.as_deref()))
}

async fn set_risk(db: &impl ConnectionTrait, workspace: &WorkspaceId, target: &TargetId, found: &[Risk]) -> Result<(), DbErr> {
    let risk = (!found.is_empty()).then(|| serde_json::to_string(found).unwrap_or_else(|_| unreachable!("risks are plain JSON")));
    let sql = "UPDATE post_targets SET risk = $3 WHERE workspace_id = $1 AND id = $2";
    execute(db, sql, vec![workspace.clone().into(), target.clone().into(), risk.into()]).await.map(|_| ())
}

/// What makes two findings the same: their codes, whatever their words and order.
fn codes(risks: &[Risk]) -> BTreeSet<&str> {
    risks.iter().map(|risk| risk.code.as_str()).collect()
}

fn cause(target: &TargetId, risks: &[Risk]) -> String {
    format!("post_at_risk:{target}:{}", codes(risks).into_iter().collect::<Vec<_>>().join(","))
}

/// Tells the risks of a target, or opens the notice again that told them before.
async fn tell(
    db: &impl ConnectionTrait,
    (target, account): (&post_target::Model, &account::Model),
    found: &[Risk],
    now: Timestamp,
) -> Result<(), DbErr> {
    let messages: Vec<&str> = found.iter().map(|risk| risk.message.as_str()).collect();
    let remedies: BTreeSet<&str> = found.iter().map(|risk| risk.remedy.as_str()).collect();
    let notice = NewNotice {
        kind: "post_at_risk",
        cause: cause(&target.id, found),
        // Not the account's: its notices are over with every new grant, and a file that is gone is not.
        account: None,
        post: Some(target.post_id.clone()),
        detail: ErrorRecord {
            // Waiting won't help.
            class: ErrorClass::Rejected,
            code: "post_at_risk".to_owned(),
            message: format!(
                "the post for `{}` on {}, due at {}, is at risk: {}",
                account.name,
                target.platform,
                target.publish_at,
                messages.join("; ")
            ),
            platform_message: None,
            remedy: remedies.into_iter().collect::<Vec<_>>().join("; "),
        },
    };
    if !notices::tell(db, &target.workspace_id, &notice, now).await? {
        let sql = "UPDATE notices SET resolved_at = NULL WHERE workspace_id = $1 AND cause = $2";
        execute(db, sql, vec![target.workspace_id.clone().into(), notice.cause.into()]).await?;
    }
    Ok(())
}

async fn end_notice(
    db: &impl ConnectionTrait,
    (workspace, target): (&WorkspaceId, &TargetId),
    risks: &[Risk],
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "UPDATE notices SET resolved_at = $3 WHERE workspace_id = $1 AND cause = $2 AND resolved_at IS NULL";
    execute(db, sql, vec![workspace.clone().into(), cause(target, risks).into(), now.into()]).await.map(|_| ())
}

/// After an account was connected again: the risks of its waiting targets are over until they are looked at again, which is
/// at once. Part of the caller's transaction.
pub async fn clear_of_account(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "SELECT id, job_id, risk FROM post_targets WHERE workspace_id = $1 AND account_id = $2 AND risk IS NOT NULL \
               ORDER BY job_id";
    for row in query(db, sql, vec![workspace.clone().into(), account.clone().into()]).await? {
        let (target, risks): (TargetId, Vec<Risk>) = risks_of(&row)?;
        let job = jobs::lock(db, workspace, &row.try_get("", "job_id")?).await?;
        let Some(job) = job.filter(|job| waits(job.state)) else { continue };
        let sql = "UPDATE post_targets SET risk = NULL, risk_looks = CASE WHEN risk_looks > 0 THEN risk_looks - 1 ELSE 0 END \
                   WHERE workspace_id = $1 AND id = $2";
        execute(db, sql, vec![workspace.clone().into(), target.clone().into()]).await?;
        job_events::insert_many(db, &[event(&job, "risk_over", &json!({}), now)]).await?;
        end_notice(db, (workspace, &target), &risks, now).await?;
    }
    Ok(())
}

/// After an account was lost or let go: what waits for it within the time of the first look is looked at again at once, so
/// that its people hear of it now.
pub async fn look_again_of_account(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "UPDATE post_targets SET risk_looks = risk_looks - 1 WHERE workspace_id = $1 AND account_id = $2 \
               AND publish_at > $3 AND publish_at <= $4 AND risk_looks > 0";
    let values = vec![workspace.clone().into(), account.clone().into(), now.plus(TOO_LATE).into(), now.plus(FIRST_LOOK).into()];
    execute(db, sql, values).await.map(|_| ())
}

fn risks_of(row: &QueryResult) -> Result<(TargetId, Vec<Risk>), DbErr> {
    let risk: Option<String> = row.try_get("", "risk")?;
    Ok((row.try_get("", "id")?, read(risk.as_deref())))
}

/// Ends the risks of up to `limit` targets whose post has begun or come to an end, for all workspaces; gives their number.
pub async fn end_passed(db: &Db, limit: i64, now: Timestamp) -> Result<usize, DbErr> {
    let txn = db.begin().await?;
    let sql = format!(
        "SELECT id, workspace_id, risk FROM post_targets WHERE risk IS NOT NULL AND EXISTS (SELECT 1 FROM jobs j \
         WHERE j.id = post_targets.job_id AND j.state NOT IN ('scheduled', 'queued')) LIMIT $1{}",
        skip_locked(&*txn)
    );
    let passed = query(&*txn, &sql, vec![limit.into()]).await?;
    for row in &passed {
        let workspace: WorkspaceId = row.try_get("", "workspace_id")?;
        let (target, risks) = risks_of(row)?;
        set_risk(&*txn, &workspace, &target, &[]).await?;
        end_notice(&*txn, (&workspace, &target), &risks, now).await?;
    }
    txn.commit().await?;
    Ok(passed.len())
}

/// The workspace's posts that wait with a target at risk, newest first, those older than `before` when it is given.
pub async fn list_posts(
    db: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    before: Option<&PostId>,
    limit: u64,
) -> Result<Vec<PostWithTargets>, DbErr> {
    let older = if before.is_some() { " AND t.post_id < $3" } else { "" };
    let sql = format!(
        "SELECT DISTINCT t.post_id FROM post_targets t JOIN jobs j ON j.id = t.job_id WHERE t.workspace_id = $1 \
         AND t.risk IS NOT NULL AND j.state IN ('scheduled', 'queued'){older} ORDER BY t.post_id DESC LIMIT $2"
    );
    let mut values: Vec<Value> = vec![workspace.clone().into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    values.extend(before.map(|before| Value::from(before.clone())));
    let found = query(db, &sql, values).await?;
    let ids = found.iter().map(|row| row.try_get("", "post_id")).collect::<Result<Vec<PostId>, DbErr>>()?;
    let posts = post::Entity::find()
        .filter(post::Column::WorkspaceId.eq(workspace.clone()))
        .filter(post::Column::Id.is_in(ids))
        .order_by_desc(post::Column::Id)
        .all(db)
        .await?;
    with_targets(db, workspace, posts).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_has_the_looks_that_lie_ahead_of_it_and_one_right_away() {
        let now = Timestamp(1_000_000_000);
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (ahead, done) in [
            (Duration::ZERO, 2),
            (Duration::from_secs(30), 2),
            (Duration::from_secs(30 * 60), 1),
            (hours(1), 1),
            (hours(3), 0),
            (hours(23), 0),
            (hours(48), 0),
        ] {
            assert_eq!(looks_done(now.plus(ahead), now), done, "{ahead:?}");
        }
        assert_eq!(looks_done(now.minus(hours(1)), now), 2);
    }

    #[test]
    fn findings_are_the_same_by_their_codes() {
        let risk = |code| Risk::new(code, "what", "do");
        let target: TargetId = TargetId::generate();

        assert_eq!(cause(&target, &[risk("b"), risk("a"), risk("b")]), cause(&target, &[risk("a"), risk("b")]));
        assert_ne!(cause(&target, &[risk("a")]), cause(&target, &[risk("b")]));
    }
}
