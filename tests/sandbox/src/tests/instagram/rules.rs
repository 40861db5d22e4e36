//! Refusals, quotas, comments, tokens and faults.

use super::*;

#[tokio::test]
async fn bad_containers_are_refused_as_documented() {
    let gram = Gram::set("facebook").await;
    let child = gram.container(json!({"image_url": "photo-1.jpg", "is_carousel_item": true})).await;
    let plain = gram.container(json!({"image_url": "photo-1.jpg"})).await;
    let tag = |tag: Value| json!([tag]).to_string();
    let cases = [
        (json!({"image_url": "missing.jpg"}), "9004/2207052"),
        (json!({"image_url": "not-an-image.jpg"}), "9004/2207052"),
        (json!({"image_url": "photo-1.jpg?expires=1"}), "9004/2207052"),
        (json!({"image_url": "photo-1.png"}), "36001/2207005"),
        (json!({"image_url": "story.jpg"}), "36003/2207009"),
        (json!({"image_url": "photo-1.jpg?size=9000000"}), "36000/2207004"),
        (json!({"image_url": "photo-1.jpg", "caption": "a".repeat(2201)}), "36004/2207010"),
        (json!({"image_url": "photo-1.jpg", "caption": "#a ".repeat(31)}), "36004/2207010"),
        (json!({"image_url": "photo-1.jpg", "alt_text": "a".repeat(1001)}), "100"),
        (json!({"image_url": "photo-1.jpg", "video_url": "clip.mp4"}), "100"),
        (json!({"image_url": "photo-1.jpg", "user_tags": tag(json!({"username": "you"}))}), "100/2207036"),
        (json!({"image_url": "photo-1.jpg", "collaborators": ["a", "b", "c", "d"]}), "100"),
        (json!({"image_url": "photo-1.jpg", "location_id": "here"}), "100"),
        (json!({"caption": "nothing"}), "100"),
        (json!({"media_type": "VIDEO", "video_url": "vertical.mp4"}), "100/2207023"),
        (json!({"media_type": "FILM", "video_url": "vertical.mp4"}), "100/2207023"),
        (json!({"media_type": "REELS", "video_url": "vertical.mp4", "is_carousel_item": true}), "100"),
        (json!({"media_type": "REELS", "video_url": "vertical.mp4", "thumb_offset": 4000}), "1/2207057"),
        (json!({"media_type": "REELS", "video_url": "vertical.mp4", "cover_url": "photo-1.png"}), "36001/2207005"),
        (json!({"media_type": "REELS"}), "100"),
        (json!({"media_type": "CAROUSEL", "children": [child]}), "100/2207028"),
        (json!({"media_type": "CAROUSEL", "children": format!("{child},{child}")}), "100"),
        (json!({"media_type": "CAROUSEL", "children": [child, plain]}), "100"),
        (json!({"media_type": "CAROUSEL", "children": [child, "1"]}), "24/2207008"),
    ];

    for (fields, expected) in cases {
        assert_eq!(name(&gram.create(fields.clone()).await), expected, "{fields:.200}");
    }
}

#[tokio::test]
async fn quotas_are_counted_by_the_clock() {
    let gram = Gram::set("instagram").await;
    gram.switch(json!({"quotaTotal": 1, "containersPerDay": 3})).await;
    let photo = || json!({"image_url": "photo-1.jpg"});
    let (one, two) = (gram.container(photo()).await, gram.container(photo()).await);

    gram.publish(&one).await;
    let over = gram.publish(&two).await;
    let limit = gram.read("ME/content_publishing_limit?fields=quota_usage,config").await;
    gram.container(photo()).await;
    let too_many = gram.create(photo()).await;
    gram.wait(86_401).await;
    let later = gram.published(photo()).await;

    assert_eq!((name(&over).as_str(), name(&too_many).as_str()), ("9/2207042", "100"));
    let config = json!({"quota_total": 1, "quota_duration": 86_400});
    assert_eq!(limit["data"], json!([{"quota_usage": 1, "config": config}]));
    assert!(!later.is_empty());
    gram.switch(json!({"impressions": 0})).await;
    assert_eq!(name(&gram.read("me").await), "80002");
}

