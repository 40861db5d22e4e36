use sha2::{Digest, Sha256};

use super::*;

const PLACE: &str = "http://127.0.0.1:3000/back";
const ASKED: &[(&str, &str)] = &[
    ("client_key", "sandbox-client-key"),
    ("response_type", "code"),
    ("scope", "user.info.basic,user.info.profile,video.publish"),
    ("redirect_uri", PLACE),
    ("state", "state"),
];

fn page(changes: &[(&str, &str)]) -> String {
    address("/v2/auth/authorize/", &changed(ASKED, changes))
}

async fn trade(stage: &Stage, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let fields = [
        ("client_key", "sandbox-client-key"),
        ("client_secret", "sandbox-client-secret"),
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", PLACE),
    ];
    stage.form("/v2/oauth/token/", &changed(&fields, changes)).await
}

#[tokio::test]
async fn a_code_becomes_tokens_for_the_ticked_scopes() {
    let stage = Stage::set().await;
    let creator = stage.control("accounts", json!({"platform": "tiktok"})).await;

    let url = stage.sent_to(&page(&[]), json!({"scopes": ["user.info.basic", "video.publish"]})).await;
    let code = value(&url, "code").unwrap();
    let (status, tokens) = trade(&stage, &code, &[]).await;
    let token = text(&tokens, "access_token");
    let basic = stage.with_token("/v2/user/info/?fields=open_id,display_name", token).await;
    let profile = stage.with_token("/v2/user/info/?fields=username", token).await;

    assert!(code.contains('*') && code.contains('!'), "{code}");
    assert_eq!(value(&url, "scopes").as_deref(), Some("user.info.basic,video.publish"));
    assert_eq!((status, &tokens["open_id"], &tokens["scope"]), (200, &creator["id"], &json!("user.info.basic,video.publish")));
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&json!(7200), &json!(15_552_000)));
    assert_eq!((basic.0, profile.1["error"]["code"].clone()), (200, json!("scope_permission_missed")));
}

#[tokio::test]
async fn a_challenge_is_proved_in_hexadecimal() {
    let stage = Stage::set().await;
    stage.control("accounts", json!({"platform": "tiktok"})).await;
    let hex: String = Sha256::digest(VERIFIER).iter().map(|byte| format!("{byte:02x}")).collect();
    let with = |challenge: &str| page(&[("code_challenge", challenge), ("code_challenge_method", "S256")]);
    let (right, usual) = (stage.code(&with(&hex), json!({})).await, stage.code(&with(CHALLENGE), json!({})).await);

    let missing = trade(&stage, &right, &[]).await;
    let proved = trade(&stage, &right, &[("code_verifier", VERIFIER)]).await;
    let elsewhere = trade(&stage, &usual, &[("code_verifier", VERIFIER)]).await;

    assert_eq!((missing.1["error"].clone(), proved.0), (json!("invalid_request"), 200));
    assert_eq!(elsewhere.1["error_description"], "Code verifier or code challenge is invalid.");
}

#[tokio::test]
async fn codes_work_once_for_a_short_time_and_one_address() {
    let stage = Stage::set().await;
    stage.control("accounts", json!({"platform": "tiktok"})).await;
    let (code, late) = (stage.code(&page(&[]), json!({})).await, stage.code(&page(&[]), json!({})).await);

    let differs = trade(&stage, &code, &[("redirect_uri", "http://127.0.0.1:3001/back")]).await;
    let once = trade(&stage, &code, &[]).await;
    let twice = trade(&stage, &code, &[]).await;
    stage.later(600).await;
    let late = trade(&stage, &late, &[]).await;
    let secret = trade(&stage, "any", &[("client_secret", "wrong")]).await;
    let refused = stage.sent_to(&page(&[]), json!({"decision": "deny"})).await;
    let query = stage.decide(&page(&[("redirect_uri", "https://app.example/back?a=1")]), json!({})).await;

    assert_eq!((once.0, &differs.1["error"]), (200, &json!("invalid_request")));
    assert_eq!(
        (&twice.1["error"], &late.1["error"], &secret.1["error"]),
        (&json!("invalid_grant"), &json!("invalid_grant"), &json!("invalid_client"))
    );
    assert_eq!((value(&refused, "error").unwrap(), query.0), ("access_denied".to_owned(), 400));
}
