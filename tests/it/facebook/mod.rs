//! Facebook Pages: every kind as it was meant, lost answers at every visible call, first comments.
//! Times are the manual clock's.

mod errors;
mod films;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::Facebook;
use shared::ids::JobId;
use tests::Stack;
use tests::kinds::{post_of, with_comment};

/// A kind, the pattern of the path of its visible call, and how many calls to that path come before it.
const VISIBLE: &[(Kind, &str, u32)] = &[
    (Kind::Text, "*/feed", 0),
    (Kind::Link, "*/feed", 0),
    (Kind::Image, "*/feed", 0),
    (Kind::Images, "*/feed", 0),
    (Kind::Video, "*/videos", 2),
    (Kind::Reel, "*/video_reels", 1),
    (Kind::ImageStory, "*/photo_stories", 0),
    (Kind::VideoStory, "*/video_stories", 1),
];

/// A fault that no later call outlives.
const ALWAYS: u32 = 9;

fn is_story(kind: Kind) -> bool {
    matches!(kind, Kind::ImageStory | Kind::VideoStory)
}

async fn submit(stack: &Stack, kind: Kind, text: &str) -> anyhow::Result<JobId> {
    let body = post_of(Facebook, kind, &stack.sandbox, &stack.facebook, text);
    Ok(stack.submit(&body).await?.remove(0).job)
}

async fn run(stack: &Stack, body: &Value) -> anyhow::Result<Value> {
    let job = stack.submit(body).await?.remove(0).job;
    stack.run_to_the_end(&job).await
}

async fn plant(stack: &Stack, (path, skip, count): (&str, u32, u32), action: &Value) -> anyhow::Result<String> {
    let fault = json!({ "platform": "facebook", "method": "POST", "path": path, "skip": skip, "count": count, "action": action });
    stack.sandbox.plant(fault).await
}

/// The statuses of the calls by a method to a path that ends so, in order; cut ones are null.
async fn calls(stack: &Stack, method: &str, ending: &str) -> anyhow::Result<Vec<Value>> {
    let calls = stack.sandbox.requests("facebook").await?;
    let wanted = |call: &&Value| call["method"] == method && call["path"].as_str().is_some_and(|path| path.contains(ending));
    Ok(calls.iter().filter(wanted).map(|call| call["status"].clone()).collect())
}

/// Whether a job knows a post by its id, or a film by its own.
fn knows(job: &Value, post: &Value) -> bool {
    let known = &job["published"]["externalId"];
    post["id"] == *known || post["media"][0]["id"] == *known
}

