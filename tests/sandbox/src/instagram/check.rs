//! Limits on texts and pictures.

use super::errors::Refusal;
use crate::blob::Blob;
use crate::facebook::params::Params;
use crate::image::{self, ImageType};
use crate::sniff;

const LONGEST_CAPTION: usize = 2200;
const MOST_HASHTAGS: usize = 30;
const MOST_MENTIONS: usize = 20;
const LONGEST_ALT_TEXT: usize = 1000;
const LARGEST_IMAGE_BYTES: u64 = 8 * 1024 * 1024;

/// A boolean in any of its spellings; absent is false.
pub(super) fn flag(params: &Params, name: &str) -> Result<bool, Refusal> {
    match params.text(name).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Refusal::parameter(&format!("Param {name} must be a boolean"))),
    }
}

/// A list as JSON text, with commas, or one parameter per index.
pub(super) fn list(params: &Params, name: &str) -> Vec<String> {
    let Some(text) = params.text(name) else {
        let indexed = (0..).map_while(|n| params.text(&format!("{name}[{n}]")));
        return indexed.collect();
    };
    match serde_json::from_str::<Vec<serde_json::Value>>(&text) {
        Ok(items) => items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect(),
        Err(_) => text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect(),
    }
}

/// Refuses captions that are too long or tag too much.
pub(super) fn caption(text: &str) -> Result<(), Refusal> {
    let fits = text.chars().count() <= LONGEST_CAPTION && tags(text, '#') <= MOST_HASHTAGS && tags(text, '@') <= MOST_MENTIONS;
    if fits { Ok(()) } else { Err(Refusal::named("36004/2207010")) }
}

/// How many words begin with `sign`. An address such as `me@example.com` is no mention.
fn tags(text: &str, sign: char) -> usize {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = ' ';
    let mut count = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let begins = c == sign && !(sign == '@' && word(before)) && rest.peek().is_some_and(|next| word(*next));
        count += usize::from(begins);
        before = c;
    }
    count
}

/// Refuses alternative texts that are too long.
pub(super) fn alt_text(text: &str) -> Result<(), Refusal> {
    if text.chars().count() > LONGEST_ALT_TEXT {
        return Err(Refusal::parameter("Param alt_text must be at most 1000 characters"));
    }
    Ok(())
}

/// Refuses what is no JPEG or too large.
pub(super) fn picture(file: &Blob) -> Result<(), Refusal> {
    if sniff::content_type(file.kept()) == "application/octet-stream" {
        return Err(Refusal::named("9004/2207052"));
    }
    if file.length() > LARGEST_IMAGE_BYTES {
        return Err(Refusal::named("36000/2207004"));
    }
    if ImageType::of(file.kept()) != Some(ImageType::Jpeg) {
        return Err(Refusal::named("36001/2207005"));
    }
    Ok(())
}

/// Refuses pictures that the feed cannot show: taller than 4:5 or wider than 1.91:1.
pub(super) fn aspect_ratio(file: &Blob) -> Result<(), Refusal> {
    let (width, height) = image::size(file.kept());
    let (width, height) = (u64::from(width), u64::from(height));
    // Half a pixel of rounding is forgiven.
    let too_tall = (2 * width + 1) * 5 < 8 * height;
    let too_wide = 200 * width > 191 * (2 * height + 1);
    if too_tall || too_wide { Err(Refusal::named("36003/2207009")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_have_limits_on_length_and_tags() {
        let cases = [
            ("a".repeat(2200), true),
            ("a".repeat(2201), false),
            ("é".repeat(2200), true),
            ("#tag ".repeat(30), true),
            ("#tag".repeat(31), false),
            ("@you ".repeat(20), true),
            ("@you ".repeat(21), false),
            ("me@example.com ".repeat(21), true),
            ("# @ ".repeat(50), true),
        ];

        for (text, fits) in cases {
            assert_eq!(caption(&text).is_ok(), fits, "{text:.20}");
        }
    }
}
