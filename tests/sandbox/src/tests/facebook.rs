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
