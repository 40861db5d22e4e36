//! Settings: the only reader of the environment. Each field says its variable, unit and default.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::secret::{KeyRing, Secret};

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
    /// `LANE_BOUND`: ids kept in Redis per lane; the backlog waits in the database. Default 2000.
    ///
    /// apalis-redis moves due ids with one Lua `unpack`, which fails near 8,000: the bound must stay well below.
    pub lane_bound: usize,
    /// `LEASE_SECONDS`: how long a claim holds without a heartbeat (sent three times per lease). Default 15.
    pub lease: Duration,
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

/// Where X lives and how our app signs OAuth 1.0a requests.
#[derive(Debug, Clone)]
pub struct XConfig {
    /// `X_API_BASE`. Default `https://api.x.com`.
    pub api_base: Url,
    /// `X_WEB_BASE`: what links to posts begin with. Default `https://x.com`.
    pub web_base: Url,
    /// `X_CONSUMER_KEY`: the app's OAuth 1.0a key; empty when only OAuth 2 accounts are used.
    pub consumer_key: String,
    /// `X_CONSUMER_SECRET`: the app's OAuth 1.0a secret.
    pub consumer_secret: Secret<String>,
}

/// Where Facebook's Graph API lives, its version, and our app.
#[derive(Debug, Clone)]
pub struct FacebookConfig {
    /// `FACEBOOK_GRAPH_BASE`. Default `https://graph.facebook.com`.
    pub graph_base: Url,
    /// `FACEBOOK_VIDEO_BASE`: where a Page's videos are uploaded. Default `https://graph-video.facebook.com`.
    pub video_base: Url,
    /// `FACEBOOK_WEB_BASE`: what links to posts begin with. Default `https://www.facebook.com`.
    pub web_base: Url,
    /// `FACEBOOK_API_VERSION`. Default `v26.0` (released 2026-07-29).
    pub api_version: String,
    /// `FACEBOOK_APP_ID`: tells our posts from other apps' when looking for a lost answer; empty matches any app.
    pub app_id: String,
    /// `FACEBOOK_APP_SECRET`: adds `appsecret_proof` to each call when set.
    pub app_secret: Secret<String>,
}

/// Where Instagram lives. Accounts that were connected through Facebook use Facebook's Graph API and its app.
#[derive(Debug, Clone)]
pub struct InstagramConfig {
    /// `INSTAGRAM_GRAPH_BASE`: for accounts that were connected by Instagram's own login. Default `https://graph.instagram.com`.
    pub graph_base: Url,
    /// `INSTAGRAM_WEB_BASE`: what links to posts begin with. Default `https://www.instagram.com`.
    pub web_base: Url,
    /// `INSTAGRAM_API_VERSION`. Default `v26.0` (released 2026-07-29).
    pub api_version: String,
    /// `INSTAGRAM_APP_SECRET`: adds `appsecret_proof` to calls of Instagram's own login when set.
    pub app_secret: Secret<String>,
}

/// Where LinkedIn lives, and its version.
#[derive(Debug, Clone)]
pub struct LinkedinConfig {
    /// `LINKEDIN_API_BASE`. Default `https://api.linkedin.com`.
    pub api_base: Url,
    /// `LINKEDIN_WEB_BASE`: what links to posts begin with. Default `https://www.linkedin.com`.
    pub web_base: Url,
    /// `LINKEDIN_API_VERSION`: sent as `LinkedIn-Version`. Default `202609` (published 2026-09-16).
    pub api_version: String,
}

/// Where TikTok lives.
#[derive(Debug, Clone)]
pub struct TiktokConfig {
    /// `TIKTOK_API_BASE`. Default `https://open.tiktokapis.com`.
    pub api_base: Url,
    /// `TIKTOK_WEB_BASE`: what links to posts begin with. Default `https://www.tiktok.com`.
    pub web_base: Url,
    /// `TIKTOK_VERIFIED_PREFIXES`: beginnings of addresses that the app has verified with TikTok, comma separated.
    /// Photos can only be pulled by TikTok, and only from below them. Default none.
    pub verified_prefixes: Vec<String>,
    /// `TIKTOK_PULL_VIDEOS`: whether videos below a verified beginning are pulled by TikTok rather than uploaded, `true` or
    /// `false`. Uploading is safer: a lost answer can always be cleared up. Default `false`.
    pub pull_videos: bool,
}

/// Where YouTube lives.
#[derive(Debug, Clone)]
pub struct YoutubeConfig {
    /// `YOUTUBE_API_BASE`. Default `https://www.googleapis.com`.
    pub api_base: Url,
    /// `YOUTUBE_WEB_BASE`: what links to videos begin with. Default `https://www.youtube.com`.
    pub web_base: Url,
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
            api_addr,
            lane_bound: reader.get::<usize>("LANE_BOUND", "2000").clamp(1, LANE_BOUND_MAX),
            lease: Duration::from_secs(reader.get::<u64>("LEASE_SECONDS", "15").max(1)),
            shutdown_grace: Duration::from_secs(reader.get("SHUTDOWN_GRACE", "25")),
            clock_ahead: Duration::from_secs(reader.get("CLOCK_AHEAD", "0")),
            x: XConfig {
                api_base: reader.get("X_API_BASE", "https://api.x.com"),
                web_base: reader.get("X_WEB_BASE", "https://x.com"),
                consumer_key: reader.get("X_CONSUMER_KEY", ""),
                consumer_secret: Secret::new(reader.get("X_CONSUMER_SECRET", "")),
            },
            facebook: FacebookConfig {
                graph_base: reader.get("FACEBOOK_GRAPH_BASE", "https://graph.facebook.com"),
                video_base: reader.get("FACEBOOK_VIDEO_BASE", "https://graph-video.facebook.com"),
                web_base: reader.get("FACEBOOK_WEB_BASE", "https://www.facebook.com"),
                api_version: reader.get("FACEBOOK_API_VERSION", "v26.0"),
                app_id: reader.get("FACEBOOK_APP_ID", ""),
                app_secret: Secret::new(reader.get("FACEBOOK_APP_SECRET", "")),
            },
            instagram: InstagramConfig {
                graph_base: reader.get("INSTAGRAM_GRAPH_BASE", "https://graph.instagram.com"),
                web_base: reader.get("INSTAGRAM_WEB_BASE", "https://www.instagram.com"),
                api_version: reader.get("INSTAGRAM_API_VERSION", "v26.0"),
                app_secret: Secret::new(reader.get("INSTAGRAM_APP_SECRET", "")),
            },
            linkedin: LinkedinConfig {
                api_base: reader.get("LINKEDIN_API_BASE", "https://api.linkedin.com"),
                web_base: reader.get("LINKEDIN_WEB_BASE", "https://www.linkedin.com"),
                api_version: reader.get("LINKEDIN_API_VERSION", "202609"),
            },
            tiktok: TiktokConfig {
                api_base: reader.get("TIKTOK_API_BASE", "https://open.tiktokapis.com"),
                web_base: reader.get("TIKTOK_WEB_BASE", "https://www.tiktok.com"),
                verified_prefixes: list(&reader.get::<String>("TIKTOK_VERIFIED_PREFIXES", "")),
                pull_videos: reader.get("TIKTOK_PULL_VIDEOS", "false"),
            },
            youtube: YoutubeConfig {
                api_base: reader.get("YOUTUBE_API_BASE", "https://www.googleapis.com"),
                web_base: reader.get("YOUTUBE_WEB_BASE", "https://www.youtube.com"),
            },
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
