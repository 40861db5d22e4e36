//! Starts an upload: YouTube reads the video's metadata, and gives an address for its bytes.

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::checks;
use crate::clock::Timestamp;
use crate::content::Draft;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;

/// The usual category, "People & Blogs".
const CATEGORY: &str = "22";

/// Who sees a video when nothing else is said: YouTube's own default.
const PRIVACY: &str = "public";

/// An upload that has been started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Where its bytes go, sealed: whoever knows the address can upload.
    pub(super) address: String,
    /// When it was started, in milliseconds since the epoch.
    started_at: i64,
}

impl Session {
    /// When it was started.
    pub(super) fn started_at(&self) -> Timestamp {
        Timestamp(self.started_at)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewVideo<'a> {
    snippet: Snippet<'a>,
    status: Status<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_product_placement_details: Option<PaidPlacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Snippet<'a> {
    title: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    category_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_language: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    privacy_status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    publish_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_declared_made_for_kids: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contains_synthetic_media: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embeddable: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaidPlacement {
    has_paid_product_placement: bool,
}

/// Who is to see the video.
pub(super) fn privacy(draft: &Draft) -> &str {
    draft.options.privacy.as_deref().unwrap_or(PRIVACY)
}

impl<'a> NewVideo<'a> {
    fn of(draft: &'a Draft) -> Self {
        let options = &draft.options;
        let paid = PaidPlacement { has_paid_product_placement: true };
        Self {
            snippet: Snippet {
                title: draft.title.as_deref().unwrap_or_default(),
                description: &draft.text,
                tags: &options.tags,
                category_id: options.category.as_deref().unwrap_or(CATEGORY),
                default_language: options.language.as_deref(),
            },
            status: Status {
                privacy_status: privacy(draft),
                publish_at: checks::public_at(draft),
                self_declared_made_for_kids: options.made_for_kids,
                contains_synthetic_media: options.ai_generated.then_some(true),
                license: options.license.as_deref(),
                embeddable: options.embeddable,
            },
            paid_product_placement_details: options.paid_partnership.then_some(paid),
        }
    }

    /// `part` names exactly the objects that are sent.
    fn parts(&self) -> &'static str {
        match self.paid_product_placement_details {
            Some(_) => "snippet,status,paidProductPlacementDetails",
            None => "snippet,status",
        }
    }
}

/// Starts an upload of `length` bytes. Doing so twice shows nowhere: an upload without its bytes never becomes a video.
pub(super) async fn start(cx: &Publishing<'_>, content_type: &str, length: u64) -> Result<Session, JobError> {
    let video = NewVideo::of(cx.draft);
    let notify = cx.draft.options.notify_followers.map(|notify| if notify { "true" } else { "false" });
    let mut query = vec![("uploadType", "resumable"), ("part", video.parts())];
    query.extend(notify.map(|notify| ("notifySubscribers", notify)));
    let started_at = cx.app.clock.now();
    let answer = Call::post(cx, "/upload/youtube/v3/videos", &query)
        .header("x-upload-content-type", content_type)
        .header("x-upload-content-length", length)
        .json(&video)
        .send("start upload")
        .await?;
    let Some(address) = answer.header("location") else {
        return Err(JobError::new(
            ErrorClass::Transient,
            "answer_unreadable",
            "the answer to `start upload` names no address for the bytes",
        ));
    };
    Ok(Session { address: cx.seal_url(address)?, started_at: started_at.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, Kind, Options, Overrides};
    use serde_json::json;

    fn sent(options: Options) -> (serde_json::Value, &'static str) {
        let content = Content { title: Some("T".to_owned()), text: "D".to_owned(), ..Content::default() };
        let draft = Draft::new(Kind::Video, &content, &Overrides { options, ..Overrides::default() });
        let video = NewVideo::of(&draft);
        (serde_json::to_value(&video).unwrap(), video.parts())
    }

    #[test]
    fn every_option_is_sent_and_nothing_is_made_up() {
        let all: Options = serde_json::from_value(json!({
            "privacy":"private","publicAt":"2027-01-31T09:00:00+01:00","tags":["a","b c"],"category":"10","madeForKids":false,
            "aiGenerated":true,"paidPartnership":true,"license":"creativeCommon","embeddable":false,"language":"de"
        }))
        .unwrap();

        let (full, parts) = sent(all);
        let (bare, bare_parts) = sent(Options { made_for_kids: Some(true), ..Options::default() });

        assert_eq!(
            full,
            json!({
                "snippet":{"title":"T","description":"D","tags":["a","b c"],"categoryId":"10","defaultLanguage":"de"},
                "status":{"privacyStatus":"private","publishAt":"2027-01-31T08:00:00Z","selfDeclaredMadeForKids":false,
                    "containsSyntheticMedia":true,"license":"creativeCommon","embeddable":false},
                "paidProductPlacementDetails":{"hasPaidProductPlacement":true}
            })
        );
        assert_eq!(
            bare,
            json!({
                "snippet":{"title":"T","description":"D","categoryId":"22"},
                "status":{"privacyStatus":"public","selfDeclaredMadeForKids":true}
            })
        );
        assert_eq!((parts, bare_parts), ("snippet,status,paidProductPlacementDetails", "snippet,status"));
    }
}
