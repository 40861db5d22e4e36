//! `migrate`: the schema up and down, and the first rows that no API can make.

use std::io::Read;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use migrations::Migrator;
use migrations::rotate::{self, Rotation};
use sea_orm_migration::MigratorTrait;
use shared::clock::Clock;
use shared::config::Config;
use shared::content::PlatformId;
use shared::entity::account;
use shared::ids::{AccountId, ApiKeyId, WorkspaceId};
use shared::platforms::Grant;
use shared::store::{Db, accounts, api_keys, workspaces};

/// Prepares Pressroom's database. Settings come from the environment.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Brings the schema up to date.
    Up,
    /// Takes the newest migration back.
    Down,
    /// Lists migrations and whether they are applied.
    Status,
    /// Makes a workspace and prints its id.
    Workspace {
        /// Its name.
        name: String,
    },
    /// Makes an API key and prints it: it is shown here and never again.
    Key {
        /// The workspace it opens.
        workspace: WorkspaceId,
        /// What it is for.
        #[arg(long, default_value = "key")]
        name: String,
        /// What it may do.
        #[arg(long, default_value = "posts:read posts:write jobs:read jobs:write accounts:read accounts:write")]
        scopes: String,
        /// Days until it ends; never when absent.
        #[arg(long)]
        days: Option<u16>,
    },
    /// Ends an API key at once.
    RevokeKey {
        /// Its workspace.
        workspace: WorkspaceId,
        /// Its id.
        key: ApiKeyId,
    },
    /// Connects an account, or reconnects it; reads its grant as JSON from standard input and prints the account's id.
    Account {
        /// The workspace.
        workspace: WorkspaceId,
        /// The platform.
        platform: PlatformId,
        /// The platform's id of the account.
        external_id: String,
        /// The name shown to people.
        name: String,
        /// The name in links.
        #[arg(long)]
        username: Option<String>,
        /// Which sort of account, where the platform has several.
        #[arg(long, default_value = "")]
        variant: String,
    },
    /// Seals everything anew that was not sealed by the first key of `PRESSROOM_KEYS`, while the system runs.
    RotateKeys {
        /// Only tells what is to be done and whether it can be.
        #[arg(long)]
        dry_run: bool,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config = Config::from_env()?;
    let db = Db::connect(config.database_url.expose()).await.context("connecting to the database")?;
    let now = Clock::system().now();
    match arguments.command {
        Command::Up => Migrator::up(&*db, None).await.context("migrating up"),
        Command::Down => Migrator::down(&*db, Some(1)).await.context("migrating down"),
        Command::Status => status(&db).await,
        Command::Workspace { name } => {
            println!("{}", workspaces::insert(&*db, &name, now).await?);
            Ok(())
        }
        Command::Key { workspace, name, scopes, days } => {
            let scopes: Vec<&str> = scopes.split_whitespace().collect();
            let expires_at = days.map(|days| now.plus(std::time::Duration::from_secs(u64::from(days) * 86_400)));
            let (_, key) = api_keys::insert(&*db, &workspace, &name, &scopes, (now, expires_at)).await?;
            println!("{}", key.expose());
            Ok(())
        }
        Command::RevokeKey { workspace, key } => {
            ensure!(api_keys::revoke(&*db, &workspace, &key, now).await?, "the workspace has no such usable key");
            Ok(())
        }
        Command::Account { workspace, platform, external_id, name, username, variant } => {
            let grant = read_grant()?;
            let new = accounts::NewAccount { workspace, platform, external_id, name, username, variant };
            let mut row = accounts::new_row(new, now);
            row.grant_sealed = accounts::seal_grant(&config.keys, &row.id, &grant)?;
            println!("{}", connect(&db, &config, row, &grant).await?);
            Ok(())
        }
        Command::RotateKeys { dry_run } => {
            let say = &mut |line: String| println!("{line}");
            rotate::rotate(Rotation { db: &db, keys: &config.keys, now, dry_run, say }).await
        }
    }
}

async fn status(db: &Db) -> anyhow::Result<()> {
    for migration in Migrator::get_migration_with_status(&**db).await? {
        println!("{} {}", migration.name(), migration.status());
    }
    Ok(())
}

/// The grant from standard input: an argument would show in the list of processes.
fn read_grant() -> anyhow::Result<Vec<u8>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("reading the grant")?;
    let grant: Grant = serde_json::from_str(&text).context("the grant is not of a known form")?;
    Ok(serde_json::to_vec(&grant)?)
}

/// Stores a new account, or gives a known one its new grant.
async fn connect(db: &Db, config: &Config, row: account::Model, grant: &[u8]) -> anyhow::Result<AccountId> {
    if let Some(known) = accounts::find_by_external_id(&**db, &row.workspace_id, row.platform, &row.external_id).await? {
        let grant_sealed = accounts::seal_grant(&config.keys, &known.id, grant)?;
        let id = known.id.clone();
        accounts::reconnect(&**db, known, grant_sealed, row.updated_at).await?;
        return Ok(id);
    }
    let id = row.id.clone();
    accounts::insert(&**db, row).await?;
    Ok(id)
}
