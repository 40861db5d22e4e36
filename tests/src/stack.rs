//! One Pressroom in this process: API over real HTTP, a runner without Redis in between, the sandbox, a manual clock.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use base64::Engine;
use poem::listener::TcpAcceptor;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use shared::app::App;
use shared::clock::{Clock, Timestamp};
use shared::config::Config;
use shared::content::PlatformId;
use shared::entity::job;
use shared::ids::{AccountId, JobId, WorkspaceId};
use shared::jobs::{JobState, Lane};
use shared::journal::Halt;
use shared::store::{accounts, api_keys, jobs, workspaces};
use strum::VariantArray;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::runner::Runner;

use crate::database::TestDatabase;
use crate::{ApiClient, Sandbox, database, redis_url, unique};

/// Scopes of the harness's key.
pub const ALL_SCOPES: [&str; 6] = ["posts:read", "posts:write", "jobs:read", "jobs:write", "accounts:read", "accounts:write"];

/// A running Pressroom.
pub struct Stack {
    /// The process's context.
    pub app: Arc<App>,
    /// The world outside.
    pub sandbox: Sandbox,
    /// The API, with a key of the first workspace that has all scopes.
    pub api: ApiClient,
    /// The first workspace.
    pub workspace: WorkspaceId,
    /// Its account on X.
    pub x: AccountId,
    /// Its Facebook Page.
    pub facebook: AccountId,
    accounts: Vec<AccountId>,
    runner: Arc<Runner>,
    shutdown: CancellationToken,
    _running: sandbox::Running,
    _database: TestDatabase,
}

