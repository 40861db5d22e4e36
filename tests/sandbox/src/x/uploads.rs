//! Uploads to X, whichever interface they come through: categories, segments, and the work after the last byte.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::measure;
use crate::blob::Blob;
use crate::faults::Action;
use crate::image;
use crate::state::{Media, Platform, State};

/// An upload and its id live this long.
pub(super) const LIFETIME: TimeDelta = TimeDelta::hours(24);
const LARGEST_SEGMENT_BYTES: u64 = 5 * 1024 * 1024;
const LAST_SEGMENT: u32 = 999;
/// Bytes at the beginning of a file that are worth keeping, as in a blob.
const KEPT_BYTES: u64 = 16 * 1024 * 1024;

/// The sorts of files that X tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Image,
    Gif,
    Video,
    Subtitles,
}

/// What an upload is meant for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Category {
    pub(crate) kind: Kind,
    /// Whether posts can carry it; the others are for messages and captions.
    pub(crate) in_posts: bool,
    /// How its media keys begin.
    key: u32,
}

const CATEGORIES: &[(&str, Category)] = &[
    ("tweet_image", category(Kind::Image, true, 3)),
    ("tweet_gif", category(Kind::Gif, true, 16)),
    ("tweet_video", category(Kind::Video, true, 7)),
    ("amplify_video", category(Kind::Video, true, 13)),
    ("dm_image", category(Kind::Image, false, 3)),
    ("dm_gif", category(Kind::Gif, false, 16)),
    ("dm_video", category(Kind::Video, false, 7)),
    ("subtitles", category(Kind::Subtitles, false, 13)),
];

const fn category(kind: Kind, in_posts: bool, key: u32) -> Category {
    Category { kind, in_posts, key }
}

impl Category {
    /// The category of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        CATEGORIES.iter().find(|(known, _)| *known == name).map(|(_, category)| *category)
    }

    /// The category when a client names none.
    pub(super) fn guess(media_type: &str) -> Option<Self> {
        Self::named(match media_type {
            "image/gif" => "tweet_gif",
            "text/srt" | "text/vtt" => "subtitles",
            image if image.starts_with("image/") => "tweet_image",
            video if video.starts_with("video/") => "tweet_video",
            _ => return None,
        })
    }

    /// Whether files of that type can be meant for it.
    pub(super) fn takes(self, media_type: &str) -> bool {
        match self.kind {
            Kind::Image => media_type.starts_with("image/"),
            Kind::Gif => media_type == "image/gif",
            Kind::Video => media_type.starts_with("video/"),
            Kind::Subtitles => media_type.starts_with("text/"),
        }
    }

    /// How large a file may be.
    pub(super) fn most_bytes(self) -> u64 {
        match self.kind {
            Kind::Image | Kind::Subtitles => 5 * 1024 * 1024,
            Kind::Gif => 15 * 1024 * 1024,
            Kind::Video => 512 * 1024 * 1024,
        }
    }
}

/// The pieces of a file that arrived; only the beginning of the file is kept, so that films fit into memory.
#[derive(Debug, Default)]
pub(crate) struct Segments(BTreeMap<u32, Blob>);

impl Segments {
    /// Takes a piece, or says why not.
    fn put(&mut self, index: u32, piece: Blob, most: u64) -> Result<(), String> {
        if index > LAST_SEGMENT {
            return Err("$.segment_index: must be between 0 and 999".to_owned());
        }
        if piece.length() == 0 || piece.length() > LARGEST_SEGMENT_BYTES {
            return Err("$.media: a segment holds 1 byte to 5 MB".to_owned());
        }
        let others = self.0.iter().filter(|(known, _)| **known != index).map(|(_, piece)| piece.length());
        if others.sum::<u64>() + piece.length() > most {
            return Err("The segments exceed the provided total_bytes.".to_owned());
        }
        self.0.insert(index, piece);
        let mut before = 0;
        for piece in self.0.values_mut() {
            if before >= KEPT_BYTES {
                piece.forget();
            }
            before += piece.length();
        }
        Ok(())
    }

    /// The file, when its pieces follow one another and are as long as announced.
    fn join(&self, announced: u64) -> Option<Blob> {
        let contiguous = (0..).zip(self.0.keys()).all(|(expected, index)| expected == *index);
        let mut file = Blob::default();
        self.0.values().for_each(|piece| file.append(piece));
        (contiguous && file.length() == announced).then_some(file)
    }
}

/// Why X could not make anything of a file.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    name: String,
    message: &'static str,
}

impl Failure {
    fn new(name: &str, message: &'static str) -> Self {
        Self { name: name.to_owned(), message }
    }

