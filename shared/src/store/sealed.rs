//! Every column that holds sealed secrets, so that all of them can be sealed anew with another key. Serves all workspaces.

use sea_orm::{ConnectionTrait, DbErr};

use super::db::{Db, execute, query};
use crate::clock::Timestamp;
use crate::secret::sealed_by;

/// A column of sealed texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub name: &'static str,
    /// The column of the row's id.
    pub id: &'static str,
}

/// The columns whose rows outlast the work of a moment.
pub const COLUMNS: [Column; 3] = [
    Column { table: "accounts", name: "grant_sealed", id: "id" },
    Column { table: "connections", name: "candidates_sealed", id: "id" },
    Column { table: "oauth_states", name: "secret_sealed", id: "state_hash" },
];

impl Column {
    /// The place that the text of a row is sealed for.
    pub fn place(&self, id: &str) -> String {
        format!("{}:{}:{id}", self.table, self.name)
    }

    /// What selects the rows that were not sealed by the key whose texts begin with `$1`. An empty text holds nothing.
    fn others(&self, beginning: &str) -> String {
        format!("{name} <> '' AND substr({name}, 1, {}) <> $1", beginning.len(), name = self.name)
    }
}

/// A sealed text and the row it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The row's id.
    pub id: String,
    /// The sealed text.
    pub text: String,
}

/// Up to `limit` rows of a column after the row `after` that another key than `key` sealed, in the order of their ids.
pub async fn list_others(
    db: &impl ConnectionTrait,
    column: &Column,
    key: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Sealed>, DbErr> {
    let beginning = sealed_by(key);
    let Column { table, name, id } = column;
    let sql = format!(
        "SELECT {id} AS id, {name} AS sealed FROM {table} WHERE {} AND {id} > $2 ORDER BY {id} LIMIT $3",
        column.others(&beginning)
    );
    let found = query(db, &sql, vec![beginning.into(), after.into(), limit.into()]).await?;
    found.iter().map(|row| Ok(Sealed { id: row.try_get("", "id")?, text: row.try_get("", "sealed")? })).collect()
}

/// How many rows of a column another key than `key` sealed.
pub async fn count_others(db: &impl ConnectionTrait, column: &Column, key: &str) -> Result<i64, DbErr> {
    let beginning = sealed_by(key);
    let sql = format!("SELECT COUNT(*) AS others FROM {} WHERE {}", column.table, column.others(&beginning));
    let row = query(db, &sql, vec![beginning.into()]).await?.pop();
    row.map_or(Ok(0), |row| row.try_get("", "others"))
}

/// Puts new texts in the place of those that were read, in one transaction; gives how many were still as they were read.
///
/// What changed meanwhile has a newer secret and is left alone.
pub async fn replace_many(db: &Db, column: &Column, changes: &[(Sealed, String)]) -> Result<usize, DbErr> {
    let txn = db.begin().await?;
    let Column { table, name, id } = column;
    let sql = format!("UPDATE {table} SET {name} = $1 WHERE {id} = $2 AND {name} = $3");
    let mut replaced = 0;
    for (old, new) in changes {
        let values = vec![new.as_str().into(), old.id.as_str().into(), old.text.as_str().into()];
        replaced += usize::from(execute(&*txn, &sql, values).await? > 0);
    }
    txn.commit().await?;
    Ok(replaced)
}

/// Journal steps written after `since` that hold addresses sealed by `key`: how many, and when the newest was written.
pub async fn count_journal_steps(
    db: &impl ConnectionTrait,
    key: &str,
    since: Timestamp,
) -> Result<(i64, Option<Timestamp>), DbErr> {
    // An underscore in a key's id would stand for any sign.
    let wanted = format!("%{}%", sealed_by(key).replace('_', "\\_"));
    let sql = "SELECT COUNT(*) AS steps, MAX(at) AS newest FROM job_steps WHERE at > $1 AND output LIKE $2 ESCAPE '\\'";
    let row = query(db, sql, vec![since.into(), wanted.into()]).await?.pop();
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a count".to_owned()))?;
    Ok((row.try_get("", "steps")?, row.try_get("", "newest")?))
}
