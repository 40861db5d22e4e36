//! Daily caps: how many posts a platform takes in a day, and when the next one has room.

use std::time::Duration;

use super::table::{Cap, Day};
use crate::clock::Timestamp;

/// The day of a rolling cap.
const ROLLING: Duration = Duration::from_secs(86_400);

/// A day, however the clocks are changed in it.
const LONGEST_DAY: Duration = Duration::from_secs(25 * 3600);

/// How far ahead room is looked for.
pub const LOOK_AHEAD: Duration = Duration::from_secs(8 * 86_400);

/// The most posts per day after the operator's own word: `None` when there is no cap.
pub fn most(cap: Option<Cap>, own: Option<u32>) -> Option<u32> {
    match own {
        Some(0) => None,
        Some(own) => cap.map(|_| own),
        None => cap.map(|cap| cap.most),
    }
}

/// A limit that grows and shrinks with the daily cap; `None` when the operator lifted it.
pub(super) fn scaled(limit: u32, cap: Option<Cap>, own: Option<u32>) -> Option<u32> {
    let (Some(cap), Some(own)) = (cap, own) else { return Some(limit) };
    let scaled = u64::from(limit) * u64::from(own) / u64::from(cap.most.max(1));
    (own > 0).then(|| u32::try_from(scaled).unwrap_or(u32::MAX).max(1))
}

impl Cap {
    /// The time outside of which other posts do not matter to one at `asked`; both ends are outside.
    pub fn span(&self, asked: Timestamp) -> (Timestamp, Timestamp) {
        match self.day {
            Day::Rolling => (asked.minus(ROLLING), asked.plus(ROLLING)),
            Day::Until(next) => (Timestamp(day_start(asked, next).0 - 1), next(asked)),
        }
    }

    /// The day that has been used so far: the last 24 hours, or all of today.
    pub fn today(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        match self.day {
            Day::Rolling => (now.minus(ROLLING), Timestamp(now.0 + 1)),
            Day::Until(_) => self.span(now),
        }
    }

    /// The first time from `asked` on at which one more post fits, given the sorted times of the others.
    pub fn next_free(&self, most: u32, taken: &[Timestamp], asked: Timestamp) -> Timestamp {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        match self.day {
            Day::Rolling => rolling_free(most, taken, asked),
            Day::Until(next) => {
                let mut at = asked;
                loop {
                    let (from, to) = self.span(at);
                    if count(taken, from, to) < most {
                        return at;
                    }
                    at = next(at);
                }
            }
        }
    }
}

fn day_start(at: Timestamp, next: fn(Timestamp) -> Timestamp) -> Timestamp {
    let mut start = next(at.minus(LONGEST_DAY * 2));
    while next(start) <= at {
        start = next(start);
    }
    start
}

/// How many times lie between two others, the ends not counted.
fn count(taken: &[Timestamp], from: Timestamp, to: Timestamp) -> usize {
    taken.partition_point(|at| *at < to).saturating_sub(taken.partition_point(|at| *at <= from))
}

/// Places come free 24 hours after the posts that hold them.
fn rolling_free(most: usize, taken: &[Timestamp], asked: Timestamp) -> Timestamp {
    let freed = taken.iter().map(|at| at.plus(ROLLING)).filter(|at| *at > asked);
    let last = taken.last().map_or(asked, |at| at.plus(ROLLING)).max(asked);
    std::iter::once(asked).chain(freed).find(|at| fits(most, taken, *at)).unwrap_or(last)
}

/// Whether one more post keeps every 24 hours below the cap: those that end with it, and those that end with a later one.
fn fits(most: usize, taken: &[Timestamp], at: Timestamp) -> bool {
    let ends = |end: Timestamp| count(taken, end.minus(ROLLING), Timestamp(end.0 + 1)) < most;
    let later = taken.partition_point(|other| *other <= at);
    ends(at) && taken[later..].iter().take_while(|end| **end < at.plus(ROLLING)).all(|end| ends(*end))
}

#[cfg(test)]
mod tests {
    use super::super::table::{Owner, next_utc_midnight};
    use super::*;

    const HOUR: i64 = 3600;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_795_305_600 + hours * HOUR)
    }

    fn cap(day: Day) -> Cap {
        Cap { most: 2, owner: Owner::Account, day }
    }

    #[test]
    fn any_24_hours_hold_no_more_than_the_cap() {
        let rolling = cap(Day::Rolling);
        let free = |taken: &[i64], asked: i64| {
            let taken: Vec<Timestamp> = taken.iter().map(|hours| at(*hours)).collect();
            (rolling.next_free(2, &taken, at(asked)).0 - at(0).0) / 1000 / HOUR
        };

        assert_eq!(free(&[], 5), 5);
        assert_eq!(free(&[0], 5), 5);
        assert_eq!(free(&[0, 3], 5), 24);
        assert_eq!(free(&[3, 3], 5), 27);
        // Later posts that were accepted before keep their place.
        assert_eq!(free(&[10, 20], 5), 34);
        assert_eq!(free(&[0, 10, 30], 12), 34);
        assert_eq!(free(&[0, 0], 24), 24);
    }

    #[test]
    fn a_day_from_midnight_to_midnight_gives_way_to_the_next() {
        let daily = cap(Day::Until(next_utc_midnight));
        let taken = [at(1), at(23), at(24), at(30), at(49)];

        assert_eq!(daily.next_free(2, &taken, at(2)), at(48));
        assert_eq!(daily.next_free(2, &taken, at(47)), at(48));
        assert_eq!(daily.next_free(2, &taken, at(50)), at(50));
        assert_eq!(daily.next_free(2, &[at(1)], at(2)), at(2));
        assert_eq!(daily.span(at(0)), (Timestamp(at(0).0 - 1), at(24)));
    }

    #[test]
    fn the_operator_s_cap_wins_and_changes_the_limits_that_follow_it() {
        let known = Some(cap(Day::Rolling));

        assert_eq!(
            (most(known, None), most(known, Some(5)), most(known, Some(0)), most(None, Some(5))),
            (Some(2), Some(5), None, None)
        );
        assert_eq!(
            (scaled(100, known, Some(4)), scaled(100, known, None), scaled(100, known, Some(0))),
            (Some(200), Some(100), None)
        );
    }
}
