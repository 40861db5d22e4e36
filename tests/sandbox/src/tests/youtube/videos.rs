//! What becomes of videos: processing, lists, changes, thumbnails and comments.

use super::*;

const PNG: &[u8] = include_bytes!("../../../samples/photo-1.png");

#[tokio::test]
async fn processing_takes_its_time_and_finds_what_is_wrong() {
    let channel = Channel::set().await;
    let resource = titled("Film");
    let good = channel.upload(&resource, LANDSCAPE).await["id"].as_str().unwrap().to_owned();
    let twin = channel.upload(&resource, LANDSCAPE).await["id"].as_str().unwrap().to_owned();
    let text = channel.upload(&resource, b"This is no film.").await["id"].as_str().unwrap().to_owned();
    channel.settings(json!({"longestVideoSeconds": 1})).await;
    let long = channel.upload(&resource, VERTICAL).await["id"].as_str().unwrap().to_owned();

    let early = channel.status(&good).await;
    channel.later(3).await;

    assert_eq!(
        (&early["status"]["uploadStatus"], &early["processingDetails"]["processingStatus"]),
        (&json!("uploaded"), &json!("processing"))
    );
    assert_eq!(early["processingDetails"]["processingProgress"]["timeLeftMs"], "3000");
    let done = channel.status(&good).await;
    assert_eq!(
        (&done["status"]["uploadStatus"], &done["processingDetails"]["processingStatus"]),
        (&json!("processed"), &json!("succeeded"))
    );
    assert_eq!(channel.status(&twin).await["status"]["rejectionReason"], "duplicate");
    assert_eq!(channel.status(&text).await["status"]["failureReason"], "invalidFile");
    assert_eq!(channel.status(&long).await["status"]["rejectionReason"], "length");
    let posts = channel.posts().await;
    assert_eq!((posts.len(), &posts[0]["id"]), (1, &json!(good)));
    let (_, found) = channel.get(&format!("/youtube/v3/videos?part=contentDetails&id={good}")).await;
    assert_eq!(found["items"][0]["contentDetails"]["duration"], "PT4S");
}

#[tokio::test]
async fn processing_takes_as_many_checks_as_asked_for() {
    let channel = Channel::set().await;
    let path = json!("/upload/youtube/v3/videos");
    let cases = [
        (json!({"name": "processing", "checks": 2}), ["uploaded", "uploaded", "processed"], Value::Null, Value::Null),
        (json!({"name": "processing_failed"}), ["uploaded", "failed", "failed"], json!("conversion"), json!("transcodeFailed")),
        (
            json!({"name": "processing_failed", "checks": 0, "code": "codec"}),
            ["failed"; 3],
            json!("codec"),
            json!("transcodeFailed"),
        ),
        (
            json!({"name": "processing_failed", "code": "copyright"}),
            ["uploaded", "rejected", "rejected"],
            Value::Null,
            Value::Null,
        ),
    ];
    for (n, (action, expected, failure, processing)) in cases.into_iter().enumerate() {
        channel.stage.fault(json!({"platform": "youtube", "path": path, "action": action})).await;
        let id = channel.video(&"x".repeat(n + 1), "public").await;

        for word in expected {
            assert_eq!(channel.status(&id).await["status"]["uploadStatus"], word, "{action}");
        }
        let last = channel.status(&id).await;
        assert_eq!(
            (&last["status"]["failureReason"], &last["processingDetails"]["processingFailureReason"]),
            (&failure, &processing)
        );
    }
    assert_eq!(channel.posts().await.len(), 1);
}

