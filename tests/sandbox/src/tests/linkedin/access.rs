use reqwest::Method;
use serde_json::{Value, json};

use super::{FILM, Member, PNG, SLIDES, Stage, advance, json_of, key, settings};

#[tokio::test]
async fn headers_are_required_and_versions_end() {
    let stage = Stage::set().await;
    let ann = Member::new(&stage, "person", &["w_member_social", "r_member_social"]).await;
    let path = "/rest/posts/urn%3Ali%3Ashare%3A1";
    let bare = || ann.bare(Method::GET, path);
    let with = |version: &str| bare().header("LinkedIn-Version", version).header("X-Restli-Protocol-Version", "2.0.0");
    let nobody = stage.http.get(stage.url(path));
    let stranger = stage.http.get(stage.url(path)).bearer_auth("stranger");
    let cases = [
        (with("202609"), 404, "NOT_FOUND"),
        (bare().header("X-Restli-Protocol-Version", "2.0.0"), 400, "VERSION_MISSING"),
        (bare().header("LinkedIn-Version", "202609"), 400, "ILLEGAL_ARGUMENT"),
        (with("202511"), 426, "NONEXISTENT_VERSION"),
        (with("202512"), 426, "NONEXISTENT_VERSION"),
        (with("202601"), 404, "NOT_FOUND"),
        (ann.ask(Method::GET, "/rest/posts/urn:li:share:1"), 400, "ILLEGAL_ARGUMENT"),
        (ann.ask(Method::GET, "/rest/posts/urn%3Ali%3Aimage%3A1"), 400, "INVALID_URN_TYPE"),
        (ann.ask(Method::GET, "/rest/posts/urn%3Ali%3Ashare%3Ax"), 400, "INVALID_URN_ID"),
        (ann.ask(Method::GET, "/rest/nothing"), 404, "NOT_FOUND"),
        (ann.ask(Method::GET, path).header("X-RestLi-Method", "DELETE"), 400, "ILLEGAL_ARGUMENT"),
        (ann.ask(Method::GET, path).header("X-RestLi-Method", "get"), 404, "NOT_FOUND"),
        (ann.ask(Method::POST, "/rest/posts").body("text"), 400, "ILLEGAL_ARGUMENT"),
        (nobody, 401, "EMPTY_ACCESS_TOKEN"),
        (stranger, 401, "INVALID_ACCESS_TOKEN"),
    ];

    for (request, status, code) in cases {
        let (found, body) = json_of(request.send().await.unwrap()).await;
        assert_eq!((found, body["code"].as_str().unwrap()), (status, code), "{body}");
        assert_eq!(body["status"], status);
    }
    let (_, body) = json_of(with("202504").send().await.unwrap()).await;
    assert_eq!(body["message"], "Requested version 20250401 is not active");
    settings(&stage, json!({"activeVersions": ["202610"]})).await;
    assert_eq!(with("202610").send().await.unwrap().status(), 404);
    stage.control("clock", json!({"now": "2027-01-15T00:00:00Z"})).await;
    let sunset = with("202601").send().await.unwrap();
    assert_eq!(sunset.status(), 426);
    assert!(sunset.headers().contains_key("x-li-uuid") && sunset.headers().contains_key("x-li-request-id"));
}

#[tokio::test]
async fn scopes_and_roles_limit_what_a_token_may_do() {
    let stage = Stage::set().await;
    let narrow = Member::new(&stage, "person", &["openid", "w_member_social"]).await;
    let (image, document) = (narrow.upload("image", PNG).await, narrow.upload("document", SLIDES).await);
    let video = narrow.upload_video(FILM).await;
    let reading = Member::new(&stage, "person", &["openid", "profile"]).await;
    let page = Member::new(&stage, "organization", &[]).await;

    assert_eq!(narrow.get(&format!("/rest/images/{}", key(&image))).await.0, 403);
    assert_eq!(narrow.get(&format!("/rest/documents/{}", key(&document))).await.0, 403);
    assert_eq!(narrow.get(&format!("/rest/videos/{}", key(&video))).await.0, 200);
    settings(&stage, json!({"videoReadNeedsScope": true})).await;
    assert_eq!(narrow.get(&format!("/rest/videos/{}", key(&video))).await.0, 403);
    narrow.post("with a picture", json!({"media": {"id": image}})).await;
    let (status, refusal) = json_of(reading.send("/rest/posts", &reading.body("no", Value::Null)).await).await;
    assert_eq!((status, &refusal["serviceErrorCode"]), (403, &json!(100)));
    assert_eq!(refusal["message"], "Not enough permissions to access: partnerApiPostsExternal.CREATE.20260901");
    let (_, info) = json_of(narrow.bare(Method::GET, "/v2/userinfo").send().await.unwrap()).await;
    assert_eq!((&info["sub"], &info["name"]), (&narrow.account["id"], &Value::Null));
    settings(&stage, json!({"organizationRole": "ANALYST"})).await;
    assert_eq!(page.refused(&page.body("no", Value::Null)).await, (403, "ACCESS_DENIED".to_owned()));
}

