//! Usage that climbs, and the count of calls that were refused for it.

use super::*;

/// A call's status, error code, and what the two headers of Meta say.
async fn read(stage: &Stage, path: &str, token: &str) -> (u16, Value, Value, Value) {
    let answer = stage.http.get(stage.url(path)).bearer_auth(token).send().await.unwrap();
    let header = |name: &str| -> Value {
        answer.headers().get(name).map_or(Value::Null, |value| serde_json::from_slice(value.as_bytes()).unwrap())
    };
    let (app, business) = (header("x-app-usage"), header("x-business-use-case-usage"));
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error"]["code"].clone(), app, business)
}

#[tokio::test]
async fn a_page_climbs_to_its_limit_and_comes_down_with_time() {
    let stage = Stage::set().await;
    let climb = json!({"usageClimb": {"perCall": 20, "start": 50}, "usageDecaySeconds": 1000});
    stage.switch(json!({"facebook": climb})).await;
    let (id, token) = (text(&stage.page, "id"), text(&stage.page, "accessToken"));
    let other = stage.control("accounts", json!({"platform": "facebook"})).await;
    let path = "/v26.0/me?fields=id";

    let (first, _, app, business) = read(&stage, path, token).await;
    read(&stage, path, token).await;
    let full = read(&stage, path, token).await;
    let of_app = read(&stage, path, text(&other, "accessToken")).await;
    stage.later(600).await;
    let later = read(&stage, path, token).await;

    assert_eq!((first, &app["call_count"], &business[id][0]["call_count"]), (200, &json!(70), &json!(70)));
    assert_eq!((&business[id][0]["type"], &business[id][0]["estimated_time_to_regain_access"]), (&json!("pages"), &json!(0)));
    assert_eq!((full.0, &full.1), (400, &json!(80_001)));
    // One more call fits once 30 % have gone, at 0.1 % a second.
    assert_eq!((&full.3[id][0]["call_count"], &full.3[id][0]["estimated_time_to_regain_access"]), (&json!(110), &json!(5)));
    assert_eq!((of_app.0, &of_app.1, &of_app.2["call_count"]), (400, &json!(4), &json!(130)));
    assert_eq!((later.0, &later.2["call_count"]), (200, &json!(90)));
    assert_eq!(stage.get("/_sandbox/state").await["throttled"]["facebook"], 2);
}

#[tokio::test]
async fn people_have_the_limit_of_the_app() {
    let stage = Stage::set().await;
    let person = stage.control("accounts", json!({"platform": "facebook", "variant": "user"})).await;
    stage.switch(json!({"facebook": {"usageClimb": {"perCall": 60}}})).await;
    let token = text(&person, "accessToken");

    let first = read(&stage, "/v26.0/me/accounts", token).await;
    let second = read(&stage, "/v26.0/me/accounts", token).await;
    stage.switch(json!({"facebook": {"usageClimb": null}})).await;
    let off = read(&stage, "/v26.0/me/accounts", token).await;

    assert_eq!((first.0, second.0, &second.1, off.0), (200, 400, &json!(4), 200));
}

#[tokio::test]
async fn an_instagram_account_climbs_in_its_own_business_case() {
    let stage = Stage::set().await;
    let account = stage.control("accounts", json!({"platform": "instagram", "variant": "instagram"})).await;
    stage.switch(json!({"instagram": {"usageClimb": {"perCall": 60, "start": 0}}})).await;
    let (id, path) = (text(&account, "id"), "/instagram/v26.0/me");

    let first = read(&stage, path, text(&account, "accessToken")).await;
    let second = read(&stage, path, text(&account, "accessToken")).await;
    stage.later(3600).await;
    let later = read(&stage, path, text(&account, "accessToken")).await;

    assert_eq!((first.0, &first.3[id][0]["call_count"]), (200, &json!(60)));
    assert_eq!((second.0, &second.1, &second.3[id][0]["type"]), (403, &json!(80_002), &json!("instagram")));
    // 80 % have to go at 100 % an hour.
    assert_eq!(second.3[id][0]["estimated_time_to_regain_access"], 48);
    assert_eq!((later.0, &later.2["call_count"]), (200, &json!(80)));
}

#[tokio::test]
async fn refusals_for_too_many_calls_are_counted_on_every_platform() {
    let stage = Stage::set().await;
    let make = async |platform: &str| stage.control("accounts", json!({"platform": platform})).await;
    let (member, creator, channel) = (make("linkedin").await, make("tiktok").await, make("youtube").await);
    let calls = [
        ("/2/users/me", text(&stage.user, "accessToken")),
        ("/v2/userinfo", text(&member, "accessToken")),
        ("/v2/user/info/?fields=open_id", text(&creator, "accessToken")),
        ("/youtube/v3/channels?part=id&mine=true", text(&channel, "accessToken")),
    ];

    for (path, token) in calls {
        stage.fault(json!({"path": path.split('?').next(), "action": {"name": "rate_limited", "resetAfterSeconds": 9}})).await;
        assert_eq!(stage.with_token(path, token).await.0, 429, "{path}");
        stage.with_token(path, token).await;
        stage.with_token(path, "wrong").await;
    }

    let counts = stage.get("/_sandbox/state").await["throttled"].clone();
    assert_eq!(counts, json!({"x": 1, "facebook": 0, "instagram": 0, "linkedin": 1, "tiktok": 1, "youtube": 1}));
}

#[tokio::test]
async fn every_answer_of_x_tells_its_windows() {
    let stage = Stage::set().await;
    let header = |answer: &Response, name: &str| -> Option<i64> {
        answer.headers().get(name).map(|value| value.to_str().unwrap().parse().unwrap())
    };
    let user = text(&stage.user, "id");
    let timeline = format!("/2/users/{user}/tweets");
    let now = "2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp();

    for (path, most) in [("/2/users/me", 75), ("/2/tweets?ids=1", 5000), ("/2/tweets/1", 900), (timeline.as_str(), 900)] {
        let answer = stage.as_user(stage.http.get(stage.url(path))).send().await.unwrap();
        let seen = ["limit", "remaining", "reset"].map(|part| header(&answer, &format!("x-rate-limit-{part}")));
        assert_eq!(seen, [Some(most), Some(most - 1), Some(now + 900)], "{path}");
    }
    let posted = stage.tweet("counted").await;
    for (family, most) in [("x-rate-limit", 100), ("x-user-limit-24hour", 2400), ("x-app-limit-24hour", 10_000)] {
        assert_eq!(header(&posted, &format!("{family}-limit")), Some(most), "{family}");
        assert_eq!(header(&posted, &format!("{family}-remaining")), Some(most - 1), "{family}");
    }
}
