//! What the control API can switch on Instagram.

use serde::{Deserialize, Serialize};

use crate::faults::matches_pattern;

/// What can be switched.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// How long a container with a picture is in progress.
    pub(super) image_processing_seconds: i64,
    /// How long a container with a film is in progress.
    pub(super) video_processing_seconds: i64,
    /// Posts younger than this are missing from lists.
    pub(super) index_lag_seconds: i64,
    /// Posts that one account may publish within `quota_duration_seconds`.
    pub(super) quota_total: usize,
    pub(super) quota_duration_seconds: i64,
    /// Containers that one account may create in 24 hours.
    pub(super) containers_per_day: usize,
    /// The error that answers one container too many, by its name in the table; Meta documents none.
    pub(super) container_limit_error: String,
    /// Unpublished containers older than this are expired.
    pub(super) container_lifetime_seconds: i64,
    /// How often an account's posts were seen in 24 hours; for each time it may make 4800 calls.
    pub(super) impressions: u32,
    /// The error that answers a second publish of one container, by its name in the table; Meta documents none.
    pub(super) second_publish_error: String,
    /// Whether `upload_type=resumable` works with an Instagram login; it is documented for the Facebook login only.
    pub(super) instagram_login_uploads: bool,
    /// Secret of the Instagram app: proofs and token exchanges are checked against it when it is not empty.
    pub(super) app_secret: String,
    /// What becomes of media by their address.
    pub(super) outcomes: Vec<OutcomeRule>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            image_processing_seconds: 0,
            video_processing_seconds: 3,
            index_lag_seconds: 0,
            quota_total: 50,
            quota_duration_seconds: 86_400,
            containers_per_day: 400,
            container_limit_error: "100".to_owned(),
            container_lifetime_seconds: 86_400,
            impressions: 100,
            second_publish_error: "9007/2207027".to_owned(),
            instagram_login_uploads: false,
            app_secret: String::new(),
            outcomes: Vec::new(),
        }
    }
}

/// What happens to media whose address fits a pattern.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OutcomeRule {
    /// An address, in which `*` stands for any run of characters.
    url: String,
    outcome: Outcome,
}

/// What can happen to media.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// Processing ends in `ERROR` with this subcode.
    Error(String),
    /// Processing never ends.
    Stuck,
    /// The copyright check finds something.
    CopyrightMatch,
}

impl Settings {
    /// What is to become of media from an address.
    pub(super) fn outcome(&self, url: &str) -> Option<&Outcome> {
        let rule = self.outcomes.iter().find(|rule| matches_pattern(&rule.url, url))?;
        Some(&rule.outcome)
    }
}
