//! Everything a process works with, built once in `main` and passed down.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::clients::media::MediaClient;
use crate::clock::Clock;
use crate::config::Config;
use crate::events::Events;
use crate::limits::Limits;
use crate::platforms::versions;
use crate::queue::Queue;
use crate::store::Db;
use crate::telemetry::Meter;

/// The context of all requests and jobs.
pub struct App {
    /// Settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// Redis.
    pub queue: Queue,
    /// What the platforms still allow.
    pub limits: Limits,
    /// Changes of jobs.
    pub events: Events,
    /// For platforms: follows no redirects, goes through the environment's proxy if there is one.
    pub http: reqwest::Client,
    /// For files on their way to a platform: as `http`, but silent for as long as a large body takes; give each request a
    /// timeout of its own.
    pub uploads: reqwest::Client,
    /// For files that users name by their address.
    pub media: MediaClient,
    /// Counters.
    pub meter: Meter,
}

/// How long a platform may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a platform may be silent while it answers.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

impl App {
    /// Starts with the machine's clock, moved ahead when the settings say so.
    pub async fn from_config(config: Config) -> anyhow::Result<Arc<Self>> {
        let clock = Clock::ahead(config.clock_ahead);
        Self::start(config, clock).await
    }

    /// Connects to everything. Redis may be absent; the database may not.
    pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Arc<Self>> {
        // With two TLS providers compiled in, rustls wants to be told which one to use; a second telling is harmless.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let db = Db::connect(config.database_url.expose()).await.context("connecting to the database")?;
        let queue = Queue::connect(config.redis_url.expose(), &config.redis_namespace, config.lane_bound)?;
        let http = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .user_agent(concat!("pressroom/", env!("CARGO_PKG_VERSION")))
        };
        let uploads = http().build().context("building the HTTP client for uploads")?;
        let http = http().read_timeout(READ_TIMEOUT).build().context("building the HTTP client")?;
        let media = MediaClient::new(&config.media_allow).context("building the media client")?;
        versions::warn(&config, clock.now());
        let events = Events::listen(queue.clone());
        let meter = Meter::default();
        let limits = Limits::connect(&config, meter.clone())?;
        Ok(Arc::new(Self { config, clock, db, queue, limits, events, http, uploads, media, meter }))
    }

    /// Adds this process's counters to the shared ones each second, for ever.
    pub async fn keep_counting(self: Arc<Self>) {
        loop {
            tokio::time::sleep(COUNT_EVERY).await;
            self.count_once().await;
        }
    }

    /// Adds this process's counters to the shared ones.
    pub async fn count_once(&self) {
        if let Err(error) = self.queue.flush_meter(&self.meter).await {
            tracing::debug!(error = %format!("{error:#}"), "counters wait for Redis");
        }
    }
}

/// How often counters are added up.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// A token that is cancelled by SIGTERM or SIGINT.
pub fn shutdown_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listening to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening to SIGINT")?;
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        cancel.cancel();
    });
    Ok(token)
}