#[tokio::test]
async fn comments_are_made_listed_hidden_and_deleted() {
    let gram = Gram::set("facebook").await;
    let media = gram.published(json!({"image_url": "photo-1.jpg"})).await;
    let comments = format!("{media}/comments");
    let comment = gram.post(&comments, &json!({"message": "first"})).await["id"].as_str().unwrap().to_owned();
    let reply = gram.post(&format!("{comment}/replies"), &json!({"message": "back"})).await;

    let list = gram.read(&format!("{comments}?fields=text,username,from,replies{{text}}")).await;
    assert_eq!((&list["data"][0]["text"], &list["data"][0]["from"]["id"]), (&json!("first"), &gram.account["id"]));
    assert_eq!(list["data"][0]["replies"]["data"], json!([{"text": "back", "id": reply["id"]}]));
    assert_eq!(gram.post(&comment, &json!({"hide": true})).await, json!({"success": true}));
    assert_eq!(gram.read(&format!("{comment}?fields=hidden")).await["hidden"], true);
    assert_eq!(gram.posts().await[0]["comments"][0]["text"], "first");
    let delete = async |id: &str| gram.send(gram.stage.http.delete(gram.url(id))).await.1;
    assert_eq!(delete(&comment).await, json!({"success": true}));
    assert_eq!(name(&delete(&comment).await), "100/33");
    assert_eq!(name(&delete(&media).await), "100/33");
    gram.post(&media, &json!({"comment_enabled": false})).await;
    assert_eq!(name(&gram.post(&comments, &json!({"message": "late"})).await), "100");
    assert_eq!(gram.posts().await[0]["comments"], json!([]));
}

#[tokio::test]
async fn each_login_has_its_own_host_identity_and_tokens() {
    let gram = Gram::set("instagram").await;
    let other = gram.stage.control("accounts", json!({"platform": "instagram"})).await;
    let other_token = other["accessToken"].as_str().unwrap();
    let get = async |path: &str, token: &str| {
        json_of(gram.stage.http.get(gram.stage.url(path)).query(&[("access_token", token)]).send().await.unwrap()).await.1
    };

    let me = gram.read("me?fields=user_id,username,account_type").await;
    assert_eq!(me["user_id"], gram.account["id"]);
    assert_ne!(me["id"], me["user_id"]);
    let page = get("/v26.0/me/accounts?fields=id,instagram_business_account{id,username}", other_token).await;
    assert_eq!(page["data"][0]["instagram_business_account"]["id"], other["id"]);
    assert_eq!(name(&get(&format!("/v26.0/{}", gram.id()), gram.token()).await), "190");
    assert_eq!(name(&get("/instagram/v26.0/me", other_token).await), "190");
    assert_eq!(name(&get(&format!("/v26.0/{}", gram.id()), other_token).await), "100/33");
    let debug = get(&format!("/v26.0/debug_token?input_token={other_token}"), other_token).await;
    assert_eq!(debug["data"]["is_valid"], true);

    let path = "/instagram/refresh_access_token?grant_type=ig_refresh_token";
    let fresh = get(path, gram.token()).await;
    let token = fresh["access_token"].as_str().unwrap();
    assert_eq!((&fresh["expires_in"], &fresh["token_type"]), (&json!(5_184_000), &json!("bearer")));
    assert_eq!(name(&get(path, token).await), "100");
    assert_eq!(get("/instagram/me?fields=user_id", gram.token()).await["user_id"], gram.account["id"]);
    gram.wait(5_184_000).await;
    assert_eq!(name(&get(path, token).await), "190/463");
    let exchange = format!(
        "/v26.0/oauth/access_token?grant_type=fb_exchange_token&client_id=1&client_secret=s&fb_exchange_token={other_token}"
    );
    let longer: Value = gram.stage.http.get(gram.stage.url(&exchange)).send().await.unwrap().json().await.unwrap();
    assert_eq!(longer["expires_in"], 5_184_000);
}

