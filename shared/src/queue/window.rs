//! Counts an API key's requests in a sliding window that all API processes share.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::Queue;
use crate::clock::Timestamp;
use crate::ids::ApiKeyId;

/// The window over which requests are counted, in whole seconds.
pub const WINDOW_SECONDS: u32 = 60;

/// How long a request waits to be counted; then it passes uncounted.
const COUNT_TIMEOUT: Duration = Duration::from_millis(100);

/// How long requests pass unasked after Redis did not answer one of them.
const REST: Duration = Duration::from_secs(1);

/// Where a key stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the request is within the quota; one that is not was not counted.
    pub allowed: bool,
    /// Requests left in the window.
    pub remaining: u32,
    /// Seconds until the oldest requests of the window no longer count.
    pub reset_seconds: u32,
}

/// Until when requests pass unasked.
#[derive(Debug, Default)]
pub(super) struct Resting(AtomicI64);

impl Queue {
    /// Counts a key's request against `quota` per minute; `None` when Redis did not answer in time.
    ///
    /// Whoever waits `reset_seconds` finds at least one request free: the counts are of whole seconds of `now`, and those
    /// of the window's oldest second are gone by then.
    pub async fn count_request(&self, key: &ApiKeyId, quota: u32, now: Timestamp) -> Option<Standing> {
        if now.0 < self.resting.0.load(Ordering::Relaxed) {
            return None;
        }
        let script = redis::Script::new(COUNT_REQUEST);
        let mut call = script.key(self.key(&format!("requests:{key}")));
        let mut redis = self.redis.clone();
        let counting = call.arg(now.unix_seconds()).arg(quota).arg(WINDOW_SECONDS).invoke_async::<(bool, u32, u32)>(&mut redis);
        match tokio::time::timeout(COUNT_TIMEOUT, counting).await {
            Ok(Ok((allowed, remaining, reset_seconds))) => Some(Standing { allowed, remaining, reset_seconds }),
            failed => {
                let error = failed.err().map_or_else(|| "it answered with an error".to_owned(), |late| late.to_string());
                tracing::warn!(error, "requests pass uncounted while Redis is away");
                self.resting.0.store(now.plus(REST).0, Ordering::Relaxed);
                None
            }
        }
    }
}

/// Counts one request in the second `ARGV[1]`, if fewer than `ARGV[2]` stand in the `ARGV[3]` seconds up to it.
const COUNT_REQUEST: &str = r"
local second, quota, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local counts = redis.call('HGETALL', KEYS[1])
local used, oldest, allowed = 0, second, 0
for n = 1, #counts, 2 do
    local at = tonumber(counts[n])
    if at <= second - window then
        redis.call('HDEL', KEYS[1], counts[n])
    else
        used = used + tonumber(counts[n + 1])
        oldest = math.min(oldest, at)
    end
end
if used < quota then
    allowed, used = 1, used + 1
    redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
    redis.call('EXPIRE', KEYS[1], 2 * window)
end
return {allowed, math.max(0, quota - used), oldest + window - second}";
