//! Who may call: tokens, scopes, owners.

use sha2::{Digest, Sha256};

use super::*;

#[tokio::test]
async fn calls_need_their_path_token_scope_and_owner() {
    let tok = Tok::with(json!({"scopes": ["user.info.basic", "video.upload"]})).await;
    let (id, _) = tok.start(INBOX_INIT, public("")).await;
    let which = json!({"publish_id": id});
    let cases = [
        (STATUS.trim_end_matches('/'), (404, "unsupported_path")),
        ("/v2/user/info/?fields=open_id", (404, "unsupported_path")),
        (VIDEO_INIT, (401, "scope_not_authorized")),
        (CREATOR, (401, "scope_not_authorized")),
        (LIST, (401, "scope_not_authorized")),
        (STATUS, (200, "ok")),
    ];
    for (path, (status, code)) in cases {
        assert_eq!(tok.verdict(path, which.clone()).await, (status, code.to_owned()), "{path}");
    }
    assert_eq!(tok.verdict(PHOTO_INIT, tok.photos(&["story.jpg"])).await, (401, "scope_not_authorized".to_owned()));
    assert_eq!(tok.verdict(STATUS, json!({"publish_id": "v_pub"})).await, (400, "invalid_publish_id".to_owned()));
    let info = async |fields: &str| {
        let url = tok.stage.url(&format!("/v2/user/info/?fields={fields}"));
        json_of(tok.stage.http.get(url).bearer_auth(tok.creator["accessToken"].as_str().unwrap()).send().await.unwrap()).await
    };
    let (status, body) = info("open_id,display_name").await;
    let user = json!({"open_id": tok.creator["id"], "display_name": tok.creator["name"]});
    assert_eq!((status, &body["data"]["user"]), (200, &user));
    assert_eq!(info("open_id,username").await.1["error"]["code"], "scope_permission_missed");
    assert_eq!(info("open_id,nonsense").await.0, 400);

    let other = tok.stage.control("accounts", json!({"platform": "tiktok"})).await;
    assert!(other["id"].as_str().unwrap().starts_with("_000"));
    let tok = Tok { creator: other, ..tok };
    let foreign = (400, "token_not_authorized_for_specified_publish_id".to_owned());
    assert_eq!(tok.verdict(STATUS, which.clone()).await, foreign);
    let tok = Tok { creator: json!({"accessToken": tok.creator["refreshToken"]}), ..tok };
    assert_eq!(tok.verdict(STATUS, which).await, (401, "access_token_invalid".to_owned()));
}

#[tokio::test]
async fn tokens_rotate_expire_and_can_be_revoked() {
    let mut tok = Tok::set().await;
    let refresh = async |tok: &Tok, token: &Value| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())];
        tok.form("/v2/oauth/token/", &fields).await
    };
    let old = tok.creator["refreshToken"].clone();

    let (status, new) = refresh(&tok, &old).await;
    assert_eq!((status, &new["expires_in"], &new["open_id"]), (200, &json!(7200), &tok.creator["id"]));
    assert_eq!(tok.verdict(CREATOR, json!({})).await, (401, "access_token_invalid".to_owned()));
    let (status, refused) = refresh(&tok, &old).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    tok.creator["accessToken"] = new["access_token"].clone();
    assert_eq!(tok.verdict(CREATOR, json!({})).await.0, 200);
    tok.pass(7200).await;
    assert_eq!(tok.verdict(CREATOR, json!({})).await.0, 401);
    let (_, newer) = refresh(&tok, &new["refresh_token"]).await;
    let token = newer["access_token"].as_str().unwrap();
    assert_eq!(tok.form("/v2/oauth/revoke/", &[("token", token)]).await, (200, json!({})));
    tok.creator["accessToken"] = newer["access_token"].clone();
    assert_eq!(tok.verdict(CREATOR, json!({})).await.0, 401);
    assert_eq!(refresh(&tok, &newer["refresh_token"]).await.0, 400);
    assert_eq!(tok.form("/v2/oauth/token/", &[("grant_type", "password")]).await.1["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn codes_work_once_and_desktop_apps_prove_themselves() {
    let mut tok = Tok::set().await;
    let verifier = "v".repeat(43);
    let challenge: String = Sha256::digest(&verifier).iter().map(|byte| format!("{byte:02x}")).collect();
    let code = format!("code.{}*1*{challenge}!0", tok.creator["id"].as_str().unwrap());
    let trade = async |tok: &Tok, redirect: &str, verifier: &str| {
        let fields =
            [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", redirect), ("code_verifier", verifier)];
        tok.form("/v2/oauth/token/", &fields).await
    };

    assert_eq!(trade(&tok, "http://web.example/back", &verifier).await.1["error"], "invalid_request");
    assert_eq!(trade(&tok, "http://localhost:9/back", "wrong").await.1["error"], "invalid_request");
    let (status, tokens) = trade(&tok, "http://localhost:9/back", &verifier).await;
    assert_eq!((status, tokens["scope"].as_str().unwrap().split(',').count()), (200, 6));
    assert_eq!(trade(&tok, "http://localhost:9/back", &verifier).await.1["error"], "invalid_grant");
    tok.creator["accessToken"] = tokens["access_token"].clone();
    assert_eq!(tok.verdict(CREATOR, json!({})).await.0, 200);
    tok.settings(json!({"clientKey": "other"})).await;
    assert_eq!(tok.form("/v2/oauth/token/", &[("grant_type", "refresh_token")]).await.1["error"], "invalid_client");
}
