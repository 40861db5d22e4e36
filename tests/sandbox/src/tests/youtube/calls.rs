//! Tokens, scopes, quotas and errors, which every call has in common.

use super::*;

const ME: &str = "/youtube/v3/channels?part=id&mine=true";

async fn token(channel: &Channel, form: &[(&str, &str)]) -> (u16, Value) {
    json_of(channel.stage.http.post(channel.stage.url("/token")).form(form).send().await.unwrap()).await
}

/// The status of a plain read with a token.
async fn me(channel: &Channel, token: &str) -> u16 {
    let request = channel.stage.http.get(channel.stage.url(ME)).bearer_auth(token);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn refresh_tokens_stay_and_access_tokens_end() {
    let channel = Channel::set().await;
    let old = channel.account["accessToken"].as_str().unwrap();
    let refresh = channel.account["refreshToken"].as_str().unwrap();
    assert!(old.starts_with("ya29.") && refresh.starts_with("1//"));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", "sandbox-client-id"),
        ("client_secret", "sandbox-client-secret"),
    ];

    let (status, first) = token(&channel, &form).await;
    let (_, second) = token(&channel, &form).await;

    assert_eq!((status, &first["expires_in"], &first["token_type"]), (200, &json!(3599), &json!("Bearer")));
    assert!(first.get("refresh_token").is_none());
    assert!(first["scope"].as_str().unwrap().contains("https://www.googleapis.com/auth/youtube.upload"));
    let tokens = [old, first["access_token"].as_str().unwrap(), second["access_token"].as_str().unwrap()];
    for token in tokens {
        assert_eq!(me(&channel, token).await, 200);
    }
    let info = channel.stage.get(&format!("/tokeninfo?access_token={}", tokens[2])).await;
    let posted = channel.stage.http.post(channel.stage.url("/tokeninfo")).bearer_auth(tokens[2]);
    assert_eq!((&info["expires_in"], posted.send().await.unwrap().status().as_u16()), (&json!("3599"), 200));
    channel.later(3600).await;
    for token in tokens {
        assert_eq!(me(&channel, token).await, 401);
    }
}

#[tokio::test]
async fn token_requests_are_checked_and_revoking_takes_everything() {
    let channel = Channel::set().await;
    channel.settings(json!({"clientId": "app", "clientSecret": "secret"})).await;
    let refresh = channel.account["refreshToken"].as_str().unwrap();
    let good = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", "app"), ("client_secret", "secret")];
    let cases = [
        (0, "password", 400, "unsupported_grant_type"),
        (0, "authorization_code", 400, "invalid_request"),
        (1, "1//unknown", 400, "invalid_grant"),
        (1, "", 400, "invalid_request"),
        (2, "other", 401, "invalid_client"),
        (3, "wrong", 401, "invalid_client"),
    ];
    for (n, value, status, error) in cases {
        let mut form = good;
        form[n].1 = value;
        let (found, body) = token(&channel, &form).await;
        assert_eq!((found, &body["error"]), (status, &json!(error)), "{value}");
    }
    let revoke = async || {
        let request = channel.stage.http.post(channel.stage.url("/revoke")).form(&[("token", refresh)]);
        json_of(request.send().await.unwrap()).await
    };
    assert_eq!(revoke().await, (200, json!({})));
    assert_eq!(revoke().await.1["error"], "invalid_token");
    assert_eq!(me(&channel, channel.account["accessToken"].as_str().unwrap()).await, 401);
    let (status, body) = token(&channel, &good).await;
    assert_eq!((status, &body["error_description"]), (400, &json!("Token has been expired or revoked.")));
}

