//! `POST /{ig-user}/media`: containers for everything that can be published.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::errors::Refusal;
use super::memory::{Container, Kind, Upload};
use super::process::Progress;
use super::routes::{Ask, Outcome};
use super::target::Host;
use super::{carousel, check, options, status, video};
use crate::blob::Blob;
use crate::samples::fetch;
use crate::sniff;
use crate::state::{Media, Platform, State};

/// Where the media comes from.
enum Source {
    Picture(String),
    Film(String),
    /// The bytes follow on the upload host.
    Upload,
    /// Other containers.
    Items,
}

/// Creates a container.
pub(super) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.own_account("post")?;
    let child = check::flag(&ask.params, "is_carousel_item")?;
    let kind = kind(ask, child)?;
    let source = source(state, ask, kind)?;
    let (caption, alt_text) = texts(ask, kind, child)?;
    let extra = options::read(ask, kind, child)?;
    let children = if kind == Kind::Carousel { carousel::items(state, ask)? } else { Vec::new() };
    let mut progress = Progress::planned(ask.action);
    let file = match &source {
        Source::Picture(url) | Source::Film(url) => {
            progress.steer(&state.settings.instagram, url);
            Some(download(state, url)?)
        }
        Source::Upload | Source::Items => None,
    };
    check_file(kind, &source, file.as_ref(), &extra)?;
    let cover = cover(state, &extra)?;
    check_day(state, ask)?;
    let mut container = Container {
        id: (17_900_000_000_000_000 + state.next_number()).to_string(),
        account_id: ask.account.id.clone(),
        kind,
        child,
        created_at: state.now(),
        caption,
        alt_text,
        extra: Value::Object(extra),
        children,
        file_id: None,
        cover_id: cover.map(|cover| keep(state, &ask.account.id, cover)),
        upload: matches!(source, Source::Upload).then(Upload::default),
        progress,
        media_id: None,
    };
    match (file, &source) {
        (Some(file), source) => attach(state, &mut container, file, matches!(source, Source::Film(_))),
        (None, Source::Items) => container.progress.start(state.now(), 0, None),
        (None, _) => {}
    }
    let id = container.id.clone();
    state.instagram.containers.insert(id.clone(), container);
    status::created(state, ask, &id)
}

/// What the container is to become, by `media_type`.
fn kind(ask: &Ask<'_>, child: bool) -> Result<Kind, Refusal> {
    let kind = match ask.params.text("media_type").as_deref() {
        None | Some("IMAGE") => Kind::Image,
        // Films of their own are reels; the old type is left for carousels only.
        Some("VIDEO") if child => Kind::Video,
        Some("REELS") => Kind::Reel,
        Some("STORIES") => Kind::Story,
        Some("CAROUSEL") => Kind::Carousel,
        Some(_) => return Err(Refusal::named("100/2207023")),
    };
    if child && !matches!(kind, Kind::Image | Kind::Video) {
        return Err(Refusal::parameter("Only pictures and films of type VIDEO can be carousel items"));
    }
    Ok(kind)
}

/// Exactly one source, of a sort that fits the kind.
fn source(state: &State, ask: &Ask<'_>, kind: Kind) -> Result<Source, Refusal> {
    let params = &ask.params;
    let given = (params.text("image_url"), params.text("video_url"), params.text("upload_type"));
    match (kind, given) {
        (Kind::Carousel, (None, None, None)) => Ok(Source::Items),
        (Kind::Image | Kind::Story, (Some(url), None, None)) => Ok(Source::Picture(url)),
        (Kind::Video | Kind::Reel | Kind::Story, (None, Some(url), None)) => Ok(Source::Film(url)),
        (Kind::Video | Kind::Reel | Kind::Story, (None, None, Some(kind))) if kind == "resumable" => {
            let open = ask.host != Host::Instagram || state.settings.instagram.instagram_login_uploads;
            if open { Ok(Source::Upload) } else { Err(Refusal::required("video_url")) }
        }
        (Kind::Image, (None, _, _)) => Err(Refusal::required("image_url")),
        (Kind::Video | Kind::Reel | Kind::Story, (_, None, None)) => Err(Refusal::required("video_url")),
        _ => Err(Refusal::parameter("Exactly one of image_url, video_url and upload_type=resumable must be given")),
    }
}

