//! What LinkedIn limits. Source: "Share on LinkedIn" (2026-09): requests per member and per app in a day of UTC. No header
//! tells how much is left.

use super::errors::classify;
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::limits::Table;
use crate::limits::table::{Budget, Cap, Day, Lesson, Limit, Owner, Window, next_utc_midnight};
use crate::platforms::limits::endpoint_until;

const POSTS: &[(&str, u32)] = &[("create post", 1)];

const TODAY: Window = Window::Until(next_utc_midnight);

/// Shares of a member in a day. Organisations have a contract's number, which can be set.
const POSTS_MAX: u32 = 150;

pub(super) const TABLE: Table = Table {
    limits: &[
        Limit::new("create_post", Owner::Account, POSTS, Budget::Calls(POSTS_MAX, TODAY)).following_cap(),
        Limit::new("app_posts", Owner::App, POSTS, Budget::Calls(100_000, TODAY)),
    ],
    cap: Some(Cap { most: POSTS_MAX, owner: Owner::Account, day: Day::Until(next_utc_midnight) }),
};

/// A throttle holds up the same calls of the account: until midnight UTC, or for some minutes.
pub(super) fn learn(answer: &Answer, what: &str, now: Timestamp) -> Vec<Lesson> {
    if answer.is_success() {
        return Vec::new();
    }
    endpoint_until(&classify(answer, what, (now, Timestamp(0))), &["rate_limited"]).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::table::{About, Told};
    use crate::platforms::limits::tests::answer;

    #[test]
    fn a_day_s_throttle_lasts_until_midnight_and_a_burst_s_some_minutes() {
        let noon = Timestamp::from_unix_seconds(1_795_305_600 + 43_200);
        let until = |message: &str| {
            let body = format!(r#"{{"status":429,"code":"TOO_MANY_REQUESTS","message":"{message}"}}"#);
            learn(&answer(429, &[], &body), "create post", noon)
        };
        let wait = |seconds: u64| {
            let told = Told::Until(noon.plus(std::time::Duration::from_secs(seconds)));
            vec![Lesson { about: About::Endpoint, told }]
        };

        assert_eq!(until("Resource level throttle DAY limit is reached"), wait(43_200 + 60));
        assert_eq!(until("slow down"), wait(300));
        assert_eq!(learn(&answer(426, &[], r#"{"code":"NONEXISTENT_VERSION"}"#), "create post", noon), []);
    }
}
