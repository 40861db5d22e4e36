//! Settings: the only reader of the environment. Each field says its variable, unit and default.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::secret::{KeyRing, Secret};

mod caps;
mod platforms;

pub use caps::DailyCaps;
pub use platforms::{FacebookConfig, InstagramConfig, LinkedinConfig, TiktokConfig, XConfig, YoutubeConfig};

/// Everything that can be set from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// `DATABASE_URL`: `sqlite://path` or `postgres://…`. Default `sqlite://var/pressroom.db`.
    pub database_url: Secret<String>,
    /// `REDIS_URL`. Default `redis://127.0.0.1:6379`.
    pub redis_url: Secret<String>,
    /// `REDIS_NAMESPACE`: prefix of every key, so that several Pressrooms can share a Redis. Default `pressroom`.
    pub redis_namespace: String,
    /// `PRESSROOM_KEYS`: `id:base64 of 32 bytes`, comma separated; the first one encrypts, all decrypt. Required.
    pub keys: KeyRing,
    /// `API_ADDR`: where the API listens. Default `127.0.0.1:8080`.
    pub api_addr: String,
    /// `PUBLIC_URL`: the API's address as clients see it, for `Location` and the OpenAPI document. Default `http://{API_ADDR}`.
    pub public_url: Url,
    /// `FRONTEND_URL`: where a browser lands after a platform's consent page; `oauth_success` or `oauth_error` is added to
    /// its query. Default `http://localhost:3000/settings?tab=accounts`.
    pub frontend_url: Url,
    /// `API_RATE`: requests per minute that one API key may make; 0 sets no limit. Default 600.
    pub api_rate: u32,
    /// `LANE_BOUND`: ids kept in Redis for a lane's bulk queue; the backlog waits in the database. Default 2000.
    ///
    /// apalis-redis moves due ids with one Lua `unpack`, which fails near 8,000: the bound must stay well below.
    pub lane_bound: usize,
    /// `LEASE_SECONDS`: how long a claim holds without a heartbeat (sent three times per lease). Default 15.
    pub lease: Duration,
    /// `PLATFORM_LIMITS`: whether calls to platforms are held back by what the platforms allow, `true` or `false`. Off it is for
    /// sandboxes without limits; calls still wait for a platform that does not answer. Default `true`.
    pub platform_limits: bool,
    /// `DAILY_CAPS`: other daily caps of posts than the documented ones, such as `instagram=50,youtube=500`; 0 lifts a cap.
    /// X counts each account's posts, and so on; YouTube counts all channels together. Default none.
    pub daily_caps: DailyCaps,
    /// `LIMITER_PATIENCE`: milliseconds that Redis gets to say whether a call may be made; then it waits. Default 250.
    pub limiter_patience: Duration,
    /// `SHUTDOWN_GRACE`: seconds that running jobs get to finish after SIGTERM. Default 25.
    pub shutdown_grace: Duration,
    /// `CLOCK_AHEAD`: seconds by which the process's clock runs ahead, for tests of outages. Default 0.
    pub clock_ahead: Duration,
    /// Settings of X.
    pub x: XConfig,
    /// Settings of Facebook.
    pub facebook: FacebookConfig,
    /// Settings of Instagram.
    pub instagram: InstagramConfig,
    /// Settings of LinkedIn.
    pub linkedin: LinkedinConfig,
    /// Settings of TikTok.
    pub tiktok: TiktokConfig,
    /// Settings of YouTube.
    pub youtube: YoutubeConfig,
    /// `MEDIA_ALLOW`: `host:port` pairs that media may be fetched from although their address is not public,
    /// comma separated; for the sandbox. Default none.
    pub media_allow: Vec<String>,
}

/// Every missing or bad setting, together.
#[derive(Debug, thiserror::Error)]
#[error("bad settings:\n{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

