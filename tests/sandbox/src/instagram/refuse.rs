//! Answers that faults ask for.

use super::accounts;
use super::errors::Refusal;
use super::target::{Host, Target};
use super::usage::{self, Usage};
use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::state::{Platform, State};

/// Answers a call the way a fault asks for, without any work.
pub(super) fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    if matches!(action, Action::TokenRevoked {}) {
        let caller = accounts::caller(state, call).map(|account| account.id.clone());
        if let Some(account) = caller.and_then(|id| state.account_mut(Platform::Instagram, &id)) {
            account.revoked = true;
        }
    }
    let refusal = refusal(action);
    let answer = match Target::of(call).host {
        Host::Upload => refusal.into_upload_answer(state),
        Host::Instagram | Host::Facebook => refusal.into_answer(state),
    };
    let usage = match action {
        Action::RateLimited { reset_after_seconds } => {
            Usage { percent: 100, app: 100, minutes: reset_after_seconds.div_ceil(60) }
        }
        _ => usage::of(state, call),
    };
    usage::with_headers(state, call, answer, &usage)
}

fn refusal(action: &Action) -> Refusal {
    match action {
        Action::RateLimited { .. } => Refusal::named("80002"),
        Action::TokenExpired {} => Refusal::named("190/463"),
        Action::TokenRevoked {} => Refusal::named("190/458"),
        Action::ErrorAfter { status } | Action::ServerError { status } => Refusal::server(*status),
        Action::Duplicate {} => Refusal::named("506"),
        Action::CreditsDepleted {} => Refusal::named("3"),
        Action::PermissionMissing {} => Refusal::named("10"),
        Action::InvalidContent {} => Refusal::named("36003/2207009"),
        Action::TemporarilyBlocked {} => Refusal::named("4/2207051"),
        Action::Error { code } => Refusal::named(code),
        _ => Refusal::server(500),
    }
}
