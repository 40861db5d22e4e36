//! What a platform limits, as data, and what its answers tell about it.

use std::time::Duration;

use crate::clock::Timestamp;

/// Whom a limit counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// All accounts together: our app, or project, on the platform.
    App,
    /// Each account by itself.
    Account,
}

/// One limit of a platform.
#[derive(Debug)]
pub struct Limit {
    /// Its name, in snake case.
    pub name: &'static str,
    /// Whom it counts for.
    pub owner: Owner,
    /// The calls that count, by the names that adapters give them, with what each costs. The first fitting name decides;
    /// one that ends with `*` fits all that begin like it. What costs nothing is never held up.
    pub calls: &'static [(&'static str, u32)],
    /// How much there is.
    pub budget: Budget,
    /// Whether an operator's own daily cap changes it in proportion.
    pub follows_cap: bool,
}

/// How much there is of a limit.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    /// So many units until a moment at which all of them come back.
    Calls(u32, Window),
    /// So many units in any span of this length: each comes back by itself.
    Sliding(u32, Duration),
    /// An unknown amount, of which answers tell the used percentage; it comes back over this span.
    Usage(Duration),
}

/// When a budget starts anew.
#[derive(Debug, Clone, Copy)]
pub enum Window {
    /// So long after the first call.
    Lasting(Duration),
    /// At the moment that this names for an instant.
    Until(fn(Timestamp) -> Timestamp),
}

impl Window {
    /// When a window ends that begins now.
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Lasting(length) => now.plus(length),
            Self::Until(next) => next(now),
        }
    }
}

impl Limit {
    /// A limit on the named calls, one unit each.
    pub const fn new(name: &'static str, owner: Owner, calls: &'static [(&'static str, u32)], budget: Budget) -> Self {
        Self { name, owner, calls, budget, follows_cap: false }
    }

    /// The same limit, changed in proportion when the operator sets another daily cap.
    #[must_use]
    pub const fn following_cap(mut self) -> Self {
        self.follows_cap = true;
        self
    }

    /// What a call costs of it; 0 when it does not count.
    pub fn cost(&self, what: &str) -> u32 {
        self.calls.iter().find(|(name, _)| fits(name, what)).map_or(0, |(_, cost)| *cost)
    }
}

fn fits(name: &str, what: &str) -> bool {
    name.strip_suffix('*').map_or(name == what, |start| what.starts_with(start))
}

/// What an answer tells about a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lesson {
    /// Which limit.
    pub about: About,
    /// What is told.
    pub told: Told,
}

/// Which limit a lesson is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The account's calls of the same kind.
    Endpoint,
    /// The whole app's limit that this call counts against.
    App,
    /// The account's limit of this name.
    Account(&'static str),
}

/// What is told about a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told {
    /// So much is left of so many until a moment.
    Left {
        /// All there is in a window.
        limit: u32,
        /// What is left.
        left: u32,
        /// When the window ends.
        reset_at: Timestamp,
    },
    /// How much is used.
    Used {
        /// In percent; it can be more than 100.
        percent: f64,
    },
    /// Nothing goes until this moment.
    Until(Timestamp),
}

/// How many posts a platform takes in a day.
#[derive(Debug, Clone, Copy)]
pub struct Cap {
    /// So many.
    pub most: u32,
    /// Whose posts are counted.
    pub owner: Owner,
    /// Over which time.
    pub day: Day,
}

/// Over which time a day's posts are counted.
#[derive(Debug, Clone, Copy)]
pub enum Day {
    /// Any 24 hours.
    Rolling,
    /// From midnight to midnight, by a clock that tells the next one after an instant.
    Until(fn(Timestamp) -> Timestamp),
}

/// The next midnight in UTC after an instant.
pub fn next_utc_midnight(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    Timestamp::from_unix_seconds((now.unix_seconds().div_euclid(DAY) + 1) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fitting_name_decides_what_a_call_costs() {
        const CALLS: &[(&str, u32)] = &[("set thumbnail", 50), ("send*", 0), ("*", 1)];
        let limit = Limit::new("units", Owner::App, CALLS, Budget::Usage(Duration::ZERO));

        for (what, cost) in [("set thumbnail", 50), ("send bytes", 0), ("send last bytes", 0), ("video status", 1)] {
            assert_eq!(limit.cost(what), cost, "{what}");
        }
        assert_eq!(Limit::new("x", Owner::App, &[("create post*", 1)], limit.budget).cost("list posts"), 0);
    }

    #[test]
    fn a_day_of_utc_ends_at_midnight() {
        let noon = Timestamp::from_unix_seconds(1_795_305_600 + 43_200);

        assert_eq!(next_utc_midnight(noon), Timestamp::from_unix_seconds(1_795_305_600 + 86_400));
        assert_eq!(Window::Lasting(Duration::from_secs(5)).end(noon), noon.plus(Duration::from_secs(5)));
    }
}
