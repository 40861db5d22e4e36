//! Every fault, observed as a client observes it.

use super::*;

#[tokio::test]
async fn reset_before_sends_no_byte_and_does_no_work() {
    let stage = Stage::set().await;
    stage.fault(json!({"path": "/2/tweets", "action": {"name": "reset_before"}})).await;

    let (bytes, end) = stage.raw_tweet("lost").await;

    assert!(bytes.is_empty());
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(stage.visible().await, 0);
    let entry = &stage.get("/_sandbox/requests").await["requests"][0];
    assert_eq!((&entry["fault"], &entry["status"]), (&json!("reset_before"), &Value::Null));
}

#[tokio::test]
async fn answer_lost_sends_no_byte_after_the_work() {
    let stage = Stage::set().await;
    stage.fault(json!({"path": "/2/tweets", "action": {"name": "answer_lost"}})).await;

    let (bytes, end) = stage.raw_tweet("made it").await;

    assert!(bytes.is_empty());
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(stage.visible().await, 1);
    assert_eq!(stage.tweet("made it").await.status(), 403);
}

#[tokio::test]
async fn answers_after_the_work_can_be_spoilt() {
    let cases = [
        (json!({"name": "error_after"}), 503),
        (json!({"name": "error_after", "status": 500}), 500),
        (json!({"name": "truncated"}), 201),
        (json!({"name": "invalid_json"}), 201),
    ];
    for (action, status) in cases {
        let stage = Stage::set().await;
        stage.fault(json!({"action": action})).await;

        let answer = stage.tweet("done").await;

        assert_eq!(answer.status().as_u16(), status, "{action}");
        let read = answer.json::<Value>().await;
        assert_eq!(read.is_ok(), action["name"] == "error_after", "{action}");
        assert_eq!(stage.visible().await, 1, "{action}");
    }
}

#[tokio::test]
async fn truncated_body_ends_before_its_promised_length() {
    let stage = Stage::set().await;
    stage.fault(json!({"action": {"name": "truncated"}})).await;

    let (bytes, _) = stage.raw_tweet("half").await;

    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(!body.is_empty());
    assert!(body.len() < promised.parse::<usize>().unwrap());
}

#[tokio::test]
async fn slow_and_delayed_answers_are_right() {
    let stage = Stage::set().await;
    stage.fault(json!({"action": {"name": "slow_body", "ms": 5, "chunks": 4}})).await;
    stage.fault(json!({"action": {"name": "delay", "ms": 20}})).await;

    let (slow, _) = json_of(stage.tweet("slow").await).await;
    let (late, _) = json_of(stage.tweet("late").await).await;

    assert_eq!((slow, late), (201, 201));
    assert_eq!(stage.visible().await, 2);
}

#[tokio::test]
async fn refusals_do_no_work_and_look_like_the_platforms_own() {
    let cases = [
        ("token_expired", 401, 401, 190),
        ("server_error", 500, 500, 1),
        ("duplicate", 403, 400, 506),
        ("credits_depleted", 402, 400, 3),
        ("permission_missing", 403, 403, 200),
        ("invalid_content", 400, 400, 100),
        ("temporarily_blocked", 403, 400, 368),
        ("token_revoked", 401, 401, 190),
    ];
    let stage = Stage::set().await;
    for (name, on_x, on_facebook, code) in cases {
        stage.fault(json!({"count": 2, "action": {"name": name}})).await;

        let (x, _) = json_of(stage.tweet(name).await).await;
        let (facebook, body) = json_of(stage.publish(&[("message", name)]).await).await;

        assert_eq!((x, facebook), (on_x, on_facebook), "{name}");
        assert_eq!(body["error"]["code"], code, "{name}");
    }
    assert_eq!(stage.visible().await, 0);
    assert_eq!(stage.tweet("revoked for good").await.status(), 401);
    let (_, body) = json_of(stage.publish(&[("message", "revoked")]).await).await;
    assert_eq!(body["error"]["error_subcode"], 458);
}

