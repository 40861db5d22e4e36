//! Waiting for a platform that works on something: asked again and again by re-queued runs that hold no slot.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Journal, Stop, unknown};
use crate::error::{ErrorClass, JobError};

/// When to ask, and how long to wait at most.
#[derive(Debug, Clone, Copy)]
pub struct Polling {
    /// Pauses between the questions, in order; the last one repeats.
    pub pauses: &'static [Duration],
    /// How long the platform may work, counted from the end of the step that set it to work.
    pub deadline: Duration,
    /// What the end of the deadline means.
    pub after: After,
}

/// What the end of a [`Polling`]'s deadline means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing is visible yet: the job fails and says so.
    NothingPublished,
    /// The post may appear at any time: a person must look.
    MayBePublished,
}

impl Journal {
    /// Asks until the platform's answer is final and remembers it. `since` is the step that set the platform to work.
    ///
    /// `ask` gives `None` while the platform still works. A question that fails is asked again: after something was sent,
    /// reading never changes the outcome. Only what the platform says about the thing itself (`Rejected`) ends the wait.
    pub async fn poll<T, W>(&mut self, name: &str, since: &str, polling: Polling, ask: W) -> Result<T, Stop>
    where
        T: Serialize + DeserializeOwned,
        W: AsyncFnOnce() -> Result<Option<T>, JobError>,
    {
        if let Some(output) = self.remembered(name, None) {
            return super::read(name, output);
        }
        let now = self.now();
        let began = self.steps.get(since).map_or(now, |step| step.at);
        let elapsed = now.since(began);
        self.watch.check(self.committed)?;
        self.pass(name, super::Point::Before).await;
        let error = match ask().await {
            Ok(Some(output)) => {
                self.pass(name, super::Point::Answered).await;
                self.record(name, &output, None).await?;
                return Ok(output);
            }
            Ok(None) => JobError::new(ErrorClass::NotReady, "platform_working", format!("the platform is working (`{name}`)")),
            Err(error) if matches!(error.class, ErrorClass::Transient | ErrorClass::Ambiguous | ErrorClass::NotReady) => error,
            Err(error) => return Err(Stop::Error(error)),
        };
        if elapsed >= polling.deadline {
            return Err(Stop::Error(too_late(name, polling, &error)));
        }
        let next = error.retry_at.unwrap_or_else(|| now.plus(pause(polling.pauses, elapsed)));
        let waiting = JobError::new(ErrorClass::NotReady, "platform_working", error.message).at(next);
        Err(Stop::Error(JobError { platform_message: error.platform_message, ..waiting }))
    }
}

/// The pause that follows when so much time has passed: the schedule is read off the elapsed time, nothing is counted.
fn pause(pauses: &[Duration], elapsed: Duration) -> Duration {
    let mut at = Duration::ZERO;
    for pause in pauses {
        at += *pause;
        if elapsed < at {
            return *pause;
        }
    }
    pauses.last().copied().unwrap_or(Duration::from_secs(60))
}

fn too_late(name: &str, polling: Polling, last: &JobError) -> JobError {
    let minutes = polling.deadline.as_secs() / 60;
    let message = format!("the platform was not done after {minutes} minutes (`{name}`): {}", last.message);
    match polling.after {
        After::NothingPublished => JobError {
            platform_message: last.platform_message.clone(),
            ..JobError::new(ErrorClass::Rejected, "platform_processing_timeout", message)
                .remedy("nothing was published: retry, or use a smaller or simpler file")
        },
        After::MayBePublished => JobError { platform_message: last.platform_message.clone(), ..unknown(name, message) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_read_off_the_time_that_passed() {
        let pauses = [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(60)];
        for (elapsed, next) in [(0, 2), (1, 2), (2, 5), (6, 5), (7, 60), (66, 60), (67, 60), (9999, 60)] {
            assert_eq!(pause(&pauses, Duration::from_secs(elapsed)), Duration::from_secs(next), "{elapsed}");
        }
    }
}
