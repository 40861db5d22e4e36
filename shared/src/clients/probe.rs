//! What a file is, read from its header: a few kilobytes are fetched, never the whole file.

use mp4_atom::{Codec, Decode, Moov, Trak};
use serde::{Deserialize, Serialize};

/// What is known of a file. What could not be read is absent, and then no limit is held against it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Probe {
    /// The MIME type by content; empty when unknown. What its host claims does not count.
    pub content_type: String,
    /// The size in bytes.
    pub bytes: Option<u64>,
    /// The width in pixels, as shown.
    pub width: Option<u32>,
    /// The height in pixels, as shown.
    pub height: Option<u32>,
    /// Whether an image moves.
    pub animated: Option<bool>,
    /// The duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Frames per second, on average.
    pub fps: Option<f64>,
    /// The video's codec: h264, hevc, vp8, vp9, av1.
    pub video_codec: Option<String>,
    /// Pages of a document.
    pub pages: Option<u32>,
}

impl Probe {
    /// Whether it is a film.
    pub fn is_video(&self) -> bool {
        self.content_type.starts_with("video/")
    }

    /// Whether it is an image.
    pub fn is_image(&self) -> bool {
        self.content_type.starts_with("image/")
    }
}

/// The MIME type of a file by its first bytes.
pub(super) fn content_type(head: &[u8]) -> &'static str {
    infer::get(head).map_or("", |kind| kind.mime_type())
}

/// Reads what an image's header says.
pub(super) fn image(probe: &mut Probe, head: &[u8]) {
    if let Ok(size) = imagesize::blob_size(head) {
        probe.width = u32::try_from(size.width).ok();
        probe.height = u32::try_from(size.height).ok();
    }
    probe.animated = match probe.content_type.as_str() {
        // The block that loops an animation, or a second image.
        "image/gif" => Some(holds(head, b"NETSCAPE2.0") || head.windows(3).filter(|at| at == b"\x21\xf9\x04").count() > 1),
        "image/webp" => Some(holds(head, b"ANIM")),
        _ => Some(false),
    };
}

fn holds(head: &[u8], wanted: &[u8]) -> bool {
    head.windows(wanted.len()).any(|at| at == wanted)
}

/// A box of an MP4 file: its name, the length of its header, and that of all of it; 0 when it reaches to the end.
pub(super) fn mp4_box(head: &[u8]) -> Option<([u8; 4], u64, u64)> {
    let short = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
    let name = head.get(4..8)?.try_into().ok()?;
    if short == 1 {
        return Some((name, 16, u64::from_be_bytes(head.get(8..16)?.try_into().ok()?)));
    }
    Some((name, 8, u64::from(short)))
}

/// Reads what an MP4's or MOV's `moov` box says. A box that can't be read leaves all of it open.
pub(super) fn moov(probe: &mut Probe, mut moov: &[u8]) {
    let Ok(moov) = Moov::decode(&mut moov) else { return };
    if moov.mvhd.timescale > 0 {
        probe.duration_ms = Some(moov.mvhd.duration.saturating_mul(1000) / u64::from(moov.mvhd.timescale));
    }
    let Some((trak, codec)) = moov.trak.iter().find_map(|trak| video_codec(trak).map(|codec| (trak, codec))) else { return };
    probe.video_codec = Some(codec.to_owned());
    let (width, height) = (u32::from(trak.tkhd.width.integer()), u32::from(trak.tkhd.height.integer()));
    if width > 0 && height > 0 {
        let turned = trak.tkhd.matrix.a == 0 && trak.tkhd.matrix.b != 0;
        let (width, height) = if turned { (height, width) } else { (width, height) };
        (probe.width, probe.height) = (Some(width), Some(height));
    }
    let samples: u64 = trak.mdia.minf.stbl.stts.entries.iter().map(|entry| u64::from(entry.sample_count)).sum();
    let (duration, timescale) = (trak.mdia.mdhd.duration, trak.mdia.mdhd.timescale);
    if samples > 0 && duration > 0 && timescale > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a frame rate needs no more digits")]
        let fps = samples as f64 * f64::from(timescale) / duration as f64;
        probe.fps = Some(fps);
    }
}

fn video_codec(trak: &Trak) -> Option<&'static str> {
    trak.mdia.minf.stbl.stsd.codecs.iter().find_map(|codec| match codec {
        Codec::Avc1(_) | Codec::Avc3(_) => Some("h264"),
        Codec::Hev1(_) | Codec::Hvc1(_) => Some("hevc"),
        Codec::Vp08(_) => Some("vp8"),
        Codec::Vp09(_) => Some("vp9"),
        Codec::Av01(_) => Some("av1"),
        _ => None,
    })
}

/// Counts a PDF's pages while it streams by: the largest `/Count` of its page trees.
///
/// A file that keeps its page tree in compressed object streams shows none; then the count stays open.
#[derive(Debug, Default)]
pub(super) struct PdfPages {
    tail: Vec<u8>,
    most: Option<u32>,
}

/// How much of the last piece is looked at again, so that no entry is missed at a seam.
const SEAM: usize = 64;

impl PdfPages {
    /// Looks at the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) {
        let mut text = std::mem::take(&mut self.tail);
        text.extend_from_slice(piece);
        for at in 0..text.len().saturating_sub(7) {
            if &text[at..at + 6] == b"/Count" {
                let digits: String = text[at + 6..]
                    .iter()
                    .skip_while(|byte| byte.is_ascii_whitespace())
                    .take_while(|byte| byte.is_ascii_digit())
                    .take(9)
                    .map(|byte| char::from(*byte))
                    .collect();
                self.most = self.most.max(digits.parse().ok());
            }
        }
        self.tail = text.split_off(text.len().saturating_sub(SEAM));
    }

    /// The pages, as far as they could be read.
    pub(super) fn pages(&self) -> Option<u32> {
        self.most
    }
}
