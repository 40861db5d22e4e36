//! `POST /{page}/photos`: a picture of its own, or one that waits for a post.

use bytes::Bytes;

use super::errors::GraphError;
use super::posts::{check_message, check_page, insert, new_id, schedule};
use super::{Ask, Outcome, reads};
use crate::image::ImageType;
use crate::samples::find_sample;
use crate::state::{Media, Platform, Post, Stage, State};

const LARGEST_BYTES: usize = 10 * 1024 * 1024;
const MOST_REDIRECTS: u32 = 5;

/// Uploads a photo and publishes it unless told otherwise.
pub(crate) fn create(state: &mut State, ask: &Ask) -> Outcome {
    check_page(state, ask)?;
    let published = ask.params.flag("published", true)?;
    let scheduled_at = schedule(state, ask, published)?;
    let caption = ask.params.text("caption").or_else(|| ask.params.text("message"));
    check_message(caption.as_deref().unwrap_or_default())?;
    let bytes = picture(state, ask)?;
    let content_type = accepted_type(&bytes)?.content_type().to_owned();
    let photo_id = state.next_object_id();
    let photo = Media {
        platform: Platform::Facebook,
        account_id: ask.page_id.clone(),
        id: photo_id.clone(),
        declared_bytes: bytes.len(),
        bytes,
        content_type,
        alt_text: ask.params.text("alt_text_custom"),
        caption: caption.clone(),
        created_at: state.now(),
        stage: Stage::Ready,
        post_id: None,
    };
    state.media.insert(photo_id.clone(), photo);
    if published || scheduled_at.is_some() {
        let post = Post {
            platform: Platform::Facebook,
            account_id: ask.page_id.clone(),
            id: new_id(state, &ask.page_id),
            text: caption.unwrap_or_default(),
            link: None,
            media: vec![photo_id.clone()],
            reply_to: None,
            created_at: state.now(),
            published,
            scheduled_at,
        };
        insert(state, post);
    }
    reads::created(state, ask, &photo_id)
}

fn picture(state: &State, ask: &Ask) -> Result<Bytes, GraphError> {
    if let Some(file) = ask.params.file() {
        return Ok(file.clone());
    }
    match ask.params.text("url") {
        Some(url) => fetch(state, &url),
        None => Err(GraphError::bad_image()),
    }
}

/// The sandbox fetches nothing: only its own samples can be posted by address.
fn fetch(state: &State, address: &str) -> Result<Bytes, GraphError> {
    let sample = (|| {
        let url = url::Url::parse(address).ok()?;
        let own = url::Url::parse(&state.public_url).ok()?;
        let name = url.path().strip_prefix("/_sandbox/samples/")?;
        let redirects = url.query_pairs().find(|(key, _)| key == "redirect");
        let redirects: u32 = redirects.map_or(Some(0), |(_, value)| value.parse().ok())?;
        let here = url.port_or_known_default() == own.port_or_known_default();
        (here && redirects <= MOST_REDIRECTS).then(|| find_sample(name))?
    })();
    sample.map(|(bytes, _)| bytes).ok_or_else(GraphError::not_fetchable)
}

fn accepted_type(bytes: &[u8]) -> Result<ImageType, GraphError> {
    let known = ImageType::of(bytes).filter(|kind| *kind != ImageType::Webp);
    let fits = bytes.len() <= LARGEST_BYTES;
    known.filter(|_| fits).ok_or_else(GraphError::bad_image)
}
