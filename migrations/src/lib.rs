//! The schema's history: numbered SQL files, up and down, run in order on SQLite and PostgreSQL alike.

pub mod rotate;

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager, async_trait};

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(SqlFile {
                name: "0001_spine",
                up: include_str!("../sql/0001_spine.up.sql"),
                down: include_str!("../sql/0001_spine.down.sql"),
            }),
            Box::new(SqlFile {
                name: "0002_platforms",
                up: include_str!("../sql/0002_platforms.up.sql"),
                down: include_str!("../sql/0002_platforms.down.sql"),
            }),
            Box::new(SqlFile {
                name: "0003_accounts",
                up: include_str!("../sql/0003_accounts.up.sql"),
                down: include_str!("../sql/0003_accounts.down.sql"),
            }),
        ]
    }
}

/// A migration told by two SQL files.
struct SqlFile {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

impl sea_orm_migration::MigrationName for SqlFile {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SqlFile {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.down).await
    }
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let serial = match manager.get_database_backend() {
        DbBackend::Postgres => "BIGSERIAL PRIMARY KEY",
        _ => "INTEGER PRIMARY KEY AUTOINCREMENT",
    };
    manager.get_connection().execute_unprepared(&sql.replace("{serial}", serial)).await.map(|_| ())
}
