//! What YouTube limits. Source: the Data API's quota costs (2026-11): 100 uploads and 10,000 units per project in a day of
//! California. No header tells how much is left.

use super::errors::classify;
use super::pacific::next_midnight;
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::limits::Table;
use crate::limits::table::{About, Budget, Cap, Day, Lesson, Limit, Owner, Told, Window};
use crate::platforms::limits::endpoint_until;

/// Uploads of the whole project in a day; the beginning of a session is what counts.
const UPLOADS_MAX: u32 = 100;

const START: &str = "start upload";

/// What a call costs. Bytes and questions to an upload's address are free.
const UNITS: &[(&str, u32)] =
    &[(START, 0), ("send*", 0), ("ask upload", 0), ("set thumbnail", 50), ("write comment", 50), ("*", 1)];

const TODAY: Window = Window::Until(next_midnight);

pub(super) const TABLE: Table = Table {
    limits: &[
        Limit::new("uploads", Owner::App, &[(START, 1)], Budget::Calls(UPLOADS_MAX, TODAY)).following_cap(),
        // A project that was granted more uploads is taken to have more units, too.
        Limit::new("units", Owner::App, UNITS, Budget::Calls(10_000, TODAY)).following_cap(),
    ],
    cap: Some(Cap { most: UPLOADS_MAX, owner: Owner::App, day: Day::Until(next_midnight) }),
};

/// A used-up quota is the project's until midnight in California; "too fast" is about the same calls of the channel.
pub(super) fn learn(answer: &Answer, what: &str, now: Timestamp) -> Vec<Lesson> {
    // 308 is how an upload's address says that it wants more.
    if answer.status < 400 {
        return Vec::new();
    }
    let error = classify(answer, what, now);
    match (error.code, error.retry_at) {
        ("quota_exhausted", Some(until)) => vec![Lesson { about: About::App, told: Told::Until(until) }],
        _ => endpoint_until(&error, &["rate_limited"]).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::limits::tests::answer;

    #[test]
    fn a_used_up_quota_is_the_project_s_until_midnight_in_california() {
        let evening = Timestamp::from_unix_seconds(1_795_392_000); // 2026-11-23T00:00:00Z
        let refused = |status, reason: &str| {
            let body = format!(r#"{{"error":{{"errors":[{{"reason":"{reason}"}}]}}}}"#);
            learn(&answer(status, &[], &body), START, evening)
        };
        let until = |about, seconds: i64| vec![Lesson { about, told: Told::Until(Timestamp(evening.0 + seconds * 1000)) }];

        assert_eq!(refused(403, "quotaExceeded"), until(About::App, 8 * 3600));
        assert_eq!(refused(429, "rateLimitExceeded"), until(About::Endpoint, 64));
        assert_eq!(refused(400, "uploadLimitExceeded"), []);
        assert_eq!(learn(&answer(308, &[], ""), "send bytes", evening), []);
    }

    #[test]
    fn calls_cost_what_the_documents_say() {
        let costs = |what: &str| TABLE.limits.iter().map(|limit| limit.cost(what)).collect::<Vec<_>>();

        assert_eq!(costs(START), [1, 0]);
        assert_eq!(costs("set thumbnail"), [0, 50]);
        assert_eq!(costs("video status"), [0, 1]);
        assert_eq!((costs("send last bytes"), costs("ask upload")), (vec![0, 0], vec![0, 0]));
    }
}
