//! A lane's slots in this process: how many jobs run at once, and whose turn it is when one comes free.
//!
//! Bulk jobs never take the last ones, which are kept for express jobs. A workspace gets a further express slot only
//! while it leaves as many free as it holds, so that a newcomer finds one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::ids::{JobId, WorkspaceId};
use shared::queue::EXPRESS_BURST;
use tokio::sync::oneshot;

/// The least number of slots kept for express jobs: with one alone, the first comer's slow job would hold it.
const EXPRESS_MIN: usize = 2;

/// Bulk jobs per express slot.
const BULK_PER_EXPRESS: usize = 4;

/// Express jobs of one workspace that may wait in this process: what it can send at once. More go into the bulk queue.
const WAITING_MAX: usize = EXPRESS_BURST;

/// The slots of one lane.
pub struct Slots {
    bulk_max: usize,
    total: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: usize,
    bulk: usize,
    express: HashMap<WorkspaceId, usize>,
    waiting: VecDeque<Waiting>,
    closed: bool,
}

struct Waiting {
    job: JobId,
    workspace: Option<WorkspaceId>,
    turn: oneshot::Sender<Slot>,
}

/// The right to run one job; given back when dropped.
pub struct Slot {
    slots: Arc<Slots>,
    workspace: Option<WorkspaceId>,
}

/// What becomes of a job that came.
pub enum Entry {
    /// It may run.
    Run(Slot),
    /// Its workspace has too many waiting here: it belongs into the bulk queue.
    Crowded,
    /// The process is ending; [`Slots::close`] told who was waiting.
    Closed,
}

impl Slots {
    /// Slots for `bulk_max` bulk jobs, and a quarter as many more that only express jobs get.
    pub fn new(bulk_max: usize) -> Arc<Self> {
        let total = bulk_max + (bulk_max / BULK_PER_EXPRESS).max(EXPRESS_MIN);
        Arc::new(Self { bulk_max, total, state: Mutex::default() })
    }

    /// How many bulk jobs can run at once.
    pub fn bulk_max(&self) -> usize {
        self.bulk_max
    }

    /// How many jobs can run at once.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Waits for a slot; an express job comes with its workspace, a bulk job with none.
    pub async fn enter(self: &Arc<Self>, job: &JobId, workspace: Option<&WorkspaceId>) -> Entry {
        let turn = {
            let mut state = self.lock();
            if state.closed {
                return Entry::Closed;
            }
            if self.may_run(&state, workspace) {
                state.begin(workspace);
                return Entry::Run(Slot { slots: Arc::clone(self), workspace: workspace.cloned() });
            }
            if workspace.is_some() && state.waiting_of(workspace) >= WAITING_MAX {
                return Entry::Crowded;
            }
            let (turn, mine) = oneshot::channel();
            state.waiting.push_back(Waiting { job: job.clone(), workspace: workspace.cloned(), turn });
            mine
        };
        turn.await.map_or(Entry::Closed, Entry::Run)
    }

    /// Lets nobody in any more; gives the jobs that were waiting.
    pub fn close(&self) -> Vec<JobId> {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.drain(..).filter(|waiting| !waiting.turn.is_closed()).map(|waiting| waiting.job).collect()
    }

    fn may_run(&self, state: &State, workspace: Option<&WorkspaceId>) -> bool {
        let free = self.total.saturating_sub(state.running);
        let fair = match workspace {
            None => state.bulk < self.bulk_max && free > self.kept_from_bulk(state.bulk),
            Some(workspace) => state.express.get(workspace).copied().unwrap_or(0) < free.max(1),
        };
        free > 0 && fair
    }

    /// Slots that bulk jobs leave free. Below half of their number they leave none: express jobs, whose flow is bounded for
    /// each workspace but not for all of them together, must not drive them out.
    fn kept_from_bulk(&self, bulk: usize) -> usize {
        if bulk < self.bulk_max / 2 { 0 } else { (self.total - self.bulk_max) / 2 }
    }

    fn release(self: &Arc<Self>, workspace: Option<&WorkspaceId>) {
        self.lock().end(workspace);
        while let Some(next) = self.next() {
            let slot = Slot { slots: Arc::clone(self), workspace: next.workspace };
            // A waiter that has just gone drops its slot, which ends up here again.
            let _ = next.turn.send(slot);
        }
    }

