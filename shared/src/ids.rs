//! Typed ids: a prefix that names the thing and a UUID v7, so that ids sort by creation time and never mix.

use std::fmt;
use std::str::FromStr;

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `{prefix}` followed by 32 hexadecimal digits")]
pub struct BadId {
    prefix: &'static str,
}

fn check(text: &str, prefix: &'static str) -> Result<(), BadId> {
    let digits = text.strip_prefix(prefix).ok_or(BadId { prefix })?;
    let well_formed = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if well_formed { Ok(()) } else { Err(BadId { prefix }) }
}

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The prefix of every id of this kind.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, greater than every id that this process generated before.
            pub fn generate() -> Self {
                Self(format!("{}{}", $prefix, Uuid::now_v7().simple()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                check(text, $prefix)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                check(&text, $prefix)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    /// A tenant: everything belongs to exactly one.
    WorkspaceId = "ws_";
    /// A key of our own API.
    ApiKeyId = "key_";
    /// A connected account on a platform.
    AccountId = "acc_";
    /// A post as its author sees it: one content, one or more targets.
    PostId = "post_";
    /// One post on one account.
    TargetId = "tgt_";
    /// A unit of work with a durable row.
    JobId = "job_";
    /// A platform's login that came back and waits for a choice.
    ConnectionId = "con_";
    /// Something that a person has to know.
    NoticeId = "ntc_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation_and_read_back() {
        let first = JobId::generate();
        let second = JobId::generate();

        assert!(first < second);
        assert_eq!(first.to_string().parse::<JobId>(), Ok(first));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let post = PostId::generate().to_string();

        assert!(post.parse::<JobId>().is_err());
        assert!("job_XYZ".parse::<JobId>().is_err());
        assert!("".parse::<JobId>().is_err());
    }
}
