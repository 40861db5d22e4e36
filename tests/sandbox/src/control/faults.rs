//! The control API's faults: plant, list, remove, release, and wait for one to fire.

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use poem::web::{Data, Path, Query};
use poem::{Body, Response, handler};
use serde::Deserialize;
use serde_json::json;

use super::{failure, read, success};
use crate::app::App;
use crate::faults::Rule;

/// Plants a fault.
#[handler]
pub(crate) async fn plant(Data(app): Data<&Arc<App>>, body: Body) -> Response {
    let rule: Rule = match read(body).await {
        Ok(rule) => rule,
        Err(refusal) => return refusal,
    };
    if let Err(message) = rule.check() {
        return failure(StatusCode::UNPROCESSABLE_ENTITY, &message);
    }
    let id = app.state().faults.plant(rule);
    success(StatusCode::CREATED, &json!({"id": id}))
}

/// Lists the faults with how often each fired.
#[handler]
pub(crate) fn list(Data(app): Data<&Arc<App>>) -> Response {
    success(StatusCode::OK, &json!({"faults": app.state().faults.list()}))
}

/// Removes all faults; calls that are held die with theirs.
#[handler]
pub(crate) fn remove_all(Data(app): Data<&Arc<App>>) -> Response {
    app.state().faults.clear();
    app.fault_changed.notify_waiters();
    success(StatusCode::OK, &json!({"removed": true}))
}

/// Lets the calls go on that a fault holds.
#[handler]
pub(crate) fn release(Data(app): Data<&Arc<App>>, Path(id): Path<String>) -> Response {
    let known = app.state().faults.find_mut(&id).map(|fault| fault.released = true).is_some();
    if !known {
        return unknown(&id);
    }
    app.fault_changed.notify_waiters();
    success(StatusCode::OK, &json!({"released": true}))
}

#[derive(Deserialize)]
pub(crate) struct Wait {
    #[serde(default)]
    wait: f64,
}

/// Answers once a fault has fired, or says that it did not within the time.
#[handler]
pub(crate) async fn fired(Data(app): Data<&Arc<App>>, Path(id): Path<String>, Query(Wait { wait }): Query<Wait>) -> Response {
    let limit = Duration::from_secs_f64(wait.clamp(0.0, 600.0));
    match tokio::time::timeout(limit, until_fired(app, &id)).await {
        Ok(Some(times)) => success(StatusCode::OK, &json!({"fired": times})),
        Ok(None) => unknown(&id),
        Err(_) => failure(StatusCode::REQUEST_TIMEOUT, "the fault has not fired"),
    }
}

/// How often the fault fired, as soon as that is at least once; nothing when it is not planted.
async fn until_fired(app: &App, id: &str) -> Option<u32> {
    loop {
        let mut changed = std::pin::pin!(app.fault_changed.notified());
        changed.as_mut().enable();
        let times = app.state().faults.find(id)?.fired;
        if times > 0 {
            return Some(times);
        }
        changed.await;
    }
}

fn unknown(id: &str) -> Response {
    failure(StatusCode::NOT_FOUND, &format!("no fault has the id `{id}`"))
}
