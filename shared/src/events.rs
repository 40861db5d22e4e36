//! Tells followers within a process that a job changed, whichever process changed it.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::broadcast;

use crate::ids::JobId;
use crate::queue::Queue;

/// How long a follower waits at most before it looks by itself, for when Redis is away.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A place to wait for changes.
#[derive(Clone)]
pub struct Events(broadcast::Sender<JobId>);

impl Events {
    /// Listens to Redis for as long as the process lives.
    pub fn listen(queue: Queue) -> Self {
        let (sender, _) = broadcast::channel(4096);
        let forward = sender.clone();
        tokio::spawn(async move {
            loop {
                if let Err(error) = forward_all(&queue, &forward).await {
                    tracing::debug!(error = %format!("{error:#}"), "not listening to events; followers look by themselves");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Self(sender)
    }

    /// From now on hears of changes.
    pub fn follow(&self) -> Follower {
        Follower(self.0.subscribe())
    }
}

async fn forward_all(queue: &Queue, sender: &broadcast::Sender<JobId>) -> anyhow::Result<()> {
    let mut subscription = queue.subscribe(&[queue.event_channel()]).await?;
    let mut messages = subscription.on_message();
    while let Some(message) = messages.next().await {
        if let Ok(job) = message.get_payload::<String>()?.parse() {
            // Nobody may be following; that is no error.
            let _ = sender.send(job);
        }
    }
    Ok(())
}

/// Waits for changes of jobs.
pub struct Follower(broadcast::Receiver<JobId>);

impl Follower {
    /// Returns when `job` may have changed: at once when told, else after [`LOOK_EVERY`].
    pub async fn changed(&mut self, job: &JobId) {
        let told = async {
            loop {
                match self.0.recv().await {
                    Ok(changed) if changed == *job => return,
                    Ok(_) => {}
                    // Messages were missed: look.
                    Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // Running out of time is the fallback itself.
        let _ = tokio::time::timeout(LOOK_EVERY, told).await;
    }
}
