//! What a post says, as clients write it, and its way to and from what is stored.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use shared::content;

/// Words, files and what else a post may hold. Every platform shows what it has a place for.
#[derive(Debug, Clone, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct Content {
    /// The words.
    pub text: Option<String>,
    /// The title, where posts have one (YouTube, documents and links on LinkedIn, photos on TikTok).
    pub title: Option<String>,
    /// The link, for posts of the kind `link`.
    pub link: Option<String>,
    /// What stands below the link's title where the platform does not look for itself (LinkedIn).
    pub link_description: Option<String>,
    /// Images, videos or a document, in order.
    pub media: Option<Vec<Media>>,
    /// Address of an image that stands for a video or a link.
    pub thumbnail: Option<String>,
    /// A question with answers, for the kind `poll`.
    pub poll: Option<Poll>,
    /// The posts that follow the first, for the kind `thread`.
    pub thread: Option<Vec<ThreadPost>>,
    /// What the account itself comments below the post as soon as it is out.
    pub first_comment: Option<String>,
}

/// A file by its address.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct Media {
    /// Where to fetch it, http or https, on the public internet.
    pub url: String,
    /// A description for people who cannot see it.
    pub alt_text: Option<String>,
}

/// A question with answers to choose from.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct Poll {
    /// The question; X shows the post's text, or this when there is none.
    pub question: String,
    /// The answers, in order.
    pub options: Vec<String>,
    /// How long people can vote, in minutes.
    pub duration_minutes: u32,
}

/// One more post of a thread.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct ThreadPost {
    /// The words.
    pub text: Option<String>,
    /// Images, in order.
    pub media: Option<Vec<Media>>,
}

/// What differs for one target; a missing field keeps the post's value.
#[derive(Debug, Clone, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct Overrides {
    /// Other words.
    pub text: Option<String>,
    /// Another title.
    pub title: Option<String>,
    /// Another link.
    pub link: Option<String>,
    /// Another description of the link.
    pub link_description: Option<String>,
    /// Other files.
    pub media: Option<Vec<Media>>,
    /// Another thumbnail.
    pub thumbnail: Option<String>,
    /// Another poll.
    pub poll: Option<Poll>,
    /// Another rest of the thread.
    pub thread: Option<Vec<ThreadPost>>,
    /// Another first comment.
    pub first_comment: Option<String>,
}

/// Choices that only some platforms have: `GET /platforms` says which, and which words they take.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct Options {
    /// Who can see the post, in the platform's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<String>,
    /// When the platform itself makes the post public, as RFC 3339 with an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_at: Option<String>,
    /// Tags, apart from the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ai_generated: Option<bool>,
    /// Says that somebody paid for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_partnership: Option<bool>,
    /// Says that it promotes the author's own business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_business: Option<bool>,
    /// Turns comments off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_comments: Option<bool>,
    /// Turns duets off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_duet: Option<bool>,
    /// Turns stitches off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_stitch: Option<bool>,
    /// Lets the platform choose music for images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_add_music: Option<bool>,
    /// Delivers a draft to the author's inbox in the app, who finishes it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox: Option<bool>,
    /// The frame that becomes the cover, in milliseconds from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_at_ms: Option<u32>,
    /// Whether a reel also shows among the other posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_to_feed: Option<bool>,
    /// User names of co-authors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collaborators: Option<Vec<String>>,
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

impl From<&Media> for content::Media {
    fn from(media: &Media) -> Self {
        Self { url: media.url.clone(), alt_text: media.alt_text.clone() }
    }
}

impl From<content::Media> for Media {
    fn from(media: content::Media) -> Self {
        Self { url: media.url, alt_text: media.alt_text }
    }
}

impl From<&Poll> for content::Poll {
    fn from(poll: &Poll) -> Self {
        Self { question: poll.question.clone(), options: poll.options.clone(), duration_minutes: poll.duration_minutes }
    }
}

impl From<content::Poll> for Poll {
    fn from(poll: content::Poll) -> Self {
        Self { question: poll.question, options: poll.options, duration_minutes: poll.duration_minutes }
    }
}

