//! Uploads: resumable ones piece by piece, and those of one call.

use super::*;

#[tokio::test]
async fn pieces_are_stored_in_order_and_the_last_one_makes_the_video() {
    let channel = Channel::set().await;
    let film = film(GRAIN + 100_000);
    let all = film.len();
    let address = channel.open(&json!({"snippet": {"title": "Film"}, "status": {"privacyStatus": "unlisted"}}), all).await;
    assert!(address.starts_with(&channel.stage.url("/upload/youtube/v3/videos?uploadType=resumable&upload_id=")));

    let fresh = channel.put(&address, &format!("bytes */{all}"), b"").await;
    assert_eq!((fresh.status().as_u16(), fresh.headers().get("range")), (308, None));
    let wrong = [
        (format!("bytes 0-99999/{all}"), &film[..100_000]),
        (format!("bytes 0-{}/{all}", GRAIN - 1), &film[..GRAIN - 1]),
        (format!("bytes {GRAIN}-{}/{all}", all - 1), &film[GRAIN..]),
        (format!("bytes 0-{}/{}", GRAIN - 1, all + 1), &film[..GRAIN]),
        ("bytes 0-10".to_owned(), &film[..11]),
        (format!("bytes */{all}"), &film[..1]),
    ];
    for (range, bytes) in wrong {
        assert_eq!(channel.put(&address, &range, bytes).await.status(), 400, "{range}");
    }
    let first = channel.put(&address, &format!("bytes 0-{}/{all}", GRAIN - 1), &film[..GRAIN]).await;
    assert_eq!((first.status().as_u16(), first.headers()["range"].to_str().unwrap()), (308, "bytes=0-262143"));
    assert!(channel.posts().await.is_empty());
    // The last piece overlaps what is there already.
    let (status, video) = json_of(channel.put(&address, &format!("bytes 1000-{}/{all}", all - 1), &film[1000..]).await).await;
    let (again, same) = json_of(channel.put(&address, &format!("bytes */{all}"), b"").await).await;

    assert_eq!((status, again, &video["id"]), (200, 200, &same["id"]));
    assert_eq!(video["id"].as_str().unwrap().len(), 11);
    assert_eq!(
        video["status"],
        json!({
            "uploadStatus": "uploaded", "privacyStatus": "unlisted", "license": "youtube", "embeddable": true,
            "publicStatsViewable": true, "madeForKids": false,
        })
    );
    assert_eq!(video["snippet"]["channelId"], channel.account["id"]);
    let posts = channel.posts().await;
    assert_eq!(posts.len(), 1);
    assert_eq!((&posts[0]["kind"], &posts[0]["media"][0]["sizeBytes"]), (&json!("video"), &json!(all)));
    assert_eq!((&posts[0]["title"], &posts[0]["extra"]["privacy"]), (&json!("Film"), &json!("unlisted")));
}

#[tokio::test]
async fn pieces_may_be_kept_in_part_and_have_no_known_end() {
    let channel = Channel::set().await;
    let film = film(2 * GRAIN);
    let all = film.len();
    channel.settings(json!({"keepPartialBytes": 300_000})).await;
    let address = channel.open(&titled("Partly"), all).await;
    let first = channel.put(&address, &format!("bytes 0-{}/*", all - 1), &film).await;
    assert_eq!((first.status().as_u16(), first.headers()["range"].to_str().unwrap()), (308, "bytes=0-299999"));

    let rest = channel.put(&address, &format!("bytes 300000-{}/{all}", all - 1), &film[300_000..]).await;

    assert_eq!(rest.status(), 200);
    let id = &channel.posts().await[0]["media"][0]["id"];
    let stored = channel.stage.http.get(channel.stage.url(&format!("/_sandbox/media/{}", id.as_str().unwrap())));
    assert!(stored.send().await.unwrap().bytes().await.unwrap() == film);
}

