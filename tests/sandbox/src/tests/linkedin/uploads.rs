use reqwest::Method;
use serde_json::json;

use super::{FILM, Member, PART, PNG, Stage, advance, json_of, key, settings};

#[tokio::test]
async fn uploads_expire_and_need_the_owners_token() {
    let stage = Stage::set().await;
    let (ann, bob) = (Member::new(&stage, "person", &[]).await, Member::new(&stage, "person", &[]).await);
    let (urn, url) = ann.begin("image").await;
    let anonymous = stage.http.put(&url).body(PNG).send().await.unwrap();

    assert!(url.starts_with(&stage.url("/dms-uploads/")));
    assert_eq!(anonymous.status(), 401);
    assert_eq!(bob.put(&url, PNG).await, 403);
    assert_eq!(ann.put(url.split('?').next().unwrap(), PNG).await, 403);
    assert_eq!(ann.put(&url, b"").await, 400);
    assert_eq!(ann.status(&urn).await, "WAITING_UPLOAD");
    assert_eq!(bob.get(&format!("/rest/images/{}", key(&urn))).await.0, 403);
    assert_eq!((ann.put(&url, PNG).await, ann.put(&url, PNG).await), (201, 201));
    assert_eq!(ann.status(&urn).await, "AVAILABLE");
    let foreign = json!({"initializeUploadRequest": {"owner": bob.urn}});
    assert_eq!(ann.send("/rest/images?action=initializeUpload", &foreign).await.status(), 403);
    advance(&stage, 86_400).await;
    let expired = ann.bare(Method::PUT, "").build().unwrap();
    let late = stage.http.put(&url).headers(expired.headers().clone()).body(PNG).send().await.unwrap();
    assert_eq!(json_of(late).await.1["code"], "EXPIRED_UPLOAD_URL");
}

#[tokio::test]
async fn videos_come_in_parts_and_end_with_every_mark_in_order() {
    let stage = Stage::set().await;
    let ann = Member::new(&stage, "person", &[]).await;
    let mut film = FILM.to_vec();
    film.extend(u32::try_from(2 * PART).unwrap().to_be_bytes());
    film.extend(b"free");
    film.resize(FILM.len() + 2 * PART, 0);
    let value = ann.begin_video(film.len()).await;
    let parts = value["uploadInstructions"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[1]["firstByte"], &parts[1]["lastByte"]), (3, &json!(PART), &json!(2 * PART - 1)));
    let put = |body: Vec<u8>, typed: &str| {
        let put = stage.http.put(parts[0]["uploadUrl"].as_str().unwrap()).header("content-type", typed);
        put.body(body).send()
    };
    assert_eq!(put(film[..PART - 1].to_vec(), "application/octet-stream").await.unwrap().status(), 400);
    assert_eq!(put(film[..PART].to_vec(), "video/mp4").await.unwrap().status(), 400);
    assert_eq!(ann.finish_video(&value, &[]).await, 400);

    let marks = ann.put_parts(&value, &film).await;
    let thumbnail = stage.http.put(value["thumbnailUploadUrl"].as_str().unwrap()).body(PNG).send().await.unwrap();

    assert_eq!(thumbnail.status(), 201);
    assert!(!marks[0].contains('"'));
    let swapped = [marks[1].clone(), marks[0].clone(), marks[2].clone()];
    assert_eq!(ann.finish_video(&value, &swapped).await, 400);
    assert_eq!(ann.finish_video(&value, &marks[..2]).await, 400);
    let mut other = value.clone();
    other["uploadToken"] = json!("");
    assert_eq!(ann.finish_video(&other, &marks).await, 400);
    let urn = value["video"].as_str().unwrap();
    assert_eq!(ann.status(urn).await, "WAITING_UPLOAD");
    assert_eq!((ann.finish_video(&value, &marks).await, ann.finish_video(&value, &marks).await), (200, 200));
    assert_eq!(ann.status(urn).await, "PROCESSING");
    advance(&stage, 3).await;
    let (_, body) = ann.get(&format!("/rest/videos/{}", key(urn))).await;
    let facts = (&body["status"], &body["duration"], &body["aspectRatioWidth"], &body["aspectRatioHeight"]);
    assert_eq!(facts, (&json!("AVAILABLE"), &json!(4000), &json!(16), &json!(9)));
    settings(&stage, json!({"refuseRepeatedFinalize": true})).await;
    assert_eq!(ann.finish_video(&value, &marks).await, 400);
}

#[tokio::test]
async fn processing_takes_checks_or_time_and_may_fail() {
    let stage = Stage::set().await;
    let page = Member::new(&stage, "organization", &[]).await;
    stage.fault(json!({"path": "/rest/videos", "action": {"name": "processing", "checks": 2}})).await;
    let slow = page.upload_video(FILM).await;
    let failing = json!({"name": "processing_failed", "checks": 1, "code": "BAD_CODEC"});
    stage.fault(json!({"path": "/dms-uploads/*", "action": failing})).await;
    let bad = page.upload_video(FILM).await;
    stage.fault(json!({"path": "/rest/images", "action": {"name": "processing"}})).await;
    let image = page.upload("image", PNG).await;
    let short = page.upload_video(include_bytes!("../../../samples/clip.mp4")).await;
    let early = page.post("early", json!({"media": {"id": slow}})).await;
    let doomed = page.post("doomed", json!({"media": {"id": bad}})).await;
    let seen = async |urn: String| page.get(&format!("/rest/posts/{}", key(&urn))).await.1["lifecycleState"].clone();

    assert_eq!(seen(early.clone()).await, "PUBLISH_REQUESTED");
    assert!(page.shown().await.is_empty());
    for expected in ["PROCESSING", "PROCESSING", "AVAILABLE", "AVAILABLE"] {
        assert_eq!(page.status(&slow).await, expected);
    }
    assert_eq!((page.shown().await.len(), seen(early).await), (1, json!("PUBLISHED")));
    assert_eq!(page.status(&bad).await, "PROCESSING");
    let (_, failed) = page.get(&format!("/rest/videos/{}", key(&bad))).await;
    assert_eq!((&failed["status"], &failed["processingFailureReason"]), (&json!("PROCESSING_FAILED"), &json!("BAD_CODEC")));
    assert_eq!((page.shown().await.len(), seen(doomed).await), (1, json!("PUBLISH_FAILED")));
    let body = page.body("image", json!({"media": {"id": image}}));
    assert_eq!(page.refused(&body).await, (400, "MEDIA_ASSET_WAITING_UPLOAD".to_owned()));
    assert_eq!(page.send("/rest/posts", &body).await.status(), 201);
    assert_eq!(page.status(&short).await, "PROCESSING");
    advance(&stage, 3).await;
    assert_eq!(page.status(&short).await, "PROCESSING_FAILED");
    let body = page.body("short", json!({"media": {"id": short}}));
    assert_eq!(page.refused(&body).await, (400, "MEDIA_ASSET_PROCESSING_FAILED".to_owned()));
    let by_clock = page.upload_video(FILM).await;
    page.post("by clock", json!({"media": {"id": by_clock}})).await;
    assert_eq!(page.shown().await.len(), 2);
    advance(&stage, 3).await;
    assert_eq!(page.shown().await.len(), 3);
}
