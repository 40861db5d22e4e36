use reqwest::Method;
use serde_json::{Value, json};

use super::{FILM, Member, PNG, SLIDES, Stage, advance, json_of, key, settings};

#[tokio::test]
async fn posts_of_every_kind_appear_once() {
    let stage = Stage::set().await;
    let ann = Member::new(&stage, "person", &[]).await;
    let mut images = Vec::new();
    for n in 0..2 {
        images.push(json!({"id": ann.upload("image", PNG).await, "altText": format!("picture {n}")}));
    }
    let document = ann.upload("document", SLIDES).await;
    let video = ann.upload_video(FILM).await;
    advance(&stage, 3).await;

    let text = ann.post("Hello \\(world\\) #rust {hashtag|\\#|axum}", Value::Null).await;
    ann.post("one", json!({"media": images[0]})).await;
    ann.post("", json!({"multiImage": {"images": images}})).await;
    ann.post("paper", json!({"media": {"id": document, "title": "Slides"}})).await;
    let film = ann.post("film", json!({"media": {"id": video, "title": "A film"}})).await;
    let article = json!({"source": "https://example.com/a", "title": "A", "description": "B", "thumbnail": images[0]["id"]});
    ann.post("read", json!({"article": article})).await;
    let settings = json!({"duration": "THREE_DAYS", "voteSelectionType": "SINGLE_VOTE"});
    let poll = json!({"question": "Well?", "options": [{"text": "yes"}, {"text": "no"}], "settings": settings});
    ann.post("vote", json!({"poll": poll})).await;
    let mut reshare = ann.body("look", Value::Null);
    reshare["reshareContext"] = json!({"parent": text});
    assert_eq!(ann.send("/rest/posts", &reshare).await.status(), 201);

    let posts = ann.shown().await;
    let kinds: Vec<&str> = posts.iter().map(|post| post["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "image", "images", "document", "video", "link", "poll", "text"]);
    assert!(text.starts_with("urn:li:share:7") && film.starts_with("urn:li:ugcPost:7"));
    assert_eq!(posts[0]["text"], "Hello (world) #rust #axum");
    assert_eq!(posts[0]["url"], stage.url(&format!("/feed/update/{text}/")));
    assert_eq!(posts[0]["extra"]["privacy"], "public");
    assert_eq!((&posts[2]["media"][0]["id"], &posts[2]["media"][1]["altText"]), (&images[0]["id"], &json!("picture 1")));
    assert_eq!(posts[2]["media"][1]["sizeBytes"], PNG.len());
    assert_eq!((&posts[3]["title"], &posts[4]["title"], &posts[5]["title"]), (&json!("Slides"), &json!("A film"), &json!("A")));
    assert_eq!((&posts[5]["link"], &posts[5]["extra"]["description"]), (&json!("https://example.com/a"), &json!("B")));
    assert_eq!(posts[6]["extra"]["poll"]["options"], json!(["yes", "no"]));
    assert_eq!(posts[7]["extra"]["reshareOf"], text);
    let (_, shown) = ann.get(&format!("/rest/images/{}", key(images[0]["id"].as_str().unwrap()))).await;
    let file = stage.http.get(shown["downloadUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap(), PNG);
}

#[tokio::test]
async fn little_text_is_cut_where_an_escape_is_missing_unless_switched_off() {
    let stage = Stage::set().await;
    let page = Member::with(&stage, json!({"variant": "organization", "name": "Acme (Ltd)"})).await;

    let cut = page.post("read snake_case #now", Value::Null).await;
    settings(&stage, json!({"truncateAtReserved": false})).await;
    page.post("read snake_case #now", json!({"article": {"source": "https://e.com", "title": "t"}})).await;
    let mentions = format!("by @[Acme (Ltd)]({0}) and @[acme]({0})", page.urn);
    let mentions = page.post(&mentions, Value::Null).await;

    let texts: Vec<Value> = page.shown().await.iter().map(|post| post["text"].clone()).collect();
    assert_eq!(texts, ["read snake", "read snake_case #now", "by Acme (Ltd) and acme"]);
    let (_, post) = page.get(&format!("/rest/posts/{}?viewContext=AUTHOR", key(&mentions))).await;
    assert_eq!(post["commentary"], format!("by @[Acme \\(Ltd\\)]({}) and acme", page.urn));
    assert_eq!(page.get(&format!("/rest/posts/{}", key(&cut))).await.1["commentary"], "read snake");
}

#[tokio::test]
async fn identical_posts_are_refused_with_the_name_of_the_first() {
    let stage = Stage::set().await;
    let (ann, bob) = (Member::new(&stage, "person", &[]).await, Member::new(&stage, "person", &[]).await);
    let urn = ann.post("again", Value::Null).await;
    let body = ann.body("again", Value::Null);

    let (status, refusal) = json_of(ann.send("/rest/posts", &body).await).await;
    let mut draft = body.clone();
    draft["lifecycleState"] = json!("DRAFT");
    assert_eq!(ann.send("/rest/posts", &draft).await.status(), 201);
    assert_eq!(ann.shown().await.len(), 1);
    bob.post("again", Value::Null).await;
    ann.post("again", json!({"article": {"source": "https://e.com", "title": "t"}})).await;
    let delete = ann.ask(Method::DELETE, &format!("/rest/posts/{}", key(&urn)));
    assert_eq!(delete.send().await.unwrap().status(), 204);
    let deleted = ann.send("/rest/posts", &body).await.status();
    advance(&stage, 600).await;
    let later = ann.send("/rest/posts", &body).await.status();
    settings(&stage, json!({"duplicateLagSeconds": 30})).await;
    let unseen = ann.send("/rest/posts", &body).await.status();

    assert_eq!(status, 422);
    assert!(refusal["message"].as_str().unwrap().ends_with(&format!("Content is a duplicate of {urn}")));
    assert_eq!(refusal["errorDetails"]["inputErrors"][0]["code"], "DUPLICATE_POST");
    assert_eq!(refusal["errorDetailType"], "com.linkedin.common.error.BadRequest");
    assert_eq!((deleted.as_u16(), later.as_u16(), unseen.as_u16()), (422, 201, 201));
}

#[tokio::test]
async fn bad_posts_are_refused_as_the_contract_says() {
    let stage = Stage::set().await;
    let (ann, bob) = (Member::new(&stage, "person", &[]).await, Member::new(&stage, "person", &[]).await);
    let (image, foreign) = (ann.upload("image", PNG).await, bob.upload("image", PNG).await);
    let (waiting, _) = ann.begin("image").await;
    let text = ann.upload("image", b"only text").await;
    let images = |count: usize| json!({"multiImage": {"images": vec![json!({"id": image}); count]}});
    let poll = |question: &str, options: Value| json!({"poll": {"question": question, "options": options, "settings": {"duration": "ONE_DAY"}}});
    let option = |text: &str| json!({"text": text});
    let cases = [
        (json!({"media": {"id": foreign}}), 400, "INVALID_IMAGE_ID"),
        (json!({"media": {"id": "urn:li:video:x"}}), 400, "INVALID_VIDEO_ID"),
        (json!({"media": {"id": "urn:li:share:1"}}), 400, "INVALID_URN_TYPE"),
        (json!({"media": {"id": waiting}}), 400, "MEDIA_ASSET_WAITING_UPLOAD"),
        (json!({"media": {"id": text}}), 400, "MEDIA_ASSET_PROCESSING_FAILED"),
        (json!({"media": {"id": image, "altText": "a".repeat(4087)}}), 400, "FIELD_LENGTH_TOO_LONG"),
        (json!({"media": {"id": "urn:li:document:x"}}), 400, "MISSING_FIELD"),
        (images(1), 400, "INVALID_VALUE_FOR_FIELD"),
        (images(21), 400, "INVALID_VALUE_FOR_FIELD"),
        (json!({"article": {"source": "nowhere", "title": "t"}}), 400, "INVALID_URL"),
        (json!({"article": {"source": "https://e.com"}}), 400, "MISSING_FIELD"),
        (json!({"carousel": {"cards": []}}), 400, "INVALID_VALUE_FOR_FIELD"),
        (json!({"unheardOf": {}}), 422, ""),
        (poll(&"q".repeat(141), json!([option("a"), option("b")])), 400, "FIELD_LENGTH_TOO_LONG"),
        (poll("q", json!([option("a")])), 400, "INVALID_VALUE_FOR_FIELD"),
        (poll("q", json!([option("a"), option(&"b".repeat(31))])), 400, "FIELD_LENGTH_TOO_LONG"),
    ];

    for (content, status, code) in cases {
        let shown = content.to_string();
        assert_eq!(ann.refused(&ann.body("text", content)).await, (status, code.to_owned()), "{shown}");
    }
    let changes = [
        ("author", json!("urn:li:company:1"), 400, "INVALID_URN_TYPE"),
        ("author", json!(bob.urn), 403, "ACCESS_DENIED"),
        ("author", Value::Null, 422, ""),
        ("commentary", json!("𝄞".repeat(1501)), 400, "FIELD_LENGTH_TOO_LONG"),
        ("commentary", json!(" "), 400, "INVALID_VALUE_BLANK_FIELD"),
        ("visibility", json!("EVERYBODY"), 422, ""),
        ("lifecycleState", json!("PUBLISH_FAILED"), 400, "INVALID_VALUE_FOR_FIELD"),
        ("unheardOf", json!(1), 422, ""),
        ("reshareContext", json!({"parent": "urn:li:share:1"}), 400, "INVALID_URN_ID"),
    ];
    for (name, value, status, code) in changes {
        let mut body = ann.body("text", Value::Null);
        body[name] = value;
        assert_eq!(ann.refused(&body).await, (status, code.to_owned()), "{name}");
    }
    let mut body = ann.body("text", Value::Null);
    body.as_object_mut().unwrap().remove("author");
    let (_, refusal) = json_of(ann.send("/rest/posts", &body).await).await;
    assert_eq!(refusal["message"], "ERROR :: /author :: field is required but not found and has no default value\n");
    assert!(ann.shown().await.is_empty());
    ann.post(&format!("{}\\_", "a".repeat(2999)), Value::Null).await;
}

#[tokio::test]
async fn organisations_can_be_searched_and_members_only_with_a_closed_scope() {
    let stage = Stage::set().await;
    let page = Member::new(&stage, "organization", &[]).await;
    let ann = Member::new(&stage, "person", &[]).await;
    let reader = Member::new(&stage, "person", &["w_member_social", "r_member_social"]).await;
    let first = page.post("first #tag", Value::Null).await;
    advance(&stage, 60).await;
    let second = page.post("second", Value::Null).await;
    let own = ann.post("mine", Value::Null).await;
    let read = reader.post("readable", Value::Null).await;

    let (status, found) = page.find("count=20&sortBy=CREATED&isDsc=false").await;
    let (_, paged) = page.find("count=1&start=1&sortBy=CREATED").await;
    settings(&stage, json!({"indexLagSeconds": 30})).await;
    let (_, lagging) = page.find("count=20&sortBy=CREATED").await;

    assert_eq!((status, &found["elements"][0]["id"], &found["elements"][1]["id"]), (200, &json!(second), &json!(first)));
    assert_eq!(found["elements"][1]["commentary"], "first {hashtag|\\#|tag}");
    assert_eq!(found["elements"][1]["createdAt"], 1_795_348_800_000_i64);
    assert_eq!((&paged["elements"][0]["id"], &paged["paging"]["start"]), (&json!(first), &json!(1)));
    assert_eq!((lagging["elements"].as_array().unwrap().len(), &lagging["elements"][0]["id"]), (1, &json!(first)));
    assert_eq!(page.get(&format!("/rest/posts/{}", key(&second))).await.0, 200);
    assert_eq!(page.get(&format!("/rest/posts?author={}&q=author", key(&page.urn))).await.0, 400);
    assert_eq!(page.find("count=101").await.0, 400);
    let form = [("author", page.urn.as_str()), ("q", "author"), ("sortBy", "CREATED")];
    let tunnelled = page.ask(Method::POST, "/rest/posts").header("X-HTTP-Method-Override", "GET");
    let tunnelled = tunnelled.header("X-RestLi-Method", "FINDER").form(&form).send().await.unwrap();
    assert_eq!(json_of(tunnelled).await.1["elements"][0]["id"], first);
    assert_eq!((ann.find("").await.0, ann.get(&format!("/rest/posts/{}", key(&own))).await.0), (403, 403));
    settings(&stage, json!({"indexLagSeconds": 0})).await;
    assert_eq!(reader.find("").await.1["elements"][0]["id"], read);
    assert_eq!(reader.get(&format!("/rest/posts/{}", key(&own))).await.0, 403);
}

#[tokio::test]
async fn posts_are_changed_and_deleted() {
    let stage = Stage::set().await;
    let (page, other) = (Member::new(&stage, "organization", &[]).await, Member::new(&stage, "organization", &[]).await);
    let urn = page.post("before", Value::Null).await;
    let path = format!("/rest/posts/{}", key(&urn));
    let patch = json!({"patch": {"$set": {"commentary": "after \\(all\\)"}}});
    let update =
        |member: &Member<'_>| member.ask(Method::POST, &path).header("X-RestLi-Method", "PARTIAL_UPDATE").json(&patch).send();

    assert_eq!(page.send(&path, &patch).await.status(), 400);
    assert_eq!(update(&other).await.unwrap().status(), 403);
    assert_eq!(update(&page).await.unwrap().status(), 204);
    assert_eq!(page.shown().await[0]["text"], "after (all)");
    assert_eq!(page.get(&path).await.1["lifecycleStateInfo"]["isEditedByAuthor"], true);
    for (member, expected) in [(&other, 403), (&page, 204), (&page, 204)] {
        let delete = member.ask(Method::DELETE, &path).header("x-restli-method", "delete");
        assert_eq!(delete.send().await.unwrap().status(), expected);
    }
    assert_eq!((page.get(&path).await.0, page.shown().await.len()), (404, 0));
}

#[tokio::test]
async fn first_comments_are_written_looked_up_and_deleted() {
    let stage = Stage::set().await;
    let (page, ann) = (Member::new(&stage, "organization", &[]).await, Member::new(&stage, "person", &[]).await);
    let urn = page.post("post", Value::Null).await;
    let path = format!("/rest/socialActions/{}/comments", key(&urn));
    let comment = json!({"actor": page.urn, "object": urn, "message": {"text": "first!"}});

    let written = page.send(&path, &comment).await;
    let id = written.headers()["x-restli-id"].to_str().unwrap().to_owned();
    assert_eq!(written.status(), 201);
    let (status, list) = page.get(&path).await;

    assert_eq!(
        (status, &list["elements"][0]["id"], &list["elements"][0]["message"]["text"]),
        (200, &json!(id), &json!("first!"))
    );
    assert_eq!((&list["elements"][0]["actor"], &list["elements"][0]["object"]), (&json!(page.urn), &json!(urn)));
    assert_eq!(page.shown().await[0]["comments"][0]["text"], "first!");
    let mut foreign = comment.clone();
    foreign["actor"] = json!(ann.urn);
    assert_eq!(page.send(&path, &foreign).await.status(), 403);
    let missing = "/rest/socialActions/urn%3Ali%3Ashare%3A1/comments";
    assert_eq!(page.send(missing, &comment).await.status(), 404);
    assert_eq!(ann.get(&path).await.0, 403);
    let poor = Member::new(&stage, "organization", &["w_organization_social"]).await;
    let (own, body) = (poor.post("p", Value::Null).await, json!({"actor": poor.urn, "object": "", "message": {"text": "c"}}));
    assert_eq!(poor.send(&format!("/rest/socialActions/{}/comments", key(&own)), &body).await.status(), 403);
    let delete = || page.ask(Method::DELETE, &format!("{path}/{id}?actor={}", key(&page.urn))).send();
    assert_eq!((delete().await.unwrap().status().as_u16(), delete().await.unwrap().status().as_u16()), (204, 404));
}
