//! TikTok: every kind as it was meant, every documented error in its end state, every lost answer without a second post.

mod answers;
mod errors;
mod uploads;
mod waits;

use serde_json::{Value, json};
use shared::content::{AccountState, PlatformId};
use shared::ids::{AccountId, JobId};
use shared::store::accounts;
use tests::Stack;
use tests::stack::connect;

const CREATOR: &str = "/v2/post/publish/creator_info/query/";
const VIDEO: &str = "/v2/post/publish/video/init/";
const INBOX_VIDEO: &str = "/v2/post/publish/inbox/video/init/";
const PHOTOS: &str = "/v2/post/publish/content/init/";
const STATUS: &str = "/v2/post/publish/status/fetch/";
const CANCEL: &str = "/v2/post/publish/cancel/";
const LIST: &str = "/v2/video/list/";
const TOKEN: &str = "/v2/oauth/token/";
const UPLOAD: &str = "/tiktok-upload/video/";

/// Seven pieces of 5 MiB and a bit.
const LARGE: u64 = 40_000_000;

fn public() -> Value {
    json!({ "privacy": "PUBLIC_TO_EVERYONE" })
}

/// A post of one video.
fn video(account: &AccountId, url: &str, text: &str, options: &Value) -> Value {
    json!({
        "content": { "text": text, "media": [{ "url": url }] },
        "targets": [{ "accountId": account, "kind": "video", "options": options }],
    })
}

/// A post of photos.
fn photos(stack: &Stack, names: &[&str], text: &str, options: &Value) -> Value {
    let media: Vec<Value> = names.iter().map(|name| json!({ "url": stack.sandbox.sample(name) })).collect();
    json!({
        "content": { "text": text, "title": "Pictures", "media": media },
        "targets": [{ "accountId": stack.account(PlatformId::Tiktok), "kind": "images", "options": options }],
    })
}

async fn submit(stack: &Stack, body: &Value) -> anyhow::Result<JobId> {
    Ok(stack.submit(body).await?.remove(0).job)
}

async fn submit_video(stack: &Stack) -> anyhow::Result<JobId> {
    let url = stack.sandbox.sample("vertical.mp4");
    submit(stack, &video(stack.account(PlatformId::Tiktok), &url, "a video", &public())).await
}

async fn submit_photos(stack: &Stack) -> anyhow::Result<JobId> {
    submit(stack, &photos(stack, &["photo-1.jpg", "photo-2.jpg"], "some photos", &public())).await
}

async fn submit_large(stack: &Stack) -> anyhow::Result<JobId> {
    let url = stack.sandbox.sample(&format!("vertical.mp4?size={LARGE}"));
    submit(stack, &video(stack.account(PlatformId::Tiktok), &url, "a large video", &public())).await
}

async fn plant(stack: &Stack, path: &str, (skip, count): (u32, u32), action: &Value) -> anyhow::Result<String> {
    stack.sandbox.plant(json!({ "platform": "tiktok", "path": path, "skip": skip, "count": count, "action": action })).await
}

/// How many calls reached a path.
async fn calls(stack: &Stack, path: &str) -> anyhow::Result<usize> {
    Ok(stack.sandbox.requests("tiktok").await?.iter().filter(|call| call["path"] == path).count())
}

/// Status, code, attempts and how many posts there are.
async fn outcome(stack: &Stack, job: &Value) -> anyhow::Result<(String, String, i64, usize)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let posts = stack.sandbox.posts().await?.len();
    Ok((word(&job["status"]), word(&job["error"]["code"]), job["attempt"].as_i64().unwrap_or(0), posts))
}