#[tokio::test]
async fn sessions_end_and_look_at_tokens_that_come_along() {
    let channel = Channel::set().await;
    let address = channel.open(&titled("Film"), LANDSCAPE.len()).await;
    let other = channel.another(json!({})).await;
    let probe = async |token: &str| {
        let request = channel.stage.http.put(&address).header("content-range", "bytes */*").bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };

    assert_eq!(probe("ya29.wrong").await, 401);
    assert_eq!(probe(other["accessToken"].as_str().unwrap()).await, 403);
    assert_eq!(probe(channel.account["accessToken"].as_str().unwrap()).await, 308);
    channel.later(604_799).await;
    assert_eq!(channel.put(&address, "bytes */*", b"").await.status(), 308);
    channel.later(1).await;
    let (status, body) = json_of(channel.put(&address, "bytes */*", b"").await).await;
    assert_eq!((status, reason(&body)), (404, "notFound"));

    let cancelled = channel.open(&titled("Film"), LANDSCAPE.len()).await;
    let statuses = [
        channel.stage.http.delete(&cancelled).send().await.unwrap().status().as_u16(),
        channel.put(&cancelled, "bytes */*", b"").await.status().as_u16(),
    ];
    assert_eq!(statuses, [499, 404]);
}

#[tokio::test]
async fn the_address_is_on_the_origin_that_the_client_used() {
    let channel = Channel::set().await;

    let request = channel.call(Method::POST, &format!("{UPLOAD}?uploadType=resumable&part=snippet&alt=json"));
    let answer = request.header("host", "sandbox.example:81").json(&titled("Film")).send().await.unwrap();

    let address = answer.headers()["location"].to_str().unwrap();
    assert!(address.starts_with("http://sandbox.example:81/upload/youtube/v3/videos?"), "{address}");
    assert!(answer.text().await.unwrap().is_empty());
}

#[tokio::test]
async fn films_also_arrive_in_one_call_and_upright_ones_are_shorts() {
    let channel = Channel::set().await;
    let head = "--b\r\ncontent-type: application/json\r\n\r\n{\"snippet\":{\"title\":\"Short\"}}\r\n--b\r\ncontent-type: video/mp4\r\n\r\n";
    let body = [head.as_bytes(), VERTICAL, b"\r\n--b--"].concat();
    let multipart = channel.call(Method::POST, &format!("{UPLOAD}?uploadType=multipart&part=snippet&part=status"));
    let multipart = multipart.header("content-type", "multipart/related; boundary=b").body(body);
    let (status, short) = json_of(multipart.send().await.unwrap()).await;
    let media = channel.call(Method::POST, &format!("{UPLOAD}?uploadType=media&part=snippet"));
    let media = media.header("content-type", "video/mp4").body(LANDSCAPE);
    let (plain, video) = json_of(media.send().await.unwrap()).await;

    assert_eq!((status, plain), (200, 200));
    assert_eq!((&short["snippet"]["title"], &short["status"]["privacyStatus"]), (&json!("Short"), &json!("public")));
    assert_eq!(video["snippet"]["title"], "unknown");
    let posts = channel.posts().await;
    assert_eq!((&posts[0]["kind"], &posts[1]["kind"]), (&json!("short"), &json!("video")));
    assert_eq!(posts[0]["media"][0]["sizeBytes"], VERTICAL.len());
    assert!(posts[0]["url"].as_str().unwrap().ends_with(&format!("/shorts/{}", short["id"].as_str().unwrap())));
    let empty = channel.post("/youtube/v3/videos?part=snippet", &titled("No file")).await;
    assert_eq!((empty.0, reason(&empty.1)), (400, "mediaBodyRequired"));
}

