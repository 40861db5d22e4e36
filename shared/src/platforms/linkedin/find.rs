//! Looks for what was sent and not answered: a post in the list of an organisation's posts, a comment below a post.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::call::{Call, key};
use super::errors::PERMISSION_MISSING;
use super::post::Created;
use super::text::plain;
use crate::clock::Timestamp;
use crate::error::JobError;
use crate::journal::Sighting;
use crate::platforms::Publishing;

/// LinkedIn's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// How many are asked for at a time; LinkedIn allows 100.
const PAGE: usize = 100;

/// Pages that are read before giving up: more than the day's quota lets an author post.
const PAGES_MAX: usize = 5;

#[derive(Deserialize)]
struct Page<T> {
    elements: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    id: String,
    #[serde(default)]
    commentary: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    created_at: i64,
    #[serde(default)]
    lifecycle_state: String,
}

/// Finds the one post since `since` that says and shows what the body does and belongs to no other target.
pub(super) async fn post(cx: &Publishing<'_>, body: &str, since: Timestamp) -> Result<Sighting<Created>, JobError> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let since = since.minus(CLOCK_SLACK);
    let taken = cx.taken_ids(since).await?;
    let mut matches = Vec::new();
    for page in 0..PAGES_MAX {
        let posts = posts(cx, page * PAGE).await?;
        let is_last = posts.len() < PAGE || posts.iter().any(|post| post.created_at < since.0);
        let ours = posts.into_iter().filter(|post| post.created_at >= since.0 && is_ours(&body, post));
        matches.extend(ours.map(|post| post.id).filter(|id| !taken.contains(id)));
        if is_last {
            return Ok(match matches.len() {
                0 => Sighting::Absent,
                1 => Sighting::Found(Created { id: matches.remove(0) }),
                count => Sighting::CannotTell(format!("{count} recent posts look like it")),
            });
        }
    }
    Ok(Sighting::CannotTell("the organisation has more recent posts than can be searched".to_owned()))
}

/// The author's posts, newest first.
async fn posts(cx: &Publishing<'_>, start: usize) -> Result<Vec<Post>, JobError> {
    let (start, count) = (start.to_string(), PAGE.to_string());
    // LinkedIn is reported to want the author before the finder's name.
    let query = [
        ("author", cx.account.external_id.as_str()),
        ("q", "author"),
        ("count", &count),
        ("start", &start),
        ("sortBy", "CREATED"),
        ("isDsc", "false"),
    ];
    let answer = Call::get(cx, "/rest/posts").finder(&query).send("list posts").await?;
    Ok(answer.json::<Page<Post>>("list posts")?.elements)
}

fn is_ours(body: &Value, post: &Post) -> bool {
    if post.lifecycle_state == "DRAFT" {
        return false;
    }
    let (sent, read) = (&body["content"], &post.content);
    match media_of(sent) {
        // Media are uploaded for one post: whatever shows them is that post.
        Some(media) => media_of(read).is_some_and(|read| read == media),
        None => same_words(&body["commentary"], &post.commentary) && same_content(sent, read),
    }
}

/// URNs of the media that a content shows, in order.
fn media_of(content: &Value) -> Option<Vec<&str>> {
    if let Some(id) = content["media"]["id"].as_str() {
        return Some(vec![id]);
    }
    let images = content["multiImage"]["images"].as_array()?;
    Some(images.iter().filter_map(|image| image["id"].as_str()).collect())
}

fn same_words(sent: &Value, read: &str) -> bool {
    plain(sent.as_str().unwrap_or_default()) == plain(read)
}

/// Whether both link to the same page, ask the same question, or do neither.
fn same_content(sent: &Value, read: &Value) -> bool {
    let question = |content: &Value| content["poll"]["question"].as_str().map(str::to_owned);
    let source = |content: &Value| content["article"]["source"].as_str().map(page_url);
    media_of(read).is_none() && question(sent) == question(read) && source(sent) == source(read)
}

/// An address in one way of writing it.
fn page_url(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), String::from)
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    id: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    message: Message,
    #[serde(default)]
    created: Stamp,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    text: String,
}

#[derive(Default, Deserialize)]
struct Stamp {
    #[serde(default)]
    time: i64,
}

/// Finds the account's own comment below a post, where comments may be read.
pub(super) async fn comment(
    cx: &Publishing<'_>,
    (post, text): (&str, &str),
    since: Timestamp,
) -> Result<Sighting<Created>, JobError> {
    let since = since.minus(CLOCK_SLACK).0;
    for page in 0..PAGES_MAX {
        let comments = match comments(cx, post, page * PAGE).await {
            Ok(comments) => comments,
            Err(error) if error.code == PERMISSION_MISSING => {
                let reason = "LinkedIn does not let this account read comments; look below the post";
                return Ok(Sighting::CannotTell(reason.to_owned()));
            }
            Err(error) => return Err(error),
        };
        let is_last = comments.len() < PAGE;
        let is_ours = |comment: &Comment| {
            comment.actor == cx.account.external_id && comment.created.time >= since && comment.message.text.trim() == text.trim()
        };
        if let Some(comment) = comments.into_iter().find(is_ours) {
            return Ok(Sighting::Found(Created { id: comment.id }));
        }
        if is_last {
            return Ok(Sighting::Absent);
        }
    }
    Ok(Sighting::CannotTell("the post has more comments than can be searched".to_owned()))
}

async fn comments(cx: &Publishing<'_>, post: &str, start: usize) -> Result<Vec<Comment>, JobError> {
    let (start, count) = (start.to_string(), PAGE.to_string());
    let path = format!("/rest/socialActions/{}/comments", key(post));
    let answer = Call::get(cx, &path).query(&[("start", start.as_str()), ("count", &count)]).send("list comments").await?;
    Ok(answer.json::<Page<Comment>>("list comments")?.elements)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(commentary: &str, content: Value) -> Post {
        let post = json!({"id": "urn:li:share:1", "commentary": commentary, "content": content, "createdAt": 1});
        serde_json::from_value(post).unwrap()
    }

    #[test]
    fn a_post_is_known_by_its_media_or_by_its_words_and_what_it_shows() {
        let text = json!({"commentary": r"a \(b\) #tag"});
        let link = json!({"commentary": "see", "content": {"article": {"source": "https://e.com", "title": "T"}}});
        let images = json!({"commentary": "x", "content": {"multiImage": {"images": [{"id": "i1"}, {"id": "i2"}]}}});
        let poll = json!({"commentary": "", "content": {"poll": {"question": "Q"}}});

        assert!(is_ours(&text, &read(r"a \(b\) {hashtag|\#|tag}", Value::Null)));
        assert!(!is_ours(&text, &read("a (c) #tag", Value::Null)));
        assert!(!is_ours(&text, &read(r"a \(b\) #tag", json!({"media": {"id": "i1"}}))));
        assert!(is_ours(&link, &read("see", json!({"article": {"source": "https://e.com/", "title": "T"}}))));
        assert!(!is_ours(&link, &read("see", json!({"article": {"source": "https://e.com/x"}}))));
        assert!(is_ours(&images, &read("cut", json!({"multiImage": {"images": [{"id": "i1", "altText": "a"}, {"id": "i2"}]}}))));
        assert!(!is_ours(&images, &read("x", json!({"multiImage": {"images": [{"id": "i2"}, {"id": "i1"}]}}))));
        assert!(is_ours(&poll, &read("", json!({"poll": {"question": "Q"}}))));
        assert!(!is_ours(&poll, &read("", json!({"poll": {"question": "R"}}))));
    }
}
