//! Files that users name by address: fetched through one guarded client and streamed on in bounded memory.
//!
//! Only public addresses are reached, see `guard`: the guard sits in the resolver, so the address that is checked
//! is the one that is connected to, and literal addresses are checked in every URL, redirects included.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::multipart::Part;
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::guard::{self, PublicResolver};
use super::http::chain;
use super::probe::{self, PdfPages, Probe};
use crate::error::{ErrorClass, JobError};

/// Fetches users' files.
#[derive(Clone)]
pub struct MediaClient {
    http: reqwest::Client,
    allow: Arc<HashSet<String>>,
    readers: Arc<Semaphore>,
}

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;

/// How long a file's host may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// The slowest host that is waited for, in bytes per second, beyond [`SILENCE_MAX`].
const SLOWEST: u64 = 64 * 1024;

/// Files that are read in pieces at the same time, in this process: each holds one piece in memory.
const READERS_MAX: usize = 4;

impl MediaClient {
    /// A client that reaches public addresses, and those of `allow` (`host:port`) whatever they are.
    pub fn new(allow: &[String]) -> reqwest::Result<Self> {
        let allow: Arc<HashSet<String>> = Arc::new(allow.iter().cloned().collect());
        let names = allow.iter().filter_map(|pair| pair.rsplit_once(':')).map(|(host, _)| host.to_owned()).collect();
        let redirect_allow = Arc::clone(&allow);
        let policy = Policy::custom(move |attempt| match guard::check(attempt.url(), &redirect_allow) {
            _ if attempt.previous().len() > REDIRECTS_MAX => attempt.error("too many redirects"),
            Ok(()) => attempt.follow(),
            Err(reason) => attempt.error(reason),
        });
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(policy)
            .connect_timeout(SILENCE_MAX)
            .read_timeout(SILENCE_MAX)
            .dns_resolver(Arc::new(PublicResolver { names }))
            .user_agent(concat!("pressroom/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, allow, readers: Arc::new(Semaphore::new(READERS_MAX)) })
    }

    /// Why a URL can't be fetched from at all, in words for its author.
    pub fn check(&self, url: &str) -> Result<(), &'static str> {
        guard::check(&Url::parse(url).map_err(|_| "not a URL")?, &self.allow)
    }

    /// Begins to fetch a file of at most `limit` bytes.
    pub async fn open(&self, url: &str, limit: u64) -> Result<MediaFile, JobError> {
        let response = self.get(url, None, limit).await?;
        let length = response.content_length();
        if length.is_some_and(|length| length > limit) {
            return Err(too_large(url, limit));
        }
        MediaFile::begin(url, limit, length, response.bytes_stream()).await
    }

    /// Begins to fetch the bytes from `start` up to `end` (not included) of a file that is known to be at least that long.
    pub async fn open_range(&self, url: &str, start: u64, end: u64) -> Result<MediaFile, JobError> {
        let source = self.range(url, start, end).await?;
        MediaFile::begin(url, end - start, Some(end - start), source).await
    }

    /// Reads a file in pieces from `start` on; waits while too many others are being read.
    pub async fn reader(&self, url: &str, start: u64, length: u64) -> Result<Reader, JobError> {
        let permit = Arc::clone(&self.readers).acquire_owned().await;
        let permit = permit.map_err(|_| transient("the media client is shutting down".to_owned()))?;
        let source = if start < length { self.range(url, start, length).await?.boxed() } else { stream::empty().boxed() };
        Ok(Reader { url: url.to_owned(), source: Mutex::new(source), left: Bytes::new(), _permit: permit })
    }

    /// Finds out what a file is: its type, size and dimensions, from its header alone.
    pub async fn probe(&self, url: &str) -> Result<Probe, JobError> {
        let response = self.get(url, Some((0, HEAD_BYTES)), HEAD_BYTES).await?;
        let bytes = total_length(&response);
        let head = read_head(url, response.bytes_stream()).await?;
        let mut probe = Probe { content_type: probe::content_type(&head).to_owned(), bytes, ..Probe::default() };
        if probe.bytes.is_none() || probe.content_type == "application/pdf" {
            self.read_all(url, &mut probe).await?;
        }
        if probe.is_image() {
            probe::image(&mut probe, &head);
        } else if matches!(probe.content_type.as_str(), "video/mp4" | "video/quicktime" | "video/x-m4v") {
            self.read_moov(url, &head, &mut probe).await?;
        }
        Ok(probe)
    }

    /// Reads a file to its end and keeps nothing of it but its length and what is spread all over it.
    async fn read_all(&self, url: &str, probe: &mut Probe) -> Result<(), JobError> {
        let response = self.get(url, None, READ_ALL_MAX).await?;
        let (mut length, mut pages) = (0, PdfPages::default());
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| unreachable_file(url, &error))?;
            length += piece.len() as u64;
            if length > READ_ALL_MAX {
                return Err(too_large(url, READ_ALL_MAX));
            }
            if probe.content_type == "application/pdf" {
                pages.feed(&piece);
            }
        }
        probe.bytes = Some(length);
        probe.pages = pages.pages();
        Ok(())
    }

    /// Walks an MP4's boxes to the one that describes it, wherever it stands.
    async fn read_moov(&self, url: &str, head: &[u8], probe: &mut Probe) -> Result<(), JobError> {
        let Some(end) = probe.bytes else { return Ok(()) };
        let mut at = 0;
        for _ in 0..BOXES_MAX {
            let header = self.piece(url, head, at, (at + 16).min(end)).await?;
            let Some((name, header_length, length)) = probe::mp4_box(&header) else { return Ok(()) };
            let length = if length == 0 { end - at } else { length };
            if length < header_length || at + length > end {
                return Ok(());
            }
            if &name == b"moov" {
                if length <= MOOV_MAX {
                    probe::moov(probe, &self.piece(url, head, at, at + length).await?);
                }
                return Ok(());
            }
            at += length;
            if at + 8 > end {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Some bytes of a file, from its head where they are there already.
    async fn piece(&self, url: &str, head: &[u8], start: u64, end: u64) -> Result<Bytes, JobError> {
        if let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end))
            && let Some(known) = head.get(from..to)
        {
            return Ok(Bytes::copy_from_slice(known));
        }
        let mut source = Box::pin(self.range(url, start, end).await?);
        let mut piece = BytesMut::new();
        while let Some(bytes) = source.next().await {
            piece.extend_from_slice(&bytes.map_err(|error| unreachable_file(url, &error))?);
        }
        Ok(piece.freeze())
    }

    /// The bytes from `start` to `end`, whether or not the host serves parts of files.
    async fn range(
        &self,
        url: &str,
        start: u64,
        end: u64,
    ) -> Result<impl Stream<Item = reqwest::Result<Bytes>> + Send + use<>, JobError> {
        let response = self.get(url, Some((start, end)), end).await?;
        let skip = if response.status() == StatusCode::PARTIAL_CONTENT { 0 } else { start };
        Ok(cut(response.bytes_stream(), skip, end - start))
    }

    async fn get(&self, url: &str, range: Option<(u64, u64)>, limit: u64) -> Result<Response, JobError> {
        self.check(url).map_err(|reason| rejected("media_url_refused", format!("`{url}` is refused: {reason}")))?;
        let mut request = self.http.get(url).timeout(SILENCE_MAX + Duration::from_secs(limit / SLOWEST));
        if let Some((start, end)) = range {
            request = request.header(RANGE, format!("bytes={start}-{}", end - 1));
        }
        let response = request.send().await.map_err(|error| unreachable_file(url, &error))?;
        let status = response.status();
        if !status.is_success() {
            let message = format!("`{url}` answered with status {}", status.as_u16());
            let retry = status.is_server_error() || status.as_u16() == 429;
            return Err(if retry { transient(message) } else { rejected("media_unavailable", message) });
        }
        Ok(response)
    }
}

