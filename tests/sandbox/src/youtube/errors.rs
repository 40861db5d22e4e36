//! YouTube's refusals: one table of every documented error, and the envelopes they travel in.

use serde_json::{Value, json};

use crate::call::Answer;

/// An error of the Data API: name (`status/reason`), domain, message, and what it points at (empty for nothing).
type Row = (&'static str, &'static str, &'static str, &'static str);

/// An error of the token endpoints: name, status, description.
type OauthRow = (&'static str, u16, &'static str);

const REALM: &str = "Bearer realm=\"https://accounts.google.com/\"";
const CREDENTIALS: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.";
const QUOTA: &str = "The request cannot be completed because you have exceeded your quota.";
const DISABLED: &str = "YouTube Data API v3 has not been used in this project before or it is disabled.";

/// Refusals of what a video says about itself, and of its file.
const VIDEO: &[Row] = &[
    (
        "400/invalidTitle",
        "youtube.video",
        "The request metadata specifies an invalid or empty video title.",
        "body.snippet.title",
    ),
    (
        "400/invalidDescription",
        "youtube.video",
        "The request metadata specifies an invalid video description.",
        "body.snippet.description",
    ),
    ("400/invalidTags", "youtube.video", "The request metadata specifies invalid video keywords.", "body.snippet.tags"),
    (
        "400/invalidCategoryId",
        "youtube.video",
        "The snippet.categoryId property specifies an invalid category ID.",
        "body.snippet.categoryId",
    ),
    (
        "400/invalidPublishAt",
        "youtube.video",
        "The request metadata specifies an invalid scheduled publishing time.",
        "body.status.publishAt",
    ),
    (
        "400/invalidPublishScheduleForVideo",
        "youtube.video",
        "A publishing time cannot be set for a video that was published before.",
        "body.status.publishAt",
    ),
    (
        "400/invalidRecordingDetails",
        "youtube.video",
        "The recordingDetails object in the request metadata specifies invalid recording details.",
        "body.recordingDetails",
    ),
    ("400/invalidVideoMetadata", "youtube.video", "The request metadata is invalid.", "body"),
    ("400/invalidFilename", "youtube.video", "The video filename specified in the Slug header is invalid.", "Slug"),
    (
        "400/defaultLanguageNotSet",
        "youtube.video",
        "The request is trying to add localized video details without specifying the default language of the video details.",
        "body.snippet.defaultLanguage",
    ),
    ("400/mediaBodyRequired", "youtube.video", "The request does not include the file content.", "body"),
    (
        "400/invalidVideoGameRating",
        "youtube.video",
        "The request metadata specifies an invalid video game rating.",
        "body.contentDetails.contentRating",
    ),
    ("400/uploadLimitExceeded", "youtube.video", "The user has exceeded the number of videos they may upload.", ""),
    ("403/forbiddenPrivacySetting", "youtube.video", "The privacy setting is not allowed.", "body.status.privacyStatus"),
    ("403/forbiddenLicenseSetting", "youtube.video", "The license setting is not allowed.", "body.status.license"),
    ("403/forbiddenEmbedSetting", "youtube.video", "The embed setting is not allowed.", "body.status.embeddable"),
    ("404/videoNotFound", "youtube.video", "The video that you are trying to access cannot be found.", "id"),
    ("404/playlistNotFound", "youtube.playlistItem", "The playlist identified with the request cannot be found.", "playlistId"),
    ("404/channelNotFound", "youtube.channel", "The channel specified in the request cannot be found.", "id"),
];

