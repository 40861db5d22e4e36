//! Reading Pages, posts and photos, one by one and in lists.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::fields::{self, Field};
use super::{Ask, Outcome};
use crate::call::Answer;
use crate::image;
use crate::state::{Account, Media, Platform, Post, State};

const PAGE_FIELDS: &[&str] =
    &["id", "name", "username", "access_token", "link", "picture", "tasks", "category", "about", "instagram_business_account"];
const POST_FIELDS: &[&str] = &[
    "id",
    "message",
    "story",
    "created_time",
    "updated_time",
    "permalink_url",
    "is_published",
    "status_type",
    "application",
    "attachments",
    "from",
    "full_picture",
    "is_hidden",
    "scheduled_publish_time",
    "promotable_id",
    "message_tags",
];
const PHOTO_FIELDS: &[&str] = &[
    "id",
    "name",
    "created_time",
    "updated_time",
    "page_story_id",
    "images",
    "alt_text",
    "alt_text_custom",
    "link",
    "from",
    "width",
    "height",
    "picture",
    "post_id",
];
const DEFAULT_LIMIT: usize = 25;
const LARGEST_LIMIT: usize = 100;

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn page_json(state: &State, account: &Account, own: bool) -> Value {
    let mut page = json!({
        "id": account.id,
        "name": account.name,
        "username": account.username,
        "link": format!("{}/{}", state.public_url, account.id),
    });
    if own {
        page["access_token"] = json!(account.access_token);
        page["tasks"] = json!(["ANALYZE", "ADVERTISE", "MODERATE", "CREATE_CONTENT", "MANAGE"]);
    }
    page
}

fn post_json(state: &State, post: &Post) -> Value {
    let page = state.account(Platform::Facebook, &post.account_id);
    let name = page.map(|page| page.name.as_str());
    let status_type = match (post.media.is_empty(), &post.link) {
        (false, _) => "added_photos",
        (true, Some(_)) => "shared_story",
        (true, None) => "mobile_status_update",
    };
    json!({
        "id": post.id,
        "message": (!post.text.is_empty()).then_some(&post.text),
        "created_time": time(post.created_at),
        "updated_time": time(post.created_at),
        "permalink_url": format!("{}/{}", state.public_url, post.id),
        "is_published": post.published,
        "is_hidden": false,
        "status_type": status_type,
        "application": {
            "id": state.settings.facebook_app_id,
            "name": "Sandbox app",
            "link": state.public_url,
        },
        "attachments": attachments(state, post),
        "from": {"id": post.account_id, "name": name},
        "scheduled_publish_time": post.scheduled_at.map(|at| at.timestamp()),
    })
}

fn attachments(state: &State, post: &Post) -> Value {
    let photo = |id: &String| {
        json!({
            "media_type": "photo",
            "type": "photo",
            "target": {"id": id, "url": format!("{}/{id}", state.public_url)},
            "url": format!("{}/{id}", state.public_url),
            "unshimmed_url": format!("{}/{id}", state.public_url),
            "media": {"image": {"src": format!("{}/_sandbox/media/{id}", state.public_url)}},
        })
    };
    let photos: Vec<Value> = post.media.iter().map(photo).collect();
    match (photos.as_slice(), &post.link) {
        ([], None) => Value::Null,
        ([], Some(link)) => json!({"data": [{
            "media_type": "link",
            "type": "share",
            "target": {"url": link},
            "url": link,
            "unshimmed_url": link,
            "title": link,
        }]}),
        ([_], _) => json!({"data": photos}),
        _ => json!({"data": [{
            "media_type": "album",
            "type": "album",
            "target": {"id": post.id, "url": format!("{}/{}", state.public_url, post.id)},
            "subattachments": {"data": photos},
        }]}),
    }
}

