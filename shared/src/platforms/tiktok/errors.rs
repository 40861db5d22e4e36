//! What TikTok's refusals mean: errors of its API, answers of its upload host, and the reasons why a task failed.
//! Source: the error tables of the Content Posting API reference and the media transfer guide, as of 2026-11.

use std::time::Duration;

use serde::Deserialize;

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Told,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    code: String,
    message: String,
    log_id: String,
}

/// The code of an upload address that works no more, or whose task is gone.
pub(super) const UPLOAD_EXPIRED: &str = "upload_expired";

/// The code of a piece that does not follow what TikTok holds already.
pub(super) const UPLOAD_OUT_OF_STEP: &str = "upload_out_of_step";

/// The code of a task that can't be called off because it is over.
pub(super) const NOT_CANCELLABLE: &str = "publish_not_cancellable";

/// The code of files that TikTok could not fetch.
pub(super) const PULL_FAILED: &str = "media_pull_failed";

/// Calls per minute are counted in a sliding window.
const WINDOW: Duration = Duration::from_secs(60);

/// The daily post cap counts the last 24 hours: places come free one by one, so it is asked again before a day is over.
const DAILY_CAP_WAIT: Duration = Duration::from_secs(6 * 3600);

/// How long until a cap is asked again that somebody may lift at any time: the author's inbox, the app's daily users.
const CAP_WAIT: Duration = Duration::from_secs(3600);

/// How many tasks may be begun by themselves, one after the other, before the job ends: each one uses up daily quota.
const TASKS_MAX: u32 = 3;

/// Whether an answer is no success, whatever its status says. One that can't be read is left to its reader.
pub(super) fn is_error(answer: &Answer) -> bool {
    let told = serde_json::from_slice::<Envelope>(&answer.body).map(|envelope| envelope.error.code);
    !answer.is_success() || told.is_ok_and(|code| code != "ok")
}

/// Puts an error answer of the API into its class.
pub(super) fn classify(answer: &Answer, what: &str, now: Timestamp) -> JobError {
    let Told { code, message, log_id } = serde_json::from_slice::<Envelope>(&answer.body).unwrap_or_default().error;
    let (class, our_code) = class_of(answer.status, &code);
    let words = if code.is_empty() { answer.text() } else { format!("{code}: {message} (log id {log_id})") };
    let message = format!("TikTok refused `{what}` with status {} and code `{code}`", answer.status);
    let error = JobError { status: Some(answer.status), ..JobError::new(class, our_code, message).said(words) };
    advised(error, now)
}

fn class_of(status: u16, code: &str) -> (ErrorClass, &'static str) {
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected};
    match code {
        "invalid_param" | "invalid_params" | "spam_risk" | "spam_risk_text" => (Rejected, "content_refused"),
        "invalid_file_upload" => (Rejected, "media_refused"),
        "app_version_check_failed" => (Rejected, "app_version_too_old"),
        "invalid_publish_id" | "token_not_authorized_for_specified_publish_id" => (Rejected, "publish_id_refused"),
        "publish_not_cancellable" => (Rejected, NOT_CANCELLABLE),
        "access_token_invalid" => (AuthExpired, "token_refused"),
        "scope_not_authorized" | "scope_permission_missed" => (AuthRevoked, "permission_missing"),
        "spam_risk_too_many_posts" => (RateLimited, "daily_post_limit"),
        "spam_risk_too_many_pending_share" => (RateLimited, "inbox_full"),
        "spam_risk_user_banned_from_posting" => (Rejected, "account_banned"),
        "reached_active_user_cap" => (RateLimited, "platform_app_refused"),
        "unaudited_client_can_only_post_to_private_accounts" => (Rejected, "platform_app_refused"),
        "url_ownership_unverified" => (Rejected, "media_url_unverified"),
        "privacy_level_option_mismatch" => (Rejected, "privacy_not_offered"),
        "rate_limit_exceeded" => (RateLimited, "rate_limited"),
        "internal_error" => (Ambiguous, "platform_failed"),
        _ => match status {
            401 => (AuthExpired, "token_refused"),
            404 => (Rejected, "platform_version_ended"),
            429 => (RateLimited, "rate_limited"),
            500..=599 => (Ambiguous, "platform_failed"),
            _ => (Ambiguous, "answer_unclassified"),
        },
    }
}

/// Puts an answer of the upload host that is no success into its class. It says nothing but its status.
pub(super) fn classify_upload(answer: &Answer, what: &str) -> JobError {
    let (class, code) = match answer.status {
        400 => (ErrorClass::Rejected, "upload_refused"),
        403 | 404 => (ErrorClass::Transient, UPLOAD_EXPIRED),
        416 => (ErrorClass::Transient, UPLOAD_OUT_OF_STEP),
        500..=599 => (ErrorClass::Ambiguous, "platform_failed"),
        _ => (ErrorClass::Ambiguous, "answer_unclassified"),
    };
    let error = JobError::new(class, code, format!("TikTok's upload host answered `{what}` with status {}", answer.status));
    let error = JobError { status: Some(answer.status), ..error };
    match code {
        "upload_refused" => error.said(answer.text()).remedy("check that the file is still the same at its address, then retry"),
        _ => error.said(answer.text()),
    }
}

