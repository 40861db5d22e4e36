//! What the limiter knows, for people to look at.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context;
use redis::AsyncCommands;

use super::table::{Budget, Limit, Owner};
use super::{Limits, SLIDING_SLACK, Table, millis, scaled};
use crate::clock::Timestamp;
use crate::content::PlatformId;
use crate::ids::AccountId;

/// A limit as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// Its name.
    pub name: String,
    /// All there is in a window; `None` where the platform tells percentages, or only when nothing is left.
    pub limit: Option<i64>,
    /// What was used of it.
    pub used: Option<i64>,
    /// What is left of it.
    pub left: Option<i64>,
    /// When it starts anew, or when calls go on.
    pub reset_at: Option<Timestamp>,
    /// How much is used, in percent.
    pub usage_percent: Option<f64>,
}

/// Whether calls are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// They are.
    Closed,
    /// They wait: the platform did not answer lately.
    Open {
        /// Until then.
        until: Timestamp,
    },
    /// One is let through, to see whether the platform answers again.
    HalfOpen,
}

/// All limits of an account, or of the whole app.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauges {
    /// The limits.
    pub limits: Vec<Gauge>,
    /// Whether calls are let through.
    pub circuit: Circuit,
}

type Fields = HashMap<String, f64>;

impl Limits {
    /// The limits of an account.
    pub async fn read_account(
        &self,
        (platform, account): (PlatformId, &AccountId),
        table: &Table,
        now: Timestamp,
    ) -> anyhow::Result<Gauges> {
        let fields = self.fields(&self.account_key(platform, account)).await?;
        let mut sliding = BTreeMap::new();
        for limit in table.limits.iter().filter(|limit| limit.owner == Owner::Account) {
            if let Budget::Sliding(_, span) = limit.budget {
                let log = self.log_key(platform, account, limit.name);
                let since = now.0 - millis(span + SLIDING_SLACK);
                let times: Vec<(String, f64)> =
                    self.patient(self.redis.clone().zrangebyscore_withscores(&log, format!("({since}"), "+inf")).await?;
                sliding.insert(limit.name, times.into_iter().map(|(_, at)| instant(at)).collect::<Vec<_>>());
            }
        }
        Ok(self.gauges((platform, Owner::Account), table, (&fields, &sliding), now))
    }

    /// The limits of the whole app on a platform.
    pub async fn read_app(&self, platform: PlatformId, table: &Table, now: Timestamp) -> anyhow::Result<Gauges> {
        let fields = self.fields(&self.app_key(platform)).await?;
        Ok(self.gauges((platform, Owner::App), table, (&fields, &BTreeMap::new()), now))
    }

    /// How many circuits of each platform are open: its own and those of its accounts.
    pub async fn count_open(&self, now: Timestamp) -> anyhow::Result<BTreeMap<String, usize>> {
        let members: Vec<String> =
            self.patient(self.redis.clone().zrangebyscore(self.open_key(), format!("({}", now.0), "+inf")).await?;
        let mut open = BTreeMap::new();
        for member in members {
            let platform = member.split(':').next().unwrap_or_default().to_owned();
            *open.entry(platform).or_default() += 1;
        }
        Ok(open)
    }

    async fn fields(&self, key: &str) -> anyhow::Result<Fields> {
        self.patient(self.redis.clone().hgetall(key)).await
    }

    async fn patient<T>(&self, reading: impl Future<Output = redis::RedisResult<T>>) -> anyhow::Result<T> {
        tokio::time::timeout(self.patience, reading).await.context("Redis was too slow")?.context("reading limits")
    }