fn photo_json(state: &State, photo: &Media) -> Value {
    let (width, height) = image::size(&photo.bytes);
    let source = format!("{}/_sandbox/media/{}", state.public_url, photo.id);
    let page = state.account(Platform::Facebook, &photo.account_id);
    json!({
        "id": photo.id,
        "name": photo.caption,
        "created_time": time(photo.created_at),
        "updated_time": time(photo.created_at),
        "page_story_id": photo.post_id,
        "post_id": photo.post_id,
        "images": [{"width": width, "height": height, "source": source}],
        "width": width,
        "height": height,
        "picture": source,
        "alt_text": photo.alt_text,
        "alt_text_custom": photo.alt_text,
        "link": format!("{}/{}", state.public_url, photo.id),
        "from": {"id": photo.account_id, "name": page.map(|page| page.name.as_str())},
    })
}

/// The wanted fields, or the few that come without asking.
fn wanted(ask: &Ask, default: &str) -> Result<Vec<Field>, GraphError> {
    fields::parse(ask.params.text("fields").as_deref().unwrap_or(default))
}

/// `GET /{id}`: a Page, a post or a photo.
pub(crate) fn node(state: &mut State, ask: &Ask) -> Outcome {
    if let Some(account) = state.account(Platform::Facebook, &ask.id) {
        let page = page_json(state, account, ask.id == ask.page_id);
        let page = fields::project(&page, &wanted(ask, "name,id")?, PAGE_FIELDS)?;
        return Ok(Answer::json(200, &page));
    }
    if let Some(post) = state.post(Platform::Facebook, &ask.id)
        && (post.published || post.account_id == ask.page_id)
    {
        let wanted = wanted(ask, "created_time,message,id")?;
        let post = fields::project(&post_json(state, post), &wanted, POST_FIELDS)?;
        return Ok(Answer::json(200, &post));
    }
    if let Some(photo) = state.own_media(Platform::Facebook, &ask.page_id, &ask.id) {
        let wanted = wanted(ask, "created_time,name,id")?;
        let photo = fields::project(&photo_json(state, photo), &wanted, PHOTO_FIELDS)?;
        return Ok(Answer::json(200, &photo));
    }
    Err(GraphError::unknown_object("get", &ask.id))
}

/// The answer to a create call: the id, the post of a photo, and the fields asked for.
pub(super) fn created(state: &State, ask: &Ask, id: &str) -> Outcome {
    let read = ask.params.text("fields").map(|text| fields::parse(&text)).transpose()?;
    let (object, known) = match (state.post(Platform::Facebook, id), state.media.get(id)) {
        (Some(post), _) => (post_json(state, post), POST_FIELDS),
        (None, Some(photo)) => (photo_json(state, photo), PHOTO_FIELDS),
        (None, None) => (json!({"id": id}), POST_FIELDS),
    };
    let mut body = match read {
        Some(wanted) => fields::project(&object, &wanted, known)?,
        None => json!({"id": id}),
    };
    if object["post_id"].is_string() {
        body["post_id"] = object["post_id"].clone();
    }
    Ok(Answer::json(200, &body))
}

/// An object of a list with its creation time.
struct Item {
    at: DateTime<Utc>,
    object: Value,
}

/// `GET /{page}/published_posts`, newest first.
pub(crate) fn published_posts(state: &mut State, ask: &Ask) -> Outcome {
    let lag = TimeDelta::seconds(state.settings.facebook_index_lag_seconds);
    let indexed_until = state.now() - lag;
    posts(state, ask, "published_posts", |post| post.published && post.created_at <= indexed_until)
}

/// `GET /{page}/scheduled_posts`, newest first.
pub(crate) fn scheduled_posts(state: &mut State, ask: &Ask) -> Outcome {
    posts(state, ask, "scheduled_posts", |post| !post.published && post.scheduled_at.is_some())
}

