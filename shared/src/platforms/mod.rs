//! The platforms: what each takes, how a post gets there once, and what its answers mean. One folder each.
//!
//! To add one: its folder here, a variant in [`PlatformId`], and a line in `platforms!` below.

pub mod facebook;
pub mod rules;
pub mod x;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Timestamp;
use crate::content::{Draft, PlatformId};
use crate::entity::{account, post_target};
use crate::error::{ErrorClass, JobError};
use crate::ids::WorkspaceId;
use crate::journal::{Journal, Stop};
use crate::secret::Secret;
use crate::store::runs::Published;
use crate::store::{accounts, posts};
use rules::Rules;

/// What lets us act for an account. Sealed at rest, see `store::accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Grant {
    /// An access token sent as a bearer token: OAuth 2 user tokens, Page tokens.
    Bearer {
        /// The token.
        access_token: Secret<String>,
    },
    /// OAuth 1.0a user credentials, used to sign each request.
    Oauth1 {
        /// The token.
        token: Secret<String>,
        /// Its secret.
        token_secret: Secret<String>,
    },
}

/// One target about to be published, with all that its adapter needs.
pub struct Publishing<'a> {
    /// The process's context.
    pub app: &'a App,
    /// The account to publish on.
    pub account: &'a account::Model,
    /// The right to do so.
    pub grant: &'a Grant,
    /// What to publish.
    pub draft: &'a Draft,
}

impl Publishing<'_> {
    /// Ids of posts on this account that belong to other targets: a search must not take one of them for its own.
    pub async fn taken_ids(&self, since: Timestamp) -> Result<Vec<String>, JobError> {
        let account = self.account;
        Ok(posts::list_published_ids(&*self.app.db, &account.workspace_id, &account.id, since).await?)
    }
}

/// What a platform's adapter provides.
pub(crate) trait Platform {
    /// What the platform takes.
    const RULES: Rules;

    /// Publishes the draft, every visible call under the journal's `once`.
    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop>;
}

macro_rules! platforms {
    ($($id:ident => $adapter:ty,)+) => {
        /// What a platform takes.
        pub fn rules(platform: PlatformId) -> &'static Rules {
            match platform {
                $(PlatformId::$id => const { &<$adapter as Platform>::RULES },)+
            }
        }

        async fn publish_on(platform: PlatformId, cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
            match platform {
                $(PlatformId::$id => Box::pin(<$adapter as Platform>::publish(cx, journal)).await,)+
            }
        }
    };
}

platforms! {
    X => x::X,
    Facebook => facebook::Facebook,
}

/// Publishes one target: opens the account's grant and lets its platform's adapter work under the journal.
pub async fn publish(
    app: &App,
    workspace: &WorkspaceId,
    target: &post_target::Model,
    draft: &Draft,
    journal: &mut Journal,
) -> Result<Published, Stop> {
    let account = accounts::get(&*app.db, workspace, &target.account_id).await?;
    if account.state == crate::content::AccountState::NeedsReconnect {
        let message = format!("the account `{}` must be reconnected", account.name);
        return Err(JobError::new(ErrorClass::AuthRevoked, "account_needs_reconnect", message).into());
    }
    let grant = open_grant(app, &account)?;
    let cx = Publishing { app, account: &account, grant: &grant, draft };
    publish_on(target.platform, &cx, journal).await
}

fn open_grant(app: &App, account: &account::Model) -> Result<Grant, JobError> {
    let bug = |reason: String| {
        let message = format!("the grant of account `{}` can't be used: {reason}", account.id);
        JobError::new(ErrorClass::Bug, "grant_unreadable", message).remedy("give this Pressroom the key that sealed the grant")
    };
    let opened = accounts::open_grant(&app.config.keys, account).map_err(|error| bug(error.to_string()))?;
    serde_json::from_slice(&opened).map_err(|_| bug("it is not a grant".to_owned()))
}
