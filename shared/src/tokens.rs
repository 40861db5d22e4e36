//! The lives of grants: stored, renewed by one holder at a time, declared dead, let go.
//!
//! Renewing is single flight over all workers: a lock in the account's row that outlasts every call, a second look at the
//! row after taking it, and a new grant that is stored before anybody uses it. Only a platform's own word that a grant is
//! dead disconnects an account; whatever else goes wrong waits and is tried again.
//!
//! A rotating refresh token dies with its use. The intent stands in the row before the platform is asked, so that a lost
//! answer ends in one clear state: the old token is tried once more, and when the platform calls it dead, the account needs
//! a person, who is told at once and why.

use std::time::Duration;

use sea_orm::ConnectionTrait;

use crate::app::App;
use crate::clock::Timestamp;
use crate::content::AccountState;
use crate::entity::account;
use crate::error::{ErrorClass, ErrorRecord, JobError};
use crate::journal::{Journal, Point};
use crate::platforms::connect::{self, Granted, Identity, Renewal};
use crate::platforms::{Grant, open_grant};
use crate::store::accounts;
use crate::store::renewals::{self, NewGrant};

/// How long one renewal may take at the platform, all its calls together.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(40);

/// How long a holder keeps the grant: longer than [`RENEWAL_TIMEOUT`], so that a living holder is never overtaken.
const LOCK: Duration = Duration::from_secs(60);

/// A token is renewed rather than used when it ends within this time: longer than a call takes.
const MARGIN: Duration = Duration::from_secs(60);

/// The pause of whoever finds that somebody else is renewing.
const HELD_WAIT: Duration = Duration::from_secs(2);

/// The pause after a renewal that failed without killing the grant.
const AGAIN: Duration = Duration::from_secs(30);

/// The pause when only the operator can help: our app was refused.
const OPERATOR_WAIT: Duration = Duration::from_secs(15 * 60);

/// The code of a grant whose rotating token is gone with a lost answer.
pub const LOST: &str = "refresh_token_lost";

/// Says why an account can't be used, when it can't.
pub fn check_usable(account: &account::Model) -> Result<(), JobError> {
    if account.disconnected_at.is_some() {
        let message = format!("the account `{}` was disconnected", account.name);
        return Err(JobError::new(ErrorClass::AuthRevoked, "account_disconnected", message));
    }
    if account.state == AccountState::NeedsReconnect {
        let message = format!("the account `{}` must be reconnected{}", account.name, because(account));
        return Err(JobError::new(ErrorClass::AuthRevoked, "account_needs_reconnect", message));
    }
    Ok(())
}

fn because(account: &account::Model) -> String {
    let problem: Option<ErrorRecord> = account.problem.as_deref().and_then(|problem| serde_json::from_str(problem).ok());
    problem.map(|problem| format!(": {}", problem.message)).unwrap_or_default()
}

/// The account with a token that lasts for the next calls: renewed first when it has ended or is about to.
pub async fn fresh(app: &App, account: account::Model, journal: &Journal) -> Result<account::Model, JobError> {
    check_usable(&account)?;
    let ends = account.expires_at.is_some_and(|end| end <= app.clock.now().plus(MARGIN));
    if ends && can_renew(app, &account)? { renew(app, &account, journal).await } else { Ok(account) }
}

/// Whether anything but a person can renew the account's grant.
pub fn can_renew(app: &App, account: &account::Model) -> Result<bool, JobError> {
    Ok(connect::renewal(account.platform, &open_grant(app, account)?) != Renewal::Never)
}

