//! Meta's percentages: the closer to the limit, the slower, and never over it.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::PlatformId::Facebook;
use shared::ids::AccountId;
use shared::jobs::JobState;
use shared::limits::Outcome;
use shared::limits::table::{About, Lesson, Told};
use tests::{Stack, stack};

use super::{call, forget, make, run_all, silent, statuses, wait, waits};

/// An answer with the account's usage.
fn used(percent: f64) -> Outcome {
    Outcome { lessons: vec![Lesson { about: About::Account("account_usage"), told: Told::Used { percent } }], ..silent() }
}

/// A Page whose limit is 4,800 calls in 24 hours, of which another program has made `calls`.
async fn busy_page(stack: &Stack, calls: usize) -> anyhow::Result<AccountId> {
    let made = stack.sandbox.post("accounts", json!({ "platform": "facebook", "name": "Busy" })).await?;
    let token = made["accessToken"].as_str().context("a token")?.to_owned();
    let grant = json!({ "type": "bearer", "access_token": token });
    let page = stack::insert_account(&stack.app, &stack.workspace, Facebook, &made, &grant).await?;
    stack.sandbox.post("settings", json!({ "rateLimits": true, "facebook": { "engagedUsers": 1 } })).await?;
    let url = format!("{}/v26.0/me?fields=id", stack.sandbox.url);
    let http = reqwest::Client::builder().no_proxy().build()?;
    for _ in 0..calls {
        http.get(&url).bearer_auth(&token).send().await?.error_for_status()?;
    }
    Ok(page)
}

/// How much of its limit a Page has used, as its last answer said.
async fn usage(stack: &Stack, page: &AccountId) -> anyhow::Result<f64> {
    let shown = stack.get("/api/v1/rate-limits").await?;
    let accounts = shown["accounts"].as_array().context("accounts")?;
    let account = accounts.iter().find(|account| account["accountId"] == page.as_str()).context("the Page")?;
    let limits = account["limits"].as_array().context("limits")?;
    let usage = limits.iter().find(|limit| limit["name"] == "account_usage").context("the usage")?;
    usage["usagePercent"].as_f64().context("a percentage")
}

/// Posts per minute between the first and the last of some times in milliseconds.
fn per_minute(times: &[i64]) -> f64 {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return 0.0 };
    let minutes = Duration::from_millis(u64::try_from(last - first).unwrap_or(0)).as_secs_f64() / 60.0;
    f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX)) / minutes.max(1.0 / 60.0)
}

#[tokio::test]
async fn a_busy_page_publishes_slower_and_is_never_throttled() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("API_RATE", "0".to_owned())]).await?;
    let page = busy_page(&stack, 3500).await?;
    let submitted = stack.app.clock.now();
    for n in 0..250 {
        let body = json!({ "content": { "text": format!("busy {n}") }, "targets": [{ "accountId": page, "kind": "text" }] });
        stack.submit(&body).await?;
    }

    let jobs = run_all(&stack).await?;

    let answers = statuses(&stack, "facebook", "/feed").await?;
    let throttled = answers.iter().filter(|status| **status >= 400).count();
    let waits = waits(&stack).await?;
    let mut done: Vec<i64> = jobs.iter().filter_map(|job| Some(job.finished_at?.0)).collect();
    done.sort_unstable();
    let free = done.iter().filter(|at| **at < submitted.plus(Duration::from_secs(30)).0).count();
    let percent = usage(&stack, &page).await?;
    println!(
        "limits: {} posts on a busy Page: {} calls, at most {percent} % used, {throttled} throttled; {:.1} posts per minute before \
         75 %, {:.2} after; {} waits",
        done.len(),
        answers.len(),
        per_minute(&done[..free]),
        per_minute(&done[free..]),
        waits.len()
    );
    assert!(jobs.iter().all(|job| job.state == JobState::Completed && job.attempt == 1));
    assert_eq!((throttled, answers.len(), done.len()), (0, 250, 250));
    assert!(waits.iter().all(|code| code == "limit_reached"), "a platform's refusal came through");
    assert!((75.0..95.0).contains(&percent), "{percent}");
    assert!(per_minute(&done[..free]) > 10.0 * per_minute(&done[free..]), "it did not slow down");
    Ok(())
}

#[tokio::test]
async fn pauses_grow_with_the_percentage() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let app = &stack.app;
    let mut pauses = Vec::new();
    for percent in [74.0, 80.0, 94.0, 96.0, 100.0] {
        let account = AccountId::generate();
        make(app, call(Facebook, &account, "create post"), &used(percent)).await?;

        let result = make(app, call(Facebook, &account, "create post"), &used(percent)).await;

        pauses.push(if result.is_ok() { 0 } else { wait(app, result).1 });
    }
    assert_eq!(pauses[0], 0);
    assert!(pauses.windows(2).all(|pair| pair[0] < pair[1]), "{pauses:?}");
    assert!(pauses[3] >= 60, "{pauses:?}");
    Ok(())
}

#[tokio::test]
async fn a_time_to_regain_access_is_waited_for() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, posting) = (&stack.app, call(Facebook, &stack.facebook, "create post"));
    let until = app.clock.now().plus(Duration::from_secs(19 * 60));
    let mut throttled = used(100.0);
    throttled.lessons.push(Lesson { about: About::Account("account_usage"), told: Told::Until(until) });
    make(app, posting, &throttled).await?;

    let refused = make(app, posting, &silent()).await;

    assert_eq!(wait(app, refused), ("limit_reached", 19 * 60));
    Ok(())
}

#[tokio::test]
async fn after_a_flush_twenty_calls_go_until_an_answer_tells_the_percentage() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, posting) = (&stack.app, call(Facebook, &stack.facebook, "create post"));
    make(app, posting, &used(80.0)).await?;
    forget(app).await?;

    let mut under_way = Vec::new();
    while let Ok(pass) = app.limits.take(posting, app.clock.now()).await {
        under_way.push(pass);
    }
    let free = under_way.len();
    app.limits.learn(under_way.remove(0), &used(80.0), app.clock.now()).await;
    let known = app.limits.take(posting, app.clock.now()).await;

    assert_eq!(free, 20);
    assert_eq!(known.expect_err("at 80 % calls are spread").code, "limit_reached");
    Ok(())
}

#[tokio::test]
async fn an_app_s_throttle_holds_up_all_of_its_accounts() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.fault("facebook", "*/feed", json!({"name":"error","code":"4"})).await?;
    let job = stack.submit_text(Facebook, "the app is throttled").await?;
    stack.drain().await?;

    let other = make(&stack.app, call(Facebook, &AccountId::generate(), "create post"), &silent()).await;

    let shown: Value = stack.job(&job).await?;
    assert_eq!(shown["error"]["code"], "rate_limited", "{shown}");
    assert_eq!(wait(&stack.app, other).0, "limit_reached");
    Ok(())
}
