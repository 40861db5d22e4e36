//! Looks for a post whose "created" answer was lost: at its photos first, then among the Page's published posts.

use std::time::Duration;

use serde::Deserialize;

use super::call::Call;
use super::feed::Made;
use super::wire;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::Sighting;
use crate::platforms::Publishing;

/// Facebook's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Pages of 100 posts that are read before giving up: more than a Page makes in a day.
const PAGES_MAX: usize = 25;

#[derive(Deserialize)]
struct Photo {
    #[serde(default)]
    page_story_id: Option<String>,
}

#[derive(Deserialize)]
struct Post {
    id: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    application: Option<Application>,
    #[serde(default)]
    attachments: Attachments,
}

#[derive(Deserialize)]
struct Application {
    id: String,
}

#[derive(Default, Deserialize)]
struct Attachments {
    #[serde(default)]
    data: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(default)]
    unshimmed_url: Option<String>,
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    subattachments: Attachments,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    id: String,
}

impl Attachments {
    /// Ids of all that is attached, one level deep as Facebook nests them.
    fn target_ids(&self) -> Vec<&str> {
        let all = self.data.iter().flat_map(|attachment| std::iter::once(attachment).chain(&attachment.subattachments.data));
        all.filter_map(|attachment| attachment.target.as_ref()).map(|target| target.id.as_str()).collect()
    }
}

impl Post {
    /// Whether it is known by its own id, or by that of a video that it shows.
    fn is_one_of(&self, ids: &[String]) -> bool {
        std::iter::once(self.id.as_str()).chain(self.attachments.target_ids()).any(|id| ids.iter().any(|known| known == id))
    }
}

/// Finds the one post since `since` that says and shows what the draft does and belongs to no other target.
pub(super) async fn find(cx: &Publishing<'_>, photos: &[String], since: Timestamp) -> Result<Sighting<Made>, JobError> {
    if let Some(photo) = photos.first()
        && let Some(id) = post_of_photo(cx, photo).await?
    {
        return Ok(Sighting::Found(Made { id }));
    }
    let since = since.minus(CLOCK_SLACK);
    let taken = cx.taken_ids(since).await?;
    let mut matches = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = read_page(cx, since, after.as_deref()).await?;
        let next = page.next();
        let ours = page.data.into_iter().filter(|post| is_ours(cx, photos, post));
        matches.extend(ours.filter(|post| !post.is_one_of(&taken)).map(|post| post.id));
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(match (matches.len(), after) {
        (1, _) => Sighting::Found(Made { id: matches.remove(0) }),
        (0, None) => Sighting::Absent,
        (0, Some(_)) => Sighting::CannotTell("the Page has more recent posts than can be searched".to_owned()),
        (count, _) => Sighting::CannotTell(format!("{count} recent posts look like it")),
    })
}

/// The post that a photo sits in: it sits in one at most, so nothing else needs to be compared.
///
/// That the field is filled for a post made a moment ago is inferred from its description; the list is asked as well.
async fn post_of_photo(cx: &Publishing<'_>, photo: &str) -> Result<Option<String>, JobError> {
    match Call::get(cx, photo, &[("fields", "page_story_id")]).send("photo's post").await {
        Ok(answer) => Ok(answer.json::<Photo>("photo's post")?.page_story_id.filter(|id| !id.is_empty())),
        // A photo that no post took in time is gone.
        Err(error) if error.class == ErrorClass::Rejected => Ok(None),
        Err(error) => Err(error),
    }
}

async fn read_page(cx: &Publishing<'_>, since: Timestamp, after: Option<&str>) -> Result<wire::Page<Post>, JobError> {
    let path = format!("{}/published_posts", cx.account.external_id);
    let since = since.unix_seconds().to_string();
    let mut query = vec![
        ("fields", "id,message,created_time,application,attachments{target{id},unshimmed_url,subattachments{target{id}}}"),
        ("since", since.as_str()),
        ("limit", "100"),
    ];
    query.extend(after.map(|cursor| ("after", cursor)));
    Call::get(cx, &path, &query).send("list posts").await?.json("list posts")
}

fn is_ours(cx: &Publishing<'_>, photos: &[String], post: &Post) -> bool {
    let app_id = &cx.app.config.facebook.app_id;
    let by_our_app = app_id.is_empty() || post.application.as_ref().is_none_or(|application| application.id == *app_id);
    let same_link = cx.draft.link.as_ref().is_none_or(|link| {
        post.attachments.data.iter().any(|attachment| attachment.unshimmed_url.as_deref().is_some_and(|url| same_url(url, link)))
    });
    let same_photos = photos.is_empty() || post.attachments.target_ids().iter().any(|id| photos.iter().any(|photo| photo == id));
    by_our_app && same_link && same_photos && post.message.trim() == cx.draft.text.trim()
}

/// Whether two addresses are the same but for how they are written, such as a missing last slash after the host.
fn same_url(one: &str, other: &str) -> bool {
    match (url::Url::parse(one), url::Url::parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
