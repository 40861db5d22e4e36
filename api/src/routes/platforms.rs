//! What each platform takes, for front ends: the same tables that every post is checked against.

use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use shared::content::PlatformId;
use shared::platforms::rules::{FileRule, KindRule, Need, OptionRule, PollRule, Rules, TextRule};

use super::Tag;
use crate::auth::ApiKey;
use crate::problem::ApiError;

/// All platforms.
#[derive(Debug, Clone, Object)]
pub struct PlatformList {
    /// The platforms.
    pub data: Vec<Platform>,
}

/// What a platform takes.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct Platform {
    /// Its id, as accounts name it.
    pub id: String,
    /// Its name as people know it.
    pub name: String,
    /// What the length of a text is counted in: characters, utf16_units, utf8_bytes or weighted_characters.
    pub text_unit: String,
    /// The kinds of post.
    pub kinds: Vec<Kind>,
    /// The choices of its own.
    pub options: Vec<Choice>,
    /// The scopes that publishing needs.
    pub scopes: Vec<String>,
}

/// A kind of post with its limits. What is absent is not taken.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Kind {
    /// The kind.
    pub kind: String,
    /// The fields that must be there.
    pub required: Vec<String>,
    /// The text.
    pub text: Option<TextLimit>,
    /// The title, in characters.
    pub title: Option<TextLimit>,
    /// The first comment, in characters.
    pub first_comment: Option<TextLimit>,
    /// Whether it takes a link.
    pub link: bool,
    /// How many files it holds.
    pub media: Option<Count>,
    /// The files it takes.
    pub files: Vec<File>,
    /// The longest description of an image, in characters; 0 where there is none.
    pub alt_text_max: u32,
    /// The image that stands for a video or a link.
    pub thumbnail: Option<File>,
    /// A question with answers.
    pub poll: Option<PollLimits>,
    /// How many posts may follow the first of a thread.
    pub thread: Option<Count>,
}

/// The limits of a text.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct TextLimit {
    /// The most that it may count.
    pub max: i64,
    /// The most hashtags.
    pub hashtags_max: Option<u32>,
    /// The most mentions.
    pub mentions_max: Option<u32>,
}

/// The least and the most.
#[derive(Debug, Clone, Object)]
pub struct Count {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
}

/// A file and its limits; an absent one is not limited.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct File {
    /// image, gif, video or document.
    pub name: String,
    /// MIME types, by content.
    pub types: Vec<String>,
    /// Least bytes.
    pub bytes_min: u64,
    /// Most bytes.
    pub bytes_max: Option<u64>,
    /// Least width in pixels.
    pub width_min: Option<u32>,
    /// Most width in pixels.
    pub width_max: Option<u32>,
    /// Least height in pixels.
    pub height_min: Option<u32>,
    /// Most height in pixels.
    pub height_max: Option<u32>,
    /// Least width per height.
    pub ratio_min: Option<f64>,
    /// Most width per height.
    pub ratio_max: Option<f64>,
    /// Most pixels in all.
    pub pixels_max: Option<u64>,
    /// Shortest duration in milliseconds.
    pub duration_ms_min: Option<u64>,
    /// Longest duration in milliseconds.
    pub duration_ms_max: Option<u64>,
    /// Least frames per second.
    pub fps_min: Option<f64>,
    /// Most frames per second.
    pub fps_max: Option<f64>,
    /// Video codecs.
    pub codecs: Vec<String>,
    /// Most pages.
    pub pages_max: Option<u32>,
}

/// The limits of a poll.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct PollLimits {
    /// The longest question in characters; 0 where the text is the question.
    pub question_max: u32,
    /// How many answers.
    pub options: Count,
    /// The longest answer in characters.
    pub option_max: u32,
    /// How long it runs, in minutes.
    pub minutes: Count,
    /// The only lengths in minutes; empty when every one goes.
    pub minutes_only: Vec<u32>,
}

/// A choice of a platform's own.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct Choice {
    /// The field of a target's `options`.
    pub name: String,
    /// The words it takes; empty for anything.
    pub values: Vec<String>,
    /// The kinds that must have it.
    pub required_for: Vec<String>,
    /// What it does.
    pub about: String,
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn count((min, max): (usize, usize)) -> Count {
    Count { min: number(min), max: number(max) }
}

/// A bound that is one: the default of the table means none.
fn bound<T: PartialEq>(value: T, none: &T) -> Option<T> {
    (value != *none).then_some(value)
}

