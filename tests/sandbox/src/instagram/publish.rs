//! `POST /{ig-user}/media_publish`, and how much of it is allowed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::errors::Refusal;
use super::fields::{self, Shape};
use super::list;
use super::memory::{Container, Kind};
use super::process::{Status, status};
use super::routes::{Ask, Outcome};
use super::{containers, media};
use crate::call::Answer;
use crate::state::{Platform, Post, State};

const QUOTA: Shape = Shape { fields: &["quota_usage", "config"], edges: &[] };

/// Makes a finished container visible.
pub(super) fn publish(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.own_account("post")?;
    let id = ask.params.text("creation_id").ok_or_else(|| Refusal::required("creation_id"))?;
    let container = state.instagram.own_container(&ask.account.id, &id);
    let container = container.ok_or_else(|| Refusal::named("24/2207008"))?.clone();
    if container.child {
        return Err(Refusal::parameter("A carousel item cannot be published on its own"));
    }
    match status(state, &container) {
        Status::Finished => {}
        Status::InProgress => return Err(Refusal::named("9007/2207027")),
        Status::Expired => return Err(Refusal::named("24/2207008")),
        Status::Error(subcode) => return Err(Refusal::of_subcode(&subcode)),
        Status::Published => return Err(Refusal::named(&state.settings.instagram.second_publish_error)),
    }
    let usage = used(state, &ask.account.id, quota_start(state));
    if state.settings.rate_limits && usage >= state.settings.instagram.quota_total {
        return Err(Refusal::named("9/2207042"));
    }
    let media_id = appear(state, &container);
    let wanted = fields::wanted(&ask.params, "id")?;
    let object = media::find(state, &media_id).ok_or_else(|| Refusal::unknown_object("get", &media_id))?;
    Ok(Answer::json(200, &fields::project(&object, &wanted, &media::MEDIA)?))
}

/// Turns a container into a post and returns its id.
fn appear(state: &mut State, container: &Container) -> String {
    let own_file = container.file_id.clone();
    let media_id = own_file.clone().unwrap_or_else(|| containers::new_media_id(state));
    let items = container.children.iter().filter_map(|id| state.instagram.containers.get(id)?.file_id.clone());
    let files: Vec<String> = own_file.into_iter().chain(items).collect();
    let kind = match container.kind {
        Kind::Image => "image",
        Kind::Reel | Kind::Video => "reel",
        Kind::Story => "story",
        Kind::Carousel => "carousel",
    };
    let now = state.now();
    for file in &files {
        if let Some(file) = state.media.get_mut(file) {
            file.post_id = Some(media_id.clone());
        }
    }
    state.posts.push(Post {
        text: container.caption.clone(),
        media: files,
        extra: extra(state, container),
        ..Post::new(Platform::Instagram, &container.account_id, media_id.clone(), kind, now)
    });
    for id in container.children.iter().chain([&container.id]) {
        if let Some(container) = state.instagram.containers.get_mut(id) {
            container.media_id = Some(media_id.clone());
        }
    }
    state.instagram.published.push((container.account_id.clone(), now));
    media_id
}

/// The options of the container, and the picture that stands for its film.
fn extra(state: &State, container: &Container) -> Value {
    let mut extra = container.extra.clone();
    if let Some(cover) = &container.cover_id {
        extra["cover"] = json!(format!("{}/_sandbox/media/{cover}", state.public_url));
    }
    extra
}

fn quota_start(state: &State) -> DateTime<Utc> {
    state.now() - TimeDelta::seconds(state.settings.instagram.quota_duration_seconds)
}

fn used(state: &State, account_id: &str, since: DateTime<Utc>) -> usize {
    let published = state.instagram.published.iter();
    published.filter(|(account, at)| account == account_id && *at > since).count()
}

/// `GET /{ig-user}/content_publishing_limit`.
pub(super) fn limit(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.own_account("get")?;
    let since = match list::time(&ask.params, "since")? {
        Some(since) if since < state.now() - TimeDelta::days(1) => {
            return Err(Refusal::parameter("Param since must be within the last 24 hours"));
        }
        Some(since) => since,
        None => quota_start(state),
    };
    let settings = &state.settings.instagram;
    let object = json!({
        "quota_usage": used(state, &ask.account.id, since),
        "config": {"quota_total": settings.quota_total, "quota_duration": settings.quota_duration_seconds},
    });
    let wanted = fields::wanted(&ask.params, "quota_usage")?;
    Ok(Answer::json(200, &json!({"data": [fields::project(&object, &wanted, &QUOTA)?]})))
}
