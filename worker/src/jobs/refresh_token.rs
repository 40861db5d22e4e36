//! Renews one account's grant ahead of its end. Safe to repeat: `tokens` renews under a lock and looks first whether it is due.

use shared::app::App;
use shared::entity::job;
use shared::error::{ErrorClass, JobError};
use shared::ids::AccountId;
use shared::journal::{Journal, Stop};
use shared::store::accounts;
use shared::tokens;

use super::Run;
use crate::settle::Done;

/// The job, by the account whose grant it renews.
pub struct RefreshToken {
    /// The account.
    pub account: AccountId,
}

impl Run for RefreshToken {
    async fn run(self, app: &App, job: &job::Model, journal: &mut Journal) -> Result<Done, Stop> {
        let account = accounts::get(&*app.db, &job.workspace_id, &self.account).await?;
        // A newer grant has a job of its own; an account that is dead or was let go has none.
        if account.refresh_job_id.as_ref() != Some(&job.id) {
            return Ok(None);
        }
        match tokens::renew(app, &account, journal).await {
            Ok(_) => Ok(None),
            // The account says so, and its people are told: this job has nothing left to wait for.
            Err(dead) if matches!(dead.class, ErrorClass::AuthRevoked | ErrorClass::AuthExpired) => {
                Err(JobError { class: ErrorClass::Rejected, remedy: "reconnect the account", ..dead }.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}
