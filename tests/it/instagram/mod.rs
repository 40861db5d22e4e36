//! Instagram: every kind by both logins, every documented error, lost answers, processing, and what is made anew when.
//!
//! Times are the manual clock's: no test waits.

mod containers;
mod errors;
mod lost;
mod waits;

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use shared::ids::{AccountId, JobId};
use tests::{Stack, kinds, stack};

const INSTAGRAM: PlatformId = PlatformId::Instagram;

const KINDS: [Kind; 6] = [Kind::Image, Kind::Video, Kind::Reel, Kind::Carousel, Kind::ImageStory, Kind::VideoStory];

/// A new account by one of the logins.
async fn account(stack: &Stack, variant: &str) -> anyhow::Result<AccountId> {
    stack::connect(&stack.app, &stack.sandbox, &stack.workspace, (INSTAGRAM, variant)).await
}

/// Submits a post of a kind.
async fn submit(stack: &Stack, account: &AccountId, kind: Kind, text: &str) -> anyhow::Result<JobId> {
    let body = kinds::post_of(INSTAGRAM, kind, &stack.sandbox, account, text);
    Ok(stack.submit(&body).await?.remove(0).job)
}

/// Plants a fault on POST calls to a path of Instagram.
async fn plant(stack: &Stack, path: &str, count: u32, action: Value) -> anyhow::Result<String> {
    stack.sandbox.plant(json!({"platform":"instagram","method":"POST","path":path,"count":count,"action":action})).await
}

async fn settings(stack: &Stack, settings: Value) -> anyhow::Result<()> {
    stack.sandbox.post("settings", json!({ "instagram": settings })).await.map(|_| ())
}

/// How many calls of a method reached a path.
async fn calls(stack: &Stack, method: &str, ending: &str) -> anyhow::Result<usize> {
    let calls = stack.sandbox.requests("instagram").await?;
    let wanted = |call: &&Value| call["method"] == method && call["path"].as_str().is_some_and(|path| path.ends_with(ending));
    Ok(calls.iter().filter(wanted).count())
}

/// As `run_to_the_end`, for jobs that are told to wait for a day.
async fn run_for_days(stack: &Stack, job: &JobId) -> anyhow::Result<Value> {
    match stack.run_to_the_end(job).await {
        Ok(ended) => Ok(ended),
        Err(_) => {
            stack.advance(Duration::from_secs(3600));
            stack.run_to_the_end(job).await
        }
    }
}

fn outcome(job: &Value) -> (&str, Option<&str>) {
    (job["status"].as_str().unwrap_or_default(), job["error"]["code"].as_str())
}

