//! Due rows to queue. One query finds them all: jobs whose time has come, retries, pushes that got lost, leases that
//! lapsed. The relay holds nothing in memory; a second one at the same time takes other rows.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use shared::app::App;
use shared::clock::Timestamp;
use shared::jobs::Lane;
use shared::store::jobs;

/// How long a pushed id may stay unclaimed before it is pushed again.
///
/// apalis gives a dead worker's unclaimed ids back after 15 s by itself; this covers every other loss.
pub const REPUSH_AFTER: Duration = Duration::from_secs(20);

/// Rows moved by one transaction.
const TAKE_MAX: usize = 500;

/// The longest sleep: the beat at which nearer changes made elsewhere are noticed.
const SLEEP_MAX: Duration = Duration::from_millis(500);

/// The pause while a full lane is being worked off.
const LANE_FULL_PAUSE: Duration = Duration::from_millis(20);

/// What one tick did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Ids pushed.
    pub pushed: usize,
    /// Leases that had lapsed.
    pub lapsed: usize,
    /// Whether due rows were left because their lane is full.
    pub lane_full: bool,
    /// When the next row is due.
    pub next_at: Option<Timestamp>,
}

/// Relays for ever; an error costs a pause, never the loop.
pub async fn keep_relaying(app: Arc<App>) {
    loop {
        let pause = match tick(&app).await {
            Ok(tick) => pause_after(&tick, app.clock.now()),
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "the relay rests");
                SLEEP_MAX
            }
        };
        tokio::time::sleep(pause).await;
    }
}

fn pause_after(tick: &Tick, now: Timestamp) -> Duration {
    if tick.lane_full {
        return LANE_FULL_PAUSE;
    }
    tick.next_at.map_or(SLEEP_MAX, |at| at.since(now).min(SLEEP_MAX))
}

/// Looks at every lane once and pushes what is due, as far as there is room.
pub async fn tick(app: &App) -> anyhow::Result<Tick> {
    if app.queue.was_wiped().await? {
        let now = app.clock.now();
        let woken = jobs::wake_pushed(&*app.db, now, now.plus(REPUSH_AFTER)).await.context("waking pushed jobs")?;
        // Nothing to push means that nothing was lost, as at a first start.
        if woken == 0 {
            tracing::info!("Redis is new");
        } else {
            tracing::warn!(woken, "Redis lost its contents; what was queued is pushed again");
        }
    }
    let mut tick = Tick::default();
    for (lane, wake_at) in jobs::next_wakes(&*app.db).await.context("looking for due jobs")? {
        if wake_at <= app.clock.now() {
            relay_lane(app, lane, &mut tick).await?;
        } else {
            tick.next_at = Some(tick.next_at.map_or(wake_at, |at| at.min(wake_at)));
        }
    }
    Ok(tick)
}

async fn relay_lane(app: &App, lane: Lane, tick: &mut Tick) -> anyhow::Result<()> {
    let mut room = app.queue.room(lane).await?;
    loop {
        if room == 0 {
            tick.lane_full = true;
            return Ok(());
        }
        let now = app.clock.now();
        let wanted = room.min(TAKE_MAX);
        let due = jobs::take_due(&app.db, lane, wanted, now, now.plus(REPUSH_AFTER)).await.context("taking due jobs")?;
        if let Err(error) = app.queue.push(lane, &due.ids).await {
            jobs::wake_now(&*app.db, &due.ids, now).await.context("putting unpushed jobs back")?;
            return Err(error);
        }
        app.meter.add("pressroom_leases_lapsed_total", &format!("lane=\"{lane}\""), due.lapsed as f64);
        tick.pushed += due.ids.len();
        tick.lapsed += due.lapsed;
        if due.ids.len() < wanted {
            // The rest of the lane lies in the future; look again at once only for what is due by then.
            tick.next_at = Some(tick.next_at.map_or(now.plus(SLEEP_MAX), |at| at.min(now.plus(SLEEP_MAX))));
            return Ok(());
        }
        room -= due.ids.len();
    }
}
