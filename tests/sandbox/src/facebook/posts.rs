//! Posts of a Page: create, edit, delete.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::{Ask, Outcome, comments, photos, reads};
use crate::call::Answer;
use crate::state::{Platform, Post, State};

const LONGEST_MESSAGE: usize = 63_206;
/// Texts on a coloured background are short.
const LONGEST_COLOURED: usize = 130;
const SCHEDULE_FROM: TimeDelta = TimeDelta::minutes(10);
const SCHEDULE_UNTIL: TimeDelta = TimeDelta::days(75);

/// Publishing needs the token of the Page itself.
pub(super) fn check_page(state: &State, ask: &Ask<'_>) -> Result<(), GraphError> {
    if state.account(Platform::Facebook, &ask.id).is_none() {
        return Err(GraphError::unknown_object("post", &ask.id));
    }
    if ask.person {
        return Err(GraphError::page_token_needed());
    }
    ask.needs("pages_manage_posts")?;
    if ask.id == ask.page_id { Ok(()) } else { Err(GraphError::permission()) }
}

pub(super) fn check_message(message: &str) -> Result<(), GraphError> {
    if message.chars().count() > LONGEST_MESSAGE {
        return Err(GraphError::parameter("(#100) The message is too long"));
    }
    Ok(())
}

/// When an unpublished post is to appear, if it says so.
pub(super) fn schedule(state: &State, ask: &Ask<'_>, published: bool) -> Result<Option<DateTime<Utc>>, GraphError> {
    let Some(at) = ask.time(state, "scheduled_publish_time")? else { return Ok(None) };
    if published {
        let message = "(#100) You cannot specify a scheduled publish time on a published post";
        return Err(GraphError::parameter(message));
    }
    check_time(state, at)?;
    Ok(Some(at))
}

fn check_time(state: &State, at: DateTime<Utc>) -> Result<(), GraphError> {
    let ahead = at - state.now();
    if ahead < SCHEDULE_FROM || ahead > SCHEDULE_UNTIL {
        return Err(GraphError::parameter("(#100) The specified scheduled publish time is invalid"));
    }
    Ok(())
}

/// `POST /{page}/feed`.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
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
    photos::check_unused(state, ask, &photos)?;
    let mut extra = background(ask, &message, link.is_none() && photos.is_empty())?;
    if let Some(place) = ask.params.text("place") {
        extra["place"] = json!(place);
    }
    let kind = match (photos.len(), &link) {
        (0, None) => "text",
        (0, Some(_)) => "link",
        (1, _) => "image",
        (_, _) => "images",
    };
    let id = new_id(state, &ask.page_id);
    let post = Post {
        text: message,
        link,
        media: photos,
        extra,
        published,
        scheduled_at,
        ..Post::new(Platform::Facebook, &ask.page_id, id, kind, state.now())
    };
    if published && repeats_newest(state, &post) {
        return Err(GraphError::duplicate());
    }
    let id = post.id.clone();
    insert(state, post);
    reads::created(state, ask, &id)
}

/// The coloured background, which only short texts without anything else can have.
fn background(ask: &Ask<'_>, message: &str, text_only: bool) -> Result<Value, GraphError> {
    let Some(id) = ask.params.text("text_format_preset_id") else { return Ok(Value::Null) };
    let known = id.bytes().all(|byte| byte.is_ascii_digit());
    if !known || !text_only || message.chars().count() > LONGEST_COLOURED {
        return Err(GraphError::parameter("(#100) Param text_format_preset_id cannot be used for this post"));
    }
    Ok(json!({"textFormatPresetId": id}))
}

/// The next id of a post of a Page.
pub(super) fn new_id(state: &mut State, page_id: &str) -> String {
    format!("{page_id}_{}", state.next_object_id())
}

/// Stores a post, and ties its media to it once people can see it.
pub(super) fn insert(state: &mut State, post: Post) {
    if post.published {
        tie_media(state, &post);
    } else if post.scheduled_at.is_some() {
        state.facebook.waiting.push(post.id.clone());
    }
    state.posts.push(post);
}

/// Lets a waiting post appear.
pub(super) fn appear(state: &mut State, id: &str, at: DateTime<Utc>) {
    let post = state.posts.iter_mut().find(|post| post.platform == Platform::Facebook && post.id == id);
    let Some(post) = post else { return };
    post.published = true;
    post.scheduled_at = None;
    post.created_at = at;
    let post = post.clone();
    tie_media(state, &post);
}

