//! A bare apalis-redis worker: the library that carries Pressroom's ids, with its lane settings, running nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use apalis::prelude::{BackendExt, Data, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::RedisStorage;
use shared::ids::JobId;
use shared::jobs::Lane;
use shared::queue::{Queue, Track};
use worker::lanes::{Bell, Listen};

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
const LANE_BOUND: usize = 2000;

/// Runs tasks of a namespace's system lane until it is killed, and says on standard output how far it is.
pub(crate) async fn serve(redis_url: &str, namespace: &str) -> anyhow::Result<()> {
    let queue = Queue::connect(redis_url, namespace, LANE_BOUND)?;
    let bell = Arc::new(Bell::default());
    tokio::spawn(worker::lanes::ring(queue.clone(), Lane::System, vec![Arc::clone(&bell)]));
    let storage =
        RedisStorage::<JobId>::new(queue.connection()).with_config(queue.lane_config(Lane::System, Track::Bulk, PREFETCH));
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
