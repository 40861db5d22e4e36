//! Jobs: the work behind each target, to be followed, called off, run again or decided.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use shared::app::App;
use shared::entity::{job, post_target};
use shared::error::ErrorRecord;
use shared::ids::{JobId, WorkspaceId};
use shared::jobs::JobState;
use shared::journal::OUTCOME_UNKNOWN;
use shared::store::jobs::{Decision, JobFilter};
use shared::store::{job_steps, jobs, posts, runs};

use super::resolution::{Resolution, decision};
use super::{LIMIT_DEFAULT, LIMIT_MAX, Tag};
use crate::auth::ApiKey;
use crate::body::Body;
use crate::followers::{settled, wait_of};
use crate::problem::ApiError;

/// A job.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Job {
    /// The id.
    pub id: String,
    /// What it does.
    pub kind: String,
    /// The lane it runs in.
    pub lane: String,
    /// scheduled, queued, in_progress, completed, failed, cancelled or blocked.
    pub status: String,
    /// Percent done.
    pub progress: i32,
    /// Attempts begun that count.
    pub attempt: i32,
    /// Attempts before it is given up.
    pub max_attempts: i32,
    /// When it runs next, while it waits.
    pub next_attempt_at: Option<String>,
    /// Whether its owner called it off while it ran.
    pub cancel_requested: bool,
    /// The last error, gone once the job completes.
    pub error: Option<JobFault>,
    /// Where the published post is.
    pub published: Option<Published>,
    /// The post it serves.
    pub post_id: Option<String>,
    /// The target it serves.
    pub target_id: Option<String>,
    /// When it was accepted.
    pub created_at: String,
    /// When it first ran.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
}

/// What went wrong, and what to do about it.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct JobFault {
    /// The class of the error.
    pub class: String,
    /// A stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The platform's own words.
    pub platform_message: Option<String>,
    /// What to do about it.
    pub remedy: String,
}

/// Where a published post is.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Published {
    /// The platform's id of it.
    pub external_id: String,
    /// Its address.
    pub url: Option<String>,
    /// When it was found published.
    pub at: Option<String>,
    /// What went wrong after it was live, such as a first comment that was refused.
    pub warnings: Option<Vec<Warning>>,
}

/// Something that went wrong after a post was live.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Warning {
    /// A stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The platform's own words.
    pub platform_message: Option<String>,
}

impl From<runs::Warning> for Warning {
    fn from(warning: runs::Warning) -> Self {
        let runs::Warning { code, message, platform_message } = warning;
        Self { code, message, platform_message }
    }
}

/// A page of jobs, newest first.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct JobPage {
    /// The jobs.
    pub data: Vec<Job>,
    /// Send it as `cursor` for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

/// The published post of a target, if it has one.
pub fn published(target: &post_target::Model) -> Option<Published> {
    let external_id = target.external_id.clone()?;
    let warnings: Vec<runs::Warning> =
        target.warnings.as_deref().map(serde_json::from_str).and_then(Result::ok).unwrap_or_default();
    let warnings: Vec<Warning> = warnings.into_iter().map(Warning::from).collect();
    let at = target.published_at.map(|at| at.to_string());
    Some(Published { external_id, url: target.url.clone(), at, warnings: (!warnings.is_empty()).then_some(warnings) })
}

/// The last error of a job.
pub fn fault(job: &job::Model) -> Option<JobFault> {
    let ErrorRecord { class, code, message, platform_message, remedy } = error_record(job)?;
    Some(JobFault { class: class.to_string(), code, message, platform_message, remedy })
}

fn error_record(job: &job::Model) -> Option<ErrorRecord> {
    serde_json::from_str(job.error.as_deref()?).ok()
}

/// When a waiting job runs next.
pub fn next_attempt_at(job: &job::Model) -> Option<String> {
    matches!(job.state, JobState::Scheduled | JobState::Queued).then(|| job.run_at.to_string())
}

impl Job {
    fn new(job: &job::Model, target: Option<&post_target::Model>) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            lane: job.lane.to_string(),
            status: job.state.to_string(),
            progress: job.progress,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            next_attempt_at: next_attempt_at(job),
            cancel_requested: job.cancel_requested,
            error: fault(job),
            published: target.and_then(published),
            post_id: job.post_id.as_ref().map(ToString::to_string),
            target_id: job.target_id.as_ref().map(ToString::to_string),
            created_at: job.created_at.to_string(),
            started_at: job.started_at.map(|at| at.to_string()),
            finished_at: job.finished_at.map(|at| at.to_string()),
        }
    }
}