/// Renews the account's grant, or finds that somebody else has done it since `account` was read.
///
/// `NotReady` means: later, nothing is lost. `AuthRevoked` and `AuthExpired` mean that the grant is dead and its people are told.
pub async fn renew(app: &App, account: &account::Model, journal: &Journal) -> Result<account::Model, JobError> {
    let holder = uuid::Uuid::new_v4().simple().to_string();
    let now = app.clock.now();
    let Some(taken) = renewals::take(&*app.db, account, &holder, (now, now.plus(LOCK))).await? else {
        return renewed_by_another(app, account).await;
    };
    let grant = open_grant(app, &taken)?;
    journal.pass("refresh_lock", Point::Answered).await;
    if !renewals::intend(&*app.db, &taken, &holder, app.clock.now()).await? {
        return Err(under_way(app, account));
    }
    journal.pass("refresh", Point::Before).await;
    let asked = tokio::time::timeout(RENEWAL_TIMEOUT, connect::renew(app, &taken, &grant)).await;
    journal.pass("refresh", Point::Answered).await;
    let renewed = match asked.unwrap_or_else(|_| Err(timed_out())) {
        Ok(granted) => store_renewed(app, &taken, &grant, granted).await,
        Err(error) => Err(not_renewed(app, (&taken, &grant), &holder, error).await?),
    };
    journal.pass("refresh_stored", Point::Answered).await;
    renewed
}

/// Somebody else holds the grant, has renewed it, or has found it dead.
async fn renewed_by_another(app: &App, account: &account::Model) -> Result<account::Model, JobError> {
    let current = accounts::get(&*app.db, &account.workspace_id, &account.id).await?;
    check_usable(&current)?;
    if current.grant_no == account.grant_no { Err(under_way(app, account)) } else { Ok(current) }
}

fn under_way(app: &App, account: &account::Model) -> JobError {
    let message = format!("the grant of `{}` is being renewed", account.name);
    JobError::new(ErrorClass::NotReady, "refresh_under_way", message).at(app.clock.now().plus(HELD_WAIT))
}

fn timed_out() -> JobError {
    JobError::new(ErrorClass::Ambiguous, "refresh_answer_lost", "the platform did not answer a renewal in time")
}

async fn store_renewed(app: &App, taken: &account::Model, old: &Grant, granted: Granted) -> Result<account::Model, JobError> {
    let granted = Granted { grant: keep_renewal(old, granted.grant), ..granted };
    let new = seal(app, taken, &granted)?;
    if let Some(stored) = renewals::store(&app.db, taken, &new, app.clock.now()).await? {
        tracing::info!(account.id = %taken.id, platform = %taken.platform, "grant renewed");
        return Ok(stored);
    }
    let current = accounts::get(&*app.db, &taken.workspace_id, &taken.id).await?;
    if current.disconnected_at.is_some()
        && let Err(error) = connect::revoke(app, taken, &granted.grant).await
    {
        // It was let go while the answer was on its way: the new grant must not outlive that.
        tracing::warn!(account.id = %taken.id, %error, "a grant that came after its account was let go could not be ended");
    }
    check_usable(&current).map(|()| current)
}

/// A renewal without a new refresh token keeps the one that is known: a blank never overwrites.
fn keep_renewal(old: &Grant, new: Grant) -> Grant {
    match (old, new) {
        (Grant::Bearer { renewal: known, .. }, Grant::Bearer { access_token, renewal: None }) => {
            Grant::Bearer { access_token, renewal: known.clone() }
        }
        (_, new) => new,
    }
}

fn seal(app: &App, account: &account::Model, granted: &Granted) -> Result<NewGrant, JobError> {
    let bug = |reason: String| JobError::new(ErrorClass::Bug, "grant_unsealable", format!("a grant can't be sealed: {reason}"));
    let plain = serde_json::to_vec(&granted.grant).map_err(|error| bug(error.to_string()))?;
    let sealed = accounts::seal_grant(&app.config.keys, &account.id, &plain).map_err(|error| bug(error.to_string()))?;
    Ok(NewGrant {
        sealed,
        scopes: granted.scopes.as_ref().map(|scopes| scopes.join(" ")),
        expires_at: granted.expires_at.map(Timestamp),
        renewal_expires_at: granted.renewal_expires_at.map(Timestamp),
        renew_at: connect::renew_at(account.platform, account.id.as_str(), app.clock.now(), granted),
    })
}

