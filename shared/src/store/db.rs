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

/// Connections of a process to SQLite, each with a thread and caches of its own: one writes, the others read.
const SQLITE_CONNECTIONS: u32 = 4;

/// Connections of a process to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;

impl Db {
    /// Connects to `url`. A missing SQLite file is made; its folder must exist.
    ///
    /// SQLite runs with a write-ahead log and `synchronous=FULL`: a committed row survives a power loss.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).acquire_timeout(Duration::from_secs(10));
        if url.starts_with("sqlite:") {
            // A file can't go away like a server: asking before each use would only cost a thread switch.
            options.max_connections(SQLITE_CONNECTIONS).test_before_acquire(false);
        } else {
            options.max_connections(POSTGRES_CONNECTIONS);
        }
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
    Ok(db.execute_raw(statement(db, sql, values)).await?.rows_affected())
}

/// Runs a statement that gives rows.
pub(super) async fn query(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(statement(db, sql, values)).await
}

/// SQLite takes `$1` for a name and looks it up among all others, which is slow for many rows; `?1` is a number.
fn statement(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Statement {
    match db.get_database_backend() {
        DbBackend::Sqlite => Statement::from_sql_and_values(DbBackend::Sqlite, sql.replace('$', "?"), values),
        backend => Statement::from_sql_and_values(backend, sql, values),
    }
}

/// Cuts a batch into pieces of 16, 8, 4, 2 and 1, one statement each.
///
/// Few sizes make few texts, which stay prepared; and a statement's cost grows with the square of its parameters.
pub(super) fn pieces<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = PIECE_MAX.min(1 << items.len().checked_ilog2()?);
        let (piece, rest) = items.split_at(size);
        items = rest;
        Some(piece)
    })
}

/// The items in the order of their keys: batches that lock rows in one order can't wait for each other in a ring.
pub(super) fn in_order<T, K: Ord>(items: &[T], key: impl Fn(&T) -> &K) -> Vec<&T> {
    let mut ordered: Vec<&T> = items.iter().collect();
    ordered.sort_by_key(|item| key(item));
    ordered
}

/// The rows of the largest piece.
const PIECE_MAX: usize = 16;

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
    fn a_batch_is_cut_into_few_sizes() {
        let items: Vec<usize> = (0..43).collect();

        let sizes: Vec<usize> = pieces(&items).map(<[usize]>::len).collect();

        assert_eq!(sizes, [16, 16, 8, 2, 1]);
        assert_eq!(pieces(&items).flatten().copied().collect::<Vec<_>>(), items);
        assert_eq!(pieces::<u8>(&[]).count(), 0);
    }

    #[test]
    fn placeholders_count_through_rows() {
        assert_eq!(rows(2, 2, 1), "($1,$2),($3,$4)");
        assert_eq!(rows(1, 3, 5), "($5,$6,$7)");
    }
}
