//! How far the platform is with the media of a container.

use chrono::{DateTime, TimeDelta, Utc};

use super::memory::Container;
use super::settings::{Outcome, Settings};
use crate::faults::Action;
use crate::state::State;

/// The usual word for a failure that nobody explained.
const PROCESSING_FAILED: &str = "2207082";

/// What processing comes to, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Nothing says when: bytes are missing, or it never ends.
    ready_at: Option<DateTime<Utc>>,
    /// Status checks that will still hear "in progress".
    checks_left: u32,
    /// The subcode it ends with instead of success.
    failure: Option<String>,
    /// A fault counts checks instead of letting the clock decide.
    by_checks: bool,
    stuck: bool,
    pub(super) copyright_match: bool,
}

/// The words of `status_code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Finished,
    Published,
    /// With the subcode.
    Error(String),
    Expired,
}

impl Progress {
    /// Where things stand when a call arrives with a fault that shapes its work.
    pub(super) fn planned(action: Option<&Action>) -> Self {
        let mut progress = Self::default();
        progress.plan(action);
        progress
    }

    /// Takes over what a fault says about this call.
    pub(super) fn plan(&mut self, action: Option<&Action>) {
        let (checks, failure) = match action {
            Some(Action::Processing { checks }) => (*checks, None),
            Some(Action::ProcessingFailed { checks, code }) => (*checks, Some(subcode(code))),
            _ => return,
        };
        self.checks_left = checks;
        self.failure = failure;
        self.by_checks = true;
    }

    /// Takes over what the settings say about an address.
    pub(super) fn steer(&mut self, settings: &Settings, url: &str) {
        match settings.outcome(url) {
            Some(Outcome::Error(code)) => self.failure = Some(subcode(code)),
            Some(Outcome::Stuck) => self.stuck = true,
            Some(Outcome::CopyrightMatch) => self.copyright_match = true,
            None => {}
        }
    }

    /// Starts processing, as all bytes are there. It will end with `flaw`, a subcode, if the file has one.
    pub(super) fn start(&mut self, now: DateTime<Utc>, seconds: i64, flaw: Option<&str>) {
        if self.failure.is_none() {
            self.failure = flaw.map(str::to_owned);
        }
        let seconds = if self.by_checks { 0 } else { seconds };
        self.ready_at = (!self.stuck).then(|| now + TimeDelta::seconds(seconds));
    }

    /// Uses up one status check.
    pub(super) fn check(&mut self) {
        if self.ready_at.is_some() {
            self.checks_left = self.checks_left.saturating_sub(1);
        }
    }
}

/// The part of an error's name that tells it apart: `352/2207026` and `2207026` are the same.
fn subcode(code: &str) -> String {
    let word = code.rsplit('/').next().unwrap_or_default();
    if word.is_empty() { PROCESSING_FAILED.to_owned() } else { word.to_owned() }
}

/// How far a container is.
pub(super) fn status(state: &State, container: &Container) -> Status {
    let progress = &container.progress;
    if container.media_id.is_some() {
        return Status::Published;
    }
    if container.expired(state) {
        return Status::Expired;
    }
    if progress.checks_left > 0 || progress.ready_at.is_none_or(|at| state.now() < at) {
        return Status::InProgress;
    }
    match progress.failure.as_deref() {
        None => Status::Finished,
        Some("EXPIRED") => Status::Expired,
        Some(code) => Status::Error(code.to_owned()),
    }
}
