//! X's limits: real counting per user, endpoint and window of 15 minutes or 24 hours.

use chrono::TimeDelta;

use super::Endpoint;
use crate::call::Answer;
use crate::state::{Platform, State, Window};

/// One limit that an endpoint counts against.
struct Limit {
    /// How its headers begin.
    family: &'static str,
    key: (String, &'static str),
    most: u32,
    window: TimeDelta,
}

/// The limits of one user on one endpoint; the first is the one of 15 minutes.
fn limits(state: &State, endpoint: &Endpoint, account_id: &str) -> Vec<Limit> {
    let (method, pattern) = endpoint.key();
    let limit = |family, owner: &str, most, window| {
        let key = (format!("{family} {owner} {method}"), pattern);
        Limit { family, key, most, window }
    };
    let (quarter, day) = (TimeDelta::minutes(15), TimeDelta::hours(24));
    let mut limits = vec![limit("x-rate-limit", account_id, endpoint.limit, quarter)];
    if account_id.is_empty() {
        return limits;
    }
    if (method, pattern) == ("POST", "/2/tweets") {
        limits.push(limit("x-user-limit-24hour", account_id, state.settings.x.daily_posts, day));
    }
    if let Some(most) = app_cap(state, method, pattern) {
        limits.push(limit("x-app-limit-24hour", "app", most, day));
    }
    limits
}

/// What all users of the app together may do in 24 hours.
fn app_cap(state: &State, method: &str, pattern: &str) -> Option<u32> {
    match (method, pattern) {
        ("POST", "/2/tweets") => Some(state.settings.x.app_daily_posts),
        ("POST", "/2/media/upload" | "/2/media/metadata") => Some(50_000),
        ("GET", "/2/media/upload") => Some(100_000),
        (_, pattern) if pattern.starts_with("/2/media/upload/") => Some(180_000),
        _ => None,
    }
}

fn window(state: &State, limit: &Limit) -> Window {
    let now = state.now();
    let known = state.windows.get(&limit.key).copied();
    // A clock that was set back would otherwise leave a window that ends in the far future.
    let current = known.filter(|window| window.resets_at > now && window.resets_at <= now + limit.window);
    current.unwrap_or(Window { resets_at: now + limit.window, used: 0 })
}

/// Counts a call; false when a window is full.
pub(super) fn take(state: &mut State, endpoint: &Endpoint, account_id: &str) -> bool {
    let limits = limits(state, endpoint, account_id);
    let full = limits.iter().any(|limit| window(state, limit).used >= limit.most);
    if state.settings.rate_limits && full {
        return false;
    }
    for limit in limits {
        let mut window = window(state, &limit);
        window.used += 1;
        state.windows.insert(limit.key, window);
    }
    true
}

/// Adds the headers that X sends on every answer.
pub(super) fn with_headers(state: &State, mut answer: Answer, endpoint: &Endpoint, account_id: &str) -> Answer {
    for limit in limits(state, endpoint, account_id) {
        let window = window(state, &limit);
        let remaining = limit.most.saturating_sub(window.used);
        set(&mut answer, limit.family, [limit.most.into(), remaining.into(), window.resets_at.timestamp()]);
    }
    let account = state.account(Platform::X, account_id);
    let writes = account.is_none_or(|account| account.scopes.is_empty() || account.scopes.iter().any(|s| s == "tweet.write"));
    answer.with("api-version", "2.168").with("x-access-level", if writes { "read-write" } else { "read" })
}

/// Makes an answer say that one family of limits is used up until a given time.
pub(super) fn exhaust(mut answer: Answer, family: &'static str, most: u32, reset: i64) -> Answer {
    set(&mut answer, family, [most.into(), 0, reset]);
    answer
}

fn set(answer: &mut Answer, family: &str, values: [i64; 3]) {
    for (name, value) in ["limit", "remaining", "reset"].into_iter().zip(values) {
        answer.set(&format!("{family}-{name}"), value.to_string());
    }
}
