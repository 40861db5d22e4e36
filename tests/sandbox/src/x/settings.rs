//! What can be switched for X, and what only X remembers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::signed_login::RequestToken;
use super::uploads::Upload;

/// What can be switched.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// How long X works on videos and animated GIFs.
    pub(crate) video_processing_seconds: u32,
    /// How long X works on images; at 0 they are ready at once.
    pub(crate) image_processing_seconds: u32,
    /// Posts younger than this are missing from timelines; the older setting `xIndexLagSeconds` counts when longer.
    pub(crate) index_lag_seconds: i64,
    /// Posts of one account in 24 hours.
    pub(crate) daily_posts: u32,
    /// Posts of all accounts together in 24 hours.
    pub(crate) app_daily_posts: u32,
    /// The app's OAuth 2 client id; any is accepted when empty.
    pub(crate) client_id: String,
    /// Its secret; any is accepted when empty.
    pub(crate) client_secret: String,
    /// Whether the app must name itself in the header, as confidential ones do, and not in the body.
    pub(crate) confidential: bool,
    /// Addresses that may be returned to; any when empty.
    pub(crate) redirect_uris: Vec<String>,
    /// How long an authorization code works.
    pub(crate) code_seconds: i64,
    /// How long an access token works that the token endpoint gave out.
    pub(crate) access_token_seconds: i64,
    /// How long a refresh token works unused: about six months.
    pub(crate) refresh_token_seconds: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            video_processing_seconds: 3,
            image_processing_seconds: 0,
            index_lag_seconds: 0,
            daily_posts: 2400,
            app_daily_posts: 10_000,
            client_id: "sandbox-client-id".to_owned(),
            client_secret: "sandbox-client-secret".to_owned(),
            confidential: false,
            redirect_uris: Vec::new(),
            code_seconds: 30,
            access_token_seconds: 7200,
            refresh_token_seconds: 15_552_000,
        }
    }
}

/// What only X remembers.
#[derive(Default)]
pub(crate) struct Memory {
    /// Uploads by media id, finished or not.
    pub(crate) uploads: HashMap<String, Upload>,
    /// Logins by OAuth 1.0a that were begun, by their request token.
    pub(crate) request_tokens: HashMap<String, RequestToken>,
}
