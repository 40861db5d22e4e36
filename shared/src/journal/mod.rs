//! The journal: what a job has done outside, so that a run after a crash neither repeats nor loses it.
//!
//! [`Journal::step`] is for work that may be repeated; its output is remembered. [`Journal::once`] is for the call
//! that must not happen twice: the intent is written first, and while an intent stands without an outcome the platform
//! is asked before anything is sent again. Every write carries the claim's fencing number.
//!
//! One gap is left, and only in theory: a process that is stopped (not killed) between the last look at its lease and
//! the first byte of its request, for longer than the whole schedule of looks, and then goes on.

mod faults;
mod halt;
mod note;
mod poll;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::DbErr;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::{Clock, Timestamp};
use crate::entity::{job, job_step};
use crate::error::{ErrorClass, JobError};
use crate::store::batch::Batcher;
use crate::store::job_events::NewEvent;
use crate::store::job_steps::{Intent, StepChange, StepWrite};

pub use faults::{DUPLICATE, OUTCOME_UNKNOWN};
use faults::{absent_so_far, looking, read, repeatable, timed_out, unknown};
pub use halt::{Halt, Point};
pub use poll::{After, Polling};

/// Why a run ends before its job is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Something went wrong, or must wait.
    Error(JobError),
    /// The lease was lost: somebody else has the job, nothing more may be written or sent.
    LostClaim,
    /// The owner called the job off.
    Cancelled,
}

impl From<JobError> for Stop {
    fn from(error: JobError) -> Self {
        Self::Error(error)
    }
}

impl From<DbErr> for Stop {
    fn from(error: DbErr) -> Self {
        Self::Error(error.into())
    }
}

/// What a platform says about a call whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting<T> {
    /// It was done; this is its outcome.
    Found(T),
    /// It is not to be seen (yet).
    Absent,
    /// The platform has no way to tell; the reason.
    CannotTell(String),
}

/// When to ask for a call whose answer was lost, counted from the call; each platform has its own schedule.
///
/// The last entry must exceed [`CALL_TIMEOUT`], so that no call can still be under way when it is given up.
pub type Looks = &'static [Duration];

/// The longest that a call under [`Journal::once`] may take.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// How often a call is made at most, each time after the platform said that it is not there.
const SENDS_MAX: i32 = 3;

/// How long the platform is asked when asking itself fails, before a person must decide.
const LOOKING_MAX: Duration = Duration::from_secs(3600);

/// The pause before the platform is asked again after asking failed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What a running job's holder knows of its claim: kept up to date by the heartbeat.
#[derive(Debug, Clone, Default)]
pub struct ClaimWatch {
    cancelled: Arc<AtomicBool>,
    lost: Arc<AtomicBool>,
}

