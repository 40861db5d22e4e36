//! GIFs and videos: segments, sizes, the work on them, and what posts accept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::multipart::{Form, Part};

use super::*;

const GIF: &[u8] = include_bytes!("../../../samples/animated.gif");
const CLIP: &[u8] = include_bytes!("../../../samples/clip.mp4");
const JPEG: &[u8] = include_bytes!("../../../samples/photo-2.jpg");

async fn initialize(stage: &Stage, category: &str, media_type: &str, total_bytes: usize) -> (u16, Value) {
    let body = json!({"media_type": media_type, "total_bytes": total_bytes, "media_category": category});
    call(stage, "/2/media/upload/initialize", body).await
}

async fn append(stage: &Stage, id: &str, index: u32, piece: &[u8]) -> u16 {
    let form = Form::new().text("segment_index", index.to_string()).part("media", Part::bytes(piece.to_vec()).file_name("blob"));
    let url = stage.url(&format!("/2/media/upload/{id}/append"));
    stage.as_user(stage.http.post(url).multipart(form)).send().await.unwrap().status().as_u16()
}

/// Uploads a file in two segments, the first as base64 and after the second, and returns its id and how it ended.
async fn upload_as(stage: &Stage, category: &str, media_type: &str, file: &[u8]) -> (String, u16, Value) {
    let (status, started) = initialize(stage, category, media_type, file.len()).await;
    assert_eq!(status, 200, "{started}");
    let id = started["data"]["id"].as_str().unwrap().to_owned();
    let (first, second) = file.split_at(file.len() / 2);
    assert_eq!(append(stage, &id, 1, second).await, 200);
    let body = json!({"media": STANDARD.encode(first), "segment_index": 0});
    let (status, appended) = call(stage, &format!("/2/media/upload/{id}/append"), body).await;
    assert_eq!((status, appended["data"]["expires_at"].is_i64()), (200, true));
    let (status, finished) = finalize(stage, &id).await;
    (id, status, finished)
}

