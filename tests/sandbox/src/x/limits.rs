//! X's rate limits: real counting per user, endpoint and 15-minute window.

use chrono::TimeDelta;

use super::{Endpoint, errors};
use crate::call::Answer;
use crate::state::{State, Window};

const WINDOW: TimeDelta = TimeDelta::minutes(15);

fn key(endpoint: &Endpoint, account_id: &str) -> (String, &'static str) {
    let (method, pattern) = endpoint.key();
    (format!("{account_id} {method}"), pattern)
}

fn window(state: &State, endpoint: &Endpoint, account_id: &str) -> Window {
    let now = state.now();
    let known = state.windows.get(&key(endpoint, account_id)).copied();
    // A clock that was set back would otherwise leave a window that ends in the far future.
    let current = known.filter(|window| window.resets_at > now && window.resets_at <= now + WINDOW);
    current.unwrap_or(Window { resets_at: now + WINDOW, used: 0 })
}

/// Counts a call; false when the window is full.
pub(super) fn take(state: &mut State, endpoint: &Endpoint, account_id: &str) -> bool {
    let mut window = window(state, endpoint, account_id);
    if state.settings.rate_limits && window.used >= endpoint.limit {
        return false;
    }
    window.used += 1;
    state.windows.insert(key(endpoint, account_id), window);
    true
}

/// Adds the headers that X sends on every answer.
pub(super) fn with_headers(state: &State, answer: Answer, endpoint: &Endpoint, account_id: &str) -> Answer {
    let window = window(state, endpoint, account_id);
    let remaining = endpoint.limit.saturating_sub(window.used);
    headers(answer, endpoint.limit, remaining, window.resets_at.timestamp())
}

/// 429 with a window that ends at a given time.
pub(super) fn exhausted(endpoint: Option<&Endpoint>, reset: i64) -> Answer {
    let limit = endpoint.map_or(100, |endpoint| endpoint.limit);
    headers(errors::too_many_requests(), limit, 0, reset)
}

fn headers(answer: Answer, limit: u32, remaining: u32, reset: i64) -> Answer {
    answer
        .with("x-rate-limit-limit", limit.to_string())
        .with("x-rate-limit-remaining", remaining.to_string())
        .with("x-rate-limit-reset", reset.to_string())
        .with("api-version", "2.168")
        .with("x-access-level", "read-write")
}
