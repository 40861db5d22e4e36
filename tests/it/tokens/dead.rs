//! What ends a grant, and what does not.

use serde_json::json;
use shared::content::{AccountState, PlatformId};
use shared::platforms::connect;
use shared::tokens;
use tests::login::{connect_candidate, log_in};

use super::{RENEWED, connected, notices, place, refreshes, row, submit};

#[tokio::test]
async fn a_grant_that_was_taken_back_is_told_once_and_all_goes_on_after_reconnecting() -> anyhow::Result<()> {
    let (stack, account) = connected(PlatformId::X, "").await?;
    stack.sandbox.post(&format!("{}/revoke", place(&account)), json!({})).await?;
    let mut jobs = Vec::new();
    for n in 0..5 {
        jobs.push(submit(&stack, &account, &format!("post {n}")).await?);
    }

    for job in &jobs {
        let ended = stack.run_to_the_end(job).await?;
        assert_eq!(
            (ended["status"].as_str(), ended["error"]["class"].as_str()),
            (Some("blocked"), Some("auth_revoked")),
            "{ended}"
        );
    }

    assert_eq!(row(&stack, &account.id).await?.state, AccountState::NeedsReconnect);
    let told = notices(&stack).await?;
    assert_eq!(told.len(), 1, "{told:?}");
    let made = json!({ "id": account.external_id });
    let candidates = log_in(&stack.app, &stack.sandbox, (PlatformId::X, ""), &made).await?;
    let again = connect_candidate(&stack.app, &stack.workspace, PlatformId::X, &candidates[0]).await?;
    assert_eq!(again.id, account.id);
    for job in &jobs {
        let ended = stack.run_to_the_end(job).await?;
        assert_eq!(ended["status"], "completed", "{ended}");
    }
    assert_eq!(stack.sandbox.posts_saying("post ").await?.len(), 5);
    assert!(notices(&stack).await?.iter().all(|notice| notice.resolved_at.is_some()));
    Ok(())
}

#[tokio::test]
async fn no_fault_of_the_network_or_the_platform_disconnects_an_account() -> anyhow::Result<()> {
    for action in [
        json!({ "name": "reset_before" }),
        json!({ "name": "server_error", "status": 503 }),
        json!({ "name": "rate_limited", "resetAfterSeconds": 60 }),
    ] {
        let (stack, account) = connected(PlatformId::X, "").await?;
        stack.sandbox.post(&format!("{}/expire", place(&account)), json!({})).await?;
        let fault = json!({ "platform": "x", "path": "/2/oauth2/token", "count": 4, "action": action });
        stack.sandbox.plant(fault).await?;
        let job = submit(&stack, &account, "late but there").await?;

        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!((ended["status"].as_str(), ended["attempt"].as_i64()), (Some("completed"), Some(1)), "{action}: {ended}");
        assert_eq!(row(&stack, &account.id).await?.state, AccountState::Connected, "{action}");
        assert_eq!(refreshes(&stack.sandbox, &account).await?, 1, "{action}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rotated_token_whose_answer_was_lost_is_told_as_lost() -> anyhow::Result<()> {
    for (platform, path) in [(PlatformId::X, "/2/oauth2/token"), (PlatformId::Tiktok, "/v2/oauth/token/")] {
        let (stack, account) = connected(platform, "").await?;
        let fault = json!({ "platform": platform, "path": path, "action": { "name": "answer_lost" } });
        stack.sandbox.plant(fault).await?;
        let job = account.refresh_job_id.clone().expect("it is to be renewed");
        stack.app.clock.set(stack.next_wake().await?.expect("the renewal waits"));

        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!((ended["status"].as_str(), ended["error"]["code"].as_str()), (Some("failed"), Some(tokens::LOST)), "{ended}");
        assert_eq!(row(&stack, &account.id).await?.state, AccountState::NeedsReconnect, "{platform}");
        let told = notices(&stack).await?;
        assert!(told.len() == 1 && told[0].detail.contains(tokens::LOST), "{told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_costs_nothing_where_tokens_do_not_rotate() -> anyhow::Result<()> {
    for (platform, variant) in RENEWED.into_iter().filter(|(platform, _)| !matches!(platform, PlatformId::X | PlatformId::Tiktok))
    {
        let (stack, account) = connected(platform, variant).await?;
        let renewal = json!({ "platform": platform, "path": renewal_path(platform), "action": { "name": "answer_lost" } });
        stack.sandbox.plant(renewal).await?;
        let job = account.refresh_job_id.clone().expect("it is to be renewed");
        stack.app.clock.set(stack.next_wake().await?.expect("the renewal waits"));

        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!(ended["status"], "completed", "{platform}: {ended}");
        let renewed = row(&stack, &account.id).await?;
        assert_eq!((renewed.state, renewed.grant_no), (AccountState::Connected, account.grant_no + 1), "{platform}");
    }
    Ok(())
}

fn renewal_path(platform: PlatformId) -> &'static str {
    match platform {
        PlatformId::Facebook => "/v26.0/oauth/access_token",
        PlatformId::Instagram => "/refresh_access_token",
        PlatformId::Linkedin => "/oauth/v2/accessToken",
        PlatformId::Youtube => "/token",
        PlatformId::X => "/2/oauth2/token",
        PlatformId::Tiktok => "/v2/oauth/token/",
    }
}

#[tokio::test]
async fn an_account_that_was_let_go_stays_so_and_its_grant_ends_at_the_platform() -> anyhow::Result<()> {
    for (platform, variant) in RENEWED {
        let (stack, account) = connected(platform, variant).await?;
        let grant = shared::store::accounts::open_grant(&stack.app.config.keys, &account)?;
        let grant = serde_json::from_slice(&grant)?;

        let done = tokens::disconnect(&stack.app, &account).await?;

        assert!(done.revoked_at_platform, "{platform}");
        let gone = row(&stack, &account.id).await?;
        assert!(gone.disconnected_at.is_some() && gone.grant_sealed.is_empty(), "{platform}");
        let asked = connect::verify(&stack.app, platform, &grant, (&account.external_id, &account.variant)).await;
        assert!(asked.is_err(), "{platform}: the grant still works");
        // The job that would have renewed it finds nothing to do.
        stack.app.clock.set(stack.next_wake().await?.expect("the renewal waits"));
        stack.run_to_the_end(&account.refresh_job_id.clone().expect("it was to be renewed")).await?;
        assert_eq!(row(&stack, &account.id).await?, gone, "{platform}");
    }
    Ok(())
}
