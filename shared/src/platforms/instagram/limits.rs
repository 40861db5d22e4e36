//! What Instagram limits besides Meta's usage. Source: Instagram "Content Publishing" and "content_publishing_limit" (2026-09).

use std::time::Duration;

use serde_json::Value;

use super::errors::QUOTA_WAIT;
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::limits::Table;
use crate::limits::table::{About, Budget, Cap, Day, Lesson, Limit, Owner, Told};
use crate::platforms::facebook::limits as meta;

const DAY: Duration = Duration::from_secs(86_400);

/// Posts per account in any 24 hours. The guide says 100, its chapter on carousels and the reference 50: the account's own
/// `quota_total` counts as soon as it was read.
const POSTS_MAX: u32 = 100;

/// Containers per account in any 24 hours.
const CONTAINERS_MAX: u32 = 400;

const PUBLISH: &str = "publish";

/// A post's address is read once, right after it is out: a read that is never held up.
const CALLS: &[(&str, u32)] = &[("permalink", 0), ("*", 1)];

pub(super) const TABLE: Table = Table {
    limits: &[
        Limit::new("app_usage", Owner::App, CALLS, meta::APP_USAGE),
        Limit::new(meta::ACCOUNT, Owner::Account, CALLS, meta::ACCOUNT_USAGE),
        Limit::new(PUBLISH, Owner::Account, &[("publish", 1), ("publishing limit", 0)], Budget::Sliding(POSTS_MAX, DAY))
            .following_cap(),
        Limit::new("create_container", Owner::Account, &[("create container", 1)], Budget::Sliding(CONTAINERS_MAX, DAY)),
    ],
    cap: Some(Cap { most: POSTS_MAX, owner: Owner::Account, day: Day::Rolling }),
};

/// Reads Meta's usage headers, and the quota of posts where it was asked for.
pub(super) fn learn(answer: &Answer, what: &str, now: Timestamp) -> Vec<Lesson> {
    let mut lessons = meta::learn(answer, what, now);
    if what == "publishing limit" {
        lessons.extend(quota(answer, now));
    }
    lessons
}

fn quota(answer: &Answer, now: Timestamp) -> Option<Lesson> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let quota = &body["data"][0];
    let limit = u32::try_from(quota["config"]["quota_total"].as_u64()?).ok()?;
    let used = u32::try_from(quota["quota_usage"].as_u64()?).ok()?;
    // Places come free one by one, at times that nobody tells.
    let told = Told::Left { limit, left: limit.saturating_sub(used), reset_at: now.plus(QUOTA_WAIT) };
    Some(Lesson { about: About::Account(PUBLISH), told })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::limits::tests::answer;

    #[test]
    fn the_account_s_own_quota_is_read_where_it_was_asked_for() {
        let body = r#"{"data":[{"quota_usage":48,"config":{"quota_total":50,"quota_duration":86400}}]}"#;
        let told = Told::Left { limit: 50, left: 2, reset_at: Timestamp(3_600_000) };

        let lessons = learn(&answer(200, &[], body), "publishing limit", Timestamp(0));

        assert_eq!(lessons, [Lesson { about: About::Account(PUBLISH), told }]);
        assert_eq!(learn(&answer(200, &[], body), "publish", Timestamp(0)), []);
        assert_eq!(learn(&answer(200, &[], r#"{"data":[]}"#), "publishing limit", Timestamp(0)), []);
    }
}
