//! The lives of grants in the database: one holder renews at a time over all workers, and each new grant is fenced by the
//! number of the one that it replaces.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::db::{Db, execute, query};
use super::jobs::{self, Decision, NewTimes};
use super::notices::{self, NewNotice};
use super::risks;
use crate::clock::Timestamp;
use crate::entity::{account, job};
use crate::error::ErrorRecord;
use crate::ids::{AccountId, JobId, WorkspaceId};
use crate::jobs::Payload;

/// A grant that replaces another, sealed, with its lives.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// The sealed grant.
    pub sealed: String,
    /// The scopes, separated by spaces; `None` leaves those that are known.
    pub scopes: Option<String>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// When that which renews it ends.
    pub renewal_expires_at: Option<Timestamp>,
    /// When it is to be renewed, if anything renews it.
    pub renew_at: Option<Timestamp>,
}

/// Takes the account's grant for renewal until `until`, if it is still the one with the number `grant_no` and nobody else
/// holds it. The row tells whether an earlier holder left a renewal whose answer nobody recorded.
pub async fn take(
    db: &impl ConnectionTrait,
    account: &account::Model,
    holder: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<Option<account::Model>, DbErr> {
    let sql = "UPDATE accounts SET refresh_holder = $3, refresh_until = $5 WHERE workspace_id = $1 AND id = $2 AND grant_no = $6 \
               AND state = 'connected' AND disconnected_at IS NULL AND (refresh_until IS NULL OR refresh_until <= $4) RETURNING *";
    let values = vec![
        account.workspace_id.clone().into(),
        account.id.clone().into(),
        holder.into(),
        now.into(),
        until.into(),
        account.grant_no.into(),
    ];
    let row = query(db, sql, values).await?.pop();
    row.map(|row| account::Model::from_query_result(&row, "")).transpose()
}

/// Writes down that the platform is about to be asked for a new grant; tells whether the holder still holds it.
pub async fn intend(db: &impl ConnectionTrait, account: &account::Model, holder: &str, now: Timestamp) -> Result<bool, DbErr> {
    let sql = "UPDATE accounts SET refresh_sent_at = $5 WHERE workspace_id = $1 AND id = $2 AND grant_no = $3 \
               AND refresh_holder = $4 AND refresh_until > $5 AND disconnected_at IS NULL";
    let values =
        vec![account.workspace_id.clone().into(), account.id.clone().into(), account.grant_no.into(), holder.into(), now.into()];
    Ok(execute(db, sql, values).await? > 0)
}

/// Gives the grant back unrenewed. When it is certain that the platform did nothing, the intent goes too.
pub async fn release(
    db: &impl ConnectionTrait,
    account: &account::Model,
    holder: &str,
    certainly_nothing: bool,
) -> Result<(), DbErr> {
    let sent = if certainly_nothing { ", refresh_sent_at = NULL" } else { "" };
    let sql = format!(
        "UPDATE accounts SET refresh_holder = NULL, refresh_until = NULL{sent} \
         WHERE workspace_id = $1 AND id = $2 AND refresh_holder = $3"
    );
    let values = vec![account.workspace_id.clone().into(), account.id.clone().into(), holder.into()];
    execute(db, &sql, values).await.map(|_| ())
}

/// Stores a renewed grant in the place of the one it came from, with the job that will renew it next; `None` when the
/// account has another grant by now, or was let go.
///
/// The holder is not asked for: an answer that comes late is the living grant all the same.
pub async fn store(db: &Db, account: &account::Model, grant: &NewGrant, now: Timestamp) -> Result<Option<account::Model>, DbErr> {
    let txn = db.begin().await?;
    let job = grant.renew_at.map(|at| refresh_job(account, at, now));
    let sql = "UPDATE accounts SET grant_sealed = $4, grant_no = grant_no + 1, granted_at = $5, updated_at = $5, \
               scopes = COALESCE($6, scopes), expires_at = $7, renewal_expires_at = $8, refresh_job_id = $9, state = 'connected', \
               problem = NULL, refresh_holder = NULL, refresh_until = NULL, refresh_sent_at = NULL \
               WHERE workspace_id = $1 AND id = $2 AND grant_no = $3 AND disconnected_at IS NULL RETURNING *";
    let mut values: Vec<Value> = vec![account.workspace_id.clone().into(), account.id.clone().into(), account.grant_no.into()];
    values.extend(grant_values(grant, job.as_ref(), now));
    let Some(row) = query(&*txn, sql, values).await?.pop() else { return Ok(None) };
    let stored = account::Model::from_query_result(&row, "")?;
    if let Some(job) = job {
        jobs::insert_many(&*txn, &[job]).await?;
    }
    notices::resolve_of_account(&*txn, &account.workspace_id, &account.id, now).await?;
    txn.commit().await?;
    Ok(Some(stored))
}

fn grant_values(grant: &NewGrant, job: Option<&job::Model>, now: Timestamp) -> [Value; 6] {
    [
        grant.sealed.as_str().into(),
        now.into(),
        grant.scopes.clone().into(),
        grant.expires_at.into(),
        grant.renewal_expires_at.into(),
        job.map(|job| job.id.clone()).into(),
    ]
}

fn refresh_job(account: &account::Model, at: Timestamp, now: Timestamp) -> job::Model {
    let run_at = at.max(now);
    let payload = Payload::RefreshToken { account: account.id.clone() };
    jobs::new_row(&account.workspace_id, &payload, NewTimes { now, run_at, wake_at: run_at })
}

/// Connects an account by a person's act: a new row, or a new grant for a known one, whatever state that was in. What
/// waits for it goes on. Part of the caller's transaction.
pub async fn connect(
    db: &impl ConnectionTrait,
    account: &account::Model,
    grant: &NewGrant,
    now: Timestamp,
) -> Result<(account::Model, Vec<JobId>), DbErr> {
    let job = grant.renew_at.map(|at| refresh_job(account, at, now));
    let sql = "INSERT INTO accounts (id, workspace_id, platform, external_id, name, username, variant, state, created_at, grant_no, \
               grant_sealed, granted_at, updated_at, scopes, expires_at, renewal_expires_at, refresh_job_id) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'connected', $9, 1, $8, $9, $9, COALESCE($10, ''), $11, $12, $13) \
               ON CONFLICT (workspace_id, platform, external_id) DO UPDATE SET name = $5, username = $6, variant = $7, \
               state = 'connected', grant_no = accounts.grant_no + 1, grant_sealed = $8, granted_at = $9, updated_at = $9, \
               scopes = COALESCE($10, accounts.scopes), expires_at = $11, renewal_expires_at = $12, refresh_job_id = $13, \
               problem = NULL, disconnected_at = NULL, refresh_holder = NULL, refresh_until = NULL, refresh_sent_at = NULL \
               RETURNING *";
    let mut values: Vec<Value> = vec![
        account.id.clone().into(),
        account.workspace_id.clone().into(),
        account.platform.into(),
        account.external_id.as_str().into(),
        account.name.as_str().into(),
        account.username.clone().into(),
        account.variant.as_str().into(),
    ];
    values.extend(grant_values(grant, job.as_ref(), now));
    let row = query(db, sql, values).await?.pop().ok_or_else(|| DbErr::RecordNotInserted)?;
    let stored = account::Model::from_query_result(&row, "")?;
    if let Some(job) = job {
        jobs::insert_many(db, &[job]).await?;
    }
    notices::resolve_of_account(db, &stored.workspace_id, &stored.id, now).await?;
    risks::clear_of_account(db, &stored.workspace_id, &stored.id, now).await?;
    let resumed = resume(db, Some(&stored), now).await?;
    Ok((stored, resumed))
}

/// Declares the account's grant dead and tells its people, unless it has another grant by now; tells whether it was so.
pub async fn mark_dead(db: &Db, account: &account::Model, cause: &ErrorRecord, now: Timestamp) -> Result<bool, DbErr> {
    let txn = db.begin().await?;
    let problem = serde_json::to_string(cause).unwrap_or_else(|_| unreachable!("an error record is plain JSON"));
    let sql = "UPDATE accounts SET state = 'needs_reconnect', problem = $4, updated_at = $5, refresh_job_id = NULL, \
               refresh_holder = NULL, refresh_until = NULL WHERE workspace_id = $1 AND id = $2 AND grant_no = $3 \
               AND disconnected_at IS NULL";
    let values =
        vec![account.workspace_id.clone().into(), account.id.clone().into(), account.grant_no.into(), problem.into(), now.into()];
    if execute(&*txn, sql, values).await? == 0 {
        return Ok(false);
    }
    let cause = NewNotice {
        kind: "account_needs_reconnect",
        cause: format!("account_needs_reconnect:{}:{}", account.id, account.grant_no),
        account: Some(account.id.clone()),
        post: None,
        detail: cause.clone(),
    };
    notices::tell(&*txn, &account.workspace_id, &cause, now).await?;
    risks::look_again_of_account(&*txn, &account.workspace_id, &account.id, now).await?;
    txn.commit().await?;
    Ok(true)
}

/// Lets the account go: from here on no renewal and no late answer brings it back.
pub async fn let_go(db: &Db, account: &account::Model, now: Timestamp) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    let sql = "UPDATE accounts SET disconnected_at = COALESCE(disconnected_at, $3), grant_no = grant_no + 1, updated_at = $3, \
               refresh_job_id = NULL, refresh_holder = NULL, refresh_until = NULL, refresh_sent_at = NULL \
               WHERE workspace_id = $1 AND id = $2";
    execute(&*txn, sql, vec![account.workspace_id.clone().into(), account.id.clone().into(), now.into()]).await?;
    notices::resolve_of_account(&*txn, &account.workspace_id, &account.id, now).await?;
    risks::look_again_of_account(&*txn, &account.workspace_id, &account.id, now).await?;
    txn.commit().await
}

