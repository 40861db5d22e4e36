//! Posts: accepted once, published once on every target.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use shared::app::App;
use shared::entity::job;
use shared::ids::{PostId, WorkspaceId};
use shared::jobs::JobState;
use shared::store;
use shared::store::idempotency::{Answer, NewKey};
use shared::store::jobs::Decision;
use shared::store::posts::{PostWithTargets, Written};
use shared::store::{idempotency, job_steps, jobs, posts};

use super::jobs::{JobFault, Published, fault, next_attempt_at, parse, phase, published};
use super::risks::{Risk, risks};
use super::status::derived_status;
use super::{LIMIT_DEFAULT, LIMIT_MAX, Tag};
use crate::accept::{Acceptor, InFlight, KEY_LIFETIME};
use crate::auth::ApiKey;
use crate::body::{Body, Rendered};
use crate::forecast::Postponed;
use crate::problem::{ApiError, Phase, Problem, ProblemJson, Violation};
use crate::routes::content::{Content, Options, Overrides};
use crate::routes::new_post::{self, NewPost};

/// A post with its targets.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct Post {
    /// The id.
    pub id: String,
    /// Derived from the targets: the status they share, else in_progress, queued, scheduled, blocked, or partially_completed.
    pub status: String,
    /// What it says.
    pub content: Content,
    /// When it is to be published.
    pub publish_at: String,
    /// Its targets, in the order given.
    pub targets: Vec<Target>,
    /// When it was accepted.
    pub created_at: String,
}

/// One post on one account.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Target {
    /// The id.
    pub id: String,
    /// The account.
    pub account_id: String,
    /// The account's platform.
    pub platform: String,
    /// The kind of post.
    pub kind: String,
    /// What differs from the post's content.
    pub overrides: Overrides,
    /// Choices that only this platform has.
    pub options: Options,
    /// The job that publishes it.
    pub job_id: String,
    /// The job's status.
    pub status: String,
    /// The job's progress in percent.
    pub progress: i32,
    /// Attempts begun that count.
    pub attempt: i32,
    /// When it runs next, while it waits.
    pub next_attempt_at: Option<String>,
    /// The last error.
    pub error: Option<JobFault>,
    /// Where the published post is.
    pub published: Option<Published>,
    /// Why it goes out later than was asked for.
    pub postponed: Option<Postponed>,
    /// What stands in its way, found ahead of its time.
    pub risks: Option<Vec<Risk>>,
}

/// A page of posts, newest first.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PostPage {
    /// The posts.
    pub data: Vec<Post>,
    /// Send it as `cursor` for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

/// What a check found: nothing, since everything broken comes as 422.
#[derive(Debug, Clone, Object)]
pub struct Validity {
    /// Always true.
    pub valid: bool,
}

/// The answer to a new post.
#[derive(ApiResponse)]
pub enum Accepted {
    /// The post is durable and on its way.
    #[oai(status = 202)]
    Accepted(
        Rendered<Post>,
        /// The post's address.
        #[oai(header = "Location")]
        String,
        /// `true` when this repeats the first answer to the same idempotency key.
        #[oai(header = "Idempotent-Replayed")]
        Option<String>,
    ),
}

impl Post {
    /// A post as its owner sees it.
    pub fn new(found: &PostWithTargets) -> Self {
        let states: Vec<JobState> = found.targets.iter().map(|(_, job)| job.state).collect();
        Self {
            id: found.post.id.to_string(),
            status: derived_status(&states),
            content: Content::from_stored(&found.post.content),
            publish_at: found.post.publish_at.to_string(),
            targets: found.targets.iter().map(|(target, job)| Target::new(target, job)).collect(),
            created_at: found.post.created_at.to_string(),
        }
    }
}

impl Target {
    fn new(target: &shared::entity::post_target::Model, job: &job::Model) -> Self {
        let (overrides, options) = Overrides::from_stored(&target.overrides);
        Self {
            id: target.id.to_string(),
            account_id: target.account_id.to_string(),
            platform: target.platform.to_string(),
            kind: target.kind.to_string(),
            overrides,
            options,
            job_id: job.id.to_string(),
            status: job.state.to_string(),
            progress: job.progress,
            attempt: job.attempt,
            next_attempt_at: next_attempt_at(job),
            error: fault(job),
            published: published(target),
            postponed: target.postponed.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            risks: risks(target, job),
        }
    }
}

/// The routes of posts.
pub struct Posts;

