//! Uploads of images, videos and documents: beginning, end and status. The bytes go through `dms`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::asset::{self, Asset, Film, Kind, Part, Status};
use super::gate::Ask;
use super::record::Record;
use super::urn::Urn;
use super::{Outcome, dms, empty, errors, gate};
use crate::blob::Blob;
use crate::call::Answer;
use crate::control::made_up;
use crate::state::{Account, State};

const PART_BYTES: u64 = 4_194_304;
/// What the schema allows; what is too large to be processed fails later.
const LARGEST_VIDEO_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// `POST /rest/images?action=initializeUpload`.
pub(crate) fn begin_image(state: &mut State, ask: &Ask<'_>) -> Outcome {
    begin_single(state, ask, Kind::Image)
}

/// `POST /rest/documents?action=initializeUpload`.
pub(crate) fn begin_document(state: &mut State, ask: &Ask<'_>) -> Outcome {
    begin_single(state, ask, Kind::Document)
}

fn request<'a>(ask: &'a Ask<'_>, name: &str, known: &[&str]) -> Result<Record<'a>, Answer> {
    let body = ask.body()?;
    body.only(&[name])?;
    let request = body.record(name)?;
    request.only(known)?;
    Ok(request)
}

fn begin_single(state: &mut State, ask: &Ask<'_>, kind: Kind) -> Outcome {
    let request = request(ask, "initializeUploadRequest", &["owner"])?;
    let owner = ask.writer(state, request.text("owner")?, &request.path("owner"))?;
    let (urn, asset) = new_asset(state, ask, &owner, kind);
    let value = json!({
        "uploadUrlExpiresAt": asset.expires_at.timestamp_millis(),
        "uploadUrl": dms::address(state, &asset, kind.word(), 0),
        kind.word(): urn,
    });
    state.linkedin.assets.insert(urn, asset);
    Ok(Answer::json(200, &json!({"value": value})))
}

fn new_asset(state: &mut State, ask: &Ask<'_>, owner: &Account, kind: Kind) -> (String, Asset) {
    let n = state.next_number();
    let id = format!("{}{}", kind.prefix(), &made_up("media", &n.to_string())[..12]);
    let mut asset = Asset {
        kind,
        account_id: owner.id.clone(),
        owner: Urn::of(owner).to_string(),
        upload_id: format!("D4E{}", &made_up("upload", &id)[..20]),
        secret: made_up("upload secret", &id)[..16].to_owned(),
        expires_at: state.now() + TimeDelta::seconds(state.settings.linkedin.upload_url_seconds),
        uploaded_at: None,
        plan: None,
        flaw: None,
        film: Film::default(),
    };
    asset.shape(ask.action);
    (format!("urn:li:{}:{id}", kind.word()), asset)
}

/// `POST /rest/videos?action=initializeUpload`: one address per 4 MiB.
pub(crate) fn begin_video(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let known = ["owner", "fileSizeBytes", "uploadCaptions", "uploadThumbnail"];
    let request = request(ask, "initializeUploadRequest", &known)?;
    let size = request.number("fileSizeBytes")?;
    let (captions, thumbnail) = (request.flag("uploadCaptions")?, request.flag("uploadThumbnail")?);
    let owner = ask.writer(state, request.text("owner")?, &request.path("owner"))?;
    if !(1..=LARGEST_VIDEO_BYTES).contains(&size) {
        let path = request.path("fileSizeBytes");
        let message = format!("{path} must be between 1 and {LARGEST_VIDEO_BYTES}");
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", &path, &message));
    }
    let (urn, mut asset) = new_asset(state, ask, &owner, Kind::Video);
    let parts = (0..size.div_ceil(PART_BYTES)).map(|n| {
        let (first, end) = (n * PART_BYTES, (n + 1) * PART_BYTES);
        Part { first, last: end.min(size) - 1, etag: None, bytes: Blob::default() }
    });
    asset.film = Film { parts: parts.collect(), ..Film::default() };
    // Small uploads come without a token.
    if asset.film.parts.len() > 1 {
        asset.film.upload_token = made_up("upload token", &urn);
    }
    let instructions = asset.film.parts.iter().enumerate().map(
        |(n, part)| json!({"uploadUrl": dms::address(state, &asset, "video", n), "firstByte": part.first, "lastByte": part.last}),
    );
    let instructions: Vec<Value> = instructions.collect();
    let mut value = json!({
        "uploadUrlsExpireAt": asset.expires_at.timestamp_millis(),
        "video": urn,
        "uploadInstructions": instructions,
        "uploadToken": asset.film.upload_token,
    });
    if captions {
        value["captionsUploadUrl"] = json!(dms::address(state, &asset, "captions", 0));
    }
    if thumbnail {
        value["thumbnailUploadUrl"] = json!(dms::address(state, &asset, "thumbnail", 0));
    }
    state.linkedin.assets.insert(urn, asset);
    Ok(Answer::json(200, &json!({"value": value})))
}

