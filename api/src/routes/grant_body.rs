//! A grant that somebody brings along. What is wrong with it is told without repeating any of it.

use poem_openapi::{Enum, Object};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use shared::content::PlatformId;
use shared::platforms::Grant;
use shared::secret::Secret;

use crate::problem::ApiError;

/// An account's grant, got elsewhere. It has no `Debug`, as nothing that holds a token in the clear.
#[derive(Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCredential {
    /// The platform.
    pub platform: String,
    /// Which sort of account, where the platform has several.
    #[oai(validator(max_length = 100))]
    pub variant: Option<String>,
    /// The grant.
    #[serde(deserialize_with = "hidden")]
    pub grant: NewGrant,
    /// The platform's id of the account; where one grant serves several accounts, which of them is meant.
    #[oai(validator(max_length = 200))]
    pub external_id: Option<String>,
    /// When the access token ends, as RFC 3339 with an offset.
    pub expires_at: Option<String>,
}

/// The tokens.
#[derive(Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewGrant {
    /// What sort of grant.
    pub r#type: GrantType,
    /// The access token of a `bearer` grant.
    #[oai(validator(min_length = 1, max_length = 8000))]
    pub access_token: Option<String>,
    /// What renews it: a refresh token, or the person's long-lived token that a Page's token came from.
    #[oai(validator(min_length = 1, max_length = 8000))]
    pub renewal: Option<String>,
    /// The token of an `oauth1` grant.
    #[oai(validator(min_length = 1, max_length = 8000))]
    pub token: Option<String>,
    /// Its secret.
    #[oai(validator(min_length = 1, max_length = 8000))]
    pub token_secret: Option<String>,
}

/// The sorts of grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum GrantType {
    /// An access token that is sent as it is.
    Bearer,
    /// A token and a secret that sign each call.
    Oauth1,
}

/// Reads a value whose errors must not show it: serde's own texts quote what they could not use.
fn hidden<'de, D: Deserializer<'de>, T: DeserializeOwned>(source: D) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(source)?;
    serde_json::from_value(value).map_err(|_| D::Error::custom("it is not of the documented form (its values are not repeated)"))
}

/// The longest token in bytes: LinkedIn's and Google's, the longest ones known, stay below 2,100.
const TOKEN_MAX: usize = 8000;

/// The grant, or which of its fields is wrong.
pub fn grant_of(platform: PlatformId, given: &NewGrant) -> Result<Grant, ApiError> {
    let NewGrant { r#type, access_token, renewal, token, token_secret } = given;
    let fields = [("accessToken", access_token), ("renewal", renewal), ("token", token), ("tokenSecret", token_secret)];
    let (needed, allowed): (&[&str], &[&str]) = match r#type {
        GrantType::Bearer => (&["accessToken"], &["accessToken", "renewal"]),
        GrantType::Oauth1 => (&["token", "tokenSecret"], &["token", "tokenSecret"]),
    };
    if *r#type == GrantType::Oauth1 && platform != PlatformId::X {
        return Err(ApiError::field("/grant/type", "not_allowed", "only X has accounts of OAuth 1.0a"));
    }
    for (name, value) in fields {
        let pointer = format!("/grant/{name}");
        match value {
            Some(_) if !allowed.contains(&name) => {
                return Err(ApiError::field(pointer, "not_allowed", "a grant of this type has no such field"));
            }
            Some(value) if !well_formed(value) => {
                return Err(ApiError::field(pointer, "invalid_token", "a token has 1 to 8000 visible ASCII characters"));
            }
            None if needed.contains(&name) => return Err(ApiError::field(pointer, "required", "a grant of this type needs it")),
            _ => {}
        }
    }
    let secret = |value: &Option<String>| value.clone().map(Secret::new);
    Ok(match (secret(access_token), secret(token), secret(token_secret)) {
        (None, Some(token), Some(token_secret)) => Grant::Oauth1 { token, token_secret },
        (access_token, ..) => Grant::Bearer {
            access_token: access_token.unwrap_or_else(|| unreachable!("it was checked to be there")),
            renewal: secret(renewal),
        },
    })
}

/// A token travels in a header: anything but visible ASCII could not.
fn well_formed(token: &str) -> bool {
    (1..=TOKEN_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(grant: &str) -> String {
        let text = format!(r#"{{"platform":"x","grant":{grant}}}"#);
        serde_json::from_str::<NewCredential>(&text).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn a_malformed_grant_is_not_repeated() {
        for grant in
            [r#""hunter2""#, r#"{"type":"hunter2"}"#, r#"{"type":"bearer","accessToken":["hunter2"]}"#, r#"{"hunter2":1}"#]
        {
            let said = refusal(grant);

            assert!(said.contains("documented form") && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn each_type_has_fields_of_its_own() {
        let grant = |text: &str| grant_of(PlatformId::X, &serde_json::from_str(text).unwrap()).is_ok();

        assert!(grant(r#"{"type":"bearer","accessToken":"a","renewal":"r"}"#));
        assert!(grant(r#"{"type":"oauth1","token":"t","tokenSecret":"s"}"#));
        assert!(!grant(r#"{"type":"bearer"}"#));
        assert!(!grant(r#"{"type":"bearer","accessToken":"a","token":"t"}"#));
        assert!(!grant(r#"{"type":"bearer","accessToken":"a b"}"#));
        assert!(!grant(r#"{"type":"oauth1","token":"t"}"#));
    }
}
