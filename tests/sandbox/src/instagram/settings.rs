//! What the control API can switch on Instagram.

use serde::{Deserialize, Serialize};

use crate::climb::UsageClimb;
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
    /// Id of the Instagram app, which differs from the Meta app's; any is accepted when empty.
    pub(super) app_id: String,
    /// Addresses that may be returned to; any when empty.
    pub(super) redirect_uris: Vec<String>,
    /// How long an authorization code works.
    pub(super) code_seconds: i64,
    /// How long the token works that comes for a code.
    pub(super) short_token_seconds: i64,
    /// How long a token works once it was exchanged or refreshed.
    pub(super) long_token_seconds: i64,
    /// Tokens younger than this cannot be refreshed.
    pub(super) youngest_refresh_seconds: i64,
    /// Whether the answer to a code is wrapped in `data`, as documented, or bare, as it is often seen.
    pub(super) data_wrapped: bool,
    /// Whether that answer has a `user_id` that is a number, and a list of permissions instead of a text.
    pub(super) numeric_user_id: bool,
    /// Lets usage climb with each call.
    pub(super) usage_climb: Option<UsageClimb>,
    /// How long usage takes from 100 % to nothing while it climbs.
    pub(super) usage_decay_seconds: i64,
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
            app_id: "2000000000000002".to_owned(),
            redirect_uris: Vec::new(),
            code_seconds: 3600,
            short_token_seconds: 3600,
            long_token_seconds: 5_184_000,
            youngest_refresh_seconds: 86_400,
            data_wrapped: true,
            numeric_user_id: false,
            usage_climb: None,
            usage_decay_seconds: 3600,
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
    /// The Instagram app's id, and the addresses that may be returned to.
    pub(crate) fn app(&self) -> (&str, &[String]) {
        (&self.app_id, &self.redirect_uris)
    }

    /// What is to become of media from an address.
    pub(super) fn outcome(&self, url: &str) -> Option<&Outcome> {
        let rule = self.outcomes.iter().find(|rule| matches_pattern(&rule.url, url))?;
        Some(&rule.outcome)
    }
}
