//! Looks for a post whose files TikTok fetches and whose task id was lost, among the account's public posts.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use unicode_normalization::UnicodeNormalization;

use super::call::call;
use super::init::Started;
use super::status;
use super::{PUBLIC, is_inbox};
use crate::clock::Timestamp;
use crate::content::Kind;
use crate::error::JobError;
use crate::journal::Sighting;
use crate::platforms::Publishing;

const LIST: &str = "/v2/video/list/?fields=id,create_time,title,video_description,share_url,duration";

/// TikTok's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The last of the looks, after which nothing more can be hoped for: that of `PULL_LOOKS`.
const LAST_LOOK: Duration = super::PULL_LOOKS[super::PULL_LOOKS.len() - 1];

/// Pages of 20 posts that are read before giving up: far more than an account may make in a day.
const PAGES_MAX: usize = 10;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    videos: Vec<Post>,
    #[serde(default)]
    cursor: i64,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct Post {
    id: String,
    #[serde(default)]
    create_time: i64,
    #[serde(default)]
    video_description: String,
    #[serde(default)]
    share_url: String,
}

/// Finds the one public post since `since` that says what the draft does and belongs to no other target.
///
/// Drafts in the inbox and posts that are not for everybody are in no list: there only a person can tell. Neither can a
/// public post be called absent: it shows after moderation, usually within a minute, but it may take hours. Once the last
/// look has seen nothing, sending again could double it, so that it is left to a person as well.
pub(super) async fn find(cx: &Publishing<'_>, since: Timestamp) -> Result<Sighting<Started>, JobError> {
    if is_inbox(cx) {
        let reason = "TikTok lists no drafts; look into the account's inbox in the TikTok app";
        return Ok(Sighting::CannotTell(reason.to_owned()));
    }
    if cx.draft.options.privacy.as_deref() != Some(PUBLIC) {
        let reason = "TikTok lists public posts only; look at the account's own posts in the TikTok app";
        return Ok(Sighting::CannotTell(reason.to_owned()));
    }
    let waited = cx.app.clock.now().since(since);
    let since = since.minus(CLOCK_SLACK);
    let taken = taken_ids(cx, since).await?;
    let (posts, all) = read_since(cx, since).await?;
    let mut matches: Vec<String> =
        posts.into_iter().filter(|post| is_ours(cx, post)).map(|post| post.id).filter(|id| !taken.contains(id)).collect();
    Ok(match (matches.len(), all) {
        (1, _) => Sighting::Found(Started::Live { post_id: matches.remove(0) }),
        (0, true) if waited < LAST_LOOK => Sighting::Absent,
        (0, true) => Sighting::CannotTell(
            "TikTok shows a post only after moderation, which may take hours; look at the account in the TikTok app".to_owned(),
        ),
        (0, false) => Sighting::CannotTell("the account has more recent posts than can be searched".to_owned()),
        (count, _) => Sighting::CannotTell(format!("{count} recent posts look like it")),
    })
}

/// Ids of public posts of other targets, also of those that are known by the id of their task only.
async fn taken_ids(cx: &Publishing<'_>, since: Timestamp) -> Result<Vec<String>, JobError> {
    let mut taken = Vec::new();
    for id in cx.taken_ids(since).await? {
        if id.contains('~') {
            taken.extend(status::fetch(cx, &id).await?.post_id());
        }
        taken.push(id);
    }
    Ok(taken)
}

/// The posts since an instant, newest first, and whether these are all of them.
async fn read_since(cx: &Publishing<'_>, since: Timestamp) -> Result<(Vec<Post>, bool), JobError> {
    let mut posts = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let mut body = json!({ "max_count": 20 });
        if let Some(cursor) = cursor {
            body["cursor"] = json!(cursor);
        }
        let page: Page = call(cx, LIST, Some(body), "list posts").await?;
        let reached = page.videos.last().is_none_or(|post| post.create_time < since.unix_seconds());
        posts.extend(page.videos.into_iter().filter(|post| post.create_time >= since.unix_seconds()));
        if reached || !page.has_more {
            return Ok((posts, true));
        }
        cursor = Some(page.cursor);
    }
    Ok((posts, false))
}

/// Whether a post says what the draft does. The list does not tell which files a post shows.
fn is_ours(cx: &Publishing<'_>, post: &Post) -> bool {
    let photos = cx.draft.kind == Kind::Images;
    let other_kind = if photos { post.share_url.contains("/video/") } else { post.share_url.contains("/photo/") };
    !other_kind && normal(&post.video_description) == normal(&cx.draft.text)
}

fn normal(text: &str) -> String {
    text.nfc().collect::<String>().trim().to_owned()
}
