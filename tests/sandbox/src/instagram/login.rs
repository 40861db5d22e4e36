//! Instagram's own login: a code becomes a token of one hour. Its errors are not Graph's.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::accounts;
use super::target::{Host, Target};
use crate::call::{Answer, Call};
use crate::consent::{Login, Wrong, burn, usable};
use crate::control::made_up;
use crate::facebook::params::Params;
use crate::lives;
use crate::state::{Account, Platform, State};

/// Every scope that the login can grant.
pub(crate) const SCOPES: &[&str] = &[
    "instagram_business_basic",
    "instagram_business_content_publish",
    "instagram_business_manage_comments",
    "instagram_business_manage_messages",
    "instagram_business_manage_insights",
];

/// Whether a call exchanges a code at `api.instagram.com`. Facebook's exchange has the same path on another host, so that
/// here the code or the app tells them apart.
pub(super) fn exchanges(state: &State, call: &Call) -> bool {
    let target = Target::of(call);
    if target.rest != ["oauth", "access_token"] || call.method != "POST" || target.host == Host::Upload {
        return false;
    }
    let params = Params::of(call);
    if params.text("grant_type").as_deref() != Some("authorization_code") {
        return false;
    }
    let app = &state.settings.instagram.app_id;
    let named = !app.is_empty() && params.text("client_id").as_ref() == Some(app);
    let known = params.text("code").is_some_and(|code| state.codes.find(Login::Instagram, &without_hash(&code)).is_some());
    target.host == Host::Instagram || named || known
}

/// The account that a code was given for.
pub(super) fn caller<'a>(state: &'a State, params: &Params) -> Option<&'a Account> {
    let code = state.codes.find(Login::Instagram, &without_hash(&params.text("code")?))?;
    state.account(Platform::Instagram, code.principal())
}

/// Browsers add `#_` to the address, and some clients take it for a part of the code.
fn without_hash(code: &str) -> String {
    code.trim_end_matches("#_").to_owned()
}

fn refused(message: &str) -> Answer {
    Answer::json(400, &json!({"error_type": "OAuthException", "code": 400, "error_message": message}))
}

/// `POST /oauth/access_token` with a code.
pub(super) fn exchange(state: &mut State, call: &Call) -> Answer {
    by_code(state, &Params::of(call)).unwrap_or_else(|refusal| refusal)
}

fn by_code(state: &mut State, params: &Params) -> Result<Answer, Answer> {
    let required = |name: &str| params.text(name).ok_or_else(|| refused(&format!("Missing required field {name}")));
    let (id, secret) = (required("client_id")?, required("client_secret")?);
    let (redirect, sent) = (required("redirect_uri")?, required("code")?);
    let settings = &state.settings.instagram;
    let fits = |known: &str, sent: &str| known.is_empty() || known == sent;
    if !fits(&settings.app_id, &id) || !fits(&settings.app_secret, &secret) {
        return Err(refused("Error validating client secret."));
    }
    // A code with the rest of the address is no code.
    let code = usable(state, Login::Instagram, &sent, settings.code_seconds).map_err(|wrong| {
        refused(match wrong {
            Wrong::Unknown => "Invalid authorization code",
            Wrong::Used => "This authorization code has been used",
            Wrong::Expired => "This authorization code has expired",
        })
    })?;
    if code.redirect_uri != redirect {
        return Err(refused(
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
        ));
    }
    burn(state, &sent);
    lives::revive(state, Platform::Instagram, code.principal());
    let (now, serial) = (state.now(), state.next_number());
    let lifetime = TimeDelta::seconds(state.settings.instagram.short_token_seconds);
    let token = format!("IGAA{}", made_up("access token", &format!("{} {serial}", code.principal())));
    let account = state.account_mut(Platform::Instagram, code.principal());
    let account = account.ok_or_else(|| refused("Invalid authorization code"))?;
    let older = std::mem::replace(&mut account.access_token, token.clone());
    let older_ends = account.access_expires_at.replace(now + lifetime);
    account.scopes.clone_from(&code.granted);
    account.consented_at = Some(now);
    account.exchanges += 1;
    let shown = account.clone();
    let long = TimeDelta::seconds(state.settings.instagram.long_token_seconds);
    state.instagram.keep_earlier(&older, &shown.id, older_ends.unwrap_or(now + long));
    state.instagram.short_tokens.insert(token.clone());
    state.instagram.issued.insert(shown.id.clone(), now);
    Ok(Answer::json(200, &granted(state, &shown, &token)))
}

/// The answer in one of the shapes that are documented or seen.
fn granted(state: &State, account: &Account, token: &str) -> Value {
    let settings = &state.settings.instagram;
    let id = accounts::related_id("2600000", account);
    let number = id.parse::<u64>().ok().filter(|_| settings.numeric_user_id);
    let permissions = if settings.numeric_user_id { json!(account.scopes) } else { json!(account.scopes.join(",")) };
    let bare = json!({
        "access_token": token,
        "user_id": number.map_or_else(|| json!(id), |id| json!(id)),
        "permissions": permissions,
    });
    if settings.data_wrapped { json!({"data": [bare]}) } else { bare }
}
