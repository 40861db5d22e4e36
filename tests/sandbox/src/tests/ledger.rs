//! The record of calls, beyond what the tests of the platforms read in it.

use super::*;

#[tokio::test]
async fn bodies_are_recorded_on_request_and_without_credentials() {
    let stage = Stage::set().await;
    let page = stage.page_path("/feed");
    let token = stage.page["accessToken"].as_str().unwrap();
    let publish = async |message: &str| {
        let body = json!({"message": message, "access_token": token});
        stage.http.post(stage.url(&page)).json(&body).send().await.unwrap();
    };

    stage.tweet("unrecorded").await;
    stage.control("settings", json!({"recordBodies": true})).await;
    stage.tweet("recorded").await;
    publish("recorded").await;
    publish(&"a".repeat(65_536)).await;

    let requests = stage.get("/_sandbox/requests").await["requests"].as_array().unwrap().clone();
    let bodies: Vec<Option<&Value>> = requests.iter().map(|entry| entry.get("body")).collect();
    let (tweet, post) = (json!({"text": "recorded"}), json!({"message": "recorded"}));
    assert_eq!(bodies, [None, Some(&tweet), Some(&post), None]);
}
