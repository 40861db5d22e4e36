//! What X's refusals mean. Source: docs.x.com "Response codes and errors", the problem types of OpenAPI 2.167, and the
//! codes of version 1.1. They are told apart by code, then by problem type, then by status and, where X gives nothing
//! else, by words.

use serde::Deserialize;
use std::time::Duration;

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::DUPLICATE;

/// What was asked of X, as far as it decides what a refusal means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The operation's name for people.
    pub(super) what: &'a str,
    /// Whether it is about a file, not about a post.
    pub(super) on_media: bool,
}

/// X's problem document, the older list of errors, and OAuth's, as far as they tell things apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    r#type: String,
    resource_type: String,
    errors: Vec<Detail>,
    error: serde_json::Value,
    error_description: String,
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

/// The code of a medium that X does not know (any more): it is uploaded once more.
pub(super) const MEDIA_EXPIRED: &str = "media_expired";

/// The code of an upload that X broke off: the file is uploaded once more.
pub(super) const UPLOAD_REFUSED: &str = "media_upload_refused";

/// The code of work on a file that failed by X's own fault: the file is uploaded once more.
pub(super) const PROCESSING_BROKE: &str = "media_processing_broke";

/// Codes of refusals that only the operator of this Pressroom can end: the same post goes through afterwards.
const FOR_OPERATOR: [&str; 4] = ["platform_credits_depleted", "platform_app_refused", "platform_version_ended", "clock_wrong"];

/// Whether the same post goes through as soon as the operator has done something.
pub(super) fn is_for_operator(error: &JobError) -> bool {
    FOR_OPERATOR.contains(&error.code)
}

/// Puts an answer that is no success into its class.
pub(super) fn classify(answer: &Answer, asked: Asked<'_>, now: Timestamp) -> JobError {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let (class, code) = class_of(answer.status, &problem, asked.on_media);
    let words = words(&problem).unwrap_or_else(|| answer.text());
    let error = JobError::new(class, code, format!("X refused `{}` with status {}", asked.what, answer.status)).said(words);
    let error = JobError { status: Some(answer.status), ..error };
    let error = match remedy(code) {
        Some(remedy) => error.remedy(remedy),
        None => error,
    };
    match class {
        ErrorClass::RateLimited if code == "daily_post_limit" => error.at(now.plus(HOURS_LATER)),
        ErrorClass::RateLimited => error.at(reset_at(answer, now)),
        _ => error,
    }
}

