//! Tells image types apart by their first bytes, and reads sizes of the simple ones.

/// An image type that some platform accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageType {
    Jpeg,
    Png,
    Gif,
    Webp,
    Bmp,
    Tiff,
}

impl ImageType {
    /// Recognises an image by its signature, whatever the client claims it is.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            _ => None,
        }
    }

    /// The MIME type.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }
}

/// Width and height of a JPEG, PNG or GIF; anything else counts as 1 by 1.
pub(crate) fn size(bytes: &[u8]) -> (u32, u32) {
    let found = match ImageType::of(bytes) {
        Some(ImageType::Png) => png_size(bytes),
        Some(ImageType::Gif) => gif_size(bytes),
        Some(ImageType::Jpeg) => jpeg_size(bytes),
        _ => None,
    };
    found.unwrap_or((1, 1))
}

fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let width = bytes.get(16..20)?.try_into().ok()?;
    let height = bytes.get(20..24)?.try_into().ok()?;
    Some((u32::from_be_bytes(width), u32::from_be_bytes(height)))
}

fn gif_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let width = bytes.get(6..8)?.try_into().ok()?;
    let height = bytes.get(8..10)?.try_into().ok()?;
    Some((u16::from_le_bytes(width).into(), u16::from_le_bytes(height).into()))
}

/// Walks the segments up to the frame header, which carries the size.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        let length = u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?);
        if matches!(marker, 0xc0..=0xc3) {
            let height = u16::from_be_bytes(bytes.get(at + 5..at + 7)?.try_into().ok()?);
            let width = u16::from_be_bytes(bytes.get(at + 7..at + 9)?.try_into().ok()?);
            return Some((width.into(), height.into()));
        }
        at += 2 + usize::from(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_recognised_and_measured() {
        let jpeg = include_bytes!("../samples/photo-2.jpg");
        let png = include_bytes!("../samples/photo-1.png");

        assert_eq!(ImageType::of(jpeg), Some(ImageType::Jpeg));
        assert_eq!(ImageType::of(png), Some(ImageType::Png));
        assert_eq!(size(jpeg), (1200, 800));
        assert_eq!(size(png), (1200, 800));
        assert_eq!(ImageType::of(b"hello"), None);
    }
}