/// The route as idempotency keys name it.
const CREATE: &str = "POST /api/v1/posts";

/// The longest idempotency key.
const KEY_MAX: usize = 255;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Posts")]
impl Posts {
    /// Accepts a post: durable when answered, then published once on every target.
    #[oai(path = "/posts", method = "post", operation_id = "createPost")]
    #[expect(clippy::too_many_arguments, reason = "each header is a parameter of its own in the API's document")]
    async fn create(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        acceptor: Data<&Acceptor>,
        /// Repeating a request with the same key and body within 24 hours repeats the first answer instead of posting twice.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: Body<NewPost>,
    ) -> Result<Accepted, ApiError> {
        let caller = key.allow("posts:write")?;
        let claimed = claim_key(&acceptor, &caller.workspace, idempotency_key.0)?;
        let request_hash = shared::secret::sha256_hex(&body.raw);
        if let Some((key, _)) = &claimed
            && let Some(answer) = replay(&app, &caller.workspace, key, &request_hash).await?
        {
            return Ok(answer);
        }
        let mut post = new_post::check(&app, &caller.workspace, &body.value).await?;
        let shown = Rendered::new(&Post::new(&PostWithTargets {
            post: post.post.clone(),
            targets: post.targets.iter().cloned().zip(post.jobs.iter().cloned()).collect(),
        }));
        let location = format!("/api/v1/posts/{}", post.post.id);
        post.key = claimed.as_ref().map(|(key, _)| NewKey {
            workspace: caller.workspace.clone(),
            route: CREATE,
            key: key.clone(),
            answer: Answer {
                request_hash: request_hash.clone(),
                status: 202,
                location: location.clone(),
                body: shown.text().to_owned(),
            },
            expires_at: app.clock.now().plus(KEY_LIFETIME),
        });
        match acceptor.write(post).await? {
            Written::Written => return Ok(Accepted::Accepted(shown, location, None)),
            Written::Duplicate { position, of } => return Err(duplicate(position, &of)),
            Written::KeyUsed => {}
        }
        let (key, _) = claimed.ok_or_else(|| ApiError::conflict("key_conflict", "a key conflict without a key"))?;
        let first = replay(&app, &caller.workspace, &key, &request_hash).await?;
        first.ok_or_else(|| {
            ApiError::conflict("idempotency_key_expired", "the key expired at this moment; send the request again")
        })
    }

    /// Checks a post like its creation does, and writes nothing.
    #[oai(path = "/posts/validate", method = "post", operation_id = "validatePost")]
    async fn validate(&self, key: ApiKey, app: Data<&Arc<App>>, body: Body<NewPost>) -> Result<Json<Validity>, ApiError> {
        let caller = key.allow("posts:write")?;
        new_post::check(&app, &caller.workspace, &body.value).await?;
        Ok(Json(Validity { valid: true }))
    }

    /// Lists posts, newest first.
    #[oai(path = "/posts", method = "get", operation_id = "listPosts")]
    #[expect(clippy::too_many_arguments, reason = "each filter is a parameter of its own in the API's document")]
    async fn list(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// `nextCursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows per page, 1 to 100.
        #[oai(validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<Option<u32>>,
        /// `true` for only those that wait with a target at risk.
        #[oai(name = "atRisk")]
        at_risk: Query<Option<bool>>,
    ) -> Result<Json<PostPage>, ApiError> {
        let caller = key.allow("posts:read")?;
        let before: Option<PostId> = parse("cursor", cursor.0)?;
        let limit = limit.0.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        let (workspace, before, rows) = (&caller.workspace, before.as_ref(), u64::from(limit) + 1);
        let mut found = match at_risk.0 {
            Some(true) => store::risks::list_posts(&*app.db, workspace, before, rows).await?,
            _ => posts::list(&*app.db, workspace, before, rows).await?,
        };
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next_cursor = found.last().filter(|_| more).map(|found| found.post.id.to_string());
        Ok(Json(PostPage { data: found.iter().map(Post::new).collect(), next_cursor }))
    }

