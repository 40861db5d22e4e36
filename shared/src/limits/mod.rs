//! One limiter for all workers, in Redis: how much every platform still allows, and whether it answers at all.
//!
//! [`Limits::take`] is asked before each call to a platform and [`Limits::learn`] told after it. What is not allowed waits
//! until it is, before the call is made: nobody is refused for being too fast, and no attempt is used. Times are those of the
//! caller's clock. When Redis loses its state, only a part of each limit is free until an answer tells how much is left.

pub mod caps;
mod read;
pub mod table;

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Context;
use redis::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::config::{Config, DailyCaps};
use crate::content::PlatformId;
use crate::error::{ErrorClass, JobError};
use crate::ids::AccountId;
use crate::telemetry::Meter;
use caps::scaled;
use table::{About, Budget, Cap, Lesson, Limit, Owner, Told};

pub use read::{Circuit, Gauge, Gauges};

/// The limiter.
#[derive(Clone)]
pub struct Limits {
    redis: ConnectionManager,
    namespace: String,
    /// How long Redis may take to answer.
    patience: Duration,
    /// Whether calls are counted; circuits open even if not.
    counted: bool,
    caps: DailyCaps,
    meter: Meter,
}

/// What a platform limits.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its limits.
    pub limits: &'static [Limit],
    /// How many posts it takes in a day, where that is known.
    pub cap: Option<Cap>,
}

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The platform.
    pub platform: PlatformId,
    /// The account that it is made for.
    pub account: &'a AccountId,
    /// The operation's name.
    pub what: &'a str,
    /// What the platform limits.
    pub table: &'static Table,
}

/// How a call ended, as far as limits and circuits are concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether it may have reached the platform.
    pub sent: bool,
    /// Whether the platform was away: no connection, no answer, or a status of 500 and above.
    pub failed: bool,
    /// What the answer told.
    pub lessons: Vec<Lesson>,
}

/// What a permitted call holds until its outcome is told.
#[derive(Debug)]
pub struct Pass<'a> {
    call: Call<'a>,
    buckets: Vec<Bucket<'a>>,
}

/// A limit as the scripts see it.
#[derive(Debug, Clone, Serialize)]
struct Bucket<'a> {
    name: Cow<'a, str>,
    /// 1 for the account, 2 for the app: the place of its hash among the script's keys.
    owner: u8,
    kind: &'static str,
    most: u32,
    cost: u32,
    /// The length of its window in milliseconds.
    span: i64,
    /// When a window ends that begins now.
    reset: i64,
    /// The place of its list of calls among the script's keys.
    log: usize,
}

/// What the scripts are told.
#[derive(Serialize)]
struct Message<'a> {
    platform: PlatformId,
    account: &'a str,
    buckets: &'a [Bucket<'a>],
    /// How long the state is kept without a call, in milliseconds.
    keep: u64,
    #[serde(flatten)]
    outcome: Option<Learned<'a>>,
}

#[derive(Serialize)]
struct Learned<'a> {
    sent: bool,
    failed: bool,
    lessons: Vec<WireLesson<'a>>,
}

/// A lesson as the script sees it.
#[derive(Serialize)]
struct WireLesson<'a> {
    name: &'a str,
    owner: u8,
    sliding: bool,
    span: i64,
    #[serde(flatten)]
    told: WireTold,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum WireTold {
    Left { limit: u32, left: u32, reset: i64 },
    Used { percent: f64 },
    Until { until: i64 },
}

/// How long state is kept without a call: longer than the longest window, a day.
const KEEP: Duration = Duration::from_secs(2 * 86_400);

/// The wait when Redis does not answer: it is usually back, or given up on, within seconds.
const REDIS_AWAY: Duration = Duration::from_secs(3);

/// Waiting jobs return over this many milliseconds.
const REDIS_AWAY_SPREAD: u64 = 2000;

/// Added to sliding windows: a platform counts a call when it arrives, which is after it was counted here.
const SLIDING_SLACK: Duration = Duration::from_secs(1);

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(concat!(include_str!("common.lua"), include_str!("take.lua"))));
static LEARN: LazyLock<Script> = LazyLock::new(|| Script::new(concat!(include_str!("common.lua"), include_str!("learn.lua"))));

impl Limits {
    /// Connects lazily: Redis may be absent and come later.
    pub fn connect(config: &Config, meter: Meter) -> anyhow::Result<Self> {
        let client = redis::Client::open(config.redis_url.expose().as_str()).context("opening Redis")?;
        let patience = config.limiter_patience;
        let settings = ConnectionManagerConfig::new()
            .set_response_timeout(Some(patience))
            .set_connection_timeout(Some(patience))
            .set_max_delay(Duration::from_secs(1));
        let redis = ConnectionManager::new_lazy_with_config(client, settings).context("preparing the Redis connection")?;
        let namespace = config.redis_namespace.clone();
        Ok(Self { redis, namespace, patience, counted: config.platform_limits, caps: config.daily_caps.clone(), meter })
    }