#[tokio::test]
async fn scopes_and_versions_are_looked_at() {
    let gram = Gram::set("instagram").await;
    let id = gram.id();
    let scopes = json!({"platform": "instagram", "id": id, "scopes": ["instagram_business_basic"]});
    gram.stage.control("accounts", scopes).await;

    let refused = gram.create(json!({"image_url": "photo-1.jpg"})).await;
    let url = gram.stage.url("/instagram/v20.0/me?fields=username,nonsense");
    let old = gram.stage.http.get(url).bearer_auth(gram.token()).send().await.unwrap();

    assert_eq!(name(&refused), "10");
    assert_eq!(old.headers()["facebook-api-version"], "v21.0");
    let usage: Value = serde_json::from_str(old.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage[id][0]["type"], "instagram");
    assert_eq!(name(&json_of(old).await.1), "100");
    assert_eq!(name(&gram.read("ME/nonsense").await), "2500");
}

#[tokio::test]
async fn every_error_can_be_asked_for() {
    let gram = Gram::set("facebook").await;
    let errors = gram.stage.get("/_sandbox/errors").await;
    let names = errors["instagram"].as_array().unwrap();
    assert!(names.len() > 70);
    for wanted in names {
        let action = json!({"name": "error", "code": wanted});
        gram.stage.fault(json!({"platform": "instagram", "action": action})).await;
        let (status, body) = gram.send(gram.stage.http.post(gram.url("ME/media_publish"))).await;

        let wanted = wanted.as_str().unwrap();
        let code = wanted.split('/').next().unwrap();
        let expected = match code {
            "1" if wanted == "1" || wanted == "1/99" => 500,
            "2" => 503,
            "10" | "80002" | "200" | "210" | "613" => 403,
            "4" if wanted != "4/2207051" => 403,
            "102" | "104" | "190" => 401,
            "803" => 404,
            _ => 400,
        };
        assert_eq!(status, expected, "{wanted}");
        if wanted.ends_with("Error") {
            assert_eq!(body["debug_info"]["type"], wanted);
        } else if wanted.starts_with("INSTAGRAM") {
            assert!(body["error"]["message"].as_str().unwrap().starts_with(wanted));
        } else {
            assert!([wanted.to_owned(), format!("100/{wanted}")].contains(&name(&body)), "{wanted}: {body}");
        }
    }
}

#[tokio::test]
async fn common_faults_have_answers_of_their_own() {
    let cases = [
        (json!({"name": "rate_limited", "resetAfterSeconds": 90}), 403, "80002"),
        (json!({"name": "token_expired"}), 401, "190/463"),
        (json!({"name": "server_error"}), 500, "1"),
        (json!({"name": "duplicate"}), 400, "506"),
        (json!({"name": "credits_depleted"}), 400, "3"),
        (json!({"name": "permission_missing"}), 403, "10"),
        (json!({"name": "invalid_content"}), 400, "36003/2207009"),
        (json!({"name": "temporarily_blocked"}), 400, "4/2207051"),
        (json!({"name": "token_revoked"}), 401, "190/458"),
    ];
    let gram = Gram::set("instagram").await;
    for (action, status, expected) in cases {
        gram.stage.fault(json!({"account": gram.account["id"], "action": action})).await;

        let answer = gram.stage.http.get(gram.url("me")).bearer_auth(gram.token()).send().await.unwrap();

        let usage: Value = serde_json::from_str(answer.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
        let minutes = if expected == "80002" { 2 } else { 0 };
        assert_eq!(usage[gram.id()][0]["estimated_time_to_regain_access"], minutes);
        let (given, body) = json_of(answer).await;
        assert_eq!((given, name(&body).as_str()), (status, expected));
    }
    assert_eq!(name(&gram.read("me").await), "190/458");
}
