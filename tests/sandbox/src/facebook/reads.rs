//! Reading Pages, posts and photos, one by one and in lists.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::fields::{self, Field};
use super::film::{self, Edge, Film, Work};
use super::lists::{Item, check_readable, indexed_until, list};
use super::posts::in_feed;
use super::{Ask, Outcome, comments, people};
use crate::call::Answer;
use crate::image;
use crate::state::{Account, Media, Platform, Post, State};

const PAGE_FIELDS: &[&str] =
    &["id", "name", "username", "access_token", "link", "picture", "tasks", "category", "about", "instagram_business_account"];
/// What an administrator may do on a Page.
const TASKS: &[&str] = &["ANALYZE", "ADVERTISE", "MODERATE", "CREATE_CONTENT", "MANAGE"];
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
const VIDEO_FIELDS: &[&str] = &[
    "id",
    "title",
    "description",
    "created_time",
    "updated_time",
    "from",
    "permalink_url",
    "published",
    "post_id",
    "length",
    "source",
    "scheduled_publish_time",
    "content_category",
    "custom_labels",
    "embeddable",
    "status",
];

/// An instant as the Graph API writes it.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// A Page or a person; its token and tasks show to itself and to people who run it.
pub(super) fn page_json(state: &State, account: &Account, own: bool) -> Value {
    let mut page = json!({
        "id": account.id,
        "name": account.name,
        "username": account.username,
        "link": format!("{}/{}", state.public_url, account.id),
        "category": "Software",
        "picture": {"data": {
            "url": format!("{}/_sandbox/samples/thumbnail.jpg", state.public_url),
            "is_silhouette": false,
        }},
    });
    if own {
        page["access_token"] = json!(account.access_token);
        // Somebody who only looks at the numbers may not post.
        let tasks: &[&str] = if account.variant == "analyst" { &["ANALYZE"] } else { TASKS };
        page["tasks"] = json!(tasks);
    }
    page
}

