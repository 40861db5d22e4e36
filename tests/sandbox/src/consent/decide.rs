//! What becomes of a consent page: the address that the browser is sent to.

use url::Url;

use super::codes::Code;
use super::dialog::{self, Asked, Login, Refusal};
use super::people::{self, Person};
use crate::control::made_up;
use crate::state::State;
use crate::{facebook, x};

/// What a person chose.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) allow: bool,
    /// Who logs in; found by the accounts when absent.
    pub(super) person: Option<String>,
    /// The accounts that are given; all of the person when absent.
    pub(super) accounts: Option<Vec<String>>,
    /// The scopes that are granted; all that were asked for when absent.
    pub(super) scopes: Option<Vec<String>>,
}

/// Why there is no address.
#[derive(Debug)]
pub(super) enum Failure {
    /// The page itself cannot be shown.
    Refused(&'static str, String),
    /// The choice makes no sense.
    Choice(String),
}

/// Where a person ends up.
#[derive(Debug)]
pub(super) enum Ending {
    Redirect(String),
    /// OAuth 1.0a without a callback: the person types the number into the app.
    Pin(String),
}

/// Plays a person who decides.
pub(super) fn decide(state: &mut State, address: &str, choice: &Choice) -> Result<Ending, Failure> {
    let asked = match dialog::read(state, address) {
        Ok(asked) => asked,
        Err(Refusal::Redirect(url)) => return Ok(Ending::Redirect(url)),
        Err(Refusal::Page(title, message)) => return Err(Failure::Refused(title, message)),
    };
    let granted = granted(&asked, choice)?;
    // Whoever grants nothing has refused.
    if !choice.allow || granted.is_empty() {
        if let Some(token) = &asked.request_token {
            x::deny(state, token);
        }
        return Ok(ended(&asked, &refused(state, &asked)));
    }
    let accounts = accounts(state, &asked, choice)?;
    if let Some(token) = &asked.request_token {
        let verifier = x::allow(state, token, &accounts[0]);
        if asked.redirect_uri == x::OUT_OF_BAND {
            return Ok(Ending::Pin(verifier));
        }
        return Ok(ended(&asked, &[("oauth_token", token.clone()), ("oauth_verifier", verifier)]));
    }
    let (code, serial) = (code_of(state, &asked, accounts, &granted), state.next_number());
    let text = text_of(asked.login, serial);
    state.codes.add(text.clone(), code);
    let ending = ended(&asked, &allowed(&asked, text, &granted));
    Ok(match (ending, asked.login) {
        (Ending::Redirect(url), Login::Facebook) => Ending::Redirect(format!("{url}#_=_")),
        (Ending::Redirect(url), Login::Instagram) => Ending::Redirect(format!("{url}#_")),
        (ending, _) => ending,
    })
}

fn granted(asked: &Asked, choice: &Choice) -> Result<Vec<String>, Failure> {
    let Some(chosen) = &choice.scopes else { return Ok(asked.scopes.clone()) };
    match chosen.iter().find(|scope| !asked.scopes.contains(scope)) {
        Some(foreign) => Err(Failure::Choice(format!("the scope `{foreign}` was not asked for"))),
        None => Ok(asked.scopes.iter().filter(|scope| chosen.contains(scope)).cloned().collect()),
    }
}

/// The accounts that come out of a choice, the one that logs in first.
fn accounts(state: &mut State, asked: &Asked, choice: &Choice) -> Result<Vec<String>, Failure> {
    let people = people::people(state, asked);
    let wanted = choice.accounts.as_deref();
    let owns = |person: &Person, id: &str| person.key == id || person.offers.iter().any(|offer| offer.id == id);
    let person = match (&choice.person, wanted.and_then(<[String]>::first)) {
        (Some(key), _) => people.into_iter().find(|person| person.key == *key),
        (None, Some(id)) => people.into_iter().find(|person| owns(person, id)),
        (None, None) => people.into_iter().next(),
    };
    let (platform, _) = asked.login.names();
    let person = person.ok_or_else(|| Failure::Choice(format!("nobody with this account can log in on {platform}")))?;
    if choice.person.is_none()
        && let Some(foreign) = wanted.unwrap_or_default().iter().find(|id| !owns(&person, id))
    {
        return Err(Failure::Choice(format!("`{foreign}` is no account of {}", person.name)));
    }
    let picked = |id: &String| {
        let named = wanted.map(|wanted| wanted.iter().filter(|id| person.offers.iter().any(|offer| offer.id == **id)));
        // Whoever names only the one who logs in means everything that comes along.
        let everything = !asked.login.lets_choose() || choice.person.is_none() && named.is_none_or(|named| named.count() == 0);
        everything || wanted.is_none_or(|wanted| wanted.contains(id))
    };
    let offers: Vec<String> = person.offers.iter().map(|offer| offer.id.clone()).filter(picked).collect();
    let first = match person.key.strip_prefix("of:") {
        Some(name) => facebook::log_in(state, name),
        None => person.key,
    };
    Ok([vec![first], offers].concat())
}

fn code_of(state: &State, asked: &Asked, accounts: Vec<String>, granted: &[String]) -> Code {
    Code {
        login: asked.login,
        client_id: asked.client_id.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        accounts,
        granted: granted.to_vec(),
        declined: asked.scopes.iter().filter(|scope| !granted.contains(scope)).cloned().collect(),
        challenge: asked.challenge.clone(),
        offline: asked.offline,
        prompted: asked.prompted,
        incremental: asked.incremental,
        issued_at: state.now(),
        used: false,
    }
}

/// A code in the form that each platform gives it.
fn text_of(login: Login, serial: u64) -> String {
    let text = made_up("code", &format!("{login:?} {serial}"));
    match login {
        Login::Facebook | Login::Instagram => format!("AQ{text}{}", made_up("rest", &text)),
        Login::Linkedin => format!("AQT{text}{}", made_up("rest", &text)),
        // These characters have to be decoded before use, which some clients forget.
        Login::Tiktok => format!("{text}*v!6113.s1"),
        Login::Google => format!("4/0A{text}"),
        Login::X | Login::XSigned => text,
    }
}

fn allowed(asked: &Asked, code: String, granted: &[String]) -> Vec<(&'static str, String)> {
    match asked.login {
        Login::Tiktok => vec![("code", code), ("scopes", granted.join(","))],
        Login::Google => vec![("code", code), ("scope", granted.join(" "))],
        _ => vec![("code", code)],
    }
}

/// Each platform's words for a person who did not agree.
fn refused(state: &State, asked: &Asked) -> Vec<(&'static str, String)> {
    let words: &[(&'static str, &str)] = match asked.login {
        Login::XSigned => {
            let token = asked.request_token.clone().unwrap_or_default();
            return vec![("denied", token)];
        }
        Login::X | Login::Google => &[("error", "access_denied")],
        Login::Facebook => &[
            ("error", "access_denied"),
            ("error_code", "200"),
            ("error_description", "Permissions error"),
            ("error_reason", "user_denied"),
        ],
        Login::Instagram => {
            &[("error", "access_denied"), ("error_reason", "user_denied"), ("error_description", "The user denied your request.")]
        }
        Login::Linkedin => {
            let error = state.settings.linkedin.refusal().to_owned();
            return vec![("error", error), ("error_description", "The user cancelled LinkedIn login".to_owned())];
        }
        Login::Tiktok => &[
            ("error", "access_denied"),
            ("error_description", "User did not give consent to the application."),
            ("error_type", "access_denied"),
        ],
    };
    words.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn ended(asked: &Asked, parameters: &[(&'static str, String)]) -> Ending {
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ending::Redirect(returned(asked, &parameters))
}

/// The address to return to, with these parameters and the app's state.
pub(super) fn returned(asked: &Asked, parameters: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(&asked.redirect_uri) else { return asked.redirect_uri.clone() };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(state) = &asked.state {
            query.append_pair("state", state);
        }
    }
    url.into()
}
