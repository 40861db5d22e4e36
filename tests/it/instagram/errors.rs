//! Every documented error, on the visible call and on the one before it.

use anyhow::Context;
use serde_json::{Value, json};
use shared::content::Kind;
use tests::Stack;

use super::{account, plant, run_for_days, submit};

/// The job's state, its error's code, and its attempts.
type End = (&'static str, Option<&'static str>, i64);

/// What a documented error leads to when it strikes once: on `media_publish`, and on the container's creation.
struct Row {
    name: &'static str,
    publish: End,
    create: End,
}

const DONE: End = ("completed", None, 1);
const SECOND: End = ("completed", None, 2);

const fn failed(code: &'static str) -> End {
    ("failed", Some(code), 1)
}

const fn reconnect(code: &'static str) -> End {
    ("blocked", Some(code), 1)
}

/// Errors that end the same way wherever they strike.
const BOTH_WAYS: &[(&str, End)] = &[
    // Limits: waited for, no attempt is used.
    ("4", DONE),
    ("4/1504022", DONE),
    ("4/1504039", DONE),
    ("4/2207051", DONE),
    ("9/2207042", DONE),
    ("17", DONE),
    ("17/2446079", DONE),
    ("32", DONE),
    ("341", DONE),
    ("368", DONE),
    ("368/1346003", DONE),
    ("368/1390008", DONE),
    ("613", DONE),
    ("613/1996", DONE),
    ("80002", DONE),
    // Certainly not done, or a container that is lost: tried again.
    ("6000", SECOND),
    ("6001", SECOND),
    ("9007/2207027", SECOND),
    ("-2/2207003", DONE),
    ("-2/2207020", DONE),
    ("-1/2207001", DONE),
    ("-1/2207032", DONE),
    ("-1/2207053", DONE),
    ("24/2207006", DONE),
    ("24/2207008", DONE),
    ("9004/2207052", DONE),
    ("389", DONE),
    ("2207077", DONE),
    ("2207082", DONE),
    ("2207085", DONE),
    // A person must act.
    ("1/2853006", reconnect("permission_missing")),
    ("10", reconnect("permission_missing")),
    ("25/2207050", reconnect("account_locked")),
    ("100/33", reconnect("object_unknown")),
    ("102", reconnect("token_refused")),
    ("104", reconnect("token_refused")),
    ("190", reconnect("token_refused")),
    ("190/458", reconnect("token_refused")),
    ("190/459", reconnect("account_locked")),
    ("190/460", reconnect("token_refused")),
    ("190/463", reconnect("token_refused")),
    ("190/464", reconnect("account_locked")),
    ("190/467", reconnect("token_refused")),
    ("190/492", reconnect("token_refused")),
    ("190/2069032", reconnect("page_token_required")),
    ("200", reconnect("permission_missing")),
    // Refused for good.
    ("3", failed("platform_app_refused")),
    ("191", failed("platform_app_refused")),
    ("2635", failed("platform_version_ended")),
    ("100", failed("content_refused")),
    ("200/2069030", failed("content_refused")),
    ("200/2069031", failed("content_refused")),
    ("200/2069033", failed("content_refused")),
    ("210", failed("content_refused")),
    ("324", failed("media_refused")),
    ("382", failed("media_too_small")),
    ("506", failed("duplicate_content")),
    ("803", failed("content_refused")),
    ("1705", failed("content_refused")),
    ("2500", failed("content_refused")),
    ("1609005", failed("link_refused")),
    ("1609008", failed("link_refused")),
    ("1/2207057", failed("cover_refused")),
    ("100/2207023", failed("content_refused")),
    ("100/2207028", failed("content_refused")),
    ("100/2207035", failed("content_refused")),
    ("100/2207036", failed("content_refused")),
    ("100/2207037", failed("content_refused")),
    ("100/2207040", failed("content_refused")),
    ("352/2207026", failed("media_refused")),
    ("36000/2207004", failed("media_too_large")),
    ("36001/2207005", failed("media_type_refused")),
    ("36003/2207009", failed("media_ratio")),
    ("36004/2207010", failed("text_too_long")),
    ("2207081", failed("content_refused")),
    ("2534068", failed("content_refused")),
    ("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID", failed("location_refused")),
];

/// Errors that leave a call's outcome open: the visible call is looked for, a container is simply made again.
const OPEN: &[&str] = &["1", "1/99", "2"];

/// Errors of the host that takes bytes, which is not used: passing ones are tried again.
const UPLOADS: &[(&str, End)] =
    &[("OffsetInvalidError", SECOND), ("PartialRequestError", SECOND), ("ProcessingFailedError", failed("media_refused"))];

fn table() -> Vec<Row> {
    let both = BOTH_WAYS.iter().chain(UPLOADS).map(|(name, end)| Row { name, publish: *end, create: *end });
    both.chain(OPEN.iter().map(|name| Row { name, publish: DONE, create: SECOND })).collect()
}

#[tokio::test]
async fn every_documented_error_ends_in_its_state_with_one_post_at_most() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let names = stack.sandbox.get("errors").await?["instagram"].clone();
    let names: Vec<&str> = names.as_array().context("errors")?.iter().filter_map(Value::as_str).collect();
    let table = table();
    let missing: Vec<_> = names.iter().filter(|name| !table.iter().any(|row| row.name == **name)).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    let gone: Vec<_> = table.iter().map(|row| row.name).filter(|name| !names.contains(name)).collect();
    assert!(gone.is_empty(), "not in the sandbox: {gone:?}");

    let mut wrong = Vec::new();
    for row in &table {
        for (path, (status, code, attempt)) in [("*/media_publish", row.publish), ("*/media", row.create)] {
            let account = account(&stack, "instagram").await?;
            stack.sandbox.heal().await?;
            plant(&stack, path, 1, json!({"name":"error","code":row.name})).await?;
            let text = format!("{} on {path}", row.name);
            let job = submit(&stack, &account, Kind::Image, &text).await?;

            let job = run_for_days(&stack, &job).await?;

            let posts = stack.sandbox.posts().await?.iter().filter(|post| post["text"] == text.as_str()).count();
            let found = (job["status"].as_str(), job["error"]["code"].as_str(), job["attempt"].as_i64(), posts);
            if found != (Some(status), code, Some(attempt), usize::from(status == "completed")) {
                wrong.push(format!("{text}: {found:?}: {}", job["error"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} ended wrongly:\n{}", wrong.len(), wrong.join("\n"));
    println!("instagram errors: {} names on two calls each", table.len());
    Ok(())
}
