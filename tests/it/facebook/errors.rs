//! The error table: what every documented error of the platform ends in. It fails when the sandbox lists one that it lacks.

use std::collections::BTreeSet;

use serde_json::json;
use shared::content::Kind;
use tests::Stack;

use super::{plant, submit};

/// The call that an error belongs to: the kind of post, the path, and the calls to it that come before.
type Place = (Kind, &'static str, u32);

const FEED: Place = (Kind::Text, "*/feed", 0);
const LINK: Place = (Kind::Link, "*/feed", 0);
const PHOTO: Place = (Kind::Image, "*/photos", 0);
const PHOTO_STORY: Place = (Kind::ImageStory, "*/photo_stories", 0);
const START: Place = (Kind::Video, "*/videos", 0);
const CHUNK: Place = (Kind::Video, "*/videos", 1);
const FINISH: Place = (Kind::Video, "*/videos", 2);
const REEL: Place = (Kind::Reel, "*/video_reels", 1);
const BYTES: Place = (Kind::Reel, "*/video-upload/*", 0);

/// What an error ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing was published, and the owner is told so.
    Fails,
    /// A person must reconnect the account.
    Blocks,
    /// It runs again without using an attempt.
    Waits,
    /// It runs again with the next attempt.
    Again,
    /// It is looked for.
    Looks,
    /// It is put right in the same run.
    Heals,
}

use End::{Again, Blocks, Fails, Heals, Looks, Waits};

/// Names, the call that they answer, what they end in, and the code of it.
type Row = (&'static [&'static str], Place, End, &'static str);

const TABLE: &[Row] = &[
    (&["1", "1/99", "2", "is_transient"], FEED, Looks, "looking_for_answer"),
    (&["1/2853006", "10", "200", "299"], FEED, Blocks, "permission_missing"),
    (&["3", "191"], FEED, Fails, "platform_app_refused"),
    (&["4", "4/1504022", "4/1504039", "17", "17/2446079", "32"], FEED, Waits, "rate_limited"),
    (&["4/2207051"], FEED, Waits, "blocked_as_spam"),
    (&["100", "100/33", "803", "2500"], FEED, Fails, "content_refused"),
    (&["100/36007", "100/36008", "100/36009"], FEED, Blocks, "token_refused"),
    (&["102", "104", "190", "190/458", "190/460", "190/463", "190/467", "190/492"], FEED, Blocks, "token_refused"),
    (&["190/459", "190/464", "1404078", "4854002"], FEED, Blocks, "account_locked"),
    (&["190/2069032"], FEED, Blocks, "page_token_required"),
    (&["200/2069030", "200/2069031", "200/2069033", "210", "1705", "1349125", "2061006"], FEED, Fails, "content_refused"),
    (&["324", "1366046"], PHOTO, Fails, "media_refused"),
    (&["2069019"], FINISH, Fails, "media_refused"),
    (&["341"], FEED, Waits, "daily_post_limit"),
    (&["368", "368/1346003", "368/1390008", "1404006", "1404102", "1404112"], FEED, Waits, "temporarily_blocked"),
    (&["382"], START, Fails, "media_too_small"),
    (&["389"], START, Again, "media_unavailable"),
    (&["506"], FEED, Fails, "duplicate_content"),
    (&["613", "613/1996"], REEL, Waits, "rate_limited"),
    (&["2635"], FEED, Fails, "platform_version_ended"),
    (&["6000", "6001"], FINISH, Again, "upload_failed"),
    (
        &["80000", "80000/2446079", "80001", "80002", "80003", "80003/2446079", "80004", "80004/2446079", "80005", "80006"],
        FEED,
        Waits,
        "rate_limited",
    ),
    (&["80007", "80008", "80009", "80010", "80011", "80012", "80013", "80014"], FEED, Waits, "rate_limited"),
    (&["1609005", "1609008"], LINK, Fails, "link_refused"),
    (&["1366051"], PHOTO_STORY, Fails, "duplicate_content"),
    (&["1363047", "1609010"], FEED, Again, "platform_busy"),
    (&["1363019"], CHUNK, Again, "upload_failed"),
    (&["1363022"], START, Fails, "media_too_small"),
    (&["1363023"], START, Fails, "media_too_large"),
    (&["1363030"], CHUNK, Again, "upload_expired"),
    (&["1363037"], CHUNK, Heals, ""),
    (&["1363042"], CHUNK, Blocks, "permission_missing"),
    (&["OffsetInvalidError"], BYTES, Heals, ""),
    (&["PartialRequestError"], BYTES, Again, "upload_incomplete"),
    (&["ProcessingFailedError"], BYTES, Fails, "media_refused"),
    (&["NotAuthorizedError"], BYTES, Blocks, "token_refused"),
];

/// Status and code right after the first run, status and attempt at the end.
fn expected(end: End, code: &'static str) -> (&'static str, &'static str, &'static str, i64) {
    match end {
        Fails => ("failed", code, "failed", 1),
        Blocks => ("blocked", code, "blocked", 1),
        Waits | Looks => ("queued", code, "completed", 1),
        Again => ("queued", code, "completed", 2),
        // A film is waited for in any case.
        Heals => ("queued", "platform_working", "completed", 1),
    }
}

#[tokio::test]
async fn every_documented_error_ends_in_its_state() -> anyhow::Result<()> {
    let mut left: BTreeSet<String> = {
        let stack = Stack::start().await?;
        let names = stack.sandbox.get("errors").await?;
        names["facebook"].as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    assert!(left.len() > 80, "{left:?}");
    let mut wrong = Vec::new();
    for (names, (kind, path, skip), end, code) in TABLE {
        for name in *names {
            assert!(left.remove(*name), "`{name}` is no error of the sandbox, or stands here twice");
            let stack = Stack::start().await?;
            plant(&stack, (path, *skip, 1), &json!({ "name": "error", "code": name })).await?;
            let job = submit(&stack, *kind, "a post with a fate").await?;
            stack.drain().await?;
            let first = stack.job(&job).await?;
            if *code == "blocked_as_spam" {
                // A day is longer than the harness waits.
                stack.advance(std::time::Duration::from_secs(24 * 3600));
            }

            let ended = stack.run_to_the_end(&job).await?;

            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let found =
                (text(&first["status"]), text(&first["error"]["code"]), text(&ended["status"]), ended["attempt"].as_i64());
            let (status, first_code, last, attempt) = expected(*end, code);
            let wanted = (status.to_owned(), first_code.to_owned(), last.to_owned(), Some(attempt));
            let posts = stack.sandbox.posts().await?.len();
            let told =
                ["message", "remedy"].iter().all(|field| first["error"][field].as_str().is_some_and(|text| text.len() > 10));
            if found != wanted || posts != usize::from(last == "completed") || !told {
                wrong.push(format!("{name}: {found:?}, {posts} posts, not {wanted:?}: {}", ended["error"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} errors ended wrongly:\n{}", wrong.len(), wrong.join("\n"));
    assert!(left.is_empty(), "the sandbox has errors that this table lacks: {left:?}");
    Ok(())
}
