//! Length and size of an MP4 or MOV, read from its boxes.

/// What the header of a film says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Film {
    pub(super) seconds: u64,
    /// In pixels; 0 by 0 when no track has a picture.
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Reads the header, if the bytes reach that far.
pub(super) fn measure(bytes: &[u8]) -> Option<Film> {
    let header = boxes(bytes).find(|(kind, _)| *kind == b"moov")?.1;
    let times = boxes(header).find(|(kind, _)| *kind == b"mvhd")?.1;
    let (scale, length) = match times.first()? {
        0 => (number(times, 12)?, u64::from(number(times, 16)?)),
        _ => (number(times, 20)?, u64::from(number(times, 24)?) << 32 | u64::from(number(times, 28)?)),
    };
    let seconds = length.div_ceil(u64::from(scale.max(1)));
    let tracks = boxes(header).filter(|(kind, _)| *kind == b"trak");
    let size = tracks.filter_map(|(_, track)| picture_size(track)).find(|(width, _)| *width > 0);
    let (width, height) = size.unwrap_or((0, 0));
    Some(Film { seconds, width, height })
}

/// Width and height stand last in a track's header, as fixed-point numbers.
fn picture_size(track: &[u8]) -> Option<(u32, u32)> {
    let header = boxes(track).find(|(kind, _)| *kind == b"tkhd")?.1;
    let at = header.len().checked_sub(8)?;
    Some((number(header, at)? >> 16, number(header, at + 4)? >> 16))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The boxes that are there completely, with their content.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let short = usize::try_from(number(rest, 0)?).ok()?;
        let kind = rest.get(4..8)?;
        let (head, length) = match short {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from(number(rest, 8)?) << 32 | u64::from(number(rest, 12)?)).ok()?),
            _ => (8, short),
        };
        let content = rest.get(head..length)?;
        rest = &rest[length..];
        Some((kind, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_measured() {
        let landscape = include_bytes!("../../samples/landscape.mp4");
        let clip = include_bytes!("../../samples/clip.mp4");

        assert_eq!(measure(landscape), Some(Film { seconds: 4, width: 640, height: 360 }));
        assert_eq!(measure(clip), Some(Film { seconds: 1, width: 360, height: 640 }));
        assert_eq!(measure(&landscape[..2000]), None);
        assert_eq!(measure(b"text"), None);
    }
}