#[tokio::test]
async fn private_videos_become_public_when_they_are_due() {
    let channel = Channel::set().await;
    let at = |when: &str| json!({"snippet": {"title": when}, "status": {"privacyStatus": "private", "publishAt": when}});
    let past = channel.upload(&at("2026-11-01T00:00:00Z"), &film(100_000)).await;
    let soon = channel.upload(&at("2026-11-22T14:00:00+01:00"), &film(100_001)).await;
    assert_eq!((&past["status"]["privacyStatus"], &past["status"]["publishAt"]), (&json!("public"), &Value::Null));
    assert_eq!(
        (&soon["status"]["privacyStatus"], &soon["status"]["publishAt"]),
        (&json!("private"), &json!("2026-11-22T13:00:00Z"))
    );

    let path = "/youtube/v3/videos?part=status";
    let change = json!({"id": soon["id"], "status": {"privacyStatus": "private", "publishAt": "2026-11-22T12:30:00Z"}});
    let (moved, _) = json_of(channel.call(Method::PUT, path).json(&change).send().await.unwrap()).await;
    channel.later(1799).await;
    let before = channel.posts().await;
    channel.later(1).await;
    let after = channel.posts().await;
    let (late, body) = json_of(channel.call(Method::PUT, path).json(&change).send().await.unwrap()).await;

    assert_eq!(
        (moved, &before[1]["extra"]["privacy"], &after[1]["extra"]["privacy"]),
        (200, &json!("private"), &json!("public"))
    );
    assert_eq!((late, reason(&body)), (400, "invalidPublishScheduleForVideo"));
}

#[tokio::test]
async fn updates_replace_whole_parts_and_deletes_leave_nothing() {
    let channel = Channel::set().await;
    let resource = json!({"snippet": {"title": "Old", "tags": ["a"]}, "status": {"embeddable": false}});
    let id = channel.upload(&resource, LANDSCAPE).await["id"].as_str().unwrap().to_owned();
    let path = "/youtube/v3/videos?part=snippet,status";
    let put = async |body: Value| json_of(channel.call(Method::PUT, path).json(&body).send().await.unwrap()).await;

    let no_category = put(json!({"id": id, "snippet": {"title": "New"}, "status": {}})).await;
    let unknown = put(json!({"id": "AAAAAAAAAAA", "snippet": {"title": "New", "categoryId": "22"}, "status": {}})).await;
    let (status, new) =
        put(json!({"id": id, "snippet": {"title": "New", "categoryId": "24"}, "status": {"privacyStatus": "unlisted"}})).await;

    assert_eq!((no_category.0, reason(&no_category.1)), (400, "invalidCategoryId"));
    assert_eq!((unknown.0, reason(&unknown.1)), (404, "videoNotFound"));
    assert_eq!((status, &new["snippet"]["tags"], &new["status"]["embeddable"]), (200, &Value::Null, &json!(true)));
    assert_eq!(channel.posts().await[0]["title"], "New");
    let other = channel.another(json!({})).await;
    let delete = format!("/youtube/v3/videos?id={id}");
    let foreign = channel.call_as(&other, Method::DELETE, &delete).send().await.unwrap().status();
    let own = channel.call(Method::DELETE, &delete).send().await.unwrap().status();
    let again = channel.call(Method::DELETE, &delete).send().await.unwrap().status();
    assert_eq!([foreign.as_u16(), own.as_u16(), again.as_u16()], [403, 204, 404]);
    assert!(channel.posts().await.is_empty());
}