impl Config {
    /// Reads the environment; reports all that is missing or bad at once.
    pub fn from_env() -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads settings from any lookup by name.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { lookup, faults: Vec::new() };
        let api_addr: String = reader.get("API_ADDR", "127.0.0.1:8080");
        let config = Self {
            database_url: Secret::new(reader.get("DATABASE_URL", "sqlite://var/pressroom.db")),
            redis_url: Secret::new(reader.get("REDIS_URL", "redis://127.0.0.1:6379")),
            redis_namespace: reader.get("REDIS_NAMESPACE", "pressroom"),
            keys: reader.keys(),
            public_url: reader.get("PUBLIC_URL", &format!("http://{api_addr}")),
            frontend_url: reader.get("FRONTEND_URL", "http://localhost:3000/settings?tab=accounts"),
            api_rate: reader.get("API_RATE", "600"),
            api_addr,
            lane_bound: reader.get::<usize>("LANE_BOUND", "2000").clamp(1, LANE_BOUND_MAX),
            lease: Duration::from_secs(reader.get::<u64>("LEASE_SECONDS", "15").max(1)),
            platform_limits: reader.get("PLATFORM_LIMITS", "true"),
            daily_caps: reader.get("DAILY_CAPS", ""),
            limiter_patience: Duration::from_millis(reader.get("LIMITER_PATIENCE", "250")),
            shutdown_grace: Duration::from_secs(reader.get("SHUTDOWN_GRACE", "25")),
            clock_ahead: Duration::from_secs(reader.get("CLOCK_AHEAD", "0")),
            x: XConfig::read(&mut reader),
            facebook: FacebookConfig::read(&mut reader),
            instagram: InstagramConfig::read(&mut reader),
            linkedin: LinkedinConfig::read(&mut reader),
            tiktok: TiktokConfig::read(&mut reader),
            youtube: YoutubeConfig::read(&mut reader),
            media_allow: list(&reader.get::<String>("MEDIA_ALLOW", "")),
        };
        if reader.faults.is_empty() { Ok(config) } else { Err(ConfigError(reader.faults)) }
    }
}

/// The largest lane bound that stays clear of the Lua limit told at [`Config::lane_bound`].
const LANE_BOUND_MAX: usize = 5000;

/// A key ring that stands in for a missing one until the error is reported; its key is never used.
const NO_KEYS: &str = "none:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn get<T: FromStr<Err: Display>>(&mut self, name: &str, default: &str) -> T {
        let given = (self.lookup)(name).filter(|value| !value.is_empty());
        let value = given.as_deref().unwrap_or(default);
        value.parse().unwrap_or_else(|error| {
            self.faults.push(format!("  {name}: {error}"));
            default.parse().unwrap_or_else(|_| unreachable!("the default of {name} parses"))
        })
    }

    fn keys(&mut self) -> KeyRing {
        let given = (self.lookup)("PRESSROOM_KEYS").unwrap_or_default();
        KeyRing::parse(&given).unwrap_or_else(|error| {
            self.faults
                .push(format!("  PRESSROOM_KEYS: {error}; make one with: echo \"k1:$(head -c 32 /dev/urandom | base64)\""));
            KeyRing::parse(NO_KEYS).unwrap_or_else(|_| unreachable!("the stand-in key parses"))
        })
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bad_settings_are_reported_together() {
        let lookup = |name: &str| match name {
            "LEASE_SECONDS" => Some("soon".to_owned()),
            "X_API_BASE" => Some("no url".to_owned()),
            _ => None,
        };

        let text = Config::read(&lookup).unwrap_err().to_string();

        assert!(text.contains("LEASE_SECONDS") && text.contains("X_API_BASE") && text.contains("PRESSROOM_KEYS"), "{text}");
    }

    #[test]
    fn an_empty_value_means_the_default_and_secrets_do_not_print() {
        let lookup = |name: &str| match name {
            "PRESSROOM_KEYS" => Some(NO_KEYS.to_owned()),
            "DATABASE_URL" => Some("postgres://me:hunter2@db/pressroom".to_owned()),
            "LANE_BOUND" => Some(String::new()),
            _ => None,
        };

        let config = Config::read(&lookup).unwrap();

        assert_eq!(config.lane_bound, 2000);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
