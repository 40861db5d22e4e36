//! A video on its way to TikTok in pieces, one after the other.
//!
//! A task with missing bytes can never be posted, so all pieces but the last may be sent again; after a crash or a lost
//! answer TikTok is asked how much it holds and the upload goes on from there. The last piece makes the post: it is sent
//! under the journal's `once`, and a lost answer to it is cleared up by asking for the same task. Before a task is given
//! up for a new one after its last piece was sent, it is called off, so that never two of them can be posted.

use std::time::Duration;

use reqwest::Body;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use serde::{Deserialize, Serialize};

use super::errors::{self, UPLOAD_EXPIRED, UPLOAD_OUT_OF_STEP};
use super::init::{self, Task};
use super::status::{self, Arrival};
use crate::clients::media::Reader;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Looks, Sighting, Stop};
use crate::platforms::Publishing;

/// The smallest piece but the whole of a small file: where "5 MB" is met whichever way it is read.
const CHUNK_MIN: u64 = 5_242_880;

/// Pieces that are sent in one step of the journal: so often progress is stored and a cancellation is heard.
const CHUNKS_PER_STEP: u64 = 16;

/// An upload address works for an hour; it is not begun with any more a little before that.
const ADDRESS_KEEPS: Duration = Duration::from_secs(55 * 60);

/// The task says at once how much it holds.
const LOOKS: Looks = &[Duration::from_secs(3), Duration::from_secs(10), Duration::from_secs(30)];

/// The slowest connection to TikTok that is waited for, in bytes per second, beyond [`PIECE_TIMEOUT`].
const SLOWEST: u64 = 64 * 1024;

/// How long a piece of no size may take.
const PIECE_TIMEOUT: Duration = Duration::from_secs(20);

/// How a video is cut: equal pieces as small as TikTok allows, the last with the remainder of less than a kilobyte.
///
/// Small pieces bound what is held in memory (a piece but the last counts less than 8 MiB) and what a broken connection
/// costs. Of 4 GB they make 763 of the 1000 that TikTok takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Of the whole file.
    pub(super) size_bytes: u64,
    /// Of every piece but the last.
    pub(super) chunk_bytes: u64,
    /// How many.
    pub(super) chunks: u64,
}

impl Plan {
    /// The plan for a file.
    pub(super) fn new(size_bytes: u64) -> Self {
        let chunks = (size_bytes / CHUNK_MIN).max(1);
        Self { size_bytes, chunk_bytes: size_bytes / chunks, chunks }
    }

    /// Where the last piece begins.
    fn last_start(self) -> u64 {
        (self.chunks - 1) * self.chunk_bytes
    }

    /// How many steps the pieces before the last take.
    fn steps(self) -> u64 {
        (self.chunks - 1).div_ceil(CHUNKS_PER_STEP)
    }

    /// Where a step ends.
    fn step_end(self, step: u64) -> u64 {
        ((step + 1) * CHUNKS_PER_STEP).min(self.chunks - 1) * self.chunk_bytes
    }

    /// Where to go on when so many bytes are there: at the beginning of a piece.
    fn resume_at(self, stored: u64) -> u64 {
        (stored / self.chunk_bytes.max(1) * self.chunk_bytes).min(self.last_start())
    }
}

/// What became of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sent {
    /// They are there.
    Stored,
    /// The task takes no more and will never be posted: another one is needed.
    Gone,
}

/// A task as stored, with its sealed address.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Begun {
    task: Task,
    /// Until when pieces are sent, in milliseconds.
    until: i64,
}

/// Sends the whole video. Gives the task's id, or nothing when an earlier run had to give the task up.
pub(super) async fn send(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    (generation, last_step): (u32, &str),
    plan: Plan,
) -> Result<Option<String>, Stop> {
    let mut asked = false;
    let begun: Begun = journal
        .step(&format!("init:{generation}"), None, async || {
            asked = true;
            let until = cx.app.clock.now().plus(ADDRESS_KEEPS).0;
            Ok(Begun { task: init::begin_upload(cx, plan).await?, until })
        })
        .await?;
    let upload = Upload::new(cx, plan, &begun)?;
    let mut place = Place { at: asked.then_some(0), reader: None };
    for step in 0..plan.steps() {
        let mut asked = false;
        let sent = journal
            .step(&format!("upload:{generation}:{step}"), None, async || {
                asked = true;
                upload.send_to(&mut place, plan.step_end(step)).await
            })
            .await?;
        if sent == Sent::Gone {
            return given_up(asked, generation);
        }
        journal.progress(i32::try_from(80 * (step + 1) / (plan.steps() + 1)).unwrap_or(80));
    }
    drop(place);
    let mut asked = false;
    let sent = journal
        .once(
            last_step,
            LOOKS,
            async || {
                asked = true;
                upload.send_last().await
            },
            async |_| upload.find().await,
        )
        .await?;
    if sent == Sent::Gone { given_up(asked, generation) } else { Ok(Some(begun.task.publish_id)) }
}

