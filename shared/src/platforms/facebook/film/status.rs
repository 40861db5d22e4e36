//! What the platform says about a film: how much of it has arrived, whether the last call was made, whether it is live.
//!
//! The guides and the specification spell some words differently, and fields come and go: everything is read leniently.

use serde::{Deserialize, Serialize};

use super::super::call::Call;
use super::super::errors::UPLOAD_EXPIRED;
use super::super::wire;
use crate::error::{ErrorClass, JobError};
use crate::journal::Sighting;
use crate::platforms::Publishing;

/// A film as `GET /{video}` shows it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Film {
    status: Option<Status>,
    published: Option<bool>,
    #[serde(deserialize_with = "wire::id")]
    post_id: Option<String>,
    permalink_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    video_status: Option<String>,
    uploading_phase: Option<Phase>,
    processing_phase: Option<Phase>,
    publishing_phase: Option<Phase>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Phase {
    status: Option<String>,
    publish_status: Option<String>,
    #[serde(alias = "bytes_transfered", deserialize_with = "wire::bytes")]
    bytes_transferred: Option<u64>,
    errors: Option<Vec<PhaseError>>,
    error: Option<PhaseError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PhaseError {
    code: Option<i64>,
    message: Option<String>,
}

/// What the last call of an upload came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Finished {
    /// The post that the film becomes, where the answer tells it.
    #[serde(deserialize_with = "wire::id")]
    pub(super) post_id: Option<String>,
}

/// A film that people can see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Live {
    /// The post that it is in, where the platform tells it.
    pub(super) post_id: Option<String>,
    /// Its address, perhaps without the host.
    pub(super) permalink: Option<String>,
}

/// How far a film is after the last call of its upload.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Working,
    Published,
    Failed,
}

impl Film {
    /// Reads a film.
    pub(super) async fn read(cx: &Publishing<'_>, id: &str, fields: &str) -> Result<Self, JobError> {
        Call::get(cx, id, &[("fields", fields)]).send("video status").await?.json("video status")
    }

    /// A word of the status.
    fn word<'a>(&'a self, of: impl Fn(&'a Status) -> Option<&'a String>) -> Option<&'a str> {
        self.status.as_ref().and_then(of).map(String::as_str)
    }

    fn video_status(&self) -> Option<&str> {
        self.word(|status| status.video_status.as_ref())
    }

    fn publish_status(&self) -> Option<&str> {
        self.word(|status| status.publishing_phase.as_ref()?.publish_status.as_ref())
    }

    fn publishing(&self) -> Option<&str> {
        self.word(|status| status.publishing_phase.as_ref()?.status.as_ref())
    }

    fn processing(&self) -> Option<&str> {
        self.word(|status| status.processing_phase.as_ref()?.status.as_ref())
    }

    fn phases(&self) -> impl Iterator<Item = &Phase> {
        let status = self.status.iter();
        status.flat_map(|status| [&status.uploading_phase, &status.processing_phase, &status.publishing_phase]).flatten()
    }

    /// Whether people can see it.
    fn is_published(&self) -> bool {
        let said = self.publish_status() == Some("published") || self.video_status() == Some("published");
        let complete = is_complete(self.publishing()) && self.publish_status().is_none();
        // Where the phase is missing altogether, the flag of a film that is ready says the same.
        let flagged = self.publishing().is_none() && self.video_status() == Some("ready") && self.published == Some(true);
        said || complete || flagged
    }

    /// Whether the platform gave the upload up before its last call.
    fn is_dropped(&self) -> bool {
        matches!(self.video_status(), Some("expired" | "upload_failed"))
    }

    /// Whether the last call of the upload was made: until then the film is a draft that nobody works on.
    fn is_finished(&self) -> bool {
        let worked_on = matches!(self.video_status(), Some("processing" | "ready" | "error"))
            || self.processing().is_some_and(|word| word != "not_started");
        match self.publish_status() {
            Some("draft") => false,
            Some("scheduled") => true,
            _ => self.is_published() || worked_on,
        }
    }

    fn stage(&self) -> Stage {
        if self.is_published() {
            return Stage::Published;
        }
        let failed = matches!(self.video_status(), Some("error" | "expired" | "upload_failed"))
            || self.publish_status() == Some("error")
            || self.phases().any(|phase| phase.status.as_deref() == Some("error"));
        if failed { Stage::Failed } else { Stage::Working }
    }

    /// The platform's words about what went wrong.
    fn words(&self) -> String {
        let errors = self.phases().flat_map(|phase| phase.errors.iter().flatten().chain(&phase.error));
        let told: Vec<String> = errors
            .map(|error| match (error.code, error.message.as_deref().unwrap_or_default()) {
                (Some(code), message) => format!("({code}) {message}"),
                (None, message) => message.to_owned(),
            })
            .collect();
        if told.is_empty() { self.video_status().unwrap_or("error").to_owned() } else { told.join(" ") }
    }
}

fn is_complete(word: Option<&str>) -> bool {
    matches!(word, Some("complete" | "completed"))
}

/// How many bytes of a film have arrived. Where it can't be told, it is 0: the platform then corrects the first piece.
pub(super) async fn arrived(cx: &Publishing<'_>, id: &str) -> Result<u64, JobError> {
    let film = match Film::read(cx, id, "status").await {
        Ok(film) => film,
        Err(error) if error.class == ErrorClass::Rejected => return Ok(0),
        Err(error) => return Err(error),
    };
    if film.is_dropped() {
        return Err(dropped(&film));
    }
    Ok(film.status.and_then(|status| status.uploading_phase?.bytes_transferred).unwrap_or(0))
}

