//! Midnight in Los Angeles, when Google's daily quotas start anew.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc, Weekday};

use crate::clock::Timestamp;

/// The next midnight in Los Angeles after `now`.
pub(super) fn next_midnight(now: Timestamp) -> Timestamp {
    let now = DateTime::<Utc>::from(now);
    let today = (now - if is_summer(now) { SUMMER } else { WINTER }).date_naive();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let ahead = if begins_in_summer(tomorrow) { SUMMER } else { WINTER };
    (tomorrow.and_time(NaiveTime::MIN).and_utc() + ahead).into()
}

/// How far Los Angeles is behind UTC while its clocks are ahead.
const SUMMER: Duration = Duration::hours(7);

/// How far Los Angeles is behind UTC otherwise.
const WINTER: Duration = Duration::hours(8);

/// The Sundays on which clocks go forward and back in the United States: the second of March and the first of November.
fn changes(year: i32) -> Option<(NaiveDate, NaiveDate)> {
    let sunday = |month, nth| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, nth);
    Some((sunday(3, 2)?, sunday(11, 1)?))
}

/// Whether clocks are ahead at an instant. They change at two o'clock by the clock that is left behind: 10:00 and 09:00 UTC.
fn is_summer(at: DateTime<Utc>) -> bool {
    let Some((forward, back)) = changes(at.year()) else { return false };
    let at_hour = |day: NaiveDate, hour| (day.and_time(NaiveTime::MIN) + Duration::hours(hour)).and_utc();
    at_hour(forward, 10) <= at && at < at_hour(back, 9)
}

/// Whether clocks are ahead as a day begins: they change two hours later.
fn begins_in_summer(day: NaiveDate) -> bool {
    changes(day.year()).is_some_and(|(forward, back)| forward < day && day <= back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_midnight_follows_the_clocks_of_los_angeles() {
        let cases = [
            ("2026-11-22T07:59:59Z", "2026-11-22T08:00:00Z"),
            ("2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z"),
            ("2026-07-01T06:59:59Z", "2026-07-01T07:00:00Z"),
            ("2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z"),
            // The day on which clocks go forward has 23 hours: it begins at 08:00 UTC and the next one at 07:00 UTC.
            ("2026-03-08T07:59:59Z", "2026-03-08T08:00:00Z"),
            ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"),
            ("2026-03-08T23:00:00Z", "2026-03-09T07:00:00Z"),
            // The day on which they go back has 25: it begins at 07:00 UTC and the next one at 08:00 UTC.
            ("2026-11-01T06:59:59Z", "2026-11-01T07:00:00Z"),
            ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"),
            ("2026-11-02T07:30:00Z", "2026-11-02T08:00:00Z"),
            ("2026-12-31T23:59:59Z", "2027-01-01T08:00:00Z"),
            ("2027-03-14T08:00:00Z", "2027-03-15T07:00:00Z"),
        ];

        for (now, midnight) in cases {
            let instant = |text: &str| Timestamp::from(text.parse::<DateTime<Utc>>().unwrap());
            assert_eq!(next_midnight(instant(now)), instant(midnight), "{now}");
        }
    }
}
