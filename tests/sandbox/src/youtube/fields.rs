//! Names that YouTube knows in the bodies it takes; anything else is refused by name.

use serde_json::Value;

use super::errors;
use crate::call::Answer;

/// Names of fields, by the place of the object that holds them.
pub(super) type Known = &'static [(&'static str, &'static [&'static str])];

/// A video, whatever may be changed in it.
pub(super) const VIDEO: Known = &[
    (
        "",
        &[
            "ageGating",
            "brandPartner",
            "contentDetails",
            "etag",
            "fileDetails",
            "id",
            "kind",
            "liveStreamingDetails",
            "localizations",
            "monetizationDetails",
            "paidProductPlacementDetails",
            "player",
            "processingDetails",
            "projectDetails",
            "recordingDetails",
            "snippet",
            "statistics",
            "status",
            "suggestions",
            "topicDetails",
        ],
    ),
    (
        "/snippet",
        &[
            "categoryId",
            "channelId",
            "channelTitle",
            "defaultAudioLanguage",
            "defaultLanguage",
            "description",
            "liveBroadcastContent",
            "localized",
            "publishedAt",
            "tags",
            "thumbnails",
            "title",
        ],
    ),
    (
        "/status",
        &[
            "containsSyntheticMedia",
            "embeddable",
            "failureReason",
            "license",
            "madeForKids",
            "privacyStatus",
            "publicStatsViewable",
            "publishAt",
            "rejectionReason",
            "selfDeclaredMadeForKids",
            "uploadStatus",
        ],
    ),
    ("/paidProductPlacementDetails", &["hasPaidProductPlacement"]),
    ("/recordingDetails", &["location", "locationDescription", "recordingDate"]),
];

/// An entry of a playlist.
pub(super) const PLAYLIST_ITEM: Known = &[
    ("", &["contentDetails", "etag", "id", "kind", "snippet", "status"]),
    (
        "/snippet",
        &[
            "channelId",
            "channelTitle",
            "description",
            "playlistId",
            "position",
            "publishedAt",
            "resourceId",
            "thumbnails",
            "title",
            "videoOwnerChannelId",
            "videoOwnerChannelTitle",
        ],
    ),
    ("/snippet/resourceId", &["channelId", "kind", "playlistId", "videoId"]),
    ("/contentDetails", &["endAt", "note", "startAt", "videoId", "videoPublishedAt"]),
];

/// A comment with its answers.
pub(super) const COMMENT_THREAD: Known = &[
    ("", &["etag", "id", "kind", "replies", "snippet"]),
    ("/snippet", &["canReply", "channelId", "isPublic", "topLevelComment", "totalReplyCount", "videoId"]),
    ("/snippet/topLevelComment", &["etag", "id", "kind", "snippet"]),
    (
        "/snippet/topLevelComment/snippet",
        &[
            "authorChannelId",
            "authorChannelUrl",
            "authorDisplayName",
            "authorProfileImageUrl",
            "canRate",
            "channelId",
            "imageUrl",
            "likeCount",
            "moderationStatus",
            "parentId",
            "publishedAt",
            "textDisplay",
            "textOriginal",
            "updatedAt",
            "videoId",
            "viewerRating",
        ],
    ),
];

/// Refuses a body with a field that is not known at its place.
pub(super) fn check(body: &Value, known: Known) -> Result<(), Answer> {
    for (place, names) in known {
        let Some(object) = body.pointer(place).filter(|value| !value.is_null()) else { continue };
        let path = place.trim_start_matches('/').replace('/', ".");
        let Some(object) = object.as_object() else {
            return Err(refuse(&format!("Invalid value at '{path}': an object is expected")));
        };
        if let Some(unknown) = object.keys().find(|name| !names.contains(&name.as_str())) {
            let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
            return Err(refuse(&format!("Unknown name \"{unknown}\"{at}: Cannot find field.")));
        }
    }
    Ok(())
}

/// 400 for a body that does not have the right shape.
pub(super) fn refuse(problem: &str) -> Answer {
    errors::worded("400/badRequest", &format!("Invalid JSON payload received. {problem}"))
}
