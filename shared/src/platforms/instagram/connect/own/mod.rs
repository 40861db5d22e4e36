//! Instagram's own login: one consent, one professional account, one token of 60 days that is exchanged for the next one.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::no_account;
use crate::app::App;
use crate::clock::Timestamp;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Grant;
use crate::platforms::connect::oauth::{
    AppAuth, Consent, TokenEndpoint, access_token, authorize_url, below, exchange, not_identified, renewal_token,
};
use crate::platforms::connect::{Candidate, Finish, Granted, Identity, Start, Started, codes};
use crate::platforms::facebook::connect::faults;
use crate::platforms::facebook::connect::graph::Graph;
use crate::platforms::instagram::call::INSTAGRAM_LOGIN;
use crate::platforms::instagram::errors;
use crate::secret::Secret;

/// A token has to be so old before it can be exchanged, "Refresh a long-lived token".
const YOUNGEST: Duration = Duration::from_secs(24 * 3600);

/// A long-lived token.
#[derive(Deserialize)]
struct Lasting {
    access_token: Secret<String>,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    permissions: Value,
}

/// Whose token it is: the document itself, or a list with it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Listed { data: Vec<Me> },
    Bare(Me),
}

/// An account. Its `id` is another one for each app and is not asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Me {
    user_id: Value,
    username: Option<String>,
    name: Option<String>,
    account_type: Option<String>,
}

impl Told {
    fn me(self) -> Me {
        match self {
            Self::Listed { data } => data.into_iter().next().unwrap_or_default(),
            Self::Bare(me) => me,
        }
    }
}

impl Me {
    fn is_personal(&self) -> bool {
        self.account_type.as_deref() == Some("PERSONAL")
    }

    fn identity(self) -> Option<Identity> {
        let external_id = match self.user_id {
            Value::String(id) if !id.is_empty() => id,
            Value::Number(id) => id.to_string(),
            _ => return None,
        };
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let username = given(self.username);
        let name = given(self.name).or_else(|| username.clone()).unwrap_or_else(|| external_id.clone());
        Some(Identity { external_id, name, username, variant: INSTAGRAM_LOGIN.to_owned(), scopes: None })
    }
}

impl Lasting {
    /// The one token is also what renews itself.
    fn granted(self, app: &App, scopes: Option<Vec<String>>) -> Granted {
        let now = app.clock.now().0;
        let life = self.expires_in.filter(|seconds| *seconds > 0);
        let ends_at = life.map(|seconds| now.saturating_add(seconds.saturating_mul(1000)));
        Granted {
            scopes: permissions(&self.permissions).or(scopes),
            grant: Grant::Bearer { renewal: Some(self.access_token.clone()), access_token: self.access_token },
            expires_at: ends_at,
            renewal_expires_at: ends_at,
            extends: true,
        }
    }
}

/// Permissions come as a list or as text.
fn permissions(told: &Value) -> Option<Vec<String>> {
    let texts: Vec<&str> = match told {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    let all = texts.into_iter().flat_map(|text| text.split([',', ' '])).filter(|scope| !scope.is_empty());
    let all: Vec<String> = all.map(str::to_owned).collect();
    (!all.is_empty()).then_some(all)
}

/// Where the person consents.
pub(super) fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
    let settings = &app.config.instagram;
    let page = below(&settings.web_base, "/oauth/authorize");
    authorize_url(start, &Consent { separator: ",", ..Consent::new(page, &settings.app_id, start) })
}

/// Exchanges the code for a token of an hour, and that for one of 60 days.
pub(super) async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
    let settings = &app.config.instagram;
    let endpoint = TokenEndpoint {
        url: below(&settings.token_base, "/oauth/access_token"),
        client_id: &settings.app_id,
        client_secret: &settings.app_secret,
        auth: AppAuth::Body,
        platform: "Instagram",
    };
    let short = exchange(app, &endpoint, code(finish.code), finish.callback, None).await?;
    let graph = graph(app);
    // A GET by its reference, so the token can't be told but in the address; errors don't name addresses.
    let query = [
        ("grant_type", "ig_exchange_token"),
        ("client_secret", settings.app_secret.expose()),
        ("access_token", short.access_token.expose()),
    ];
    let lasting: Lasting =
        graph.get_bare("access_token", &query, "exchange of the token").await.map_err(faults::exchange_failed)?;
    let me = ask(&graph, &lasting.access_token).await.map_err(|error| not_identified(codes::USER_INFO_FAILED, error))?;
    if me.is_personal() {
        let remedy = "make it a business or creator account in the Instagram app, then begin the login again";
        return Err(no_account("this is a personal Instagram account", remedy));
    }
    let identity = me.identity().ok_or_else(|| not_identified(codes::USER_INFO_FAILED, faults::nameless("identity")))?;
    Ok(vec![Candidate { identity, granted: lasting.granted(app, short.scopes), unusable: None }])
}

/// Exchanges the token for the next one; the earlier one lives on until its own end.
pub(super) async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
    let token = renewal_token(account, grant)?;
    let query = [("grant_type", "ig_refresh_token"), ("access_token", token.expose().as_str())];
    let renewed = graph(app).get_bare::<Lasting>("refresh_access_token", &query, "renewal of the token").await;
    let renewed = renewed.map_err(|error| too_young(error, account.granted_at, app.clock.now()));
    let renewed = renewed.map_err(faults::parameters_refused).map_err(faults::renewal_failed)?;
    Ok(renewed.granted(app, None))
}

/// Youth is refused with the code of any wrong parameter: only the token's age tells.
fn too_young(error: JobError, granted_at: Timestamp, now: Timestamp) -> JobError {
    let old_enough_at = granted_at.plus(YOUNGEST);
    if error.code != "content_refused" || now >= old_enough_at {
        return error;
    }
    let message = "Instagram renews a token only once it is 24 hours old";
    let young = JobError::new(ErrorClass::Transient, "token_too_young", message).at(old_enough_at);
    JobError { platform_message: error.platform_message, status: error.status, ..young }
}

/// Whose token it is.
pub(super) async fn verify(app: &App, grant: &Grant) -> Result<Identity, JobError> {
    let me = ask(&graph(app), access_token(grant)?).await?;
    me.identity().ok_or_else(|| faults::nameless("identity"))
}

/// No reference tells how such a grant is ended; what Facebook's login takes is tried. Where Instagram refuses that the token
/// is forgotten, and ends by itself within 60 days.
pub(super) async fn revoke(app: &App, grant: &Grant) -> Result<(), JobError> {
    match graph(app).delete(access_token(grant)?, "me/permissions", "revocation").await {
        Err(error) if !matches!(error.class, ErrorClass::Transient | ErrorClass::RateLimited) => {
            tracing::info!(error.code = error.code, "Instagram did not end a grant: its token is forgotten");
            Ok(())
        }
        other => other,
    }
}

async fn ask(graph: &Graph<'_>, token: &Secret<String>) -> Result<Me, JobError> {
    let query = [("fields", "user_id,username,name,account_type")];
    graph.get::<Told>(token, "me", &query, "identity").await.map(Told::me)
}

/// Instagram ends its callback addresses with `#_`, which does not belong to the code.
fn code(code: &str) -> &str {
    code.strip_suffix("#_").unwrap_or(code)
}

fn graph(app: &App) -> Graph<'_> {
    let settings = &app.config.instagram;
    Graph {
        app,
        base: &settings.graph_base,
        version: &settings.api_version,
        app_secret: &settings.app_secret,
        classify: errors::classify,
    }
}

#[cfg(test)]
mod tests;
