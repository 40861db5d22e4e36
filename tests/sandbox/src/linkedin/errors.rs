//! LinkedIn's errors: one table, and the envelopes they come in.

use serde_json::{Value, json};

use crate::call::Answer;

/// How the body of an error is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `status`, `code`, `message`.
    Coded,
    /// `status` and `message` alone.
    Codeless,
    /// Coded, with `errorDetails` that name the field.
    Field,
    /// A duplicate, with `errorDetails` and no code of its own.
    Duplicate,
    /// OAuth: `error` and `error_description`.
    OAuth,
}

/// One documented error.
struct Row {
    /// `status/CODE`, or the status alone; where there is no code but a known text, that text.
    name: &'static str,
    form: Form,
    /// `serviceErrorCode`.
    service: Option<u32>,
    message: &'static str,
}

const fn row(name: &'static str, form: Form, service: Option<u32>, message: &'static str) -> Row {
    Row { name, form, service, message }
}

/// Every row of the error tables.
const ROWS: &[Row] = &[
    row("400/ILLEGAL_ARGUMENT", Form::Coded, None, "Request body could not be converted to data map"),
    row(
        "400/VERSION_MISSING",
        Form::Coded,
        None,
        "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
    ),
    row("400/INVALID_URN_TYPE", Form::Field, None, "The type of the URN is not allowed here"),
    row("400/INVALID_URN_ID", Form::Field, None, "The id of the URN is invalid"),
    row("400/INVALID_VALUE_FOR_FIELD", Form::Field, None, "The value of the field is invalid"),
    row("400/MISSING_FIELD", Form::Field, None, "A required field is missing"),
    row("400/FIELD_LENGTH_TOO_LONG", Form::Field, None, "The length of the field exceeds the maximum"),
    row("400/INVALID_VALUE_BLANK_FIELD", Form::Field, None, "The field must not be blank"),
    row("400/INVALID_URL", Form::Field, None, "The URL is malformed"),
    row("400/INVALID_IMAGE_ID", Form::Field, None, "The image id is invalid"),
    row("400/INVALID_VIDEO_ID", Form::Field, None, "The video id is invalid"),
    row("400/EXPIRED_UPLOAD_URL", Form::Coded, None, "The upload URL has expired"),
    row("400/UPDATING_ASSET_FAILED", Form::Coded, None, "Updating the asset failed"),
    row("400/MEDIA_ASSET_WAITING_UPLOAD", Form::Field, None, "The media asset is still waiting for its upload"),
    row("400/MEDIA_ASSET_PROCESSING_FAILED", Form::Field, None, "The media asset could not be processed"),
    row("400/Unable to obtain activity", Form::Codeless, None, "Unable to obtain activity"),
    row("401/INVALID_ACCESS_TOKEN", Form::Coded, Some(65_600), "Invalid access token"),
    row("401/REVOKED_ACCESS_TOKEN", Form::Coded, Some(65_601), "The token used in the request has been revoked by the user"),
    row("401/EXPIRED_ACCESS_TOKEN", Form::Coded, Some(65_602), "The token used in the request has expired"),
    row("401/EMPTY_ACCESS_TOKEN", Form::Coded, None, "Empty oauth2 access token"),
    row("403/ACCESS_DENIED", Form::Coded, Some(100), "Not enough permissions to access: partnerApiPostsExternal.CREATE.20260901"),
    row("403/resource is forbidden", Form::Codeless, None, "resource is forbidden"),
    row("404/NOT_FOUND", Form::Coded, None, "Could not find entity"),
    row("409/CONFLICT", Form::Coded, None, "The resource was changed by another call"),
    row("422/DUPLICATE_POST", Form::Duplicate, None, "Duplicate post is detected"),
    row("422", Form::Codeless, None, "ERROR :: /author :: field is required but not found and has no default value\n"),
    row("426/NONEXISTENT_VERSION", Form::Coded, None, "Requested version 20250401 is not active"),
    row(
        "429/TOO_MANY_REQUESTS",
        Form::Coded,
        Some(101),
        "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached.",
    ),
    row("500", Form::Codeless, None, "Internal Server Error"),
    row("502", Form::Codeless, None, "Bad Gateway"),
    row("503", Form::Codeless, None, "Service Unavailable"),
    row("504", Form::Codeless, None, "Gateway Timeout"),
    row(
        "400/invalid_grant",
        Form::OAuth,
        None,
        "The provided authorization grant or refresh token is invalid, expired or revoked",
    ),
    row(
        "400/invalid_request",
        Form::OAuth,
        None,
        "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired. Or external member binding exists",
    ),
    row("401/invalid_client", Form::OAuth, None, "Client authentication failed"),
];

/// Names of all rows.
pub(super) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.name).collect()
}

/// The answer of one row, by its name.
pub(super) fn named(name: &str) -> Answer {
    build(name, None, None)
}

/// The same with other words.
pub(super) fn saying(name: &str, message: &str) -> Answer {
    build(name, Some(message), None)
}

/// The same about one field, whose path is `/content/media/id`.
pub(super) fn field(name: &str, path: &str, message: &str) -> Answer {
    build(name, Some(message), Some(path))
}

fn build(name: &str, message: Option<&str>, path: Option<&str>) -> Answer {
    let Some(row) = ROWS.iter().find(|row| row.name == name) else { return server(500) };
    let (status, code) = row.name.split_once('/').unwrap_or((row.name, ""));
    let status: u16 = status.parse().unwrap_or(500);
    let message = message.unwrap_or(row.message);
    if row.form == Form::OAuth {
        return Answer::json(status, &json!({"error": code, "error_description": message}));
    }
    let mut body = json!({"status": status, "message": message});
    if matches!(row.form, Form::Coded | Form::Field) {
        body["code"] = json!(code);
    }
    if let Some(service) = row.service {
        body["serviceErrorCode"] = json!(service);
    }
    if row.form == Form::Field {
        let path = path.unwrap_or("/commentary").trim_start_matches('/');
        let input = json!({"inputPath": {"fieldPath": path}});
        details(&mut body, &json!({"description": message, "input": input, "code": code}));
    }
    if row.form == Form::Duplicate {
        details(&mut body, &json!({"description": row.message, "input": {}, "code": code}));
    }
    Answer::json(status, &body)
}

fn details(body: &mut Value, input_error: &Value) {
    body["errorDetailType"] = json!("com.linkedin.common.error.BadRequest");
    body["errorDetails"] = json!({"inputErrors": [input_error]});
}

/// 422: the body breaks the schema at a path.
pub(super) fn schema(path: &str, what: &str) -> Answer {
    saying("422", &format!("ERROR :: {path} :: {what}\n"))
}

/// 422: the same was posted before, as `urn`.
pub(super) fn duplicate(urn: &str) -> Answer {
    saying("422/DUPLICATE_POST", &format!("Duplicate post is detected: Content is a duplicate of {urn}"))
}

/// Any answer in the 5xx range.
pub(super) fn server(status: u16) -> Answer {
    let row = ROWS.iter().find(|row| row.name == status.to_string());
    let message = row.map_or("Internal Server Error", |row| row.message);
    Answer::json(status, &json!({"status": status, "message": message}))
}
