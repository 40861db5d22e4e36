//! Looks for a post whose "created" answer was lost, in the account's own timeline.

use std::time::Duration;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::Created;
use super::call::Call;
use crate::clock::Timestamp;
use crate::error::JobError;
use crate::journal::Sighting;
use crate::platforms::Publishing;

/// X's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Pages of 100 posts that are read before giving up: an account may make 2,400 posts a day.
const PAGES_MAX: usize = 25;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    data: Vec<Post>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Post {
    id: String,
    text: String,
    #[serde(default)]
    entities: Entities,
    #[serde(default)]
    attachments: Attachments,
    #[serde(default)]
    referenced_tweets: Vec<serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct Entities {
    #[serde(default)]
    urls: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    url: String,
    #[serde(default)]
    expanded_url: Option<String>,
    #[serde(default)]
    media_key: Option<String>,
}

#[derive(Default, Deserialize)]
struct Attachments {
    #[serde(default)]
    media_keys: Vec<String>,
}

/// Finds the one post since `since` that says `text` with `images` images and belongs to no other target.
pub(super) async fn find(
    cx: &Publishing<'_>,
    text: &str,
    images: usize,
    since: Timestamp,
) -> Result<Sighting<Created>, JobError> {
    let since = since.minus(CLOCK_SLACK);
    let taken = cx.taken_ids(since).await?;
    let wanted = normal(text);
    let mut matches = Vec::new();
    let mut next = None;
    for _ in 0..PAGES_MAX {
        let page = read_page(cx, since, next.as_deref()).await?;
        let ours = page.data.into_iter().filter(|post| post.referenced_tweets.is_empty());
        let ours = ours.filter(|post| post.attachments.media_keys.len() == images && normal(&plain(post)) == wanted);
        matches.extend(ours.map(|post| post.id).filter(|id| !taken.contains(id)));
        next = page.meta.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(match (matches.len(), next) {
        (1, _) => Sighting::Found(Created { id: matches.remove(0) }),
        (0, None) => Sighting::Absent,
        (0, Some(_)) => Sighting::CannotTell("the account has more recent posts than can be searched".to_owned()),
        (count, _) => Sighting::CannotTell(format!("{count} recent posts look like it")),
    })
}

async fn read_page(cx: &Publishing<'_>, since: Timestamp, next: Option<&str>) -> Result<Page, JobError> {
    let path = format!("/2/users/{}/tweets", cx.account.external_id);
    let start_time = chrono::DateTime::<chrono::Utc>::from(since).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut query = vec![
        ("max_results", "100"),
        ("exclude", "retweets"),
        ("start_time", start_time.as_str()),
        ("tweet.fields", "created_at,text,entities,attachments,referenced_tweets"),
    ];
    query.extend(next.map(|token| ("pagination_token", token)));
    Call::get(cx, &path, &query).send("list posts").await?.json("list posts")
}

/// The text as its author wrote it: short links expanded, the link to the post's own media dropped, entities resolved.
fn plain(post: &Post) -> String {
    let mut text = post.text.clone();
    for link in &post.entities.urls {
        let own_media = link.media_key.is_some() || link.expanded_url.as_deref().is_some_and(|url| url.contains("/photo/"));
        let written = if own_media { "" } else { link.expanded_url.as_deref().unwrap_or(&link.url) };
        text = text.replace(&link.url, written);
    }
    if !post.attachments.media_keys.is_empty() {
        text = without_media_link(&text);
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Drops a last word that is a short link: X appends one for the post's media.
fn without_media_link(text: &str) -> String {
    match text.rsplit_once(char::is_whitespace) {
        Some((before, last)) if last.starts_with("https://t.co/") => before.to_owned(),
        None if text.starts_with("https://t.co/") => String::new(),
        _ => text.to_owned(),
    }
}

fn normal(text: &str) -> String {
    text.nfc().collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(json: serde_json::Value) -> Post {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_text_reads_as_it_was_written() {
        let linked = post(serde_json::json!({"id":"1","text":"a &amp; b\nhttps://t.co/x1",
            "entities":{"urls":[{"url":"https://t.co/x1","expanded_url":"https://example.com/long"}]}}));
        let pictured = post(serde_json::json!({"id":"2","text":"look https://t.co/m1","attachments":{"media_keys":["3_1"]}}));
        let wordless = post(serde_json::json!({"id":"3","text":"https://t.co/m1","attachments":{"media_keys":["3_1"]},
            "entities":{"urls":[{"url":"https://t.co/m1","expanded_url":"https://x.com/a/status/3/photo/1","media_key":"3_1"}]}}));

        assert_eq!(plain(&linked), "a & b\nhttps://example.com/long");
        assert_eq!(plain(&pictured), "look");
        assert_eq!(plain(&wordless), "");
        assert_eq!(normal("a\u{301}"), normal("á"));
    }
}
