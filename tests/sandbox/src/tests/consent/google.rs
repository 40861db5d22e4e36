use super::*;

const SCOPE: &str = "https://www.googleapis.com/auth/youtube.upload https://www.googleapis.com/auth/youtube.readonly";
const ASKED: &[(&str, &str)] = &[
    ("client_id", "sandbox-client-id"),
    ("redirect_uri", BACK),
    ("response_type", "code"),
    ("scope", SCOPE),
    ("access_type", "offline"),
    ("state", "state"),
];

fn page(changes: &[(&str, &str)]) -> String {
    address("/o/oauth2/v2/auth", &changed(ASKED, changes))
}

async fn trade(stage: &Stage, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("client_id", "sandbox-client-id"),
        ("client_secret", "sandbox-client-secret"),
    ];
    stage.form("/token", &changed(&fields, changes)).await
}

async fn agreed(stage: &Stage, changes: &[(&str, &str)]) -> Value {
    let code = stage.code(&page(changes), json!({})).await;
    let (status, tokens) = trade(stage, &code, &[]).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

#[tokio::test]
async fn a_refresh_token_comes_with_the_first_consent_or_when_asked_again() {
    let stage = Stage::set().await;
    let channel = stage.control("accounts", json!({"platform": "youtube"})).await;

    let online = agreed(&stage, &[("access_type", "online")]).await;
    stage.happens(&channel, "revoke", json!({})).await;
    let first = agreed(&stage, &[]).await;
    let second = agreed(&stage, &[]).await;
    let prompted = agreed(&stage, &[("prompt", "consent")]).await;
    let refresh = async |tokens: &Value| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(tokens, "refresh_token")),
            ("client_id", "sandbox-client-id"),
            ("client_secret", "sandbox-client-secret"),
        ];
        stage.form("/token", &fields).await
    };
    let (_, shown) = stage.with_token("/youtube/v3/channels?part=snippet&mine=true", text(&prompted, "access_token")).await;

    assert_eq!((online.get("refresh_token"), second.get("refresh_token")), (None, None));
    assert!(text(&first, "refresh_token").starts_with("1//"));
    assert_eq!((&prompted["scope"], &prompted["expires_in"]), (&json!(SCOPE), &json!(3599)));
    assert_eq!(shown["items"][0]["id"], channel["id"]);
    // Several refresh tokens of one person work side by side.
    assert_eq!((refresh(&first).await.0, refresh(&prompted).await.0), (200, 200));
    assert_eq!(stage.listed(&channel["id"]).await["refreshes"], 2);
}

#[tokio::test]
async fn codes_are_refused_in_googles_words() {
    let stage = Stage::set().await;
    stage.control("accounts", json!({"platform": "youtube"})).await;
    let (code, late) = (stage.code(&page(&[]), json!({})).await, stage.code(&page(&[]), json!({})).await);
    let proved = stage.code(&page(&[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]), json!({})).await;

    let differs = trade(&stage, &code, &[("redirect_uri", "https://app.example/back")]).await;
    let once = trade(&stage, &code, &[]).await;
    let twice = trade(&stage, &code, &[]).await;
    let unproved = trade(&stage, &proved, &[]).await;
    let wrong = trade(&stage, &proved, &[("code_verifier", "another-verifier-that-is-long-enough-for-the-rule")]).await;
    let right = trade(&stage, &proved, &[("code_verifier", VERIFIER)]).await;
    stage.later(600).await;
    let late = trade(&stage, &late, &[]).await;
    let unknown = trade(&stage, "4/0unknown", &[]).await;
    let refused = stage.sent_to(&page(&[]), json!({"decision": "deny"})).await;

    assert_eq!((once.0, right.0), (200, 200));
    assert_eq!((differs.0, &differs.1["error"]), (400, &json!("redirect_uri_mismatch")));
    for (status, body) in [twice, unproved, wrong, late, unknown] {
        assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")), "{body}");
    }
    assert_eq!(value(&refused, "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn scopes_add_up_when_asked_for_and_refresh_tokens_may_end() {
    let stage = Stage::set().await;
    stage.control("accounts", json!({"platform": "youtube"})).await;
    stage.switch(json!({"youtube": {"refreshTokenSeconds": 60}})).await;
    let upload = "https://www.googleapis.com/auth/youtube.upload";
    let first = agreed(&stage, &[("scope", upload)]).await;

    let more = [("scope", "openid https://www.googleapis.com/auth/youtube.readonly"), ("include_granted_scopes", "true")];
    let both = agreed(&stage, &more).await;
    stage.later(60).await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&first, "refresh_token")),
        ("client_id", "sandbox-client-id"),
        ("client_secret", "sandbox-client-secret"),
    ];
    let (status, dead) = stage.form("/token", &fields).await;

    assert_eq!((&first["scope"], &first["refresh_token_expires_in"]), (&json!(upload), &json!(60)));
    assert_eq!(both["scope"], format!("{upload} openid https://www.googleapis.com/auth/youtube.readonly"));
    assert_eq!((status, &dead["error_description"]), (400, &json!("Token has been expired or revoked.")));
}