impl TextLimit {
    fn new(rule: &TextRule) -> Option<Self> {
        (rule.need != Need::Never).then(|| Self {
            max: rule.max,
            hashtags_max: rule.hashtags_max.map(number),
            mentions_max: rule.mentions_max.map(number),
        })
    }
}

impl File {
    fn new(rule: &FileRule) -> Self {
        let any = FileRule::ANY;
        Self {
            name: rule.name.to_owned(),
            types: words(rule.types),
            bytes_min: rule.bytes.0,
            bytes_max: bound(rule.bytes.1, &any.bytes.1),
            width_min: bound(rule.width.0, &any.width.0),
            width_max: bound(rule.width.1, &any.width.1),
            height_min: bound(rule.height.0, &any.height.0),
            height_max: bound(rule.height.1, &any.height.1),
            ratio_min: bound(rule.ratio.0, &any.ratio.0),
            ratio_max: bound(rule.ratio.1, &any.ratio.1),
            pixels_max: bound(rule.pixels_max, &any.pixels_max),
            duration_ms_min: bound(rule.duration_ms.0, &any.duration_ms.0),
            duration_ms_max: bound(rule.duration_ms.1, &any.duration_ms.1),
            fps_min: bound(rule.fps.0, &any.fps.0),
            fps_max: bound(rule.fps.1, &any.fps.1),
            codecs: words(rule.codecs),
            pages_max: bound(rule.pages_max, &any.pages_max),
        }
    }
}

impl PollLimits {
    fn new(rule: &PollRule) -> Self {
        Self {
            question_max: number(rule.question_max),
            options: count(rule.options),
            option_max: number(rule.option_max),
            minutes: Count { min: rule.minutes.0, max: rule.minutes.1 },
            minutes_only: rule.minutes_only.to_vec(),
        }
    }
}

impl Kind {
    fn new(rule: &KindRule) -> Self {
        let needs = [
            ("text", rule.text.need),
            ("title", rule.title.need),
            ("firstComment", rule.comment.need),
            ("link", rule.link),
            ("media", if rule.media.0 > 0 { Need::Required } else { Need::Never }),
            ("poll", if rule.poll.is_some() { Need::Required } else { Need::Never }),
            ("thread", if rule.thread.0 > 0 { Need::Required } else { Need::Never }),
        ];
        let required = needs.iter().filter(|(_, need)| *need == Need::Required).map(|(name, _)| (*name).to_owned());
        Self {
            kind: rule.kind.to_string(),
            required: required.collect(),
            text: TextLimit::new(&rule.text),
            title: TextLimit::new(&rule.title),
            first_comment: TextLimit::new(&rule.comment),
            link: rule.link != Need::Never,
            media: (rule.media.1 > 0).then(|| count(rule.media)),
            files: rule.files.iter().map(File::new).collect(),
            alt_text_max: number(rule.alt_text_max),
            thumbnail: rule.thumbnail.as_ref().map(File::new),
            poll: rule.poll.as_ref().map(PollLimits::new),
            thread: (rule.thread.1 > 0).then(|| count(rule.thread)),
        }
    }
}

impl Choice {
    fn new(rule: &OptionRule) -> Self {
        Self {
            name: rule.name.to_owned(),
            values: words(rule.values),
            required_for: rule.required.iter().map(ToString::to_string).collect(),
            about: rule.about.to_owned(),
        }
    }
}

impl Platform {
    fn new(id: PlatformId, rules: &Rules) -> Self {
        Self {
            id: id.to_string(),
            name: rules.name.to_owned(),
            text_unit: rules.unit.name().to_owned(),
            kinds: rules.kinds.iter().map(Kind::new).collect(),
            options: rules.options.iter().map(Choice::new).collect(),
            scopes: words(rules.scopes),
        }
    }
}

/// The routes of platforms.
pub struct Platforms;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Platforms")]
impl Platforms {
    /// Lists what each platform takes: kinds, limits, required fields, options, scopes.
    #[oai(path = "/platforms", method = "get", operation_id = "listPlatforms")]
    async fn list(&self, key: ApiKey) -> Result<Json<PlatformList>, ApiError> {
        key.allow("posts:read")?;
        let platforms = PlatformId::ALL.iter().map(|id| Platform::new(*id, shared::platforms::rules(*id)));
        Ok(Json(PlatformList { data: platforms.collect() }))
    }
}
