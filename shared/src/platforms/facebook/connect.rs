//! How accounts of this platform are connected, kept and let go.

use std::time::Duration;

use super::Facebook;
use crate::app::App;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Grant;
use crate::platforms::connect::{Candidate, Connect, Finish, Granted, Identity, Login, Renewal, Start, Started};

impl Connect for Facebook {
    const LOGINS: &'static [Login] = &[];
    const RENEW_AHEAD: Duration = Duration::from_secs(600);

    fn renewal(_grant: &Grant) -> Renewal {
        Renewal::Never
    }

    async fn start(_app: &App, _start: &Start<'_>) -> Result<Started, JobError> {
        Err(unbuilt())
    }

    async fn finish(_app: &App, _finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
        Err(unbuilt())
    }

    async fn renew(_app: &App, _account: &account::Model, _grant: &Grant) -> Result<Granted, JobError> {
        Err(unbuilt())
    }

    async fn verify(_app: &App, _grant: &Grant, _hint: (&str, &str)) -> Result<Identity, JobError> {
        Err(unbuilt())
    }

    async fn revoke(_app: &App, _account: &account::Model, _grant: &Grant) -> Result<(), JobError> {
        Err(unbuilt())
    }
}

fn unbuilt() -> JobError {
    JobError::new(ErrorClass::Bug, "login_unavailable", "this login is not there yet")
}
