//! The database connection: SQLite as the embedded default, PostgreSQL by its URL.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A pool of connections, with one writer at a time on SQLite.
#[derive(Clone)]
pub struct Db {
    connection: DatabaseConnection,
    /// Writers of this process queue here in turn; SQLite's own busy handler sleeps and is unfair.
    writer: Option<Arc<Mutex<()>>>,
}

impl Deref for Db {
    type Target = DatabaseConnection;
    fn deref(&self) -> &DatabaseConnection {
        &self.connection
    }
}

/// A write transaction; rolled back when dropped.
pub struct Txn {
    txn: DatabaseTransaction,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Deref for Txn {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.txn
    }
}

impl Txn {
    /// Makes the transaction's writes durable.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.txn.commit().await
    }
}

/// How long a statement waits for another process's write on SQLite.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

impl Db {
    /// Connects to `url`. A missing SQLite file is made; its folder must exist.
    ///
    /// SQLite runs with a write-ahead log and `synchronous=FULL`: a committed row survives a power loss.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).max_connections(16).acquire_timeout(Duration::from_secs(10));
        options.map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true)
        });
        let connection = Database::connect(options).await?;
        let writer = (connection.get_database_backend() == DbBackend::Sqlite).then(Arc::default);
        Ok(Self { connection, writer })
    }

    /// Closes every connection; statements through other handles fail from then on.
    pub async fn close(self) -> Result<(), DbErr> {
        self.connection.close().await
    }

    /// Whether this database has one writer at a time and no row locks.
    pub(super) fn writer_is_alone(&self) -> bool {
        self.writer.is_some()
    }

    /// Begins a write transaction.
    ///
    /// On SQLite it takes the write lock at once: a read that turns into a write later would fail instead of waiting.
    pub async fn begin(&self) -> Result<Txn, DbErr> {
        let turn = match &self.writer {
            Some(writer) => Some(Arc::clone(writer).lock_owned().await),
            None => None,
        };
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        let txn = self.connection.begin_with_options(options).await?;
        Ok(Txn { txn, _turn: turn })
    }
}

/// Runs a statement that changes rows; gives their number.
pub(super) async fn execute(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// Runs a statement that gives rows.
pub(super) async fn query(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.query_all_raw(statement).await
}

/// `($1,$2),($3,$4)` for `rows` rows of `columns` values, the first placeholder being number `first`.
pub(super) fn rows(rows: usize, columns: usize, first: usize) -> String {
    let mut sql = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            let number = first + row * columns + column;
            sql.push_str(if column == 0 { "$" } else { ",$" });
            sql.push_str(&number.to_string());
        }
        sql.push(')');
    }
    sql
}

/// ` FOR UPDATE SKIP LOCKED` where the database has row locks; SQLite's write lock covers the whole file.
pub(super) fn skip_locked(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_through_rows() {
        assert_eq!(rows(2, 2, 1), "($1,$2),($3,$4)");
        assert_eq!(rows(1, 3, 5), "($5,$6,$7)");
    }
}
