//! From the end of a run to the job's next state: pure, so that every class can be read off and tested in one place.

use std::time::Duration;

use serde_json::json;
use shared::clock::Timestamp;
use shared::entity::job;
use shared::error::{ErrorClass, ErrorRecord, JobError, backoff};
use shared::ids::TargetId;
use shared::jobs::JobState;
use shared::journal::Stop;
use shared::store::job_events::NewEvent;
use shared::store::runs::{Published, Settlement};
use shared::telemetry::Meter;

use crate::runner::unknown;

/// What a finished job leaves behind: where the target's post is, for those that publish.
pub type Done = Option<(TargetId, Published)>;

/// The end of one run.
#[derive(Debug)]
pub struct Finding {
    /// What the job's code said.
    pub result: Result<Done, Stop>,
    /// Whether the journal holds a call whose outcome is unknown.
    pub open_intent: bool,
    /// Whether a call that shows was made, as the journal knows.
    pub committed: bool,
}

/// How long a job may wait for a platform's word before that is an error of its own: each wait has a deadline of its own,
/// and this one stands behind them all, longer than any quota or block lasts.
const WAITING_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// The wait when a limit came without a time.
const LIMIT_WAIT: Duration = Duration::from_secs(15 * 60);

/// What becomes of the job; `None` when the lease was lost and nothing may be written.
pub fn settle(job: &job::Model, finding: &Finding, now: Timestamp) -> Option<Settlement> {
    match &finding.result {
        Ok(done) => Some(completed(job, done.clone(), now)),
        Err(Stop::LostClaim) => None,
        Err(Stop::Cancelled) => Some(build(job, now, JobState::Cancelled, None)),
        Err(Stop::Error(error)) => Some(after_error(job, error, finding, now)),
    }
}

fn completed(job: &job::Model, done: Done, now: Timestamp) -> Settlement {
    let detail = done
        .as_ref()
        .map_or_else(|| json!({}), |(_, published)| json!({ "externalId": published.external_id, "url": published.url }));
    let mut settlement = build(job, now, JobState::Completed, None);
    settlement.event.detail = detail.to_string();
    Settlement { progress: 100, published: done, ..settlement }
}

fn after_error(job: &job::Model, error: &JobError, finding: &Finding, now: Timestamp) -> Settlement {
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, Bug, NotReady, RateLimited, Rejected, Transient};
    let waiting_too_long = now.since(job.started_at.unwrap_or(now)) > WAITING_MAX;
    match error.class {
        Transient if job.attempt < job.max_attempts => {
            let run_at = error.retry_at.unwrap_or_else(|| now.plus(backoff(job.attempt, job.id.as_str())));
            wait(job, now, run_at, error)
        }
        RateLimited => {
            Settlement { attempt_counts: false, ..wait(job, now, error.retry_at.unwrap_or_else(|| now.plus(LIMIT_WAIT)), error) }
        }
        NotReady if !waiting_too_long => {
            let run_at = error.retry_at.unwrap_or_else(|| now.plus(backoff(1, job.id.as_str())));
            Settlement { attempt_counts: false, ..wait(job, now, run_at, error) }
        }
        AuthExpired | AuthRevoked => build(job, now, JobState::Blocked, Some(error)),
        Ambiguous => build(job, now, JobState::Blocked, Some(error)),
        Transient | NotReady | Rejected | Bug if finding.open_intent => {
            let words = error.platform_message.clone();
            let error =
                JobError { platform_message: words, ..unknown(format!("a call may have been made, then: {}", error.message)) };
            build(job, now, JobState::Blocked, Some(&error))
        }
        // What was sent may still become visible, so that "failed" would be a lie.
        Transient | NotReady if finding.committed => {
            let words = error.platform_message.clone();
            let error = JobError { platform_message: words, ..unknown(format!("it was sent, then: {}", error.message)) };
            build(job, now, JobState::Blocked, Some(&error))
        }
        Transient | NotReady | Rejected | Bug => build(job, now, JobState::Failed, Some(error)),
    }
}

fn wait(job: &job::Model, now: Timestamp, run_at: Timestamp, error: &JobError) -> Settlement {
    let mut settlement = build(job, now, JobState::Queued, Some(error));
    settlement.event.kind = "waiting";
    settlement.event.detail =
        json!({ "code": error.code, "class": error.class, "message": error.message, "until": run_at.to_string() }).to_string();
    Settlement { run_at, ..settlement }
}

/// The settlement of a job whose post turned out to belong to another target.
pub fn taken_by_another(job: &job::Model, now: Timestamp) -> Settlement {
    let error = unknown("the post that was found belongs to another target of this account");
    build(job, now, JobState::Blocked, Some(&error))
}

