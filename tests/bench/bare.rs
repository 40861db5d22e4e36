//! A bare apalis-redis worker: the library that carries Pressroom's ids, with its lane settings, running nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use apalis::prelude::{BackendExt, Data, PollSnapshot, PollStrategy, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::RedisStorage;
use futures_util::StreamExt;
use futures_util::task::AtomicWaker;
use shared::ids::JobId;
use shared::jobs::Lane;
use shared::queue::Queue;
use tokio::time::{Interval, MissedTickBehavior};

/// Tasks before the clock starts.
pub(crate) const WARM_UP: usize = 500;

/// Tasks that are timed.
pub(crate) const TASKS: usize = 20_000;

/// Said when the first tasks are run.
pub(crate) const WARM: &str = "warm";

/// Said when all are run.
pub(crate) const DONE: &str = "done";

/// As in `worker/src/lanes.rs`.
const CONCURRENCY: usize = 64;
const PREFETCH: usize = 64;
const LOOK_EVERY: Duration = Duration::from_millis(250);
const LANE_BOUND: usize = 2000;

/// Runs tasks of a namespace's system lane until it is killed, and says on standard output how far it is.
pub(crate) async fn serve(redis_url: &str, namespace: &str) -> anyhow::Result<()> {
    let queue = Queue::connect(redis_url, namespace, LANE_BOUND)?;
    let bell = Arc::new(Bell::default());
    let mut subscription = queue.subscribe(&[queue.wake_channel(Lane::System)]).await?;
    let ringing = Arc::clone(&bell);
    tokio::spawn(async move {
        let mut messages = subscription.on_message();
        while messages.next().await.is_some() {
            ringing.ring();
        }
    });
    let storage = RedisStorage::<JobId>::new(queue.connection()).with_config(queue.lane_config(Lane::System, PREFETCH));
    let worker = WorkerBuilder::new(format!("bare-{}", std::process::id()))
        .backend(storage.poll_with_strategy(Listen::new(bell)))
        .data(Arc::new(AtomicUsize::new(0)))
        .concurrency(CONCURRENCY)
        .build(handle);
    worker.run().await.context("running the bare worker")
}

async fn handle(_: JobId, count: Data<Arc<AtomicUsize>>) {
    match count.fetch_add(1, Ordering::SeqCst) + 1 {
        WARM_UP => println!("{WARM}"),
        count if count == WARM_UP + TASKS => println!("{DONE}"),
        _ => {}
    }
}

/// Wakes the task that waits for ids.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

/// The poll strategy of Pressroom's lanes.
struct Listen {
    bell: Arc<Bell>,
    clock: Interval,
}

impl Listen {
    fn new(bell: Arc<Bell>) -> Self {
        let mut clock = tokio::time::interval(LOOK_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { bell, clock }
    }
}

impl PollStrategy for Listen {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        while self.clock.poll_tick(context).is_ready() {}
        self.bell.waker.register(context.waker());
        if self.bell.rung.swap(false, Ordering::SeqCst) {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
