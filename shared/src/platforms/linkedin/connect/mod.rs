//! How members and organisations are connected, kept and let go. One consent of a member gives one token, which serves the
//! member and every organisation that they may post for. Only approved apps get a refresh token.

mod people;
mod rest;

use std::time::Duration;

use serde::Deserialize;

use super::Linkedin;
use crate::app::App;
use crate::clients::http;
use crate::clock::Timestamp;
use crate::entity::account;
use crate::error::JobError;
use crate::platforms::Grant;
use crate::platforms::connect::oauth::{
    self, AppAuth, Consent, TokenEndpoint, access_token, authorize_url, not_identified, renewal_token,
};
use crate::platforms::connect::{Candidate, Connect, Finish, Granted, Identity, Login, Renewal, Start, Started, codes};
use crate::secret::Secret;
use rest::Rest;

/// LinkedIn's name in errors.
const NAME: &str = "LinkedIn";

/// How long a login waits for a token that LinkedIn does not know yet, which takes some seconds (65601).
const PATIENCE: &[Duration] = &[Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];

impl Connect for Linkedin {
    const LOGINS: &'static [Login] = &[
        Login {
            variant: "",
            scopes: &[
                "openid",
                "profile",
                "w_member_social",
                "w_organization_social",
                "r_organization_social",
                // Which organisations a member may post for.
                "rw_organization_admin",
            ],
            settings: SETTINGS,
        },
        // For an app without the Community Management API, which is refused the scopes above. An app must stay with one of
        // the two: a consent to other scopes ends the member's earlier tokens.
        Login { variant: "member", scopes: &["openid", "profile", "w_member_social"], settings: SETTINGS },
    ];

    /// Access tokens live 60 days.
    const RENEW_AHEAD: Duration = Duration::from_secs(10 * 86_400);

    fn renewal(grant: &Grant) -> Renewal {
        match grant {
            Grant::Bearer { renewal: Some(_), .. } => Renewal::Refresh,
            _ => Renewal::Never,
        }
    }

    async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
        let page = oauth::below(&app.config.linkedin.web_base, "/oauth/v2/authorization");
        authorize_url(start, &Consent::new(page, &app.config.linkedin.client_id, start))
    }

    async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
        let asked_at = app.clock.now();
        let tokens = oauth::exchange(app, &endpoint(app, "accessToken"), finish.code, finish.callback, None).await?;
        let granted = tokens.granted(asked_at);
        let rest = Rest { app, token: access_token(&granted.grant)?, issued_at: asked_at, pauses: PATIENCE };
        let identities = people::list(&rest, granted.scopes.as_deref()).await;
        let identities = identities.map_err(|error| not_identified(codes::USER_INFO_FAILED, error))?;
        let candidate = |(identity, unusable)| Candidate { identity, granted: granted.clone(), unusable };
        Ok(identities.into_iter().map(candidate).collect())
    }

    async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
        let used = renewal_token(account, grant)?;
        let asked_at = app.clock.now();
        let tokens = oauth::refresh(app, &endpoint(app, "accessToken"), used).await?;
        let renewed = tokens.renewed(asked_at, account, used);
        let known = account.renewal_expires_at.map(|at| at.0);
        Ok(Granted { renewal_expires_at: earlier(renewed.renewal_expires_at, known), ..renewed })
    }

    async fn verify(app: &App, grant: &Grant, (id, _): (&str, &str)) -> Result<Identity, JobError> {
        let token = access_token(grant)?;
        let known = introspect(app, token).await;
        let created_at = known.as_ref().and_then(|known| known.created_at).map(Timestamp::from_unix_seconds);
        // A token of unknown age counts as new: a new one that is called revoked is not dead.
        let rest = Rest { app, token, issued_at: created_at.unwrap_or_else(|| app.clock.now()), pauses: &[] };
        let identity = people::find(&rest, id).await?;
        Ok(Identity { scopes: known.and_then(|known| known.scopes()), ..identity })
    }

    /// The address is not documented for every app: where there is none the tokens are forgotten, and end by themselves.
    async fn revoke(app: &App, _account: &account::Model, grant: &Grant) -> Result<(), JobError> {
        let endpoint = endpoint(app, "revoke");
        let renewal = match grant {
            Grant::Bearer { renewal, .. } => renewal.as_ref(),
            Grant::Oauth1 { .. } => None,
        };
        for token in [Some(access_token(grant)?), renewal].into_iter().flatten() {
            let request = endpoint.post(app, &[("token", token.expose())]);
            match oauth::revoke(app, request, NAME, token).await {
                Err(error) if error.status == Some(404) => {
                    tracing::info!("LinkedIn has no address to end a grant at: its tokens are forgotten");
                    return Ok(());
                }
                other => other?,
            }
        }
        Ok(())
    }
}

const SETTINGS: &[&str] = &["LINKEDIN_CLIENT_ID", "LINKEDIN_CLIENT_SECRET"];

/// What LinkedIn tells of a token.
#[derive(Debug, Deserialize)]
struct Introspected {
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    created_at: Option<i64>,
}

impl Introspected {
    fn scopes(self) -> Option<Vec<String>> {
        let told = self.scope.filter(|scope| !scope.is_empty())?;
        Some(told.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
    }
}

/// How old a token is and what it allows, as far as LinkedIn tells: nobody depends on it.
async fn introspect(app: &App, token: &Secret<String>) -> Option<Introspected> {
    let request = endpoint(app, "introspectToken").post(app, &[("token", token.expose())]);
    let answer = http::send(request, "look at the token").await.ok()?;
    if !answer.is_success() {
        tracing::info!(http.status = answer.status, "LinkedIn does not tell what a token is");
        return None;
    }
    serde_json::from_slice(&answer.body).ok()
}

fn endpoint<'a>(app: &'a App, path: &str) -> TokenEndpoint<'a> {
    let settings = &app.config.linkedin;
    TokenEndpoint {
        url: oauth::below(&settings.web_base, &format!("/oauth/v2/{path}")),
        client_id: &settings.client_id,
        client_secret: &settings.client_secret,
        auth: AppAuth::Body,
        platform: NAME,
    }
}

/// The earlier of two ends. A refresh token's year counts from the consent, whatever an answer says of it later.
fn earlier(told: Option<i64>, known: Option<i64>) -> Option<i64> {
    [told, known].into_iter().flatten().min()
}

#[cfg(test)]
mod tests;