#[tokio::test]
async fn every_kind_says_and_shows_what_it_was_given() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for (n, (kind, _, _)) in VISIBLE.iter().enumerate() {
        let mut body = post_of(Facebook, *kind, &stack.sandbox, &stack.facebook, &format!("a {kind}"));
        body = with_comment(body, Facebook, *kind, "And one more thing.");
        if matches!(kind, Kind::Video | Kind::Reel) {
            body["content"]["title"] = json!("A film");
        }
        let options = match kind {
            Kind::Reel => json!({ "locationId": "777", "aiGenerated": true }),
            Kind::Text | Kind::Images => json!({ "locationId": "777" }),
            _ => json!({}),
        };
        if *kind == Kind::Video {
            body["content"]["thumbnail"] = json!(stack.sandbox.sample("thumbnail.jpg"));
        }
        body["targets"][0]["options"] = options.clone();

        let job = run(&stack, &body).await?;

        assert_eq!((job["status"].as_str(), &job["published"]["warnings"]), (Some("completed"), &Value::Null), "{kind}: {job}");
        let post = stack.sandbox.posts().await?.remove(n);
        let said = if is_story(*kind) { json!("") } else { json!(format!("a {kind}")) };
        let shown = if is_story(*kind) { "story" } else { (*kind).into() };
        assert_eq!((&post["text"], post["kind"].as_str()), (&said, Some(shown)), "{post}");
        assert_eq!(post["title"], if body["content"]["title"] == "A film" { json!("A film") } else { Value::Null }, "{post}");
        assert_eq!(
            post["media"].as_array().map(Vec::len),
            body["content"]["media"].as_array().map_or(Some(0), |m| Some(m.len()))
        );
        assert_eq!(post["comments"][0]["text"], if is_story(*kind) { Value::Null } else { json!("And one more thing.") });
        assert_eq!(post["comments"].as_array().map(Vec::len), Some(usize::from(!is_story(*kind))), "{post}");
        assert_eq!(post["extra"]["place"], options["locationId"], "{post}");
        assert_eq!(post["extra"]["isAiGenerated"], options["aiGenerated"], "{post}");
        assert_eq!(post["extra"]["thumbBytes"], if *kind == Kind::Video { json!(13_063) } else { Value::Null }, "{post}");
        assert_eq!(job["published"]["externalId"], post["id"], "{kind}");
        assert_eq!(job["published"]["url"], post["url"], "{kind}");
        if let Some(alt_text) = body["content"]["media"][0].get("altText") {
            assert_eq!(post["media"][0]["altText"], *alt_text, "{post}");
        }
    }
    let images = &stack.sandbox.posts().await?[3]["media"];
    assert_eq!(images[0]["sizeBytes"], 139_197);
    assert_eq!((&images[1]["sizeBytes"], &images[2]["sizeBytes"]), (&json!(20_813), &json!(43_057)), "the order is kept");
    Ok(())
}