/// Forgets the grant of an account that was let go, unless somebody connected it again meanwhile.
pub async fn wipe(db: &impl ConnectionTrait, account: &account::Model) -> Result<(), DbErr> {
    let sql = "UPDATE accounts SET grant_sealed = '' WHERE workspace_id = $1 AND id = $2 AND disconnected_at IS NOT NULL";
    execute(db, sql, vec![account.workspace_id.clone().into(), account.id.clone().into()]).await.map(|_| ())
}

/// How many posts wait for the account.
pub async fn count_waiting(db: &impl ConnectionTrait, workspace: &WorkspaceId, account: &AccountId) -> Result<i64, DbErr> {
    let sql = "SELECT COUNT(*) AS waiting FROM post_targets t JOIN jobs j ON j.id = t.job_id WHERE t.workspace_id = $1 \
               AND t.account_id = $2 AND j.state IN ('scheduled', 'queued', 'in_progress', 'blocked')";
    let row = query(db, sql, vec![workspace.clone().into(), account.clone().into()]).await?.pop();
    row.map_or(Ok(0), |row| row.try_get("", "waiting"))
}

/// Jobs resumed by one look over all accounts.
const RESUME_MAX: i64 = 500;

/// Sends jobs on that were blocked because a grant was refused and whose account has a living one: those of `account`, or,
/// without one, those of all workspaces, which serves the machinery: a job may be settled as blocked in the very moment in
/// which its account is reconnected.
pub async fn resume(db: &impl ConnectionTrait, account: Option<&account::Model>, now: Timestamp) -> Result<Vec<JobId>, DbErr> {
    let mut sql = "SELECT j.* FROM jobs j JOIN post_targets t ON t.id = j.target_id JOIN accounts a ON a.id = t.account_id \
                   WHERE j.state = 'blocked' AND j.error LIKE '%\"class\":\"auth%' AND a.state = 'connected' \
                   AND a.disconnected_at IS NULL"
        .to_owned();
    let mut values: Vec<Value> = Vec::new();
    match account {
        Some(account) => {
            sql.push_str(" AND t.account_id = $1 AND t.workspace_id = $2");
            values.extend([account.id.clone().into(), account.workspace_id.clone().into()]);
        }
        None => {
            sql.push_str(" ORDER BY j.id LIMIT $1");
            values.push(RESUME_MAX.into());
        }
    }
    let mut resumed = Vec::new();
    for row in query(db, &sql, values).await? {
        let found = job::Model::from_query_result(&row, "")?;
        let Some(job) = jobs::lock(db, &found.workspace_id, &found.id).await? else { continue };
        if job.state == found.state && job.version == found.version {
            jobs::decide(db, &job, &Decision::Resume, now).await?;
            resumed.push(job.id);
        }
    }
    Ok(resumed)
}

/// Tells the people of an account that it can't be renewed at present, once for each grant.
pub async fn tell_failing(
    db: &impl ConnectionTrait,
    account: &account::Model,
    cause: &ErrorRecord,
    now: Timestamp,
) -> Result<(), DbErr> {
    let notice = NewNotice {
        kind: "refresh_failing",
        cause: format!("refresh_failing:{}:{}", account.id, account.grant_no),
        account: Some(account.id.clone()),
        post: None,
        detail: cause.clone(),
    };
    notices::tell(db, &account.workspace_id, &notice, now).await.map(|_| ())
}
