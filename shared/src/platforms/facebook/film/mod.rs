//! Videos, reels and stories of videos: begin an upload, send the bytes, make the last call, wait until it is live.
//!
//! Nothing is visible before the last call (`finish`), so all before it may be repeated; how far the bytes got is asked
//! for, never guessed. The last call names the video, which its upload recorded: whether a lost answer arrived is read
//! off that video's status. An upload that the platform has dropped is begun anew, with the next run.

mod bytes;
mod chunks;
mod status;

use std::time::Duration;

use reqwest::multipart::Form;
use serde::{Deserialize, Serialize};

use super::LOOKS;
use super::call::Call;
use super::errors::UPLOAD_EXPIRED;
use super::kinds::COVER;
use super::story::{self, Frame};
use crate::clients::media::Fault;
use crate::error::{ErrorClass, JobError};
use crate::journal::{After, Journal, Polling, Stop};
use crate::platforms::Publishing;
use crate::store::runs::Published;
use status::{Finished, Live};

/// The way that a film takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A video among the Page's posts.
    Video,
    /// A reel.
    Reel,
    /// A story.
    Story,
}

/// An upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    video_id: String,
    #[serde(flatten)]
    target: Target,
}

/// Where the bytes go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
enum Target {
    /// Into a session, in chunks of the length that the platform asks for.
    Chunks {
        /// The session.
        session_id: String,
        /// The length.
        chunk_bytes: u64,
        /// Whether the platform has the file already.
        skip: bool,
    },
    /// To an address, in one go.
    Address {
        /// The address.
        upload_url: String,
    },
}

/// How long the platform may work on a reel or a story: Meta's guide asks every 5 to 30 s for about 15 minutes.
const SHORT: Polling = Polling {
    pauses: &[Duration::from_secs(5), Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(30)],
    deadline: Duration::from_secs(15 * 60),
    after: After::MayBePublished,
};

/// How long the platform may work on a video of up to 2 GB: undocumented, so long enough for hours of film.
const LONG: Polling = Polling {
    pauses: &[Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(60)],
    deadline: Duration::from_secs(2 * 3600),
    after: After::MayBePublished,
};

impl Way {
    fn polling(self) -> Polling {
        match self {
            Self::Video => LONG,
            Self::Reel | Self::Story => SHORT,
        }
    }

    /// What is read of a film that is waited for: what the reference lists for each.
    fn fields(self) -> &'static str {
        match self {
            Self::Video => "status,published,post_id,permalink_url",
            Self::Reel => "status,post_id,permalink_url",
            Self::Story => "status",
        }
    }

    async fn start(self, cx: &Publishing<'_>, size: u64) -> Result<Begun, JobError> {
        match self {
            Self::Video => chunks::start(cx, size).await,
            Self::Reel => bytes::start(cx, "video_reels").await,
            Self::Story => bytes::start(cx, "video_stories").await,
        }
    }

    async fn send(self, cx: &Publishing<'_>, begun: &Begun, file: (&str, u64)) -> Result<(), JobError> {
        match self {
            Self::Video => chunks::send(cx, begun, file).await,
            Self::Reel | Self::Story => bytes::send(cx, begun, file).await,
        }
    }
}

/// Publishes a film.
pub(super) async fn publish(cx: &Publishing<'_>, journal: &mut Journal, way: Way) -> Result<Published, Stop> {
    let file = file(cx)?;
    let start = async || way.start(cx, file.1).await;
    let begun = journal.step("start", None, start).await?;
    let id = begun.video_id.as_str();
    journal.progress(10);
    let sent = journal.step(&format!("upload:{id}"), None, async || way.send(cx, &begun, file).await).await;
    begun_anew(journal, sent, start).await?;
    journal.progress(80);
    let again = journal.has_open_intent();
    let finish = async || finish(cx, &begun, way, again).await;
    let finished = journal.once("finish", LOOKS, finish, async |_| status::find_finished(cx, id).await).await;
    let finished = begun_anew(journal, finished, start).await?;
    journal.progress(90);
    let live = journal.poll("published", "finish", way.polling(), async || status::live(cx, id, way.fields()).await).await?;
    if way == Way::Story {
        return Ok(frame(cx, journal, id, finished).await?.published(cx, id));
    }
    Ok(published(cx, way, id, (finished, live)))
}

/// The medium and its size in bytes.
fn file<'a>(cx: &'a Publishing<'_>) -> Result<(&'a str, u64), JobError> {
    let unknown = || JobError::new(ErrorClass::Bug, "file_unknown", "the size of the video is not known");
    let url = cx.draft.media.first().map(|media| media.url.as_str()).ok_or_else(unknown)?;
    Ok((url, cx.file(url)?.bytes.ok_or_else(unknown)?))
}