/// A renewal failed: tells what that means for whoever wanted it. The outer error is a database that did not answer.
async fn not_renewed(
    app: &App,
    (taken, grant): (&account::Model, &Grant),
    holder: &str,
    error: JobError,
) -> Result<JobError, JobError> {
    if matches!(error.class, ErrorClass::AuthRevoked | ErrorClass::AuthExpired) {
        // The row as it was taken: an intent that stood there before ours had its answer lost.
        let lost = taken.refresh_sent_at.is_some() && connect::renewal(taken.platform, grant) == Renewal::Rotate;
        return dead(app, taken, if lost { lost_token(taken, &error) } else { error }).await;
    }
    // Before a connection came about, and after an answer that refuses, nothing was used up; a failing platform may have.
    let refused = matches!(error.class, ErrorClass::Rejected | ErrorClass::RateLimited) || error.status == Some(429);
    let certainly_nothing = refused || error.code == "unreachable";
    renewals::release(&*app.db, taken, holder, certainly_nothing && taken.refresh_sent_at.is_none()).await?;
    let now = app.clock.now();
    let for_operator = error.class == ErrorClass::Rejected;
    if for_operator || taken.expires_at.is_some_and(|end| end <= now) {
        renewals::tell_failing(&*app.db, taken, &ErrorRecord::from(&error), now).await?;
    }
    let pause = if for_operator { OPERATOR_WAIT } else { AGAIN };
    let message = format!("the grant of `{}` could not be renewed yet: {}", taken.name, error.message);
    let waiting =
        JobError { platform_message: error.platform_message, ..JobError::new(ErrorClass::NotReady, "refresh_failing", message) };
    Ok(waiting.at(error.retry_at.unwrap_or_else(|| now.plus(pause))))
}

fn lost_token(account: &account::Model, error: &JobError) -> JobError {
    let message = format!(
        "a renewal of `{}` was under way when its answer was lost, and {} takes each refresh token only once: the new one is \
         lost for good",
        account.name, account.platform
    );
    let told = JobError::new(ErrorClass::AuthRevoked, LOST, message);
    JobError { platform_message: error.platform_message.clone(), ..told }
}

/// Declares the grant dead; when the account has another one by now, that is good news and only means "again".
async fn dead(app: &App, account: &account::Model, cause: JobError) -> Result<JobError, JobError> {
    mark_dead(app, account, &cause).await?;
    let current = accounts::get(&*app.db, &account.workspace_id, &account.id).await?;
    if current.grant_no == account.grant_no || current.disconnected_at.is_some() {
        return Ok(cause);
    }
    let message = format!("the account `{}` was reconnected meanwhile", account.name);
    Ok(JobError::new(ErrorClass::NotReady, "account_reconnected", message).at(app.clock.now()))
}

/// What a platform's refusal of the grant that `account` holds means: the account is declared dead, or it has another grant
/// by now and the work is worth another run.
pub async fn refused(app: &App, account: &account::Model, cause: JobError) -> Result<JobError, JobError> {
    dead(app, account, cause).await
}

/// Stores a grant for an account, known or new: the account can be used, what waited for it goes on.
pub async fn store_grant(
    app: &App,
    account: &account::Model,
    identity: &Identity,
    granted: &Granted,
) -> Result<account::Model, JobError> {
    let mut stored = store_grants(app, &[(account.clone(), identity.clone(), granted.clone())]).await?;
    let missing = || JobError::new(ErrorClass::Bug, "account_not_stored", "the account was not stored");
    stored.pop().ok_or_else(missing)
}

/// Stores grants for several accounts, all or none.
pub async fn store_grants(app: &App, grants: &[(account::Model, Identity, Granted)]) -> Result<Vec<account::Model>, JobError> {
    let txn = app.db.begin().await?;
    let (mut stored, mut resumed) = (Vec::new(), Vec::new());
    for (account, identity, granted) in grants {
        let account = identified(&*txn, account, identity).await?;
        let grant = seal(app, &account, granted)?;
        let (row, jobs) = renewals::connect(&*txn, &account, &grant, app.clock.now()).await?;
        if row.id != account.id {
            // Somebody connected it in this very moment, and the grant is sealed for another row.
            let message = format!("the account `{}` is being connected by somebody else", account.name);
            return Err(JobError::new(ErrorClass::Transient, "account_being_connected", message));
        }
        stored.push(row);
        resumed.extend(jobs);
    }
    txn.commit().await?;
    for job in &resumed {
        app.queue.announce(job);
    }
    Ok(stored)
}