/// Refusals of any call.
const GLOBAL: &[Row] = &[
    ("400/badRequest", "global", "Bad Request", ""),
    ("400/missingRequiredParameter", "global", "The request is missing a required parameter.", ""),
    ("400/invalidParameter", "global", "The request specifies an invalid parameter value.", ""),
    ("400/invalidPageToken", "youtube.parameter", "The request specifies an invalid page token.", "pageToken"),
    ("400/failedPrecondition", "global", "Precondition check failed.", ""),
    ("401/authError", "global", CREDENTIALS, "Authorization"),
    ("401/required", "global", "Request is missing required authentication credential.", "Authorization"),
    ("401/youtubeSignupRequired", "youtube.header", "The account has no YouTube channel.", "Authorization"),
    ("403/quotaExceeded", "youtube.quota", QUOTA, ""),
    ("403/dailyLimitExceeded", "usageLimits", "Daily Limit Exceeded.", ""),
    ("403/rateLimitExceeded", "usageLimits", "Rate Limit Exceeded", ""),
    ("403/userRateLimitExceeded", "usageLimits", "User Rate Limit Exceeded", ""),
    ("429/rateLimitExceeded", "usageLimits", "Rate Limit Exceeded", ""),
    ("429/userRateLimitExceeded", "usageLimits", "User Rate Limit Exceeded", ""),
    ("403/insufficientPermissions", "global", "Request had insufficient authentication scopes.", ""),
    ("403/forbidden", "global", "The request might not be properly authorized.", ""),
    ("403/accountDelegationForbidden", "youtube.header", "The authenticated user cannot act on behalf of this account.", ""),
    ("403/authenticatedUserAccountClosed", "youtube.header", "The authenticated user's YouTube account is closed.", ""),
    ("403/authenticatedUserAccountSuspended", "youtube.header", "The authenticated user's YouTube account is suspended.", ""),
    ("403/authenticatedUserNotChannel", "youtube.header", "The authenticated user is not a channel.", ""),
    ("403/channelClosed", "youtube.channel", "The channel has been closed.", ""),
    ("403/channelSuspended", "youtube.channel", "The channel has been suspended.", ""),
    ("403/accessNotConfigured", "usageLimits", DISABLED, ""),
    ("404/notFound", "global", "The upload session is unknown or has expired.", "upload_id"),
    ("410/gone", "global", "The upload session is gone.", "upload_id"),
    ("413/uploadTooLarge", "global", "Media is too large.", ""),
    ("500/backendError", "global", "Backend Error", ""),
    ("500/internalError", "global", "Internal error encountered.", ""),
    ("502/backendError", "global", "Backend Error", ""),
    ("502/internalError", "global", "Internal error encountered.", ""),
    ("503/backendError", "global", "The service is currently unavailable.", ""),
    ("503/internalError", "global", "The service is currently unavailable.", ""),
    ("504/backendError", "global", "Deadline exceeded.", ""),
    ("504/internalError", "global", "Deadline exceeded.", ""),
];

/// Refusals of thumbnails, comments and playlist entries alone.
const OTHERS: &[Row] = &[
    ("400/invalidImage", "youtube.thumbnail", "The provided image content is invalid.", "body"),
    ("400/imageFormatUnsupported", "youtube.thumbnail", "The image format is not supported.", "body"),
    ("400/imageTooTall", "youtube.thumbnail", "The image is too tall.", "body"),
    ("400/imageTooWide", "youtube.thumbnail", "The image is too wide.", "body"),
    ("429/uploadRateLimitExceeded", "youtube.thumbnail", "The channel has uploaded too many thumbnails recently.", ""),
    ("400/commentTextRequired", "youtube.comment", "The text of the comment is empty.", "body.snippet.topLevelComment"),
    ("400/commentTextTooLong", "youtube.comment", "The comment text is too long.", "body.snippet.topLevelComment"),
    ("403/commentsDisabled", "youtube.commentThread", "The video has disabled comments.", "body.snippet.videoId"),
    ("403/playlistItemsNotAccessible", "youtube.playlistItem", "The playlist may not be changed by the request.", "playlistId"),
];