/// What a failed task means, by its reason. Such a task is over: nothing of it will ever be seen.
pub(super) fn failure(reason: &str, now: Timestamp) -> JobError {
    use ErrorClass::{AuthRevoked, RateLimited, Rejected, Transient};
    let (class, code) = match reason {
        "file_format_check_failed" => (Rejected, "media_type_refused"),
        "duration_check_failed" => (Rejected, "media_duration_refused"),
        "frame_rate_check_failed" => (Rejected, "media_frame_rate"),
        "picture_size_check_failed" => (Rejected, "media_dimensions"),
        "internal" => (Transient, "platform_failed"),
        "video_pull_failed" | "photo_pull_failed" => (Transient, PULL_FAILED),
        "publish_cancelled" => (Rejected, "publish_cancelled"),
        "auth_removed" => (AuthRevoked, "token_refused"),
        "spam_risk_too_many_posts" => (RateLimited, "daily_post_limit"),
        "spam_risk_user_banned_from_posting" => (Rejected, "account_banned"),
        "spam_risk_text" | "spam_risk" => (Rejected, "content_refused"),
        _ => (Rejected, "publish_failed"),
    };
    let message = format!("TikTok gave up the post (`{reason}`); nothing was published");
    advised(JobError::new(class, code, message).said(reason), now)
}

/// An address that stopped working before all bytes were there.
pub(super) fn expired(what: &str) -> JobError {
    let message = format!("the upload address for `{what}` works no more; nothing was published");
    JobError::new(ErrorClass::Transient, UPLOAD_EXPIRED, message)
}

/// An error that ends a task, counted from 0: those that are worth another task, up to the last one that is begun by itself.
pub(super) fn ends_task(error: JobError, generation: u32) -> JobError {
    if error.class != ErrorClass::Transient || generation + 1 < TASKS_MAX {
        return error;
    }
    let error = JobError { class: ErrorClass::Rejected, ..error };
    error.remedy("nothing was published after several tries: check the files, then retry the job")
}

/// Adds what a person or the operator can do, and when it is worth asking again.
fn advised(error: JobError, now: Timestamp) -> JobError {
    match (error.class, error.code) {
        (ErrorClass::RateLimited, "daily_post_limit") => error.at(now.plus(DAILY_CAP_WAIT)),
        (ErrorClass::RateLimited, "inbox_full") => {
            error.at(now.plus(CAP_WAIT)).remedy("post or discard some of the drafts in TikTok's inbox; it runs again by itself")
        }
        (ErrorClass::RateLimited, "platform_app_refused") => error
            .at(now.plus(CAP_WAIT))
            .remedy("the app's daily users are used up: it runs again by itself, the operator can ask TikTok for more"),
        (ErrorClass::RateLimited, _) => error.at(now.plus(WINDOW)),
        (_, "platform_app_refused") => {
            error.remedy("the operator must let TikTok audit the app; until then only private accounts can post, as SELF_ONLY")
        }
        (_, "platform_version_ended") => error.remedy("the operator must update this Pressroom; retry the job then"),
        (_, "media_url_unverified") => error.remedy(UNVERIFIED_REMEDY),
        (_, "app_version_too_old") => error.remedy("update the TikTok app on the phone to 31.8 or later, then retry the job"),
        (_, "account_banned") => error.remedy("TikTok has banned the account from posting: clear it up in the app, then retry"),
        (_, "privacy_not_offered") => error.remedy("choose another privacy and submit the post again"),
        (_, "publish_cancelled") => error.remedy("it was cancelled on TikTok: retry the job if it shall go out after all"),
        _ => error,
    }
}

/// What to do about files that TikTok may not pull.
pub(super) const UNVERIFIED_REMEDY: &str =
    "put the files below an address that the operator has verified with TikTok (TIKTOK_VERIFIED_PREFIXES)";

