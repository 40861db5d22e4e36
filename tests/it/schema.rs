//! The schema goes up, down and up again.

use migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use shared::store::Db;
use tests::database;

#[tokio::test]
async fn migrations_can_be_taken_back_and_applied_again() -> anyhow::Result<()> {
    let fresh = database::fresh().await?;
    let db = Db::connect(&fresh.url).await?;

    Migrator::down(&*db, None).await?;
    Migrator::up(&*db, None).await?;

    assert!(Migrator::get_pending_migrations(&*db).await?.is_empty());
    Ok(())
}
