//! A person who logged in with Facebook: the token that Pages' tokens come from, how long it lasts, and their Pages.
//!
//! A person's token lives about 60 days and is exchanged for the next one while it lives; a Page's token that came from it
//! has no end of its own. Access to data ends 90 days after the person was last seen by the app, and no exchange moves that.

use serde::Deserialize;
use serde_json::Value;

use super::faults;
use super::graph::Graph;
use super::pages::{self, Page};
use crate::clock::Timestamp;
use crate::content::PlatformId;
use crate::entity::account;
use crate::error::JobError;
use crate::platforms::Grant;
use crate::platforms::connect::oauth::{Consent, authorize_url, below};
use crate::platforms::connect::{Finish, Granted, Start, Started};
use crate::platforms::facebook::wire;
use crate::secret::Secret;
use crate::store::accounts;

/// The variant of Instagram accounts that live on consents of Instagram's own.
const OWN_LOGIN: &str = "instagram";

/// A person's long-lived token.
#[derive(Debug)]
pub(in crate::platforms) struct Person {
    /// The token.
    pub(in crate::platforms) token: Secret<String>,
    /// When it ends, in milliseconds since the epoch.
    ends_at: Option<i64>,
    /// When access to data ends, likewise.
    data_ends_at: Option<i64>,
    scopes: Option<Scopes>,
}

/// An answer of the token endpoint.
#[derive(Deserialize)]
struct Issued {
    access_token: Secret<String>,
    #[serde(default)]
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct Debugged {
    data: Inspected,
}

/// What `debug_token` tells of a token. An end of 0 means none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::platforms) struct Inspected {
    expires_at: i64,
    data_access_expires_at: i64,
    /// The Page, of a Page's token.
    #[serde(deserialize_with = "wire::id")]
    profile_id: Option<String>,
    #[serde(flatten)]
    scopes: Option<Scopes>,
}

/// What was granted, and for what: a person may give a scope for some Pages only.
#[derive(Debug, Clone, Deserialize)]
struct Scopes {
    scopes: Vec<String>,
    #[serde(default)]
    granular_scopes: Vec<Granular>,
}

#[derive(Debug, Clone, Deserialize)]
struct Granular {
    scope: String,
    /// Absent when the scope was given for everything.
    #[serde(default)]
    target_ids: Option<Vec<Value>>,
}

impl Scopes {
    /// Those that were granted for a thing with one of these ids.
    fn of(&self, ids: &[&str]) -> Vec<String> {
        let meant = |target: &Value| match target {
            Value::String(id) => ids.contains(&id.as_str()),
            number => ids.contains(&number.to_string().as_str()),
        };
        let given_elsewhere = |scope: &String| {
            let narrowed = self.granular_scopes.iter().filter(|granular| granular.scope == *scope);
            narrowed.filter_map(|granular| granular.target_ids.as_ref()).any(|targets| !targets.iter().any(meant))
        };
        self.scopes.iter().filter(|scope| !given_elsewhere(scope)).cloned().collect()
    }
}

impl Inspected {
    /// The scopes for a thing with one of these ids.
    pub(in crate::platforms) fn scopes_of(&self, ids: &[&str]) -> Option<Vec<String>> {
        let ids: Vec<&str> = ids.iter().copied().chain(self.profile_id.as_deref()).collect();
        self.scopes.as_ref().map(|scopes| scopes.of(&ids))
    }
}

impl Person {
    /// The right to act for a Page, or for what is linked to it; `ids` are theirs.
    ///
    /// Once access to data ends before the person's token does, exchanging that gains nothing and only a person can help.
    pub(in crate::platforms) fn grant(&self, page_token: &Secret<String>, ids: &[&str]) -> Granted {
        let extends = match (self.ends_at, self.data_ends_at) {
            (Some(end), Some(data_end)) => end <= data_end,
            (None, Some(_)) => false,
            (_, None) => true,
        };
        Granted {
            grant: Grant::Bearer { access_token: page_token.clone(), renewal: Some(self.token.clone()) },
            scopes: self.scopes.as_ref().map(|scopes| scopes.of(ids)),
            expires_at: [self.ends_at, self.data_ends_at].into_iter().flatten().min(),
            renewal_expires_at: self.ends_at,
            extends,
        }
    }

    /// Whether the person granted a scope, or nobody tells.
    pub(super) fn may(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.scopes.iter().any(|granted| granted == scope))
    }
}

/// Where a person consents: Facebook's dialog, for Pages and for the Instagram accounts behind them. `config_id` stands for
/// the scopes where the app has such a configuration.
pub(in crate::platforms) fn dialog(graph: &Graph<'_>, start: &Start<'_>, config_id: &str) -> Result<Started, JobError> {
    let settings = &graph.app.config.facebook;
    let page = below(&settings.web_base, &format!("/{}/dialog/oauth", graph.version));
    let usual = Consent { separator: ",", ..Consent::new(page, &settings.app_id, start) };
    // What was declined before is asked for again only when the dialog is told to.
    let again = [("auth_type", "rerequest")];
    let configured = [("config_id", config_id)];
    let consent = match config_id {
        "" => Consent { extra: &again, ..usual },
        _ => Consent { scopes: &[], extra: &configured, ..usual },
    };
    authorize_url(start, &consent)
}

/// Exchanges the code of a consent for the person's long-lived token.
pub(in crate::platforms) async fn arrive(graph: &Graph<'_>, finish: &Finish<'_>) -> Result<Person, JobError> {
    // Facebook ends its addresses with this mark, which belongs to the page and not to the code.
    let code = finish.code.trim_end_matches("#_=_");
    let form = [("redirect_uri", finish.callback.as_str()), ("code", code)];
    let short = issue(graph, &form, "exchange of the code").await.map_err(faults::exchange_failed)?;
    extend(graph, &short.access_token).await.map_err(faults::exchange_failed)
}

