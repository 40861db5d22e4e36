//! No answer of any route shows a token, whatever was connected and however it went.

use serde_json::{Value, json};
use shared::content::PlatformId::X;
use shared::entity::account;
use shared::store::accounts;
use tests::Stack;

use super::{LOGINS, call, candidates, choose, external_id, log_in, somebody};

/// Every text inside a grant.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() > 8 => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

/// The secrets of all accounts of the workspace.
async fn tokens(stack: &Stack) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let rows: Vec<account::Model> = accounts::list(&*stack.app.db, &stack.workspace, (None, None), None).await?;
    for row in rows {
        let grant: Value = serde_json::from_slice(&accounts::open_grant(&stack.app.config.keys, &row)?)?;
        texts(&grant, &mut found);
    }
    Ok(found)
}

#[tokio::test]
async fn no_answer_shows_a_token() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (mut answers, mut secrets) = (String::new(), Vec::new());
    for (platform, login, sort) in LOGINS {
        let who = somebody(&stack, platform, sort, &format!("Grace of {platform} {login}")).await?;
        for name in ["accessToken", "refreshToken", "token", "tokenSecret"] {
            texts(&who[name], &mut secrets);
        }
        let connection = log_in(&stack, (platform, login), json!({}), &who).await?;
        answers.push_str(&json!(candidates(&stack, &connection).await?).to_string());
        let (_, connected) = choose(&stack, &connection, &json!([external_id(platform, &who)])).await?;
        answers.push_str(&connected.to_string());
        let id = connected["accounts"][0]["id"].as_str().unwrap_or_default().to_owned();
        let path = format!("/api/v1/social/{platform}/verify?accountId={id}");
        answers.push_str(&call(&stack.api, "GET", &path, &Value::Null).await?.1.to_string());
        answers.push_str(&stack.get(&format!("/api/v1/accounts/{id}")).await?.to_string());
    }
    secrets.extend(tokens(&stack).await?);
    let who = somebody(&stack, X, "", "Eve").await?;
    texts(&who["accessToken"], &mut secrets);
    for grant in [json!(who["accessToken"]), json!({ "type": "bearer", "accessToken": who["accessToken"] })] {
        let body = json!({ "platform": "x", "grant": grant });
        answers.push_str(&call(&stack.api, "POST", "/api/v1/credentials", &body).await?.1.to_string());
    }
    for path in ["accounts", "credentials", "credentials/status", "notices", "posts", "jobs"] {
        answers.push_str(&stack.get(&format!("/api/v1/{path}")).await?.to_string());
    }
    for platform in shared::content::PlatformId::ALL {
        let path = format!("/api/v1/credentials/{platform}/disconnect");
        answers.push_str(&call(&stack.api, "DELETE", &path, &Value::Null).await?.1.to_string());
    }

    assert!(secrets.len() > 20, "{} secrets", secrets.len());
    assert!(answers.contains("Grace of tiktok") && answers.contains("disconnected"));
    for secret in &secrets {
        assert!(!answers.contains(secret.as_str()), "a token is in an answer");
    }
    Ok(())
}