type Meaning = (ErrorClass, &'static str);

fn class_of(status: u16, problem: &Problem, on_media: bool) -> Meaning {
    use ErrorClass::{Ambiguous, AuthExpired, RateLimited, Rejected, Transient};
    match status {
        400..=499 => {}
        500..=599 => return (Ambiguous, "platform_failed"),
        _ => return (Ambiguous, "answer_unclassified"),
    }
    let slug = problem.r#type.rsplit('/').next().unwrap_or_default();
    if let Some(meaning) = of_code(problem).or_else(|| of_oauth(problem)).or_else(|| of_slug(slug, problem, on_media)) {
        return meaning;
    }
    match status {
        400 | 404 | 413 | 422 if problem.mentions("media IDs are invalid") => (Rejected, MEDIA_EXPIRED),
        404 => gone(problem, on_media),
        400 | 413 | 422 if on_media => (Rejected, "media_refused"),
        400 | 413 | 422 => (Rejected, "content_refused"),
        401 => (AuthExpired, "token_refused"),
        402 => (Rejected, "platform_credits_depleted"),
        403 => forbidden(problem, on_media),
        409 => (Transient, "conflict"),
        429 => (RateLimited, "rate_limited"),
        _ => (Ambiguous, "answer_unclassified"),
    }
}

/// The codes of version 1.1, which version 2 still uses here and there.
fn of_code(problem: &Problem) -> Option<Meaning> {
    use ErrorClass::{AuthExpired, AuthRevoked, RateLimited, Rejected};
    let code = problem.errors.iter().map(|error| error.code).find(|code| *code != 0)?;
    Some(match code {
        32 | 89 => (AuthExpired, "token_refused"),
        34 => (Rejected, "platform_version_ended"),
        64 | 326 => (AuthRevoked, "account_locked"),
        88 => (RateLimited, "rate_limited"),
        135 => (Rejected, "clock_wrong"),
        186 => (Rejected, "text_too_long"),
        187 => (Rejected, DUPLICATE),
        324 => (Rejected, MEDIA_EXPIRED),
        344 => (RateLimited, "daily_post_limit"),
        415 => (Rejected, "platform_app_refused"),
        _ => return None,
    })
}

/// The words of OAuth 2: about the token, or about our app.
fn of_oauth(problem: &Problem) -> Option<Meaning> {
    match problem.error.as_str()? {
        "invalid_request" | "invalid_grant" => Some((ErrorClass::AuthRevoked, "token_refused")),
        "unauthorized_client" | "invalid_client" => Some((ErrorClass::Rejected, "platform_app_refused")),
        _ => None,
    }
}

fn of_slug(slug: &str, problem: &Problem, on_media: bool) -> Option<Meaning> {
    use ErrorClass::{AuthRevoked, RateLimited, Rejected, Transient};
    Some(match slug {
        "oauth1-permissions" => (AuthRevoked, "permission_missing"),
        "unsupported-authentication" | "client-forbidden" | "usage-capped" => (Rejected, "platform_app_refused"),
        "credits" => (Rejected, "platform_credits_depleted"),
        "rate-limit-exceeded" => (RateLimited, "rate_limited"),
        "conflict" => (Transient, "conflict"),
        "not-authorized-for-resource" => (Rejected, "target_not_accessible"),
        "not-authorized-for-field" | "disallowed-resource" => (Rejected, "content_refused"),
        "resource-not-found" | "resource-unavailable" => gone(problem, on_media),
        _ => return None,
    })
}

/// What is asked for is not there: a medium, or the post that is replied to.
fn gone(problem: &Problem, on_media: bool) -> Meaning {
    let medium = on_media || problem.resource_type == "media";
    (ErrorClass::Rejected, if medium { MEDIA_EXPIRED } else { "target_gone" })
}

/// X gives these refusals no code of their own: the words are all there is.
fn forbidden(problem: &Problem, on_media: bool) -> Meaning {
    use ErrorClass::{AuthRevoked, Rejected};
    let known: [(&str, Meaning); 8] = [
        ("duplicate content", (Rejected, DUPLICATE)),
        ("suspended", (AuthRevoked, "account_locked")),
        // With the space: to be "blocked" by somebody is another thing.
        (" locked", (AuthRevoked, "account_locked")),
        ("mentioned or otherwise engaged", (Rejected, "reply_not_allowed")),
        ("one cashtag", (Rejected, "too_many_cashtags")),
        ("invalid URL", (Rejected, "link_refused")),
        ("video longer than", (Rejected, "media_too_long")),
        ("not permitted to access this feature", (Rejected, "feature_not_permitted")),
    ];
    match known.iter().find(|(words, _)| problem.mentions(words)) {
        Some((_, meaning)) => *meaning,
        // A file has no text to be too long and no target to be protected: what is left of the causes is a missing scope.
        None if on_media && problem.mentions("not permitted to perform") => (AuthRevoked, "permission_missing"),
        None => (Rejected, "content_refused"),
    }
}

/// What to do, where the class's usual remedy is not the point.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "platform_credits_depleted" => "the operator of this Pressroom must top up its X credits; retry the job then",
        "platform_app_refused" => {
            "the operator of this Pressroom must check its app at X: its keys, project, permissions and usage cap; retry the job then"
        }
        "platform_version_ended" => "X no longer serves this call: the operator must update this Pressroom; retry the job then",
        "clock_wrong" => "the operator must set the clock of the machine that this Pressroom runs on; retry the job then",
        MEDIA_EXPIRED | UPLOAD_REFUSED | PROCESSING_BROKE => "retry the job: the files are uploaded again",
        "media_refused" => "use another file and submit the post again",
        "media_too_long" => "use a video of at most 140 seconds, or one that the account's subscription allows, and submit again",
        "text_too_long" => "shorten the text and submit the post again",
        "too_many_cashtags" => "leave at most one cashtag in each post and submit again",
        "link_refused" => "X does not take this link: change it and submit the post again",
        "reply_not_allowed" => "X lets apps reply only where the author mentioned or quoted this account: reply on X itself",
        "target_not_accessible" | "target_gone" => "look whether the post that is replied to is there and open to this account",
        "feature_not_permitted" => "look at the account's standing and subscription on X, or leave out what it may not use",
        "account_locked" => "log in on X and unlock the account or appeal; then reconnect it and retry the job",
        "permission_missing" => "reconnect the account and grant all that is asked for, then retry the job",
        _ => return None,
    })
}

