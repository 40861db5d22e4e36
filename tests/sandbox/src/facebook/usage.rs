//! Calls of a Page per rolling 24 hours, and the headers that tell how many are left.

use serde_json::json;

use super::errors::GraphError;
use super::{auth, versions};
use crate::call::{Answer, Call};
use crate::state::State;

const CALLS_PER_USER: u64 = 4800;
const WINDOW_HOURS: i64 = 24;
const SECONDS_PER_HOUR: i64 = 3600;
/// What throttled answers say that were asked for by name.
const USUAL_WAIT_MINUTES: u32 = 5;

/// Counts a call, and says for how many minutes to refuse it when the Page has used up its calls. Refused ones count too.
pub(super) fn take(state: &mut State, page_id: &str) -> Option<u32> {
    let now = state.now().timestamp();
    let limit = CALLS_PER_USER * state.settings.facebook.engaged_users;
    let hours = state.facebook.calls.entry(page_id.to_owned()).or_default();
    let hour = now.div_euclid(SECONDS_PER_HOUR);
    hours.retain(|known, _| *known > hour - WINDOW_HOURS);
    *hours.entry(hour).or_default() += 1;
    let used: u64 = hours.values().sum();
    if !state.settings.rate_limits || used <= limit {
        return None;
    }
    let oldest = hours.keys().next().copied().unwrap_or(hour);
    let seconds = (oldest + WINDOW_HOURS) * SECONDS_PER_HOUR - now;
    Some(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX).div_ceil(60))
}

/// How much of its calls a Page has used, in percent.
fn percent(state: &State, page_id: &str) -> u64 {
    let used: u64 = state.facebook.calls.get(page_id).map_or(0, |hours| hours.values().sum());
    let limit = (CALLS_PER_USER * state.settings.facebook.engaged_users).max(1);
    (100 * used / limit).min(100)
}

/// An error on its way out, with the headers that belong to it.
pub(super) fn refused(state: &mut State, call: &Call, error: GraphError) -> Answer {
    let throttle = error.is_throttle();
    let answer = error.into_answer(state);
    if throttle { throttled(state, call, answer, USUAL_WAIT_MINUTES) } else { with_headers(state, call, answer) }
}

/// Adds the headers of a call that was not throttled.
pub(super) fn with_headers(state: &State, call: &Call, answer: Answer) -> Answer {
    let percent = auth::caller(state, call).map_or(0, |account| percent(state, &account.id));
    headers(state, call, answer, (percent, 0))
}

/// Adds the headers of a call that came too early.
pub(super) fn throttled(state: &State, call: &Call, answer: Answer, minutes: u32) -> Answer {
    headers(state, call, answer, (100, minutes))
}

/// Adds what Facebook sends on every answer: usage and the version that served it.
fn headers(state: &State, call: &Call, answer: Answer, (percent, minutes): (u64, u32)) -> Answer {
    let page = auth::caller(state, call).map_or("0", |account| account.id.as_str());
    let app = json!({"call_count": percent, "total_time": percent, "total_cputime": percent});
    let business = json!({page: [{
        "type": "pages",
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": minutes,
    }]});
    answer
        .with("x-app-usage", app.to_string())
        .with("x-business-use-case-usage", business.to_string())
        .with("x-fb-rev", "1000000000")
        .with("facebook-api-version", versions::served(call, state.now()))
}
