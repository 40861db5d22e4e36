//! Looks for a post whose "published" answer was lost: its container says whether it is live, the account's lists say where.

use std::time::Duration;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::call::Call;
use super::containers::{self, Container, Status};
use crate::clients::probe::Probe;
use crate::clock::Timestamp;
use crate::content::Kind;
use crate::error::{ErrorClass, JobError};
use crate::journal::Sighting;
use crate::platforms::Publishing;
use crate::platforms::facebook::wire::Page;

/// Instagram's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Pages of 100 posts that are read before giving up: more than an account can publish in a day.
const PAGES_MAX: usize = 10;

/// How long a live post is waited for in the lists.
const LISTED_WITHIN: Duration = Duration::from_secs(15 * 60);

/// The pause before a live post is looked for in the lists again.
const LIST_AGAIN: Duration = Duration::from_secs(30);

/// The pause before a container that Instagram works on is asked about again.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(15);

/// A post that is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Live {
    /// Its id; when `unlisted`, that of its container.
    pub(super) id: String,
    /// It is live, but could not be told apart in the account's lists.
    #[serde(default)]
    pub(super) unlisted: bool,
}

#[derive(Deserialize)]
struct Post {
    id: String,
    #[serde(default)]
    caption: String,
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    media_product_type: String,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    children: Children,
}

#[derive(Default, Deserialize)]
struct Children {
    #[serde(default)]
    data: Vec<serde::de::IgnoredAny>,
}

/// Asks what became of a container whose publishing was called for at `since`.
///
/// "Finished" means not published. "Published" means live: then the post is looked for in the account's lists, which may
/// lag; one that does not show there in time, or not apart from others like it, counts as live without an id.
pub(super) async fn find(cx: &Publishing<'_>, container: &Container, since: Timestamp) -> Result<Sighting<Live>, JobError> {
    match containers::status(cx, &container.id).await {
        Ok(Status::Finished | Status::Failed(_)) => Ok(Sighting::Absent),
        Ok(Status::Working) => Err(not_yet(cx, "Instagram is still working on the post", ASK_AGAIN)),
        Ok(Status::Published) => match in_lists(cx, container, since).await? {
            Some(id) => Ok(Sighting::Found(Live { id, unlisted: false })),
            None if cx.app.clock.now().since(since) < LISTED_WITHIN => {
                Err(not_yet(cx, "the post is live, and Instagram does not list it yet", LIST_AGAIN))
            }
            None => Ok(Sighting::Found(Live { id: container.id.clone(), unlisted: true })),
        },
        Err(error) if containers::is_gone(&error) => Ok(match in_lists(cx, container, since).await? {
            Some(id) => Sighting::Found(Live { id, unlisted: false }),
            None => Sighting::CannotTell("Instagram no longer knows the container, and lists no post like it".to_owned()),
        }),
        Err(error) => Err(error),
    }
}

fn not_yet(cx: &Publishing<'_>, message: &str, pause: Duration) -> JobError {
    JobError::new(ErrorClass::NotReady, "looking_for_answer", message).at(cx.app.clock.now().plus(pause))
}

/// The post's id in the account's lists, if it can be told apart.
async fn in_lists(cx: &Publishing<'_>, container: &Container, since: Timestamp) -> Result<Option<String>, JobError> {
    let earliest = container.made_at().min(since).minus(CLOCK_SLACK);
    let taken = cx.taken_ids(earliest).await?;
    let mut posts = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = read_page(cx, earliest, after.as_deref()).await?;
        after = page.next();
        posts.extend(page.data.into_iter().filter(|post| !taken.contains(&post.id)));
        if after.is_none() {
            break;
        }
    }
    let wanted = Wanted {
        story: is_story(cx.draft.kind),
        caption: if is_story(cx.draft.kind) { String::new() } else { normal(&cx.draft.text) },
        media_type: media_type(cx)?,
        items: if cx.draft.kind == Kind::Carousel { cx.draft.media.len() } else { 0 },
        earliest,
        since,
    };
    Ok(wanted.pick(&posts))
}

fn is_story(kind: Kind) -> bool {
    matches!(kind, Kind::ImageStory | Kind::VideoStory)
}

