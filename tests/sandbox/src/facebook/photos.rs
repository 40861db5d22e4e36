//! `POST /{page}/photos`: a picture of its own, or one that waits for a post.

use bytes::Bytes;
use chrono::TimeDelta;
use serde_json::json;

use super::errors::GraphError;
use super::posts::{check_message, check_page, insert, new_id, schedule};
use super::{Ask, Outcome, reads};
use crate::blob::Blob;
use crate::image::ImageType;
use crate::samples::fetch;
use crate::state::{Media, Platform, Post, State};

const LARGEST_BYTES: usize = 10 * 1024 * 1024;

/// Uploads a photo and publishes it unless told otherwise.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_page(state, ask)?;
    let published = ask.params.flag("published", true)?;
    let scheduled_at = schedule(state, ask, published)?;
    let caption = ask.params.text("caption").or_else(|| ask.params.text("message"));
    check_message(caption.as_deref().unwrap_or_default())?;
    let bytes = picture(state, ask)?;
    let content_type = accepted_type(&bytes)?.content_type().to_owned();
    let photo_id = state.next_object_id();
    let photo = Media {
        content_type,
        alt_text: ask.params.text("alt_text_custom"),
        caption: caption.clone(),
        ..Media::new(Platform::Facebook, &ask.page_id, photo_id.clone(), bytes.into(), state.now())
    };
    state.media.insert(photo_id.clone(), photo);
    if published || scheduled_at.is_some() {
        let id = new_id(state, &ask.page_id);
        let mut extra = json!({});
        if ask.params.flag("no_story", false)? {
            extra["noStory"] = json!(true);
        }
        let post = Post {
            extra,
            text: caption.unwrap_or_default(),
            media: vec![photo_id.clone()],
            published,
            scheduled_at,
            ..Post::new(Platform::Facebook, &ask.page_id, id, "image", state.now())
        };
        insert(state, post);
    }
    reads::created(state, ask, &photo_id)
}

fn picture(state: &State, ask: &Ask<'_>) -> Result<Bytes, GraphError> {
    if let Some(file) = ask.params.file() {
        return Ok(file.clone());
    }
    match ask.params.text("url") {
        Some(url) => fetch(state, &url).map(Blob::into_kept).ok_or_else(GraphError::not_fetchable),
        None => Err(GraphError::bad_image()),
    }
}

/// The type of a picture that is accepted.
pub(super) fn accepted_type(bytes: &[u8]) -> Result<ImageType, GraphError> {
    let known = ImageType::of(bytes).filter(|kind| *kind != ImageType::Webp);
    let fits = bytes.len() <= LARGEST_BYTES;
    known.filter(|_| fits).ok_or_else(GraphError::bad_image)
}

/// Refuses photos that are not the Page's, too old without a post, or in a post already.
pub(super) fn check_unused(state: &State, ask: &Ask<'_>, photos: &[String]) -> Result<(), GraphError> {
    let lifetime = TimeDelta::seconds(state.settings.facebook.unpublished_photo_seconds);
    for id in photos {
        let photo = state.own_media(Platform::Facebook, &ask.page_id, id);
        let photo = photo.filter(|photo| photo.content_type.starts_with("image/"));
        let Some(photo) = photo else {
            return Err(GraphError::parameter(format!("(#100) photo {id} cannot be used")));
        };
        if photo.post_id.is_some() {
            return Err(GraphError::photo_posted());
        }
        if state.now() - photo.created_at > lifetime {
            return Err(GraphError::parameter(format!("(#100) photo {id} has expired")));
        }
    }
    Ok(())
}
