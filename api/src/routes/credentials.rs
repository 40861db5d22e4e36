//! Accounts in the shape that front ends group them by, grants that somebody brings along, and asking a platform now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::{AccountState, PlatformId};
use shared::entity::account;
use shared::error::{ErrorClass, ErrorRecord, JobError};
use shared::ids::WorkspaceId;
use shared::platforms::Grant;
use shared::platforms::connect::{self, Granted, Identity, Renewal};
use shared::store::accounts;
use shared::tokens;

use super::account_view::{Account, Reason};
use super::accounts::{LetGo, found, let_go};
use super::grant_body::{NewCredential, grant_of};
use super::oauth::platform_of;
use super::{Tag, refusal};
use crate::auth::ApiKey;
use crate::body::Body;
use crate::problem::ApiError;

/// All accounts of a workspace, by platform.
#[derive(Debug, Clone, Object)]
pub struct Credentials {
    /// The accounts of each platform, newest first; every platform is there.
    pub data: BTreeMap<String, Vec<Account>>,
}

/// How the accounts of a workspace stand, by platform.
#[derive(Debug, Clone, Object)]
pub struct CredentialsStatus {
    /// Every platform.
    pub data: BTreeMap<String, PlatformStatus>,
}

/// How the accounts of a platform stand.
#[derive(Debug, Clone, Object)]
pub struct PlatformStatus {
    /// Whether there is an account that can be published on.
    pub connected: bool,
    /// The accounts.
    pub accounts: Vec<AccountStatus>,
}

/// How an account stands.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct AccountStatus {
    /// The id.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// connected, needs_reconnect or disconnected.
    pub state: String,
    /// When the access token ends.
    pub expires_at: Option<String>,
    /// The scopes that publishing needs and that were not granted.
    pub scopes_missing: Vec<String>,
    /// Whether anything stands in the way of its posts, now or soon.
    pub at_risk: bool,
    /// What that is.
    pub reasons: Vec<Reason>,
}

impl From<Account> for AccountStatus {
    fn from(account: Account) -> Self {
        let Account { id, name, state, expires_at, scopes_missing, at_risk, reasons, .. } = account;
        Self { id, name, state, expires_at, scopes_missing, at_risk, reasons }
    }
}

/// What a platform says of an account at this moment.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Verified {
    /// Whether the platform knows the grant as this account's.
    pub valid: bool,
    /// The account; its scopes are those that the platform told, where it tells them.
    pub account: Account,
    /// What is wrong, when something is.
    pub problem: Option<Reason>,
}

/// Accounts of a platform that were let go.
#[derive(Debug, Clone, Object)]
pub struct AllLetGo {
    /// The accounts.
    pub data: Vec<LetGo>,
}

/// The routes of credentials.
pub struct CredentialRoutes;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl CredentialRoutes {
    /// Connects an account by a grant that somebody brings along, after its platform has said whose it is.
    #[oai(path = "/credentials", method = "post", operation_id = "addCredential")]
    async fn create(&self, key: ApiKey, app: Data<&Arc<App>>, body: Body<NewCredential>) -> Result<Json<Account>, ApiError> {
        let caller = key.allow("accounts:write")?;
        let new = body.value;
        let platform = platform_of(&new.platform)?;
        let grant = grant_of(platform, &new.grant)?;
        let expires_at = new.expires_at.as_deref().map(instant).transpose()?;
        let hint = (new.external_id.as_deref().unwrap_or_default(), new.variant.as_deref().unwrap_or_default());
        let identity = connect::verify(&app, platform, &grant, hint).await.map_err(|error| refusal::of(&error))?;
        if !hint.0.is_empty() && hint.0 != identity.external_id {
            return Err(refusal::account_mismatch(("the account asked for", hint.0), (&identity.name, &identity.external_id)));
        }
        let row = row_of(&app, caller.workspace, platform, &identity).await?;
        let expires_at = expires_at.map(|at| at.0);
        let granted = Granted { grant, scopes: identity.scopes.clone(), expires_at, renewal_expires_at: None, extends: true };
        let stored = tokens::store_grant(&app, &row, &identity, &granted).await.map_err(|error| refusal::of(&error))?;
        Ok(Json(Account::new(&app, &stored)))
    }

    /// Lists all accounts by platform.
    #[oai(path = "/credentials", method = "get", operation_id = "listCredentials")]
    async fn list(&self, key: ApiKey, app: Data<&Arc<App>>) -> Result<Json<Credentials>, ApiError> {
        let caller = key.allow("accounts:read")?;
        Ok(Json(Credentials { data: by_platform(&app, &caller.workspace).await? }))
    }

    /// Tells for each platform whether it is connected, and how its accounts stand.
    #[oai(path = "/credentials/status", method = "get", operation_id = "getCredentialsStatus")]
    async fn status(&self, key: ApiKey, app: Data<&Arc<App>>) -> Result<Json<CredentialsStatus>, ApiError> {
        let caller = key.allow("accounts:read")?;
        let grouped = by_platform(&app, &caller.workspace).await?.into_iter().map(|(platform, accounts)| {
            let connected = accounts.iter().any(|account| account.state == <&str>::from(AccountState::Connected));
            (platform, PlatformStatus { connected, accounts: accounts.into_iter().map(AccountStatus::from).collect() })
        });
        Ok(Json(CredentialsStatus { data: grouped.collect() }))
    }

    /// Asks the platform now whether an account's grant is good.
    #[oai(path = "/social/:platform/verify", method = "get", operation_id = "verifyAccount")]
    async fn verify(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The platform.
        platform: Path<String>,
        /// The account.
        #[oai(name = "accountId")]
        account_id: Query<String>,
    ) -> Result<Json<Verified>, ApiError> {
        let caller = key.allow("accounts:read")?;
        let row = account_on(&app, &caller.workspace, platform_of(&platform)?, &account_id).await?;
        Ok(Json(ask(&app, &row).await?))
    }

