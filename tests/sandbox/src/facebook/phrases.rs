//! Times in words, as PHP's `strtotime` reads them: `now`, `tomorrow`, `+2 hours`, `3 days ago`.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

/// The instant that a phrase means.
pub(super) fn instant(phrase: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let phrase = phrase.trim().to_ascii_lowercase();
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    match phrase.as_str() {
        "now" => return Some(now),
        "today" => return Some(midnight),
        "yesterday" => return Some(midnight - TimeDelta::days(1)),
        "tomorrow" => return Some(midnight + TimeDelta::days(1)),
        _ => {}
    }
    let (phrase, sign) = phrase.strip_suffix(" ago").map_or((phrase.as_str(), 1), |rest| (rest, -1));
    let (number, unit) = phrase.split_at(phrase.find(|c: char| c.is_ascii_alphabetic())?);
    let count: i64 = number.trim().trim_start_matches('+').parse().ok()?;
    let seconds = match unit.trim_end_matches('s') {
        "sec" | "second" => 1,
        "min" | "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 604_800,
        _ => return None,
    };
    let ahead = count.checked_mul(seconds)?.checked_mul(sign)?;
    now.checked_add_signed(TimeDelta::try_seconds(ahead)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_count_from_now() {
        let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
        let cases = [
            ("now", "2026-11-22T12:00:00Z"),
            ("tomorrow", "2026-11-23T00:00:00Z"),
            ("+20 minutes", "2026-11-22T12:20:00Z"),
            ("-1 day", "2026-11-21T12:00:00Z"),
            ("2 hours ago", "2026-11-22T10:00:00Z"),
        ];

        for (phrase, expected) in cases {
            assert_eq!(instant(phrase, now), Some(expected.parse().unwrap()), "{phrase}");
        }
        assert_eq!(instant("soon", now), None);
    }
}