fn build(job: &job::Model, now: Timestamp, state: JobState, error: Option<&JobError>) -> Settlement {
    let record = error.map(ErrorRecord::from);
    let detail = record.as_ref().map_or_else(|| json!({}), |record| json!({ "error": record }));
    Settlement {
        job: job.id.clone(),
        claim_no: job.claim_no,
        state,
        run_at: job.run_at,
        attempt_counts: true,
        progress: job.progress,
        error: record
            .map(|record| serde_json::to_string(&record).unwrap_or_else(|_| unreachable!("an error record is plain JSON"))),
        published: None,
        event: NewEvent {
            job: job.id.clone(),
            workspace: job.workspace_id.clone(),
            at: now,
            kind: state.into(),
            detail: detail.to_string(),
        },
    }
}

/// Writes the one log line of a finished run.
pub fn log(job: &job::Model, settlement: &Settlement, finding: &Finding) {
    let (id, state, post) = (&job.id, settlement.state, job.post_id.as_ref().map(ToString::to_string).unwrap_or_default());
    let since_due_ms = settlement.event.at.since(job.run_at).as_millis();
    let Err(Stop::Error(error)) = &finding.result else {
        tracing::info!(job.id = %id, job.kind, job.attempt, post.id = post, %state, since_due_ms, "job run ended");
        return;
    };
    let (code, class, words) = (error.code, error.class, &error.message);
    if class == ErrorClass::Bug {
        tracing::error!(job.id = %id, job.kind, job.attempt, post.id = post, %state, code, error = words, "job run ended by a fault of ours");
    } else {
        tracing::info!(job.id = %id, job.kind, job.attempt, post.id = post, %state, since_due_ms, code, %class, error = words, "job run ended");
    }
}

/// Counts a finished run.
pub fn count(meter: &Meter, job: &job::Model, settlement: &Settlement, finding: &Finding) {
    let class: &str = match &finding.result {
        Err(Stop::Error(error)) => error.class.into(),
        _ => "none",
    };
    let kind = job.kind.as_str();
    meter.count("pressroom_job_outcomes_total", &format!("kind=\"{kind}\",state=\"{}\",class=\"{class}\"", settlement.state));
    if settlement.state == JobState::Blocked && class == "ambiguous" {
        meter.count("pressroom_unknown_outcomes_total", &format!("kind=\"{kind}\""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::WorkspaceId;
    use shared::jobs::Payload;
    use shared::store::jobs::{NewTimes, new_row};
    use strum::VariantArray;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn job(attempt: i32) -> job::Model {
        let times = NewTimes { now: NOW, run_at: NOW, wake_at: NOW };
        let row = new_row(&WorkspaceId::generate(), &Payload::NoOp {}, times);
        job::Model { attempt, max_attempts: 3, claim_no: 7, started_at: Some(NOW), state: JobState::InProgress, ..row }
    }

    fn after(class: ErrorClass, attempt: i32, open_intent: bool) -> Settlement {
        let finding = Finding { result: Err(JobError::new(class, "code", "message").into()), open_intent, committed: false };
        settle(&job(attempt), &finding, NOW).unwrap()
    }

    #[test]
    fn every_class_has_its_next_state() {
        use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, Bug, NotReady, RateLimited, Rejected, Transient};
        let table = [
            (Transient, JobState::Queued, true),
            (RateLimited, JobState::Queued, false),
            (NotReady, JobState::Queued, false),
            (AuthExpired, JobState::Blocked, true),
            (AuthRevoked, JobState::Blocked, true),
            (Rejected, JobState::Failed, true),
            (Ambiguous, JobState::Blocked, true),
            (Bug, JobState::Failed, true),
        ];
        assert_eq!(table.len(), ErrorClass::VARIANTS.len());
        for (class, state, counts) in table {
            let settlement = after(class, 1, false);

            assert_eq!((settlement.state, settlement.attempt_counts), (state, counts), "{class}");
            assert_eq!(settlement.run_at > NOW, state == JobState::Queued, "{class}");
        }
    }

    #[test]
    fn a_last_attempt_fails_but_never_over_a_call_that_may_have_been_made() {
        assert_eq!(after(ErrorClass::Transient, 3, false).state, JobState::Failed);
        for class in [ErrorClass::Transient, ErrorClass::Rejected, ErrorClass::Bug] {
            let settlement = after(class, 3, true);

            assert_eq!(settlement.state, JobState::Blocked, "{class}");
            assert!(settlement.error.unwrap().contains("outcome_unknown"), "{class}");
        }
    }

    #[test]
    fn a_job_that_waits_beyond_every_deadline_ends_and_never_as_failed_when_something_was_sent() {
        let waiting = job::Model { started_at: Some(NOW.minus(WAITING_MAX * 2)), ..job(1) };
        let finding = Finding {
            result: Err(JobError::new(ErrorClass::NotReady, "code", "message").into()),
            open_intent: false,
            committed: false,
        };

        assert_eq!(settle(&waiting, &finding, NOW).unwrap().state, JobState::Failed);
        let sent = Finding { committed: true, ..finding };
        assert_eq!(settle(&waiting, &sent, NOW).unwrap().state, JobState::Blocked);
    }

    #[test]
    fn a_lost_claim_settles_nothing() {
        assert!(settle(&job(1), &Finding { result: Err(Stop::LostClaim), open_intent: true, committed: true }, NOW).is_none());
    }
}
