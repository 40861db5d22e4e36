//! What stands in the way of a target that is not due yet.

use poem_openapi::Object;
use shared::entity::{job, post_target};
use shared::jobs::JobState;
use shared::store::risks;

/// Something that would stop a post when it is due, found ahead of its time.
#[derive(Debug, Clone, Object)]
pub struct Risk {
    /// A stable code.
    pub code: String,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl From<risks::Risk> for Risk {
    fn from(risk: risks::Risk) -> Self {
        let risks::Risk { code, message, remedy } = risk;
        Self { code, message, remedy }
    }
}

/// The risks of a target that waits; one that has begun tells by its job what became of it.
pub fn risks(target: &post_target::Model, job: &job::Model) -> Option<Vec<Risk>> {
    let found: Vec<Risk> = risks::of_target(target).into_iter().map(Risk::from).collect();
    let waits = matches!(job.state, JobState::Scheduled | JobState::Queued);
    (waits && !found.is_empty()).then_some(found)
}
