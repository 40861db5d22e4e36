//! Looks ahead at a post that is not due yet. Safe to repeat: it changes nothing outside, and writes down what it found.

use shared::app::App;
use shared::content::Draft;
use shared::entity::{account, job, post_target};
use shared::error::{ErrorClass, JobError};
use shared::ids::TargetId;
use shared::journal::{Journal, Stop};
use shared::platforms::risks::{self, Looked};
use shared::store::risks::{LAST_LOOK, record};
use shared::store::{accounts, posts};
use shared::tokens;

use super::Run;
use super::publish_post::draft;
use crate::settle::Done;

/// The job, by the target that it looks at.
pub struct CheckTarget {
    /// The target.
    pub target: TargetId,
}

impl Run for CheckTarget {
    async fn run(self, app: &App, job: &job::Model, journal: &mut Journal) -> Result<Done, Stop> {
        let (target, post) = posts::get_target(&*app.db, &job.workspace_id, &self.target).await?;
        if target.publish_at <= app.clock.now() {
            return Ok(None);
        }
        let draft = draft(&target, &post)?;
        let (account, looked) = look(app, &target, &draft, journal).await?;
        // What did not answer may answer in a moment.
        if (looked.unasked.is_some() || !looked.unreachable.is_empty()) && job.attempt < job.max_attempts {
            return Err(JobError::new(ErrorClass::Transient, "look_incomplete", "not everything could be looked at yet").into());
        }
        let now = app.clock.now();
        let last = target.publish_at <= now.plus(LAST_LOOK);
        let mut found = [looked.risks, looked.unreachable].concat();
        found.extend(looked.unasked.filter(|_| last));
        if record(&app.db, (&target, &account), &found, now).await? {
            app.queue.announce(&target.job_id);
        }
        Ok(None)
    }
}

/// Looks with a token that is alive. One that the platform refuses all the same is renewed once, as for the post itself.
async fn look(
    app: &App,
    target: &post_target::Model,
    draft: &Draft,
    journal: &Journal,
) -> Result<(account::Model, Looked), JobError> {
    let account = accounts::get(&*app.db, &target.workspace_id, &target.account_id).await?;
    let fresh = tokens::fresh(app, account.clone(), journal).await;
    let (account, looked) = look_with(app, target, draft, (account, fresh)).await?;
    if !looked.expired {
        return Ok((account, looked));
    }
    let renewed = tokens::renew(app, &account, journal).await;
    look_with(app, target, draft, (account, renewed)).await
}

/// Looks with the account as its renewal left it.
async fn look_with(
    app: &App,
    target: &post_target::Model,
    draft: &Draft,
    (account, renewed): (account::Model, Result<account::Model, JobError>),
) -> Result<(account::Model, Looked), JobError> {
    let (account, waiting) = match renewed {
        Ok(renewed) => (renewed, None),
        // The look itself tells what an account lacks that can't be used.
        Err(error) if matches!(error.class, ErrorClass::AuthRevoked | ErrorClass::Bug) => {
            (accounts::get(&*app.db, &target.workspace_id, &target.account_id).await?, None)
        }
        Err(error) => (account, Some(error)),
    };
    let looked = risks::look(app, &account, draft, target.publish_at).await;
    let waiting = waiting.map(|error| risks::unasked(&account, &error));
    Ok((account, Looked { unasked: waiting.or(looked.unasked), ..looked }))
}
