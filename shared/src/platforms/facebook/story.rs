//! Stories: an unpublished photo becomes one by the one visible call, and a lost answer is looked for among the Page's
//! stories by the photo's id. A story is gone after a day, and then nobody can tell any more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::{LOOKS, feed, wire};
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Sighting, Stop};
use crate::platforms::Publishing;
use crate::store::runs::Published;

/// Facebook's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// How long a story can be seen.
const VISIBLE_FOR: Duration = Duration::from_secs(24 * 3600);

/// Pages of 100 stories that are read before giving up.
const PAGES_MAX: usize = 5;

/// One frame of a Page's stories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Frame {
    /// Its id.
    #[serde(deserialize_with = "wire::id")]
    pub(super) post_id: Option<String>,
    /// Its address.
    url: Option<String>,
    /// The photo or video that it shows.
    #[serde(skip_serializing, deserialize_with = "wire::id")]
    media_id: Option<String>,
}

impl Frame {
    /// Where it is to be found; `media_id` stands for it when the platform named no post.
    pub(super) fn published(self, cx: &Publishing<'_>, media_id: &str) -> Published {
        let id = self.post_id.unwrap_or_else(|| media_id.to_owned());
        let url = self.url.unwrap_or_else(|| format!("{}/{id}", super::web(cx)));
        Published::new(id, Some(url))
    }
}

/// Publishes a photo as a story.
pub(super) async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
    let photos = feed::upload_photos(cx, journal).await?;
    let Some(photo) = photos.first() else {
        return Err(JobError::new(ErrorClass::Bug, "file_unknown", "the story has no image").into());
    };
    let made: Frame =
        journal.once("create_story", LOOKS, async || create(cx, photo).await, async |since| find(cx, photo, since).await).await?;
    let seen: Frame = journal.step("frame", None, async || Ok(frame_of(cx, photo).await)).await?;
    Ok(Frame { post_id: made.post_id.or(seen.post_id), ..seen }.published(cx, photo))
}

async fn create(cx: &Publishing<'_>, photo: &str) -> Result<Frame, JobError> {
    let path = format!("{}/photo_stories", cx.account.external_id);
    let call = Call::post(cx, &path).form(&[("photo_id", photo.to_owned())]);
    call.send_for_success("create story").await?.json("create story")
}

async fn find(cx: &Publishing<'_>, photo: &str, since: Timestamp) -> Result<Sighting<Frame>, JobError> {
    let since = since.minus(CLOCK_SLACK);
    if let Some(frame) = search(cx, photo, Some(since)).await? {
        return Ok(Sighting::Found(frame));
    }
    let gone = cx.app.clock.now().since(since) >= VISIBLE_FOR;
    let reason = "a story is listed for a day only, and the call was made longer ago: look at the Page's story archive";
    Ok(if gone { Sighting::CannotTell(reason.to_owned()) } else { Sighting::Absent })
}

/// The frame that shows a photo or a video, as far as it can be read: whoever asks has published it already.
pub(super) async fn frame_of(cx: &Publishing<'_>, media_id: &str) -> Frame {
    search(cx, media_id, None).await.ok().flatten().unwrap_or_default()
}

/// Looks through the stories, newest first, for the one that shows a medium: a medium can be in one story only.
async fn search(cx: &Publishing<'_>, media_id: &str, since: Option<Timestamp>) -> Result<Option<Frame>, JobError> {
    let path = format!("{}/stories", cx.account.external_id);
    let since = since.map(|since| since.unix_seconds().to_string());
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut query = vec![("fields", "post_id,status,creation_time,media_type,media_id,url"), ("limit", "100")];
        query.extend(since.as_deref().map(|since| ("since", since)));
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let page: wire::Page<Frame> = Call::get(cx, &path, &query).send("list stories").await?.json("list stories")?;
        after = page.next();
        let found = page.data.into_iter().find(|frame| frame.media_id.as_deref() == Some(media_id));
        if found.is_some() || after.is_none() {
            return Ok(found);
        }
    }
    Ok(None)
}
