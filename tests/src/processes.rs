//! A whole Pressroom of real processes with a Redis of its own, to be killed, stopped and flushed.

use std::io::{BufRead, BufReader};
use std::net::TcpListener as StdListener;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use serde_json::json;
use shared::app::App;
use shared::clock::Clock;
use shared::content::PlatformId;
use shared::ids::{AccountId, WorkspaceId};
use shared::store::{api_keys, workspaces};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::database::TestDatabase;
use crate::stack::{ALL_SCOPES, config, connect_all, settings};
use crate::{ApiClient, Sandbox, database};

/// A child process, killed when dropped.
pub struct Process {
    child: Child,
    lines: watch::Receiver<usize>,
    output: Arc<Mutex<Vec<String>>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn spawn(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {command:?}"))?;
        let errors = child.stderr.take().context("the child's standard error")?;
        let (count, lines) = watch::channel(0);
        let output = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&output);
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                sink.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                count.send_modify(|count| *count += 1);
            }
        });
        Ok(Self { child, lines, output })
    }

    /// Waits until `count` lines of its log contain `text`.
    pub async fn said(&mut self, text: &str, count: usize) -> anyhow::Result<()> {
        let waiting = async {
            loop {
                self.lines.mark_unchanged();
                let found =
                    self.output.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|line| line.contains(text)).count();
                if found >= count {
                    return Ok(());
                }
                self.lines.changed().await.context("the process ended")?;
            }
        };
        let said: anyhow::Result<()> =
            tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.context("it never said so")?;
        said.with_context(|| format!("waiting for {count} times `{text}`"))
    }

    /// The lines of its log that contain `text`.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// `kill -9`.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().context("killing")?;
        self.child.wait().map(|_| ()).context("waiting")
    }

    /// SIGTERM; gives the exit code.
    pub async fn terminate(mut self) -> anyhow::Result<i32> {
        let pid = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status()?.success(), "SIGTERM could not be sent");
        let status = tokio::task::spawn_blocking(move || self.child.wait()).await??;
        status.code().context("it was killed by a signal")
    }
}

/// A Redis of one's own.
pub struct RedisServer {
    process: Option<Process>,
    port: u16,
}

impl RedisServer {
    /// Starts one without persistence: what it loses is gone.
    pub async fn start() -> anyhow::Result<Self> {
        let mut server = Self { process: None, port: free_port()? };
        server.restart().await?;
        Ok(server)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Starts it again on the same port, empty, and waits until it answers.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--save", "", "--appendonly", "no"]);
        self.process = Some(Process::spawn(command)?);
        let address = format!("127.0.0.1:{}", self.port);
        let answering = async {
            while tokio::net::TcpStream::connect(&address).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(30), answering);
        waiting.await.with_context(|| format!("redis-server does not answer on {address}"))
    }

    /// Forgets everything it holds.
    pub async fn flush(&self) -> anyhow::Result<()> {
        let mut connection = redis::Client::open(self.url())?.get_multiplexed_async_connection().await?;
        redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.context("flushing")
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(StdListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Everything but workers and schedulers, which each test starts for itself.
pub struct System {
    /// A context on the same database and Redis, for looking.
    pub app: Arc<App>,
    /// The API's process, through its client.
    pub api: ApiClient,
    /// The world outside.
    pub sandbox: Sandbox,
    /// The system's Redis.
    pub redis: RedisServer,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its account on X.
    pub x: AccountId,
    /// Its Facebook Page.
    pub facebook: AccountId,
    accounts: Vec<AccountId>,
    settings: Vec<(&'static str, String)>,
    process: Process,
    _running: sandbox::Running,
    _database: TestDatabase,
}

impl Deref for System {
    type Target = ApiClient;
    fn deref(&self) -> &ApiClient {
        &self.api
    }
}

impl System {
    /// Starts Redis, the sandbox and an API process.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// As [`Self::start`], with other values for some settings of the processes.
    pub async fn start_with(other: &[(&'static str, String)]) -> anyhow::Result<Self> {
        let database = database::fresh().await?;
        let running = sandbox::start(TcpListener::bind("127.0.0.1:0").await?, sandbox::Options::default()).await?;
        let sandbox = Sandbox::new(&running.url);
        sandbox.post("settings", json!({ "rateLimits": false })).await?;
        let redis = RedisServer::start().await?;
        let mut settings = settings(&database.url, &redis.url(), &sandbox);
        let address = format!("127.0.0.1:{}", free_port()?);
        settings.extend([("API_ADDR", address.clone()), ("LEASE_SECONDS", "3".to_owned()), ("RUST_LOG", "info".to_owned())]);
        // Thousands of posts go to one account, in a world without limits.
        settings.extend([("PLATFORM_LIMITS", "false".to_owned()), ("DAILY_CAPS", "x=0".to_owned())]);
        settings.extend_from_slice(other);

        let app = App::start(config(&settings), Clock::system()).await?;
        let now = app.clock.now();
        let workspace = workspaces::insert(&*app.db, "Test", now).await?;
        let (_, key) = api_keys::insert(&*app.db, &workspace, "test", &ALL_SCOPES, (now, None)).await?;
        let accounts = connect_all(&app, &sandbox, &workspace).await?;
        let (x, facebook) = (accounts[0].clone(), accounts[1].clone());
        let mut process = spawn("api", &[], &settings)?;
        process.said("api listens", 1).await?;
        let api = ApiClient::new(&format!("http://{address}"), key.expose());
        Ok(Self {
            app,
            api,
            sandbox,
            redis,
            workspace,
            x,
            facebook,
            accounts,
            settings,
            process,
            _running: running,
            _database: database,
        })
    }

    /// Starts a worker that lives `ahead` seconds in the future, and waits until it is up.
    pub async fn worker(&self, arguments: &[&str], ahead: u64) -> anyhow::Result<Process> {
        let mut process = spawn("worker", arguments, &self.ahead(ahead))?;
        process.said("worker started", 1).await?;
        Ok(process)
    }

    /// Starts a scheduler that lives `ahead` seconds in the future, and waits until it is up.
    pub async fn scheduler(&self, ahead: u64) -> anyhow::Result<Process> {
        let mut process = spawn("scheduler", &[], &self.ahead(ahead))?;
        process.said("scheduler started", 1).await?;
        Ok(process)
    }

    /// Changes a setting for the processes started from now on.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.settings.push((name, value.to_owned()));
    }

    /// A setting that the processes run with.
    pub fn setting(&self, name: &str) -> String {
        self.settings.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The API's process.
    pub fn api_process(&self) -> &Process {
        &self.process
    }

    fn ahead(&self, seconds: u64) -> Vec<(&'static str, String)> {
        let mut settings = self.settings.clone();
        settings.push(("CLOCK_AHEAD", seconds.to_string()));
        settings
    }

    /// The account on a platform.
    pub fn account(&self, platform: PlatformId) -> &AccountId {
        let place = PlatformId::ALL.iter().position(|known| *known == platform);
        &self.accounts[place.expect("every platform is listed")]
    }
}

fn spawn(name: &str, arguments: &[&str], settings: &[(&'static str, String)]) -> anyhow::Result<Process> {
    let path = binary(name)?;
    let mut command = Command::new(path);
    command.args(arguments).envs(settings.iter().map(|(name, value)| (*name, value.as_str())));
    Process::spawn(command)
}

/// A binary of the workspace, beside the test's own.
fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.parent().and_then(|deps| deps.parent()).context("the folder of built binaries")?.join(name);
    ensure!(path.exists(), "{} is missing: run `cargo build --workspace --bins` first", path.display());
    Ok(path)
}
