//! What is counted: calls per minute and token, direct posts and users per 24 hours, shares in the inbox.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::Endpoint;
use super::errors::Refusal;
use super::tasks::Stage;
use crate::state::{Account, State};

/// Which limit per minute an endpoint has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Init,
    Status,
    CreatorInfo,
    Read,
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const DAY: TimeDelta = TimeDelta::hours(24);
/// Direct posts are counted under this word.
const DIRECT: &str = "direct";

/// How often something happened within the time before now.
fn used(state: &State, who: &str, what: &'static str, within: TimeDelta) -> usize {
    let now = state.now();
    let times = state.tiktok.usage.get(&(who.to_owned(), what));
    // A clock that was set back must not leave uses in the future.
    times.map_or(0, |times| times.iter().filter(|at| **at > now - within && **at <= now).count())
}

fn count(state: &mut State, who: &str, what: &'static str) {
    let now = state.now();
    let times = state.tiktok.usage.entry((who.to_owned(), what)).or_default();
    times.retain(|at| *at > now - DAY);
    times.push(now);
}

/// Counts a call, or refuses it when the last minute is full.
pub(super) fn take_call(state: &mut State, account: &Account, endpoint: &Endpoint) -> Result<(), Refusal> {
    let settings = &state.settings.tiktok;
    let limit = match endpoint.pace {
        Pace::Init => settings.inits_per_minute,
        Pace::Status => settings.status_per_minute,
        Pace::CreatorInfo => settings.creator_info_per_minute,
        Pace::Read => settings.reads_per_minute,
    };
    if state.settings.rate_limits && used(state, &account.access_token, endpoint.path, MINUTE) >= limit {
        return Err(Refusal::new("429/rate_limit_exceeded"));
    }
    count(state, &account.access_token, endpoint.path);
    Ok(())
}

/// Counts a direct post.
pub(super) fn count_direct(state: &mut State, account: &Account) {
    count(state, &account.id, DIRECT);
}

/// Why an account may not post directly now, as the code of an error.
pub(super) fn direct_refusal(state: &State, account: &Account) -> Option<&'static str> {
    if !state.settings.rate_limits {
        return None;
    }
    let settings = &state.settings.tiktok;
    if used(state, &account.id, DIRECT, DAY) >= settings.daily_post_cap {
        return Some("spam_risk_too_many_posts");
    }
    let keys = state.tiktok.usage.keys().filter(|(_, what)| *what == DIRECT);
    let users: HashSet<&str> = keys.map(|(who, _)| who.as_str()).filter(|who| used(state, who, DIRECT, DAY) > 0).collect();
    let new_user = !users.contains(account.id.as_str());
    let full = settings.unaudited && new_user && users.len() >= settings.unaudited_user_cap;
    full.then_some("reached_active_user_cap")
}

/// Whether an account has as many shares waiting in its inbox as it may.
pub(super) fn inbox_full(state: &State, account: &Account) -> bool {
    let since = state.now() - DAY;
    let waits = |stage: &Stage| match stage {
        Stage::Uploading | Stage::Working { .. } => true,
        Stage::Done { posted, .. } => !posted,
        Stage::Failed(_) => false,
    };
    let pending = state
        .tiktok
        .tasks
        .values()
        .filter(|task| task.account_id == account.id && task.inbox && task.created_at > since && waits(&task.stage));
    state.settings.rate_limits && pending.count() >= state.settings.tiktok.pending_share_cap
}
