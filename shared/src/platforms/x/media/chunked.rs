//! A GIF or a video in segments: read once from its host, one segment in memory at a time.
//!
//! X does not tell which segments it has, so the journal keeps that: a run after a crash goes on with the first step of
//! segments that is not recorded. A segment that is sent twice stands at its own index both times.

use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::{Deserialize, Serialize};

use super::status::File;
use super::{UPLOAD_KEEPS, Uploaded, percent};
use crate::clients::media::Reader;
use crate::content::Media;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Stop};
use crate::platforms::Publishing;
use crate::platforms::x::Envelope;
use crate::platforms::x::call::Call;
use crate::platforms::x::errors::UPLOAD_REFUSED;

/// A segment in bytes: X is taken to accept up to 5 MB (unverified), and indices up to 999 reach beyond its largest video.
const SEGMENT: u64 = 4 << 20;

/// Segments that one step of the journal covers: what a crash costs at most.
const SEGMENTS_PER_STEP: u64 = 4;

#[derive(Serialize)]
struct Initialize<'a> {
    media_type: &'a str,
    total_bytes: u64,
    media_category: &'a str,
}

#[derive(Deserialize)]
struct Begun {
    id: String,
}

/// Uploads a file in segments; gives it with the name of the step from which X's work on it counts.
pub(super) async fn upload(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    (place, file): (&str, &Media),
    category: &str,
) -> Result<(Uploaded, String), Stop> {
    let total = size(cx, file)?;
    let initialized = format!("initialize:{place}");
    let id: String = journal.step(&initialized, Some(UPLOAD_KEEPS), async || initialize(cx, file, total, category).await).await?;
    let mut reader = None;
    for (n, (from, end)) in (0..).zip(steps(total)) {
        let step = format!("append:{n}:{id}");
        journal.step(&step, None, async || append(cx, &id, (&mut reader, file), (from, end, total)).await).await?;
        journal.progress(percent(end.min(segments(total)), segments(total) + 1));
    }
    drop(reader);
    let finalized = format!("finalize:{id}");
    let uploaded = journal.step(&finalized, None, async || finalize(cx, &id).await).await?;
    Ok((uploaded, finalized))
}

fn size(cx: &Publishing<'_>, file: &Media) -> Result<u64, JobError> {
    let unknown = || JobError::new(ErrorClass::Bug, "file_size_unknown", format!("the size of `{}` was not found out", file.url));
    cx.file(&file.url)?.bytes.ok_or_else(unknown)
}

fn segments(total: u64) -> u64 {
    total.div_ceil(SEGMENT)
}

/// The steps of the journal as segments: the first of each, and one past its last.
fn steps(total: u64) -> impl Iterator<Item = (u64, u64)> {
    let segments = segments(total);
    (0..segments.div_ceil(SEGMENTS_PER_STEP)).map(move |n| (n * SEGMENTS_PER_STEP, ((n + 1) * SEGMENTS_PER_STEP).min(segments)))
}

async fn initialize(cx: &Publishing<'_>, file: &Media, total: u64, category: &str) -> Result<String, JobError> {
    let media_type = cx.file(&file.url)?.content_type.as_str();
    let body = Initialize { media_type, total_bytes: total, media_category: category };
    let answer = Call::post(cx, "/2/media/upload/initialize").json(&body).send("begin upload").await?;
    Ok(answer.json::<Envelope<Begun>>("begin upload")?.data.id)
}

/// Sends the segments from `from` up to `end` (not included); the file is opened at the first of them that is needed.
async fn append(
    cx: &Publishing<'_>,
    id: &str,
    (reader, file): (&mut Option<Reader>, &Media),
    (from, end, total): (u64, u64, u64),
) -> Result<(), JobError> {
    let reader = match reader {
        Some(reader) => reader,
        None => reader.insert(cx.app.media.reader(&file.url, from * SEGMENT, total).await?),
    };
    for index in from..end {
        let length = SEGMENT.min(total - index * SEGMENT);
        let piece = reader.next(usize::try_from(length).unwrap_or(usize::MAX)).await?;
        if piece.len() as u64 != length {
            let message = format!("`{}` ended before its {total} bytes", file.url);
            return Err(JobError::new(ErrorClass::Transient, "media_unavailable", message));
        }
        let part = Part::stream_with_length(Body::from(piece), length).file_name("segment");
        let form = Form::new().text("segment_index", index.to_string()).part("media", part);
        let path = format!("/2/media/upload/{id}/append");
        Call::post(cx, &path).multipart(form).send("append to upload").await.map_err(broken_off)?;
    }
    Ok(())
}

async fn finalize(cx: &Publishing<'_>, id: &str) -> Result<Uploaded, JobError> {
    let path = format!("/2/media/upload/{id}/finalize");
    let answer = Call::post(cx, &path).send("end upload").await.map_err(broken_off)?;
    Ok(answer.json::<Envelope<File>>("end upload")?.data.into())
}

/// An upload that was begun and is then refused may be one that X lost, or one that it has ended already after a lost
/// answer: it is worth one from the beginning.
fn broken_off(error: JobError) -> JobError {
    if error.code != "media_refused" {
        return error;
    }
    JobError { code: UPLOAD_REFUSED, ..error }.remedy("use another file, or retry the job: the file is uploaded again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_contiguous_and_cover_the_file() {
        for (total, expected) in [
            (1, vec![(0, 1)]),
            (SEGMENT, vec![(0, 1)]),
            (SEGMENT + 1, vec![(0, 2)]),
            (4 * SEGMENT, vec![(0, 4)]),
            (4 * SEGMENT + 1, vec![(0, 4), (4, 5)]),
            (12 * SEGMENT, vec![(0, 4), (4, 8), (8, 12)]),
        ] {
            assert_eq!(steps(total).collect::<Vec<_>>(), expected, "{total}");
        }
        assert_eq!(segments(512 << 20), 128);
    }
}
