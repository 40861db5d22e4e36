//! The `status` of a film: how far upload, processing and publishing are.

use serde_json::{Value, json};

use super::film::{Film, Intent, Work, visible_post};
use crate::state::State;

/// The error that failed films carry in the platform's own example.
const USUAL_ERROR: u32 = 1_363_008;

/// The object `status`.
pub(super) fn json(state: &State, film: &Film) -> Value {
    let status = Status { state, film, docs: state.settings.facebook.docs_spelling };
    let mut body = json!({
        "video_status": status.word(),
        "uploading_phase": status.uploading(),
        "processing_phase": status.processing(),
        "publishing_phase": status.publishing(),
    });
    if let Some(progress) = status.progress() {
        body["processing_progress"] = json!(progress);
    }
    if matches!(film.work, Work::Ready(_)) {
        body["copyright_check_status"] = json!({"status": status.complete(), "matches_found": false});
    }
    body
}

struct Status<'a> {
    state: &'a State,
    film: &'a Film,
    /// Whether to spell as the guides do.
    docs: bool,
}

impl Status<'_> {
    fn complete(&self) -> &'static str {
        if self.docs { "completed" } else { "complete" }
    }

    fn word(&self) -> &str {
        match &self.film.work {
            Work::Waiting if self.film.is_expired(self.state) => "expired",
            Work::Waiting if self.film.is_complete() => "upload_complete",
            Work::Waiting => "uploading",
            Work::Until(_) | Work::Checks { .. } => "processing",
            Work::Ready(_) => "ready",
            Work::Failed(word) if matches!(word.as_str(), "expired" | "upload_failed") => word,
            Work::Failed(_) => "error",
        }
    }

    fn progress(&self) -> Option<i64> {
        match self.film.work {
            Work::Until(at) => {
                let whole = self.state.settings.facebook.video_processing_seconds.max(1);
                Some((100 - 100 * (at - self.state.now()).num_seconds() / whole).clamp(0, 99))
            }
            Work::Checks { left, done, .. } => Some(i64::from(100 * done / (left + done + 1))),
            Work::Ready(_) => Some(100),
            Work::Waiting | Work::Failed(_) => None,
        }
    }

    /// Adds the errors of a phase in the shape that is set.
    fn with_errors(&self, mut phase: Value, errors: &[Value]) -> Value {
        match (self.docs, errors) {
            (false, errors) => phase["errors"] = json!(errors),
            (true, [error, ..]) => phase["error"] = error.clone(),
            (true, []) => {}
        }
        phase
    }

    fn uploading(&self) -> Value {
        let film = self.film;
        let failed = matches!(&film.work, Work::Failed(word) if word == "upload_failed");
        let status = match film.received {
            _ if failed => "error",
            _ if film.is_complete() => self.complete(),
            0 => "not_started",
            _ => "in_progress",
        };
        let mut phase = json!({"status": status});
        phase[if self.docs { "bytes_transfered" } else { "bytes_transferred" }] = json!(film.received);
        if let Some(size) = film.size {
            phase["source_file_size"] = json!(size);
        }
        let error = json!({"code": 1_363_019, "message": "There was a problem uploading your video file."});
        self.with_errors(phase, if failed { std::slice::from_ref(&error) } else { &[] })
    }

    fn processing(&self) -> Value {
        let (status, errors) = match &self.film.work {
            Work::Waiting => ("not_started", Vec::new()),
            Work::Until(_) | Work::Checks { .. } => ("in_progress", Vec::new()),
            Work::Ready(_) => (self.complete(), Vec::new()),
            Work::Failed(word) if word == "upload_failed" => ("not_started", Vec::new()),
            Work::Failed(word) => {
                let code = word.parse().unwrap_or(USUAL_ERROR);
                let message = "The video file does not meet the specification, or could not be processed.";
                ("error", vec![json!({"code": code, "message": message})])
            }
        };
        self.with_errors(json!({"status": status}), &errors)
    }

    fn publishing(&self) -> Value {
        let post = visible_post(self.state, self.film);
        let (status, word) = match (&self.film.work, self.film.intent) {
            (Work::Failed(_), _) => ("not_started", "error"),
            _ if post.is_some() => (self.complete(), "published"),
            (_, Some(Intent::Schedule(_))) => ("not_started", "scheduled"),
            (_, Some(Intent::Draft) | None) => ("not_started", "draft"),
            (_, Some(Intent::Publish | Intent::Hide)) => ("not_started", "not_published"),
        };
        let time = match (post, self.film.intent) {
            (Some(post), _) => Some(post.created_at.timestamp()),
            (None, Some(Intent::Schedule(at))) => Some(at.timestamp()),
            (None, _) => None,
        };
        let mut phase = json!({"status": status, "publish_status": word});
        if let Some(time) = time {
            phase["publish_time"] = json!(time);
        }
        phase
    }
}
