//! Accepts posts: many requests' rows in one durable transaction, each key's first answer remembered with them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::DbErr;
use shared::app::App;
use shared::ids::WorkspaceId;
use shared::store::batch::Batcher;
use shared::store::posts::{self, NewPost, Written};

/// How long an idempotency key is remembered.
pub const KEY_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// How long the scheduler leaves a new job to the API's own nudge.
pub const NUDGE_GRACE: Duration = Duration::from_secs(2);

/// Writes accepted posts and keeps apart requests that carry the same idempotency key at the same moment.
#[derive(Clone)]
pub struct Acceptor {
    app: Arc<App>,
    posts: Batcher<Arc<NewPost>, Written>,
    in_flight: Arc<Mutex<HashSet<(WorkspaceId, String)>>>,
}

impl Acceptor {
    /// Starts the batch writer.
    pub fn start(app: Arc<App>) -> Self {
        let writer = Arc::clone(&app);
        let posts = Batcher::spawn(move |batch: Vec<Arc<NewPost>>| {
            let app = Arc::clone(&writer);
            async move { posts::insert_batch(&app.db, &batch, app.clock.now()).await }
        });
        Self { app, posts, in_flight: Arc::default() }
    }

    /// Marks a key as being worked on; `None` while another request of this process holds it.
    ///
    /// Requests with one key that reach different processes meet at the key's row instead.
    pub fn begin(&self, workspace: &WorkspaceId, key: &str) -> Option<InFlight> {
        let entry = (workspace.clone(), key.to_owned());
        let mut keys = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(entry.clone()).then(|| InFlight { entry, keys: Arc::clone(&self.in_flight) })
    }

    /// Writes a post durably and tells the workers, unless its idempotency key or the post itself was there before.
    pub async fn write(&self, post: NewPost) -> Result<Written, DbErr> {
        let post = Arc::new(post);
        let written = self.posts.submit(Arc::clone(&post)).await?;
        if written == Written::Written {
            let now = self.app.clock.now();
            for job in post.jobs.iter().filter(|job| job.run_at <= now) {
                self.app.queue.nudge(job, now);
            }
            self.app.meter.count("pressroom_posts_accepted_total", "");
        }
        Ok(written)
    }
}

/// Holds an idempotency key until dropped.
pub struct InFlight {
    entry: (WorkspaceId, String),
    keys: Arc<Mutex<HashSet<(WorkspaceId, String)>>>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.entry);
    }
}
