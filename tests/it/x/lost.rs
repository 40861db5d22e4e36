//! Visible calls whose answers are lost: each post and each comment is there once, or a person is asked.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::content::Kind;
use tests::Stack;

use super::{body, calls, end, publish, texts, warning_codes};

/// The visible calls: kind, which of its calls to `/2/tweets` it is, and whether that is the first comment.
const VISIBLE: &[(Kind, u32, bool)] = &[
    (Kind::Link, 0, false),
    (Kind::Images, 0, false),
    (Kind::Gif, 0, false),
    (Kind::Video, 0, false),
    (Kind::Poll, 0, false),
    (Kind::Reply, 0, false),
    (Kind::Thread, 0, false),
    (Kind::Thread, 1, false),
    (Kind::Thread, 2, false),
    (Kind::Text, 1, true),
    (Kind::Thread, 3, true),
];

/// Publishes a post of a kind, with a first comment, while a fault strikes one of its visible calls.
async fn suffer(stack: &Stack, (kind, skip): (Kind, u32), (action, count): (Value, u32)) -> anyhow::Result<(Value, Vec<String>)> {
    stack.sandbox.post("reset", json!({})).await?;
    let mut request = body(stack, kind, "see example.com & say <yes>");
    request["content"]["firstComment"] = json!("and example.org");
    request["allowDuplicate"] = json!(true);
    if kind == Kind::Reply {
        let mut parent = body(stack, Kind::Text, PARENT);
        parent["allowDuplicate"] = json!(true);
        let parent = publish(stack, &parent).await?;
        request["targets"][0]["options"] = json!({ "replyTo": parent["published"]["externalId"] });
    }
    let fault = json!({ "platform": "x", "method": "POST", "path": "/2/tweets", "skip": skip, "count": count, "action": action });
    let fault = stack.sandbox.plant(fault).await?;
    let job = publish(stack, &request).await?;
    stack.sandbox.fired(&fault, 1).await?;
    Ok((job, texts(stack).await?.into_iter().filter(|text| text != PARENT).collect()))
}

/// What a reply replies to.
const PARENT: &str = "what is replied to";

#[tokio::test]
async fn a_lost_answer_to_any_visible_call_ends_in_one_post() -> anyhow::Result<()> {
    for (kind, skip, _) in VISIBLE {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({ "xIndexLagSeconds": 20 })).await?;
        for name in ["answer_lost", "error_after", "truncated", "reset_before"] {
            let (job, texts) = suffer(&stack, (*kind, *skip), (json!({ "name": name }), 1)).await?;

            assert_eq!((end(&job), warning_codes(&job).len()), (("completed", None, 1), 0), "{kind} {skip} {name}: {job}");
            let distinct: BTreeSet<&String> = texts.iter().collect();
            assert_eq!(texts.len(), if *kind == Kind::Thread { 4 } else { 2 }, "{kind} {skip} {name}: {texts:?}");
            assert_eq!(texts.len(), distinct.len(), "{kind} {skip} {name}: {texts:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_never_answered_is_left_to_a_person_and_a_comment_to_a_warning() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for (kind, skip, comment) in VISIBLE {
        let (job, texts) = suffer(&stack, (*kind, *skip), (json!({ "name": "server_error" }), 9)).await?;

        let (ended, warnings) = match comment {
            true => (("completed", None, 1), vec!["outcome_unknown"]),
            false => (("blocked", Some("outcome_unknown"), 1), vec![]),
        };
        assert_eq!((end(&job), warning_codes(&job)), (ended, warnings), "{kind} {skip}: {job}");
        assert_eq!(texts.len(), usize::try_from(*skip)?, "{kind} {skip}: {texts:?}");
        if *kind == Kind::Thread && !comment && *skip > 0 {
            let told = job["error"]["message"].as_str().unwrap_or_default();
            assert!(told.contains(&format!("{skip} of 3 posts of the thread are out")), "{job}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_comment_that_is_refused_is_a_warning_below_a_live_post() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let fault =
        json!({ "platform": "x", "path": "/2/tweets", "skip": 1, "action": { "name": "error", "code": "403/invalid-url" } });
    stack.sandbox.plant(fault).await?;
    let mut request = body(&stack, Kind::Text, "commented");
    request["content"]["firstComment"] = json!("a comment");

    let job = publish(&stack, &request).await?;

    assert_eq!((end(&job), warning_codes(&job)), (("completed", None, 1), vec!["link_refused"]), "{job}");
    assert_eq!(texts(&stack).await?, ["commented"]);
    Ok(())
}

#[tokio::test]
async fn a_list_of_posts_that_is_not_whole_proves_nothing() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.fault("x", "/2/tweets", json!({ "name": "answer_lost" })).await?;
    let partial = json!({ "name": "respond", "status": 200, "body": { "errors": [{ "title": "Not Found Error" }] } });
    stack
        .sandbox
        .plant(json!({ "platform": "x", "method": "GET", "path": "/2/users/*/tweets", "count": 4, "action": partial }))
        .await?;

    let job = publish(&stack, &body(&stack, Kind::Text, "hidden for a while")).await?;

    assert_eq!((end(&job), texts(&stack).await?.len()), (("completed", None, 1), 1), "{job}");
    assert_eq!(calls(&stack, "POST", "/2/tweets").await?, 1);
    Ok(())
}
