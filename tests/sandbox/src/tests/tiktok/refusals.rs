//! What TikTok refuses: by rule, by cap, and on request.

use super::*;

#[tokio::test]
async fn init_calls_refuse_what_the_contract_forbids() {
    let tok = Tok::set().await;
    tok.unlimited().await;
    let public = "PUBLIC_TO_EVERYONE";
    let chunks = [
        (sent(CHUNK, CHUNK, 1), 200),
        (sent(1000, 1000, 1), 200),
        (sent(50_000_123, 10_000_000, 5), 200),
        (sent(9_000_000, CHUNK, 1), 200),
        (sent(50_000_123, 10_000_000, 6), 400),
        (sent(1000, 999, 1), 400),
        (sent(20_000_000, 5_000_000, 4), 400),
        (sent(70_000_000, 70_000_000, 1), 400),
        (sent(0, 0, 0), 400),
        (sent(4_000_000_001, 64_000_000, 62), 400),
        (json!({"source": "FILE_UPLOAD"}), 400),
        (json!({"source": "ELSEWHERE"}), 400),
        (json!({"source": "PULL_FROM_URL", "video_url": "https://elsewhere.example/v.mp4"}), 403),
    ];
    for (source, expected) in chunks {
        assert_eq!(tok.verdict(VIDEO_INIT, direct("", public, source.clone())).await.0, expected, "{source}");
    }
    let mut branded = video("", "SELF_ONLY");
    branded["post_info"]["brand_content_toggle"] = json!(true);
    let mut undeclared = video("", public);
    undeclared["post_info"]["brand_content_toggle"] = Value::Null;
    let cases = [
        (video(&"😀".repeat(1100), public), (200, "ok")),
        (video(&"😀".repeat(1101), public), (400, "invalid_param")),
        (video("", "FRIENDS"), (400, "invalid_param")),
        (video("", "FOLLOWER_OF_CREATOR"), (403, "privacy_level_option_mismatch")),
        (branded, (400, "invalid_param")),
        (undeclared, (400, "invalid_param")),
        (json!({"post_info": {}}), (400, "invalid_param")),
    ];
    for (body, (status, code)) in cases {
        assert_eq!(tok.verdict(VIDEO_INIT, body.clone()).await, (status, code.to_owned()), "{body}");
    }
    assert!(tok.posts().await.is_empty());
}

#[tokio::test]
async fn caps_and_paces_hold_until_their_time_is_over() {
    let tok = Tok::set().await;
    for n in 0..15 {
        if n % 6 == 0 {
            tok.pass(60).await;
        }
        assert_eq!(tok.verdict(VIDEO_INIT, public("")).await.0, 200);
    }
    tok.pass(60).await;
    let capped = tok.verdict(VIDEO_INIT, public("")).await;
    assert_eq!(capped, (403, "spam_risk_too_many_posts".to_owned()));
    assert_eq!(tok.verdict(CREATOR, json!({})).await, (200, "spam_risk_too_many_posts".to_owned()));
    tok.pass(86_400).await;
    for n in 0..7 {
        let expected = if n < 6 { (200, "ok") } else { (429, "rate_limit_exceeded") };
        assert_eq!(tok.verdict(VIDEO_INIT, public("")).await, (expected.0, expected.1.to_owned()));
    }
    for n in 0..21 {
        assert_eq!(tok.verdict(CREATOR, json!({})).await.0, if n < 20 { 200 } else { 429 });
    }
}