impl Problem {
    fn mentions(&self, words: &str) -> bool {
        self.detail.contains(words) || self.errors.iter().any(|error| error.message.contains(words))
    }
}

fn words(problem: &Problem) -> Option<String> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let first = problem.errors.first().and_then(|error| some(&error.message));
    match (some(&problem.detail), first) {
        (Some(detail), Some(first)) if detail != first => Some(format!("{detail} {first}")),
        (Some(one), _) | (None, Some(one)) => Some(one),
        (None, None) => some(&problem.error_description).or_else(|| some(&problem.title)),
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
    use serde_json::{Value, json};

    const POST: Asked<'_> = Asked { what: "create post", on_media: false };
    const FILE: Asked<'_> = Asked { what: "append", on_media: true };

    fn answer(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Answer {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        Answer { status, headers, body: Bytes::from(body.to_owned()) }
    }

    fn meaning(asked: Asked<'_>, status: u16, body: &Value) -> Meaning {
        let error = classify(&answer(status, &body.to_string(), &[]), asked, Timestamp(0));
        (error.class, error.code)
    }

    fn detail(words: &str) -> Value {
        json!({ "title": "Forbidden", "type": "about:blank", "detail": words })
    }

    fn slug(slug: &str) -> Value {
        json!({ "title": "x", "type": format!("https://api.twitter.com/2/problems/{slug}"), "detail": "x" })
    }

    fn code(code: i64) -> Value {
        json!({ "errors": [{ "code": code, "message": "x" }] })
    }

    #[test]
    fn every_refusal_has_its_class() {
        use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
        let invalid = |message: &str| json!({ "title": "Invalid Request", "errors": [{ "message": message }] });
        let cases = [
            (400, invalid("Your media IDs are invalid."), Rejected, "media_expired"),
            (400, invalid("$.media.media_ids: there must be a maximum of 4 items in the array"), Rejected, "content_refused"),
            (400, detail("One or more parameters to your request was invalid."), Rejected, "content_refused"),
            (401, detail("Unauthorized"), AuthExpired, "token_refused"),
            (402, json!({ "title": "CreditsDepleted" }), Rejected, "platform_credits_depleted"),
            (403, slug("credits"), Rejected, "platform_credits_depleted"),
            (403, detail("You are not allowed to create a Tweet with duplicate content."), Rejected, "duplicate_content"),
            (403, detail("You are not permitted to perform this action."), Rejected, "content_refused"),
            (
                403,
                detail("... you have not been mentioned or otherwise engaged by the author ..."),
                Rejected,
                "reply_not_allowed",
            ),
            (403, detail("Posts may contain a maximum of one cashtag."), Rejected, "too_many_cashtags"),
            (403, detail("The Tweet contains an invalid URL."), Rejected, "link_refused"),
            (403, detail("This user is not allowed to post a video longer than 2 minutes"), Rejected, "media_too_long"),
            (403, detail("Your account is not permitted to access this feature."), Rejected, "feature_not_permitted"),
            (
                403,
                detail("Your account is suspended and is not permitted to access this feature."),
                AuthRevoked,
                "account_locked",
            ),
            (403, detail("Your account is temporarily locked."), AuthRevoked, "account_locked"),
            (403, detail("You have been blocked by the author."), Rejected, "content_refused"),
            (403, slug("oauth1-permissions"), AuthRevoked, "permission_missing"),
            (403, slug("unsupported-authentication"), Rejected, "platform_app_refused"),
            (403, slug("client-forbidden"), Rejected, "platform_app_refused"),
            (403, slug("usage-capped"), Rejected, "platform_app_refused"),
            (429, slug("usage-capped"), Rejected, "platform_app_refused"),
            (403, slug("not-authorized-for-resource"), Rejected, "target_not_accessible"),
            (403, slug("not-authorized-for-field"), Rejected, "content_refused"),
            (403, slug("disallowed-resource"), Rejected, "content_refused"),
            (404, slug("resource-not-found"), Rejected, "target_gone"),
            (404, slug("resource-unavailable"), Rejected, "target_gone"),
            (404, json!({ "resource_type": "media", "detail": "x" }), Rejected, "media_expired"),
            (409, slug("conflict"), Transient, "conflict"),
            (409, json!({}), Transient, "conflict"),
            (429, json!({}), RateLimited, "rate_limited"),
            (429, slug("rate-limit-exceeded"), RateLimited, "rate_limited"),
            (500, slug("internal-error"), Ambiguous, "platform_failed"),
            (503, json!({}), Ambiguous, "platform_failed"),
            (418, json!({ "surprise": true }), Ambiguous, "answer_unclassified"),
            (302, json!({}), Ambiguous, "answer_unclassified"),
        ];
        for (status, body, class, code) in cases {
            assert_eq!(meaning(POST, status, &body), (class, code), "{status} {body}");
        }
        assert_eq!(classify(&answer(500, "<html>", &[]), POST, Timestamp(0)).code, "platform_failed");
    }

    #[test]
    fn codes_of_version_1_and_words_of_oauth_have_their_class() {
        use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected};
        let cases = [
            (400, json!({ "error": "invalid_request", "error_description": "x" }), AuthRevoked, "token_refused"),
            (400, json!({ "error": "invalid_grant" }), AuthRevoked, "token_refused"),
            (401, json!({ "error": "unauthorized_client" }), Rejected, "platform_app_refused"),
            (401, json!({ "error": "invalid_client" }), Rejected, "platform_app_refused"),
            (401, code(32), AuthExpired, "token_refused"),
            (404, code(34), Rejected, "platform_version_ended"),
            (403, code(64), AuthRevoked, "account_locked"),
            (429, code(88), RateLimited, "rate_limited"),
            (401, code(89), AuthExpired, "token_refused"),
            (401, code(135), Rejected, "clock_wrong"),
            (403, code(186), Rejected, "text_too_long"),
            (403, code(187), Rejected, "duplicate_content"),
            (400, code(324), Rejected, "media_expired"),
            (403, code(326), AuthRevoked, "account_locked"),
            (403, code(344), RateLimited, "daily_post_limit"),
            (403, code(415), Rejected, "platform_app_refused"),
            (403, code(999), Rejected, "content_refused"),
            (500, code(187), Ambiguous, "platform_failed"),
        ];
        for (status, body, class, code) in cases {
            assert_eq!(meaning(POST, status, &body), (class, code), "{status} {body}");
        }
    }

    #[test]
    fn the_same_refusal_of_a_file_means_the_file() {
        use ErrorClass::{AuthRevoked, Rejected};
        let cases = [
            (400, detail("One or more parameters to your request was invalid."), Rejected, "media_refused"),
            (413, json!({}), Rejected, "media_refused"),
            (403, detail("You are not permitted to perform this action."), AuthRevoked, "permission_missing"),
            (403, detail("Your account is not permitted to access this feature."), Rejected, "feature_not_permitted"),
            (404, slug("resource-not-found"), Rejected, "media_expired"),
        ];
        for (status, body, class, code) in cases {
            assert_eq!(meaning(FILE, status, &body), (class, code), "{status} {body}");
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

        assert_eq!(classify(&answer(429, "", &headers), POST, now).retry_at, Some(Timestamp::from_unix_seconds(9000)));
        assert_eq!(classify(&answer(429, "", &[]), POST, now).retry_at, Some(now.plus(WINDOW)));
    }
}
