use super::*;

const ASKED: &[(&str, &str)] = &[
    ("response_type", "code"),
    ("client_id", "sandbox-client-id"),
    ("redirect_uri", BACK),
    ("scope", "tweet.read tweet.write users.read offline.access"),
    ("state", "s t&1"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

fn page(changes: &[(&str, &str)]) -> String {
    address("/i/oauth2/authorize", &changed(ASKED, changes))
}

async fn trade(stage: &Stage, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
        ("client_id", "sandbox-client-id"),
    ];
    stage.form("/2/oauth2/token", &changed(&fields, changes)).await
}

#[tokio::test]
async fn a_code_becomes_tokens_that_work_for_the_person() {
    let stage = Stage::set().await;
    let second = stage.control("accounts", json!({"platform": "x", "username": "second"})).await;

    let url = stage.sent_to(&page(&[]), json!({"accounts": [second["id"]]})).await;
    let (status, tokens) = trade(&stage, &value(&url, "code").unwrap(), &[]).await;
    let (_, me) = stage.with_token("/2/users/me", text(&tokens, "access_token")).await;

    assert!(url.starts_with("https://app.example/back?kept=1&code="), "{url}");
    assert_eq!(value(&url, "state").unwrap(), "s t&1");
    assert_eq!((status, &tokens["token_type"], &tokens["expires_in"]), (200, &json!("bearer"), &json!(7200)));
    assert_eq!(tokens["scope"], "tweet.read tweet.write users.read offline.access");
    assert_eq!((&me["data"]["id"], &me["data"]["username"]), (&second["id"], &json!("second")));
    assert_eq!(stage.with_token("/2/users/me", text(&second, "accessToken")).await.0, 401);
    let listed = stage.listed(&second["id"]).await;
    assert_eq!((&listed["exchanges"], &listed["refreshes"], &listed["alive"]), (&json!(1), &json!(0), &json!(true)));
    assert!(!listed.to_string().contains(text(&tokens, "access_token")));
}

#[tokio::test]
async fn a_code_works_once_and_for_thirty_seconds() {
    let stage = Stage::set().await;
    let (first, late) = (stage.code(&page(&[]), json!({})).await, stage.code(&page(&[]), json!({})).await);

    let once = trade(&stage, &first, &[]).await;
    let twice = trade(&stage, &first, &[]).await;
    stage.later(30).await;
    let late = trade(&stage, &late, &[]).await;
    let unknown = trade(&stage, "unknown", &[]).await;

    assert_eq!(once.0, 200);
    let words = json!({"error": "invalid_request", "error_description": "Value passed for the token was invalid."});
    for refused in [twice, late, unknown] {
        assert_eq!(refused, (400, words.clone()));
    }
}

#[tokio::test]
async fn address_app_and_verifier_must_be_those_of_the_page() {
    let stage = Stage::set().await;
    let code = stage.code(&page(&[]), json!({})).await;
    let cases = [
        (("redirect_uri", "https://app.example/back?kept=2"), 400),
        (("redirect_uri", "https://app.example/back"), 400),
        (("code_verifier", "another-verifier-that-is-long-enough-for-the-rule"), 400),
        (("code_verifier", ""), 400),
        (("client_id", "another"), 401),
        (("client_id", ""), 401),
    ];

    for (change, status) in cases {
        assert_eq!(trade(&stage, &code, &[change]).await.0, status, "{change:?}");
    }
    assert_eq!(trade(&stage, &code, &[]).await.0, 200);
}

#[tokio::test]
async fn confidential_apps_name_themselves_in_the_header() {
    let stage = Stage::set().await;
    stage.switch(json!({"x": {"confidential": true}})).await;
    let code = stage.code(&page(&[("code_challenge", VERIFIER), ("code_challenge_method", "plain")]), json!({})).await;
    let fields = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    let basic = async |secret: &str| {
        let request = stage.http.post(stage.url("/2/oauth2/token")).form(&fields);
        json_of(request.basic_auth("sandbox-client-id", Some(secret)).send().await.unwrap()).await
    };

    assert_eq!(trade(&stage, &code, &[]).await.1["error"], "unauthorized_client");
    assert_eq!(basic("wrong").await.0, 401);
    assert_eq!(basic("sandbox-client-secret").await.0, 200);
}

#[tokio::test]
async fn refusals_and_unticked_scopes_are_told() {
    let stage = Stage::set().await;

    let refused = stage.sent_to(&page(&[]), json!({"decision": "deny"})).await;
    let nothing = stage.sent_to(&page(&[]), json!({"scopes": []})).await;
    let narrow = stage.code(&page(&[]), json!({"scopes": ["tweet.read", "users.read"]})).await;
    let (_, tokens) = trade(&stage, &narrow, &[]).await;
    let foreign = stage.decide(&page(&[]), json!({"scopes": ["dm.read"]})).await;
    let nobody = stage.decide(&page(&[]), json!({"accounts": ["nobody"]})).await;

    for url in [refused, nothing] {
        assert_eq!((value(&url, "error").unwrap(), value(&url, "state").unwrap()), ("access_denied".into(), "s t&1".into()));
        assert_eq!(value(&url, "code"), None);
    }
    assert_eq!((&tokens["scope"], tokens.get("refresh_token")), (&json!("tweet.read users.read"), None));
    let token = text(&tokens, "access_token");
    assert_eq!(stage.with_token("/2/users/me", token).await.0, 200);
    let post = stage.http.post(stage.url("/2/tweets")).bearer_auth(token).json(&json!({"text": "no"}));
    assert_eq!(post.send().await.unwrap().status(), 403);
    assert_eq!((foreign.0, nobody.0), (422, 422));
}

#[tokio::test]
async fn lives_can_be_short_and_a_race_kills_one_of_two() {
    let stage = Stage::set().await;
    stage.switch(json!({"x": {"accessTokenSeconds": 60, "refreshTokenSeconds": 600}})).await;
    let code = stage.code(&page(&[]), json!({})).await;
    let (_, first) = trade(&stage, &code, &[]).await;
    let refresh = async |token: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "sandbox-client-id")];
        stage.form("/2/oauth2/token", &fields).await
    };

    stage.later(60).await;
    assert_eq!((stage.with_token("/2/users/me", text(&first, "access_token")).await.0, &first["expires_in"]), (401, &json!(60)));
    let (won, second) = refresh(text(&first, "refresh_token")).await;
    let (lost, dead) = refresh(text(&first, "refresh_token")).await;
    stage.later(600).await;
    let idle = refresh(text(&second, "refresh_token")).await;

    assert_eq!((won, lost, idle.0), (200, 400, 400));
    assert_eq!(dead["error_description"], "Value passed for the token was invalid.");
    assert_eq!(stage.listed(&stage.user["id"]).await["refreshes"], 1);
}
