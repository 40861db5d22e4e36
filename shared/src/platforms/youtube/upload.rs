//! The bytes of a video on their way to the address that an upload was given.
//!
//! The address is what keeps an upload from happening twice: it can be asked how far it is, it takes each byte once, and
//! it becomes one video at most. All but the last few bytes are sent as repeatable work; those make the video.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Made;
use super::call::Call;
use super::errors::classify;
use crate::clients::http::Answer;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;

/// Every piece but the last is a multiple of this.
const GRAIN: u64 = 262_144;

/// How much is sent, and held in memory, at once.
const PIECE: u64 = 8 << 20;

/// The least that one journal step sends, so that small files take one.
const PART_MIN: u64 = 256 << 20;

/// Steps that the largest file takes: between them a job can be called off, and its progress shows.
const PARTS_MAX: u64 = 8;

/// Failures in a row, without a byte being taken in between, after which the job waits.
const MISSES_MAX: u32 = 3;

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// So many bytes are stored.
    At(u64),
    /// It has become a video.
    Video(String),
    /// Its address is not known any more.
    Gone,
}

/// What sending a part of the bytes came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sent {
    /// They are stored; if YouTube moved the upload, its new address, sealed.
    Stored {
        /// The new address.
        moved_to: Option<String>,
    },
    /// The address is not known any more: the upload must be started again.
    Gone,
}

/// Where the steps end that send all but the last few bytes of a file: multiples of [`GRAIN`], none for a small file.
pub(super) fn parts(total: u64) -> Vec<u64> {
    let all = total.saturating_sub(1) / GRAIN * GRAIN;
    let part = (all / PARTS_MAX).max(PART_MIN).next_multiple_of(PIECE);
    let mut ends: Vec<u64> = (1..).map(|n| n * part).take_while(|end| *end < all).collect();
    ends.extend((all > 0).then_some(all));
    ends
}

/// How long the next piece from `at` is: as much as goes, but always a multiple of [`GRAIN`]; 0 when nothing is left.
fn piece_length(at: u64, end: u64) -> u64 {
    (end.saturating_sub(at) / GRAIN * GRAIN).min(PIECE)
}

/// An upload that goes on.
pub(super) struct Upload<'a> {
    cx: &'a Publishing<'a>,
    /// Where the file is.
    file: &'a str,
    total: u64,
    /// The address for the bytes.
    address: String,
    moved: bool,
}

impl<'a> Upload<'a> {
    /// The upload of the file at `file`, `total` bytes long, to the sealed address of a session.
    pub(super) fn open(cx: &'a Publishing<'a>, (file, total): (&'a str, u64), sealed: &str) -> Result<Self, JobError> {
        Ok(Self { cx, file, total, address: cx.open_url(sealed)?, moved: false })
    }

    /// Asks how far the upload is.
    pub(super) async fn standing(&mut self) -> Result<Standing, JobError> {
        let call = Call::put(self.cx, &self.address, 0).header("content-length", 0).body(Bytes::new());
        let answer = call.header("content-range", format!("bytes */{}", self.total)).answer("ask upload").await?;
        self.read(&answer, "ask upload")
    }

    /// Sends what is missing up to `end`, which must not be the file's. Goes on where YouTube says, also after an error.
    pub(super) async fn send_until(mut self, end: u64) -> Result<Sent, JobError> {
        let mut standing = self.standing().await?;
        let mut misses = 0;
        loop {
            let at = match standing {
                Standing::At(at) => at,
                // Only the last byte makes a video; what made this one is asked for next.
                Standing::Video(_) => end,
                Standing::Gone => return Ok(Sent::Gone),
            };
            if piece_length(at, end) == 0 {
                let moved_to = if self.moved { Some(self.cx.seal_url(&self.address)?) } else { None };
                return Ok(Sent::Stored { moved_to });
            }
            let stopped;
            (standing, stopped) = match self.send_pieces(at, end).await {
                Ok(next) => (next, stalled()),
                Err(error) if may_go_on(&error) => (self.standing().await?, error),
                Err(error) => return Err(error),
            };
            misses = if matches!(standing, Standing::At(next) if next <= at) { misses + 1 } else { 0 };
            if misses == MISSES_MAX {
                return Err(stopped);
            }
        }
    }

    /// Sends pieces from `at` to `end` for as long as each is taken whole.
    async fn send_pieces(&mut self, mut at: u64, end: u64) -> Result<Standing, JobError> {
        let mut reader = self.cx.app.media.reader(self.file, at, end).await?;
        loop {
            let length = piece_length(at, end);
            if length == 0 {
                return Ok(Standing::At(at));
            }
            let piece = reader.next(usize::try_from(length).unwrap_or(usize::MAX)).await?;
            if piece.len() as u64 != length {
                return Err(changed(self.file));
            }
            let answer = self.put(at, length).body(piece).answer("send bytes").await?;
            at += length;
            let standing = self.read(&answer, "send bytes")?;
            if standing != Standing::At(at) {
                return Ok(standing);
            }
        }
    }

    /// Sends what is missing of the file: with its last byte the video exists.
    pub(super) async fn finish(mut self) -> Result<Made, JobError> {
        // Nothing was sent yet, so an answer that is lost here is no reason for doubt.
        let certain = |error: JobError| match error.class {
            ErrorClass::Ambiguous => JobError { class: ErrorClass::Transient, ..error },
            _ => error,
        };
        let mut standing = self.standing().await.map_err(certain)?;
        loop {
            let at = match standing {
                Standing::At(at) if at < self.total => at,
                Standing::At(_) => return Err(stalled()),
                Standing::Video(id) => return Ok(Made::video(self.cx, id)),
                Standing::Gone => return Ok(Made::Gone),
            };
            let rest = self.cx.app.media.open_range(self.file, at, self.total).await?;
            let (body, fault) = rest.into_body();
            let sent = self.put(at, self.total - at).body(body).answer("send last bytes").await;
            standing = self.read(&sent.map_err(|error| fault.or(error))?, "send last bytes")?;
            if standing == Standing::At(at) {
                return Err(stalled());
            }
        }
    }

    fn put(&self, at: u64, length: u64) -> Call<'a> {
        let range = format!("bytes {at}-{}/{}", at + length - 1, self.total);
        Call::put(self.cx, &self.address, length).header("content-length", length).header("content-range", range)
    }

