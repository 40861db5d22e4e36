//! A Pressroom of its own for a benchmark: fresh database on the disk, fresh namespace in Redis, real processes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sea_orm::{ConnectionTrait, Database};
use shared::app::App;
use shared::clock::Clock;
use shared::config::Config;
use shared::ids::WorkspaceId;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use url::Url;

use crate::Place;
use crate::client::{self, Connection};

/// Where rows live.
#[derive(Debug, Clone)]
pub(crate) enum Backing {
    /// A file on the disk of the target folder.
    Sqlite,
    /// A database made on this server.
    Postgres(Url),
}

impl Backing {
    /// The name of a benchmark's results on this backing.
    pub(crate) fn name(&self, benchmark: &str) -> String {
        match self {
            Self::Sqlite => benchmark.to_owned(),
            Self::Postgres(_) => format!("{benchmark}-postgres"),
        }
    }
}

/// A Pressroom; its processes end with it.
pub(crate) struct Stack {
    binaries: PathBuf,
    folder: PathBuf,
    settings: BTreeMap<&'static str, String>,
    children: Vec<Child>,
    /// The PostgreSQL server and the database made there.
    made: Option<(Url, String)>,
}

/// How long a process may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// 32 zero bytes: what is sealed with them is worth nothing.
const KEYS: &str = "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

static STACKS: AtomicU32 = AtomicU32::new(0);

impl Stack {
    /// Makes a database with the schema; starts nothing.
    pub(crate) async fn prepare(place: &Place, backing: &Backing) -> anyhow::Result<Self> {
        let name = format!("bench_{}_{}", std::process::id(), STACKS.fetch_add(1, Ordering::SeqCst));
        let folder = place.results.join("tmp").join(&name);
        std::fs::create_dir_all(&folder).context("making a folder for the database")?;
        let (database_url, made) = match backing {
            Backing::Sqlite => (format!("sqlite://{}", folder.join("pressroom.db").display()), None),
            Backing::Postgres(server) => (make_database(server, &name).await?, Some((server.clone(), name.clone()))),
        };
        let api = free_address()?;
        let sandbox = free_address()?;
        let world = format!("http://{sandbox}");
        let settings = BTreeMap::from([
            ("DATABASE_URL", database_url),
            ("REDIS_URL", place.redis_url.clone()),
            ("REDIS_NAMESPACE", name),
            ("API_RATE", "0".to_owned()),
            ("PRESSROOM_KEYS", KEYS.to_owned()),
            ("API_ADDR", api),
            ("X_API_BASE", world.clone()),
            ("X_WEB_BASE", world.clone()),
            ("FACEBOOK_GRAPH_BASE", world.clone()),
            ("FACEBOOK_VIDEO_BASE", world.clone()),
            ("FACEBOOK_WEB_BASE", world.clone()),
            ("INSTAGRAM_GRAPH_BASE", format!("{world}/instagram")),
            ("LINKEDIN_API_BASE", world.clone()),
            ("TIKTOK_API_BASE", world.clone()),
            ("TIKTOK_VERIFIED_PREFIXES", world.clone()),
            ("YOUTUBE_API_BASE", world),
            ("MEDIA_ALLOW", sandbox),
            // Thousands of posts go to few accounts, in a world without limits.
            ("PLATFORM_LIMITS", "false".to_owned()),
            ("DAILY_CAPS", "x=0,instagram=0,linkedin=0,tiktok=0,youtube=0".to_owned()),
            ("RUST_LOG", "warn".to_owned()),
        ]);
        let stack = Self { binaries: place.binaries.clone(), folder, settings, children: Vec::new(), made };
        stack.migrate(&["up"], "").await?;
        Ok(stack)
    }

    /// A setting that all processes share.
    pub(crate) fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// Where the API listens.
    pub(crate) fn api(&self) -> &str {
        self.setting("API_ADDR")
    }

    /// Where the sandbox listens.
    pub(crate) fn sandbox(&self) -> &str {
        self.setting("MEDIA_ALLOW")
    }

    /// The folder of the database's file.
    pub(crate) fn folder(&self) -> &PathBuf {
        &self.folder
    }

    /// The context that Pressroom's processes have, in this process, with another clock if wanted.
    pub(crate) async fn app(&self, clock: Clock) -> anyhow::Result<Arc<App>> {
        let config = Config::read(&|name| self.settings.get(name).cloned())?;
        App::start(config, clock).await
    }

    fn command(&self, binary: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join(binary));
        command.args(arguments).env_clear().envs(&self.settings).kill_on_drop(true);
        command
    }

    /// Runs `migrate` and gives what it prints.
    pub(crate) async fn migrate(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut command = self.command("migrate", arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting `migrate`")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        ensure!(output.status.success(), "`migrate {}` failed", arguments.join(" "));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Makes a workspace.
    pub(crate) async fn workspace(&self) -> anyhow::Result<WorkspaceId> {
        Ok(self.migrate(&["workspace", "Bench"], "").await?.parse()?)
    }

    /// Starts a process; gives its id.
    pub(crate) fn start(&mut self, binary: &str, arguments: &[&str]) -> anyhow::Result<u32> {
        let mut command = self.command(binary, arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().with_context(|| format!("starting `{binary}`"))?;
        let id = child.id().with_context(|| format!("`{binary}` ended at once"))?;
        self.children.push(child);
        Ok(id)
    }

    /// Waits until a GET is answered by 200.
    pub(crate) async fn wait_for(&self, address: &str, path: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < READY_WITHIN {
            if let Ok(mut connection) = Connection::open(address).await
                && let Ok((200, _)) = connection.send(&client::get(path)).await
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("`{address}{path}` is not ready in time")
    }

    /// Waits until the scheduler and a worker of `lane` show that they live.
    pub(crate) async fn wait_for_life(&self, app: &App, lane: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < READY_WITHIN {
            let (scheduler, worker) =
                (app.queue.count_alive("scheduler", app.clock.now()), app.queue.count_alive(lane, app.clock.now()));
            if scheduler.await? > 0 && worker.await? > 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("scheduler and worker are not ready in time")
    }

    /// Ends the processes and removes the database.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        for child in &mut self.children {
            child.kill().await.context("ending a process")?;
        }
        if let Some((server, name)) = &self.made {
            let admin = Database::connect(at(server, "postgres")).await?;
            admin.execute_unprepared(&format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await?;
        }
        Ok(())
    }
}

/// The file goes even when a benchmark fails half-way; killed on drop, the processes have let go of it.
impl Drop for Stack {
    fn drop(&mut self) {
        // A folder that stays behind is only a nuisance.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn make_database(server: &Url, name: &str) -> anyhow::Result<String> {
    let admin = Database::connect(at(server, "postgres")).await.context("connecting to the PostgreSQL server")?;
    admin.execute_unprepared(&format!("CREATE DATABASE \"{name}\"")).await.context("making a database")?;
    Ok(at(server, name))
}

fn at(server: &Url, database: &str) -> String {
    let mut url = server.clone();
    url.set_path(database);
    url.to_string()
}

/// An address on which nothing listens right now.
fn free_address() -> anyhow::Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0").context("finding a free port")?.local_addr()?.to_string())
}
