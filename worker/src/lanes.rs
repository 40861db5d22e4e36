//! One apalis worker per lane, restarted whenever it ends, woken by a published message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{BackendExt, Data, PollSnapshot, PollStrategy, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::RedisStorage;
use futures_util::StreamExt;
use futures_util::task::AtomicWaker;
use shared::ids::JobId;
use shared::jobs::Lane;
use shared::queue::Queue;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::runner::Runner;

/// How often a lane is looked at when nothing wakes its worker.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The pause before a lane's worker is started again, and before a broken subscription is renewed.
const RESTART_AFTER: Duration = Duration::from_millis(300);

/// Ids taken from Redis at once. They wait in this process for a free slot, so more would starve other workers.
const PREFETCH_MAX: usize = 64;

/// Serves a lane until `shutdown`.
///
/// apalis ends a worker when Redis fails it (a lost connection, a flushed worker set); it is then started anew, under
/// another name: a name that was used a moment ago would be refused.
pub async fn serve(runner: Arc<Runner>, lane: Lane, concurrency: usize, shutdown: CancellationToken) {
    let bell = Arc::new(Bell::default());
    let ringing = tokio::spawn(ring(runner.app().queue.clone(), lane, Arc::clone(&bell)));
    let mut starts = 0_u64;
    while !shutdown.is_cancelled() {
        let queue = &runner.app().queue;
        let storage =
            RedisStorage::<JobId>::new(queue.connection()).with_config(queue.lane_config(lane, concurrency.min(PREFETCH_MAX)));
        let worker = WorkerBuilder::new(format!("{}-{lane}-{starts}", runner.name()))
            .backend(storage.poll_with_strategy(Listen::new(Arc::clone(&bell))))
            .data(Arc::clone(&runner))
            .concurrency(concurrency)
            .build(handle);
        let stop = shutdown.clone();
        let ended = worker.run_until(async move {
            stop.cancelled().await;
            Ok::<(), std::io::Error>(())
        });
        if let Err(error) = ended.await
            && !shutdown.is_cancelled()
        {
            tracing::warn!(%lane, %error, "the lane's worker ended and is started again");
            tokio::time::sleep(RESTART_AFTER).await;
        }
        starts += 1;
    }
    ringing.abort();
}

/// Always succeeds: retries and results belong to the database row.
///
/// The run has a task of its own, so that it outlives an apalis worker which Redis failed.
async fn handle(job: JobId, runner: Data<Arc<Runner>>) {
    let runner = Arc::clone(&runner);
    if let Err(error) = tokio::spawn(async move { runner.run(job).await }).await {
        tracing::error!(%error, "a run's task ended early; its lease will lapse");
    }
}

/// Rings whenever the lane's wake channel says so; renews the subscription for ever.
pub async fn ring(queue: Queue, lane: Lane, bell: Arc<Bell>) {
    loop {
        match queue.subscribe(&[queue.wake_channel(lane)]).await {
            Ok(mut subscription) => {
                bell.ring();
                let mut messages = subscription.on_message();
                while messages.next().await.is_some() {
                    bell.ring();
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
