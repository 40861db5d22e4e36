//! A person's word on a job whose outcome nobody knows.

use poem_openapi::{Enum, Object};
use serde::Deserialize;
use shared::store::jobs::Decision;
use shared::store::runs::Published;

use crate::problem::ApiError;

/// A person's word on a job whose outcome nobody knows.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resolution {
    /// What the person found.
    pub outcome: Outcome,
    /// The platform's id of the post; required with `published`.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub external_id: Option<String>,
    /// The post's address, if known.
    #[oai(validator(max_length = 2000))]
    pub url: Option<String>,
}

/// What a person found on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum Outcome {
    /// The post is there.
    Published,
    /// The post is not there: send it again.
    SendAgain,
}

/// What a person's word does to the job, or what is wrong with it.
pub fn decision(resolution: Resolution) -> Result<Decision, ApiError> {
    match (resolution.outcome, resolution.external_id) {
        (Outcome::SendAgain, None) => Ok(Decision::SendAgain),
        (Outcome::SendAgain, Some(_)) => Err(ApiError::field("/externalId", "not_allowed", "`send_again` takes no id")),
        (Outcome::Published, None) => {
            Err(ApiError::field("/externalId", "required", "`published` needs the platform's id of the post"))
        }
        (Outcome::Published, Some(external_id)) if external_id.is_empty() || external_id.len() > 200 => {
            Err(ApiError::field("/externalId", "invalid_field", "the id must have 1 to 200 characters"))
        }
        (Outcome::Published, Some(external_id)) => Ok(Decision::Published(Published::new(external_id, resolution.url))),
    }
}
