//! What YouTube's refusals mean. Source: the Data API's error reference and Google's token errors; decided by reason, then
//! by status.

use serde::Deserialize;
use std::time::Duration;

use super::pacific;
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};

/// The error document, in the API's form and in that of the token endpoint, as far as they tell things apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Told,
    error_description: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    Api(ApiError),
    Token(String),
}

impl Default for Told {
    fn default() -> Self {
        Self::Api(ApiError::default())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ApiError {
    message: String,
    status: String,
    errors: Vec<Detail>,
    details: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    reason: String,
}

impl Envelope {
    /// The word that decides: `errors[0].reason`, else the one of the newer form, else the canonical status.
    fn reason(&self) -> &str {
        match &self.error {
            Told::Api(error) => {
                let reasons = error.errors.iter().chain(&error.details).map(|detail| detail.reason.as_str());
                reasons.chain([error.status.as_str()]).find(|reason| !reason.is_empty()).unwrap_or_default()
            }
            Told::Token(word) => word,
        }
    }

    fn words(&self) -> &str {
        match &self.error {
            Told::Api(error) => &error.message,
            Told::Token(_) => &self.error_description,
        }
    }
}

/// The wait after "too fast": the longest pause of the backoff that Google asks for.
const SLOW_DOWN: Duration = Duration::from_secs(64);

/// The wait after a channel's limit of videos per day.
const CHANNEL_DAY: Duration = Duration::from_secs(24 * 3600);

/// The wait after a channel's limit of thumbnails: about an hour.
const THUMBNAIL_WAIT: Duration = Duration::from_secs(3600);

/// Puts an answer that is no success into its class.
pub(super) fn classify(answer: &Answer, what: &str, now: Timestamp) -> JobError {
    let envelope: Envelope = serde_json::from_slice(&answer.body).unwrap_or_default();
    let reason = envelope.reason();
    let (class, code) = class_of(answer.status, reason);
    let reason = if reason.is_empty() { "no reason given" } else { reason };
    let message = format!("YouTube refused `{what}` with status {} ({reason})", answer.status);
    let words = if envelope.words().is_empty() { answer.text() } else { envelope.words().to_owned() };
    let error = JobError { status: Some(answer.status), ..JobError::new(class, code, message).said(words) };
    match code {
        "quota_exhausted" => error
            .at(pacific::next_midnight(now))
            .remedy("nothing to do: it runs when the quota starts anew; the operator can ask Google for a larger one"),
        "daily_post_limit" => error.at(now.plus(CHANNEL_DAY)),
        "thumbnail_limit" => error.at(now.plus(THUMBNAIL_WAIT)),
        "rate_limited" => error.at(now.plus(retry_after(answer).unwrap_or(SLOW_DOWN))),
        "platform_app_refused" => {
            error.remedy("the operator of this Pressroom must set its Google project right; retry the job then")
        }
        "channel_missing" => {
            error.remedy("create a channel for the Google account, or connect one that has a channel; then retry the job")
        }
        "account_locked" => error.remedy("settle the channel's state with YouTube, then retry the job"),
        _ => error,
    }
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

fn class_of(status: u16, reason: &str) -> (ErrorClass, &'static str) {
    use ErrorClass::{Ambiguous, AuthExpired, RateLimited, Rejected};
    if status >= 500 {
        return (Ambiguous, "platform_failed");
    }
    of_reason(reason).unwrap_or(match status {
        401 => (AuthExpired, "token_refused"),
        413 => (Rejected, "media_too_large"),
        429 => (RateLimited, "rate_limited"),
        _ => (Ambiguous, "answer_unclassified"),
    })
}

fn of_reason(reason: &str) -> Option<(ErrorClass, &'static str)> {
    use ErrorClass::{AuthExpired, AuthRevoked, RateLimited, Rejected};
    Some(match reason {
        "authError" | "UNAUTHENTICATED" | "required" => (AuthExpired, "token_refused"),
        "invalid_grant" | "invalid_token" => (AuthRevoked, "token_refused"),
        "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" | "accountDelegationForbidden" => {
            (AuthRevoked, "permission_missing")
        }
        "youtubeSignupRequired" | "authenticatedUserNotChannel" => (AuthRevoked, "channel_missing"),
        "authenticatedUserAccountClosed" | "authenticatedUserAccountSuspended" | "channelClosed" | "channelSuspended" => {
            (AuthRevoked, "account_locked")
        }
        "quotaExceeded" | "dailyLimitExceeded" => (RateLimited, "quota_exhausted"),
        "rateLimitExceeded" | "userRateLimitExceeded" => (RateLimited, "rate_limited"),
        "uploadLimitExceeded" => (RateLimited, "daily_post_limit"),
        "uploadRateLimitExceeded" => (RateLimited, "thumbnail_limit"),
        "accessNotConfigured"
        | "SERVICE_DISABLED"
        | "invalid_client"
        | "unauthorized_client"
        | "redirect_uri_mismatch"
        | "invalid_scope"
        | "invalid_request"
        | "unsupported_grant_type" => (Rejected, "platform_app_refused"),
        "invalidTitle"
        | "invalidDescription"
        | "invalidTags"
        | "invalidCategoryId"
        | "invalidPublishAt"
        | "invalidPublishScheduleForVideo"
        | "invalidRecordingDetails"
        | "invalidVideoMetadata"
        | "invalidFilename"
        | "defaultLanguageNotSet"
        | "mediaBodyRequired"
        | "invalidVideoGameRating"
        | "badRequest"
        | "missingRequiredParameter"
        | "invalidParameter"
        | "invalidPageToken"
        | "failedPrecondition" => (Rejected, "content_refused"),
        "forbidden" | "playlistItemsNotAccessible" => (Rejected, "not_allowed"),
        "forbiddenPrivacySetting" | "forbiddenLicenseSetting" | "forbiddenEmbedSetting" => (Rejected, "option_refused"),
        "videoNotFound" | "playlistNotFound" | "channelNotFound" => (Rejected, "not_found"),
        "notFound" | "gone" => (Rejected, "upload_gone"),
        "uploadTooLarge" => (Rejected, "media_too_large"),
        "invalidImage" | "imageFormatUnsupported" | "imageTooTall" | "imageTooWide" => (Rejected, "thumbnail_refused"),
        "commentTextRequired" | "commentTextTooLong" => (Rejected, "comment_refused"),
        "commentsDisabled" => (Rejected, "comments_disabled"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected};
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    fn answer(status: u16, body: impl ToString) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) }
    }

    fn told(status: u16, reason: &str) -> JobError {
        let body = json!({"error":{"code":status,"message":"words","errors":[{"message":"words","reason":reason}]}});
        classify(&answer(status, body), "start upload", Timestamp(0))
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table, which reads best in one piece")]
    fn every_row_of_the_error_table_has_its_class() {
        let rows: &[(u16, &[&str], ErrorClass, &str)] = &[
            (
                400,
                &[
                    "invalidTitle",
                    "invalidDescription",
                    "invalidTags",
                    "invalidCategoryId",
                    "invalidPublishAt",
                    "invalidPublishScheduleForVideo",
                    "invalidRecordingDetails",
                    "invalidVideoMetadata",
                    "invalidFilename",
                    "defaultLanguageNotSet",
                    "mediaBodyRequired",
                    "invalidVideoGameRating",
                ],
                Rejected,
                "content_refused",
            ),
            (400, &["uploadLimitExceeded"], RateLimited, "daily_post_limit"),
            (
                400,
                &["badRequest", "missingRequiredParameter", "invalidParameter", "invalidPageToken", "failedPrecondition"],
                Rejected,
                "content_refused",
            ),
            (401, &["authError", "required", ""], AuthExpired, "token_refused"),
            (401, &["youtubeSignupRequired"], AuthRevoked, "channel_missing"),
            (403, &["quotaExceeded", "dailyLimitExceeded"], RateLimited, "quota_exhausted"),
            (403, &["rateLimitExceeded", "userRateLimitExceeded"], RateLimited, "rate_limited"),
            (429, &["rateLimitExceeded", "userRateLimitExceeded", ""], RateLimited, "rate_limited"),
            (403, &["insufficientPermissions", "accountDelegationForbidden"], AuthRevoked, "permission_missing"),
            (403, &["forbidden"], Rejected, "not_allowed"),
            (403, &["forbiddenPrivacySetting", "forbiddenLicenseSetting", "forbiddenEmbedSetting"], Rejected, "option_refused"),
            (403, &["authenticatedUserNotChannel"], AuthRevoked, "channel_missing"),
            (
                403,
                &["authenticatedUserAccountClosed", "authenticatedUserAccountSuspended", "channelClosed", "channelSuspended"],
                AuthRevoked,
                "account_locked",
            ),
            (403, &["accessNotConfigured"], Rejected, "platform_app_refused"),
            (404, &["videoNotFound", "playlistNotFound", "channelNotFound"], Rejected, "not_found"),
            (400, &["invalidImage", "imageFormatUnsupported", "imageTooTall", "imageTooWide"], Rejected, "thumbnail_refused"),
            (429, &["uploadRateLimitExceeded"], RateLimited, "thumbnail_limit"),
            (403, &["commentsDisabled"], Rejected, "comments_disabled"),
            (413, &["uploadTooLarge", ""], Rejected, "media_too_large"),
            (500, &["backendError", "internalError", ""], Ambiguous, "platform_failed"),
            (503, &["backendError", "internalError", "quotaExceeded"], Ambiguous, "platform_failed"),
            (400, &["somethingNew", ""], Ambiguous, "answer_unclassified"),
            (403, &["somethingNew"], Ambiguous, "answer_unclassified"),
            (302, &[""], Ambiguous, "answer_unclassified"),
        ];
        for (status, reasons, class, code) in rows {
            for reason in *reasons {
                let error = told(*status, reason);

                assert_eq!((error.class, error.code), (*class, *code), "{status} {reason}");
                assert_eq!((error.status, error.platform_message.as_deref()), (Some(*status), Some("words")));
            }
        }
    }

    #[test]
    fn newer_and_foreign_forms_are_understood_too() {
        let detail = |status: u16, word: &str| answer(status, json!({"error":{"message":"m","details":[{"reason":word}]}}));
        let canonical = answer(401, json!({"error":{"message":"m","status":"UNAUTHENTICATED"}}));
        let token = |status: u16, word: &str| answer(status, json!({"error":word,"error_description":"words"}));
        let cases = [
            (detail(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), AuthRevoked, "permission_missing"),
            (detail(403, "SERVICE_DISABLED"), Rejected, "platform_app_refused"),
            (canonical, AuthExpired, "token_refused"),
            (token(400, "invalid_grant"), AuthRevoked, "token_refused"),
            (token(401, "invalid_client"), Rejected, "platform_app_refused"),
            (token(401, "unauthorized_client"), Rejected, "platform_app_refused"),
            (answer(400, "<html>"), Ambiguous, "answer_unclassified"),
            (answer(418, json!({"surprise":true})), Ambiguous, "answer_unclassified"),
            (answer(502, "<html>"), Ambiguous, "platform_failed"),
        ];
        for (answer, class, code) in cases {
            let error = classify(&answer, "x", Timestamp(0));

            assert_eq!((error.class, error.code), (class, code), "{answer:?}");
            assert!(error.platform_message.is_some_and(|words| !words.is_empty()));
        }
    }

    #[test]
    fn each_wait_has_its_length() {
        let winter_evening = Timestamp::from_unix_seconds(1_795_392_000); // 2026-11-23T00:00:00Z
        let wait = |status: u16, reason: &str, headers: HeaderMap| {
            let body = json!({"error":{"errors":[{"reason":reason}]}});
            let error = classify(&Answer { headers, ..answer(status, body) }, "x", winter_evening);
            error.retry_at.unwrap().since(winter_evening).as_secs()
        };
        let mut told = HeaderMap::new();
        told.insert("retry-after", "7".parse().unwrap());

        assert_eq!(wait(403, "quotaExceeded", HeaderMap::new()), 8 * 3600);
        assert_eq!(wait(400, "uploadLimitExceeded", HeaderMap::new()), 24 * 3600);
        assert_eq!(wait(429, "uploadRateLimitExceeded", HeaderMap::new()), 3600);
        assert_eq!(wait(429, "rateLimitExceeded", HeaderMap::new()), 64);
        assert_eq!(wait(429, "rateLimitExceeded", told), 7);
    }
}
