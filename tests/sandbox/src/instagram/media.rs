//! Published media: one by one, and in the lists that a lost answer is searched in.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::comments;
use super::fields::Shape;
use super::list::{self, Item, Listing};
use super::routes::{Ask, Outcome};
use crate::state::{Media, Platform, Post, State};

const FIELDS: &[&str] = &[
    "id",
    "ig_id",
    "caption",
    "media_type",
    "media_product_type",
    "media_url",
    "permalink",
    "shortcode",
    "timestamp",
    "thumbnail_url",
    "username",
    "owner",
    "like_count",
    "comments_count",
    "is_comment_enabled",
    "is_shared_to_feed",
    "alt_text",
];

/// What media can show.
pub(super) const MEDIA: Shape =
    Shape { fields: FIELDS, edges: &[("children", &CHILD, "id"), ("comments", &comments::COMMENT, "timestamp,text,id")] };

/// What an item of a carousel can show.
pub(super) const CHILD: Shape = Shape {
    fields: &[
        "id",
        "ig_id",
        "media_type",
        "media_url",
        "permalink",
        "shortcode",
        "timestamp",
        "thumbnail_url",
        "username",
        "owner",
        "alt_text",
    ],
    edges: &[],
};

/// The number that shortcodes are made of; ids of the Graph API are others.
fn instagram_number(id: &str) -> u64 {
    3_400_000_000_000_000_000 + id.parse::<u64>().unwrap_or(0) % 100_000_000_000_000_000
}

/// The eleven characters of a permalink.
fn shortcode(id: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let number = instagram_number(id);
    let digits = (0..11).rev().map(|place| (number >> (6 * place)) & 63);
    digits.filter_map(|digit| Some(char::from(*ALPHABET.get(usize::try_from(digit).ok()?)?))).collect()
}

/// Where people would see a post.
pub(super) fn permalink(state: &State, post: &Post) -> String {
    let base = &state.public_url;
    match post.kind {
        "story" => format!("{base}/stories/{}/{}", username(state, post), post.id),
        "reel" => format!("{base}/reel/{}/", shortcode(&post.id)),
        _ => format!("{base}/p/{}/", shortcode(&post.id)),
    }
}

fn username<'a>(state: &'a State, post: &Post) -> &'a str {
    state.account(Platform::Instagram, &post.account_id).map_or("", |account| account.username.as_str())
}

fn file_url(state: &State, file: &Media) -> String {
    format!("{}/_sandbox/media/{}", state.public_url, file.id)
}

/// The object of a post or of an item of a carousel.
pub(super) fn find(state: &State, id: &str) -> Option<Value> {
    if let Some(post) = state.post(Platform::Instagram, id) {
        return Some(media_json(state, post));
    }
    let file = state.media.get(id).filter(|file| file.platform == Platform::Instagram)?;
    let post = state.post(Platform::Instagram, file.post_id.as_deref()?)?;
    Some(child_json(state, post, file))
}

/// The items of a carousel, in order.
pub(super) fn children(state: &State, post: &Post) -> Vec<Value> {
    let files = post.media.iter().filter_map(|id| state.media.get(id));
    files.map(|file| child_json(state, post, file)).collect()
}

fn child_json(state: &State, post: &Post, file: &Media) -> Value {
    let film = file.content_type.starts_with("video/");
    json!({
        "id": file.id,
        "ig_id": instagram_number(&file.id).to_string(),
        "media_type": if film { "VIDEO" } else { "IMAGE" },
        "media_url": file_url(state, file),
        "thumbnail_url": film.then(|| file_url(state, file)),
        "permalink": permalink(state, post),
        "shortcode": shortcode(&file.id),
        "timestamp": list::timestamp(post.created_at),
        "username": username(state, post),
        "owner": {"id": post.account_id},
        "alt_text": file.alt_text,
    })
}

fn media_json(state: &State, post: &Post) -> Value {
    let file = post.media.first().and_then(|id| state.media.get(id));
    let film = file.is_some_and(|file| file.content_type.starts_with("video/"));
    let album = post.kind == "carousel";
    let media_type = match (album, film) {
        (true, _) => "CAROUSEL_ALBUM",
        (false, true) => "VIDEO",
        (false, false) => "IMAGE",
    };
    let product_type = match post.kind {
        "story" => "STORY",
        "reel" => "REELS",
        _ => "FEED",
    };
    let url = file.map(|file| file_url(state, file));
    let cover = post.extra["cover"].as_str().map(str::to_owned).or_else(|| url.clone());
    json!({
        "id": post.id,
        "ig_id": instagram_number(&post.id).to_string(),
        "caption": (!post.text.is_empty()).then_some(&post.text),
        "media_type": media_type,
        "media_product_type": product_type,
        "media_url": url,
        "thumbnail_url": cover.filter(|_| film && !album),
        "permalink": permalink(state, post),
        "shortcode": shortcode(&post.id),
        "timestamp": list::timestamp(post.created_at),
        "username": username(state, post),
        "owner": {"id": post.account_id},
        "like_count": 0,
        "comments_count": post.comments.len(),
        "is_comment_enabled": !state.instagram.closed.contains(&post.id),
        "is_shared_to_feed": (post.kind == "reel").then(|| post.extra["share_to_feed"] != json!(false)),
        "alt_text": file.filter(|_| !album).and_then(|file| file.alt_text.as_ref()),
        "children": album.then(|| json!({"data": children(state, post)})),
        "comments": {"data": comments::below(state, post, None)},
    })
}

/// The account's posts that the index knows, oldest first.
fn indexed(state: &State, ask: &Ask<'_>, wants: impl Fn(&Post) -> bool) -> Vec<Item> {
    let until = state.now() - TimeDelta::seconds(state.settings.instagram.index_lag_seconds);
    let own = |post: &&Post| post.platform == Platform::Instagram && post.account_id == ask.id && post.created_at <= until;
    let posts = state.posts.iter().filter(own).filter(|post| wants(post));
    posts.map(|post| Item { at: post.created_at, object: media_json(state, post) }).collect()
}

/// `GET /{ig-user}/media`, newest first, without stories.
pub(super) fn list_media(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.own_account("get")?;
    let items = indexed(state, ask, |post| post.kind != "story");
    list::answer_newest_first(state, ask, items, &Listing { edge: "media", shape: &MEDIA, default: "id" })
}

/// `GET /{ig-user}/stories`, those of the last 24 hours.
pub(super) fn list_stories(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.own_account("get")?;
    let since = state.now() - TimeDelta::days(1);
    let items = indexed(state, ask, |post| post.kind == "story" && post.created_at > since);
    list::answer_newest_first(state, ask, items, &Listing { edge: "stories", shape: &MEDIA, default: "id" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcodes_have_eleven_characters_and_differ() {
        let one = shortcode("18000000000000001");
        let two = shortcode("18000000000000002");

        assert_eq!((one.len(), two.len()), (11, 11));
        assert_ne!(one, two);
    }
}
