//! The plain path: what is submitted is published as it was meant, on every platform and of every kind.

use anyhow::Context;
use serde_json::json;
use shared::content::{Kind, PlatformId};
use tests::Stack;
use tests::kinds::{self, post_of, with_comment};

#[tokio::test]
async fn every_kind_is_published_on_every_platform_as_it_was_meant() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.post("settings", json!({ "recordBodies": true })).await?;
    for (platform, kind) in kinds::all().filter(|(_, kind)| *kind != Kind::Reply) {
        let before = stack.sandbox.posts().await?.len();
        let body = post_of(platform, kind, &stack.sandbox, stack.account(platform), &format!("a {kind} for {platform}"));
        let body = with_comment(body, platform, kind, &format!("And one more thing about this {kind}."));
        let said = body["content"]["text"].clone();
        let files = body["content"]["media"].as_array().map_or(0, Vec::len);

        let job = stack.submit(&body).await?.remove(0).job;
        let ended = stack.run_to_the_end(&job).await?;

        assert_eq!(ended["status"], "completed", "{kind} on {platform}: {ended}");
        assert_eq!(ended["published"]["warnings"], json!(null), "{kind} on {platform}: {ended}");
        let posts = stack.sandbox.posts().await?.split_off(before);
        // On X a comment is a post of its own, a reply.
        let comment = usize::from(!body["content"]["firstComment"].is_null());
        let (comments, replies) = if platform == PlatformId::X { (0, comment) } else { (comment, 0) };
        assert_eq!(posts.len(), if kind == Kind::Thread { 3 } else { 1 } + replies, "{kind} on {platform}: {posts:?}");
        let post = &posts[0];
        assert_eq!(post["platform"], platform.to_string());
        if kind != Kind::Link {
            // X has no field for a link: there it is a part of the text.
            assert_eq!(post["text"], if said.is_null() { json!("") } else { said }, "{kind} on {platform}: {post}");
        }
        assert_eq!(post["media"].as_array().map(Vec::len), Some(files), "{kind} on {platform}: {post}");
        assert_eq!(post["comments"].as_array().map(Vec::len), Some(comments), "{kind} on {platform}: {post}");
        assert!(ended["published"]["url"].is_string(), "{kind} on {platform}: {ended}");
        if matches!(kind, Kind::Image | Kind::Images) && platform != PlatformId::Tiktok {
            assert_eq!(post["media"][0]["altText"], "a picture", "{kind} on {platform}: {post}");
        }
    }
    keep_requests(&stack).await
}

/// Leaves all that was sent to the platforms beside the binaries, where `bin/clients` holds it against the platforms' own
/// descriptions of their APIs.
async fn keep_requests(stack: &Stack) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).context("the target folder")?;
    let requests = stack.sandbox.get("requests").await?;
    Ok(std::fs::write(target.join("requests-of-pressroom.json"), requests.to_string())?)
}

#[tokio::test]
async fn overrides_replace_the_content_for_their_target_only() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let body = json!({
        "content": { "text": "for everybody" },
        "targets": [
            { "accountId": stack.x, "kind": "text", "overrides": { "text": "for X" } },
            { "accountId": stack.facebook, "kind": "text" },
        ],
    });

    for target in stack.submit(&body).await? {
        stack.run_to_the_end(&target.job).await?;
    }

    assert_eq!(stack.sandbox.posts_saying("for X").await?[0]["platform"], "x");
    assert_eq!(stack.sandbox.posts_saying("for everybody").await?[0]["platform"], "facebook");
    Ok(())
}
