//! Authorization codes: what each one stands for, and whether it still works.

use std::collections::HashMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::dialog::Login;
use crate::state::State;

/// How a code's challenge is computed from the verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Plain,
    S256,
    /// TikTok's own form: the digest in lower-case hexadecimal.
    Hex,
}

/// What the app must prove at the exchange (PKCE).
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) value: String,
    pub(crate) method: Method,
}

impl Challenge {
    /// Whether a verifier is the one that the challenge was made from.
    pub(crate) fn fits(&self, verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
            return false;
        }
        let digest = Sha256::digest(verifier);
        self.value
            == match self.method {
                Method::Plain => verifier.to_owned(),
                Method::S256 => URL_SAFE_NO_PAD.encode(digest),
                Method::Hex => digest.iter().fold(String::new(), |mut hex, byte| {
                    write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
                    hex
                }),
            }
    }
}

/// One consent that waits to be exchanged.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) login: Login,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    /// Ids of the accounts that the person gave, the one who logged in first.
    pub(crate) accounts: Vec<String>,
    pub(crate) granted: Vec<String>,
    /// Asked for and not given.
    pub(crate) declined: Vec<String>,
    pub(crate) challenge: Option<Challenge>,
    /// Google only: whether a refresh token was asked for, and whether even from somebody who agreed before.
    pub(crate) offline: bool,
    pub(crate) prompted: bool,
    /// Google only: whether scopes that were granted before come along.
    pub(crate) incremental: bool,
    pub(crate) issued_at: DateTime<Utc>,
    pub(super) used: bool,
}

impl Code {
    /// The account that logged in.
    pub(crate) fn principal(&self) -> &str {
        self.accounts.first().map_or("", String::as_str)
    }
}

/// Why a code cannot be exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Unknown,
    Used,
    Expired,
}

/// The codes of all platforms.
#[derive(Default)]
pub(crate) struct Codes {
    known: HashMap<String, Code>,
}

impl Codes {
    /// Remembers a code.
    pub(super) fn add(&mut self, text: String, code: Code) {
        self.known.insert(text, code);
    }

    /// What a code of one login stands for, whether it still works or not.
    pub(crate) fn find(&self, login: Login, text: &str) -> Option<&Code> {
        self.known.get(text).filter(|code| code.login == login)
    }
}

/// A code that still works; `seconds` is how long one lives.
pub(crate) fn usable(state: &State, login: Login, text: &str, seconds: i64) -> Result<Code, Wrong> {
    let code = state.codes.find(login, text).ok_or(Wrong::Unknown)?;
    if code.used {
        return Err(Wrong::Used);
    }
    let age = state.now() - code.issued_at;
    if age >= TimeDelta::seconds(seconds) { Err(Wrong::Expired) } else { Ok(code.clone()) }
}

/// Ends a code: each works once.
pub(crate) fn burn(state: &mut State, text: &str) {
    if let Some(code) = state.codes.known.get_mut(text) {
        code.used = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge_in_each_form() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let cases = [
            (Method::S256, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            (Method::Plain, verifier),
            (Method::Hex, "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"),
        ];

        for (method, value) in cases {
            let challenge = Challenge { value: value.to_owned(), method };
            assert!(challenge.fits(verifier), "{method:?}");
            assert!(!challenge.fits(&verifier.replace('d', "e")), "{method:?}");
        }
        assert!(!Challenge { value: "short".to_owned(), method: Method::Plain }.fits("short"));
    }
}
