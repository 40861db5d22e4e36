//! One person's consent on Facebook, on which accounts of several workspaces live.

use std::time::Duration;

use serde_json::json;
use shared::content::PlatformId::Facebook;
use shared::entity::account;
use shared::platforms::{Grant, connect};
use shared::store::{accounts, workspaces};
use shared::tokens;
use tests::Stack;
use tests::login::{connect_candidate, log_in};

async fn current(stack: &Stack, account: &account::Model) -> anyhow::Result<(account::Model, Grant)> {
    let row = accounts::get(&*stack.app.db, &account.workspace_id, &account.id).await?;
    let grant = serde_json::from_slice(&accounts::open_grant(&stack.app.config.keys, &row)?)?;
    Ok((row, grant))
}

#[tokio::test]
async fn a_consent_ends_with_the_last_account_that_lives_on_it() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let made = |variant: &str| json!({ "platform": "facebook", "variant": variant, "person": "Grace", "name": "Grace" });
    let person = stack.sandbox.post("accounts", made("user")).await?;
    for _ in 0..2 {
        stack.sandbox.post("accounts", made("")).await?;
    }
    let candidates = log_in(&stack.app, &stack.sandbox, (Facebook, ""), &person).await?;
    let elsewhere = workspaces::insert(&*stack.app.db, "Elsewhere", stack.app.clock.now()).await?;
    let here = connect_candidate(&stack.app, &stack.workspace, Facebook, &candidates[0]).await?;
    let there = connect_candidate(&stack.app, &elsewhere, Facebook, &candidates[1]).await?;
    // Each renews for itself, so that no token tells any more that they belong together.
    stack.advance(Duration::from_secs(50 * 86_400));
    stack.drain().await?;
    let ((here, one), (there, other)) = (current(&stack, &here).await?, current(&stack, &there).await?);
    assert_ne!(one, other);

    let first = tokens::disconnect(&stack.app, &here).await?;
    let hint = (there.external_id.as_str(), there.variant.as_str());
    let still = connect::verify(&stack.app, Facebook, &other, hint).await;
    let last = tokens::disconnect(&stack.app, &there).await?;

    assert!(!first.revoked_at_platform && last.revoked_at_platform, "{first:?} {last:?}");
    assert_eq!(still.map(|identity| identity.external_id), Ok(there.external_id.clone()));
    assert!(connect::verify(&stack.app, Facebook, &other, hint).await.is_err());
    Ok(())
}
