//! Errors as RFC 9457 problem documents, with a stable `code` for programs and a remedy for people.

use poem::error::NotFoundError;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};
use sea_orm::DbErr;

/// A problem document.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Problem {
    /// A URI reference that names the kind of problem; `about:blank` when the status says it all.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable code in snake case.
    pub code: String,
    /// What is wrong and what to do about it.
    pub detail: String,
    /// Every broken rule, for content that was refused.
    pub violations: Option<Vec<Violation>>,
    /// Where each target stands, when some have begun.
    pub phases: Option<Vec<Phase>>,
}

/// One broken rule.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Violation {
    /// JSON pointer to the field in the request's body.
    pub pointer: String,
    /// A stable code in snake case.
    pub code: String,
    /// What is wrong and what to do about it.
    pub detail: String,
    /// The limit that was passed, where there is one.
    pub limit: Option<i64>,
}

/// Where a target stands.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct Phase {
    /// The target.
    pub target_id: String,
    /// Its job.
    pub job_id: String,
    /// Its phase: a job status, or `looking_for_answer`.
    pub phase: String,
}

impl Problem {
    /// A problem with its status, code and detail.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            violations: None,
            phases: None,
        }
    }
}

/// A body of the media type `application/problem+json`.
#[derive(Debug, Clone)]
pub struct ProblemJson(pub Box<Problem>);

impl From<Problem> for ProblemJson {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl Payload for ProblemJson {
    const CONTENT_TYPE: &'static str = "application/problem+json";

    fn schema_ref() -> MetaSchemaRef {
        Problem::schema_ref()
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

impl IntoResponse for ProblemJson {
    fn into_response(self) -> Response {
        Response::builder().content_type(Self::CONTENT_TYPE).body(self.0.to_json_string())
    }
}

/// Every error answer of the API.
#[derive(Debug, Clone, ApiResponse)]
pub enum ApiError {
    /// The request could not be read: malformed JSON, a bad parameter or header.
    #[oai(status = 400)]
    BadRequest(ProblemJson),
    /// The API key is missing, unknown, revoked or has ended.
    #[oai(status = 401)]
    Unauthorized(ProblemJson),
    /// The API key lacks the scope that this needs.
    #[oai(status = 403)]
    Forbidden(ProblemJson),
    /// No such thing in this workspace.
    #[oai(status = 404)]
    NotFound(ProblemJson),
    /// Not in the present state; or the first request with this idempotency key is still under way.
    #[oai(status = 409)]
    Conflict(
        ProblemJson,
        /// Seconds to wait, while the first request with the same idempotency key is under way.
        #[oai(header = "Retry-After")]
        Option<u32>,
    ),
    /// The body is over the limit.
    #[oai(status = 413)]
    TooLarge(ProblemJson),
    /// The body is no JSON by its `Content-Type`.
    #[oai(status = 415)]
    UnsupportedMediaType(ProblemJson),
    /// Understood and refused: each broken rule is named.
    #[oai(status = 422)]
    Unprocessable(ProblemJson),
    /// The API key has made all its requests of the last minute.
    #[oai(status = 429)]
    TooManyRequests(
        ProblemJson,
        /// Seconds to wait; then the request will be taken.
        #[oai(header = "Retry-After")]
        u32,
    ),
    /// A fault of ours.
    #[oai(status = 500)]
    Internal(ProblemJson),
    /// The database can't be reached; nothing was accepted.
    #[oai(status = 503)]
    Unavailable(ProblemJson),
}

impl ApiError {
    /// 400.
    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::BadRequest(ProblemJson::from(Problem::new(StatusCode::BAD_REQUEST, code, detail)))
    }

    /// 404. The same for what does not exist and for what belongs to another workspace.
    pub fn not_found(what: &str) -> Self {
        Self::NotFound(ProblemJson::from(Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("no such {what} in this workspace"),
        )))
    }

    /// 409.
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::Conflict(ProblemJson::from(Problem::new(StatusCode::CONFLICT, code, detail)), None)
    }

    /// 422 with every broken rule.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let detail = format!("{} rules are broken; each is named in `violations`", violations.len());
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_post", detail);
        Self::Unprocessable(ProblemJson::from(Problem { violations: Some(violations), ..problem }))
    }

    /// 422 with one field named.
    pub fn field(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let violation = Violation { pointer: pointer.into(), code: code.to_owned(), detail: detail.clone(), limit: None };
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
        Self::Unprocessable(ProblemJson::from(Problem { violations: Some(vec![violation]), ..problem }))
    }
}

/// A database error at the boundary: logged here, once, and told without its text.
impl From<DbErr> for ApiError {
    fn from(error: DbErr) -> Self {
        tracing::error!(%error, "a request failed at the database");
        let detail = "the database did not answer; nothing was accepted, try again";
        Self::Unavailable(ProblemJson::from(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", detail)))
    }
}

/// Turns whatever error the framework raised into a problem document.
pub async fn from_framework(error: poem::Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    let status = error.status();
    let (code, detail) = match status {
        StatusCode::UNAUTHORIZED => ("unauthorized", "send a usable API key as `Authorization: Bearer prk_…`".to_owned()),
        StatusCode::NOT_FOUND if error.is::<NotFoundError>() => ("no_such_route", "no such route; see /docs".to_owned()),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this route does not take that method; see /docs".to_owned()),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("unsupported_media_type", "send JSON with `Content-Type: application/json`".to_owned())
        }
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", error.to_string()),
        status if status.is_client_error() => ("bad_request", error.to_string()),
        _ => {
            tracing::error!(%error, "a request failed");
            ("internal", "a fault of ours; it is logged".to_owned())
        }
    };
    let mut response = ProblemJson::from(Problem::new(status, code, detail)).into_response();
    response.set_status(status);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert("www-authenticate", poem::http::HeaderValue::from_static("Bearer"));
    }
    response
}
