//! Posts on X: polls, threads, limits of a day, reads with their parameters, and what tokens may do.

use super::*;

async fn read(stage: &Stage, path: &str) -> (u16, Value) {
    json_of(stage.as_user(stage.http.get(stage.url(path))).send().await.unwrap()).await
}

async fn post(stage: &Stage, body: &Value) -> (u16, Value) {
    json_of(stage.tweeting(body).send().await.unwrap()).await
}

#[tokio::test]
async fn polls_are_kept_and_shown() {
    let stage = Stage::set().await;
    let poll =
        |options: Value, minutes: u32| json!({"text": "which?", "poll": {"options": options, "duration_minutes": minutes}});
    let long = "a".repeat(26);
    for wrong in [
        poll(json!(["one"]), 60),
        poll(json!(["1", "2", "3", "4", "5"]), 60),
        poll(json!(["one", ""]), 60),
        poll(json!(["one", long]), 60),
        poll(json!(["one", "two"]), 4),
        poll(json!(["one", "two"]), 10_081),
        json!({"text": "a", "poll": {"options": ["one", "two"], "duration_minutes": 5}, "media": {"media_ids": ["1"]}}),
    ] {
        assert_eq!(post(&stage, &wrong).await.0, 400, "{wrong}");
    }

    let (status, created) = post(&stage, &poll(json!(["one", "two"]), 60)).await;

    assert_eq!(status, 201);
    let seen = &stage.get("/_sandbox/posts").await["posts"][0];
    assert_eq!((&seen["kind"], &seen["extra"]["poll"]["options"]), (&json!("poll"), &json!(["one", "two"])));
    let id = created["data"]["id"].as_str().unwrap();
    let path = format!("/2/tweets/{id}?expansions=attachments.poll_ids&poll.fields=duration_minutes,voting_status");
    let (_, shown) = read(&stage, &path).await;
    let included = &shown["includes"]["polls"][0];
    assert_eq!(shown["data"]["attachments"]["poll_ids"][0], included["id"]);
    assert_eq!((&included["duration_minutes"], &included["voting_status"]), (&json!(60), &json!("open")));
    assert_eq!(included["options"][1]["label"], "two");
}

#[tokio::test]
async fn replies_need_ones_own_post_or_a_mention() {
    let stage = Stage::set().await;
    let other = stage.control("accounts", json!({"platform": "x", "username": "someone"})).await;
    let reply = |parent: &Value, text: &str| json!({"text": text, "reply": {"in_reply_to_tweet_id": parent["data"]["id"]}});
    let by_other = async |body: &Value| {
        let request = stage.http.post(stage.url("/2/tweets")).bearer_auth(other["accessToken"].as_str().unwrap()).json(body);
        json_of(request.send().await.unwrap()).await
    };
    let (_, first) = post(&stage, &json!({"text": "one of @SomeoneElse"})).await;
    let (status, second) = post(&stage, &reply(&first, "two for @someone!")).await;

    let (stranger, refusal) = by_other(&reply(&first, "not asked")).await;
    let (mentioned, _) = by_other(&reply(&second, "asked")).await;

    assert_eq!((status, stranger, mentioned), (201, 403, 201));
    assert!(refusal["detail"].as_str().unwrap().starts_with("Reply to this conversation is not allowed"));
    let id = second["data"]["id"].as_str().unwrap();
    let fields = "tweet.fields=referenced_tweets,conversation_id,in_reply_to_user_id";
    let (_, shown) = read(&stage, &format!("/2/tweets/{id}?{fields}")).await;
    assert_eq!(shown["data"]["referenced_tweets"], json!([{"type": "replied_to", "id": first["data"]["id"]}]));
    assert_eq!(shown["data"]["conversation_id"], first["data"]["id"]);
    let posts = stage.get("/_sandbox/posts").await;
    assert_eq!((&posts["posts"][1]["replyTo"], &posts["posts"][1]["kind"]), (&first["data"]["id"], &json!("text")));
    let user = stage.user["id"].as_str().unwrap();
    let (_, alone) = read(&stage, &format!("/2/users/{user}/tweets?exclude=replies,retweets")).await;
    assert_eq!(alone["meta"]["result_count"], 1);
}

