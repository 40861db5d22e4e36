//! The error table: what each documented error of LinkedIn ends in.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::Linkedin;
use tests::Stack;

use super::Author::SelfServe;
use super::{COMPLETED, POST, plant, publish, start, state};

/// An error by its name in the sandbox, and what it ends in: status, code, attempts, seconds.
type Row = (&'static str, &'static str, Option<&'static str>, i64, RangeInclusive<u64>);

/// What each documented error on the visible call of a member's text post ends in.
const ERRORS: &[Row] = &[
    ("400/ILLEGAL_ARGUMENT", "failed", Some("request_refused"), 1, 0..=0),
    ("400/VERSION_MISSING", "failed", Some("platform_version_missing"), 1, 0..=0),
    ("400/INVALID_URN_TYPE", "failed", Some("content_refused"), 1, 0..=0),
    ("400/INVALID_URN_ID", "failed", Some("content_refused"), 1, 0..=0),
    ("400/INVALID_VALUE_FOR_FIELD", "failed", Some("content_refused"), 1, 0..=0),
    ("400/MISSING_FIELD", "failed", Some("content_refused"), 1, 0..=0),
    ("400/FIELD_LENGTH_TOO_LONG", "failed", Some("content_refused"), 1, 0..=0),
    ("400/INVALID_VALUE_BLANK_FIELD", "failed", Some("content_refused"), 1, 0..=0),
    ("400/INVALID_URL", "failed", Some("content_refused"), 1, 0..=0),
    // A text post has no files that could be uploaded anew; those that have are tested below.
    ("400/INVALID_IMAGE_ID", "failed", Some("media_expired"), 1, 0..=0),
    ("400/INVALID_VIDEO_ID", "failed", Some("media_expired"), 1, 0..=0),
    ("400/EXPIRED_UPLOAD_URL", "failed", Some("media_expired"), 1, 0..=0),
    ("400/UPDATING_ASSET_FAILED", "failed", Some("media_expired"), 1, 0..=0),
    ("400/MEDIA_ASSET_WAITING_UPLOAD", "completed", None, 2, 2..=3),
    ("400/MEDIA_ASSET_PROCESSING_FAILED", "failed", Some("media_processing_failed"), 1, 0..=0),
    ("400/Unable to obtain activity", "completed", None, 1, 45..=45),
    ("401/INVALID_ACCESS_TOKEN", "blocked", Some("token_refused"), 1, 0..=0),
    ("401/REVOKED_ACCESS_TOKEN", "blocked", Some("token_refused"), 1, 0..=0),
    ("401/EXPIRED_ACCESS_TOKEN", "blocked", Some("token_refused"), 1, 0..=0),
    ("401/EMPTY_ACCESS_TOKEN", "blocked", Some("token_refused"), 1, 0..=0),
    ("403/ACCESS_DENIED", "blocked", Some("permission_missing"), 1, 0..=0),
    ("403/resource is forbidden", "completed", None, 2, 2..=3),
    ("404/NOT_FOUND", "failed", Some("not_found"), 1, 0..=0),
    ("409/CONFLICT", "completed", None, 2, 2..=3),
    ("422/DUPLICATE_POST", "failed", Some("duplicate_content"), 1, 0..=0),
    ("422", "failed", Some("content_refused"), 1, 0..=0),
    ("426/NONEXISTENT_VERSION", "completed", None, 1, 3600..=3600),
    // Until midnight.
    ("429/TOO_MANY_REQUESTS", "completed", None, 1, 60..=86_460),
    ("500", "completed", None, 1, 45..=45),
    ("502", "completed", None, 1, 45..=45),
    ("503", "completed", None, 1, 45..=45),
    ("504", "completed", None, 1, 45..=45),
    // OAuth's own errors, which a gateway might answer.
    ("400/invalid_grant", "blocked", Some("token_refused"), 1, 0..=0),
    ("400/invalid_request", "blocked", Some("token_refused"), 1, 0..=0),
    ("401/invalid_client", "failed", Some("platform_app_refused"), 1, 0..=0),
];

#[tokio::test]
async fn every_documented_error_ends_in_its_documented_state() -> anyhow::Result<()> {
    let (stack, _) = start(SelfServe).await?;
    let known = stack.sandbox.get("errors").await?;
    let known: Vec<&str> = known["linkedin"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let listed: Vec<&str> = ERRORS.iter().map(|(name, ..)| *name).collect();
    assert!(known.iter().all(|name| listed.contains(name)), "the table lacks some of {known:?}");
    let mut wrong = Vec::new();
    for (name, status, code, attempt, seconds) in ERRORS {
        let (stack, account) = start(SelfServe).await?;
        plant(&stack, POST, (1, json!({ "name": "error", "code": name }))).await?;

        let (job, took) = publish(&stack, &account, Kind::Text, "a post with a fate").await?;

        let posts = stack.sandbox.posts().await?.len();
        let expected = usize::from(*status == "completed");
        if state(&job) != (*status, *code, *attempt) || posts != expected || !seconds.contains(&took) {
            wrong.push(format!("{name}: {:?} after {took} s with {posts} posts: {}", state(&job), job["error"]));
        }
        let error = &job["error"];
        if error.is_object() && ["message", "platformMessage", "remedy"].iter().any(|field| error[field].as_str().is_none()) {
            wrong.push(format!("{name} does not tell all: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} errors ended wrongly:\n{}", wrong.len(), ERRORS.len(), wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_new_token_gets_its_time_and_an_ended_version_waits_for_the_operator() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = stack.account(Linkedin).clone();
    plant(&stack, POST, (2, json!({ "name": "error", "code": "401/REVOKED_ACCESS_TOKEN" }))).await?;
    let (job, took) = publish(&stack, &account, Kind::Text, "a minute after connecting").await?;
    assert_eq!((state(&job), took), (("completed", None, 3), 20), "{job}");

    plant(&stack, ("POST", "/rest/images"), (3, json!({ "name": "error", "code": "426/NONEXISTENT_VERSION" }))).await?;
    let (job, took) = publish(&stack, &account, Kind::Image, "an old version").await?;
    assert_eq!((state(&job), took), (COMPLETED, 3 * 3600), "{job}");
    Ok(())
}
