//! The monthly versions of `/rest` and when each of them ends.

use chrono::NaiveDate;

use super::errors;
use crate::call::{Answer, Call};
use crate::state::State;

/// Published versions with the first day on which they are gone. For those from 202604 on no day is
/// published yet; they live at least a year.
const SUNSETS: &[(&str, (i32, u32, u32))] = &[
    ("202508", (2026, 8, 17)),
    ("202509", (2026, 9, 15)),
    ("202510", (2026, 10, 15)),
    ("202511", (2026, 11, 16)),
    ("202601", (2027, 1, 15)),
    ("202602", (2027, 2, 15)),
    ("202603", (2027, 3, 16)),
    ("202604", (2027, 4, 15)),
    ("202605", (2027, 5, 15)),
    ("202606", (2027, 6, 15)),
    ("202607", (2027, 7, 15)),
    ("202608", (2027, 8, 15)),
    ("202609", (2027, 9, 15)),
];

/// The version that a call asks for, when it is active.
pub(super) fn check(state: &State, call: &Call) -> Result<String, Answer> {
    let asked = call.named_header("linkedin-version").map(str::trim).filter(|version| !version.is_empty());
    let asked = asked.ok_or_else(|| errors::named("400/VERSION_MISSING"))?;
    if active(state, asked) {
        return Ok(asked.to_owned());
    }
    Err(errors::saying("426/NONEXISTENT_VERSION", &format!("Requested version {} is not active", eight_digits(asked))))
}

fn active(state: &State, version: &str) -> bool {
    let today = state.now().date_naive();
    let sunset = SUNSETS.iter().find(|(known, _)| *known == version);
    let sunset = sunset.and_then(|(_, (year, month, day))| NaiveDate::from_ymd_opt(*year, *month, *day));
    sunset.is_some_and(|sunset| today < sunset) || state.settings.linkedin.active_versions.iter().any(|known| known == version)
}

/// A version the way messages show it: `202504` as `20250401`.
pub(super) fn eight_digits(version: &str) -> String {
    if version.len() == 6 { format!("{version}01") } else { version.to_owned() }
}