impl ClaimWatch {
    /// The owner called the job off.
    pub fn set_cancelled(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// The lease was lost.
    pub fn set_lost(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    fn check(&self, committed: bool) -> Result<(), Stop> {
        if self.lost.load(Ordering::SeqCst) {
            return Err(Stop::LostClaim);
        }
        if self.cancelled.load(Ordering::SeqCst) && !committed { Err(Stop::Cancelled) } else { Ok(()) }
    }
}

/// Where journals write.
#[derive(Clone)]
pub struct Recorder {
    /// Writes steps in groups.
    pub writes: Batcher<StepWrite, bool>,
    /// The time.
    pub clock: Clock,
    /// A crash point, in tests.
    pub halt: Option<Arc<Halt>>,
}

impl Recorder {
    /// Stands still here when a test asked for it.
    pub async fn pass(&self, step: &str, point: Point) {
        if let Some(halt) = &self.halt {
            halt.pass(step, point).await;
        }
    }
}

/// The journal of one run of one job.
pub struct Journal {
    recorder: Recorder,
    job: job::Model,
    steps: HashMap<String, job_step::Model>,
    watch: ClaimWatch,
    progress: i32,
    /// Something is out: from here on the job can't be called off, it has to be finished.
    committed: bool,
}

impl Journal {
    /// The journal of a claimed job, with the steps that earlier runs left.
    pub fn new(recorder: Recorder, job: job::Model, steps: Vec<job_step::Model>, watch: ClaimWatch) -> Self {
        let progress = job.progress;
        let steps = steps.into_iter().map(|step| (step.name.clone(), step)).collect();
        Self { recorder, job, steps, watch, progress, committed: false }
    }

    /// Sets the progress in percent that the next write carries.
    pub fn progress(&mut self, percent: i32) {
        self.progress = percent.clamp(self.progress, 99);
    }

    /// Whether something is out: from here on the job has to be finished.
    pub fn is_committed(&self) -> bool {
        self.committed
    }

    /// Whether a call was made, or may have been, whose outcome is not recorded.
    pub fn has_open_intent(&self) -> bool {
        self.steps.values().any(|step| step.output.is_none())
    }

    /// Whether a step's outcome is recorded, so that what only leads up to it need not be repeated.
    pub fn is_done(&self, name: &str) -> bool {
        self.remembered(name, None).is_some()
    }

    /// Does repeatable work once and remembers its output for `keeps` (for ever when `None`).
    ///
    /// An answer that was lost is worth another try here, since doing the work twice shows nowhere.
    pub async fn step<T, W>(&mut self, name: &str, keeps: Option<Duration>, work: W) -> Result<T, Stop>
    where
        T: Serialize + DeserializeOwned,
        W: AsyncFnOnce() -> Result<T, JobError>,
    {
        if let Some(output) = self.remembered(name, keeps) {
            return read(name, output);
        }
        self.watch.check(self.committed)?;
        self.pass(name, Point::Before).await;
        let output = work().await.map_err(repeatable)?;
        self.pass(name, Point::Answered).await;
        self.record(name, &output, None).await?;
        Ok(output)
    }

    /// Makes a call that must not happen twice.
    ///
    /// `act` makes it; `find` asks the platform whether it was made since the instant it is given (that of the first
    /// intent). After a crash or a lost answer `find` is asked at the times in `looks`; only when it still sees nothing
    /// at the last of them is the call made again.
    pub async fn once<T, A, F>(&mut self, name: &str, looks: Looks, act: A, find: F) -> Result<T, Stop>
    where
        T: Serialize + DeserializeOwned,
        A: AsyncFnOnce() -> Result<T, JobError>,
        F: AsyncFnOnce(Timestamp) -> Result<Sighting<T>, JobError>,
    {
        if let Some(output) = self.remembered(name, None) {
            let output = read(name, output);
            self.committed = true;
            return output;
        }
        let mut intent = Intent { first_at: self.now(), at: self.now(), sends: 1, looks: 0 };
        if let Some(open) = self.open_intent(name) {
            if let Some(output) = self.look(name, looks, open, find).await? {
                self.committed = true;
                return Ok(output);
            }
            intent = Intent { first_at: open.first_at, sends: open.sends + 1, ..intent };
        }
        self.watch.check(self.committed)?;
        self.write(
            name,
            StepChange::Intend(intent),
            Some(("sending", serde_json::json!({ "step": name, "send": intent.sends }))),
        )
        .await?;
        self.pass_once(name, Point::Before).await;
        self.watch.check(self.committed)?;
        let answer = tokio::time::timeout(CALL_TIMEOUT, act()).await;
        match answer.unwrap_or_else(|_| Err(timed_out(name))) {
            Ok(output) => {
                self.pass_once(name, Point::Answered).await;
                self.record(name, &output, Some(("sent", serde_json::json!({ "step": name })))).await?;
                self.committed = true;
                Ok(output)
            }
            Err(error) => Err(self.refused(name, looks, intent, error).await?),
        }
    }

    /// A call failed: withdraws the intent when it is certain that nothing was done, else arranges for a look.
    async fn refused(&mut self, name: &str, looks: Looks, intent: Intent, error: JobError) -> Result<Stop, Stop> {
        // A platform that calls a repeated send a duplicate says that an earlier one arrived.
        let arrived_before = intent.sends > 1 && error.code == DUPLICATE;
        if error.certainly_not_done() && !arrived_before {
            // After an earlier send, the intent stays for as long as the job may go on: the next run looks first.
            if intent.sends == 1 || error.class == ErrorClass::Rejected {
                self.write(name, StepChange::Withdraw, None).await?;
                self.steps.remove(name);
            }
            return Ok(Stop::Error(error));
        }
        let first_look = looks.first().copied().unwrap_or(LOOK_AGAIN);
        Ok(Stop::Error(looking(name, &error, intent.at.plus(first_look))))
    }

    /// Asks the platform for a call whose answer was lost. `None` means: certainly not there, send again.
    async fn look<T, F>(&mut self, name: &str, looks: Looks, open: Intent, find: F) -> Result<Option<T>, Stop>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce(Timestamp) -> Result<Sighting<T>, JobError>,
    {
        let asked_at = self.now();
        let sighting = match find(open.first_at).await {
            Ok(sighting) => sighting,
            Err(error) => return Err(Stop::Error(self.cannot_ask(name, open, error))),
        };
        match sighting {
            Sighting::Found(output) => {
                self.record(name, &output, Some(("found", serde_json::json!({ "step": name })))).await?;
                Ok(Some(output))
            }
            Sighting::CannotTell(reason) => Err(Stop::Error(unknown(name, reason))),
            Sighting::Absent => {
                let looked = Intent { looks: open.looks + 1, ..open };
                self.write(
                    name,
                    StepChange::Intend(looked),
                    Some(("looked", serde_json::json!({ "step": name, "look": looked.looks }))),
                )
                .await?;
                let next = looks.iter().map(|after| open.at.plus(*after)).find(|at| *at > asked_at);
                match next {
                    Some(at) => Err(Stop::Error(looking(name, &absent_so_far(name), at))),
                    None if open.sends >= SENDS_MAX => {
                        Err(Stop::Error(unknown(name, format!("sent {} times, never answered and never seen", open.sends))))
                    }
                    None => Ok(None),
                }
            }
        }
    }

    /// Asking failed: asks again later, and after a while leaves it to a person.
    fn cannot_ask(&self, name: &str, open: Intent, error: JobError) -> JobError {
        match error.class {
            ErrorClass::RateLimited | ErrorClass::NotReady | ErrorClass::AuthExpired | ErrorClass::AuthRevoked => error,
            ErrorClass::Transient | ErrorClass::Ambiguous if self.now().since(open.first_at) < LOOKING_MAX => {
                looking(name, &error, self.now().plus(LOOK_AGAIN))
            }
            _ => {
                let told = unknown(name, format!("asking the platform failed: {}", error.message));
                JobError { platform_message: error.platform_message, ..told }
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.recorder.clock.now()
    }

    fn remembered(&self, name: &str, keeps: Option<Duration>) -> Option<&str> {
        let step = self.steps.get(name)?;
        let fresh = keeps.is_none_or(|keeps| self.now().since(step.at) < keeps);
        step.output.as_deref().filter(|_| fresh)
    }

    fn open_intent(&self, name: &str) -> Option<Intent> {
        let step = self.steps.get(name).filter(|step| step.output.is_none())?;
        Some(Intent { first_at: step.first_at, at: step.at, sends: step.sends, looks: step.looks })
    }

    async fn record<T: Serialize>(
        &mut self,
        name: &str,
        output: &T,
        event: Option<(&'static str, serde_json::Value)>,
    ) -> Result<(), Stop> {
        let output = serde_json::to_string(output)
            .map_err(|error| JobError::new(ErrorClass::Bug, "step_output_unwritable", format!("step `{name}`: {error}")))?;
        self.write(name, StepChange::Done(output), event).await
    }

    async fn write(
        &mut self,
        name: &str,
        change: StepChange,
        event: Option<(&'static str, serde_json::Value)>,
    ) -> Result<(), Stop> {
        let event = event.map(|(kind, detail)| NewEvent {
            job: self.job.id.clone(),
            workspace: self.job.workspace_id.clone(),
            at: self.now(),
            kind,
            detail: detail.to_string(),
        });
        let write = StepWrite {
            job: self.job.id.clone(),
            claim_no: self.job.claim_no,
            name: name.to_owned(),
            change: change.clone(),
            progress: self.progress,
            event,
        };
        if !self.recorder.writes.submit(write).await? {
            return Err(Stop::LostClaim);
        }
        self.remember(name, change);
        Ok(())
    }

    fn remember(&mut self, name: &str, change: StepChange) {
        let now = self.now();
        let (output, intent) = match change {
            StepChange::Intend(intent) => (None, intent),
            StepChange::Done(output) => (Some(output), Intent { first_at: now, at: now, sends: 1, looks: 0 }),
            StepChange::Withdraw => return,
        };
        let Intent { first_at, at, sends, looks } = intent;
        let step = job_step::Model { job_id: self.job.id.clone(), name: name.to_owned(), output, first_at, at, sends, looks };
        self.steps.insert(name.to_owned(), step);
    }

    /// Stands still here when a test asked for it.
    pub(crate) async fn pass(&self, name: &str, point: Point) {
        self.recorder.pass(name, point).await;
    }

    /// A point of a call that must not happen twice: such points can also be named all together, as `once`.
    async fn pass_once(&self, name: &str, point: Point) {
        self.pass(name, point).await;
        self.pass("once", point).await;
    }
}
