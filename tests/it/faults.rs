//! The fault table: what each way of going wrong ends in, after how many attempts, how long, and with how many posts.
//!
//! Times are the manual clock's: no test waits.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Value, json};
use shared::content::PlatformId::{Facebook, X};
use shared::content::{Kind, PlatformId};
use tests::Stack;
use tests::kinds::post_of;

/// A row of the table.
struct Row {
    platforms: &'static [PlatformId],
    /// The fault on the visible call.
    action: Value,
    /// How often it strikes.
    count: u32,
    expect: Expect,
}

/// What must come of it.
#[derive(Clone)]
struct Expect {
    status: &'static str,
    code: Option<&'static str>,
    attempt: i64,
    posts: usize,
    /// Seconds of the clock from the submission to the end.
    seconds: RangeInclusive<u64>,
}

const BOTH: &[PlatformId] = &[X, Facebook];

fn row(platforms: &'static [PlatformId], action: Value, count: u32, expect: Expect) -> Row {
    Row { platforms, action, count, expect }
}

fn completed(attempt: i64, seconds: RangeInclusive<u64>) -> Expect {
    Expect { status: "completed", code: None, attempt, posts: 1, seconds }
}

fn ended(status: &'static str, code: &'static str) -> Expect {
    Expect { status, code: Some(code), attempt: 1, posts: 0, seconds: 0..=0 }
}

/// X is asked 3 s and 30 s after a lost answer, Facebook 5 s, 30 s and 120 s after.
fn table() -> Vec<Row> {
    vec![
        // Nothing arrived, or so it turns out: asked until the last look, then sent again.
        row(&[X], json!({"name":"reset_before"}), 1, completed(1, 30..=30)),
        row(&[Facebook], json!({"name":"reset_before"}), 1, completed(1, 120..=120)),
        row(&[X], json!({"name":"server_error","status":500}), 1, completed(1, 30..=30)),
        row(&[Facebook], json!({"name":"server_error","status":500}), 1, completed(1, 120..=120)),
        row(&[X], json!({"name":"unheard_of"}), 1, completed(1, 30..=30)),
        row(&[Facebook], json!({"name":"unheard_of"}), 1, completed(1, 120..=120)),
        // Never answered, never seen: three sends, then a person.
        row(
            &[X],
            json!({"name":"server_error","status":503}),
            9,
            Expect { seconds: 90..=90, ..ended("blocked", "outcome_unknown") },
        ),
        row(
            &[Facebook],
            json!({"name":"server_error","status":503}),
            9,
            Expect { seconds: 360..=360, ..ended("blocked", "outcome_unknown") },
        ),
        // Done, but the answer was lost or spoilt: found at the first look.
        row(&[X], json!({"name":"answer_lost"}), 1, completed(1, 3..=3)),
        row(&[Facebook], json!({"name":"answer_lost"}), 1, completed(1, 5..=5)),
        row(&[X], json!({"name":"error_after","status":503}), 1, completed(1, 3..=3)),
        row(&[Facebook], json!({"name":"error_after","status":503}), 1, completed(1, 5..=5)),
        row(&[X], json!({"name":"truncated"}), 1, completed(1, 3..=3)),
        row(&[Facebook], json!({"name":"truncated"}), 1, completed(1, 5..=5)),
        row(&[X], json!({"name":"invalid_json"}), 1, completed(1, 3..=3)),
        row(&[Facebook], json!({"name":"invalid_json"}), 1, completed(1, 5..=5)),
        // Slow is not broken.
        row(BOTH, json!({"name":"slow_body","ms":20}), 1, completed(1, 0..=0)),
        row(BOTH, json!({"name":"delay","ms":50}), 1, completed(1, 0..=0)),
        // Told to wait: no attempt is used.
        row(BOTH, json!({"name":"rate_limited","resetAfterSeconds":600}), 1, completed(1, 599..=600)),
        row(BOTH, json!({"name":"rate_limited","resetAfterSeconds":600}), 3, completed(1, 1797..=1800)),
        row(&[Facebook], json!({"name":"temporarily_blocked"}), 1, completed(1, 21_600..=21_600)),
        // Refused without doubt, worth another try.
        row(&[X], json!({"name":"respond","status":409,"body":{"title":"Conflict"}}), 1, completed(2, 2..=3)),
        row(
            &[X],
            json!({"name":"respond","status":409,"body":{"title":"Conflict"}}),
            9,
            Expect { attempt: 6, seconds: 760..=950, ..ended("failed", "conflict") },
        ),
        // A person must reconnect.
        row(BOTH, json!({"name":"token_expired"}), 1, ended("blocked", "token_refused")),
        row(BOTH, json!({"name":"token_revoked"}), 1, ended("blocked", "token_refused")),
        row(BOTH, json!({"name":"permission_missing"}), 1, ended("blocked", "permission_missing")),
        row(&[X], json!({"name":"temporarily_blocked"}), 1, ended("blocked", "account_locked")),
        // Refused for good.
        row(BOTH, json!({"name":"duplicate"}), 1, ended("failed", "duplicate_content")),
        row(BOTH, json!({"name":"invalid_content"}), 1, ended("failed", "content_refused")),
        row(&[X], json!({"name":"credits_depleted"}), 1, ended("failed", "platform_credits_depleted")),
        row(&[Facebook], json!({"name":"credits_depleted"}), 1, ended("failed", "platform_app_refused")),
    ]
}

