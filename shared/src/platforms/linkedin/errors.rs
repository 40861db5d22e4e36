//! What LinkedIn's refusals mean: by its code, its service error code, and its status, in this order.
//!
//! Only two refusals that come without any code are told by their words.

use std::time::Duration;

use serde::Deserialize;

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::DUPLICATE;

/// The code of media that LinkedIn does not know, or does not take any more: they are uploaded anew once.
pub(super) const MEDIA_EXPIRED: &str = "media_expired";

/// The code of a call that the account's scopes or role do not allow; of a read, that there is no way to tell.
pub(super) const PERMISSION_MISSING: &str = "permission_missing";

/// For so long after its issue a good token may be called revoked.
const FRESH_TOKEN: Duration = Duration::from_secs(30);

/// The pause until a fresh token is tried again.
const FRESH_TOKEN_PAUSE: Duration = Duration::from_secs(10);

/// The pause after a throttle that is not the day's quota.
const BURST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The pause until the operator has had time to set another version.
const VERSION_PAUSE: Duration = Duration::from_secs(3600);

/// What clocks may differ by around midnight.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The error document, as far as it tells things apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    code: String,
    message: String,
    #[serde(rename = "serviceErrorCode")]
    service_code: i64,
    #[serde(rename = "errorDetails")]
    details: Details,
    /// OAuth's code.
    error: String,
    error_description: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    input_errors: Vec<InputError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InputError {
    code: String,
}

/// Puts an answer that is no success into its class. The token is as old as the account's last change.
pub(super) fn classify(answer: &Answer, what: &str, (now, token_since): (Timestamp, Timestamp)) -> JobError {
    let document: Document = serde_json::from_slice(&answer.body).unwrap_or_default();
    let (class, code) = class_of(answer.status, &document);
    let words = [&document.message, &document.error_description].into_iter().find(|words| !words.is_empty());
    let words = words.cloned().unwrap_or_else(|| answer.text());
    let midnight = (code == "rate_limited" && words.contains("DAY")).then(|| next_day(now));
    let error = JobError::new(class, code, format!("LinkedIn refused `{what}` with status {}", answer.status)).said(words);
    let error = JobError { status: Some(answer.status), ..error };
    match code {
        "token_revoked" if now.since(token_since) < FRESH_TOKEN => {
            let message = format!("LinkedIn does not know the new token yet (`{what}`)");
            JobError { class: ErrorClass::Transient, code: "token_not_ready", message, ..error }
                .remedy("nothing to do: it is tried again by itself; reconnect the account if that does not help")
                .at(now.plus(FRESH_TOKEN_PAUSE))
        }
        "token_revoked" => JobError { code: "token_refused", ..error },
        "rate_limited" => error.at(midnight.unwrap_or_else(|| now.plus(BURST_PAUSE))),
        "platform_version_ended" => error
            .remedy("the operator of this Pressroom must set LINKEDIN_API_VERSION to an active version; the post waits for it")
            .at(now.plus(VERSION_PAUSE)),
        "platform_version_missing" => {
            error.remedy("the operator of this Pressroom must set LINKEDIN_API_VERSION; retry the job then")
        }
        "platform_app_refused" => {
            error.remedy("the operator of this Pressroom must check its LinkedIn app's credentials; retry the job then")
        }
        PERMISSION_MISSING => error.remedy(
            "reconnect the account with all scopes, for an organisation as one of its administrators; then retry the job",
        ),
        MEDIA_EXPIRED => error.remedy("retry the job: the files are uploaded again"),
        "request_refused" => error.remedy("report this to the operator of this Pressroom"),
        _ => error,
    }
}

fn class_of(status: u16, document: &Document) -> (ErrorClass, &'static str) {
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
    if status >= 500 {
        return (Ambiguous, "platform_failed");
    }
    let inputs = document.details.input_errors.iter().map(|error| error.code.as_str());
    let mut codes = inputs.chain([document.code.as_str(), document.error.as_str()]);
    if let Some(known) = codes.find_map(class_of_code) {
        return known;
    }
    match (status, document.service_code) {
        (_, 65_601) => return (AuthRevoked, "token_revoked"),
        (_, 65_600 | 65_602) => return (AuthExpired, "token_refused"),
        (403, 100) => return (AuthRevoked, PERMISSION_MISSING),
        _ => {}
    }
    // Established schedulers take both for passing. The second one tells of an activity that may have been made.
    if document.message.contains("resource is forbidden") || document.message.contains("Service Unavailable") {
        return (Transient, "platform_busy");
    }
    if document.message.contains("Unable to obtain activity") {
        return (Ambiguous, "platform_failed");
    }
    match status {
        401 => (AuthExpired, "token_refused"),
        404 => (Rejected, "not_found"),
        409 => (Transient, "conflict"),
        422 => (Rejected, "content_refused"),
        426 => (RateLimited, "platform_version_ended"),
        429 => (RateLimited, "rate_limited"),
        _ => (Ambiguous, "answer_unclassified"),
    }
}