async fn attach(stage: &Stage, token: &Value, ids: &[&str]) -> (u16, Value) {
    let body = json!({"media": {"media_ids": ids}});
    let request = stage.http.post(stage.url("/2/tweets")).bearer_auth(token.as_str().unwrap()).json(&body);
    json_of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn videos_and_gifs_take_their_time_and_become_posts_of_their_kind() {
    for (category, media_type, file, kind) in
        [("tweet_video", "video/mp4", CLIP, "video"), ("tweet_gif", "image/gif", GIF, "gif")]
    {
        let stage = Stage::set().await;
        let token = &stage.user["accessToken"];
        let (id, _, finished) = upload_as(&stage, category, media_type, file).await;

        assert_eq!(finished["data"]["size"], file.len());
        assert_eq!(finished["data"]["processing_info"], json!({"state": "pending", "check_after_secs": 3}));
        assert_eq!(finished["data"]["video"].is_object(), kind == "video");
        let (early, body) = attach(&stage, token, &[&id]).await;
        assert_eq!((early, &body["errors"][0]["message"]), (400, &json!("Your media IDs are invalid.")));
        stage.control("clock", json!({"advanceSeconds": 2})).await;
        assert_eq!(status(&stage, &id).await, "in_progress");
        stage.control("clock", json!({"advanceSeconds": 1})).await;
        assert_eq!(status(&stage, &id).await, "succeeded");
        assert_eq!(attach(&stage, token, &[&id]).await.0, 201);

        let post = &stage.get("/_sandbox/posts").await["posts"][0];
        assert_eq!((&post["kind"], &post["media"][0]["sizeBytes"]), (&json!(kind), &json!(file.len())));
        let bytes = stage.http.get(post["media"][0]["url"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, file);
    }
}

#[tokio::test]
async fn starts_are_refused_that_break_the_rules() {
    let stage = Stage::set().await;
    let mb = 1024 * 1024;
    let cases = [
        ("tweet_image", "image/png", 5 * mb, 200),
        ("tweet_image", "image/png", 5 * mb + 1, 400),
        ("tweet_gif", "image/gif", 15 * mb + 1, 400),
        ("tweet_video", "video/mp4", 512 * mb, 200),
        ("tweet_video", "video/mp4", 512 * mb + 1, 400),
        ("tweet_video", "image/png", 10, 400),
        ("tweet_video", "video/avi", 10, 400),
        ("tweet_film", "video/mp4", 10, 400),
        ("tweet_image", "image/png", 0, 400),
    ];

    for (category, media_type, bytes, expected) in cases {
        let (status, body) = initialize(&stage, category, media_type, bytes).await;
        assert_eq!(status, expected, "{category} {media_type} {bytes}: {body}");
    }
    let unknown = json!({"media_type": "video/mp4", "total_bytes": 9, "media_size": 9});
    assert_eq!(call(&stage, "/2/media/upload/initialize", unknown).await.0, 400);
}

#[tokio::test]
async fn segments_must_fit_and_add_up_before_they_expire() {
    let stage = Stage::set().await;
    let mb = 1024 * 1024;
    let (_, started) = initialize(&stage, "tweet_video", "video/mp4", 6 * mb).await;
    let id = started["data"]["id"].as_str().unwrap();
    let piece = vec![1; 5 * mb + 1];

    assert!(started["data"]["media_key"].as_str().unwrap().ends_with(&format!("_{id}")));
    assert_eq!(append(&stage, id, 0, &piece).await, 400);
    assert_eq!(append(&stage, id, 1000, b"a").await, 400);
    assert_eq!(append(&stage, id, 0, b"").await, 400);
    assert_eq!(append(&stage, id, 0, &piece[..5 * mb]).await, 200);
    // A segment that is sent again takes the place of the first.
    assert_eq!(append(&stage, id, 0, &piece[..5 * mb]).await, 200);
    assert_eq!(append(&stage, id, 2, &piece[..mb + 1]).await, 400);
    assert_eq!(append(&stage, id, 2, &piece[..mb]).await, 200);
    assert_eq!(finalize(&stage, id).await.0, 400);
    assert_eq!(append(&stage, "1", 0, b"a").await, 404);
    stage.control("clock", json!({"advanceSeconds": 86_400})).await;
    assert_eq!(append(&stage, id, 1, b"a").await, 404);
    assert_eq!(finalize(&stage, id).await.0, 404);
}

#[tokio::test]
async fn a_large_film_is_counted_without_being_kept() {
    let stage = Stage::set().await;
    let mb = 1024 * 1024;
    let mut piece = vec![0; 4 * mb];
    piece[..CLIP.len()].copy_from_slice(CLIP);
    let (_, started) = initialize(&stage, "tweet_video", "video/mp4", 40 * mb).await;
    let id = started["data"]["id"].as_str().unwrap();
    for index in (0..10).rev() {
        assert_eq!(append(&stage, id, index, &piece).await, 200);
    }

    let (status, finished) = finalize(&stage, id).await;
    let kept = stage.http.get(stage.url(&format!("/_sandbox/media/{id}"))).send().await.unwrap().bytes().await.unwrap();

    assert_eq!((status, &finished["data"]["size"]), (200, &json!(40 * mb)));
    assert_eq!((kept.len(), &kept[..CLIP.len()]), (16 * mb, CLIP));
}

#[tokio::test]
async fn files_that_are_not_what_they_claim_fail() {
    let stage = Stage::set().await;
    stage.control("settings", json!({"x": {"videoProcessingSeconds": 0}})).await;
    let mut short = CLIP.to_vec();
    let header = short.windows(4).position(|name| name == b"mvhd").unwrap();
    short[header + 20..header + 24].copy_from_slice(&400_u32.to_be_bytes());
    let cases: [(&str, &str, &[u8], &str); 4] = [
        ("tweet_video", "video/mp4", JPEG, "UnsupportedMedia"),
        ("tweet_video", "video/mp4", &short, "InvalidMedia"),
        ("tweet_gif", "image/gif", JPEG, "InvalidMedia"),
        ("tweet_gif", "image/gif", CLIP, "InvalidMedia"),
    ];

    for (category, media_type, file, name) in cases {
        let (id, status, finished) = upload_as(&stage, category, media_type, file).await;
        let info = &finished["data"]["processing_info"];
        assert_eq!((status, &info["state"], &info["error"]["name"]), (200, &json!("failed"), &json!(name)));
        assert_eq!(attach(&stage, &stage.user["accessToken"], &[&id]).await.0, 400);
    }
    for file in [CLIP, GIF] {
        assert_eq!(upload_as(&stage, "tweet_image", "image/png", file).await.1, 400);
    }
}

#[tokio::test]
async fn faults_count_checks_and_name_the_failure() {
    let stage = Stage::set().await;
    stage.fault(json!({"action": {"name": "processing", "checks": 1}})).await;
    stage.fault(json!({"action": {"name": "processing_failed", "checks": 0, "code": "InternalError"}})).await;
    let (good, ..) = upload_as(&stage, "tweet_video", "video/mp4", CLIP).await;
    let (bad, ..) = upload_as(&stage, "tweet_video", "video/mp4", CLIP).await;
    stage.control("clock", json!({"advanceSeconds": 60})).await;

    assert_eq!(status(&stage, &good).await, "in_progress");
    assert_eq!(attach(&stage, &stage.user["accessToken"], &[&good]).await.0, 400);
    assert_eq!(status(&stage, &good).await, "succeeded");
    assert_eq!(attach(&stage, &stage.user["accessToken"], &[&good]).await.0, 201);
    assert_eq!(status(&stage, &bad).await, "failed");
    let again = finalize(&stage, &bad).await.1;
    assert_eq!(again["data"]["processing_info"]["error"]["name"], "InternalError");
}

#[tokio::test]
async fn media_go_together_only_as_images_of_ones_own() {
    let stage = Stage::set().await;
    stage.control("settings", json!({"x": {"videoProcessingSeconds": 0}})).await;
    let other = stage.control("accounts", json!({"platform": "x"})).await;
    let body = json!({"media_type": "video/mp4", "total_bytes": CLIP.len(), "additional_owners": [other["id"]]});
    let (_, shared) = call(&stage, "/2/media/upload/initialize", body).await;
    let video = shared["data"]["id"].as_str().unwrap();
    append(&stage, video, 0, CLIP).await;
    finalize(&stage, video).await;
    let (gif, ..) = upload_as(&stage, "tweet_gif", "image/gif", GIF).await;
    let (first, ..) = upload_as(&stage, "tweet_image", "image/jpeg", JPEG).await;
    let (second, ..) = upload_as(&stage, "tweet_image", "image/png", PNG).await;
    let (private, ..) = upload_as(&stage, "dm_image", "image/png", PNG).await;
    let (own, others) = (&stage.user["accessToken"], &other["accessToken"]);
    let cases: [(&Value, &[&str], u16); 9] = [
        (own, &[&first, &gif], 400),
        (own, &[video, &first], 400),
        (own, &[&gif, video], 400),
        (own, &[&first, &first], 400),
        (own, &[&private], 400),
        (others, &[&first], 400),
        (others, &[video], 201),
        (own, &[&first, &second], 201),
        (own, &["first"], 400),
    ];

    for (token, ids, expected) in cases {
        assert_eq!(attach(&stage, token, ids).await.0, expected, "{ids:?}");
    }
    assert_eq!(stage.get("/_sandbox/posts").await["posts"][1]["kind"], "images");
}

#[tokio::test]
async fn films_longer_than_allowed_need_a_subscription() {
    let stage = Stage::set().await;
    stage.control("settings", json!({"x": {"videoProcessingSeconds": 0}})).await;
    let mut long = CLIP.to_vec();
    let header = long.windows(4).position(|name| name == b"mvhd").unwrap();
    long[header + 20..header + 24].copy_from_slice(&140_001_u32.to_be_bytes());
    let premium = stage.control("accounts", json!({"platform": "x", "variant": "premium"})).await;
    let body = json!({"media_type": "video/mp4", "total_bytes": long.len(), "additional_owners": [premium["id"]]});
    let (_, started) = call(&stage, "/2/media/upload/initialize", body).await;
    let id = started["data"]["id"].as_str().unwrap();
    append(&stage, id, 0, &long).await;
    finalize(&stage, id).await;

    let (refused, body) = attach(&stage, &stage.user["accessToken"], &[id]).await;
    let (accepted, _) = attach(&stage, &premium["accessToken"], &[id]).await;

    assert_eq!((refused, accepted), (403, 201));
    assert!(body["detail"].as_str().unwrap().contains("video longer than 2 minutes"));
}

#[tokio::test]
async fn one_shot_is_for_images_and_old_commands_are_gone() {
    let stage = Stage::set().await;
    let cases: [(&str, &str, &[u8], u16); 5] = [
        ("tweet_image", "media", PNG, 200),
        ("tweet_gif", "media", GIF, 400),
        ("tweet_video", "media", CLIP, 400),
        ("tweet_image", "command", PNG, 400),
        ("tweet_image", "media", &[0xff; 100], 400),
    ];

    for (category, name, file, expected) in cases {
        let form = Form::new().text("media_category", category).part(name, Part::bytes(file.to_vec()).file_name("a"));
        let request = stage.http.post(stage.url("/2/media/upload")).multipart(form);
        let (status, body) = json_of(stage.as_user(request).send().await.unwrap()).await;
        assert_eq!(status, expected, "{category}: {body}");
    }
    let body = json!({"media": STANDARD.encode(JPEG), "media_category": "tweet_image"});
    let (status, body) = call(&stage, "/2/media/upload", body).await;
    assert_eq!((status, &body["data"]["image"]["image_type"]), (200, &json!("image/jpeg")));
    assert!(body["data"].get("processing_info").is_none());
    let alt = json!({"id": body["data"]["id"], "metadata": {"alt_text": {"text": "a".repeat(1001)}}});
    assert_eq!(call(&stage, "/2/media/metadata", alt).await.0, 400);
}
