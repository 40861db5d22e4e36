use super::*;

const ASKED: &[(&str, &str)] = &[
    ("client_id", "2000000000000002"),
    ("redirect_uri", BACK),
    ("response_type", "code"),
    ("scope", "instagram_business_basic,instagram_business_content_publish"),
    ("state", "state"),
];

fn page(changes: &[(&str, &str)]) -> String {
    address("/oauth/authorize", &changed(ASKED, changes))
}

async fn trade(stage: &Stage, path: &str, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let fields = [
        ("client_id", "2000000000000002"),
        ("client_secret", "secret"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", BACK),
        ("code", code),
    ];
    stage.form(path, &changed(&fields, changes)).await
}

async fn staged() -> (Stage, Value) {
    let stage = Stage::set().await;
    let account = stage.control("accounts", json!({"platform": "instagram", "variant": "instagram"})).await;
    (stage, account)
}

#[tokio::test]
async fn a_code_becomes_an_hour_and_then_sixty_days() {
    let (stage, account) = staged().await;
    let url = stage.sent_to(&page(&[]), json!({})).await;
    let get = async |path: &str, grant: &str, token: &str| {
        let query = [("grant_type", grant), ("client_secret", "secret"), ("access_token", token)];
        json_of(stage.http.get(stage.url(path)).query(&query).send().await.unwrap()).await
    };

    let (status, body) = trade(&stage, "/oauth/access_token", &value(&url, "code").unwrap(), &[]).await;
    let short = text(&body["data"][0], "access_token").to_owned();
    let (_, me) = stage.with_token("/instagram/v26.0/me?fields=user_id,username,account_type", &short).await;
    let brief = get("/instagram/refresh_access_token", "ig_refresh_token", &short).await;
    let (_, long) = get("/instagram/access_token", "ig_exchange_token", &short).await;
    let long = text(&long, "access_token").to_owned();
    let young = get("/instagram/refresh_access_token", "ig_refresh_token", &long).await;
    stage.later(86_400).await;
    let (old_enough, next) = get("/instagram/refresh_access_token", "ig_refresh_token", &long).await;

    assert!(url.ends_with("#_"), "{url}");
    assert_eq!(
        (status, &body["data"][0]["permissions"]),
        (200, &json!("instagram_business_basic,instagram_business_content_publish"))
    );
    assert!(body["data"][0]["user_id"].is_string());
    assert_eq!((&me["user_id"], &me["account_type"]), (&account["id"], &json!("BUSINESS")));
    assert_eq!((brief.0, young.0, old_enough), (400, 400, 200));
    assert_eq!(next["expires_in"], 5_184_000);
    assert_eq!(stage.with_token("/instagram/v26.0/me", &short).await.1["error"]["error_subcode"], 463);
    let listed = stage.listed(&account["id"]).await;
    assert_eq!((&listed["exchanges"], &listed["refreshes"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn answers_come_in_either_shape_on_either_path() {
    let (stage, _) = staged().await;
    stage.switch(json!({"instagram": {"dataWrapped": false, "numericUserId": true}})).await;
    let code = stage.code(&page(&[]), json!({})).await;

    let (status, body) = trade(&stage, "/instagram/oauth/access_token", &code, &[]).await;

    assert_eq!((status, body["user_id"].is_u64()), (200, true));
    assert_eq!(body["permissions"], json!(["instagram_business_basic", "instagram_business_content_publish"]));
}

#[tokio::test]
async fn codes_are_refused_in_words_of_their_own() {
    let (stage, _) = staged().await;
    let (code, late) = (stage.code(&page(&[]), json!({})).await, stage.code(&page(&[]), json!({})).await);
    let path = "/oauth/access_token";

    let differs = trade(&stage, path, &code, &[("redirect_uri", "https://app.example/")]).await;
    let client = trade(&stage, path, &code, &[("client_id", "1")]).await;
    let hashed = trade(&stage, path, &format!("{code}#_"), &[]).await;
    let once = trade(&stage, path, &code, &[]).await;
    let twice = trade(&stage, path, &code, &[]).await;
    stage.later(3600).await;
    let late = trade(&stage, path, &late, &[]).await;
    let url = stage.sent_to(&page(&[]), json!({"decision": "deny"})).await;

    assert_eq!(once.0, 200);
    for (status, body) in [differs, client, hashed, twice, late] {
        assert_eq!((status, &body["error_type"], &body["code"]), (400, &json!("OAuthException"), &json!(400)), "{body}");
    }
    assert_eq!(value(&url, "error_reason").as_deref(), Some("user_denied"));
}
