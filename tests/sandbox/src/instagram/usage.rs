//! Usage headers, and the limit on calls that they tell about.

use chrono::TimeDelta;
use serde_json::json;

use super::accounts;
use super::errors::Refusal;
use super::target::Target;
use crate::call::{Answer, Call};
use crate::climb::{Full, Terms};
use crate::state::{State, Window};

const WINDOW: TimeDelta = TimeDelta::days(1);
const CALLS_PER_IMPRESSION: u32 = 4800;

/// How much of its limit an account has used.
pub(super) struct Usage {
    pub(super) percent: u32,
    /// The same of the whole app.
    pub(super) app: u32,
    /// Until calls are answered again.
    pub(super) minutes: u32,
}

fn window(state: &State, account_id: &str) -> Window {
    let now = state.now();
    let known = state.instagram.calls.get(account_id).copied();
    // A clock that was set back would otherwise leave a window that ends in the far future.
    let current = known.filter(|window| window.resets_at > now && window.resets_at <= now + WINDOW);
    current.unwrap_or(Window { resets_at: now + WINDOW, used: 0 })
}

fn limit(state: &State) -> u32 {
    state.settings.instagram.impressions.saturating_mul(CALLS_PER_IMPRESSION)
}

/// Counts a call; refuses it when the account has made too many.
pub(super) fn count(state: &mut State, account_id: &str) -> Result<(), Refusal> {
    let mut window = window(state, account_id);
    let full = window.used >= limit(state);
    if full && state.settings.rate_limits {
        return Err(Refusal::named("80002"));
    }
    climb(state, account_id)?;
    window.used = window.used.saturating_add(1);
    state.instagram.calls.insert(account_id.to_owned(), window);
    Ok(())
}

/// Counts a call while usage climbs.
fn climb(state: &mut State, account_id: &str) -> Result<(), Refusal> {
    let Some(climb) = state.settings.instagram.usage_climb.clone() else { return Ok(()) };
    let terms = Terms { climb: &climb, decay_seconds: state.settings.instagram.usage_decay_seconds, now: state.now() };
    let taken = state.instagram.climb.take(Some(account_id), &terms);
    taken.map_err(|full| Refusal::named(if full == Full::App { "4" } else { "80002" }))
}

/// The usage of the account that makes a call.
pub(super) fn of(state: &State, call: &Call) -> Usage {
    let caller = accounts::caller(state, call);
    if let Some(climb) = &state.settings.instagram.usage_climb {
        let terms = Terms { climb, decay_seconds: state.settings.instagram.usage_decay_seconds, now: state.now() };
        let reading = state.instagram.climb.read(caller.map(|account| account.id.as_str()), &terms);
        return Usage { percent: reading.account, app: reading.app, minutes: reading.minutes };
    }
    let Some(account) = caller else { return Usage { percent: 0, app: 0, minutes: 0 } };
    let window = window(state, &account.id);
    let limit = limit(state).max(1);
    let percent = u32::try_from(u64::from(window.used) * 100 / u64::from(limit)).unwrap_or(u32::MAX);
    let minutes = (window.resets_at - state.now()).num_seconds() / 60 + 1;
    let minutes = if percent >= 100 { u32::try_from(minutes).unwrap_or(0) } else { 0 };
    Usage { percent, app: percent, minutes }
}

/// Adds what comes with every answer: usage, and the version that served it.
pub(super) fn with_headers(state: &State, call: &Call, answer: Answer, usage: &Usage) -> Answer {
    let account = accounts::caller(state, call).map_or("0", |account| account.id.as_str());
    let (percent, app) = (usage.percent, usage.app);
    let app = json!({"call_count": app, "total_time": app, "total_cputime": app});
    let business = json!({account: [{
        "type": "instagram",
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": usage.minutes,
    }]});
    answer
        .with("x-app-usage", app.to_string())
        .with("x-business-use-case-usage", business.to_string())
        .with("facebook-api-version", Target::of(call).served_version(state.now()))
}
