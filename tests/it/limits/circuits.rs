//! Circuits: a platform that does not answer is left alone for a while, and tried by one call at a time.

use std::time::Duration;

use serde_json::json;
use shared::app::App;
use shared::content::PlatformId::{self, Linkedin, X};
use shared::error::ErrorClass;
use shared::ids::AccountId;
use shared::jobs::JobState;
use tests::Stack;

use super::{call, failed, make, run_all, silent, wait, waits};

/// Lets so many calls of an account fail.
async fn fail(app: &App, platform: PlatformId, account: &AccountId, times: usize) -> anyhow::Result<()> {
    for _ in 0..times {
        make(app, call(platform, account, "create post"), &failed()).await?;
    }
    Ok(())
}

/// A platform's circuit as its accounts' owner sees it.
async fn app_circuit(stack: &Stack, platform: &str) -> anyhow::Result<String> {
    let shown = stack.get("/api/v1/rate-limits").await?;
    let apps = shown["apps"].as_array().cloned().unwrap_or_default();
    let app = apps.iter().find(|app| app["platform"] == platform);
    Ok(app.map_or_else(String::new, |app| app["circuit"]["state"].as_str().unwrap_or_default().to_owned()))
}

#[tokio::test]
async fn ten_failures_open_an_account_s_circuit_and_one_success_closes_it() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, account) = (&stack.app, stack.account(Linkedin));
    let posting = call(Linkedin, account, "create post");
    fail(app, Linkedin, account, 10).await?;

    let open = app.limits.take(posting, app.clock.now()).await.expect_err("the circuit is open");
    let until = open.retry_at.expect("a time").since(app.clock.now());
    let other = make(app, call(Linkedin, &AccountId::generate(), "create post"), &silent()).await;

    assert_eq!((open.class, open.code, until), (ErrorClass::NotReady, "circuit_open", Duration::from_secs(30)));
    assert!(other.is_ok());
    stack.advance(Duration::from_secs(30));
    let probe = app.limits.take(posting, app.clock.now()).await?;
    assert_eq!(wait(app, make(app, posting, &silent()).await), ("circuit_open", 5));
    app.limits.learn(probe, &silent(), app.clock.now()).await;
    make(app, posting, &silent()).await?;
    Ok(())
}

#[tokio::test]
async fn each_probe_that_fails_doubles_the_wait_up_to_ten_minutes() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, account) = (&stack.app, stack.account(Linkedin));
    fail(app, Linkedin, account, 10).await?;

    let mut pauses = Vec::new();
    for _ in 0..7 {
        let pause = wait(app, make(app, call(Linkedin, account, "create post"), &silent()).await).1;
        pauses.push(pause);
        stack.advance(Duration::from_secs(pause));
        fail(app, Linkedin, account, 1).await?;
    }

    assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
    let counters = {
        app.count_once().await;
        app.queue.read_meter().await?
    };
    let openings = counters.iter().find(|(name, _)| name.starts_with("pressroom_circuit_openings_total"));
    assert_eq!(openings.map(|(_, count)| *count), Some(8.0), "{counters:?}");
    Ok(())
}

#[tokio::test]
async fn answers_between_failures_keep_a_circuit_closed() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = stack.account(Linkedin);
    for _ in 0..5 {
        fail(&stack.app, Linkedin, account, 9).await?;
        make(&stack.app, call(Linkedin, account, "create post"), &silent()).await?;
    }

    assert_eq!(app_circuit(&stack, "linkedin").await?, "closed");
    Ok(())
}

#[tokio::test]
async fn twenty_failures_of_three_accounts_open_the_platform_s_circuit() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let app = &stack.app;
    let accounts: Vec<AccountId> = (0..3).map(|_| AccountId::generate()).collect();
    for account in &accounts {
        fail(app, Linkedin, account, 6).await?;
    }
    let before = app_circuit(&stack, "linkedin").await?;

    fail(app, Linkedin, &accounts[0], 1).await?;
    fail(app, Linkedin, &accounts[1], 1).await?;

    let own = make(app, call(Linkedin, stack.account(Linkedin), "create post"), &silent()).await;
    assert_eq!((before.as_str(), app_circuit(&stack, "linkedin").await?.as_str()), ("closed", "open"));
    assert_eq!(wait(app, own), ("circuit_open", 30));
    let metrics = stack.anonymous(reqwest::Method::GET, "/metrics").send().await?.text().await?;
    assert!(metrics.contains("pressroom_circuit_open{platform=\"linkedin\"} 1"), "{metrics}");
    assert!(metrics.contains("pressroom_circuit_open{platform=\"x\"} 0"), "{metrics}");
    stack.advance(Duration::from_secs(30));
    assert_eq!(app_circuit(&stack, "linkedin").await?, "half_open");
    make(app, call(Linkedin, stack.account(Linkedin), "create post"), &silent()).await?;
    assert_eq!(app_circuit(&stack, "linkedin").await?, "closed");
    Ok(())
}

#[tokio::test]
async fn an_outage_is_waited_out_with_few_calls_and_every_post_comes_once() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.plant(json!({"platform":"x","path":"/2/*","count":1000,"action":{"name":"server_error"}})).await?;
    for n in 0..12 {
        stack.submit_text(X, &format!("outage {n}")).await?;
    }
    let began = stack.app.clock.now();
    let outage = Duration::from_secs(600);
    stack.drain().await?;
    while let Some(next) = stack.next_wake().await?.filter(|next| next.since(began) < outage) {
        stack.app.clock.set(next.max(stack.app.clock.now()));
        stack.drain().await?;
    }
    let calls = stack.sandbox.requests("x").await?.len();

    stack.sandbox.heal().await?;
    let jobs = run_all(&stack).await?;

    let posts = stack.sandbox.posts().await?;
    println!("limits: {calls} calls in an outage of 10 min with 12 posts waiting");
    // Twelve at once, then one each after 30, 60, 120, 240 s.
    assert!((12..=17).contains(&calls), "{calls}");
    assert!(jobs.iter().all(|job| job.state == JobState::Completed), "{jobs:?}");
    assert_eq!(posts.len(), 12);
    assert!(waits(&stack).await?.contains(&"circuit_open".to_owned()));
    Ok(())
}
