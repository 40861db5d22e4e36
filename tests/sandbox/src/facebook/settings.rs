//! What can be switched for Pages, and what only Pages remember.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::comments::Remark;
use super::film::Film;
use super::resumable::Upload;
use crate::climb::{Climb, UsageClimb};

/// What can be switched, besides the older settings that begin with `facebook`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// How long the platform works on a film after its last call.
    pub(crate) video_processing_seconds: i64,
    /// Length of the piece that an upload in chunks asks for.
    pub(crate) chunk_bytes: u64,
    /// Uploads that are not finished after this are dead.
    pub(crate) upload_session_seconds: i64,
    /// Unpublished photos that no post took are gone after this.
    pub(crate) unpublished_photo_seconds: i64,
    /// Larger films are refused.
    pub(crate) largest_video_bytes: u64,
    /// Reels of a Page per rolling 24 hours.
    pub(crate) reels_per_day: usize,
    /// Collaborators that a Page can invite per rolling 24 hours.
    pub(crate) collaborators_per_day: usize,
    /// A Page has 4800 calls per rolling 24 hours for each of them.
    pub(crate) engaged_users: u64,
    /// Whether calls without a proof are refused.
    pub(crate) require_proof: bool,
    /// Whether the five behaviours work that were removed in 2026.
    pub(crate) legacy_protocol: bool,
    /// Whether a film's status is spelled as the guides do it, not as the specification does.
    pub(crate) docs_spelling: bool,
    /// Whether the end of a reel's upload tells its post.
    pub(crate) finish_tells_post: bool,
    /// Whether stories stay readable after a day.
    pub(crate) story_archive: bool,
    /// Addresses that may be returned to; any when empty.
    pub(crate) redirect_uris: Vec<String>,
    /// How long an authorization code works; Facebook does not say.
    pub(crate) code_seconds: i64,
    /// How long the token of a person works that came for a code: one to two hours.
    pub(crate) short_token_seconds: i64,
    /// How long it works once it was exchanged: about 60 days.
    pub(crate) long_token_seconds: i64,
    /// How long after the consent data may be read: 90 days.
    pub(crate) data_access_seconds: i64,
    /// Lets usage climb with each call.
    pub(crate) usage_climb: Option<UsageClimb>,
    /// How long usage takes from 100 % to nothing while it climbs.
    pub(crate) usage_decay_seconds: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            video_processing_seconds: 3,
            chunk_bytes: 50 * 1024 * 1024,
            upload_session_seconds: 86_400,
            unpublished_photo_seconds: 86_400,
            largest_video_bytes: 2 * 1024 * 1024 * 1024,
            reels_per_day: 30,
            collaborators_per_day: 10,
            engaged_users: 100,
            require_proof: false,
            legacy_protocol: false,
            docs_spelling: false,
            finish_tells_post: false,
            story_archive: false,
            redirect_uris: Vec::new(),
            code_seconds: 600,
            short_token_seconds: 3600,
            long_token_seconds: 5_184_000,
            data_access_seconds: 7_776_000,
            usage_climb: None,
            usage_decay_seconds: 3600,
        }
    }
}

/// What only Pages remember.
#[derive(Default)]
pub(crate) struct Memory {
    /// Films by id, from the start of their upload.
    pub(super) films: HashMap<String, Film>,
    /// Films that the platform works on.
    pub(super) working: Vec<String>,
    /// Posts that wait for their time.
    pub(super) waiting: Vec<String>,
    /// Sessions of the Resumable Upload API.
    pub(super) uploads: HashMap<String, Upload>,
    /// What is known of comments besides what every platform has.
    pub(super) remarks: HashMap<String, Remark>,
    /// When a Page did what is counted per day, by name of the deed.
    pub(super) deeds: Vec<(&'static str, String, DateTime<Utc>)>,
    /// Calls of a Page by hour since 1970.
    pub(super) calls: HashMap<String, BTreeMap<i64, u64>>,
    /// Tokens that an exchange has replaced and that still work.
    pub(super) earlier_tokens: HashMap<String, Earlier>,
    /// Tokens of people that nobody has lengthened yet, with their end.
    pub(super) short_tokens: HashMap<String, DateTime<Utc>>,
    /// Pages that a person chose on the consent page, by the person's id.
    pub(super) given: HashMap<String, Vec<String>>,
    /// How much of the calls is used up while usage climbs, of the app and of each Page.
    pub(crate) climb: Climb,
}

impl Memory {
    /// Ends the tokens of an account that others have followed.
    pub(crate) fn forget_earlier(&mut self, id: &str) {
        self.earlier_tokens.retain(|_, earlier| earlier.account_id != id);
    }
}

/// A token that works beside the newest one.
#[derive(Clone, Debug)]
pub(super) struct Earlier {
    pub(super) account_id: String,
    pub(super) expires_at: Option<DateTime<Utc>>,
}