#[tokio::test]
async fn scopes_open_what_they_name() {
    let channel = Channel::set().await;
    let scopes = ["youtube.upload", "https://www.googleapis.com/auth/youtube.readonly"];
    let account = channel.another(json!({"scopes": scopes})).await;
    let call = |method, path: &str| channel.call_as(&account, method, path);
    let start = format!("{UPLOAD}?uploadType=resumable&part=snippet");
    let comment = json!({"snippet": {}});

    let upload = call(Method::POST, &start).json(&titled("Film")).send().await.unwrap();
    let read = call(Method::GET, ME).send().await.unwrap();
    let update = call(Method::PUT, "/youtube/v3/videos?part=snippet").json(&titled("x")).send().await.unwrap();
    let comment = call(Method::POST, "/youtube/v3/commentThreads?part=snippet").json(&comment).send().await.unwrap();

    assert_eq!([upload.status().as_u16(), read.status().as_u16(), update.status().as_u16()], [200, 200, 403]);
    assert!(comment.headers()["www-authenticate"].to_str().unwrap().contains("insufficient_scope"));
    let (status, body) = json_of(comment).await;
    assert_eq!((status, reason(&body)), (403, "insufficientPermissions"));
    assert_eq!(body["error"]["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    let anonymous = channel.stage.http.get(channel.stage.url(ME)).send().await.unwrap();
    assert_eq!(reason(&json_of(anonymous).await.1), "required");
    let nowhere = channel.call(Method::GET, "/youtube/v3/nothing").send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
}

#[tokio::test]
async fn quotas_last_until_midnight_in_los_angeles() {
    let channel = Channel::set().await;
    channel.settings(json!({"insertQuota": 2, "unitsQuota": 51})).await;
    let start = async || channel.start(&titled("Film"), 10).await.status().as_u16();
    assert_eq!([start().await, start().await, start().await], [200, 200, 403]);

    // 1 unit for a read, 1 for a refused delete, and then 50 are too many.
    let mut statuses = vec![channel.get(ME).await.0];
    for _ in 0..2 {
        let delete = channel.call(Method::DELETE, "/youtube/v3/videos?id=AAAAAAAAAAA");
        statuses.push(delete.send().await.unwrap().status().as_u16());
    }
    let (last, body) = channel.post("/youtube/v3/playlistItems?part=snippet", &json!({})).await;
    assert_eq!((statuses, last, reason(&body)), (vec![200, 404, 403], 403, "quotaExceeded"));
    assert_eq!(body["error"]["errors"][0]["domain"], "youtube.quota");
    channel.stage.control("settings", json!({"rateLimits": false})).await;
    assert_eq!(start().await, 200);
    channel.stage.control("settings", json!({"rateLimits": true})).await;
    channel.stage.control("clock", json!({"now": "2026-11-23T07:59:59Z"})).await;
    assert_eq!(start().await, 403);
    channel.later(1).await;
    assert_eq!(start().await, 200);
}

#[tokio::test]
async fn a_channel_may_have_enough_for_a_day() {
    let channel = Channel::set().await;
    channel.settings(json!({"channelDailyUploads": 1})).await;
    channel.video("one", "public").await;

    let (status, body) = json_of(channel.start(&titled("two"), 10).await).await;
    channel.later(86_400).await;

    assert_eq!((status, reason(&body)), (400, "uploadLimitExceeded"));
    assert_eq!(channel.start(&titled("two"), 10).await.status(), 200);
}

#[tokio::test]
async fn every_documented_error_can_be_asked_for() {
    let channel = Channel::set().await;
    let errors = channel.stage.get("/_sandbox/errors").await;
    let names: Vec<&str> = errors["youtube"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.len() > 60 && names.contains(&"403/quotaExceeded") && names.contains(&"oauth/invalid_grant"));
    for name in names {
        channel.stage.fault(json!({"platform": "youtube", "action": {"name": "error", "code": name}})).await;

        let (status, body) = channel.get(ME).await;

        let (wanted, word) = name.split_once('/').unwrap();
        match wanted.parse::<u16>() {
            Ok(wanted) => {
                assert_eq!((status, &body["error"]["code"], reason(&body)), (wanted, &json!(wanted), word), "{name}");
                assert!(body["error"]["errors"][0]["domain"].is_string());
            }
            Err(_) => assert!(status >= 400 && body["error"] == word, "{name}"),
        }
    }
    assert_eq!(channel.get(ME).await.0, 200);
}

#[tokio::test]
async fn common_faults_have_answers_of_their_own() {
    let channel = Channel::set().await;
    let cases = [
        (json!({"name": "rate_limited", "resetAfterSeconds": 9}), 429, "rateLimitExceeded"),
        (json!({"name": "token_expired"}), 401, "authError"),
        (json!({"name": "server_error", "status": 502}), 502, "backendError"),
        (json!({"name": "error_after"}), 503, "backendError"),
        (json!({"name": "duplicate"}), 400, "failedPrecondition"),
        (json!({"name": "credits_depleted"}), 403, "accessNotConfigured"),
        (json!({"name": "permission_missing"}), 403, "insufficientPermissions"),
        (json!({"name": "invalid_content"}), 400, "invalidVideoMetadata"),
        (json!({"name": "temporarily_blocked"}), 403, "authenticatedUserAccountSuspended"),
        (json!({"name": "token_revoked"}), 401, "authError"),
    ];
    for (action, status, expected) in cases {
        channel.stage.fault(json!({"account": channel.account["id"], "action": action})).await;
        let (found, body) = channel.get(ME).await;
        assert_eq!((found, reason(&body)), (status, expected), "{action}");
    }
    assert_eq!(channel.get(ME).await.0, 401);
    let form = [("refresh_token", channel.account["refreshToken"].as_str().unwrap())];
    channel.stage.fault(json!({"account": channel.account["id"], "action": {"name": "token_revoked"}})).await;
    assert_eq!(token(&channel, &form).await.1["error"], "invalid_grant");
}