    /// Asks for one call. An error says until when it has to wait, and that the call must not be made.
    pub async fn take<'a>(&self, call: Call<'a>, now: Timestamp) -> Result<Pass<'a>, JobError> {
        let buckets = if self.counted { self.buckets(&call, now) } else { Vec::new() };
        let pass = Pass { call, buckets };
        let answer: Result<Vec<String>, _> = self.run(&TAKE, &pass, None, now).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "the limiter is out of reach; calls wait for it");
                return Err(unavailable(&call, now));
            }
        };
        let until = |text: &String| text.parse().map_or_else(|_| now.plus(REDIS_AWAY), Timestamp);
        match answer.as_slice() {
            [verdict, name, at] if verdict == "limit" => Err(self.limited(&call, name, until(at))),
            [verdict, owner, at] if verdict == "circuit" => Err(circuit_open(&call, owner, until(at))),
            _ => Ok(pass),
        }
    }

    /// Tells how a permitted call ended. What can't be told is lost: the state mends itself with the next window.
    pub async fn learn(&self, pass: Pass<'_>, outcome: &Outcome, now: Timestamp) {
        let lessons = if self.counted { wire(&pass, &outcome.lessons) } else { Vec::new() };
        let learned = Learned { sent: outcome.sent, failed: outcome.failed, lessons };
        let opened: Result<Vec<String>, _> = self.run(&LEARN, &pass, Some(learned), now).await;
        match opened {
            Ok(opened) => {
                for owner in opened {
                    let Call { platform, account, .. } = pass.call;
                    tracing::warn!(%platform, account.id = %account, of = owner, "a circuit opened: the platform does not answer");
                    self.meter.count("pressroom_circuit_openings_total", &format!("platform=\"{platform}\",of=\"{owner}\""));
                }
            }
            Err(error) => tracing::debug!(error = %format!("{error:#}"), "the limiter did not hear of a call's end"),
        }
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        pass: &Pass<'_>,
        outcome: Option<Learned<'_>>,
        now: Timestamp,
    ) -> anyhow::Result<T> {
        let Call { platform, account, .. } = pass.call;
        let keep = u64::try_from(KEEP.as_millis()).unwrap_or(u64::MAX);
        let message = Message { platform, account: account.as_str(), buckets: &pass.buckets, keep, outcome };
        let message = serde_json::to_string(&message).context("writing the call")?;
        let mut call = script.key(self.account_key(platform, account));
        call.key(self.app_key(platform)).key(self.open_key());
        for bucket in pass.buckets.iter().filter(|bucket| bucket.log > 0) {
            call.key(self.log_key(platform, account, &bucket.name));
        }
        call.arg(now.0).arg(message);
        let mut redis = self.redis.clone();
        // The connection's own timeout does not cover its being made anew.
        let answer = tokio::time::timeout(self.patience, call.invoke_async(&mut redis)).await;
        answer.context("Redis was too slow")?.context("running a script")
    }

    /// The limits that a call counts against.
    fn buckets<'a>(&self, call: &Call<'a>, now: Timestamp) -> Vec<Bucket<'a>> {
        let mut buckets = Vec::new();
        let mut logs = 0;
        let mut has_endpoint = false;
        for limit in call.table.limits {
            let cost = limit.cost(call.what);
            if cost == 0 {
                continue;
            }
            has_endpoint |= is_endpoint(limit);
            let sliding = matches!(limit.budget, Budget::Sliding(..));
            logs += usize::from(sliding);
            let log = if sliding { FIRST_LOG + logs } else { 0 };
            buckets.extend(self.bucket(call, limit, cost, now).map(|bucket| Bucket { log, ..bucket }));
        }
        if !has_endpoint {
            let name = Cow::Owned(endpoint_name(call.what));
            buckets.push(Bucket { name, owner: 1, kind: "told", most: 0, cost: 0, span: 0, reset: 0, log: 0 });
        }
        buckets
    }

    /// A limit as the scripts see it; `None` when the operator lifted it.
    fn bucket<'a>(&self, call: &Call<'a>, limit: &'static Limit, cost: u32, now: Timestamp) -> Option<Bucket<'a>> {
        let (kind, most, end, span) = match limit.budget {
            Budget::Calls(most, window) => ("calls", most, window.end(now), window_length(window)),
            Budget::Sliding(most, span) => ("sliding", most, now, span + SLIDING_SLACK),
            Budget::Usage(span) => ("usage", 100, now, span),
        };
        let most = if limit.follows_cap { scaled(most, call.table.cap, self.caps.get(call.platform))? } else { most };
        Some(Bucket {
            name: Cow::Borrowed(limit.name),
            owner: number(limit.owner),
            kind,
            most,
            cost,
            span: millis(span),
            reset: end.0,
            log: 0,
        })
    }

    fn limited(&self, call: &Call<'_>, name: &str, until: Timestamp) -> JobError {
        let Call { platform, what, .. } = call;
        self.meter.count("pressroom_limit_waits_total", &format!("platform=\"{platform}\""));
        let message = format!("`{what}` waits until {until}: the limit `{name}` of {platform} leaves no room before");
        JobError::new(ErrorClass::RateLimited, "limit_reached", message).at(until)
    }

    fn account_key(&self, platform: PlatformId, account: &AccountId) -> String {
        format!("{}:limits:{platform}:{account}", self.namespace)
    }

    fn app_key(&self, platform: PlatformId) -> String {
        format!("{}:limits:{platform}", self.namespace)
    }

    fn open_key(&self) -> String {
        format!("{}:limits:open", self.namespace)
    }

    fn log_key(&self, platform: PlatformId, account: &AccountId, name: &str) -> String {
        format!("{}:{name}", self.account_key(platform, account))
    }
}

