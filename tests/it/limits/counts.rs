//! Limits that are counted: by headers where there are some, by documented defaults where there are none.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use shared::app::App;
use shared::content::PlatformId::{Linkedin, Tiktok, X, Youtube};
use shared::error::ErrorClass;
use shared::jobs::JobState;
use shared::limits::Outcome;
use shared::limits::table::{About, Lesson, Told};
use tests::Stack;

use super::{call, forget, left, make, run_all, silent, statuses, wait, waits};

const QUARTER: Duration = Duration::from_secs(15 * 60);

#[tokio::test]
async fn a_burst_waits_for_the_next_window_and_is_never_refused() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("API_RATE", "0".to_owned())]).await?;
    stack.sandbox.post("settings", json!({ "rateLimits": true })).await?;
    let began = stack.app.clock.now();
    for n in 0..130 {
        stack.submit_text(X, &format!("burst {n}")).await?;
    }

    let jobs = run_all(&stack).await?;

    let done = jobs.iter().filter(|job| job.state == JobState::Completed && job.attempt == 1).count();
    let answers = statuses(&stack, "x", "/2/tweets").await?;
    let took = stack.app.clock.now().since(began);
    let waits = waits(&stack).await?;
    assert_eq!((done, answers.len()), (130, 130));
    assert!(answers.iter().all(|status| *status == 201), "{answers:?}");
    assert!(took >= QUARTER && took < QUARTER + Duration::from_secs(60), "{took:?}");
    assert!(waits.iter().all(|code| code == "limit_reached"), "{waits:?}");
    println!("limits: 130 posts on X in {} s with {} waits and 0 refusals", took.as_secs(), waits.len());
    Ok(())
}

#[tokio::test]
async fn two_workers_share_one_count() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let other = App::start(stack.app.config.clone(), stack.app.clock.clone()).await?;
    let posting = call(X, &stack.x, "create post");
    for n in 0..100 {
        let app = if n % 2 == 0 { &stack.app } else { &other };
        make(app, posting, &silent()).await?;
    }

    let refused = [make(&stack.app, posting, &silent()).await, make(&other, posting, &silent()).await];

    for result in refused {
        assert_eq!(wait(&stack.app, result), ("limit_reached", 900));
    }
    make(&other, call(X, &stack.x, "list posts"), &silent()).await?;
    stack.advance(QUARTER);
    make(&other, posting, &silent()).await?;
    Ok(())
}

#[tokio::test]
async fn a_thousand_that_wait_return_one_after_the_other() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let posting = call(X, &stack.x, "create post");
    let reset = stack.app.clock.now().plus(QUARTER);
    make(&stack.app, posting, &left(100, 0, reset)).await?;

    let mut times = Vec::new();
    for _ in 0..1000 {
        let error = stack.app.limits.take(posting, stack.app.clock.now()).await.expect_err("nothing is left");
        assert_eq!((error.class, error.code), (ErrorClass::RateLimited, "limit_reached"));
        times.push(error.retry_at.expect("a time"));
    }

    let first_window = times.iter().filter(|at| **at < reset.plus(QUARTER)).count();
    assert_eq!(times.iter().collect::<BTreeSet<_>>().len(), 1000);
    assert_eq!((times[0], first_window), (reset, 100));
    Ok(())
}

#[tokio::test]
async fn what_headers_tell_counts_more_than_the_documents() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let posting = call(X, &stack.x, "create post");
    let reset = stack.app.clock.now().plus(Duration::from_secs(300));
    make(&stack.app, posting, &left(50, 2, reset)).await?;

    make(&stack.app, posting, &silent()).await?;
    make(&stack.app, posting, &silent()).await?;
    let third = make(&stack.app, posting, &silent()).await;

    assert_eq!(wait(&stack.app, third), ("limit_reached", 300));
    stack.advance(Duration::from_secs(300));
    for _ in 0..50 {
        make(&stack.app, posting, &silent()).await?;
    }
    assert_eq!(wait(&stack.app, make(&stack.app, posting, &silent()).await), ("limit_reached", 900));
    Ok(())
}

#[tokio::test]
async fn a_flushed_redis_frees_a_quarter_until_an_answer_tells_more() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, posting) = (&stack.app, call(X, &stack.x, "create post"));
    make(app, posting, &left(100, 60, app.clock.now().plus(QUARTER))).await?;
    forget(app).await?;

    let mut under_way = Vec::new();
    while let Ok(pass) = app.limits.take(posting, app.clock.now()).await {
        under_way.push(pass);
    }
    let quarter = under_way.len();
    let refused = make(app, posting, &silent()).await;
    let answer = left(100, 40, app.clock.now().plus(QUARTER));
    app.limits.learn(under_way.remove(0), &answer, app.clock.now()).await;
    while let Ok(pass) = app.limits.take(posting, app.clock.now()).await {
        under_way.push(pass);
    }

    assert_eq!(quarter, 25);
    let (code, seconds) = wait(app, refused);
    assert!(code == "limit_reached" && seconds <= 11, "{code} {seconds}");
    assert_eq!(under_way.len(), 40);
    Ok(())
}

