//! The lanes in Redis. Each has two queues, so that nobody waits behind another workspace's thousands: a workspace's
//! first ids go into `express`, for which workers keep slots free, and what is beyond its credit into `bulk`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use apalis_core::task::builder::TaskBuilder;
use apalis_redis::queries::push_tasks;
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};

use super::Queue;
use crate::clock::Timestamp;
use crate::ids::{JobId, WorkspaceId};
use crate::jobs::Lane;
use crate::store::jobs::DueJob;

/// Ids that a workspace may put into a lane's express queue at once: three posts to all six platforms, and a little.
pub const EXPRESS_BURST: usize = 20;

/// How long one of them takes to be given back: five a second, which even a slow worker's express slots can bear.
const EXPRESS_EVERY: Duration = Duration::from_millis(200);

/// Ids that a lane's express queue may hold: a hundred workspaces' credit, well below the 8,000 at which Lua's `unpack` fails.
const EXPRESS_BOUND: usize = 2000;

/// One of a lane's two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Track {
    /// A workspace's first ids.
    Express,
    /// All others; bounded.
    Bulk,
}

/// What Redis carries: an id, and in the express queue whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Carried {
    /// In the express queue.
    Express(DueJob),
    /// In the bulk queue.
    Bulk(JobId),
}

impl Carried {
    /// Its task: each push has a fresh task id, as a repeated one is dropped silently until it is vacuumed.
    fn task(&self) -> apalis_redis::RedisTask {
        TaskBuilder::new(serde_json::to_vec(self).unwrap_or_else(|_| unreachable!("an id is plain JSON"))).build()
    }
}

