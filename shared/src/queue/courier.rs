//! Tells Redis in the background, in groups: nudges to lanes and announcements of changes. Any of it may get lost.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use super::Queue;
use crate::clock::Timestamp;
use crate::entity::job;
use crate::ids::JobId;
use crate::jobs::Lane;
use crate::store::jobs::DueJob;

/// Something to be told to Redis soon, in the background.
pub(super) enum Parcel {
    Push(Lane, DueJob, Timestamp),
    Announce(JobId),
}

/// Parcels that may wait; when more come they are dropped, which the scheduler repairs.
pub(super) const PARCELS_MAX: usize = 20_000;

/// Parcels delivered together.
const GROUP: usize = 512;

impl Queue {
    /// Tells a job's lane soon that it is due, as a courtesy: when that gets lost, or the lane is full, the scheduler
    /// repairs it.
    pub fn nudge(&self, job: &job::Model, now: Timestamp) {
        let due = DueJob { id: job.id.clone(), workspace: job.workspace_id.clone() };
        // A full channel means that Redis is slow or away; the row is in the database and will be found.
        let _ = self.courier.try_send(Parcel::Push(job.lane, due, now));
    }

    /// Tells soon that a job's row or timeline changed.
    pub fn announce(&self, job: &JobId) {
        let _ = self.courier.try_send(Parcel::Announce(job.clone()));
    }
}

/// Delivers parcels in groups until every handle is gone.
pub(super) async fn deliver(queue: Queue, mut inbox: mpsc::Receiver<Parcel>) {
    let mut parcels = Vec::new();
    while inbox.recv_many(&mut parcels, GROUP).await > 0 {
        let mut pushes: BTreeMap<&'static str, (Lane, Vec<DueJob>, Timestamp)> = BTreeMap::new();
        let mut announced = Vec::new();
        for parcel in parcels.drain(..) {
            match parcel {
                Parcel::Push(lane, job, now) => {
                    let (_, jobs, latest) = pushes.entry(lane.into()).or_insert((lane, Vec::new(), now));
                    jobs.push(job);
                    *latest = now.max(*latest);
                }
                Parcel::Announce(job) => announced.push(job),
            }
        }
        for (lane, jobs, now) in pushes.into_values() {
            if let Err(error) = queue.push_within_bound(lane, &jobs, now).await {
                tracing::debug!(%lane, error = %format!("{error:#}"), "a nudge was lost; the scheduler repairs it");
            }
        }
        announce_all(&queue, &announced).await;
    }
}

async fn announce_all(queue: &Queue, jobs: &[JobId]) {
    if jobs.is_empty() {
        return;
    }
    let channel = queue.event_channel();
    let mut pipe = redis::pipe();
    for job in jobs {
        pipe.publish(&channel, job.as_str()).ignore();
    }
    if let Err(error) = pipe.query_async::<()>(&mut queue.redis.clone()).await {
        tracing::debug!(%error, "an announcement was lost; followers look by themselves");
    }
}
