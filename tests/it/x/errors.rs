//! Every documented error on the call that makes a post visible, and what is refused before it is accepted.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::X;
use shared::ids::AccountId;
use tests::Stack;
use tests::kinds::post_of;
use tests::stack::{connect, insert_account};

use super::{body, end, list, publish, warning_codes};

/// Every documented error on the call that creates a text post: state, code, attempts, posts.
const ERRORS: &[(&str, &str, Option<&str>, i64, usize)] = &[
    ("400/invalid-request", "failed", Some("content_refused"), 1, 0),
    ("400/media-ids", "failed", Some("media_expired"), 1, 0),
    ("400/too-many-media", "failed", Some("content_refused"), 1, 0),
    ("400/oauth-invalid-request", "blocked", Some("token_refused"), 1, 0),
    ("400/oauth-invalid-grant", "blocked", Some("token_refused"), 1, 0),
    ("401/unauthorized", "blocked", Some("token_refused"), 1, 0),
    ("401/oauth-unauthorized-client", "failed", Some("platform_app_refused"), 1, 0),
    ("401/oauth-invalid-client", "failed", Some("platform_app_refused"), 1, 0),
    ("402/credits", "failed", Some("platform_credits_depleted"), 1, 0),
    ("403/duplicate", "failed", Some("duplicate_content"), 1, 0),
    ("403/not-permitted", "failed", Some("content_refused"), 1, 0),
    ("403/reply-not-engaged", "failed", Some("reply_not_allowed"), 1, 0),
    ("403/cashtag", "failed", Some("too_many_cashtags"), 1, 0),
    ("403/invalid-url", "failed", Some("link_refused"), 1, 0),
    ("403/video-too-long", "failed", Some("media_too_long"), 1, 0),
    ("403/not-permitted-feature", "failed", Some("feature_not_permitted"), 1, 0),
    ("403/suspended", "blocked", Some("account_locked"), 1, 0),
    ("403/locked", "blocked", Some("account_locked"), 1, 0),
    ("403/oauth1-permissions", "blocked", Some("permission_missing"), 1, 0),
    ("403/client-not-enrolled", "failed", Some("platform_app_refused"), 1, 0),
    ("403/unsupported-authentication", "failed", Some("platform_app_refused"), 1, 0),
    ("403/usage-capped", "failed", Some("platform_app_refused"), 1, 0),
    ("403/not-authorized-for-resource", "failed", Some("target_not_accessible"), 1, 0),
    ("403/not-authorized-for-field", "failed", Some("content_refused"), 1, 0),
    ("403/disallowed-resource", "failed", Some("content_refused"), 1, 0),
    ("404/not-found", "failed", Some("target_gone"), 1, 0),
    ("404/resource-unavailable", "failed", Some("target_gone"), 1, 0),
    ("409/conflict", "completed", None, 2, 1),
    ("429/rate-limit", "completed", None, 1, 1),
    ("429/rate-limit-exceeded", "completed", None, 1, 1),
    ("429/user-24hour", "completed", None, 1, 1),
    ("429/app-24hour", "completed", None, 1, 1),
    ("500/server-error", "completed", None, 1, 1),
    ("500/internal-error", "completed", None, 1, 1),
    ("502/bad-gateway", "completed", None, 1, 1),
    ("503/service-unavailable", "completed", None, 1, 1),
    ("504/gateway-timeout", "completed", None, 1, 1),
    ("v1/32", "blocked", Some("token_refused"), 1, 0),
    ("v1/34", "failed", Some("platform_version_ended"), 1, 0),
    ("v1/64", "blocked", Some("account_locked"), 1, 0),
    ("v1/88", "completed", None, 1, 1),
    ("v1/89", "blocked", Some("token_refused"), 1, 0),
    ("v1/135", "failed", Some("clock_wrong"), 1, 0),
    ("v1/186", "failed", Some("text_too_long"), 1, 0),
    ("v1/187", "failed", Some("duplicate_content"), 1, 0),
    ("v1/324", "failed", Some("media_expired"), 1, 0),
    ("v1/326", "blocked", Some("account_locked"), 1, 0),
    ("v1/344", "completed", None, 1, 1),
    ("v1/415", "failed", Some("platform_app_refused"), 1, 0),
];

#[tokio::test]
async fn every_documented_error_ends_in_its_documented_state() -> anyhow::Result<()> {
    let known = Stack::start().await?.sandbox.get("errors").await?["x"].clone();
    let known: BTreeSet<&str> = list(&known).iter().filter_map(Value::as_str).collect();
    let covered: BTreeSet<&str> = ERRORS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(known, covered, "the table covers what the sandbox lists");
    let mut wrong = Vec::new();
    for (name, state, code, attempt, posts) in ERRORS {
        let stack = Stack::start().await?;
        stack.sandbox.fault("x", "/2/tweets", json!({ "name": "error", "code": name })).await?;

        let job = publish(&stack, &body(&stack, Kind::Text, "a post with a fate")).await?;

        let found = stack.sandbox.posts().await?.len();
        if (end(&job), found) != ((*state, *code, *attempt), *posts) {
            wrong.push(format!(
                "{name}: {:?} with {found} posts, not {:?}: {}",
                end(&job),
                (state, code, attempt, posts),
                job["error"]
            ));
        }
        for field in ["message", "platformMessage", "remedy"] {
            let told = code.is_none() || job["error"][field].as_str().is_some_and(|text| !text.is_empty());
            assert!(told, "{name} tells no {field}: {job}");
        }
    }
    assert!(wrong.is_empty(), "{} of {} errors ended wrongly:\n{}", wrong.len(), ERRORS.len(), wrong.join("\n"));
    Ok(())
}

