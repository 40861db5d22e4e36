//! `/dms-uploads`: the host that takes the bytes of images, documents and parts of videos.

use poem::http::Method;

use super::asset::{Asset, Film, Kind};
use super::{Outcome, empty, errors, film, gate};
use crate::blob::Blob;
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::faults::Action;
use crate::state::{Media, Platform, State};

/// Only the beginning of a film is kept, so that later parts need no memory.
const KEPT_PARTS: usize = 4;

/// The address that takes one piece of an upload. It is meant to be opaque.
pub(super) fn address(state: &State, asset: &Asset, what: &str, n: usize) -> String {
    let Asset { upload_id, secret, .. } = asset;
    format!(
        "{}/dms-uploads/{upload_id}/uploaded-{what}/{n}?ca=vector_feedshare&cn=uploads&sync=0&v=beta&ut={secret}",
        state.public_url
    )
}

/// `PUT` of an image, a document or a part of a video.
pub(super) fn receive(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let ["dms-uploads", upload_id, what, n] = call.segments()[..] else { return Err(errors::named("404/NOT_FOUND")) };
    let found = state.linkedin.assets.iter().find(|(_, asset)| asset.upload_id == upload_id);
    let (urn, asset) = found.ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    let (urn, kind, account_id) = (urn.clone(), asset.kind, asset.account_id.clone());
    let what = what.strip_prefix("uploaded-").unwrap_or_default();
    let extra = kind == Kind::Video && matches!(what, "captions" | "thumbnail");
    if call.method != Method::PUT || what != kind.word() && !extra {
        return Err(errors::named("404/NOT_FOUND"));
    }
    if call.query_value("ut") != Some(asset.secret.as_str()) {
        return Err(errors::saying("403/ACCESS_DENIED", "The upload URL was changed"));
    }
    if asset.expires_at <= state.now() {
        return Err(errors::named("400/EXPIRED_UPLOAD_URL"));
    }
    if kind != Kind::Video {
        let account = gate::authenticate(state, call)?;
        if gate::holders(state, &account.access_token).all(|account| account.id != account_id) {
            return Err(errors::saying("403/ACCESS_DENIED", "The token may not act for the owner of the upload"));
        }
    }
    let unreadable = || errors::saying("400/ILLEGAL_ARGUMENT", "The body must be the bytes of the file");
    let bytes = call.raw().filter(|bytes| bytes.length() > 0).ok_or_else(unreadable)?;
    if extra {
        return Ok(empty(201));
    }
    if let Some(asset) = state.linkedin.assets.get_mut(&urn) {
        asset.shape(action);
    }
    if kind == Kind::Video {
        return part(state, call, &urn, n);
    }
    if state.media.get(&urn).is_some_and(|media| media.post_id.is_some()) {
        return Err(errors::named("400/UPDATING_ASSET_FAILED"));
    }
    arrive(state, &urn, bytes.clone());
    Ok(empty(201))
}

/// Takes a part of a video; the mark in the answer is needed in the end.
fn part(state: &mut State, call: &Call, urn: &str, n: &str) -> Outcome {
    let serial = state.next_number();
    let asset = state.linkedin.assets.get_mut(urn).ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    if asset.uploaded_at.is_some() {
        return Err(errors::named("400/UPDATING_ASSET_FAILED"));
    }
    let typed = call.header(poem::http::header::CONTENT_TYPE).unwrap_or_default();
    if !typed.starts_with("application/octet-stream") {
        return Err(errors::saying("400/ILLEGAL_ARGUMENT", "Content-Type must be application/octet-stream"));
    }
    let n: usize = n.parse().map_err(|_| errors::named("404/NOT_FOUND"))?;
    let part = asset.film.parts.get_mut(n).ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    let bytes = call.raw().cloned().unwrap_or_default();
    let wanted = part.last - part.first + 1;
    if bytes.length() != wanted {
        let message = format!("The part must have {wanted} bytes, not {}", bytes.length());
        return Err(errors::saying("400/ILLEGAL_ARGUMENT", &message));
    }
    let mark = format!("/ambry-video/signedId/{}.bin", made_up("part", &format!("{urn} {n} {serial}")));
    part.etag = Some(mark.clone());
    part.bytes = if n < KEPT_PARTS { bytes } else { Blob::default() };
    Ok(Answer { status: 200, headers: vec![("etag".to_owned(), mark)], body: Vec::new() })
}

/// Puts the parts of a film together, and lets go of them.
pub(super) fn assemble(film: &mut Film) -> Blob {
    let mut whole = Blob::default();
    for part in &mut film.parts {
        let missing = part.last - part.first + 1 - part.bytes.length();
        whole.append(&std::mem::take(&mut part.bytes));
        // By now the beginning is full, so these are only counted.
        whole.push(&vec![0; usize::try_from(missing).unwrap_or_default()]);
    }
    whole
}

/// Notes that a file is complete.
pub(super) fn arrive(state: &mut State, urn: &str, file: Blob) {
    let now = state.now();
    let Some(asset) = state.linkedin.assets.get_mut(urn) else { return };
    asset.uploaded_at = Some(now);
    match asset.kind {
        Kind::Image => asset.flaw = film::image_flaw(&file),
        Kind::Document => asset.flaw = film::document_flaw(&file),
        Kind::Video => (asset.film.facts, asset.flaw) = film::video(&file),
    }
    let media = Media::new(Platform::Linkedin, &asset.account_id, urn.to_owned(), file, now);
    state.media.insert(urn.to_owned(), media);
}
