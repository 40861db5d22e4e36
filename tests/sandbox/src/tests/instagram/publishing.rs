//! From a container to a visible post, and back to it after a lost answer.

use super::*;

const FILM: &[u8] = include_bytes!("../../../samples/vertical.mp4");

#[tokio::test]
async fn every_kind_is_published_with_either_login() {
    for variant in ["instagram", "facebook"] {
        let gram = Gram::set(variant).await;
        let image = gram.published(json!({"image_url": "photo-1.jpg", "caption": "sea #sea", "alt_text": "waves"})).await;
        let reel = json!({"media_type": "REELS", "video_url": "vertical.mp4", "caption": "run", "cover_url": "story.jpg"});
        let reel = gram.container(reel).await;
        let story = gram.container(json!({"media_type": "STORIES", "video_url": "vertical.mp4"})).await;
        let first = gram.container(json!({"image_url": "photo-2.jpg", "is_carousel_item": true})).await;
        let film = json!({"media_type": "VIDEO", "video_url": "clip.mp4", "is_carousel_item": "true"});
        let second = gram.container(film).await;
        assert_eq!(gram.status(&reel).await, "IN_PROGRESS");
        assert_eq!(name(&gram.publish(&reel).await), "9007/2207027");
        let early = json!({"media_type": "CAROUSEL", "children": [first, second]});
        assert_eq!(name(&gram.create(early.clone()).await), "9007/2207027");

        gram.wait(3).await;
        assert_eq!(gram.status(&reel).await, "FINISHED");
        let reel = gram.publish(&reel).await;
        let story = gram.publish(&story).await;
        let mut album = early;
        album["caption"] = json!("both");
        let album = gram.published(album).await;

        let posts = gram.posts().await;
        let kinds: Vec<&Value> = posts.iter().map(|post| &post["kind"]).collect();
        assert_eq!(kinds, ["image", "reel", "story", "carousel"]);
        assert_eq!((&posts[0]["text"], &posts[0]["media"][0]["altText"]), (&json!("sea #sea"), &json!("waves")));
        assert_eq!(posts[3]["media"].as_array().unwrap().len(), 2);
        let fields = "fields=permalink,shortcode,media_type,media_product_type,children{media_type},timestamp,alt_text";
        let read = gram.read(&format!("{album}?{fields}")).await;
        assert_eq!((&read["media_type"], &read["media_product_type"]), (&json!("CAROUSEL_ALBUM"), &json!("FEED")));
        assert_eq!(read["children"]["data"][1]["media_type"], "VIDEO");
        assert_eq!(read["timestamp"], "2026-11-22T12:00:03+0000");
        assert_eq!(read["permalink"], posts[3]["url"]);
        assert_eq!(gram.read(&format!("{album}/children")).await["data"][0]["id"], read["children"]["data"][0]["id"]);
        assert!(posts[1]["url"].as_str().unwrap().contains("/reel/"));
        assert!(posts[2]["url"].as_str().unwrap().ends_with(story["id"].as_str().unwrap()));
        let list = gram.read("ME/media?fields=id,caption").await;
        assert_eq!(
            list["data"],
            json!([
                {"id": album, "caption": "both"}, {"id": reel["id"], "caption": "run"}, {"id": image, "caption": "sea #sea"},
            ])
        );
        assert_eq!(gram.read("ME/stories").await["data"], json!([{"id": story["id"]}]));
    }
}

