//! The first comment below a post, and how it is found again when the answer was lost: among the post's comments.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::errors::BLOCKED;
use super::find::{instant, normal};
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Looks, Sighting, Stop};
use crate::platforms::Publishing;
use crate::platforms::facebook::wire::Page;

/// Comments are listed with a lag of unknown length.
const LOOKS: Looks = &[Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];

/// Instagram's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Pages of 50 comments that are read before giving up.
const PAGES_MAX: usize = 20;

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Comment {
    id: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    from: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    #[serde(default)]
    id: String,
    #[serde(default)]
    username: Option<String>,
}

/// Comments once below a post.
pub(super) async fn write(cx: &Publishing<'_>, journal: &mut Journal, media: &str, text: &str) -> Result<(), Stop> {
    let act = async || create(cx, media, text).await;
    let look = async |since| find(cx, media, text, since).await;
    journal.once("first_comment", LOOKS, act, look).await.map(|_: Made| ())
}

async fn create(cx: &Publishing<'_>, media: &str, text: &str) -> Result<Made, JobError> {
    let path = format!("{media}/comments");
    let answer = Call::post(cx, &path).form(&[("message", text.to_owned())]).send("comment").await;
    let answer = answer.map_err(|error| match error.code {
        // The post is out: a comment is not worth a day's wait.
        BLOCKED => JobError { class: ErrorClass::Rejected, retry_at: None, ..error },
        _ => error,
    });
    answer?.json("comment")
}

/// Finds the account's own comment since `since` that says the same.
async fn find(cx: &Publishing<'_>, media: &str, text: &str, since: Timestamp) -> Result<Sighting<Made>, JobError> {
    let wanted = normal(text);
    let earliest = since.minus(CLOCK_SLACK);
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = read_page(cx, media, after.as_deref()).await?;
        after = page.next();
        let ours = page.data.into_iter().find(|comment| {
            is_own(cx, comment) && normal(&comment.text) == wanted && instant(&comment.timestamp).is_none_or(|at| at >= earliest)
        });
        if let Some(comment) = ours {
            return Ok(Sighting::Found(Made { id: comment.id }));
        }
        if after.is_none() {
            return Ok(Sighting::Absent);
        }
    }
    Ok(Sighting::CannotTell(
        "the post has more comments than can be searched; look whether the first comment is there".to_owned(),
    ))
}

async fn read_page(cx: &Publishing<'_>, media: &str, after: Option<&str>) -> Result<Page<Comment>, JobError> {
    let mut query = vec![("fields", "id,text,timestamp,username,from"), ("limit", "50")];
    query.extend(after.map(|cursor| ("after", cursor)));
    Call::get(cx, &format!("{media}/comments"), &query).send("list comments").await?.json("list comments")
}

/// Whether the account wrote it, by whatever the answer names; a comment that names nobody may be ours.
fn is_own(cx: &Publishing<'_>, comment: &Comment) -> bool {
    let author = comment.from.as_ref();
    if author.is_some_and(|author| author.id == cx.account.external_id) {
        return true;
    }
    let username = comment.username.as_ref().or_else(|| author?.username.as_ref());
    match (username, &cx.account.username) {
        (Some(theirs), Some(ours)) => theirs == ours,
        // With Instagram's own login ids of people are the app's, so a foreign one says nothing.
        _ => true,
    }
}
