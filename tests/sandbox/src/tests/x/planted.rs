//! Every documented error can be planted.

use super::*;

#[tokio::test]
async fn every_error_answers_with_its_status_and_a_body_to_read() {
    let stage = Stage::set().await;
    let names = stage.get("/_sandbox/errors").await["x"].clone();
    let names = names.as_array().unwrap();
    assert!(names.len() > 40);

    for name in names {
        let fault = json!({"platform": "x", "account": stage.user["id"], "action": {"name": "error", "code": name}});
        stage.fault(fault).await;
        let (status, body) = json_of(stage.tweet("never").await).await;

        let name = name.as_str().unwrap();
        match name.strip_prefix("v1/") {
            Some(code) => assert_eq!(body["errors"][0]["code"].to_string(), code),
            None => assert!(name.starts_with(&format!("{status}/")), "{name}: {status}"),
        }
        assert!(body.is_object() && status >= 400, "{name}: {body}");
    }
    assert_eq!(stage.visible().await, 0);
    assert_eq!(stage.tweet("after all").await.status(), 201);
}

#[tokio::test]
async fn full_days_can_be_planted() {
    let stage = Stage::set().await;
    let now = "2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp();
    for (name, family) in [("429/user-24hour", "x-user-limit-24hour"), ("429/app-24hour", "x-app-limit-24hour")] {
        stage.fault(json!({"platform": "x", "action": {"name": "error", "code": name}})).await;

        let answer = stage.tweet("full").await;

        assert_eq!(answer.headers()[format!("{family}-remaining")], "0");
        assert_eq!(answer.headers()[format!("{family}-reset")], (now + 86_400).to_string());
    }
}

#[tokio::test]
async fn refreshes_are_refused_in_the_words_of_oauth_and_belong_to_an_account() {
    let stage = Stage::set().await;
    let rule = json!({"path": "/2/oauth2/token", "account": stage.user["id"], "action": {"name": "token_revoked"}});
    stage.fault(rule).await;
    let token = stage.user["refreshToken"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "sandbox-client-id")];
    let refresh = async || json_of(stage.http.post(stage.url("/2/oauth2/token")).form(&form).send().await.unwrap()).await;

    let (first, second) = (refresh().await, refresh().await);

    assert_eq!((first.0, &first.1["error"]), (400, &json!("invalid_request")));
    assert_eq!(second.0, 400);
    assert_eq!(stage.tweet("gone").await.status(), 401);
}