/// A task was given up: in the run that learns it the job ends or waits, a later one goes on with another task.
fn given_up(asked: bool, generation: u32) -> Result<Option<String>, Stop> {
    if asked { Err(errors::ends_task(errors::expired("video"), generation).into()) } else { Ok(None) }
}

/// The upload of one video.
struct Upload<'a> {
    cx: &'a Publishing<'a>,
    plan: Plan,
    publish_id: &'a str,
    /// Where the pieces go.
    address: String,
    until: Timestamp,
    /// The video's own address and its type.
    url: &'a str,
    content_type: &'a str,
}

/// How far an upload is.
struct Place {
    /// How much TikTok holds; unknown until it is asked.
    at: Option<u64>,
    /// Reads the video, standing at `at`.
    reader: Option<Reader>,
}

impl<'a> Upload<'a> {
    fn new(cx: &'a Publishing<'a>, plan: Plan, begun: &'a Begun) -> Result<Self, JobError> {
        let bug = || JobError::new(ErrorClass::Bug, "upload_incomplete", "the upload lacks its address or its video");
        let url = &cx.draft.media.first().ok_or_else(bug)?.url;
        Ok(Self {
            cx,
            plan,
            publish_id: &begun.task.publish_id,
            address: cx.open_url(begun.task.upload_url.as_deref().ok_or_else(bug)?)?,
            until: Timestamp(begun.until),
            url,
            content_type: &cx.file(url)?.content_type,
        })
    }

    /// Sends pieces up to `end`. After one failure TikTok is asked how much it holds; a second in a row ends the run.
    async fn send_to(&self, place: &mut Place, end: u64) -> Result<Sent, JobError> {
        let mut failed_before = false;
        loop {
            let at = match place.at {
                Some(at) => at,
                None => self.ask_stored().await?,
            };
            place.at = Some(at);
            if at >= end {
                return Ok(Sent::Stored);
            }
            match self.send_next(place, at).await {
                Ok(()) => {
                    place.at = Some(at + self.plan.chunk_bytes);
                    failed_before = false;
                }
                Err(error) if error.code == UPLOAD_EXPIRED || failed_before && error.code == UPLOAD_OUT_OF_STEP => {
                    // It lacks its last piece, so it can't be posted; calling it off only frees a place in the inbox.
                    let _ = status::cancel(self.cx, self.publish_id).await;
                    return Ok(Sent::Gone);
                }
                Err(error) if failed_before || error.class == ErrorClass::Rejected => return Err(error),
                Err(_) => {
                    *place = Place { at: None, reader: None };
                    failed_before = true;
                }
            }
        }
    }

    /// Where to go on, by what TikTok holds. A task that failed takes no more pieces and says so when it gets one.
    async fn ask_stored(&self) -> Result<u64, JobError> {
        Ok(match status::fetch(self.cx, self.publish_id).await?.arrival(self.plan.size_bytes) {
            Ok(Arrival::Missing(stored)) => self.plan.resume_at(stored),
            // Without a word on how much there is, the first piece is refused with the place to go on at.
            Ok(Arrival::Dead) | Err(_) => 0,
            Ok(Arrival::Complete) => self.plan.last_start(),
        })
    }

    async fn send_next(&self, place: &mut Place, at: u64) -> Result<(), JobError> {
        let reader = match &mut place.reader {
            Some(reader) => reader,
            None => place.reader.insert(self.cx.app.media.reader(self.url, at, self.plan.size_bytes).await?),
        };
        let piece = reader.next(usize::try_from(self.plan.chunk_bytes).unwrap_or(usize::MAX)).await?;
        if piece.len() as u64 != self.plan.chunk_bytes {
            return Err(shorter(self.url));
        }
        self.put(at, self.plan.chunk_bytes, Body::from(piece)).await
    }

    /// Sends the last piece, straight from where the video lies.
    async fn send_last(&self) -> Result<Sent, JobError> {
        let start = self.plan.last_start();
        let file = self.cx.app.media.open_range(self.url, start, self.plan.size_bytes).await?;
        let (body, fault) = file.into_body();
        match self.put(start, self.plan.size_bytes - start, body).await {
            Ok(()) => Ok(Sent::Stored),
            Err(error) if [UPLOAD_EXPIRED, UPLOAD_OUT_OF_STEP].contains(&error.code) => self.refused().await,
            Err(error) => Err(fault.or(error)),
        }
    }

