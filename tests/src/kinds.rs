//! A valid post of every kind on every platform, so that tests can go through all of them.

use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use shared::ids::AccountId;

use crate::Sandbox;

/// Every platform with each of its kinds.
pub fn all() -> impl Iterator<Item = (PlatformId, Kind)> {
    PlatformId::ALL
        .iter()
        .flat_map(|platform| shared::platforms::rules(*platform).kinds.iter().map(|rule| (*platform, rule.kind)))
}

/// A request for one post of a kind on one account, that says `text` in what people can read of it.
///
/// A story shows no text: there `text` goes into the file's address, by which it is found again.
pub fn post_of(platform: PlatformId, kind: Kind, sandbox: &Sandbox, account: &AccountId, text: &str) -> Value {
    let mut content = content(platform, kind, sandbox, text);
    if platform == PlatformId::Youtube {
        content["title"] = json!(title(text));
    }
    let mut target = json!({ "accountId": account, "kind": kind });
    if let Some(options) = options(platform, kind) {
        target["options"] = options;
    }
    json!({ "content": content, "targets": [target] })
}

/// The request, with a first comment where the kind takes one.
pub fn with_comment(mut post: Value, platform: PlatformId, kind: Kind, comment: &str) -> Value {
    let rules = shared::platforms::rules(platform).kinds.iter().find(|rule| rule.kind == kind);
    if rules.is_some_and(|rule| rule.comment.max > 0) {
        post["content"]["firstComment"] = json!(comment);
    }
    post
}

fn title(text: &str) -> String {
    text.chars().take(90).collect()
}

fn images(sandbox: &Sandbox, count: usize) -> Value {
    (0..count)
        .map(|n| json!({ "url": sandbox.sample(&format!("photo-{}.jpg", n + 1)), "altText": "a picture" }))
        .collect::<Vec<_>>()
        .into()
}

fn content(platform: PlatformId, kind: Kind, sandbox: &Sandbox, text: &str) -> Value {
    let one = |name: &str| json!([{ "url": sandbox.sample(name) }]);
    // No reader sees a story's words: they are told apart by the address of the file.
    let told = |name: &str| json!([{ "url": format!("{}?{}", sandbox.sample(name), marker(text)) }]);
    match kind {
        Kind::Text | Kind::Reply => json!({ "text": text }),
        Kind::Link => json!({ "text": text, "title": "An article", "link": "https://example.com/article?a=1&b=2" }),
        Kind::Image => json!({ "text": text, "media": images(sandbox, 1) }),
        Kind::Images => json!({ "text": text, "title": "Pictures", "media": images(sandbox, 3) }),
        Kind::Gif => json!({ "text": text, "media": one("animated.gif") }),
        Kind::Video if platform == PlatformId::X || platform == PlatformId::Facebook => {
            json!({ "text": text, "media": one("landscape.mp4") })
        }
        // A channel takes no file twice, so that each is padded to a length of its own.
        Kind::Video | Kind::Short if platform == PlatformId::Youtube => {
            json!({ "text": text, "media": one(&format!("vertical.mp4?size={}", length(text))) })
        }
        Kind::Video | Kind::Reel | Kind::Short => json!({ "text": text, "media": one("vertical.mp4") }),
        Kind::ImageStory => json!({ "media": told("story.jpg") }),
        Kind::VideoStory => json!({ "media": told("vertical.mp4") }),
        Kind::Carousel => {
            let mut media = images(sandbox, 2);
            media.as_array_mut().into_iter().for_each(|media| media.push(json!({ "url": sandbox.sample("vertical.mp4") })));
            json!({ "text": text, "media": media })
        }
        Kind::Document => json!({ "text": text, "title": "Slides", "media": one("slides.pdf") }),
        Kind::Poll => {
            json!({ "text": text, "poll": { "question": "Which one?", "options": ["This", "That"], "durationMinutes": 1440 } })
        }
        Kind::Thread => {
            let rest = json!([{ "text": format!("{text}, part two"), "media": images(sandbox, 1) }, { "text": format!("{text}, part three") }]);
            json!({ "text": text, "thread": rest })
        }
    }
}

/// A film's length that few other texts share, in bytes.
fn length(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    300_000 + hasher.finish() % 200_000
}

/// A text as a part of an address.
fn marker(text: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("of", text).finish()
}

fn options(platform: PlatformId, kind: Kind) -> Option<Value> {
    match (platform, kind) {
        (PlatformId::Youtube, _) => Some(json!({ "privacy": "public", "madeForKids": false })),
        (PlatformId::Tiktok, _) => Some(json!({ "privacy": "PUBLIC_TO_EVERYONE" })),
        _ => None,
    }
}
