//! What follows a video that is live: its thumbnail and the first comment. Neither undoes the other, or the video.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::Call;
use super::find::normal;
use super::session::privacy;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Looks, Sighting, Stop};
use crate::platforms::Publishing;

/// Comments may show late (by how much is undocumented): one is given up only after three looks.
const LOOKS: Looks = &[Duration::from_secs(3), Duration::from_secs(30), Duration::from_secs(120)];

/// Pages of 100 comments that are read: far more than a new video has.
const PAGES_MAX: usize = 5;

/// Sets the thumbnail and writes the first comment; goes on to the second when the first is refused.
pub(super) async fn follow_up(cx: &Publishing<'_>, journal: &mut Journal, video: &str) -> Result<(), Stop> {
    let thumbnail = refusal(set_thumbnail(cx, journal, video).await)?;
    let comment = refusal(comment(cx, journal, video).await)?;
    match (thumbnail, comment) {
        (None, None) => Ok(()),
        (Some(error), None) | (None, Some(error)) => Err(error.into()),
        // What is worth another run comes first: the other is tried again then and told at the end.
        (Some(thumbnail), Some(comment)) if waits(&thumbnail) == waits(&comment) => {
            let message = format!("{}; {}", thumbnail.message, comment.message);
            Err(JobError { message, ..thumbnail }.into())
        }
        (Some(thumbnail), Some(comment)) => Err(if waits(&thumbnail) { thumbnail } else { comment }.into()),
    }
}

/// The error that ended a part, unless it ends the run.
fn refusal(result: Result<(), Stop>) -> Result<Option<JobError>, Stop> {
    match result {
        Ok(()) => Ok(None),
        Err(Stop::Error(error)) => Ok(Some(error)),
        Err(stop) => Err(stop),
    }
}

fn waits(error: &JobError) -> bool {
    matches!(error.class, ErrorClass::Transient | ErrorClass::RateLimited | ErrorClass::NotReady)
}

/// Sets the draft's thumbnail, if it has one. Doing so twice shows nowhere.
async fn set_thumbnail(cx: &Publishing<'_>, journal: &mut Journal, video: &str) -> Result<(), Stop> {
    let Some(url) = &cx.draft.thumbnail else { return Ok(()) };
    journal.step("thumbnail", None, async || send_thumbnail(cx, video, url).await).await
}

async fn send_thumbnail(cx: &Publishing<'_>, video: &str, url: &str) -> Result<(), JobError> {
    let probe = cx.file(url)?;
    let length = probe.bytes.ok_or_else(|| super::length_unknown(url))?;
    let (body, fault) = cx.app.media.open(url, length).await?.into_body();
    let query = [("videoId", video), ("uploadType", "media")];
    Call::post_file(cx, "/upload/youtube/v3/thumbnails/set", &query, length)
        .header("content-type", &probe.content_type)
        .header("content-length", length)
        .body(body)
        .send("set thumbnail")
        .await
        .map_err(|error| fault.or(error))
        .map(|_| ())
}

/// The comment as YouTube names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Comment {
    id: String,
}

/// Writes the draft's first comment, if it has one. An answer that was lost is looked for among the video's comments.
async fn comment(cx: &Publishing<'_>, journal: &mut Journal, video: &str) -> Result<(), Stop> {
    let Some(text) = cx.draft.first_comment.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(()) };
    if privacy(cx.draft) == "private" {
        let message = "YouTube takes no comments on a private video, so the first comment was not written";
        return Err(JobError::new(ErrorClass::Rejected, "first_comment_impossible", message).into());
    }
    journal
        .once("first_comment", LOOKS, async || write(cx, video, text).await, async |since| find(cx, video, text, since).await)
        .await
        .map(|_: Comment| ())
}

async fn write(cx: &Publishing<'_>, video: &str, text: &str) -> Result<Comment, JobError> {
    let body = json!({ "snippet": { "videoId": video, "topLevelComment": { "snippet": { "textOriginal": text } } } });
    let call = Call::post(cx, "/youtube/v3/commentThreads", &[("part", "snippet")]).json(&body);
    call.send("write comment").await?.json("write comment")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Thread>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Thread {
    id: String,
    snippet: ThreadSnippet,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreadSnippet {
    top_level_comment: TopLevel,
}

#[derive(Deserialize)]
struct TopLevel {
    snippet: CommentSnippet,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommentSnippet {
    #[serde(default)]
    author_channel_id: Author,
    #[serde(default)]
    text_original: Option<String>,
    #[serde(default)]
    text_display: String,
}

#[derive(Default, Deserialize)]
struct Author {
    #[serde(default)]
    value: String,
}

/// Finds the channel's own comment with the text; the video is new, so none of them is older than the first intent.
async fn find(cx: &Publishing<'_>, video: &str, text: &str, _since: Timestamp) -> Result<Sighting<Comment>, JobError> {
    let mut next: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut query =
            vec![("part", "snippet"), ("videoId", video), ("maxResults", "100"), ("order", "time"), ("textFormat", "plainText")];
        query.extend(next.as_deref().map(|token| ("pageToken", token)));
        let answer = Call::get(cx, "/youtube/v3/commentThreads", &query).send("list comments").await?;
        let page: Page = answer.json("list comments")?;
        let ours = page.items.into_iter().find(|thread| {
            let comment = &thread.snippet.top_level_comment.snippet;
            let said = comment.text_original.as_deref().unwrap_or(&comment.text_display);
            comment.author_channel_id.value == cx.account.external_id && normal(said) == normal(text)
        });
        if let Some(thread) = ours {
            return Ok(Sighting::Found(Comment { id: thread.id }));
        }
        next = page.next_page_token;
        if next.is_none() {
            return Ok(Sighting::Absent);
        }
    }
    Ok(Sighting::CannotTell("the video has more comments than can be searched; look for the first comment below it".to_owned()))
}