fn visible_call(platform: PlatformId) -> &'static str {
    match platform {
        X => "/2/tweets",
        Facebook => "*/feed",
        other => unreachable!("{other} has a file of its own"),
    }
}

#[tokio::test]
async fn every_fault_ends_in_its_documented_state() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for Row { platforms, action, count, expect } in table() {
        for platform in platforms {
            let stack = Stack::start().await?;
            let fault = json!({"platform": platform, "method": "POST", "path": visible_call(*platform), "count": count, "action": action});
            stack.sandbox.plant(fault).await?;
            let began = stack.app.clock.now();
            let job = stack.submit_text(*platform, "a post with a fate").await?;

            let job = stack.run_to_the_end(&job).await?;

            cases += 1;
            let seconds = stack.app.clock.now().since(began).as_secs();
            let posts = stack.sandbox.posts().await?.len();
            let found = (job["status"].as_str(), job["error"]["code"].as_str(), job["attempt"].as_i64(), posts);
            let wanted = (Some(expect.status), expect.code, Some(expect.attempt), expect.posts);
            if found != wanted || !expect.seconds.contains(&seconds) {
                wrong.push(format!(
                    "{platform} {action} x{count}: {found:?} after {seconds} s, not {wanted:?} after {:?} s: {}",
                    expect.seconds, job["error"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} faults ended wrongly:\n{}", wrong.len(), wrong.join("\n"));
    println!("faults: {cases} cases, each in its documented state");
    Ok(())
}

#[tokio::test]
async fn every_refusal_tells_its_owner_why_and_what_to_do() -> anyhow::Result<()> {
    for platform in BOTH {
        let stack = Stack::start().await?;
        stack.sandbox.fault(&platform.to_string(), visible_call(*platform), json!({"name":"invalid_content"})).await?;
        let job = stack.submit_text(*platform, "refused").await?;

        let job = stack.run_to_the_end(&job).await?;

        let error = &job["error"];
        assert_eq!(error["class"], "rejected");
        for field in ["message", "platformMessage", "remedy"] {
            assert!(error[field].as_str().is_some_and(|text| text.len() > 10), "{field}: {error}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_revoked_account_is_marked_and_takes_no_new_posts() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.fault("x", "/2/tweets", json!({"name":"token_revoked"})).await?;
    let first = stack.submit_text(X, "the first").await?;
    let later = stack.app.clock.now().plus(Duration::from_secs(60)).to_string();
    let body = json!({"content":{"text":"the second"},"publishAt":later,"targets":[{"accountId":stack.x,"kind":"text"}]});
    let waiting = stack.submit(&body).await?.remove(0).job;

    stack.run_to_the_end(&first).await?;
    let waiting = stack.run_to_the_end(&waiting).await?;
    let body = json!({"content":{"text":"the third"},"targets":[{"accountId":stack.x,"kind":"text"}]});
    let (status, answer) = stack.post("/api/v1/posts", &body).await?;

    assert_eq!((waiting["status"].as_str(), waiting["error"]["class"].as_str()), (Some("blocked"), Some("auth_revoked")));
    assert_eq!((status, answer["violations"][0]["code"].as_str()), (422, Some("account_needs_reconnect")), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_post_that_shows_late_is_found_at_a_later_look() -> anyhow::Result<()> {
    for (platform, setting, lag, found_after) in [(X, "xIndexLagSeconds", 20, 30), (Facebook, "facebookIndexLagSeconds", 60, 120)]
    {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({setting: lag})).await?;
        stack.sandbox.fault(&platform.to_string(), visible_call(platform), json!({"name":"answer_lost"})).await?;
        let began = stack.app.clock.now();
        let job = stack.submit_text(platform, "late to show").await?;

        let job = stack.run_to_the_end(&job).await?;

        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(stack.app.clock.now().since(began), Duration::from_secs(found_after));
        assert_eq!(stack.sandbox.posts().await?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_facebook_photo_post_is_found_in_the_list_when_its_photos_tell_nothing() -> anyhow::Result<()> {
    for kind in [Kind::Image, Kind::Images] {
        let stack = Stack::start().await?;
        stack.sandbox.fault("facebook", "*/feed", json!({"name":"answer_lost"})).await?;
        let silent = json!({"name":"respond","status":200,"body":{"id":"1"}});
        let silence = stack
            .sandbox
            .plant(json!({"platform":"facebook","method":"GET","path":"/v26.0/122*","count":9,"action":silent}))
            .await?;
        let body = post_of(Facebook, kind, &stack.sandbox, &stack.facebook, "silent photos");
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        stack.sandbox.fired(&silence, 1).await?;
        assert_eq!(job["status"], "completed", "{job}");
        let posts = stack.sandbox.posts().await?;
        assert_eq!((posts.len(), &posts[0]["id"]), (1, &job["published"]["externalId"]));
    }
    Ok(())
}

#[tokio::test]
async fn a_post_that_never_shows_is_left_to_a_person_rather_than_doubled() -> anyhow::Result<()> {
    for (platform, setting) in [(X, "xIndexLagSeconds"), (Facebook, "facebookIndexLagSeconds")] {
        let stack = Stack::start().await?;
        stack.sandbox.post("settings", json!({setting: 1_000_000})).await?;
        stack.sandbox.fault(&platform.to_string(), visible_call(platform), json!({"name":"answer_lost"})).await?;
        let job = stack.submit_text(platform, "never to show").await?;

        let ended = stack.run_to_the_end(&job).await?;

        // The platform's own duplicate rule tells on the second send that the first one arrived.
        assert_eq!(
            (ended["status"].as_str(), ended["error"]["code"].as_str()),
            (Some("blocked"), Some("outcome_unknown")),
            "{ended}"
        );
        let posts = stack.sandbox.posts().await?;
        assert_eq!(posts.len(), 1, "{posts:?}");

        let resolution = json!({"outcome":"published","externalId":posts[0]["id"],"url":posts[0]["url"]});
        let (status, resolved) = stack.post(&format!("/api/v1/jobs/{job}/resolve"), &resolution).await?;

        assert_eq!((status, resolved["status"].as_str()), (200, Some("completed")), "{resolved}");
        assert_eq!(resolved["published"]["externalId"], posts[0]["id"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_through_outages_of_the_looking_itself() -> anyhow::Result<()> {
    let lookups = [(X, "/2/users/*/tweets"), (Facebook, "*/published_posts")];
    for (platform, path) in lookups {
        for action in [
            json!({"name":"server_error"}),
            json!({"name":"reset_before"}),
            json!({"name":"rate_limited","resetAfterSeconds":300}),
        ] {
            let stack = Stack::start().await?;
            stack.sandbox.fault(&platform.to_string(), visible_call(platform), json!({"name":"answer_lost"})).await?;
            stack.sandbox.plant(json!({"platform":platform,"method":"GET","path":path,"count":3,"action":action})).await?;
            let job = stack.submit_text(platform, "looked for").await?;

            let job = stack.run_to_the_end(&job).await?;

            assert_eq!(job["status"], "completed", "{platform} {action}: {job}");
            assert_eq!(stack.sandbox.posts().await?.len(), 1);
        }
    }
    Ok(())
}

#[tokio::test]
async fn uploads_are_repeated_after_any_doubtful_end_and_publish_once() -> anyhow::Result<()> {
    let uploads = [(X, "/2/media/upload"), (Facebook, "*/photos")];
    for (platform, path) in uploads {
        for name in ["reset_before", "answer_lost", "error_after", "truncated", "invalid_json", "server_error", "unheard_of"] {
            let stack = Stack::start().await?;
            stack
                .sandbox
                .plant(json!({"platform":platform,"method":"POST","path":path,"count":2,"action":{"name":name}}))
                .await?;
            let body = post_of(platform, Kind::Images, &stack.sandbox, stack.account(platform), "pictures");
            let job = stack.submit(&body).await?.remove(0).job;

            let job = stack.run_to_the_end(&job).await?;

            assert_eq!(
                (job["status"].as_str(), job["attempt"].as_i64()),
                (Some("completed"), Some(3)),
                "{platform} {name}: {job}"
            );
            let posts = stack.sandbox.posts().await?;
            assert_eq!((posts.len(), posts[0]["media"].as_array().map(Vec::len)), (1, Some(3)), "{platform} {name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_image_that_a_platform_processes_is_waited_for_without_using_attempts() -> anyhow::Result<()> {
    for (action, status, code) in [
        (json!({"name":"processing","checks":3}), "completed", None),
        (json!({"name":"processing_failed","checks":2}), "failed", Some("media_processing_failed")),
    ] {
        let stack = Stack::start().await?;
        stack.sandbox.plant(json!({"platform":"x","method":"POST","path":"/2/media/upload","action":action})).await?;
        let body = post_of(X, Kind::Image, &stack.sandbox, &stack.x, "processed");
        let job = stack.submit(&body).await?.remove(0).job;

        let job = stack.run_to_the_end(&job).await?;

        let found = (job["status"].as_str(), job["error"]["code"].as_str(), job["attempt"].as_i64());
        assert_eq!(found, (Some(status), code, Some(1)), "{job}");
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_image_fails_the_post_and_never_turns_it_into_something_else() -> anyhow::Result<()> {
    let bad = [
        ("missing.jpg", "failed", "media_unavailable"),
        ("not-an-image.jpg", "failed", "media_type_refused"),
        ("photo-1.jpg?redirect=9", "failed", "media_url_refused"),
    ];
    for platform in BOTH {
        for (sample, status, code) in
            bad.into_iter().chain((*platform == X).then_some(("big-6mb.jpg", "failed", "media_too_large")))
        {
            let stack = Stack::start().await?;
            let media = json!([{ "url": stack.sandbox.sample("photo-1.jpg") }, { "url": stack.sandbox.sample(sample) }]);
            let body = json!({"content":{"text":"bad image","media":media},"targets":[{"accountId":stack.account(*platform),"kind":"images"}]});
            let job = stack.submit(&body).await?.remove(0).job;

            let job = stack.run_to_the_end(&job).await?;

            assert_eq!(
                (job["status"].as_str(), job["error"]["code"].as_str()),
                (Some(status), Some(code)),
                "{platform} {sample}: {job}"
            );
            assert!(stack.sandbox.posts().await?.is_empty());
        }
    }
    Ok(())
}