/// Publishes on another account than the stack's first.
async fn publish_as(stack: &Stack, account: &AccountId, kind: Kind, text: &str) -> anyhow::Result<Value> {
    publish(stack, &post_of(X, kind, &stack.sandbox, account, text)).await
}

#[tokio::test]
async fn who_may_do_what_is_told_as_x_tells_it() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let other = connect(&stack.app, &stack.sandbox, &stack.workspace, (X, "")).await?;
    let parent = publish_as(&stack, &other, Kind::Text, "nobody is mentioned").await?;
    let mut request = body(&stack, Kind::Reply, "uninvited");
    request["targets"][0]["options"] = json!({ "replyTo": parent["published"]["externalId"] });
    assert_eq!(end(&publish(&stack, &request).await?), ("failed", Some("reply_not_allowed"), 1));
    request["targets"][0]["options"] = json!({ "replyTo": "1" });
    request["content"]["text"] = json!("to nobody");
    assert_eq!(end(&publish(&stack, &request).await?), ("failed", Some("target_gone"), 1));

    let scopes = json!(["tweet.read", "tweet.write", "users.read"]);
    let made = stack.sandbox.post("accounts", json!({ "platform": "x", "scopes": scopes })).await?;
    let grant = json!({ "type": "bearer", "access_token": made["accessToken"] });
    let without_media = insert_account(&stack.app, &stack.workspace, X, &made, &grant).await?;
    assert_eq!(end(&publish_as(&stack, &without_media, Kind::Text, "words").await?), ("completed", None, 1));
    assert_eq!(
        end(&publish_as(&stack, &without_media, Kind::Image, "a picture").await?),
        ("blocked", Some("permission_missing"), 1)
    );

    let made = stack.sandbox.post("accounts", json!({ "platform": "x", "oauth1": true })).await?;
    let grant = json!({ "type": "oauth1", "token": made["token"], "token_secret": made["tokenSecret"] });
    let signing = insert_account(&stack.app, &stack.workspace, X, &made, &grant).await?;
    for kind in [Kind::Images, Kind::Video, Kind::Poll, Kind::Thread] {
        let job = publish_as(&stack, &signing, kind, &format!("a signed {kind}")).await?;
        assert_eq!(end(&job), ("completed", None, 1), "{kind}: {job}");
    }
    Ok(())
}

#[tokio::test]
async fn what_x_would_refuse_is_refused_before_it_is_accepted() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let with = |kind, path: &str, value: Value| {
        let mut request = body(&stack, kind, "checked");
        *request.pointer_mut(path).expect("the harness's bodies have it") = value;
        request
    };
    let added = |kind, field: &str, value: Value| {
        let mut request = body(&stack, kind, "checked");
        request["content"][field] = value;
        request
    };
    let options = |kind, options: Value| {
        let mut request = body(&stack, kind, "checked");
        request["targets"][0]["options"] = options;
        request
    };
    let long_link = format!("more: https://example.com/{}", "x".repeat(400));
    for (request, pointer, code) in [
        (body(&stack, Kind::Reply, "checked"), "/targets/0/options/replyTo", "option_required"),
        (options(Kind::Reply, json!({ "replyTo": "a link" })), "/targets/0/options/replyTo", "option_invalid"),
        (options(Kind::Text, json!({ "replySettings": "nobody" })), "/targets/0/options/replySettings", "option_invalid"),
        (with(Kind::Poll, "/content/poll/options/0", json!("x".repeat(26))), "/content/poll/options/0", "poll_option_length"),
        (with(Kind::Poll, "/content/poll/durationMinutes", json!(4)), "/content/poll/durationMinutes", "poll_duration"),
        (with(Kind::Thread, "/content/thread/1/text", json!("$A and $B")), "/content/thread/1/text", "too_many_cashtags"),
        (with(Kind::Thread, "/content/thread/1/text", json!("日".repeat(141))), "/content/thread/1/text", "text_too_long"),
        (with(Kind::Text, "/content/text", json!("$A and $B")), "/content/text", "too_many_cashtags"),
        (added(Kind::Text, "firstComment", json!("日".repeat(141))), "/content/firstComment", "first_comment_too_long"),
        (added(Kind::Thread, "text", json!("")), "/content/text", "text_required"),
    ] {
        let (status, answer) = stack.post("/api/v1/posts", &request).await?;
        let told: Vec<_> =
            list(&answer["violations"]).iter().map(|broken| (broken["pointer"].as_str(), broken["code"].as_str())).collect();
        assert_eq!((status, told), (422, vec![(Some(pointer), Some(code))]), "{request}: {answer}");
    }
    let job = publish(&stack, &added(Kind::Text, "firstComment", json!(long_link))).await?;
    assert_eq!((end(&job), warning_codes(&job).len()), (("completed", None, 1), 0), "a link counts 23: {job}");

    for (kind, sample, code) in [
        (Kind::Image, "animated.gif", "media_type_refused"),
        (Kind::Gif, "photo-1.jpg", "media_type_refused"),
        (Kind::Gif, "animated.gif?size=15728641", "media_too_large"),
        (Kind::Video, "photo-1.jpg", "media_type_refused"),
        (Kind::Image, "big-6mb.jpg", "media_too_large"),
    ] {
        let mut request = with(kind, "/content/media/0/url", json!(stack.sandbox.sample(sample)));
        request["content"]["text"] = json!(format!("{kind} {sample}"));
        assert_eq!(end(&publish(&stack, &request).await?), ("failed", Some(code), 1), "{kind} {sample}");
    }
    Ok(())
}
