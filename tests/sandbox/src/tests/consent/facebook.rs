use super::*;

const ASKED: &[(&str, &str)] = &[
    ("client_id", "1000000000000001"),
    ("redirect_uri", BACK),
    ("state", "state"),
    ("response_type", "code"),
    ("scope", "pages_show_list,pages_manage_posts,pages_read_engagement"),
];
const TOKEN: &str = "/v26.0/oauth/access_token";

fn page(changes: &[(&str, &str)]) -> String {
    address("/v26.0/dialog/oauth", &changed(ASKED, changes))
}

async fn trade(stage: &Stage, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let fields = [("client_id", "1000000000000001"), ("client_secret", "secret"), ("redirect_uri", BACK), ("code", code)];
    json_of(stage.http.get(stage.url(TOKEN)).query(&changed(&fields, changes)).send().await.unwrap()).await
}

async fn lengthen(stage: &Stage, token: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "fb_exchange_token"),
        ("client_id", "1000000000000001"),
        ("client_secret", "secret"),
        ("fb_exchange_token", token),
    ];
    stage.form(TOKEN, &fields).await
}

async fn pages(stage: &Stage, token: &str) -> Vec<Value> {
    let fields = "fields=id,name,access_token,tasks,instagram_business_account{id,username}";
    let (status, body) = stage.with_token(&format!("/v26.0/me/accounts?{fields}"), token).await;
    assert_eq!(status, 200, "{body}");
    body["data"].as_array().unwrap().clone()
}

async fn debug(stage: &Stage, token: &str) -> Value {
    stage.get(&format!("/debug_token?access_token=1000000000000001%7Cs&input_token={token}")).await["data"].clone()
}

#[tokio::test]
async fn a_person_gives_the_pages_that_were_chosen() {
    let stage = Stage::set().await;
    let make = async |name: &str, person: &str| {
        stage.control("accounts", json!({"platform": "facebook", "name": name, "person": person})).await
    };
    let (one, two, _three) = (make("One", "Ann").await, make("Two", "Ann").await, make("Three", "Ann").await);
    let other = make("Other", "Bob").await;

    let url = stage.sent_to(&page(&[]), json!({"accounts": [one["id"], two["id"]]})).await;
    let (status, short) = trade(&stage, &value(&url, "code").unwrap(), &[]).await;
    let (_, long) = lengthen(&stage, text(&short, "access_token")).await;
    let given = pages(&stage, text(&long, "access_token")).await;
    let (_, me) = stage.with_token("/v26.0/me?fields=id,name", text(&long, "access_token")).await;
    let mixed = stage.decide(&page(&[]), json!({"accounts": [one["id"], other["id"]]})).await;
    let all = stage.code(&page(&[]), json!({"accounts": [me["id"]]})).await;
    let (_, again) = trade(&stage, &all, &[]).await;

    assert!(url.ends_with("&state=state#_=_"), "{url}");
    assert_eq!((status, &short["token_type"], &short["expires_in"]), (200, &json!("bearer"), &json!(3600)));
    assert_eq!(long["expires_in"], 5_184_000);
    let ids: Vec<&Value> = given.iter().map(|page| &page["id"]).collect();
    assert_eq!(ids, [&one["id"], &two["id"]]);
    assert_eq!(given[0]["access_token"], one["accessToken"]);
    assert!(given[0]["tasks"].as_array().unwrap().contains(&json!("CREATE_CONTENT")));
    assert_eq!((&me["name"], mixed.0), (&json!("Ann"), 422));
    assert_eq!(pages(&stage, text(&again, "access_token")).await.len(), 3);
}

#[tokio::test]
async fn codes_are_refused_in_graphs_words() {
    let stage = Stage::set().await;
    let (code, late) = (stage.code(&page(&[]), json!({})).await, stage.code(&page(&[]), json!({})).await);

    let differs = trade(&stage, &code, &[("redirect_uri", "https://app.example/back")]).await;
    let client = trade(&stage, &code, &[("client_id", "2")]).await;
    let once = trade(&stage, &code, &[]).await;
    let twice = trade(&stage, &code, &[]).await;
    stage.later(600).await;
    let late = trade(&stage, &late, &[]).await;
    let unknown = trade(&stage, "unknown", &[]).await;

    let name = |(status, body): &(u16, Value)| (*status, body["error"]["code"].clone(), body["error"]["error_subcode"].clone());
    assert_eq!(once.0, 200);
    assert_eq!(name(&differs), (400, json!(100), json!(36_008)));
    assert_eq!(name(&client), (400, json!(1), Value::Null));
    assert_eq!(name(&twice), (400, json!(100), json!(36_009)));
    assert_eq!(name(&late), (400, json!(100), json!(36_007)));
    assert_eq!(name(&unknown), (400, json!(100), Value::Null));
}

#[tokio::test]
async fn page_tokens_of_a_short_token_end_with_it() {
    let stage = Stage::set().await;
    let code = stage.code(&page(&[]), json!({})).await;
    let (_, short) = trade(&stage, &code, &[]).await;
    let short = text(&short, "access_token");
    let (_, long) = lengthen(&stage, short).await;
    let long = text(&long, "access_token");

    let (brief, lasting) = (pages(&stage, short).await, pages(&stage, long).await);
    let (brief, lasting) = (text(&brief[0], "access_token"), text(&lasting[0], "access_token"));
    let before = (debug(&stage, brief).await, debug(&stage, lasting).await);
    let works = stage.with_token("/v26.0/me?fields=id", brief).await;
    stage.later(3600).await;

    assert_ne!(brief, lasting);
    assert_eq!((works.0, &works.1["id"]), (200, &stage.page["id"]));
    assert!(before.0["expires_at"].as_i64().unwrap() > 0);
    assert_eq!((&before.1["expires_at"], &before.1["type"]), (&json!(0), &json!("PAGE")));
    for dead in [short, brief] {
        let (status, body) = stage.with_token("/v26.0/me?fields=id", dead).await;
        assert_eq!((status, &body["error"]["error_subcode"]), (401, &json!(463)));
    }
    for alive in [long, lasting] {
        assert_eq!(stage.with_token("/v26.0/me?fields=id", alive).await.0, 200);
    }
    let told = debug(&stage, long).await;
    let data_access = told["data_access_expires_at"].as_i64().unwrap() - told["issued_at"].as_i64().unwrap();
    assert_eq!((data_access, &told["granular_scopes"][0]["target_ids"]), (7_776_000, &json!([stage.page["id"]])));
}

