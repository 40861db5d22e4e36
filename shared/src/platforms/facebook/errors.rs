//! What Graph API errors mean. Source: Meta's "Handling errors" and Pages API error references; by sub-code, code, then flag.

use serde::Deserialize;
use std::time::Duration;

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::DUPLICATE;

#[derive(Debug, Deserialize)]
struct Envelope {
    error: GraphError,
}

#[derive(Debug, Deserialize)]
struct GraphError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error_subcode: i64,
    #[serde(default)]
    is_transient: bool,
    #[serde(default)]
    error_user_msg: Option<String>,
}

/// The wait after a limit that does not say how long it lasts.
const LIMIT_WAIT: Duration = Duration::from_secs(3600);

/// The wait after a block for posting too much or too fast, and after the app's daily limit.
const BLOCK_WAIT: Duration = Duration::from_secs(6 * 3600);

/// Whether a body is an error whatever its status says.
pub(super) fn is_error(answer: &Answer) -> bool {
    serde_json::from_slice::<Envelope>(&answer.body).is_ok()
}

/// Puts an error answer into its class.
pub(super) fn classify(answer: &Answer, what: &str, now: Timestamp) -> JobError {
    let error = serde_json::from_slice::<Envelope>(&answer.body).ok().map(|envelope| envelope.error);
    let (class, code) = match &error {
        Some(error) => class_of(error),
        None if answer.status >= 500 => (ErrorClass::Ambiguous, "platform_failed"),
        None => (ErrorClass::Ambiguous, "answer_unclassified"),
    };
    let (message, words) = match &error {
        Some(error) => (format!("Facebook refused `{what}` with code {}/{}", error.code, error.error_subcode), told(error)),
        None => (format!("Facebook answered `{what}` with status {} and no error document", answer.status), answer.text()),
    };
    let made = JobError { status: Some(answer.status), ..JobError::new(class, code, message).said(words) };
    match (class, code) {
        (ErrorClass::RateLimited, "temporarily_blocked" | "daily_post_limit") => made.at(now.plus(BLOCK_WAIT)),
        (ErrorClass::RateLimited, _) => made.at(now.plus(regain_after(answer).unwrap_or(LIMIT_WAIT))),
        _ => made,
    }
}

fn told(error: &GraphError) -> String {
    match &error.error_user_msg {
        Some(user_message) if !user_message.is_empty() => format!("{} {user_message}", error.message),
        _ => error.message.clone(),
    }
}

fn class_of(error: &GraphError) -> (ErrorClass, &'static str) {
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, Bug, RateLimited, Rejected, Transient};
    match (error.code, error.error_subcode) {
        (_, 1_366_046) | (324 | 382, _) => (Rejected, "media_refused"),
        // The photos sit in a post already: of a second send it says that the first one arrived.
        (_, 1_366_051) => (Rejected, DUPLICATE),
        (_, 1_404_006 | 1_404_102 | 1_404_112) => (RateLimited, "temporarily_blocked"),
        (_, 1_404_078 | 4_854_002) | (1, 2_853_006) => (AuthRevoked, "account_locked"),
        (_, 1_363_047 | 1_609_010) => (Transient, "platform_busy"),
        (_, 2_069_032) => (Bug, "page_token_required"),
        (4 | 17 | 32 | 613 | 80_000..=80_014, _) => (RateLimited, "rate_limited"),
        (341, _) => (RateLimited, "daily_post_limit"),
        (368, _) => (RateLimited, "temporarily_blocked"),
        (190, 463) => (AuthExpired, "token_refused"),
        (102 | 104 | 190, _) => (AuthRevoked, "token_refused"),
        (200, 2_069_030 | 2_069_031 | 2_069_033) => (Rejected, "content_refused"),
        (10 | 200..=209 | 211..=299, _) => (AuthRevoked, "permission_missing"),
        (506, _) => (Rejected, DUPLICATE),
        (3 | 191 | 2635, _) => (Rejected, "platform_app_refused"),
        (389, _) => (Transient, "media_unavailable"),
        (100 | 210 | 803 | 1705 | 2500 | 1_609_005 | 1_609_008, _) => (Rejected, "content_refused"),
        // An outage, and sometimes an error after the work was done: never taken as "not done".
        (1 | 2, _) => (Ambiguous, "platform_failed"),
        _ if error.is_transient => (Ambiguous, "platform_failed"),
        _ => (Ambiguous, "answer_unclassified"),
    }
}

/// How long until the exhausted use case is regained; its header counts in minutes.
fn regain_after(answer: &Answer) -> Option<Duration> {
    let usage: serde_json::Value = serde_json::from_str(answer.header("x-business-use-case-usage")?).ok()?;
    let objects = usage.as_object()?.values().filter_map(|list| list.as_array()).flatten();
    let minutes = objects.filter_map(|object| object.get("estimated_time_to_regain_access")?.as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderValue};

    fn answer(status: u16, body: String) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::from(body) }
    }

    #[test]
    fn every_error_has_its_class() {
        use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
        let cases = [
            (1, 0, false, Ambiguous),
            (1, 99, false, Ambiguous),
            (1, 2_853_006, false, AuthRevoked),
            (2, 0, true, Ambiguous),
            (3, 0, false, Rejected),
            (4, 0, false, RateLimited),
            (10, 0, false, AuthRevoked),
            (17, 2_446_079, false, RateLimited),
            (32, 0, false, RateLimited),
            (100, 33, false, Rejected),
            (100, 0, false, Rejected),
            (100, 1_366_046, false, Rejected),
            (102, 0, false, AuthRevoked),
            (190, 458, false, AuthRevoked),
            (190, 460, false, AuthRevoked),
            (190, 463, false, AuthExpired),
            (200, 0, false, AuthRevoked),
            (200, 2_069_030, false, Rejected),
            (210, 0, false, Rejected),
            (299, 0, false, AuthRevoked),
            (324, 0, false, Rejected),
            (341, 0, false, RateLimited),
            (368, 1_390_008, false, RateLimited),
            (389, 0, false, Transient),
            (506, 0, false, Rejected),
            (613, 1996, false, RateLimited),
            (803, 0, false, Rejected),
            (2500, 0, false, Rejected),
            (80_001, 0, false, RateLimited),
            (1_609_005, 0, false, Rejected),
            (777, 0, true, Ambiguous),
            (777, 0, false, Ambiguous),
        ];
        for (code, subcode, is_transient, class) in cases {
            let body =
                serde_json::json!({"error":{"message":"(#) x","code":code,"error_subcode":subcode,"is_transient":is_transient}});

            assert_eq!(classify(&answer(400, body.to_string()), "x", Timestamp(0)).class, class, "{code}/{subcode}");
        }
        assert_eq!(classify(&answer(503, "<html>".to_owned()), "x", Timestamp(0)).class, Ambiguous);
        assert_eq!(classify(&answer(418, "{}".to_owned()), "x", Timestamp(0)).code, "answer_unclassified");
        assert!(is_error(&answer(200, r#"{"error":{"message":"m","code":1}}"#.to_owned())));
    }

    #[test]
    fn a_limit_waits_as_long_as_its_use_case_says() {
        let mut limited = answer(400, r#"{"error":{"message":"m","code":32}}"#.to_owned());
        let usage = r#"{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}"#;
        limited.headers.insert("x-business-use-case-usage", HeaderValue::from_static(usage));

        assert_eq!(classify(&limited, "x", Timestamp(0)).retry_at, Some(Timestamp(19 * 60 * 1000)));
    }
}