/// The account as its platform names it now, under the id that it has here already.
async fn identified(
    db: &impl ConnectionTrait,
    account: &account::Model,
    identity: &Identity,
) -> Result<account::Model, JobError> {
    if account.external_id != identity.external_id {
        let message =
            format!("the account `{}` is {}, and the grant is of {}", account.name, account.external_id, identity.external_id);
        return Err(JobError::new(ErrorClass::Rejected, "account_mismatch", message).remedy("log in as the account itself"));
    }
    let known = accounts::find_by_external_id(db, &account.workspace_id, account.platform, &account.external_id).await?;
    Ok(account::Model {
        id: known.map_or_else(|| account.id.clone(), |known| known.id),
        name: identity.name.clone(),
        username: identity.username.clone(),
        variant: identity.variant.clone(),
        ..account.clone()
    })
}

/// The platform says that the account's grant is dead: a person must reconnect it, and is told once.
pub async fn mark_dead(app: &App, account: &account::Model, cause: &JobError) -> Result<(), JobError> {
    if renewals::mark_dead(&app.db, account, &ErrorRecord::from(cause), app.clock.now()).await? {
        let (id, platform, code) = (&account.id, account.platform, cause.code);
        tracing::warn!(account.id = %id, %platform, code, error = %cause.message, "an account needs to be reconnected");
        app.meter.count("pressroom_accounts_lost_total", &format!("platform=\"{platform}\",code=\"{code}\""));
    }
    Ok(())
}

/// What letting an account go did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// Whether the platform ended the grant too.
    pub revoked_at_platform: bool,
    /// Posts that wait for this account and will not go out.
    pub waiting_posts: i64,
}

/// Lets an account go, here and at the platform. Here it holds whatever the platform says.
pub async fn disconnect(app: &App, account: &account::Model) -> Result<Disconnected, JobError> {
    // First here: from this moment nothing new is sent with it, whatever dies on the way.
    renewals::let_go(&app.db, account, app.clock.now()).await?;
    let revoked_at_platform = match end_grant(app, account).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(account.id = %account.id, %error, "a grant could not be ended at its platform");
            false
        }
    };
    renewals::wipe(&*app.db, account).await?;
    let waiting_posts = renewals::count_waiting(&*app.db, &account.workspace_id, &account.id).await?;
    Ok(Disconnected { revoked_at_platform, waiting_posts })
}

/// Ends a grant at its platform, unless another account of the workspace lives on it.
async fn end_grant(app: &App, account: &account::Model) -> Result<(), JobError> {
    if account.grant_sealed.is_empty() {
        return Ok(());
    }
    let grant = open_grant(app, account)?;
    for other in accounts::list(&*app.db, &account.workspace_id, (Some(account.platform), None), None).await? {
        let alive = other.id != account.id && other.disconnected_at.is_none() && !other.grant_sealed.is_empty();
        if alive && open_grant(app, &other).is_ok_and(|other| shares(&grant, &other)) {
            return Ok(());
        }
    }
    connect::revoke(app, account, &grant).await
}

/// Whether two grants come from the same consent: one token, or two tokens made from one.
fn shares(one: &Grant, other: &Grant) -> bool {
    match (one, other) {
        (Grant::Bearer { access_token, renewal }, Grant::Bearer { access_token: token, renewal: source }) => {
            access_token == token || renewal.is_some() && renewal == source
        }
        (Grant::Oauth1 { token, .. }, Grant::Oauth1 { token: other, .. }) => token == other,
        _ => false,
    }
}

/// Sends on what was blocked for want of an account that is alive again. Serves all workspaces.
pub async fn resume_stray(app: &App) -> Result<usize, JobError> {
    let txn = app.db.begin().await?;
    let resumed = renewals::resume(&*txn, None, app.clock.now()).await?;
    txn.commit().await?;
    for job in &resumed {
        app.queue.announce(job);
    }
    Ok(resumed.len())
}