fn post_json(state: &State, post: &Post) -> Value {
    let page = state.account(Platform::Facebook, &post.account_id);
    let name = page.map(|page| page.name.as_str());
    let status_type = match (post.kind, post.media.is_empty(), &post.link) {
        ("video" | "reel", _, _) => "added_video",
        (_, false, _) => "added_photos",
        (_, true, Some(_)) => "shared_story",
        (_, true, None) => "mobile_status_update",
    };
    json!({
        "id": post.id,
        "message": (!post.text.is_empty()).then_some(&post.text),
        "created_time": time(post.created_at),
        "updated_time": time(post.created_at),
        "permalink_url": super::permalink(state, post),
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
    if let Some(film) = post.media.first().and_then(|id| state.facebook.films.get(id)) {
        let url = film::permalink(state, film);
        return json!({"data": [{
            "media_type": "video",
            "type": "video_inline",
            "target": {"id": film.id, "url": url},
            "url": url,
            "unshimmed_url": url,
            "title": film.title,
            "description": film.description,
            "media": {"source": format!("{}/_sandbox/media/{}", state.public_url, film.id)},
        }]});
    }
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
    let post = photo.post_id.as_ref().and_then(|id| state.post(Platform::Facebook, id));
    let post_id = post.filter(|post| post.extra.get("noStory").is_none()).map(|post| post.id.as_str());
    json!({
        "id": photo.id,
        "name": photo.caption,
        "created_time": time(photo.created_at),
        "updated_time": time(photo.created_at),
        "page_story_id": post_id,
        "post_id": post_id,
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
fn wanted(ask: &Ask<'_>, default: &str) -> Result<Vec<Field>, GraphError> {
    fields::parse(ask.params.text("fields").as_deref().unwrap_or(default))
}

/// `GET /{id}`: a Page, a post, a film, a photo or a comment.
pub(crate) fn node(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if ask.person
        && let Some(page) = people::given(state, &ask.account).into_iter().find(|page| people::page_id(page) == ask.id).cloned()
    {
        let page = people::page_json(state, ask, &page);
        return Ok(Answer::json(200, &fields::project(&page, &wanted(ask, "name,id")?, PAGE_FIELDS)?));
    }
    if let Some(account) = state.account(Platform::Facebook, &ask.id) {
        let page = page_json(state, account, account.variant != "user" && ask.id == ask.page_id);
        let page = fields::project(&page, &wanted(ask, "name,id")?, PAGE_FIELDS)?;
        return Ok(Answer::json(200, &page));
    }
    ask.needs("pages_read_engagement")?;
    let (object, known, default) = object(state, ask, &ask.id).ok_or_else(|| GraphError::unknown_object("get", &ask.id))?;
    let body = fields::project(&object, &wanted(ask, default)?, known)?;
    if film::find_own(state, ask, &ask.id).is_some() {
        film::checked(state, &ask.id);
    }
    Ok(Answer::json(200, &body))
}

/// Anything but a Page, with the fields that it can have and those that come without asking.
fn object(state: &State, ask: &Ask<'_>, id: &str) -> Option<(Value, &'static [&'static str], &'static str)> {
    if let Some(film) = film::find_own(state, ask, id) {
        return Some((film::json(state, film), VIDEO_FIELDS, "description,updated_time,id"));
    }
    if let Some(post) = state.post(Platform::Facebook, id)
        && (post.published || post.account_id == ask.page_id)
    {
        return Some((post_json(state, post), POST_FIELDS, "created_time,message,id"));
    }
    if let Some(photo) = state.own_media(Platform::Facebook, &ask.page_id, id) {
        return Some((photo_json(state, photo), PHOTO_FIELDS, "created_time,name,id"));
    }
    let comment = comments::find(state, ask).filter(|comment| comment.id == id)?;
    Some((comments::json(state, comment), comments::COMMENT_FIELDS, "created_time,from,message,id"))
}

/// The answer to a create call: the id, the post of a photo, and the fields asked for.
pub(super) fn created(state: &State, ask: &Ask<'_>, id: &str) -> Outcome {
    let read = ask.params.text("fields").map(|text| fields::parse(&text)).transpose()?;
    let (object, known, _) = object(state, ask, id).unwrap_or((json!({"id": id}), POST_FIELDS, ""));
    let mut body = match read {
        Some(wanted) => fields::project(&object, &wanted, known)?,
        None => json!({"id": id}),
    };
    if object["post_id"].is_string() && known == PHOTO_FIELDS {
        body["post_id"] = object["post_id"].clone();
    }
    Ok(Answer::json(200, &body))
}

/// `GET /{page}/published_posts`, newest first.
pub(crate) fn published_posts(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let until = indexed_until(state);
    posts(state, ask, "published_posts", |post| post.published && in_feed(post) && post.created_at <= until)
}

/// `GET /{page}/scheduled_posts`, newest first.
pub(crate) fn scheduled_posts(state: &mut State, ask: &Ask<'_>) -> Outcome {
    posts(state, ask, "scheduled_posts", |post| !post.published && post.scheduled_at.is_some())
}

fn posts(state: &State, ask: &Ask<'_>, edge: &str, wants: impl Fn(&Post) -> bool) -> Outcome {
    check_readable(state, ask)?;
    let of_page = |post: &&Post| post.platform == Platform::Facebook && post.account_id == ask.id;
    let posts = state.posts.iter().filter(of_page).filter(|post| wants(post));
    let items = posts.map(|post| Item::new(&post.id, post.created_at, post_json(state, post))).collect();
    let fields = wanted(ask, "created_time,message,id")?;
    list(state, ask, edge, Item::newest_first(items), &|object| fields::project(object, &fields, POST_FIELDS))
}

/// `GET /{page}/photos?type=uploaded`, newest first.
pub(crate) fn photos(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_readable(state, ask)?;
    let until = indexed_until(state);
    let kind = ask.params.text("type");
    let uploaded = kind.as_deref() == Some("uploaded");
    // Without the type Facebook lists the profile pictures, of which a sandbox Page has none.
    let of_page = |photo: &&Media| {
        let picture = photo.platform == Platform::Facebook && photo.content_type.starts_with("image/");
        uploaded && picture && photo.account_id == ask.id && photo.created_at <= until
    };
    let mut photos: Vec<&Media> = state.media.values().filter(of_page).filter(|photo| photo.post_id.is_some()).collect();
    photos.sort_by_key(|photo| &photo.id);
    let items = photos.into_iter().map(|photo| Item::new(&photo.id, photo.created_at, photo_json(state, photo))).collect();
    let fields = wanted(ask, "created_time,name,id")?;
    list(state, ask, "photos", Item::newest_first(items), &|object| fields::project(object, &fields, PHOTO_FIELDS))
}

/// `GET /{page}/videos?type=uploaded`, newest first: also those that are still worked on or not published.
pub(crate) fn videos(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let tagged = match ask.params.text("type").map(|kind| kind.to_ascii_lowercase()).as_deref() {
        None | Some("uploaded") => false,
        Some("tagged") => true,
        Some(_) => return Err(GraphError::parameter("(#100) Param type must be one of {TAGGED, UPLOADED}")),
    };
    films(state, ask, "videos", |film| !tagged && film.edge != Edge::Story && film.work != Work::Waiting)
}

/// `GET /{page}/video_reels`, newest first: the published ones.
pub(crate) fn reels(state: &mut State, ask: &Ask<'_>) -> Outcome {
    films(state, ask, "video_reels", |film| film.edge == Edge::Reel && film::visible_post(state, film).is_some())
}

fn films(state: &State, ask: &Ask<'_>, edge: &str, wants: impl Fn(&Film) -> bool) -> Outcome {
    check_readable(state, ask)?;
    let until = indexed_until(state);
    let at = |film: &Film| film::visible_post(state, film).map_or(film.started_at, |post| post.created_at);
    let listed = |film: &&Film| film.account_id == ask.id && at(film) <= until && wants(film);
    let mut films: Vec<&Film> = state.facebook.films.values().filter(listed).collect();
    films.sort_by_key(|film| &film.id);
    let items = films.into_iter().map(|film| Item::new(&film.id, at(film), film::json(state, film))).collect();
    let fields = wanted(ask, "description,updated_time,id")?;
    list(state, ask, edge, Item::newest_first(items), &|object| fields::project(object, &fields, VIDEO_FIELDS))
}
