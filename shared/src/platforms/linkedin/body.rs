//! The body of a new post.

use serde_json::{Value, json};

use super::text::little;
use crate::content::{Draft, Kind};
use crate::error::{ErrorClass, JobError};

/// Who can see a post when its author did not say.
const EVERYBODY: &str = "PUBLIC";

/// Lengths of polls that LinkedIn takes, in minutes, and its words for them.
const DURATIONS: [(u32, &str); 4] = [(1440, "ONE_DAY"), (4320, "THREE_DAYS"), (10_080, "SEVEN_DAYS"), (20_160, "FOURTEEN_DAYS")];

/// Who can see the post.
pub(super) fn visibility(draft: &Draft) -> &str {
    draft.options.privacy.as_deref().unwrap_or(EVERYBODY)
}

/// The whole body. `media` are the URNs of the draft's files in their order.
pub(super) fn new_post(author: &str, draft: &Draft, media: &[String]) -> Result<Value, JobError> {
    let mut body = json!({
        "author": author,
        "commentary": little(&draft.text),
        "visibility": visibility(draft),
        "distribution": { "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [] },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": false,
    });
    if draft.kind != Kind::Text {
        // Without its content it would go out as another kind of post.
        let lost =
            || JobError::new(ErrorClass::Bug, "content_lost", format!("a post of the kind `{}` without its content", draft.kind));
        body["content"] = content(draft, media).ok_or_else(lost)?;
    }
    Ok(body)
}

fn content(draft: &Draft, media: &[String]) -> Option<Value> {
    match draft.kind {
        Kind::Link => Some(json!({ "article": article(draft, media.first()) })),
        Kind::Image | Kind::Video => Some(json!({ "media": shown(draft, 0, media.first()?) })),
        Kind::Document => {
            let mut document = shown(draft, 0, media.first()?);
            document["title"] = json!(draft.title);
            Some(json!({ "media": document }))
        }
        Kind::Images => {
            let images: Vec<Value> = media.iter().enumerate().map(|(n, urn)| shown(draft, n, urn)).collect();
            Some(json!({ "multiImage": { "images": images } }))
        }
        Kind::Poll => poll(draft),
        _ => None,
    }
}

/// LinkedIn does not look at the page itself: all that is to be seen of a link must be sent.
fn article(draft: &Draft, thumbnail: Option<&String>) -> Value {
    let mut article = json!({ "source": draft.link, "title": draft.title });
    if let Some(description) = draft.link_description.as_ref().filter(|text| !text.trim().is_empty()) {
        article["description"] = json!(description);
    }
    if let Some(urn) = thumbnail {
        article["thumbnail"] = json!(urn);
    }
    article
}

/// The medium at a place of the draft, with what it says of it.
fn shown(draft: &Draft, n: usize, urn: &str) -> Value {
    let mut medium = json!({ "id": urn });
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    if let Some(text) = draft.media.get(n).and_then(|media| given(&media.alt_text)).filter(|_| draft.kind != Kind::Document) {
        medium["altText"] = json!(text);
    }
    if let Some(title) = given(&draft.title).filter(|_| draft.kind == Kind::Video) {
        medium["title"] = json!(title);
    }
    medium
}

fn poll(draft: &Draft) -> Option<Value> {
    let poll = draft.poll.as_ref()?;
    let (_, duration) = DURATIONS.iter().find(|(minutes, _)| *minutes == poll.duration_minutes)?;
    let options: Vec<Value> = poll.options.iter().map(|option| json!({ "text": option })).collect();
    let settings = json!({ "duration": duration, "voteSelectionType": "SINGLE_VOTE" });
    Some(json!({ "poll": { "question": poll.question, "options": options, "settings": settings } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Media, Overrides, Poll};

    fn draft(kind: Kind, content: &Content) -> Draft {
        Draft::new(kind, content, &Overrides::default())
    }

    #[test]
    fn every_kind_has_its_content() {
        let media = |url: &str, alt_text: &str| Media { url: url.to_owned(), alt_text: Some(alt_text.to_owned()) };
        let poll =
            |minutes| Poll { question: "Q".to_owned(), options: vec!["a".to_owned(), "b".to_owned()], duration_minutes: minutes };
        let content = Content {
            text: "hi_".to_owned(),
            title: Some("T".to_owned()),
            link: Some("https://e.com".to_owned()),
            link_description: Some(" ".to_owned()),
            media: vec![media("1", "one"), media("2", "")],
            poll: Some(poll(4320)),
            ..Content::default()
        };
        let urns = ["urn:li:x:1".to_owned(), "urn:li:x:2".to_owned()];
        let body = |kind, count: usize| new_post("urn:li:person:a", &draft(kind, &content), &urns[..count]).unwrap();

        assert_eq!(body(Kind::Text, 0).get("content"), None);
        assert_eq!(body(Kind::Text, 0)["commentary"], "hi\\_");
        assert_eq!(body(Kind::Link, 0)["content"], json!({"article": {"source": "https://e.com", "title": "T"}}));
        assert_eq!(body(Kind::Link, 1)["content"]["article"]["thumbnail"], "urn:li:x:1");
        assert_eq!(body(Kind::Image, 1)["content"], json!({"media": {"id": "urn:li:x:1", "altText": "one"}}));
        let images = json!([{"id": "urn:li:x:1", "altText": "one"}, {"id": "urn:li:x:2"}]);
        assert_eq!(body(Kind::Images, 2)["content"], json!({"multiImage": {"images": images}}));
        assert_eq!(body(Kind::Video, 1)["content"], json!({"media": {"id": "urn:li:x:1", "altText": "one", "title": "T"}}));
        assert_eq!(body(Kind::Document, 1)["content"], json!({"media": {"id": "urn:li:x:1", "title": "T"}}));
        assert_eq!(body(Kind::Poll, 0)["content"]["poll"]["settings"]["duration"], "THREE_DAYS");
        let odd = Content { poll: Some(poll(77)), ..content.clone() };
        assert!(new_post("urn:li:person:a", &draft(Kind::Poll, &odd), &[]).is_err());
        assert!(new_post("urn:li:person:a", &draft(Kind::Video, &content), &[]).is_err());
    }

    #[test]
    fn every_length_of_a_poll_that_is_taken_has_its_word() {
        let rules = crate::platforms::rules(crate::content::PlatformId::Linkedin);
        let taken = rules.kinds.iter().find_map(|kind| kind.poll).unwrap().minutes_only;

        assert!(DURATIONS.iter().map(|(minutes, _)| *minutes).eq(taken.iter().copied()));
    }
}
