//! Connects accounts as people do: through the platform's consent page, played by the sandbox.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use shared::app::App;
use shared::content::PlatformId;
use shared::entity::account;
use shared::ids::WorkspaceId;
use shared::platforms::connect::{self, Candidate, Finish, Start};
use shared::store::accounts;
use shared::tokens;
use url::Url;

use crate::Sandbox;

/// A new sandbox account of a platform, logged in to and connected; gives its row and what the sandbox made.
pub async fn connect_by_login(
    app: &App,
    sandbox: &Sandbox,
    workspace: &WorkspaceId,
    (platform, variant): (PlatformId, &str),
) -> anyhow::Result<(account::Model, Value)> {
    let kind = if platform == PlatformId::Instagram { variant } else { "" };
    let made = sandbox.post("accounts", json!({ "platform": platform, "name": "Ada", "variant": kind })).await?;
    let candidates = log_in(app, sandbox, (platform, variant), &made).await?;
    let id = made["id"].as_str().context("the account's id")?;
    let chosen = candidates.into_iter().find(|candidate| candidate.identity.external_id.ends_with(id));
    let chosen = chosen.with_context(|| format!("{id} is not among those that may be connected"))?;
    Ok((connect_candidate(app, workspace, platform, &chosen).await?, made))
}

/// Logs in to a sandbox account and lists what may be connected.
pub async fn log_in(
    app: &App,
    sandbox: &Sandbox,
    (platform, variant): (PlatformId, &str),
    made: &Value,
) -> anyhow::Result<Vec<Candidate>> {
    let login = connect::login(platform, variant).context("the platform has this login")?;
    let callback: Url = app.config.public_url.join(&format!("/api/v1/auth/oauth/{platform}/callback"))?;
    let started = connect::start(app, platform, &Start { login, state: "the-state", callback: &callback }).await?;
    let consent = json!({ "authorizeUrl": started.url.as_str(), "decision": "allow", "accounts": [made["id"]] });
    let back = sandbox.post("consent", consent).await?;
    let back: Url = back["redirectUrl"].as_str().context("where the browser is sent")?.parse()?;
    let value = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    ensure!(value("error").is_none(), "the sandbox refused: {back}");
    let code = value("code").or_else(|| value("oauth_verifier")).context("a code")?;
    let token = value("oauth_token").unwrap_or_default();
    let finish = Finish { login, code: &code, token: &token, secret: &started.secret, callback: &callback };
    Ok(connect::finish(app, platform, &finish).await?)
}

/// Connects what a login brought.
pub async fn connect_candidate(
    app: &App,
    workspace: &WorkspaceId,
    platform: PlatformId,
    candidate: &Candidate,
) -> anyhow::Result<account::Model> {
    let new = accounts::NewAccount {
        workspace: workspace.clone(),
        platform,
        external_id: candidate.identity.external_id.clone(),
        name: candidate.identity.name.clone(),
        username: candidate.identity.username.clone(),
        variant: candidate.identity.variant.clone(),
    };
    let row = accounts::new_row(new, app.clock.now());
    Ok(tokens::store_grant(app, &row, &candidate.identity, &candidate.granted).await?)
}
