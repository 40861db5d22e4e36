//! Secrets stay where they belong: not in logs (at their most talkative), not in answers, not in the database.

use anyhow::Context;
use reqwest::Method;
use sea_orm::{FromQueryResult, Statement};
use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use shared::entity::account;
use shared::store::{Db, accounts};
use tests::kinds::post_of;
use tests::{Stack, System};

/// Everything that the database holds, as text.
async fn dump(db: &Db) -> anyhow::Result<String> {
    let mut text = String::new();
    for table in
        ["workspaces", "api_keys", "accounts", "posts", "post_targets", "jobs", "job_steps", "job_events", "idempotency_keys"]
    {
        let all = Statement::from_string(db.get_database_backend(), format!("SELECT * FROM {table}"));
        for row in Value::find_by_statement(all).all(&**db).await? {
            text.push_str(&row.to_string());
        }
    }
    Ok(text)
}

/// The access tokens of the system's accounts.
async fn tokens(system: &System) -> anyhow::Result<Vec<String>> {
    let rows = accounts::list_by_ids(&*system.app.db, &system.workspace, &[system.x.clone(), system.facebook.clone()]).await?;
    let open = |row: &account::Model| -> anyhow::Result<String> {
        let grant: Value = serde_json::from_slice(&accounts::open_grant(&system.app.config.keys, row)?)?;
        Ok(grant["access_token"].as_str().context("a bearer grant")?.to_owned())
    };
    rows.iter().map(open).collect()
}

#[tokio::test]
async fn no_secret_reaches_a_log_an_answer_or_the_database() -> anyhow::Result<()> {
    let mut system = System::start().await?;
    system.set("RUST_LOG", "trace");
    let tokens = tokens(&system).await?;
    let secrets: Vec<String> =
        tokens.into_iter().chain([system.key.clone(), system.setting("PRESSROOM_KEYS").replace("k1:", "")]).collect();
    assert_eq!(secrets.len(), 4);
    let scheduler = system.scheduler(0).await?;
    let worker = system.worker(&[], 0).await?;
    let mut answers = String::new();
    for (platform, path) in [(PlatformId::X, "/2/tweets"), (PlatformId::Facebook, "*/feed")] {
        for (n, fault) in ["slow_body", "unheard_of", "invalid_content", "token_revoked"].into_iter().enumerate() {
            system.sandbox.plant(json!({"platform":platform,"method":"POST","path":path,"action":{"name":fault}})).await?;
            let body = post_of(platform, Kind::Image, &system.sandbox, system.account(platform), &format!("secret {n}"));
            let job = system.submit(&body).await?.remove(0).job;
            answers
                .push_str(&if fault == "unheard_of" { system.job(&job).await? } else { system.ended(&job).await? }.to_string());
            system.sandbox.heal().await?;
        }
    }
    for path in ["/api/v1/posts", "/api/v1/jobs", "/openapi.json"] {
        answers.push_str(&system.get(path).await?.to_string());
    }
    answers.push_str(&system.request(Method::GET, "/metrics").send().await?.text().await?);

    let stored = dump(&system.app.db).await?;
    assert!(stored.contains("secret 0") && stored.contains("v1.k1."), "the dump shows what the database holds");
    for secret in &secrets {
        for (process, output) in [("worker", &worker), ("scheduler", &scheduler), ("api", system.api_process())] {
            assert!(output.lines_with(secret).is_empty(), "a secret is in the {process}'s log");
        }
        assert!(!answers.contains(secret), "a secret is in an answer");
        assert!(!stored.contains(secret), "a secret is in the database");
    }
    assert!(!worker.lines_with("TRACE").is_empty(), "the worker's log is as talkative as it can be");
    Ok(())
}

#[tokio::test]
async fn an_account_with_oauth_1_signatures_publishes_and_finds_its_lost_answers() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let made = stack.sandbox.post("accounts", json!({"platform":"x","name":"Signed","oauth1":true})).await?;
    let grant = json!({"type":"oauth1","token":made["token"],"token_secret":made["tokenSecret"]});
    let account = tests::stack::insert_account(&stack.app, &stack.workspace, PlatformId::X, &made, &grant).await?;
    stack.sandbox.fault("x", "/2/tweets", json!({"name":"answer_lost"})).await?;
    let body = post_of(PlatformId::X, Kind::Images, &stack.sandbox, &account, "signed & sealed, 100 % + more");
    let job = stack.submit(&body).await?.remove(0).job;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(stack.sandbox.posts_saying("signed & sealed").await?.len(), 1);
    Ok(())
}
