//! Does nothing but write one journal step. Safe to repeat: the step is remembered.

use shared::app::App;
use shared::entity::job;
use shared::journal::{Journal, Stop};

use super::Run;
use crate::settle::Done;

/// Measures and proves claim, journal and settlement without any platform.
pub struct NoOp;

impl Run for NoOp {
    async fn run(self, _app: &App, _job: &job::Model, journal: &mut Journal) -> Result<Done, Stop> {
        journal.step("nothing", None, async || Ok(())).await?;
        Ok(None)
    }
}
