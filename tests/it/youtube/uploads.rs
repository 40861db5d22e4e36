//! Large files: an upload goes on where it was, and begins again only where it must.

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::Kind;
use shared::ids::JobId;
use tests::Stack;

use super::{UPLOADS, calls, plain, publish, reconnect, submit, to_the_end, video};

/// A file of 20 MiB goes in three pieces: 8, 8 and 3.75 MiB, and its last 256 KiB.
const LARGE: &str = "landscape.mp4?size=20971520";

/// Uploads a large file while a fault meets one of its PUTs: 0 asks how far it is, 1 to 3 send pieces, 4 asks, 5 ends it.
async fn upload_large(action: Value, skip: u32) -> anyhow::Result<(Stack, Value)> {
    let stack = Stack::start().await?;
    stack.sandbox.plant(json!({"platform":"youtube","method":"PUT","path":UPLOADS,"skip":skip,"action":action})).await?;
    let ended = publish(&stack, &video(&stack, Kind::Video, LARGE, &json!({}))).await?;
    Ok((stack, ended))
}

async fn is_whole(stack: &Stack, ended: &Value) -> anyhow::Result<()> {
    let posts = stack.sandbox.posts().await?;
    assert_eq!((&ended["status"], posts.len()), (&json!("completed"), 1), "{ended}");
    assert_eq!(posts[0]["media"][0]["sizeBytes"], 20_971_520);
    Ok(())
}

#[tokio::test]
async fn an_interrupted_upload_goes_on_where_it_was() -> anyhow::Result<()> {
    // Without any fault six PUTs. A lost one costs a question, and the piece again when it did not arrive.
    for (action, puts) in [
        (json!({"name":"slow_body","ms":1}), 6),
        (json!({"name":"answer_lost"}), 7),
        (json!({"name":"error_after","status":502}), 7),
        (json!({"name":"reset_before"}), 8),
        (json!({"name":"server_error","status":503}), 8),
        (json!({"name":"unheard_of"}), 8),
    ] {
        for skip in [2, 3] {
            let (stack, ended) = upload_large(action.clone(), skip).await?;

            is_whole(&stack, &ended).await?;
            assert_eq!(ended["attempt"], 1, "{action} at {skip}: {ended}");
            assert_eq!(
                (calls(&stack, "POST", UPLOADS).await?, calls(&stack, "PUT", UPLOADS).await?),
                (1, puts),
                "{action} at {skip}"
            );
        }
    }

    // YouTube keeps only a part of each piece.
    let stack = Stack::start().await?;
    stack.sandbox.post("settings", json!({"youtube":{"keepPartialBytes":3_000_000}})).await?;
    let ended = publish(&stack, &video(&stack, Kind::Video, LARGE, &json!({}))).await?;
    is_whole(&stack, &ended).await?;
    assert_eq!(calls(&stack, "POST", UPLOADS).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_upload_survives_crashes_outages_and_a_new_token() -> anyhow::Result<()> {
    // The worker dies while the third piece is on its way.
    let mut stack = Stack::start().await?;
    let hold = json!({"platform":"youtube","method":"PUT","path":UPLOADS,"skip":3,"action":{"name":"hold_after"}});
    let fault = stack.sandbox.plant(hold).await?;
    let job = submit(&stack, &video(&stack, Kind::Video, LARGE, &json!({}))).await?;
    stack.crash_when_fired(&job, &fault).await?;
    let ended = to_the_end(&stack, &job).await?;
    is_whole(&stack, &ended).await?;
    // Question, three pieces; question; question, last bytes.
    assert_eq!((calls(&stack, "POST", UPLOADS).await?, calls(&stack, "PUT", UPLOADS).await?), (1, 7));

    // An outage of several attempts.
    let stack = Stack::start().await?;
    let outage = json!({"platform":"youtube","method":"PUT","path":UPLOADS,"skip":2,"count":6,"action":{"name":"server_error"}});
    stack.sandbox.plant(outage).await?;
    let ended = publish(&stack, &video(&stack, Kind::Video, LARGE, &json!({}))).await?;
    is_whole(&stack, &ended).await?;
    let taken = stack.sandbox.requests("youtube").await?;
    let stored = taken.iter().filter(|call| call["method"] == "PUT" && call["status"] == 308).count();
    // Two questions that were answered, three pieces, one more question before the end.
    assert_eq!((calls(&stack, "POST", UPLOADS).await?, stored), (1, 6), "{taken:?}");

    // A token that expires on the way: the address goes on to be good.
    let (stack, ended) = upload_large(json!({"name":"token_expired"}), 2).await?;
    assert_eq!((&ended["status"], &ended["error"]["code"]), (&json!("blocked"), &json!("token_refused")), "{ended}");
    reconnect(&stack).await?;
    let id: JobId = ended["id"].as_str().context("the job's id")?.parse()?;
    let (status, answer) = stack.post(&format!("/api/v1/jobs/{id}/retry"), &json!({})).await?;
    assert_eq!(status, 202, "{answer}");
    let ended = to_the_end(&stack, &id).await?;
    is_whole(&stack, &ended).await?;
    assert_eq!((calls(&stack, "POST", UPLOADS).await?, calls(&stack, "PUT", UPLOADS).await?), (1, 8));
    Ok(())
}

#[tokio::test]
async fn an_upload_whose_address_is_gone_before_its_end_is_started_again() -> anyhow::Result<()> {
    for skip in [0, 2, 4, 5] {
        for code in ["404/notFound", "410/gone"] {
            let (stack, ended) = upload_large(json!({"name":"error","code":code}), skip).await?;

            is_whole(&stack, &ended).await?;
            assert_eq!((calls(&stack, "POST", UPLOADS).await?, ended["attempt"].as_i64()), (2, Some(1)), "{code} at {skip}");
        }
    }

    let stack = Stack::start().await?;
    let gone =
        json!({"platform":"youtube","method":"PUT","path":UPLOADS,"count":99,"action":{"name":"error","code":"404/notFound"}});
    stack.sandbox.plant(gone).await?;
    let ended = publish(&stack, &plain(&stack)).await?;
    assert_eq!((&ended["status"], &ended["error"]["code"]), (&json!("failed"), &json!("upload_gone")), "{ended}");
    assert_eq!((calls(&stack, "POST", UPLOADS).await?, stack.sandbox.posts().await?.len()), (5, 0));
    Ok(())
}