    /// Shows a post with its targets.
    #[oai(path = "/posts/:id", method = "get", operation_id = "getPost")]
    async fn get(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<Post>, ApiError> {
        let caller = key.allow("posts:read")?;
        show(&app, &caller.workspace, &post_id(&id)?).await
    }

    /// Cancels every target that has not begun; when some have, they are named in a 409.
    #[oai(path = "/posts/:id", method = "delete", operation_id = "cancelPost")]
    async fn cancel(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The post's id.
        id: Path<String>,
    ) -> Result<Json<Post>, ApiError> {
        let caller = key.allow("posts:write")?;
        let id = post_id(&id)?;
        let begun = cancel_all(&app, &caller.workspace, &id).await?;
        if begun.is_empty() {
            return show(&app, &caller.workspace, &id).await;
        }
        let detail = "some targets have begun and can't be cancelled; those that had not are cancelled now";
        let problem = Problem::new(poem::http::StatusCode::CONFLICT, "already_begun", detail);
        Err(ApiError::Conflict(ProblemJson::from(Problem { phases: Some(begun), ..problem }), None))
    }
}

/// The refusal of a post that is the same as another within a day.
fn duplicate(position: i32, of: &PostId) -> ApiError {
    let detail = format!(
        "the same text and files go to this account within 24 hours with the post {of}; change it, or send `allowDuplicate`"
    );
    let problem = Problem::new(poem::http::StatusCode::CONFLICT, "duplicate_content", detail.clone());
    let pointer = format!("/targets/{position}");
    let violation = Violation { pointer, code: "duplicate_content".to_owned(), detail, limit: None };
    ApiError::Conflict(ProblemJson::from(Problem { violations: Some(vec![violation]), ..problem }), None)
}

async fn show(app: &App, workspace: &WorkspaceId, id: &PostId) -> Result<Json<Post>, ApiError> {
    let found = posts::find(&*app.db, workspace, id).await?.ok_or_else(|| ApiError::not_found("post"))?;
    Ok(Json(Post::new(&found)))
}

fn post_id(text: &str) -> Result<PostId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found("post"))
}

/// Cancels what has not begun; tells the phase of what has.
async fn cancel_all(app: &App, workspace: &WorkspaceId, id: &PostId) -> Result<Vec<Phase>, ApiError> {
    let txn = app.db.begin().await?;
    let mut begun = Vec::new();
    let listed = jobs::list_by_post(&*txn, workspace, id).await?;
    if listed.is_empty() {
        return Err(ApiError::not_found("post"));
    }
    // In the order of their ids, as claims lock them too: two that lock in one order can't wait for each other in a ring.
    for job in listed.into_iter().rev() {
        let Some(job) = jobs::lock(&*txn, workspace, &job.id).await? else { continue };
        match phase(&job, job_steps::has_open_intent(&*txn, &job.id).await?) {
            "scheduled" | "queued" => jobs::decide(&*txn, &job, &Decision::Cancel, app.clock.now()).await?,
            "cancelled" => {}
            phase => begun.push(Phase {
                target_id: job.target_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                job_id: job.id.to_string(),
                phase: phase.to_owned(),
            }),
        }
    }
    txn.commit().await?;
    Ok(begun)
}

/// Takes the client's idempotency key for this request, if it sent one.
fn claim_key(acceptor: &Acceptor, workspace: &WorkspaceId, key: Option<String>) -> Result<Option<(String, InFlight)>, ApiError> {
    let Some(key) = key else { return Ok(None) };
    if key.is_empty() || key.len() > KEY_MAX {
        return Err(ApiError::bad_request(
            "invalid_idempotency_key",
            format!("`Idempotency-Key` must have 1 to {KEY_MAX} characters"),
        ));
    }
    match acceptor.begin(workspace, &key) {
        Some(in_flight) => Ok(Some((key, in_flight))),
        None => {
            let detail = "the first request with this idempotency key is still under way; ask again in a moment";
            let problem = Problem::new(poem::http::StatusCode::CONFLICT, "idempotency_key_in_use", detail);
            Err(ApiError::Conflict(ProblemJson::from(problem), Some(1)))
        }
    }
}

/// The first answer to a key, when the body is the same; 422 when it is another.
async fn replay(app: &App, workspace: &WorkspaceId, key: &str, request_hash: &str) -> Result<Option<Accepted>, ApiError> {
    let Some(answer) = idempotency::find(&*app.db, workspace, CREATE, key, app.clock.now()).await? else { return Ok(None) };
    if answer.request_hash != request_hash {
        let detail = "this idempotency key was used with another body; use a new key for a new post";
        let problem = Problem::new(poem::http::StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail);
        return Err(ApiError::Unprocessable(ProblemJson::from(problem)));
    }
    Ok(Some(Accepted::Accepted(Rendered::again(answer.body), answer.location, Some("true".to_owned()))))
}
