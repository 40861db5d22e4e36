//! The init calls: direct posts of videos, drafts of videos for the inbox, photos either way.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::Refusal;
use super::source::SourceInfo;
use super::tasks::{self, Draft, Words};
use super::{Ask, Outcome, allows, limits, success, upload, users};
use crate::state::State;

/// In UTF-16 units, as all lengths here.
const LONGEST_CAPTION: usize = 2200;
const LONGEST_PHOTO_TITLE: usize = 90;
const LONGEST_PHOTO_TEXT: usize = 4000;
const PRIVACY_LEVELS: &[&str] = &["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"];
const INVALID: &str = "400/invalid_param";

/// `post_info` of all init calls.
#[derive(Default, Deserialize)]
struct PostInfo {
    title: Option<String>,
    description: Option<String>,
    privacy_level: Option<String>,
    disable_duet: Option<bool>,
    disable_stitch: Option<bool>,
    disable_comment: Option<bool>,
    video_cover_timestamp_ms: Option<u64>,
    brand_content_toggle: Option<bool>,
    brand_organic_toggle: Option<bool>,
    is_aigc: Option<bool>,
    auto_add_music: Option<bool>,
}

#[derive(Deserialize)]
struct VideoInit {
    post_info: PostInfo,
    source_info: SourceInfo,
}

#[derive(Deserialize)]
struct InboxInit {
    source_info: SourceInfo,
}

#[derive(Deserialize)]
struct PhotoInit {
    media_type: String,
    post_mode: String,
    #[serde(default)]
    post_info: PostInfo,
    source_info: SourceInfo,
}

impl PostInfo {
    /// What is set beyond text and privacy, by the names of the control API.
    fn options(&self) -> Value {
        let all = [
            ("disableComment", json!(self.disable_comment)),
            ("disableDuet", json!(self.disable_duet)),
            ("disableStitch", json!(self.disable_stitch)),
            ("brandContent", json!(self.brand_content_toggle)),
            ("brandOrganic", json!(self.brand_organic_toggle)),
            ("aigc", json!(self.is_aigc)),
            ("autoAddMusic", json!(self.auto_add_music)),
            ("coverTimestampMs", json!(self.video_cover_timestamp_ms)),
        ];
        let set = all.into_iter().filter(|(_, value)| !value.is_null());
        Value::Object(set.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The privacy level, if the creator may choose it.
    fn privacy(&self, ask: &Ask<'_>) -> Result<String, Refusal> {
        let level = self.privacy_level.as_deref().filter(|level| PRIVACY_LEVELS.contains(level));
        let level = level.ok_or_else(|| Refusal::say(INVALID, "privacy_level is missing or invalid"))?;
        if self.brand_content_toggle == Some(true) && level == "SELF_ONLY" {
            return Err(Refusal::say(INVALID, "Branded content cannot be private"));
        }
        if !users::privacy_options(&ask.account).contains(&level) {
            return Err(Refusal::new("403/privacy_level_option_mismatch"));
        }
        Ok(level.to_owned())
    }
}

fn check_length(what: &str, text: Option<&String>, longest: usize) -> Result<String, Refusal> {
    let text = text.cloned().unwrap_or_default();
    if text.encode_utf16().count() > longest {
        return Err(Refusal::say(INVALID, format!("The {what} is longer than {longest} UTF-16 units")));
    }
    Ok(text)
}

/// Refuses a direct post that the app or the creator may not make now.
fn check_direct(state: &State, ask: &Ask<'_>, privacy: &str) -> Result<(), Refusal> {
    let private = ask.account.variant == "private" && privacy == "SELF_ONLY";
    if state.settings.tiktok.unaudited && !private {
        return Err(Refusal::new("403/unaudited_client_can_only_post_to_private_accounts"));
    }
    match limits::direct_refusal(state, &ask.account) {
        Some(code) => Err(Refusal::new(&format!("403/{code}"))),
        None => Ok(()),
    }
}

fn check_inbox(state: &State, ask: &Ask<'_>) -> Result<(), Refusal> {
    if limits::inbox_full(state, &ask.account) {
        return Err(Refusal::new("403/spam_risk_too_many_pending_share"));
    }
    Ok(())
}

/// `POST /v2/post/publish/video/init/`.
pub(crate) fn video(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let VideoInit { post_info, source_info } = ask.body(INVALID)?;
    let text = check_length("title", post_info.title.as_ref(), LONGEST_CAPTION)?;
    if state.settings.tiktok.brand_content_required && post_info.brand_content_toggle.is_none() {
        return Err(Refusal::say(INVALID, "brand_content_toggle is required"));
    }
    let privacy = post_info.privacy(ask)?;
    check_direct(state, ask, &privacy)?;
    let source = source_info.video(state)?;
    let words = Words { title: None, text, privacy: Some(privacy), options: post_info.options() };
    start(state, ask, Draft { inbox: false, photos: false, words, source })
}

/// `POST /v2/post/publish/inbox/video/init/`.
pub(crate) fn inbox(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let InboxInit { source_info } = ask.body(INVALID)?;
    check_inbox(state, ask)?;
    let source = source_info.video(state)?;
    let words = Words { options: json!({}), ..Words::default() };
    start(state, ask, Draft { inbox: true, photos: false, words, source })
}

/// `POST /v2/post/publish/content/init/`.
pub(crate) fn photos(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let PhotoInit { media_type, post_mode, post_info, source_info } = ask.body(INVALID)?;
    if media_type != "PHOTO" {
        return Err(Refusal::say(INVALID, "The media_type is invalid"));
    }
    let inbox = match post_mode.as_str() {
        "DIRECT_POST" => false,
        "MEDIA_UPLOAD" => true,
        _ => return Err(Refusal::say(INVALID, "The post_mode is invalid")),
    };
    if !allows(&ask.account, if inbox { "video.upload" } else { "video.publish" }) {
        return Err(Refusal::new("401/scope_not_authorized"));
    }
    let title = check_length("title", post_info.title.as_ref(), LONGEST_PHOTO_TITLE)?;
    let text = check_length("description", post_info.description.as_ref(), LONGEST_PHOTO_TEXT)?;
    let privacy = if inbox {
        check_inbox(state, ask)?;
        None
    } else {
        let privacy = post_info.privacy(ask)?;
        check_direct(state, ask, &privacy)?;
        Some(privacy)
    };
    let source = source_info.photos(state)?;
    let mut options = post_info.options();
    options["coverIndex"] = json!(source_info.cover_index());
    let title = Some(title).filter(|title| !title.is_empty());
    start(state, ask, Draft { inbox, photos: true, words: Words { title, text, privacy, options }, source })
}

fn start(state: &mut State, ask: &Ask<'_>, draft: Draft) -> Outcome {
    if !draft.inbox {
        limits::count_direct(state, &ask.account);
    }
    let id = tasks::begin(state, ask, draft);
    let upload = state.tiktok.tasks.get(&id).and_then(|task| task.upload.as_ref());
    let mut data = json!({"publish_id": id});
    if let Some(upload) = upload {
        data["upload_url"] = json!(upload::address(state, upload));
    }
    Ok(success(state, &data))
}