/// Exchanges a person's token, short-lived or long-lived, for one that lives about 60 days from now.
pub(in crate::platforms) async fn extend(graph: &Graph<'_>, token: &Secret<String>) -> Result<Person, JobError> {
    let form = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", token.expose().as_str())];
    let issued = issue(graph, &form, "exchange of the token").await.map_err(faults::parameters_refused)?;
    let inspected = inspect(graph, &issued.access_token).await;
    let scopes = match inspected.as_ref().and_then(|inspected| inspected.scopes.clone()) {
        Some(scopes) => Some(scopes),
        None => permissions(graph, &issued.access_token).await,
    };
    let now = graph.app.clock.now();
    let told = inspected.as_ref().and_then(|inspected| instant(inspected.expires_at));
    let counted =
        issued.expires_in.filter(|seconds| *seconds > 0).map(|seconds| now.0.saturating_add(seconds.saturating_mul(1000)));
    let data_ends_at = inspected.as_ref().and_then(|inspected| instant(inspected.data_access_expires_at));
    Ok(Person { token: issued.access_token, ends_at: told.or(counted), data_ends_at, scopes })
}

/// A moment that is told in seconds, 0 for none.
fn instant(seconds: i64) -> Option<i64> {
    (seconds > 0).then(|| Timestamp::from_unix_seconds(seconds).0)
}

async fn issue(graph: &Graph<'_>, form: &[(&str, &str)], what: &str) -> Result<Issued, JobError> {
    let settings = &graph.app.config.facebook;
    let app = [("client_id", settings.app_id.as_str()), ("client_secret", settings.app_secret.expose())];
    let form: Vec<(&str, &str)> = app.into_iter().chain(form.iter().copied()).collect();
    graph.post("oauth/access_token", &form, what).await
}

/// What a token is, as far as Facebook tells: nobody depends on it.
pub(in crate::platforms) async fn inspect(graph: &Graph<'_>, token: &Secret<String>) -> Option<Inspected> {
    let settings = &graph.app.config.facebook;
    let secret = settings.app_secret.expose();
    let asking = if secret.is_empty() { token.clone() } else { Secret::new(format!("{}|{secret}", settings.app_id)) };
    // This one token can't be told but in the address; errors don't name addresses.
    let query = [("input_token", token.expose().as_str())];
    match graph.get::<Debugged>(&asking, "debug_token", &query, "look at the token").await {
        Ok(debugged) => Some(debugged.data),
        Err(error) => {
            tracing::info!(error.code = error.code, "Facebook does not tell what a token is");
            None
        }
    }
}

/// A scope that the person was asked for.
#[derive(Deserialize)]
struct Permission {
    permission: String,
    status: String,
}

/// What the person granted, as far as Facebook tells.
async fn permissions(graph: &Graph<'_>, token: &Secret<String>) -> Option<Scopes> {
    let listed: Vec<Permission> = pages::list(graph, token, ("me/permissions", "permission,status")).await.ok()?;
    let granted = listed.into_iter().filter(|known| known.status == "granted").map(|known| known.permission);
    Some(Scopes { scopes: granted.collect(), granular_scopes: Vec::new() })
}

/// A Page's token outlives the person's: whether it still works, and until when. Then only a person can renew it.
pub(in crate::platforms) async fn outlived(
    graph: &Graph<'_>,
    page_token: &Secret<String>,
    ids: &[&str],
) -> Result<Granted, JobError> {
    let alive = graph.get::<Page>(page_token, "me", &[("fields", "id")], "check of the Page's token").await;
    alive.map_err(faults::renewal_failed)?;
    let inspected = inspect(graph, page_token).await.unwrap_or_default();
    let ends = [instant(inspected.expires_at), instant(inspected.data_access_expires_at)];
    Ok(Granted {
        grant: Grant::Bearer { access_token: page_token.clone(), renewal: None },
        scopes: inspected.scopes_of(ids),
        expires_at: ends.into_iter().flatten().min(),
        renewal_expires_at: None,
        extends: false,
    })
}

/// Takes the app off a person's account, and with it everything that the person gave free: so not before the last account
/// that lives on it.
pub(in crate::platforms) async fn revoke(
    graph: &Graph<'_>,
    token: &Secret<String>,
    account: &account::Model,
) -> Result<(), JobError> {
    let person = Person { token: token.clone(), ends_at: None, data_ends_at: None, scopes: None };
    let pages = match pages::list_all(graph, &person, pages::LINKED_FIELDS).await {
        Ok(pages) => pages,
        Err(error) => return faults::ended(Err(error)),
    };
    let page_ids: Vec<&str> = pages.iter().filter_map(|page| page.id.as_deref()).collect();
    let linked: Vec<&str> = pages.iter().filter_map(|page| page.instagram_business_account.as_ref()?.id.as_deref()).collect();
    for (platform, ids) in [(PlatformId::Facebook, page_ids), (PlatformId::Instagram, linked)] {
        let alive = accounts::list_alive(&*graph.app.db, platform, &ids).await?;
        if alive.iter().any(|other| other.id != account.id && other.variant != OWN_LOGIN) {
            return Err(faults::shared());
        }
    }
    faults::ended(graph.delete(token, "me/permissions", "revocation").await)
}

#[cfg(test)]
impl Person {
    /// A person whose token and whose access to data end at these moments.
    pub(in crate::platforms) fn until(ends_at: Option<i64>, data_ends_at: Option<i64>) -> Self {
        Self { token: Secret::new("person".to_owned()), ends_at, data_ends_at, scopes: None }
    }
}
