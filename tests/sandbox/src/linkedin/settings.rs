//! What can be switched on LinkedIn, and what only LinkedIn remembers.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::asset::Asset;
use super::posts::Entry;

/// What can be switched.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// How long a finished video upload is `PROCESSING`.
    pub(super) video_processing_seconds: i64,
    /// The same for pictures.
    pub(super) image_processing_seconds: i64,
    /// The same for documents.
    pub(super) document_processing_seconds: i64,
    /// Posts and comments younger than this are missing from lists.
    pub(super) index_lag_seconds: i64,
    /// How long a post stands in the way of an identical one.
    pub(super) duplicate_window_seconds: i64,
    /// Posts younger than this are not seen yet by the duplicate check.
    pub(super) duplicate_lag_seconds: i64,
    /// Whether a text ends without a word at a reserved character that is not escaped.
    pub(super) truncate_at_reserved: bool,
    /// Calls per member, resource and UTC day.
    pub(super) member_daily_calls: u32,
    /// Calls of the whole app per UTC day.
    pub(super) app_daily_calls: u32,
    /// How long upload addresses work.
    pub(super) upload_url_seconds: i64,
    /// For so long after its issue a token is refused as revoked.
    pub(super) fresh_token_lag_seconds: i64,
    /// Whether the app is an approved partner's, which gets refresh tokens.
    pub(super) partner: bool,
    /// The app's id, checked when it is not empty.
    pub(super) client_id: String,
    /// The app's secret, checked when it is not empty.
    pub(super) client_secret: String,
    /// Addresses that may be returned to; any when empty.
    pub(super) redirect_uris: Vec<String>,
    /// How long an authorization code works.
    pub(super) code_seconds: i64,
    /// How long an access token works that the token endpoint gave out.
    pub(super) access_token_seconds: i64,
    /// How long after the consent refresh tokens work; a refresh does not add to it.
    pub(super) refresh_token_seconds: i64,
    /// How a refusal is called: `user_cancelled_login`, `user_cancelled_authorize` or `access_denied`.
    pub(super) cancel_error: String,
    /// What stands between scopes in token answers.
    pub(super) scope_separator: String,
    /// The role that members have in the organisations they hold a token for.
    pub(super) organization_role: String,
    /// Versions that are active besides those in the table.
    pub(super) active_versions: Vec<String>,
    /// Whether reading a video's status needs a read scope, as it does for pictures and documents.
    pub(super) video_read_needs_scope: bool,
    /// Whether finalizing a video again with the same parts is refused.
    pub(super) refuse_repeated_finalize: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            video_processing_seconds: 3,
            image_processing_seconds: 0,
            document_processing_seconds: 0,
            index_lag_seconds: 0,
            duplicate_window_seconds: 600,
            duplicate_lag_seconds: 0,
            truncate_at_reserved: true,
            member_daily_calls: 150,
            app_daily_calls: 100_000,
            upload_url_seconds: 86_400,
            fresh_token_lag_seconds: 0,
            partner: false,
            client_id: "sandbox-client-id".to_owned(),
            client_secret: "sandbox-client-secret".to_owned(),
            redirect_uris: Vec::new(),
            code_seconds: 1800,
            access_token_seconds: 5_184_000,
            refresh_token_seconds: 31_536_000,
            cancel_error: "user_cancelled_login".to_owned(),
            scope_separator: ",".to_owned(),
            organization_role: "ADMINISTRATOR".to_owned(),
            active_versions: Vec::new(),
            video_read_needs_scope: false,
            refuse_repeated_finalize: false,
        }
    }
}

impl Settings {
    /// The app's id, and the addresses that may be returned to.
    pub(crate) fn app(&self) -> (&str, &[String]) {
        (&self.client_id, &self.redirect_uris)
    }

    /// How a refusal is called.
    pub(crate) fn refusal(&self) -> &str {
        &self.cancel_error
    }
}

/// What only LinkedIn remembers.
#[derive(Default)]
pub(crate) struct Memory {
    /// Media by URN, from the start of their upload.
    pub(super) assets: HashMap<String, Asset>,
    /// Posts by URN, with what the API shows of them; deleted ones are gone.
    pub(super) posts: HashMap<String, Entry>,
    /// What was posted, deleted or not, for the duplicate check.
    pub(super) posted: Vec<Posted>,
    /// When members agreed to the app, by account id.
    pub(super) consents: HashMap<String, DateTime<Utc>>,
    /// When tokens were issued, for those that the sandbox issued.
    pub(super) minted: HashMap<String, DateTime<Utc>>,
    /// Authorization codes that were traded in.
    pub(super) used_codes: HashSet<String>,
    pub(super) quota: Quota,
    /// The last id of a post or comment.
    pub(super) last_id: i64,
}

/// One post, as the duplicate check sees it.
pub(super) struct Posted {
    pub(super) author: String,
    /// Everything that must be equal.
    pub(super) fingerprint: String,
    pub(super) urn: String,
    pub(super) at: DateTime<Utc>,
}

/// The calls of one UTC day.
#[derive(Default)]
pub(super) struct Quota {
    pub(super) day: NaiveDate,
    pub(super) app: u32,
    /// By member and resource.
    pub(super) members: HashMap<(String, String), u32>,
}