#[cfg(test)]
mod tests {
    use super::*;
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) }
    }

    fn told(status: u16, code: &str) -> Answer {
        answer(status, &serde_json::json!({"data":{},"error":{"code":code,"message":"m","log_id":"1"}}).to_string())
    }

    #[test]
    fn every_error_of_the_api_has_its_class() {
        let cases = [
            (400, "invalid_param", Rejected, "content_refused", None),
            (400, "invalid_params", Rejected, "content_refused", None),
            (400, "invalid_file_upload", Rejected, "media_refused", None),
            (400, "app_version_check_failed", Rejected, "app_version_too_old", None),
            (400, "invalid_publish_id", Rejected, "publish_id_refused", None),
            (400, "token_not_authorized_for_specified_publish_id", Rejected, "publish_id_refused", None),
            (400, "publish_not_cancellable", Rejected, "publish_not_cancellable", None),
            (401, "access_token_invalid", AuthExpired, "token_refused", None),
            (401, "scope_not_authorized", AuthRevoked, "permission_missing", None),
            (401, "scope_permission_missed", AuthRevoked, "permission_missing", None),
            (403, "spam_risk_too_many_posts", RateLimited, "daily_post_limit", Some(21_600)),
            (200, "spam_risk_too_many_posts", RateLimited, "daily_post_limit", Some(21_600)),
            (403, "spam_risk_too_many_pending_share", RateLimited, "inbox_full", Some(3600)),
            (403, "spam_risk_user_banned_from_posting", Rejected, "account_banned", None),
            (200, "spam_risk_user_banned_from_posting", Rejected, "account_banned", None),
            (403, "reached_active_user_cap", RateLimited, "platform_app_refused", Some(3600)),
            (200, "reached_active_user_cap", RateLimited, "platform_app_refused", Some(3600)),
            (403, "unaudited_client_can_only_post_to_private_accounts", Rejected, "platform_app_refused", None),
            (403, "url_ownership_unverified", Rejected, "media_url_unverified", None),
            (403, "privacy_level_option_mismatch", Rejected, "privacy_not_offered", None),
            (404, "unsupported_path", Rejected, "platform_version_ended", None),
            (429, "rate_limit_exceeded", RateLimited, "rate_limited", Some(60)),
            (500, "internal_error", Ambiguous, "platform_failed", None),
            (200, "internal_error", Ambiguous, "platform_failed", None),
            (503, "", Ambiguous, "platform_failed", None),
            (401, "", AuthExpired, "token_refused", None),
            (418, "surprise", Ambiguous, "answer_unclassified", None),
            (200, "surprise", Ambiguous, "answer_unclassified", None),
        ];
        for (status, code, class, our_code, wait) in cases {
            let answer = told(status, code);
            let error = classify(&answer, "init video", Timestamp(0));

            assert!(is_error(&answer), "{status} {code}");
            assert_eq!((error.class, error.code), (class, our_code), "{status} {code}");
            assert_eq!(error.retry_at, wait.map(Timestamp::from_unix_seconds), "{status} {code}");
        }
        assert_eq!(classify(&answer(502, "<html>"), "x", Timestamp(0)).class, Ambiguous);
        assert!(!is_error(&told(200, "ok")) && is_error(&told(500, "ok")));
        // Its reader calls it unreadable, which is no refusal either.
        assert!(!is_error(&answer(200, "<html>")));
    }

    #[test]
    fn every_answer_of_the_upload_host_has_its_class() {
        let cases = [
            (400, Rejected, "upload_refused"),
            (403, Transient, "upload_expired"),
            (404, Transient, "upload_expired"),
            (416, Transient, "upload_out_of_step"),
            (500, Ambiguous, "platform_failed"),
            (504, Ambiguous, "platform_failed"),
            (418, Ambiguous, "answer_unclassified"),
        ];
        for (status, class, code) in cases {
            let error = classify_upload(&answer(status, ""), "send piece");

            assert_eq!((error.class, error.code), (class, code), "{status}");
        }
    }

    #[test]
    fn every_reason_of_a_failed_task_has_its_class() {
        let cases = [
            ("file_format_check_failed", Rejected, "media_type_refused"),
            ("duration_check_failed", Rejected, "media_duration_refused"),
            ("frame_rate_check_failed", Rejected, "media_frame_rate"),
            ("picture_size_check_failed", Rejected, "media_dimensions"),
            ("internal", Transient, "platform_failed"),
            ("video_pull_failed", Transient, "media_pull_failed"),
            ("photo_pull_failed", Transient, "media_pull_failed"),
            ("publish_cancelled", Rejected, "publish_cancelled"),
            ("auth_removed", AuthRevoked, "token_refused"),
            ("spam_risk_too_many_posts", RateLimited, "daily_post_limit"),
            ("spam_risk_user_banned_from_posting", Rejected, "account_banned"),
            ("spam_risk_text", Rejected, "content_refused"),
            ("spam_risk", Rejected, "content_refused"),
            ("something_new", Rejected, "publish_failed"),
        ];
        for (reason, class, code) in cases {
            let error = failure(reason, Timestamp(0));

            assert_eq!((error.class, error.code), (class, code), "{reason}");
            assert_eq!(error.retry_at.is_some(), class == RateLimited, "{reason}");
        }
    }

    #[test]
    fn three_tasks_are_begun_by_themselves_and_no_more() {
        let classes = [0, 1, 2, 3].map(|generation| ends_task(failure("internal", Timestamp(0)), generation).class);

        assert_eq!(classes, [Transient, Transient, Rejected, Rejected]);
        assert_eq!(ends_task(failure("auth_removed", Timestamp(0)), 5).class, AuthRevoked);
    }
}
