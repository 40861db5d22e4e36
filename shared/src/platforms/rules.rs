//! What a platform takes, as data: served to front ends and applied to every draft by `check`.

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::content::{Draft, Kind};
use crate::limits::Table;
use crate::limits::table::Lesson;

/// What a platform takes.
#[derive(Debug)]
pub struct Rules {
    /// The platform's name as people know it.
    pub name: &'static str,
    /// The kinds of post.
    pub kinds: &'static [KindRule],
    /// The choices that only this platform has.
    pub options: &'static [OptionRule],
    /// The scopes that publishing needs.
    pub scopes: &'static [&'static str],
    /// What the length of a text is counted in.
    pub unit: Unit,
    /// What really goes out as the text, when that is not the draft's text alone.
    pub text: fn(&Draft) -> String,
    /// How many calls and posts it takes.
    pub limits: Table,
    /// What an answer to an operation tells about these limits.
    pub learn: fn(&Answer, &str, Timestamp) -> Vec<Lesson>,
    /// What no table can say; usually nothing.
    pub extra: fn(&Draft, &mut Vec<Broken>),
}

/// What the length of a text is counted in.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// Unicode code points.
    Characters,
    /// UTF-16 code units.
    Utf16,
    /// Bytes in UTF-8.
    Bytes,
    /// The platform's own weights; an error names what makes a text invalid whatever its length.
    Weighted(fn(&str) -> Result<i64, &'static str>),
}

impl Unit {
    /// The length of a text.
    pub fn count(self, text: &str) -> Result<i64, &'static str> {
        let count = match self {
            Self::Characters => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Bytes => text.len(),
            Self::Weighted(count) => return count(text),
        };
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Its name for front ends.
    pub fn name(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Utf16 => "utf16_units",
            Self::Bytes => "utf8_bytes",
            Self::Weighted(_) => "weighted_characters",
        }
    }
}

/// A kind of post. Build it on [`KindRule::new`], which takes nothing.
#[derive(Debug, Clone, Copy)]
pub struct KindRule {
    /// The kind.
    pub kind: Kind,
    /// The text.
    pub text: TextRule,
    /// The title, in code points.
    pub title: TextRule,
    /// The link.
    pub link: Need,
    /// How many files it holds.
    pub media: (usize, usize),
    /// The files it takes; each medium must fit the one for its type.
    pub files: &'static [FileRule],
    /// The longest description of an image in code points; 0 where there is none.
    pub alt_text_max: usize,
    /// The image that stands for a video or a link.
    pub thumbnail: Option<FileRule>,
    /// A question with answers.
    pub poll: Option<PollRule>,
    /// How many posts may follow the first of a thread.
    pub thread: (usize, usize),
    /// The first comment, in code points, or in the platform's own weights where it has some.
    pub comment: TextRule,
}

impl KindRule {
    /// A kind that takes nothing yet.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            text: TextRule::NONE,
            title: TextRule::NONE,
            link: Need::Never,
            media: (0, 0),
            files: &[],
            alt_text_max: 0,
            thumbnail: None,
            poll: None,
            thread: (0, 0),
            comment: TextRule::NONE,
        }
    }
}

/// How a field is to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be absent.
    Never,
    /// It may be there.
    Optional,
    /// It must be there.
    Required,
}

/// A text and its limits.
#[derive(Debug, Clone, Copy)]
pub struct TextRule {
    /// Whether it is taken.
    pub need: Need,
    /// The most that it may count.
    pub max: i64,
    /// The most hashtags.
    pub hashtags_max: Option<usize>,
    /// The most mentions.
    pub mentions_max: Option<usize>,
}

impl TextRule {
    /// No text.
    pub const NONE: Self = Self { need: Need::Never, max: 0, hashtags_max: None, mentions_max: None };

    /// A text that may be absent.
    pub const fn optional(max: i64) -> Self {
        Self { need: Need::Optional, max, ..Self::NONE }
    }

    /// A text that must be there.
    pub const fn required(max: i64) -> Self {
        Self { need: Need::Required, max, ..Self::NONE }
    }
}

/// A question with answers.
#[derive(Debug, Clone, Copy)]
pub struct PollRule {
    /// The longest question in code points; 0 where the text is the question.
    pub question_max: usize,
    /// How many answers.
    pub options: (usize, usize),
    /// The longest answer in code points.
    pub option_max: usize,
    /// The shortest and the longest vote, in minutes.
    pub minutes: (u32, u32),
    /// The only lengths, in minutes, where not every one between goes.
    pub minutes_only: &'static [u32],
}

/// A choice that only some platforms have.
#[derive(Debug, Clone, Copy)]
pub struct OptionRule {
    /// The field of [`crate::content::Options`] in camel case.
    pub name: &'static str,
    /// The words it may hold; empty for anything.
    pub values: &'static [&'static str],
    /// The kinds that must have it.
    pub required: &'static [Kind],
    /// What it does.
    pub about: &'static str,
}

impl OptionRule {
    /// A choice that is free and optional.
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, values: &[], required: &[], about }
    }
}

/// A file and its limits. Build it on [`FileRule::ANY`]; every pair is the least and the most.
#[derive(Debug, Clone, Copy)]
pub struct FileRule {
    /// What people call it: image, gif, video, document.
    pub name: &'static str,
    /// MIME types by content.
    pub types: &'static [&'static str],
    /// Size in bytes.
    pub bytes: (u64, u64),
    /// Width in pixels.
    pub width: (u32, u32),
    /// Height in pixels.
    pub height: (u32, u32),
    /// Width divided by height.
    pub ratio: (f64, f64),
    /// Most pixels in all.
    pub pixels_max: u64,
    /// Duration in milliseconds.
    pub duration_ms: (u64, u64),
    /// Frames per second.
    pub fps: (f64, f64),
    /// Video codecs by the names of [`crate::clients::probe::Probe`]; empty for any.
    pub codecs: &'static [&'static str],
    /// Most pages.
    pub pages_max: u32,
    /// Whether an animated image is meant, or a still one; either when `None`.
    pub animated: Option<bool>,
}

impl FileRule {
    /// A file without limits.
    pub const ANY: Self = Self {
        name: "file",
        types: &[],
        bytes: (1, u64::MAX),
        width: (0, u32::MAX),
        height: (0, u32::MAX),
        ratio: (0.0, f64::MAX),
        pixels_max: u64::MAX,
        duration_ms: (0, u64::MAX),
        fps: (0.0, f64::MAX),
        codecs: &[],
        pages_max: u32::MAX,
        animated: None,
    };
}

/// A broken rule at a part of a draft; the request's address of the part is put in later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The part.
    pub part: Part,
    /// A stable code in snake case.
    pub code: &'static str,
    /// What is wrong and what to do about it.
    pub detail: String,
    /// The limit that was passed, where there is one.
    pub limit: Option<i64>,
}

impl Broken {
    /// A broken rule without a limit.
    pub fn new(part: Part, code: &'static str, detail: impl Into<String>) -> Self {
        Self { part, code, detail: detail.into(), limit: None }
    }

    /// Adds the limit that was passed.
    #[must_use]
    pub fn limit(mut self, limit: impl TryInto<i64>) -> Self {
        self.limit = limit.try_into().ok();
        self
    }
}

/// A part of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The kind.
    Kind,
    /// A field of the content by its JSON name, and what stands below it as a JSON pointer: `("media", "/0/url")`.
    Field(&'static str, String),
    /// A field of the target's options.
    Option(&'static str),
}

impl Part {
    /// A whole field of the content.
    pub fn field(name: &'static str) -> Self {
        Self::Field(name, String::new())
    }
}
