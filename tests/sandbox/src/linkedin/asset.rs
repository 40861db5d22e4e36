//! Media on their way from the first call to being usable.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::errors;
use super::film::Facts;
use crate::blob::Blob;
use crate::call::Answer;
use crate::faults::Action;
use crate::state::State;

/// A sort of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Video,
    Document,
}

impl Kind {
    /// The kind of a collection in a path: `images`.
    pub(super) fn of_collection(collection: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Document].into_iter().find(|kind| collection.strip_suffix('s') == Some(kind.word()))
    }

    /// The word in URNs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Document => "document",
        }
    }

    /// How ids of this kind begin.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Image => "D4E22AQ",
            Self::Video => "D4E05AQ",
            Self::Document => "D4E1FAQ",
        }
    }

    /// The error for an id that names no media of the author.
    pub(super) fn invalid_id(self) -> &'static str {
        match self {
            Self::Image => "400/INVALID_IMAGE_ID",
            Self::Video => "400/INVALID_VIDEO_ID",
            Self::Document => "400/INVALID_URN_ID",
        }
    }
}

/// The words for how far media are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    WaitingUpload,
    Processing,
    Available,
    Failed,
}

impl Status {
    /// The word in answers.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::WaitingUpload => "WAITING_UPLOAD",
            Self::Processing => "PROCESSING",
            Self::Available => "AVAILABLE",
            Self::Failed => "PROCESSING_FAILED",
        }
    }
}

/// How processing goes when a fault says so; otherwise the clock does.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    checks_left: u32,
    /// What goes wrong after that.
    fails: Option<String>,
}

/// A part of a video.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) first: u64,
    /// The last byte itself, as in the instructions.
    pub(super) last: u64,
    /// Its mark, once it has arrived.
    pub(super) etag: Option<String>,
    /// Its bytes, as far as the beginning of the film needs them.
    pub(super) bytes: Blob,
}

/// What only videos have.
#[derive(Clone, Debug, Default)]
pub(super) struct Film {
    pub(super) upload_token: String,
    pub(super) parts: Vec<Part>,
    pub(super) facts: Option<Facts>,
}

/// One image, video or document.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    pub(super) kind: Kind,
    /// The owner's account id.
    pub(super) account_id: String,
    /// The owner's URN.
    pub(super) owner: String,
    /// The part of upload addresses that names it.
    pub(super) upload_id: String,
    /// The part of upload addresses that proves it.
    pub(super) secret: String,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) uploaded_at: Option<DateTime<Utc>>,
    pub(super) plan: Option<Plan>,
    /// Why the file is no good.
    pub(super) flaw: Option<&'static str>,
    pub(super) film: Film,
}

impl Asset {
    /// Lets a fault shape how processing goes.
    pub(super) fn shape(&mut self, action: Option<&Action>) {
        match action {
            Some(Action::Processing { checks }) => self.plan = Some(Plan { checks_left: *checks, fails: None }),
            Some(Action::ProcessingFailed { checks, code }) => {
                let code = if code.is_empty() { "VIDEO_PROCESSING_ERROR" } else { code };
                self.plan = Some(Plan { checks_left: *checks, fails: Some(code.to_owned()) });
            }
            _ => {}
        }
    }

    /// How far it is.
    pub(super) fn status(&self, state: &State) -> Status {
        let settings = &state.settings.linkedin;
        let seconds = match self.kind {
            Kind::Image => settings.image_processing_seconds,
            Kind::Video => settings.video_processing_seconds,
            Kind::Document => settings.document_processing_seconds,
        };
        let Some(uploaded_at) = self.uploaded_at else { return Status::WaitingUpload };
        let working = match &self.plan {
            Some(plan) => plan.checks_left > 0,
            None => state.now() < uploaded_at + TimeDelta::seconds(seconds),
        };
        if working {
            Status::Processing
        } else if self.failure().is_some() {
            Status::Failed
        } else {
            Status::Available
        }
    }

    /// Why processing fails in the end, if it does.
    pub(super) fn failure(&self) -> Option<&str> {
        self.plan.as_ref().and_then(|plan| plan.fails.as_deref()).or(self.flaw)
    }

    /// One check fewer until it is ready.
    fn count_check(&mut self) {
        if let Some(plan) = self.plan.as_mut().filter(|_| self.uploaded_at.is_some()) {
            plan.checks_left = plan.checks_left.saturating_sub(1);
        }
    }
}

/// How far media are, counted as a check.
pub(super) fn check(state: &mut State, urn: &str) -> Option<Status> {
    let status = state.linkedin.assets.get(urn)?.status(state);
    state.linkedin.assets.get_mut(urn)?.count_check();
    Some(status)
}

/// Refuses media that a post cannot show. A video may still be in the works; its post appears afterwards.
pub(super) fn usable(state: &mut State, owner: &str, urn: &str, path: &str) -> Result<(), Answer> {
    let asset = state.linkedin.assets.get(urn).filter(|asset| asset.owner == owner);
    let Some(kind) = asset.map(|asset| asset.kind) else {
        let kind = urn.split(':').nth(2).and_then(|word| Kind::of_collection(&format!("{word}s")));
        let name = kind.unwrap_or(Kind::Image).invalid_id();
        return Err(errors::field(name, path, &format!("{path}: `{urn}` is no media of the author")));
    };
    // Tokens that may not read the status have no other way to check than the post itself.
    let status =
        if kind == Kind::Video { state.linkedin.assets.get(urn).map(|asset| asset.status(state)) } else { check(state, urn) };
    match status {
        Some(Status::Available) => Ok(()),
        Some(Status::Processing) if kind == Kind::Video => Ok(()),
        Some(Status::Failed) => {
            Err(errors::field("400/MEDIA_ASSET_PROCESSING_FAILED", path, &format!("{urn} could not be processed")))
        }
        _ => Err(errors::field("400/MEDIA_ASSET_WAITING_UPLOAD", path, &format!("{urn} is waiting for its upload"))),
    }
}

/// The status answer of media.
pub(super) fn show(state: &State, urn: &str, asset: &Asset, status: Status) -> Value {
    let mut body = json!({"id": urn, "owner": asset.owner, "status": status.word()});
    if status == Status::Available {
        let expires_at = state.now() + TimeDelta::hours(1);
        body["downloadUrl"] = json!(format!("{}/_sandbox/media/{urn}", state.public_url));
        body["downloadUrlExpiresAt"] = json!(expires_at.timestamp_millis());
    }
    if asset.kind != Kind::Video {
        return body;
    }
    if let Some(facts) = asset.film.facts.as_ref().filter(|_| status == Status::Available) {
        let (width, height) = facts.ratio();
        body["duration"] = json!(facts.duration_ms);
        body["aspectRatioWidth"] = json!(width);
        body["aspectRatioHeight"] = json!(height);
    }
    if status == Status::Failed {
        body["processingFailureReason"] = json!(asset.failure());
    }
    body
}