#[tokio::test]
async fn scopes_come_in_layers_and_can_be_declined() {
    let stage = Stage::set().await;
    let narrow = stage.code(&page(&[]), json!({"scopes": ["pages_show_list", "pages_read_engagement"]})).await;
    let (_, token) = trade(&stage, &narrow, &[]).await;
    let permissions = async |token: &Value| {
        let (_, body) = stage.with_token("/v26.0/me/permissions", text(token, "access_token")).await;
        let list = body["data"].as_array().unwrap().clone();
        let status = |name: &str| list.iter().find(|row| row["permission"] == name).unwrap()["status"].clone();
        (status("pages_manage_posts"), status("pages_show_list"))
    };

    let first = permissions(&token).await;
    let refused = stage.publish(&[("message", "not allowed")]).await;
    let more = stage.code(&page(&[("scope", "pages_manage_posts")]), json!({})).await;
    let (_, token) = trade(&stage, &more, &[]).await;
    let second = permissions(&token).await;

    assert_eq!(first, (json!("declined"), json!("granted")));
    assert_eq!(refused.status(), 403);
    assert_eq!(second, (json!("granted"), json!("granted")));
    assert_eq!(stage.publish(&[("message", "allowed")]).await.status(), 200);
}

#[tokio::test]
async fn refusals_bring_the_reason_and_people_without_pages_have_none() {
    let stage = Stage::set().await;
    let lonely = stage.control("accounts", json!({"platform": "facebook", "variant": "user", "person": "lonely"})).await;

    let url = stage.sent_to(&page(&[]), json!({"decision": "deny"})).await;
    let code = stage.code(&page(&[]), json!({"accounts": [lonely["id"]]})).await;
    let (_, token) = trade(&stage, &code, &[]).await;

    for (name, expected) in [
        ("error", "access_denied"),
        ("error_reason", "user_denied"),
        ("error_description", "Permissions error"),
        ("state", "state"),
    ] {
        assert_eq!(value(&url, name).as_deref(), Some(expected));
    }
    assert_eq!(pages(&stage, text(&token, "access_token")).await, Vec::<Value>::new());
}

#[tokio::test]
async fn instagram_accounts_come_with_their_page() {
    let stage = Stage::set().await;
    let gram = stage.control("accounts", json!({"platform": "instagram", "username": "ann"})).await;
    let scope = "instagram_basic,instagram_content_publish,pages_show_list,pages_read_engagement";
    let code = stage.code(&page(&[("scope", scope)]), json!({"accounts": [gram["id"]]})).await;
    let (_, short) = trade(&stage, &code, &[]).await;
    let (_, long) = lengthen(&stage, text(&short, "access_token")).await;
    let long = text(&long, "access_token");

    let given = pages(&stage, long).await;
    let page_id = text(&given[0], "id");
    let (_, single) = stage.with_token(&format!("/v26.0/{page_id}?fields=access_token"), long).await;
    let token = text(&single, "access_token");
    let (status, user) = stage.with_token(&format!("/v26.0/{}?fields=username", text(&gram, "id")), token).await;

    assert_eq!(given.len(), 1);
    assert_eq!(given[0]["instagram_business_account"], json!({"id": gram["id"], "username": "ann"}));
    assert_eq!((status, &user["username"], &single["access_token"]), (200, &json!("ann"), &given[0]["access_token"]));
    assert_eq!(stage.with_token("/v26.0/100500000000000?fields=access_token", long).await.0, 400);
}

#[tokio::test]
async fn an_analyst_may_not_create() {
    let stage = Stage::set().await;
    let page_of = json!({"platform": "facebook", "variant": "analyst", "person": "Ann"});
    stage.control("accounts", page_of).await;
    let code = stage.code(&page(&[]), json!({"accounts": ["of:Ann"]})).await;

    let (_, token) = trade(&stage, &code, &[]).await;

    assert_eq!(pages(&stage, text(&token, "access_token")).await[0]["tasks"], json!(["ANALYZE"]));
}

#[tokio::test]
async fn a_page_that_the_person_lost_is_refused() {
    let stage = Stage::set().await;
    let code = stage.code(&page(&[]), json!({})).await;
    let (_, short) = trade(&stage, &code, &[]).await;
    let (_, long) = lengthen(&stage, text(&short, "access_token")).await;
    let long = text(&long, "access_token");
    let token = text(&pages(&stage, long).await[0], "access_token").to_owned();

    stage.control("accounts", json!({"platform": "facebook", "id": stage.page["id"], "person": "Bob"})).await;
    let (status, body) = stage.with_token("/v26.0/me?fields=id", &token).await;
    let (_, shown) = stage.with_token(&format!("{}?fields=access_token", stage.page_path("")), long).await;

    assert_eq!((status, &body["error"]["code"], &body["error"]["error_subcode"]), (401, &json!(190), &json!(492)));
    assert_eq!((pages(&stage, long).await.len(), shown.get("access_token")), (0, None));
}
