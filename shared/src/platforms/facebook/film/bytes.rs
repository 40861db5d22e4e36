//! The bytes of a reel or of a video story, raw and in one go, to the address that the start of the upload gave.
//!
//! That address is no credential: the host behind it wants the Page's token as well.

use serde::Deserialize;

use super::super::call::Call;
use super::super::errors::UPLOAD_OFFSET_WRONG;
use super::{Begun, Target, status};
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;

/// How often bytes are sent in one run when the platform says that they began at the wrong place.
const SENDS_MAX: usize = 2;

#[derive(Deserialize)]
struct Session {
    video_id: String,
    upload_url: String,
}

/// Begins an upload by the Page's edge for it.
pub(super) async fn start(cx: &Publishing<'_>, edge: &str) -> Result<Begun, JobError> {
    let path = format!("{}/{edge}", cx.account.external_id);
    let call = Call::post(cx, &path).form(&[("upload_phase", "start".to_owned())]);
    let session: Session = call.send("start video upload").await?.json("start video upload")?;
    Ok(Begun { video_id: session.video_id, target: Target::Address { upload_url: session.upload_url } })
}

/// Sends what has not arrived yet.
pub(super) async fn send(cx: &Publishing<'_>, begun: &Begun, (url, size): (&str, u64)) -> Result<(), JobError> {
    let Target::Address { upload_url } = &begun.target else { return Err(super::wrong_target()) };
    for _ in 0..SENDS_MAX {
        let start = status::arrived(cx, &begun.video_id).await?;
        if start >= size {
            return Ok(());
        }
        let (body, fault) = cx.app.media.open_range(url, start, size).await?.into_body();
        let call = Call::post_bytes(cx, upload_url, (start, size), body);
        match call.send_for_success("upload video").await {
            Ok(_) => return Ok(()),
            Err(error) if error.code == UPLOAD_OFFSET_WRONG => {}
            Err(error) => return Err(fault.or(error)),
        }
    }
    let message = "Facebook says that the bytes began at the wrong place, and does not tell the right one (`upload video`)";
    Err(JobError::new(ErrorClass::Transient, UPLOAD_OFFSET_WRONG, message))
}
