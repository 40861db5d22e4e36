//! A job's timeline as server-sent events, resumable by `Last-Event-ID`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use poem::web::Data;
use poem::web::sse::Event;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::EventStream;
use poem_openapi::types::ToJSON;
use poem_openapi::{Object, OpenApi};
use shared::app::App;
use shared::entity::job_event;
use shared::events::Follower;
use shared::ids::{JobId, WorkspaceId};
use shared::store::{job_events, jobs};

use super::Tag;
use super::jobs::job_id;
use crate::auth::ApiKey;
use crate::problem::ApiError;

/// A line of a job's timeline.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct JobEvent {
    /// Grows with every event of the job.
    pub id: i64,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: String,
    /// More about it.
    pub detail: serde_json::Value,
}

impl From<job_event::Model> for JobEvent {
    fn from(row: job_event::Model) -> Self {
        let detail = serde_json::from_str(&row.detail).unwrap_or_default();
        Self { id: row.id, kind: row.kind, at: row.at.to_string(), detail }
    }
}

/// The routes of job events.
pub struct JobEvents;

/// How often a silent stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events read at once.
const CHUNK: u64 = 100;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Jobs")]
impl JobEvents {
    /// Follows a job: its events so far, then each as it happens, until it has ended.
    #[oai(path = "/jobs/:id/events", method = "get", operation_id = "followJob")]
    async fn follow(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The job's id.
        id: Path<String>,
        /// The last event that the client has; the stream goes on after it.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<i64>>,
    ) -> Result<EventStream<BoxStream<'static, JobEvent>>, ApiError> {
        let caller = key.allow("jobs:read")?;
        let id = job_id(&id)?;
        jobs::find(&*app.db, &caller.workspace, &id).await?.ok_or_else(|| ApiError::not_found("job"))?;
        let reader = Reader {
            follower: app.events.follow(),
            app: Arc::clone(&app),
            workspace: caller.workspace,
            job: id,
            last: last_event_id.0.unwrap_or(0),
            waiting: VecDeque::new(),
            ended: false,
        };
        let events = EventStream::new(stream::unfold(reader, Reader::next).boxed()).keep_alive(KEEP_ALIVE);
        Ok(events.to_event(|event| Event::message(event.to_json_string()).id(event.id.to_string()).event_type(event.kind)))
    }
}

struct Reader {
    app: Arc<App>,
    follower: Follower,
    workspace: WorkspaceId,
    job: JobId,
    last: i64,
    waiting: VecDeque<JobEvent>,
    ended: bool,
}

impl Reader {
    async fn next(mut self) -> Option<(JobEvent, Self)> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.last = event.id;
                return Some((event, self));
            }
            if self.ended {
                return None;
            }
            // The state is read before the events: what happens between the two is then among the events.
            let job = jobs::find(&*self.app.db, &self.workspace, &self.job).await;
            let events = job_events::list_after(&*self.app.db, &self.workspace, &self.job, self.last, CHUNK).await;
            match (job, events) {
                (Ok(job), Ok(events)) => {
                    self.ended = events.len() < CHUNK as usize && job.is_none_or(|job| job.state.is_settled());
                    self.waiting.extend(events.into_iter().map(JobEvent::from));
                }
                (Err(error), _) | (_, Err(error)) => {
                    tracing::warn!(%error, "a stream of events ended early; the client resumes it");
                    return None;
                }
            }
            if self.waiting.is_empty() && !self.ended {
                self.follower.changed(&self.job).await;
            }
        }
    }
}
