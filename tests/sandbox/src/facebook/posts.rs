//! Posts of a Page: create, edit, delete.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::errors::GraphError;
use super::{Ask, Outcome, reads};
use crate::call::Answer;
use crate::state::{Platform, Post, State};

const LONGEST_MESSAGE: usize = 63_206;
const SCHEDULE_FROM: TimeDelta = TimeDelta::minutes(10);
const SCHEDULE_UNTIL: TimeDelta = TimeDelta::days(75);

/// Publishing needs the token of the Page itself.
pub(super) fn check_page(state: &State, ask: &Ask) -> Result<(), GraphError> {
    if state.account(Platform::Facebook, &ask.id).is_none() {
        return Err(GraphError::unknown_object("post", &ask.id));
    }
    if ask.id == ask.page_id { Ok(()) } else { Err(GraphError::permission()) }
}

pub(super) fn check_message(message: &str) -> Result<(), GraphError> {
    if message.chars().count() > LONGEST_MESSAGE {
        return Err(GraphError::parameter("(#100) The message is too long"));
    }
    Ok(())
}

/// When an unpublished post is to appear, if it says so.
pub(super) fn schedule(state: &State, ask: &Ask, published: bool) -> Result<Option<DateTime<Utc>>, GraphError> {
    let Some(at) = ask.params.time("scheduled_publish_time")? else { return Ok(None) };
    if published {
        let message = "(#100) You cannot specify a scheduled publish time on a published post";
        return Err(GraphError::parameter(message));
    }
    let ahead = at - state.now();
    if ahead < SCHEDULE_FROM || ahead > SCHEDULE_UNTIL {
        return Err(GraphError::parameter("(#100) The specified scheduled publish time is invalid"));
    }
    Ok(Some(at))
}

/// `POST /{page}/feed`.
pub(crate) fn create(state: &mut State, ask: &Ask) -> Outcome {
    check_page(state, ask)?;
    let message = ask.params.text("message").unwrap_or_default();
    let link = ask.params.text("link");
    let photos = ask.params.attached_media()?;
    let published = ask.params.flag("published", true)?;
    let scheduled_at = schedule(state, ask, published)?;
    if message.is_empty() && link.is_none() && photos.is_empty() {
        return Err(GraphError::parameter("(#100) You must provide a message, a link or media"));
    }
    check_message(&message)?;
    check_link(link.as_deref())?;
    check_photos(state, ask, &photos)?;
    let post = Post {
        platform: Platform::Facebook,
        account_id: ask.page_id.clone(),
        id: new_id(state, &ask.page_id),
        text: message,
        link,
        media: photos,
        reply_to: None,
        created_at: state.now(),
        published,
        scheduled_at,
    };
    if published && repeats_newest(state, &post) {
        return Err(GraphError::duplicate());
    }
    let id = post.id.clone();
    insert(state, post);
    reads::created(state, ask, &id)
}

/// The next id of a post of a Page.
pub(super) fn new_id(state: &mut State, page_id: &str) -> String {
    format!("{page_id}_{}", state.next_object_id())
}

/// Stores a post and ties its photos to it.
pub(super) fn insert(state: &mut State, post: Post) {
    if post.published {
        tie_photos(state, &post);
    }
    state.posts.push(post);
}

fn tie_photos(state: &mut State, post: &Post) {
    for id in &post.media {
        if let Some(photo) = state.media.get_mut(id) {
            photo.post_id = Some(post.id.clone());
        }
    }
}

fn check_link(link: Option<&str>) -> Result<(), GraphError> {
    let Some(link) = link else { return Ok(()) };
    let web = url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if web { Ok(()) } else { Err(GraphError::parameter("(#100) link URL is not properly formatted")) }
}

fn check_photos(state: &State, ask: &Ask, photos: &[String]) -> Result<(), GraphError> {
    for id in photos {
        let Some(photo) = state.own_media(Platform::Facebook, &ask.page_id, id) else {
            let message = format!("(#100) attached_media: photo {id} cannot be used");
            return Err(GraphError::parameter(message));
        };
        if photo.post_id.is_some() {
            return Err(GraphError::photo_posted());
        }
    }
    Ok(())
}

/// Whether the newest visible post of the Page says the same.
fn repeats_newest(state: &State, post: &Post) -> bool {
    let visible = |known: &&Post| known.platform == Platform::Facebook && known.account_id == post.account_id && known.published;
    let newest = state.posts.iter().filter(visible).max_by_key(|known| known.created_at);
    newest.is_some_and(|newest| {
        !post.text.is_empty() && newest.text == post.text && newest.link == post.link && newest.media.len() == post.media.len()
    })
}

fn own_post<'a>(state: &'a mut State, ask: &Ask, method: &str) -> Result<&'a mut Post, GraphError> {
    let own = |post: &&mut Post| post.platform == Platform::Facebook && post.id == ask.id && post.account_id == ask.page_id;
    let post = state.posts.iter_mut().find(own);
    post.ok_or_else(|| GraphError::unknown_object(method, &ask.id))
}

/// `POST /{post}`: a new message, or publishing what was scheduled.
pub(crate) fn update(state: &mut State, ask: &Ask) -> Outcome {
    let message = ask.params.text("message");
    check_message(message.as_deref().unwrap_or_default())?;
    let publish = ask.params.flag("is_published", false)?;
    let now = state.now();
    let post = own_post(state, ask, "post")?;
    if let Some(message) = message {
        post.text = message;
    }
    if publish && !post.published {
        post.published = true;
        post.scheduled_at = None;
        post.created_at = now;
        let post = post.clone();
        tie_photos(state, &post);
    }
    Ok(Answer::json(200, &json!({"success": true})))
}

/// `DELETE /{post}` or `DELETE /{photo}`.
pub(crate) fn delete(state: &mut State, ask: &Ask) -> Outcome {
    let success = Answer::json(200, &json!({"success": true}));
    if state.own_media(Platform::Facebook, &ask.page_id, &ask.id).is_some() {
        state.media.remove(&ask.id);
        for post in &mut state.posts {
            post.media.retain(|id| *id != ask.id);
        }
        state.posts.retain(|post| {
            post.platform != Platform::Facebook || !(post.text.is_empty() && post.link.is_none() && post.media.is_empty())
        });
        return Ok(success);
    }
    let photos = own_post(state, ask, "delete")?.media.clone();
    for id in photos {
        state.media.remove(&id);
    }
    state.posts.retain(|post| post.platform != Platform::Facebook || post.id != ask.id);
    Ok(success)
}