    fn json(&self) -> Value {
        let code = match self.name.as_str() {
            "InvalidMedia" => 1,
            "InternalError" => 2,
            _ => 3,
        };
        json!({"code": code, "name": self.name, "message": self.message})
    }
}

/// The platform's work on a complete file.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// A fault counts status checks instead of seconds.
    checks: Option<u32>,
    checked: u32,
    failure: Option<Failure>,
}

impl Work {
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.checks.map_or(now >= self.until, |checks| self.checked > checks)
    }

    fn json(&self, now: DateTime<Utc>) -> Value {
        if self.is_over(now) {
            return match &self.failure {
                Some(failure) => json!({"state": "failed", "error": failure.json()}),
                None => json!({"state": "succeeded", "progress_percent": 100}),
            };
        }
        let wait = if self.checks.is_some() { 1 } else { (self.until - now).num_seconds().max(1) };
        if self.checked == 0 {
            return json!({"state": "pending", "check_after_secs": wait});
        }
        let progress = match self.checks {
            Some(checks) => i64::from(100 * self.checked / (checks + 1)),
            None => 100 * (now - self.from).num_milliseconds() / (self.until - self.from).num_milliseconds().max(1),
        };
        json!({"state": "in_progress", "check_after_secs": wait, "progress_percent": progress})
    }
}

/// How far an upload is.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Bytes are still arriving.
    Uploading(Segments),
    /// All is there. Without work it was ready at once.
    Complete(Option<Work>),
}

/// What is known of an upload besides its bytes.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    account_id: String,
    /// Others who may use it.
    owners: Vec<String>,
    pub(crate) category: Category,
    media_type: String,
    total_bytes: u64,
    created_at: DateTime<Utc>,
    pub(crate) stage: Stage,
}

impl Upload {
    /// Starts an upload and remembers it; gives its id.
    pub(super) fn start(state: &mut State, account_id: &str, wanted: Wanted) -> String {
        let (id, created_at) = (state.next_snowflake(), state.now());
        let upload = Self {
            id: id.clone(),
            account_id: account_id.to_owned(),
            owners: wanted.owners,
            category: wanted.category,
            media_type: wanted.media_type,
            total_bytes: wanted.total_bytes,
            created_at,
            stage: Stage::Uploading(Segments::default()),
        };
        // Nobody can go on with what has expired; finished ones are still named by posts.
        state.x.uploads.retain(|_, upload| matches!(upload.stage, Stage::Complete(_)) || !upload.is_expired(created_at));
        state.x.uploads.insert(id.clone(), upload);
        id
    }

    pub(super) fn media_key(&self) -> String {
        format!("{}_{}", self.category.key, self.id)
    }

    pub(super) fn expires_at(&self) -> DateTime<Utc> {
        self.created_at + LIFETIME
    }

    fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at()
    }

    /// Whether a user may put it into a post now.
    pub(super) fn is_usable(&self, account_id: &str, now: DateTime<Utc>) -> bool {
        let over = |work: &Work| work.is_over(now) && work.failure.is_none();
        let ready = matches!(&self.stage, Stage::Complete(work) if work.as_ref().is_none_or(over));
        let owned = self.account_id == account_id || self.owners.iter().any(|owner| owner == account_id);
        ready && owned && self.category.in_posts && !self.is_expired(now)
    }

    fn json(&self, media: Option<&Media>, now: DateTime<Utc>) -> Value {
        let mut body = json!({"media_key": self.media_key(), "expires_after_secs": (self.expires_at() - now).num_seconds()});
        if let Some(media) = media {
            body["size"] = json!(media.length);
            match self.category.kind {
                Kind::Image | Kind::Gif => {
                    let (width, height) = image::size(&media.bytes);
                    body["image"] = json!({"w": width, "h": height, "image_type": media.content_type});
                }
                Kind::Video => body["video"] = json!({"video_type": self.media_type}),
                Kind::Subtitles => {}
            }
        }
        if let Stage::Complete(Some(work)) = &self.stage {
            body["processing_info"] = work.json(now);
        }
        body
    }
}

/// What a client announces.
pub(super) struct Wanted {
    pub(super) category: Category,
    pub(super) media_type: String,
    pub(super) total_bytes: u64,
    pub(super) owners: Vec<String>,
}

/// An account's own upload, unless it has expired.
pub(super) fn find<'a>(state: &'a mut State, account_id: &str, id: &str) -> Option<&'a mut Upload> {
    let now = state.now();
    state.x.uploads.get_mut(id).filter(|upload| upload.account_id == account_id && !upload.is_expired(now))
}

/// What finalize and status say about an account's own upload, without the id.
pub(super) fn shown(state: &State, account_id: &str, id: &str) -> Option<Value> {
    let upload = state.x.uploads.get(id).filter(|upload| upload.account_id == account_id)?;
    (!upload.is_expired(state.now())).then(|| upload.json(state.media.get(id), state.now()))
}