#[tokio::test]
async fn every_kind_is_published_by_both_logins_as_it_was_meant() -> anyhow::Result<()> {
    for variant in ["instagram", "facebook"] {
        let stack = Stack::start().await?;
        let account = account(&stack, variant).await?;
        for kind in KINDS {
            let text = format!("a {kind} by {variant}");
            let before = stack.sandbox.posts().await?.len();
            let job = submit(&stack, &account, kind, &text).await?;

            let job = stack.run_to_the_end(&job).await?;

            assert_eq!((outcome(&job), &job["attempt"]), (("completed", None), &json!(1)), "{job}");
            let posts = stack.sandbox.posts().await?;
            assert_eq!(posts.len(), before + 1, "{kind}");
            let post = &posts[before];
            let (name, said, types): (_, _, &[&str]) = match kind {
                Kind::Image => ("image", text.as_str(), &["image/jpeg"]),
                Kind::Carousel => ("carousel", text.as_str(), &["image/jpeg", "image/jpeg", "video/mp4"]),
                Kind::ImageStory => ("story", "", &["image/jpeg"]),
                Kind::VideoStory => ("story", "", &["video/mp4"]),
                _ => ("reel", text.as_str(), &["video/mp4"]),
            };
            let shown: Vec<&str> =
                post["media"].as_array().into_iter().flatten().filter_map(|media| media["contentType"].as_str()).collect();
            assert_eq!((&post["kind"], &post["text"], shown.as_slice()), (&json!(name), &json!(said), types), "{post}");
            assert_eq!((&post["id"], &post["url"]), (&job["published"]["externalId"], &job["published"]["url"]));
            let described = matches!(kind, Kind::Image | Kind::Carousel);
            assert_eq!(post["media"][0]["altText"], if described { json!("a picture") } else { Value::Null }, "{post}");
            assert_eq!(post["extra"]["share_to_feed"], if kind == Kind::Video { json!(true) } else { Value::Null }, "{post}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_option_is_sent_or_refused_with_the_reason() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let by_facebook = account(&stack, "facebook").await?;
    let options = json!({"shareToFeed":false,"collaborators":["ada","bob"],"locationId":"108","coverAtMs":1500,"aiGenerated":true,"paidPartnership":true});
    let mut body = kinds::post_of(INSTAGRAM, Kind::Reel, &stack.sandbox, &by_facebook, "with everything");
    body["targets"][0]["options"] = options;
    body["content"]["thumbnail"] = json!(stack.sandbox.sample("thumbnail.jpg"));
    let job = stack.submit(&body).await?.remove(0).job;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("completed", None), "{job}");
    let extra = stack.sandbox.posts().await?.remove(0)["extra"].clone();
    assert_eq!(extra["collaborators"], json!(["ada", "bob"]));
    assert_eq!(
        (&extra["share_to_feed"], &extra["is_ai_generated"], &extra["is_paid_partnership"]),
        (&json!(false), &json!(true), &json!(true))
    );
    assert_eq!((&extra["location_id"], &extra["thumb_offset"]), (&json!("108"), &json!("1500")));
    assert!(extra["cover_url"].as_str().is_some_and(|url| url.ends_with("/thumbnail.jpg")), "{extra}");

    let by_instagram = account(&stack, "instagram").await?;
    for option in [json!({"collaborators":["ada"]}), json!({"paidPartnership":true})] {
        let mut body = kinds::post_of(INSTAGRAM, Kind::Image, &stack.sandbox, &by_instagram, "refused");
        body["targets"][0]["options"] = option;
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!(outcome(&job), ("failed", Some("option_unsupported")), "{job}");
    }
    assert_eq!(stack.sandbox.posts().await?.len(), 1);

    let story = |options: Value| {
        let mut body = kinds::post_of(INSTAGRAM, Kind::ImageStory, &stack.sandbox, &by_facebook, "s");
        body["targets"][0]["options"] = options;
        body
    };
    for (options, code) in [
        (json!({"coverAtMs":1}), "option_unsupported"),
        (json!({"collaborators":["a","b","c","d"]}), "too_many_collaborators"),
        (json!({"locationId":"here"}), "option_invalid"),
    ] {
        let (status, answer) = stack.post("/api/v1/posts", &story(options)).await?;

        let codes: Vec<&str> =
            answer["violations"].as_array().into_iter().flatten().filter_map(|broken| broken["code"].as_str()).collect();
        assert!(status == 422 && codes.contains(&code), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn the_first_comment_is_written_once_and_never_endangers_the_post() -> anyhow::Result<()> {
    for (action, count, comments, warning) in [
        (json!({"name":"delay","ms":1}), 1, 1, None),
        (json!({"name":"answer_lost"}), 1, 1, None),
        (json!({"name":"error_after","status":500}), 1, 1, None),
        (json!({"name":"truncated"}), 1, 1, None),
        (json!({"name":"reset_before"}), 1, 1, None),
        (json!({"name":"rate_limited","resetAfterSeconds":600}), 1, 1, None),
        (json!({"name":"server_error","status":500}), 9, 0, Some("outcome_unknown")),
        (json!({"name":"permission_missing"}), 1, 0, Some("permission_missing")),
        (json!({"name":"temporarily_blocked"}), 1, 0, Some("blocked_as_spam")),
        (json!({"name":"error","code":"100"}), 1, 0, Some("content_refused")),
    ] {
        let stack = Stack::start().await?;
        let account = account(&stack, "instagram").await?;
        plant(&stack, "*/comments", count, action.clone()).await?;
        let body = kinds::post_of(INSTAGRAM, Kind::Reel, &stack.sandbox, &account, "with a comment");
        let body = kinds::with_comment(body, INSTAGRAM, Kind::Reel, "the first comment");
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        let posts = stack.sandbox.posts().await?;
        assert_eq!((outcome(&job), posts.len()), (("completed", None), 1), "{action}: {job}");
        let said: Vec<_> = posts[0]["comments"].as_array().into_iter().flatten().map(|comment| &comment["text"]).collect();
        assert_eq!(said, vec!["the first comment"; comments], "{action}");
        assert_eq!(job["published"]["warnings"][0]["code"].as_str(), warning, "{action}: {job}");
        assert_eq!(calls(&stack, "POST", "/media").await?, 1, "{action}");
    }
    Ok(())
}

#[tokio::test]
async fn files_that_instagram_would_refuse_are_refused_before_the_first_call() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    for (kind, sample, code) in [
        (Kind::Image, "photo-1.png", "media_type_refused"),
        (Kind::Image, "story.jpg", "media_ratio"),
        (Kind::Image, "photo-1.jpg?size=8400000", "media_too_large"),
        (Kind::Image, "vertical.mp4", "media_type_refused"),
        (Kind::Reel, "clip.mp4", "media_too_short"),
        (Kind::Reel, "photo-1.jpg", "media_type_refused"),
        (Kind::VideoStory, "vertical.mp4?size=104900000", "media_too_large"),
        (Kind::ImageStory, "missing.jpg", "media_unavailable"),
    ] {
        let body =
            json!({"content":{"media":[{"url":stack.sandbox.sample(sample)}]},"targets":[{"accountId":account,"kind":kind}]});
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!(outcome(&job), ("failed", Some(code)), "{kind} {sample}: {job}");
    }
    assert_eq!(calls(&stack, "POST", "").await?, 0);
    Ok(())
}
