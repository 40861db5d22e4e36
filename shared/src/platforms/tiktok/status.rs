//! Asks TikTok how a task stands: how much of a file is there, how the work ended, and what the post is called.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::call;
use super::errors::NOT_CANCELLABLE;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::{After, Journal, OUTCOME_UNKNOWN, Polling, Stop};
use crate::platforms::Publishing;

const STATUS: &str = "/v2/post/publish/status/fetch/";
const CANCEL: &str = "/v2/post/publish/cancel/";

/// Work on a video takes about a minute per gigabyte, a pull up to an hour; 30 questions per minute are allowed.
const WORKING: Polling = Polling {
    pauses: &[
        Duration::from_secs(5),
        Duration::from_secs(5),
        Duration::from_secs(10),
        Duration::from_secs(20),
        Duration::from_secs(30),
        Duration::from_secs(60),
    ],
    deadline: Duration::from_secs(6 * 3600),
    after: After::MayBePublished,
};

/// A public post gets its id after moderation, usually within a minute. It is live without it.
const MODERATION: Polling = Polling {
    pauses: &[Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(15), Duration::from_secs(30)],
    deadline: Duration::from_secs(24 * 3600),
    after: After::MayBePublished,
};

/// How long a post's public id is waited for before the task's id must do.
const PUBLIC_ID_WAIT: Duration = Duration::from_secs(120);

/// A task as TikTok tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    status: String,
    #[serde(default)]
    fail_reason: Option<String>,
    #[serde(default)]
    uploaded_bytes: Option<u64>,
    /// Spelt like this by TikTok; 64-bit numbers.
    #[serde(default)]
    publicaly_available_post_id: Option<Vec<Value>>,
}

/// How much of a file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// All of it: the post takes its course.
    Complete,
    /// So many bytes: nothing can be posted yet.
    Missing(u64),
    /// The task failed before all of it was there: nothing will ever be posted.
    Dead,
}

/// How the work on a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    /// The post is live since an instant in milliseconds; its id is known once it passed moderation.
    Live { post_id: Option<String>, at: i64 },
    /// The draft lies in its author's inbox.
    Inbox,
    /// Nothing was or will be published, for TikTok's reason.
    Failed { reason: String },
}

impl Status {
    /// How much of a file of `size_bytes` is there.
    pub(super) fn arrival(&self, size_bytes: u64) -> Result<Arrival, JobError> {
        match (self.status.as_str(), self.uploaded_bytes) {
            ("PROCESSING_UPLOAD", Some(bytes)) if bytes < size_bytes => Ok(Arrival::Missing(bytes)),
            ("PROCESSING_UPLOAD", None) => {
                let message = "TikTok does not tell how much of the video it holds";
                Err(JobError::new(ErrorClass::Ambiguous, "answer_unclassified", message))
            }
            ("FAILED", Some(bytes)) if bytes < size_bytes => Ok(Arrival::Dead),
            _ => Ok(Arrival::Complete),
        }
    }

    /// The id of the public post.
    pub(super) fn post_id(&self) -> Option<String> {
        let ids = self.publicaly_available_post_id.iter().flatten();
        ids.filter(|id| !id.is_null()).map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).next()
    }

    fn ended(self, now: Timestamp) -> Result<Option<Ended>, JobError> {
        match self.status.as_str() {
            "PROCESSING_UPLOAD" | "PROCESSING_DOWNLOAD" => Ok(None),
            "SEND_TO_USER_INBOX" => Ok(Some(Ended::Inbox)),
            "PUBLISH_COMPLETE" => Ok(Some(Ended::Live { post_id: self.post_id(), at: now.0 })),
            "FAILED" => Ok(Some(Ended::Failed { reason: self.fail_reason.unwrap_or_default() })),
            other => {
                let message = format!("TikTok says that the post is `{other}`, which nobody knows");
                Err(JobError::new(ErrorClass::Ambiguous, "answer_unclassified", message))
            }
        }
    }
}

/// Asks how a task stands.
pub(super) async fn fetch(cx: &Publishing<'_>, publish_id: &str) -> Result<Status, JobError> {
    call(cx, STATUS, Some(json!({ "publish_id": publish_id })), "status of the post").await
}

