//! Bytes that arrive, of which only the beginning is kept, so that a film of gigabytes fits.

use bytes::{Bytes, BytesMut};

/// Enough for every image and for the samples; what lies beyond is only counted.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// The beginning of a file, and its whole length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blob {
    kept: BytesMut,
    length: u64,
}

impl Blob {
    /// Adds bytes at the end.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = KEPT_BYTES - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Adds another blob at the end; what that one did not keep is counted.
    pub(crate) fn append(&mut self, other: &Self) {
        let missing = other.length - other.kept.len() as u64;
        self.push(&other.kept);
        self.length += missing;
    }

    /// Keeps the length only.
    pub(crate) fn forget(&mut self) {
        self.kept = BytesMut::new();
    }

    /// The bytes from `start` up to `end`, of which again only the kept ones are there.
    pub(crate) fn part(&self, start: u64, end: u64) -> Self {
        let end = end.min(self.length);
        let start = start.min(end);
        let place = |at: u64| usize::try_from(at).map_or(self.kept.len(), |at| at.min(self.kept.len()));
        Self { kept: self.kept[place(start)..place(end)].into(), length: end - start }
    }

    /// The length of the whole, in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The beginning that was kept.
    pub(crate) fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Gives the beginning away.
    pub(crate) fn into_kept(self) -> Bytes {
        self.kept.freeze()
    }
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        let mut blob = Self::default();
        blob.push(&bytes);
        blob
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_is_kept_and_all_is_counted() {
        let mut blob = Blob::default();
        let piece = vec![7; 6 * 1024 * 1024];
        for _ in 0..5 {
            blob.push(&piece);
        }
        let mut twice = blob.clone();
        twice.append(&blob);

        assert_eq!((blob.length(), blob.kept().len()), (30 << 20, KEPT_BYTES));
        assert_eq!((twice.length(), twice.kept().len()), (60 << 20, KEPT_BYTES));
        assert_eq!(twice.part(1, 9).kept(), [7; 8]);
        assert_eq!((twice.part(20 << 20, 61 << 20).length(), twice.part(20 << 20, 61 << 20).kept().len()), (40 << 20, 0));
    }
}
