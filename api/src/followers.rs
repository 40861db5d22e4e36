//! Follows a job until it changes or ends.

use std::time::Duration;

use sea_orm::DbErr;
use shared::app::App;
use shared::entity::job;
use shared::ids::{JobId, WorkspaceId};
use shared::store::jobs;

/// The longest wait that a client may ask for.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// The seconds of a `Prefer: wait=N` header, capped; zero when it does not ask to wait (RFC 7240).
pub fn wait_of(prefer: Option<&str>) -> Duration {
    let asked = prefer.into_iter().flat_map(|header| header.split([',', ';'])).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("wait") { value.trim().trim_matches('"').parse().ok() } else { None }
    });
    Duration::from_secs(asked.unwrap_or(0)).min(WAIT_MAX)
}

/// The job as soon as it has ended, or as it is after `wait`.
pub async fn settled(app: &App, workspace: &WorkspaceId, id: &JobId, wait: Duration) -> Result<Option<job::Model>, DbErr> {
    let deadline = tokio::time::Instant::now() + wait;
    let mut follower = app.events.follow();
    loop {
        let found = jobs::find(&*app.db, workspace, id).await?;
        let done = found.as_ref().is_none_or(|job| job.state.is_settled());
        if done || tokio::time::Instant::now() >= deadline {
            return Ok(found);
        }
        // The deadline passing is one way of waking up; the loop looks once more and returns.
        let _ = tokio::time::timeout_at(deadline, follower.changed(id)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_and_capped() {
        assert_eq!(wait_of(None), Duration::ZERO);
        assert_eq!(wait_of(Some("respond-async, wait=10")), Duration::from_secs(10));
        assert_eq!(wait_of(Some("wait=9999")), WAIT_MAX);
        assert_eq!(wait_of(Some("wait=soon")), Duration::ZERO);
    }
}
