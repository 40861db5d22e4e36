//! What a video says about itself, and YouTube's rules for it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{channels, errors, fields};
use crate::call::Answer;

const LONGEST_TITLE: usize = 100;
const LONGEST_DESCRIPTION_BYTES: usize = 5000;
const LONGEST_TAGS: usize = 500;
const USUAL_CATEGORY: &str = "22";
/// The parts of a video that a client may write.
const WRITABLE: &[&str] = &["snippet", "status", "localizations", "paidProductPlacementDetails", "recordingDetails"];

/// The writable parts of a video, each as it was sent last.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Resource {
    pub(super) id: Option<String>,
    pub(super) snippet: Option<Snippet>,
    pub(super) status: Option<Status>,
    pub(super) localizations: Option<BTreeMap<String, Localization>>,
    pub(super) paid_product_placement_details: Option<PaidPlacement>,
    pub(super) recording_details: Option<Recording>,
}

/// The part `snippet`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Snippet {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) category_id: Option<String>,
    pub(super) default_language: Option<String>,
    pub(super) default_audio_language: Option<String>,
}

/// The part `status`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub(super) privacy_status: Option<String>,
    pub(super) publish_at: Option<String>,
    pub(super) self_declared_made_for_kids: Option<bool>,
    pub(super) contains_synthetic_media: Option<bool>,
    pub(super) license: Option<String>,
    pub(super) embeddable: Option<bool>,
    pub(super) public_stats_viewable: Option<bool>,
}

/// Title and description in another language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Localization {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
}

/// The part `paidProductPlacementDetails`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PaidPlacement {
    pub(super) has_paid_product_placement: Option<bool>,
}

/// The part `recordingDetails`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Recording {
    pub(super) recording_date: Option<String>,
}

impl Resource {
    /// Reads a body; each writable part in it must be named in `parts`.
    pub(super) fn read(body: &Value, parts: &[String]) -> Result<Self, Answer> {
        fields::check(body, fields::VIDEO)?;
        let named = |part: &&&str| parts.iter().any(|named| named == **part);
        if let Some(part) = WRITABLE.iter().find(|part| body.get(**part).is_some() && !named(part)) {
            let message = format!("The body has an object that the part parameter does not name: {part}");
            return Err(errors::parameter("400/invalidParameter", "part", &message));
        }
        Self::deserialize(body).map_err(|error| fields::refuse(&error.to_string()))
    }

    /// Checks everything that a new video says about itself.
    pub(super) fn check_new(&self) -> Result<(), Answer> {
        let snippet = self.snippet.as_ref().ok_or_else(|| errors::named("400/invalidTitle"))?;
        self.check(snippet.default_language.as_deref())
    }

    /// Checks the parts that are there. `language` is the default language the video will have.
    pub(super) fn check(&self, language: Option<&str>) -> Result<(), Answer> {
        if let Some(snippet) = &self.snippet {
            snippet.check()?;
        }
        if let Some(status) = &self.status {
            status.check()?;
        }
        for (code, localization) in self.localizations.iter().flatten() {
            if language.is_none() {
                return Err(errors::named("400/defaultLanguageNotSet"));
            }
            check_language(Some(code))?;
            check_title(localization.title.as_deref())?;
            check_description(localization.description.as_deref())?;
        }
        let date = self.recording_details.as_ref().and_then(|details| details.recording_date.as_deref());
        if date.is_some_and(|date| time(date).is_none()) {
            return Err(errors::named("400/invalidRecordingDetails"));
        }
        Ok(())
    }

    /// Who may see the video.
    pub(super) fn privacy(&self) -> &str {
        self.status.as_ref().and_then(|status| status.privacy_status.as_deref()).unwrap_or("public")
    }

    /// When a private video is to become public.
    pub(super) fn publish_at(&self) -> Option<DateTime<Utc>> {
        time(self.status.as_ref()?.publish_at.as_deref()?)
    }
}

impl Snippet {
    fn check(&self) -> Result<(), Answer> {
        check_title(self.title.as_deref())?;
        check_description(self.description.as_deref())?;
        let tags = self.tags.as_deref().unwrap_or_default();
        // A tag with a space is stored in quotes, and commas stand between tags.
        let length: usize = tags.iter().map(|tag| tag.chars().count() + if tag.contains(' ') { 2 } else { 0 }).sum();
        if length + tags.len().saturating_sub(1) > LONGEST_TAGS || tags.iter().any(|tag| has_brackets(tag)) {
            return Err(errors::named("400/invalidTags"));
        }
        if !channels::is_assignable(self.category()) {
            return Err(errors::named("400/invalidCategoryId"));
        }
        check_language(self.default_language.as_deref())?;
        check_language(self.default_audio_language.as_deref())
    }

    /// The category, or the usual one.
    pub(super) fn category(&self) -> &str {
        self.category_id.as_deref().unwrap_or(USUAL_CATEGORY)
    }
}

impl Status {
    fn check(&self) -> Result<(), Answer> {
        let one_of = |value: &Option<String>, words: &[&str]| value.as_ref().is_none_or(|value| words.contains(&value.as_str()));
        let known = one_of(&self.privacy_status, &["public", "unlisted", "private"])
            && one_of(&self.license, &["youtube", "creativeCommon"]);
        if !known {
            return Err(errors::named("400/invalidVideoMetadata"));
        }
        let Some(publish_at) = &self.publish_at else { return Ok(()) };
        if self.privacy_status.as_deref() != Some("private") || time(publish_at).is_none() {
            return Err(errors::named("400/invalidPublishAt"));
        }
        Ok(())
    }
}

/// Reads an instant in ISO 8601.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

fn has_brackets(text: &str) -> bool {
    text.contains(['<', '>'])
}

fn check_title(title: Option<&str>) -> Result<(), Answer> {
    let title = title.unwrap_or_default();
    if title.trim().is_empty() || title.chars().count() > LONGEST_TITLE || has_brackets(title) {
        return Err(errors::named("400/invalidTitle"));
    }
    Ok(())
}

fn check_description(description: Option<&str>) -> Result<(), Answer> {
    let description = description.unwrap_or_default();
    if description.len() > LONGEST_DESCRIPTION_BYTES || has_brackets(description) {
        return Err(errors::named("400/invalidDescription"));
    }
    Ok(())
}

/// Checks that a language is written as BCP 47 has it.
fn check_language(code: Option<&str>) -> Result<(), Answer> {
    let Some(code) = code else { return Ok(()) };
    let mut subtags = code.split('-');
    let first = subtags.next().unwrap_or_default();
    let good = (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if good { Ok(()) } else { Err(errors::worded("400/invalidVideoMetadata", &format!("Invalid language: {code}"))) }
}
