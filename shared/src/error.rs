//! The one classification of what can go wrong while a job runs, and what a person is told about it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What an error means for the job. Every remote error gets exactly one class, where it is born.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ErrorClass {
    /// Certainly not sent, or a failed read: run again after a pause, up to the policy's attempts.
    Transient,
    /// Told to wait: run again at the given time, the attempt is not counted.
    RateLimited,
    /// The platform is still working: look again at the given time, the attempt is not counted.
    NotReady,
    /// The access token was refused.
    AuthExpired,
    /// A person must reconnect the account.
    AuthRevoked,
    /// The content or the parameters were refused for good.
    Rejected,
    /// Sent, outcome unknown, or an answer nobody classified: ask the platform, never send blindly.
    Ambiguous,
    /// Our own fault.
    Bug,
}

/// An error of a job's run, with all that its owner needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JobError {
    /// What it means for the job.
    pub class: ErrorClass,
    /// A stable, documented code in snake case, such as `image_too_large`.
    pub code: &'static str,
    /// What happened, naming the operation.
    pub message: String,
    /// The platform's own words, when it said anything.
    pub platform_message: Option<String>,
    /// What the owner can do about it.
    pub remedy: &'static str,
    /// When to run again, for the classes that wait.
    pub retry_at: Option<Timestamp>,
    /// The HTTP status of the answer, when there was one.
    pub status: Option<u16>,
}

impl JobError {
    /// An error of a class with its code and message; the remedy is the class's usual one.
    pub fn new(class: ErrorClass, code: &'static str, message: impl Into<String>) -> Self {
        let remedy = usual_remedy(class);
        Self { class, code, message: message.into(), platform_message: None, remedy, retry_at: None, status: None }
    }

    /// Adds the platform's own words, cut to a length that a row can bear.
    #[must_use]
    pub fn said(mut self, words: impl Into<String>) -> Self {
        let mut words: String = words.into();
        if let Some((cut, _)) = words.char_indices().nth(PLATFORM_WORDS_MAX) {
            words.truncate(cut);
        }
        self.platform_message = Some(words);
        self
    }

    /// Replaces the usual remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = remedy;
        self
    }

    /// Sets when to run again.
    #[must_use]
    pub fn at(mut self, retry_at: Timestamp) -> Self {
        self.retry_at = Some(retry_at);
        self
    }

    /// Whether it is certain that the call did nothing: only then may the intent be withdrawn.
    pub fn certainly_not_done(&self) -> bool {
        !matches!(self.class, ErrorClass::Ambiguous | ErrorClass::Bug)
    }
}

/// The platform's words are kept up to this many characters: enough for an error document, not for a page.
const PLATFORM_WORDS_MAX: usize = 2000;

fn usual_remedy(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Transient => "nothing to do: it is tried again by itself; retry by hand once the cause is gone",
        ErrorClass::RateLimited => "nothing to do: it runs again when the platform allows it",
        ErrorClass::NotReady => "nothing to do: the platform is asked again",
        ErrorClass::AuthExpired | ErrorClass::AuthRevoked => "reconnect the account, then retry the job",
        ErrorClass::Rejected => "change the post and submit it again",
        ErrorClass::Ambiguous => "look at the account: resolve the job as published with the post's id, or send it again",
        ErrorClass::Bug => "report this to the operator of this Pressroom",
    }
}

/// A database that did not answer or refused a statement.
impl From<sea_orm::DbErr> for JobError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::new(ErrorClass::Transient, "database_unavailable", format!("the database did not take a statement: {error}"))
    }
}

/// What is stored in `jobs.error` and shown by the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorRecord {
    /// The class.
    pub class: ErrorClass,
    /// The stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The platform's own words.
    #[serde(default)]
    pub platform_message: Option<String>,
    /// What to do.
    pub remedy: String,
}

impl From<&JobError> for ErrorRecord {
    fn from(error: &JobError) -> Self {
        Self {
            class: error.class,
            code: error.code.to_owned(),
            message: error.message.clone(),
            platform_message: error.platform_message.clone(),
            remedy: error.remedy.to_owned(),
        }
    }
}

/// Pauses before the second, third, ... attempt, from the platforms' contracts; the last one repeats.
const BACKOFF_SECONDS: [u64; 5] = [2, 8, 30, 120, 600];

/// The pause after failed attempt number `attempt` (1 is the first), with up to 25 % added by `seed`
/// so that jobs which failed together do not return together.
pub fn backoff(attempt: i32, seed: &str) -> Duration {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let step = usize::try_from(attempt.max(1) - 1).unwrap_or(0).min(BACKOFF_SECONDS.len() - 1);
    let base = BACKOFF_SECONDS[step] * 1000;
    let mut hasher = DefaultHasher::new();
    (seed, attempt).hash(&mut hasher);
    Duration::from_millis(base + hasher.finish() % (base / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_ten_minutes_and_never_more_than_a_quarter_above() {
        for (attempt, seconds) in [(1, 2), (2, 8), (3, 30), (4, 120), (5, 600), (6, 600), (40, 600)] {
            let pause = backoff(attempt, "job_1").as_millis() as u64;

            assert!((seconds * 1000..seconds * 1250).contains(&pause), "attempt {attempt}: {pause}");
        }
    }

    #[test]
    fn only_a_known_answer_withdraws_an_intent() {
        for class in <ErrorClass as strum::VariantArray>::VARIANTS {
            let error = JobError::new(*class, "x", "x");

            assert_eq!(error.certainly_not_done(), !matches!(class, ErrorClass::Ambiguous | ErrorClass::Bug));
        }
    }
}
