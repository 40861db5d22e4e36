//! The rules of Pages, observed over HTTP.

use reqwest::multipart::{Form, Part};

use super::*;

const JPEG: &[u8] = include_bytes!("../../samples/photo-2.jpg");

async fn read(stage: &Stage, path: &str) -> (u16, Value) {
    json_of(stage.as_page(stage.http.get(stage.url(path))).send().await.unwrap()).await
}

async fn upload(stage: &Stage, published: &str) -> Value {
    let form = Form::new()
        .text("published", published.to_owned())
        .text("caption", "a caption")
        .text("alt_text_custom", "colours")
        .part("source", Part::bytes(JPEG.to_vec()).file_name("a.jpg"));
    let url = stage.url(&stage.page_path("/photos"));
    json_of(stage.as_page(stage.http.post(url).multipart(form)).send().await.unwrap()).await.1
}

async fn photo_by_url(stage: &Stage, url: &str) -> (u16, Value) {
    let path = stage.url(&stage.page_path("/photos"));
    let request = stage.as_page(stage.http.post(path).form(&[("url", url)]));
    json_of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn unpublished_photos_wait_for_a_post_and_are_used_once() {
    let stage = Stage::set().await;
    let photo = upload(&stage, "false").await["id"].as_str().unwrap().to_owned();
    assert_eq!(stage.visible().await, 0);
    let path = format!("/v26.0/{photo}?fields=page_story_id,alt_text,images");

    let (_, before) = read(&stage, &path).await;
    let attached = json!([{"media_fbid": photo}]).to_string();
    let (status, post) = json_of(stage.publish(&[("message", "m"), ("attached_media", &attached)]).await).await;
    let (_, after) = read(&stage, &path).await;
    let item = json!({"media_fbid": photo}).to_string();
    let (again, error) = json_of(stage.publish(&[("attached_media[0]", &item)]).await).await;

    assert!(before.get("page_story_id").is_none());
    assert_eq!(before["alt_text"], "colours");
    assert_eq!((status, &after["page_story_id"]), (200, &post["id"]));
    assert_eq!((again, &error["error"]["error_subcode"]), (400, &json!(1_366_051)));
}

#[tokio::test]
async fn published_photos_are_posts() {
    let stage = Stage::set().await;

    let photo = upload(&stage, "true").await;
    let (_, list) = read(&stage, &stage.page_path("/photos?type=uploaded&fields=id,name,page_story_id")).await;

    assert_eq!(list["data"][0]["page_story_id"], photo["post_id"]);
    assert_eq!(list["data"][0]["name"], "a caption");
    let posts = stage.get("/_sandbox/posts?platform=facebook").await;
    assert_eq!(posts["posts"][0]["id"], photo["post_id"]);
    assert_eq!(posts["posts"][0]["text"], "a caption");
}

#[tokio::test]
async fn photos_by_address_come_from_the_samples_only() {
    let stage = Stage::set().await;
    let sample = |name: &str| stage.url(&format!("/_sandbox/samples/{name}"));
    let cases = [
        (sample("photo-1.png"), Value::Null),
        (sample("big-6mb.jpg"), Value::Null),
        (sample("not-an-image.jpg"), json!(324)),
        (sample("missing.jpg"), json!(389)),
        ("https://example.com/a.jpg".to_owned(), json!(389)),
    ];

    for (url, code) in cases {
        assert_eq!(photo_by_url(&stage, &url).await.1["error"]["code"], code, "{url}");
    }
}

#[tokio::test]
async fn only_the_newest_post_counts_as_repeated() {
    let stage = Stage::set().await;
    assert_eq!(stage.publish(&[("message", "one")]).await.status(), 200);

    let (_, repeated) = json_of(stage.publish(&[("message", "one")]).await).await;
    let other = stage.publish(&[("message", "two")]).await;
    let again = stage.publish(&[("message", "one")]).await;

    assert_eq!(repeated["error"]["code"], 506);
    assert_eq!((other.status().as_u16(), again.status().as_u16()), (200, 200));
}

#[tokio::test]
async fn published_posts_page_filter_and_lag() {
    let stage = Stage::set().await;
    for n in 0..5 {
        stage.publish(&[("message", &format!("post {n}")), ("link", "https://example.com/")]).await;
        stage.control("clock", json!({"advanceSeconds": 60})).await;
    }
    let list = async |query: &str| read(&stage, &stage.page_path(&format!("/published_posts?{query}"))).await.1;
    let texts = |list: &Value| -> Vec<String> {
        let posts = list["data"].as_array().unwrap();
        posts.iter().map(|post| post["message"].as_str().unwrap().to_owned()).collect()
    };

    // 12:03:00 in unix seconds, which is when `post 3` appeared.
    let since = list("since=1795348980&fields=message,application%7Bid%7D").await;
    let first = list("limit=3").await;
    let next = first["paging"]["next"].as_str().unwrap();
    let rest: Value = stage.http.get(next).send().await.unwrap().json().await.unwrap();
    stage.control("settings", json!({"facebookIndexLagSeconds": 90})).await;
    let lagging = list("limit=1").await;

    assert_eq!(texts(&since), ["post 4", "post 3"]);
    assert_eq!(since["data"][0]["application"], json!({"id": "1000000000000001"}));
    assert_eq!(texts(&first), ["post 4", "post 3", "post 2"]);
    assert_eq!(texts(&rest), ["post 1", "post 0"]);
    assert!(rest["paging"].get("next").is_none());
    assert_eq!(texts(&lagging), ["post 3"]);
}

#[tokio::test]
async fn bodies_of_all_types_and_the_trailing_slash_are_understood() {
    let stage = Stage::set().await;
    let url = stage.url(&stage.page_path("/feed/?fields=message,permalink_url"));

    let form = stage.http.post(&url).multipart(Form::new().text("message", "one"));
    let (_, one) = json_of(stage.as_page(form).send().await.unwrap()).await;
    let token = stage.page["accessToken"].as_str().unwrap();
    let json_body = stage.http.post(&url).json(&json!({"message": "two", "published": true}));
    let header = format!("OAuth {token}");
    let json_body = json_body.header("authorization", header).send().await.unwrap();
    assert_eq!(json_body.headers()["facebook-api-version"], "v26.0");
    let (_, two) = json_of(json_body).await;

    assert_eq!((&one["message"], &two["message"]), (&json!("one"), &json!("two")));
    assert!(two["permalink_url"].as_str().unwrap().ends_with(two["id"].as_str().unwrap()));
}

#[tokio::test]
async fn errors_come_in_the_envelope() {
    let stage = Stage::set().await;
    let long = "a".repeat(63_207);
    let error = async |answer: Response| json_of(answer).await.1["error"].clone();

    let empty = error(stage.publish(&[]).await).await;
    let long = error(stage.publish(&[("message", &long)]).await).await;
    let photo = error(stage.publish(&[("attached_media", r#"[{"media_fbid":"1"}]"#)]).await).await;
    let (_, unknown) = read(&stage, "/v26.0/999").await;
    let (_, path) = read(&stage, &stage.page_path("/nonsense")).await;
    let bad = stage.get("/v26.0/me?access_token=bad").await;

    for error in [&empty, &long, &photo] {
        assert_eq!(error["code"], 100);
        assert!(error["fbtrace_id"].is_string());
    }
    assert_eq!(unknown["error"]["error_subcode"], 33);
    assert_eq!(path["error"]["code"], 2500);
    assert_eq!(bad["error"]["code"], 190);
}

#[tokio::test]
async fn proofs_are_checked_once_a_secret_is_set() {
    let stage = Stage::set().await;
    stage.control("settings", json!({"facebookAppSecret": "secret"})).await;
    let token = stage.page["accessToken"].as_str().unwrap();
    let right = crate::facebook::params::proof("secret", token);

    let (good, _) = read(&stage, &format!("/me?appsecret_proof={right}")).await;
    let (bad, body) = read(&stage, "/me?appsecret_proof=00").await;

    assert_eq!((good, bad), (200, 400));
    assert_eq!(body["error"]["type"], "GraphMethodException");
}

#[tokio::test]
async fn deleted_posts_are_gone() {
    let stage = Stage::set().await;
    let (_, post) = json_of(stage.publish(&[("message", "short life")]).await).await;
    let path = format!("/v26.0/{}", post["id"].as_str().unwrap());

    let gone = stage.as_page(stage.http.delete(stage.url(&path))).send().await.unwrap();

    assert_eq!(json_of(gone).await, (200, json!({"success": true})));
    assert_eq!(read(&stage, &path).await.1["error"]["error_subcode"], 33);
    assert_eq!(stage.visible().await, 0);
}

async fn send(stage: &Stage, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    json_of(stage.as_page(stage.http.post(stage.url(path)).form(fields)).send().await.unwrap()).await
}

#[tokio::test]
async fn comments_are_written_listed_changed_and_deleted() {
    let stage = Stage::set().await;
    let photo = upload(&stage, "true").await;
    let (post, photo) = (photo["post_id"].as_str().unwrap(), photo["id"].as_str().unwrap());
    let edge = format!("/v26.0/{post}/comments");
    let (_, first) = send(&stage, &edge, &[("message", "first")]).await;
    let first = first["id"].as_str().unwrap();
    stage.control("clock", json!({"advanceSeconds": 5})).await;
    let (_, second) = send(&stage, &format!("/v26.0/{photo}/comments"), &[("message", "second")]).await;
    let (_, answer) = send(&stage, &format!("/v26.0/{first}/comments"), &[("message", "answer")]).await;
    let texts = async |query: &str| {
        let (_, list) = read(&stage, &format!("{edge}?{query}&fields=message,from,parent,is_hidden")).await;
        let list = list["data"].as_array().unwrap().clone();
        list.iter().map(|comment| comment["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    assert_eq!(texts("").await, ["first", "second"]);
    assert_eq!(texts("order=reverse_chronological&limit=1").await, ["second"]);
    assert_eq!(texts("filter=stream").await, ["first", "second", "answer"]);
    let (_, below) = read(&stage, &format!("/v26.0/{first}/comments?fields=parent,from%7Bid%7D")).await;
    assert_eq!(below["data"][0], json!({"id": answer["id"], "parent": {"id": first}, "from": {"id": stage.page["id"]}}));
    assert!(first.starts_with(post.split_once('_').unwrap().1));
    assert!(second["id"].as_str().unwrap().starts_with(photo));
    let path = format!("/v26.0/{first}");
    assert_eq!(send(&stage, &path, &[("message", "better"), ("is_hidden", "true")]).await.0, 200);
    let (_, changed) = read(&stage, &format!("{path}?fields=message,is_hidden")).await;
    assert_eq!((&changed["message"], &changed["is_hidden"]), (&json!("better"), &json!(true)));
    stage.as_page(stage.http.delete(stage.url(&path))).send().await.unwrap();
    assert_eq!(texts("filter=stream").await, ["second"]);
    let posts = stage.get("/_sandbox/posts?platform=facebook").await;
    assert_eq!(posts["posts"][0]["comments"].as_array().unwrap().len(), 1);
    assert_eq!(send(&stage, &edge, &[]).await.0, 400);
    assert_eq!(send(&stage, "/v26.0/1_2/comments", &[("message", "m")]).await.1["error"]["error_subcode"], 33);
    stage.control("settings", json!({"facebookIndexLagSeconds": 3})).await;
    assert_eq!(texts("").await, [] as [&str; 0]);
}

#[tokio::test]
async fn photo_stories_take_unused_photos_and_last_a_day() {
    let stage = Stage::set().await;
    let id = |photo: &Value| photo["id"].as_str().unwrap().to_owned();
    let (fresh, used) = (id(&upload(&stage, "false").await), id(&upload(&stage, "true").await));
    let edge = stage.page_path("/photo_stories");
    let list = async |query: &str| read(&stage, &stage.page_path(&format!("/stories{query}"))).await.1["data"].clone();

    let (status, story) = send(&stage, &edge, &[("photo_id", &fresh)]).await;

    assert_eq!((status, &story["success"]), (200, &json!(true)));
    let expected = json!({
        "post_id": story["post_id"], "status": "PUBLISHED", "creation_time": "1795348800", "media_type": "photo",
        "media_id": fresh, "url": format!("{}/stories/{}/{}", stage.running.url, stage.page["id"].as_str().unwrap(),
            story["post_id"].as_str().unwrap()),
    });
    assert_eq!(list("").await, json!([expected]));
    for photo in [&fresh, &used] {
        assert_eq!(send(&stage, &edge, &[("photo_id", photo)]).await.1["error"]["error_subcode"], 1_366_051);
    }
    let old = id(&upload(&stage, "false").await);
    stage.control("clock", json!({"advanceSeconds": 86_401})).await;
    assert_eq!(send(&stage, &edge, &[("photo_id", &old)]).await.0, 400);
    assert_eq!(list("").await, json!([]));
    stage.control("settings", json!({"facebook": {"storyArchive": true}})).await;
    assert_eq!(list("?status=%5B%22ARCHIVED%22%5D").await[0]["status"], "ARCHIVED");
}

#[tokio::test]
async fn scheduled_posts_can_be_moved_and_appear_in_time() {
    let stage = Stage::set().await;
    let fields = [("message", "later"), ("published", "false"), ("scheduled_publish_time", "1795349500")];
    let (_, post) = json_of(stage.publish(&fields).await).await;
    let path = format!("/v26.0/{}", post["id"].as_str().unwrap());

    assert_eq!(send(&stage, &path, &[("scheduled_publish_time", "1795352400")]).await.0, 200);
    stage.control("clock", json!({"advanceSeconds": 3599})).await;
    assert_eq!(stage.visible().await, 0);
    stage.control("clock", json!({"advanceSeconds": 1})).await;

    assert_eq!(stage.visible().await, 1);
    assert_eq!(read(&stage, &format!("{path}?fields=created_time")).await.1["created_time"], "2026-11-22T13:00:00+0000");
    assert_eq!(send(&stage, &path, &[("scheduled_publish_time", "1795362400")]).await.0, 400);
}

#[tokio::test]
async fn every_documented_error_can_be_planted() {
    let stage = Stage::set().await;
    let names = stage.get("/_sandbox/errors").await["facebook"].as_array().unwrap().clone();
    assert!(names.len() > 90);
    for name in ["1/2853006", "190/463", "200/2069030", "368/1390008", "1363037", "2635", "is_transient", "80014"] {
        assert!(names.contains(&json!(name)), "{name}");
    }
    for name in &names {
        stage.fault(json!({"platform": "facebook", "action": {"name": "error", "code": name}})).await;
        let answer = stage.publish(&[("message", "m")]).await;
        let usage = answer.headers()["x-app-usage"].to_str().unwrap().contains("100");
        let (status, body) = json_of(answer).await;

        let name = name.as_str().unwrap();
        assert!((400..600).contains(&status), "{name}");
        if let Some(kind) = body["debug_info"]["type"].as_str() {
            assert_eq!(kind, name);
            continue;
        }
        let error = &body["error"];
        assert!(error["message"].is_string() && error["fbtrace_id"].is_string() && error["type"].is_string(), "{name}");
        let code = error["code"].as_u64().unwrap();
        let subcode = error["error_subcode"].as_u64().map_or_else(String::new, |subcode| subcode.to_string());
        let known = [code.to_string(), subcode.clone(), format!("{code}/{subcode}")].contains(&name.to_owned());
        assert!(known || name == "is_transient" && error["is_transient"] == true, "{name}: {error}");
        let throttle = matches!(code, 4 | 17 | 32 | 613 | 80_000..=80_014) && name != "4/2207051";
        assert_eq!(usage, throttle, "{name}");
    }
    assert_eq!(stage.visible().await, 0);
}

#[tokio::test]
async fn versions_are_served_as_long_as_they_live() {
    let stage = Stage::set().await;
    let served = async |path: &str| {
        let answer = stage.as_page(stage.http.get(stage.url(path))).send().await.unwrap();
        answer.headers()["facebook-api-version"].to_str().unwrap().to_owned()
    };

    for (path, version) in [("/v26.0/me", "v26.0"), ("/v24.0/me", "v24.0"), ("/v3.0/me", "v21.0"), ("/me", "v26.0")] {
        assert_eq!(served(path).await, version, "{path}");
    }
    stage.control("clock", json!({"now": "2027-02-01T00:00:00Z"})).await;
    assert_eq!(served("/v21.0/me").await, "v22.0");
    assert_eq!(read(&stage, "/v99.0/me").await.1["error"]["code"], 2500);
    assert_eq!(read(&stage, "/?ids=1,2").await.1["error"]["code"], 100);
    stage.control("settings", json!({"facebook": {"legacyProtocol": true}})).await;
    let id = stage.page["id"].as_str().unwrap();
    assert_eq!(read(&stage, &format!("/?ids={id}&fields=name")).await.1[id]["name"], stage.page["name"]);
    let me = || stage.as_page(stage.http.get(stage.url("/me")));
    let tag = me().send().await.unwrap().headers()["etag"].clone();
    assert_eq!(me().header("if-none-match", tag).send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn pages_have_only_so_many_calls_a_day() {
    let stage = Stage::set().await;
    stage.control("settings", json!({"facebook": {"engagedUsers": 0}})).await;

    let full = stage.publish(&[("message", "m")]).await;

    let usage: Value = serde_json::from_str(full.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    let usage = &usage[stage.page["id"].as_str().unwrap()][0];
    assert_eq!((&usage["call_count"], &usage["estimated_time_to_regain_access"]), (&json!(100), &json!(1440)));
    assert_eq!(json_of(full).await.1["error"]["code"], 80_001);
    stage.control("settings", json!({"rateLimits": false})).await;
    assert_eq!(stage.publish(&[("message", "m")]).await.status(), 200);
}

#[tokio::test]
async fn scopes_and_kinds_of_tokens_are_checked() {
    let stage = Stage::set().await;
    let narrow = json!({"platform": "facebook", "id": stage.page["id"], "scopes": ["pages_read_engagement"]});
    stage.control("accounts", narrow).await;
    let person = stage.control("accounts", json!({"platform": "facebook", "variant": "user"})).await;
    let token = person["accessToken"].as_str().unwrap();
    let as_person = async |request: RequestBuilder| json_of(request.bearer_auth(token).send().await.unwrap()).await.1;

    let (refused, error) = json_of(stage.publish(&[("message", "m")]).await).await;
    assert_eq!((refused, &error["error"]["code"]), (403, &json!(200)));
    assert_eq!(read(&stage, &stage.page_path("/published_posts")).await.0, 200);
    let pages = as_person(stage.http.get(stage.url("/me/accounts?fields=id,access_token,tasks,picture%7Burl%7D"))).await;
    assert_eq!(pages["data"][0]["access_token"], stage.page["accessToken"]);
    assert!(pages["data"][0]["picture"]["data"]["url"].is_string());
    let url = stage.url(&stage.page_path("/feed"));
    let error = as_person(stage.http.post(url).form(&[("message", "m")])).await;
    assert_eq!(error["error"]["error_subcode"], 2_069_032);
    let exchange = async |token: &str| {
        let query = "grant_type=fb_exchange_token&client_id=1000000000000001&client_secret=s";
        stage.get(&format!("/v26.0/oauth/access_token?{query}&fb_exchange_token={token}")).await
    };
    let long = exchange(token).await;
    assert_eq!(long["expires_in"], 5_184_000);
    let long = long["access_token"].as_str().unwrap();
    let debug = stage.get(&format!("/debug_token?access_token=1000000000000001%7Cs&input_token={long}")).await;
    assert_eq!((&debug["data"]["type"], &debug["data"]["is_valid"]), (&json!("USER"), &json!(true)));
    assert_eq!(exchange("unknown").await["error"]["code"], 190);
    let app = "grant_type=client_credentials&client_id=1000000000000001&client_secret=s";
    assert_eq!(stage.get(&format!("/oauth/access_token?{app}")).await["access_token"], "1000000000000001|s");
    stage.control("clock", json!({"advanceSeconds": 5_184_001})).await;
    assert_eq!(stage.get(&format!("/me?access_token={long}")).await["error"]["error_subcode"], 463);
}

#[tokio::test]
async fn posts_have_the_kind_of_what_they_hold() {
    let stage = Stage::set().await;
    let ids = [upload(&stage, "false").await, upload(&stage, "false").await, upload(&stage, "false").await];
    let item = |n: usize| json!({"media_fbid": ids[n]["id"]});
    let (one, two) = (json!([item(0)]).to_string(), json!([item(1), item(2)]).to_string());
    let coloured = [("message", "short"), ("text_format_preset_id", "106018623298955")];

    stage.publish(&[("message", "l"), ("link", "https://example.com/")]).await;
    stage.publish(&[("message", "i"), ("attached_media", &one)]).await;
    stage.publish(&[("message", "is"), ("attached_media", &two)]).await;
    stage.publish(&coloured).await;

    let posts = stage.get("/_sandbox/posts?platform=facebook").await["posts"].as_array().unwrap().clone();
    let kinds: Vec<&str> = posts.iter().map(|post| post["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["link", "image", "images", "text"]);
    assert_eq!(posts[3]["extra"], json!({"textFormatPresetId": "106018623298955"}));
    let long = "a".repeat(131);
    assert_eq!(stage.publish(&[("message", &long), coloured[1]]).await.status(), 400);
}
