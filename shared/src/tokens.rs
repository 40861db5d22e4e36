//! The lives of grants: stored, renewed by one holder at a time, declared dead, let go.

use crate::app::App;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::platforms::connect::{Granted, Identity};

/// What letting an account go did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// Whether the platform ended the grant too.
    pub revoked_at_platform: bool,
    /// Posts that wait for this account and will not go out.
    pub waiting_posts: i64,
}

/// Stores a grant for an account, known or new: the account can be used, what waited for it goes on.
pub async fn store_grant(
    _app: &App,
    account: &account::Model,
    _identity: &Identity,
    _granted: &Granted,
) -> Result<account::Model, JobError> {
    Err(JobError::new(ErrorClass::Bug, "unbuilt", account.id.to_string()))
}

/// The platform says that the account's grant is dead: a person must reconnect it, and is told once.
pub async fn mark_dead(_app: &App, account: &account::Model, _cause: &JobError) -> Result<(), JobError> {
    Err(JobError::new(ErrorClass::Bug, "unbuilt", account.id.to_string()))
}

/// Lets an account go, here and at the platform.
pub async fn disconnect(_app: &App, account: &account::Model) -> Result<Disconnected, JobError> {
    Err(JobError::new(ErrorClass::Bug, "unbuilt", account.id.to_string()))
}