    /// The last piece was refused: either it is there already, or the task is called off to make room for another.
    async fn refused(&self) -> Result<Sent, JobError> {
        let status = status::fetch(self.cx, self.publish_id).await.map_err(in_doubt)?;
        Ok(match status.arrival(self.plan.size_bytes)? {
            Arrival::Complete => Sent::Stored,
            Arrival::Dead => Sent::Gone,
            Arrival::Missing(_) if status::cancel(self.cx, self.publish_id).await.map_err(in_doubt)? => Sent::Gone,
            // What can't be called off is over: its status tells how.
            Arrival::Missing(_) => Sent::Stored,
        })
    }

    /// Asks the task whether the last piece arrived.
    async fn find(&self) -> Result<Sighting<Sent>, JobError> {
        let status = status::fetch(self.cx, self.publish_id).await?;
        Ok(match status.arrival(self.plan.size_bytes)? {
            Arrival::Complete => Sighting::Found(Sent::Stored),
            Arrival::Dead => Sighting::Found(Sent::Gone),
            Arrival::Missing(_) => Sighting::Absent,
        })
    }

    async fn put(&self, first: u64, length: u64, body: Body) -> Result<(), JobError> {
        let what = "send piece of video";
        if self.cx.app.clock.now() >= self.until {
            return Err(errors::expired("video"));
        }
        let request = self
            .cx
            .app
            .uploads
            .put(&self.address)
            .timeout(PIECE_TIMEOUT + Duration::from_secs(length / SLOWEST))
            .header(CONTENT_TYPE, self.content_type)
            .header(CONTENT_LENGTH, length)
            .header(CONTENT_RANGE, format!("bytes {first}-{}/{}", first + length - 1, self.plan.size_bytes))
            .body(body);
        let answer = self.cx.call(request, what).await?;
        if matches!(answer.status, 201 | 206) { Ok(()) } else { Err(errors::classify_upload(&answer, what)) }
    }
}

/// A refused question does not tell whether the last piece is there.
fn in_doubt(error: JobError) -> JobError {
    if error.class == ErrorClass::Rejected { JobError { class: ErrorClass::Ambiguous, ..error } } else { error }
}

fn shorter(url: &str) -> JobError {
    let message = format!("`{url}` has become shorter since it was looked at");
    JobError::new(ErrorClass::Rejected, "media_changed", message).remedy("leave the file as it is and submit the post again")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn pieces_keep_to_both_readings_of_the_limits() {
        for size in [
            1,
            1000,
            CHUNK_MIN - 1,
            CHUNK_MIN,
            2 * CHUNK_MIN - 1,
            2 * CHUNK_MIN,
            12_345_678,
            64_000_000,
            64_000_001,
            4_000_000_000,
        ] {
            let plan = Plan::new(size);
            let last = size - plan.last_start();

            assert_eq!(plan.chunks, size / plan.chunk_bytes, "{size}: TikTok's own arithmetic");
            assert!((1..=1000).contains(&plan.chunks), "{size}");
            assert!(plan.chunk_bytes >= CHUNK_MIN || plan.chunks == 1 && plan.chunk_bytes == size, "{size}: {plan:?}");
            assert!(plan.chunks == 1 || plan.chunk_bytes < 8 * MIB, "{size}: {plan:?}");
            assert!(last >= plan.chunk_bytes && last < 2 * CHUNK_MIN, "{size}: {last}");
        }
    }

    #[test]
    fn an_upload_goes_on_at_the_beginning_of_a_piece_and_leaves_the_last_one() {
        let plan = Plan { size_bytes: 1005, chunk_bytes: 100, chunks: 10 };
        for (stored, at) in [(0, 0), (99, 0), (100, 100), (250, 200), (900, 900), (1000, 900), (1005, 900)] {
            assert_eq!(plan.resume_at(stored), at, "{stored}");
        }
    }

    #[test]
    fn steps_cover_all_pieces_but_the_last() {
        for (size, steps) in [(100, 0), (2 * CHUNK_MIN, 1), (17 * CHUNK_MIN, 1), (18 * CHUNK_MIN, 2), (763 * CHUNK_MIN, 48)] {
            let plan = Plan::new(size);
            let ends: Vec<u64> = (0..plan.steps()).map(|step| plan.step_end(step)).collect();

            assert_eq!(ends.len() as u64, steps, "{size}");
            assert!(ends.is_sorted() && ends.last().is_none_or(|end| *end == plan.last_start()), "{size}: {ends:?}");
        }
    }
}
