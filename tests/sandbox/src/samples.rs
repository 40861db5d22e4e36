//! Uploaded bytes for the feed, and sample files that posts can link as media by URL.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use poem::http::StatusCode;
use poem::http::header::RANGE;
use poem::web::{Data, Path};
use poem::{Body, Request, Response, handler};

use crate::app::App;
use crate::blob::Blob;
use crate::call::pairs;
use crate::control::failure;
use crate::sniff;
use crate::state::State;

/// The samples: name, type it is served with, bytes.
const SAMPLES: &[(&str, &str, &[u8])] = &[
    ("photo-1.jpg", "image/jpeg", include_bytes!("../samples/photo-1.jpg")),
    ("photo-2.jpg", "image/jpeg", include_bytes!("../samples/photo-2.jpg")),
    ("photo-3.jpg", "image/jpeg", include_bytes!("../samples/photo-3.jpg")),
    ("photo-4.jpg", "image/jpeg", include_bytes!("../samples/photo-4.jpg")),
    ("photo-1.png", "image/png", include_bytes!("../samples/photo-1.png")),
    ("photo-1.webp", "image/webp", include_bytes!("../samples/photo-1.webp")),
    ("story.jpg", "image/jpeg", include_bytes!("../samples/story.jpg")),
    ("thumbnail.jpg", "image/jpeg", include_bytes!("../samples/thumbnail.jpg")),
    ("animated.gif", "image/gif", include_bytes!("../samples/animated.gif")),
    ("vertical.mp4", "video/mp4", include_bytes!("../samples/vertical.mp4")),
    ("landscape.mp4", "video/mp4", include_bytes!("../samples/landscape.mp4")),
    ("clip.mp4", "video/mp4", include_bytes!("../samples/clip.mp4")),
    ("slides.pdf", "application/pdf", include_bytes!("../samples/slides.pdf")),
    ("not-an-image.jpg", "image/jpeg", b"This file says it is a picture, and it is only text.\n"),
];
const BIG_BYTES: u64 = 6 * 1024 * 1024;
const MOST_REDIRECTS: u32 = 5;

/// A sample as an address asks for it. `?size=` pads it to that many bytes, which decoders ignore.
pub(crate) struct Sample {
    bytes: &'static [u8],
    content_type: &'static str,
    /// The length with padding, in bytes.
    length: u64,
    /// Redirects before it is served, `?redirect=`.
    redirects: u32,
    /// When its address stops working in Unix seconds, `?expires=`.
    expires_at: Option<i64>,
}

impl Sample {
    fn find(name: &str, query: &str) -> Option<Self> {
        let query = pairs(query.as_bytes());
        let value = |wanted: &str| query.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
        let (name, size) = if name == "big-6mb.jpg" { ("photo-2.jpg", Some(BIG_BYTES)) } else { (name, None) };
        let (_, content_type, bytes) = SAMPLES.iter().find(|(known, _, _)| *known == name)?;
        let size = size.or_else(|| value("size")?.parse().ok()).unwrap_or(0);
        Some(Self {
            bytes,
            content_type,
            length: size.max(bytes.len() as u64),
            redirects: value("redirect").and_then(|count| count.parse().ok()).unwrap_or(0),
            expires_at: value("expires").and_then(|at| at.parse().ok()),
        })
    }

    fn expired(&self, state: &State) -> bool {
        self.expires_at.is_some_and(|at| at <= state.now().timestamp())
    }

    /// The file in pieces. A film's padding is a box of its own, so that it stays a film.
    fn pieces(&self) -> impl Iterator<Item = Bytes> + Send + 'static {
        let padding = self.length - self.bytes.len() as u64;
        let mut head = Vec::new();
        if self.content_type == "video/mp4" && padding >= 8 {
            head.extend(u32::try_from(padding).unwrap_or(u32::MAX).to_be_bytes());
            head.extend(b"free");
        }
        let zeroes = padding - head.len() as u64;
        let piece = Bytes::from_static(&[0; 65_536]);
        let count = zeroes.div_ceil(65_536);
        let padding =
            (0..count).map(move |n| piece.slice(..usize::try_from(zeroes - n * 65_536).map_or(65_536, |left| left.min(65_536))));
        [Bytes::from_static(self.bytes), Bytes::from(head)].into_iter().chain(padding)
    }
}