#[tokio::test]
async fn uploads_are_listed_newest_first_with_lag_and_private_ones_for_the_owner_only() {
    let channel = Channel::set().await;
    let (_, me) = channel.get("/youtube/v3/channels?part=snippet,contentDetails&mine=true").await;
    let item = &me["items"][0];
    let playlist = item["contentDetails"]["relatedPlaylists"]["uploads"].as_str().unwrap();
    assert_eq!((&item["id"], &item["snippet"]["title"]), (&channel.account["id"], &json!("Tube")));
    assert_eq!(playlist, item["id"].as_str().unwrap().replacen("UC", "UU", 1));
    for (title, privacy) in [("a", "public"), ("bb", "private"), ("ccc", "unlisted")] {
        channel.video(title, privacy).await;
        channel.later(60).await;
    }
    let path = format!("/youtube/v3/playlistItems?part=snippet,contentDetails,status&playlistId={playlist}");
    let titles = |body: &Value| -> Vec<String> {
        body["items"].as_array().unwrap().iter().map(|item| item["snippet"]["title"].as_str().unwrap().to_owned()).collect()
    };

    let (_, all) = channel.get(&format!("{path}&maxResults=50")).await;
    let (_, first) = channel.get(&format!("{path}&maxResults=2")).await;
    let (_, next) = channel.get(&format!("{path}&maxResults=2&pageToken={}", first["nextPageToken"].as_str().unwrap())).await;
    channel.settings(json!({"indexLagSeconds": 61})).await;
    let (_, lagging) = channel.get(&path).await;
    let other = channel.another(json!({})).await;
    let (_, foreign) = json_of(channel.call_as(&other, Method::GET, &path).send().await.unwrap()).await;

    assert_eq!(titles(&all), ["ccc", "bb", "a"]);
    assert_eq!((&all["items"][1]["status"]["privacyStatus"], &all["pageInfo"]["totalResults"]), (&json!("private"), &json!(3)));
    assert_eq!((titles(&first), titles(&next)), (vec!["ccc".to_owned(), "bb".to_owned()], vec!["a".to_owned()]));
    assert_eq!((titles(&lagging), titles(&foreign)), (vec!["bb".to_owned(), "a".to_owned()], vec!["a".to_owned()]));
    let id = all["items"][0]["contentDetails"]["videoId"].as_str().unwrap();
    assert_eq!(channel.status(id).await["id"], id, "reads by id do not lag");
    for (query, status) in
        [("part=snippet&playlistId=UUnobody", 404), ("part=snippet", 400), ("part=snippet&playlistId=x&pageToken=!", 404)]
    {
        assert_eq!(channel.get(&format!("/youtube/v3/playlistItems?{query}")).await.0, status, "{query}");
    }
}

#[tokio::test]
async fn thumbnails_are_pictures_and_shorts_take_them_after_processing() {
    let channel = Channel::set().await;
    let set = async |account: &Value, id: &str, kind: &str, bytes: &[u8]| {
        let path = format!("/upload/youtube/v3/thumbnails/set?videoId={id}&uploadType=media");
        let request = channel.call_as(account, Method::POST, &path).header("content-type", kind.to_owned());
        json_of(request.body(bytes.to_vec()).send().await.unwrap()).await
    };
    let own = &channel.account;
    let short = channel.upload(&titled("Short"), VERTICAL).await["id"].as_str().unwrap().to_owned();
    let gif = include_bytes!("../../../samples/animated.gif");
    assert_eq!(set(own, &short, "image/png", PNG).await.0, 403);
    channel.later(3).await;

    let (status, answer) = set(own, &short, "image/png", PNG).await;

    assert_eq!((status, &answer["kind"]), (200, &json!("youtube#thumbnailSetResponse")));
    let url = answer["items"][0]["default"]["url"].as_str().unwrap();
    assert_eq!(channel.stage.http.get(url).send().await.unwrap().bytes().await.unwrap(), PNG);
    assert!(url.ends_with(channel.posts().await[0]["extra"]["thumbnail"].as_str().unwrap()));
    let unverified = channel.another(json!({"variant": "unverified"})).await;
    let upload = channel.call_as(&unverified, Method::POST, &format!("{UPLOAD}?uploadType=media&part=snippet"));
    let upload = upload.header("content-type", "video/mp4").body(LANDSCAPE);
    let theirs = json_of(upload.send().await.unwrap()).await.1["id"].as_str().unwrap().to_owned();
    let cases = [
        (set(own, "AAAAAAAAAAA", "image/png", PNG).await, 404, "videoNotFound"),
        (set(own, &theirs, "image/png", PNG).await, 403, "forbidden"),
        (set(&unverified, &theirs, "image/png", PNG).await, 403, "forbidden"),
        (set(own, &short, "image/png", b"text").await, 400, "invalidImage"),
        (set(own, &short, "image/png", gif).await, 400, "imageFormatUnsupported"),
        (set(own, &short, "image/gif", gif).await, 400, "badRequest"),
        (set(own, &short, "image/png", b"").await, 400, "mediaBodyRequired"),
    ];
    for ((found, body), status, expected) in cases {
        assert_eq!((found, reason(&body)), (status, expected));
    }
    channel.settings(json!({"channelHourlyThumbnails": 1})).await;
    let (status, body) = set(own, &short, "image/png", PNG).await;
    channel.later(3601).await;
    assert_eq!((status, reason(&body)), (429, "uploadRateLimitExceeded"));
    assert_eq!(set(own, &short, "image/png", PNG).await.0, 200);
}

