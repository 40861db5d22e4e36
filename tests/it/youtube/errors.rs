//! Every documented error in its documented state, and every limit waited for.

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::Kind;
use tests::Stack;

use super::{LAST_BYTES, UPLOADS, calls, end_on, plain, publish, submit, to_the_end, video, warnings};

/// What comes of an error: the job's state, its error's or its warning's code, attempts, and videos.
type End = (&'static str, &'static str, i64, usize);

const LIVE: End = ("completed", "", 1, 1);

fn failed(code: &'static str) -> End {
    ("failed", code, 1, 0)
}

fn blocked(code: &'static str) -> End {
    ("blocked", code, 1, 0)
}

/// The end of every documented error: of one that meets the start of an upload, and of one that meets its last bytes.
fn ends(name: &str) -> Option<(End, End)> {
    let (status, reason) = name.split_once('/')?;
    let same = |end: End| Some((end, end));
    // Starting again is harmless, which uses an attempt; last bytes that may have arrived are asked for.
    let doubtful = Some((("completed", "", 2, 1), LIVE));
    match (status, reason) {
        ("500" | "502" | "503" | "504", _) | ("oauth", "internal_failure") => doubtful,
        ("404", "notFound") | ("410", "gone") => Some((failed("upload_gone"), LIVE)),
        ("404", _) => Some((failed("not_found"), LIVE)),
        ("401", "youtubeSignupRequired") | ("403", "authenticatedUserNotChannel") => same(blocked("channel_missing")),
        ("401", _) | ("oauth", "invalid_grant" | "invalid_token") => same(blocked("token_refused")),
        ("403", "insufficientPermissions" | "accountDelegationForbidden") => same(blocked("permission_missing")),
        (
            "403",
            "authenticatedUserAccountClosed" | "authenticatedUserAccountSuspended" | "channelClosed" | "channelSuspended",
        ) => same(blocked("account_locked")),
        ("400", "uploadLimitExceeded") => same(LIVE),
        ("403", "quotaExceeded" | "dailyLimitExceeded" | "rateLimitExceeded" | "userRateLimitExceeded") | ("429", _) => {
            same(LIVE)
        }
        ("403", "accessNotConfigured") | ("oauth", _) => same(failed("platform_app_refused")),
        ("403", "forbiddenPrivacySetting" | "forbiddenLicenseSetting" | "forbiddenEmbedSetting") => {
            same(failed("option_refused"))
        }
        ("403", "forbidden" | "playlistItemsNotAccessible") => same(failed("not_allowed")),
        ("413", "uploadTooLarge") => same(failed("media_too_large")),
        ("400", "invalidImage" | "imageFormatUnsupported" | "imageTooTall" | "imageTooWide") => same(failed("thumbnail_refused")),
        ("400", "commentTextRequired" | "commentTextTooLong") => same(failed("comment_refused")),
        ("403", "commentsDisabled") => same(failed("comments_disabled")),
        ("400", known) if CONTENT.contains(&known) => same(failed("content_refused")),
        _ => None,
    }
}

const CONTENT: &[&str] = &[
    "invalidTitle",
    "invalidDescription",
    "invalidTags",
    "invalidCategoryId",
    "invalidPublishAt",
    "invalidPublishScheduleForVideo",
    "invalidRecordingDetails",
    "invalidVideoMetadata",
    "invalidFilename",
    "defaultLanguageNotSet",
    "mediaBodyRequired",
    "invalidVideoGameRating",
    "badRequest",
    "missingRequiredParameter",
    "invalidParameter",
    "invalidPageToken",
    "failedPrecondition",
];

#[tokio::test]
async fn every_documented_error_ends_in_its_documented_state() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let listed = stack.sandbox.get("errors").await?;
    let names: Vec<&str> = listed["youtube"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert!(names.len() > 60, "{names:?}");
    let mut wrong = Vec::new();
    for name in &names {
        let Some((at_start, at_last)) = ends(name) else {
            wrong.push(format!("{name}: the table has no row for it"));
            continue;
        };
        for (place, end) in [(("POST", UPLOADS, 0), at_start), (("PUT", UPLOADS, LAST_BYTES), at_last)] {
            let (ended, posts) = end_on(&stack, json!({"name":"error","code":name}), place).await?;
            let told = &ended["error"];
            let found = (
                ended["status"].as_str().unwrap_or(""),
                told["code"].as_str().unwrap_or(""),
                ended["attempt"].as_i64().unwrap_or(0),
                posts,
            );
            if found != end || !warnings(&ended).is_empty() {
                wrong.push(format!("{name} at {}: {found:?}, not {end:?}: {ended}", place.0));
            }
            let operation = if place.0 == "POST" { "start upload" } else { "send last bytes" };
            let message = told["message"].as_str().unwrap_or(operation);
            if !message.contains(operation) || told["remedy"].as_str().is_some_and(|remedy| remedy.len() < 10) {
                wrong.push(format!("{name} at {}: {told}", place.0));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong ends:\n{}", wrong.len(), wrong.join("\n"));
    println!("youtube: {} errors, each in its documented state at two calls", names.len());
    Ok(())
}

#[tokio::test]
async fn limits_are_waited_for_as_long_as_they_last() -> anyhow::Result<()> {
    for (code, least, most) in [
        ("403/quotaExceeded", 1, 25 * 3600),
        ("429/rateLimitExceeded", 64, 64),
        ("403/userRateLimitExceeded", 64, 64),
        ("400/uploadLimitExceeded", 24 * 3600, 24 * 3600),
    ] {
        let stack = Stack::start().await?;
        stack.sandbox.fault("youtube", UPLOADS, json!({"name":"error","code":code})).await?;
        let job = submit(&stack, &plain(&stack)).await?;
        let began = stack.app.clock.now();
        stack.drain().await?;

        let wait = stack.next_wake().await?.context("it waits")?.since(began).as_secs();
        assert!((least..=most).contains(&wait), "{code}: {wait} s");
        let ended = to_the_end(&stack, &job).await?;
        assert_eq!(ended["status"], "completed", "{code}: {ended}");
    }

    let stack = Stack::start().await?;
    stack.sandbox.post("settings", json!({"rateLimits":true,"youtube":{"insertQuota":1}})).await?;
    publish(&stack, &plain(&stack)).await?;
    let second = publish(&stack, &video(&stack, Kind::Video, "vertical.mp4", &json!({}))).await?;

    // A day's quota starts anew when the sandbox's own clock of Los Angeles says so: no call is spent in vain.
    assert_eq!((&second["status"], calls(&stack, "POST", UPLOADS).await?), (&json!("completed"), 3), "{second}");
    Ok(())
}

#[tokio::test]
async fn a_video_that_had_to_wait_for_a_day_is_given_its_time_to_be_processed() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.fault("youtube", UPLOADS, json!({"name":"error","code":"400/uploadLimitExceeded"})).await?;
    let slow = json!({"name":"processing","checks":5});
    stack.sandbox.plant(json!({"platform":"youtube","method":"PUT","path":UPLOADS,"skip":LAST_BYTES,"action":slow})).await?;

    let ended = publish(&stack, &plain(&stack)).await?;

    assert_eq!((&ended["status"], stack.sandbox.posts().await?.len()), (&json!("completed"), 1), "{ended}");
    Ok(())
}
