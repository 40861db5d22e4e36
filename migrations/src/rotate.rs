//! Seals everything anew that was not sealed by the first key, while the system runs.
//!
//! A row is changed only if it still holds what was read: a grant that is renewed meanwhile is newer and stays. Rows are
//! locked for one short batch at a time, and no call to a platform waits for any of it.

use anyhow::{Context, ensure};
use shared::clock::Timestamp;
use shared::secret::{KeyRing, key_of};
use shared::store::Db;
use shared::store::sealed::{self, COLUMNS, Column, Sealed};

/// How long a journal step may be needed, in days: a job waits for a platform for seven days at most, and one to be safe.
pub const JOURNAL_DAYS: u64 = 8;

/// Rows sealed anew by one transaction: few enough that whoever waits for one of them does not notice.
const BATCH: i64 = 50;

/// What is to be done, and for whom to tell of it.
pub struct Rotation<'a> {
    /// The database.
    pub db: &'a Db,
    /// The keys: the first one seals.
    pub keys: &'a KeyRing,
    /// Now.
    pub now: Timestamp,
    /// Whether everything is only looked at.
    pub dry_run: bool,
    /// Takes each line of what is told.
    pub say: &'a mut (dyn FnMut(String) + Send),
}

/// What one pass over a column did.
#[derive(Default)]
struct Pass {
    found: usize,
    replaced: usize,
    /// Rows that can't be opened, each with the key it names and the reason.
    broken: Vec<String>,
}

/// Seals everything anew until nothing is left that the first key did not seal. Fails when some rows can't be opened.
pub async fn rotate(mut rotation: Rotation<'_>) -> anyhow::Result<()> {
    let key = rotation.keys.ids().next().context("no key was given")?.to_owned();
    let mut broken = 0;
    for column in &COLUMNS {
        broken += rotate_column(&mut rotation, column, &key).await?;
    }
    tell_journal(&mut rotation).await?;
    ensure!(broken == 0, "{broken} rows can't be opened with the keys that are given");
    Ok(())
}

/// Goes over a column until none is left; gives how many rows can't be opened.
async fn rotate_column(rotation: &mut Rotation<'_>, column: &Column, key: &str) -> anyhow::Result<usize> {
    let name = format!("{}.{}", column.table, column.name);
    loop {
        let pass = pass(rotation, column, key).await.with_context(|| format!("going over {name}"))?;
        let remain = usize::try_from(sealed::count_others(&**rotation.db, column, key).await?)?;
        let (found, replaced) = (pass.found, pass.replaced);
        if rotation.dry_run {
            (rotation.say)(format!("{name}: {} to be sealed anew with {key}", found - pass.broken.len()));
        } else {
            let changed = found - replaced - pass.broken.len();
            (rotation.say)(format!("{name}: {replaced} sealed anew with {key}, {changed} changed meanwhile, {remain} remain"));
        }
        if rotation.dry_run || remain <= pass.broken.len() {
            for row in &pass.broken {
                (rotation.say)(format!("{name}: {row}"));
            }
            return Ok(pass.broken.len());
        }
    }
}

async fn pass(rotation: &Rotation<'_>, column: &Column, key: &str) -> anyhow::Result<Pass> {
    let mut pass = Pass::default();
    let mut after = String::new();
    loop {
        let rows = sealed::list_others(&**rotation.db, column, key, &after, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(pass) };
        after.clone_from(&last.id);
        pass.found += rows.len();
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            match seal_anew(rotation.keys, column, &row) {
                Ok(text) => changes.push((row, text)),
                Err(reason) => pass.broken.push(reason),
            }
        }
        if !rotation.dry_run {
            pass.replaced += sealed::replace_many(rotation.db, column, &changes).await?;
        }
    }
}

/// The row's secret sealed by the first key; else the row, the key it names, and why it can't be opened.
fn seal_anew(keys: &KeyRing, column: &Column, row: &Sealed) -> Result<String, String> {
    let place = column.place(&row.id);
    let sealed = keys.open(&row.text, &place).and_then(|plain| keys.seal(&plain, &place));
    sealed.map_err(|error| format!("row {} sealed by key {}: {error}", row.id, key_of(&row.text).unwrap_or("unknown")))
}

/// Tells how long the older keys are needed by jobs that are under way.
async fn tell_journal(rotation: &mut Rotation<'_>) -> anyhow::Result<()> {
    let keeps = std::time::Duration::from_secs(JOURNAL_DAYS * 86_400);
    for key in rotation.keys.ids().skip(1) {
        let (steps, newest) = sealed::count_journal_steps(&**rotation.db, key, rotation.now.minus(keeps)).await?;
        let Some(newest) = newest.filter(|_| steps > 0) else {
            (rotation.say)(format!("journal: no running job needs the key {key}"));
            continue;
        };
        let until = newest.plus(keeps);
        (rotation.say)(format!("journal: {steps} steps hold addresses sealed by the key {key}: keep it until {until}"));
    }
    Ok(())
}
