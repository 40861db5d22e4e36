//! Instagram: every kind by both logins, every documented error, lost answers, processing, and what is made anew when.
//!
//! Times are the manual clock's: no test waits.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use shared::ids::{AccountId, JobId};
use shared::journal::{Halt, Point};
use tests::{Stack, kinds, stack};

const INSTAGRAM: PlatformId = PlatformId::Instagram;

const KINDS: [Kind; 6] = [Kind::Image, Kind::Video, Kind::Reel, Kind::Carousel, Kind::ImageStory, Kind::VideoStory];

/// A new account by one of the logins.
async fn account(stack: &Stack, variant: &str) -> anyhow::Result<AccountId> {
    stack::connect(&stack.app, &stack.sandbox, &stack.workspace, (INSTAGRAM, variant)).await
}

/// Submits a post of a kind.
async fn submit(stack: &Stack, account: &AccountId, kind: Kind, text: &str) -> anyhow::Result<JobId> {
    let body = kinds::post_of(INSTAGRAM, kind, &stack.sandbox, account, text);
    Ok(stack.submit(&body).await?.remove(0).job)
}

/// Plants a fault on POST calls to a path of Instagram.
async fn plant(stack: &Stack, path: &str, count: u32, action: Value) -> anyhow::Result<String> {
    stack.sandbox.plant(json!({"platform":"instagram","method":"POST","path":path,"count":count,"action":action})).await
}

async fn settings(stack: &Stack, settings: Value) -> anyhow::Result<()> {
    stack.sandbox.post("settings", json!({ "instagram": settings })).await.map(|_| ())
}

/// How many calls of a method reached a path.
async fn calls(stack: &Stack, method: &str, ending: &str) -> anyhow::Result<usize> {
    let calls = stack.sandbox.requests("instagram").await?;
    let wanted = |call: &&Value| call["method"] == method && call["path"].as_str().is_some_and(|path| path.ends_with(ending));
    Ok(calls.iter().filter(wanted).count())
}

/// As `run_to_the_end`, for jobs that are told to wait for a day.
async fn run_for_days(stack: &Stack, job: &JobId) -> anyhow::Result<Value> {
    match stack.run_to_the_end(job).await {
        Ok(ended) => Ok(ended),
        Err(_) => stack.run_to_the_end(job).await,
    }
}

fn outcome(job: &Value) -> (&str, Option<&str>) {
    (job["status"].as_str().unwrap_or_default(), job["error"]["code"].as_str())
}

