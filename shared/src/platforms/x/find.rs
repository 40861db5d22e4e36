//! Looks for a post whose "created" answer was lost, in the account's own timeline.

use std::time::Duration;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::call::Call;
use super::post::Created;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
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
    /// What could not be shown; it stands under a status of success.
    #[serde(default)]
    errors: Vec<serde_json::Value>,
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
    referenced_tweets: Vec<Reference>,
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
    #[serde(default)]
    poll_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Reference {
    r#type: String,
    id: String,
}

/// What a post is recognised by.
pub(super) struct Wanted<'a> {
    /// Its words as they were sent.
    pub(super) text: &'a str,
    /// How many files it shows.
    pub(super) files: usize,
    /// Whether it is a poll.
    pub(super) poll: bool,
    /// The post that it replies to.
    pub(super) reply_to: Option<&'a str>,
}

impl Wanted<'_> {
    fn fits(&self, post: &Post) -> bool {
        // A link to another post makes X call it a quote, so only replies and reposts are told apart here.
        let replied_to = post.referenced_tweets.iter().find(|reference| reference.r#type == "replied_to");
        let repost = post.referenced_tweets.iter().any(|reference| reference.r#type == "retweeted");
        !repost
            && replied_to.map(|reference| reference.id.as_str()) == self.reply_to
            && post.attachments.media_keys.len() == self.files
            && post.attachments.poll_ids.is_empty() != self.poll
            && self.says(&plain(post))
    }

    fn says(&self, text: &str) -> bool {
        let (said, wanted) = (normal(text), normal(self.text));
        // X may put the names of those who are replied to before the words (unverified).
        said == wanted || self.reply_to.is_some() && without_names(&said) == without_names(&wanted)
    }
}

/// Finds the one post since `since` that is what was wanted and belongs to no other target.
pub(super) async fn find(cx: &Publishing<'_>, wanted: &Wanted<'_>, since: Timestamp) -> Result<Sighting<Created>, JobError> {
    let since = since.minus(CLOCK_SLACK);
    let taken = cx.taken_ids(since).await?;
    let mut matches = Vec::new();
    let mut hidden = Vec::new();
    let mut next = None;
    for _ in 0..PAGES_MAX {
        let page = read_page(cx, since, next.as_deref()).await?;
        matches
            .extend(page.data.into_iter().filter(|post| wanted.fits(post)).map(|post| post.id).filter(|id| !taken.contains(id)));
        hidden.extend(page.errors);
        next = page.meta.next_token;
        if next.is_none() {
            break;
        }
    }
    if let (true, Some(error)) = (matches.is_empty(), hidden.first()) {
        let message = "X did not show the whole timeline in answer to `list posts`";
        return Err(JobError::new(ErrorClass::Ambiguous, "lookup_incomplete", message).said(error.to_string()));
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
    let own_page = format!("/status/{}/", post.id);
    let mut text = post.text.clone();
    for link in &post.entities.urls {
        let own_media = link.media_key.is_some() || link.expanded_url.as_deref().is_some_and(|url| url.contains(&own_page));
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

/// The text without what X may write in another way: composed characters, and the scheme of a link that had none.
fn normal(text: &str) -> String {
    text.nfc().collect::<String>().replace("https://", "").replace("http://", "").trim().to_owned()
}

/// The text without the names at its beginning.
fn without_names(text: &str) -> &str {
    let mut rest = text;
    while let Some((name, more)) = rest.strip_prefix('@').and_then(|rest| rest.split_once(char::is_whitespace)) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            break;
        }
        rest = more.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn post(json: Value) -> Post {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_text_reads_as_it_was_written() {
        let linked = post(json!({"id":"1","text":"a &amp; b\nhttps://t.co/x1",
            "entities":{"urls":[{"url":"https://t.co/x1","expanded_url":"https://example.com/photo/1"}]}}));
        let pictured = post(json!({"id":"2","text":"look https://t.co/m1","attachments":{"media_keys":["3_1"]}}));
        let wordless = post(json!({"id":"3","text":"https://t.co/m1","attachments":{"media_keys":["3_1"]},
            "entities":{"urls":[{"url":"https://t.co/m1","expanded_url":"https://x.com/a/status/3/photo/1"}]}}));
        let film = post(json!({"id":"4","text":"see https://t.co/m1","attachments":{"media_keys":["7_1"]},
            "entities":{"urls":[{"url":"https://t.co/m1","expanded_url":"https://x.com/a/status/4/video/1","media_key":"7_1"}]}}));

        assert_eq!(plain(&linked), "a & b\nhttps://example.com/photo/1");
        assert_eq!(plain(&pictured), "look");
        assert_eq!(plain(&wordless), "");
        assert_eq!(normal(&plain(&film)), "see");
        assert_eq!(normal("a\u{301}"), normal("á"));
        assert_eq!(normal("see http://example.com"), normal("see example.com"));
    }

    #[test]
    fn a_post_is_told_from_others_by_all_that_it_is() {
        let plain_post = json!({"id":"9","text":"hello"});
        let reply = json!({"id":"9","text":"@ann @bob_1 hello","referenced_tweets":[{"type":"replied_to","id":"5"}]});
        let quote = json!({"id":"9","text":"hello","referenced_tweets":[{"type":"quoted","id":"5"}]});
        let repost = json!({"id":"9","text":"hello","referenced_tweets":[{"type":"retweeted","id":"5"}]});
        let poll = json!({"id":"9","text":"hello","attachments":{"poll_ids":["1"]}});
        let image = json!({"id":"9","text":"hello https://t.co/a","attachments":{"media_keys":["3_1"]}});
        let all = [plain_post, reply, quote, repost, poll, image];
        let fitting = |files, poll, reply_to| {
            let wanted = Wanted { text: "hello", files, poll, reply_to };
            all.iter().enumerate().filter(|(_, json)| wanted.fits(&post((*json).clone()))).map(|(n, _)| n).collect::<Vec<_>>()
        };

        assert_eq!(fitting(0, false, None), [0, 2]);
        assert_eq!(fitting(0, false, Some("5")), [1]);
        assert_eq!(fitting(0, false, Some("6")), [] as [usize; 0]);
        assert_eq!(fitting(0, true, None), [4]);
        assert_eq!(fitting(1, false, None), [5]);
    }

    #[test]
    fn only_names_are_dropped_from_the_beginning() {
        for (text, rest) in [("@a @b hi", "hi"), ("hi @a", "hi @a"), ("@a.b hi", "@a.b hi"), ("@a", "@a"), ("@ a", "@ a")] {
            assert_eq!(without_names(text), rest, "{text}");
        }
    }
}
