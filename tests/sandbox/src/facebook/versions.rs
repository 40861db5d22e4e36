//! Versions of the Graph API: which one a path asks for, and which one serves it.

use chrono::{DateTime, NaiveDate, Utc};

use crate::call::Call;

/// Year, month and day.
type Day = (i32, u32, u32);

/// The versions with the day from which they are not served any more.
const VERSIONS: &[(u32, Option<Day>)] = &[
    (20, Some((2026, 9, 24))),
    (21, Some((2027, 1, 21))),
    (22, Some((2027, 5, 20))),
    (23, Some((2027, 10, 8))),
    (24, Some((2028, 2, 18))),
    (25, Some((2028, 7, 29))),
    (NEWEST, None),
];
const NEWEST: u32 = 26;

/// Splits `/v26.0/1/feed` into the version and the rest.
pub(super) fn split(call: &Call) -> (Option<u32>, Vec<&str>) {
    let segments = call.segments();
    match segments.first().and_then(|first| number(first)) {
        Some(number) => (Some(number), segments[1..].to_vec()),
        None => (None, segments),
    }
}

/// The number of a segment that is a version.
pub(super) fn number(segment: &str) -> Option<u32> {
    segment.strip_prefix('v')?.strip_suffix(".0")?.parse().ok()
}

/// Whether a call asks for a version that does not exist yet.
pub(super) fn unheard_of(call: &Call) -> bool {
    split(call).0.is_some_and(|number| number > NEWEST)
}

/// The version that serves a call: old ones are replaced by the oldest usable one without a word.
pub(super) fn served(call: &Call, now: DateTime<Utc>) -> String {
    let usable = |until: &Option<Day>| {
        let until = until.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day));
        until.is_none_or(|until| now.date_naive() < until)
    };
    let oldest = VERSIONS.iter().find(|(_, until)| usable(until)).map_or(NEWEST, |(number, _)| *number);
    let asked = split(call).0.unwrap_or(NEWEST);
    format!("v{}.0", asked.max(oldest))
}