impl Queue {
    /// The apalis settings of one of a lane's queues; `prefetch` ids are taken from Redis at once.
    pub fn lane_config(&self, lane: Lane, track: Track, prefetch: usize) -> apalis_redis::Config {
        let name = match track {
            Track::Bulk => self.key(lane.into()),
            Track::Express => self.key(&format!("{lane}:express")),
        };
        // Without locks a fetch stays cheap however long the list is: the lease is ours, in SQL.
        let config = apalis_redis::Config::default().queue(name).batch_size(prefetch.max(1));
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

    /// Ids that wait in Redis for a lane's workers.
    pub async fn depth(&self, lane: Lane) -> anyhow::Result<usize> {
        Ok(self.track_depth(lane, Track::Express).await? + self.track_depth(lane, Track::Bulk).await?)
    }

    async fn track_depth(&self, lane: Lane, track: Track) -> anyhow::Result<usize> {
        let config = self.lane_config(lane, track, 1);
        let (scheduled, active): (usize, usize) = redis::pipe()
            .zcard(config.scheduled_jobs_set())
            .llen(config.active_jobs_list())
            .query_async(&mut self.redis.clone())
            .await
            .context("measuring a lane")?;
        Ok(scheduled + active)
    }

    /// How many more ids a lane's bulk queue may hold.
    pub async fn room(&self, lane: Lane) -> anyhow::Result<usize> {
        Ok(self.lane_bound.saturating_sub(self.track_depth(lane, Track::Bulk).await?))
    }

    /// How many ids a lane's bulk queue may hold.
    pub fn lane_bound(&self) -> usize {
        self.lane_bound
    }

    /// Sends ids to a lane's bulk queue and wakes its workers.
    pub async fn push(&self, lane: Lane, ids: &[JobId]) -> anyhow::Result<()> {
        self.push_to(lane, Track::Bulk, ids.iter().cloned().map(Carried::Bulk)).await
    }

    /// Sends due jobs to a lane: each workspace's first ones into the express queue, the others into the bulk queue.
    pub async fn push_due(&self, lane: Lane, jobs: &[DueJob], now: Timestamp) -> anyhow::Result<()> {
        let (express, bulk) = self.spend_credit(lane, jobs, now).await?;
        self.push_to(lane, Track::Express, express.into_iter()).await?;
        self.push(lane, &bulk).await
    }

    /// As [`Self::push_due`], but drops what the bulk queue has no room for.
    pub(super) async fn push_within_bound(&self, lane: Lane, jobs: &[DueJob], now: Timestamp) -> anyhow::Result<()> {
        let (express, mut bulk) = self.spend_credit(lane, jobs, now).await?;
        self.push_to(lane, Track::Express, express.into_iter()).await?;
        if !bulk.is_empty() {
            bulk.truncate(self.room(lane).await?);
        }
        self.push(lane, &bulk).await
    }

    async fn push_to(&self, lane: Lane, track: Track, carried: impl ExactSizeIterator<Item = Carried>) -> anyhow::Result<()> {
        let count = carried.len();
        if count == 0 {
            return Ok(());
        }
        let tasks: Vec<_> = carried.map(|carried| carried.task()).collect();
        let mut redis = self.redis.clone();
        push_tasks(&mut redis, &self.lane_config(lane, track, 1), &tasks).await.context("pushing ids")?;
        redis.publish::<_, _, ()>(self.wake_channel(lane), count).await.context("waking workers")
    }

    /// Parts jobs into those that their workspaces have credit for, which is spent, and the others.
    async fn spend_credit(&self, lane: Lane, jobs: &[DueJob], now: Timestamp) -> anyhow::Result<(Vec<Carried>, Vec<JobId>)> {
        let mut wanted: BTreeMap<&WorkspaceId, usize> = BTreeMap::new();
        for job in jobs {
            *wanted.entry(&job.workspace).or_default() += 1;
        }
        let asked: Vec<(&WorkspaceId, usize)> = wanted.into_iter().collect();
        let granted = self.ask_credit(lane, &asked, now, true).await?;
        let mut credit: BTreeMap<&WorkspaceId, usize> = asked.iter().map(|(workspace, _)| *workspace).zip(granted).collect();
        let (mut express, mut bulk) = (Vec::new(), Vec::new());
        for job in jobs {
            match credit.get_mut(&job.workspace) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    express.push(Carried::Express(job.clone()));
                }
                _ => bulk.push(job.id.clone()),
            }
        }
        Ok((express, bulk))
    }

    /// How many ids each workspace may put into a lane's express queue now.
    pub async fn credit(&self, lane: Lane, workspaces: &[&WorkspaceId], now: Timestamp) -> anyhow::Result<Vec<usize>> {
        let wanted: Vec<_> = workspaces.iter().map(|workspace| (*workspace, EXPRESS_BURST)).collect();
        self.ask_credit(lane, &wanted, now, false).await
    }

    async fn ask_credit(
        &self,
        lane: Lane,
        wanted: &[(&WorkspaceId, usize)],
        now: Timestamp,
        spend: bool,
    ) -> anyhow::Result<Vec<usize>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let config = self.lane_config(lane, Track::Express, 1);
        let script = redis::Script::new(ASK_CREDIT);
        let mut call = script.key(config.scheduled_jobs_set());
        call.key(config.active_jobs_list()).arg(now.0).arg(EXPRESS_EVERY.as_millis() as u64).arg(EXPRESS_BURST);
        call.arg(EXPRESS_BOUND).arg(u8::from(spend));
        for (workspace, count) in wanted {
            call.key(self.key(&format!("credit:{lane}:{workspace}"))).arg(*count);
        }
        call.invoke_async(&mut self.redis.clone()).await.context("asking for express credit")
    }

    /// The channel that wakes a lane's workers.
    pub fn wake_channel(&self, lane: Lane) -> String {
        self.key(&format!("wake:{lane}"))
    }

    /// Forgets finished tasks of a lane, which apalis-redis would keep for ever.
    pub async fn vacuum(&self, lane: Lane) -> anyhow::Result<()> {
        for track in <Track as strum::VariantArray>::VARIANTS {
            let config = self.lane_config(lane, *track, 1);
            let script = redis::Script::new(FORGET_DONE);
            let mut script = script.key(config.done_jobs_set());
            let call = script.key(config.job_data_hash()).key(config.job_meta_hash()).arg(VACUUM_CHUNK);
            let mut redis = self.redis.clone();
            while call.invoke_async::<usize>(&mut redis).await.context("vacuuming")? == VACUUM_CHUNK {}
        }
        Ok(())
    }
}

/// Gives each workspace what it asks for of its credit, within the room of the express queue (KEYS 1 and 2).
///
/// A workspace's key (KEYS 3 and on) holds the instant at which its credit is whole again: a token bucket in one number,
/// gone when full. A key that another clock wrote, far ahead, is gone as soon.
const ASK_CREDIT: &str = r"
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local room = tonumber(ARGV[4]) - redis.call('ZCARD', KEYS[1]) - redis.call('LLEN', KEYS[2])
local given = {}
for n = 3, #KEYS do
    local whole_at = math.max(tonumber(redis.call('GET', KEYS[n]) or 0), now)
    local left = math.floor((now + burst * every - whole_at) / every)
    local count = math.max(0, math.min(left, room, tonumber(ARGV[n + 3])))
    given[n - 2] = count
    if count > 0 and ARGV[5] == '1' then
        room = room - count
        whole_at = whole_at + count * every
        redis.call('SET', KEYS[n], string.format('%.0f', whole_at), 'PX', math.min(whole_at - now, burst * every))
    end
end
return given";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_carries_reads_back_as_what_it_was() {
        let job = DueJob { id: JobId::generate(), workspace: WorkspaceId::generate() };

        for carried in [Carried::Bulk(job.id.clone()), Carried::Express(job)] {
            let text = serde_json::to_string(&carried).unwrap();

            assert_eq!(serde_json::from_str::<Carried>(&text).unwrap(), carried);
        }
    }
}