fn media_type(cx: &Publishing<'_>) -> Result<&'static str, JobError> {
    if cx.draft.kind == Kind::Carousel {
        return Ok("CAROUSEL_ALBUM");
    }
    let first = cx.draft.media.first().map(|media| cx.file(&media.url)).transpose()?;
    Ok(if first.is_some_and(Probe::is_video) { "VIDEO" } else { "IMAGE" })
}

async fn read_page(cx: &Publishing<'_>, earliest: Timestamp, after: Option<&str>) -> Result<Page<Post>, JobError> {
    let since = earliest.unix_seconds().to_string();
    // Stories are listed for a day and cannot be narrowed down.
    let (edge, mut query) = if is_story(cx.draft.kind) {
        ("stories", vec![("fields", "id,media_type,media_product_type,timestamp")])
    } else {
        let fields = "id,caption,media_type,media_product_type,timestamp,children{id}";
        ("media", vec![("fields", fields), ("since", since.as_str())])
    };
    query.push(("limit", "100"));
    query.extend(after.map(|cursor| ("after", cursor)));
    let path = format!("{}/{edge}", cx.account.external_id);
    Call::get(cx, &path, &query).send("list posts").await?.json("list posts")
}

/// What the post looks like in the lists.
struct Wanted {
    story: bool,
    caption: String,
    media_type: &'static str,
    /// Items of a carousel; 0 for anything else.
    items: usize,
    earliest: Timestamp,
    /// When its publishing was called for.
    since: Timestamp,
}

impl Wanted {
    /// The one post like it that is nearest in time; none when two are equally near.
    fn pick(&self, posts: &[Post]) -> Option<String> {
        let mut like_it: Vec<(u64, &str)> = posts
            .iter()
            .filter(|post| self.is_like(post))
            .filter_map(|post| Some((instant(&post.timestamp)?, post.id.as_str())))
            .filter(|(at, _)| *at >= self.earliest)
            .map(|(at, id)| (at.0.abs_diff(self.since.0), id))
            .collect();
        like_it.sort_unstable();
        match like_it.as_slice() {
            [(nearest, _), (second, _), ..] if nearest == second => None,
            [(_, id), ..] => Some((*id).to_owned()),
            [] => None,
        }
    }

    fn is_like(&self, post: &Post) -> bool {
        self.story == (post.media_product_type == "STORY")
            && self.media_type == post.media_type
            && self.items == post.children.data.len()
            && (self.story || self.caption == normal(&post.caption))
    }
}

/// An instant as the Graph API writes it.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let at = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z").ok()?;
    Some(Timestamp(at.timestamp_millis()))
}

/// A text in one of the ways to write it.
pub(super) fn normal(text: &str) -> String {
    text.nfc().collect::<String>().replace("\r\n", "\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wanted() -> Wanted {
        Wanted {
            story: false,
            caption: "á b".to_owned(),
            media_type: "CAROUSEL_ALBUM",
            items: 2,
            earliest: Timestamp::from_unix_seconds(1_000),
            since: Timestamp::from_unix_seconds(1_100),
        }
    }

    fn post(id: &str, caption: &str, at: &str) -> Post {
        let children = json!({"data": [{"id": "1"}, {"id": "2"}]});
        let post = json!({"id":id,"caption":caption,"media_type":"CAROUSEL_ALBUM","media_product_type":"FEED","timestamp":at,"children":children});
        serde_json::from_value(post).unwrap()
    }

    #[test]
    fn only_a_post_like_ours_from_our_time_is_taken() {
        let at = "1970-01-01T00:18:21+0000";
        let ours = || post("9", "a\u{301} b\n", at);
        let others = [
            post("1", "another", at),
            post("2", "á b", "1970-01-01T00:16:39+0000"),
            post("3", "á b", "no time"),
            Post { children: Children::default(), ..ours() },
            Post { media_type: "IMAGE".to_owned(), ..ours() },
            Post { media_product_type: "STORY".to_owned(), ..ours() },
        ];

        assert_eq!(wanted().pick(&[ours()]).as_deref(), Some("9"));
        assert_eq!(wanted().pick(&others), None);
        assert_eq!(wanted().pick(&[]), None);
    }

    #[test]
    fn of_equal_posts_the_nearest_in_time_is_taken_and_none_on_a_tie() {
        let near = || post("near", "á b", "1970-01-01T00:18:22+0000");
        let far = || post("far", "á b", "1970-01-01T00:19:00+0000");
        let twin = || post("twin", "á b", "1970-01-01T00:18:22+0000");

        assert_eq!(wanted().pick(&[far(), near()]).as_deref(), Some("near"));
        assert_eq!(wanted().pick(&[far(), near(), twin()]), None);
    }

    #[test]
    fn stories_have_no_caption_to_compare() {
        let story = Wanted { story: true, caption: String::new(), media_type: "VIDEO", items: 0, ..wanted() };
        let listed = json!({"id":"5","media_type":"VIDEO","media_product_type":"STORY","timestamp":"1970-01-01T00:18:20+0000"});

        assert_eq!(story.pick(&[serde_json::from_value(listed).unwrap()]).as_deref(), Some("5"));
    }
}