/// Begins another upload when the platform has dropped this one, for the next run to go on with.
///
/// While an answer is looked for, the upload that it belongs to is kept.
async fn begun_anew<T, W>(journal: &mut Journal, result: Result<T, Stop>, start: W) -> Result<T, Stop>
where
    W: AsyncFnOnce() -> Result<Begun, JobError>,
{
    match result {
        Err(Stop::Error(error)) if error.code == UPLOAD_EXPIRED && !journal.has_open_intent() => {
            journal.step("start", Some(Duration::ZERO), start).await?;
            Err(JobError { class: ErrorClass::Transient, ..error }.into())
        }
        result => result,
    }
}

/// Makes the last call of an upload; `again` tells that it may have been made before.
async fn finish(cx: &Publishing<'_>, begun: &Begun, way: Way, again: bool) -> Result<Finished, JobError> {
    let (call, fault) = last_call(cx, begun, way).await?;
    let answer = call.send_for_success("finish video upload").await.map_err(|error| match &fault {
        Some(fault) => fault.or(error),
        None => error,
    });
    match answer {
        Ok(answer) => answer.json("finish video upload"),
        Err(refusal) if refusal.class == ErrorClass::Rejected || refusal.code == UPLOAD_EXPIRED => {
            status::weigh(cx, &begun.video_id, again, refusal).await
        }
        Err(error) => Err(error),
    }
}

async fn last_call<'a>(cx: &'a Publishing<'_>, begun: &Begun, way: Way) -> Result<(Call<'a>, Option<Fault>), JobError> {
    let page = &cx.account.external_id;
    let mut form = vec![("upload_phase", "finish".to_owned())];
    match &begun.target {
        Target::Chunks { session_id, .. } => form.push(("upload_session_id", session_id.clone())),
        Target::Address { .. } => form.push(("video_id", begun.video_id.clone())),
    }
    if way != Way::Story {
        let title = cx.draft.title.as_ref().filter(|title| !title.trim().is_empty());
        form.extend(title.map(|title| ("title", title.clone())));
        form.extend((!cx.draft.text.is_empty()).then(|| ("description", cx.draft.text.clone())));
    }
    match way {
        Way::Video => with_cover(cx, form).await,
        Way::Reel => {
            form.push(("video_state", "PUBLISHED".to_owned()));
            form.extend(cx.draft.options.location_id.as_ref().map(|place| ("place", place.clone())));
            form.extend(cx.draft.options.ai_generated.then(|| ("is_ai_generated", "true".to_owned())));
            Ok((Call::post(cx, &format!("{page}/video_reels")).form(&form), None))
        }
        Way::Story => Ok((Call::post(cx, &format!("{page}/video_stories")).form(&form), None)),
    }
}

/// The last call of a video, with the image that stands for it where there is one.
async fn with_cover<'a>(
    cx: &'a Publishing<'_>,
    fields: Vec<(&'static str, String)>,
) -> Result<(Call<'a>, Option<Fault>), JobError> {
    let call = Call::post_video(cx, &chunks::path(cx));
    let Some(cover) = &cx.draft.thumbnail else { return Ok((call.form(&fields), None)) };
    let (part, fault) = cx.app.media.open(cover, COVER.bytes.1).await?.into_part()?;
    let form = fields.into_iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
    Ok((call.multipart(form.part("thumb", part)), Some(fault)))
}

/// Where a video or a reel is to be found: by its post when the platform names it, else by itself.
fn published(cx: &Publishing<'_>, way: Way, id: &str, (finished, live): (Finished, Live)) -> Published {
    let web = super::web(cx);
    let url = match live.permalink {
        // Some are written without the host.
        Some(path) if path.starts_with('/') => format!("{web}{path}"),
        Some(url) if url.starts_with("http") => url,
        _ if way == Way::Reel => format!("{web}/reel/{id}"),
        _ => format!("{web}/{}/videos/{id}", cx.account.external_id),
    };
    let post_id = live.post_id.or(finished.post_id);
    Published::new(post_id.unwrap_or_else(|| id.to_owned()), Some(url))
}

/// The frame of the story that a film became. Reading it never changes the outcome.
async fn frame(cx: &Publishing<'_>, journal: &mut Journal, id: &str, finished: Finished) -> Result<Frame, Stop> {
    let mut frame: Frame = journal.step("frame", None, async || Ok(story::frame_of(cx, id).await)).await?;
    frame.post_id = finished.post_id.or(frame.post_id);
    Ok(frame)
}

/// An upload that was recorded for another way of sending bytes.
fn wrong_target() -> JobError {
    JobError::new(ErrorClass::Bug, "upload_unreadable", "the recorded upload is of another kind")
}
