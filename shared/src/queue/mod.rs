//! Redis: carries job ids to the workers, tells of events, and shows who is alive. It may vanish at any moment.
//!
//! Ids travel through apalis-redis, see `lanes`. Workers are woken by a published message; without one they still look
//! several times a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use redis::AsyncCommands;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::mpsc;

use crate::clock::Timestamp;
use crate::telemetry::Meter;

mod courier;
mod lanes;
mod window;

pub use lanes::{Carried, EXPRESS_BURST, Track};
pub use window::{Standing, WINDOW_SECONDS};

use courier::{PARCELS_MAX, Parcel, deliver};

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
    resting: Arc<window::Resting>,
}

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
        let queue = Self { redis, client, namespace: namespace.to_owned(), lane_bound, courier, resting: Arc::default() };
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

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.namespace)
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