#[tokio::test]
async fn comments_go_below_videos_that_allow_them() {
    let channel = Channel::set().await;
    let (open, closed) = (channel.video("open", "public").await, channel.video("closed one", "private").await);
    let path = "/youtube/v3/commentThreads?part=snippet";
    let comment = async |id: &str, text: &str| {
        let body = json!({"snippet": {"videoId": id, "topLevelComment": {"snippet": {"textOriginal": text}}}});
        channel.post(path, &body).await
    };

    let (status, made) = comment(&open, "First!").await;
    let cases = [
        (comment(&closed, "x").await, 403, "commentsDisabled"),
        (comment("AAAAAAAAAAA", "x").await, 404, "videoNotFound"),
        (comment(&open, " ").await, 400, "commentTextRequired"),
        (comment(&open, &"x".repeat(10_001)).await, 400, "commentTextTooLong"),
    ];

    assert_eq!(status, 200);
    assert_eq!(made["snippet"]["topLevelComment"]["snippet"]["textOriginal"], "First!");
    for ((status, body), expected, word) in cases {
        assert_eq!((status, reason(&body)), (expected, word));
    }
    let (_, list) = channel.get(&format!("{path}&videoId={open}")).await;
    assert_eq!((&list["items"][0]["id"], &list["pageInfo"]["totalResults"]), (&made["id"], &json!(1)));
    assert_eq!(channel.posts().await[0]["comments"][0]["text"], "First!");
    channel.settings(json!({"indexLagSeconds": 5})).await;
    assert_eq!(channel.get(&format!("{path}&videoId={open}")).await.1["items"], json!([]));
}

#[tokio::test]
async fn playlists_and_categories_are_there_to_choose_from() {
    let channel = Channel::set().await;
    let id = channel.video("listed", "public").await;
    let own = channel.account["id"].as_str().unwrap().to_owned();
    let add = async |playlist: &str, video: &str| {
        let resource = json!({"kind": "youtube#video", "videoId": video});
        let body = json!({"snippet": {"playlistId": playlist, "resourceId": resource}});
        channel.post("/youtube/v3/playlistItems?part=snippet", &body).await
    };
    let playlist = own.replacen("UC", "PL", 1);

    let (status, item) = add(&playlist, &id).await;
    let statuses =
        [add(&own.replacen("UC", "UU", 1), &id).await.0, add("PLunknown", &id).await.0, add(&playlist, "AAAAAAAAAAA").await.0];
    let (_, listed) = channel.get(&format!("/youtube/v3/playlistItems?part=snippet&playlistId={playlist}")).await;
    let (_, categories) = channel.get("/youtube/v3/videoCategories?part=snippet&regionCode=DE").await;

    assert_eq!((status, &item["snippet"]["position"], statuses), (200, &json!(0), [403, 404, 404]));
    assert_eq!(listed["items"][0]["snippet"]["resourceId"]["videoId"], json!(id));
    let people = categories["items"].as_array().unwrap().iter().find(|category| category["id"] == "22").unwrap();
    assert_eq!(people["snippet"]["assignable"], true);
    let none = channel.another(json!({"variant": "no_channel"})).await;
    let request = channel.call_as(&none, Method::GET, "/youtube/v3/channels?part=id&mine=true");
    assert_eq!(json_of(request.send().await.unwrap()).await.1["items"], json!([]));
}