/// The answer to a look at one job.
#[derive(ApiResponse)]
pub enum JobAnswer {
    /// The job.
    #[oai(status = 200)]
    Found(
        Json<Box<Job>>,
        /// Changes with every change of the job.
        #[oai(header = "ETag")]
        String,
    ),
    /// The job is as the client has it.
    #[oai(status = 304)]
    NotModified(
        /// The job's present tag.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The answer to a change of a job.
#[derive(ApiResponse)]
pub enum JobChange {
    /// The change is made.
    #[oai(status = 200)]
    Done(Json<Job>),
    /// The change is noted; the job's events tell what became of it.
    #[oai(status = 202)]
    Noted(Json<Job>),
}

/// The routes of jobs.
pub struct Jobs;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Jobs")]
impl Jobs {
    /// Lists jobs, newest first.
    #[oai(path = "/jobs", method = "get", operation_id = "listJobs")]
    #[expect(clippy::too_many_arguments, reason = "each filter is a parameter of its own in the API's document")]
    async fn list(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// Only those with this status.
        status: Query<Option<String>>,
        /// Only those of this kind.
        kind: Query<Option<String>>,
        /// Only those in this lane.
        lane: Query<Option<String>>,
        /// Only those of this post.
        #[oai(name = "postId")]
        post_id: Query<Option<String>>,
        /// `nextCursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows per page, 1 to 100.
        #[oai(validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<Option<u32>>,
    ) -> Result<Json<JobPage>, ApiError> {
        let caller = key.allow("jobs:read")?;
        let filter = JobFilter {
            state: parse("status", status.0)?,
            kind: kind.0,
            lane: parse("lane", lane.0)?,
            post: parse("postId", post_id.0)?,
            before: parse("cursor", cursor.0)?,
        };
        let limit = limit.0.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        let mut rows = jobs::list(&*app.db, &caller.workspace, &filter, u64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|job| job.id.to_string());
        let ids: Vec<_> = rows.iter().filter_map(|job| job.target_id.clone()).collect();
        let targets = posts::list_targets(&*app.db, &caller.workspace, &ids).await?;
        let target_of = |job: &job::Model| targets.iter().find(|target| target.job_id == job.id);
        Ok(Json(JobPage { data: rows.iter().map(|job| Job::new(job, target_of(job))).collect(), next_cursor }))
    }

    /// Shows a job.
    ///
    /// With `Prefer: wait=N` (up to 60 s) the answer comes as soon as the job has ended.
    #[oai(path = "/jobs/:id", method = "get", operation_id = "getJob")]
    #[expect(clippy::too_many_arguments, reason = "each header is a parameter of its own in the API's document")]
    async fn get(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The job's id.
        id: Path<String>,
        /// `wait=N`: up to how many seconds to wait for the job's end.
        #[oai(name = "Prefer")]
        prefer: Header<Option<String>>,
        /// The tag that the client has.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
    ) -> Result<JobAnswer, ApiError> {
        let caller = key.allow("jobs:read")?;
        let id = job_id(&id)?;
        let job = settled(&app, &caller.workspace, &id, wait_of(prefer.as_deref())).await?;
        let job = job.ok_or_else(|| ApiError::not_found("job"))?;
        let tag = format!("W/\"{}\"", job.version);
        if if_none_match.as_deref().is_some_and(|known| known.split(',').any(|known| known.trim() == tag)) {
            return Ok(JobAnswer::NotModified(tag));
        }
        Ok(JobAnswer::Found(Json(Box::new(show(&app, &caller.workspace, &job).await?)), tag))
    }

    /// Calls a job off.
    ///
    /// One that has not begun is cancelled at once (200); one that runs stops before its next call (202).
    #[oai(path = "/jobs/:id/cancel", method = "post", operation_id = "cancelJob")]
    async fn cancel(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The job's id.
        id: Path<String>,
    ) -> Result<JobChange, ApiError> {
        let caller = key.allow("jobs:write")?;
        let id = job_id(&id)?;
        change(&app, &caller.workspace, &id, async |job, open_intent| match phase(job, open_intent) {
            "scheduled" | "queued" => Ok(Decision::Cancel),
            "in_progress" => Ok(Decision::RequestCancel),
            phase => Err(ApiError::conflict("cannot_cancel", format!("the job can't be called off in the phase `{phase}`"))),
        })
        .await
    }

    /// Runs a failed, cancelled or blocked job again; what it has done already is not done again.
    #[oai(path = "/jobs/:id/retry", method = "post", operation_id = "retryJob")]
    async fn retry(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The job's id.
        id: Path<String>,
    ) -> Result<JobChange, ApiError> {
        let caller = key.allow("jobs:write")?;
        let id = job_id(&id)?;
        change(&app, &caller.workspace, &id, async |job, _| match job.state {
            JobState::Blocked if outcome_unknown(job) => {
                let detail = "nobody knows whether the post is out; look at the account and use `resolve`";
                Err(ApiError::conflict("needs_resolution", detail))
            }
            JobState::Failed | JobState::Blocked | JobState::Cancelled => Ok(Decision::Retry),
            state => {
                Err(ApiError::conflict("cannot_retry", format!("the job is `{state}`; only one that has ended badly runs again")))
            }
        })
        .await
    }

    /// Decides a job whose outcome nobody knows.
    ///
    /// `published` with the post's id completes it; `send_again` sends what may have been sent before.
    #[oai(path = "/jobs/:id/resolve", method = "post", operation_id = "resolveJob")]
    async fn resolve(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The job's id.
        id: Path<String>,
        body: Body<Resolution>,
    ) -> Result<JobChange, ApiError> {
        let caller = key.allow("jobs:write")?;
        let id = job_id(&id)?;
        let resolution = decision(body.value)?;
        change(&app, &caller.workspace, &id, async |job, _| {
            if job.state == JobState::Blocked && outcome_unknown(job) {
                return Ok(resolution.clone());
            }
            Err(ApiError::conflict("nothing_to_resolve", format!("the job is `{}` and its outcome is not in doubt", job.state)))
        })
        .await
    }
}

fn outcome_unknown(job: &job::Model) -> bool {
    error_record(job).is_some_and(|error| error.code == OUTCOME_UNKNOWN || error.class == shared::error::ErrorClass::Ambiguous)
}

/// Where a job stands, for those who want to call it off.
pub fn phase(job: &job::Model, open_intent: bool) -> &'static str {
    match job.state {
        JobState::Queued if open_intent => "looking_for_answer",
        state => state.into(),
    }
}

/// Locks the job, lets `decide` choose by its state, and applies the decision in the same transaction.
async fn change<D>(app: &App, workspace: &WorkspaceId, id: &JobId, decide: D) -> Result<JobChange, ApiError>
where
    D: AsyncFnOnce(&job::Model, bool) -> Result<Decision, ApiError>,
{
    let txn = app.db.begin().await?;
    let job = jobs::lock(&*txn, workspace, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    let decision = decide(&job, job_steps::has_open_intent(&*txn, id).await?).await?;
    match jobs::decide(&*txn, &job, &decision, app.clock.now()).await {
        Err(error) if matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))) => {
            return Err(ApiError::conflict("already_claimed", "another target of this account holds that post"));
        }
        result => result?,
    }
    txn.commit().await?;
    app.queue.announce(id);
    if matches!(decision, Decision::Retry | Decision::SendAgain) {
        app.queue.nudge(&job, app.clock.now());
    }
    let job = jobs::find(&*app.db, workspace, id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    let shown = Json(show(app, workspace, &job).await?);
    Ok(match decision {
        Decision::Cancel | Decision::Published(_) => JobChange::Done(shown),
        Decision::RequestCancel | Decision::Retry | Decision::Resume | Decision::SendAgain => JobChange::Noted(shown),
    })
}

async fn show(app: &App, workspace: &WorkspaceId, job: &job::Model) -> Result<Job, ApiError> {
    let targets = posts::list_targets(&*app.db, workspace, job.target_id.as_slice()).await?;
    Ok(Job::new(job, targets.first()))
}

/// An id that can't be one names nothing: the same answer as for an unknown one.
pub fn job_id(text: &str) -> Result<JobId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found("job"))
}

/// Reads an optional parameter.
pub fn parse<T: std::str::FromStr>(name: &str, text: Option<String>) -> Result<Option<T>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| ApiError::bad_request("invalid_parameter", format!("`{name}` is not a known value or id")))
}
