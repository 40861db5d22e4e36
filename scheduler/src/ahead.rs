//! Posts that are not due yet are looked at ahead of their time: this makes the jobs that look, and ends what is over.

use anyhow::Context;
use shared::app::App;
use shared::store::risks;

/// Targets taken by one transaction.
const TAKE_MAX: i64 = 500;

/// Takes every look that has come, and ends the risks of posts that went out or came to another end; gives how many looks
/// were begun.
pub async fn tick(app: &App) -> anyhow::Result<usize> {
    let looks = risks::take_due(&app.db, TAKE_MAX, app.clock.now()).await.context("taking looks ahead")?;
    risks::end_passed(&app.db, TAKE_MAX, app.clock.now()).await.context("ending risks")?;
    Ok(looks.len())
}
