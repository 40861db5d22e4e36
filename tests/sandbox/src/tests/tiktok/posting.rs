//! The ways of videos, photos and drafts, and how they are read afterwards.

use super::*;

#[tokio::test]
async fn video_goes_up_in_chunks_and_comes_out_once() {
    let tok = Tok::set().await;
    let mut file = CLIP.to_vec();
    file.resize(2 * CHUNK + 100, 0);
    let total = file.len();
    let (id, url) = tok.start(VIDEO_INIT, direct("My #clip", "PUBLIC_TO_EVERYONE", sent(total, CHUNK, 2))).await;
    assert!(id.starts_with("v_pub_file~v2-1.") && id.len() <= 64 && url.len() <= 256, "{id} {url}");

    let early = tok.put(&url, &file[CHUNK..], CHUNK, total).await;
    assert_eq!(range_of(&early), (416, format!("bytes 0-0/{total}")));
    for (bytes, total) in [(&file[..CHUNK - 1], total), (&file[..], total), (&file[..CHUNK], total + 1)] {
        assert_eq!(tok.put(&url, bytes, 0, total).await.status(), 400);
    }
    let untyped = tok.stage.http.put(&url).header("content-range", format!("bytes 0-{}/{total}", CHUNK - 1));
    assert_eq!(untyped.body(file[..CHUNK].to_vec()).send().await.unwrap().status(), 400);
    let first = tok.put(&url, &file[..CHUNK], 0, total).await;
    assert_eq!(range_of(&first), (206, format!("bytes 0-{CHUNK}/{total}")));
    let again = tok.put(&url, &file[..CHUNK], 0, total).await;
    assert_eq!(range_of(&again), (416, format!("bytes 0-{CHUNK}/{total}")));
    assert_eq!(tok.status(&id).await, json!({"status": "PROCESSING_UPLOAD", "uploaded_bytes": CHUNK}));
    let last = tok.put(&url, &file[CHUNK..], CHUNK, total).await;
    assert_eq!(range_of(&last), (201, format!("bytes 0-{total}/{total}")));
    assert_eq!(tok.put(&url, &file[CHUNK..], CHUNK, total).await.status(), 416);
    assert_eq!(tok.status(&id).await, json!({"status": "PROCESSING_UPLOAD", "uploaded_bytes": total}));
    assert!(tok.posts().await.is_empty());

    tok.pass(3).await;
    let posts = tok.posts().await;
    let done = tok.status(&id).await;

    assert_eq!(posts.len(), 1);
    let post = &posts[0];
    assert_eq!((&post["kind"], &post["text"]), (&json!("video"), &json!("My #clip")));
    assert_eq!((&post["media"][0]["sizeBytes"], &post["extra"]["publishId"]), (&json!(total), &json!(id)));
    assert_eq!(done["status"], "PUBLISH_COMPLETE");
    assert_eq!(done["publicaly_available_post_id"][0].to_string(), post["id"].as_str().unwrap());
    let (_, listed) = tok.call(LIST, json!({"max_count": 20})).await;
    let row = &listed["data"]["videos"][0];
    assert_eq!((&row["id"], &row["share_url"], &row["duration"]), (&post["id"], &post["url"], &json!(4)));
    assert_eq!((&row["video_description"], &row["create_time"]), (&json!("My #clip"), &json!(1_795_348_803)));
}

#[tokio::test]
async fn public_ids_and_lists_come_late_and_never_for_private_posts() {
    let tok = Tok::set().await;
    tok.settings(json!({"videoProcessingSeconds": 0, "publicIdSeconds": 60, "indexLagSeconds": 90})).await;
    let open = tok.upload(VIDEO_INIT, "open", "PUBLIC_TO_EVERYONE").await;
    let closed = tok.upload(VIDEO_INIT, "closed", "SELF_ONLY").await;
    let id = async |id: &str| tok.status(id).await["publicaly_available_post_id"].is_array();
    let listed = async || tok.call(LIST, json!({})).await.1["data"]["videos"].as_array().unwrap().len();

    assert_eq!(tok.status(&open).await["status"], "PUBLISH_COMPLETE");
    assert_eq!((id(&open).await, id(&closed).await, listed().await), (false, false, 0));
    tok.pass(60).await;
    assert_eq!((id(&open).await, id(&closed).await, listed().await), (true, false, 0));
    tok.pass(30).await;
    assert_eq!((id(&open).await, id(&closed).await, listed().await), (true, false, 1));
    assert_eq!(tok.posts().await[1]["extra"]["privacy"], "SELF_ONLY");
}

