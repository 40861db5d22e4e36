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
    /// Instagram's professional accounts.
    Instagram,
    /// LinkedIn, members and organisations.
    Linkedin,
    /// TikTok.
    Tiktok,
    /// YouTube.
    Youtube,
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
    /// One animated GIF.
    Gif,
    /// One video.
    Video,
    /// A short upright video in the platform's place for them: a reel.
    Reel,
    /// A short upright video on YouTube.
    Short,
    /// An image that shows for a day.
    ImageStory,
    /// A video that shows for a day.
    VideoStory,
    /// Images and videos mixed, to swipe through.
    Carousel,
    /// A document to page through, such as a PDF.
    Document,
    /// A question with answers to choose from.
    Poll,
    /// Several posts, each a reply to the one before.
    Thread,
    /// A reply to a post.
    Reply,
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

/// A question with answers to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// The question; a platform that has no field for it shows the post's text, or this when there is none.
    pub question: String,
    /// The answers, in order.
    pub options: Vec<String>,
    /// How long people can vote, in minutes.
    pub duration_minutes: u32,
}

/// One more post of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadPost {
    /// The words.
    #[serde(default)]
    pub text: String,
    /// Images, in order.
    #[serde(default)]
    pub media: Vec<Media>,
}

/// What a post says on every target that does not override it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// The words; may be empty.
    pub text: String,
    /// The title, where posts have one.
    pub title: Option<String>,
    /// The link, if any.
    pub link: Option<String>,
    /// What stands below the link's title, where the platform does not look for itself.
    pub link_description: Option<String>,
    /// Images, videos or a document, in order.
    pub media: Vec<Media>,
    /// Address of an image that stands for a video or a link.
    pub thumbnail: Option<String>,
    /// A question with answers.
    pub poll: Option<Poll>,
    /// The posts of a thread that follow the first.
    pub thread: Vec<ThreadPost>,
    /// What the account itself comments below the post as soon as it is out.
    pub first_comment: Option<String>,
}

impl Content {
    /// Every file that it names: media, those of the thread, the thumbnail.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let thread = self.thread.iter().flat_map(|post| &post.media);
        self.media.iter().chain(thread).map(|media| media.url.as_str()).chain(self.thumbnail.as_deref())
    }
}

/// What differs for one target; a missing field keeps the post's value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Overrides {
    /// Other words.
    pub text: Option<String>,
    /// Another title.
    pub title: Option<String>,
    /// Another link.
    pub link: Option<String>,
    /// Another description of the link.
    pub link_description: Option<String>,
    /// Other media.
    pub media: Option<Vec<Media>>,
    /// Another thumbnail.
    pub thumbnail: Option<String>,
    /// Another poll.
    pub poll: Option<Poll>,
    /// Another rest of the thread.
    pub thread: Option<Vec<ThreadPost>>,
    /// Another first comment.
    pub first_comment: Option<String>,
    /// Choices that only some platforms have.
    pub options: Options,
}

/// Choices that only some platforms have, by the names that `GET /platforms` lists for each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of some platform")]
pub struct Options {
    /// Who can see the post, in the platform's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<String>,
    /// When the platform itself makes the post public, as RFC 3339 with an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_at: Option<String>,
    /// Tags, apart from the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The platform's id of a category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Whether it is made for children.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_for_kids: Option<bool>,
    /// Whether followers are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_followers: Option<bool>,
    /// Says that it was made with AI.
    #[serde(skip_serializing_if = "is_false")]
    pub ai_generated: bool,
    /// Says that somebody paid for it.
    #[serde(skip_serializing_if = "is_false")]
    pub paid_partnership: bool,
    /// Says that it promotes the author's own business.
    #[serde(skip_serializing_if = "is_false")]
    pub own_business: bool,
    /// Turns comments off.
    #[serde(skip_serializing_if = "is_false")]
    pub disable_comments: bool,
    /// Turns duets off.
    #[serde(skip_serializing_if = "is_false")]
    pub disable_duet: bool,
    /// Turns stitches off.
    #[serde(skip_serializing_if = "is_false")]
    pub disable_stitch: bool,
    /// Lets the platform choose music for images.
    #[serde(skip_serializing_if = "is_false")]
    pub auto_add_music: bool,
    /// Delivers a draft to the author's inbox in the app, who finishes it there.
    #[serde(skip_serializing_if = "is_false")]
    pub inbox: bool,
    /// The frame that becomes the cover, in milliseconds from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_at_ms: Option<u32>,
    /// Whether a reel also shows among the other posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_to_feed: Option<bool>,
    /// User names of co-authors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collaborators: Vec<String>,
    /// The platform's id of a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_id: Option<String>,
    /// The platform's id of the post that is replied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Who may reply, in the platform's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_settings: Option<String>,
    /// The language, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The licence, in the platform's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Whether other sites may embed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddable: Option<bool>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What one target really publishes: the content with the target's overrides laid over it. Its fields are the content's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The kind of post.
    pub kind: Kind,
    /// The choices of this target.
    pub options: Options,
    content: Content,
}

impl std::ops::Deref for Draft {
    type Target = Content;
    fn deref(&self) -> &Content {
        &self.content
    }
}

impl Draft {
    /// Lays `overrides` over `content`.
    pub fn new(kind: Kind, content: &Content, overrides: &Overrides) -> Self {
        let over = overrides.clone();
        let base = content.clone();
        let content = Content {
            text: over.text.unwrap_or(base.text),
            title: over.title.or(base.title),
            link: over.link.or(base.link),
            link_description: over.link_description.or(base.link_description),
            media: over.media.unwrap_or(base.media),
            thumbnail: over.thumbnail.or(base.thumbnail),
            poll: over.poll.or(base.poll),
            thread: over.thread.unwrap_or(base.thread),
            first_comment: over.first_comment.or(base.first_comment),
        };
        Self { kind, options: over.options, content }
    }

    /// What tells two posts apart on one account: the hash of all that people would see.
    pub fn fingerprint(&self) -> i64 {
        use sha2::{Digest, Sha256};
        let urls: Vec<&str> = self.files().collect();
        let seen = serde_json::json!([
            self.kind,
            self.text.trim(),
            self.title,
            self.link,
            urls,
            self.poll,
            self.thread,
            self.options.reply_to
        ]);
        let digest = Sha256::digest(seen.to_string().as_bytes());
        i64::from_be_bytes(std::array::from_fn(|n| digest[n]))
    }
}
