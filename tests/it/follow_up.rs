//! What follows a post that is live: a first comment, a cover. Whatever fails there, the post is out and stays the only one.

use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use tests::Stack;
use tests::kinds::{post_of, with_comment};

/// A kind with a first comment on every platform that has one, and the call that makes the comment.
const COMMENTED: [(PlatformId, Kind, &str, u32); 5] = [
    // On X a comment is a post of its own: the second one.
    (PlatformId::X, Kind::Text, "/2/tweets", 1),
    (PlatformId::Facebook, Kind::Text, "*/comments", 0),
    (PlatformId::Instagram, Kind::Image, "*/comments", 0),
    (PlatformId::Linkedin, Kind::Text, "/rest/socialActions/*", 0),
    (PlatformId::Youtube, Kind::Short, "/youtube/v3/commentThreads", 0),
];

async fn publish(stack: &Stack, (platform, kind): (PlatformId, Kind)) -> anyhow::Result<Value> {
    let body = post_of(platform, kind, &stack.sandbox, stack.account(platform), "with a first comment");
    let job = stack.submit(&with_comment(body, platform, kind, "And one more thing.")).await?.remove(0).job;
    stack.run_to_the_end(&job).await
}

/// Posts that are no comments: on X those are posts as well.
async fn posts(stack: &Stack) -> anyhow::Result<Vec<Value>> {
    Ok(stack.sandbox.posts().await?.into_iter().filter(|post| post["replyTo"].is_null()).collect())
}

#[tokio::test]
async fn what_fails_after_a_post_is_live_is_a_warning_and_never_a_second_post() -> anyhow::Result<()> {
    for (platform, kind, path, skip) in COMMENTED {
        for (action, count) in
            [(json!({"name":"invalid_content"}), 1), (json!({"name":"permission_missing"}), 1), (json!({"name":"unheard_of"}), 9)]
        {
            let stack = Stack::start().await?;
            let fault = json!({"platform":platform,"method":"POST","path":path,"skip":skip,"count":count,"action":action});
            stack.sandbox.plant(fault).await?;

            let ended = publish(&stack, (platform, kind)).await?;

            assert_eq!(ended["status"], "completed", "{platform} {action}: {ended}");
            let warnings = ended["published"]["warnings"].as_array().map_or(0, Vec::len);
            assert_eq!(warnings, 1, "{platform} {action}: {ended}");
            assert_eq!(posts(&stack).await?.len(), 1, "{platform} {action}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_first_comment_is_made_once_whatever_becomes_of_its_answer() -> anyhow::Result<()> {
    for (platform, kind, path, skip) in COMMENTED {
        for name in ["answer_lost", "error_after", "truncated", "reset_before"] {
            let stack = Stack::start().await?;
            let fault = json!({"platform":platform,"method":"POST","path":path,"skip":skip,"action":{"name":name}});
            stack.sandbox.plant(fault).await?;

            let ended = publish(&stack, (platform, kind)).await?;

            assert_eq!(ended["status"], "completed", "{platform} {name}: {ended}");
            let made = stack.sandbox.posts().await?;
            let comments: usize = made.iter().map(|post| post["comments"].as_array().map_or(0, Vec::len)).sum();
            let replies = made.iter().filter(|post| !post["replyTo"].is_null()).count();
            assert_eq!(posts(&stack).await?.len(), 1, "{platform} {name}: {ended}");
            // A member of LinkedIn may not read comments: there a lost answer stays unknown, and the owner is told.
            let told = platform == PlatformId::Linkedin && ended["published"]["warnings"][0]["code"] == "outcome_unknown";
            assert!(comments + replies == 1 || told && comments == 0, "{platform} {name}: {ended}");
        }
    }
    Ok(())
}