#[tokio::test]
async fn containers_are_published_once_and_expire() {
    let gram = Gram::set("instagram").await;
    let container = gram.container(json!({"image_url": "photo-1.jpg"})).await;
    let late = gram.container(json!({"image_url": "photo-1.jpg"})).await;
    let child = gram.container(json!({"image_url": "photo-1.jpg", "is_carousel_item": true})).await;
    let broken = gram.container(json!({"media_type": "REELS", "video_url": "clip.mp4"})).await;

    gram.publish(&container).await;
    let again = gram.publish(&container).await;
    let alone = gram.publish(&child).await;
    gram.wait(4).await;
    let failed = gram.read(&format!("{broken}?fields=status,status_code,copyright_check_status")).await;
    let of_failed = gram.publish(&broken).await;
    gram.wait(86_400).await;
    let expired = gram.publish(&late).await;

    assert_eq!(gram.status(&container).await, "PUBLISHED");
    assert_eq!((name(&again).as_str(), name(&alone).as_str()), ("9007/2207027", "100"));
    assert_eq!(failed["status"], "Error: Media upload has failed with error code 2207026");
    assert_eq!(failed["copyright_check_status"]["status"], "error");
    assert_eq!(name(&of_failed), "352/2207026");
    assert_eq!((gram.status(&late).await.as_str(), name(&expired).as_str()), ("EXPIRED", "24/2207008"));
    assert_eq!(name(&gram.publish("17900000000999999").await), "24/2207008");
    assert_eq!(gram.posts().await.len(), 1);
}

#[tokio::test]
async fn bytes_come_in_one_go_or_from_where_they_broke_off() {
    let gram = Gram::set("facebook").await;
    let reel = gram.create(json!({"media_type": "REELS", "upload_type": "resumable", "caption": "own bytes"})).await;
    let (id, uri) = (reel["id"].as_str().unwrap(), reel["uri"].as_str().unwrap());
    let phase = format!("{id}?fields=status_code,video_status");
    let kind = |(status, body): (u16, Value)| (status, body["debug_info"]["type"].as_str().map(str::to_owned));

    assert!(uri.ends_with(&format!("/ig-api-upload/v26.0/{id}")));
    let partial = gram.upload(uri, 0, &FILM[..1000], FILM.len()).await;
    assert_eq!(partial.1["debug_info"]["retriable"], true);
    assert_eq!(kind(partial), (400, Some("PartialRequestError".to_owned())));
    let half = gram.read(&phase).await;
    assert_eq!(half["video_status"]["uploading_phase"]["bytes_transferred"], 1000);
    assert_eq!(half["status_code"], "IN_PROGRESS");
    let wrong = gram.upload(uri, 0, FILM, FILM.len()).await;
    assert_eq!(kind(wrong), (400, Some("OffsetInvalidError".to_owned())));
    let other = gram.upload(uri, 1000, &FILM[1000..], FILM.len() + 1).await;
    assert_eq!(kind(other), (400, Some("ProcessingFailedError".to_owned())));
    let rest = gram.upload(uri, 1000, &FILM[1000..], FILM.len()).await;
    assert_eq!((rest.0, &rest.1["success"]), (200, &json!(true)));
    assert_eq!(kind(gram.upload(uri, 0, FILM, FILM.len()).await).0, 400);
    gram.wait(3).await;
    let done = gram.read(&phase).await;
    assert_eq!(done["video_status"]["processing_phase"]["status"], "complete");
    gram.publish(id).await;
    assert_eq!(gram.posts().await[0]["media"][0]["sizeBytes"], FILM.len());
    let late = gram.create(json!({"media_type": "REELS", "upload_type": "resumable"})).await;
    gram.wait(86_400).await;
    let late = gram.upload(late["uri"].as_str().unwrap(), 0, FILM, FILM.len()).await;
    assert!(late.1["debug_info"]["message"].as_str().unwrap().contains("2207008"));
}

#[tokio::test]
async fn the_upload_host_takes_addresses_and_one_spelling_of_the_token() {
    let gram = Gram::set("facebook").await;
    let made = gram.create(json!({"media_type": "STORIES", "upload_type": "resumable"})).await;
    let uri = made["uri"].as_str().unwrap();
    let by_address = async |spelling: &str, sample: &str| {
        let header = format!("{spelling} {}", gram.token());
        let request = gram.stage.http.post(uri).header("authorization", header).header("file_url", gram.sample(sample));
        json_of(request.send().await.unwrap()).await
    };

    let bearer = by_address("Bearer", "vertical.mp4").await;
    let missing = by_address("OAuth", "missing.mp4").await;
    let good = by_address("OAuth", "vertical.mp4").await;
    let other = Gram::set("instagram").await;
    let own = other.create(json!({"media_type": "REELS", "upload_type": "resumable"})).await;
    other.switch(json!({"instagramLoginUploads": true})).await;
    let allowed = other.create(json!({"media_type": "REELS", "upload_type": "resumable"})).await;

    let inner: Value = serde_json::from_str(bearer.1["debug_info"]["message"].as_str().unwrap()).unwrap();
    assert_eq!((bearer.0, &inner["error"]["code"]), (401, &json!(190)));
    assert_eq!((missing.0, &missing.1["debug_info"]["type"]), (400, &json!("ProcessingFailedError")));
    assert_eq!((good.0, &good.1["success"]), (200, &json!(true)));
    assert_eq!(name(&own), "100");
    assert!(allowed["uri"].is_string());
}

