//! The API's manners: what it refuses and how it says so, lists, waiting, following, deciding.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use shared::ids::JobId;
use shared::journal::{Halt, Point};
use tests::Stack;
use tests::kinds::post_of;

fn text_post(stack: &Stack, text: &str) -> Value {
    json!({"content":{"text":text},"targets":[{"accountId":stack.x,"kind":"text"}]})
}

#[tokio::test]
async fn all_broken_rules_of_all_targets_come_at_once_each_with_its_pointer_and_limit() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let photo = stack.sandbox.sample("photo-1.jpg");
    let media: Vec<Value> = (0..5).map(|_| json!({"url":photo})).collect();
    let body = json!({
        "content": {"text": "x".repeat(281), "media": media},
        "publishAt": "tomorrow",
        "targets": [
            {"accountId": stack.x, "kind": "images"},
            {"accountId": stack.facebook, "kind": "text", "overrides": {"text": "y".repeat(63_207), "media": []}},
            {"accountId": "acc_nobody", "kind": "hologram"},
            {"accountId": stack.x, "kind": "link", "overrides": {"media": [{"url":"http://169.254.169.254/"}]}},
        ],
    });

    let (status, problem) = stack.post("/api/v1/posts", &body).await?;
    let (validated, same) = stack.post("/api/v1/posts/validate", &body).await?;

    assert_eq!((status, validated), (422, 422), "{problem}");
    assert_eq!(problem["violations"], same["violations"]);
    let found: Vec<(&str, &str, Option<i64>)> = problem["violations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|violation| {
            (violation["pointer"].as_str().unwrap_or(""), violation["code"].as_str().unwrap_or(""), violation["limit"].as_i64())
        })
        .collect();
    let wanted = [
        ("/publishAt", "invalid_time", None),
        ("/content/text", "text_too_long", Some(280)),
        ("/content/media", "too_many_media", Some(4)),
        ("/targets/1/overrides/text", "text_too_long", Some(63_206)),
        ("/targets/2/accountId", "account_unknown", None),
        ("/targets/2/kind", "kind_unknown", None),
        ("/targets/3/accountId", "duplicate_target", None),
        ("/content/link", "link_required", None),
        ("/targets/3/overrides/media", "media_not_allowed", Some(0)),
        ("/targets/3/overrides/media/0/url", "media_url_refused", None),
    ];
    for violation in wanted {
        assert!(found.contains(&violation), "{violation:?} is missing from {found:#?}");
    }
    assert_eq!(stack.get("/api/v1/posts").await?["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_good_post_validates_and_leaves_nothing_behind() -> anyhow::Result<()> {
    let stack = Stack::start().await?;

    let (status, answer) = stack.post("/api/v1/posts/validate", &text_post(&stack, "fine")).await?;

    assert_eq!((status, &answer["valid"]), (200, &json!(true)));
    assert_eq!(stack.get("/api/v1/jobs").await?["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn every_kind_of_bad_request_is_a_problem_document_with_its_code() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let posts = "/api/v1/posts";
    let json_post = |body: String| stack.request(Method::POST, posts).header("content-type", "application/json").body(body);
    let unknown = json!({"content":{"text":"x","colour":"red"},"targets":[]}).to_string();
    let wrong_type = json!({"content":{"text":"x"},"targets":[{"accountId":7,"kind":"text"}]}).to_string();
    let cases = [
        (json_post("{".to_owned()), 400, "malformed_json", None),
        (json_post("{} trailing".to_owned()), 422, "invalid_field", None),
        (json_post(unknown), 422, "invalid_field", Some("/content/colour")),
        (json_post(wrong_type), 422, "invalid_field", Some("/targets/0/accountId")),
        (json_post(format!("\"{}\"", "x".repeat(api::body::BODY_MAX))), 413, "body_too_large", None),
        (stack.request(Method::POST, posts).body("text"), 415, "unsupported_media_type", None),
        (stack.request(Method::PATCH, posts), 405, "method_not_allowed", None),
        (stack.anonymous(Method::GET, posts), 401, "unauthorized", None),
        (stack.request(Method::GET, "/api/v1/nothing"), 404, "no_such_route", None),
        (stack.request(Method::GET, "/api/v1/posts/post_0"), 404, "not_found", None),
        (stack.request(Method::GET, "/api/v1/jobs?status=bored"), 400, "invalid_parameter", None),
        (stack.request(Method::GET, "/api/v1/jobs?limit=0"), 400, "bad_request", None),
        (stack.request(Method::GET, "/api/v1/jobs?limit=many"), 400, "bad_request", None),
    ];
    for (request, status, code, pointer) in cases {
        let response = request.send().await?;
        let found = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let problem: Value = serde_json::from_str(&response.text().await?)?;

        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert_eq!((content_type.as_str(), problem["status"].as_u64()), ("application/problem+json", Some(status.into())));
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        if let Some(pointer) = pointer {
            assert_eq!(problem["violations"][0]["pointer"], pointer, "{problem}");
        }
    }
    let allowed = stack.request(Method::PATCH, posts).send().await?;
    assert!(allowed.headers().get("allow").is_some_and(|methods| methods.to_str().is_ok_and(|methods| methods.contains("POST"))));
    Ok(())
}

#[tokio::test]
async fn lists_come_in_pages_and_filters_choose() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut jobs = Vec::new();
    for n in 0..5 {
        jobs.push(stack.submit_text(PlatformId::X, &format!("page {n}")).await?.to_string());
    }
    stack.run_to_the_end(&jobs[0].parse()?).await?;
    let later = stack.app.clock.now().plus(Duration::from_secs(3600)).to_string();
    let mut scheduled = text_post(&stack, "later");
    scheduled["publishAt"] = json!(later);
    stack.submit(&scheduled).await?;

    let first = stack.get("/api/v1/jobs?limit=4").await?;
    let rest = stack.get(&format!("/api/v1/jobs?limit=4&cursor={}", first["nextCursor"].as_str().unwrap_or_default())).await?;
    let count =
        async |query: &str| anyhow::Ok(stack.get(&format!("/api/v1/jobs?{query}")).await?["data"].as_array().map_or(0, Vec::len));

    assert_eq!((first["data"].as_array().map(Vec::len), rest["data"].as_array().map(Vec::len)), (Some(4), Some(2)));
    assert!(rest["nextCursor"].is_null());
    assert_eq!(rest["data"][1]["id"], jobs[0]);
    assert_eq!((count("status=completed").await?, count("status=scheduled").await?, count("lane=media").await?), (5, 1, 0));
    assert_eq!((count("kind=publish_post").await?, count("kind=no_op").await?), (6, 0));
    assert_eq!(count(&format!("postId={}", first["data"][0]["postId"].as_str().unwrap_or_default())).await?, 1);
    let posts = stack.get("/api/v1/posts?limit=2").await?;
    assert_eq!((posts["data"][0]["status"].as_str(), posts["data"].as_array().map(Vec::len)), (Some("scheduled"), Some(2)));
    assert_eq!(posts["data"][0]["publishAt"], json!(later));
    Ok(())
}

#[tokio::test]
async fn a_post_for_later_waits_for_its_time() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let at = stack.app.clock.now().plus(Duration::from_secs(600));
    let mut body = text_post(&stack, "in ten minutes");
    body["publishAt"] = json!(at.to_string());
    let job = stack.submit(&body).await?.remove(0).job;

    stack.advance(Duration::from_secs(599));
    stack.drain().await?;
    let early = stack.sandbox.posts().await?.len();
    stack.advance(Duration::from_secs(1));
    stack.drain().await?;

    assert_eq!((early, stack.sandbox.posts().await?.len()), (0, 1));
    assert_eq!(stack.job(&job).await?["status"], "completed");
    Ok(())
}

#[tokio::test]
async fn a_known_tag_saves_the_body_and_a_wait_ends_with_the_job() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let job = stack.submit_text(PlatformId::X, "waited for").await?;
    let path = format!("/api/v1/jobs/{job}");
    let first = stack.request(Method::GET, &path).send().await?;
    let tag = first.headers()["etag"].clone();

    let same = stack.request(Method::GET, &path).header("if-none-match", tag.clone()).send().await?;
    let waiting = stack.request(Method::GET, &path).header("prefer", "wait=60").send();
    let (waited, drained) = tokio::join!(waiting, stack.drain());
    drained?;
    let waited = waited?;

    assert_eq!(same.status(), 304);
    assert_ne!(waited.headers()["etag"], tag);
    assert_eq!(serde_json::from_str::<Value>(&waited.text().await?)?["status"], "completed");
    Ok(())
}

