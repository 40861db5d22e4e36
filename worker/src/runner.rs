//! Claim, run, settle: the life of a job inside a worker. Knows nothing of any one kind of job.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use shared::app::App;
use shared::entity::job;
use shared::error::{ErrorClass, JobError};
use shared::ids::JobId;
use shared::jobs::Payload;
use shared::journal::{ClaimWatch, Halt, Journal, OUTCOME_UNKNOWN, Point, Recorder, Stop};
use shared::store::batch::Batcher;
use shared::store::runs::{ClaimKey, Settlement};
use shared::store::{job_steps, jobs, runs};

use crate::jobs::Run;
use crate::settle::{self, Finding};

/// Runs jobs for one process.
pub struct Runner {
    app: Arc<App>,
    name: String,
    claims: Batcher<JobId, Option<job::Model>>,
    settlements: Batcher<Settlement, bool>,
    recorder: Recorder,
    held: Mutex<HashMap<JobId, Held>>,
    /// Runs from before their claim to after their settlement: what closing waits for.
    active: AtomicUsize,
    /// Ids that came after closing began: told to the scheduler at the end.
    declined: Mutex<Vec<JobId>>,
    closing: AtomicBool,
}

struct Held {
    claim_no: i64,
    watch: ClaimWatch,
}

/// The pause before a settlement that the database refused is tried again.
const SETTLE_AGAIN: Duration = Duration::from_millis(500);

/// Tries at settling before the lease is left to lapse.
const SETTLE_TRIES: usize = 20;

impl Runner {
    /// Starts the batch writers and the heartbeat.
    pub fn start(app: Arc<App>, halt: Option<Arc<Halt>>) -> Arc<Self> {
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let recorder = Recorder { writes: step_writer(&app), clock: app.clock.clone(), halt };
        let runner = Arc::new(Self {
            claims: claim_writer(&app, name.clone()),
            settlements: settlement_writer(&app),
            recorder,
            held: Mutex::default(),
            active: AtomicUsize::new(0),
            declined: Mutex::default(),
            closing: AtomicBool::new(false),
            name,
            app,
        });
        tokio::spawn(keep_leases(Arc::downgrade(&runner)));
        runner
    }

