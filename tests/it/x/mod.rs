//! X: every kind as it was meant; what goes wrong stands in the files below.
//!
//! Times are the manual clock's: no test waits.

mod errors;
mod lost;
mod threads;
mod uploads;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::X;
use shared::ids::JobId;
use tests::Stack;
use tests::kinds::post_of;

/// A request for a post of a kind on the first account.
fn body(stack: &Stack, kind: Kind, text: &str) -> Value {
    post_of(X, kind, &stack.sandbox, &stack.x, text)
}

async fn submit(stack: &Stack, body: &Value) -> anyhow::Result<JobId> {
    Ok(stack.submit(body).await?.remove(0).job)
}

async fn publish(stack: &Stack, body: &Value) -> anyhow::Result<Value> {
    let job = submit(stack, body).await?;
    stack.run_to_the_end(&job).await
}

/// How a job ended: its state, its error's code, and how many attempts that took.
fn end(job: &Value) -> (&str, Option<&str>, i64) {
    (job["status"].as_str().unwrap_or("?"), job["error"]["code"].as_str(), job["attempt"].as_i64().unwrap_or(0))
}

fn warning_codes(job: &Value) -> Vec<&str> {
    job["published"]["warnings"].as_array().into_iter().flatten().filter_map(|warning| warning["code"].as_str()).collect()
}

/// How many calls arrived whose method and path are these; the path's id stands as `*`.
async fn calls(stack: &Stack, method: &str, path: &str) -> anyhow::Result<usize> {
    let (before, after) = path.split_once('*').unwrap_or((path, ""));
    let fits = |call: &&Value| {
        let called = call["path"].as_str().unwrap_or_default();
        let whole = path.contains('*') || called == path;
        call["method"] == method && whole && called.starts_with(before) && called.ends_with(after)
    };
    Ok(stack.sandbox.requests("x").await?.iter().filter(fits).count())
}

/// The texts of all posts, in order.
async fn texts(stack: &Stack) -> anyhow::Result<Vec<String>> {
    Ok(stack.sandbox.posts().await?.iter().map(|post| post["text"].as_str().unwrap_or_default().to_owned()).collect())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[tokio::test]
async fn every_kind_arrives_as_it_was_meant() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let kinds = [
        (Kind::Text, "text", vec![]),
        (Kind::Link, "text", vec![]),
        (Kind::Image, "image", vec![139_197]),
        (Kind::Images, "images", vec![139_197, 20_813, 43_057]),
        (Kind::Gif, "gif", vec![26_960]),
        (Kind::Video, "video", vec![97_482]),
        (Kind::Poll, "poll", vec![]),
        (Kind::Reply, "text", vec![]),
    ];
    let parent = publish(&stack, &body(&stack, Kind::Text, "what is replied to")).await?["published"]["externalId"].clone();
    for (kind, shown, sizes) in kinds {
        let mut request = body(&stack, kind, &format!("a {kind} & more"));
        let mut options = json!({ "replySettings": "following", "aiGenerated": true, "paidPartnership": true });
        if kind == Kind::Reply {
            options["replyTo"] = parent.clone();
        }
        request["targets"][0]["options"] = options;
        if kind == Kind::Gif {
            request["content"]["media"][0]["altText"] = json!("it moves");
        }

        let job = publish(&stack, &request).await?;

        assert_eq!(end(&job), ("completed", None, 1), "{kind}: {job}");
        let posts = stack.sandbox.posts().await?;
        let post = posts.last().expect("it is there");
        let text = match kind {
            Kind::Link => "a link & more\nhttps://example.com/article?a=1&b=2".to_owned(),
            _ => format!("a {kind} & more"),
        };
        assert_eq!((&post["text"], &post["kind"]), (&json!(text), &json!(shown)), "{post}");
        assert_eq!(list(&post["media"]).iter().map(|file| file["sizeBytes"].clone()).collect::<Vec<_>>(), sizes, "{post}");
        let alt_text = match kind {
            Kind::Gif => json!("it moves"),
            Kind::Video => json!(null),
            _ => json!("a picture"),
        };
        assert!(list(&post["media"]).iter().all(|file| file["altText"] == alt_text), "{post}");
        assert_eq!(post["replyTo"], if kind == Kind::Reply { parent.clone() } else { json!(null) });
        let extra = &post["extra"];
        assert_eq!(
            (&extra["replySettings"], &extra["madeWithAi"], &extra["paidPartnership"]),
            (&json!("following"), &json!(true), &json!(true))
        );
        if kind == Kind::Poll {
            assert_eq!((&extra["poll"]["options"], &extra["poll"]["durationMinutes"]), (&json!(["This", "That"]), &json!(1440)));
        }
        assert_eq!((&job["published"]["externalId"], &job["published"]["url"]), (&post["id"], &post["url"]));
    }
    Ok(())
}

#[tokio::test]
async fn a_thread_hangs_together_and_its_comment_stands_below_its_first_post() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut request = body(&stack, Kind::Thread, "a thread");
    request["content"]["firstComment"] = json!("https://example.com/more");
    request["targets"][0]["options"] = json!({ "replySettings": "verified", "aiGenerated": true });

    let job = publish(&stack, &request).await?;

    assert_eq!((end(&job), warning_codes(&job).len()), (("completed", None, 1), 0), "{job}");
    let posts = stack.sandbox.posts().await?;
    let told: Vec<_> =
        posts.iter().map(|post| (post["text"].as_str().unwrap_or("?"), list(&post["media"]).len(), &post["replyTo"])).collect();
    assert_eq!(
        told,
        [
            ("a thread", 0, &json!(null)),
            ("a thread, part two", 1, &posts[0]["id"]),
            ("a thread, part three", 0, &posts[1]["id"]),
            ("https://example.com/more", 0, &posts[0]["id"]),
        ]
    );
    assert_eq!(posts[1]["media"][0]["altText"], "a picture");
    assert_eq!((&posts[0]["extra"]["replySettings"], &posts[1]["extra"]["replySettings"]), (&json!("verified"), &json!(null)));
    assert!(posts[..3].iter().all(|post| post["extra"]["madeWithAi"] == true));
    assert_eq!(job["published"]["externalId"], posts[0]["id"]);
    Ok(())
}