/// Adds a segment, or says why not.
pub(super) fn append(upload: &mut Upload, index: u32, piece: Blob) -> Result<(), String> {
    let most = upload.total_bytes;
    match &mut upload.stage {
        Stage::Uploading(segments) => segments.put(index, piece, most),
        Stage::Complete(_) => Err("The upload is finished already.".to_owned()),
    }
}

/// Ends an upload that is not ended yet, or says why not.
pub(super) fn finalize(state: &mut State, account_id: &str, id: &str, action: Option<&Action>) -> Result<(), String> {
    let Some(upload) = find(state, account_id, id) else { return Ok(()) };
    let Stage::Uploading(segments) = &upload.stage else { return Ok(()) };
    let file = segments.join(upload.total_bytes);
    let file = file.ok_or_else(|| "Segments do not add up to the provided total_bytes.".to_owned())?;
    complete(state, id, file, action)
}

/// Takes the whole file of an upload: refuses it, or begins the work on it.
pub(super) fn complete(state: &mut State, id: &str, file: Blob, action: Option<&Action>) -> Result<(), String> {
    let now = state.now();
    let (video, still) = (state.settings.x.video_processing_seconds, state.settings.x.image_processing_seconds);
    let Some(upload) = state.x.uploads.get_mut(id) else { return Ok(()) };
    let media = Media::new(Platform::X, &upload.account_id, id.to_owned(), file, upload.created_at);
    let failure = inspect(upload.category, &media)?;
    let seconds = if matches!(upload.category.kind, Kind::Video | Kind::Gif) { video } else { still };
    let until = now + TimeDelta::seconds(seconds.into());
    let work = |checks, failure| Some(Work { from: now, until, checks, checked: 0, failure });
    upload.stage = Stage::Complete(match action {
        Some(Action::Processing { checks }) => work(Some(*checks), failure),
        Some(Action::ProcessingFailed { checks, code }) => {
            let name = if code.is_empty() { "InvalidMedia" } else { code };
            work(Some(*checks), Some(Failure::new(name, "Unsupported video format")))
        }
        _ if seconds == 0 && failure.is_none() => None,
        _ => work(None, failure),
    });
    state.media.insert(id.to_owned(), media);
    Ok(())
}

/// Looks into a file. What is checked at once refuses the call; what the work finds out fails later.
fn inspect(category: Category, media: &Media) -> Result<Option<Failure>, String> {
    let (width, height) = image::size(&media.bytes);
    match category.kind {
        Kind::Image => {
            if !matches!(media.content_type.as_str(), "image/jpeg" | "image/png" | "image/gif" | "image/webp") {
                return Err("Unsupported media: the file is not a JPG, PNG, GIF or WEBP image.".to_owned());
            }
            if media.length > category.most_bytes() {
                return Err(format!("File size exceeds {} bytes.", category.most_bytes()));
            }
            if measure::gif_frames(&media.bytes) > 1 && media.content_type == "image/gif" {
                return Err("Unsupported media: an animated GIF needs the media_category tweet_gif.".to_owned());
            }
            Ok(None)
        }
        Kind::Gif => {
            let frames = measure::gif_frames(&media.bytes);
            let pixels = u64::from(width) * u64::from(height) * u64::from(frames);
            let fits = width <= 1280 && height <= 1080 && (1..=350).contains(&frames) && pixels <= 300_000_000;
            let gif = media.content_type == "image/gif";
            Ok((!gif || !fits).then(|| Failure::new("InvalidMedia", "The GIF is broken, too large or has too many frames")))
        }
        Kind::Video => Ok(inspect_film(media)),
        Kind::Subtitles => Ok(None),
    }
}

fn inspect_film(media: &Media) -> Option<Failure> {
    if !matches!(media.content_type.as_str(), "video/mp4" | "video/quicktime") {
        return Some(Failure::new("UnsupportedMedia", "Unsupported video format"));
    }
    let film = measure::film(&media.bytes)?;
    let (short, long) = (film.width.min(film.height), film.width.max(film.height));
    // The documented size is that of a lying film; X takes standing ones of the same size.
    let fits = film.milliseconds >= 500 && (32..=1024).contains(&short) && long <= 1280 && long <= 3 * short;
    (!fits).then(|| Failure::new("InvalidMedia", "Unsupported dimensions, aspect ratio or duration"))
}

/// Counts a status check.
pub(super) fn check(upload: &mut Upload) {
    if let Stage::Complete(Some(work)) = &mut upload.stage {
        work.checked = work.checked.saturating_add(1);
    }
}
