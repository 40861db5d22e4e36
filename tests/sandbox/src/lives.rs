//! What ends or changes the tokens of an account from outside, and who shares its fate.

use crate::control::made_up;
use crate::state::{Platform, Signing, State};
use crate::{facebook, linkedin};

/// How the tokens of the platforms begin.
const PREFIXES: &[&str] = &["1//0", "ya29.", "act.", "rft.", "IGAA", "EAAG", "EAA", "AQV", "AQX", "AQU"];

/// The accounts whose tokens hang on the one of this account, itself first.
fn kin(state: &State, platform: Platform, id: &str) -> Vec<(Platform, String)> {
    let own = (platform, id.to_owned());
    let others = match platform {
        Platform::Linkedin => linkedin::sharing(state, id),
        Platform::Facebook => facebook::pages_of(state, id),
        _ => Vec::new(),
    };
    std::iter::once(own.clone()).chain(others.into_iter().filter(|other| *other != own)).collect()
}

/// The person removes the app: every token that came out of the login dies.
pub(crate) fn revoke(state: &mut State, platform: Platform, id: &str) {
    for (platform, id) in kin(state, platform, id) {
        if let Some(account) = state.account_mut(platform, &id) {
            account.revoked = true;
            account.consented_at = None;
        }
    }
}

/// The access token ends now, and with it those before it. Pages are left alone: their tokens are their own.
pub(crate) fn expire(state: &mut State, platform: Platform, id: &str) {
    let now = state.now();
    let all = if platform == Platform::Linkedin { kin(state, platform, id) } else { vec![(platform, id.to_owned())] };
    for (platform, id) in all {
        forget_earlier(state, platform, &id);
        if let Some(account) = state.account_mut(platform, &id) {
            account.access_expires_at = Some(now);
        }
    }
}

/// Changes what the tokens of an account may do.
pub(crate) fn change_scopes(state: &mut State, platform: Platform, id: &str, scopes: &[String]) {
    for (platform, id) in kin(state, platform, id) {
        if let Some(account) = state.account_mut(platform, &id) {
            account.scopes = scopes.to_vec();
        }
    }
}

/// Makes an account whole again when its person agrees anew after a revocation. What died stays dead.
pub(crate) fn revive(state: &mut State, platform: Platform, id: &str) {
    let serial = state.next_number();
    if !state.account(platform, id).is_some_and(|account| account.revoked) {
        return;
    }
    forget_earlier(state, platform, id);
    let Some(account) = state.account_mut(platform, id) else { return };
    let seed = format!("{platform:?} {id} {serial}");
    // Platforms tell their tokens apart by how they begin.
    let renewed = |old: &str, what: &str| {
        let prefix = PREFIXES.iter().find(|prefix| old.starts_with(**prefix)).copied().unwrap_or_default();
        format!("{prefix}{}", made_up(what, &seed))
    };
    account.access_token = renewed(&account.access_token, "access token");
    account.refresh_token = renewed(&account.refresh_token, "refresh token");
    if account.signing.is_some() {
        let (token, token_secret) = (made_up("token", &seed), made_up("token secret", &seed));
        account.signing = Some(Signing { token: format!("{id}-{token}"), token_secret });
    }
    account.revoked = false;
    account.access_expires_at = None;
    account.refresh_expires_at = None;
}

/// Ends the tokens that a newer one has followed.
fn forget_earlier(state: &mut State, platform: Platform, id: &str) {
    match platform {
        Platform::Facebook => state.facebook.forget_earlier(id),
        Platform::Instagram => state.instagram.forget_earlier(id),
        Platform::Youtube => state.youtube.forget_earlier(id),
        Platform::X | Platform::Linkedin | Platform::Tiktok => {}
    }
}
