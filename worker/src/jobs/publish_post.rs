//! Publishes one post on one account. Safe to repeat: the adapter makes every visible call under the journal's `once`.

use shared::app::App;
use shared::content::{AccountState, Content, Draft, Overrides};
use shared::entity::{job, post, post_target};
use shared::error::{ErrorClass, JobError};
use shared::ids::TargetId;
use shared::journal::{Journal, Stop};
use shared::store::{accounts, posts};

use super::Run;
use crate::settle::Done;

/// The job, by the target that it publishes.
pub struct PublishPost {
    /// The target.
    pub target: TargetId,
}

impl Run for PublishPost {
    async fn run(self, app: &App, job: &job::Model, journal: &mut Journal) -> Result<Done, Stop> {
        let (target, post) = posts::get_target(&*app.db, &job.workspace_id, &self.target).await?;
        let draft = draft(&target, &post)?;
        let account = accounts::get(&*app.db, &job.workspace_id, &target.account_id).await?;
        let last_attempt = job.attempt >= job.max_attempts;
        let published = shared::platforms::publish(app, (&target, &account), &draft, journal, last_attempt).await;
        if let Err(Stop::Error(error)) = &published
            && matches!(error.class, ErrorClass::AuthExpired | ErrorClass::AuthRevoked)
        {
            accounts::update_state(
                &*app.db,
                &job.workspace_id,
                &target.account_id,
                AccountState::NeedsReconnect,
                app.clock.now(),
            )
            .await?;
        }
        let class: &str = match &published {
            Err(Stop::Error(error)) => error.class.into(),
            Err(_) => "stopped",
            Ok(_) => "published",
        };
        app.meter.count("pressroom_publish_outcomes_total", &format!("platform=\"{}\",class=\"{class}\"", target.platform));
        Ok(Some((self.target, published?)))
    }
}

fn draft(target: &post_target::Model, post: &post::Model) -> Result<Draft, JobError> {
    let bug = |error: serde_json::Error| {
        JobError::new(ErrorClass::Bug, "content_unreadable", format!("the post's content can't be read: {error}"))
    };
    let content: Content = serde_json::from_str(&post.content).map_err(bug)?;
    let overrides: Overrides = serde_json::from_str(&target.overrides).map_err(bug)?;
    Ok(Draft::new(target.kind, &content, &overrides))
}
