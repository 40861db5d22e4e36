//! The project's daily quota, which starts anew at midnight in Los Angeles.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};

use super::errors;
use crate::call::Answer;
use crate::state::State;

/// What a call costs when it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// One of the day's uploads, which have a bucket of their own.
    Insert,
    /// So many of the units that everything else shares.
    Units(u32),
}

/// What was spent on one day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quota {
    day: NaiveDate,
    inserts: u32,
    units: u32,
}

fn today(state: &State) -> Quota {
    let day = pacific_day(state.now());
    let quota = state.youtube.quota;
    if quota.day == day { quota } else { Quota { day, ..Quota::default() } }
}

/// Refuses a call that the rest of the day's quota does not cover.
pub(super) fn check(state: &State, cost: Cost) -> Result<(), Answer> {
    if !state.settings.rate_limits {
        return Ok(());
    }
    let (spent, settings) = (today(state), &state.settings.youtube);
    let covered = match cost {
        Cost::Insert => spent.inserts < settings.insert_quota,
        Cost::Units(units) => spent.units + units <= settings.units_quota,
    };
    if covered { Ok(()) } else { Err(errors::named("403/quotaExceeded")) }
}

/// Notes what a call has cost; refused ones cost the least there is.
pub(super) fn charge(state: &mut State, cost: Cost, refused: bool) {
    let mut spent = today(state);
    match cost {
        Cost::Insert => spent.inserts += 1,
        Cost::Units(_) if refused => spent.units += 1,
        Cost::Units(units) => spent.units += units,
    }
    state.youtube.quota = spent;
}

/// The date in Los Angeles.
fn pacific_day(now: DateTime<Utc>) -> NaiveDate {
    let hours = if daylight_saving(now) { 7 } else { 8 };
    (now - TimeDelta::hours(hours)).date_naive()
}

/// Whether clocks in the United States are ahead: from 2 o'clock on the second Sunday of March to 2 o'clock on the
/// first Sunday of November, both by the clock that is left behind.
fn daylight_saving(now: DateTime<Utc>) -> bool {
    let sunday = |month, nth, utc_hour| {
        let day = NaiveDate::from_weekday_of_month_opt(now.year(), month, Weekday::Sun, nth)?;
        Some(day.and_hms_opt(utc_hour, 0, 0)?.and_utc())
    };
    match (sunday(3, 2, 10), sunday(11, 1, 9)) {
        (Some(start), Some(end)) => start <= now && now < end,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_change_at_midnight_in_los_angeles_in_summer_and_winter() {
        let cases = [
            ("2026-11-22T07:59:59Z", "2026-11-21"),
            ("2026-11-22T08:00:00Z", "2026-11-22"),
            ("2026-07-01T06:59:59Z", "2026-06-30"),
            ("2026-07-01T07:00:00Z", "2026-07-01"),
            // The night in which clocks go forward, and the one in which they go back.
            ("2026-03-08T07:59:59Z", "2026-03-07"),
            ("2026-03-09T06:59:59Z", "2026-03-08"),
            ("2026-03-09T07:00:00Z", "2026-03-09"),
            ("2026-11-01T07:00:00Z", "2026-11-01"),
            ("2026-11-02T07:59:59Z", "2026-11-01"),
        ];

        for (now, day) in cases {
            assert_eq!(pacific_day(now.parse().unwrap()).to_string(), day, "{now}");
        }
    }
}
