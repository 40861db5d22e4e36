//! TikTok's errors: one table, and the answer in the form of the endpoint that gives it.

use serde_json::json;

use super::log_id;
use crate::call::Answer;
use crate::state::State;

/// Name, HTTP status and message of every documented error.
///
/// The part of a name before the slash is where the error stands: a status for the API's envelope,
/// `oauth` for the flat form (`oauth-200` is the same with HTTP 200), `upload` for the upload host, which
/// answers without a body, and `fail` for a task that `status/fetch` calls failed. The part after it is the code.
const ROWS: &[(&str, u16, &str)] = &[
    ("400/invalid_param", 400, "One or more fields in the request is invalid."),
    ("400/invalid_params", 400, "One or more fields in the request is invalid."),
    ("400/invalid_file_upload", 400, "The uploaded file does not meet API specifications."),
    ("400/app_version_check_failed", 400, "The user's app is older than 31.8."),
    ("400/invalid_publish_id", 400, "The publish_id does not exist."),
    ("400/token_not_authorized_for_specified_publish_id", 400, "The access_token is not authorized for this publish_id."),
    ("400/publish_not_cancellable", 400, "The post can no longer be cancelled."),
    ("401/access_token_invalid", 401, "The access token is invalid or not found in the request."),
    ("401/scope_not_authorized", 401, "The user did not authorize the scope required for completing this request."),
    ("401/scope_permission_missed", 401, "Some fields need additional scopes."),
    ("403/spam_risk_too_many_posts", 403, "The daily post cap from the API is reached for the current user."),
    ("403/spam_risk_too_many_pending_share", 403, "The cap of pending shares in 24 hours is reached for the current user."),
    ("403/spam_risk_user_banned_from_posting", 403, "The user is banned from making new posts."),
    ("403/reached_active_user_cap", 403, "The daily quota for active publishing users from your client is reached."),
    (
        "403/unaudited_client_can_only_post_to_private_accounts",
        403,
        "Unaudited clients can only post to a private account. The publish attempt will be blocked when posting to a public one.",
    ),
    ("403/url_ownership_unverified", 403, "Please review our URL ownership verification rules."),
    ("403/privacy_level_option_mismatch", 403, "privacy_level is not one of the creator's privacy_level_options."),
    ("404/unsupported_path", 404, "The path or method is not supported."),
    ("429/rate_limit_exceeded", 429, "The API rate limit was exceeded. Please try again later."),
    ("500/internal_error", 500, "Something went wrong on our side. Please try again later."),
    ("502/internal_error", 502, "Something went wrong on our side. Please try again later."),
    ("503/internal_error", 503, "Something went wrong on our side. Please try again later."),
    ("504/internal_error", 504, "Something went wrong on our side. Please try again later."),
    ("200/spam_risk_too_many_posts", 200, "The daily post cap from the API is reached for the current user."),
    ("200/spam_risk_user_banned_from_posting", 200, "The user is banned from making new posts."),
    ("200/reached_active_user_cap", 200, "The daily quota for active publishing users from your client is reached."),
    ("oauth/invalid_grant", 400, "Authorization code or refresh token is expired, used or revoked."),
    ("oauth/invalid_request", 400, "The request parameters are malformed."),
    ("oauth/invalid_client", 401, "Client key or secret is incorrect."),
    ("oauth/unauthorized_client", 400, "The client is not authorized to use this method."),
    ("oauth/invalid_scope", 400, "The requested scope is invalid, unknown or malformed."),
    ("oauth/unsupported_grant_type", 400, "Grant type is not supported."),
    ("oauth/unsupported_response_type", 400, "Response type is not supported."),
    ("oauth/access_denied", 400, "The user denied the request."),
    ("oauth/server_error", 500, "Something went wrong on our side."),
    ("oauth/temporarily_unavailable", 503, "Service is temporarily unavailable."),
    ("oauth-200/invalid_grant", 200, "Authorization code or refresh token is expired, used or revoked."),
    ("oauth-200/invalid_request", 200, "The request parameters are malformed."),
    ("upload/400", 400, ""),
    ("upload/403", 403, ""),
    ("upload/404", 404, ""),
    ("upload/416", 416, ""),
    ("upload/500", 500, ""),
    ("upload/502", 502, ""),
    ("upload/503", 503, ""),
    ("upload/504", 504, ""),
    ("fail/file_format_check_failed", 200, ""),
    ("fail/duration_check_failed", 200, ""),
    ("fail/frame_rate_check_failed", 200, ""),
    ("fail/picture_size_check_failed", 200, ""),
    ("fail/internal", 200, ""),
    ("fail/video_pull_failed", 200, ""),
    ("fail/photo_pull_failed", 200, ""),
    ("fail/publish_cancelled", 200, ""),
    ("fail/auth_removed", 200, ""),
    ("fail/spam_risk_too_many_posts", 200, ""),
    ("fail/spam_risk_user_banned_from_posting", 200, ""),
    ("fail/spam_risk_text", 200, ""),
    ("fail/spam_risk", 200, ""),
];

/// The names of all rows.
pub(super) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|(name, ..)| *name).collect()
}

/// A row of the table, perhaps with a message that says more.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    name: String,
    message: Option<String>,
    status: Option<u16>,
}

impl Refusal {
    /// A row as it stands.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), message: None, status: None }
    }

    /// A row with another message.
    pub(super) fn say(name: &str, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new(name) }
    }

    /// A row with another HTTP status.
    pub(super) fn with_status(name: &str, status: u16) -> Self {
        Self { status: Some(status), ..Self::new(name) }
    }

    /// The answer. A name that is in no row is an error without a message.
    pub(super) fn into_answer(self, state: &mut State) -> Answer {
        let row = ROWS.iter().find(|(name, ..)| *name == self.name);
        let (_, status, message) = row.copied().unwrap_or(("", 500, ""));
        let status = self.status.unwrap_or(status);
        let message = self.message.as_deref().unwrap_or(message);
        let (place, code) = self.name.split_once('/').unwrap_or(("", &self.name));
        let log_id = log_id(state);
        match place {
            "upload" => Answer { status, headers: Vec::new(), body: Vec::new() },
            "oauth" | "oauth-200" => {
                Answer::json(status, &json!({"error": code, "error_description": message, "log_id": log_id}))
            }
            "fail" => {
                let error = json!({"code": "ok", "message": "", "log_id": log_id});
                Answer::json(status, &json!({"data": {"status": "FAILED", "fail_reason": code}, "error": error}))
            }
            _ => Answer::json(status, &json!({"data": {}, "error": {"code": code, "message": message, "log_id": log_id}})),
        }
    }
}
