//! What a Page takes. Sources: Meta's Page Feed, Photos and Videos references, Reels and Page Stories guides, as of 2026-11.

use crate::content::{Draft, Kind};
use crate::platforms::rules::{Broken, FileRule, KindRule, Need, OptionRule, Part, TextRule};

/// The longest message in characters: observed, undocumented.
const TEXT_MAX: i64 = 63_206;

/// The longest title of a video in characters: unverified.
const TITLE_MAX: i64 = 255;

/// The longest comment in characters: unverified.
const COMMENT_MAX: i64 = 8_000;

/// The largest video in bytes, Video API error codes: 2 GB for uploads in chunks, more on request.
const VIDEO_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// A photo, Page Photos reference.
pub(super) const PHOTO: FileRule = FileRule {
    name: "image",
    types: &["image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff"],
    bytes: (1, 10 * 1024 * 1024),
    ..FileRule::ANY
};

/// The image that stands for a video: a photo; limits of its own are unverified.
pub(super) const COVER: FileRule = FileRule { name: "cover image", ..PHOTO };

/// A video, Page Videos reference and Video API error codes: many containers are taken, MP4 and MOV are advised.
const VIDEO: FileRule = FileRule {
    name: "video",
    types: &[
        "video/mp4",
        "video/quicktime",
        "video/x-m4v",
        "video/webm",
        "video/x-matroska",
        "video/x-msvideo",
        "video/x-ms-wmv",
        "video/mpeg",
        "video/x-flv",
    ],
    bytes: (1024, VIDEO_BYTES_MAX),
    ..FileRule::ANY
};

/// A reel, Reels Publishing guide. It names no size, so that of videos is taken.
const REEL: FileRule = FileRule {
    name: "reel",
    types: &["video/mp4"],
    width: (540, u32::MAX),
    height: (960, u32::MAX),
    ratio: (9.0 / 16.0, 9.0 / 16.0),
    duration_ms: (3_000, 90_000),
    fps: (24.0, 60.0),
    codecs: &["h264", "hevc", "vp9", "av1"],
    ..VIDEO
};

/// A video story, Page Stories guide: as a reel, but a minute at most.
const VIDEO_STORY: FileRule = FileRule { name: "story", duration_ms: (3_000, 60_000), ..REEL };

/// What all but stories share.
const POST: KindRule =
    KindRule { text: TextRule::optional(TEXT_MAX), comment: TextRule::optional(COMMENT_MAX), ..KindRule::new(Kind::Text) };

/// What the kinds with photos share.
const PHOTOS: KindRule = KindRule {
    files: &[PHOTO],
    // Undocumented for `alt_text_custom`; what Instagram documents for the same purpose.
    alt_text_max: 1000,
    ..POST
};

/// The kinds of post.
pub(super) const KINDS: &[KindRule] = &[
    KindRule { text: TextRule::required(TEXT_MAX), ..POST },
    KindRule { kind: Kind::Link, link: Need::Required, ..POST },
    KindRule { kind: Kind::Image, media: (1, 1), ..PHOTOS },
    // No documented maximum; ten is known to work.
    KindRule { kind: Kind::Images, media: (2, 10), ..PHOTOS },
    KindRule {
        kind: Kind::Video,
        title: TextRule::optional(TITLE_MAX),
        media: (1, 1),
        files: &[VIDEO],
        thumbnail: Some(COVER),
        ..POST
    },
    KindRule { kind: Kind::Reel, title: TextRule::optional(TITLE_MAX), media: (1, 1), files: &[REEL], ..POST },
    // One call makes one frame, and a story has no words: Page Stories guide.
    KindRule { kind: Kind::ImageStory, text: TextRule::NONE, comment: TextRule::NONE, media: (1, 1), ..PHOTOS },
    KindRule { media: (1, 1), files: &[VIDEO_STORY], ..KindRule::new(Kind::VideoStory) },
];

/// The choices.
pub(super) const OPTIONS: &[OptionRule] = &[
    OptionRule::new("locationId", "the id of a place's Page that the post is tied to; not for videos and stories"),
    OptionRule::new("aiGenerated", "says that it was made with AI; for reels"),
];

/// Refuses choices that the kind would lose.
pub(super) fn check_options(draft: &Draft, found: &mut Vec<Broken>) {
    let options = &draft.options;
    let kind: &str = draft.kind.into();
    let without_place = matches!(draft.kind, Kind::Video | Kind::ImageStory | Kind::VideoStory);
    let lost = [
        ("locationId", options.location_id.is_some() && without_place),
        ("aiGenerated", options.ai_generated && draft.kind != Kind::Reel),
    ];
    for (name, _) in lost.into_iter().filter(|(_, lost)| *lost) {
        let detail = format!("here a post of the kind `{kind}` has no `{name}`; leave it out");
        found.push(Broken::new(Part::Option(name), "option_unsupported", detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Options, Overrides};

    #[test]
    fn a_choice_that_the_kind_would_lose_is_refused() {
        let options = Options { location_id: Some("7".to_owned()), ai_generated: true, ..Options::default() };
        for (kind, lost) in [
            (Kind::Text, &["aiGenerated"][..]),
            (Kind::Images, &["aiGenerated"]),
            (Kind::Reel, &[]),
            (Kind::Video, &["locationId", "aiGenerated"]),
            (Kind::ImageStory, &["locationId", "aiGenerated"]),
        ] {
            let overrides = Overrides { options: options.clone(), ..Overrides::default() };
            let mut found = Vec::new();

            check_options(&Draft::new(kind, &Content::default(), &overrides), &mut found);

            let parts: Vec<Part> = found.into_iter().map(|broken| broken.part).collect();
            assert_eq!(parts, lost.iter().map(|name| Part::Option(name)).collect::<Vec<_>>(), "{kind}");
        }
    }
}
