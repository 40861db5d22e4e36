//! Usage that climbs with every call and goes down with time, as Meta's platforms tell it in headers.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The level from which on calls are refused, in percent.
const FULL: f64 = 100.0;
/// Calls while throttled make the wait longer, but not without an end.
const HIGHEST: f64 = 400.0;
/// Under this name the whole app's usage is kept; no account is called so.
const APP: &str = "";

/// How usage climbs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UsageClimb {
    /// What each call adds, in percent.
    per_call: f64,
    /// Where everybody begins.
    #[serde(default)]
    start: f64,
}

/// How much is used up, in whole percent, and for how many minutes calls are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) app: u32,
    pub(crate) account: u32,
    pub(crate) minutes: u32,
}

/// What a call that came too early has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    App,
    Account,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    percent: f64,
    at: DateTime<Utc>,
}

/// The levels of the app and of its accounts.
#[derive(Default)]
pub(crate) struct Climb {
    levels: HashMap<String, Level>,
}

/// What the levels depend on.
pub(crate) struct Terms<'a> {
    pub(crate) climb: &'a UsageClimb,
    /// How long usage takes from full to nothing.
    pub(crate) decay_seconds: i64,
    pub(crate) now: DateTime<Utc>,
}

impl Terms<'_> {
    #[expect(clippy::cast_precision_loss, reason = "spans of tests are far from the limits of a float")]
    fn per_second(&self) -> f64 {
        FULL / self.decay_seconds.max(1) as f64
    }
}

impl Climb {
    #[expect(clippy::cast_precision_loss, reason = "spans of tests are far from the limits of a float")]
    fn level(&self, name: &str, terms: &Terms<'_>) -> f64 {
        let Some(level) = self.levels.get(name) else { return terms.climb.start };
        // A clock that was set back must not make usage climb.
        let passed = (terms.now - level.at).num_milliseconds().max(0) as f64 / 1000.0;
        (level.percent - passed * terms.per_second()).max(0.0)
    }

    /// Counts a call of the app, and of an account where one has a limit of its own. Refused ones count too.
    pub(crate) fn take(&mut self, account: Option<&str>, terms: &Terms<'_>) -> Result<(), Full> {
        let mut full = None;
        for (name, what) in [(Some(APP), Full::App), (account, Full::Account)] {
            let Some(name) = name else { continue };
            let percent = (self.level(name, terms) + terms.climb.per_call).min(HIGHEST);
            self.levels.insert(name.to_owned(), Level { percent, at: terms.now });
            // Both climb together for a lone account, whose own limit is then the one that is told.
            full = if percent > FULL { Some(what) } else { full };
        }
        full.map_or(Ok(()), Err)
    }

    /// What the headers say.
    pub(crate) fn read(&self, account: Option<&str>, terms: &Terms<'_>) -> Reading {
        let of_app = self.level(APP, terms);
        let of_account = account.map_or(0.0, |account| self.level(account, terms));
        let highest = of_app.max(of_account);
        // From then on one more call fits.
        let seconds = (highest + terms.climb.per_call - FULL) / terms.per_second();
        let minutes = if highest >= FULL { whole((seconds / 60.0).ceil().max(1.0)) } else { 0 };
        Reading { app: whole(of_app), account: whole(of_account), minutes }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 0 and a million")]
fn whole(number: f64) -> u32 {
    number.clamp(0.0, 1_000_000.0) as u32
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn usage_climbs_with_calls_and_falls_with_time() {
        let climb = UsageClimb { per_call: 30.0, start: 20.0 };
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let at = |seconds| Terms { climb: &climb, decay_seconds: 1000, now: now + TimeDelta::seconds(seconds) };
        let mut levels = Climb::default();

        let taken: Vec<_> = (0..3).map(|_| levels.take(Some("page"), &at(0))).collect();
        let other = levels.take(Some("other"), &at(0));
        let full = levels.read(Some("page"), &at(0));
        let later = levels.read(Some("page"), &at(500));

        assert_eq!(taken, [Ok(()), Ok(()), Err(Full::Account)]);
        assert_eq!(other, Err(Full::App));
        // The app stands at 140 %, so 70 % have to go at 0.1 % a second.
        assert_eq!(full, Reading { app: 140, account: 110, minutes: 12 });
        assert_eq!(later, Reading { app: 90, account: 60, minutes: 0 });
    }
}