#[tokio::test]
async fn labels_are_kept_and_other_rules_hold() {
    let stage = Stage::set().await;
    let labelled = json!({"text": "made", "made_with_ai": true, "paid_partnership": true, "reply_settings": "mentionedUsers"});
    let cases = [
        (labelled, 201),
        (json!({"text": "a", "reply_settings": "nobody"}), 400),
        (json!({"text": "a", "quote_tweet_id": "1"}), 403),
        (json!({"text": "$AAPL and $TSLA"}), 403),
        (json!({"text": "$AAPL for 5$"}), 201),
        (json!({"text": "a", "reply": {"in_reply_to_tweet_id": "x"}}), 400),
        (json!({"text": "a", "reply": {"in_reply_to_tweet_id": "1", "as": "1"}}), 400),
        (json!({"text": "a", "edit_options": {"previous_post_id": "1"}}), 403),
        (json!({"text": "a", "geo": {"place_id": "p", "more": 1}}), 400),
        (json!({"text": "a\u{feff}b"}), 400),
        (json!({"text": "  "}), 400),
    ];

    for (body, expected) in cases {
        assert_eq!(post(&stage, &body).await.0, expected, "{body}");
    }
    let extra = &stage.get("/_sandbox/posts").await["posts"][0]["extra"];
    assert_eq!(extra, &json!({"madeWithAi": true, "paidPartnership": true, "replySettings": "mentionedUsers"}));
}

#[tokio::test]
async fn a_day_has_its_own_limits() {
    let stage = Stage::set().await;
    stage.control("settings", json!({"x": {"dailyPosts": 2}})).await;
    let first = stage.tweet("1").await;
    assert_eq!(first.headers()["x-user-limit-24hour-limit"], "2");
    assert_eq!(first.headers()["x-app-limit-24hour-remaining"], "9999");
    stage.tweet("2").await;
    stage.control("clock", json!({"advanceSeconds": 3600})).await;

    let full = stage.tweet("3").await;
    stage.control("clock", json!({"advanceSeconds": 82_800})).await;

    let start = "2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp();
    assert_eq!(full.status(), 429);
    assert_eq!(full.headers()["x-rate-limit-remaining"], "100");
    assert_eq!(full.headers()["x-user-limit-24hour-remaining"], "0");
    assert_eq!(full.headers()["x-user-limit-24hour-reset"], (start + 86_400).to_string());
    assert_eq!(stage.tweet("4").await.status(), 201);
    stage.control("settings", json!({"rateLimits": false})).await;
    stage.tweet("5").await;
    assert_eq!(stage.tweet("6").await.status(), 201);
}

#[tokio::test]
async fn timelines_page_and_show_media_and_lag() {
    let stage = Stage::set().await;
    let id = upload(&stage).await;
    finalize(&stage, &id).await;
    for n in 0..6 {
        stage.control("clock", json!({"advanceSeconds": 10})).await;
        stage.tweet(&format!("number {n}")).await;
    }
    post(&stage, &json!({"text": "seen", "media": {"media_ids": [id]}})).await;
    let user = stage.user["id"].as_str().unwrap();
    let base = format!("/2/users/{user}/tweets?max_results=5&tweet.fields=attachments,entities,created_at");

    let (_, first) = read(&stage, &format!("{base}&expansions=attachments.media_keys,author_id")).await;
    let next = first["meta"]["next_token"].as_str().unwrap();
    let (_, second) = read(&stage, &format!("{base}&pagination_token={next}")).await;
    let since = first["meta"]["oldest_id"].as_str().unwrap();
    let (_, after) = read(&stage, &format!("{base}&since_id={since}")).await;
    stage.control("settings", json!({"x": {"indexLagSeconds": 15}})).await;
    let (_, lagging) = read(&stage, &base).await;

    let newest = &first["data"][0];
    let key = newest["attachments"]["media_keys"][0].as_str().unwrap();
    assert_eq!(first["includes"]["media"][0], json!({"media_key": key, "type": "photo"}));
    assert_eq!(first["includes"]["users"][0]["id"], stage.user["id"]);
    assert_eq!(newest["entities"]["urls"][0]["media_key"], key);
    assert!(newest["text"].as_str().unwrap().starts_with("seen https://t.co/"));
    assert_eq!((&first["meta"]["result_count"], &second["meta"]["result_count"]), (&json!(5), &json!(2)));
    assert_eq!(after["meta"]["result_count"], 4);
    assert_eq!(lagging["data"][0]["text"], "number 3");
    let known = first["data"][0]["id"].as_str().unwrap();
    assert_eq!(read(&stage, &format!("/2/tweets/{known}")).await.1["data"]["id"], known);
}