    /// Lets all accounts of a platform go, or one of them.
    #[oai(path = "/credentials/:platform/disconnect", method = "delete", operation_id = "disconnectPlatform")]
    async fn disconnect(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The platform.
        platform: Path<String>,
        /// Only this account.
        #[oai(name = "accountId")]
        account_id: Query<Option<String>>,
    ) -> Result<Json<AllLetGo>, ApiError> {
        let caller = key.allow("accounts:write")?;
        let platform = platform_of(&platform)?;
        let rows = match account_id.0 {
            Some(id) => vec![account_on(&app, &caller.workspace, platform, &id).await?],
            None => accounts::list(&*app.db, &caller.workspace, (Some(platform), None), None).await?,
        };
        let named = rows.len() == 1;
        let mut data = Vec::new();
        for row in rows.iter().filter(|row| named || row.disconnected_at.is_none()) {
            data.push(let_go(&app, row).await?);
        }
        Ok(Json(AllLetGo { data }))
    }
}

async fn by_platform(app: &App, workspace: &WorkspaceId) -> Result<BTreeMap<String, Vec<Account>>, ApiError> {
    let mut grouped: BTreeMap<String, Vec<Account>> =
        PlatformId::ALL.iter().map(|platform| (platform.to_string(), Vec::new())).collect();
    for row in accounts::list(&*app.db, workspace, (None, None), None).await? {
        grouped.entry(row.platform.to_string()).or_default().push(Account::new(app, &row));
    }
    Ok(grouped)
}

/// The workspace's account with this id, if it is on this platform.
async fn account_on(app: &App, workspace: &WorkspaceId, platform: PlatformId, id: &str) -> Result<account::Model, ApiError> {
    let row = found(app, workspace, id).await?;
    if row.platform == platform { Ok(row) } else { Err(ApiError::not_found("account")) }
}

fn instant(text: &str) -> Result<Timestamp, ApiError> {
    let read = DateTime::parse_from_rfc3339(text).map(|at| Timestamp::from(at.with_timezone(&Utc)));
    read.map_err(|_| {
        ApiError::field("/expiresAt", "invalid_time", "give a time with its offset as in `2026-12-01T09:30:00+01:00`")
    })
}

/// The row that a grant goes to: the known account's, or a new one.
async fn row_of(
    app: &App,
    workspace: WorkspaceId,
    platform: PlatformId,
    identity: &Identity,
) -> Result<account::Model, ApiError> {
    if let Some(known) = accounts::find_by_external_id(&*app.db, &workspace, platform, &identity.external_id).await? {
        return Ok(known);
    }
    let Identity { external_id, name, username, variant, scopes: _ } = identity.clone();
    Ok(accounts::new_row(accounts::NewAccount { workspace, platform, external_id, name, username, variant }, app.clock.now()))
}

/// Asks the platform whose grant it is. An answer that the grant is dead marks the account; no answer changes nothing.
async fn ask(app: &App, row: &account::Model) -> Result<Verified, ApiError> {
    if row.disconnected_at.is_some() {
        let account = Account::new(app, row);
        let problem = account.reasons.first().cloned();
        return Ok(Verified { valid: false, account, problem });
    }
    let opened = accounts::open_grant(&app.config.keys, row).map_err(|error| refusal::unsealable(&error))?;
    let grant: Grant = serde_json::from_slice(&opened).map_err(|_| refusal::unsealable(&shared::secret::SecretError::Broken))?;
    let answer = connect::verify(app, row.platform, &grant, (&row.external_id, &row.variant)).await;
    let now = app.clock.now();
    let problem = match answer.map_err(|error| aged(error, now.since(row.granted_at))) {
        Ok(identity) if identity.external_id != row.external_id => Some(stranger(&identity)),
        Ok(identity) => {
            if let Some(scopes) = identity.scopes {
                accounts::save_scopes(&*app.db, row, &scopes.join(" "), now).await?;
            }
            None
        }
        Err(error) if error.class == ErrorClass::AuthExpired && connect::renewal(row.platform, &grant) != Renewal::Never => {
            Some(error.remedy("nothing to do: it is renewed by itself before its next use"))
        }
        Err(error) if matches!(error.class, ErrorClass::AuthExpired | ErrorClass::AuthRevoked) => {
            tokens::mark_dead(app, row, &error).await.map_err(|error| refusal::of(&error))?;
            Some(error)
        }
        Err(error) if error.class == ErrorClass::Rejected => Some(error),
        Err(error) => return Err(refusal::of(&error)),
    };
    let row = accounts::get(&*app.db, &row.workspace_id, &row.id).await?;
    let problem = problem.map(|error| Reason::from(ErrorRecord::from(&error)));
    Ok(Verified { valid: problem.is_none(), account: Account::new(app, &row), problem })
}

/// For how long a platform may not know a token that it gave. Source: LinkedIn, where seconds were seen.
const UNKNOWN_MAX: Duration = Duration::from_secs(60);

/// A token that its platform calls unknown is a new one, or a dead one: its age tells.
fn aged(error: JobError, age: Duration) -> JobError {
    if error.code != "token_not_ready" || age < UNKNOWN_MAX {
        return error;
    }
    let dead = JobError::new(ErrorClass::AuthRevoked, "token_refused", "the platform does not know the token any more");
    JobError { platform_message: error.platform_message, status: error.status, ..dead }
}

fn stranger(identity: &Identity) -> JobError {
    let message = format!("the grant belongs to `{}` (`{}`)", identity.name, identity.external_id);
    JobError::new(ErrorClass::Rejected, "account_mismatch", message).remedy("reconnect the account")
}
