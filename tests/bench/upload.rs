//! What a worker holds in memory while it uploads a film of a gigabyte to each platform that takes one.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::content::PlatformId;
use tests::{ApiClient, Sandbox};

use crate::Place;
use crate::drain::peak_mb;
use crate::report::Report;
use crate::stack::{Backing, Stack};

/// The film's size in bytes.
const BYTES: u64 = 1_000_000_000;

/// How long an upload may take.
const DONE_WITHIN: Duration = Duration::from_secs(300);

const NOTE: &str = "one worker uploads a film of 1 GB to Facebook, TikTok and YouTube, one after another, then to all three at once; \
                    peak RSS is the worker's, so far";

/// The platforms that take a gigabyte, with the kind and its options.
const TAKERS: [(PlatformId, &str); 3] =
    [(PlatformId::Facebook, "facebook"), (PlatformId::Tiktok, "tiktok"), (PlatformId::Youtube, "youtube")];

/// Runs the benchmark.
pub(crate) async fn measure(place: &Place) -> anyhow::Result<Report> {
    let mut stack = Stack::prepare(place, &Backing::Sqlite).await?;
    let app = stack.app(Clock::system()).await?;
    let (address, api) = (stack.sandbox().to_owned(), stack.api().to_owned());
    stack.start("sandbox", &["--addr", &address])?;
    stack.start("api", &[])?;
    let worker = stack.start("worker", &[])?;
    stack.start("scheduler", &[])?;
    stack.wait_for(&address, "/_sandbox/health").await?;
    stack.wait_for(&api, "/readyz").await?;
    let sandbox = Sandbox::new(&format!("http://{address}"));
    sandbox.post("settings", json!({ "rateLimits": false, "youtube": { "rejectDuplicates": false } })).await?;
    let workspace = stack.workspace().await?;
    let key = stack.migrate(&["key", workspace.as_str()], "").await?;
    let client = ApiClient::new(&format!("http://{api}"), &key);
    let mut targets = Vec::new();
    for (platform, _) in TAKERS {
        let account = tests::stack::connect(&app, &sandbox, &workspace, (platform, "")).await?;
        targets.push(target(platform, account.as_str()));
    }

    let mut report = Report::new("upload".to_owned(), NOTE);
    let film = format!("{}?size={BYTES}", sandbox.sample("vertical.mp4"));
    let idle = peak_mb(worker)?;
    report.set("idleRssMb", idle);
    for ((_, name), target) in TAKERS.iter().zip(&targets) {
        let seconds = upload(&client, &film, std::slice::from_ref(target), name).await?;
        report.set(&format!("{name}MbPerSecond"), BYTES as f64 / 1e6 / seconds);
        report.set(&format!("{name}PeakRssMb"), peak_mb(worker)?);
    }
    let seconds = upload(&client, &film, &targets, "all").await?;
    report.set("allMbPerSecond", 3.0 * BYTES as f64 / 1e6 / seconds);
    report.set("peakRssMb", peak_mb(worker)?);
    stack.close().await?;
    Ok(report)
}

fn target(platform: PlatformId, account: &str) -> Value {
    let options = match platform {
        PlatformId::Tiktok => json!({ "privacy": "PUBLIC_TO_EVERYONE" }),
        PlatformId::Youtube => json!({ "privacy": "public", "madeForKids": false }),
        _ => json!({}),
    };
    json!({ "accountId": account, "kind": "video", "options": options })
}

/// Uploads the film and waits until it is live everywhere; gives the seconds.
async fn upload(client: &ApiClient, film: &str, targets: &[Value], name: &str) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let body = json!({
        "content": { "text": format!("A long film for {name}"), "title": "A long film", "media": [{ "url": film }] },
        "targets": targets,
    });
    for target in client.submit(&body).await? {
        loop {
            let job = client.job(&target.job).await?;
            match job["status"].as_str() {
                Some("completed") => break,
                Some("failed" | "blocked" | "cancelled") => anyhow::bail!("{name}: {job}"),
                _ => ensure!(begun.elapsed() < DONE_WITHIN, "{name} is not out in time: {job}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(begun.elapsed().as_secs_f64())
}
