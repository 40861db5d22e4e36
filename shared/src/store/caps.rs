//! How many posts an account, or a platform's app, has had or will have around a time. What failed or was called off is none.

use sea_orm::{ConnectionTrait, DbErr, Value};

use super::db::query;
use crate::clock::Timestamp;
use crate::content::PlatformId;
use crate::ids::{AccountId, WorkspaceId};

/// Whose posts are counted between two times, the ends not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose posts.
    pub whose: Whose,
    /// After this.
    pub from: Timestamp,
    /// Before this.
    pub to: Timestamp,
}

/// Whose posts are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// One account's of the workspace.
    Account(AccountId),
    /// All of a platform, in every workspace: they share our app there.
    App(PlatformId),
}

/// The joins and conditions that select a place's targets, its four values from number `first` on.
fn targets(place: &Place, first: usize) -> String {
    let (whose, from, to) = (first, first + 1, first + 2);
    let counted = format!("t.publish_at > ${from} AND t.publish_at < ${to} AND j.state NOT IN ('failed', 'cancelled')");
    match place.whose {
        Whose::Account(_) => format!(
            "post_targets t JOIN jobs j ON j.id = t.job_id WHERE t.account_id = ${whose} AND t.workspace_id = ${} AND {counted}",
            first + 3
        ),
        Whose::App(_) => format!(
            "accounts a JOIN post_targets t ON t.account_id = a.id JOIN jobs j ON j.id = t.job_id WHERE a.platform = ${whose} \
             AND {counted}"
        ),
    }
}

fn values(workspace: &WorkspaceId, place: &Place) -> Vec<Value> {
    let (from, to) = (place.from.into(), place.to.into());
    match &place.whose {
        Whose::Account(account) => vec![account.clone().into(), from, to, workspace.clone().into()],
        Whose::App(platform) => vec![(*platform).into(), from, to],
    }
}

/// How many posts each place holds, in the order given: one statement for all.
pub async fn count(db: &impl ConnectionTrait, workspace: &WorkspaceId, places: &[Place]) -> Result<Vec<usize>, DbErr> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let mut parts = Vec::with_capacity(places.len());
    let mut bound = Vec::new();
    for (n, place) in places.iter().enumerate() {
        parts.push(format!("SELECT {n} AS place, COUNT(*) AS taken FROM {}", targets(place, bound.len() + 1)));
        bound.extend(values(workspace, place));
    }
    let mut counts = vec![0; places.len()];
    for row in query(db, &parts.join(" UNION ALL "), bound).await? {
        let place: i32 = row.try_get("", "place")?;
        let taken: i64 = row.try_get("", "taken")?;
        if let Some(count) = usize::try_from(place).ok().and_then(|place| counts.get_mut(place)) {
            *count = usize::try_from(taken).unwrap_or(0);
        }
    }
    Ok(counts)
}

/// The times of a place's posts, in order.
pub async fn list_times(db: &impl ConnectionTrait, workspace: &WorkspaceId, place: &Place) -> Result<Vec<Timestamp>, DbErr> {
    let sql = format!("SELECT t.publish_at FROM {} ORDER BY t.publish_at", targets(place, 1));
    let found = query(db, &sql, values(workspace, place)).await?;
    found.iter().map(|row| row.try_get("", "publish_at")).collect()
}
