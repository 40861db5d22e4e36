//! Limits: everything waits for what the platforms allow, and no call is made only to be refused.
//!
//! Times are the manual clock's: no test waits.

mod circuits;
mod counts;
mod daily;
mod shown;
mod usage;

use std::sync::Arc;

use sea_orm::EntityTrait;
use serde_json::Value;
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::PlatformId;
use shared::entity::{job, job_event};
use shared::error::JobError;
use shared::ids::AccountId;
use shared::limits::table::{About, Lesson, Told};
use shared::limits::{Call, Outcome};
use shared::platforms;
use tests::Stack;

/// A call as an adapter makes it.
pub(crate) fn call<'a>(platform: PlatformId, account: &'a AccountId, what: &'a str) -> Call<'a> {
    Call { platform, account, what, table: &platforms::rules(platform).limits }
}

/// An answer that tells nothing.
fn silent() -> Outcome {
    Outcome { sent: true, failed: false, lessons: Vec::new() }
}

/// No answer at all.
fn failed() -> Outcome {
    Outcome { sent: true, failed: true, lessons: Vec::new() }
}

/// An answer that tells what is left of the calls of its kind.
pub(crate) fn left(limit: u32, left: u32, reset_at: Timestamp) -> Outcome {
    let told = Told::Left { limit, left, reset_at };
    Outcome { lessons: vec![Lesson { about: About::Endpoint, told }], ..silent() }
}

/// Makes a call if it may be made.
pub(crate) async fn make(app: &App, call: Call<'_>, outcome: &Outcome) -> Result<(), JobError> {
    let pass = app.limits.take(call, app.clock.now()).await?;
    app.limits.learn(pass, outcome, app.clock.now()).await;
    Ok(())
}

/// What a refused call is told: its code and the seconds to wait.
fn wait(app: &App, result: Result<(), JobError>) -> (&'static str, u64) {
    let error = result.expect_err("the call has to wait");
    (error.code, error.retry_at.expect("a time").since(app.clock.now()).as_secs())
}

/// Forgets all that the limiter knows, as a Redis that was restarted.
async fn forget(app: &Arc<App>) -> anyhow::Result<()> {
    let mut redis = redis::Client::open(tests::redis_url())?.get_multiplexed_async_connection().await?;
    let pattern = format!("{}:limits*", app.config.redis_namespace);
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await?;
    assert!(!keys.is_empty(), "there was nothing to forget");
    redis::cmd("DEL").arg(keys).query_async::<()>(&mut redis).await?;
    Ok(())
}

/// Lets time pass until no job waits any more; gives how many there are in each state.
async fn run_all(stack: &Stack) -> anyhow::Result<Vec<job::Model>> {
    stack.drain().await?;
    while let Some(next) = stack.next_wake().await? {
        stack.app.clock.set(next.max(stack.app.clock.now()));
        stack.drain().await?;
    }
    Ok(job::Entity::find().all(&*stack.app.db).await?)
}

/// The codes for which jobs have waited.
async fn waits(stack: &Stack) -> anyhow::Result<Vec<String>> {
    let events = job_event::Entity::find().all(&*stack.app.db).await?;
    let details = events.iter().filter(|event| event.kind == "waiting").map(|event| serde_json::from_str::<Value>(&event.detail));
    let codes = details.map(|detail| Ok(detail?["code"].as_str().unwrap_or_default().to_owned()));
    codes.collect()
}

/// The statuses with which a platform answered calls of a path.
async fn statuses(stack: &Stack, platform: &str, path: &str) -> anyhow::Result<Vec<i64>> {
    let requests = stack.sandbox.requests(platform).await?;
    Ok(requests
        .iter()
        .filter(|call| call["method"] == "POST" && call["path"].as_str().is_some_and(|called| called.ends_with(path)))
        .map(|call| call["status"].as_i64().unwrap_or(0))
        .collect())
}
