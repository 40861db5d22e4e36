//! Begins a post on TikTok: what the creator may do, and the three calls that start a task.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::call;
use super::errors::UNVERIFIED_REMEDY;
use super::upload::Plan;
use crate::content::Kind;
use crate::error::{ErrorClass, JobError};
use crate::platforms::Publishing;

const CREATOR_INFO: &str = "/v2/post/publish/creator_info/query/";
const VIDEO: &str = "/v2/post/publish/video/init/";
const INBOX_VIDEO: &str = "/v2/post/publish/inbox/video/init/";
const PHOTOS: &str = "/v2/post/publish/content/init/";

/// How the files get to TikTok.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// We send the one video in pieces.
    Sent(Plan),
    /// TikTok fetches them from their addresses.
    Pulled,
}

/// A task as TikTok names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    /// TikTok's id of the task.
    pub(super) publish_id: String,
    /// Where the video goes, sealed by the time it is stored; none when TikTok fetches the files.
    #[serde(default)]
    pub(super) upload_url: Option<String>,
}

/// What became of the call that lets TikTok fetch the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Started {
    /// A task works on it.
    Task { publish_id: String },
    /// Its answer was lost and the post itself was found.
    Live { post_id: String },
}

#[derive(Deserialize)]
struct Creator {
    privacy_level_options: Vec<String>,
    #[serde(default)]
    max_video_post_duration_sec: Option<u64>,
}

/// Decides how the files get to TikTok: videos are sent unless the settings say otherwise, photos can only be fetched.
pub(super) fn source(cx: &Publishing<'_>) -> Result<Source, JobError> {
    let prefixes = &cx.app.config.tiktok.verified_prefixes;
    let unverified = cx.draft.media.iter().find(|media| !is_below_any(&media.url, prefixes));
    match (cx.draft.kind, unverified, cx.draft.media.first()) {
        (Kind::Images, Some(media), _) => {
            let message = format!("TikTok fetches photos only from verified addresses, and `{}` is below none", media.url);
            Err(JobError::new(ErrorClass::Rejected, "media_url_unverified", message).remedy(UNVERIFIED_REMEDY))
        }
        (Kind::Images, None, _) => Ok(Source::Pulled),
        (_, None, Some(_)) if cx.app.config.tiktok.pull_videos => Ok(Source::Pulled),
        (_, _, Some(video)) => {
            let unknown =
                || JobError::new(ErrorClass::Bug, "media_size_unknown", format!("the size of `{}` is not known", video.url));
            Ok(Source::Sent(Plan::new(cx.file(&video.url)?.bytes.ok_or_else(unknown)?)))
        }
        (_, _, None) => Err(JobError::new(ErrorClass::Bug, "media_missing", "the post has no video")),
    }
}

/// Whether an address lies below one of the verified beginnings: `https://a.example` is no beginning of `https://a.example.org/`.
fn is_below_any(url: &str, prefixes: &[String]) -> bool {
    let below = |prefix: &String| url.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    prefixes.iter().any(below)
}

/// Asks what the creator may do, as TikTok demands before each direct post, and holds the draft against it.
pub(super) async fn check_creator(cx: &Publishing<'_>) -> Result<(), JobError> {
    let creator: Creator = call(cx, CREATOR_INFO, None, "creator info").await?;
    let privacy = cx.draft.options.privacy.as_deref().unwrap_or_default();
    if !creator.privacy_level_options.iter().any(|offered| offered == privacy) {
        let message = format!("the account can't post as `{privacy}`, only as {}", creator.privacy_level_options.join(", "));
        return Err(JobError::new(ErrorClass::Rejected, "privacy_not_offered", message));
    }
    let Some(seconds) = creator.max_video_post_duration_sec else { return Ok(()) };
    for media in &cx.draft.media {
        let length = cx.file(&media.url)?.duration_ms.unwrap_or(0);
        if length > seconds * 1000 {
            let message = format!("`{}` is {length} milliseconds long, this account may post {seconds} seconds", media.url);
            return Err(JobError::new(ErrorClass::Rejected, "media_too_long", message));
        }
    }
    Ok(())
}

