//! Measures films and animations by their containers, as far as their beginnings tell.

/// What the header of an MP4 or MOV file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Film {
    pub(super) milliseconds: u64,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Measures a film; nothing when its header is not in these bytes.
pub(super) fn film(bytes: &[u8]) -> Option<Film> {
    let movie = boxes(bytes).find(|(kind, _)| kind == b"moov")?.1;
    let (_, header) = boxes(movie).find(|(kind, _)| kind == b"mvhd")?;
    // Version 1 has times of 8 bytes where version 0 has 4.
    let (scale_at, duration) = match header.first()? {
        1 => (20, u64::from_be_bytes(header.get(24..32)?.try_into().ok()?)),
        _ => (12, number(header, 16)?.into()),
    };
    let scale = u64::from(number(header, scale_at)?).max(1);
    let tracks = boxes(movie).filter(|(kind, _)| kind == b"trak");
    let sizes = tracks.filter_map(|(_, track)| {
        let (_, header) = boxes(track).find(|(kind, _)| kind == b"tkhd")?;
        let at = header.len().checked_sub(8)?;
        Some((number(header, at)? >> 16, number(header, at + 4)? >> 16))
    });
    let (width, height) = sizes.max()?;
    Some(Film { milliseconds: duration.saturating_mul(1000) / scale, width, height })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The boxes that follow one another in `bytes`, each with its content; ends at one that is cut off.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let size = usize::try_from(number(bytes, 0)?).ok()?;
        let kind = bytes.get(4..8)?.try_into().ok()?;
        let (from, to) = match size {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)).ok()?),
            _ => (8, size),
        };
        let content = bytes.get(from..to)?;
        bytes = &bytes[to..];
        Some((kind, content))
    })
}

/// How many pictures a GIF shows one after another.
pub(super) fn gif_frames(bytes: &[u8]) -> u32 {
    let mut frames = 0;
    // What is cut off counts as far as it goes.
    let _ = count_frames(bytes, &mut frames);
    frames
}

fn count_frames(bytes: &[u8], frames: &mut u32) -> Option<()> {
    let mut at = 13 + colours(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x21 => at = skip_blocks(bytes, at + 2)?,
            0x2c => {
                *frames += 1;
                at = skip_blocks(bytes, at + 11 + colours(*bytes.get(at + 9)?))?;
            }
            _ => return None,
        }
    }
}

/// Bytes of the colour table that a field of flags announces.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The place after a chain of data blocks.
fn skip_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_measured() {
        let clip = film(include_bytes!("../../samples/clip.mp4"));
        let vertical = film(include_bytes!("../../samples/vertical.mp4"));

        assert_eq!(clip, Some(Film { milliseconds: 1000, width: 360, height: 640 }));
        assert_eq!(vertical, Some(Film { milliseconds: 4000, width: 540, height: 960 }));
        assert_eq!(film(b"no film at all, only words"), None);
        assert_eq!(gif_frames(include_bytes!("../../samples/animated.gif")), 10);
        assert_eq!(gif_frames(b"GIF89a"), 0);
    }
}
