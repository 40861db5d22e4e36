//! What can be switched about TikTok, and what only TikTok remembers.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::tasks::Task;

/// What can be switched. Caps and paces count only while `rateLimits` is on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// How long an uploaded or pulled video is worked on.
    pub(super) video_processing_seconds: i64,
    /// How long pulled photos are worked on.
    pub(super) image_processing_seconds: i64,
    /// How long after publishing a public post gets its public id.
    pub(super) public_id_seconds: i64,
    /// Posts younger than this are missing from `video/list` and `video/query`.
    pub(super) index_lag_seconds: i64,
    /// Whether photo posts are in `video/list` and `video/query` too.
    pub(super) lists_photos: bool,
    /// After so many seconds the user posts what is in the inbox; never when absent.
    pub(super) inbox_posted_after_seconds: Option<i64>,
    /// How long an upload address works.
    pub(super) upload_url_seconds: i64,
    /// Whether `Content-Range` of upload answers ends with the last stored byte instead of the number of stored bytes.
    pub(super) inclusive_ranges: bool,
    /// Whether the app has not passed the audit.
    pub(super) unaudited: bool,
    /// How many users may post by an unaudited app in 24 hours.
    pub(super) unaudited_user_cap: usize,
    /// Direct posts per creator in 24 hours.
    pub(super) daily_post_cap: usize,
    /// Shares that wait in the inbox per creator, of those made in 24 hours.
    pub(super) pending_share_cap: usize,
    /// Longest video that a creator may post.
    pub(super) max_video_post_duration_sec: u64,
    /// Whether a direct video post must say whether it is branded content, as the reference demands.
    pub(super) brand_content_required: bool,
    /// What may be pulled from; the sandbox's own address when empty.
    pub(super) verified_prefixes: Vec<String>,
    /// Calls of one init endpoint per token and minute.
    pub(super) inits_per_minute: usize,
    /// Calls of `status/fetch` or `cancel` per token and minute.
    pub(super) status_per_minute: usize,
    /// Calls of `creator_info/query` per token and minute.
    pub(super) creator_info_per_minute: usize,
    /// Calls of one reading endpoint per token and minute.
    pub(super) reads_per_minute: usize,
    /// Life of access tokens from the token endpoint.
    pub(super) access_token_seconds: i64,
    /// Life of refresh tokens from the token endpoint.
    pub(super) refresh_token_seconds: i64,
    /// The app's key; any is accepted when empty.
    pub(super) client_key: String,
    /// The app's secret; any is accepted when empty.
    pub(super) client_secret: String,
    /// Addresses that may be returned to; any that TikTok allows when empty.
    pub(super) redirect_uris: Vec<String>,
    /// How long an authorization code works; TikTok says only that it is short.
    pub(super) code_seconds: i64,
}

impl Settings {
    /// The app's key, and the addresses that may be returned to.
    pub(crate) fn app(&self) -> (&str, &[String]) {
        (&self.client_key, &self.redirect_uris)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            video_processing_seconds: 3,
            image_processing_seconds: 0,
            public_id_seconds: 0,
            index_lag_seconds: 0,
            lists_photos: true,
            inbox_posted_after_seconds: None,
            upload_url_seconds: 3600,
            inclusive_ranges: false,
            unaudited: false,
            unaudited_user_cap: 5,
            daily_post_cap: 15,
            pending_share_cap: 5,
            max_video_post_duration_sec: 600,
            brand_content_required: true,
            verified_prefixes: Vec::new(),
            inits_per_minute: 6,
            status_per_minute: 30,
            creator_info_per_minute: 20,
            reads_per_minute: 600,
            access_token_seconds: 7200,
            refresh_token_seconds: 15_552_000,
            client_key: "sandbox-client-key".to_owned(),
            client_secret: "sandbox-client-secret".to_owned(),
            redirect_uris: Vec::new(),
            code_seconds: 600,
        }
    }
}

/// What only TikTok remembers.
#[derive(Default)]
pub(crate) struct Memory {
    /// By publish id.
    pub(super) tasks: HashMap<String, Task>,
    /// Publish ids by upload id.
    pub(super) uploads: HashMap<String, String>,
    /// Publish ids of tasks that time brings forward: worked on, or in the inbox.
    pub(super) moving: Vec<String>,
    /// When something countable happened, by who did it and what it was.
    pub(super) usage: HashMap<(String, &'static str), Vec<DateTime<Utc>>>,
    /// Authorization codes that were traded.
    pub(super) used_codes: HashSet<String>,
}

impl Memory {
    /// The task that an upload address belongs to.
    pub(super) fn upload(&self, upload_id: &str) -> Option<&Task> {
        self.tasks.get(self.uploads.get(upload_id)?)
    }
}
