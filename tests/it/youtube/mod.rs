//! YouTube: what is published is what was meant, every documented error ends as it should, and whatever happens to a call,
//! the channel ends up with one video.

mod after;
mod errors;
mod lost;
mod uploads;

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::PlatformId::Youtube;
use shared::content::{AccountState, Kind};
use shared::ids::JobId;
use shared::store::accounts;
use tests::Stack;
use tests::kinds::post_of;

/// Where uploads start, by POST, and where their bytes go, by PUT.
const UPLOADS: &str = "/upload/youtube/v3/videos";
const THUMBNAILS: &str = "/upload/youtube/v3/thumbnails/set";
const COMMENTS: &str = "/youtube/v3/commentThreads";

/// A request for a video of one file.
fn video(stack: &Stack, kind: Kind, file: &str, options: &Value) -> Value {
    let mut body = post_of(Youtube, kind, &stack.sandbox, stack.account(Youtube), "What it is about");
    body["content"]["title"] = json!("A title");
    body["content"]["media"] = json!([{ "url": stack.sandbox.sample(file) }]);
    for (name, value) in options.as_object().into_iter().flatten() {
        body["targets"][0]["options"][name] = value.clone();
    }
    body
}

/// A request for a small public video.
fn plain(stack: &Stack) -> Value {
    video(stack, Kind::Video, "landscape.mp4", &json!({}))
}

async fn submit(stack: &Stack, body: &Value) -> anyhow::Result<JobId> {
    Ok(stack.submit(body).await?.remove(0).job)
}

/// Lets time pass until the job has ended, however long that takes.
async fn to_the_end(stack: &Stack, job: &JobId) -> anyhow::Result<Value> {
    stack.drain().await?;
    for _ in 0..500 {
        let shown = stack.job(job).await?;
        if matches!(shown["status"].as_str(), Some("completed" | "failed" | "blocked")) {
            return Ok(shown);
        }
        let next = stack.next_wake().await?.context("the job waits for nothing")?;
        stack.app.clock.set(next.max(stack.app.clock.now()));
        stack.drain().await?;
    }
    anyhow::bail!("the job never ends: {}", stack.job(job).await?)
}

async fn publish(stack: &Stack, body: &Value) -> anyhow::Result<Value> {
    to_the_end(stack, &submit(stack, body).await?).await
}

/// How many calls of a method went to a path.
async fn calls(stack: &Stack, method: &str, path: &str) -> anyhow::Result<usize> {
    let all = stack.sandbox.requests("youtube").await?;
    Ok(all.iter().filter(|call| call["method"] == method && call["path"] == path).count())
}

fn warnings(ended: &Value) -> Vec<&str> {
    let warnings = ended["published"]["warnings"].as_array();
    warnings.into_iter().flatten().filter_map(|warning| warning["code"].as_str()).collect()
}

/// The first PUT of a small file asks how far the upload is, the second one sends all of it.
const LAST_BYTES: u32 = 1;

/// Plants an error on the `skip`th call from now to a path, publishes, and tells what came of it.
async fn end_of(error: Value, place: (&str, &str, u32)) -> anyhow::Result<(Value, usize)> {
    end_on(&Stack::start().await?, error, place).await
}

/// The same on a stack that is there already: the sandbox forgets everything first.
async fn end_on(stack: &Stack, error: Value, (method, path, skip): (&str, &str, u32)) -> anyhow::Result<(Value, usize)> {
    stack.sandbox.post("reset", json!({})).await?;
    reconnect(stack).await?;
    stack.sandbox.plant(json!({"platform":"youtube","method":method,"path":path,"skip":skip,"action":error})).await?;
    let mut body = plain(stack);
    body["content"]["thumbnail"] = json!(stack.sandbox.sample("thumbnail.jpg"));
    body["content"]["firstComment"] = json!("First!");
    body["allowDuplicate"] = json!(true);
    let ended = publish(stack, &body).await?;
    Ok((ended, stack.sandbox.posts().await?.len()))
}

/// Marks the account as usable again, as connecting it anew does.
async fn reconnect(stack: &Stack) -> anyhow::Result<()> {
    let (state, now) = (AccountState::Connected, stack.app.clock.now());
    Ok(accounts::update_state(&*stack.app.db, &stack.workspace, stack.account(Youtube), state, now).await?)
}