#[tokio::test]
async fn lost_answers_can_be_searched() {
    let gram = Gram::set("facebook").await;
    let container = gram.container(json!({"image_url": "photo-1.jpg", "caption": "one"})).await;
    let lost = json!({"path": "*/media_publish", "account": gram.id(), "action": {"name": "error_after"}});
    gram.stage.fault(lost).await;

    let answer = gram.publish(&container).await;
    gram.switch(json!({"indexLagSeconds": 30})).await;
    let early = gram.read("ME/media").await;
    gram.wait(60).await;
    let found = gram.read("ME/media?since=1795348770&fields=caption").await;
    for _ in 0..2 {
        gram.published(json!({"image_url": "photo-1.jpg", "caption": "two"})).await;
    }
    gram.wait(60).await;
    let newer = gram.read("ME/media?since=1795348860&limit=1&fields=caption").await;
    let next: Value = gram.stage.http.get(newer["paging"]["next"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();

    assert_eq!(name(&answer), "2");
    assert_eq!(gram.status(&container).await, "PUBLISHED");
    assert_eq!(early["data"], json!([]));
    assert_eq!(found["data"][0]["caption"], "one");
    assert_eq!((&newer["data"][0]["caption"], &next["data"][0]["caption"]), (&json!("two"), &json!("two")));
    assert!(next["paging"].get("next").is_none() && next["paging"]["previous"].is_string());
}

#[tokio::test]
async fn processing_takes_checks_fails_and_follows_addresses() {
    let gram = Gram::set("instagram").await;
    let reel = || json!({"media_type": "REELS", "video_url": "vertical.mp4"});
    let fault =
        |action: Value| gram.stage.fault(json!({"path": "*/media", "account": gram.account["username"], "action": action}));
    fault(json!({"name": "processing", "checks": 2})).await;
    let slow = gram.container(reel()).await;
    fault(json!({"name": "processing_failed", "checks": 1, "code": "2207077"})).await;
    let failing = gram.container(reel()).await;
    let outcomes = json!([
        {"url": "*landscape*", "outcome": "stuck"},
        {"url": "*clip*", "outcome": {"error": "2207085"}},
        {"url": "*vertical*", "outcome": "copyright_match"},
    ]);
    gram.switch(json!({"outcomes": outcomes})).await;
    let stuck = gram.container(json!({"media_type": "REELS", "video_url": "landscape.mp4"})).await;
    let broken = gram.container(json!({"media_type": "REELS", "video_url": "clip.mp4"})).await;
    let copied = gram.container(reel()).await;

    for expected in ["IN_PROGRESS", "IN_PROGRESS", "FINISHED"] {
        assert_eq!(gram.status(&slow).await, expected);
    }
    assert_eq!(gram.status(&failing).await, "IN_PROGRESS");
    let failed = gram.read(&format!("{failing}?fields=status,status_code")).await;
    assert!(failed["status"].as_str().unwrap().ends_with("2207077"), "{failed}");
    gram.wait(3600).await;
    assert_eq!(gram.status(&stuck).await, "IN_PROGRESS");
    assert!(gram.read(&format!("{broken}?fields=status")).await["status"].as_str().unwrap().ends_with("2207085"));
    let found = gram.read(&format!("{copied}?fields=copyright_check_status")).await;
    assert_eq!(found["copyright_check_status"], json!({"status": "completed", "matches_found": true}));
}
