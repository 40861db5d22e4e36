//! A fresh, migrated database for each test: SQLite in a temporary folder, or a copy of a PostgreSQL template.

use std::path::PathBuf;

use migrations::Migrator;
use sea_orm::{ConnectionTrait, Database};
use sea_orm_migration::MigratorTrait;
use shared::store::Db;
use tokio::sync::OnceCell;

use crate::{setting, unique};

/// A database that goes away with its value.
pub struct TestDatabase {
    /// Its URL.
    pub url: String,
    folder: Option<PathBuf>,
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // A leftover folder in the temporary directory harms nobody.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Whether this run tests PostgreSQL.
pub fn on_postgres() -> bool {
    setting("TEST_DATABASE").as_deref() == Some("postgres")
}

/// Makes a database with the newest schema.
pub async fn fresh() -> anyhow::Result<TestDatabase> {
    if on_postgres() { postgres().await } else { sqlite().await }
}

async fn sqlite() -> anyhow::Result<TestDatabase> {
    let folder = std::env::temp_dir().join(unique("pressroom"));
    std::fs::create_dir_all(&folder)?;
    let url = format!("sqlite://{}", folder.join("test.db").display());
    let db = Db::connect(&url).await?;
    Migrator::up(&*db, None).await?;
    Ok(TestDatabase { url, folder: Some(folder) })
}

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

async fn postgres() -> anyhow::Result<TestDatabase> {
    let server = setting("TEST_POSTGRES_URL").ok_or_else(|| anyhow::anyhow!("TEST_POSTGRES_URL is not set"))?;
    let (base, _) = server.rsplit_once('/').ok_or_else(|| anyhow::anyhow!("TEST_POSTGRES_URL names no database"))?;
    let admin = Database::connect(&server).await?;
    let template = TEMPLATE
        .get_or_try_init(|| async {
            let name = unique("template");
            admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
            let db = Db::connect(&format!("{base}/{name}")).await?;
            Migrator::up(&*db, None).await?;
            db.close().await?;
            anyhow::Ok(name)
        })
        .await?;
    let name = unique("test");
    admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    admin.close().await?;
    Ok(TestDatabase { url: format!("{base}/{name}"), folder: None })
}
