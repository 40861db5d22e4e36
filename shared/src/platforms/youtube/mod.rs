//! YouTube, Data API v3. Limits and error meanings: the API's reference and revision history, as of 2026-11.
//!
//! A video goes up in a resumable upload. `session:n` starts it (metadata errors are told here) and keeps the sealed address
//! for the bytes; `bytes:n:…` send all but the last few, going on where YouTube says it is, also after a crash; `last_bytes:n`
//! sends the rest, with which the video exists; `processed:n` waits until it can be watched. Thumbnail and first comment
//! follow. `n` counts uploads: a new one begins only when the address is gone before the last bytes were sent, or when
//! YouTube gave the upload up itself.
//!
//! The address makes up for the missing idempotency key. A lost answer to the last bytes is asked for there: it tells the
//! video, or that bytes are missing, which may be sent again. Only when the address is gone is the video looked for among
//! the channel's uploads by title, description and time; when it is not there either, a person must look.
//!
//! A Short is a video that YouTube takes for one by its shape and length, which are checked before the first call.

mod call;
mod checks;
mod connect;
mod errors;
mod find;
mod follow;
mod limits;
mod pacific;
mod processing;
mod session;
mod upload;

use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::rules::{FileRule, KindRule, OptionRule, Rules, TextRule, Unit};
use super::{Platform, Publishing};
use crate::clock::Timestamp;
use crate::content::Kind;
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Looks, Stop};
use crate::store::runs::{Published, Warning};
use find::Wanted;
use processing::Processed;
use session::Session;
use upload::{Sent, Upload};

/// Video types: `video/*` is taken; these are told apart by content.
const VIDEO_TYPES: &[&str] = &[
    "video/mp4",
    "video/quicktime",
    "video/x-m4v",
    "video/webm",
    "video/x-matroska",
    "video/mpeg",
    "video/x-msvideo",
    "video/x-ms-wmv",
    "video/x-flv",
    "video/3gpp",
];

/// A video: 256 GB and 12 hours, `videos.insert`. Channels without a verified telephone have 15 minutes, which YouTube tells.
const VIDEO: FileRule = FileRule {
    name: "video",
    types: VIDEO_TYPES,
    bytes: (1, 274_877_906_944),
    duration_ms: (0, 12 * 3_600_000),
    ..FileRule::ANY
};

/// A Short: upright or square and up to 3 minutes, else YouTube makes an ordinary video of it.
const SHORT: FileRule = FileRule { ratio: (0.0, 1.0), duration_ms: (0, 180_000), ..VIDEO };

/// A thumbnail: JPEG or PNG, 50 MB since 2026-09-14, `thumbnails.set`.
const THUMBNAIL: FileRule =
    FileRule { name: "thumbnail", types: &["image/jpeg", "image/png"], bytes: (1, 50 * 1024 * 1024), ..FileRule::ANY };

/// What both kinds share.
const FILM: KindRule = KindRule {
    // `snippet.description`, in bytes.
    text: TextRule::optional(5000),
    // `snippet.title`.
    title: TextRule::required(100),
    media: (1, 1),
    files: &[VIDEO],
    thumbnail: Some(THUMBNAIL),
    // Unverified: what YouTube's own page takes.
    comment: TextRule::optional(10_000),
    ..KindRule::new(Kind::Video)
};

/// The choices that YouTube has, `videos.insert`.
const OPTIONS: &[OptionRule] = &[
    OptionRule {
        values: &["public", "unlisted", "private"],
        ..OptionRule::new("privacy", "who can see the video; `public` unless said otherwise")
    },
    OptionRule::new("publicAt", "when YouTube makes a `private` video public; one that has passed makes it public at once"),
    OptionRule::new("tags", "words to be found by, at most 500 characters together"),
    OptionRule::new("category", "the number of YouTube's category; 22, People & Blogs, unless said otherwise"),
    OptionRule {
        required: &[Kind::Video, Kind::Short],
        ..OptionRule::new("madeForKids", "whether the video is made for children, which the law wants to be told")
    },
    OptionRule::new("notifyFollowers", "whether subscribers are told; they are unless said otherwise"),
    OptionRule::new("aiGenerated", "says that the video shows altered or made-up things as if they were real"),
    OptionRule::new("paidPartnership", "says that the video holds a paid promotion"),
    OptionRule {
        values: &["youtube", "creativeCommon"],
        ..OptionRule::new("license", "the licence; YouTube's own unless said otherwise")
    },
    OptionRule::new("embeddable", "whether other sites may show the video; they may unless said otherwise"),
    OptionRule::new("language", "the language of title and description, as a BCP 47 tag"),
];

/// The adapter of YouTube.
pub(crate) struct Youtube;

/// The address of an upload knows at once whether a video came of it; the last look leaves no call under way.
const LOOKS: Looks = &[Duration::from_secs(3), Duration::from_secs(25)];

