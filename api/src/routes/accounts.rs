//! Accounts: what is connected, what a login offers, and letting an account go.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use shared::app::App;
use shared::entity::account;
use shared::ids::{AccountId, WorkspaceId};
use shared::store::accounts;
use shared::tokens;

use super::account_view::Account;
use super::choice::{self, Candidates, ChosenAccounts};
use super::jobs::parse;
use super::oauth::platform_of;
use super::{LIMIT_DEFAULT, LIMIT_MAX, Tag, refusal};
use crate::auth::ApiKey;
use crate::body::Body;
use crate::problem::ApiError;

/// Accounts that a choice connected.
#[derive(Debug, Clone, Object)]
pub struct ConnectedAccounts {
    /// The accounts, in the order in which they were chosen.
    pub accounts: Vec<Account>,
}

/// A page of accounts, newest first.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct AccountPage {
    /// The accounts.
    pub data: Vec<Account>,
    /// Send it as `cursor` for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

/// An account that was let go.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct LetGo {
    /// The account. Its row stays for the posts that it published.
    pub account: Account,
    /// Whether the platform ended the grant too; absent when the account had been let go before.
    pub revoked_at_platform: Option<bool>,
    /// Posts that wait for this account and will not go out unless it is connected again.
    pub waiting_posts: i64,
    /// What is left to do, if anything is.
    pub remedy: Option<String>,
}

/// The routes of accounts.
pub struct Accounts;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl Accounts {
    /// Connects what a person chose from a login; an account that is known gets the new grant. Repeating it is harmless.
    #[oai(path = "/accounts", method = "post", operation_id = "connectAccounts")]
    async fn create(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        body: Body<ChosenAccounts>,
    ) -> Result<Json<ConnectedAccounts>, ApiError> {
        let caller = key.allow("accounts:write")?;
        let connected = choice::connect(&app, &caller.workspace, &body.value).await?;
        Ok(Json(ConnectedAccounts { accounts: connected.iter().map(|row| Account::new(&app, row)).collect() }))
    }

    /// Lists accounts, newest first, with all that puts their posts at risk.
    #[oai(path = "/accounts", method = "get", operation_id = "listAccounts")]
    #[expect(clippy::too_many_arguments, reason = "each filter is a parameter of its own in the API's document")]
    async fn list(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// Only those of this platform.
        platform: Query<Option<String>>,
        /// `nextCursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows per page, 1 to 100.
        #[oai(validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<Option<u32>>,
    ) -> Result<Json<AccountPage>, ApiError> {
        let caller = key.allow("accounts:read")?;
        let platform = platform.0.as_deref().map(platform_of).transpose()?;
        let before: Option<AccountId> = parse("cursor", cursor.0)?;
        let limit = limit.0.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        let wanted = (platform, before.as_ref());
        let mut rows = accounts::list(&*app.db, &caller.workspace, wanted, Some(u64::from(limit) + 1)).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
        Ok(Json(AccountPage { data: rows.iter().map(|row| Account::new(&app, row)).collect(), next_cursor }))
    }

    /// Shows what a login brought, to the person who began it.
    #[oai(path = "/accounts/candidates", method = "get", operation_id = "listCandidates")]
    async fn candidates(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The login, as the front end's address named it.
        #[oai(name = "connectionId")]
        connection_id: Query<String>,
        /// Who looks, as the front end names people.
        person: Query<String>,
    ) -> Result<Json<Candidates>, ApiError> {
        let caller = key.allow("accounts:write")?;
        Ok(Json(choice::show(&app, &caller.workspace, &connection_id, &person).await?))
    }

    /// Shows an account.
    #[oai(path = "/accounts/:id", method = "get", operation_id = "getAccount")]
    async fn get(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The account's id.
        id: Path<String>,
    ) -> Result<Json<Account>, ApiError> {
        let caller = key.allow("accounts:read")?;
        Ok(Json(Account::new(&app, &found(&app, &caller.workspace, &id).await?)))
    }

    /// Lets an account go: its grant is ended at the platform and forgotten here, for good.
    #[oai(path = "/accounts/:id", method = "delete", operation_id = "disconnectAccount")]
    async fn disconnect(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The account's id.
        id: Path<String>,
    ) -> Result<Json<LetGo>, ApiError> {
        let caller = key.allow("accounts:write")?;
        let row = found(&app, &caller.workspace, &id).await?;
        Ok(Json(let_go(&app, &row).await?))
    }
}

/// The workspace's account with this id.
pub async fn found(app: &App, workspace: &WorkspaceId, id: &str) -> Result<account::Model, ApiError> {
    let unknown = || ApiError::not_found("account");
    let id = id.parse().map_err(|_| unknown())?;
    accounts::find(&*app.db, workspace, &id).await?.ok_or_else(unknown)
}

/// Lets an account go, unless it was before.
pub async fn let_go(app: &App, row: &account::Model) -> Result<LetGo, ApiError> {
    if row.disconnected_at.is_some() {
        return Ok(LetGo { account: Account::new(app, row), revoked_at_platform: None, waiting_posts: 0, remedy: None });
    }
    let done = tokens::disconnect(app, row).await.map_err(|error| refusal::of(&error))?;
    let row = accounts::get(&*app.db, &row.workspace_id, &row.id).await?;
    let remedy = (!done.revoked_at_platform).then(|| {
        format!(
            "the grant is forgotten here, but {} did not end it: remove this app in the account's settings there",
            row.platform
        )
    });
    Ok(LetGo {
        account: Account::new(app, &row),
        revoked_at_platform: Some(done.revoked_at_platform),
        waiting_posts: done.waiting_posts,
        remedy,
    })
}