#[tokio::test]
async fn what_a_video_says_about_itself_is_checked_at_the_start() {
    let channel = Channel::set().await;
    let titled = |fields: Value| {
        let mut snippet = json!({"title": "Film"});
        snippet.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({"snippet": snippet})
    };
    let with = |status: Value| json!({"snippet": {"title": "Film"}, "status": status});
    let tags = |first: usize| json!([("a".repeat(first)), ("b b"), ("c".repeat(100))]);
    let cases = [
        (json!({"snippet": {}}), "invalidTitle"),
        (json!({"status": {}}), "invalidTitle"),
        (titled(json!({"title": "é".repeat(100)})), ""),
        (titled(json!({"title": "é".repeat(101)})), "invalidTitle"),
        (titled(json!({"title": "a > b"})), "invalidTitle"),
        (titled(json!({"description": "é".repeat(2500)})), ""),
        (titled(json!({"description": "é".repeat(2501)})), "invalidDescription"),
        (titled(json!({"description": "<b>"})), "invalidDescription"),
        // 393 + 5 for the quoted one + 100 + two commas.
        (titled(json!({"tags": tags(393)})), ""),
        (titled(json!({"tags": tags(394)})), "invalidTags"),
        (titled(json!({"categoryId": "18"})), "invalidCategoryId"),
        (titled(json!({"categoryId": 22})), "badRequest"),
        (titled(json!({"defaultLanguage": "de-AT"})), ""),
        (titled(json!({"defaultLanguage": "german!"})), "invalidVideoMetadata"),
        (titled(json!({"subtitle": "x"})), "badRequest"),
        (json!({"snippet": {"title": "Film"}, "localizations": {"fr": {"title": "x"}}}), "defaultLanguageNotSet"),
        (json!({"snippet": {"title": "Film"}, "recordingDetails": {"recordingDate": "today"}}), "invalidRecordingDetails"),
        (with(json!({"privacyStatus": "secret"})), "invalidVideoMetadata"),
        (with(json!({"license": "mine"})), "invalidVideoMetadata"),
        (with(json!({"selfDeclaredMadeForKids": "no"})), "badRequest"),
        (with(json!({"publishAt": "2026-12-01T00:00:00Z"})), "invalidPublishAt"),
        (with(json!({"privacyStatus": "private", "publishAt": "soon"})), "invalidPublishAt"),
        (with(json!({"privacyStatus": "private", "publishAt": "2026-12-01T00:00:00Z"})), ""),
    ];
    for (resource, expected) in cases {
        let answer = channel.start(&resource, 10).await;
        let status = answer.status().as_u16();
        let body = answer.json().await.unwrap_or(Value::Null);
        assert_eq!((status, reason(&body)), (if expected.is_empty() { 200 } else { 400 }, expected), "{resource}");
    }
}

#[tokio::test]
async fn starts_need_parts_a_film_and_parameters_that_exist() {
    let channel = Channel::set().await;
    let cases = [
        ("uploadType=resumable", "video/mp4", 10_u64, 400, "missingRequiredParameter"),
        ("uploadType=resumable&part=status", "video/mp4", 10, 400, "invalidParameter"),
        ("uploadType=resumable&part=snippet,cast", "video/mp4", 10, 400, "invalidParameter"),
        ("uploadType=resumable&part=snippet&privacy=1", "video/mp4", 10, 400, "badRequest"),
        ("uploadType=resumable&part=snippet&notifySubscribers=no", "video/mp4", 10, 400, "invalidParameter"),
        ("uploadType=resumable&part=snippet&onBehalfOfContentOwner=x", "video/mp4", 10, 403, "accountDelegationForbidden"),
        ("uploadType=resumable&part=snippet", "image/png", 10, 400, "badRequest"),
        ("uploadType=resumable&part=snippet", "video/mp4", 274_877_906_945, 413, "uploadTooLarge"),
        ("uploadType=resumable&part=snippet", "video/mp4", 0, 400, "mediaBodyRequired"),
        ("part=snippet", "video/mp4", 10, 400, "mediaBodyRequired"),
    ];
    for (query, kind, length, status, expected) in cases {
        let request = channel.call(Method::POST, &format!("{UPLOAD}?{query}")).json(&titled("Film"));
        let request = request.header("x-upload-content-type", kind).header("x-upload-content-length", length);
        let (found, body) = json_of(request.send().await.unwrap()).await;
        assert_eq!((found, reason(&body)), (status, expected), "{query} {kind} {length}");
    }
    let none = channel.another(json!({"variant": "no_channel"})).await;
    let request = channel.call_as(&none, Method::POST, &format!("{UPLOAD}?uploadType=resumable&part=snippet"));
    let (status, body) = json_of(request.json(&titled("Film")).send().await.unwrap()).await;
    assert_eq!((status, reason(&body)), (401, "youtubeSignupRequired"));
}

#[tokio::test]
async fn a_lost_answer_is_found_again_by_asking_the_session() {
    let channel = Channel::set().await;
    let address = channel.open(&titled("Film"), LANDSCAPE.len()).await;
    let rule = json!({"method": "PUT", "account": channel.account["id"], "action": {"name": "answer_lost"}});
    channel.stage.fault(rule).await;

    let lost = channel.stage.http.put(&address).body(LANDSCAPE).send().await;
    let (status, video) = json_of(channel.put(&address, &format!("bytes */{}", LANDSCAPE.len()), b"").await).await;

    assert!(lost.is_err());
    assert_eq!(status, 200);
    assert_eq!(channel.posts().await[0]["id"], video["id"]);
}