/// Reads a stream of server-sent events to its end: id and kind of each.
async fn follow(stack: &Stack, job: &JobId, last: Option<&str>) -> anyhow::Result<Vec<(String, String)>> {
    let mut request = stack.request(Method::GET, &format!("/api/v1/jobs/{job}/events"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let text = request.send().await?.text().await?;
    let field = |event: &str, name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned();
    let events = text.split("\n\n").filter(|event| event.contains("data:"));
    Ok(events.map(|event| (field(event, "id:"), field(event, "event:"))).collect())
}

#[tokio::test]
async fn a_timeline_is_followed_to_the_end_and_resumed_after_the_last_seen_event() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let job = stack.submit_text(PlatformId::X, "followed").await?;

    let (all, drained) = tokio::join!(follow(&stack, &job, None), stack.drain());
    drained?;
    let all = all?;
    let rest = follow(&stack, &job, Some(&all[1].0)).await?;

    let kinds: Vec<&str> = all.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(kinds, ["accepted", "started", "sending", "sent", "completed"]);
    assert_eq!(rest, all[2..]);
    Ok(())
}

#[tokio::test]
async fn what_has_not_begun_is_cancelled_and_what_has_is_named_with_its_phase() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let later = stack.app.clock.now().plus(Duration::from_secs(60)).to_string();
    let body = json!({"content":{"text":"cancel me"},"publishAt":later,
        "targets":[{"accountId":stack.x,"kind":"text"},{"accountId":stack.facebook,"kind":"text"}]});
    let (_, waiting) = stack.post("/api/v1/posts", &body).await?;
    let (_, begun) = stack.post("/api/v1/posts", &text_post(&stack, "too late")).await?;
    stack.drain().await?;
    let delete = async |post: &Value| {
        let answer =
            stack.request(Method::DELETE, &format!("/api/v1/posts/{}", post["id"].as_str().unwrap_or_default())).send().await?;
        anyhow::Ok((answer.status().as_u16(), serde_json::from_str::<Value>(&answer.text().await?)?))
    };

    let (cancelled, shown) = delete(&waiting).await?;
    let (again, _) = delete(&waiting).await?;
    let (refused, problem) = delete(&begun).await?;
    stack.advance(Duration::from_secs(3600));
    stack.drain().await?;

    assert_eq!((cancelled, again, refused), (200, 200, 409));
    assert_eq!(shown["status"], "cancelled");
    assert_eq!((problem["code"].as_str(), problem["phases"][0]["phase"].as_str()), (Some("already_begun"), Some("completed")));
    assert!(stack.sandbox.posts_saying("cancel me").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_running_job_stops_before_its_next_call_when_called_off() -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    let body = post_of(PlatformId::X, Kind::Images, &stack.sandbox, &stack.x, "called off");
    let job = stack.submit(&body).await?.remove(0).job;
    stack.crash_at(&job, Halt::new("upload:1", Point::Before, 1)).await?;
    let (status, noted) = stack.post(&format!("/api/v1/jobs/{job}/cancel"), &Value::Null).await?;

    let ended = stack.run_to_the_end(&job).await?;
    let (again, _) = stack.post(&format!("/api/v1/jobs/{job}/cancel"), &Value::Null).await?;

    assert_eq!((status, &noted["cancelRequested"]), (202, &json!(true)));
    assert_eq!((ended["status"].as_str(), again), (Some("cancelled"), 409));
    assert!(stack.sandbox.posts().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_failed_job_is_retried_by_hand_from_its_journal() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.fault("x", "/2/tweets", json!({"name":"invalid_content"})).await?;
    let body = post_of(PlatformId::X, Kind::Images, &stack.sandbox, &stack.x, "second try");
    let job = stack.submit(&body).await?.remove(0).job;
    let failed = stack.run_to_the_end(&job).await?;

    let (status, retried) = stack.post(&format!("/api/v1/jobs/{job}/retry"), &Value::Null).await?;
    let done = stack.run_to_the_end(&job).await?;
    let (again, problem) = stack.post(&format!("/api/v1/jobs/{job}/retry"), &Value::Null).await?;

    assert_eq!((failed["status"].as_str(), status, retried["status"].as_str()), (Some("failed"), 202, Some("queued")));
    assert_eq!((done["status"].as_str(), &done["error"]), (Some("completed"), &Value::Null));
    assert_eq!((again, problem["code"].as_str()), (409, Some("cannot_retry")));
    let requests = stack.sandbox.requests("x").await?;
    assert_eq!(requests.iter().filter(|request| request["path"] == "/2/media/upload").count(), 3, "uploads are not repeated");
    Ok(())
}

#[tokio::test]
async fn a_person_decides_what_nobody_knows() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.plant(json!({"platform":"x","path":"/2/tweets","count":3,"action":{"name":"server_error"}})).await?;
    let job = stack.submit_text(PlatformId::X, "nobody knows").await?;
    let blocked = stack.run_to_the_end(&job).await?;
    let path = |verb: &str| format!("/api/v1/jobs/{job}/{verb}");

    let (retry, needs) = stack.post(&path("retry"), &Value::Null).await?;
    let (incomplete, _) = stack.post(&path("resolve"), &json!({"outcome":"published"})).await?;
    let (resolved, _) = stack.post(&path("resolve"), &json!({"outcome":"send_again"})).await?;
    let done = stack.run_to_the_end(&job).await?;
    let (late, problem) = stack.post(&path("resolve"), &json!({"outcome":"send_again"})).await?;

    assert_eq!((blocked["status"].as_str(), blocked["error"]["code"].as_str()), (Some("blocked"), Some("outcome_unknown")));
    assert_eq!((retry, needs["code"].as_str()), (409, Some("needs_resolution")));
    assert_eq!((incomplete, resolved, late), (422, 202, 409), "{problem}");
    assert_eq!(done["status"], "completed");
    assert_eq!(stack.sandbox.posts().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn readiness_names_what_is_missing_and_metrics_tell_what_happened() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.sandbox.fault("x", "/2/tweets", json!({"name":"invalid_content"})).await?;
    let refused = stack.submit_text(PlatformId::X, "refused").await?;
    stack.run_to_the_end(&refused).await?;
    let job = stack.submit_text(PlatformId::X, "counted").await?;
    stack.run_to_the_end(&job).await?;
    stack.submit_text(PlatformId::X, "waiting").await?;

    let ready = stack.anonymous(Method::GET, "/readyz").send().await?;
    let status = ready.status().as_u16();
    let parts: Value = serde_json::from_str(&ready.text().await?)?;
    let metrics = stack.anonymous(Method::GET, "/metrics").send().await?.text().await?;

    assert_eq!(status, 503);
    assert_eq!((parts["parts"]["database"].as_str(), parts["parts"]["redis"].as_str()), (Some("ok"), Some("ok")));
    assert_eq!(
        (parts["parts"]["scheduler"].as_str(), parts["parts"]["worker:publish"].as_str()),
        (Some("none alive"), Some("none alive"))
    );
    for line in [
        "pressroom_posts_accepted_total 3",
        "pressroom_job_attempts_total{kind=\"publish_post\"} 2",
        "pressroom_publish_outcomes_total{platform=\"x\",class=\"published\"} 1",
        "pressroom_publish_outcomes_total{platform=\"x\",class=\"rejected\"} 1",
        "pressroom_job_lateness_seconds_count{lane=\"publish\"} 2",
        "pressroom_job_lateness_seconds_bucket{lane=\"publish\",le=\"+Inf\"} 2",
        "pressroom_queue_depth{lane=\"publish\"} 1",
        "pressroom_queue_oldest_seconds{lane=\"publish\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing from\n{metrics}");
    }
    let ends = "pressroom_api_version_days_left{platform=\"linkedin\",version=\"202609\"} ";
    assert!(metrics.contains(ends), "{ends} is missing from\n{metrics}");
    Ok(())
}

#[tokio::test]
async fn what_platforms_take_is_served_as_it_is_checked() -> anyhow::Result<()> {
    let stack = Stack::start().await?;

    let listed = stack.get("/api/v1/platforms").await?;

    let platforms = listed["data"].as_array().cloned().unwrap_or_default();
    assert_eq!(platforms.len(), PlatformId::ALL.len());
    for (platform, shown) in PlatformId::ALL.iter().zip(&platforms) {
        let rules = shared::platforms::rules(*platform);
        assert_eq!(shown["id"], platform.to_string());
        let kinds: Vec<String> = rules.kinds.iter().map(|rule| rule.kind.to_string()).collect();
        let named: Vec<&str> = shown["kinds"].as_array().into_iter().flatten().filter_map(|kind| kind["kind"].as_str()).collect();
        assert_eq!(named, kinds, "{platform}");
        assert!(shown["scopes"].as_array().is_some_and(|scopes| !scopes.is_empty()), "{platform}");
        for (kind, rule) in shown["kinds"].as_array().into_iter().flatten().zip(rules.kinds) {
            assert_eq!(kind["text"]["max"].as_i64().unwrap_or(0), rule.text.max, "{platform} {}", rule.kind);
            assert_eq!(kind["files"].as_array().map(Vec::len), Some(rule.files.len()), "{platform} {}", rule.kind);
            assert_eq!(kind["required"].to_string().contains("\"media\""), rule.media.0 > 0, "{platform} {}", rule.kind);
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_option_that_a_platform_lacks_or_a_word_that_it_does_not_know_is_refused_with_those_it_has() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let body = json!({
        "content": {"text": "chosen", "title": "Chosen", "media": [{"url": stack.sandbox.sample("vertical.mp4")}]},
        "targets": [
            {"accountId": stack.facebook, "kind": "video", "options": {"replySettings": "everyone"}},
            {"accountId": stack.account(PlatformId::Youtube), "kind": "short", "options": {"privacy": "secret"}},
            {"accountId": stack.account(PlatformId::Tiktok), "kind": "video"},
        ],
    });

    let (status, problem) = stack.post("/api/v1/posts", &body).await?;

    assert_eq!(status, 422, "{problem}");
    let found: Vec<(String, String)> = problem["violations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (one["pointer"].as_str().unwrap_or("").to_owned(), one["code"].as_str().unwrap_or("").to_owned()))
        .collect();
    for (pointer, code) in [
        ("/targets/0/options/replySettings", "option_unsupported"),
        ("/targets/1/options/privacy", "option_invalid"),
        ("/targets/1/options/madeForKids", "option_required"),
        ("/targets/2/options/privacy", "option_required"),
    ] {
        assert!(found.contains(&(pointer.to_owned(), code.to_owned())), "{pointer} {code} is missing from {found:#?}");
    }
    Ok(())
}
