//! What Graph API errors mean. Source: Meta's "Handling errors", Pages API, video upload and reels references.
//!
//! They are told apart by sub-code, then code, then flag; the hosts that take a film's bytes word theirs differently.

use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

use super::wire;
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::DUPLICATE;

/// What an error document holds, in either of its two forms.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Option<GraphError>,
    debug_info: Option<DebugInfo>,
}

/// An error as the Graph API words it, for Facebook and for Instagram.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::platforms) struct GraphError {
    /// Words for developers.
    pub(in crate::platforms) message: String,
    /// What went wrong.
    pub(in crate::platforms) code: i64,
    /// What exactly went wrong; 0 when it does not say.
    pub(in crate::platforms) error_subcode: i64,
    is_transient: bool,
    error_user_msg: Option<String>,
    error_data: Value,
}

/// An error of the hosts that take a film's bytes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DebugInfo {
    retriable: bool,
    r#type: String,
    message: String,
}

/// The code of an upload that the platform has dropped: it takes a new one.
pub(super) const UPLOAD_EXPIRED: &str = "upload_expired";

/// The code of bytes that were sent to another place than the next one.
pub(super) const UPLOAD_OFFSET_WRONG: &str = "upload_offset_wrong";

/// The wait after a limit that does not say how long it lasts.
const LIMIT_WAIT: Duration = Duration::from_secs(3600);

/// The wait after a block for posting too much or too fast, and after the app's daily limit.
const BLOCK_WAIT: Duration = Duration::from_secs(6 * 3600);

/// The wait after a block as spam, which lasts a day at least.
const SPAM_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The sub-code of a chunk for another place than the next one.
const WRONG_OFFSET: i64 = 1_363_037;

