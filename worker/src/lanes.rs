//! Two apalis workers per lane, one for each of its queues, restarted whenever they end, woken by a published message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{BackendExt, Data, PollSnapshot, PollStrategy, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::RedisStorage;
use futures_util::StreamExt;
use futures_util::task::AtomicWaker;
use shared::ids::{JobId, WorkspaceId};
use shared::jobs::Lane;
use shared::queue::{Carried, Queue, Track};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::runner::Runner;
use crate::slots::{Entry, Slots};

/// How often a lane is looked at when nothing wakes its worker.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The pause before a lane's worker is started again, and before a broken subscription is renewed.
const RESTART_AFTER: Duration = Duration::from_millis(300);

/// Ids taken from Redis at once. They wait in this process for a free slot, so more would starve other workers.
const PREFETCH_MAX: usize = 64;

/// Express ids that may wait in this process although slots are free, because their workspaces hold enough of them.
const WAITING_MAX: usize = 128;

/// Serves both queues of a lane until `shutdown`.
pub async fn serve(runner: Arc<Runner>, lane: Lane, slots: Arc<Slots>, shutdown: CancellationToken) {
    let (express, bulk) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let bells = vec![Arc::clone(&express), Arc::clone(&bulk)];
    let ringing = tokio::spawn(ring(runner.app().queue.clone(), lane, bells));
    let desk = Desk { runner, lane, slots };
    tokio::join!(
        desk.serve(Track::Express, desk.slots.total() + WAITING_MAX, express, &shutdown),
        desk.serve(Track::Bulk, desk.slots.bulk_max(), bulk, &shutdown),
    );
    ringing.abort();
}

/// Where a lane's ids arrive.
#[derive(Clone)]
struct Desk {
    runner: Arc<Runner>,
    lane: Lane,
    slots: Arc<Slots>,
}

impl Desk {
    /// Serves one of the lane's queues.
    ///
    /// apalis ends a worker when Redis fails it (a lost connection, a flushed worker set); it is then started anew, under
    /// another name: a name that was used a moment ago would be refused.
    async fn serve(&self, track: Track, at_once: usize, bell: Arc<Bell>, shutdown: &CancellationToken) {
        let (lane, queue) = (self.lane, &self.runner.app().queue);
        let mut starts = 0_u64;
        while !shutdown.is_cancelled() {
            let config = queue.lane_config(lane, track, at_once.min(PREFETCH_MAX));
            let storage = RedisStorage::<Carried>::new(queue.connection()).with_config(config);
            let worker = WorkerBuilder::new(format!("{}-{lane}-{track}-{starts}", self.runner.name()))
                .backend(storage.poll_with_strategy(Listen::new(Arc::clone(&bell))))
                .data(self.clone())
                .concurrency(at_once)
                .build(handle);
            let stop = shutdown.clone();
            let ended = worker.run_until(async move {
                stop.cancelled().await;
                Ok::<(), std::io::Error>(())
            });
            if let Err(error) = ended.await
                && !shutdown.is_cancelled()
            {
                tracing::warn!(%lane, %track, %error, "the lane's worker ended and is started again");
                tokio::time::sleep(RESTART_AFTER).await;
            }
            starts += 1;
        }
    }

    /// Runs a job when its turn has come.
    ///
    /// The run has a task of its own, so that it outlives an apalis worker which Redis failed; its slot goes with it.
    async fn take(&self, job: JobId, workspace: Option<WorkspaceId>) {
        let slot = match self.slots.enter(&job, workspace.as_ref()).await {
            Entry::Run(slot) => Some(slot),
            Entry::Crowded => return self.send_back(job).await,
            // The runner is closing too and declines the job.
            Entry::Closed => None,
        };
        let runner = Arc::clone(&self.runner);
        let run = tokio::spawn(async move {
            runner.run(job).await;
            drop(slot);
        });
        if let Err(error) = run.await {
            tracing::error!(%error, "a run's task ended early; its lease will lapse");
        }
    }

    async fn send_back(&self, job: JobId) {
        if let Err(error) = self.runner.app().queue.push(self.lane, &[job]).await {
            tracing::debug!(lane = %self.lane, error = %format!("{error:#}"), "an id was lost; the scheduler repairs it");
        }
    }
}

/// Always succeeds: retries and results belong to the database row.
async fn handle(carried: Carried, desk: Data<Desk>) {
    match carried {
        Carried::Express(job) => desk.take(job.id, Some(job.workspace)).await,
        Carried::Bulk(job) => desk.take(job, None).await,
    }
}

/// Rings whenever the lane's wake channel says so; renews the subscription for ever.
pub async fn ring(queue: Queue, lane: Lane, bells: Vec<Arc<Bell>>) {
    let ring_all = || bells.iter().for_each(|bell| bell.ring());
    loop {
        match queue.subscribe(&[queue.wake_channel(lane)]).await {
            Ok(mut subscription) => {
                ring_all();
                let mut messages = subscription.on_message();
                while messages.next().await.is_some() {
                    ring_all();
                }
            }
            Err(error) => tracing::debug!(%lane, error = %format!("{error:#}"), "no wake-ups; looking by the clock"),
        }
        tokio::time::sleep(RESTART_AFTER).await;
    }
}

/// Wakes the task that waits for ids; a ring while it is awake is kept for its next wait.
#[derive(Default)]
pub struct Bell {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    /// Wakes the task.
    pub fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

/// A poll strategy that always leaves a waker behind: the built-in ones can lose theirs and sleep until the next heartbeat.
pub struct Listen {
    bell: Arc<Bell>,
    clock: Interval,
}

impl Listen {
    /// A strategy that is woken by `bell`.
    pub fn new(bell: Arc<Bell>) -> Self {
        let mut clock = tokio::time::interval(LOOK_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { bell, clock }
    }
}

impl PollStrategy for Listen {
    /// The answer is ignored by apalis; what counts is that both wakers are registered when it returns.
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        while self.clock.poll_tick(context).is_ready() {}
        self.bell.waker.register(context.waker());
        if self.bell.rung.swap(false, Ordering::SeqCst) {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
