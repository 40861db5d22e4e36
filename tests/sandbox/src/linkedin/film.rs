//! Looks into files: what LinkedIn finds wrong with pictures, documents and videos.

use crate::blob::Blob;
use crate::image::{self, ImageType};
use crate::sniff;

const FEWER_PIXELS_THAN: u64 = 36_152_320;
const MOST_FRAMES: usize = 250;
const LARGEST_DOCUMENT_BYTES: u64 = 100 * 1024 * 1024;
const MOST_PAGES: usize = 300;
const SMALLEST_VIDEO_BYTES: u64 = 75_000;
const LARGEST_VIDEO_BYTES: u64 = 500 * 1024 * 1024;
const SHORTEST_MS: u64 = 3_000;
const LONGEST_MS: u64 = 30 * 60 * 1000;

/// What a film says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) duration_ms: u64,
    width: u32,
    height: u32,
}

impl Facts {
    /// Width to height in lowest terms.
    pub(super) fn ratio(&self) -> (u32, u32) {
        let (mut divisor, mut rest) = (self.width, self.height);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        (self.width / divisor.max(1), self.height / divisor.max(1))
    }
}

/// Why a file is no good as a picture.
pub(super) fn image_flaw(file: &Blob) -> Option<&'static str> {
    let bytes = file.kept();
    let kind = ImageType::of(bytes);
    if !matches!(kind, Some(ImageType::Jpeg | ImageType::Png | ImageType::Gif)) {
        return Some("UNSUPPORTED_IMAGE_FORMAT");
    }
    let (width, height) = image::size(bytes);
    if u64::from(width) * u64::from(height) >= FEWER_PIXELS_THAN {
        return Some("TOO_MANY_PIXELS");
    }
    // Every frame of an animation carries a graphic control block.
    let frames = bytes.windows(3).filter(|window| *window == [0x21, 0xf9, 0x04]).count();
    (kind == Some(ImageType::Gif) && frames > MOST_FRAMES).then_some("TOO_MANY_FRAMES")
}

/// Why a file is no good as a document: PDF, the old Office formats, or the zipped new ones.
pub(super) fn document_flaw(file: &Blob) -> Option<&'static str> {
    let bytes = file.kept();
    let office = [&b"\xd0\xcf\x11\xe0"[..], b"PK\x03\x04"].iter().any(|start| bytes.starts_with(start));
    if !office && sniff::content_type(bytes) != "application/pdf" {
        return Some("UNSUPPORTED_DOCUMENT_FORMAT");
    }
    if file.length() > LARGEST_DOCUMENT_BYTES {
        return Some("DOCUMENT_TOO_LARGE");
    }
    (!office && pages(bytes) > MOST_PAGES).then_some("TOO_MANY_PAGES")
}

/// Page objects of a PDF that are not compressed.
fn pages(bytes: &[u8]) -> usize {
    let starts = [&b"/Type /Page"[..], b"/Type/Page"];
    let page = |at: usize| {
        let rest = &bytes[at..];
        starts.iter().any(|start| rest.starts_with(start) && !matches!(rest.get(start.len()), Some(b's')))
    };
    (0..bytes.len()).filter(|at| bytes[*at] == b'/' && page(*at)).count()
}

/// What a film is, and why it is no good. When its index lies beyond the kept bytes nothing is known, and it passes.
pub(super) fn video(file: &Blob) -> (Option<Facts>, Option<&'static str>) {
    if sniff::content_type(file.kept()) != "video/mp4" {
        return (None, Some("UNSUPPORTED_VIDEO_FORMAT"));
    }
    if !(SMALLEST_VIDEO_BYTES..=LARGEST_VIDEO_BYTES).contains(&file.length()) {
        return (None, Some("VIDEO_SIZE_OUT_OF_RANGE"));
    }
    let facts = facts(file.kept());
    let complete = file.kept().len() as u64 == file.length();
    let flaw = match &facts {
        None if complete => Some("VIDEO_NOT_PLAYABLE"),
        Some(facts) if !(SHORTEST_MS..=LONGEST_MS).contains(&facts.duration_ms) => Some("VIDEO_DURATION_OUT_OF_RANGE"),
        Some(facts) if !fits(facts.width, facts.height) => Some("VIDEO_ASPECT_RATIO_OUT_OF_RANGE"),
        _ => None,
    };
    (facts, flaw)
}

/// Whether the sides are between 1:2.4 and 2.4:1.
fn fits(width: u32, height: u32) -> bool {
    let (width, height) = (u64::from(width), u64::from(height));
    width * 10 <= height * 24 && height * 10 <= width * 24
}

/// Duration and size from the index of an MP4.
fn facts(bytes: &[u8]) -> Option<Facts> {
    let moov = boxes(bytes).into_iter().find(|(kind, _)| kind == b"moov")?.1;
    let inside = boxes(moov);
    let header = inside.iter().find(|(kind, _)| kind == b"mvhd")?.1;
    let (scale, duration) = if header.first() == Some(&1) {
        (number(header, 20)?, u64::from(number(header, 24)?) << 32 | u64::from(number(header, 28)?))
    } else {
        (number(header, 12)?, u64::from(number(header, 16)?))
    };
    let sizes = inside.iter().filter(|(kind, _)| kind == b"trak").filter_map(|(_, track)| {
        let header = boxes(track).into_iter().find(|(kind, _)| kind == b"tkhd")?.1;
        let at = header.len().checked_sub(8)?;
        // 16.16 fixed point; tracks without a picture are 0 by 0.
        Some((number(header, at)? >> 16, number(header, at + 4)? >> 16))
    });
    let (width, height) = sizes.into_iter().find(|(width, height)| *width > 0 && *height > 0)?;
    Some(Facts { duration_ms: duration * 1000 / u64::from(scale.max(1)), width, height })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The boxes that lie completely in the bytes, with their contents.
fn boxes(bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    while let (Some(size), Some(kind)) = (number(bytes, at), bytes.get(at + 4..at + 8).and_then(|kind| kind.try_into().ok())) {
        let (head, size) = match size {
            0 => (8, bytes.len() - at),
            1 => (16, number(bytes, at + 12).map_or(0, |size| size as usize)),
            size => (8, size as usize),
        };
        let Some(contents) = bytes.get(at + head..at.saturating_add(size)) else { break };
        found.push((kind, contents));
        at += size;
    }
    found
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn file(bytes: &'static [u8]) -> Blob {
        Blob::from(Bytes::from_static(bytes))
    }

    #[test]
    fn samples_pass_or_fail_as_the_limits_say() {
        let (facts, flaw) = video(&file(include_bytes!("../../samples/landscape.mp4")));
        let facts = facts.unwrap();

        assert_eq!((facts.duration_ms, facts.ratio(), flaw), (4000, (16, 9), None));
        assert_eq!(video(&file(include_bytes!("../../samples/clip.mp4"))).1, Some("VIDEO_SIZE_OUT_OF_RANGE"));
        assert_eq!(video(&file(b"no film")).1, Some("UNSUPPORTED_VIDEO_FORMAT"));
        assert_eq!(image_flaw(&file(include_bytes!("../../samples/animated.gif"))), None);
        assert_eq!(image_flaw(&file(include_bytes!("../../samples/photo-1.webp"))), Some("UNSUPPORTED_IMAGE_FORMAT"));
        assert_eq!(document_flaw(&file(include_bytes!("../../samples/slides.pdf"))), None);
        assert!(!fits(241, 100) && !fits(100, 241) && fits(240, 100));
    }
}