fn envelope(answer: &Answer) -> Envelope {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// The Graph API's error that a body is, whatever its status says.
pub(in crate::platforms) fn graph_error(answer: &Answer) -> Option<GraphError> {
    envelope(answer).error
}

/// Whether a body is an error whatever its status says.
pub(in crate::platforms) fn is_error(answer: &Answer) -> bool {
    let Envelope { error, debug_info } = envelope(answer);
    error.is_some() || debug_info.is_some()
}

/// Where a chunk should have begun and ended, when that is what an answer says.
pub(super) fn told_offsets(answer: &Answer) -> Option<(u64, u64)> {
    let error = graph_error(answer).filter(|error| error.error_subcode == WRONG_OFFSET)?;
    // The data can be an object or its text.
    let data = match error.error_data {
        Value::String(text) => serde_json::from_str(&text).ok()?,
        object => object,
    };
    Some((wire::number(&data["start_offset"])?, wire::number(&data["end_offset"])?))
}

/// Puts an error answer into its class.
pub(in crate::platforms) fn classify(answer: &Answer, what: &str, now: Timestamp) -> JobError {
    let (class, code, message, words) = match envelope(answer) {
        Envelope { error: Some(error), .. } => {
            let (class, code) = class_of(&error);
            (class, code, format!("Facebook refused `{what}` with code {}/{}", error.code, error.error_subcode), told(error))
        }
        Envelope { debug_info: Some(info), .. } => {
            let (class, code) = class_of_bytes(&info);
            (class, code, format!("Facebook refused the bytes of `{what}` with {}", info.r#type), info.message)
        }
        Envelope { .. } => {
            let code = if answer.status >= 500 { "platform_failed" } else { "answer_unclassified" };
            let message = format!("Facebook answered `{what}` with status {} and no error document", answer.status);
            (ErrorClass::Ambiguous, code, message, answer.text())
        }
    };
    let made = JobError { status: Some(answer.status), ..JobError::new(class, code, message).said(words) };
    let made = match remedy(class, code) {
        Some(remedy) => made.remedy(remedy),
        None => made,
    };
    match (class, code) {
        (ErrorClass::RateLimited, "temporarily_blocked" | "daily_post_limit") => made.at(now.plus(BLOCK_WAIT)),
        (ErrorClass::RateLimited, "blocked_as_spam") => made.at(now.plus(SPAM_WAIT)),
        (ErrorClass::RateLimited, _) => made.at(now.plus(regain_after(answer).unwrap_or(LIMIT_WAIT))),
        _ => made,
    }
}

/// What the owner can do where the usual advice of the class does not help.
fn remedy(class: ErrorClass, code: &str) -> Option<&'static str> {
    Some(match (class, code) {
        (_, "platform_app_refused") => {
            "the operator of this Pressroom must look at its app in Meta's dashboard; retry the job then"
        }
        (_, "platform_version_ended") => "the operator of this Pressroom must set a newer API version; retry the job then",
        (_, "account_locked") => "log in to facebook.com and follow the instructions there, then reconnect the Page and retry",
        (_, "page_token_required") => "reconnect the Page itself: a person's token was stored for it; then retry the job",
        (_, "temporarily_blocked" | "blocked_as_spam") => {
            "wait: it runs again after some hours; when that repeats, look at the Page's quality page on facebook.com"
        }
        (ErrorClass::Rejected, "media_refused" | "media_too_small" | "media_too_large") => {
            "use another file and submit the post again"
        }
        (_, "link_refused") => "use a link that Facebook can read and that does not lead to Facebook itself",
        _ => return None,
    })
}

/// All that an error says to people.
pub(in crate::platforms) fn told(error: GraphError) -> String {
    match error.error_user_msg {
        Some(user_message) if !user_message.is_empty() => format!("{} {user_message}", error.message),
        _ => error.message,
    }
}

fn class_of(error: &GraphError) -> (ErrorClass, &'static str) {
    by_subcode(error).unwrap_or_else(|| by_code(error))
}

/// Sub-codes that mean more than the code that they come with.
fn by_subcode(error: &GraphError) -> Option<(ErrorClass, &'static str)> {
    use ErrorClass::{AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
    Some(match (error.code, error.error_subcode) {
        (_, 1_366_046 | 2_069_019) => (Rejected, "media_refused"),
        // The photos sit in a post already: of a second send it says that the first one arrived.
        (_, 1_366_051) => (Rejected, DUPLICATE),
        (_, 1_349_125 | 2_061_006) => (Rejected, "content_refused"),
        (_, 1_404_006 | 1_404_102 | 1_404_112) => (RateLimited, "temporarily_blocked"),
        (_, 1_404_078 | 4_854_002) | (190, 459 | 464) => (AuthRevoked, "account_locked"),
        (1, 2_853_006) | (_, 1_363_042) => (AuthRevoked, "permission_missing"),
        (_, 1_363_047 | 1_609_010) => (Transient, "platform_busy"),
        (_, 1_363_022) => (Rejected, "media_too_small"),
        (_, 1_363_023) => (Rejected, "media_too_large"),
        (_, 1_363_019) => (Transient, "upload_failed"),
        (_, 1_363_030) => (Transient, UPLOAD_EXPIRED),
        (_, WRONG_OFFSET) => (Transient, UPLOAD_OFFSET_WRONG),
        (_, 2_069_032) => (AuthRevoked, "page_token_required"),
        (200, 2_069_030 | 2_069_031 | 2_069_033) => (Rejected, "content_refused"),
        (190, 463) => (AuthExpired, "token_refused"),
        // Answers of the token endpoint: the login has to be begun anew.
        (100, 36_007..=36_009) => (AuthRevoked, "token_refused"),
        (4, 2_207_051) => (RateLimited, "blocked_as_spam"),
        _ => return None,
    })
}

fn by_code(error: &GraphError) -> (ErrorClass, &'static str) {
    use ErrorClass::{Ambiguous, AuthRevoked, RateLimited, Rejected, Transient};
    match error.code {
        324 => (Rejected, "media_refused"),
        382 => (Rejected, "media_too_small"),
        // 613 also for more than 30 reels of a Page in 24 hours.
        4 | 17 | 32 | 613 | 80_000..=80_014 => (RateLimited, "rate_limited"),
        341 => (RateLimited, "daily_post_limit"),
        368 => (RateLimited, "temporarily_blocked"),
        102 | 104 | 190 => (AuthRevoked, "token_refused"),
        10 | 200..=209 | 211..=299 => (AuthRevoked, "permission_missing"),
        506 => (Rejected, DUPLICATE),
        3 | 191 => (Rejected, "platform_app_refused"),
        2635 => (Rejected, "platform_version_ended"),
        389 => (Transient, "media_unavailable"),
        1_609_005 | 1_609_008 => (Rejected, "link_refused"),
        6000 | 6001 => (Transient, "upload_failed"),
        100 | 210 | 803 | 1705 | 2500 => (Rejected, "content_refused"),
        // An outage, and sometimes an error after the work was done: never taken as "not done".
        1 | 2 => (Ambiguous, "platform_failed"),
        _ if error.is_transient => (Ambiguous, "platform_failed"),
        _ => (Ambiguous, "answer_unclassified"),
    }
}

/// The errors of the hosts that take a film's bytes. Nothing is visible there yet.
fn class_of_bytes(info: &DebugInfo) -> (ErrorClass, &'static str) {
    match info.r#type.as_str() {
        "OffsetInvalidError" => (ErrorClass::Transient, UPLOAD_OFFSET_WRONG),
        "PartialRequestError" => (ErrorClass::Transient, "upload_incomplete"),
        // Seen, not documented: how these hosts word a token that they do not take.
        "NotAuthorizedError" => (ErrorClass::AuthRevoked, "token_refused"),
        _ if info.retriable => (ErrorClass::Transient, "upload_failed"),
        "ProcessingFailedError" => (ErrorClass::Rejected, "media_refused"),
        _ => (ErrorClass::Ambiguous, "answer_unclassified"),
    }
}

/// How long until the exhausted use case is regained; its header counts in minutes.
fn regain_after(answer: &Answer) -> Option<Duration> {
    let usage: Value = serde_json::from_str(answer.header("x-business-use-case-usage")?).ok()?;
    let objects = usage.as_object()?.values().filter_map(|list| list.as_array()).flatten();
    let minutes = objects.filter_map(|object| object.get("estimated_time_to_regain_access")?.as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderValue};

    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};

    fn answer(status: u16, body: String) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::from(body) }
    }

    fn of(code: i64, subcode: i64, is_transient: bool) -> JobError {
        let body =
            serde_json::json!({"error":{"message":"(#) x","code":code,"error_subcode":subcode,"is_transient":is_transient}});
        classify(&answer(400, body.to_string()), "x", Timestamp(0))
    }

    /// A class, a code, and the codes with sub-codes that mean them.
    type Row = (ErrorClass, &'static str, &'static [(i64, i64)]);

    const TABLE: &[Row] = &[
        (Ambiguous, "platform_failed", &[(1, 0), (1, 99), (2, 0)]),
        (Ambiguous, "answer_unclassified", &[(777, 0)]),
        (AuthExpired, "token_refused", &[(190, 463)]),
        (AuthRevoked, "account_locked", &[(190, 459), (190, 464), (200, 1_404_078), (200, 4_854_002)]),
        (AuthRevoked, "page_token_required", &[(190, 2_069_032)]),
        (AuthRevoked, "permission_missing", &[(1, 2_853_006), (10, 0), (200, 0), (200, 1_363_042), (299, 0)]),
        (
            AuthRevoked,
            "token_refused",
            &[
                (100, 36_007),
                (100, 36_008),
                (100, 36_009),
                (102, 0),
                (104, 0),
                (190, 0),
                (190, 458),
                (190, 460),
                (190, 467),
                (190, 492),
            ],
        ),
        (RateLimited, "blocked_as_spam", &[(4, 2_207_051)]),
        (RateLimited, "daily_post_limit", &[(341, 0)]),
        (
            RateLimited,
            "rate_limited",
            &[
                (4, 0),
                (4, 1_504_022),
                (4, 1_504_039),
                (17, 0),
                (17, 2_446_079),
                (32, 0),
                (613, 0),
                (613, 1996),
                (80_000, 2_446_079),
                (80_001, 0),
                (80_014, 0),
            ],
        ),
        (
            RateLimited,
            "temporarily_blocked",
            &[(368, 0), (368, 1_346_003), (368, 1_390_008), (368, 1_404_006), (368, 1_404_102), (100, 1_404_112)],
        ),
        (
            Rejected,
            "content_refused",
            &[
                (100, 0),
                (100, 33),
                (100, 1_349_125),
                (100, 2_061_006),
                (200, 2_069_030),
                (200, 2_069_031),
                (200, 2_069_033),
                (210, 0),
                (803, 0),
                (1705, 0),
                (2500, 0),
            ],
        ),
        (Rejected, DUPLICATE, &[(506, 0), (100, 1_366_051)]),
        (Rejected, "link_refused", &[(1_609_005, 0), (1_609_008, 0)]),
        (Rejected, "media_refused", &[(324, 0), (100, 1_366_046), (100, 2_069_019)]),
        (Rejected, "media_too_large", &[(6000, 1_363_023)]),
        (Rejected, "media_too_small", &[(382, 0), (6000, 1_363_022)]),
        (Rejected, "platform_app_refused", &[(3, 0), (191, 0)]),
        (Rejected, "platform_version_ended", &[(2635, 0)]),
        (Transient, "media_unavailable", &[(389, 0)]),
        (Transient, "platform_busy", &[(6000, 1_363_047), (100, 1_609_010)]),
        (Transient, UPLOAD_EXPIRED, &[(6000, 1_363_030)]),
        (Transient, "upload_failed", &[(6000, 0), (6001, 0), (6000, 1_363_019)]),
        (Transient, UPLOAD_OFFSET_WRONG, &[(6001, 1_363_037)]),
    ];

    #[test]
    fn every_error_has_its_class() {
        for (class, code, errors) in TABLE {
            for (number, subcode) in *errors {
                let error = of(*number, *subcode, false);

                assert_eq!((error.class, error.code), (*class, *code), "{number}/{subcode}");
            }
        }
        assert_eq!(of(777, 0, true).code, "platform_failed");
        assert_eq!(of(2, 0, true).class, Ambiguous);
        assert_eq!(classify(&answer(503, "<html>".to_owned()), "x", Timestamp(0)).class, Ambiguous);
        assert_eq!(classify(&answer(418, "{}".to_owned()), "x", Timestamp(0)).code, "answer_unclassified");
        assert!(is_error(&answer(200, r#"{"error":{"message":"m","code":1}}"#.to_owned())));
        assert!(!is_error(&answer(200, r#"{"id":"1"}"#.to_owned())));
    }

    #[test]
    fn the_hosts_of_bytes_have_errors_of_their_own() {
        let cases = [
            ("OffsetInvalidError", true, Transient, UPLOAD_OFFSET_WRONG),
            ("PartialRequestError", true, Transient, "upload_incomplete"),
            ("ProcessingFailedError", true, Transient, "upload_failed"),
            ("ProcessingFailedError", false, Rejected, "media_refused"),
            ("NotAuthorizedError", false, AuthRevoked, "token_refused"),
            ("Surprise", true, Transient, "upload_failed"),
            ("Surprise", false, Ambiguous, "answer_unclassified"),
        ];
        for (kind, retriable, class, code) in cases {
            let body = serde_json::json!({"debug_info":{"retriable":retriable,"type":kind,"message":"m"}});
            let error = classify(&answer(400, body.to_string()), "upload reel", Timestamp(0));

            assert_eq!((error.class, error.code), (class, code), "{kind} {retriable}");
            assert_eq!(error.platform_message.as_deref(), Some("m"));
        }
    }

    #[test]
    fn a_wrong_offset_tells_the_right_one_as_an_object_or_as_text() {
        for data in ["{\"start_offset\":5,\"end_offset\":\"9\"}", "\"{\\\"start_offset\\\":\\\"5\\\",\\\"end_offset\\\":9}\""] {
            let body = format!(r#"{{"error":{{"message":"m","code":6001,"error_subcode":1363037,"error_data":{data}}}}}"#);

            assert_eq!(told_offsets(&answer(400, body)), Some((5, 9)), "{data}");
        }
        let other =
            r#"{"error":{"message":"m","code":6001,"error_subcode":1363019,"error_data":{"start_offset":5,"end_offset":9}}}"#;
        assert_eq!(told_offsets(&answer(400, other.to_owned())), None);
    }

    #[test]
    fn a_limit_waits_as_long_as_its_use_case_says() {
        let mut limited = answer(400, r#"{"error":{"message":"m","code":32}}"#.to_owned());
        let usage = r#"{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}"#;
        limited.headers.insert("x-business-use-case-usage", HeaderValue::from_static(usage));

        assert_eq!(classify(&limited, "x", Timestamp(0)).retry_at, Some(Timestamp(19 * 60 * 1000)));
        assert_eq!(of(613, 0, false).retry_at, Some(Timestamp(0).plus(LIMIT_WAIT)));
        assert_eq!(of(368, 0, false).retry_at, Some(Timestamp(0).plus(BLOCK_WAIT)));
        assert_eq!(of(4, 2_207_051, false).retry_at, Some(Timestamp(0).plus(SPAM_WAIT)));
    }
}
