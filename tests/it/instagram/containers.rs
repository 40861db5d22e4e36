//! Containers: waited for, made anew as often as documented, and never once a post may be out.

use std::time::Duration;

use serde_json::json;
use shared::content::Kind;
use shared::ids::AccountId;
use tests::Stack;

use super::{account, calls, outcome, plant, settings, submit};

#[tokio::test]
async fn processing_is_waited_for_and_its_failures_are_made_anew_as_often_as_documented() -> anyhow::Result<()> {
    // The failure of a container, how often, the end, and how many containers were made.
    let unavailable = json!({"name":"error","code":"9004/2207052"});
    let broken = |code: &str| json!({"name":"processing_failed","checks":1,"code":code});
    let cases = [
        (json!({"name":"processing","checks":9}), 1, "completed", None, 1),
        (broken("2207082"), 1, "completed", None, 2),
        (broken("2207082"), 9, "failed", Some("media_processing_failed"), 2),
        (broken("2207999"), 9, "failed", Some("media_processing_failed"), 2),
        (broken("2207026"), 9, "failed", Some("media_refused"), 1),
        (broken("2207003"), 3, "completed", None, 4),
        (broken("2207003"), 9, "failed", Some("media_unavailable"), 4),
        (broken("EXPIRED"), 1, "completed", None, 2),
        (unavailable.clone(), 3, "completed", None, 4),
        (unavailable, 9, "failed", Some("media_unavailable"), 4),
        (json!({"name":"error","code":"-1/2207001"}), 9, "failed", Some("platform_failed_again"), 3),
        (json!({"name":"error","code":"24/2207006"}), 9, "blocked", Some("media_gone"), 2),
        (json!({"name":"error","code":"2"}), 9, "failed", Some("platform_failed"), 6),
        (json!({"name":"answer_lost"}), 1, "completed", None, 2),
        (json!({"name":"reset_before"}), 1, "completed", None, 2),
    ];
    for (action, count, status, code, containers) in cases {
        let stack = Stack::start().await?;
        let account = account(&stack, "facebook").await?;
        plant(&stack, "*/media", count, action.clone()).await?;
        let job = submit(&stack, &account, Kind::Reel, "processed").await?;

        let ended = stack.run_to_the_end(&job).await?;

        let made = calls(&stack, "POST", "/media").await?;
        assert_eq!((outcome(&ended), made), ((status, code), containers), "{action} x{count}: {ended}");
        assert_eq!(stack.sandbox.posts().await?.len(), usize::from(status == "completed"), "{action}");
        if status == "failed" {
            // By hand it goes on with another container.
            stack.sandbox.heal().await?;
            let (answer, _) = stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;
            assert!((200..300).contains(&answer));

            let ended = stack.run_to_the_end(&job).await?;

            assert_eq!(outcome(&ended), ("completed", None), "{action}: {ended}");
            assert_eq!((calls(&stack, "POST", "/media").await?, stack.sandbox.posts().await?.len()), (made + 1, 1));
        }
    }

    // Stuck for ever: half an hour, and nothing was published.
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    settings(&stack, json!({"outcomes": [{"url": "*vertical.mp4*", "outcome": "stuck"}]})).await?;
    let began = stack.app.clock.now();
    let job = submit(&stack, &account, Kind::Reel, "stuck").await?;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("failed", Some("platform_processing_timeout")), "{job}");
    let minutes = stack.app.clock.now().since(began).as_secs() / 60;
    assert!((30..=31).contains(&minutes) && stack.sandbox.posts().await?.is_empty(), "{minutes}");
    Ok(())
}