#[tokio::test]
async fn paces_per_minute_slide() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, init) = (&stack.app, call(Tiktok, stack.account(Tiktok), "init video"));
    for _ in 0..6 {
        make(app, init, &silent()).await?;
        stack.advance(Duration::from_secs(5));
    }

    let seventh = make(app, init, &silent()).await;
    let eighth = make(app, init, &silent()).await;

    // A minute after the first and after the second, and a second for the way.
    assert_eq!(wait(app, seventh), ("limit_reached", 31));
    assert_eq!(wait(app, eighth), ("limit_reached", 36));
    stack.advance(Duration::from_secs(31));
    make(app, init, &silent()).await?;
    make(app, init, &silent()).await.expect_err("the second comes free later");
    Ok(())
}

#[tokio::test]
async fn what_a_lost_redis_knew_of_a_pace_is_found_out_one_by_one() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, init) = (&stack.app, call(Tiktok, stack.account(Tiktok), "init video"));

    let first = app.limits.take(init, app.clock.now()).await?;
    let meanwhile = app.limits.take(init, app.clock.now()).await;
    app.limits.learn(first, &silent(), app.clock.now()).await;
    let after = app.limits.take(init, app.clock.now()).await;

    assert_eq!(meanwhile.expect_err("one of six is free").code, "limit_reached");
    assert!(after.is_ok());
    Ok(())
}

#[tokio::test]
async fn uploads_to_youtube_are_the_whole_project_s_until_midnight_in_california() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("DAILY_CAPS", "youtube=2".to_owned())]).await?;
    let other = shared::ids::AccountId::generate();
    let app = &stack.app;
    make(app, call(Youtube, stack.account(Youtube), "start upload"), &silent()).await?;
    make(app, call(Youtube, &other, "start upload"), &silent()).await?;

    let third = make(app, call(Youtube, stack.account(Youtube), "start upload"), &silent()).await;
    let bytes = make(app, call(Youtube, &other, "send bytes"), &silent()).await;

    let (code, seconds) = wait(app, third);
    assert!(code == "limit_reached" && seconds <= 25 * 3600, "{code} {seconds}");
    assert!(bytes.is_ok());
    stack.advance(Duration::from_secs(seconds + 1));
    make(app, call(Youtube, &other, "start upload"), &silent()).await?;
    Ok(())
}

#[tokio::test]
async fn a_refusal_holds_up_the_same_calls_of_one_account() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, account) = (&stack.app, stack.account(Linkedin));
    let until = app.clock.now().plus(Duration::from_secs(300));
    let refused = Outcome { lessons: vec![Lesson { about: About::Endpoint, told: Told::Until(until) }], ..silent() };
    make(app, call(Linkedin, account, "list posts"), &refused).await?;

    let same = make(app, call(Linkedin, account, "list posts"), &silent()).await;

    assert_eq!(wait(app, same), ("limit_reached", 300));
    make(app, call(Linkedin, account, "create post"), &silent()).await?;
    make(app, call(Linkedin, &shared::ids::AccountId::generate(), "list posts"), &silent()).await?;
    stack.advance(Duration::from_secs(300));
    make(app, call(Linkedin, account, "list posts"), &silent()).await?;
    Ok(())
}

#[tokio::test]
async fn a_look_for_a_lost_answer_waits_for_its_limit_too() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (app, listing) = (&stack.app, call(X, &stack.x, "list posts"));
    make(app, listing, &left(900, 0, app.clock.now().plus(QUARTER))).await?;
    stack.sandbox.plant(json!({"platform":"x","method":"POST","path":"/2/tweets","action":{"name":"answer_lost"}})).await?;
    let began = app.clock.now();
    let job = stack.submit_text(X, "lost and found").await?;

    let ended = stack.run_to_the_end(&job).await?;

    let took = app.clock.now().since(began);
    assert_eq!((ended["status"].as_str(), ended["attempt"].as_i64()), (Some("completed"), Some(1)), "{ended}");
    assert!(took >= QUARTER, "{took:?}");
    assert!(waits(&stack).await?.contains(&"limit_reached".to_owned()));
    assert_eq!(stack.sandbox.posts().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn without_redis_calls_wait_and_use_no_attempt() -> anyhow::Result<()> {
    let nowhere = ("REDIS_URL", "redis://127.0.0.1:1".to_owned());
    let stack = Stack::start_with(&[nowhere, ("LIMITER_PATIENCE", "250".to_owned())]).await?;
    let job = stack.submit_text(X, "nobody counts").await?;
    let asked_at = std::time::Instant::now();

    stack.drain().await?;

    let asked = asked_at.elapsed();
    let shown = stack.job(&job).await?;
    assert_eq!((shown["status"].as_str(), shown["attempt"].as_i64()), (Some("queued"), Some(0)), "{shown}");
    assert_eq!(shown["error"]["code"], "limiter_unavailable", "{shown}");
    assert!(stack.sandbox.requests("x").await?.is_empty());
    assert!(asked < Duration::from_secs(5), "a dead Redis held the job for {asked:?}");
    Ok(())
}

#[tokio::test]
async fn switched_off_nothing_is_counted() -> anyhow::Result<()> {
    let stack = Stack::start_with(&[("PLATFORM_LIMITS", "false".to_owned())]).await?;
    let posting = call(X, &stack.x, "create post");

    for _ in 0..150 {
        make(&stack.app, posting, &left(100, 0, stack.app.clock.now().plus(QUARTER))).await?;
    }

    Ok(())
}