/// How much of a file is fetched to know it: enough for an image's header behind its camera's notes and preview.
const HEAD_BYTES: u64 = 256 * 1024;

/// Boxes of an MP4 that are walked before giving up.
const BOXES_MAX: usize = 64;

/// The largest description of an MP4 that is read, in bytes: that of a film of many hours.
const MOOV_MAX: u64 = 16 << 20;

/// The largest file that is read to its end to know it, in bytes: a PDF, or one whose host does not say how long it is.
const READ_ALL_MAX: u64 = 4 << 30;

/// The length of the whole file that an answer, or a part of one, belongs to.
fn total_length(response: &Response) -> Option<u64> {
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return response.content_length();
    }
    response.headers().get(CONTENT_RANGE)?.to_str().ok()?.rsplit_once('/')?.1.parse().ok()
}

/// The first bytes of a file, and no more.
async fn read_head<S>(url: &str, source: S) -> Result<Bytes, JobError>
where
    S: Stream<Item = reqwest::Result<Bytes>> + Send,
{
    let mut source = Box::pin(cut(source, 0, HEAD_BYTES));
    let mut head = BytesMut::new();
    while let Some(piece) = source.next().await {
        head.extend_from_slice(&piece.map_err(|error| unreachable_file(url, &error))?);
    }
    Ok(head.freeze())
}

/// The `length` bytes of a stream that follow the first `skip`.
fn cut<S>(source: S, skip: u64, length: u64) -> impl Stream<Item = reqwest::Result<Bytes>> + Send
where
    S: Stream<Item = reqwest::Result<Bytes>> + Send,
{
    let state = (Box::pin(source), skip, length);
    stream::unfold(state, |(mut source, mut skip, mut length)| async move {
        while length > 0 {
            let mut piece = match source.next().await? {
                Ok(piece) => piece,
                Err(error) => return Some((Err(error), (source, 0, 0))),
            };
            let skipped = usize::try_from(skip).map_or(piece.len(), |skip| skip.min(piece.len()));
            skip -= skipped as u64;
            piece = piece.slice(skipped..);
            if piece.is_empty() {
                continue;
            }
            piece.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            length -= piece.len() as u64;
            return Some((Ok(piece), (source, skip, length)));
        }
        None
    })
    .fuse()
}