    /// What an answer from the upload's address says of it.
    fn read(&mut self, answer: &Answer, what: &str) -> Result<Standing, JobError> {
        #[derive(Deserialize)]
        struct Video {
            id: String,
        }
        match answer.status {
            200 | 201 => Ok(Standing::Video(answer.json::<Video>(what)?.id)),
            308 => {
                if let Some(address) = answer.header("location") {
                    address.clone_into(&mut self.address);
                    self.moved = true;
                }
                stored(answer.header("range")).map(Standing::At).ok_or_else(|| {
                    let message = format!("the answer to `{what}` does not tell what is stored");
                    JobError::new(ErrorClass::Ambiguous, "answer_unreadable", message)
                })
            }
            404 | 410 => Ok(Standing::Gone),
            _ => Err(classify(answer, what, self.cx.app.clock.now())),
        }
    }
}

/// How many bytes `Range: bytes=0-K` says are stored; without it none are.
fn stored(range: Option<&str>) -> Option<u64> {
    let Some(range) = range else { return Some(0) };
    let (_, last) = range.trim().rsplit_once('-')?;
    last.parse::<u64>().ok()?.checked_add(1)
}

/// Whether YouTube is to be asked at once how far it got. A file that its host does not give is worth a pause.
fn may_go_on(error: &JobError) -> bool {
    matches!(error.class, ErrorClass::Transient | ErrorClass::Ambiguous) && error.code != "media_unavailable"
}

fn stalled() -> JobError {
    JobError::new(ErrorClass::Ambiguous, "upload_stalled", "YouTube answers but does not take more bytes")
}

fn changed(file: &str) -> JobError {
    JobError::new(ErrorClass::Rejected, "media_changed", format!("`{file}` is shorter than it was when it was looked at"))
        .remedy("put a file where it does not change and submit the post again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_cut_at_multiples_of_the_grain_and_never_to_their_end() {
        for (total, ends) in [
            (0, vec![]),
            (1, vec![]),
            (GRAIN, vec![]),
            (GRAIN + 1, vec![GRAIN]),
            (2 * GRAIN, vec![GRAIN]),
            (10 * PIECE, vec![10 * PIECE - GRAIN]),
            (PART_MIN + 1, vec![PART_MIN]),
            (PART_MIN + GRAIN + 1, vec![PART_MIN, PART_MIN + GRAIN]),
        ] {
            assert_eq!(parts(total), ends, "{total}");
        }
        for total in [GRAIN * 7 + 13, 3 * PART_MIN, 100 << 30, 274_877_906_944] {
            let ends = parts(total);
            let last = *ends.last().unwrap();

            assert!(ends.len() as u64 <= PARTS_MAX + 1 && ends.is_sorted(), "{total}: {ends:?}");
            assert!(ends.iter().all(|end| end.is_multiple_of(GRAIN)), "{total}: {ends:?}");
            assert!((1..=GRAIN).contains(&(total - last)), "{total}: {ends:?}");
        }
    }

    #[test]
    fn pieces_are_whole_grains_wherever_they_begin() {
        for (at, end, length) in [
            (0, 10 * PIECE, PIECE),
            (0, GRAIN, GRAIN),
            (0, GRAIN - 1, 0),
            (7, 3 * GRAIN, 2 * GRAIN),
            (PIECE, PIECE, 0),
            (2 * PIECE, PIECE, 0),
            (PIECE - GRAIN, PIECE, GRAIN),
        ] {
            assert_eq!(piece_length(at, end), length, "{at} to {end}");
        }
    }

    #[test]
    fn what_is_stored_is_read_from_the_range() {
        let cases = [(None, Some(0)), (Some("bytes=0-262143"), Some(GRAIN)), (Some("0-0"), Some(1)), (Some("bytes=?"), None)];
        for (range, bytes) in cases {
            assert_eq!(stored(range), bytes, "{range:?}");
        }
    }
}