fn dropped(film: &Film) -> JobError {
    let message = "Facebook dropped the upload before it was finished; it is begun anew";
    JobError::new(ErrorClass::Transient, UPLOAD_EXPIRED, message).said(film.words())
}

/// Looks whether the last call of an upload arrived, whose answer was lost.
pub(super) async fn find_finished(cx: &Publishing<'_>, id: &str) -> Result<Sighting<Finished>, JobError> {
    let film = Film::read(cx, id, "status").await?;
    Ok(if film.is_finished() { Sighting::Found(Finished { post_id: film.post_id }) } else { Sighting::Absent })
}

/// Reads what a refusal of the last call means: of a call that is made again, that the first one arrived; of an upload
/// that was dropped, that it is over for good and another one has to be begun.
pub(super) async fn weigh(cx: &Publishing<'_>, id: &str, again: bool, refusal: JobError) -> Result<Finished, JobError> {
    match Film::read(cx, id, "status").await {
        Ok(film) if again && film.is_finished() => Ok(Finished { post_id: film.post_id }),
        Ok(film) if film.is_dropped() => Err(JobError { class: ErrorClass::Rejected, ..dropped(&film) }),
        Err(_) if again => Err(JobError { class: ErrorClass::Ambiguous, ..refusal }),
        Ok(_) | Err(_) => Err(JobError { class: ErrorClass::Rejected, ..refusal }),
    }
}

/// Asks whether a film is live. A read that is refused says nothing about the film.
pub(super) async fn live(cx: &Publishing<'_>, id: &str, fields: &str) -> Result<Option<Live>, JobError> {
    let film = Film::read(cx, id, fields).await.map_err(|error| match error.class {
        ErrorClass::Rejected | ErrorClass::Bug => JobError { class: ErrorClass::Ambiguous, ..error },
        _ => error,
    })?;
    match film.stage() {
        Stage::Working => Ok(None),
        Stage::Published => Ok(Some(Live { post_id: film.post_id, permalink: film.permalink_url })),
        Stage::Failed => {
            let message = "Facebook could not process the video; nothing was published";
            let error = JobError::new(ErrorClass::Rejected, "media_processing_failed", message).said(film.words());
            Err(error.remedy("use another file, or one that is encoded anew, and submit the post again"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn film(status: Value) -> Film {
        serde_json::from_value(json!({ "id": "1", "status": status })).unwrap()
    }

    /// The example of the specification with other words.
    fn shown(video: &str, processing: &str, publishing: &str, publish: &str) -> Value {
        json!({
            "video_status": video,
            "processing_progress": 40,
            "uploading_phase": { "status": "complete", "bytes_transferred": 50002, "errors": [] },
            "processing_phase": { "status": processing, "errors": [] },
            "publishing_phase": { "status": publishing, "publish_status": publish, "publish_time": 1_700_000_000 },
        })
    }

    #[test]
    fn every_status_has_its_stage() {
        use Stage::{Failed, Published, Working};
        let cases = [
            (shown("uploading", "not_started", "not_started", "draft"), false, Working),
            (shown("upload_complete", "not_started", "not_started", "draft"), false, Working),
            // Some films are worked on as soon as they have arrived.
            (shown("processing", "in_progress", "not_started", "draft"), false, Working),
            (shown("processing", "in_progress", "not_started", "not_published"), true, Working),
            (shown("ready", "complete", "in_progress", "not_published"), true, Working),
            (shown("ready", "complete", "complete", "published"), true, Published),
            (shown("published", "complete", "complete", "published"), true, Published),
            (shown("error", "error", "not_started", "error"), true, Failed),
            (shown("ready", "complete", "error", "error"), true, Failed),
            (shown("expired", "not_started", "not_started", "draft"), false, Failed),
            (shown("upload_failed", "not_started", "not_started", "draft"), false, Failed),
            (shown("processing", "in_progress", "not_started", "scheduled"), true, Working),
            (json!({ "video_status": "ready", "publishing_phase": { "status": "completed" } }), true, Published),
            (json!({ "video_status": "processing" }), true, Working),
            (json!({ "video_status": null, "uploading_phase": null }), false, Working),
            (json!({}), false, Working),
        ];
        for (status, finished, stage) in cases {
            let film = film(status.clone());

            assert_eq!((film.is_finished(), film.stage()), (finished, stage), "{status}");
        }
        let flagged: Film = serde_json::from_value(json!({ "published": true, "status": { "video_status": "ready" } })).unwrap();
        assert_eq!(flagged.stage(), Stage::Published);
        let early: Film =
            serde_json::from_value(json!({ "published": true, "status": { "video_status": "processing" } })).unwrap();
        assert_eq!(early.stage(), Stage::Working);
    }

    #[test]
    fn arrived_bytes_and_errors_are_read_in_both_spellings() {
        for name in ["bytes_transferred", "bytes_transfered"] {
            let film = film(json!({ "uploading_phase": { name: 7 } }));

            assert_eq!(film.phases().find_map(|phase| phase.bytes_transferred), Some(7), "{name}");
        }
        let error = json!({ "code": 1_363_008, "message": "too wide" });
        for phase in [json!({ "status": "error", "errors": [error] }), json!({ "status": "error", "error": error })] {
            let film = film(json!({ "video_status": "error", "processing_phase": phase }));

            assert_eq!((film.stage(), film.words().as_str()), (Stage::Failed, "(1363008) too wide"));
        }
        assert_eq!(film(json!({ "video_status": "expired" })).words(), "expired");
    }
}
