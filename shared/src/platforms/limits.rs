//! What a platform's answers mean for its limits and its circuits: what all of them share.

use std::time::Duration;

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::JobError;
use crate::limits::Outcome;
use crate::limits::table::{About, Lesson, Told};
use crate::platforms::rules::Rules;

/// How a call ended, as far as limits and circuits are concerned.
pub(super) fn outcome(rules: &Rules, what: &str, result: &Result<Answer, JobError>, now: Timestamp) -> Outcome {
    let answer = match result {
        Ok(answer) => answer,
        Err(error) => {
            let failed = matches!(error.code, "unreachable" | "answer_lost");
            return Outcome { sent: error.code == "answer_lost", failed, lessons: Vec::new() };
        }
    };
    let mut lessons = (rules.learn)(answer, what, now);
    let waits = |lesson: &Lesson| matches!(lesson.told, Told::Until(_) | Told::Left { left: 0, .. });
    if answer.status == 429
        && !lessons.iter().any(waits)
        && let Some(pause) = retry_after(answer)
    {
        lessons.push(Lesson { about: About::Endpoint, told: Told::Until(now.plus(pause)) });
    }
    Outcome { sent: true, failed: answer.status >= 500, lessons }
}

/// The seconds that a `Retry-After` names.
pub(super) fn retry_after(answer: &Answer) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

/// That an account's calls of a kind are held up for as long as an error says, when it is one of these.
pub(super) fn endpoint_until(error: &JobError, codes: &[&str]) -> Option<Lesson> {
    let until = error.retry_at.filter(|_| codes.contains(&error.code))?;
    Some(Lesson { about: About::Endpoint, told: Told::Until(until) })
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName};

    use super::*;
    use crate::content::PlatformId;
    use crate::error::ErrorClass;
    use crate::platforms::rules;

    /// An answer with headers.
    pub(in crate::platforms) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        Answer { status, headers: headers.collect::<HeaderMap>(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_retry_after_on_any_429_holds_up_the_endpoint() {
        let now = Timestamp(0);
        for platform in PlatformId::ALL {
            let told = outcome(rules(*platform), "read post", &Ok(answer(429, &[("retry-after", "7")], "")), now);

            assert!(!told.failed && told.sent, "{platform}");
            assert!(told.lessons.iter().any(|lesson| matches!(lesson.told, Told::Until(_))), "{platform}: {:?}", told.lessons);
        }
    }

    #[test]
    fn only_silence_and_server_errors_count_as_failures() {
        let ended = |result| outcome(rules(PlatformId::Linkedin), "create post", &result, Timestamp(0));
        let error = |code| Err(JobError::new(ErrorClass::Transient, code, "x"));
        let cases = [
            (Ok(answer(200, &[], "{}")), true, false),
            (Ok(answer(404, &[], "{}")), true, false),
            (Ok(answer(429, &[], "{}")), true, false),
            (Ok(answer(503, &[], "")), true, true),
            (error("unreachable"), false, true),
            (error("answer_lost"), true, true),
            (error("request_unbuildable"), false, false),
        ];
        for (result, sent, failed) in cases {
            let told = format!("{result:?}");

            let outcome = ended(result);

            assert_eq!((outcome.sent, outcome.failed), (sent, failed), "{told}");
        }
    }
}
