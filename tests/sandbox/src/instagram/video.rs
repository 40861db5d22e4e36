//! What can be known about a film from its beginning.

use super::memory::Kind;
use crate::blob::Blob;
use crate::sniff;

/// The film is not one that Instagram takes.
const UNSUPPORTED: &str = "2207026";
/// The thumbnail is asked for outside of the film.
const BAD_OFFSET: &str = "2207057";

const LARGEST_BYTES: u64 = 300 * 1024 * 1024;
const LARGEST_STORY_BYTES: u64 = 100 * 1024 * 1024;
const SHORTEST_MS: u64 = 3_000;
const LONGEST_MS: u64 = 15 * 60_000;
const LONGEST_STORY_MS: u64 = 60_000;

/// The subcode that a film fails with, if it does.
pub(super) fn flaw(kind: Kind, film: &Blob, thumb_offset_ms: Option<u64>) -> Option<&'static str> {
    let (largest, longest) =
        if kind == Kind::Story { (LARGEST_STORY_BYTES, LONGEST_STORY_MS) } else { (LARGEST_BYTES, LONGEST_MS) };
    let supported = matches!(sniff::content_type(film.kept()), "video/mp4" | "video/quicktime");
    if !supported || film.length() > largest {
        return Some(UNSUPPORTED);
    }
    // A film whose header comes later than what was kept is not measured.
    let duration = duration_ms(film.kept())?;
    // Items of a carousel have no documented length of their own.
    if kind != Kind::Video && !(SHORTEST_MS..=longest).contains(&duration) {
        return Some(UNSUPPORTED);
    }
    thumb_offset_ms.filter(|offset| *offset >= duration).map(|_| BAD_OFFSET)
}

/// Reads the movie header of an MP4 or MOV file.
fn duration_ms(bytes: &[u8]) -> Option<u64> {
    let at = bytes.windows(4).position(|name| name == b"mvhd")? + 4;
    let number = |from: usize, length: usize| {
        let bytes = bytes.get(at + from..at + from + length)?;
        Some(bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    // Version 1 has 64-bit times.
    let (scale, duration) =
        if *bytes.get(at)? == 1 { (number(20, 4)?, number(24, 8)?) } else { (number(12, 4)?, number(16, 4)?) };
    duration.checked_mul(1000)?.checked_div(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_are_measured_and_judged() {
        let film = |bytes: &'static [u8]| Blob::from(bytes::Bytes::from_static(bytes));
        let four_seconds = film(include_bytes!("../../samples/vertical.mp4"));
        let one_second = film(include_bytes!("../../samples/clip.mp4"));
        let picture = film(include_bytes!("../../samples/photo-2.jpg"));

        assert_eq!(duration_ms(four_seconds.kept()), Some(4000));
        assert_eq!(flaw(Kind::Reel, &four_seconds, Some(3999)), None);
        assert_eq!(flaw(Kind::Reel, &four_seconds, Some(4000)), Some(BAD_OFFSET));
        assert_eq!(flaw(Kind::Reel, &one_second, None), Some(UNSUPPORTED));
        assert_eq!(flaw(Kind::Video, &one_second, None), None);
        assert_eq!(flaw(Kind::Story, &picture, None), Some(UNSUPPORTED));
    }
}
