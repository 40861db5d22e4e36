//! The lives of grants: renewed by one holder at a time, in time, and told about when they end.

mod concurrent;
mod dead;
mod killed;
mod renewed;

use sea_orm::EntityTrait;
use serde_json::{Value, json};
use shared::content::PlatformId;
use shared::entity::{account, notice};
use shared::ids::{AccountId, JobId};
use shared::store::accounts;
use tests::login::connect_by_login;
use tests::{Sandbox, Stack};

/// Every login whose grant can be renewed without a person.
const RENEWED: [(PlatformId, &str); 6] = [
    (PlatformId::X, ""),
    (PlatformId::Facebook, ""),
    (PlatformId::Instagram, "instagram"),
    (PlatformId::Linkedin, ""),
    (PlatformId::Tiktok, ""),
    (PlatformId::Youtube, ""),
];

/// A stack and an account on it that was connected by logging in.
async fn connected(platform: PlatformId, variant: &str) -> anyhow::Result<(Stack, account::Model)> {
    let stack = Stack::start().await?;
    // Only partners of LinkedIn are given refresh tokens; and Facebook's access to data, which nothing renews, is to outlast
    // the person's token.
    let settings = json!({ "linkedin": { "partner": true }, "facebook": { "dataAccessSeconds": 400 * 86_400 } });
    stack.sandbox.post("settings", settings).await?;
    let (account, _) = connect_by_login(&stack.app, &stack.sandbox, &stack.workspace, (platform, variant)).await?;
    Ok((stack, account))
}

async fn row(stack: &Stack, id: &AccountId) -> anyhow::Result<account::Model> {
    Ok(accounts::get(&*stack.app.db, &stack.workspace, id).await?)
}

async fn notices(stack: &Stack) -> anyhow::Result<Vec<notice::Model>> {
    Ok(notice::Entity::find().all(&*stack.app.db).await?)
}

/// Submits a text post for X.
async fn submit(stack: &Stack, account: &account::Model, text: &str) -> anyhow::Result<JobId> {
    let body = json!({ "content": { "text": text }, "targets": [{ "accountId": account.id, "kind": "text" }] });
    Ok(stack.submit(&body).await?.remove(0).job)
}

/// Renewals that the platform granted to an account, by its own count.
async fn refreshes(sandbox: &Sandbox, account: &account::Model) -> anyhow::Result<u64> {
    let listed = sandbox.get("accounts").await?;
    let known = listed["accounts"].as_array().into_iter().flatten();
    let found = known.into_iter().find(|known| is_same(known, account));
    Ok(found.and_then(|found| found["refreshes"].as_u64()).expect("the sandbox knows the account"))
}

fn is_same(known: &Value, account: &account::Model) -> bool {
    let id = known["id"].as_str().unwrap_or("-");
    known["platform"] == account.platform.to_string() && account.external_id.ends_with(id)
}

/// The name of an account in the sandbox's control routes.
fn place(account: &account::Model) -> String {
    let id = account.external_id.rsplit(':').next().unwrap_or_default();
    format!("accounts/{}/{id}", account.platform)
}