fn class_of_code(code: &str) -> Option<(ErrorClass, &'static str)> {
    use ErrorClass::{AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
    Some(match code {
        "DUPLICATE_POST" => (Rejected, DUPLICATE),
        "ILLEGAL_ARGUMENT" => (Rejected, "request_refused"),
        "VERSION_MISSING" => (Rejected, "platform_version_missing"),
        "INVALID_URN_TYPE"
        | "INVALID_URN_ID"
        | "INVALID_VALUE_FOR_FIELD"
        | "MISSING_FIELD"
        | "FIELD_LENGTH_TOO_LONG"
        | "INVALID_VALUE_BLANK_FIELD"
        | "INVALID_URL" => (Rejected, "content_refused"),
        "INVALID_IMAGE_ID" | "INVALID_VIDEO_ID" | "EXPIRED_UPLOAD_URL" | "UPDATING_ASSET_FAILED" => (Rejected, MEDIA_EXPIRED),
        "MEDIA_ASSET_WAITING_UPLOAD" => (Transient, "media_not_ready"),
        "MEDIA_ASSET_PROCESSING_FAILED" => (Rejected, "media_processing_failed"),
        "INVALID_ACCESS_TOKEN" | "EXPIRED_ACCESS_TOKEN" | "EMPTY_ACCESS_TOKEN" => (AuthExpired, "token_refused"),
        "REVOKED_ACCESS_TOKEN" => (AuthRevoked, "token_revoked"),
        "ACCESS_DENIED" => (AuthRevoked, PERMISSION_MISSING),
        "NOT_FOUND" => (Rejected, "not_found"),
        "CONFLICT" => (Transient, "conflict"),
        "NONEXISTENT_VERSION" => (RateLimited, "platform_version_ended"),
        "TOO_MANY_REQUESTS" => (RateLimited, "rate_limited"),
        "invalid_grant" | "invalid_request" => (AuthRevoked, "token_refused"),
        "invalid_client" => (Rejected, "platform_app_refused"),
        _ => return None,
    })
}

/// The next midnight in UTC, when the day's quotas begin anew.
fn next_day(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    Timestamp::from_unix_seconds((now.unix_seconds().div_euclid(DAY) + 1) * DAY).plus(CLOCK_SLACK)
}

/// The post that a refused duplicate names: the last one in LinkedIn's words.
pub(super) fn named_post(words: &str) -> Option<&str> {
    words.rmatch_indices("urn:li:").find_map(|(start, _)| post_urn(&words[start..]))
}

/// The URN of a post that a text starts with.
fn post_urn(text: &str) -> Option<&str> {
    let (kind, id) = text.strip_prefix("urn:li:")?.split_once(':')?;
    let digits = id.bytes().take_while(u8::is_ascii_digit).count();
    let is_post = matches!(kind, "share" | "ugcPost" | "activity") && digits > 0;
    is_post.then(|| &text[..text.len() - id.len() + digits])
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;

    /// Long after the token was issued.
    const LATER: (Timestamp, Timestamp) = (Timestamp(1_000_000), Timestamp(0));

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) }
    }

    fn coded(status: u16, code: &str) -> Answer {
        answer(status, &serde_json::json!({"status": status, "code": code, "message": "words"}).to_string())
    }

    #[test]
    fn every_code_has_its_class() {
        use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
        let cases = [
            (400, "ILLEGAL_ARGUMENT", Rejected, "request_refused"),
            (400, "VERSION_MISSING", Rejected, "platform_version_missing"),
            (400, "INVALID_URN_TYPE", Rejected, "content_refused"),
            (400, "INVALID_URN_ID", Rejected, "content_refused"),
            (400, "INVALID_VALUE_FOR_FIELD", Rejected, "content_refused"),
            (400, "MISSING_FIELD", Rejected, "content_refused"),
            (400, "FIELD_LENGTH_TOO_LONG", Rejected, "content_refused"),
            (400, "INVALID_VALUE_BLANK_FIELD", Rejected, "content_refused"),
            (400, "INVALID_URL", Rejected, "content_refused"),
            (400, "INVALID_IMAGE_ID", Rejected, MEDIA_EXPIRED),
            (400, "INVALID_VIDEO_ID", Rejected, MEDIA_EXPIRED),
            (400, "EXPIRED_UPLOAD_URL", Rejected, MEDIA_EXPIRED),
            (400, "UPDATING_ASSET_FAILED", Rejected, MEDIA_EXPIRED),
            (400, "MEDIA_ASSET_WAITING_UPLOAD", Transient, "media_not_ready"),
            (400, "MEDIA_ASSET_PROCESSING_FAILED", Rejected, "media_processing_failed"),
            (400, "SURPRISE", Ambiguous, "answer_unclassified"),
            (401, "INVALID_ACCESS_TOKEN", AuthExpired, "token_refused"),
            (401, "REVOKED_ACCESS_TOKEN", AuthRevoked, "token_refused"),
            (401, "EXPIRED_ACCESS_TOKEN", AuthExpired, "token_refused"),
            (401, "EMPTY_ACCESS_TOKEN", AuthExpired, "token_refused"),
            (403, "ACCESS_DENIED", AuthRevoked, PERMISSION_MISSING),
            (404, "NOT_FOUND", Rejected, "not_found"),
            (409, "CONFLICT", Transient, "conflict"),
            (422, "SURPRISE", Rejected, "content_refused"),
            (426, "NONEXISTENT_VERSION", RateLimited, "platform_version_ended"),
            (429, "TOO_MANY_REQUESTS", RateLimited, "rate_limited"),
            (500, "", Ambiguous, "platform_failed"),
            (503, "NOT_FOUND", Ambiguous, "platform_failed"),
            (302, "", Ambiguous, "answer_unclassified"),
            (418, "", Ambiguous, "answer_unclassified"),
        ];
        for (status, code, class, ours) in cases {
            let error = classify(&coded(status, code), "create post", LATER);

            assert_eq!((error.class, error.code), (class, ours), "{status} {code}");
            assert_eq!(error.retry_at.is_some(), class == RateLimited, "{status} {code}");
        }
    }

    #[test]
    fn what_comes_without_a_code_is_told_by_what_there_is() {
        use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, Rejected, Transient};
        let cases = [
            (400, r#"{"status":400,"message":"Unable to obtain activity"}"#, Ambiguous, "platform_failed"),
            (403, r#"{"status":403,"message":"resource is forbidden"}"#, Transient, "platform_busy"),
            (403, r#"{"status":403,"serviceErrorCode":100,"message":"m"}"#, AuthRevoked, PERMISSION_MISSING),
            (403, "", Ambiguous, "answer_unclassified"),
            (401, "", AuthExpired, "token_refused"),
            (401, r#"{"serviceErrorCode":65601}"#, AuthRevoked, "token_refused"),
            (422, r#"{"message":"ERROR :: /author :: field is required","status":422}"#, Rejected, "content_refused"),
            (422, r#"{"errorDetails":{"inputErrors":[{"code":"DUPLICATE_POST"}]},"status":422}"#, Rejected, DUPLICATE),
            (400, r#"{"error":"invalid_grant","error_description":"expired"}"#, AuthRevoked, "token_refused"),
            (400, r#"{"error":"invalid_request"}"#, AuthRevoked, "token_refused"),
            (401, r#"{"error":"invalid_client"}"#, Rejected, "platform_app_refused"),
        ];
        for (status, body, class, code) in cases {
            let error = classify(&answer(status, body), "x", LATER);

            assert_eq!((error.class, error.code), (class, code), "{status} {body}");
        }
    }

    #[test]
    fn a_new_token_gets_its_time_before_it_counts_as_revoked() {
        let revoked = coded(401, "REVOKED_ACCESS_TOKEN");
        let now = Timestamp(50_000);

        let fresh = classify(&revoked, "x", (now, Timestamp(20_001)));
        let old = classify(&revoked, "x", (now, Timestamp(20_000)));

        assert_eq!((fresh.class, fresh.retry_at), (ErrorClass::Transient, Some(now.plus(FRESH_TOKEN_PAUSE))));
        assert_eq!(old.class, ErrorClass::AuthRevoked);
    }

    #[test]
    fn a_day_s_quota_is_waited_for_until_midnight_and_a_burst_for_minutes() {
        let now = Timestamp::from_unix_seconds(3 * 86_400 - 5);
        let limited = |words: &str| answer(429, &serde_json::json!({"code": "TOO_MANY_REQUESTS", "message": words}).to_string());

        let day = classify(&limited("Resource level throttle MEMBER DAY limit is reached"), "x", (now, Timestamp(0)));
        let burst = classify(&limited("Resource level throttle limit is reached"), "x", (now, Timestamp(0)));

        assert_eq!(day.retry_at, Some(Timestamp::from_unix_seconds(3 * 86_400 + 60)));
        assert_eq!(burst.retry_at, Some(now.plus(BURST_PAUSE)));
    }

    #[test]
    fn a_duplicate_names_the_post_that_is_there() {
        let cases = [
            ("Content is a duplicate of urn:li:share:123", Some("urn:li:share:123")),
            ("urn:li:person:a: is a duplicate of urn:li:ugcPost:77.", Some("urn:li:ugcPost:77")),
            ("a duplicate of urn:li:share:5 by urn:li:person:6", Some("urn:li:share:5")),
            ("a duplicate of urn:li:person:abc", None),
            ("a duplicate of urn:li:share:", None),
            ("a duplicate", None),
        ];
        for (words, urn) in cases {
            assert_eq!(named_post(words), urn, "{words}");
        }
    }
}
