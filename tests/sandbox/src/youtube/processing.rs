//! What YouTube makes of a file after its last byte, and how long that takes.

use chrono::{DateTime, TimeDelta, Utc};

use super::film::Film;
use super::library::Video;
use crate::blob::Blob;
use crate::faults::Action;
use crate::sniff;
use crate::state::{Account, State};

/// What channels without a verified telephone may upload.
const UNVERIFIED_SECONDS: u64 = 900;
const REJECTIONS: &[&str] = &[
    "copyright",
    "inappropriate",
    "duplicate",
    "termsOfUse",
    "uploaderAccountSuspended",
    "length",
    "claim",
    "uploaderAccountClosed",
    "trademark",
    "legal",
];

/// What a fault asks of the processing.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    checks: u32,
    /// The word for what goes wrong; nothing does when absent.
    failure: Option<String>,
}

impl Plan {
    /// The plan of a fault that shapes processing.
    pub(super) fn of(action: Option<&Action>) -> Option<Self> {
        match action {
            Some(Action::Processing { checks }) => Some(Self { checks: *checks, failure: None }),
            Some(Action::ProcessingFailed { checks, code }) => Some(Self { checks: *checks, failure: Some(code.clone()) }),
            _ => None,
        }
    }
}

/// How processing ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Processed,
    Failed { reason: String, processing_reason: &'static str },
    Rejected(String),
    Deleted,
}

impl End {
    /// The end that a word of YouTube's stands for.
    fn of(word: &str) -> Self {
        let (reason, processing_reason) = match word {
            "" | "conversion" | "transcodeFailed" => ("conversion", "transcodeFailed"),
            "codec" => ("codec", "transcodeFailed"),
            "streamingFailed" => ("conversion", "streamingFailed"),
            "uploadAborted" | "uploadFailed" => ("uploadAborted", "uploadFailed"),
            "other" => ("invalidFile", "other"),
            "deleted" => return Self::Deleted,
            rejection if REJECTIONS.contains(&rejection) => return Self::Rejected(rejection.to_owned()),
            failure => (failure, "other"),
        };
        Self::Failed { reason: reason.to_owned(), processing_reason }
    }

    /// What becomes of a file that nobody interferes with.
    pub(super) fn natural(state: &State, account: &Account, file: &Blob, fingerprint: &str) -> Self {
        let settings = &state.settings.youtube;
        let longest = if account.variant == "unverified" { UNVERIFIED_SECONDS } else { settings.longest_video_seconds };
        let known = |video: &Video| {
            video.channel_id == account.id && video.fingerprint == fingerprint && video.processing.end == Self::Processed
        };
        if file.length() == 0 {
            Self::of("emptyFile")
        } else if !sniff::is_video(file.kept()) {
            Self::of("invalidFile")
        } else if Film::read(file.kept()).is_some_and(|film| film.duration_ms > longest * 1000) {
            Self::of("length")
        } else if settings.reject_duplicates && state.youtube.videos.iter().any(known) {
            Self::of("duplicate")
        } else {
            Self::Processed
        }
    }
}

/// What the end of processing waits for.
#[derive(Clone, Copy, Debug)]
enum Wait {
    Until(DateTime<Utc>),
    /// So many status checks will still find it at work.
    Checks(u32),
}

/// The processing of one video.
#[derive(Clone, Debug)]
pub(super) struct Processing {
    wait: Wait,
    end: End,
    over: bool,
    checked: u32,
}

impl Processing {
    /// Processing that begins now.
    pub(super) fn begin(state: &State, plan: Option<Plan>, natural: End) -> Self {
        let seconds = TimeDelta::seconds(state.settings.youtube.video_processing_seconds);
        let (wait, end) = match plan {
            None => (Wait::Until(state.now() + seconds), natural),
            Some(Plan { checks, failure: None }) => (Wait::Checks(checks), natural),
            Some(Plan { checks, failure: Some(word) }) => (Wait::Checks(checks), End::of(&word)),
        };
        Self { wait, end, over: false, checked: 0 }
    }

    /// How it ended, once it has.
    pub(super) fn ended(&self) -> Option<&End> {
        self.over.then_some(&self.end)
    }

    /// Lets it end when its time has come.
    pub(super) fn catch_up(&mut self, now: DateTime<Utc>) {
        self.over |= matches!(self.wait, Wait::Until(at) if at <= now);
    }

    /// Notes that somebody asked how far it is.
    pub(super) fn check(&mut self) {
        match &mut self.wait {
            Wait::Checks(0) => self.over = true,
            Wait::Checks(left) => {
                *left -= 1;
                self.checked += 1;
            }
            Wait::Until(_) => {}
        }
    }

    /// Parts worked on, parts in all, and milliseconds still to go.
    pub(super) fn progress(&self, now: DateTime<Utc>) -> (u32, u32, i64) {
        match self.wait {
            Wait::Checks(left) => (self.checked, self.checked + left + 1, 1000 * i64::from(left + 1)),
            Wait::Until(at) => (0, 1, (at - now).num_milliseconds().max(0)),
        }
    }

    /// `status.uploadStatus`.
    pub(super) fn upload_status(&self) -> &'static str {
        match self.ended() {
            None => "uploaded",
            Some(End::Processed) => "processed",
            Some(End::Failed { .. }) => "failed",
            Some(End::Rejected(_)) => "rejected",
            Some(End::Deleted) => "deleted",
        }
    }

    /// Whether the video is, or may still become, one that people can watch.
    pub(super) fn stands(&self) -> bool {
        matches!(self.ended(), None | Some(End::Processed))
    }
}
