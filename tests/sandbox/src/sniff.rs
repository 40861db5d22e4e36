//! What a file is, by its first bytes, whatever anyone claims.

use crate::image::ImageType;

/// The MIME type, or `application/octet-stream`.
pub(crate) fn content_type(bytes: &[u8]) -> &'static str {
    if let Some(image) = ImageType::of(bytes) {
        return image.content_type();
    }
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => "video/quicktime",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// Whether the file is a film.
pub(crate) fn is_video(bytes: &[u8]) -> bool {
    content_type(bytes).starts_with("video/")
}