#[tokio::test]
async fn both_kinds_are_published_with_all_that_was_said_of_them() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let public_at = stack.app.clock.now().plus(Duration::from_secs(7200)).to_string();
    let mut full = video(
        &stack,
        Kind::Video,
        "landscape.mp4",
        &json!({
            "privacy": "private", "publicAt": public_at, "tags": ["one", "two words"], "category": "10", "madeForKids": false,
            "notifyFollowers": false, "aiGenerated": true, "paidPartnership": true, "license": "creativeCommon",
            "embeddable": false, "language": "pt-BR",
        }),
    );
    full["content"]["thumbnail"] = json!(stack.sandbox.sample("thumbnail.jpg"));
    let mut short = video(&stack, Kind::Short, "vertical.mp4", &json!({ "privacy": "unlisted", "madeForKids": false }));
    short["content"]["firstComment"] = json!("And one more thing.");
    short["content"]["thumbnail"] = json!(stack.sandbox.sample("photo-1.png"));
    short["content"]["text"] = json!("Ümlaut & emoji 👍\n\nsecond paragraph ");

    let ended = publish(&stack, &full).await?;
    let ended_short = publish(&stack, &short).await?;

    let posts = stack.sandbox.posts().await?;
    let (first, second) = (&posts[0], &posts[1]);
    assert_eq!((posts.len(), &first["kind"], &second["kind"]), (2, &json!("video"), &json!("short")), "{posts:?}");
    assert_eq!((&first["title"], &first["text"]), (&json!("A title"), &json!("What it is about")));
    assert_eq!(second["text"], short["content"]["text"]);
    assert_eq!((first["media"].as_array().map(Vec::len), &first["media"][0]["sizeBytes"]), (Some(1), &json!(97482)));
    let told = &first["extra"];
    for (name, value) in [
        ("privacy", json!("private")),
        ("uploadStatus", json!("processed")),
        ("tags", json!(["one", "two words"])),
        ("categoryId", json!("10")),
        ("defaultLanguage", json!("pt-BR")),
        ("madeForKids", json!(false)),
        ("containsSyntheticMedia", json!(true)),
        ("license", json!("creativeCommon")),
        ("embeddable", json!(false)),
        ("hasPaidProductPlacement", json!(true)),
        ("notifySubscribers", json!(false)),
    ] {
        assert_eq!(told[name], value, "{name} of {told}");
    }
    assert!(told["publishAt"].is_string() && told["thumbnail"].is_string(), "{told}");
    assert_eq!((&second["extra"]["privacy"], &second["extra"]["categoryId"]), (&json!("unlisted"), &json!("22")));
    assert!(second["extra"]["thumbnail"].is_string(), "{second}");
    assert_eq!(
        (second["comments"].as_array().map(Vec::len), &second["comments"][0]["text"]),
        (Some(1), &json!("And one more thing."))
    );
    for (ended, post, path) in [(&ended, first, "/watch?v="), (&ended_short, second, "/shorts/")] {
        let url = format!("{}{path}{}", stack.sandbox.url, post["id"].as_str().context("id")?);
        assert_eq!((&ended["status"], &ended["published"]["externalId"]), (&json!("completed"), &post["id"]), "{ended}");
        assert_eq!((&ended["published"]["url"], warnings(ended).len()), (&json!(url), 0), "{ended}");
    }
    stack.advance(Duration::from_secs(7200));
    assert_eq!(stack.sandbox.posts().await?[0]["extra"]["privacy"], "public");
    Ok(())
}

#[tokio::test]
async fn what_youtube_would_refuse_is_told_before_anything_is_sent() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let cases = [
        (json!({ "title": null }), json!({}), "title_required"),
        (json!({ "title": "x".repeat(101) }), json!({}), "title_too_long"),
        (json!({ "title": "a < b" }), json!({}), "title_invalid"),
        (json!({ "text": "ü".repeat(2501) }), json!({}), "text_too_long"),
        (json!({ "text": "a > b" }), json!({}), "text_invalid"),
        (json!({}), json!({ "madeForKids": null }), "option_required"),
        (json!({}), json!({ "privacy": "friends" }), "option_invalid"),
        (json!({}), json!({ "privacy": "public", "publicAt": "2030-01-01T00:00:00Z" }), "option_invalid"),
        (json!({}), json!({ "privacy": "private", "publicAt": "tomorrow" }), "option_invalid"),
        (json!({}), json!({ "tags": ["x".repeat(501)] }), "tags_too_long"),
        (json!({}), json!({ "disableComments": true }), "option_unsupported"),
        (json!({ "media": [] }), json!({}), "too_few_media"),
    ];
    for (content, options, code) in cases {
        let mut body = video(&stack, Kind::Video, "landscape.mp4", &options);
        for (name, value) in content.as_object().into_iter().flatten() {
            body["content"][name] = value.clone();
        }
        let (status, answer) = stack.post("/api/v1/posts", &body).await?;

        let codes: Vec<_> = answer["violations"].as_array().into_iter().flatten().map(|broken| broken["code"].clone()).collect();
        assert_eq!((status, codes), (422, vec![json!(code)]), "{content} {options}: {answer}");
    }

    let wide = publish(&stack, &video(&stack, Kind::Short, "landscape.mp4", &json!({}))).await?;
    let image = publish(&stack, &video(&stack, Kind::Video, "photo-1.jpg", &json!({}))).await?;

    assert_eq!((&wide["status"], &wide["error"]["code"]), (&json!("failed"), &json!("media_ratio")));
    assert_eq!((&image["status"], &image["error"]["code"]), (&json!("failed"), &json!("media_type_refused")));
    assert!(stack.sandbox.requests("youtube").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn no_address_of_an_upload_is_stored_in_clear() -> anyhow::Result<()> {
    use sea_orm::EntityTrait;
    let stack = Stack::start().await?;
    let ended = publish(&stack, &plain(&stack)).await?;

    let steps = shared::entity::job_step::Entity::find().all(&*stack.app.db).await?;

    let written: String = steps.iter().filter_map(|step| step.output.clone()).collect();
    assert!(written.contains("v1.k1.") && !written.contains("upload_id"), "{written}");
    assert!(!ended.to_string().contains("upload_id"));
    Ok(())
}
