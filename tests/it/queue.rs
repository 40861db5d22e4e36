//! Real processes on a real Redis that gets flushed, killed and restarted: nothing is lost and nothing comes twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use shared::content::{Kind, PlatformId};
use shared::ids::JobId;
use shared::jobs::Lane;
use tests::System;
use tests::kinds::post_of;

/// Submits `count` text posts for X, sixteen at a time; gives their jobs.
async fn submit_many(system: &Arc<System>, count: usize, label: &'static str) -> anyhow::Result<Vec<JobId>> {
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..16 {
        let system = Arc::clone(system);
        clients.spawn(async move {
            let mut jobs = Vec::new();
            for n in (client..count).step_by(16) {
                let body = json!({ "content": { "text": format!("{label} {n}") }, "targets": [{ "accountId": system.x, "kind": "text" }] });
                jobs.push(system.submit(&body).await?.remove(0).job);
            }
            anyhow::Ok(jobs)
        });
    }
    let mut jobs = Vec::new();
    while let Some(submitted) = clients.join_next().await {
        jobs.extend(submitted??);
    }
    Ok(jobs)
}

/// Waits for all jobs and asserts that each is completed and each post stands exactly once.
async fn assert_each_once(system: &System, jobs: &[JobId]) -> anyhow::Result<()> {
    for job in jobs {
        let ended = system.ended(job).await?;
        assert_eq!(ended["status"], "completed", "{ended}");
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for post in system.sandbox.posts().await? {
        *counts.entry(post["text"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "posted more than once: {twice:?}");
    assert_eq!(counts.len(), jobs.len(), "posts and jobs differ in number");
    Ok(())
}

#[tokio::test]
async fn a_flushed_redis_loses_none_of_a_thousand_queued_jobs() -> anyhow::Result<()> {
    let system = Arc::new(System::start().await?);
    let _scheduler = system.scheduler(0).await?;
    let jobs = submit_many(&system, 1000, "flushed").await?;
    while system.app.queue.depth(Lane::Publish).await? < 1000 {
        tokio::task::yield_now().await;
    }

    system.redis.flush().await?;
    let flushed_at = Instant::now();
    let _worker = system.worker(&[], 0).await?;
    system.ended(&jobs[0]).await?;
    let back = flushed_at.elapsed();

    assert_each_once(&system, &jobs).await?;
    println!(
        "queue: back at work {:.1} s after a flush, 1000 of 1000 after {:.1} s",
        back.as_secs_f64(),
        flushed_at.elapsed().as_secs_f64()
    );
    Ok(())
}

#[tokio::test]
async fn a_redis_that_dies_in_mid_run_is_survived() -> anyhow::Result<()> {
    let mut system = System::start().await?;
    let _scheduler = system.scheduler(0).await?;
    let _worker = system.worker(&["--concurrency", "8"], 0).await?;
    // The first posts are held at the platform, so that the crash really comes in the middle.
    let held =
        system.sandbox.plant(json!({"method":"POST","path":"/2/tweets","count":8,"action":{"name":"hold_before"}})).await?;
    let mut shared = Arc::new(system);
    let mut jobs = submit_many(&shared, 200, "before the crash").await?;
    shared.sandbox.fired(&held, 8).await?;

    system = Arc::try_unwrap(shared).map_err(|_| anyhow::anyhow!("clients still run"))?;
    system.redis.kill()?;
    shared = Arc::new(system);
    jobs.extend(submit_many(&shared, 50, "while it is away").await?);
    shared.sandbox.post(&format!("faults/{held}/release"), json!({})).await?;
    system = Arc::try_unwrap(shared).map_err(|_| anyhow::anyhow!("clients still run"))?;
    system.redis.restart().await?;
    let restarted_at = Instant::now();
    for job in &jobs {
        system.ended(job).await?;
    }
    println!("queue: 250 posts done {:.1} s after Redis came back", restarted_at.elapsed().as_secs_f64());

    assert_each_once(&system, &jobs).await
}

#[tokio::test]
async fn two_workers_and_two_schedulers_do_each_job_once() -> anyhow::Result<()> {
    let system = Arc::new(System::start().await?);
    let _schedulers = (system.scheduler(0).await?, system.scheduler(0).await?);
    let _workers = (system.worker(&[], 0).await?, system.worker(&[], 0).await?);

    let jobs = submit_many(&system, 500, "shared out").await?;

    assert_each_once(&system, &jobs).await
}

#[tokio::test]
async fn jobs_of_a_killed_worker_are_taken_over() -> anyhow::Result<()> {
    let system = Arc::new(System::start().await?);
    let _scheduler = system.scheduler(0).await?;
    let mut worker = system.worker(&["--halt-at", "run:before"], 0).await?;
    let jobs = submit_many(&system, 50, "orphaned").await?;
    worker.said("halted at a crash point", 50).await?;

    worker.kill()?;
    let killed_at = Instant::now();
    let _worker = system.worker(&[], 0).await?;
    for job in &jobs {
        system.ended(job).await?;
    }
    println!("queue: 50 jobs of a killed worker done {:.1} s later, with a lease of 3 s", killed_at.elapsed().as_secs_f64());

    assert_each_once(&system, &jobs).await
}

#[tokio::test]
async fn a_rolling_restart_under_load_loses_nothing() -> anyhow::Result<()> {
    let system = Arc::new(System::start().await?);
    let mut scheduler = system.scheduler(0).await?;
    let mut workers = vec![system.worker(&[], 0).await?, system.worker(&[], 0).await?];
    let load = tokio::spawn({
        let system = Arc::clone(&system);
        async move { submit_many(&system, 600, "rolling").await }
    });

    for _ in 0..4 {
        let oldest = workers.remove(0);
        workers.push(system.worker(&[], 0).await?);
        assert_eq!(oldest.terminate().await?, 0);
        let next = system.scheduler(0).await?;
        assert_eq!(std::mem::replace(&mut scheduler, next).terminate().await?, 0);
    }

    let jobs = load.await??;
    assert_each_once(&system, &jobs).await?;
    for job in &jobs {
        assert_eq!(system.job(job).await?["attempt"], 1, "a terminated worker left a job to its lease");
    }
    Ok(())
}

#[tokio::test]
async fn a_terminated_worker_hands_back_what_it_cannot_finish() -> anyhow::Result<()> {
    let mut system = System::start().await?;
    system.set("SHUTDOWN_GRACE", "1");
    let _scheduler = system.scheduler(0).await?;
    let worker = system.worker(&[], 0).await?;
    let held = system.sandbox.plant(json!({"method":"POST","path":"/2/media/upload","action":{"name":"hold_before"}})).await?;
    let body = post_of(PlatformId::X, Kind::Image, &system.sandbox, &system.x, "handed back");
    let job = system.submit(&body).await?.remove(0).job;
    system.sandbox.fired(&held, 1).await?;

    let code = worker.terminate().await?;
    let waiting = system.job(&job).await?;
    let _worker = system.worker(&[], 0).await?;
    let ended = system.ended(&job).await?;

    assert_eq!(code, 0);
    assert_eq!((waiting["status"].as_str(), waiting["attempt"].as_i64()), (Some("queued"), Some(0)), "{waiting}");
    assert_eq!((ended["status"].as_str(), ended["attempt"].as_i64()), (Some("completed"), Some(1)), "{ended}");
    assert_eq!(system.sandbox.posts().await?.len(), 1);
    Ok(())
}