    fn gauges(
        &self,
        (platform, owner): (PlatformId, Owner),
        table: &Table,
        (fields, sliding): (&Fields, &BTreeMap<&str, Vec<Timestamp>>),
        now: Timestamp,
    ) -> Gauges {
        let own = table.limits.iter().filter(|limit| limit.owner == owner);
        let mut limits: Vec<Gauge> = own
            .filter_map(|limit| {
                let own_cap = if limit.follows_cap { self.caps.get(platform) } else { None };
                let state = State { fields, name: limit.name, now };
                state.gauge(limit, |most| scaled(most, table.cap, own_cap), sliding.get(limit.name).map_or(&[], Vec::as_slice))
            })
            .collect();
        let documented: BTreeSet<&str> = table.limits.iter().map(|limit| limit.name).collect();
        let names = fields.keys().filter_map(|field| field.strip_suffix(":blocked").or_else(|| field.strip_suffix(":reset")));
        let others: BTreeSet<&str> = names.filter(|name| !documented.contains(name)).collect();
        limits.extend(others.into_iter().filter_map(|name| State { fields, name, now }.undocumented()));
        Gauges { limits, circuit: circuit(fields, now) }
    }
}

/// What is known of one limit.
struct State<'a> {
    fields: &'a Fields,
    name: &'a str,
    now: Timestamp,
}

impl State<'_> {
    fn field(&self, field: &str) -> Option<f64> {
        self.fields.get(&format!("{}:{field}", self.name)).copied()
    }

    /// Until when nothing goes, when that was told.
    fn blocked(&self) -> Option<Timestamp> {
        self.field("blocked").map(instant).filter(|until| *until > self.now)
    }

    fn gauge(&self, limit: &Limit, scale: impl Fn(u32) -> Option<u32>, taken: &[Timestamp]) -> Option<Gauge> {
        let name = self.name.to_owned();
        let told = self.field("limit").map(whole);
        let gauge = match limit.budget {
            Budget::Usage(span) => {
                let fresh = self.field("told_at").is_some_and(|at| self.now.since(instant(at)) < span);
                let usage_percent = self.field("percent").filter(|_| fresh);
                Gauge { name, limit: None, used: None, left: None, reset_at: self.blocked(), usage_percent }
            }
            Budget::Calls(most, _) => {
                let most = told.or(scale(most).map(i64::from))?;
                let reset = self.field("reset").map(instant).filter(|reset| *reset > self.now);
                let left = reset.and_then(|_| self.field("left")).map_or(most, whole);
                let left = left.saturating_sub(self.field("pending").filter(|_| reset.is_some()).map_or(0, whole));
                self.counted(most, most - left.max(0), reset)
            }
            Budget::Sliding(most, span) => {
                let most = told.or(scale(most).map(i64::from))?;
                let used = i64::try_from(taken.len()).unwrap_or(i64::MAX);
                self.counted(most, used, taken.first().map(|at| at.plus(span + SLIDING_SLACK)))
            }
        };
        Some(gauge)
    }

    fn counted(&self, limit: i64, used: i64, reset_at: Option<Timestamp>) -> Gauge {
        let left = if self.blocked().is_some() { 0 } else { (limit - used).max(0) };
        #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
        let usage_percent = (limit > 0).then(|| (used as f64 * 100.0 / limit as f64).round());
        let (limit, used, left) = (Some(limit), Some(used), Some(left));
        Gauge { name: self.name.to_owned(), limit, used, left, reset_at: self.blocked().or(reset_at), usage_percent }
    }

    /// A limit that only an answer told of.
    fn undocumented(&self) -> Option<Gauge> {
        if let (Some(limit), Some(left), Some(reset)) = (self.field("limit"), self.field("left"), self.field("reset")) {
            let (limit, left) = (whole(limit), whole(left));
            let reset = instant(reset);
            return (reset > self.now).then(|| self.counted(limit, limit - left, Some(reset)));
        }
        let reset_at = Some(self.blocked()?);
        Some(Gauge { name: self.name.to_owned(), limit: None, used: None, left: Some(0), reset_at, usage_percent: None })
    }
}

fn circuit(fields: &Fields, now: Timestamp) -> Circuit {
    if fields.get("circuit:opened").copied().unwrap_or(0.0) < 1.0 {
        return Circuit::Closed;
    }
    let until = fields.get("circuit:until").copied().map_or(now, instant);
    if until > now { Circuit::Open { until } } else { Circuit::HalfOpen }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds and counts are far below 2^52")]
fn whole(number: f64) -> i64 {
    number as i64
}

fn instant(millis: f64) -> Timestamp {
    Timestamp(whole(millis))
}
