//! The faults that every platform knows, on the uploads and visible calls of the platforms whose own errors have tables
//! in their folders: each ends in its documented state, with its code, attempts, posts and seconds by the manual clock.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::{self, Instagram, Linkedin, Tiktok, Youtube};
use tests::Stack;
use tests::kinds::post_of;

/// A kind of each platform, and the call that suffers: where there is no upload, the one that shows.
const CALLS: [(PlatformId, Kind, &str, &str); 4] = [
    (Instagram, Kind::Image, "POST", "*/media_publish"),
    (Linkedin, Kind::Text, "POST", "/rest/posts"),
    (Tiktok, Kind::Video, "PUT", "/tiktok-upload/*"),
    (Youtube, Kind::Short, "PUT", "/upload/youtube/v3/videos"),
];

/// How a job ends.
struct End {
    status: &'static str,
    code: Option<&'static str>,
    attempt: i64,
    posts: usize,
    seconds: RangeInclusive<u64>,
}

/// Completed with its post, after so many seconds, looks and processing included.
fn out(attempt: i64, seconds: RangeInclusive<u64>) -> End {
    End { status: "completed", code: None, attempt, posts: 1, seconds }
}

/// Ended at once, with nothing published.
fn not_out(status: &'static str, code: &'static str) -> End {
    End { status, code: Some(code), attempt: 1, posts: 0, seconds: 0..=0 }
}

/// Instagram is asked 5, 25 and 50 s after a lost answer; a member's post on LinkedIn is sent again after 45 s, and what
/// LinkedIn calls a duplicate is ours; TikTok is asked about the task 3 to 30 s after; YouTube takes the bytes as repeatable
/// work, tried again after 2 s, and processes for up to 30 s.
fn table() -> Vec<(Value, [End; 4])> {
    let lost = || [out(1, 5..=5), out(1, 45..=45), out(1, 3..=3), out(2, 32..=33)];
    let not_sent = || [out(1, 50..=50), out(1, 45..=45), out(1, 35..=35), out(2, 32..=33)];
    let slow = || [out(1, 0..=0), out(1, 0..=0), out(1, 5..=5), out(1, 30..=30)];
    let blocked = |code| not_out("blocked", code);
    let failed = |code| not_out("failed", code);
    // TikTok's upload host knows no tokens: a refused upload ends the task, and another one is begun.
    let anew = || out(2, 7..=8);
    vec![
        (json!({"name":"reset_before"}), not_sent()),
        (json!({"name":"server_error"}), not_sent()),
        (json!({"name":"unheard_of"}), not_sent()),
        (json!({"name":"answer_lost"}), lost()),
        (json!({"name":"error_after"}), lost()),
        (json!({"name":"truncated"}), lost()),
        // Where the body says nothing that is needed, its loss does not matter.
        (json!({"name":"invalid_json"}), [out(1, 5..=5), out(1, 0..=0), out(1, 5..=5), out(1, 30..=30)]),
        (json!({"name":"slow_body","ms":20}), slow()),
        (json!({"name":"delay","ms":50}), slow()),
        // LinkedIn names no time: its quotas begin anew at midnight UTC. Upload hosts limit nobody by the account.
        (
            json!({"name":"rate_limited","resetAfterSeconds":600}),
            [out(1, 600..=600), out(1, 60..=86_460), out(1, 35..=35), out(1, 94..=94)],
        ),
        (json!({"name":"token_expired"}), [blocked("token_refused"), blocked("token_refused"), anew(), blocked("token_refused")]),
        (
            json!({"name":"token_revoked"}),
            [blocked("token_refused"), blocked("token_refused"), blocked("token_refused"), blocked("token_refused")],
        ),
        (
            json!({"name":"permission_missing"}),
            [blocked("permission_missing"), blocked("permission_missing"), anew(), blocked("permission_missing")],
        ),
        (
            json!({"name":"invalid_content"}),
            [failed("media_ratio"), failed("content_refused"), failed("upload_refused"), failed("content_refused")],
        ),
        // An ended version of LinkedIn's API keeps the post queued for the operator.
        (
            json!({"name":"credits_depleted"}),
            [failed("platform_app_refused"), out(1, 3600..=3600), anew(), failed("platform_app_refused")],
        ),
        (
            json!({"name":"duplicate"}),
            [failed("duplicate_content"), failed("duplicate_content"), failed("upload_refused"), failed("content_refused")],
        ),
    ]
}

#[tokio::test]
async fn every_common_fault_ends_in_its_documented_state() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for (action, ends) in table() {
        for ((platform, kind, method, path), end) in CALLS.into_iter().zip(ends) {
            let stack = Stack::start().await?;
            stack.sandbox.plant(json!({"platform":platform,"method":method,"path":path,"action":action})).await?;
            // LinkedIn gives a token that is younger than half a minute the benefit of the doubt.
            stack.advance(Duration::from_secs(60));
            let began = stack.app.clock.now();
            let body = post_of(platform, kind, &stack.sandbox, stack.account(platform), "a post with a fate");
            let job = stack.submit(&body).await?.remove(0).job;

            let job = stack.run_to_the_end(&job).await?;

            let seconds = stack.app.clock.now().since(began).as_secs();
            let posts = stack.sandbox.posts().await?.len();
            let found = (job["status"].as_str(), job["error"]["code"].as_str(), job["attempt"].as_i64(), posts);
            let wanted = (Some(end.status), end.code, Some(end.attempt), end.posts);
            if found != wanted || !end.seconds.contains(&seconds) {
                let range = &end.seconds;
                wrong.push(format!("{platform} {action}: {found:?} after {seconds} s, not {wanted:?} after {range:?} s"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
