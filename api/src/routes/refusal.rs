//! What a platform's word means to a caller of the API.

use poem::http::StatusCode;
use shared::error::{ErrorClass, JobError};
use shared::secret::SecretError;

use crate::problem::{ApiError, Problem, ProblemJson, Violation};

/// The answer for a call to a platform that failed. Nothing was stored.
///
/// The platform's own words are repeated only where it judged what it was given: an answer that nobody could read may hold
/// anything, a token too.
pub fn of(error: &JobError) -> ApiError {
    let words = error.platform_message.as_deref().map(|words| format!(" (its words: {words})")).unwrap_or_default();
    match error.class {
        ErrorClass::AuthExpired | ErrorClass::AuthRevoked => {
            unprocessable("token_refused", format!("the platform refuses this grant: {}{words}", error.message))
        }
        ErrorClass::Rejected if error.code == NOT_CONFIGURED => ApiError::conflict(NOT_CONFIGURED, error.message.clone()),
        ErrorClass::Rejected => unprocessable(error.code, format!("{}{words}; {}", error.message, error.remedy)),
        ErrorClass::Bug => {
            tracing::error!(error.code, error.message, "a request failed");
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a fault of ours; it is logged");
            ApiError::Internal(ProblemJson::from(problem))
        }
        _ if error.code == "database_unavailable" => unavailable(error.code, "the database did not answer".to_owned()),
        _ if error.code == "account_being_connected" => unavailable(error.code, error.message.clone()),
        _ => unavailable("platform_unavailable", format!("the platform gave no usable answer: {}", error.message)),
    }
}

/// The code of a login whose settings are missing.
pub const NOT_CONFIGURED: &str = "login_not_configured";

/// 422 about the whole request.
pub fn unprocessable(code: &str, detail: String) -> ApiError {
    ApiError::Unprocessable(ProblemJson::from(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)))
}

/// 403 for somebody who did not begin the login.
pub fn person_mismatch() -> ApiError {
    let detail = "somebody else began this login, and only they may choose from it; begin one of your own";
    ApiError::Forbidden(ProblemJson::from(Problem::new(StatusCode::FORBIDDEN, "person_mismatch", detail)))
}

/// 409 for a grant of somebody else than was asked for; names both.
pub fn account_mismatch(wanted: (&str, &str), got: (&str, &str)) -> ApiError {
    let detail = format!(
        "this is about `{}` (`{}`), but the platform says that the grant belongs to `{}` (`{}`); log in there as the former",
        wanted.0, wanted.1, got.0, got.1
    );
    ApiError::conflict("account_mismatch", detail)
}

fn unavailable(code: &str, detail: String) -> ApiError {
    let detail = format!("{detail}; nothing was stored, try again");
    ApiError::Unavailable(ProblemJson::from(Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)))
}

/// 500 for a key ring that can't seal or open.
pub fn unsealable(error: &SecretError) -> ApiError {
    of(&JobError::new(ErrorClass::Bug, "sealing_failed", error.to_string()))
}

/// 422 with every broken rule named.
pub fn violations(code: &str, violations: Vec<Violation>) -> ApiError {
    let detail = violations.iter().map(|violation| violation.detail.as_str()).collect::<Vec<_>>().join("; ");
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    ApiError::Unprocessable(ProblemJson::from(Problem { violations: Some(violations), ..problem }))
}