/// The keys before the first list of calls.
const FIRST_LOG: usize = 3;

/// Whether a limit is one of an account's calls of a kind, not of all that it does.
fn is_endpoint(limit: &Limit) -> bool {
    limit.owner == Owner::Account && !matches!(limit.budget, Budget::Usage(_))
}

/// The name under which calls are held up whose endpoint has no documented limit.
fn endpoint_name(what: &str) -> String {
    let word: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    format!("call_{word}")
}

fn number(owner: Owner) -> u8 {
    match owner {
        Owner::Account => 1,
        Owner::App => 2,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn window_length(window: table::Window) -> Duration {
    match window {
        table::Window::Lasting(length) => length,
        table::Window::Until(_) => Duration::from_secs(86_400),
    }
}

/// Turns lessons to the limits that they are about; those about none are left out.
fn wire<'a>(pass: &'a Pass<'_>, lessons: &[Lesson]) -> Vec<WireLesson<'a>> {
    let wired = lessons.iter().filter_map(|lesson| {
        let bucket = pass.buckets.iter().find(|bucket| is_about(bucket, lesson.about, pass.call.table));
        let (name, owner, sliding, span) = match bucket {
            Some(bucket) => (&*bucket.name, bucket.owner, bucket.kind == "sliding", bucket.span),
            // A question about another limit than its own.
            None => (another(lesson.about, pass.call.table)?, 1, true, 0),
        };
        let told = match lesson.told {
            Told::Left { limit, left, reset_at } => WireTold::Left { limit, left, reset: reset_at.0 },
            Told::Used { percent } => WireTold::Used { percent },
            Told::Until(until) => WireTold::Until { until: until.0 },
        };
        Some(WireLesson { name, owner, sliding, span, told })
    });
    wired.collect()
}

/// The account's sliding limit of this name, though the call does not count against it.
fn another(about: About, table: &Table) -> Option<&'static str> {
    let About::Account(name) = about else { return None };
    let found = table.limits.iter().find(|limit| limit.name == name && matches!(limit.budget, Budget::Sliding(..)))?;
    Some(found.name)
}

fn is_about(bucket: &Bucket<'_>, about: About, table: &Table) -> bool {
    let documented = || table.limits.iter().find(|limit| limit.name == bucket.name);
    match about {
        About::Account(name) => bucket.owner == 1 && bucket.name == name,
        About::App => bucket.owner == 2,
        About::Endpoint => bucket.owner == 1 && documented().is_none_or(is_endpoint),
    }
}

fn unavailable(call: &Call<'_>, now: Timestamp) -> JobError {
    let mut hasher = DefaultHasher::new();
    (call.account, call.what, now).hash(&mut hasher);
    let spread = Duration::from_millis(hasher.finish() % REDIS_AWAY_SPREAD);
    let message = format!("`{}` waits: how much the platform still allows can't be told without Redis", call.what);
    let error = JobError::new(ErrorClass::NotReady, "limiter_unavailable", message);
    error.remedy("nothing to do: it runs again as soon as Redis answers").at(now.plus(REDIS_AWAY + spread))
}

fn circuit_open(call: &Call<'_>, owner: &str, until: Timestamp) -> JobError {
    let whose = if owner == "platform" { "" } else { " for this account" };
    let message = format!("`{}` waits until {until}: {} did not answer lately{whose}", call.what, call.platform);
    JobError::new(ErrorClass::NotReady, "circuit_open", message)
        .remedy("nothing to do: it is tried again as soon as the platform answers")
        .at(until)
}
