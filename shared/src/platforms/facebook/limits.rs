//! What Meta limits, for Facebook and for Instagram. Source: Graph API "Rate Limits" (2026-09): the amounts depend on users
//! that are not known here, so that answers tell how much is used, in percent.

use std::time::Duration;

use serde_json::Value;

use super::errors::{classify, graph_error};
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::limits::Table;
use crate::limits::table::{About, Budget, Lesson, Limit, Owner, Told};

const HOUR: Duration = Duration::from_secs(3600);

const DAY: Duration = Duration::from_secs(86_400);

/// Calls of our app: 200 for each of a day's users in any hour.
pub(in crate::platforms) const APP_USAGE: Budget = Budget::Usage(HOUR);

/// Calls of a Page or an account: 4,800 for each of its users or impressions in any 24 hours.
pub(in crate::platforms) const ACCOUNT_USAGE: Budget = Budget::Usage(DAY);

/// The name of an account's own budget of calls.
pub(in crate::platforms) const ACCOUNT: &str = "account_usage";

/// Reads after which nothing else could tell: they are never held up. Bytes go to hosts that count nothing.
const CALLS: &[(&str, u32)] = &[("photo's post", 0), ("upload video", 0), ("*", 1)];

pub(super) const TABLE: Table = Table {
    limits: &[Limit::new("app_usage", Owner::App, CALLS, APP_USAGE), Limit::new(ACCOUNT, Owner::Account, CALLS, ACCOUNT_USAGE)],
    // None is known: a Page's daily limit (code 341) has no number.
    cap: None,
};

/// Reads the usage headers, and who is throttled.
pub(in crate::platforms) fn learn(answer: &Answer, what: &str, now: Timestamp) -> Vec<Lesson> {
    let mut lessons = Vec::new();
    let mut used = |about, percent: Option<f64>| {
        lessons.extend(percent.map(|percent| Lesson { about, told: Told::Used { percent } }));
    };
    used(About::App, json(answer, "x-app-usage").and_then(|usage| highest(&usage)));
    let business = json(answer, "x-business-use-case-usage");
    let page = json(answer, "x-page-usage").and_then(|usage| highest(&usage));
    let own = business.iter().flat_map(objects).filter_map(highest).chain(page).reduce(f64::max);
    used(About::Account(ACCOUNT), own);
    let regain = business.iter().flat_map(objects).filter_map(|object| object.get("estimated_time_to_regain_access")?.as_u64());
    if let Some(minutes) = regain.max().filter(|minutes| *minutes > 0) {
        lessons.push(Lesson { about: About::Account(ACCOUNT), told: Told::Until(now.plus(Duration::from_secs(minutes * 60))) });
    }
    lessons.extend(throttled(answer, what, now));
    lessons
}

/// Code 4 is about the app, every other throttle about the account.
fn throttled(answer: &Answer, what: &str, now: Timestamp) -> Option<Lesson> {
    if answer.is_success() {
        return None;
    }
    let error = classify(answer, what, now);
    let until = error.retry_at.filter(|_| error.code == "rate_limited")?;
    let about = if graph_error(answer)?.code == 4 { About::App } else { About::Account(ACCOUNT) };
    Some(Lesson { about, told: Told::Until(until) })
}

fn json(answer: &Answer, header: &str) -> Option<Value> {
    serde_json::from_str(answer.header(header)?).ok()
}

/// The use cases of all business objects.
fn objects(usage: &Value) -> impl Iterator<Item = &Value> {
    usage.as_object().into_iter().flat_map(|all| all.values()).filter_map(Value::as_array).flatten()
}

/// The highest of an object's percentages.
fn highest(usage: &Value) -> Option<f64> {
    let names = ["call_count", "total_time", "total_cputime"];
    names.iter().filter_map(|name| usage.get(name)?.as_f64()).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::limits::tests::answer;

    const APP: &str = r#"{"call_count":28,"total_time":25,"total_cputime":31}"#;

    #[test]
    fn the_highest_percentage_counts_for_app_and_account() {
        let business = r#"{"1":[{"type":"pages","call_count":97,"total_cputime":23,"total_time":23,"estimated_time_to_regain_access":0}],"2":[]}"#;
        let headers = [("x-app-usage", APP), ("x-business-use-case-usage", business), ("x-page-usage", r#"{"call_count":12.5}"#)];

        let lessons = learn(&answer(200, &headers, "{}"), "create post", Timestamp(0));

        assert_eq!(
            lessons,
            [
                Lesson { about: About::App, told: Told::Used { percent: 31.0 } },
                Lesson { about: About::Account(ACCOUNT), told: Told::Used { percent: 97.0 } },
            ]
        );
        assert_eq!(learn(&answer(200, &[("x-app-usage", "soon"), ("x-page-usage", "[]")], "{}"), "x", Timestamp(0)), []);
    }

    #[test]
    fn the_time_to_regain_access_is_in_minutes() {
        let business = r#"{"1":[{"call_count":100,"estimated_time_to_regain_access":19}]}"#;

        let lessons = learn(&answer(200, &[("x-business-use-case-usage", business)], "{}"), "create post", Timestamp(0));

        assert_eq!(lessons[1], Lesson { about: About::Account(ACCOUNT), told: Told::Until(Timestamp(19 * 60_000)) });
    }

    #[test]
    fn a_throttle_is_the_app_s_or_the_account_s() {
        let until = Told::Until(Timestamp(3_600_000));
        let refused = |code: i64| answer(400, &[], &format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#));

        assert_eq!(learn(&refused(4), "x", Timestamp(0)), [Lesson { about: About::App, told: until }]);
        for code in [17, 32, 613, 80_001, 80_002] {
            assert_eq!(
                learn(&refused(code), "x", Timestamp(0)),
                [Lesson { about: About::Account(ACCOUNT), told: until }],
                "{code}"
            );
        }
        assert_eq!(learn(&refused(100), "x", Timestamp(0)), []);
    }
}