/// Begins a task for a video that we send; its address is sealed. Nothing can be posted before all bytes are there.
pub(super) async fn begin_upload(cx: &Publishing<'_>, plan: Plan) -> Result<Task, JobError> {
    let Plan { size_bytes, chunk_bytes, chunks } = plan;
    let source = json!({
        "source": "FILE_UPLOAD", "video_size": size_bytes, "chunk_size": chunk_bytes, "total_chunk_count": chunks
    });
    let task = begin_video(cx, source).await?;
    let Some(url) = &task.upload_url else {
        let message = "TikTok began an upload without saying where it goes";
        return Err(JobError::new(ErrorClass::Ambiguous, "answer_unreadable", message));
    };
    Ok(Task { upload_url: Some(cx.seal_url(url)?), ..task })
}

/// Begins a task for files that TikTok fetches: from here on the post may appear.
pub(super) async fn begin_pull(cx: &Publishing<'_>) -> Result<Started, JobError> {
    let urls: Vec<&str> = cx.draft.media.iter().map(|media| media.url.as_str()).collect();
    let task = match cx.draft.kind {
        Kind::Images => begin_photos(cx, &urls).await?,
        _ => begin_video(cx, json!({ "source": "PULL_FROM_URL", "video_url": urls.first() })).await?,
    };
    Ok(Started::Task { publish_id: task.publish_id })
}

async fn begin_video(cx: &Publishing<'_>, source: Value) -> Result<Task, JobError> {
    if cx.draft.options.inbox {
        return call(cx, INBOX_VIDEO, Some(json!({ "source_info": source })), "init inbox video").await;
    }
    let options = &cx.draft.options;
    let mut post = post_info(cx);
    post["title"] = json!(cx.draft.text);
    post["disable_duet"] = json!(options.disable_duet);
    post["disable_stitch"] = json!(options.disable_stitch);
    post["is_aigc"] = json!(options.ai_generated);
    if let Some(at) = options.cover_at_ms {
        post["video_cover_timestamp_ms"] = json!(at);
    }
    call(cx, VIDEO, Some(json!({ "post_info": post, "source_info": source })), "init video").await
}

async fn begin_photos(cx: &Publishing<'_>, urls: &[&str]) -> Result<Task, JobError> {
    let inbox = cx.draft.options.inbox;
    let mut post = if inbox { json!({}) } else { post_info(cx) };
    post["description"] = json!(cx.draft.text);
    if let Some(title) = &cx.draft.title {
        post["title"] = json!(title);
    }
    if !inbox {
        post["auto_add_music"] = json!(cx.draft.options.auto_add_music);
    }
    let body = json!({
        "media_type": "PHOTO",
        "post_mode": if inbox { "MEDIA_UPLOAD" } else { "DIRECT_POST" },
        "post_info": post,
        "source_info": { "source": "PULL_FROM_URL", "photo_images": urls, "photo_cover_index": 0 },
    });
    call(cx, PHOTOS, Some(body), "init photos").await
}

/// What direct posts of both kinds say.
fn post_info(cx: &Publishing<'_>) -> Value {
    let options = &cx.draft.options;
    json!({
        "privacy_level": options.privacy,
        "disable_comment": options.disable_comments,
        "brand_content_toggle": options.paid_partnership,
        "brand_organic_toggle": options.own_business,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_verified_below_a_whole_part_of_a_path() {
        let prefixes = ["https://a.example".to_owned(), "https://b.example/media/".to_owned()];
        for (url, below) in [
            ("https://a.example/x.jpg", true),
            ("https://a.example.org/x.jpg", false),
            ("https://a.example@evil.example/x.jpg", false),
            ("http://a.example/x.jpg", false),
            ("https://b.example/media/x.jpg", true),
            ("https://b.example/mediax.jpg", false),
            ("https://b.example/x.jpg", false),
        ] {
            assert_eq!(is_below_any(url, &prefixes), below, "{url}");
        }
    }
}
