//! Where the files of a post come from: pieces that the client sends, or addresses that TikTok pulls from.

use serde::Deserialize;

use super::errors::Refusal;
use super::film;
use crate::blob::Blob;
use crate::image;
use crate::samples;
use crate::sniff;
use crate::state::State;

/// Whether "MB" means 1,000,000 or 1,048,576 is not documented, so bounds are drawn where both readings agree.
const SMALLEST_CHUNK_BYTES: u64 = 5_242_880;
const LARGEST_CHUNK_BYTES: u64 = 64_000_000;
const MOST_CHUNKS: u64 = 1000;
const LARGEST_VIDEO_BYTES: u64 = 4_000_000_000;
const LARGEST_PHOTO_BYTES: u64 = 20_000_000;
const MOST_PHOTOS: usize = 35;
/// Sides of a video in pixels.
const VIDEO_SIDES: std::ops::RangeInclusive<u32> = 360..=4096;
/// The long and the short side of a photo in pixels.
const LARGEST_PHOTO: (u32, u32) = (1920, 1080);

const INVALID: &str = "400/invalid_param";

/// `source_info` of an init call.
#[derive(Deserialize)]
pub(super) struct SourceInfo {
    source: String,
    video_size: Option<u64>,
    chunk_size: Option<u64>,
    total_chunk_count: Option<u64>,
    video_url: Option<String>,
    photo_images: Option<Vec<String>>,
    photo_cover_index: Option<u64>,
}

/// How a file is cut for sending.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Of the whole file.
    pub(super) size_bytes: u64,
    pub(super) chunk_bytes: u64,
    pub(super) chunks: u64,
}

impl Plan {
    /// How long the chunk must be that starts at a place, if one starts there.
    pub(super) fn chunk_at(&self, first: u64) -> Option<u64> {
        let index = first / self.chunk_bytes;
        if !first.is_multiple_of(self.chunk_bytes) || index >= self.chunks {
            return None;
        }
        let last = index + 1 == self.chunks;
        Some(if last { self.size_bytes - first } else { self.chunk_bytes })
    }

    fn check(self) -> Result<Self, Refusal> {
        let Self { size_bytes, chunk_bytes, chunks } = self;
        if size_bytes == 0 {
            return Err(Refusal::say(INVALID, "The video size is invalid"));
        }
        if size_bytes > LARGEST_VIDEO_BYTES {
            return Err(Refusal::say("400/invalid_file_upload", "The video is larger than 4 GB"));
        }
        let whole = chunk_bytes == size_bytes && size_bytes <= LARGEST_CHUNK_BYTES;
        let several = size_bytes >= SMALLEST_CHUNK_BYTES
            && (SMALLEST_CHUNK_BYTES..=LARGEST_CHUNK_BYTES).contains(&chunk_bytes)
            && (size_bytes <= LARGEST_CHUNK_BYTES || size_bytes / chunk_bytes > 1);
        if !whole && !several {
            return Err(Refusal::say(INVALID, "The chunk size is invalid"));
        }
        if chunks != size_bytes / chunk_bytes || !(1..=MOST_CHUNKS).contains(&chunks) {
            return Err(Refusal::say(INVALID, "The total chunk count is invalid"));
        }
        Ok(self)
    }
}

/// Where files come from, checked.
pub(super) enum Source {
    Sent(Plan),
    Pulled(Vec<String>),
}

impl SourceInfo {
    /// Where a video comes from.
    pub(super) fn video(&self, state: &State) -> Result<Source, Refusal> {
        match self.source.as_str() {
            "FILE_UPLOAD" => {
                let missing = || Refusal::say(INVALID, "video_size, chunk_size and total_chunk_count are required");
                let size_bytes = self.video_size.ok_or_else(missing)?;
                let chunk_bytes = self.chunk_size.ok_or_else(missing)?;
                let chunks = self.total_chunk_count.ok_or_else(missing)?;
                Plan { size_bytes, chunk_bytes, chunks }.check().map(Source::Sent)
            }
            "PULL_FROM_URL" => {
                let url = self.video_url.clone().ok_or_else(|| Refusal::say(INVALID, "video_url is required"))?;
                pulled(state, vec![url])
            }
            _ => Err(Refusal::say(INVALID, "The source is invalid")),
        }
    }

    /// Where photos come from; they cannot be sent.
    pub(super) fn photos(&self, state: &State) -> Result<Source, Refusal> {
        if self.source != "PULL_FROM_URL" {
            return Err(Refusal::say(INVALID, "Photos can only be posted with PULL_FROM_URL"));
        }
        let urls = self.photo_images.clone().unwrap_or_default();
        if urls.is_empty() || urls.len() > MOST_PHOTOS {
            return Err(Refusal::say(INVALID, "photo_images must hold 1 to 35 URLs"));
        }
        if self.cover_index() >= urls.len() as u64 {
            return Err(Refusal::say(INVALID, "photo_cover_index is out of range"));
        }
        pulled(state, urls)
    }

    /// Which photo is the cover.
    pub(super) fn cover_index(&self) -> u64 {
        self.photo_cover_index.unwrap_or(0)
    }
}

fn pulled(state: &State, urls: Vec<String>) -> Result<Source, Refusal> {
    if urls.iter().any(|url| url::Url::parse(url).is_err()) {
        return Err(Refusal::say(INVALID, "The URL is malformed"));
    }
    if urls.iter().all(|url| verified(state, url)) {
        return Ok(Source::Pulled(urls));
    }
    Err(Refusal::new("403/url_ownership_unverified"))
}

/// Whether an address is below a verified prefix. What is verified may be http: it is a sandbox.
fn verified(state: &State, url: &str) -> bool {
    let below = |prefix: &str| url.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    match state.settings.tiktok.verified_prefixes.as_slice() {
        [] => below(&state.public_url),
        prefixes => prefixes.iter().any(|prefix| below(prefix)),
    }
}

/// Pulls all files, or none. TikTok follows no redirects.
pub(super) fn pull(state: &State, urls: &[String]) -> Option<Vec<Blob>> {
    let direct = |url: &String| {
        let parsed = url::Url::parse(url).ok()?;
        let redirected = parsed.query_pairs().any(|(name, count)| name == "redirect" && count != "0");
        if redirected { None } else { samples::fetch(state, url) }
    };
    urls.iter().map(direct).collect()
}

/// What is wrong with a video, in TikTok's words.
pub(super) fn video_trouble(state: &State, file: &Blob) -> Option<&'static str> {
    if !sniff::is_video(file.kept()) || file.length() > LARGEST_VIDEO_BYTES {
        return Some("file_format_check_failed");
    }
    let film = film::measure(file.kept())?;
    if film.seconds > state.settings.tiktok.max_video_post_duration_sec {
        return Some("duration_check_failed");
    }
    let fits = VIDEO_SIDES.contains(&film.width) && VIDEO_SIDES.contains(&film.height);
    (!fits).then_some("picture_size_check_failed")
}

/// What is wrong with a photo, in TikTok's words.
pub(super) fn photo_trouble(file: &Blob) -> Option<&'static str> {
    if !matches!(sniff::content_type(file.kept()), "image/jpeg" | "image/webp") {
        return Some("file_format_check_failed");
    }
    let (width, height) = image::size(file.kept());
    let (long, short) = LARGEST_PHOTO;
    let fits = width.max(height) <= long && width.min(height) <= short && file.length() <= LARGEST_PHOTO_BYTES;
    (!fits).then_some("picture_size_check_failed")
}
