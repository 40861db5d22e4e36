//! X's refusals: problem documents, worded as X words them.

use serde_json::{Value, json};

use crate::call::Answer;

const TYPES: &str = "https://api.twitter.com/2/problems";

fn problem(status: u16, body: &Value) -> Answer {
    Answer::text(status, "application/problem+json", body.to_string())
}

fn plain(status: u16, title: &str, detail: &str) -> Answer {
    problem(status, &json!({"title": title, "type": "about:blank", "status": status, "detail": detail}))
}

/// 400, naming the parameters at fault.
pub(super) fn invalid(parameters: Value, message: &str) -> Answer {
    problem(
        400,
        &json!({
            "errors": [{"parameters": parameters, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": format!("{TYPES}/invalid-request"),
            "status": 400,
        }),
    )
}

/// 400 for media that is unknown, foreign, unfinished or expired.
pub(super) fn invalid_media(ids: &[String]) -> Answer {
    invalid(json!({"media.media_ids": ids}), "Your media IDs are invalid.")
}

pub(super) fn unauthorized() -> Answer {
    plain(401, "Unauthorized", "Unauthorized")
}

pub(super) fn credits_depleted() -> Answer {
    let account = 2_050_000_000_000_000_001_u64;
    problem(
        402,
        &json!({
            "account_id": account,
            "title": "CreditsDepleted",
            "detail": format!(
                "Your enrolled account [{account}] does not have any credits to fulfill this request."
            ),
            "type": format!("{TYPES}/credits"),
        }),
    )
}

fn forbidden(detail: &str) -> Answer {
    plain(403, "Forbidden", detail)
}

pub(super) fn duplicate() -> Answer {
    forbidden("You are not allowed to create a Tweet with duplicate content.")
}

pub(super) fn not_permitted() -> Answer {
    forbidden("You are not permitted to perform this action.")
}

pub(super) fn not_engaged() -> Answer {
    forbidden(
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.",
    )
}

pub(super) fn suspended() -> Answer {
    forbidden("Your account is suspended and is not permitted to access this feature.")
}

pub(super) fn oauth1_permissions() -> Answer {
    problem(
        403,
        &json!({
            "title": "Forbidden",
            "detail": "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
            "type": format!("{TYPES}/oauth1-permissions"),
            "status": 403,
        }),
    )
}

/// The entry for one missing object, as it stands in `errors`.
pub(super) fn missing(resource: &str, parameter: &str, id: &str) -> Value {
    json!({
        "value": id,
        "detail": format!("Could not find {resource} with {parameter}: [{id}]."),
        "title": "Not Found Error",
        "resource_type": resource,
        "parameter": parameter,
        "resource_id": id,
        "type": format!("{TYPES}/resource-not-found"),
    })
}

/// 404 for one object.
pub(super) fn not_found(resource: &str, id: &str) -> Answer {
    let mut body = missing(resource, "id", id);
    body["status"] = json!(404);
    problem(404, &body)
}

/// 404 for a path that X does not serve.
pub(super) fn not_found_path() -> Answer {
    plain(404, "Not Found", "Not Found")
}

pub(super) fn too_many_requests() -> Answer {
    plain(429, "Too Many Requests", "Too Many Requests")
}

/// Any answer in the 5xx range.
pub(super) fn server(status: u16) -> Answer {
    let (title, detail) = match status {
        502 => ("Bad Gateway", "Bad Gateway"),
        503 => ("Service Unavailable", "Service Unavailable"),
        504 => ("Gateway Timeout", "Gateway Timeout"),
        _ => ("Internal Server Error", "Something is broken. Please try again later."),
    };
    plain(status, title, detail)
}
