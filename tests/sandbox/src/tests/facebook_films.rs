//! Films of Pages in every way they can come in, observed over HTTP.

use reqwest::multipart::{Form, Part};

use super::*;

const FILM: &[u8] = include_bytes!("../../samples/vertical.mp4");
const JPEG: &[u8] = include_bytes!("../../samples/photo-2.jpg");

async fn get(stage: &Stage, path: &str) -> Value {
    json_of(stage.as_page(stage.http.get(stage.url(path))).send().await.unwrap()).await.1
}

async fn post(stage: &Stage, edge: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let url = stage.url(&stage.page_path(edge));
    json_of(stage.as_page(stage.http.post(url).form(fields)).send().await.unwrap()).await
}

async fn parts(stage: &Stage, fields: &[(&str, &str)], file: (&'static str, &[u8])) -> (u16, Value) {
    let mut form = Form::new().part(file.0, Part::bytes(file.1.to_vec()).file_name("a.mp4"));
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    let url = stage.url(&stage.page_path("/videos"));
    json_of(stage.as_page(stage.http.post(url).multipart(form)).send().await.unwrap()).await
}

async fn raw(stage: &Stage, url: &str, (offset, size): (usize, usize), bytes: &[u8]) -> (u16, Value) {
    let token = stage.page["accessToken"].as_str().unwrap();
    let request = stage.http.post(url).header("authorization", format!("OAuth {token}"));
    let request = request.header("offset", offset).header("file_size", size).header("content-type", "application/octet-stream");
    json_of(request.body(bytes.to_vec()).send().await.unwrap()).await
}

async fn by_address(stage: &Stage, url: &str, file_url: &str) -> (u16, Value) {
    let token = stage.page["accessToken"].as_str().unwrap();
    let request = stage.http.post(url).header("authorization", format!("OAuth {token}")).header("file_url", file_url);
    json_of(request.send().await.unwrap()).await
}

/// Starts a reel or story and returns its id and the address for its bytes.
async fn start(stage: &Stage, edge: &str) -> (String, String) {
    let (_, started) = post(stage, edge, &[("upload_phase", "start")]).await;
    (started["video_id"].as_str().unwrap().to_owned(), started["upload_url"].as_str().unwrap().to_owned())
}

/// Uploads a reel and finishes it with more fields.
async fn reel(stage: &Stage, fields: &[(&str, &str)]) -> (String, (u16, Value)) {
    let (id, url) = start(stage, "/video_reels").await;
    assert_eq!(raw(stage, &url, (0, FILM.len()), FILM).await, (200, json!({"success": true})));
    let fields = [&[("upload_phase", "finish"), ("video_id", &id)], fields].concat();
    let finished = post(stage, "/video_reels", &fields).await;
    (id, finished)
}

async fn status(stage: &Stage, id: &str) -> Value {
    get(stage, &format!("/v26.0/{id}?fields=status,published,permalink_url,post_id,length")).await
}

async fn posts(stage: &Stage) -> Vec<Value> {
    stage.get("/_sandbox/posts?platform=facebook").await["posts"].as_array().unwrap().clone()
}

async fn advance(stage: &Stage, seconds: i64) {
    stage.control("clock", json!({"advanceSeconds": seconds})).await;
}

async fn set(stage: &Stage, settings: Value) {
    stage.control("settings", json!({"facebook": settings})).await;
}

const PUBLISHED: [(&str, &str); 2] = [("video_state", "PUBLISHED"), ("description", "a reel")];

#[tokio::test]
async fn a_reel_is_uploaded_processed_and_listed() {
    let stage = Stage::set().await;
    let (id, finished) = reel(&stage, &PUBLISHED).await;
    assert_eq!(finished, (200, json!({"success": true})));

    let working = status(&stage, &id).await;
    assert_eq!((stage.visible().await, &working["published"]), (0, &json!(false)));
    assert_eq!(working["status"]["video_status"], "processing");
    advance(&stage, 3).await;
    let seen = posts(&stage).await;
    let ready = status(&stage, &id).await;
    let reels = get(&stage, &stage.page_path("/video_reels?since=2026-11-22")).await;
    let listed =
        get(&stage, &stage.page_path("/published_posts?fields=status_type,attachments%7Bmedia_type,target%7Bid%7D%7D")).await;

    assert_eq!((seen.len(), &seen[0]["kind"], &seen[0]["text"]), (1, &json!("reel"), &json!("a reel")));
    assert_eq!(seen[0]["media"][0]["sizeBytes"], FILM.len());
    assert_eq!(seen[0]["url"], ready["permalink_url"]);
    assert_eq!(ready["post_id"], seen[0]["id"]);
    assert_eq!(ready["status"]["publishing_phase"]["publish_status"], "published");
    assert_eq!(ready["status"]["uploading_phase"]["bytes_transferred"], FILM.len());
    assert!(ready["length"].as_f64().unwrap() > 3.0);
    assert_eq!(reels["data"], json!([{"id": id, "description": "a reel", "updated_time": "2026-11-22T12:00:03+0000"}]));
    assert_eq!(listed["data"][0]["attachments"]["data"][0], json!({"media_type": "video", "target": {"id": id}}));
    let again = post(&stage, "/video_reels", &[("upload_phase", "finish"), ("video_id", &id), PUBLISHED[0]]).await;
    assert_eq!((again.0, stage.visible().await), (400, 1));
}

#[tokio::test]
async fn raw_uploads_resume_where_they_ended() {
    let stage = Stage::set().await;
    let (id, url) = start(&stage, "/video_reels").await;
    let half = FILM.len() / 2;
    let kind = |answer: &(u16, Value)| (answer.0, answer.1["debug_info"]["type"].as_str().unwrap().to_owned());

    let anonymous = stage.http.post(&url).header("offset", 0).header("file_size", 9).body("x").send().await.unwrap();
    assert_eq!(kind(&json_of(anonymous).await), (401, "NotAuthorizedError".to_owned()));
    let partial = raw(&stage, &url, (0, FILM.len()), &FILM[..half]).await;
    let early = post(&stage, "/video_reels", &[("upload_phase", "finish"), ("video_id", &id), PUBLISHED[0]]).await;
    let known = status(&stage, &id).await;
    let wrong = raw(&stage, &url, (0, FILM.len()), FILM).await;
    let rest = raw(&stage, &url, (half, FILM.len()), &FILM[half..]).await;
    let no_film = {
        let (_, url) = start(&stage, "/video_reels").await;
        raw(&stage, &url, (0, JPEG.len()), JPEG).await
    };

    assert_eq!(kind(&partial), (400, "PartialRequestError".to_owned()));
    assert_eq!(early.1["error"]["code"], 6000);
    assert_eq!(known["status"]["video_status"], "uploading");
    assert_eq!(known["status"]["uploading_phase"]["bytes_transferred"], half);
    assert_eq!(kind(&wrong), (400, "OffsetInvalidError".to_owned()));
    assert_eq!(rest, (200, json!({"success": true})));
    assert_eq!(status(&stage, &id).await["status"]["video_status"], "upload_complete");
    assert_eq!(kind(&no_film), (400, "ProcessingFailedError".to_owned()));
    let (old, _) = start(&stage, "/video_reels").await;
    advance(&stage, 86_401).await;
    assert_eq!(status(&stage, &old).await["status"]["video_status"], "expired");
}

#[tokio::test]
async fn reels_and_stories_are_fetched_from_addresses_and_must_fit() {
    let stage = Stage::set().await;
    let cases = [("vertical.mp4", 200, "ready"), ("landscape.mp4", 200, "error"), ("photo-1.png", 400, "uploading")];
    for (sample, expected, word) in cases {
        let (id, url) = start(&stage, "/video_stories").await;
        let answer = by_address(&stage, &url, &stage.url(&format!("/_sandbox/samples/{sample}"))).await;
        let (_, finished) = post(&stage, "/video_stories", &[("upload_phase", "finish"), ("video_id", &id)]).await;
        advance(&stage, 3).await;

        assert_eq!(answer.0, expected, "{sample}");
        assert_eq!(status(&stage, &id).await["status"]["video_status"], word, "{sample}");
        assert_eq!(finished["post_id"].is_string(), expected == 200, "{sample}");
    }
    let (_, url) = start(&stage, "/video_reels").await;
    assert_eq!(by_address(&stage, &url, "https://example.com/a.mp4").await.0, 400);
    let stories = get(&stage, &stage.page_path("/stories?status=[PUBLISHED]")).await;
    assert_eq!((stories["data"].as_array().unwrap().len(), &stories["data"][0]["media_type"]), (1, &json!("video")));
    assert_eq!(stories["data"][0]["creation_time"], "1795348803");
    assert_eq!(posts(&stage).await[0]["id"], stories["data"][0]["post_id"]);
    let feed = get(&stage, &stage.page_path("/published_posts")).await;
    assert_eq!(feed["data"], json!([]));
}

#[tokio::test]
async fn videos_come_as_a_part_by_address_and_by_handle() {
    let stage = Stage::set().await;
    let sample = stage.url("/_sandbox/samples/landscape.mp4");
    let texts = [("title", "T"), ("description", "D")];

    let (part, _) = parts(&stage, &texts, ("source", FILM)).await;
    let (by_url, video) = post(&stage, "/videos", &[&texts[..], &[("file_url", &sample)]].concat()).await;
    let app = [("file_name", "a.mp4"), ("file_length", &FILM.len().to_string()), ("file_type", "video/mp4")];
    let request = stage.as_page(stage.http.post(stage.url("/v26.0/1000000000000001/uploads")).form(&app));
    let session = json_of(request.send().await.unwrap()).await.1["id"].as_str().unwrap().to_owned();
    let token = format!("OAuth {}", stage.page["accessToken"].as_str().unwrap());
    let url = stage.url(&format!("/v26.0/{session}"));
    let put = async |offset: usize, bytes: &[u8]| {
        let request = stage.http.post(&url).header("authorization", &token).header("file_offset", offset);
        json_of(request.body(bytes.to_vec()).send().await.unwrap()).await
    };
    assert_eq!(put(0, &FILM[..1000]).await.1["debug_info"]["type"], "PartialRequestError");
    let progress = stage.http.get(&url).header("authorization", &token).send().await.unwrap();
    assert_eq!(json_of(progress).await.1, json!({"id": session, "file_offset": 1000}));
    assert_eq!(put(5, &FILM[5..]).await.1["debug_info"]["type"], "OffsetInvalidError");
    let (_, done) = put(1000, &FILM[1000..]).await;
    let (by_handle, _) = post(&stage, "/videos", &[("fbuploader_video_file_chunk", done["h"].as_str().unwrap())]).await;
    advance(&stage, 3).await;

    assert_eq!((part, by_url, by_handle), (200, 200, 200));
    let seen = posts(&stage).await;
    assert_eq!((seen.len(), &seen[1]["kind"], &seen[1]["title"]), (3, &json!("video"), &json!("T")));
    let list = get(&stage, &stage.page_path("/videos?type=uploaded&fields=id,title,description,created_time")).await;
    let found = list["data"].as_array().unwrap().iter().find(|listed| listed["id"] == video["id"]).unwrap();
    assert_eq!((&found["title"], &found["description"]), (&json!("T"), &json!("D")));
}

#[tokio::test]
async fn videos_in_chunks_keep_their_offsets() {
    let stage = Stage::set().await;
    set(&stage, json!({"chunkBytes": 100_000})).await;
    let size = FILM.len().to_string();
    let (_, started) = post(&stage, "/videos", &[("upload_phase", "start"), ("file_size", &size)]).await;
    let session = started["upload_session_id"].as_str().unwrap();
    assert_eq!((&started["start_offset"], &started["end_offset"]), (&json!("0"), &json!("100000")));
    let transfer = async |offset: usize, bytes: &[u8]| {
        let offset = offset.to_string();
        let fields = [("upload_phase", "transfer"), ("upload_session_id", session), ("start_offset", &offset)];
        parts(&stage, &fields, ("video_file_chunk", bytes)).await
    };

    let (_, first) = transfer(0, &FILM[..100_000]).await;
    let (_, repeated) = transfer(0, &FILM[..100_000]).await;
    let (early, _) = post(&stage, "/videos", &[("upload_phase", "finish"), ("upload_session_id", session)]).await;
    let (_, last) = transfer(100_000, &FILM[100_000..]).await;
    let finish = [("upload_phase", "finish"), ("upload_session_id", session), ("description", "in chunks")];
    let (finished, body) = post(&stage, "/videos", &finish).await;
    let (again, _) = post(&stage, "/videos", &finish).await;
    advance(&stage, 3).await;

    assert_eq!(first, json!({"start_offset": "100000", "end_offset": size}));
    assert_eq!((&repeated["error"]["code"], &repeated["error"]["error_subcode"]), (&json!(6001), &json!(1_363_037)));
    assert_eq!(repeated["error"]["error_data"], json!({"start_offset": 100_000, "end_offset": FILM.len()}));
    assert_eq!(last["start_offset"], last["end_offset"]);
    assert_eq!((early, finished, again), (400, 200, 400));
    assert_eq!(body, json!({"success": true}));
    assert_eq!(posts(&stage).await[0]["text"], "in chunks");
    assert_eq!(status(&stage, started["video_id"].as_str().unwrap()).await["published"], true);
}

#[tokio::test]
async fn uploads_of_videos_are_refused_as_documented() {
    let stage = Stage::set().await;
    let sample = stage.url("/_sandbox/samples/vertical.mp4");
    let start = |size| [("upload_phase", "start"), ("file_size", size)];
    let cases = [
        (start("1000").to_vec(), json!(1_363_022)),
        (start("3000000000").to_vec(), json!(1_363_023)),
        (vec![("upload_phase", "transfer"), ("upload_session_id", "1")], Value::Null),
        (vec![("upload_phase", "start"), ("file_url", &sample)], Value::Null),
        (vec![("file_url", &sample), ("scheduled_publish_time", "1795349500")], Value::Null),
        (vec![("description", "no film")], Value::Null),
    ];
    for (fields, subcode) in cases {
        let (status, body) = post(&stage, "/videos", &fields).await;
        assert_eq!((status, &body["error"]["error_subcode"]), (400, &subcode), "{fields:?}");
    }
    assert_eq!(parts(&stage, &[], ("source", JPEG)).await.1["error"]["error_subcode"], 2_069_019);
    assert_eq!(parts(&stage, &[], ("source", b"short")).await.1["error"]["code"], 382);
    assert_eq!(post(&stage, "/videos", &[("file_url", "https://example.com/")]).await.1["error"]["code"], 389);
    let (_, started) = post(&stage, "/videos", &start("5000")).await;
    let session = started["upload_session_id"].as_str().unwrap();
    let step = |phase| [("upload_phase", phase), ("upload_session_id", session)];
    let other = stage.control("accounts", json!({"platform": "facebook"})).await;
    let url = stage.url(&format!("/{}/videos", other["id"].as_str().unwrap()));
    let foreign = stage.http.post(url).query(&[("access_token", other["accessToken"].as_str().unwrap())]);
    let (_, foreign) = json_of(foreign.form(&step("cancel")).send().await.unwrap()).await;
    assert_eq!(foreign["error"]["error_subcode"], 1_363_042);
    advance(&stage, 86_401).await;
    assert_eq!(post(&stage, "/videos", &step("finish")).await.1["error"]["error_subcode"], 1_363_030);
    advance(&stage, -10).await;
    assert_eq!(post(&stage, "/videos", &step("cancel")).await, (200, json!({"success": true})));
    assert_eq!(post(&stage, "/videos", &step("finish")).await.1["error"]["code"], 100);
}

#[tokio::test]
async fn planted_processing_counts_reads_and_can_fail() {
    let stage = Stage::set().await;
    let plant = async |action: Value| {
        stage.fault(json!({"path": "*/video_reels", "skip": 1, "action": action})).await;
    };
    plant(json!({"name": "processing", "checks": 2})).await;
    let (good, _) = reel(&stage, &PUBLISHED).await;
    plant(json!({"name": "processing_failed", "checks": 1, "code": "1363020"})).await;
    let (bad, _) = reel(&stage, &PUBLISHED).await;
    let word = async |id: &str| status(&stage, id).await["status"]["video_status"].as_str().unwrap().to_owned();

    advance(&stage, 60).await;
    for (id, words) in [(&good, ["processing", "processing", "ready"]), (&bad, ["processing", "error", "error"])] {
        for expected in words {
            assert_eq!(word(id).await, expected);
        }
    }
    let failed = status(&stage, &bad).await;
    assert_eq!(failed["status"]["processing_phase"]["errors"][0]["code"], 1_363_020);
    assert_eq!(failed["status"]["publishing_phase"]["publish_status"], "error");
    set(&stage, json!({"docsSpelling": true})).await;
    let documented = status(&stage, &bad).await["status"].clone();
    assert_eq!(documented["processing_phase"]["error"]["code"], 1_363_020);
    assert_eq!(documented["uploading_phase"]["bytes_transfered"], FILM.len());
    assert_eq!(documented["uploading_phase"]["status"], "completed");
    assert_eq!(posts(&stage).await.len(), 1);
}

#[tokio::test]
async fn films_wait_for_their_time_stay_drafts_or_hidden() {
    let stage = Stage::set().await;
    let (draft, _) = reel(&stage, &[("video_state", "draft")]).await;
    let (late, _) = reel(&stage, &[("video_state", "SCHEDULED"), ("scheduled_publish_time", "1795349500")]).await;
    let (_, (early, _)) = reel(&stage, &[("video_state", "SCHEDULED"), ("scheduled_publish_time", "1795348900")]).await;
    let (_, (unknown, _)) = reel(&stage, &[("video_state", "LATER")]).await;
    let (_, hidden) = parts(&stage, &[("published", "false")], ("source", FILM)).await;
    let (_, silent) = parts(&stage, &[("no_story", "true")], ("source", FILM)).await;
    let word = async |id: &str| status(&stage, id).await["status"]["publishing_phase"]["publish_status"].clone();
    advance(&stage, 3).await;

    assert_eq!((early, unknown), (400, 400));
    assert_eq!(word(&draft).await, "draft");
    assert_eq!(word(&late).await, "scheduled");
    assert_eq!(word(hidden["id"].as_str().unwrap()).await, "not_published");
    let silent = status(&stage, silent["id"].as_str().unwrap()).await;
    assert_eq!((&silent["published"], silent.get("post_id")), (&json!(true), None));
    assert_eq!(posts(&stage).await.len(), 1);
    let waiting = get(&stage, &stage.page_path("/scheduled_posts")).await;
    assert_eq!(waiting["data"].as_array().unwrap().len(), 1);
    advance(&stage, 700).await;
    assert_eq!(posts(&stage).await.len(), 2);
    assert_eq!(word(&late).await, "published");
}

#[tokio::test]
async fn a_page_publishes_thirty_reels_a_day_and_deletes_films() {
    let stage = Stage::set().await;
    set(&stage, json!({"reelsPerDay": 1, "finishTellsPost": true, "videoProcessingSeconds": 0})).await;
    let (id, (_, body)) = reel(&stage, &PUBLISHED).await;
    assert_eq!(posts(&stage).await[0]["id"], body["post_id"]);

    let (second, (full, error)) = reel(&stage, &PUBLISHED).await;
    stage.control("clock", json!({"advanceSeconds": 43_200})).await;
    let finish = [("upload_phase", "finish"), ("video_id", &second), PUBLISHED[0]];
    assert_eq!(post(&stage, "/video_reels", &finish).await.0, 400);
    stage.control("settings", json!({"rateLimits": false})).await;
    assert_eq!(post(&stage, "/video_reels", &finish).await.0, 200);

    assert_eq!((full, &error["error"]["code"]), (400, &json!(613)));
    let (joined, _) = {
        let url = stage.url(&format!("/v26.0/{id}/collaborators"));
        json_of(stage.as_page(stage.http.post(url).form(&[("target_id", "7")])).send().await.unwrap()).await
    };
    let gone = stage.as_page(stage.http.delete(stage.url(&format!("/v26.0/{id}")))).send().await.unwrap();
    assert_eq!((joined, gone.status().as_u16()), (200, 200));
    assert_eq!(status(&stage, &id).await["error"]["error_subcode"], 33);
    assert_eq!(posts(&stage).await.len(), 1);
}

#[tokio::test]
async fn faults_of_one_account_reach_its_raw_uploads() {
    let stage = Stage::set().await;
    let (_, url) = start(&stage, "/video_reels").await;
    let rule = json!({"platform": "facebook", "account": stage.page["id"], "action": {"name": "server_error", "status": 503}});
    stage.fault(rule).await;

    let (status, body) = raw(&stage, &url, (0, FILM.len()), FILM).await;

    assert_eq!((status, &body["debug_info"]["retriable"]), (503, &json!(true)));
    assert_eq!(raw(&stage, &url, (0, FILM.len()), FILM).await.0, 200);
}