#[tokio::test]
async fn a_member_posts_for_the_organisations_of_its_token() {
    let stage = Stage::set().await;
    let ann = Member::with(&stage, json!({"name": "Ann Example"})).await;
    let wanted = json!({"variant": "organization", "id": "2414183", "name": "Acme", "accessToken": ann.account["accessToken"]});
    let page = Member::with(&stage, wanted).await;
    let lonely = Member::new(&stage, "organization", &[]).await;

    let (_, info) = json_of(ann.bare(Method::GET, "/v2/userinfo").send().await.unwrap()).await;
    let (_, acls) = ann.get("/rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&count=50&start=0").await;
    let (_, analysts) = ann.get("/rest/organizationAcls?q=roleAssignee&role=ANALYST").await;
    let (_, shown) = ann.get("/rest/organizations/2414183").await;
    ann.send("/rest/posts", &page.body("for Acme", Value::Null)).await;

    assert_eq!((&info["sub"], &info["given_name"], &info["family_name"]), (&ann.account["id"], &json!("Ann"), &json!("Example")));
    let expected = json!({"organization": page.urn, "roleAssignee": ann.urn, "role": "ADMINISTRATOR", "state": "APPROVED"});
    assert_eq!(acls["elements"], json!([expected]));
    assert_eq!(analysts["elements"], json!([]));
    assert_eq!((&shown["id"], &shown["localizedName"]), (&json!(2_414_183), &json!("Acme")));
    assert_eq!(ann.shown().await[0]["accountId"], "2414183");
    let (_, acls) = lonely.get("/rest/organizationAcls?q=roleAssignee").await;
    let (_, holder) = json_of(lonely.bare(Method::GET, "/v2/userinfo").send().await.unwrap()).await;
    assert_eq!(acls["elements"][0]["roleAssignee"], format!("urn:li:person:{}", holder["sub"].as_str().unwrap()));
    let fault = stage.fault(json!({"account": "2414183", "action": {"name": "server_error", "status": 504}})).await;
    assert_eq!(ann.send("/rest/posts", &ann.body("as Ann", Value::Null)).await.status(), 201);
    assert_eq!(ann.send("/rest/posts", &page.body("as Acme", Value::Null)).await.status(), 504);
    assert_eq!(stage.get(&format!("/_sandbox/faults/{fault}/fired")).await["fired"], 1);
}

#[tokio::test]
async fn a_day_has_so_many_calls_per_member_and_resource() {
    let stage = Stage::set().await;
    let (ann, bob) = (Member::new(&stage, "person", &[]).await, Member::new(&stage, "person", &[]).await);
    settings(&stage, json!({"memberDailyCalls": 2, "appDailyCalls": 5})).await;
    for n in 0..2 {
        ann.post(&format!("post {n}"), Value::Null).await;
    }

    let full = ann.refused(&ann.body("post 3", Value::Null)).await;
    let (other, _) = ann.begin("image").await;
    bob.post("bob", Value::Null).await;
    bob.post("bob again", Value::Null).await;
    let app_full = bob.get(&format!("/rest/images/{}", key(&other))).await.0;
    stage.control("settings", json!({"rateLimits": false})).await;
    ann.post("unlimited", Value::Null).await;
    stage.control("settings", json!({"rateLimits": true})).await;
    stage.control("clock", json!({"now": "2026-11-23T00:00:00Z"})).await;

    assert_eq!((full, app_full), ((429, "TOO_MANY_REQUESTS".to_owned()), 429));
    ann.post("a new day", Value::Null).await;
}

