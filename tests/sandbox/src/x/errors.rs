//! X's refusals, worded as X words them: problem documents, the older lists of codes, and those of OAuth.

use serde_json::{Value, json};

use crate::call::Answer;

const TYPES: &str = "https://api.twitter.com/2/problems";
const DETAIL_400: &str = "One or more parameters to your request was invalid.";

/// How the body of a refusal is built.
enum Shape {
    /// A problem document; without a slug its type is `about:blank`. The pairs are further fields.
    Problem { slug: &'static str, title: &'static str, detail: &'static str, more: &'static [(&'static str, &'static str)] },
    /// A problem document of the type `invalid-request`: parameter at fault, and message.
    Invalid(&'static str, &'static str),
    /// 402, which names the enrolled account.
    Credits,
    /// `{"errors": [{"code", "message"}]}` of version 1.1.
    Legacy(u32, &'static str),
    /// `{"error", "error_description"}` of the token endpoint.
    OAuth(&'static str, &'static str),
}

/// A row of the tables of errors: name, status, body.
type Row = (&'static str, u16, Shape);

const fn plain(name: &'static str, status: u16, title: &'static str, detail: &'static str) -> Row {
    (name, status, Shape::Problem { slug: "", title, detail, more: &[] })
}

const fn forbidden(name: &'static str, detail: &'static str) -> Row {
    plain(name, 403, "Forbidden", detail)
}

const fn problem(
    name: &'static str,
    status: u16,
    texts: [&'static str; 3],
    more: &'static [(&'static str, &'static str)],
) -> Row {
    let [slug, title, detail] = texts;
    (name, status, Shape::Problem { slug, title, detail, more })
}

const fn legacy(name: &'static str, status: u16, code: u32, message: &'static str) -> Row {
    (name, status, Shape::Legacy(code, message))
}

const fn oauth(name: &'static str, status: u16, error: &'static str, description: &'static str) -> Row {
    (name, status, Shape::OAuth(error, description))
}

/// Every documented error.
const ROWS: &[Row] = &[
    ("400/invalid-request", 400, Shape::Invalid("", "The content of your request is invalid.")),
    ("400/media-ids", 400, Shape::Invalid("media.media_ids", "Your media IDs are invalid.")),
    (
        "400/too-many-media",
        400,
        Shape::Invalid("media.media_ids", "$.media.media_ids: there must be a maximum of 4 items in the array"),
    ),
    oauth("400/oauth-invalid-request", 400, "invalid_request", "Value passed for the token was invalid."),
    oauth("400/oauth-invalid-grant", 400, "invalid_grant", "Value passed for the token was invalid."),
    plain("401/unauthorized", 401, "Unauthorized", "Unauthorized"),
    oauth("401/oauth-unauthorized-client", 401, "unauthorized_client", "Missing valid authorization header"),
    oauth("401/oauth-invalid-client", 401, "invalid_client", "Value passed for the client was invalid."),
    ("402/credits", 402, Shape::Credits),
    forbidden("403/duplicate", "You are not allowed to create a Tweet with duplicate content."),
    forbidden("403/not-permitted", "You are not permitted to perform this action."),
    forbidden(
        "403/reply-not-engaged",
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.",
    ),
    forbidden("403/cashtag", "Posts may contain a maximum of one cashtag."),
    forbidden("403/invalid-url", "The Tweet contains an invalid URL."),
    forbidden("403/video-too-long", "This user is not allowed to post a video longer than 2 minutes"),
    forbidden("403/not-permitted-feature", "Your account is not permitted to access this feature."),
    forbidden("403/suspended", "Your account is suspended and is not permitted to access this feature."),
    forbidden("403/locked", "Your account is temporarily locked and is not permitted to access this feature."),
    problem(
        "403/oauth1-permissions",
        403,
        [
            "oauth1-permissions",
            "Forbidden",
            "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
        ],
        &[],
    ),
    problem(
        "403/client-not-enrolled",
        403,
        [
            "client-forbidden",
            "Client Forbidden",
            "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter developer App that is attached to a Project.",
        ],
        &[("reason", "client-not-enrolled"), ("required_enrollment", "Appropriate Level of API Access")],
    ),
    problem(
        "403/unsupported-authentication",
        403,
        [
            "unsupported-authentication",
            "Unsupported Authentication",
            "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
        ],
        &[],
    ),
    problem(
        "403/usage-capped",
        403,
        ["usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap"],
        &[("period", "Monthly"), ("scope", "Product")],
    ),
    problem(
        "403/not-authorized-for-resource",
        403,
        ["not-authorized-for-resource", "Authorization Error", "Sorry, you are not authorized to see the Tweet."],
        &[("resource_type", "tweet"), ("section", "data"), ("parameter", "id")],
    ),
    problem(
        "403/not-authorized-for-field",
        403,
        ["not-authorized-for-field", "Field Authorization Error", "Sorry, you are not authorized to access a field."],
        &[("resource_type", "tweet"), ("section", "data"), ("field", "non_public_metrics")],
    ),
    problem(
        "403/disallowed-resource",
        403,
        ["disallowed-resource", "Disallowed Resource", "The requested resource is not allowed to be used here."],
        &[("resource_type", "tweet"), ("section", "data")],
    ),
    problem(
        "404/not-found",
        404,
        ["resource-not-found", "Not Found Error", "Could not find tweet with id: [1]."],
        &[("resource_type", "tweet"), ("parameter", "id"), ("value", "1"), ("resource_id", "1")],
    ),
    problem(
        "404/resource-unavailable",
        404,
        ["resource-unavailable", "Resource Unavailable", "The requested resource is not available."],
        &[("resource_type", "tweet")],
    ),
    problem("409/conflict", 409, ["conflict", "Conflict", "Conflict"], &[]),
    plain("429/rate-limit", 429, "Too Many Requests", "Too Many Requests"),
    problem("429/rate-limit-exceeded", 429, ["rate-limit-exceeded", "Rate Limit Exceeded", "Rate limit exceeded."], &[]),
    plain("429/user-24hour", 429, "Too Many Requests", "Too Many Requests"),
    plain("429/app-24hour", 429, "Too Many Requests", "Too Many Requests"),
    plain("500/server-error", 500, "Internal Server Error", "Something is broken. Please try again later."),
    problem("500/internal-error", 500, ["internal-error", "Internal Error", "An internal error occurred."], &[]),
    plain("502/bad-gateway", 502, "Bad Gateway", "Bad Gateway"),
    plain("503/service-unavailable", 503, "Service Unavailable", "Service Unavailable"),
    plain("504/gateway-timeout", 504, "Gateway Timeout", "Gateway Timeout"),
    legacy("v1/32", 401, 32, "Could not authenticate you."),
    legacy("v1/34", 404, 34, "Sorry, that page does not exist."),
    legacy("v1/64", 403, 64, "Your account is suspended and is not permitted to access this feature."),
    legacy("v1/88", 429, 88, "Rate limit exceeded"),
    legacy("v1/89", 401, 89, "Invalid or expired token."),
    legacy("v1/135", 401, 135, "Timestamp out of bounds."),
    legacy("v1/186", 403, 186, "Tweet needs to be a bit shorter."),
    legacy("v1/187", 403, 187, "Status is a duplicate."),
    legacy("v1/324", 400, 324, "The validation of media ids failed."),
    legacy(
        "v1/326",
        403,
        326,
        "To protect our users from spam and other malicious activity, this account is temporarily locked.",
    ),
    legacy("v1/344", 403, 344, "User is over daily status update limit."),
    legacy("v1/415", 403, 415, "Callback URL not approved for this client application."),
];

/// The names of all rows.
pub(super) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|(name, ..)| *name).collect()
}

/// The refusal that a row describes.
pub(super) fn named(name: &str) -> Option<Answer> {
    ROWS.iter().find(|(known, ..)| *known == name).map(|(_, status, shape)| build(*status, shape))
}

/// The refusal that a row describes; for names that are written down in this crate.
pub(super) fn refusal(name: &str) -> Answer {
    named(name).unwrap_or_else(|| server(500))
}

fn build(status: u16, shape: &Shape) -> Answer {
    match shape {
        Shape::Problem { slug, title, detail, more } => {
            let kind = if slug.is_empty() { "about:blank".to_owned() } else { format!("{TYPES}/{slug}") };
            let mut body = json!({"title": title, "type": kind, "status": status, "detail": detail});
            for (name, value) in *more {
                body[*name] = json!(value);
            }
            document(status, &body)
        }
        Shape::Invalid("", message) => invalid(json!({}), message),
        Shape::Invalid(parameter, message) => {
            let mut parameters = json!({});
            parameters[*parameter] = json!(["1"]);
            invalid(parameters, message)
        }
        Shape::Credits => credits(),
        Shape::Legacy(code, message) => legacy_error(status, *code, message),
        Shape::OAuth(error, description) => oauth_error(status, error, description),
    }
}

fn document(status: u16, body: &Value) -> Answer {
    Answer::text(status, "application/problem+json", body.to_string())
}

/// An error of version 1.1.
pub(super) fn legacy_error(status: u16, code: u32, message: &str) -> Answer {
    Answer::json(status, &json!({"errors": [{"code": code, "message": message}]}))
}

/// An error of the token endpoint.
pub(super) fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

fn credits() -> Answer {
    let account = 2_050_000_000_000_000_001_u64;
    document(
        402,
        &json!({
            "account_id": account,
            "title": "CreditsDepleted",
            "detail": format!("Your enrolled account [{account}] does not have any credits to fulfill this request."),
            "type": format!("{TYPES}/credits"),
        }),
    )
}

/// 400, naming the parameters at fault.
pub(super) fn invalid(parameters: Value, message: &str) -> Answer {
    document(
        400,
        &json!({
            "errors": [{"parameters": parameters, "message": message}],
            "title": "Invalid Request",
            "detail": DETAIL_400,
            "type": format!("{TYPES}/invalid-request"),
            "status": 400,
        }),
    )
}

/// 400 for media that is unknown, foreign, unfinished or expired.
pub(super) fn invalid_media(ids: &[String]) -> Answer {
    invalid(json!({"media.media_ids": ids}), "Your media IDs are invalid.")
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
    document(404, &body)
}

/// 404 for a path that X does not serve.
pub(super) fn not_found_path(path: &str) -> Answer {
    if path.starts_with("/1.1/") {
        return refusal("v1/34");
    }
    build(404, &Shape::Problem { slug: "", title: "Not Found", detail: "Not Found", more: &[] })
}

/// Any answer in the 5xx range.
pub(super) fn server(status: u16) -> Answer {
    let (title, detail) = match status {
        502 => ("Bad Gateway", "Bad Gateway"),
        503 => ("Service Unavailable", "Service Unavailable"),
        504 => ("Gateway Timeout", "Gateway Timeout"),
        _ => ("Internal Server Error", "Something is broken. Please try again later."),
    };
    build(status, &Shape::Problem { slug: "", title, detail, more: &[] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_begin_with_their_status() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), ROWS.len());
        for (name, status, _) in ROWS {
            assert!(name.starts_with("v1/") || name.starts_with(&format!("{status}/")), "{name}");
            assert_eq!(named(name).map(|answer| answer.status), Some(*status));
        }
    }
}
