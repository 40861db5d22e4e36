use super::*;

const ASKED: &[(&str, &str)] = &[
    ("response_type", "code"),
    ("client_id", "sandbox-client-id"),
    ("redirect_uri", BACK),
    ("state", "state"),
    ("scope", "openid profile w_member_social w_organization_social rw_organization_admin"),
];

fn page(changes: &[(&str, &str)]) -> String {
    address("/oauth/v2/authorization", &changed(ASKED, changes))
}

async fn trade(stage: &Stage, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("client_id", "sandbox-client-id"),
        ("client_secret", "sandbox-client-secret"),
    ];
    stage.form("/oauth/v2/accessToken", &changed(&fields, changes)).await
}

async fn family(stage: &Stage) -> (Value, Value) {
    let ann = stage.control("accounts", json!({"platform": "linkedin", "name": "Ann Example", "person": "ann"})).await;
    let acme = json!({"platform": "linkedin", "variant": "organization", "name": "Acme", "person": "ann"});
    (ann, stage.control("accounts", acme).await)
}

#[tokio::test]
async fn a_members_organisations_come_along() {
    let stage = Stage::set().await;
    let (ann, acme) = family(&stage).await;

    let code = stage.code(&page(&[]), json!({"accounts": [acme["id"]]})).await;
    let (status, tokens) = trade(&stage, &code, &[]).await;
    let token = text(&tokens, "access_token");
    let (_, info) = stage.with_token("/v2/userinfo", token).await;
    let request = stage.http.get(stage.url("/rest/organizationAcls?q=roleAssignee")).bearer_auth(token);
    let request = request.header("LinkedIn-Version", "202609").header("X-Restli-Protocol-Version", "2.0.0");
    let (_, acls) = json_of(request.send().await.unwrap()).await;

    assert_eq!((status, &tokens["expires_in"], tokens.get("refresh_token")), (200, &json!(5_184_000), None));
    assert!(tokens["id_token"].is_string());
    assert_eq!((&info["sub"], &info["name"]), (&ann["id"], &json!("Ann Example")));
    assert_eq!(acls["elements"][0]["organization"], format!("urn:li:organization:{}", text(&acme, "id")));
    assert_eq!(acls["elements"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn partners_get_refresh_tokens_whose_life_never_grows() {
    let stage = Stage::set().await;
    let (ann, _) = family(&stage).await;
    stage.switch(json!({"linkedin": {"partner": true, "accessTokenSeconds": 60, "refreshTokenSeconds": 600}})).await;
    let code = stage.code(&page(&[]), json!({})).await;
    let (_, first) = trade(&stage, &code, &[]).await;
    let refresh = async || {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&first, "refresh_token")),
            ("client_id", "sandbox-client-id"),
            ("client_secret", "sandbox-client-secret"),
        ];
        stage.form("/oauth/v2/accessToken", &fields).await
    };

    stage.later(100).await;
    let expired = stage.with_token("/v2/userinfo", text(&first, "access_token")).await;
    let (status, second) = refresh().await;
    stage.later(500).await;
    let ended = refresh().await;

    assert_eq!((&first["refresh_token_expires_in"], &first["expires_in"]), (&json!(600), &json!(60)));
    assert_eq!(expired.1["code"], "EXPIRED_ACCESS_TOKEN");
    assert_eq!(
        (status, &second["refresh_token"], &second["refresh_token_expires_in"]),
        (200, &first["refresh_token"], &json!(500))
    );
    assert_eq!((ended.0, &ended.1["error"]), (400, &json!("invalid_grant")));
    assert_eq!(stage.listed(&ann["id"]).await["refreshes"], 1);
}

#[tokio::test]
async fn codes_and_scopes_are_refused_in_linkedins_words() {
    let stage = Stage::set().await;
    family(&stage).await;
    let (code, late) = (stage.code(&page(&[]), json!({})).await, stage.code(&page(&[]), json!({})).await);

    let differs = trade(&stage, &code, &[("redirect_uri", "https://app.example/back")]).await;
    let once = trade(&stage, &code, &[]).await;
    let twice = trade(&stage, &code, &[]).await;
    stage.later(1800).await;
    let late = trade(&stage, &late, &[]).await;
    let secret = trade(&stage, "any", &[("client_secret", "wrong")]).await;
    let scope = stage.sent_to(&page(&[("scope", "openid r_secret")]), json!({})).await;
    let refused = stage.sent_to(&page(&[]), json!({"decision": "deny"})).await;

    assert_eq!(once.0, 200);
    for (status, body) in [differs, twice, late] {
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
    }
    assert_eq!((secret.0, &secret.1["error"]), (401, &json!("invalid_client")));
    assert_eq!(
        (value(&scope, "error").unwrap(), value(&scope, "state").unwrap()),
        ("unauthorized_scope_error".into(), "state".into())
    );
    assert_eq!(value(&refused, "error").as_deref(), Some("user_cancelled_login"));
}

#[tokio::test]
async fn a_fresh_token_is_refused_for_a_while() {
    let stage = Stage::set().await;
    family(&stage).await;
    stage.switch(json!({"linkedin": {"freshTokenLagSeconds": 20}})).await;
    let code = stage.code(&page(&[]), json!({})).await;
    let (_, tokens) = trade(&stage, &code, &[]).await;

    let early = stage.with_token("/v2/userinfo", text(&tokens, "access_token")).await;
    stage.later(20).await;
    let later = stage.with_token("/v2/userinfo", text(&tokens, "access_token")).await;

    assert_eq!((early.1["serviceErrorCode"].clone(), later.0), (json!(65_601), 200));
}
