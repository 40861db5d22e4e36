//! URNs, and the percent-encoded keys that carry them in paths.

use std::fmt;

use super::errors;
use crate::call::Answer;
use crate::state::Account;

/// `urn:li:{kind}:{id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Urn {
    pub(super) kind: String,
    pub(super) id: String,
}

impl Urn {
    /// Reads a URN of one of the kinds; `path` is the field that errors name.
    pub(super) fn read(text: &str, kinds: &[&str], path: &str) -> Result<Self, Answer> {
        let parts = text.strip_prefix("urn:li:").and_then(|rest| rest.split_once(':'));
        let Some((kind, id)) = parts.filter(|(kind, _)| kinds.contains(kind)) else {
            let message = format!("{path}: `{text}` is no URN of type {}", kinds.join(" or "));
            return Err(errors::field("400/INVALID_URN_TYPE", path, &message));
        };
        let numeric = matches!(kind, "share" | "ugcPost");
        let word = |byte: u8| byte.is_ascii_digit() || !numeric && (byte.is_ascii_alphabetic() || b"-_".contains(&byte));
        if id.is_empty() || !id.bytes().all(word) {
            return Err(errors::field("400/INVALID_URN_ID", path, &format!("{path}: `{text}` has an invalid id")));
        }
        Ok(Self { kind: kind.to_owned(), id: id.to_owned() })
    }

    /// The URN of an account.
    pub(super) fn of(account: &Account) -> Self {
        let kind = if is_organization(account) { "organization" } else { "person" };
        Self { kind: kind.to_owned(), id: account.id.clone() }
    }
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:li:{}:{}", self.kind, self.id)
    }
}

/// Whether an account is an organisation's page and not a member.
pub(super) fn is_organization(account: &Account) -> bool {
    account.variant == "organization"
}

/// Decodes a key of a path. Rest.li wants every reserved character of it percent-encoded.
pub(super) fn key(segment: &str) -> Result<String, Answer> {
    if segment.contains([':', '(', ')', ',', '\'']) {
        return Err(errors::saying("400/ILLEGAL_ARGUMENT", "Syntax exception in path variables"));
    }
    let pair = format!("key={}", segment.replace('+', "%2B"));
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
    Ok(decoded.unwrap_or_default())
}
