//! Uploads by version 1.1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::multipart::{Form, Part};

use super::*;

const CLIP: &[u8] = include_bytes!("../../../samples/clip.mp4");
const GIF: &[u8] = include_bytes!("../../../samples/animated.gif");
const PATH: &str = "/1.1/media/upload.json";

async fn send(stage: &Stage, form: Form) -> Response {
    stage.as_user(stage.http.post(stage.url(PATH)).multipart(form)).send().await.unwrap()
}

async fn check(stage: &Stage, id: &str) -> Value {
    let request = stage.http.get(stage.url(PATH)).query(&[("command", "STATUS"), ("media_id", id)]);
    json_of(stage.as_user(request).send().await.unwrap()).await.1
}

#[tokio::test]
async fn a_film_goes_through_all_commands_into_a_post() {
    let stage = Stage::set().await;
    let init = Form::new()
        .text("command", "INIT")
        .text("total_bytes", CLIP.len().to_string())
        .text("media_type", "video/mp4")
        .text("media_category", "TweetVideo");

    let (status, started) = json_of(send(&stage, init).await).await;
    let id = started["media_id_string"].as_str().unwrap().to_owned();
    let (first, second) = CLIP.split_at(1000);
    let piece = Form::new().text("command", "APPEND").text("media_id", id.clone()).text("segment_index", "0");
    let one = send(&stage, piece.part("media", Part::bytes(first.to_vec()))).await;
    let data = STANDARD.encode(second);
    let form = [("command", "APPEND"), ("media_id", id.as_str()), ("segment_index", "1"), ("media_data", data.as_str())];
    let two = stage.as_user(stage.http.post(stage.url(PATH)).form(&form)).send().await.unwrap();
    let end = Form::new().text("command", "FINALIZE").text("media_id", id.clone());
    let (ended, finished) = json_of(send(&stage, end).await).await;

    assert_eq!((status, started["media_id"].to_string()), (202, id.clone()));
    assert_eq!((one.status().as_u16(), two.status().as_u16(), ended), (204, 204, 201));
    assert_eq!((&finished["size"], &finished["processing_info"]["state"]), (&json!(CLIP.len()), &json!("pending")));
    stage.control("clock", json!({"advanceSeconds": 3})).await;
    assert_eq!(check(&stage, &id).await["processing_info"]["state"], "succeeded");
    let tweet = json!({"text": "old way", "media": {"media_ids": [id]}});
    assert_eq!(stage.tweeting(&tweet).send().await.unwrap().status(), 201);
    assert_eq!(stage.get("/_sandbox/posts").await["posts"][0]["kind"], "video");
}

#[tokio::test]
async fn pictures_go_in_one_shot_and_faults_make_them_wait() {
    let stage = Stage::set().await;
    stage.fault(json!({"path": PATH, "skip": 1, "action": {"name": "processing", "checks": 1}})).await;
    let picture = |bytes: &[u8]| Form::new().part("media", Part::bytes(bytes.to_vec()).file_name("a"));

    let (status, done) = json_of(send(&stage, picture(PNG)).await).await;
    let (_, slow) = json_of(send(&stage, picture(GIF)).await).await;
    let film = send(&stage, picture(CLIP)).await;

    assert_eq!((status, &done["image"]["w"]), (200, &json!(1200)));
    assert_eq!(slow["processing_info"]["state"], "pending");
    assert_eq!(film.status(), 400);
    let id = slow["media_id_string"].as_str().unwrap();
    for expected in ["in_progress", "succeeded"] {
        assert_eq!(check(&stage, id).await["processing_info"]["state"], expected);
    }
}

#[tokio::test]
async fn refusals_carry_codes() {
    let stage = Stage::set().await;
    let command = |name: &'static str| Form::new().text("command", name);

    let unknown = json_of(send(&stage, command("PUBLISH")).await).await;
    let foreign = json_of(send(&stage, command("FINALIZE").text("media_id", "1")).await).await;
    let request = stage.http.post(stage.url(PATH)).bearer_auth("wrong").multipart(command("INIT"));
    let stranger = json_of(request.send().await.unwrap()).await;
    stage.fault(json!({"path": PATH, "action": {"name": "rate_limited", "resetAfterSeconds": 5}})).await;
    let limited = json_of(send(&stage, command("INIT")).await).await;
    let nowhere = json_of(stage.http.get(stage.url("/1.1/statuses/show.json")).send().await.unwrap()).await;

    for ((status, body), expected) in
        [(unknown, (400, 324)), (foreign, (400, 324)), (stranger, (401, 89)), (limited, (429, 88)), (nowhere, (404, 34))]
    {
        assert_eq!((status, body["errors"][0]["code"].as_i64()), (expected.0, Some(expected.1)), "{body}");
    }
}
