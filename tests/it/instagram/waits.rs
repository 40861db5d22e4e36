//! The daily quota and blocks for spam.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::Kind;
use shared::ids::AccountId;
use tests::Stack;

use super::{account, calls, outcome, plant, run_for_days, submit};

#[tokio::test]
async fn the_daily_quota_and_a_block_for_spam_are_waited_for() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    stack
        .sandbox
        .post("settings", json!({"rateLimits": true, "instagram": {"quotaTotal": 1, "quotaDurationSeconds": 36_000}}))
        .await?;
    let first = submit(&stack, &account, Kind::Image, "the first of the day").await?;
    stack.run_to_the_end(&first).await?;
    let second = submit(&stack, &account, Kind::Image, "one too many").await?;
    stack.drain().await?;
    let waiting = stack.job(&second).await?;

    let ended = stack.run_to_the_end(&second).await?;

    assert_eq!(waiting["error"]["code"], "daily_post_limit", "{waiting}");
    assert_eq!((outcome(&ended), &ended["attempt"]), (("completed", None), &json!(1)), "{ended}");
    // Asked about each hour; the call itself is made only when there is room.
    assert_eq!((calls(&stack, "POST", "/media_publish").await?, calls(&stack, "POST", "/media").await?), (3, 2));
    assert!(calls(&stack, "GET", "/content_publishing_limit").await? >= 9);

    // Blocked as spam: looked for, then a day's wait and a new container.
    let blocked = json!({"name":"error","code":"4/2207051"});
    for (times, posts) in [(1, 1), (2, 0)] {
        let stack = Stack::start().await?;
        plant(&stack, "*/media_publish", times, blocked.clone()).await?;
        let account = self::account(&stack, "instagram").await?;
        let job = submit(&stack, &account, Kind::Image, "like spam").await?;
        for _ in 0..9 {
            stack.drain().await?;
            stack.advance(Duration::from_secs(60));
        }
        let waiting = stack.job(&job).await?;

        let ended = run_for_days(&stack, &job).await?;

        assert_eq!(outcome(&waiting), ("queued", Some("blocked_as_spam")), "{waiting}");
        // A second block is the end of sending: a person looks at the account.
        assert_eq!(ended["status"] == "completed", times == 1, "{ended}");
        assert_eq!(stack.sandbox.posts().await?.len(), posts);
        assert_eq!((calls(&stack, "POST", "/media_publish").await?, calls(&stack, "POST", "/media").await?), (2, 2));
    }

    // Said to be blocked, and live all the same: found, not sent again.
    let stack = Stack::start().await?;
    let account = self::account(&stack, "instagram").await?;
    plant(&stack, "*/media_publish", 1, blocked).await?;
    let job = submit(&stack, &account, Kind::Image, "live all the same").await?;
    stack.drain().await?;
    let container = container_of(&stack).await?;
    publish_behind_its_back(&stack, &account, &container).await?;

    let ended = stack.run_to_the_end(&job).await?;

    let posts = stack.sandbox.posts().await?;
    assert_eq!((outcome(&ended), posts.len()), (("completed", None), 1), "{ended}");
    assert_eq!(posts[0]["id"], ended["published"]["externalId"]);
    Ok(())
}

/// The container that was asked about last.
async fn container_of(stack: &Stack) -> anyhow::Result<String> {
    let calls = stack.sandbox.requests("instagram").await?;
    let paths = calls.iter().rev().filter_map(|call| call["path"].as_str()?.rsplit('/').next());
    Ok(paths.into_iter().find(|id| id.starts_with("179")).context("no container was asked about")?.to_owned())
}

/// Publishes a container as if Instagram had done so while it said that it had not.
async fn publish_behind_its_back(stack: &Stack, account: &AccountId, container: &str) -> anyhow::Result<()> {
    let row = shared::store::accounts::get(&*stack.app.db, &stack.workspace, account).await?;
    let grant: Value = serde_json::from_slice(&shared::store::accounts::open_grant(&stack.app.config.keys, &row)?)?;
    let url = format!("{}/instagram/v26.0/{}/media_publish", stack.sandbox.url, row.external_id);
    let token = grant["access_token"].as_str().context("token")?;
    let answer = stack.app.http.post(url).bearer_auth(token).form(&[("creation_id", container)]).send().await?;
    anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
    Ok(())
}
