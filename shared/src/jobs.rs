//! The catalogue of jobs: every payload with its lane and its policy, on one screen. Workers hold the execution.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, TargetId};

/// A queue of its own, with workers of its own.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum Lane {
    /// Calls that put a post on a platform.
    Publish,
    /// Image and video work.
    Media,
    /// Advertising APIs.
    Ads,
    /// Text and media generation.
    Ai,
    /// Pressroom's own upkeep.
    System,
}

/// Where a job stands. The last four are ends; `blocked` waits for a person.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum JobState {
    /// Waits for its first due time.
    Scheduled,
    /// Due, or waiting for another attempt.
    Queued,
    /// Claimed by a worker under a lease.
    InProgress,
    /// Done: the platform holds the post.
    Completed,
    /// Given up: nothing was published.
    Failed,
    /// Called off before it began.
    Cancelled,
    /// Waits for a person's decision.
    Blocked,
}

impl JobState {
    /// Whether the job will not move by itself any more.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Blocked)
    }
}

/// What a job does, as stored in `jobs.payload`: ids and small choices only.
///
/// New fields get `serde(default)` so that older rows keep parsing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Payload {
    /// Publishes one post on one account.
    PublishPost {
        /// The target to publish.
        target: TargetId,
    },
    /// Renews an account's grant ahead of its end.
    RefreshToken {
        /// The account.
        account: AccountId,
    },
    /// Looks ahead at a post that is not due yet, for what would stand in its way.
    CheckTarget {
        /// The target that will be published.
        target: TargetId,
    },
    /// Claims, writes one journal step and settles: measures and proves the machinery itself.
    NoOp {},
}

impl Payload {
    /// The name under which the job is listed.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PublishPost { .. } => "publish_post",
            Self::RefreshToken { .. } => "refresh_token",
            Self::CheckTarget { .. } => "check_target",
            Self::NoOp {} => "no_op",
        }
    }

    /// The lane the job runs in.
    pub fn lane(&self) -> Lane {
        match self {
            Self::PublishPost { .. } => Lane::Publish,
            Self::RefreshToken { .. } | Self::CheckTarget { .. } | Self::NoOp {} => Lane::System,
        }
    }

    /// Attempts before the job is given up; waiting on a platform's word does not count.
    pub fn max_attempts(&self) -> i32 {
        match self {
            Self::PublishPost { .. } => 6,
            Self::RefreshToken { .. } | Self::CheckTarget { .. } | Self::NoOp {} => 3,
        }
    }
}
