//! What a post shows besides its text: media, several images, an article or a poll.

use serde_json::{Value, json};

use super::record::Record;
use super::urn::Urn;
use super::{asset, errors};
use crate::call::Answer;
use crate::state::State;

const LONGEST_ALT_TEXT: usize = 4086;
/// No limit is documented for titles.
const UNLIMITED: usize = usize::MAX;
const IMAGES: std::ops::RangeInclusive<usize> = 2..=20;
const LONGEST_QUESTION: usize = 140;
const LONGEST_OPTION: usize = 30;
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=4;
const DURATIONS: &[&str] = &["ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS"];

/// One image, video or document, where it stands in the body, and its alternative text.
pub(super) struct Shown {
    pub(super) urn: String,
    pub(super) path: String,
    pub(super) alt_text: Option<String>,
}

/// The content of a post, read and checked but for the media themselves.
#[derive(Default)]
pub(super) struct Content {
    /// How the sandbox's page shows it.
    pub(super) kind: &'static str,
    pub(super) title: Option<String>,
    pub(super) link: Option<String>,
    pub(super) media: Vec<Shown>,
    /// An article's picture.
    pub(super) thumbnail: Option<Shown>,
    /// What the page shows besides.
    pub(super) extra: serde_json::Map<String, Value>,
}

impl Content {
    /// Reads `content` of a post; text alone has none.
    pub(super) fn read(body: &Record<'_>) -> Result<Self, Answer> {
        let Some(content) = body.maybe_record("content")? else { return Ok(Self { kind: "text", ..Self::default() }) };
        let members = ["media", "multiImage", "article", "poll", "carousel"];
        content.only(&members)?;
        let given: Vec<&str> = members.into_iter().filter(|name| content.get(name).is_some()).collect();
        let [member] = given[..] else {
            return Err(errors::schema("/content", "union type must have exactly one member"));
        };
        let record = content.record(member)?;
        match member {
            "media" => media(&record),
            "multiImage" => images(&record),
            "article" => article(&record),
            "poll" => poll(&record),
            _ => {
                let message = "content.carousel is for sponsored posts only";
                Err(errors::field("400/INVALID_VALUE_FOR_FIELD", "/content/carousel", message))
            }
        }
    }

    /// Refuses media that are not the author's or not there yet.
    pub(super) fn check_media(&self, state: &mut State, author: &str) -> Result<(), Answer> {
        for shown in self.media.iter().chain(&self.thumbnail) {
            asset::usable(state, author, &shown.urn, &shown.path)?;
        }
        Ok(())
    }
}

fn shown(record: &Record<'_>, name: &str, kinds: &[&str]) -> Result<(Shown, Urn), Answer> {
    let (path, urn) = (record.path(name), record.text(name)?);
    let parsed = Urn::read(urn, kinds, &path)?;
    Ok((Shown { urn: urn.to_owned(), path, alt_text: None }, parsed))
}

fn media(record: &Record<'_>) -> Result<Content, Answer> {
    record.only(&["id", "title", "altText"])?;
    let (mut shown, urn) = shown(record, "id", &["image", "video", "document"])?;
    shown.alt_text = record.bounded("altText", LONGEST_ALT_TEXT)?;
    let (kind, title) = match urn.kind.as_str() {
        "document" => ("document", Some(record.filled("title", UNLIMITED)?)),
        "video" => ("video", record.bounded("title", UNLIMITED)?),
        _ => ("image", record.bounded("title", UNLIMITED)?),
    };
    Ok(Content { kind, title, media: vec![shown], ..Content::default() })
}

fn images(record: &Record<'_>) -> Result<Content, Answer> {
    record.only(&["images"])?;
    let list = record.list("images")?;
    let path = record.path("images");
    let mut media = Vec::new();
    for (n, value) in list.iter().enumerate() {
        let image = Record::at(value, format!("{path}/{n}"))?;
        image.only(&["id", "altText"])?;
        let (mut shown, _) = shown(&image, "id", &["image"])?;
        shown.alt_text = image.bounded("altText", LONGEST_ALT_TEXT)?;
        media.push(shown);
    }
    if !IMAGES.contains(&media.len()) {
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", &path, "multiImage takes 2 to 20 images"));
    }
    Ok(Content { kind: "images", media, ..Content::default() })
}

fn article(record: &Record<'_>) -> Result<Content, Answer> {
    record.only(&["source", "title", "description", "thumbnail"])?;
    let source = record.text("source")?;
    let web = url::Url::parse(source).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !web {
        let path = record.path("source");
        return Err(errors::field("400/INVALID_URL", &path, &format!("{path}: `{source}` is no web address")));
    }
    let title = record.filled("title", UNLIMITED)?;
    let thumbnail = record.get("thumbnail").map(|_| shown(record, "thumbnail", &["image"])).transpose()?;
    let mut extra = serde_json::Map::new();
    if let Some(description) = record.bounded("description", UNLIMITED)? {
        extra.insert("description".to_owned(), json!(description));
    }
    let thumbnail = thumbnail.map(|(shown, _)| shown);
    Ok(Content { kind: "link", title: Some(title), link: Some(source.to_owned()), thumbnail, extra, ..Content::default() })
}

fn poll(record: &Record<'_>) -> Result<Content, Answer> {
    record.only(&["question", "options", "settings"])?;
    let question = record.filled("question", LONGEST_QUESTION)?;
    let path = record.path("options");
    let mut options = Vec::new();
    for (n, value) in record.list("options")?.iter().enumerate() {
        let option = Record::at(value, format!("{path}/{n}"))?;
        option.only(&["text"])?;
        options.push(option.filled("text", LONGEST_OPTION)?);
    }
    if !OPTIONS.contains(&options.len()) {
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", &path, "a poll has 2 to 4 options"));
    }
    let settings = record.record("settings")?;
    settings.only(&["duration", "voteSelectionType"])?;
    let duration = settings.word("duration", DURATIONS)?;
    if settings.get("voteSelectionType").is_some() {
        settings.word("voteSelectionType", &["SINGLE_VOTE"])?;
    }
    let poll = json!({"question": question, "options": options, "duration": duration});
    let extra = [("poll".to_owned(), poll)].into_iter().collect();
    Ok(Content { kind: "poll", extra, ..Content::default() })
}