/// `POST /rest/videos?action=finalizeUpload`: needs the mark of every part, in order.
pub(crate) fn finish_video(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let request = request(ask, "finalizeUploadRequest", &["video", "uploadToken", "uploadedPartIds"])?;
    let urn = request.text("video")?;
    let token = request.text("uploadToken")?;
    let marks: Vec<Option<&str>> = request.list("uploadedPartIds")?.iter().map(Value::as_str).collect();
    let path = request.path("video");
    Urn::read(urn, &["video"], &path)?;
    let unknown = || errors::field("400/INVALID_VIDEO_ID", &path, &format!("`{urn}` is no video of this member"));
    let now = state.now();
    let strict = state.settings.linkedin.refuse_repeated_finalize;
    let asset = state.linkedin.assets.get(urn).ok_or_else(unknown)?;
    let owner = ask.own(state, &asset.account_id).ok_or_else(unknown)?;
    ask.check_writer(state, &owner)?;
    let asset = state.linkedin.assets.get_mut(urn).ok_or_else(unknown)?;
    let complete = asset.film.parts.iter().all(|part| part.etag.is_some());
    let known: Vec<Option<&str>> = asset.film.parts.iter().map(|part| part.etag.as_deref()).collect();
    if !complete || known != marks || token != asset.film.upload_token {
        let message =
            "Updating the asset failed: uploadToken and uploadedPartIds must be those of the upload, in the order of the parts";
        return Err(errors::saying("400/UPDATING_ASSET_FAILED", message));
    }
    if asset.uploaded_at.is_some() {
        return if strict { Err(errors::named("400/UPDATING_ASSET_FAILED")) } else { Ok(empty(200)) };
    }
    asset.shape(ask.action);
    if asset.expires_at <= now {
        return Err(errors::named("400/EXPIRED_UPLOAD_URL"));
    }
    let film = dms::assemble(&mut asset.film);
    dms::arrive(state, urn, film);
    Ok(empty(200))
}

/// `GET /rest/{images|videos|documents}/{urn}`.
pub(crate) fn status(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let urn = ask.key().to_owned();
    let collection = ask.call.segments().get(1).copied().unwrap_or_default();
    let kind = Kind::of_collection(collection).ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    Urn::read(&urn, &[kind.word()], kind.word())?;
    let needs_scope = kind != Kind::Video || state.settings.linkedin.video_read_needs_scope;
    let reads = |account: &Account| account.scopes.is_empty() || account.scopes.iter().any(|scope| scope.starts_with("r_"));
    let permitted = !needs_scope || gate::holders(state, &ask.token).any(reads);
    if !permitted {
        return Err(ask.denied(&format!("partnerApi{}.GET", capitalized(collection))));
    }
    let asset = state.linkedin.assets.get(&urn).ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    ask.own(state, &asset.account_id).ok_or_else(|| ask.denied(&format!("partnerApi{}.GET", capitalized(collection))))?;
    let status = asset::check(state, &urn).unwrap_or(Status::WaitingUpload);
    let asset = state.linkedin.assets.get(&urn).ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    Ok(Answer::json(200, &asset::show(state, &urn, asset, status)))
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_ascii_uppercase())
}
