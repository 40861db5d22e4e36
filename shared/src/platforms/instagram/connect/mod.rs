//! How Instagram accounts are connected, kept and let go: by Instagram's own login, or by Facebook's through a linked Page.

mod linked;
mod own;

use std::time::Duration;

use super::Instagram;
use super::call::INSTAGRAM_LOGIN;
use crate::app::App;
use crate::entity::account;
use crate::error::JobError;
use crate::platforms::Grant;
use crate::platforms::connect::{Candidate, Connect, Finish, Granted, Identity, Login, Renewal, Start, Started, codes, failed};

impl Connect for Instagram {
    const LOGINS: &'static [Login] = &[
        Login {
            variant: INSTAGRAM_LOGIN,
            scopes: &["instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_comments"],
            settings: &["INSTAGRAM_APP_ID", "INSTAGRAM_APP_SECRET"],
        },
        Login {
            variant: linked::VARIANT,
            scopes: &[
                "instagram_basic",
                "instagram_content_publish",
                "instagram_manage_comments",
                "pages_show_list",
                "pages_read_engagement",
                // For Pages that come by a business.
                "business_management",
            ],
            settings: &["FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET"],
        },
    ];

    /// The long-lived tokens of both logins live 60 days; refreshing is meant for day 50 to 58.
    const RENEW_AHEAD: Duration = Duration::from_secs(10 * 86_400);

    /// A grant of Instagram's own login has its one token in both places: it renews itself. A Page's token alone can't.
    fn renewal(grant: &Grant) -> Renewal {
        match grant {
            Grant::Bearer { renewal: Some(_), .. } => Renewal::Extend,
            _ => Renewal::Never,
        }
    }

    async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
        if is_own(start.login.variant) { own::start(app, start) } else { linked::start(app, start) }
    }

    async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
        if is_own(finish.login.variant) { own::finish(app, finish).await } else { linked::finish(app, finish).await }
    }

    async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
        if is_own(&account.variant) { own::renew(app, account, grant).await } else { linked::renew(app, account, grant).await }
    }

    async fn verify(app: &App, grant: &Grant, (id, variant): (&str, &str)) -> Result<Identity, JobError> {
        if is_own(variant) { own::verify(app, grant).await } else { linked::verify(app, grant, id).await }
    }

    async fn revoke(app: &App, account: &account::Model, grant: &Grant) -> Result<(), JobError> {
        if is_own(&account.variant) { own::revoke(app, grant).await } else { linked::revoke(app, account, grant).await }
    }
}

fn is_own(variant: &str) -> bool {
    variant == INSTAGRAM_LOGIN
}

/// Only professional accounts can be published on.
fn no_account(message: &str, remedy: &'static str) -> JobError {
    failed(codes::NO_INSTAGRAM_ACCOUNT, message).remedy(remedy)
}
