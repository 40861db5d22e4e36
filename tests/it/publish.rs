//! The plain path: what is submitted is published as it was meant, on every platform and of every kind.

use serde_json::json;
use shared::content::PlatformId;
use tests::Stack;

#[tokio::test]
async fn every_kind_is_published_on_every_platform_as_it_was_meant() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for platform in PlatformId::ALL {
        for kind in ["text", "link", "image", "images"] {
            let text = format!("a {kind} for {platform}");
            let body = crate::crash::post(&stack.sandbox, stack.account(*platform), kind, &text);

            let job = stack.submit(&body).await?.remove(0).job;
            let ended = stack.run_to_the_end(&job).await?;

            assert_eq!(ended["status"], "completed", "{ended}");
            let posts = stack.sandbox.posts_saying(&text).await?;
            assert_eq!(posts.len(), 1, "{posts:?}");
            let images = match kind {
                "image" => 1,
                "images" => 3,
                _ => 0,
            };
            assert_eq!(posts[0]["media"].as_array().map(Vec::len), Some(images), "{}", posts[0]);
            assert_eq!(posts[0]["id"], ended["published"]["externalId"]);
            assert_eq!(posts[0]["url"], ended["published"]["url"]);
            if images > 0 {
                assert_eq!(posts[0]["media"][0]["altText"], "a picture");
            }
        }
    }
    Ok(())
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