    /// The first that waits and may run; its slot is counted already.
    fn next(&self) -> Option<Waiting> {
        let mut state = self.lock();
        state.waiting.retain(|waiting| !waiting.turn.is_closed());
        let place = state.waiting.iter().position(|waiting| self.may_run(&state, waiting.workspace.as_ref()))?;
        let next = state.waiting.remove(place)?;
        state.begin(next.workspace.as_ref());
        Some(next)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, workspace: Option<&WorkspaceId>) {
        self.running += 1;
        match workspace {
            None => self.bulk += 1,
            Some(workspace) => *self.express.entry(workspace.clone()).or_default() += 1,
        }
    }

    fn end(&mut self, workspace: Option<&WorkspaceId>) {
        self.running -= 1;
        let Some(workspace) = workspace else {
            self.bulk -= 1;
            return;
        };
        if let Some(held) = self.express.get_mut(workspace) {
            *held -= 1;
            if *held == 0 {
                self.express.remove(workspace);
            }
        }
    }

    fn waiting_of(&self, workspace: Option<&WorkspaceId>) -> usize {
        self.waiting.iter().filter(|waiting| waiting.workspace.as_ref() == workspace).count()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.release(self.workspace.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn enter(slots: &Arc<Slots>, workspace: Option<&WorkspaceId>) -> Option<Slot> {
        match slots.enter(&JobId::generate(), workspace).now_or_never()? {
            Entry::Run(slot) => Some(slot),
            Entry::Crowded | Entry::Closed => None,
        }
    }

    #[test]
    fn bulk_jobs_leave_the_express_slots_free() {
        let slots = Slots::new(8);

        let bulk: Vec<Slot> = std::iter::from_fn(|| enter(&slots, None)).collect();
        let express = enter(&slots, Some(&WorkspaceId::generate()));

        assert_eq!((bulk.len(), slots.total()), (8, 10));
        assert!(express.is_some());
    }

    #[test]
    fn a_busy_workspace_leaves_a_slot_for_each_newcomer() {
        let slots = Slots::new(64);
        let busy = WorkspaceId::generate();
        let _bulk: Vec<Slot> = std::iter::from_fn(|| enter(&slots, None)).collect();

        let held: Vec<Slot> = std::iter::from_fn(|| enter(&slots, Some(&busy))).collect();
        let newcomers: Vec<Slot> = std::iter::from_fn(|| enter(&slots, Some(&WorkspaceId::generate()))).collect();

        assert_eq!((held.len(), newcomers.len()), (8, 8));
    }

    #[test]
    fn bulk_jobs_that_come_after_a_busy_workspaces_express_jobs_leave_room_too() {
        let slots = Slots::new(64);
        let busy = WorkspaceId::generate();
        let _express: Vec<Slot> = (0..20).filter_map(|_| enter(&slots, Some(&busy))).collect();

        let bulk: Vec<Slot> = std::iter::from_fn(|| enter(&slots, None)).collect();
        let newcomer = enter(&slots, Some(&WorkspaceId::generate()));

        assert_eq!(bulk.len(), 52);
        assert!(newcomer.is_some());
    }

    #[test]
    fn a_crowd_of_express_jobs_leaves_bulk_jobs_their_half() {
        let slots = Slots::new(64);
        let mut bulk: Vec<Slot> = std::iter::from_fn(|| enter(&slots, None)).collect();
        let mut crowd: Vec<Slot> = std::iter::from_fn(|| enter(&slots, Some(&WorkspaceId::generate()))).collect();

        // As bulk jobs end, the crowd takes their slots, and then no more.
        for _ in 0..64 {
            drop(bulk.pop());
            bulk.extend(enter(&slots, None));
            crowd.extend(enter(&slots, Some(&WorkspaceId::generate())));
        }

        assert_eq!(bulk.len() + crowd.len(), slots.total());
        assert!(bulk.len() >= 31, "{} bulk jobs are left", bulk.len());
    }

    #[test]
    fn a_free_slot_goes_to_the_first_in_line_that_may_have_it() {
        let slots = Slots::new(1);
        let (busy, other, newest) = (WorkspaceId::generate(), WorkspaceId::generate(), WorkspaceId::generate());
        let (bulk, first) = (enter(&slots, None).unwrap(), enter(&slots, Some(&busy)).unwrap());
        let second = enter(&slots, Some(&other)).unwrap();
        let (job, late) = (JobId::generate(), JobId::generate());
        let mut again = Box::pin(slots.enter(&job, Some(&busy)));
        let mut newcomer = Box::pin(slots.enter(&late, Some(&newest)));
        assert!(again.as_mut().now_or_never().is_none() && newcomer.as_mut().now_or_never().is_none());

        drop(second);
        let waits = again.as_mut().now_or_never();
        let came = newcomer.as_mut().now_or_never();
        drop((bulk, first, waits));

        assert!(matches!(came, Some(Entry::Run(_))));
    }
}