#[tokio::test]
async fn tokens_are_refreshed_exchanged_looked_into_and_ended() {
    let stage = Stage::set().await;
    settings(&stage, json!({"partner": true})).await;
    let ann = Member::new(&stage, "person", &["openid", "w_member_social"]).await;
    ann.post("consent starts here", Value::Null).await;
    let oauth = async |path: &str, fields: &[(&str, &str)]| {
        let mut form = vec![("client_id", "sandbox-client-id"), ("client_secret", "sandbox-client-secret")];
        form.extend(fields);
        let url = stage.url(&format!("/oauth/v2/{path}"));
        json_of(stage.http.post(url).form(&form).send().await.unwrap()).await
    };
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", ann.text("refreshToken"))];
    advance(&stage, 59 * 86_400).await;

    let (status, first) = oauth("accessToken", &refresh).await;
    assert_eq!((status, &first["expires_in"], &first["token_type"]), (200, &json!(5_184_000), &json!("Bearer")));
    assert_eq!((&first["refresh_token"], &first["scope"]), (&ann.account["refreshToken"], &json!("openid,w_member_social")));
    assert_eq!(first["refresh_token_expires_in"], 306 * 86_400);
    assert_eq!(ann.get("/rest/organizations/1").await.0, 401);
    let token = first["access_token"].as_str().unwrap();
    let userinfo =
        async |token: &str| json_of(stage.http.get(stage.url("/v2/userinfo")).bearer_auth(token).send().await.unwrap()).await;
    assert_eq!(userinfo(token).await.0, 200);
    let (_, active) = oauth("introspectToken", &[("token", token)]).await;
    assert_eq!((&active["active"], &active["status"], &active["auth_type"]), (&json!(true), &json!("active"), &json!("3L")));
    advance(&stage, 60 * 86_400).await;
    assert_eq!(userinfo(token).await.1["code"], "EXPIRED_ACCESS_TOKEN");
    assert_eq!(oauth("introspectToken", &[("token", token)]).await.1["status"], "expired");
    advance(&stage, 246 * 86_400).await;
    assert_eq!(oauth("accessToken", &refresh).await.1["error"], "invalid_grant");
    let now = stage.control("clock", json!({})).await["now"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let code = format!("AQ.{}.{}", ann.text("id"), now.timestamp());
    let exchange = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", "https://app.example/back")];
    settings(&stage, json!({"freshTokenLagSeconds": 10})).await;
    let (status, granted) = oauth("accessToken", &exchange).await;
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!((status, oauth("accessToken", &exchange).await.1["error"].clone()), (200, json!("invalid_request")));
    assert!(granted["id_token"].is_string() && granted["refresh_token_expires_in"] == 31_536_000);
    assert_eq!(userinfo(token).await.1["serviceErrorCode"], 65_601);
    advance(&stage, 10).await;
    assert_eq!(userinfo(token).await.0, 200);
    assert_eq!(oauth("revoke", &[("token", token)]).await.0, 200);
    assert_eq!(userinfo(token).await.1["code"], "REVOKED_ACCESS_TOKEN");
    assert_eq!(oauth("accessToken", &refresh).await.1["error"], "invalid_grant");
    settings(&stage, json!({"clientSecret": "another"})).await;
    assert_eq!(oauth("accessToken", &refresh).await.1["error"], "invalid_client");
}

#[tokio::test]
async fn every_documented_error_can_be_planted() {
    let stage = Stage::set().await;
    let ann = Member::new(&stage, "person", &[]).await;
    let names = stage.get("/_sandbox/errors").await["linkedin"].as_array().unwrap().clone();
    assert!(names.len() > 30);

    for name in names {
        let name = name.as_str().unwrap();
        stage.fault(json!({"platform": "linkedin", "action": {"name": "error", "code": name}})).await;
        let (status, body) = json_of(ann.send("/rest/posts", &ann.body(name, Value::Null)).await).await;
        let (expected, code) = name.split_once('/').unwrap_or((name, ""));
        assert_eq!(status.to_string(), expected, "{name}");
        assert!(body.to_string().contains(code), "{name}: {body}");
    }
    assert!(ann.shown().await.is_empty());
}

#[tokio::test]
async fn common_faults_are_answered_in_linkedins_words() {
    let stage = Stage::set().await;
    let ann = Member::new(&stage, "person", &[]).await;
    let cases = [
        (json!({"name": "rate_limited", "resetAfterSeconds": 60}), 429, "TOO_MANY_REQUESTS"),
        (json!({"name": "token_expired"}), 401, "EXPIRED_ACCESS_TOKEN"),
        (json!({"name": "server_error", "status": 502}), 502, ""),
        (json!({"name": "credits_depleted"}), 426, "NONEXISTENT_VERSION"),
        (json!({"name": "permission_missing"}), 403, "ACCESS_DENIED"),
        (json!({"name": "invalid_content"}), 400, "INVALID_VALUE_FOR_FIELD"),
        (json!({"name": "temporarily_blocked"}), 403, "ACCESS_DENIED"),
    ];
    for (action, status, code) in cases {
        stage.fault(json!({"platform": "linkedin", "account": ann.account["id"], "action": action})).await;
        assert_eq!(ann.refused(&ann.body("text", Value::Null)).await, (status, code.to_owned()));
    }
    assert!(ann.shown().await.is_empty());
    let urls = ann.begin_video(FILM.len()).await;
    stage.fault(json!({"account": ann.account["id"], "action": {"name": "server_error"}})).await;
    let part = stage.http.put(urls["uploadInstructions"][0]["uploadUrl"].as_str().unwrap()).body(FILM);
    assert_eq!(part.send().await.unwrap().status(), 500);

    stage.fault(json!({"platform": "linkedin", "action": {"name": "error_after", "status": 504}})).await;
    assert_eq!(ann.send("/rest/posts", &ann.body("lost", Value::Null)).await.status(), 504);
    let (status, again) = json_of(ann.send("/rest/posts", &ann.body("lost", Value::Null)).await).await;
    let urn = ann.shown().await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((status, again["message"].as_str().unwrap().ends_with(&urn)), (422, true));
    stage.fault(json!({"platform": "linkedin", "action": {"name": "duplicate"}})).await;
    let (_, planted) = json_of(ann.send("/rest/posts", &ann.body("new", Value::Null)).await).await;
    assert!(planted["message"].as_str().unwrap().ends_with(&urn));
    stage.fault(json!({"platform": "linkedin", "action": {"name": "token_revoked"}})).await;
    for _ in 0..2 {
        let refused = ann.refused(&ann.body("revoked", Value::Null)).await;
        assert_eq!(refused, (401, "REVOKED_ACCESS_TOKEN".to_owned()));
    }
    assert_eq!(ann.shown().await.len(), 1);
}