#[tokio::test]
async fn a_carousel_keeps_its_order_and_only_makes_anew_what_failed() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    let fault = json!({"platform":"instagram","method":"POST","path":"*/media","skip":1,"action":{"name":"processing_failed","code":"2207082"}});
    stack.sandbox.plant(fault).await?;
    let job = submit(&stack, &account, Kind::Carousel, "one item failed").await?;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("completed", None), "{job}");
    assert_eq!(calls(&stack, "POST", "/media").await?, 5);
    let post = stack.sandbox.posts().await?.remove(0);
    let types: Vec<_> =
        post["media"].as_array().into_iter().flatten().filter_map(|media| media["contentType"].as_str()).collect();
    assert_eq!(types, ["image/jpeg", "image/jpeg", "video/mp4"]);
    assert!(post["media"][0]["sizeBytes"] != post["media"][1]["sizeBytes"], "the samples can be told apart");

    // When the carousel itself fails, its items are made anew with it.
    let fault =
        json!({"platform":"instagram","method":"POST","path":"*/media","skip":3,"action":{"name":"error","code":"24/2207008"}});
    stack.sandbox.plant(fault).await?;
    let job = submit(&stack, &account, Kind::Carousel, "the whole failed").await?;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("completed", None), "{job}");
    assert_eq!((calls(&stack, "POST", "/media").await?, stack.sandbox.posts().await?.len()), (5 + 8, 2));

    // An item that fails for good fails the post: a carousel never goes out smaller.
    settings(&stack, json!({"outcomes": [{"url": "*photo-2.jpg*", "outcome": {"error": "2207026"}}]})).await?;
    let job = submit(&stack, &account, Kind::Carousel, "an item is bad").await?;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("failed", Some("media_refused")), "{job}");
    assert_eq!(stack.sandbox.posts().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn no_container_is_made_anew_once_a_post_may_be_out() -> anyhow::Result<()> {
    // The call may have arrived, and then the container is said to be lost: a person says that the post is made anew.
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    plant(&stack, "*/media_publish", 1, json!({"name":"reset_before"})).await?;
    let expired = json!({"name":"respond","status":200,"body":{"id":"1","status_code":"EXPIRED","status":"Expired"}});
    stack
        .sandbox
        .plant(json!({"platform":"instagram","method":"GET","path":"*/v26.0/179*","skip":1,"count":9,"action":expired}))
        .await?;
    let job = submit(&stack, &account, Kind::Image, "lost on the way").await?;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&ended), ("failed", Some("container_gone")), "{ended}");
    assert_eq!((calls(&stack, "POST", "/media").await?, calls(&stack, "POST", "/media_publish").await?), (1, 1));
    stack.sandbox.heal().await?;
    stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!((outcome(&ended), stack.sandbox.posts().await?.len()), (("completed", None), 1), "{ended}");
    assert_eq!(calls(&stack, "POST", "/media").await?, 2);

    // Days pass between a lost answer and the look, and the container is long too old to be used: it still decides.
    let job = {
        plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
        let blind = json!({"name":"error","code":"190/460"});
        stack
            .sandbox
            .plant(json!({"platform":"instagram","method":"GET","path":"*/v26.0/179*","skip":1,"count":1,"action":blind}))
            .await?;
        submit(&stack, &account, Kind::Image, "looked for after days").await?
    };
    let ended = stack.run_to_the_end(&job).await?;
    assert_eq!(outcome(&ended), ("blocked", Some("token_refused")), "{ended}");
    stack.advance(Duration::from_secs(3 * 86_400));
    stack.post(&format!("/api/v1/jobs/{job}/retry"), &json!({})).await?;
    reconnect_account(&stack, &account).await?;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!((outcome(&ended), stack.sandbox.posts().await?.len()), (("completed", None), 2), "{ended}");
    assert_eq!(calls(&stack, "POST", "/media").await?, 3);

    // The container is forgotten and the post is listed: found there, and the account stays connected.
    stack.sandbox.heal().await?;
    plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
    let forgotten = json!({"name":"error","code":"100/33"});
    stack
        .sandbox
        .plant(json!({"platform":"instagram","method":"GET","path":"*/v26.0/179*","skip":1,"count":9,"action":forgotten}))
        .await?;
    let job = submit(&stack, &account, Kind::Image, "forgotten and listed").await?;

    let ended = stack.run_to_the_end(&job).await?;

    assert_eq!((outcome(&ended), stack.sandbox.posts().await?.len()), (("completed", None), 3), "{ended}");
    Ok(())
}

async fn reconnect_account(stack: &Stack, account: &AccountId) -> anyhow::Result<()> {
    let now = stack.app.clock.now();
    let connected = shared::content::AccountState::Connected;
    Ok(shared::store::accounts::update_state(&*stack.app.db, &stack.workspace, account, connected, now).await?)
}
