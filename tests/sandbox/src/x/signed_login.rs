//! The login of OAuth 1.0a: a request token, the person's consent, an access token.

use chrono::{DateTime, TimeDelta, Utc};
use poem::http::header::AUTHORIZATION;

use super::auth::{self, Denied};
use super::{errors, signature};
use crate::call::{Answer, Call};
use crate::consent::is_registered;
use crate::control::made_up;
use crate::lives;
use crate::state::{Platform, Signing, State};

/// The callback of apps that cannot be called back.
pub(crate) const OUT_OF_BAND: &str = "oob";
/// How long a request token works; X does not say.
const LIFETIME: TimeDelta = TimeDelta::minutes(60);
/// What a token without the right to write may do.
const READING: &[&str] = &["tweet.read", "users.read", "offline.access"];

/// A login that was begun.
#[derive(Clone, Debug)]
pub(crate) struct RequestToken {
    secret: String,
    pub(crate) callback: String,
    read_only: bool,
    expires_at: DateTime<Utc>,
    /// Who agreed, and what the app must show for it.
    pub(super) account_id: Option<String>,
    verifier: Option<String>,
    ended: bool,
}

impl RequestToken {
    /// Whether a person can still decide about it.
    pub(crate) fn works(&self, now: DateTime<Utc>) -> bool {
        !self.ended && self.verifier.is_none() && self.expires_at > now
    }

    /// What the page shows; these tokens have no scopes of their own.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let all: &[&str] = if self.read_only { READING } else { &["tweet.read", "tweet.write", "users.read", "media.write"] };
        all.iter().map(|scope| (*scope).to_owned()).collect()
    }
}

/// The signed parameters of a call; clients may send some of them in the body or the query.
fn parameters(call: &Call) -> Option<Vec<(String, String)>> {
    signature::parse(call.header(AUTHORIZATION)?)
}

fn parameter<'a>(call: &'a Call, signed: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let anywhere = signed.iter().chain(call.form()).chain(&call.query);
    anywhere.filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).find(|value| !value.is_empty())
}

fn refusal(denied: Denied) -> Answer {
    errors::refusal(if matches!(denied, Denied::Clock) { "v1/135" } else { "v1/32" })
}

fn answer(pairs: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Answer::text(200, "text/html;charset=utf-8", body)
}

/// `POST /oauth/request_token`, signed by the app alone.
pub(super) fn request(state: &mut State, call: &Call) -> Answer {
    let Some(signed) = parameters(call) else { return errors::refusal("v1/32") };
    if let Err(denied) = auth::verify(state, call, &signed, ("", "")) {
        return refusal(denied);
    }
    let callback = parameter(call, &signed, "oauth_callback").unwrap_or(OUT_OF_BAND);
    // What is registered is the address alone; the app may add a query of its own.
    let (registered, plain) = (&state.settings.x.redirect_uris, callback.split('?').next().unwrap_or_default());
    let known = registered.iter().any(|known| known == callback) || is_registered(plain, registered);
    if callback != OUT_OF_BAND && !known {
        return errors::refusal("v1/415");
    }
    let (now, serial) = (state.now(), state.next_number());
    let seed = serial.to_string();
    let (token, secret) = (made_up("request token", &seed), made_up("request token secret", &seed));
    let known = RequestToken {
        secret: secret.clone(),
        callback: callback.to_owned(),
        read_only: parameter(call, &signed, "x_auth_access_type") == Some("read"),
        expires_at: now + LIFETIME,
        account_id: None,
        verifier: None,
        ended: false,
    };
    state.x.request_tokens.insert(token.clone(), known);
    answer(&[("oauth_token", &token), ("oauth_token_secret", &secret), ("oauth_callback_confirmed", "true")])
}

/// Notes who agreed, and returns what the app must show at the end.
pub(crate) fn allow(state: &mut State, token: &str, account_id: &str) -> String {
    let serial = state.next_number();
    let Some(known) = state.x.request_tokens.get_mut(token) else { return String::new() };
    let verifier = match known.callback.as_str() {
        // Seven digits can be typed.
        OUT_OF_BAND => format!("{:07}", (serial * 7_919_317) % 10_000_000),
        _ => made_up("verifier", &format!("{token} {serial}")),
    };
    known.account_id = Some(account_id.to_owned());
    known.verifier = Some(verifier.clone());
    verifier
}

/// Notes that the person refused.
pub(crate) fn deny(state: &mut State, token: &str) {
    if let Some(known) = state.x.request_tokens.get_mut(token) {
        known.ended = true;
    }
}

/// `POST /oauth/access_token`, signed with the request token.
pub(super) fn access(state: &mut State, call: &Call) -> Answer {
    let Some(signed) = parameters(call) else { return errors::refusal("v1/32") };
    let token = parameter(call, &signed, "oauth_token").unwrap_or_default().to_owned();
    let now = state.now();
    let known = state.x.request_tokens.get(&token).filter(|known| !known.ended && known.expires_at > now).cloned();
    let Some(known) = known else { return errors::refusal("v1/89") };
    if let Err(denied) = auth::verify(state, call, &signed, (&token, &known.secret)) {
        return refusal(denied);
    }
    let verified = known.verifier.is_some() && parameter(call, &signed, "oauth_verifier") == known.verifier.as_deref();
    let Some(account_id) = known.account_id.filter(|_| verified) else { return errors::refusal("v1/32") };
    deny(state, &token);
    lives::revive(state, Platform::X, &account_id);
    let Some(account) = state.account_mut(Platform::X, &account_id) else { return errors::refusal("v1/89") };
    // The same person gets the same token again, as long as it is alive.
    let signing = account.signing.get_or_insert_with(|| Signing {
        token: format!("{account_id}-{}", made_up("token", &account_id)),
        token_secret: made_up("token secret", &account_id),
    });
    let signing = signing.clone();
    account.scopes = if known.read_only { READING.iter().map(|scope| (*scope).to_owned()).collect() } else { Vec::new() };
    account.consented_at = Some(now);
    account.exchanges += 1;
    let name = account.username.clone();
    answer(&[
        ("oauth_token", &signing.token),
        ("oauth_token_secret", &signing.token_secret),
        ("user_id", &account_id),
        ("screen_name", &name),
    ])
}
