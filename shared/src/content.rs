//! What a post says and where it goes, as its author gave it.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A platform that posts can be published on.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum PlatformId {
    /// X, formerly Twitter.
    X,
    /// Facebook Pages.
    Facebook,
}

impl PlatformId {
    /// Every platform, for tables that must cover all of them.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// What kind of post a target becomes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum Kind {
    /// Words alone.
    Text,
    /// A link, with or without words.
    Link,
    /// One image.
    Image,
    /// Several images in order.
    Images,
}

/// Whether an account can be used.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum AccountState {
    /// Posts can be published.
    Connected,
    /// The platform refused the grant: a person must reconnect.
    NeedsReconnect,
}

/// A media file by its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Where to fetch it, `http` or `https`.
    pub url: String,
    /// A description for people who cannot see it.
    #[serde(default)]
    pub alt_text: Option<String>,
}

/// What a post says on every target that does not override it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The words; may be empty.
    #[serde(default)]
    pub text: String,
    /// The link, if any.
    #[serde(default)]
    pub link: Option<String>,
    /// Images, in order.
    #[serde(default)]
    pub media: Vec<Media>,
}

/// What differs for one target; a missing field keeps the post's value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// Other words.
    #[serde(default)]
    pub text: Option<String>,
    /// Another link.
    #[serde(default)]
    pub link: Option<String>,
    /// Other media.
    #[serde(default)]
    pub media: Option<Vec<Media>>,
}

/// What one target really publishes: the content with the target's overrides laid over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The kind of post.
    pub kind: Kind,
    /// The words.
    pub text: String,
    /// The link.
    pub link: Option<String>,
    /// The images, in order.
    pub media: Vec<Media>,
}

impl Draft {
    /// Lays `overrides` over `content`.
    pub fn new(kind: Kind, content: &Content, overrides: &Overrides) -> Self {
        Self {
            kind,
            text: overrides.text.clone().unwrap_or_else(|| content.text.clone()),
            link: overrides.link.clone().or_else(|| content.link.clone()),
            media: overrides.media.clone().unwrap_or_else(|| content.media.clone()),
        }
    }
}

/// One broken rule, pointing at the field that broke it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// JSON pointer into the request's body.
    pub pointer: String,
    /// A stable code in snake case.
    pub code: String,
    /// What is wrong and what to do about it.
    pub detail: String,
    /// The limit that was passed, where there is one.
    pub limit: Option<i64>,
}