#[tokio::test]
async fn what_does_not_fit_a_kind_is_refused_before_any_call() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let body = |kind: Kind, sample: &str| {
        let content =
            json!({ "text": if is_story(kind) { "" } else { sample }, "media": [{ "url": stack.sandbox.sample(sample) }] });
        json!({ "content": content, "targets": [{ "accountId": stack.facebook, "kind": kind }] })
    };
    for (kind, sample, code) in [
        (Kind::Reel, "landscape.mp4", "media_dimensions"),
        (Kind::VideoStory, "clip.mp4", "media_dimensions"),
        (Kind::Reel, "photo-1.jpg", "media_type_refused"),
        (Kind::Video, "animated.gif", "media_type_refused"),
        (Kind::ImageStory, "vertical.mp4", "media_type_refused"),
        (Kind::Image, "photo-1.webp", "media_type_refused"),
        (Kind::Image, "photo-1.jpg?size=20000000", "media_too_large"),
    ] {
        let job = run(&stack, &body(kind, sample)).await?;

        assert_eq!(
            (job["status"].as_str(), job["error"]["code"].as_str()),
            (Some("failed"), Some(code)),
            "{kind} {sample}: {job}"
        );
    }
    let mut lost = body(Kind::Video, "landscape.mp4");
    lost["targets"][0]["options"] = json!({ "locationId": "777", "aiGenerated": true });
    let (status, answer) = stack.post("/api/v1/posts", &lost).await?;
    let pointers: Vec<&Value> =
        answer["violations"].as_array().into_iter().flatten().map(|violation| &violation["pointer"]).collect();
    assert_eq!((status, pointers.len()), (422, 2), "{answer}");
    assert!(stack.sandbox.requests("facebook").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_to_any_visible_call_ends_in_one_post() -> anyhow::Result<()> {
    let faults = ["answer_lost", "error_after", "truncated", "invalid_json", "reset_before", "server_error", "unheard_of"];
    let mut cases = 0;
    for (kind, path, skip) in VISIBLE {
        for name in faults {
            let stack = Stack::start().await?;
            plant(&stack, (path, *skip, 1), &json!({ "name": name })).await?;
            let job = submit(&stack, *kind, "answered or not").await?;

            let job = stack.run_to_the_end(&job).await?;

            let posts = stack.sandbox.posts().await?;
            let attempt = job["attempt"].as_i64();
            assert_eq!((job["status"].as_str(), attempt, posts.len()), (Some("completed"), Some(1), 1), "{kind} {name}: {job}");
            assert!(knows(&job, &posts[0]) && job["published"]["url"] == posts[0]["url"], "{kind} {name}: {job} {posts:?}");
            cases += 1;
        }
        let stack = Stack::start().await?;
        plant(&stack, (path, *skip, ALWAYS), &json!({ "name": "server_error" })).await?;
        let job = submit(&stack, *kind, "never answered").await?;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!((job["status"].as_str(), job["error"]["code"].as_str()), (Some("blocked"), Some("outcome_unknown")), "{kind}");
        assert_eq!(stack.sandbox.posts().await?.len(), 0, "{kind}");
    }
    println!("facebook: {cases} lost answers, one post each");
    Ok(())
}

#[tokio::test]
async fn what_shows_late_is_found_at_a_later_look() -> anyhow::Result<()> {
    for (kind, path, skip) in VISIBLE {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({ "facebookIndexLagSeconds": 60 })).await?;
        plant(&stack, (path, *skip, 1), &json!({ "name": "answer_lost" })).await?;
        let job = submit(&stack, *kind, "late to show").await?;

        let job = stack.run_to_the_end(&job).await?;

        let posts = stack.sandbox.posts().await?;
        assert_eq!((job["status"].as_str(), posts.len()), (Some("completed"), 1), "{kind}: {job}");
        assert!(knows(&job, &posts[0]), "{kind}: {job} {posts:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_story_that_nobody_can_see_any_more_is_left_to_a_person() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let fault = plant(&stack, ("*/photo_stories", 0, 1), &json!({ "name": "hold_after" })).await?;
    let job = submit(&stack, Kind::ImageStory, "gone after a day").await?;
    stack.crash_when_fired(&job, &fault).await?;
    stack.advance(std::time::Duration::from_secs(25 * 3600));

    stack.drain().await?;

    let ended = stack.job(&job).await?;
    assert_eq!(
        (ended["status"].as_str(), ended["error"]["code"].as_str()),
        (Some("blocked"), Some("outcome_unknown")),
        "{ended}"
    );
    assert_eq!(calls(&stack, "POST", "/photos").await?.len(), 1, "the photo that the answer belongs to is kept");
    Ok(())
}

#[tokio::test]
async fn a_first_comment_is_made_once_and_its_failure_is_a_warning() -> anyhow::Result<()> {
    for kind in [Kind::Text, Kind::Images, Kind::Video, Kind::Reel] {
        for (name, count, warning) in [
            ("answer_lost", 1, None),
            ("error_after", 1, None),
            ("truncated", 1, None),
            ("invalid_json", 1, None),
            ("reset_before", 1, None),
            ("server_error", ALWAYS, Some("outcome_unknown")),
            ("invalid_content", 1, Some("content_refused")),
            ("permission_missing", 1, Some("permission_missing")),
        ] {
            let stack = Stack::start().await?;
            plant(&stack, ("*/comments", 0, count), &json!({ "name": name })).await?;
            let body = post_of(Facebook, kind, &stack.sandbox, &stack.facebook, "commented");
            let body = with_comment(body, Facebook, kind, "And one more thing.");

            let job = run(&stack, &body).await?;

            let posts = stack.sandbox.posts().await?;
            assert_eq!((job["status"].as_str(), posts.len()), (Some("completed"), 1), "{kind} {name}: {job}");
            assert_eq!(job["published"]["warnings"][0]["code"].as_str(), warning, "{kind} {name}: {job}");
            let comments = posts[0]["comments"].as_array().map(Vec::len);
            assert_eq!(comments, Some(usize::from(warning.is_none())), "{kind} {name}: {posts:?}");
        }
    }
    Ok(())
}