impl From<&ThreadPost> for content::ThreadPost {
    fn from(post: &ThreadPost) -> Self {
        Self { text: post.text.clone().unwrap_or_default(), media: list(post.media.as_ref()) }
    }
}

impl From<content::ThreadPost> for ThreadPost {
    fn from(post: content::ThreadPost) -> Self {
        Self { text: Some(post.text), media: shown(post.media) }
    }
}

fn list<'a, A: 'a, B: From<&'a A>>(given: Option<&'a Vec<A>>) -> Vec<B> {
    given.into_iter().flatten().map(B::from).collect()
}

/// A list as clients see it: absent when empty.
fn shown<A, B: From<A>>(stored: Vec<A>) -> Option<Vec<B>> {
    (!stored.is_empty()).then(|| stored.into_iter().map(B::from).collect())
}

impl Content {
    /// What is stored of it.
    pub fn to_stored(&self) -> content::Content {
        content::Content {
            text: self.text.clone().unwrap_or_default(),
            title: self.title.clone(),
            link: self.link.clone(),
            link_description: self.link_description.clone(),
            media: list(self.media.as_ref()),
            thumbnail: self.thumbnail.clone(),
            poll: self.poll.as_ref().map(content::Poll::from),
            thread: list(self.thread.as_ref()),
            first_comment: self.first_comment.clone(),
        }
    }

    /// The content of a stored post.
    pub fn from_stored(text: &str) -> Self {
        let stored: content::Content = serde_json::from_str(text).unwrap_or_default();
        Self {
            text: Some(stored.text),
            title: stored.title,
            link: stored.link,
            link_description: stored.link_description,
            media: Some(stored.media.into_iter().map(Media::from).collect()),
            thumbnail: stored.thumbnail,
            poll: stored.poll.map(Poll::from),
            thread: shown(stored.thread),
            first_comment: stored.first_comment,
        }
    }
}

impl Overrides {
    /// What is stored of them, together with the target's options.
    pub fn to_stored(&self, options: &Options) -> content::Overrides {
        let options = serde_json::to_value(options).and_then(serde_json::from_value);
        content::Overrides {
            text: self.text.clone(),
            title: self.title.clone(),
            link: self.link.clone(),
            link_description: self.link_description.clone(),
            media: self.media.as_ref().map(|media| list(Some(media))),
            thumbnail: self.thumbnail.clone(),
            poll: self.poll.as_ref().map(content::Poll::from),
            thread: self.thread.as_ref().map(|thread| list(Some(thread))),
            first_comment: self.first_comment.clone(),
            options: options.unwrap_or_else(|_| unreachable!("both are the same document")),
        }
    }

    /// The overrides and the options of a stored target.
    pub fn from_stored(text: &str) -> (Self, Options) {
        let stored: content::Overrides = serde_json::from_str(text).unwrap_or_default();
        let options = serde_json::to_value(&stored.options).and_then(serde_json::from_value);
        let overrides = Self {
            text: stored.text,
            title: stored.title,
            link: stored.link,
            link_description: stored.link_description,
            media: stored.media.map(|media| media.into_iter().map(Media::from).collect()),
            thumbnail: stored.thumbnail,
            poll: stored.poll.map(Poll::from),
            thread: stored.thread.map(|thread| thread.into_iter().map(ThreadPost::from).collect()),
            first_comment: stored.first_comment,
        };
        (overrides, options.unwrap_or_default())
    }

    /// Whether a field of the content, by its JSON name, is overridden.
    pub fn has(&self, field: &str) -> bool {
        match field {
            "text" => self.text.is_some(),
            "title" => self.title.is_some(),
            "link" => self.link.is_some(),
            "linkDescription" => self.link_description.is_some(),
            "media" => self.media.is_some(),
            "thumbnail" => self.thumbnail.is_some(),
            "poll" => self.poll.is_some(),
            "thread" => self.thread.is_some(),
            "firstComment" => self.first_comment.is_some(),
            _ => false,
        }
    }
}
