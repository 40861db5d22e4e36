//! Publishes one post on one account. Safe to repeat: the adapter makes every visible call under the journal's `once`.

use shared::app::App;
use shared::content::{Content, Draft, Overrides};
use shared::entity::{account, job, post, post_target};
use shared::error::{ErrorClass, JobError};
use shared::ids::TargetId;
use shared::journal::{Journal, Stop};
use shared::platforms::Patience;
use shared::store::runs::Published;
use shared::store::{accounts, posts};
use shared::tokens;

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
        let attempt = Attempt { app, target: &target, draft: &draft, last: job.attempt >= job.max_attempts };
        let published = attempt.publish(account, journal).await;
        let class: &str = match &published {
            Err(Stop::Error(error)) => error.class.into(),
            Err(_) => "stopped",
            Ok(_) => "published",
        };
        app.meter.count("pressroom_publish_outcomes_total", &format!("platform=\"{}\",class=\"{class}\"", target.platform));
        Ok(Some((self.target, published?)))
    }
}

/// One run's try at publishing.
struct Attempt<'a> {
    app: &'a App,
    target: &'a post_target::Model,
    draft: &'a Draft,
    last: bool,
}

impl Attempt<'_> {
    /// Publishes with a token that is alive. One that is refused on the way is renewed once, and the journal goes on where
    /// it stopped; a grant that is refused after that is dead.
    async fn publish(&self, account: account::Model, journal: &mut Journal) -> Result<Published, Stop> {
        let account = tokens::fresh(self.app, account, journal).await?;
        let renewable = tokens::can_renew(self.app, &account)?;
        let refusal = match self.publish_as(&account, renewable, journal).await {
            Err(Stop::Error(error)) if is_refusal(&error) => error,
            ended => return ended,
        };
        if refusal.class != ErrorClass::AuthExpired || !renewable {
            return Err(tokens::refused(self.app, &account, refusal).await?.into());
        }
        let renewed = tokens::renew(self.app, &account, journal).await?;
        match self.publish_as(&renewed, false, journal).await {
            Err(Stop::Error(error)) if is_refusal(&error) => Err(tokens::refused(self.app, &renewed, error).await?.into()),
            ended => ended,
        }
    }

    async fn publish_as(&self, account: &account::Model, renewable: bool, journal: &mut Journal) -> Result<Published, Stop> {
        let patience = Patience { again: !self.last, renewable };
        shared::platforms::publish(self.app, (self.target, account), self.draft, journal, patience).await
    }
}

fn is_refusal(error: &JobError) -> bool {
    matches!(error.class, ErrorClass::AuthExpired | ErrorClass::AuthRevoked)
}

/// What a target publishes.
pub(super) fn draft(target: &post_target::Model, post: &post::Model) -> Result<Draft, JobError> {
    let bug = |error: serde_json::Error| {
        JobError::new(ErrorClass::Bug, "content_unreadable", format!("the post's content can't be read: {error}"))
    };
    let content: Content = serde_json::from_str(&post.content).map_err(bug)?;
    let overrides: Overrides = serde_json::from_str(&target.overrides).map_err(bug)?;
    Ok(Draft::new(target.kind, &content, &overrides))
}