/// Caption and alternative text, where the kind has them.
fn texts(ask: &Ask<'_>, kind: Kind, child: bool) -> Result<(String, Option<String>), Refusal> {
    let caption = ask.params.text("caption").filter(|_| !child && kind != Kind::Story).unwrap_or_default();
    check::caption(&caption)?;
    let alt_text = ask.params.text("alt_text").filter(|_| kind == Kind::Image);
    check::alt_text(alt_text.as_deref().unwrap_or_default())?;
    Ok((caption, alt_text))
}

fn download(state: &State, url: &str) -> Result<Blob, Refusal> {
    let file = if url.is_ascii() { fetch(state, url) } else { None };
    file.ok_or_else(|| Refusal::named("9004/2207052"))
}

/// What is checked before the answer: pictures wholly, of films only whether they are media at all.
fn check_file(kind: Kind, source: &Source, file: Option<&Blob>, extra: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(file) = file else { return Ok(()) };
    if matches!(source, Source::Picture(_)) {
        check::picture(file)?;
        return if kind == Kind::Image { check::aspect_ratio(file) } else { Ok(()) };
    }
    let known = sniff::content_type(file.kept());
    if !known.starts_with("video/") && !known.starts_with("image/") {
        return Err(Refusal::named("9004/2207052"));
    }
    match video::flaw(kind, file, thumb_offset(extra)) {
        Some(subcode @ "2207057") => Err(Refusal::of_subcode(subcode)),
        _ => Ok(()),
    }
}

fn thumb_offset(extra: &Map<String, Value>) -> Option<u64> {
    // A cover wins over an offset.
    let offset = extra.get("thumb_offset").filter(|_| !extra.contains_key("cover_url"));
    offset?.as_str()?.parse().ok()
}

fn cover(state: &State, extra: &Map<String, Value>) -> Result<Option<Blob>, Refusal> {
    let Some(url) = extra.get("cover_url").and_then(Value::as_str) else { return Ok(None) };
    let cover = download(state, url)?;
    check::picture(&cover)?;
    Ok(Some(cover))
}

/// Refuses one container too many within 24 hours.
fn check_day(state: &State, ask: &Ask<'_>) -> Result<(), Refusal> {
    let settings = &state.settings.instagram;
    let since = state.now() - TimeDelta::days(1);
    let containers = state.instagram.containers.values();
    let recent = containers.filter(|container| container.account_id == ask.account.id && container.created_at > since);
    if state.settings.rate_limits && recent.count() >= settings.containers_per_day {
        return Err(Refusal::named(&settings.container_limit_error));
    }
    Ok(())
}

/// Stores a file under the id that the published media will have.
fn keep(state: &mut State, account_id: &str, file: Blob) -> String {
    let id = new_media_id(state);
    let media = Media::new(Platform::Instagram, account_id, id.clone(), file, state.now());
    state.media.insert(id.clone(), media);
    id
}

/// The next id of published media.
pub(super) fn new_media_id(state: &mut State) -> String {
    (18_000_000_000_000_000 + state.next_number()).to_string()
}

/// Gives a container its file, complete as it is, and starts processing. `film` says what it is meant to be.
pub(super) fn attach(state: &mut State, container: &mut Container, file: Blob, film: bool) {
    let offset = container.extra.as_object().and_then(thumb_offset);
    let flaw = if film { video::flaw(container.kind, &file, offset) } else { None };
    let settings = &state.settings.instagram;
    let seconds = if film { settings.video_processing_seconds } else { settings.image_processing_seconds };
    container.progress.start(state.now(), seconds, flaw);
    let id = keep(state, &container.account_id, file);
    if let Some(media) = state.media.get_mut(&id) {
        media.alt_text.clone_from(&container.alt_text);
        media.caption = Some(container.caption.clone()).filter(|caption| !caption.is_empty());
    }
    container.file_id = Some(id);
}
