//! Due rows to queue. One query finds them all: jobs whose time has come, retries, pushes that got lost, leases that
//! lapsed. When a lane has no room for all of them, every workspace that has any gets its turn. The relay holds nothing
//! in memory but its pace; a second one at the same time takes other rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use shared::app::App;
use shared::clock::Timestamp;
use shared::ids::{JobId, WorkspaceId};
use shared::jobs::Lane;
use shared::queue::EXPRESS_BURST;
use shared::store::jobs::{self, Due, DueJob};

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

/// How often the workspaces of a full lane get their turn: what one of them may wait before its id is on its way.
const TURN_EVERY: Duration = Duration::from_millis(250);

/// Ids that each workspace gets from one turn at most.
const TURN_MAX: usize = EXPRESS_BURST;

/// Ids looked at by one turn, unless there are more workspaces.
const TURN_ROWS: usize = 2000;

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

/// What is remembered of a lane that was full: only the pace depends on it.
#[derive(Debug, Clone, Copy)]
struct Full {
    turn_at: Timestamp,
    workspaces: usize,
}

/// Relays for ever; an error costs a pause, never the loop.
pub async fn keep_relaying(app: Arc<App>) {
    let mut relay = Relay::new(Arc::clone(&app));
    loop {
        let pause = match relay.tick().await {
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

/// Hands due rows to their lanes.
pub struct Relay {
    app: Arc<App>,
    full: HashMap<Lane, Full>,
}

impl Relay {
    /// A relay that has seen nothing yet.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, full: HashMap::new() }
    }

    /// Looks at every lane once and pushes what is due, as far as there is room.
    pub async fn tick(&mut self) -> anyhow::Result<Tick> {
        let (app, mut tick) = (Arc::clone(&self.app), Tick::default());
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
        for (lane, wake_at) in jobs::next_wakes(&*app.db).await.context("looking for due jobs")? {
            if wake_at <= app.clock.now() {
                self.relay_lane(lane, &mut tick).await?;
            } else {
                tick.next_at = Some(tick.next_at.map_or(wake_at, |at| at.min(wake_at)));
            }
        }
        Ok(tick)
    }

    async fn relay_lane(&mut self, lane: Lane, tick: &mut Tick) -> anyhow::Result<()> {
        let room = self.app.queue.room(lane).await?;
        let mut filled = self.fill(lane, (room - self.kept_for_turns(lane, room)).min(TAKE_MAX), tick).await?;
        if !filled.all {
            // More is due than one transaction takes: whoever waits behind that gets a turn before the lane is filled up.
            if self.full.get(&lane).is_none_or(|full| self.app.clock.now() >= full.turn_at) {
                filled.pushed += self.give_turns(lane, room.saturating_sub(filled.pushed), tick).await?;
            }
            let left = room.saturating_sub(filled.pushed + self.kept_for_turns(lane, room));
            filled.all = self.fill(lane, left, tick).await?.all;
        }
        if !filled.all {
            tick.lane_full = true;
            return Ok(());
        }
        self.full.remove(&lane);
        // The rest of the lane lies in the future; look again at once only for what is due by then.
        let soon = self.app.clock.now().plus(SLEEP_MAX);
        tick.next_at = Some(tick.next_at.map_or(soon, |at| at.min(soon)));
        Ok(())
    }

    /// Half of a lane that several want is given out by turns alone; the other half keeps the workers busy between them.
    fn kept_for_turns(&self, lane: Lane, room: usize) -> usize {
        let contested = self.full.get(&lane).is_some_and(|full| full.workspaces > 1);
        if contested { room.min(self.app.queue.lane_bound() / 2) } else { 0 }
    }

    /// Pushes up to `room` of a lane's due rows, the longest due first.
    async fn fill(&self, lane: Lane, room: usize, tick: &mut Tick) -> anyhow::Result<Filled> {
        let mut filled = Filled::default();
        while filled.pushed < room {
            let now = self.app.clock.now();
            let wanted = (room - filled.pushed).min(TAKE_MAX);
            let due = jobs::take_due(&self.app.db, lane, wanted, now, now.plus(REPUSH_AFTER)).await.context("taking due jobs")?;
            let taken = due.jobs.len();
            self.push(lane, due, tick).await?;
            filled.pushed += taken;
            if taken < wanted {
                filled.all = true;
                break;
            }
        }
        Ok(filled)
    }

    /// Pushes the first due rows of every workspace: as many as have express credit, and the others while there is room.
    async fn give_turns(&mut self, lane: Lane, room: usize, tick: &mut Tick) -> anyhow::Result<usize> {
        let now = self.app.clock.now();
        let expected = self.full.get(&lane).map_or(1, |full| full.workspaces.max(1));
        let each = (TURN_ROWS / expected).clamp(1, TURN_MAX);
        let firsts = jobs::list_first_due(&*self.app.db, lane, now, each).await.context("looking for everybody's first jobs")?;
        let groups: Vec<&[DueJob]> = firsts.chunk_by(|one, other| one.workspace == other.workspace).collect();
        let workspaces: Vec<&WorkspaceId> = groups.iter().map(|group| &group[0].workspace).collect();
        let credit = self.app.queue.credit(lane, &workspaces, now).await?;
        let before = tick.pushed;
        for ids in choose(&groups, &credit, room).chunks(TAKE_MAX) {
            let due = jobs::take_these(&self.app.db, ids, now, now.plus(REPUSH_AFTER)).await.context("taking first jobs")?;
            self.push(lane, due, tick).await?;
        }
        self.full.insert(lane, Full { turn_at: now.plus(TURN_EVERY), workspaces: groups.len() });
        Ok(tick.pushed - before)
    }

    async fn push(&self, lane: Lane, due: Due, tick: &mut Tick) -> anyhow::Result<()> {
        let (app, now) = (&self.app, self.app.clock.now());
        if let Err(error) = app.queue.push_due(lane, &due.jobs, now).await {
            let ids: Vec<JobId> = due.jobs.into_iter().map(|job| job.id).collect();
            jobs::wake_now(&*app.db, &ids, now).await.context("putting unpushed jobs back")?;
            return Err(error);
        }
        app.meter.add("pressroom_leases_lapsed_total", &format!("lane=\"{lane}\""), due.lapsed as f64);
        tick.pushed += due.jobs.len();
        tick.lapsed += due.lapsed;
        Ok(())
    }
}

/// What a filling did.
#[derive(Default)]
struct Filled {
    pushed: usize,
    /// Whether nothing due was left.
    all: bool,
}

/// One of each workspace, then a second of each, and so on: while it has credit, and then while there is room.
fn choose(groups: &[&[DueJob]], credit: &[usize], mut room: usize) -> Vec<JobId> {
    let mut chosen = Vec::new();
    for place in 0..groups.iter().map(|group| group.len()).max().unwrap_or(0) {
        for (group, credit) in groups.iter().zip(credit) {
            let Some(job) = group.get(place) else { continue };
            if place >= *credit {
                if room == 0 {
                    continue;
                }
                room -= 1;
            }
            chosen.push(job.id.clone());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_out_by_turns_and_credit_needs_none() {
        let group = |count: usize| -> Vec<DueJob> {
            let workspace = WorkspaceId::generate();
            (0..count).map(|_| DueJob { id: JobId::generate(), workspace: workspace.clone() }).collect()
        };
        let (busy, newcomer, third) = (group(5), group(1), group(3));

        let chosen = choose(&[&busy, &newcomer, &third], &[0, 1, 1], 4);

        let wanted = [&busy[0], &newcomer[0], &third[0], &busy[1], &third[1], &busy[2]];
        assert_eq!(chosen, wanted.map(|job| job.id.clone()));
    }
}
