//! Redis: carries job ids to the workers, tells of events, and shows who is alive. It may vanish at any moment.
//!
//! Ids travel through apalis-redis, each push under a fresh task id (a repeated task id is dropped silently until it is
//! vacuumed). Workers are woken by a published message; without one they still look several times a second.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use apalis_core::task::builder::TaskBuilder;
use apalis_redis::queries::push_tasks;
use redis::AsyncCommands;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::ids::JobId;
use crate::jobs::Lane;
use crate::telemetry::Meter;

/// How long Redis may take to answer or to accept a connection.
const REDIS_TIMEOUT: Duration = Duration::from_secs(5);

/// How old a sign of life may be.
pub const ALIVE_FOR: Duration = Duration::from_secs(15);

/// A handle on Redis.
#[derive(Clone)]
pub struct Queue {
    redis: ConnectionManager,
    client: redis::Client,
    namespace: String,
    lane_bound: usize,
    courier: mpsc::Sender<Parcel>,
}

/// Something to be told to Redis soon, in the background.
enum Parcel {
    Push(Lane, JobId),
    Announce(JobId),
}

/// Parcels that may wait; when more come they are dropped, which the scheduler repairs.
const PARCELS_MAX: usize = 20_000;

impl Queue {
    /// Connects lazily: Redis may be absent and come later.
    pub fn connect(url: &str, namespace: &str, lane_bound: usize) -> anyhow::Result<Self> {
        let client = redis::Client::open(url).context("opening Redis")?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(REDIS_TIMEOUT))
            .set_connection_timeout(Some(REDIS_TIMEOUT))
            .set_max_delay(Duration::from_secs(1));
        let redis = ConnectionManager::new_lazy_with_config(client.clone(), config).context("preparing the Redis connection")?;
        let (courier, inbox) = mpsc::channel(PARCELS_MAX);
        let queue = Self { redis, client, namespace: namespace.to_owned(), lane_bound, courier };
        tokio::spawn(deliver(queue.clone_without_courier(), inbox));
        Ok(queue)
    }

    /// A handle for the courier itself: with a sender of its own the inbox would never close.
    fn clone_without_courier(&self) -> Self {
        let (courier, _) = mpsc::channel(1);
        Self { courier, ..self.clone() }
    }

    /// The connection, for the lane workers.
    pub fn connection(&self) -> ConnectionManager {
        self.redis.clone()
    }

    /// The apalis settings of a lane; `prefetch` ids are taken from Redis at once.
    pub fn lane_config(&self, lane: Lane, prefetch: usize) -> apalis_redis::Config {
        // Without locks a fetch stays cheap however long the list is: the lease is ours, in SQL.
        let config = apalis_redis::Config::default().queue(self.key(lane.into())).batch_size(prefetch.max(1));
        apalis_redis::Config {
            lock_tasks: false,
            persist_results: true,
            emit_events: false,
            heartbeat_interval: Duration::from_secs(5),
            missed_heartbeats: 3,
            idempotency_ttl: Some(Duration::from_secs(60)),
            ..config
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.namespace)
    }

    /// Tells a lane's workers soon, as a courtesy: when it gets lost, or the lane is full, the scheduler repairs it.
    pub fn nudge(&self, lane: Lane, job: &JobId) {
        // A full channel means that Redis is slow or away; the row is in the database and will be found.
        let _ = self.courier.try_send(Parcel::Push(lane, job.clone()));
    }

    /// Tells soon that a job's row or timeline changed.
    pub fn announce(&self, job: &JobId) {
        let _ = self.courier.try_send(Parcel::Announce(job.clone()));
    }

    /// Ids that wait in Redis for a lane's workers.
    pub async fn depth(&self, lane: Lane) -> anyhow::Result<usize> {
        let config = self.lane_config(lane, 1);
        let (scheduled, active): (usize, usize) = redis::pipe()
            .zcard(config.scheduled_jobs_set())
            .llen(config.active_jobs_list())
            .query_async(&mut self.redis.clone())
            .await
            .context("measuring a lane")?;
        Ok(scheduled + active)
    }

    /// How many more ids a lane may hold.
    pub async fn room(&self, lane: Lane) -> anyhow::Result<usize> {
        Ok(self.lane_bound.saturating_sub(self.depth(lane).await?))
    }

    /// Sends ids to a lane and wakes its workers.
    pub async fn push(&self, lane: Lane, ids: &[JobId]) -> anyhow::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let config = self.lane_config(lane, 1);
        let tasks: Vec<_> = ids
            .iter()
            .map(|id| TaskBuilder::new(serde_json::to_vec(id).unwrap_or_else(|_| unreachable!("an id is plain JSON"))).build())
            .collect();
        let mut redis = self.redis.clone();
        push_tasks(&mut redis, &config, &tasks).await.context("pushing ids")?;
        redis.publish::<_, _, ()>(self.wake_channel(lane), ids.len()).await.context("waking workers")
    }

    /// The channel that wakes a lane's workers.
    pub fn wake_channel(&self, lane: Lane) -> String {
        self.key(&format!("wake:{lane}"))
    }

    /// The channel that carries ids of changed jobs.
    pub fn event_channel(&self) -> String {
        self.key("events")
    }

    /// A subscription of its own connection to `channels`; ends when the connection breaks.
    pub async fn subscribe(&self, channels: &[String]) -> anyhow::Result<redis::aio::PubSub> {
        let mut subscription =
            tokio::time::timeout(REDIS_TIMEOUT, self.client.get_async_pubsub()).await.context("subscribing")??;
        for channel in channels {
            subscription.subscribe(channel).await.context("subscribing")?;
        }
        Ok(subscription)
    }

    /// Shows that a process with a role (`scheduler`, or a lane's name) lives.
    pub async fn beat(&self, role: &str, process: &str, now: Timestamp) -> anyhow::Result<()> {
        let key = self.key(&format!("alive:{role}"));
        let dead_before = now.minus(ALIVE_FOR * 4).unix_seconds();
        redis::pipe()
            .zadd(&key, process, now.unix_seconds())
            .ignore()
            .zrembyscore(&key, "-inf", dead_before)
            .ignore()
            .query_async(&mut self.redis.clone())
            .await
            .context("showing a sign of life")
    }

    /// Takes a process out of those alive, when it ends by itself.
    pub async fn retire(&self, role: &str, process: &str) -> anyhow::Result<()> {
        self.redis.clone().zrem(self.key(&format!("alive:{role}")), process).await.context("signing off")
    }

    /// How many processes with a role showed a sign of life lately.
    pub async fn count_alive(&self, role: &str, now: Timestamp) -> anyhow::Result<usize> {
        let since = now.minus(ALIVE_FOR).unix_seconds();
        self.redis.clone().zcount(self.key(&format!("alive:{role}")), since, "+inf").await.context("counting the living")
    }

    /// Whether Redis answers.
    pub async fn ping(&self) -> anyhow::Result<()> {
        redis::cmd("PING").query_async::<String>(&mut self.redis.clone()).await.map(|_| ()).context("pinging Redis")
    }

    /// Whether Redis lost its contents since this was last asked by any scheduler: it restarted, or was flushed.
    pub async fn was_wiped(&self) -> anyhow::Result<bool> {
        let mut redis = self.redis.clone();
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut redis).await.context("asking Redis who it is")?;
        let run_id = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim().to_owned();
        let marker = self.key("marker");
        let known: Option<String> = redis.get(&marker).await.context("reading the marker")?;
        if known.as_deref() == Some(run_id.as_str()) {
            return Ok(false);
        }
        redis.set::<_, _, ()>(&marker, run_id).await.context("writing the marker")?;
        Ok(true)
    }

    /// Forgets finished tasks of a lane, which apalis-redis would keep for ever.
    pub async fn vacuum(&self, lane: Lane) -> anyhow::Result<()> {
        let config = self.lane_config(lane, 1);
        let script = redis::Script::new(FORGET_DONE);
        let mut script = script.key(config.done_jobs_set());
        let call = script.key(config.job_data_hash()).key(config.job_meta_hash()).arg(VACUUM_CHUNK);
        let mut redis = self.redis.clone();
        while call.invoke_async::<usize>(&mut redis).await.context("vacuuming")? == VACUUM_CHUNK {}
        Ok(())
    }

    /// Adds a process's counters to the shared ones.
    pub async fn flush_meter(&self, meter: &Meter) -> anyhow::Result<()> {
        let series = meter.drain();
        if series.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for (name, amount) in &series {
            pipe.cmd("HINCRBYFLOAT").arg(self.key("metrics")).arg(name).arg(amount).ignore();
        }
        let sent = pipe.query_async::<()>(&mut self.redis.clone()).await;
        if sent.is_err() {
            meter.restore(series);
        }
        sent.context("adding counters")
    }

    /// The shared counters.
    pub async fn read_meter(&self) -> anyhow::Result<BTreeMap<String, f64>> {
        self.redis.clone().hgetall(self.key("metrics")).await.context("reading counters")
    }
}

