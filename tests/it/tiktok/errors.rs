//! The table of TikTok's documented errors: the state that each one ends in.

use std::collections::BTreeSet;

use super::*;

/// A documented error: its name, where it is answered, and the state, code, attempts and posts that come of it.
type Row = (&'static str, &'static str, &'static str, &'static str, i64, usize);

/// The errors of the API, of creator info, and of calls that are never made.
const API: &[Row] = &[
    ("400/invalid_param", VIDEO, "failed", "content_refused", 1, 0),
    ("400/invalid_param", PHOTOS, "failed", "content_refused", 1, 0),
    ("400/invalid_params", CREATOR, "failed", "content_refused", 1, 0),
    ("400/invalid_file_upload", VIDEO, "failed", "media_refused", 1, 0),
    ("400/app_version_check_failed", PHOTOS, "failed", "app_version_too_old", 1, 0),
    // The video was handed over and is still worked on: a refused question leaves it to a person.
    ("400/invalid_publish_id", STATUS, "blocked", "outcome_unknown", 1, 0),
    ("400/token_not_authorized_for_specified_publish_id", STATUS, "blocked", "outcome_unknown", 1, 0),
    ("400/publish_not_cancellable", CANCEL, "completed", "", 1, 1),
    ("401/access_token_invalid", VIDEO, "blocked", "token_refused", 1, 0),
    ("401/access_token_invalid", PHOTOS, "blocked", "token_refused", 1, 0),
    ("401/scope_not_authorized", VIDEO, "blocked", "permission_missing", 1, 0),
    ("401/scope_permission_missed", PHOTOS, "blocked", "permission_missing", 1, 0),
    ("403/spam_risk_too_many_posts", VIDEO, "completed", "", 1, 1),
    ("403/spam_risk_too_many_posts", PHOTOS, "completed", "", 1, 1),
    ("403/spam_risk_too_many_pending_share", PHOTOS, "completed", "", 1, 1),
    ("403/spam_risk_user_banned_from_posting", VIDEO, "failed", "account_banned", 1, 0),
    ("403/reached_active_user_cap", PHOTOS, "completed", "", 1, 1),
    ("403/unaudited_client_can_only_post_to_private_accounts", VIDEO, "failed", "platform_app_refused", 1, 0),
    ("403/url_ownership_unverified", PHOTOS, "failed", "media_url_unverified", 1, 0),
    ("403/privacy_level_option_mismatch", VIDEO, "failed", "privacy_not_offered", 1, 0),
    ("404/unsupported_path", PHOTOS, "failed", "platform_version_ended", 1, 0),
    ("429/rate_limit_exceeded", VIDEO, "completed", "", 1, 1),
    ("429/rate_limit_exceeded", PHOTOS, "completed", "", 1, 1),
    ("429/rate_limit_exceeded", STATUS, "completed", "", 1, 1),
    // A lost task without bytes is nothing: begun again. A lost task with addresses is looked for, then left to a person.
    ("500/internal_error", VIDEO, "completed", "", 2, 1),
    ("500/internal_error", PHOTOS, "blocked", "outcome_unknown", 1, 0),
    ("500/internal_error", STATUS, "completed", "", 1, 1),
    ("502/internal_error", CREATOR, "completed", "", 2, 1),
    ("503/internal_error", PHOTOS, "blocked", "outcome_unknown", 1, 0),
    ("504/internal_error", PHOTOS, "blocked", "outcome_unknown", 1, 0),
    ("200/spam_risk_too_many_posts", CREATOR, "completed", "", 1, 1),
    ("200/spam_risk_user_banned_from_posting", CREATOR, "failed", "account_banned", 1, 0),
    ("200/reached_active_user_cap", CREATOR, "completed", "", 1, 1),
    ("oauth/invalid_grant", TOKEN, "completed", "", 1, 1),
    ("oauth/invalid_request", TOKEN, "completed", "", 1, 1),
    ("oauth/invalid_client", TOKEN, "completed", "", 1, 1),
    ("oauth/unauthorized_client", TOKEN, "completed", "", 1, 1),
    ("oauth/invalid_scope", TOKEN, "completed", "", 1, 1),
    ("oauth/unsupported_grant_type", TOKEN, "completed", "", 1, 1),
    ("oauth/unsupported_response_type", TOKEN, "completed", "", 1, 1),
    ("oauth/access_denied", TOKEN, "completed", "", 1, 1),
    ("oauth/server_error", TOKEN, "completed", "", 1, 1),
    ("oauth/temporarily_unavailable", TOKEN, "completed", "", 1, 1),
    ("oauth-200/invalid_grant", TOKEN, "completed", "", 1, 1),
    ("oauth-200/invalid_request", TOKEN, "completed", "", 1, 1),
];