const OAUTH: &[OauthRow] = &[
    ("oauth/invalid_grant", 400, "Token has been expired or revoked."),
    ("oauth/invalid_client", 401, "The OAuth client was not found."),
    ("oauth/unauthorized_client", 401, "Unauthorized"),
    ("oauth/redirect_uri_mismatch", 400, "Bad Request"),
    ("oauth/invalid_scope", 400, "Some requested scopes were invalid."),
    ("oauth/invalid_request", 400, "Bad Request"),
    ("oauth/unsupported_grant_type", 400, "Invalid grant_type."),
    ("oauth/invalid_token", 400, "Token expired or revoked"),
    ("oauth/internal_failure", 500, "Internal error"),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    VIDEO.iter().chain(GLOBAL).chain(OTHERS)
}

/// The names of all errors.
pub(super) fn names() -> Vec<&'static str> {
    rows().map(|row| row.0).chain(OAUTH.iter().map(|row| row.0)).collect()
}

/// The error with a name of the tables; anything else is an internal error.
pub(super) fn named(name: &str) -> Answer {
    match rows().find(|row| row.0 == name) {
        Some(row) => answer(row, row.2, row.3),
        None => oauth(name, None),
    }
}

/// A named error in other words.
pub(super) fn worded(name: &str, message: &str) -> Answer {
    rows().find(|row| row.0 == name).map_or_else(|| named(name), |row| answer(row, message, row.3))
}

/// A named error that blames one query parameter.
pub(super) fn parameter(name: &str, parameter: &str, message: &str) -> Answer {
    rows().find(|row| row.0 == name).map_or_else(|| named(name), |row| answer(row, message, parameter))
}

/// An error of the 5xx range.
pub(super) fn server(status: u16) -> Answer {
    let known = named(&format!("{status}/{}", if status == 500 { "internalError" } else { "backendError" }));
    if known.status == status { known } else { Answer { status, ..named("503/backendError") } }
}

/// An error of the token endpoints, with its usual description unless another is given.
pub(super) fn oauth(name: &str, description: Option<&str>) -> Answer {
    let Some((name, status, usual)) = OAUTH.iter().find(|row| row.0 == name) else { return named("500/internalError") };
    let error = name.trim_start_matches("oauth/");
    Answer::json(*status, &json!({"error": error, "error_description": description.unwrap_or(usual)}))
}

fn answer((name, domain, ..): &Row, message: &str, location: &str) -> Answer {
    let (status, reason) = name.split_once('/').unwrap_or(("500", "internalError"));
    let status = status.parse().unwrap_or(500);
    let mut entry = json!({"message": message, "domain": domain, "reason": reason});
    if !location.is_empty() {
        entry["location"] = json!(location);
        entry["locationType"] = json!(location_type(location));
    }
    let mut error = json!({"code": status, "message": message, "errors": [entry]});
    if matches!(*domain, "global" | "usageLimits") {
        error["status"] = json!(canonical(status));
    }
    if let Some(info) = info(reason) {
        error["details"] = json!([info]);
    }
    let answer = Answer::json(status, &json!({"error": error})).with("vary", "Origin, X-Origin, Referer");
    match *name {
        "401/required" => answer.with("www-authenticate", REALM),
        "403/insufficientPermissions" => answer.with("www-authenticate", format!("{REALM}, error=\"insufficient_scope\"")),
        _ if status == 401 => answer.with("www-authenticate", format!("{REALM}, error=\"invalid_token\"")),
        _ => answer,
    }
}

fn location_type(location: &str) -> &'static str {
    match location {
        "Authorization" | "Slug" => "header",
        body if body.starts_with("body") => "other",
        _ => "parameter",
    }
}

/// The word that Google's newer error format has for an HTTP status.
fn canonical(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 | 410 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        504 => "DEADLINE_EXCEEDED",
        502 | 503 => "UNAVAILABLE",
        _ => "INVALID_ARGUMENT",
    }
}

/// What some errors add for machines.
fn info(reason: &str) -> Option<Value> {
    let word = match reason {
        "insufficientPermissions" => "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "accessNotConfigured" => "SERVICE_DISABLED",
        _ => return None,
    };
    Some(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": word,
        "domain": "googleapis.com",
        "metadata": {"service": "youtube.googleapis.com"},
    }))
}