/// Tasks forgotten by one script call: short enough not to hold up Redis.
const VACUUM_CHUNK: usize = 1000;

/// Forgets up to `ARGV[1]` done tasks. apalis-redis's own vacuum walks over the whole data hash each time.
const FORGET_DONE: &str = r"
local ids = redis.call('SPOP', KEYS[1], ARGV[1])
for _, id in ipairs(ids) do
    redis.call('HDEL', KEYS[2], id)
    redis.call('DEL', KEYS[3] .. ':' .. id)
end
return #ids";

/// Delivers parcels in groups until every handle is gone.
async fn deliver(queue: Queue, mut inbox: mpsc::Receiver<Parcel>) {
    let mut parcels = Vec::new();
    while inbox.recv_many(&mut parcels, 512).await > 0 {
        let mut pushes: BTreeMap<&'static str, (Lane, Vec<JobId>)> = BTreeMap::new();
        let mut announced = Vec::new();
        for parcel in parcels.drain(..) {
            match parcel {
                Parcel::Push(lane, job) => pushes.entry(lane.into()).or_insert((lane, Vec::new())).1.push(job),
                Parcel::Announce(job) => announced.push(job),
            }
        }
        for (lane, ids) in pushes.into_values() {
            if let Err(error) = push_within_bound(&queue, lane, ids).await {
                tracing::debug!(%lane, error = %format!("{error:#}"), "a nudge was lost; the scheduler repairs it");
            }
        }
        announce_all(&queue, &announced).await;
    }
}

async fn push_within_bound(queue: &Queue, lane: Lane, mut ids: Vec<JobId>) -> anyhow::Result<()> {
    ids.truncate(queue.room(lane).await?);
    queue.push(lane, &ids).await
}

async fn announce_all(queue: &Queue, jobs: &[JobId]) {
    if jobs.is_empty() {
        return;
    }
    let channel = queue.event_channel();
    let mut pipe = redis::pipe();
    for job in jobs {
        pipe.publish(&channel, job.as_str()).ignore();
    }
    if let Err(error) = pipe.query_async::<()>(&mut queue.redis.clone()).await {
        tracing::debug!(%error, "an announcement was lost; followers look by themselves");
    }
}
