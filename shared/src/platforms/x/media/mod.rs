//! Files on their way to X: uploaded, waited for and described before any post names them.
//!
//! All of it may be repeated. An id lives for 24 hours and is used up to 20; then, or when X says that it does not know it
//! (any more), the file is uploaded anew.

mod chunked;
mod image;
mod status;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::post::Item;
use crate::content::{Kind, Media};
use crate::error::JobError;
use crate::journal::{After, Journal, Polling, Stop};
use crate::platforms::Publishing;

/// An uploaded file can be used for 24 hours; it is uploaded anew well before that.
const UPLOAD_KEEPS: Duration = Duration::from_secs(20 * 3600);

/// X says itself when to ask again; these pauses are for answers that were lost. How long it may work is undocumented:
/// a film of 140 s takes minutes.
const PROCESSING: Polling = Polling {
    pauses: &[Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(30)],
    deadline: Duration::from_secs(3600),
    after: After::NothingPublished,
};

/// A file that X holds for a post to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Uploaded {
    /// X's id of it.
    id: String,
    /// Whether X was still working on it.
    processing: bool,
}

/// Brings the files of a post to X, once more where X dropped them; gives their ids in order.
pub(super) async fn prepare(cx: &Publishing<'_>, journal: &mut Journal, item: &Item<'_>) -> Result<Vec<String>, Stop> {
    loop {
        match bring_all(cx, journal, item).await {
            Err(stop) if item.upload_again(journal, &stop).await? => {}
            other => return other,
        }
    }
}

async fn bring_all(cx: &Publishing<'_>, journal: &mut Journal, item: &Item<'_>) -> Result<Vec<String>, Stop> {
    let mut ids = Vec::with_capacity(item.media.len());
    for (n, file) in item.media.iter().enumerate() {
        let place = item.place_of(journal, n);
        ids.push(bring(cx, journal, &place, file).await?);
        let done = u64::try_from(n + 1).unwrap_or(u64::MAX);
        journal.progress(percent(done, u64::try_from(item.media.len()).unwrap_or(u64::MAX)));
    }
    Ok(ids)
}

/// Brings one file to X, waits until it is ready there, and describes it.
async fn bring(cx: &Publishing<'_>, journal: &mut Journal, place: &str, file: &Media) -> Result<String, Stop> {
    let (uploaded, since) = match cx.draft.kind {
        Kind::Gif => chunked::upload(cx, journal, (place, file), "tweet_gif").await?,
        Kind::Video => chunked::upload(cx, journal, (place, file), "tweet_video").await?,
        _ => {
            let step = format!("upload:{place}");
            (journal.step(&step, Some(UPLOAD_KEEPS), async || image::upload(cx, file).await).await?, step)
        }
    };
    let id = uploaded.id;
    if uploaded.processing {
        journal.poll(&format!("ready:{id}"), &since, PROCESSING, async || status::ready(cx, &id).await).await?;
    }
    // What X has no place for is not sent: that changes nothing that people see.
    if let Some(alt_text) = file.alt_text.as_deref().filter(|_| cx.draft.kind != Kind::Video) {
        journal.step(&format!("describe:{id}"), None, async || describe(cx, &id, alt_text).await).await?;
    }
    Ok(id)
}

/// What is done, as a share of the 80 % that uploads make of the work.
fn percent(done: u64, total: u64) -> i32 {
    i32::try_from(80 * done / total.max(1)).unwrap_or(80)
}

#[derive(Serialize)]
struct Metadata<'a> {
    id: &'a str,
    metadata: AltText<'a>,
}

#[derive(Serialize)]
struct AltText<'a> {
    alt_text: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

/// Describes a file for people who cannot see it.
async fn describe(cx: &Publishing<'_>, id: &str, alt_text: &str) -> Result<(), JobError> {
    let body = Metadata { id, metadata: AltText { alt_text: Text { text: alt_text } } };
    Call::post(cx, "/2/media/metadata").json(&body).send("describe file").await.map(|_| ())
}