#[tokio::test]
async fn a_video_is_sent_and_a_row_of_photos_fetched_with_all_their_choices() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = stack.account(PlatformId::Tiktok).clone();
    let clip = stack.sandbox.sample("vertical.mp4");
    let chosen = json!({
        "privacy": "PUBLIC_TO_EVERYONE", "disableComments": true, "disableDuet": true, "disableStitch": true,
        "coverAtMs": 1500, "paidPartnership": true, "ownBusiness": true, "aiGenerated": true,
    });
    let of_photos = json!({
        "privacy": "MUTUAL_FOLLOW_FRIENDS", "disableComments": true, "paidPartnership": true, "ownBusiness": true, "autoAddMusic": true,
    });
    let three = ["photo-3.jpg", "photo-1.webp", "photo-2.jpg"];
    let bodies = [
        video(&account, &clip, "All choices #one @two 😀", &chosen),
        video(&account, &clip, "For me alone", &json!({ "privacy": "SELF_ONLY" })),
        video(&account, &clip, "", &json!({ "inbox": true })),
        photos(&stack, &three, "Three photos", &of_photos),
        photos(&stack, &["photo-1.jpg"], "One photo", &public()),
        photos(&stack, &["photo-1.jpg"], "A draft of photos", &json!({ "inbox": true })),
    ];
    let mut ended = Vec::new();
    for body in &bodies {
        let job = submit(&stack, body).await?;
        ended.push(stack.run_to_the_end(&job).await?);
    }

    let posts = stack.sandbox.posts().await?;
    assert_eq!(posts.len(), bodies.len(), "{ended:?}");
    for (job, post) in ended.iter().zip(&posts) {
        assert_eq!(job["status"], "completed", "{job}");
        let public = post["extra"]["privacy"] == "PUBLIC_TO_EVERYONE";
        let (id, url) = if public { (&post["id"], &post["url"]) } else { (&post["extra"]["publishId"], &Value::Null) };
        assert_eq!((&job["published"]["externalId"], &job["published"]["url"]), (id, url), "{post}");
    }
    let said: Vec<_> = posts.iter().map(|post| (post["kind"].clone(), post["title"].clone(), post["text"].clone())).collect();
    let none = Value::Null;
    assert_eq!(
        said,
        [
            (json!("video"), none.clone(), json!("All choices #one @two 😀")),
            (json!("video"), none.clone(), json!("For me alone")),
            (json!("inbox"), none, json!("")),
            (json!("images"), json!("Pictures"), json!("Three photos")),
            (json!("images"), json!("Pictures"), json!("One photo")),
            (json!("inbox"), json!("Pictures"), json!("A draft of photos")),
        ]
    );
    let extra = &posts[0]["extra"];
    for name in ["disableComment", "disableDuet", "disableStitch", "brandContent", "brandOrganic", "aigc"] {
        assert_eq!((&extra[name], &posts[1]["extra"][name]), (&json!(true), &json!(false)), "{name}");
    }
    assert_eq!((&extra["coverTimestampMs"], &posts[1]["extra"]["coverTimestampMs"]), (&json!(1500), &Value::Null));
    for name in ["disableComment", "brandContent", "brandOrganic", "autoAddMusic"] {
        assert_eq!((&posts[3]["extra"][name], &posts[4]["extra"][name]), (&json!(true), &json!(false)), "{name}");
    }
    let sizes: Vec<_> = posts[3]["media"].as_array().into_iter().flatten().map(|media| media["sizeBytes"].as_u64()).collect();
    let mut wanted = Vec::new();
    for name in three {
        wanted.push(reqwest::get(stack.sandbox.sample(name)).await?.content_length());
    }
    assert_eq!(sizes, wanted, "in the order given");
    Ok(())
}

#[tokio::test]
async fn a_draft_that_tiktok_would_refuse_is_refused_at_once() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = stack.account(PlatformId::Tiktok);
    let clip = stack.sandbox.sample("vertical.mp4");
    let private_ad = json!({ "privacy": "SELF_ONLY", "paidPartnership": true });
    let many: Vec<&str> = vec!["photo-1.jpg"; 36];
    let cases = [
        (video(account, &clip, "a", &json!({})), "option_required"),
        (video(account, &clip, "a", &json!({ "privacy": "EVERYBODY" })), "option_invalid"),
        (video(account, &clip, "a", &private_ad), "option_conflict"),
        (video(account, &clip, "a", &json!({ "inbox": true })), "text_not_allowed"),
        (video(account, &clip, &"é".repeat(2201), &public()), "text_too_long"),
        (photos(&stack, &["photo-1.jpg"], &"😀".repeat(2001), &public()), "text_too_long"),
        (photos(&stack, &["photo-1.jpg"], "a", &json!({ "privacy": "SELF_ONLY", "disableDuet": true })), "option_unsupported"),
        (photos(&stack, &many, "a", &public()), "too_many_media"),
    ];
    for (body, code) in cases {
        let (status, answer) = stack.post("/api/v1/posts", &body).await?;

        assert_eq!((status, answer["violations"][0]["code"].as_str()), (422, Some(code)), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_account_or_the_files_forbid_is_refused_before_anything_is_begun() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let hidden = connect(&stack.app, &stack.sandbox, &stack.workspace, (PlatformId::Tiktok, "private")).await?;
    let clip = stack.sandbox.sample("vertical.mp4");
    let png = photos(&stack, &["photo-1.png"], "a PNG", &public());
    stack.sandbox.post("settings", json!({ "tiktok": { "maxVideoPostDurationSec": 2 } })).await?;
    let cases = [
        (video(&hidden, &stack.sandbox.sample("clip.mp4"), "for all", &public()), "privacy_not_offered"),
        (video(stack.account(PlatformId::Tiktok), &clip, "four seconds", &public()), "media_too_long"),
        (png, "media_type_refused"),
    ];
    for (body, code) in cases {
        let job = submit(&stack, &body).await?;

        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!((ended["status"].as_str(), ended["error"]["code"].as_str()), (Some("failed"), Some(code)), "{ended}");
    }

    let elsewhere = Stack::start_with(&[("TIKTOK_VERIFIED_PREFIXES", "https://verified.example".to_owned())]).await?;
    let job = submit_photos(&elsewhere).await?;
    let ended = elsewhere.run_to_the_end(&job).await?;
    assert_eq!(ended["error"]["code"], "media_url_unverified", "{ended}");
    assert_eq!(calls(&elsewhere, CREATOR).await?, 0);
    assert_eq!(calls(&stack, VIDEO).await? + calls(&stack, PHOTOS).await?, 0);
    Ok(())
}

/// What a person does after the platform refused the token.
async fn reconnect(stack: &Stack) -> anyhow::Result<()> {
    let (account, now) = (stack.account(PlatformId::Tiktok), stack.app.clock.now());
    Ok(accounts::update_state(&*stack.app.db, &stack.workspace, account, AccountState::Connected, now).await?)
}