fn posts(state: &State, ask: &Ask, edge: &str, wants: impl Fn(&Post) -> bool) -> Outcome {
    check_readable(state, ask)?;
    let of_page = |post: &&Post| post.platform == Platform::Facebook && post.account_id == ask.id;
    let posts = state.posts.iter().filter(of_page).filter(|post| wants(post));
    let items = posts.map(|post| Item { at: post.created_at, object: post_json(state, post) });
    let fields = wanted(ask, "created_time,message,id")?;
    list(state, ask, edge, items.collect(), &|object| fields::project(object, &fields, POST_FIELDS))
}

/// `GET /{page}/photos?type=uploaded`, newest first.
pub(crate) fn photos(state: &mut State, ask: &Ask) -> Outcome {
    check_readable(state, ask)?;
    let kind = ask.params.text("type");
    let uploaded = kind.as_deref() == Some("uploaded");
    // Without the type Facebook lists the profile pictures, of which a sandbox Page has none.
    let of_page = |photo: &&Media| uploaded && photo.platform == Platform::Facebook && photo.account_id == ask.id;
    let photos = state.media.values().filter(of_page).filter(|photo| photo.post_id.is_some());
    let items = photos.map(|photo| Item { at: photo.created_at, object: photo_json(state, photo) });
    let mut items: Vec<Item> = items.collect();
    items.sort_by_key(|item| item.object["id"].as_str().unwrap_or_default().to_owned());
    let fields = wanted(ask, "created_time,name,id")?;
    list(state, ask, "photos", items, &|object| fields::project(object, &fields, PHOTO_FIELDS))
}

fn check_readable(state: &State, ask: &Ask) -> Result<(), GraphError> {
    if state.account(Platform::Facebook, &ask.id).is_none() {
        return Err(GraphError::unknown_object("get", &ask.id));
    }
    if ask.id == ask.page_id { Ok(()) } else { Err(GraphError::permission()) }
}

/// Cuts a list, given oldest first, down to the page that a call asks for.
fn list(
    state: &State,
    ask: &Ask,
    edge: &str,
    mut items: Vec<Item>,
    project: &dyn Fn(&Value) -> Result<Value, GraphError>,
) -> Outcome {
    let limit = ask.params.number("limit")?.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > LARGEST_LIMIT {
        return Err(GraphError::parameter("(#100) limit must be between 1 and 100"));
    }
    let since = ask.params.time("since")?;
    let until = ask.params.time("until")?;
    // Facebook's clock in these filters has whole seconds.
    items.retain(|item| {
        since.is_none_or(|since| item.at.timestamp() >= since.timestamp())
            && until.is_none_or(|until| item.at.timestamp() <= until.timestamp())
    });
    items.reverse();
    if let Some(cursor) = ask.params.text("after") {
        let at = items.iter().position(|item| item_cursor(item) == cursor);
        let at = at.ok_or_else(|| GraphError::parameter("(#100) Invalid cursor"))?;
        items.drain(..=at);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let mut body = json!({"data": []});
    if let (Some(first), Some(last)) = (items.first(), items.last()) {
        let after = item_cursor(last);
        body["paging"] = json!({"cursors": {"before": item_cursor(first), "after": after}});
        if more {
            body["paging"]["next"] = json!(next_link(state, ask, edge, limit, &after));
        }
    }
    let objects: Result<Vec<Value>, GraphError> = items.iter().map(|item| project(&item.object)).collect();
    body["data"] = json!(objects?);
    Ok(Answer::json(200, &body))
}

fn item_cursor(item: &Item) -> String {
    URL_SAFE_NO_PAD.encode(item.object["id"].as_str().unwrap_or_default())
}

fn next_link(state: &State, ask: &Ask, edge: &str, limit: usize, after: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["access_token", "fields", "since", "until", "type"] {
        if let Some(value) = ask.params.text(name) {
            query.append_pair(name, &value);
        }
    }
    query.append_pair("limit", &limit.to_string()).append_pair("after", after);
    format!("{}/{}/{}/{edge}?{}", state.public_url, ask.version, ask.id, query.finish())
}