impl Deref for Stack {
    type Target = ApiClient;
    fn deref(&self) -> &ApiClient {
        &self.api
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Stack {
    /// Starts everything; the clock stands at the machine's present time.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// As [`Self::start`], with other values for some settings.
    pub async fn start_with(other: &[(&'static str, String)]) -> anyhow::Result<Self> {
        let database = database::fresh().await?;
        let clock = Clock::manual(Clock::system().now());
        let sandbox_clock = clock.clone();
        let options = sandbox::Options { now: Arc::new(move || sandbox_clock.now().into()), ..sandbox::Options::default() };
        let running = sandbox::start(TcpListener::bind("127.0.0.1:0").await?, options).await?;
        let sandbox = Sandbox::new(&running.url);
        sandbox.post("settings", json!({ "rateLimits": false })).await?;

        let settings = [other, &settings(&database.url, &redis_url(), &sandbox)].concat();
        let app = App::start(config(&settings), clock).await?;
        let now = app.clock.now();
        let workspace = workspaces::insert(&*app.db, "Test", now).await?;
        let (_, key) = api_keys::insert(&*app.db, &workspace, "test", &ALL_SCOPES, (now, None)).await?;
        let accounts = connect_all(&app, &sandbox, &workspace).await?;
        let (x, facebook) = (accounts[0].clone(), accounts[1].clone());

        let shutdown = CancellationToken::new();
        let url = serve(&app, &shutdown)?;
        let runner = Runner::start(Arc::clone(&app), None);
        let api = ApiClient::new(&url, key.expose());
        Ok(Self { app, sandbox, api, workspace, x, facebook, accounts, runner, shutdown, _running: running, _database: database })
    }

    /// The account on a platform.
    pub fn account(&self, platform: PlatformId) -> &AccountId {
        let place = PlatformId::ALL.iter().position(|known| *known == platform);
        &self.accounts[place.expect("every platform is listed")]
    }

    /// Submits a text post for one platform.
    pub async fn submit_text(&self, platform: PlatformId, text: &str) -> anyhow::Result<JobId> {
        let body = json!({ "content": { "text": text }, "targets": [{ "accountId": self.account(platform), "kind": "text" }] });
        Ok(self.submit(&body).await?.remove(0).job)
    }

    /// Another API on the same database, as a second process would be.
    pub async fn second_api(&self) -> anyhow::Result<ApiClient> {
        let app = App::start(self.app.config.clone(), self.app.clock.clone()).await?;
        Ok(ApiClient::new(&serve(&app, &self.shutdown)?, &self.api.key))
    }

    /// Moves the clock, the sandbox's with it.
    pub fn advance(&self, by: Duration) {
        self.app.clock.set(self.app.clock.now().plus(by));
    }

    /// Runs every job that is due at the clock's time, until none is left.
    pub async fn drain(&self) -> anyhow::Result<()> {
        loop {
            let ids = self.take_due().await?;
            if ids.is_empty() {
                return Ok(());
            }
            let runs: Vec<_> = ids.into_iter().map(|id| tokio::spawn(run(Arc::clone(&self.runner), id))).collect();
            for run in runs {
                run.await?;
            }
        }
    }

    /// Frees jobs whose lease has lapsed, as the relay would, and lists all that are due.
    async fn take_due(&self) -> anyhow::Result<Vec<JobId>> {
        let now = self.app.clock.now();
        for lane in Lane::VARIANTS {
            jobs::take_due(&self.app.db, *lane, 1000, now, now.plus(REPUSH)).await?;
        }
        let due = job::Entity::find()
            .filter(job::Column::State.is_in([JobState::Queued, JobState::Scheduled]))
            .filter(job::Column::RunAt.lte(now))
            .all(&*self.app.db)
            .await?;
        Ok(due.into_iter().map(|job| job.id).collect())
    }

    /// Runs one job until it stands at the crash point, then kills its worker: nothing of it goes on.
    pub async fn crash_at(&mut self, job: &JobId, halt: Halt) -> anyhow::Result<()> {
        let halt = Arc::new(halt);
        self.runner = Runner::start(Arc::clone(&self.app), Some(Arc::clone(&halt)));
        self.crash_when(job, halt.reached()).await.with_context(|| format!("{halt:?} was never reached"))
    }

    /// Runs one job until the sandbox has seen a fault fire, then kills its worker.
    pub async fn crash_when_fired(&mut self, job: &JobId, fault: &str) -> anyhow::Result<()> {
        let sandbox = self.sandbox.clone();
        let fired = async { sandbox.fired(fault, 1).await.expect("the sandbox answers") };
        self.crash_when(job, fired).await.context("the fault never fired")
    }

    /// Runs one job, letting time pass between its runs, until `moment` comes in one of them; kills its worker there.
    async fn crash_when(&mut self, job: &JobId, moment: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut moment = std::pin::pin!(moment);
        for _ in 0..RUNS_MAX {
            let mut running = tokio::spawn(run(Arc::clone(&self.runner), job.clone()));
            let came = tokio::time::timeout(STUCK, async {
                tokio::select! {
                    biased;
                    () = &mut moment => true,
                    _ = &mut running => false,
                }
            });
            if came.await? {
                return self.kill(running).await;
            }
            let next = self.next_wake().await?.context("the job has ended")?;
            self.app.clock.set(next.max(self.app.clock.now()));
        }
        anyhow::bail!("not within {RUNS_MAX} runs")
    }

    async fn kill(&mut self, running: JoinHandle<()>) -> anyhow::Result<()> {
        running.abort();
        // The abort itself is what is waited for.
        let _ = running.await;
        self.runner = Runner::start(Arc::clone(&self.app), None);
        self.sandbox.heal().await
    }

    /// Lets time pass until the job has ended, at most a day of the clock's time.
    pub async fn run_to_the_end(&self, job: &JobId) -> anyhow::Result<Value> {
        let give_up_at = self.app.clock.now().plus(Duration::from_secs(86_400));
        self.drain().await?;
        loop {
            let shown = self.job(job).await?;
            if matches!(shown["status"].as_str(), Some("completed" | "failed" | "cancelled" | "blocked")) {
                return Ok(shown);
            }
            let next = self.next_wake().await?.context("the job waits for nothing")?;
            ensure!(next < give_up_at, "the job did not end within a day: {shown}");
            self.app.clock.set(next.max(self.app.clock.now()));
            self.drain().await?;
        }
    }

    /// When the next waiting job is due or the next lease lapses.
    pub async fn next_wake(&self) -> anyhow::Result<Option<Timestamp>> {
        let open = job::Entity::find().filter(job::Column::WakeAt.is_not_null()).all(&*self.app.db).await?;
        let wakes = open
            .into_iter()
            .map(|job| if job.state == JobState::InProgress { job.wake_at.unwrap_or(job.run_at) } else { job.run_at });
        Ok(wakes.min())
    }
}

/// How long a test waits for something that must come at once.
const STUCK: Duration = Duration::from_secs(30);

/// Runs of a job that a crash point is waited for.
const RUNS_MAX: usize = 200;

/// As the relay's own.
const REPUSH: Duration = scheduler::relay::REPUSH_AFTER;

/// Serves the API on a free port until `shutdown`; gives its address.
fn serve(app: &Arc<App>, shutdown: &CancellationToken) -> anyhow::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(api::serve(Arc::clone(app), TcpAcceptor::from_std(listener)?, shutdown.clone()));
    Ok(url)
}

async fn run(runner: Arc<Runner>, id: JobId) {
    runner.run(id).await;
}

/// Settings read from a list.
pub fn config(settings: &[(&'static str, String)]) -> Config {
    let lookup = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    Config::read(&lookup).expect("the harness's settings are good")
}

/// Settings that point at the test's own world, for this process or as an environment for others.
pub fn settings(database_url: &str, redis_url: &str, sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", database_url.to_owned()),
        ("REDIS_URL", redis_url.to_owned()),
        ("REDIS_NAMESPACE", unique("it")),
        // Many tests share few cores: what counts here is the answer, not its speed.
        ("LIMITER_PATIENCE", "5000".to_owned()),
        ("API_RATE", "0".to_owned()),
        ("PRESSROOM_KEYS", format!("k1:{}", base64::engine::general_purpose::STANDARD.encode([7; 32]))),
        ("X_API_BASE", sandbox.url.clone()),
        ("X_WEB_BASE", sandbox.url.clone()),
        ("X_CONSUMER_KEY", "sandbox-consumer-key".to_owned()),
        ("X_CONSUMER_SECRET", "sandbox-consumer-secret".to_owned()),
        ("FACEBOOK_GRAPH_BASE", sandbox.url.clone()),
        ("FACEBOOK_WEB_BASE", sandbox.url.clone()),
        ("FACEBOOK_APP_ID", "1000000000000001".to_owned()),
        ("FACEBOOK_VIDEO_BASE", sandbox.url.clone()),
        ("INSTAGRAM_GRAPH_BASE", format!("{}/instagram", sandbox.url)),
        ("INSTAGRAM_WEB_BASE", sandbox.url.clone()),
        ("LINKEDIN_API_BASE", sandbox.url.clone()),
        ("LINKEDIN_WEB_BASE", sandbox.url.clone()),
        ("TIKTOK_API_BASE", sandbox.url.clone()),
        ("TIKTOK_WEB_BASE", sandbox.url.clone()),
        ("TIKTOK_VERIFIED_PREFIXES", sandbox.url.clone()),
        ("YOUTUBE_API_BASE", sandbox.url.clone()),
        ("YOUTUBE_WEB_BASE", sandbox.url.clone()),
        ("MEDIA_ALLOW", sandbox.host()),
        ("FRONTEND_URL", "http://front.invalid/settings?tab=accounts".to_owned()),
        ("X_AUTHORIZE_BASE", sandbox.url.clone()),
        ("X_CLIENT_ID", "sandbox-client-id".to_owned()),
        ("X_CLIENT_SECRET", "sandbox-client-secret".to_owned()),
        ("FACEBOOK_APP_SECRET", "sandbox-app-secret".to_owned()),
        ("INSTAGRAM_TOKEN_BASE", format!("{}/instagram", sandbox.url)),
        ("INSTAGRAM_APP_ID", "2000000000000002".to_owned()),
        ("INSTAGRAM_APP_SECRET", "sandbox-app-secret".to_owned()),
        ("LINKEDIN_CLIENT_ID", "sandbox-client-id".to_owned()),
        ("LINKEDIN_CLIENT_SECRET", "sandbox-client-secret".to_owned()),
        ("TIKTOK_CLIENT_KEY", "sandbox-client-key".to_owned()),
        ("TIKTOK_CLIENT_SECRET", "sandbox-client-secret".to_owned()),
        ("YOUTUBE_AUTHORIZE_BASE", sandbox.url.clone()),
        ("YOUTUBE_TOKEN_BASE", sandbox.url.clone()),
        ("YOUTUBE_CLIENT_ID", "sandbox-client-id".to_owned()),
        ("YOUTUBE_CLIENT_SECRET", "sandbox-client-secret".to_owned()),
    ]
}

/// Connects a new sandbox account of every platform to a workspace, in the order of [`PlatformId::ALL`].
pub async fn connect_all(app: &App, sandbox: &Sandbox, workspace: &WorkspaceId) -> anyhow::Result<Vec<AccountId>> {
    let mut accounts = Vec::new();
    for platform in PlatformId::ALL {
        accounts.push(connect(app, sandbox, workspace, (*platform, "")).await?);
    }
    Ok(accounts)
}

/// Connects a new sandbox account of a platform, and of a sort where the platform has several, to a workspace.
pub async fn connect(
    app: &App,
    sandbox: &Sandbox,
    workspace: &WorkspaceId,
    (platform, variant): (PlatformId, &str),
) -> anyhow::Result<AccountId> {
    let made = sandbox.post("accounts", json!({ "platform": platform, "name": "Ada", "variant": variant })).await?;
    let grant = json!({ "type": "bearer", "access_token": made["accessToken"] });
    insert_account(app, workspace, platform, &made, &grant).await
}

/// The account's id as Pressroom stores it: LinkedIn's authors are whole URNs.
fn external_id(platform: PlatformId, made: &Value) -> anyhow::Result<String> {
    let id = made["id"].as_str().context("the account's id")?;
    Ok(match (platform, made["variant"].as_str()) {
        (PlatformId::Linkedin, Some("organization")) => format!("urn:li:organization:{id}"),
        (PlatformId::Linkedin, _) => format!("urn:li:person:{id}"),
        _ => id.to_owned(),
    })
}

/// Stores an account that the sandbox made, with a grant.
pub async fn insert_account(
    app: &App,
    workspace: &WorkspaceId,
    platform: PlatformId,
    made: &Value,
    grant: &Value,
) -> anyhow::Result<AccountId> {
    let new = accounts::NewAccount {
        workspace: workspace.clone(),
        platform,
        external_id: external_id(platform, made)?,
        name: "Ada".to_owned(),
        username: made["username"].as_str().map(str::to_owned),
        variant: made["variant"].as_str().unwrap_or_default().to_owned(),
    };
    let mut row = accounts::new_row(new, app.clock.now());
    let id = row.id.clone();
    row.grant_sealed = accounts::seal_grant(&app.config.keys, &id, &serde_json::to_vec(grant)?)?;
    accounts::insert(&*app.db, row).await?;
    Ok(id)
}
