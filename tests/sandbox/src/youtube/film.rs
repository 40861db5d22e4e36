//! Reads size and length of a film from the boxes of an MP4 file.

/// What an MP4 file says about its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Film {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) duration_ms: u64,
}

/// The longest that a vertical or square film may be to count as a Short.
const LONGEST_SHORT_MS: u64 = 180_000;

impl Film {
    /// Reads the film's header, unless it lies beyond `bytes` or the file is of another sort.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let movie = find(bytes, b"moov")?;
        let duration_ms = duration_ms(find(movie, b"mvhd")?)?;
        let (width, height) = boxes(movie)
            .filter(|(kind, _)| kind == b"trak")
            .find_map(|(_, track)| size(find(track, b"tkhd")?).filter(|(width, height)| width * height > 0))?;
        Some(Self { width, height, duration_ms })
    }

    /// Whether YouTube shows it as a Short.
    pub(super) fn is_short(&self) -> bool {
        self.height >= self.width && self.duration_ms <= LONGEST_SHORT_MS
    }
}

/// The boxes of a level, with their contents.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let kind = bytes.get(4..8)?.try_into().ok()?;
        let (head, length) = match number(bytes, 0)? {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(long(bytes, 8)?).ok()?),
            short => (8, usize::try_from(short).ok()?),
        };
        let content = bytes.get(head..length)?;
        bytes = &bytes[length..];
        Some((kind, content))
    })
}

fn find<'a>(bytes: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(kind, _)| kind == wanted).map(|(_, content)| content)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn duration_ms(header: &[u8]) -> Option<u64> {
    let (scale, duration) = match header.first()? {
        1 => (number(header, 20)?, long(header, 24)?),
        _ => (number(header, 12)?, number(header, 16)?.into()),
    };
    duration.checked_mul(1000)?.checked_div(scale.into())
}

/// Width and height as shown: telephones store upright films lying down, with a matrix that turns them.
fn size(header: &[u8]) -> Option<(u32, u32)> {
    let matrix = if *header.first()? == 1 { 52 } else { 40 };
    let (width, height) = (number(header, matrix + 36)? >> 16, number(header, matrix + 40)? >> 16);
    let turned = number(header, matrix)? == 0 && number(header, matrix + 16)? == 0;
    Some(if turned { (height, width) } else { (width, height) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_measured() {
        let read = |bytes: &[u8]| Film::read(bytes).map(|film| (film.width > film.height, film.is_short()));

        assert_eq!(read(include_bytes!("../../samples/vertical.mp4")), Some((false, true)));
        assert_eq!(read(include_bytes!("../../samples/landscape.mp4")), Some((true, false)));
        assert_eq!(read(include_bytes!("../../samples/photo-1.png")), None);
        assert_eq!(read(b"\0\0\0\x08ftyp\0\0\0\xffmoov"), None);
    }
}