#[tokio::test]
async fn lists_have_pages_and_fields() {
    let tok = Tok::set().await;
    tok.unlimited().await;
    tok.settings(json!({"videoProcessingSeconds": 0})).await;
    for caption in ["a", "b", "c"] {
        tok.upload(VIDEO_INIT, caption, "PUBLIC_TO_EVERYONE").await;
    }
    let captions = |body: &Value| -> String {
        body["data"]["videos"].as_array().unwrap().iter().map(|video| video["title"].as_str().unwrap()).collect()
    };

    let (_, first) = tok.call(LIST, json!({"max_count": 2})).await;
    let (_, second) = tok.call(LIST, json!({"max_count": 2, "cursor": first["data"]["cursor"]})).await;
    let wanted = json!({"filters": {"video_ids": [tok.posts().await[1]["id"], "7"]}});
    let (_, found) = tok.call("/v2/video/query/?fields=id,title", wanted).await;

    assert_eq!((captions(&first), &first["data"]["has_more"]), ("cb".to_owned(), &json!(true)));
    assert_eq!((captions(&second), &second["data"]["has_more"]), ("a".to_owned(), &json!(false)));
    assert_eq!(captions(&found), "b");
    for (path, body) in
        [(LIST, json!({"max_count": 21})), ("/v2/video/list/", json!({})), ("/v2/video/list/?fields=x", json!({}))]
    {
        assert_eq!(tok.verdict(path, body).await, (400, "invalid_params".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn uploads_end_with_their_hour_or_when_cancelled() {
    let tok = Tok::set().await;
    let (first, late) = tok.start(VIDEO_INIT, public("late")).await;
    let (second, gone) = tok.start(VIDEO_INIT, public("gone")).await;
    let done = tok.upload(VIDEO_INIT, "done", "SELF_ONLY").await;

    let cancel = async |id: &str| tok.verdict(CANCEL, json!({"publish_id": id})).await;
    assert_eq!(cancel(&second).await, (200, "ok".to_owned()));
    assert_eq!(cancel(&second).await, (400, "publish_not_cancellable".to_owned()));
    assert_eq!(tok.status(&second).await["fail_reason"], "publish_cancelled");
    tok.pass(3).await;
    assert_eq!(cancel(&done).await, (400, "publish_not_cancellable".to_owned()));
    let put = async |url: &str| tok.put(url, CLIP, 0, CLIP.len()).await.status().as_u16();
    assert_eq!((put(&gone).await, put(&late.replace("upload_token=", "upload_token=x")).await), (404, 403));
    tok.pass(3600).await;
    assert_eq!((put(&late).await, put(&late.replace("upload_id=", "upload_id=9")).await), (403, 404));
    assert_eq!(tok.status(&first).await["status"], "PROCESSING_UPLOAD");
    assert_eq!(tok.posts().await.len(), 1);
}

#[tokio::test]
async fn photos_are_pulled_from_verified_addresses_only() {
    let tok = Tok::set().await;
    tok.unlimited().await;
    let (id, _) = tok.start(PHOTO_INIT, tok.photos(&["photo-1.jpg", "photo-1.webp"])).await;
    assert!(id.starts_with("p_pub_url~v2."));
    assert_eq!(tok.status(&id).await["status"], "PUBLISH_COMPLETE");
    let post = &tok.posts().await[0];
    assert_eq!((&post["kind"], &post["title"], &post["text"]), (&json!("images"), &json!("t"), &json!("d")));
    assert_eq!(post["media"].as_array().unwrap().len(), 2);
    assert!(post["url"].as_str().unwrap().contains("/photo/"));
    assert_eq!(tok.call(LIST, json!({})).await.1["data"]["videos"][0]["video_description"], "d");

    for (name, reason) in [
        ("photo-1.png", "file_format_check_failed"),
        ("missing.jpg", "photo_pull_failed"),
        ("photo-1.jpg?redirect=1", "photo_pull_failed"),
        ("photo-1.jpg?size=20000001", "picture_size_check_failed"),
    ] {
        let (id, _) = tok.start(PHOTO_INIT, tok.photos(&[name])).await;
        let status = tok.status(&id).await;
        assert_eq!((&status["status"], &status["fail_reason"]), (&json!("FAILED"), &json!(reason)), "{name}");
    }
    for (pointer, value) in [
        ("/post_info/title", json!("x".repeat(91))),
        ("/post_info/description", json!("x".repeat(4001))),
        ("/source_info/photo_cover_index", json!(1)),
        ("/source_info/photo_images", json!(vec![tok.sample("photo-1.jpg"); 36])),
        ("/source_info/source", json!("FILE_UPLOAD")),
        ("/media_type", json!("VIDEO")),
        ("/post_mode", json!("LATER")),
    ] {
        let mut body = tok.photos(&["photo-1.jpg"]);
        *body.pointer_mut(pointer).unwrap() = value;
        assert_eq!(tok.verdict(PHOTO_INIT, body).await, (400, "invalid_param".to_owned()), "{pointer}");
    }
    tok.settings(json!({"verifiedPrefixes": ["https://verified.example/"]})).await;
    let refused = tok.verdict(PHOTO_INIT, tok.photos(&["photo-1.jpg"])).await;
    assert_eq!(refused, (403, "url_ownership_unverified".to_owned()));
    assert_eq!(tok.posts().await.len(), 1);
}

#[tokio::test]
async fn videos_can_be_pulled_too() {
    let tok = Tok::set().await;
    let pulled =
        |name: &str| direct("pulled", "PUBLIC_TO_EVERYONE", json!({"source": "PULL_FROM_URL", "video_url": tok.sample(name)}));
    let (good, url) = tok.start(VIDEO_INIT, pulled("landscape.mp4")).await;
    let (bad, _) = tok.start(VIDEO_INIT, pulled("missing.mp4")).await;
    let (odd, _) = tok.start(VIDEO_INIT, pulled("photo-1.jpg")).await;
    assert_eq!((url.as_str(), good.starts_with("v_pub_url~v2.")), ("", true));
    assert_eq!(tok.status(&bad).await, json!({"status": "PROCESSING_DOWNLOAD", "downloaded_bytes": 0}));

    tok.pass(3).await;

    let done = tok.status(&good).await;
    assert_eq!((&done["status"], &done["downloaded_bytes"]), (&json!("PUBLISH_COMPLETE"), &json!(97_482)));
    assert_eq!(tok.status(&bad).await["fail_reason"], "video_pull_failed");
    assert_eq!(tok.status(&odd).await["fail_reason"], "file_format_check_failed");
    assert_eq!(tok.posts().await.len(), 1);
}

#[tokio::test]
async fn drafts_wait_in_the_inbox_and_five_are_the_most() {
    let tok = Tok::set().await;
    tok.settings(json!({"videoProcessingSeconds": 0, "initsPerMinute": 100})).await;
    let mut photos = tok.photos(&["photo-1.jpg"]);
    photos["post_mode"] = json!("MEDIA_UPLOAD");
    let id = tok.upload(INBOX_INIT, "", "").await;
    let (album, _) = tok.start(PHOTO_INIT, photos).await;
    for _ in 0..3 {
        tok.upload(INBOX_INIT, "", "").await;
    }
    assert!(id.starts_with("v_inbox_file~v2.") && album.starts_with("p_inbox_url~v2."));
    assert_eq!(tok.status(&id).await["status"], "SEND_TO_USER_INBOX");
    let posts = tok.posts().await;
    assert_eq!((posts.len(), &posts[0]["kind"], &posts[0]["extra"]["inbox"]), (5, &json!("inbox"), &json!(true)));

    let full = tok.verdict(INBOX_INIT, public("")).await;
    assert_eq!(full, (403, "spam_risk_too_many_pending_share".to_owned()));
    tok.settings(json!({"inboxPostedAfterSeconds": 60})).await;
    tok.pass(60).await;
    assert_eq!(tok.verdict(INBOX_INIT, public("")).await.0, 200);
    let done = tok.status(&album).await;
    assert_eq!((&done["status"], done["publicaly_available_post_id"].is_array()), (&json!("PUBLISH_COMPLETE"), true));
    assert_eq!(tok.posts().await[1]["kind"], "images");
}

#[tokio::test]
async fn work_takes_as_many_checks_as_asked_for() {
    let tok = Tok::set().await;
    tok.fault("*/init/", json!({"name": "processing", "checks": 2})).await;
    tok.fault("/tiktok-upload/*", json!({"name": "processing_failed", "code": "spam_risk_text"})).await;
    let (slow, url) = tok.start(VIDEO_INIT, public("slow")).await;
    let bad = tok.upload(VIDEO_INIT, "bad", "SELF_ONLY").await;
    tok.put(&url, CLIP, 0, CLIP.len()).await;

    for (id, expected) in [
        (&slow, "PROCESSING_UPLOAD"),
        (&slow, "PROCESSING_UPLOAD"),
        (&slow, "PUBLISH_COMPLETE"),
        (&bad, "PROCESSING_UPLOAD"),
        (&bad, "FAILED"),
    ] {
        assert_eq!(tok.status(id).await["status"], expected);
    }
    assert_eq!(tok.status(&bad).await["fail_reason"], "spam_risk_text");
    assert_eq!(tok.posts().await.len(), 1);
}

#[tokio::test]
async fn films_that_are_too_long_or_too_small_fail() {
    let tok = Tok::set().await;
    tok.settings(json!({"maxVideoPostDurationSec": 3})).await;

    let id = tok.upload(VIDEO_INIT, "", "SELF_ONLY").await;
    tok.pass(3).await;

    assert_eq!(tok.status(&id).await["fail_reason"], "duration_check_failed");
}
