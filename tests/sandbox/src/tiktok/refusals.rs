//! How TikTok says what a fault asks for, in the form of the endpoint that was called.

use super::errors::Refusal;
use super::{caller, oauth, tasks, upload};
use crate::call::{Answer, Call};
use crate::faults::Action;
use crate::state::{Platform, State};

/// Which form an answer has, by where the call went.
#[derive(Clone, Copy)]
enum Place {
    Api,
    /// Its business errors come with HTTP 200.
    CreatorInfo,
    Oauth,
    Upload,
}

impl Place {
    fn of(call: &Call) -> Self {
        match call.path.as_str() {
            oauth::TOKEN_PATH | oauth::REVOKE_PATH => Self::Oauth,
            path if upload::serves(path) => Self::Upload,
            path if path.contains("/creator_info/") => Self::CreatorInfo,
            _ => Self::Api,
        }
    }
}

/// Answers a call the way a fault asks for, without any work.
pub(super) fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    if let Action::TokenRevoked {} = action {
        revoke(state, call);
    }
    let refusal = match action {
        Action::Error { code } => {
            if let Some(reason) = code.strip_prefix("fail/") {
                tasks::fail_asked(state, call, reason);
            }
            Refusal::new(code)
        }
        Action::ErrorAfter { status } | Action::ServerError { status } => server_error(Place::of(call), *status),
        _ => Refusal::new(row(Place::of(call), action)),
    };
    let answer = refusal.into_answer(state);
    if answer.status == 416 { upload::with_range(state, call, answer) } else { answer }
}

fn server_error(place: Place, status: u16) -> Refusal {
    let name = match place {
        Place::Oauth => "oauth/server_error",
        Place::Upload => "upload/500",
        Place::Api | Place::CreatorInfo => "500/internal_error",
    };
    Refusal::with_status(name, status)
}

/// The row of the table of errors that comes nearest to what is asked for.
fn row(place: Place, action: &Action) -> &'static str {
    match (action, place) {
        (Action::RateLimited { .. }, Place::Oauth) => "oauth/temporarily_unavailable",
        (Action::RateLimited { .. }, Place::Upload) => "upload/503",
        (Action::RateLimited { .. }, _) => "429/rate_limit_exceeded",
        (Action::TokenExpired {} | Action::TokenRevoked {}, Place::Oauth) => "oauth/invalid_grant",
        (Action::TokenExpired {} | Action::TokenRevoked {}, Place::Api | Place::CreatorInfo) => "401/access_token_invalid",
        (Action::PermissionMissing {}, Place::Oauth) => "oauth/invalid_scope",
        (Action::PermissionMissing {}, Place::Api | Place::CreatorInfo) => "401/scope_not_authorized",
        (Action::CreditsDepleted {}, Place::Oauth) => "oauth/invalid_client",
        (Action::CreditsDepleted {}, Place::Api) => "403/reached_active_user_cap",
        (Action::CreditsDepleted {}, Place::CreatorInfo) => "200/reached_active_user_cap",
        (Action::TemporarilyBlocked {}, Place::Oauth) => "oauth/access_denied",
        (Action::TemporarilyBlocked {}, Place::Api) => "403/spam_risk_user_banned_from_posting",
        (Action::TemporarilyBlocked {}, Place::CreatorInfo) => "200/spam_risk_user_banned_from_posting",
        // TikTok has no rule against repetition, so it is content that is refused like other content.
        (Action::Duplicate {} | Action::InvalidContent {}, Place::Oauth) => "oauth/invalid_request",
        (Action::Duplicate {} | Action::InvalidContent {}, Place::Upload) => "upload/400",
        (Action::Duplicate {} | Action::InvalidContent {}, _) => "400/invalid_param",
        (_, Place::Upload) => "upload/403",
        (_, Place::Oauth) => "oauth/server_error",
        _ => "500/internal_error",
    }
}

fn revoke(state: &mut State, call: &Call) {
    let Some(id) = caller(state, call).map(|account| account.id.clone()) else { return };
    if let Some(account) = state.account_mut(Platform::Tiktok, &id) {
        account.revoked = true;
    }
}