/// Calls a task off. `false` when that can't be done any more because it is over.
pub(super) async fn cancel(cx: &Publishing<'_>, publish_id: &str) -> Result<bool, JobError> {
    match call::<Value>(cx, CANCEL, Some(json!({ "publish_id": publish_id })), "cancel").await {
        Ok(_) => Ok(true),
        Err(error) if error.code == NOT_CANCELLABLE => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits for the end of a task that step `since` set to work; tells whether it was learnt in this very run.
///
/// The wait asks by the stored id and begins nothing: whatever goes wrong with a question, no second post comes of it.
pub(super) async fn wait(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    (name, since): (&str, &str),
    publish_id: &str,
) -> Result<(Ended, bool), Stop> {
    let mut asked = false;
    let ended = journal
        .poll(name, since, WORKING, async || {
            asked = true;
            fetch(cx, publish_id).await?.ended(cx.app.clock.now())
        })
        .await;
    match ended {
        Ok(ended) => Ok((ended, asked)),
        Err(Stop::Error(error)) if error.class == ErrorClass::Rejected => Err(untold(error).into()),
        Err(stop) => Err(stop),
    }
}

/// A refused question says nothing about the post: a person must look.
fn untold(error: JobError) -> JobError {
    let message = format!("the post was handed over, but TikTok does not tell what became of it: {}", error.message);
    let told = JobError::new(ErrorClass::Ambiguous, OUTCOME_UNKNOWN, message);
    let told =
        told.remedy("look at the account: resolve the job with the post's id, or submit the post anew when it is not there");
    JobError { platform_message: error.platform_message, ..told }
}

/// Waits a little for the id of a post that is live since `live_at`. No failure of these questions changes that it is live.
pub(super) async fn public_id(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    (name, since): (&str, &str),
    (publish_id, live_at): (&str, Timestamp),
) -> Result<Option<String>, Stop> {
    journal
        .poll(name, since, MODERATION, async || {
            let found = fetch(cx, publish_id).await.ok().and_then(|status| status.post_id());
            let waited_enough = cx.app.clock.now().since(live_at) >= PUBLIC_ID_WAIT;
            Ok((found.is_some() || waited_enough).then_some(found))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(json: Value) -> Status {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_file_is_there_unless_the_status_says_that_bytes_are_missing() {
        let cases = [
            (json!({"status":"PROCESSING_UPLOAD","uploaded_bytes":4}), Some(Arrival::Missing(4))),
            (json!({"status":"PROCESSING_UPLOAD","uploaded_bytes":10}), Some(Arrival::Complete)),
            (json!({"status":"PROCESSING_UPLOAD"}), None),
            (json!({"status":"PUBLISH_COMPLETE"}), Some(Arrival::Complete)),
            (json!({"status":"SEND_TO_USER_INBOX","uploaded_bytes":10}), Some(Arrival::Complete)),
            (json!({"status":"FAILED","fail_reason":"internal","uploaded_bytes":10}), Some(Arrival::Complete)),
            (json!({"status":"FAILED","fail_reason":"internal"}), Some(Arrival::Complete)),
            (json!({"status":"FAILED","fail_reason":"publish_cancelled","uploaded_bytes":4}), Some(Arrival::Dead)),
        ];
        for (json, arrival) in cases {
            assert_eq!(status(json.clone()).arrival(10).ok(), arrival, "{json}");
        }
    }

    #[test]
    fn an_id_is_read_in_all_its_digits() {
        let complete = status(json!({"status":"PUBLISH_COMPLETE","publicaly_available_post_id":[7_500_000_000_000_000_123_u64]}));

        assert_eq!(complete.post_id().as_deref(), Some("7500000000000000123"));
        assert_eq!(
            status(json!({"status":"PUBLISH_COMPLETE","publicaly_available_post_id":["75"]})).post_id().as_deref(),
            Some("75")
        );
        for none in [json!([]), json!([null]), json!(null)] {
            assert_eq!(status(json!({"status":"PUBLISH_COMPLETE","publicaly_available_post_id":none})).post_id(), None);
        }
    }

    #[test]
    fn every_status_ends_the_wait_or_goes_on() {
        let at = Timestamp(5);
        let ended = |json: Value| status(json).ended(at).ok().flatten();

        assert_eq!(ended(json!({"status":"PROCESSING_UPLOAD"})), None);
        assert_eq!(ended(json!({"status":"PROCESSING_DOWNLOAD"})), None);
        assert_eq!(ended(json!({"status":"SEND_TO_USER_INBOX"})), Some(Ended::Inbox));
        assert_eq!(ended(json!({"status":"PUBLISH_COMPLETE"})), Some(Ended::Live { post_id: None, at: 5 }));
        assert_eq!(ended(json!({"status":"FAILED"})), Some(Ended::Failed { reason: String::new() }));
        assert!(status(json!({"status":"NEW_WORD"})).ended(at).is_err());
    }
}
