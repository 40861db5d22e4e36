//! For those who run Pressroom: is it alive, is it ready, what does it do.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::{ApiResponse, Object, OpenApi};
use shared::app::App;
use shared::content::PlatformId;
use shared::jobs::Lane;
use shared::platforms::versions;
use shared::store::jobs;
use strum::VariantArray;

use super::Tag;
use crate::problem::ApiError;

/// Whether the system can do its work, part by part.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether all parts are there.
    pub ready: bool,
    /// Each part: `ok`, or what is missing.
    pub parts: BTreeMap<String, String>,
}

/// The answer to "are you ready".
#[derive(ApiResponse)]
pub enum ReadyAnswer {
    /// All parts are there.
    #[oai(status = 200)]
    Ready(Json<Readiness>),
    /// Some part is missing; it is named.
    #[oai(status = 503)]
    NotReady(Json<Readiness>),
}

/// The routes of operations.
pub struct Operations;

#[OpenApi(tag = "Tag::Operations")]
impl Operations {
    /// Says that the process lives.
    #[oai(path = "/healthz", method = "get", operation_id = "health")]
    async fn health(&self) -> PlainText<&'static str> {
        PlainText("ok")
    }

    /// Says whether database, Redis, a worker for each lane and a scheduler are there.
    #[oai(path = "/readyz", method = "get", operation_id = "ready")]
    async fn ready(&self, app: Data<&Arc<App>>) -> ReadyAnswer {
        let parts = parts(&app).await;
        let ready = parts.values().all(|state| state == "ok");
        let readiness = Json(Readiness { ready, parts });
        if ready { ReadyAnswer::Ready(readiness) } else { ReadyAnswer::NotReady(readiness) }
    }

    /// Shows counters and gauges as Prometheus reads them.
    #[oai(path = "/metrics", method = "get", operation_id = "metrics")]
    async fn metrics(&self, app: Data<&Arc<App>>) -> Result<PlainText<String>, ApiError> {
        app.count_once().await;
        let mut text = String::new();
        let counters = app.queue.read_meter().await.unwrap_or_else(|error| {
            tracing::warn!(error = %format!("{error:#}"), "counters can't be shown while Redis is away");
            BTreeMap::new()
        });
        render_counters(&mut text, &counters);
        render_backlog(&mut text, &app).await?;
        render_versions(&mut text, &app);
        render_circuits(&mut text, &app).await;
        Ok(PlainText(text))
    }
}

async fn parts(app: &App) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let database = app.db.ping().await.map_err(anyhow::Error::from);
    parts.insert("database".to_owned(), told(database.map(|()| true)));
    let redis = app.queue.ping().await;
    let redis_answers = redis.is_ok();
    parts.insert("redis".to_owned(), told(redis.map(|()| true)));
    let lanes = Lane::VARIANTS.iter().map(|lane| (format!("worker:{lane}"), <&str>::from(*lane)));
    for (part, role) in lanes.chain([("scheduler".to_owned(), "scheduler")]) {
        let alive = if redis_answers { app.queue.count_alive(role, app.clock.now()).await } else { Ok(0) };
        parts.insert(part, told(alive.map(|count| count > 0)));
    }
    parts
}

fn told(state: anyhow::Result<bool>) -> String {
    match state {
        Ok(true) => "ok".to_owned(),
        Ok(false) => "none alive".to_owned(),
        Err(error) => {
            tracing::warn!(error = %format!("{error:#}"), "a part is not ready");
            "does not answer".to_owned()
        }
    }
}

/// What each counter means, as Prometheus wants to be told.
const COUNTERS: [(&str, &str, &str); 9] = [
    ("pressroom_posts_accepted_total", "counter", "Posts accepted"),
    ("pressroom_job_attempts_total", "counter", "Runs of jobs begun"),
    ("pressroom_job_outcomes_total", "counter", "Runs of jobs ended, by next state and class of error"),
    ("pressroom_publish_outcomes_total", "counter", "Runs that published or tried to, by platform and class of error"),
    ("pressroom_unknown_outcomes_total", "counter", "Jobs that wait for a person because nobody knows their outcome"),
    ("pressroom_leases_lapsed_total", "counter", "Jobs whose worker was gone before they ended"),
    ("pressroom_limit_waits_total", "counter", "Calls that waited for a platform's limit, by platform"),
    ("pressroom_circuit_openings_total", "counter", "Times that calls began to wait for a platform that does not answer"),
    ("pressroom_job_lateness_seconds", "histogram", "From due to the first start"),
];

fn render_counters(text: &mut String, series: &BTreeMap<String, f64>) {
    for (name, kind, help) in COUNTERS {
        // Writing to a String can't fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (series, value) in series.iter().filter(|(series, _)| series.starts_with(name)) {
            let _ = writeln!(text, "{series} {value}");
        }
    }
}

/// Due jobs are counted up to this many, so that a look costs little however deep the backlog is.
const BACKLOG_COUNT_MAX: i64 = 100_000;

/// Days until the platforms' API versions in use end.
fn render_versions(text: &mut String, app: &App) {
    let name = "pressroom_api_version_days_left";
    let _ = writeln!(text, "# HELP {name} Days until the API version in use ends, where that is known\n# TYPE {name} gauge");
    for version in versions::in_use(&app.config) {
        if let Some(days) = version.days_left(app.clock.now()) {
            let _ = writeln!(text, "{name}{{platform=\"{}\",version=\"{}\"}} {days}", version.platform, version.name);
        }
    }
}

/// How many circuits are open, a platform's own and its accounts'. Left out while Redis is away.
async fn render_circuits(text: &mut String, app: &App) {
    let Ok(open) = app.limits.count_open(app.clock.now()).await else { return };
    let name = "pressroom_circuit_open";
    let _ = writeln!(
        text,
        "# HELP {name} Platforms and accounts whose calls wait because the platform does not answer\n# TYPE {name} gauge"
    );
    for platform in PlatformId::ALL {
        let count = open.get(<&str>::from(*platform)).copied().unwrap_or(0);
        let _ = writeln!(text, "{name}{{platform=\"{platform}\"}} {count}");
    }
}

async fn render_backlog(text: &mut String, app: &App) -> Result<(), ApiError> {
    let now = app.clock.now();
    let mut ages = String::new();
    let _ = writeln!(text, "# HELP pressroom_queue_depth Due jobs that nobody has claimed, counted to {BACKLOG_COUNT_MAX}");
    let _ = writeln!(text, "# TYPE pressroom_queue_depth gauge");
    for lane in Lane::VARIANTS {
        let backlog = jobs::backlog(&*app.db, *lane, now, BACKLOG_COUNT_MAX).await?;
        let age = backlog.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
        let _ = writeln!(text, "pressroom_queue_depth{{lane=\"{lane}\"}} {}", backlog.due);
        let _ = writeln!(ages, "pressroom_queue_oldest_seconds{{lane=\"{lane}\"}} {age}");
    }
    let _ = writeln!(text, "# HELP pressroom_queue_oldest_seconds Age of the oldest due job that nobody has claimed");
    let _ = writeln!(text, "# TYPE pressroom_queue_oldest_seconds gauge\n{ages}");
    Ok(())
}
