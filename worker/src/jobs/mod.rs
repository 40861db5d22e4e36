//! The jobs, one file each, named like their kind. Their payloads are declared in `shared::jobs`.

pub mod check_target;
pub mod no_op;
pub mod publish_post;
pub mod refresh_token;

use shared::app::App;
use shared::entity::job;
use shared::journal::{Journal, Stop};

use crate::settle::Done;

/// A job that a worker can run.
pub(crate) trait Run {
    /// Does the work. May be called again after a crash at any moment: what must not happen twice is in the journal.
    async fn run(self, app: &App, job: &job::Model, journal: &mut Journal) -> Result<Done, Stop>;
}