#[tokio::test]
async fn rate_limits_say_when_to_come_back() {
    let stage = Stage::set().await;
    let action = json!({"name": "rate_limited", "resetAfterSeconds": 90});
    stage.fault(json!({"count": 2, "action": action})).await;

    let x = stage.tweet("too fast").await;
    let facebook = stage.publish(&[("message", "too fast")]).await;

    let now = "2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp();
    assert_eq!(x.status(), 429);
    assert_eq!(x.headers()["x-rate-limit-remaining"], "0");
    assert_eq!(x.headers()["x-rate-limit-reset"], (now + 90).to_string());
    let usage = facebook.headers()["x-business-use-case-usage"].to_str().unwrap();
    let usage: Value = serde_json::from_str(usage).unwrap();
    let page = stage.page["id"].as_str().unwrap();
    assert_eq!(usage[page][0]["estimated_time_to_regain_access"], 2);
    assert_eq!(json_of(facebook).await.1["error"]["code"], 4);
}

#[tokio::test]
async fn any_answer_can_be_asked_for() {
    let stage = Stage::set().await;
    let action = json!({"name": "respond", "status": 200, "body": {"a": 1}, "headers": {"x-a": "b"}});
    stage.fault(json!({"action": action})).await;
    stage.fault(json!({"action": {"name": "unheard_of"}})).await;

    let first = stage.tweet("one").await;
    let (second, body) = json_of(stage.tweet("two").await).await;

    assert_eq!(first.headers()["x-a"], "b");
    assert_eq!(json_of(first).await, (200, json!({"a": 1})));
    assert_eq!((second, body), (418, json!({"surprise": true})));
    assert_eq!(stage.visible().await, 0);
}

#[tokio::test]
async fn held_calls_go_on_when_released() {
    for (name, visible_while_held) in [("hold_before", 0), ("hold_after", 1)] {
        let stage = Stage::set().await;
        let fault = stage.fault(json!({"action": {"name": name}})).await;
        let held = tokio::spawn(stage.tweeting(&json!({"text": "held"})).send());

        let fired = stage.get(&format!("/_sandbox/faults/{fault}/fired?wait=5")).await;
        assert_eq!(fired["fired"], 1, "{name}");
        assert_eq!(stage.visible().await, visible_while_held, "{name}");

        stage.control(&format!("faults/{fault}/release"), json!({})).await;
        assert_eq!(held.await.unwrap().unwrap().status(), 201, "{name}");
        assert_eq!(stage.visible().await, 1, "{name}");
    }
}

#[tokio::test]
async fn rules_choose_calls_by_path_account_and_number() {
    let stage = Stage::set().await;
    let rule = json!({
        "platform": "x", "method": "POST", "path": "/2/twe*", "account": stage.user["id"],
        "skip": 1, "count": 2, "action": {"name": "server_error", "status": 503},
    });
    let fault = stage.fault(rule).await;
    stage.fault(json!({"account": "someone else", "action": {"name": "duplicate"}})).await;

    let mut statuses = Vec::new();
    for text in ["a", "b", "c", "d"] {
        statuses.push(stage.tweet(text).await.status().as_u16());
    }

    assert_eq!(statuses, [201, 503, 503, 201]);
    let list = stage.get("/_sandbox/faults").await;
    assert_eq!((&list["faults"][0]["id"], &list["faults"][0]["fired"]), (&json!(fault), &json!(2)));
    assert_eq!(list["faults"][1]["fired"], 0);
}

#[tokio::test]
async fn wrong_rules_are_refused_and_quiet_faults_time_out() {
    let stage = Stage::set().await;
    let url = stage.url("/_sandbox/faults");
    let unknown = stage.http.post(url).json(&json!({"action": {"name": "explode"}}));

    let (status, body) = json_of(unknown.send().await.unwrap()).await;
    let fault = stage.fault(json!({"action": {"name": "duplicate"}})).await;
    let quiet = stage.url(&format!("/_sandbox/faults/{fault}/fired?wait=0.01"));
    let quiet = stage.http.get(quiet).send().await.unwrap();

    assert_eq!(status, 422);
    assert!(body["error"].as_str().unwrap().contains("answer_lost"));
    assert_eq!(quiet.status(), 408);
}

#[tokio::test]
async fn removing_a_fault_ends_the_calls_it_holds_without_work() {
    let stage = Stage::set().await;
    let fault = stage.fault(json!({"action": {"name": "hold_before"}})).await;
    let held = tokio::spawn(stage.tweeting(&json!({"text": "held"})).send());
    stage.get(&format!("/_sandbox/faults/{fault}/fired?wait=5")).await;

    stage.http.delete(stage.url("/_sandbox/faults")).send().await.unwrap();

    assert!(held.await.unwrap().is_err());
    assert_eq!(stage.visible().await, 0);
}
