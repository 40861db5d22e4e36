//! Videos: uploaded in the parts that LinkedIn asks for, a few parts per step, so that a crash costs at most those few.
//!
//! LinkedIn can't be asked which parts it has. What it answered to each part (an opaque mark, needed in the end) is the
//! record of that, and it is kept in the journal.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::file::length;
use super::{Sort, Uploaded, Value, act, status};
use crate::clients::http::Answer;
use crate::clients::media::Reader;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Stop};
use crate::platforms::Publishing;
use crate::platforms::linkedin::call::{Bytes, put};
use crate::platforms::linkedin::errors::MEDIA_EXPIRED;
use crate::secret::Secret;

/// Parts between two notes in the journal: 16 MiB of the parts that LinkedIn asks for.
const PARTS_PER_STEP: usize = 4;

/// The largest part that is held in memory. LinkedIn asks for 4 MiB.
const PART_MAX: u64 = 8 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    video: String,
    #[serde(default)]
    upload_token: String,
    #[serde(default)]
    upload_urls_expire_at: i64,
    upload_instructions: Vec<Instruction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instruction {
    upload_url: String,
    first_byte: u64,
    last_byte: u64,
}

/// How a video is to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Plan {
    urn: String,
    token: String,
    /// In milliseconds of Unix time; 0 when LinkedIn did not say.
    expires_at: i64,
    parts: Vec<Part>,
}

/// One part: its bytes up to `end` (not included), and its sealed address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    start: u64,
    end: u64,
    sealed_url: String,
}

/// Uploads a video; its end is the step of the given name.
pub(super) async fn upload(cx: &Publishing<'_>, journal: &mut Journal, (url, name): (&str, &str)) -> Result<Uploaded, Stop> {
    let plan: Plan = journal.step(&format!("begin_{name}"), None, async || begin(cx, url).await).await?;
    let total = plan.parts.len();
    let (mut marks, mut reader) = (Vec::with_capacity(total), None);
    for (n, parts) in plan.parts.chunks(PARTS_PER_STEP).enumerate() {
        let step = format!("parts:{n}:{}", plan.urn);
        let work = async || send_parts(cx, (url, &plan), parts, &mut reader).await;
        let sent: Vec<String> = journal.step(&step, None, work).await?;
        marks.extend(sent);
        journal.progress(i32::try_from(75 * marks.len() / total).unwrap_or(75));
    }
    journal.step(name, None, async || finish(cx, &plan, &marks).await).await
}

async fn begin(cx: &Publishing<'_>, url: &str) -> Result<Plan, JobError> {
    let bytes = length(cx, url)?;
    let parameters = json!({
        "owner": cx.account.external_id, "fileSizeBytes": bytes, "uploadCaptions": false, "uploadThumbnail": false
    });
    let answer = act(cx, Sort::Video, "initializeUpload", parameters).await?;
    let begun = answer.json::<Value<Begun>>("initializeUpload")?.value;
    check(&begun.upload_instructions, bytes)?;
    let parts = begun
        .upload_instructions
        .into_iter()
        .map(|part| Ok(Part { start: part.first_byte, end: part.last_byte + 1, sealed_url: cx.seal_url(&part.upload_url)? }));
    let parts = parts.collect::<Result<Vec<Part>, JobError>>()?;
    Ok(Plan { urn: begun.video, token: begun.upload_token, expires_at: begun.upload_urls_expire_at, parts })
}

/// Whether parts are the whole file in order, each small enough to be held.
fn check(parts: &[Instruction], bytes: u64) -> Result<(), JobError> {
    let mut next = 0;
    for part in parts {
        let fits = part.first_byte == next && (next..next + PART_MAX).contains(&part.last_byte);
        if !fits {
            return Err(unusable(format!("a part of bytes {} to {} after {next}", part.first_byte, part.last_byte)));
        }
        next = part.last_byte + 1;
    }
    if next == bytes { Ok(()) } else { Err(unusable(format!("parts of {next} bytes for a file of {bytes}"))) }
}