/// A file read piece by piece.
pub struct Reader {
    url: String,
    /// The lock is never taken: it lets a borrowed reader cross threads, which a stream alone would not.
    source: Mutex<BoxStream<'static, reqwest::Result<Bytes>>>,
    left: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    /// The next `size` bytes; fewer only at the end of the file.
    pub async fn next(&mut self, size: usize) -> Result<Bytes, JobError> {
        let mut piece = BytesMut::with_capacity(size);
        let source = self.source.get_mut().unwrap_or_else(PoisonError::into_inner);
        loop {
            let wanted = (size - piece.len()).min(self.left.len());
            piece.extend_from_slice(&self.left.split_to(wanted));
            if piece.len() == size {
                return Ok(piece.freeze());
            }
            match source.next().await {
                Some(bytes) => self.left = bytes.map_err(|error| unreachable_file(&self.url, &error))?,
                None => return Ok(piece.freeze()),
            }
        }
    }
}

/// A file on its way: its first bytes are here, the rest streams.
pub struct MediaFile {
    /// The type by its content, such as `image/png`; empty when unknown. What its host claims does not count.
    pub content_type: &'static str,
    length: Option<u64>,
    body: reqwest::Body,
    fault: Arc<OnceLock<JobError>>,
}

/// Bytes that tell a file's type.
const SNIFF_BYTES: usize = 64;

impl MediaFile {
    async fn begin<S>(url: &str, limit: u64, length: Option<u64>, source: S) -> Result<Self, JobError>
    where
        S: Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
    {
        let mut source = Box::pin(source);
        let mut head = Vec::new();
        while head.len() < SNIFF_BYTES
            && let Some(chunk) = source.next().await
        {
            head.extend_from_slice(&chunk.map_err(|error| unreachable_file(url, &error))?);
        }
        let content_type = probe::content_type(&head);
        let fault = Arc::new(OnceLock::new());
        let rest = stream::once(async { Ok(Bytes::from(head)) }).chain(source);
        let body = reqwest::Body::wrap_stream(limited(rest, url.to_owned(), limit, Arc::clone(&fault)));
        Ok(Self { content_type, length, body, fault })
    }

    /// The file as a part of a form, and the place where its own failure, if any, will be found.
    pub fn into_part(self) -> Result<(Part, Fault), JobError> {
        let part = match self.length {
            Some(length) => Part::stream_with_length(self.body, length),
            None => Part::stream(self.body),
        };
        let extension = self.content_type.rsplit('/').next().unwrap_or("bin");
        let content_type = if self.content_type.is_empty() { "application/octet-stream" } else { self.content_type };
        let part = part
            .file_name(format!("file.{extension}"))
            .mime_str(content_type)
            .map_err(|error| JobError::new(ErrorClass::Bug, "media_type_unusable", format!("`{content_type}`: {error}")))?;
        Ok((part, Fault(self.fault)))
    }

    /// The file as a whole body, and the place where its own failure, if any, will be found.
    ///
    /// Send it with a `Content-Length` header, which only the caller knows.
    pub fn into_body(self) -> (reqwest::Body, Fault) {
        (self.body, Fault(self.fault))
    }
}

/// Why a file's stream broke off, known once the call that carried it has failed.
pub struct Fault(Arc<OnceLock<JobError>>);

impl Fault {
    /// The file's own failure when there was one, else what the call said.
    pub fn or(&self, error: JobError) -> JobError {
        self.0.get().cloned().unwrap_or(error)
    }
}

fn limited<S>(
    source: S,
    url: String,
    limit: u64,
    fault: Arc<OnceLock<JobError>>,
) -> impl Stream<Item = Result<Bytes, std::io::Error>>
where
    S: Stream<Item = reqwest::Result<Bytes>>,
{
    let mut seen = 0;
    source.map(move |chunk| {
        let problem = match chunk {
            Err(error) => unreachable_file(&url, &error),
            Ok(bytes) => {
                seen += bytes.len() as u64;
                if seen <= limit {
                    return Ok(bytes);
                }
                too_large(&url, limit)
            }
        };
        let text = problem.message.clone();
        // Only the first failure counts; the stream ends with it.
        let _ = fault.set(problem);
        Err(std::io::Error::other(text))
    })
}

fn rejected(code: &'static str, message: String) -> JobError {
    JobError::new(ErrorClass::Rejected, code, message)
}

fn transient(message: String) -> JobError {
    JobError::new(ErrorClass::Transient, "media_unavailable", message)
}

fn too_large(url: &str, limit: u64) -> JobError {
    rejected("media_too_large", format!("`{url}` is larger than {limit} bytes")).remedy("use a smaller file")
}

fn unreachable_file(url: &str, error: &reqwest::Error) -> JobError {
    let message = format!("`{url}` could not be fetched: {}", chain(error));
    if error.is_redirect() { rejected("media_url_refused", message) } else { transient(message) }
}
