//! A video's bytes in chunks, on the host for Pages' videos: the platform says which bytes it wants next.

use reqwest::multipart::Form;
use serde::Deserialize;

use super::super::call::{Call, judge};
use super::super::errors::{UPLOAD_OFFSET_WRONG, told_offsets};
use super::super::wire;
use super::{Begun, Target, status};
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;

/// The length of a chunk when the platform does not say which one it wants.
const CHUNK_BYTES: u64 = 8 * 1024 * 1024;

/// Answers in a row that bring an upload no further, before it is left to a later run.
const STUCK_MAX: u32 = 3;

#[derive(Deserialize)]
struct Session {
    video_id: String,
    upload_session_id: String,
    #[serde(flatten)]
    wanted: Wanted,
    #[serde(default)]
    skip_upload: Option<bool>,
}

/// The bytes that the platform wants next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Wanted {
    #[serde(deserialize_with = "wire::bytes")]
    start_offset: Option<u64>,
    #[serde(deserialize_with = "wire::bytes")]
    end_offset: Option<u64>,
}

/// What became of one chunk.
enum Sent {
    /// It was taken.
    Taken(Wanted),
    /// It was not, since the platform wants other bytes.
    Elsewhere(Wanted),
}

/// Begins an upload.
pub(super) async fn start(cx: &Publishing<'_>, size: u64) -> Result<Begun, JobError> {
    let form = [("upload_phase", "start".to_owned()), ("file_size", size.to_string())];
    let answer = Call::post_video(cx, &path(cx)).form(&form).send("start video upload").await?;
    let session: Session = answer.json("start video upload")?;
    let wanted = session.wanted;
    let chunk_bytes = wanted.end_offset.unwrap_or(0).saturating_sub(wanted.start_offset.unwrap_or(0));
    let chunk_bytes = if chunk_bytes == 0 { CHUNK_BYTES } else { chunk_bytes };
    let skip = session.skip_upload.unwrap_or(false);
    Ok(Begun { video_id: session.video_id, target: Target::Chunks { session_id: session.upload_session_id, chunk_bytes, skip } })
}

/// Sends what has not arrived yet.
pub(super) async fn send(cx: &Publishing<'_>, begun: &Begun, (url, size): (&str, u64)) -> Result<(), JobError> {
    let Target::Chunks { session_id, chunk_bytes, skip } = &begun.target else { return Err(super::wrong_target()) };
    if *skip {
        return Ok(());
    }
    let mut at = status::arrived(cx, &begun.video_id).await?;
    let mut end = None;
    let mut stuck = 0;
    while at < size {
        let chunk = (at, chunk_end((at, end), *chunk_bytes, size));
        let wanted = match transfer(cx, session_id, url, chunk).await? {
            Sent::Taken(wanted) if wanted.start_offset.is_some() && wanted.start_offset == wanted.end_offset => return Ok(()),
            Sent::Taken(wanted) | Sent::Elsewhere(wanted) => wanted,
        };
        let next = wanted.start_offset.unwrap_or(chunk.1);
        stuck = if next > at { 0 } else { stuck + 1 };
        if stuck == STUCK_MAX {
            let message = format!("Facebook wants the bytes from {next} on again and again (`upload video`)");
            return Err(JobError::new(ErrorClass::Transient, UPLOAD_OFFSET_WRONG, message));
        }
        (at, end) = (next, wanted.end_offset);
    }
    Ok(())
}

/// Where the chunk from `at` on ends: where the platform says, or after the length that it asked for at the start.
fn chunk_end((at, told): (u64, Option<u64>), chunk_bytes: u64, size: u64) -> u64 {
    let end = told.filter(|end| *end > at).unwrap_or_else(|| at.saturating_add(chunk_bytes));
    end.min(size)
}

async fn transfer(cx: &Publishing<'_>, session_id: &str, url: &str, (start, end): (u64, u64)) -> Result<Sent, JobError> {
    let (part, fault) = cx.app.media.open_range(url, start, end).await?.into_part()?;
    let form = Form::new()
        .text("upload_phase", "transfer")
        .text("upload_session_id", session_id.to_owned())
        .text("start_offset", start.to_string())
        .part("video_file_chunk", part);
    let call = Call::post_chunk(cx, &path(cx), end - start).multipart(form);
    let answer = call.ask("upload video").await.map_err(|error| fault.or(error))?;
    if let Some((start, end)) = told_offsets(&answer) {
        return Ok(Sent::Elsewhere(Wanted { start_offset: Some(start), end_offset: Some(end) }));
    }
    Ok(Sent::Taken(judge(cx, answer, "upload video")?.json("upload video")?))
}

/// Where a Page's videos go.
pub(super) fn path(cx: &Publishing<'_>) -> String {
    format!("{}/videos", cx.account.external_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_ends_where_the_platform_says_and_never_behind_the_file() {
        for (at, told, end) in [
            (0, None, 50),
            (0, Some(40), 40),
            (40, Some(80), 80),
            (80, Some(130), 120),
            (100, None, 120),
            // An end that lies before the start says nothing.
            (60, Some(0), 110),
            (60, Some(60), 110),
        ] {
            assert_eq!(chunk_end((at, told), 50, 120), end, "{at} {told:?}");
        }
    }

    #[test]
    fn the_start_of_a_session_is_read_with_numbers_as_text() {
        let text = r#"{"video_id":"1","upload_session_id":"2","start_offset":"0","end_offset":"52428800"}"#;
        let session: Session = serde_json::from_str(text).unwrap();

        assert_eq!(session.wanted, Wanted { start_offset: Some(0), end_offset: Some(52_428_800) });
        assert_eq!(session.skip_upload, None);
    }
}
