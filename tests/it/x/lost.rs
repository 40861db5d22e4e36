//! Visible calls whose answers are lost: each post and each comment is there once, or a person is asked.

use std::collections::BTreeSet;

use serde_json::json;
use shared::content::Kind;
use tests::Stack;

use super::{body, calls, end, publish, texts, warning_codes};

/// The visible calls: kind, and which of the calls to `/2/tweets` it is.
const VISIBLE: &[(Kind, u32)] = &[
    (Kind::Link, 0),
    (Kind::Images, 0),
    (Kind::Gif, 0),
    (Kind::Video, 0),
    (Kind::Poll, 0),
    (Kind::Reply, 0),
    (Kind::Thread, 0),
    (Kind::Thread, 1),
    (Kind::Thread, 2),
    // The first comment.
    (Kind::Text, 1),
    (Kind::Thread, 3),
];

#[tokio::test]
async fn a_lost_answer_to_any_visible_call_ends_in_one_post() -> anyhow::Result<()> {
    for (kind, skip) in VISIBLE {
        for name in ["answer_lost", "error_after", "truncated", "invalid_json", "reset_before"] {
            let stack = Stack::start().await?;
            stack.sandbox.post("settings", json!({ "xIndexLagSeconds": 20 })).await?;
            let mut request = body(&stack, *kind, "see example.com & say <yes>");
            request["content"]["firstComment"] = json!("and example.org");
            if *kind == Kind::Reply {
                let parent = publish(&stack, &body(&stack, Kind::Text, "a parent")).await?;
                request["targets"][0]["options"] = json!({ "replyTo": parent["published"]["externalId"] });
            }
            let fault =
                json!({ "platform": "x", "method": "POST", "path": "/2/tweets", "skip": skip, "action": { "name": name } });
            let fault = stack.sandbox.plant(fault).await?;

            let job = publish(&stack, &request).await?;

            stack.sandbox.fired(&fault, 1).await?;
            assert_eq!((end(&job), warning_codes(&job).len()), (("completed", None, 1), 0), "{kind} {skip} {name}: {job}");
            let texts: Vec<String> = texts(&stack).await?.into_iter().filter(|text| text != "a parent").collect();
            let distinct: BTreeSet<&String> = texts.iter().collect();
            assert_eq!(texts.len(), if *kind == Kind::Thread { 4 } else { 2 }, "{kind} {skip} {name}: {texts:?}");
            assert_eq!(texts.len(), distinct.len(), "{kind} {skip} {name}: {texts:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_never_answered_is_left_to_a_person_and_a_comment_to_a_warning() -> anyhow::Result<()> {
    for (kind, skip, state, code, posts) in [
        (Kind::Video, 0, "blocked", Some("outcome_unknown"), 0),
        (Kind::Poll, 0, "blocked", Some("outcome_unknown"), 0),
        (Kind::Thread, 1, "blocked", Some("outcome_unknown"), 1),
        (Kind::Text, 1, "completed", None, 1),
    ] {
        let stack = Stack::start().await?;
        let mut request = body(&stack, kind, "nobody answers");
        request["content"]["firstComment"] = json!("a comment");
        let fault =
            json!({ "platform": "x", "path": "/2/tweets", "skip": skip, "count": 9, "action": { "name": "server_error" } });
        stack.sandbox.plant(fault).await?;

        let job = publish(&stack, &request).await?;

        assert_eq!((end(&job), texts(&stack).await?.len()), ((state, code, 1), posts), "{kind}: {job}");
        assert_eq!(warning_codes(&job), if state == "completed" { vec!["outcome_unknown"] } else { vec![] }, "{job}");
        if kind == Kind::Thread {
            let told = job["error"]["message"].as_str().unwrap_or_default();
            assert!(told.contains("1 of 3 posts of the thread are out"), "{job}");
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
