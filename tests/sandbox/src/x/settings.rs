//! What can be switched for X, and what only X remembers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            video_processing_seconds: 3,
            image_processing_seconds: 0,
            index_lag_seconds: 0,
            daily_posts: 2400,
            app_daily_posts: 10_000,
        }
    }
}

/// What only X remembers.
#[derive(Default)]
pub(crate) struct Memory {
    /// Uploads by media id, finished or not.
    pub(crate) uploads: HashMap<String, Upload>,
}