fn tie_media(state: &mut State, post: &Post) {
    for id in &post.media {
        if let Some(media) = state.media.get_mut(id) {
            media.post_id = Some(post.id.clone());
        }
    }
}

/// Whether a post stands in the feed: stories do not, nor what was uploaded with `no_story`.
pub(super) fn in_feed(post: &Post) -> bool {
    post.kind != "story" && post.extra.get("noStory").is_none()
}

fn check_link(link: Option<&str>) -> Result<(), GraphError> {
    let Some(link) = link else { return Ok(()) };
    let web = url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if web { Ok(()) } else { Err(GraphError::parameter("(#100) link URL is not properly formatted")) }
}

/// Whether the newest visible post of the Page says the same.
fn repeats_newest(state: &State, post: &Post) -> bool {
    let visible = |known: &&Post| {
        known.platform == Platform::Facebook && known.account_id == post.account_id && known.published && in_feed(known)
    };
    let newest = state.posts.iter().filter(visible).max_by_key(|known| known.created_at);
    newest.is_some_and(|newest| {
        !post.text.is_empty() && newest.text == post.text && newest.link == post.link && newest.media.len() == post.media.len()
    })
}

fn own_post<'a>(state: &'a mut State, ask: &Ask<'_>, method: &str) -> Result<&'a mut Post, GraphError> {
    let own = |post: &&mut Post| post.platform == Platform::Facebook && post.id == ask.id && post.account_id == ask.page_id;
    let post = state.posts.iter_mut().find(own);
    post.ok_or_else(|| GraphError::unknown_object(method, &ask.id))
}

/// `POST /{post}`: a new message, another time, or publishing what was scheduled. `POST /{comment}` too.
pub(crate) fn update(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if comments::find(state, ask).is_some() {
        return comments::update(state, ask);
    }
    ask.needs("pages_manage_posts")?;
    let message = ask.params.text("message");
    check_message(message.as_deref().unwrap_or_default())?;
    let publish = ask.params.flag("is_published", false)?;
    let time = ask.time(state, "scheduled_publish_time")?;
    if let Some(time) = time {
        check_time(state, time)?;
    }
    let now = state.now();
    let post = own_post(state, ask, "post")?;
    if post.published && time.is_some() {
        return Err(GraphError::parameter("(#100) The post is published already"));
    }
    if let Some(message) = message {
        post.text = message;
    }
    let waits = !post.published;
    if let Some(time) = time {
        post.scheduled_at = Some(time);
        state.facebook.waiting.retain(|id| *id != ask.id);
        state.facebook.waiting.push(ask.id.clone());
    }
    if publish && waits {
        appear(state, &ask.id, now);
    }
    Ok(Answer::json(200, &json!({"success": true})))
}

/// `DELETE /{post}`, `DELETE /{photo}`, `DELETE /{video}` or `DELETE /{comment}`.
pub(crate) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if comments::find(state, ask).is_some() {
        return comments::delete(state, ask);
    }
    ask.needs("pages_manage_posts")?;
    let success = Answer::json(200, &json!({"success": true}));
    let film = state.facebook.films.get(&ask.id).is_some_and(|film| film.account_id == ask.page_id);
    if film || state.own_media(Platform::Facebook, &ask.page_id, &ask.id).is_some() {
        forget_media(state, &ask.id);
        let of_page = |post: &Post| post.platform == Platform::Facebook && post.account_id == ask.page_id;
        // A post without a picture is left when it says something; a film's post is the film.
        let empty = |post: &Post| post.media.is_empty() && (film || post.text.is_empty() && post.link.is_none());
        let mut emptied = Vec::new();
        for post in state.posts.iter_mut().filter(|post| of_page(post) && post.media.contains(&ask.id)) {
            post.media.retain(|id| *id != ask.id);
            if empty(post) {
                emptied.push(post.id.clone());
            }
        }
        state.posts.retain(|post| !of_page(post) || !emptied.contains(&post.id));
        return Ok(success);
    }
    let media = own_post(state, ask, "delete")?.media.clone();
    for id in media {
        forget_media(state, &id);
    }
    state.posts.retain(|post| post.platform != Platform::Facebook || post.id != ask.id);
    Ok(success)
}

fn forget_media(state: &mut State, id: &str) {
    state.media.remove(id);
    state.facebook.films.remove(id);
}