fn unusable(what: String) -> JobError {
    JobError::new(ErrorClass::Rejected, "upload_plan_unusable", format!("LinkedIn asks for {what}"))
        .remedy("report this to the operator of this Pressroom")
}

/// Sends some parts in order; gives LinkedIn's mark of each. The reader goes on where the parts before ended.
async fn send_parts(
    cx: &Publishing<'_>,
    (url, plan): (&str, &Plan),
    parts: &[Part],
    reader: &mut Option<Reader>,
) -> Result<Vec<String>, JobError> {
    let mut marks = Vec::with_capacity(parts.len());
    for part in parts {
        if plan.expires_at > 0 && cx.app.clock.now().0 >= plan.expires_at {
            let message = "the addresses to upload the video to have expired";
            return Err(JobError::new(ErrorClass::Rejected, MEDIA_EXPIRED, message));
        }
        let reader = match reader {
            Some(reader) => reader,
            None => reader.insert(cx.app.media.reader(url, part.start, file_end(plan)).await?),
        };
        let length = part.end - part.start;
        let piece = reader.next(usize::try_from(length).unwrap_or(usize::MAX)).await?;
        if piece.len() as u64 != length {
            let message = format!("`{url}` ended {} bytes too early", length - piece.len() as u64);
            return Err(JobError::new(ErrorClass::Transient, "media_unavailable", message));
        }
        let address = Secret::new(cx.open_url(&part.sealed_url)?);
        let bytes = Bytes { body: piece.into(), length, authorized: false };
        marks.push(mark(&put(cx, &address, bytes, "upload part").await?)?);
    }
    Ok(marks)
}

fn file_end(plan: &Plan) -> u64 {
    plan.parts.last().map_or(0, |part| part.end)
}

/// The mark of a part: opaque, handed back as it came.
fn mark(answer: &Answer) -> Result<String, JobError> {
    let missing = || JobError::new(ErrorClass::Transient, "answer_unreadable", "LinkedIn took a part without naming its mark");
    answer.header("etag").map(str::to_owned).ok_or_else(missing)
}

/// Ends the upload. When LinkedIn refuses that, an earlier call whose answer was lost may have done it: its state tells.
async fn finish(cx: &Publishing<'_>, plan: &Plan, marks: &[String]) -> Result<Uploaded, JobError> {
    let parameters = json!({ "video": plan.urn, "uploadToken": plan.token, "uploadedPartIds": marks });
    match act(cx, Sort::Video, "finalizeUpload", parameters).await {
        Ok(_) => {}
        Err(error) if error.code == MEDIA_EXPIRED && is_complete(cx, plan).await => {}
        Err(error) => return Err(error),
    }
    Ok(Uploaded::now(cx, plan.urn.clone()))
}

async fn is_complete(cx: &Publishing<'_>, plan: &Plan) -> bool {
    let status = status(cx, Sort::Video, &plan.urn).await;
    status.is_ok_and(|status| matches!(status.status.as_str(), "PROCESSING" | "AVAILABLE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(ends: &[(u64, u64)]) -> Vec<Instruction> {
        let part = |(first_byte, last_byte): &(u64, u64)| Instruction {
            upload_url: String::new(),
            first_byte: *first_byte,
            last_byte: *last_byte,
        };
        ends.iter().map(part).collect()
    }

    #[test]
    fn parts_must_be_the_whole_file_in_order() {
        let four = 4 << 20;
        assert!(check(&parts(&[(0, four - 1), (four, four + 9)]), four + 10).is_ok());
        assert!(check(&parts(&[(0, PART_MAX - 1)]), PART_MAX).is_ok());
        for (ends, bytes) in [
            (&[][..], 10),
            (&[(0, 8)], 10),
            (&[(0, 10)], 10),
            (&[(1, 9)], 10),
            (&[(0, 4), (6, 9)], 10),
            (&[(0, 4), (4, 9)], 10),
            (&[(5, 9), (0, 4)], 10),
            (&[(0, PART_MAX)], PART_MAX + 1),
        ] {
            assert!(check(&parts(ends), bytes).is_err(), "{ends:?}");
        }
    }
}
