//! Who calls: a bearer token or an OAuth 1.0a signature.

use poem::http::Method;
use poem::http::header::{AUTHORIZATION, HOST};

use super::{errors, signature};
use crate::call::{Answer, Call};
use crate::consent::Login;
use crate::state::{Account, Platform, State};

/// Signatures further off than this are refused.
const TOLERANCE_SECONDS: i64 = 300;

/// How tokens of an app without a user begin.
const APP_ONLY: &str = "AAAAAAAAAAAAAAAAAAAA";

/// Why a caller is turned away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Denied {
    /// The token is unknown, expired or revoked.
    Token,
    /// The signature is missing or wrong.
    Signature,
    /// The signature comes from another time.
    Clock,
    /// The token is that of an app, and the call needs a user.
    AppOnly,
    /// The token lacks a scope.
    Scope,
    /// The signing token may only read.
    ReadOnly,
}

impl Denied {
    /// The refusal, in the form of the version that was called.
    pub(super) fn answer(self, call: &Call) -> Answer {
        let legacy = super::is_legacy(call);
        errors::refusal(match self {
            Self::Token if legacy => "v1/89",
            Self::Signature if legacy => "v1/32",
            Self::Clock if legacy => "v1/135",
            Self::Token | Self::Signature | Self::Clock => "401/unauthorized",
            Self::AppOnly => "403/unsupported-authentication",
            Self::Scope => "403/not-permitted",
            Self::ReadOnly => "403/oauth1-permissions",
        })
    }
}

/// The account a call claims to come from, without checking anything else.
pub(crate) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    let mut of_x = state.accounts.iter().filter(|account| account.platform == Platform::X);
    let field = |name: &str| call.form().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    // Here the header names the app, and the body whose token it is about.
    if call.path.starts_with("/2/oauth2/") {
        if let Some(code) = field("code").and_then(|code| state.codes.find(Login::X, code)) {
            return of_x.find(|account| account.id == code.principal());
        }
        let sent = field("refresh_token").or(field("token"))?;
        return of_x.find(|account| account.refresh_token == sent || account.access_token == sent);
    }
    let header = call.header(AUTHORIZATION)?;
    if let Some(token) = header.strip_prefix("Bearer ") {
        let token = token.trim();
        return of_x.find(|account| account.access_token == token);
    }
    let parameters = signature::parse(header)?;
    let token = signature::value(&parameters, "oauth_token")?;
    if let Some(known) = state.x.request_tokens.get(token) {
        return of_x.find(|account| known.account_id.as_ref() == Some(&account.id));
    }
    of_x.find(|account| account.signing.as_ref().is_some_and(|signing| signing.token == token))
}

/// The id of the account a call comes from, when its token or signature is good and allows the call.
pub(super) fn authenticate(state: &mut State, call: &Call) -> Result<String, Denied> {
    let header = call.header(AUTHORIZATION).ok_or(Denied::Signature)?;
    let bearer = header.strip_prefix("Bearer ").map(str::trim);
    let needed = needed_scopes(call);
    let Some(account) = caller(state, call).cloned() else {
        let app_only = bearer.is_some_and(|token| token.starts_with(APP_ONLY));
        return Err(if app_only && needs_user(call) { Denied::AppOnly } else { Denied::Token });
    };
    if account.revoked {
        return Err(Denied::Token);
    }
    let lacks = |scope: &&&str| !account.scopes.is_empty() && !account.scopes.iter().any(|known| known == **scope);
    if bearer.is_some() {
        if account.access_expires_at.is_some_and(|at| at <= state.now()) {
            return Err(Denied::Token);
        }
        return if needed.iter().any(|scope| lacks(&scope)) { Err(Denied::Scope) } else { Ok(account.id) };
    }
    check_signature(state, call, header, &account)?;
    // These tokens have no scopes, only the right to write or not.
    if needed.iter().filter(|scope| scope.ends_with(".write")).any(|scope| lacks(&scope)) {
        return Err(Denied::ReadOnly);
    }
    Ok(account.id)
}

/// The scopes that a call needs.
fn needed_scopes(call: &Call) -> &'static [&'static str] {
    if call.path.contains("/media/") {
        return &["media.write"];
    }
    if super::is_legacy(call) {
        return &[];
    }
    match call.method {
        Method::GET => &["tweet.read", "users.read"],
        _ => &["tweet.read", "tweet.write", "users.read"],
    }
}

/// Whether a call is for users only; posts can be read by apps.
fn needs_user(call: &Call) -> bool {
    let path = call.path.as_str();
    let reads_posts = path.starts_with("/2/tweets") || path.starts_with("/2/users/") && path.ends_with("/tweets");
    call.method != Method::GET || !reads_posts
}

fn check_signature(state: &mut State, call: &Call, header: &str, account: &Account) -> Result<(), Denied> {
    let parameters = signature::parse(header).ok_or(Denied::Signature)?;
    let signing = account.signing.as_ref().ok_or(Denied::Signature)?;
    verify(state, call, &parameters, (&signing.token, &signing.token_secret))
}

/// Checks who signed a call and when. The token and its secret are empty where only the app signs.
pub(super) fn verify(
    state: &mut State,
    call: &Call,
    parameters: &[(String, String)],
    (token, token_secret): (&str, &str),
) -> Result<(), Denied> {
    let value = |name| signature::value(parameters, name).ok_or(Denied::Signature);
    let timestamp: i64 = value("oauth_timestamp")?.parse().map_err(|_| Denied::Signature)?;
    let nonce = (token.to_owned(), value("oauth_nonce")?.to_owned());
    let now = state.now().timestamp();
    let settings = &state.settings;
    if now.abs_diff(timestamp) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(Denied::Clock);
    }
    let consumer = value("oauth_consumer_key")?;
    if value("oauth_signature_method")? != "HMAC-SHA1" || consumer != settings.x_consumer_key || state.nonces.contains_key(&nonce)
    {
        return Err(Denied::Signature);
    }
    // X takes what the header and the body both say as said once, on which clients rely at the end of a login.
    let repeated = |pair: &&(String, String)| pair.0.starts_with("oauth_") && parameters.contains(pair);
    let sent_beside = call.query.iter().chain(call.form()).filter(|pair| !repeated(pair)).cloned();
    let all: Vec<(String, String)> = parameters.iter().cloned().chain(sent_beside).collect();
    let sent = value("oauth_signature")?;
    let right = bases(state, call).iter().any(|base| {
        let base = signature::base_string(call.method.as_str(), base, &all);
        signature::sign(&base, &settings.x_consumer_secret, token_secret) == sent
    });
    if !right {
        return Err(Denied::Signature);
    }
    state.nonces.retain(|_, at| now.abs_diff(*at) <= 2 * TOLERANCE_SECONDS.unsigned_abs());
    state.nonces.insert(nonce, timestamp);
    Ok(())
}

/// The URLs a client may have signed: the one it really called, and X's own.
fn bases(state: &State, call: &Call) -> Vec<String> {
    let host = call.header(HOST).unwrap_or_default();
    let hosts = [
        format!("http://{host}"),
        format!("https://{host}"),
        state.public_url.clone(),
        "https://api.x.com".to_owned(),
        "https://api.twitter.com".to_owned(),
        "https://upload.x.com".to_owned(),
        "https://upload.twitter.com".to_owned(),
    ];
    hosts.into_iter().map(|base| format!("{base}{}", call.path)).collect()
}
