//! What YouTube makes of a video after its last byte. The video is there all the while, so nothing is ever sent again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::{After, DUPLICATE, Polling};
use crate::platforms::Publishing;

/// Asked at 30 s, then less and less often. Hours go by for a long film; after six a person is told.
pub(super) const POLLING: Polling = Polling {
    pauses: &[Duration::from_secs(30), Duration::from_secs(60), Duration::from_secs(120), Duration::from_secs(300)],
    deadline: Duration::from_secs(6 * 3600),
    after: After::MayBePublished,
};

/// How long a new video may be missing from answers before it counts as deleted.
const UNSEEN_MAX: Duration = Duration::from_secs(3600);

/// How processing ended, when it did not fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Processed {
    /// It can be watched by those who may see it.
    Live {
        /// Who that is, in YouTube's word.
        privacy: String,
    },
    /// YouTube gave the upload up before it was whole: it must be uploaded again.
    Aborted,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    upload_status: String,
    failure_reason: String,
    rejection_reason: String,
    privacy_status: String,
}

/// Asks how far the video is that exists since `made_at`; `None` while YouTube works on it.
pub(super) async fn ask(cx: &Publishing<'_>, id: &str, made_at: Timestamp) -> Result<Option<Processed>, JobError> {
    // A refused question says nothing about the video, which is there: it is asked again.
    let of_the_question = |error: JobError| match error.class {
        ErrorClass::Rejected => JobError { class: ErrorClass::Ambiguous, ..error },
        _ => error,
    };
    let answer = Call::get(cx, "/youtube/v3/videos", &[("part", "status"), ("id", id)]).send("video status").await;
    let list: List = answer.map_err(of_the_question)?.json("video status")?;
    match list.items.into_iter().next() {
        Some(item) => outcome(id, item.status),
        None if cx.app.clock.now().since(made_at) < UNSEEN_MAX => Ok(None),
        None => Err(gone(id)),
    }
}

fn outcome(id: &str, status: Status) -> Result<Option<Processed>, JobError> {
    match status.upload_status.as_str() {
        "processed" => Ok(Some(Processed::Live { privacy: status.privacy_status })),
        "failed" if status.failure_reason == "uploadAborted" => Ok(Some(Processed::Aborted)),
        "failed" => {
            let message = format!("YouTube could not process the video `{id}` ({})", status.failure_reason);
            let error = JobError::new(ErrorClass::Rejected, "media_processing_failed", message);
            Err(error.remedy("delete that video, and submit the post again with another file").said(status.failure_reason))
        }
        "rejected" => Err(rejected(id, status.rejection_reason)),
        "deleted" => Err(gone(id)),
        _ => Ok(None),
    }
}

fn rejected(id: &str, reason: String) -> JobError {
    let (code, remedy) = match reason.as_str() {
        "duplicate" => (DUPLICATE, "the channel has the same file already: delete one, or submit the post with another file"),
        "length" => ("media_too_long", "verify the channel by telephone to upload long videos, or use a shorter one"),
        "copyright" | "claim" | "trademark" | "legal" => {
            ("content_claimed", "settle the claim in YouTube Studio, or use another file")
        }
        "uploaderAccountSuspended" | "uploaderAccountClosed" => ("account_locked", "settle the channel's state with YouTube"),
        _ => ("content_forbidden", "YouTube's rules forbid the video: use another one"),
    };
    let message = format!("YouTube rejected the video `{id}` ({reason})");
    JobError::new(ErrorClass::Rejected, code, message).remedy(remedy).said(reason)
}

fn gone(id: &str) -> JobError {
    JobError::new(
        ErrorClass::Rejected,
        "video_deleted",
        format!("YouTube does not have the video `{id}` any more: it was deleted"),
    )
    .remedy("look into the channel's content in YouTube Studio; submit the post again if it is to be there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_processing_has_its_code() {
        let end = |upload_status: &str, failure: &str, rejection: &str| {
            let status = Status {
                upload_status: upload_status.to_owned(),
                failure_reason: failure.to_owned(),
                rejection_reason: rejection.to_owned(),
                privacy_status: "public".to_owned(),
            };
            outcome("v1", status).map_err(|error| {
                assert!(error.class == ErrorClass::Rejected && error.message.contains("v1"), "{error:?}");
                error.code
            })
        };

        assert_eq!(end("uploaded", "", ""), Ok(None));
        assert_eq!(end("unheard of", "", ""), Ok(None));
        assert_eq!(end("processed", "", ""), Ok(Some(Processed::Live { privacy: "public".to_owned() })));
        assert_eq!(end("failed", "uploadAborted", ""), Ok(Some(Processed::Aborted)));
        for reason in ["conversion", "invalidFile", "emptyFile", "tooSmall", "codec", ""] {
            assert_eq!(end("failed", reason, ""), Err("media_processing_failed"), "{reason}");
        }
        for (reason, code) in [
            ("duplicate", DUPLICATE),
            ("length", "media_too_long"),
            ("copyright", "content_claimed"),
            ("claim", "content_claimed"),
            ("trademark", "content_claimed"),
            ("legal", "content_claimed"),
            ("uploaderAccountSuspended", "account_locked"),
            ("uploaderAccountClosed", "account_locked"),
            ("inappropriate", "content_forbidden"),
            ("termsOfUse", "content_forbidden"),
            ("somethingNew", "content_forbidden"),
        ] {
            assert_eq!(end("rejected", "", reason), Err(code), "{reason}");
        }
        assert_eq!(end("deleted", "", ""), Err("video_deleted"));
    }
}