/// What a platform gets that fetches from an address: only samples can be had, the sandbox asks nobody else.
pub(crate) fn fetch(state: &State, address: &str) -> Option<Blob> {
    let url = url::Url::parse(address).ok()?;
    let own = url::Url::parse(&state.public_url).ok()?;
    if url.port_or_known_default() != own.port_or_known_default() {
        return None;
    }
    let sample = Sample::find(url.path().strip_prefix("/_sandbox/samples/")?, url.query().unwrap_or_default())?;
    if sample.redirects > MOST_REDIRECTS || sample.expired(state) {
        return None;
    }
    let mut blob = Blob::default();
    sample.pieces().for_each(|piece| blob.push(&piece));
    Some(blob)
}

/// Serves a sample, after as many redirects as `?redirect=` asks for.
#[handler]
pub(crate) fn serve(Data(app): Data<&Arc<App>>, Path(name): Path<String>, request: &Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let Some(sample) = Sample::find(&name, query) else {
        return failure(StatusCode::NOT_FOUND, &format!("no sample is called `{name}`"));
    };
    if sample.expired(&app.state()) {
        return failure(StatusCode::FORBIDDEN, "the address has expired");
    }
    if sample.redirects > 0 {
        let target = format!("/_sandbox/samples/{name}?redirect={}", sample.redirects - 1);
        return Response::builder().status(StatusCode::FOUND).header("location", target).finish();
    }
    part(request, sample.content_type, sample.length, |start, end| {
        Body::from_bytes_stream(stream::iter(cut(sample.pieces(), start, end).map(Ok::<_, std::io::Error>)))
    })
}

/// Answers with the part of a file that a call asks for; `body` makes it from the first byte and one past the last.
fn part(request: &Request, content_type: &str, length: u64, body: impl FnOnce(u64, u64) -> Body) -> Response {
    let Some((start, end)) = range(request.header(RANGE), length) else {
        return Response::builder()
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .header("content-range", format!("bytes */{length}"))
            .finish();
    };
    let partial = end - start < length;
    let mut response = Response::builder()
        .status(if partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK })
        .content_type(content_type)
        .header("accept-ranges", "bytes")
        .header("content-length", end - start);
    if partial {
        response = response.header("content-range", format!("bytes {start}-{}/{length}", end - 1));
    }
    response.body(body(start, end))
}

/// The bytes asked for, as first and one past the last, if the file has them.
fn range(header: Option<&str>, length: u64) -> Option<(u64, u64)> {
    let Some(wanted) = header.and_then(|header| header.strip_prefix("bytes=")) else { return Some((0, length)) };
    let (first, last) = wanted.split_once('-').unwrap_or((wanted, ""));
    let found = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => Some((first, last.saturating_add(1).min(length))),
        (Ok(first), Err(_)) => Some((first, length)),
        (Err(_), Ok(count)) => Some((length.saturating_sub(count), length)),
        (Err(_), Err(_)) => None,
    };
    found.filter(|(first, end)| first < end)
}

/// The part of `pieces` between two places.
fn cut(pieces: impl Iterator<Item = Bytes>, start: u64, end: u64) -> impl Iterator<Item = Bytes> {
    let mut at = 0;
    pieces.filter_map(move |piece| {
        let (from, to) = (at, at + piece.len() as u64);
        at = to;
        let (first, last) = (start.max(from), end.min(to));
        let inside = |place: u64| usize::try_from(place - from).ok();
        if first < last { Some(piece.slice(inside(first)?..inside(last)?)) } else { None }
    })
}

/// Serves an uploaded file, or a part of it, which players of films ask for.
#[handler]
pub(crate) fn media(Data(app): Data<&Arc<App>>, Path(id): Path<String>, request: &Request) -> Response {
    let Some(bytes) = app.state().media.get(&id).map(|media| media.bytes.clone()) else {
        return failure(StatusCode::NOT_FOUND, &format!("no media has the id `{id}`"));
    };
    part(request, sniff::content_type(&bytes), bytes.len() as u64, |start, end| {
        let place = |at: u64| usize::try_from(at).unwrap_or(bytes.len());
        Body::from(bytes.slice(place(start)..place(end)))
    })
}