/// Uploads that one job starts at most: an address lives for a week, so more means that something else is wrong.
const UPLOADS_MAX: usize = 5;

impl Platform for Youtube {
    const RULES: Rules = Rules {
        name: "YouTube",
        kinds: &[FILM, KindRule { kind: Kind::Short, files: &[SHORT], ..FILM }],
        options: OPTIONS,
        scopes: &[
            "https://www.googleapis.com/auth/youtube.upload",
            "https://www.googleapis.com/auth/youtube.readonly",
            "https://www.googleapis.com/auth/youtube.force-ssl",
        ],
        unit: Unit::Bytes,
        text: |draft| draft.text.clone(),
        limits: limits::TABLE,
        learn: limits::learn,
        extra: checks::check,
    };

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        let film = Film::of(cx)?;
        let mut earlier = Vec::new();
        for n in 1..=UPLOADS_MAX {
            let Made::Video { id, made_at } = upload(cx, journal, (&film, n), &earlier).await? else { continue };
            journal.progress(90);
            let ask = async || processing::ask(cx, &id, Timestamp(made_at)).await;
            let (name, since) = (format!("processed:{n}"), format!("last_bytes:{n}"));
            match journal.poll(&name, &since, processing::POLLING, ask).await? {
                Processed::Live { privacy } => return Ok(published(cx, id, &privacy)),
                Processed::Aborted => earlier.push(id),
            }
        }
        let message = format!("{UPLOADS_MAX} uploads were started and YouTube kept none of them");
        Err(JobError::new(ErrorClass::Rejected, "upload_gone", message).remedy("submit the post again").into())
    }

    async fn follow_up(cx: &Publishing<'_>, journal: &mut Journal, published: &Published) -> Result<(), Stop> {
        follow::follow_up(cx, journal, &published.external_id).await
    }
}

/// The file of a draft.
struct Film<'a> {
    url: &'a str,
    content_type: &'a str,
    length: u64,
}

impl<'a> Film<'a> {
    fn of(cx: &Publishing<'a>) -> Result<Self, JobError> {
        let none = || JobError::new(ErrorClass::Bug, "file_missing", "a video's draft holds no file");
        let url = cx.draft.media.first().ok_or_else(none)?.url.as_str();
        let probe = cx.files.get(url).ok_or_else(none)?;
        let length = probe.bytes.ok_or_else(|| length_unknown(url))?;
        Ok(Self { url, content_type: &probe.content_type, length })
    }
}

/// What an upload has become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Made {
    /// A video.
    Video {
        /// Its id.
        id: String,
        /// When that was known, in milliseconds since the epoch.
        made_at: i64,
    },
    /// Nothing: its address was gone before the last bytes were sent.
    Gone,
}

impl Made {
    fn video(cx: &Publishing<'_>, id: String) -> Self {
        Self::Video { id, made_at: cx.app.clock.now().0 }
    }
}

/// Uploads the file for the `n`th time.
async fn upload(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    (film, n): (&Film<'_>, usize),
    earlier: &[String],
) -> Result<Made, Stop> {
    let session: Session =
        journal.step(&format!("session:{n}"), None, async || session::start(cx, film.content_type, film.length).await).await?;
    let mut address = session.address.clone();
    let open = |address: &str| Upload::open(cx, (film.url, film.length), address);
    for end in upload::parts(film.length) {
        let sent = journal.step(&format!("bytes:{n}:{end}"), None, async || open(&address)?.send_until(end).await).await?;
        match sent {
            Sent::Stored { moved_to } => address = moved_to.unwrap_or(address),
            Sent::Gone => return Ok(Made::Gone),
        }
        journal.progress(i32::try_from(80 * end / film.length).unwrap_or(80));
    }
    let wanted = Wanted { started_at: session.started_at(), earlier };
    journal
        .once(
            &format!("last_bytes:{n}"),
            LOOKS,
            async || open(&address)?.finish().await,
            async |since| find::find(cx, open(&address)?, &wanted, since).await,
        )
        .await
}

fn length_unknown(url: &str) -> JobError {
    JobError::new(ErrorClass::Rejected, "media_length_unknown", format!("the host of `{url}` does not tell how long the file is"))
}

/// The post as it is. A video that fewer people see than it was meant for is told of.
fn published(cx: &Publishing<'_>, id: String, privacy: &str) -> Published {
    let base = cx.app.config.youtube.web_base.as_str().trim_end_matches('/');
    let url = match cx.draft.kind {
        Kind::Short => format!("{base}/shorts/{id}"),
        _ => format!("{base}/watch?v={id}"),
    };
    let wanted = session::privacy(cx.draft);
    let mut published = Published::new(id, Some(url));
    if wanted != "private" && privacy != wanted && !privacy.is_empty() {
        let message = format!("YouTube shows the video as `{privacy}`, not as `{wanted}`: change it in YouTube Studio");
        published.warnings.push(Warning { code: "privacy_differs".to_owned(), message, platform_message: None });
    }
    published
}
