//! Length and size of a film, read from its head.

/// What the head of an MP4 or MOV tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measures {
    pub(super) seconds: f64,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Measures a film; nothing when its head is not among the bytes, as with heads at the end of large files.
pub(super) fn measure(bytes: &[u8]) -> Option<Measures> {
    let movie = find(bytes, *b"moov").next()?;
    let (scale, duration) = duration(find(movie, *b"mvhd").next()?)?;
    let sizes = find(movie, *b"trak").filter_map(|track| size(find(track, *b"tkhd").next()?));
    let (width, height) = sizes.max()?;
    (scale > 0).then(|| Measures { seconds: duration / f64::from(scale), width, height })
}

/// The boxes of one kind.
fn find(bytes: &[u8], kind: [u8; 4]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    let boxes = std::iter::from_fn(move || {
        let size = usize::try_from(number(rest, 0)?).ok()?;
        let name: [u8; 4] = rest.get(4..8)?.try_into().ok()?;
        let body = rest.get(8..size)?;
        rest = rest.get(size..)?;
        Some((name, body))
    });
    boxes.filter(move |(name, _)| *name == kind).map(|(_, body)| body)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Units per second, and how many of them.
fn duration(head: &[u8]) -> Option<(u32, f64)> {
    if head.first() == Some(&1) {
        let units = f64::from(number(head, 24)?) * 4_294_967_296.0 + f64::from(number(head, 28)?);
        return Some((number(head, 20)?, units));
    }
    Some((number(head, 12)?, f64::from(number(head, 16)?)))
}

/// Width and height, which end the head of a track as numbers of 16.16 bits.
fn size(head: &[u8]) -> Option<(u32, u32)> {
    let at = head.len().checked_sub(8)?;
    Some((number(head, at)? >> 16, number(head, at + 4)? >> 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_measured_and_other_bytes_are_not() {
        let vertical = include_bytes!("../../samples/vertical.mp4");

        let measures = measure(vertical).unwrap();

        assert_eq!((measures.width, measures.height), (540, 960));
        assert!((measures.seconds - 4.0).abs() < 0.1);
        assert_eq!(measure(b"ftyp is missing here"), None);
        assert_eq!(measure(&vertical[..64]), None);
    }
}
