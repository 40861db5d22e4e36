//! What X's refusals mean. Source: docs.x.com "Response codes and errors" and the problem types of OpenAPI 2.167.

use serde::Deserialize;
use std::time::Duration;

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::DUPLICATE;

/// X's problem document, and the older list of errors, as far as they tell things apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    r#type: String,
    errors: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    code: i64,
    message: String,
}

/// When X says "wait" without saying until when: one rate-limit window.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// The pause after a refusal that holds until the account's next day.
const HOURS_LATER: Duration = Duration::from_secs(6 * 3600);

/// Puts an answer that is no success into its class.
pub(super) fn classify(answer: &Answer, what: &str, now: Timestamp) -> JobError {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let legacy = problem.errors.iter().map(|error| error.code).find(|code| *code != 0);
    let (class, code) = class_of(answer.status, &problem, legacy);
    let words = words(&problem).unwrap_or_else(|| answer.text());
    let error = JobError::new(class, code, format!("X refused `{what}` with status {}", answer.status)).said(words);
    let error = JobError { status: Some(answer.status), ..error };
    let error = match code {
        "platform_credits_depleted" => {
            error.remedy("the operator of this Pressroom must top up its X credits; retry the job then")
        }
        "daily_post_limit" => error.at(now.plus(HOURS_LATER)),
        "media_expired" => error.remedy("retry the job: the images are uploaded again"),
        _ => error,
    };
    if class == ErrorClass::RateLimited && error.retry_at.is_none() { error.at(reset_at(answer, now)) } else { error }
}

fn class_of(status: u16, problem: &Problem, legacy: Option<i64>) -> (ErrorClass, &'static str) {
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
    match (status, legacy) {
        (_, Some(88)) | (429, _) => return (RateLimited, "rate_limited"),
        (_, Some(344)) => return (RateLimited, "daily_post_limit"),
        (_, Some(32 | 89)) => return (AuthExpired, "token_refused"),
        (_, Some(64 | 326)) => return (AuthRevoked, "account_locked"),
        (_, Some(187)) => return (Rejected, DUPLICATE),
        _ => {}
    }
    let slug = problem.r#type.rsplit('/').next().unwrap_or_default();
    match status {
        400 | 404 | 413 | 422 if problem.mentions("media IDs are invalid") => (Rejected, "media_expired"),
        400 | 404 | 413 | 422 => (Rejected, "content_refused"),
        401 => (AuthExpired, "token_refused"),
        402 => (Rejected, "platform_credits_depleted"),
        403 if problem.mentions("duplicate content") => (Rejected, DUPLICATE),
        403 if problem.mentions("suspended") || problem.mentions("locked") => (AuthRevoked, "account_locked"),
        403 => match slug {
            "oauth1-permissions" | "unsupported-authentication" => (AuthRevoked, "permission_missing"),
            "client-forbidden" | "usage-capped" => (Rejected, "platform_app_refused"),
            _ => (Rejected, "content_refused"),
        },
        409 => (Transient, "conflict"),
        500..=599 => (Ambiguous, "platform_failed"),
        _ => (Ambiguous, "answer_unclassified"),
    }
}

impl Problem {
    fn mentions(&self, words: &str) -> bool {
        // X gives these refusals no code of their own: the words are all there is.
        self.detail.contains(words) || self.errors.iter().any(|error| error.message.contains(words))
    }
}

fn words(problem: &Problem) -> Option<String> {
    let first = problem.errors.first().map(|error| error.message.as_str()).filter(|message| !message.is_empty());
    let detail = Some(problem.detail.as_str()).filter(|detail| !detail.is_empty());
    match (detail, first) {
        (Some(detail), Some(first)) if detail != first => Some(format!("{detail} {first}")),
        (Some(one), _) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => Some(problem.title.clone()).filter(|title| !title.is_empty()),
    }
}

/// When the exhausted limit is reset: the latest of those whose `remaining` is 0.
fn reset_at(answer: &Answer, now: Timestamp) -> Timestamp {
    let families = ["x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour"];
    let resets = families.iter().filter_map(|family| {
        let used_up = answer.header(&format!("{family}-remaining"))?.trim() == "0";
        let reset: i64 = answer.header(&format!("{family}-reset"))?.trim().parse().ok()?;
        used_up.then(|| Timestamp::from_unix_seconds(reset))
    });
    let after = answer
        .header("retry-after")
        .and_then(|seconds| seconds.trim().parse().ok())
        .map(|seconds| now.plus(Duration::from_secs(seconds)));
    let told = resets.chain(after).max().filter(|at| *at > now);
    told.unwrap_or_else(|| now.plus(WINDOW))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderValue};

    fn answer(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Answer {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        Answer { status, headers, body: Bytes::from(body.to_owned()) }
    }

    #[test]
    fn every_refusal_has_its_class() {
        use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
        let cases = [
            (
                400,
                r#"{"title":"Invalid Request","errors":[{"message":"Your media IDs are invalid."}]}"#,
                Rejected,
                "media_expired",
            ),
            (
                400,
                r#"{"title":"Invalid Request","detail":"One or more parameters to your request was invalid."}"#,
                Rejected,
                "content_refused",
            ),
            (401, r#"{"title":"Unauthorized"}"#, AuthExpired, "token_refused"),
            (402, r#"{"title":"CreditsDepleted"}"#, Rejected, "platform_credits_depleted"),
            (403, r#"{"detail":"You are not allowed to create a Tweet with duplicate content."}"#, Rejected, "duplicate_content"),
            (403, r#"{"detail":"You are not permitted to perform this action."}"#, Rejected, "content_refused"),
            (
                403,
                r#"{"detail":"x","type":"https://api.twitter.com/2/problems/oauth1-permissions"}"#,
                AuthRevoked,
                "permission_missing",
            ),
            (403, r#"{"detail":"x","type":"https://api.twitter.com/2/problems/usage-capped"}"#, Rejected, "platform_app_refused"),
            (403, r#"{"errors":[{"code":326,"message":"locked"}]}"#, AuthRevoked, "account_locked"),
            (403, r#"{"errors":[{"code":344,"message":"limit"}]}"#, RateLimited, "daily_post_limit"),
            (409, "{}", Transient, "conflict"),
            (429, "", RateLimited, "rate_limited"),
            (500, "<html>", Ambiguous, "platform_failed"),
            (503, "", Ambiguous, "platform_failed"),
            (418, r#"{"surprise":true}"#, Ambiguous, "answer_unclassified"),
            (302, "", Ambiguous, "answer_unclassified"),
        ];
        for (status, body, class, code) in cases {
            let error = classify(&answer(status, body, &[]), "create post", Timestamp(0));

            assert_eq!((error.class, error.code), (class, code), "{status} {body}");
        }
    }

    #[test]
    fn a_limit_waits_for_the_latest_reset_that_is_used_up() {
        let now = Timestamp::from_unix_seconds(1000);
        let headers = [
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", "1900"),
            ("x-user-limit-24hour-remaining", "0"),
            ("x-user-limit-24hour-reset", "9000"),
            ("x-app-limit-24hour-remaining", "5"),
            ("x-app-limit-24hour-reset", "99000"),
        ];

        assert_eq!(classify(&answer(429, "", &headers), "x", now).retry_at, Some(Timestamp::from_unix_seconds(9000)));
        assert_eq!(classify(&answer(429, "", &[]), "x", now).retry_at, Some(now.plus(WINDOW)));
    }
}
