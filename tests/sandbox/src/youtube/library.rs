//! The videos of all channels, and the posts that show them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::errors;
use super::film::Film;
use super::metadata::{Resource, Snippet};
use super::processing::{End, Plan, Processing};
use crate::blob::Blob;
use crate::call::Answer;
use crate::control::made_up;
use crate::state::{Account, Media, Platform, Post, State};

/// One video.
#[derive(Clone, Debug)]
pub(super) struct Video {
    pub(super) id: String,
    pub(super) channel_id: String,
    pub(super) resource: Resource,
    pub(super) film: Option<Film>,
    /// Tells files apart.
    pub(super) fingerprint: String,
    pub(super) length: u64,
    pub(super) content_type: String,
    pub(super) created_at: DateTime<Utc>,
    /// When it was uploaded, or later became public.
    pub(super) published_at: DateTime<Utc>,
    /// Whether others than its owner could see it at any time.
    pub(super) was_published: bool,
    pub(super) notified: bool,
    pub(super) processing: Processing,
    /// Id of the medium.
    pub(super) thumbnail: Option<String>,
}

impl Video {
    /// Its title and what belongs to it; every video has some.
    pub(super) fn snippet(&self) -> Snippet {
        self.resource.snippet.clone().unwrap_or_default()
    }

    /// Whether an account may see it.
    pub(super) fn visible_to(&self, account_id: &str) -> bool {
        self.channel_id == account_id || self.resource.privacy() != "private"
    }

    /// Makes it public when it is due.
    fn publish_when_due(&mut self, now: DateTime<Utc>) {
        let Some(due) = self.resource.publish_at().filter(|due| *due <= now) else { return };
        if let Some(status) = &mut self.resource.status {
            status.privacy_status = Some("public".to_owned());
            status.publish_at = None;
        }
        self.published_at = due.max(self.created_at);
        self.was_published = true;
    }

    fn extra(&self) -> Value {
        let (snippet, status) = (self.snippet(), self.resource.status.clone().unwrap_or_default());
        let paid = self.resource.paid_product_placement_details.as_ref();
        let fields = json!({
            "privacy": self.resource.privacy(),
            "publishAt": self.resource.publish_at(),
            "uploadStatus": self.processing.upload_status(),
            "tags": snippet.tags,
            "categoryId": snippet.category(),
            "defaultLanguage": snippet.default_language,
            "madeForKids": status.self_declared_made_for_kids,
            "containsSyntheticMedia": status.contains_synthetic_media,
            "license": status.license,
            "embeddable": status.embeddable,
            "hasPaidProductPlacement": paid.and_then(|paid| paid.has_paid_product_placement),
            "notifySubscribers": self.notified,
            "thumbnail": self.thumbnail,
        });
        let fields = fields.as_object().cloned().unwrap_or_default();
        Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
    }
}

/// A complete upload.
pub(super) struct Upload {
    pub(super) account: Account,
    pub(super) resource: Resource,
    pub(super) notify: bool,
    pub(super) plan: Option<Plan>,
    pub(super) file: Blob,
}

/// Turns a complete upload into a video, and returns its id.
pub(super) fn publish(state: &mut State, upload: Upload) -> String {
    let Upload { account, resource, notify, plan, file } = upload;
    let (serial, now) = (state.next_number(), state.now());
    let id = made_up("video", &format!("{} {serial}", account.id))[..11].to_owned();
    let digest = Sha256::digest([file.kept(), &file.length().to_be_bytes()].concat());
    let fingerprint = made_up("file", &format!("{digest:?}"));
    let natural = End::natural(state, &account, &file, &fingerprint);
    let processing = Processing::begin(state, plan, natural);
    let (film, length) = (Film::read(file.kept()), file.length());
    let mut media = Media::new(Platform::Youtube, &account.id, id.clone(), file, now);
    media.post_id = Some(id.clone());
    let video = Video {
        id: id.clone(),
        channel_id: account.id.clone(),
        was_published: resource.privacy() != "private",
        resource,
        film,
        fingerprint,
        length,
        content_type: media.content_type.clone(),
        created_at: now,
        published_at: now,
        notified: notify,
        processing,
        thumbnail: None,
    };
    state.media.insert(id.clone(), media);
    let kind = if film.is_some_and(|film| film.is_short()) { "short" } else { "video" };
    let post = Post { media: vec![id.clone()], ..Post::new(Platform::Youtube, &account.id, id.clone(), kind, now) };
    state.posts.push(post);
    state.youtube.videos.push(video);
    catch_up(state);
    id
}

/// Does what is due by the clock, and shows all videos in their posts as they are now.
pub(super) fn catch_up(state: &mut State) {
    let now = state.now();
    for video in &mut state.youtube.videos {
        video.publish_when_due(now);
        video.processing.catch_up(now);
    }
    for post in state.posts.iter_mut().filter(|post| post.platform == Platform::Youtube) {
        let Some(video) = state.youtube.videos.iter().find(|video| video.id == post.id) else { continue };
        let snippet = video.snippet();
        post.extra = video.extra();
        post.title = snippet.title;
        post.text = snippet.description.unwrap_or_default();
        post.scheduled_at = video.resource.publish_at();
        post.published = video.processing.stands();
    }
}

/// A video by its id.
pub(super) fn find<'a>(state: &'a State, id: &str) -> Option<&'a Video> {
    state.youtube.videos.iter().find(|video| video.id == id)
}

/// A video that an account owns, to be changed.
pub(super) fn own<'a>(state: &'a mut State, account: &Account, id: &str) -> Result<&'a mut Video, Answer> {
    let video = state.youtube.videos.iter_mut().find(|video| video.id == id);
    let video = video.filter(|video| video.visible_to(&account.id)).ok_or_else(|| errors::named("404/videoNotFound"))?;
    if video.channel_id == account.id { Ok(video) } else { Err(errors::named("403/forbidden")) }
}
