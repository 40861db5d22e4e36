//! Crash points: where a test can make a worker stand still, to kill it there.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A moment within a step at which a process can be made to stand still, to be killed there by a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Point {
    /// Before the call; for `once` the intent is written.
    Before,
    /// After the answer, before it is recorded.
    Answered,
}

/// Makes runs stand still at a point of a step. Never set in production.
#[derive(Debug)]
pub struct Halt {
    step: String,
    point: Point,
    left: AtomicUsize,
    reached: Notify,
}

impl Halt {
    /// Stops the first `times` runs at `point` of the step called `step`; a last `*` stands for any ending.
    pub fn new(step: impl Into<String>, point: Point, times: usize) -> Self {
        Self { step: step.into(), point, left: AtomicUsize::new(times), reached: Notify::new() }
    }

    /// Waits until a run stands at the point.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Stands still if this is the point and runs are left to stop.
    pub async fn pass(&self, step: &str, point: Point) {
        let here = match self.step.strip_suffix('*') {
            Some(beginning) => step.starts_with(beginning),
            None => step == self.step,
        };
        let one_less = |left: usize| left.checked_sub(1);
        if here && self.point == point && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            tracing::warn!(step, %point, "halted at a crash point");
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}