#[tokio::test]
async fn reads_by_id_list_what_is_missing_and_refuse_unknown_names() {
    let stage = Stage::set().await;
    let (_, created) = post(&stage, &json!({"text": "here"})).await;
    let id = created["data"]["id"].as_str().unwrap();

    let (status, both) = read(&stage, &format!("/2/tweets?ids={id},1&post.fields=created_at")).await;
    let (alone, missing) = read(&stage, "/2/tweets/1").await;
    let gone = stage.as_user(stage.http.delete(stage.url(&format!("/2/tweets/{id}")))).send().await.unwrap();

    assert_eq!((status, alone), (200, 200));
    assert_eq!((&both["data"][0]["id"], both["data"][0]["created_at"].is_string()), (&json!(id), true));
    assert_eq!(both["errors"][0]["resource_id"], "1");
    assert!(missing["errors"][0]["type"].as_str().unwrap().ends_with("/resource-not-found"));
    assert_eq!(json_of(gone).await, (200, json!({"data": {"deleted": true}})));
    assert_eq!(stage.visible().await, 0);
    for wrong in ["/2/tweets/abc", "/2/tweets?ids=", "/2/tweets/1?fields=id", "/2/tweets/1?tweet.fields=colour"] {
        assert_eq!(read(&stage, wrong).await.0, 400, "{wrong}");
    }
    let (_, me) = read(&stage, "/2/users/me?user.fields=subscription_type").await;
    assert_eq!(me["data"]["subscription_type"], "None");
}

#[tokio::test]
async fn tokens_do_what_their_scopes_allow() {
    let stage = Stage::set().await;
    let scopes = json!(["tweet.read", "users.read"]);
    let reader = stage.control("accounts", json!({"platform": "x", "scopes": scopes, "accessToken": "reader"})).await;
    let as_reader = |request: RequestBuilder| request.bearer_auth(reader["accessToken"].as_str().unwrap());
    let post = stage.http.post(stage.url("/2/tweets")).json(&json!({"text": "no"}));
    let start = json!({"media_type": "image/png", "total_bytes": 1});
    let start = stage.http.post(stage.url("/2/media/upload/initialize")).json(&start);

    let me = as_reader(stage.http.get(stage.url("/2/users/me"))).send().await.unwrap();
    let post = json_of(as_reader(post).send().await.unwrap()).await;
    let start = as_reader(start).send().await.unwrap();
    let app = stage.http.get(stage.url("/2/users/me")).bearer_auth("AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0").send().await.unwrap();

    assert_eq!((me.status().as_u16(), start.status().as_u16()), (200, 403));
    assert_eq!(me.headers()["x-access-level"], "read");
    assert_eq!((post.0, &post.1["detail"]), (403, &json!("You are not permitted to perform this action.")));
    let (status, body) = json_of(app).await;
    assert_eq!(status, 403);
    assert!(body["type"].as_str().unwrap().ends_with("/unsupported-authentication"));
}

#[tokio::test]
async fn revoked_tokens_are_dead() {
    let stage = Stage::set().await;
    let token = stage.user["accessToken"].as_str().unwrap();
    let revoke = async |form: &[(&str, &str)]| {
        json_of(stage.http.post(stage.url("/2/oauth2/revoke")).form(form).send().await.unwrap()).await
    };

    let nameless = revoke(&[("token", token)]).await;
    let empty = revoke(&[("client_id", "sandbox-client-id")]).await;
    assert_eq!(stage.tweet("still alive").await.status(), 201);
    let done = revoke(&[("token", token), ("token_type_hint", "access_token"), ("client_id", "sandbox-client-id")]).await;

    assert_eq!((nameless.0, empty.0, done), (401, 400, (200, json!({"revoked": true}))));
    assert_eq!(stage.tweet("dead").await.status(), 401);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", stage.user["refreshToken"].as_str().unwrap()),
        ("client_id", "sandbox-client-id"),
    ];
    let refresh = stage.http.post(stage.url("/2/oauth2/token")).form(&form).send().await.unwrap();
    assert_eq!(json_of(refresh).await.1["error"], "invalid_request");
}

#[tokio::test]
async fn premium_accounts_write_more() {
    let stage = Stage::set().await;
    let premium = stage.control("accounts", json!({"platform": "x", "variant": "premium"})).await;
    let say = async |count: usize| {
        let body = json!({"text": "a".repeat(count)});
        let request = stage.http.post(stage.url("/2/tweets")).bearer_auth(premium["accessToken"].as_str().unwrap());
        request.json(&body).send().await.unwrap().status().as_u16()
    };

    assert_eq!((say(25_000).await, say(25_001).await), (201, 403));
}