/// The answers of the upload host and the reasons of failed tasks.
const LATER: &[Row] = &[
    ("upload/400", UPLOAD, "failed", "upload_refused", 1, 0),
    // The task is called off, another one is begun.
    ("upload/403", UPLOAD, "completed", "", 2, 1),
    ("upload/404", UPLOAD, "completed", "", 2, 1),
    ("upload/416", UPLOAD, "completed", "", 2, 1),
    // It was the last piece: asked for, then sent again to the same task.
    ("upload/500", UPLOAD, "completed", "", 1, 1),
    ("upload/502", UPLOAD, "completed", "", 1, 1),
    ("upload/503", UPLOAD, "completed", "", 1, 1),
    ("upload/504", UPLOAD, "completed", "", 1, 1),
    ("fail/file_format_check_failed", STATUS, "failed", "media_type_refused", 1, 0),
    ("fail/duration_check_failed", STATUS, "failed", "media_duration_refused", 1, 0),
    ("fail/frame_rate_check_failed", STATUS, "failed", "media_frame_rate", 1, 0),
    ("fail/picture_size_check_failed", STATUS, "failed", "media_dimensions", 1, 0),
    ("fail/internal", STATUS, "completed", "", 2, 1),
    ("fail/video_pull_failed", STATUS, "completed", "", 2, 1),
    ("fail/photo_pull_failed", STATUS, "completed", "", 2, 1),
    ("fail/publish_cancelled", STATUS, "failed", "publish_cancelled", 1, 0),
    ("fail/auth_removed", STATUS, "blocked", "token_refused", 1, 0),
    ("fail/spam_risk_too_many_posts", STATUS, "completed", "", 1, 1),
    ("fail/spam_risk_user_banned_from_posting", STATUS, "failed", "account_banned", 1, 0),
    ("fail/spam_risk_text", STATUS, "failed", "content_refused", 1, 0),
    ("fail/spam_risk", STATUS, "failed", "content_refused", 1, 0),
];

#[tokio::test]
async fn every_documented_error_ends_in_its_state() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut missing: BTreeSet<String> = serde_json::from_value(stack.sandbox.get("errors").await?["tiktok"].clone())?;
    let mut wrong = Vec::new();
    for (name, path, status, code, attempts, posts) in API.iter().chain(LATER) {
        stack.sandbox.post("reset", json!({})).await?;
        reconnect(&stack).await?;
        plant(&stack, path, (0, 1), &json!({ "name": "error", "code": name })).await?;
        let mut body = if *path == PHOTOS || name.starts_with("fail/photo") {
            photos(&stack, &["photo-1.jpg"], "some photos", &public())
        } else {
            video(stack.account(PlatformId::Tiktok), &stack.sandbox.sample("clip.mp4"), "a video", &public())
        };
        body["allowDuplicate"] = json!(true);
        let job = submit(&stack, &body).await?;

        let job = stack.run_to_the_end(&job).await?;

        let found = outcome(&stack, &job).await?;
        let wanted = ((*status).to_owned(), (*code).to_owned(), *attempts, *posts);
        if found != wanted {
            wrong.push(format!("{name} at {path}: {found:?}, not {wanted:?}: {}", job["error"]));
        }
        missing.remove(*name);
    }
    assert!(wrong.is_empty(), "{} errors ended wrongly:\n{}", wrong.len(), wrong.join("\n"));
    assert!(missing.is_empty(), "no row for {missing:?}");
    Ok(())
}
