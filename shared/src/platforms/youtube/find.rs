//! Looks for a video whose "done" answer was lost: at the address of its upload, and where that is not known any more, among
//! the channel's uploads.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::Made;
use super::call::Call;
use super::upload::{Standing, Upload};
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::Sighting;
use crate::platforms::Publishing;

/// YouTube's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Pages of 50 videos that are read before giving up: more than a channel may upload in some days.
const PAGES_MAX: usize = 10;

/// How long after the last byte a video may be missing from the list: minutes are said, 15 are waited for at least.
const LAG_MAX: Duration = Duration::from_secs(20 * 60);

/// The pause between looks into the list.
const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    snippet: Snippet,
    content_details: ContentDetails,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snippet {
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    published_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentDetails {
    video_id: String,
    #[serde(default)]
    video_published_at: Option<DateTime<Utc>>,
}

impl Item {
    /// The later of the two instants that the list tells; the end of time when it tells none.
    fn at(&self) -> Timestamp {
        let told = self.snippet.published_at.max(self.content_details.video_published_at);
        told.map_or(Timestamp(i64::MAX), Timestamp::from)
    }
}

/// What is looked for besides the draft's own words.
pub(super) struct Wanted<'a> {
    /// When the upload was started.
    pub(super) started_at: Timestamp,
    /// Videos that earlier uploads of this job became.
    pub(super) earlier: &'a [String],
}

/// Asks for a video whose last bytes were sent, first at `sent_at`.
pub(super) async fn find(
    cx: &Publishing<'_>,
    mut upload: Upload<'_>,
    wanted: &Wanted<'_>,
    sent_at: Timestamp,
) -> Result<Sighting<Made>, JobError> {
    match upload.standing().await? {
        Standing::Video(id) => Ok(Sighting::Found(Made::video(cx, id))),
        // The address takes each byte once: what is missing may be sent again at any time.
        Standing::At(_) => Ok(Sighting::Absent),
        Standing::Gone => among_uploads(cx, wanted, sent_at).await,
    }
}

/// Finds the one upload since the start that says what the draft does and belongs to nothing else.
///
/// With the address gone, a video that is not listed may still be there: then a person must look.
async fn among_uploads(cx: &Publishing<'_>, wanted: &Wanted<'_>, sent_at: Timestamp) -> Result<Sighting<Made>, JobError> {
    let since = wanted.started_at.minus(CLOCK_SLACK);
    let taken = cx.taken_ids(since).await?;
    let (items, complete) = list(cx, since).await?;
    let free = |id: &String| !taken.contains(id) && !wanted.earlier.contains(id);
    let ours = items.into_iter().filter(|item| item.at() >= since && says(&item.snippet, cx));
    let mut matches: Vec<String> = ours.map(|item| item.content_details.video_id).filter(free).collect();
    match matches.len() {
        1 => return Ok(Sighting::Found(Made::video(cx, matches.remove(0)))),
        0 if !complete => return Ok(Sighting::CannotTell("the channel has more recent uploads than can be searched".to_owned())),
        0 => {}
        count => return Ok(Sighting::CannotTell(format!("{count} recent uploads of the channel look like it"))),
    }
    let now = cx.app.clock.now();
    if now.since(sent_at) < LAG_MAX {
        let message = "the address of the upload is not known any more and the channel does not list the video yet";
        return Err(JobError::new(ErrorClass::NotReady, "looking_for_answer", message).at(now.plus(LOOK_AGAIN)));
    }
    let reason = "the address of the upload is not known any more, and 20 minutes after its last byte the channel does not list \
                  the video; look into the channel's content in YouTube Studio";
    Ok(Sighting::CannotTell(reason.to_owned()))
}

/// The channel's uploads, newest first as a rule, at least those since an instant; and whether these are all of them.
async fn list(cx: &Publishing<'_>, since: Timestamp) -> Result<(Vec<Item>, bool), JobError> {
    // The list of a channel's uploads has the channel's id but for its first two letters.
    let channel = cx.account.external_id.as_str();
    let uploads = format!("UU{}", channel.strip_prefix("UC").unwrap_or(channel));
    let (mut items, mut next) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let mut query = vec![("part", "snippet,contentDetails,status"), ("playlistId", uploads.as_str()), ("maxResults", "50")];
        query.extend(next.as_deref().map(|token| ("pageToken", token)));
        let answer = Call::get(cx, "/youtube/v3/playlistItems", &query).send("list uploads").await?;
        let page: Page = answer.json("list uploads")?;
        let all_older = !page.items.is_empty() && page.items.iter().all(|item| item.at() < since);
        items.extend(page.items);
        next = page.next_page_token;
        if all_older || next.is_none() {
            return Ok((items, true));
        }
    }
    Ok((items, false))
}

fn says(snippet: &Snippet, cx: &Publishing<'_>) -> bool {
    let title = cx.draft.title.as_deref().unwrap_or_default();
    normal(&snippet.title) == normal(title) && normal(&snippet.description) == normal(&cx.draft.text)
}

/// A text without what a platform may change in it: the form of its letters, of its line ends, and white space around it.
pub(super) fn normal(text: &str) -> String {
    text.nfc().collect::<String>().replace("\r\n", "\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_however_they_are_stored() {
        assert_eq!(normal(" a\u{301}\r\nb\n"), normal("á\nb"));
        assert_ne!(normal("a"), normal("A"));
    }

    #[test]
    fn an_entry_is_as_old_as_its_later_instant() {
        let item = |added: Option<&str>, published: Option<&str>| -> Item {
            let json = serde_json::json!({"snippet":{"title":"t","publishedAt":added},
                "contentDetails":{"videoId":"v","videoPublishedAt":published}});
            serde_json::from_value(json).unwrap()
        };
        let (early, late) = (Some("1970-01-01T00:00:01Z"), Some("1970-01-01T00:00:02Z"));

        assert_eq!(item(early, late).at(), Timestamp(2000));
        assert_eq!(item(late, early).at(), Timestamp(2000));
        assert_eq!(item(early, None).at(), Timestamp(1000));
        assert_eq!(item(None, None).at(), Timestamp(i64::MAX));
    }
}
