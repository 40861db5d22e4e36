//! Looks ahead at a post that is not due yet. Safe to repeat: it only reads, and writes down what it found.

use shared::app::App;
use shared::entity::job;
use shared::ids::TargetId;
use shared::journal::{Journal, Stop};

use super::Run;
use crate::settle::Done;

/// The job, by the target that it looks at.
pub struct CheckTarget {
    /// The target.
    pub target: TargetId,
}

impl Run for CheckTarget {
    async fn run(self, _app: &App, _job: &job::Model, _journal: &mut Journal) -> Result<Done, Stop> {
        Ok(None)
    }
}
