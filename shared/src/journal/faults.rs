//! What the journal itself has to say when a call went wrong.

use serde::de::DeserializeOwned;

use super::{CALL_TIMEOUT, Stop};
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};

/// The code of a refusal because the same post is there already.
pub const DUPLICATE: &str = "duplicate_content";

/// The code of a job that a person must decide.
pub const OUTCOME_UNKNOWN: &str = "outcome_unknown";

pub(super) fn read<T: DeserializeOwned>(name: &str, output: &str) -> Result<T, Stop> {
    let parsed = serde_json::from_str(output);
    parsed
        .map_err(|error| Stop::Error(JobError::new(ErrorClass::Bug, "step_output_unreadable", format!("step `{name}`: {error}"))))
}

pub(super) fn repeatable(error: JobError) -> JobError {
    match error.class {
        ErrorClass::Ambiguous => JobError { class: ErrorClass::Transient, ..error },
        _ => error,
    }
}

pub(super) fn timed_out(name: &str) -> JobError {
    JobError::new(ErrorClass::Ambiguous, "answer_lost", format!("`{name}` was not answered within {} s", CALL_TIMEOUT.as_secs()))
}

pub(super) fn absent_so_far(name: &str) -> JobError {
    JobError::new(
        ErrorClass::Ambiguous,
        "answer_lost",
        format!("the answer to `{name}` was lost and the platform does not show it yet"),
    )
}

pub(super) fn looking(name: &str, cause: &JobError, at: Timestamp) -> JobError {
    let message = format!("{}; the platform is asked about `{name}` before anything is sent again", cause.message);
    let error = JobError::new(ErrorClass::NotReady, "looking_for_answer", message).at(at);
    JobError { platform_message: cause.platform_message.clone(), ..error }
}

pub(super) fn unknown(name: &str, reason: String) -> JobError {
    JobError::new(ErrorClass::Ambiguous, OUTCOME_UNKNOWN, format!("it is not known whether `{name}` was done: {reason}"))
}
