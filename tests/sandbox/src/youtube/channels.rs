//! `channels.list` and `videoCategories.list`.

use serde_json::{Value, json};

use super::ask::{Ask, Terms, etag};
use super::quota::Cost;
use super::{Outcome, auth, errors, playlists};
use crate::call::Answer;
use crate::state::{Account, Platform, State};

const PARTS: &[&str] =
    &["brandingSettings", "contentDetails", "localizations", "snippet", "statistics", "status", "topicDetails"];
const FILTERS: &str = "No filter selected. Expected one of: id, mine, forHandle";
/// Owns the categories of every country.
const CATEGORY_CHANNEL: &str = "UCBR8-60-B28hp2BmDPdntcQ";
/// Categories by id, and whether a video can have them.
const CATEGORIES: &[(&str, &str, bool)] = &[
    ("1", "Film & Animation", true),
    ("2", "Autos & Vehicles", true),
    ("10", "Music", true),
    ("15", "Pets & Animals", true),
    ("17", "Sports", true),
    ("18", "Short Movies", false),
    ("19", "Travel & Events", true),
    ("20", "Gaming", true),
    ("21", "Videoblogging", false),
    ("22", "People & Blogs", true),
    ("23", "Comedy", true),
    ("24", "Entertainment", true),
    ("25", "News & Politics", true),
    ("26", "Howto & Style", true),
    ("27", "Education", true),
    ("28", "Science & Technology", true),
    ("29", "Nonprofits & Activism", true),
    ("30", "Movies", false),
    ("43", "Shows", false),
    ("44", "Trailers", false),
];

/// Terms of [`list`].
pub(crate) const LIST: Terms = Terms {
    scopes: auth::READ,
    cost: Cost::Units(1),
    parameters: &["part", "mine", "id", "forHandle", "hl", "maxResults", "pageToken"],
};
/// Terms of [`categories`].
pub(crate) const CATEGORY_LIST: Terms =
    Terms { scopes: auth::READ, cost: Cost::Units(1), parameters: &["part", "id", "regionCode", "hl"] };

/// `GET /youtube/v3/channels?part=…&mine=true`.
pub(crate) fn list(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let parts = ask.parts(PARTS)?;
    let (mine, ids, handle) = (ask.flag("mine", false)?, ask.list("id"), ask.value("forHandle"));
    if [mine, !ids.is_empty(), handle.is_some()].into_iter().filter(|given| *given).count() != 1 {
        return Err(errors::parameter("400/missingRequiredParameter", "parameters.", FILTERS));
    }
    let wanted = |account: &&Account| {
        let named = handle.is_some_and(|handle| handle.trim_start_matches('@') == account.username);
        mine && account.id == ask.account.id || ids.contains(&account.id.as_str()) || named
    };
    let channels = state.accounts.iter().filter(|account| account.platform == Platform::Youtube);
    let channels = channels.filter(|account| account.variant != "no_channel").filter(wanted);
    let items: Vec<Value> = channels.map(|account| channel(state, account, &parts)).collect();
    ask.page("youtube#channelListResponse", &items, (5, 50))
}

fn channel(state: &State, account: &Account, parts: &[String]) -> Value {
    let mut body = json!({"kind": "youtube#channel", "etag": etag(&format!("{} {parts:?}", account.id)), "id": account.id});
    for part in parts {
        let shown = match part.as_str() {
            "snippet" => snippet(state, account),
            "contentDetails" => {
                json!({"relatedPlaylists": {"likes": "", "uploads": playlists::uploads_of(&account.id)}})
            }
            "statistics" => {
                let public = state.youtube.videos.iter().filter(|video| video.channel_id == account.id);
                let count = public.filter(|video| video.resource.privacy() == "public").count();
                json!({
                    "viewCount": "0",
                    "subscriberCount": "0",
                    "hiddenSubscriberCount": false,
                    "videoCount": count.to_string(),
                })
            }
            "status" => json!({
                "privacyStatus": "public",
                "isLinked": true,
                "longUploadsStatus": if account.variant == "unverified" { "eligible" } else { "allowed" },
                "madeForKids": false,
            }),
            "brandingSettings" => json!({"channel": {"title": account.name}}),
            _ => continue,
        };
        body[part.as_str()] = shown;
    }
    body
}

fn snippet(state: &State, account: &Account) -> Value {
    let picture =
        |size: u32| json!({"url": format!("{}/ytc/{}=s{size}", state.public_url, account.id), "width": size, "height": size});
    json!({
        "title": account.name,
        "description": "",
        "customUrl": format!("@{}", account.username),
        "publishedAt": "2020-01-01T00:00:00Z",
        "thumbnails": {"default": picture(88), "medium": picture(240), "high": picture(800)},
        "localized": {"title": account.name, "description": ""},
    })
}

/// Whether a video can have a category.
pub(super) fn is_assignable(id: &str) -> bool {
    CATEGORIES.iter().any(|(known, _, assignable)| *known == id && *assignable)
}

/// `GET /youtube/v3/videoCategories?part=snippet&regionCode=…`.
pub(crate) fn categories(_state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.parts(&["snippet"])?;
    let (ids, region) = (ask.list("id"), ask.value("regionCode"));
    match region {
        None if ids.is_empty() => {
            let message = "No filter selected. Expected one of: id, regionCode";
            return Err(errors::parameter("400/missingRequiredParameter", "parameters.", message));
        }
        Some(code) if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            let message = format!("Invalid region code: {code}");
            return Err(errors::parameter("400/invalidParameter", "regionCode", &message));
        }
        _ => {}
    }
    let wanted = CATEGORIES.iter().filter(|(id, ..)| ids.is_empty() || ids.contains(id));
    let items: Vec<Value> = wanted
        .map(|(id, title, assignable)| {
            json!({
                "kind": "youtube#videoCategory",
                "etag": etag(id),
                "id": id,
                "snippet": {"title": title, "assignable": assignable, "channelId": CATEGORY_CHANNEL},
            })
        })
        .collect();
    let tag = etag(&format!("{items:?}"));
    Ok(Answer::json(200, &json!({"kind": "youtube#videoCategoryListResponse", "etag": tag, "items": items})))
}
