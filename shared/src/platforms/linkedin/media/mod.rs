//! Files on their way to LinkedIn: uploaded for the author, and waited for until a post may show them.
//!
//! A token without a read scope can't ask how far a file is (403): then LinkedIn gets a moment, and the post itself tells.

mod file;
mod video;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{Call, key};
use super::errors::PERMISSION_MISSING;
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::content::Kind;
use crate::error::{ErrorClass, JobError};
use crate::journal::{After, Journal, Polling, Stop};
use crate::platforms::Publishing;

/// A sort of files, as LinkedIn tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Image,
    Video,
    Document,
}

impl Sort {
    /// The place of its files below `/rest`.
    fn collection(self) -> &'static str {
        match self {
            Self::Image => "/rest/images",
            Self::Video => "/rest/videos",
            Self::Document => "/rest/documents",
        }
    }

    /// How long LinkedIn may take to process one. The pauses add up to far fewer calls than a day's quota.
    fn polling(self) -> Polling {
        let deadline = match self {
            Self::Image => Duration::from_secs(10 * 60),
            Self::Document => Duration::from_secs(30 * 60),
            Self::Video => Duration::from_secs(2 * 3600),
        };
        Polling { pauses: &PAUSES, deadline, after: After::NothingPublished }
    }
}

/// Pauses between questions about a file.
const PAUSES: [Duration; 5] =
    [Duration::from_secs(3), Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(120)];

/// What LinkedIn gets for files whose state can't be read, from the contract: 5 to 10 seconds.
const GRACE: Duration = Duration::from_secs(8);

/// A file that LinkedIn has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Uploaded {
    urn: String,
    /// When its upload was complete, in milliseconds of Unix time.
    at: i64,
}

impl Uploaded {
    fn now(cx: &Publishing<'_>, urn: String) -> Self {
        Self { urn, at: cx.app.clock.now().0 }
    }
}

/// What LinkedIn said of a file in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Readiness {
    /// A post may show it.
    Available,
    /// The token may not ask.
    Unreadable,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    status: String,
    #[serde(default, rename = "processingFailureReason")]
    reason: Option<String>,
}

/// The files of the draft that LinkedIn is to have: the media in their order, or the image of a link.
fn wanted<'a>(cx: &Publishing<'a>) -> Vec<(Sort, &'a str)> {
    let sort = match cx.draft.kind {
        Kind::Video => Sort::Video,
        Kind::Document => Sort::Document,
        _ => Sort::Image,
    };
    let draft = cx.draft;
    let thumbnail = draft.thumbnail.as_deref().filter(|_| draft.kind == Kind::Link);
    draft.media.iter().map(|media| (sort, media.url.as_str())).chain(thumbnail.map(|url| (Sort::Image, url))).collect()
}

/// Uploads the draft's files and waits until all can be shown; gives their URNs in order.
///
/// They are remembered for as long as the job lives: a finished upload does not expire, and a post that is sent again
/// must name the same files. `round` tells the first uploads from those that LinkedIn asked for anew.
pub(super) async fn upload_all(cx: &Publishing<'_>, journal: &mut Journal, round: u32) -> Result<Vec<String>, Stop> {
    let wanted = wanted(cx);
    let mut uploads = Vec::with_capacity(wanted.len());
    for (n, (sort, url)) in wanted.iter().enumerate() {
        let step = format!("upload:{round}:{n}");
        let uploaded: Uploaded = match sort {
            Sort::Video => video::upload(cx, journal, (url, &step)).await?,
            Sort::Image | Sort::Document => journal.step(&step, None, async || file::upload(cx, *sort, url).await).await?,
        };
        journal.progress(i32::try_from(80 * (n + 1) / wanted.len()).unwrap_or(80));
        uploads.push((*sort, step, uploaded));
    }
    for (sort, step, uploaded) in &uploads {
        let Uploaded { urn, .. } = uploaded;
        let name = format!("ready:{urn}");
        if journal.poll(&name, step, sort.polling(), async || ask(cx, *sort, urn).await).await? == Readiness::Unreadable {
            // What one question tells of the token holds for all files of the post.
            grace(cx, &uploads.iter().map(|(_, _, uploaded)| uploaded.at).max())?;
            break;
        }
    }
    Ok(uploads.into_iter().map(|(_, _, uploaded)| uploaded.urn).collect())
}

/// Lets LinkedIn have its moment after the last upload.
fn grace(cx: &Publishing<'_>, last: &Option<i64>) -> Result<(), JobError> {
    let until = Timestamp(last.unwrap_or_default()).plus(GRACE);
    if cx.app.clock.now() >= until {
        return Ok(());
    }
    Err(JobError::new(ErrorClass::NotReady, "media_processing", "LinkedIn gets a moment for the files").at(until))
}

/// Asks how far a file is.
async fn ask(cx: &Publishing<'_>, sort: Sort, urn: &str) -> Result<Option<Readiness>, JobError> {
    let status = match status(cx, sort, urn).await {
        Ok(status) => status,
        Err(error) if error.code == PERMISSION_MISSING => return Ok(Some(Readiness::Unreadable)),
        Err(error) => return Err(error),
    };
    match status.status.as_str() {
        "AVAILABLE" => Ok(Some(Readiness::Available)),
        "PROCESSING_FAILED" => {
            let words = status.reason.unwrap_or_else(|| "PROCESSING_FAILED".to_owned());
            let message = "LinkedIn could not process the file";
            let error = JobError::new(ErrorClass::Rejected, "media_processing_failed", message).said(words);
            Err(error.remedy("use another file and submit the post again"))
        }
        _ => Ok(None),
    }
}

async fn status(cx: &Publishing<'_>, sort: Sort, urn: &str) -> Result<Status, JobError> {
    let path = format!("{}/{}", sort.collection(), key(urn));
    Call::get(cx, &path).send("media status").await?.json("media status")
}

/// Begins or ends an upload: an action on a collection, with its parameters under its own name.
async fn act(cx: &Publishing<'_>, sort: Sort, action: &str, parameters: serde_json::Value) -> Result<Answer, JobError> {
    let body = serde_json::json!({ format!("{action}Request"): parameters });
    Call::post(cx, sort.collection()).query(&[("action", action)]).json(&body).send(action).await
}

/// What an action answers.
#[derive(Deserialize)]
struct Value<T> {
    value: T,
}
