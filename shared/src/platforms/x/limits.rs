//! What X limits. Source: docs.x.com "Rate limits" (2026-11): per user in 15 minutes and per app in 24 hours; each answer tells
//! how much is left.

use std::time::Duration;

use super::errors::{Asked, classify};
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::limits::Table;
use crate::limits::table::{About, Budget, Cap, Day, Lesson, Limit, Owner, Told, Window};
use crate::platforms::limits::endpoint_until;

const QUARTER: Window = Window::Lasting(Duration::from_secs(15 * 60));

const DAY: Window = Window::Lasting(Duration::from_secs(86_400));

/// `POST /2/tweets`, by the names of its calls.
const POSTS: &[(&str, u32)] = &[("create post*", 1), ("first comment", 1)];

/// The account's own posts in 24 hours.
const POSTS_DAY: &str = "posts_24h";

pub(super) const TABLE: Table = Table {
    limits: &[
        Limit::new("create_post", Owner::Account, POSTS, Budget::Calls(100, QUARTER)),
        // Public help pages, not confirmed for the API.
        Limit::new(POSTS_DAY, Owner::Account, POSTS, Budget::Calls(POSTS_MAX, DAY)).following_cap(),
        Limit::new("app_posts_24h", Owner::App, POSTS, Budget::Calls(10_000, DAY)),
        Limit::new("list_posts", Owner::Account, &[("list posts", 1)], Budget::Calls(900, QUARTER)),
        Limit::new("app_list_posts", Owner::App, &[("list posts", 1)], Budget::Calls(10_000, QUARTER)),
        Limit::new("upload_image", Owner::Account, &[("upload image", 1)], Budget::Calls(500, QUARTER)),
        Limit::new("app_upload_image_24h", Owner::App, &[("upload image", 1)], Budget::Calls(50_000, DAY)),
        // The three steps of an upload in pieces are counted one by one.
        Limit::new("begin_upload", Owner::Account, &[("begin upload", 1)], Budget::Calls(1875, QUARTER)),
        Limit::new("append_to_upload", Owner::Account, &[("append to upload", 1)], Budget::Calls(1875, QUARTER)),
        Limit::new("end_upload", Owner::Account, &[("end upload", 1)], Budget::Calls(1875, QUARTER)),
        Limit::new("file_status", Owner::Account, &[("file status", 1)], Budget::Calls(1000, QUARTER)),
        Limit::new("describe_file", Owner::Account, &[("describe file", 1)], Budget::Calls(500, QUARTER)),
    ],
    cap: Some(Cap { most: POSTS_MAX, owner: Owner::Account, day: Day::Rolling }),
};

/// The account's posts in a day, replies of a thread and comments not counted by the cap: 2,400 by public help pages, not
/// confirmed for the API.
const POSTS_MAX: u32 = 2400;

/// Reads the three families of headers. On a 429 without them, the usual wait counts.
pub(super) fn learn(answer: &Answer, what: &str, now: Timestamp) -> Vec<Lesson> {
    let families = [
        ("x-rate-limit", About::Endpoint),
        ("x-user-limit-24hour", About::Account(POSTS_DAY)),
        ("x-app-limit-24hour", About::App),
    ];
    let told = families.into_iter().filter_map(|(family, about)| Some(Lesson { about, told: left(answer, family)? }));
    let mut lessons: Vec<Lesson> = told.collect();
    if answer.status == 429 && !lessons.iter().any(|lesson| matches!(lesson.told, Told::Left { left: 0, .. })) {
        let error = classify(answer, Asked { what, on_media: false }, now);
        lessons.extend(endpoint_until(&error, &["rate_limited"]));
    }
    lessons
}

/// Resets are told in whole seconds, and clocks differ a little.
const RESET_SLACK: Duration = Duration::from_secs(1);

fn left(answer: &Answer, family: &str) -> Option<Told> {
    let number = |name: &str| answer.header(&format!("{family}-{name}"))?.trim().parse::<i64>().ok();
    let reset_at = Timestamp::from_unix_seconds(number("reset")?);
    // A refusal is tried again at the time that it names.
    let reset_at = if answer.is_success() { reset_at.plus(RESET_SLACK) } else { reset_at };
    let count = |name| u32::try_from(number(name)?).ok();
    Some(Told::Left { limit: count("limit")?, left: count("remaining")?, reset_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::limits::tests::answer;

    #[test]
    fn each_family_of_headers_is_about_its_own_limit() {
        let headers = [
            ("x-rate-limit-limit", "100"),
            ("x-rate-limit-remaining", "98"),
            ("x-rate-limit-reset", "1900"),
            ("x-user-limit-24hour-limit", "2400"),
            ("x-user-limit-24hour-remaining", "7"),
            ("x-user-limit-24hour-reset", "9000"),
            ("x-app-limit-24hour-limit", "10000"),
            ("x-app-limit-24hour-remaining", "0"),
            ("x-app-limit-24hour-reset", "9900"),
        ];
        let told =
            |limit, left, reset| Told::Left { limit, left, reset_at: Timestamp::from_unix_seconds(reset).plus(RESET_SLACK) };

        let lessons = learn(&answer(201, &headers, "{}"), "create post", Timestamp(0));

        assert_eq!(
            lessons,
            [
                Lesson { about: About::Endpoint, told: told(100, 98, 1900) },
                Lesson { about: About::Account(POSTS_DAY), told: told(2400, 7, 9000) },
                Lesson { about: About::App, told: told(10_000, 0, 9900) },
            ]
        );
        assert_eq!(learn(&answer(201, &headers[..2], "{}"), "create post", Timestamp(0)), []);
    }

    #[test]
    fn a_429_without_headers_waits_for_one_window() {
        let lessons = learn(&answer(429, &[], r#"{"title":"Too Many Requests","status":429}"#), "list posts", Timestamp(0));

        assert_eq!(lessons, [Lesson { about: About::Endpoint, told: Told::Until(Timestamp::from_unix_seconds(900)) }]);
    }
}
