//! What TikTok limits. Source: Content Posting API reference (2026-11): calls per token in any minute; no header tells how
//! much is left.

use std::time::Duration;

use super::errors::classify;
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::limits::Table;
use crate::limits::table::{Budget, Cap, Day, Lesson, Limit, Owner};
use crate::platforms::limits::endpoint_until;

const MINUTE: Duration = Duration::from_secs(60);

const fn pace(name: &'static str, calls: &'static [(&'static str, u32)], per_minute: u32) -> Limit {
    Limit::new(name, Owner::Account, calls, Budget::Sliding(per_minute, MINUTE))
}

pub(super) const TABLE: Table = Table {
    limits: &[
        pace("init_video", &[("init video", 1)], 6),
        pace("init_inbox_video", &[("init inbox video", 1)], 6),
        pace("init_photos", &[("init photos", 1)], 6),
        pace("creator_info", &[("creator info", 1)], 20),
        pace("status_of_the_post", &[("status of the post", 1)], 30),
        pace("list_posts", &[("list posts", 1)], 600),
    ],
    // Not published; about 15 are reported, over all apps together.
    cap: Some(Cap { most: 15, owner: Owner::Account, day: Day::Rolling }),
};

/// A refusal for too many calls in a minute holds up the same calls of the account.
pub(super) fn learn(answer: &Answer, what: &str, now: Timestamp) -> Vec<Lesson> {
    if answer.is_success() {
        return Vec::new();
    }
    endpoint_until(&classify(answer, what, now), &["rate_limited"]).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::table::{About, Told};
    use crate::platforms::limits::tests::answer;

    #[test]
    fn too_many_calls_wait_a_minute_and_a_full_day_is_no_matter_of_calls() {
        let refused = |status, code: &str| {
            let body = format!(r#"{{"data":{{}},"error":{{"code":"{code}","message":"m","log_id":"1"}}}}"#);
            learn(&answer(status, &[], &body), "init video", Timestamp(0))
        };
        let minute = Lesson { about: About::Endpoint, told: Told::Until(Timestamp(60_000)) };

        assert_eq!(refused(429, "rate_limit_exceeded"), [minute]);
        assert_eq!(refused(403, "spam_risk_too_many_posts"), []);
    }
}