    /// The process's context.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// This worker's name, new with every start.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a job if it is due and free; else does nothing. Never fails: what happened stands in the row.
    pub async fn run(&self, id: JobId) {
        // Counted before `closing` is read: whoever closes sees either the count or nothing begun.
        let _active = Active::begin(&self.active);
        if self.closing.load(Ordering::SeqCst) {
            self.declined.lock().unwrap_or_else(PoisonError::into_inner).push(id);
            return;
        }
        let claimed = match self.claims.submit(id.clone()).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(job.id = %id, %error, "a job could not be claimed; it is pushed again later");
                return;
            }
        };
        let Some(job) = claimed else { return };
        self.begin(&job);
        let watch = ClaimWatch::default();
        self.hold(&job, watch.clone());
        self.recorder.pass("run", Point::Before).await;
        let finding = self.execute(&job, watch).await;
        self.recorder.pass("settle", Point::Before).await;
        self.settle(&job, finding).await;
        self.lock_held().remove(&job.id);
    }

    fn begin(&self, job: &job::Model) {
        let meter = &self.app.meter;
        if job.claim_no == 1 {
            meter.observe_lateness(job.lane.into(), self.app.clock.now().since(job.run_at));
        }
        meter.count("pressroom_job_attempts_total", &format!("kind=\"{}\"", job.kind));
        self.app.queue.announce(&job.id);
    }

    fn hold(&self, job: &job::Model, watch: ClaimWatch) {
        if job.cancel_requested {
            watch.set_cancelled();
        }
        self.lock_held().insert(job.id.clone(), Held { claim_no: job.claim_no, watch });
    }

    fn lock_held(&self) -> MutexGuard<'_, HashMap<JobId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn execute(&self, job: &job::Model, watch: ClaimWatch) -> Finding {
        // A job that was never claimed before has no steps to be read.
        let steps = if job.claim_no == 1 { Ok(Vec::new()) } else { job_steps::list(&*self.app.db, &job.id).await };
        let steps = match steps {
            Ok(steps) => steps,
            Err(error) => return Finding { result: Err(error.into()), open_intent: true, committed: false },
        };
        let mut journal = Journal::new(self.recorder.clone(), job.clone(), steps, watch);
        if job.attempt > job.max_attempts {
            let message = format!("the job was begun {} times and never came to an end", job.attempt - 1);
            let error = JobError::new(ErrorClass::Bug, "attempts_exhausted", message);
            return Finding {
                result: Err(error.into()),
                open_intent: journal.has_open_intent(),
                committed: journal.is_committed(),
            };
        }
        let run = AssertUnwindSafe(self.dispatch(job, &mut journal)).catch_unwind().await;
        let result =
            run.unwrap_or_else(|_| Err(JobError::new(ErrorClass::Bug, "run_panicked", "the job's code panicked").into()));
        Finding { result, open_intent: journal.has_open_intent(), committed: journal.is_committed() }
    }

    async fn dispatch(&self, job: &job::Model, journal: &mut Journal) -> Result<settle::Done, Stop> {
        let payload: Payload = serde_json::from_str(&job.payload).map_err(|error| {
            let message = format!("the payload of kind `{}` can't be read by this version: {error}", job.kind);
            JobError::new(ErrorClass::Bug, "payload_unreadable", message)
        })?;
        match payload {
            Payload::PublishPost { target } => {
                crate::jobs::publish_post::PublishPost { target }.run(&self.app, job, journal).await
            }
            Payload::RefreshToken { account } => {
                crate::jobs::refresh_token::RefreshToken { account }.run(&self.app, job, journal).await
            }
            Payload::CheckTarget { target } => {
                crate::jobs::check_target::CheckTarget { target }.run(&self.app, job, journal).await
            }
            Payload::NoOp {} => crate::jobs::no_op::NoOp.run(&self.app, job, journal).await,
        }
    }

    async fn settle(&self, job: &job::Model, finding: Finding) {
        let Some(mut settlement) = settle::settle(job, &finding, self.app.clock.now()) else {
            tracing::warn!(job.id = %job.id, "the lease was lost; somebody else has the job");
            return;
        };
        settle::log(job, &settlement, &finding);
        settle::count(&self.app.meter, job, &settlement, &finding);
        for _ in 0..SETTLE_TRIES {
            match self.settlements.submit(settlement.clone()).await {
                Ok(held) => {
                    if !held {
                        tracing::warn!(job.id = %job.id, "the lease was lost before the job could be settled");
                    }
                    self.app.queue.announce(&job.id);
                    return;
                }
                Err(error) if is_taken(&error) => settlement = settle::taken_by_another(job, self.app.clock.now()),
                Err(error) => {
                    tracing::warn!(job.id = %job.id, %error, "a job could not be settled yet");
                    tokio::time::sleep(SETTLE_AGAIN).await;
                }
            }
        }
        tracing::error!(job.id = %job.id, "a job could not be settled; its lease will lapse and its journal be read again");
    }

    /// Stops claiming, waits up to `grace` for what runs, and gives the rest back.
    pub async fn close(&self, grace: Duration) {
        self.closing.store(true, Ordering::SeqCst);
        let deadline = tokio::time::Instant::now() + grace;
        while self.active.load(Ordering::SeqCst) > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let left = self.held_claims();
        let now = self.app.clock.now();
        if !left.is_empty()
            && let Err(error) = runs::hand_back(&self.app.db, &left, now).await
        {
            tracing::error!(%error, jobs = left.len(), "running jobs could not be handed back; their leases will lapse");
        }
        let declined = std::mem::take(&mut *self.declined.lock().unwrap_or_else(PoisonError::into_inner));
        if !declined.is_empty()
            && let Err(error) = jobs::wake_now(&*self.app.db, &declined, now).await
        {
            tracing::warn!(%error, "declined jobs are pushed again a little later");
        }
        tracing::info!(handed_back = left.len(), declined = declined.len(), "worker closed");
    }

    fn held_claims(&self) -> Vec<ClaimKey> {
        self.lock_held().iter().map(|(job, held)| (job.clone(), held.claim_no)).collect()
    }

    /// Renews the leases of all that runs; tells runs that were called off or lost their lease.
    pub async fn renew_leases(&self) {
        let claims = self.held_claims();
        for chunk in claims.chunks(RENEW_CHUNK) {
            let lease_end = self.app.clock.now().plus(self.app.config.lease);
            let renewed = match runs::renew(&self.app.db, chunk, lease_end).await {
                Ok(renewed) => renewed,
                Err(error) => {
                    tracing::warn!(%error, "leases could not be renewed");
                    return;
                }
            };
            let held = self.lock_held();
            for (job, claim_no) in chunk {
                let Some(mine) = held.get(job).filter(|mine| mine.claim_no == *claim_no) else { continue };
                match renewed.iter().find(|renewed| renewed.job == *job) {
                    Some(renewed) if renewed.cancel_requested => mine.watch.set_cancelled(),
                    Some(_) => {}
                    None => mine.watch.set_lost(),
                }
            }
        }
    }
}

/// One run, for as long as it lives.
struct Active<'a>(&'a AtomicUsize);

impl<'a> Active<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Leases renewed at once.
const RENEW_CHUNK: usize = 500;

/// Whether the database refused a published id because another target of the account holds it.
fn is_taken(error: &sea_orm::DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

/// Renews leases three times per lease for as long as the runner lives.
async fn keep_leases(runner: std::sync::Weak<Runner>) {
    loop {
        let Some(alive) = runner.upgrade() else { return };
        let every = alive.app.config.lease / 3;
        alive.renew_leases().await;
        drop(alive);
        tokio::time::sleep(every).await;
    }
}

fn claim_writer(app: &Arc<App>, name: String) -> Batcher<JobId, Option<job::Model>> {
    let app = Arc::clone(app);
    Batcher::spawn(move |ids: Vec<JobId>| {
        let (app, name) = (Arc::clone(&app), name.clone());
        async move {
            let now = app.clock.now();
            runs::claim_batch(&app.db, &ids, &name, now, now.plus(app.config.lease)).await
        }
    })
}

fn settlement_writer(app: &Arc<App>) -> Batcher<Settlement, bool> {
    let app = Arc::clone(app);
    Batcher::spawn(move |settlements: Vec<Settlement>| {
        let app = Arc::clone(&app);
        async move { runs::settle_batch(&app.db, &settlements, app.clock.now()).await }
    })
}

fn step_writer(app: &Arc<App>) -> Batcher<job_steps::StepWrite, bool> {
    let app = Arc::clone(app);
    Batcher::spawn(move |writes: Vec<job_steps::StepWrite>| {
        let app = Arc::clone(&app);
        async move {
            let now = app.clock.now();
            job_steps::write_batch(&app.db, &writes, now, now.plus(app.config.lease)).await
        }
    })
}

/// The message of a job that can only be decided by a person.
pub(crate) fn unknown(message: impl Into<String>) -> JobError {
    JobError::new(ErrorClass::Ambiguous, OUTCOME_UNKNOWN, message)
}