#[tokio::test]
async fn unaudited_apps_post_privately_for_few() {
    let tok = Tok::with(json!({"variant": "private"})).await;
    tok.settings(json!({"unaudited": true, "unauditedUserCap": 1})).await;
    let (_, info) = tok.call(CREATOR, json!({})).await;
    let options = json!(["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]);
    assert_eq!((&info["data"]["privacy_level_options"], &info["data"]["max_video_post_duration_sec"]), (&options, &json!(600)));
    let unaudited = (403, "unaudited_client_can_only_post_to_private_accounts".to_owned());

    assert_eq!(tok.verdict(VIDEO_INIT, video("", "MUTUAL_FOLLOW_FRIENDS")).await, unaudited);
    assert_eq!(tok.verdict(VIDEO_INIT, video("", "SELF_ONLY")).await.0, 200);
    let other = tok.stage.control("accounts", json!({"platform": "tiktok", "variant": "private"})).await;
    let tok = Tok { creator: other, ..tok };
    assert_eq!(tok.verdict(VIDEO_INIT, video("", "SELF_ONLY")).await, (403, "reached_active_user_cap".to_owned()));
    assert_eq!(tok.verdict(CREATOR, json!({})).await, (200, "reached_active_user_cap".to_owned()));
}

#[tokio::test]
async fn faults_are_answered_in_the_form_of_the_endpoint() {
    let tok = Tok::set().await;
    tok.unlimited().await;
    let cases = [
        (CREATOR, json!({"name": "temporarily_blocked"}), (200, "spam_risk_user_banned_from_posting")),
        (VIDEO_INIT, json!({"name": "temporarily_blocked"}), (403, "spam_risk_user_banned_from_posting")),
        (VIDEO_INIT, json!({"name": "rate_limited", "resetAfterSeconds": 60}), (429, "rate_limit_exceeded")),
        (VIDEO_INIT, json!({"name": "credits_depleted"}), (403, "reached_active_user_cap")),
        (VIDEO_INIT, json!({"name": "permission_missing"}), (401, "scope_not_authorized")),
        (VIDEO_INIT, json!({"name": "duplicate"}), (400, "invalid_param")),
        (VIDEO_INIT, json!({"name": "token_expired"}), (401, "access_token_invalid")),
        (VIDEO_INIT, json!({"name": "error_after", "status": 502}), (502, "internal_error")),
        (VIDEO_INIT, json!({"name": "token_revoked"}), (401, "access_token_invalid")),
        (VIDEO_INIT, json!({"name": "token_expired"}), (401, "access_token_invalid")),
    ];
    let (_, url) = tok.start(VIDEO_INIT, public("")).await;
    let account = &tok.creator["id"];
    tok.stage.fault(json!({"account": account, "path": "/tiktok-upload/*", "action": {"name": "server_error"}})).await;
    assert_eq!(tok.put(&url, CLIP, 0, CLIP.len()).await.status(), 500);
    for (path, action, (status, code)) in cases {
        tok.fault(path, action.clone()).await;
        let body = if path == CREATOR { json!({}) } else { public("") };
        assert_eq!(tok.verdict(path, body).await, (status, code.to_owned()), "{action}");
    }
}

#[tokio::test]
async fn every_documented_error_can_be_asked_for() {
    let tok = Tok::set().await;
    tok.unlimited().await;
    tok.settings(json!({"videoProcessingSeconds": 0})).await;
    let id = tok.upload(VIDEO_INIT, "taken back", "SELF_ONLY").await;
    let (_, url) = tok.start(VIDEO_INIT, public("")).await;
    let names = tok.stage.get("/_sandbox/errors").await["tiktok"].clone();
    for name in names.as_array().unwrap() {
        let name = name.as_str().unwrap();
        let (place, code) = name.split_once('/').unwrap();
        tok.fault("*", json!({"name": "error", "code": name})).await;
        match place {
            "upload" => assert_eq!(tok.put(&url, CLIP, 0, CLIP.len()).await.status().as_str(), code),
            "oauth" | "oauth-200" => {
                let (status, body) = tok.form("/v2/oauth/token/", &[]).await;
                assert_eq!((status == 200, &body["error"]), (place == "oauth-200", &json!(code)), "{name}");
            }
            "fail" => assert_eq!(tok.status(&id).await, json!({"status": "FAILED", "fail_reason": code})),
            _ => {
                let verdict = tok.verdict(VIDEO_INIT, public("")).await;
                assert_eq!(verdict, (place.parse().unwrap(), code.to_owned()));
            }
        }
    }
    assert_eq!(names.as_array().unwrap().len(), 59);
    assert!(tok.posts().await.is_empty());
    assert_eq!(tok.status(&id).await["fail_reason"], "spam_risk");
}
