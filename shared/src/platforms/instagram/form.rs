//! The forms that containers are made from, one per kind of post.

use url::Url;

use super::call::INSTAGRAM_LOGIN;
use crate::content::{Kind, Media};
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;

/// Parameters of a container.
pub(super) type Form = Vec<(&'static str, String)>;

/// The form of a post that is one file.
pub(super) fn single(cx: &Publishing<'_>) -> Result<Form, JobError> {
    let none = || JobError::new(ErrorClass::Bug, "media_missing", "a post of this kind holds one file, and there is none");
    let media = cx.draft.media.first().ok_or_else(none)?;
    let mut form = vec![address(cx, media)?];
    match cx.draft.kind {
        Kind::ImageStory | Kind::VideoStory => form.push(("media_type", "STORIES".to_owned())),
        Kind::Video | Kind::Reel => {
            form.push(("media_type", "REELS".to_owned()));
            reel(cx, &mut form);
        }
        _ => describe(media, &mut form),
    }
    shared(cx, &mut form)?;
    Ok(form)
}

/// The form of one item of a carousel.
pub(super) fn item(cx: &Publishing<'_>, media: &Media) -> Result<Form, JobError> {
    let mut form = vec![address(cx, media)?, ("is_carousel_item", "true".to_owned())];
    if cx.file(&media.url)?.is_video() {
        form.push(("media_type", "VIDEO".to_owned()));
    } else {
        describe(media, &mut form);
    }
    Ok(form)
}

/// The form of a carousel of finished items, in order.
pub(super) fn carousel(cx: &Publishing<'_>, items: &[String]) -> Result<Form, JobError> {
    let mut form = vec![("media_type", "CAROUSEL".to_owned()), ("children", items.join(","))];
    shared(cx, &mut form)?;
    Ok(form)
}

/// Where the file is, by what it is.
fn address(cx: &Publishing<'_>, media: &Media) -> Result<(&'static str, String), JobError> {
    let name = if cx.file(&media.url)?.is_video() { "video_url" } else { "image_url" };
    Ok((name, ascii(&media.url)))
}

/// The address as Meta takes it: in ASCII only.
fn ascii(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), String::from)
}

fn describe(media: &Media, form: &mut Form) {
    if let Some(alt_text) = media.alt_text.as_ref().filter(|text| !text.is_empty()) {
        form.push(("alt_text", alt_text.clone()));
    }
}

/// What only reels have. A plain `video` is a reel that also shows among the other posts, unless it says otherwise.
fn reel(cx: &Publishing<'_>, form: &mut Form) {
    let options = &cx.draft.options;
    let share_to_feed = options.share_to_feed.or((cx.draft.kind == Kind::Video).then_some(true));
    form.extend(share_to_feed.map(|share| ("share_to_feed", share.to_string())));
    form.extend(cx.draft.thumbnail.as_ref().map(|url| ("cover_url", ascii(url))));
    form.extend(options.cover_at_ms.map(|at| ("thumb_offset", at.to_string())));
}

/// What most kinds share; options that a kind lacks were refused when the post was submitted.
fn shared(cx: &Publishing<'_>, form: &mut Form) -> Result<(), JobError> {
    let options = &cx.draft.options;
    let facebook_only = [("collaborators", !options.collaborators.is_empty()), ("paidPartnership", options.paid_partnership)];
    for (name, given) in facebook_only {
        if given && cx.account.variant == INSTAGRAM_LOGIN {
            return Err(needs_facebook(name));
        }
    }
    if !cx.draft.text.is_empty() {
        form.push(("caption", cx.draft.text.clone()));
    }
    if !options.collaborators.is_empty() {
        form.push(("collaborators", serde_json::Value::from(options.collaborators.clone()).to_string()));
    }
    form.extend(options.location_id.as_ref().map(|id| ("location_id", id.clone())));
    form.extend(options.ai_generated.then(|| ("is_ai_generated", "true".to_owned())));
    form.extend(options.paid_partnership.then(|| ("is_paid_partnership", "true".to_owned())));
    Ok(())
}

/// An option that only Facebook's login has: never left out in silence.
fn needs_facebook(option: &str) -> JobError {
    let message = format!("`{option}` only works for Instagram accounts that are connected through Facebook");
    JobError::new(ErrorClass::Rejected, "option_unsupported", message)
        .remedy("connect the account through its Facebook Page, or submit the post without the option")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sent_in_ascii() {
        assert_eq!(ascii("https://bücher.example/ä b.jpg?q=ü"), "https://xn--bcher-kva.example/%C3%A4%20b.jpg?q=%C3%BC");
        assert_eq!(ascii("https://example.com/a.jpg?X-Sig=a%2Fb"), "https://example.com/a.jpg?X-Sig=a%2Fb");
    }
}
