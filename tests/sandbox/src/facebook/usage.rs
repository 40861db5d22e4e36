//! Calls of a Page per rolling 24 hours, and the headers that tell how many are left.

use serde_json::json;

use super::errors::GraphError;
use super::{auth, versions};
use crate::call::{Answer, Call};
use crate::climb::{Full, Reading, Terms};
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

/// Counts a call while usage climbs; the error of the limit that it has passed. Logins have no limit.
pub(super) fn climb(state: &mut State, call: &Call) -> Option<GraphError> {
    let climb = state.settings.facebook.usage_climb.clone()?;
    if versions::split(call).1.first() == Some(&"oauth") {
        return None;
    }
    let page = auth::caller(state, call).filter(|account| !auth::is_person(account)).map(|account| account.id.clone());
    let terms = Terms { climb: &climb, decay_seconds: state.settings.facebook.usage_decay_seconds, now: state.now() };
    let full = state.facebook.climb.take(page.as_deref(), &terms).err()?;
    Some(if full == Full::App { GraphError::app_limit() } else { GraphError::page_limit() })
}

/// What the headers say while usage climbs.
fn reading(state: &State, call: &Call) -> Option<Reading> {
    let climb = state.settings.facebook.usage_climb.as_ref()?;
    let terms = Terms { climb, decay_seconds: state.settings.facebook.usage_decay_seconds, now: state.now() };
    let page = auth::caller(state, call).filter(|account| !auth::is_person(account)).map(|account| account.id.as_str());
    Some(state.facebook.climb.read(page, &terms))
}

/// An error on its way out, with the headers that belong to it.
pub(super) fn refused(state: &mut State, call: &Call, error: GraphError) -> Answer {
    let throttle = error.is_throttle() && state.settings.facebook.usage_climb.is_none();
    let answer = error.into_answer(state);
    if throttle { throttled(state, call, answer, USUAL_WAIT_MINUTES) } else { with_headers(state, call, answer) }
}

/// Adds the headers of a call that was not throttled.
pub(super) fn with_headers(state: &State, call: &Call, answer: Answer) -> Answer {
    let percent = auth::caller(state, call).map_or(0, |account| percent(state, &account.id));
    let percent = u32::try_from(percent).unwrap_or(100);
    let usual = Reading { app: percent, account: percent, minutes: 0 };
    headers(state, call, answer, reading(state, call).unwrap_or(usual))
}

/// Adds the headers of a call that came too early.
pub(super) fn throttled(state: &State, call: &Call, answer: Answer, minutes: u32) -> Answer {
    headers(state, call, answer, Reading { app: 100, account: 100, minutes })
}

/// Adds what Facebook sends on every answer: usage and the version that served it.
fn headers(state: &State, call: &Call, answer: Answer, usage: Reading) -> Answer {
    let page = auth::caller(state, call).map_or("0", |account| account.id.as_str());
    let (app, percent) = (usage.app, usage.account);
    let app = json!({"call_count": app, "total_time": app, "total_cputime": app});
    let business = json!({page: [{
        "type": "pages",
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": usage.minutes,
    }]});
    answer
        .with("x-app-usage", app.to_string())
        .with("x-business-use-case-usage", business.to_string())
        .with("x-fb-rev", "1000000000")
        .with("facebook-api-version", versions::served(call, state.now()))
}