#[tokio::test]
async fn every_kind_is_published_by_both_logins_as_it_was_meant() -> anyhow::Result<()> {
    for variant in ["instagram", "facebook"] {
        let stack = Stack::start().await?;
        let account = account(&stack, variant).await?;
        for kind in KINDS {
            let text = format!("a {kind} by {variant}");
            let before = stack.sandbox.posts().await?.len();
            let job = submit(&stack, &account, kind, &text).await?;

            let job = stack.run_to_the_end(&job).await?;

            assert_eq!((outcome(&job), &job["attempt"]), (("completed", None), &json!(1)), "{job}");
            let posts = stack.sandbox.posts().await?;
            assert_eq!(posts.len(), before + 1, "{kind}");
            let post = &posts[before];
            let (name, said, types): (_, _, &[&str]) = match kind {
                Kind::Image => ("image", text.as_str(), &["image/jpeg"]),
                Kind::Carousel => ("carousel", text.as_str(), &["image/jpeg", "image/jpeg", "video/mp4"]),
                Kind::ImageStory => ("story", "", &["image/jpeg"]),
                Kind::VideoStory => ("story", "", &["video/mp4"]),
                _ => ("reel", text.as_str(), &["video/mp4"]),
            };
            let shown: Vec<&str> =
                post["media"].as_array().into_iter().flatten().filter_map(|media| media["contentType"].as_str()).collect();
            assert_eq!((&post["kind"], &post["text"], shown.as_slice()), (&json!(name), &json!(said), types), "{post}");
            assert_eq!((&post["id"], &post["url"]), (&job["published"]["externalId"], &job["published"]["url"]));
            let described = matches!(kind, Kind::Image | Kind::Carousel);
            assert_eq!(post["media"][0]["altText"], if described { json!("a picture") } else { Value::Null }, "{post}");
            assert_eq!(post["extra"]["share_to_feed"], if kind == Kind::Video { json!(true) } else { Value::Null }, "{post}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_option_is_sent_or_refused_with_the_reason() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let by_facebook = account(&stack, "facebook").await?;
    let options = json!({"shareToFeed":false,"collaborators":["ada","bob"],"locationId":"108","coverAtMs":1500,"aiGenerated":true,"paidPartnership":true});
    let mut body = kinds::post_of(INSTAGRAM, Kind::Reel, &stack.sandbox, &by_facebook, "with everything");
    body["targets"][0]["options"] = options;
    body["content"]["thumbnail"] = json!(stack.sandbox.sample("thumbnail.jpg"));
    let job = stack.submit(&body).await?.remove(0).job;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("completed", None), "{job}");
    let extra = stack.sandbox.posts().await?.remove(0)["extra"].clone();
    assert_eq!(extra["collaborators"], json!(["ada", "bob"]));
    assert_eq!(
        (&extra["share_to_feed"], &extra["is_ai_generated"], &extra["is_paid_partnership"]),
        (&json!(false), &json!(true), &json!(true))
    );
    assert_eq!((&extra["location_id"], &extra["thumb_offset"]), (&json!("108"), &json!("1500")));
    assert!(extra["cover_url"].as_str().is_some_and(|url| url.ends_with("/thumbnail.jpg")), "{extra}");

    let by_instagram = account(&stack, "instagram").await?;
    for option in [json!({"collaborators":["ada"]}), json!({"paidPartnership":true})] {
        let mut body = kinds::post_of(INSTAGRAM, Kind::Image, &stack.sandbox, &by_instagram, "refused");
        body["targets"][0]["options"] = option;
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!(outcome(&job), ("failed", Some("option_unsupported")), "{job}");
    }
    assert_eq!(stack.sandbox.posts().await?.len(), 1);

    let story = |options: Value| {
        let mut body = kinds::post_of(INSTAGRAM, Kind::ImageStory, &stack.sandbox, &by_facebook, "s");
        body["targets"][0]["options"] = options;
        body
    };
    for (options, code) in [
        (json!({"coverAtMs":1}), "option_unsupported"),
        (json!({"collaborators":["a","b","c","d"]}), "too_many_collaborators"),
        (json!({"locationId":"here"}), "option_invalid"),
    ] {
        let (status, answer) = stack.post("/api/v1/posts", &story(options)).await?;

        let codes: Vec<&str> =
            answer["violations"].as_array().into_iter().flatten().filter_map(|broken| broken["code"].as_str()).collect();
        assert!(status == 422 && codes.contains(&code), "{answer}");
    }
    Ok(())
}

/// What a documented error leads to when it strikes once: on `media_publish`, and on the container's creation.
struct Row {
    name: &'static str,
    publish: (&'static str, Option<&'static str>, i64),
    create: (&'static str, Option<&'static str>, i64),
}

const DONE: (&str, Option<&str>, i64) = ("completed", None, 1);
const SECOND: (&str, Option<&str>, i64) = ("completed", None, 2);

const fn failed(code: &'static str) -> (&'static str, Option<&'static str>, i64) {
    ("failed", Some(code), 1)
}

const fn reconnect(code: &'static str) -> (&'static str, Option<&'static str>, i64) {
    ("blocked", Some(code), 1)
}

/// Errors that end the same way wherever they strike.
const BOTH_WAYS: &[(&str, (&str, Option<&str>, i64))] = &[
    // Limits: waited for, no attempt is used.
    ("4", DONE),
    ("4/1504022", DONE),
    ("4/1504039", DONE),
    ("4/2207051", DONE),
    ("9/2207042", DONE),
    ("17", DONE),
    ("17/2446079", DONE),
    ("32", DONE),
    ("341", DONE),
    ("368", DONE),
    ("368/1346003", DONE),
    ("368/1390008", DONE),
    ("613", DONE),
    ("613/1996", DONE),
    ("80002", DONE),
    // Certainly not done, or a container that is lost: tried again.
    ("389", SECOND),
    ("6000", SECOND),
    ("6001", SECOND),
    ("9007/2207027", SECOND),
    ("-2/2207003", DONE),
    ("-2/2207020", DONE),
    ("-1/2207001", DONE),
    ("-1/2207032", DONE),
    ("-1/2207053", DONE),
    ("24/2207006", DONE),
    ("24/2207008", DONE),
    ("9004/2207052", DONE),
    ("2207077", DONE),
    ("2207082", DONE),
    ("2207085", DONE),
    // A person must act.
    ("1/2853006", reconnect("permission_missing")),
    ("10", reconnect("permission_missing")),
    ("25/2207050", reconnect("account_locked")),
    ("100/33", reconnect("object_unknown")),
    ("102", reconnect("token_refused")),
    ("104", reconnect("token_refused")),
    ("190", reconnect("token_refused")),
    ("190/458", reconnect("token_refused")),
    ("190/459", reconnect("account_locked")),
    ("190/460", reconnect("token_refused")),
    ("190/463", reconnect("token_refused")),
    ("190/464", reconnect("account_locked")),
    ("190/467", reconnect("token_refused")),
    ("190/492", reconnect("token_refused")),
    ("190/2069032", reconnect("page_token_required")),
    ("200", reconnect("permission_missing")),
    // Refused for good.
    ("3", failed("platform_app_refused")),
    ("191", failed("platform_app_refused")),
    ("2635", failed("platform_version_ended")),
    ("100", failed("content_refused")),
    ("200/2069030", failed("content_refused")),
    ("200/2069031", failed("content_refused")),
    ("200/2069033", failed("content_refused")),
    ("210", failed("content_refused")),
    ("324", failed("media_refused")),
    ("382", failed("media_too_small")),
    ("506", failed("duplicate_content")),
    ("803", failed("content_refused")),
    ("1705", failed("content_refused")),
    ("2500", failed("content_refused")),
    ("1609005", failed("link_refused")),
    ("1609008", failed("link_refused")),
    ("1/2207057", failed("cover_refused")),
    ("100/2207023", failed("content_refused")),
    ("100/2207028", failed("content_refused")),
    ("100/2207035", failed("content_refused")),
    ("100/2207036", failed("content_refused")),
    ("100/2207037", failed("content_refused")),
    ("100/2207040", failed("content_refused")),
    ("352/2207026", failed("media_refused")),
    ("36000/2207004", failed("media_too_large")),
    ("36001/2207005", failed("media_type_refused")),
    ("36003/2207009", failed("media_ratio")),
    ("36004/2207010", failed("text_too_long")),
    ("2207081", failed("content_refused")),
    ("2534068", failed("content_refused")),
    ("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID", failed("location_refused")),
];

/// Errors that leave a call's outcome open: the visible call is looked for, a container is simply made again.
const OPEN: &[&str] = &["1", "1/99", "2"];

/// Errors of the host that takes bytes, which is not used: passing ones are tried again.
const UPLOADS: &[(&str, (&str, Option<&str>, i64))] =
    &[("OffsetInvalidError", SECOND), ("PartialRequestError", SECOND), ("ProcessingFailedError", failed("media_refused"))];

fn table() -> Vec<Row> {
    let both = BOTH_WAYS.iter().chain(UPLOADS).map(|(name, end)| Row { name, publish: *end, create: *end });
    both.chain(OPEN.iter().map(|name| Row { name, publish: DONE, create: SECOND })).collect()
}

#[tokio::test]
async fn every_documented_error_ends_in_its_state_with_one_post_at_most() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let names = stack.sandbox.get("errors").await?["instagram"].clone();
    let names: Vec<&str> = names.as_array().context("errors")?.iter().filter_map(Value::as_str).collect();
    let table = table();
    let missing: Vec<_> = names.iter().filter(|name| !table.iter().any(|row| row.name == **name)).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    let gone: Vec<_> = table.iter().map(|row| row.name).filter(|name| !names.contains(name)).collect();
    assert!(gone.is_empty(), "not in the sandbox: {gone:?}");

    let mut wrong = Vec::new();
    for row in &table {
        for (path, (status, code, attempt)) in [("*/media_publish", row.publish), ("*/media", row.create)] {
            let account = account(&stack, "instagram").await?;
            stack.sandbox.heal().await?;
            plant(&stack, path, 1, json!({"name":"error","code":row.name})).await?;
            let text = format!("{} on {path}", row.name);
            let job = submit(&stack, &account, Kind::Image, &text).await?;

            let job = run_for_days(&stack, &job).await?;

            let posts = stack.sandbox.posts_saying(&text).await?.len();
            let found = (job["status"].as_str(), job["error"]["code"].as_str(), job["attempt"].as_i64(), posts);
            if found != (Some(status), code, Some(attempt), usize::from(status == "completed")) {
                wrong.push(format!("{text}: {found:?}: {}", job["error"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} ended wrongly:\n{}", wrong.len(), wrong.join("\n"));
    println!("instagram errors: {} names on two calls each", table.len());
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_never_leads_to_a_second_post() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut cases = 0;
    for kind in KINDS {
        for (action, seconds) in [
            (json!({"name":"answer_lost"}), 5),
            (json!({"name":"error_after","status":503}), 5),
            (json!({"name":"truncated"}), 5),
            (json!({"name":"invalid_json"}), 5),
            (json!({"name":"reset_before"}), 50),
            (json!({"name":"server_error","status":500}), 50),
            (json!({"name":"unheard_of"}), 50),
        ] {
            let account = account(&stack, "facebook").await?;
            stack.sandbox.heal().await?;
            plant(&stack, "*/media_publish", 1, action.clone()).await?;
            settings(&stack, json!({"videoProcessingSeconds": 0})).await?;
            let (before, began) = (stack.sandbox.posts().await?.len(), stack.app.clock.now());
            let job = submit(&stack, &account, kind, &format!("{kind} {action}")).await?;

            let job = stack.run_to_the_end(&job).await?;

            let posts = stack.sandbox.posts().await?;
            let found = (outcome(&job), job["attempt"].as_i64(), posts.len() - before);
            assert_eq!(found, (("completed", None), Some(1), 1), "{kind} {action}: {job}");
            assert_eq!(posts[before]["id"], job["published"]["externalId"], "{kind} {action}");
            assert_eq!(stack.app.clock.now().since(began), Duration::from_secs(seconds), "{kind} {action}");
            cases += 1;
        }
    }
    // Never answered, never published: three calls, then a person.
    let account = account(&stack, "facebook").await?;
    plant(&stack, "*/media_publish", 9, json!({"name":"server_error","status":503})).await?;
    let before = calls(&stack, "POST", "/media_publish").await?;
    let job = submit(&stack, &account, Kind::Image, "never answered").await?;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(outcome(&job), ("blocked", Some("outcome_unknown")), "{job}");
    assert_eq!(calls(&stack, "POST", "/media_publish").await? - before, 3);
    println!("instagram lost answers: {cases} cases, one post each");
    Ok(())
}

#[tokio::test]
async fn a_live_post_is_told_apart_from_others_and_waited_for_in_the_lists() -> anyhow::Result<()> {
    for kind in [Kind::Image, Kind::VideoStory] {
        // Listed late.
        let stack = Stack::start().await?;
        let account = account(&stack, "instagram").await?;
        settings(&stack, json!({"indexLagSeconds": 120})).await?;
        plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
        let job = submit(&stack, &account, kind, "late").await?;

        let job = stack.run_to_the_end(&job).await?;

        let posts = stack.sandbox.posts().await?;
        assert_eq!((outcome(&job), posts.len()), (("completed", None), 1), "{job}");
        assert_eq!((&posts[0]["id"], &posts[0]["url"]), (&job["published"]["externalId"], &job["published"]["url"]));

        // Never listed: it is live, and that is what the job says; nothing is sent again.
        settings(&stack, json!({"indexLagSeconds": 1_000_000})).await?;
        stack.sandbox.heal().await?;
        plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
        let mut body = kinds::post_of(INSTAGRAM, kind, &stack.sandbox, &account, "never listed");
        if kind == Kind::Image {
            body["content"]["firstComment"] = json!("first");
        }
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!((outcome(&job), stack.sandbox.posts().await?.len()), (("completed", None), 2), "{job}");
        let warnings = job["published"]["warnings"].as_array().context("warnings")?;
        let codes: Vec<_> = warnings.iter().filter_map(|warning| warning["code"].as_str()).collect();
        let expected: &[&str] =
            if kind == Kind::Image { &["post_id_unknown", "first_comment_impossible"] } else { &["post_id_unknown"] };
        assert_eq!(codes, expected);
        assert_eq!(calls(&stack, "POST", "/media_publish").await?, 2);
    }

    // Two equal posts on one account, both answers lost: each job finds its own.
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    let mut jobs = Vec::new();
    for _ in 0..2 {
        plant(&stack, "*/media_publish", 1, json!({"name":"answer_lost"})).await?;
        let mut body = kinds::post_of(INSTAGRAM, Kind::Image, &stack.sandbox, &account, "the same twice");
        body["allowDuplicate"] = json!(true);
        jobs.push(stack.submit(&body).await?.remove(0).job);
        stack.drain().await?;
        stack.advance(Duration::from_secs(2));
    }
    let mut ids = Vec::new();
    for job in &jobs {
        let ended = stack.run_to_the_end(job).await?;
        assert_eq!(outcome(&ended), ("completed", None), "{ended}");
        ids.push(ended["published"]["externalId"].clone());
    }
    let posts: Vec<Value> = stack.sandbox.posts().await?.iter().map(|post| post["id"].clone()).collect();
    assert_eq!(ids, posts);
    Ok(())
}

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
    Ok(())
}

async fn reconnect_account(stack: &Stack, account: &AccountId) -> anyhow::Result<()> {
    let now = stack.app.clock.now();
    let connected = shared::content::AccountState::Connected;
    Ok(shared::store::accounts::update_state(&*stack.app.db, &stack.workspace, account, connected, now).await?)
}

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

#[tokio::test]
async fn the_first_comment_is_written_once_and_never_endangers_the_post() -> anyhow::Result<()> {
    for (action, count, comments, warning) in [
        (json!({"name":"delay","ms":1}), 1, 1, None),
        (json!({"name":"answer_lost"}), 1, 1, None),
        (json!({"name":"error_after","status":500}), 1, 1, None),
        (json!({"name":"truncated"}), 1, 1, None),
        (json!({"name":"reset_before"}), 1, 1, None),
        (json!({"name":"rate_limited","resetAfterSeconds":600}), 1, 1, None),
        (json!({"name":"server_error","status":500}), 9, 0, Some("outcome_unknown")),
        (json!({"name":"permission_missing"}), 1, 0, Some("permission_missing")),
        (json!({"name":"temporarily_blocked"}), 1, 0, Some("blocked_as_spam")),
        (json!({"name":"error","code":"100"}), 1, 0, Some("content_refused")),
    ] {
        let stack = Stack::start().await?;
        let account = account(&stack, "instagram").await?;
        plant(&stack, "*/comments", count, action.clone()).await?;
        let body = kinds::post_of(INSTAGRAM, Kind::Reel, &stack.sandbox, &account, "with a comment");
        let body = kinds::with_comment(body, INSTAGRAM, Kind::Reel, "the first comment");
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        let posts = stack.sandbox.posts().await?;
        assert_eq!((outcome(&job), posts.len()), (("completed", None), 1), "{action}: {job}");
        let said: Vec<_> = posts[0]["comments"].as_array().into_iter().flatten().map(|comment| &comment["text"]).collect();
        assert_eq!(said, vec!["the first comment"; comments], "{action}");
        assert_eq!(job["published"]["warnings"][0]["code"].as_str(), warning, "{action}: {job}");
        assert_eq!(calls(&stack, "POST", "/media").await?, 1, "{action}");
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_leaves_one_post() -> anyhow::Result<()> {
    let steps = ["probe", "item:0:0:0", "item:0:2:0", "ready:*", "container:0", "publish", "permalink", "first_comment"];
    for step in steps {
        for point in [Point::Before, Point::Answered] {
            let mut stack = Stack::start().await?;
            let account = account(&stack, "facebook").await?;
            settings(&stack, json!({"videoProcessingSeconds": 0})).await?;
            let body = kinds::post_of(INSTAGRAM, Kind::Carousel, &stack.sandbox, &account, "survives");
            let body = kinds::with_comment(body, INSTAGRAM, Kind::Carousel, "too");
            let job = stack.submit(&body).await?.remove(0).job;
            stack.crash_at(&job, Halt::new(step, point, 1)).await?;

            let ended = stack.run_to_the_end(&job).await?;

            let posts = stack.sandbox.posts().await?;
            assert_eq!((outcome(&ended), posts.len()), (("completed", None), 1), "{step} {point}: {ended}");
            assert_eq!(posts[0]["comments"].as_array().map(Vec::len), Some(1), "{step} {point}");
            assert_eq!(posts[0]["id"], ended["published"]["externalId"]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn files_that_instagram_would_refuse_are_refused_before_the_first_call() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = account(&stack, "instagram").await?;
    for (kind, sample, code) in [
        (Kind::Image, "photo-1.png", "media_type_refused"),
        (Kind::Image, "story.jpg", "media_ratio"),
        (Kind::Image, "photo-1.jpg?size=8400000", "media_too_large"),
        (Kind::Image, "vertical.mp4", "media_type_refused"),
        (Kind::Reel, "clip.mp4", "media_too_short"),
        (Kind::Reel, "photo-1.jpg", "media_type_refused"),
        (Kind::VideoStory, "vertical.mp4?size=104900000", "media_too_large"),
        (Kind::ImageStory, "missing.jpg", "media_unavailable"),
    ] {
        let body =
            json!({"content":{"media":[{"url":stack.sandbox.sample(sample)}]},"targets":[{"accountId":account,"kind":kind}]});
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!(outcome(&job), ("failed", Some(code)), "{kind} {sample}: {job}");
    }
    assert_eq!(calls(&stack, "POST", "").await?, 0);
    Ok(())
}
