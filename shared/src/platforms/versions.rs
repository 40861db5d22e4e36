//! Versions of the platforms' APIs and when they end, so that an operator hears of it two months before.

use chrono::{Months, NaiveDate};

use crate::clock::Timestamp;
use crate::config::Config;
use crate::content::PlatformId;

/// Days before a version's end from which a warning is given.
pub const WARN_DAYS: i64 = 60;

/// A version in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The platform.
    pub platform: PlatformId,
    /// Its name.
    pub name: String,
    /// The first day on which it does not answer any more; `None` when none is announced or the version is unknown.
    pub ends_on: Option<NaiveDate>,
}

impl Version {
    /// Whole days left at `now`; negative when it has ended.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        let today = chrono::DateTime::<chrono::Utc>::from(now).date_naive();
        self.ends_on.map(|end| (end - today).num_days())
    }
}

/// A day as year, month and day.
type Day = (i32, u32, u32);

/// The Graph API's versions: Meta's changelog, as of 2026-11. The current one has no end yet.
const GRAPH: &[(&str, Option<Day>)] = &[
    ("v26.0", None),
    ("v25.0", Some((2028, 7, 29))),
    ("v24.0", Some((2028, 2, 18))),
    ("v23.0", Some((2027, 10, 8))),
    ("v22.0", Some((2027, 5, 20))),
    ("v21.0", Some((2027, 1, 21))),
    ("v20.0", Some((2026, 9, 24))),
];

/// LinkedIn's published sunsets, as of 2026-11; any other version is taken to live for twelve months, the least promised.
const LINKEDIN: &[(&str, Day)] =
    &[("202601", (2027, 1, 15)), ("202602", (2027, 2, 15)), ("202603", (2027, 3, 16)), ("202511", (2026, 11, 16))];

/// The versions that the settings name. X, TikTok and YouTube carry theirs in the path and have announced no end.
pub fn in_use(config: &Config) -> Vec<Version> {
    let graph = |platform, name: &str| {
        let known = GRAPH.iter().find(|(version, _)| *version == name);
        Version { platform, name: name.to_owned(), ends_on: known.and_then(|(_, end)| *end).and_then(date) }
    };
    vec![
        graph(PlatformId::Facebook, &config.facebook.api_version),
        graph(PlatformId::Instagram, &config.instagram.api_version),
        Version {
            platform: PlatformId::Linkedin,
            name: config.linkedin.api_version.clone(),
            ends_on: linkedin_end(&config.linkedin.api_version),
        },
    ]
}

fn linkedin_end(version: &str) -> Option<NaiveDate> {
    if let Some((_, end)) = LINKEDIN.iter().find(|(known, _)| *known == version) {
        return date(*end);
    }
    let (year, month) = (version.get(..4)?.parse().ok()?, version.get(4..6)?.parse().ok()?);
    NaiveDate::from_ymd_opt(year, month, 15)?.checked_add_months(Months::new(12))
}

fn date((year, month, day): Day) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

/// Warns in the log of every version that ends soon or has ended.
pub fn warn(config: &Config, now: Timestamp) {
    for version in in_use(config) {
        let Some(days) = version.days_left(now).filter(|days| *days <= WARN_DAYS) else { continue };
        let (platform, name) = (version.platform, &version.name);
        if days < 0 {
            tracing::error!(%platform, version = name, days_past = -days, "the platform's API version has ended: set a newer one");
        } else {
            tracing::warn!(%platform, version = name, days_left = days, "the platform's API version ends soon: set a newer one");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_version_is_known_or_follows_from_its_month() {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
        assert_eq!(linkedin_end("202602"), day(2027, 2, 15));
        assert_eq!(linkedin_end("202609"), day(2027, 9, 15));
        assert_eq!(linkedin_end("soon"), None);
    }

    #[test]
    fn days_are_counted_to_the_first_day_without_it() {
        let version = Version { platform: PlatformId::Facebook, name: "v20.0".to_owned(), ends_on: date((2026, 9, 24)) };
        let at = |text: &str| Timestamp::from(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap());

        assert_eq!(version.days_left(at("2026-09-23T23:59:00Z")), Some(1));
        assert_eq!(version.days_left(at("2026-09-25T00:00:00Z")), Some(-1));
    }
}
