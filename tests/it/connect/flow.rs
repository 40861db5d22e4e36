//! The whole way: from the click to a post that is published with what was connected.

use std::time::Duration;

use serde_json::json;
use shared::content::PlatformId::{self, Facebook, Linkedin, X};
use shared::store::{api_keys, workspaces};
use tests::kinds::post_of;
use tests::{ApiClient, Stack};

use super::{LOGINS, call, candidates, choose, connect, external_id, log_in, refused, somebody};

#[tokio::test]
async fn every_login_connects_an_account_that_publishes() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for (platform, login, sort) in LOGINS {
        let who = somebody(&stack, platform, sort, &format!("Grace of {platform} {login}")).await?;
        let id = external_id(platform, &who);

        let connection = log_in(&stack, (platform, login), json!({}), &who).await?;
        let offered = candidates(&stack, &connection).await?;
        let (status, connected) = choose(&stack, &connection, &json!([id])).await?;

        let candidate = offered.iter().find(|candidate| candidate["externalId"] == json!(id));
        assert!(candidate.is_some_and(|candidate| candidate["unusable"].is_null()), "{platform} {login}: {offered:?}");
        assert_eq!(status, 200, "{platform} {login}: {connected}");
        let account = &connected["accounts"][0];
        assert_eq!((&account["state"], &account["externalId"]), (&json!("connected"), &json!(id)), "{platform} {login}");
        assert_eq!(account["scopesMissing"], json!([]), "{platform} {login}: {account}");
        publishes(&stack, platform, account["id"].as_str().unwrap_or_default(), login).await?;
    }
    Ok(())
}

async fn publishes(stack: &Stack, platform: PlatformId, account: &str, login: &str) -> anyhow::Result<()> {
    let kind = shared::platforms::rules(platform).kinds[0].kind;
    let body = post_of(platform, kind, &stack.sandbox, &account.parse()?, &format!("from a new {platform} account {login}"));
    let job = stack.submit(&body).await?.remove(0).job;
    let ended = stack.run_to_the_end(&job).await?;
    assert_eq!(ended["status"], "completed", "{platform} {login}: {ended}");
    Ok(())
}

#[tokio::test]
async fn one_login_connects_several_accounts_at_once() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let page = |name: &str| json!({ "platform": "facebook", "name": name, "person": "Grace" });
    let first = stack.sandbox.post("accounts", page("First Page")).await?;
    let second = stack.sandbox.post("accounts", page("Second Page")).await?;
    let (first_id, second_id) = (external_id(Facebook, &first), external_id(Facebook, &second));
    let begun = super::begin(&stack, Facebook, &json!({ "person": "ada" })).await?;
    let back = super::decide(&stack, &begun, "allow", &json!([first_id, second_id])).await?;
    let connection = super::come_back(&stack, &back).await?["connection"].clone();

    let (status, connected) = choose(&stack, &connection, &json!([second_id, first_id, first_id])).await?;
    let again = choose(&stack, &connection, &json!([second_id, first_id])).await?;

    assert_eq!(status, 200, "{connected}");
    let ids: Vec<_> = connected["accounts"].as_array().into_iter().flatten().map(|account| &account["externalId"]).collect();
    assert_eq!(ids, [&json!(second_id), &json!(first_id)]);
    assert_eq!((again.0, &again.1["accounts"][0]["id"]), (200, &connected["accounts"][0]["id"]), "{}", again.1);
    assert_eq!(refused(&choose(&stack, &connection, &json!([])).await?), (422, "choice_count"));
    assert_eq!(refused(&choose(&stack, &connection, &json!([first_id, "12345"])).await?), (422, "invalid_choice"));
    Ok(())
}

#[tokio::test]
async fn a_member_and_an_organisation_come_with_one_login() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let member = json!({ "platform": "linkedin", "name": "Grace", "person": "Grace" });
    let member = stack.sandbox.post("accounts", member).await?;
    let organisation = json!({ "platform": "linkedin", "name": "Ships", "person": "Grace", "variant": "organization" });
    let organisation = stack.sandbox.post("accounts", organisation).await?;
    let connection = log_in(&stack, (Linkedin, ""), json!({}), &member).await?;
    let ids = json!([external_id(Linkedin, &member), external_id(Linkedin, &organisation)]);

    let (status, connected) = choose(&stack, &connection, &ids).await?;

    assert_eq!(status, 200, "{connected}");
    for account in connected["accounts"].as_array().into_iter().flatten() {
        assert_eq!(account["scopesMissing"], json!([]), "{account}");
        publishes(&stack, Linkedin, account["id"].as_str().unwrap_or_default(), "").await?;
    }
    Ok(())
}

#[tokio::test]
async fn only_who_began_a_login_chooses_from_it_in_their_workspace_within_an_hour() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let connection = log_in(&stack, (X, ""), json!({}), &who).await?;
    let elsewhere = workspaces::insert(&*stack.app.db, "Elsewhere", stack.app.clock.now()).await?;
    let (_, key) =
        api_keys::insert(&*stack.app.db, &elsewhere, "all", &tests::stack::ALL_SCOPES, (stack.app.clock.now(), None)).await?;
    let stranger = ApiClient::new(&stack.url, key.expose());
    let ask = async |api: &ApiClient, person: &str| {
        let path = format!("/api/v1/accounts/candidates?connectionId={connection}&person={person}");
        let shown = call(api, "GET", &path, &json!(null)).await?;
        let body = json!({ "connectionId": connection, "person": person, "externalIds": [who["id"]] });
        let chosen = call(api, "POST", "/api/v1/accounts", &body).await?;
        let codes = [refused(&shown), refused(&chosen)].map(|(status, code)| (status, code.to_owned()));
        anyhow::Ok(codes)
    };
    let told = |status: u16, code: &str| [(status, code.to_owned()), (status, code.to_owned())];

    assert_eq!(ask(&stack.api, "mallory").await?, told(403, "person_mismatch"));
    assert_eq!(ask(&stranger, "ada").await?, told(404, "not_found"));
    stack.advance(Duration::from_secs(3600));
    assert_eq!(ask(&stack.api, "ada").await?, told(404, "not_found"));
    assert_eq!(stack.get("/api/v1/accounts").await?["data"].as_array().map(Vec::len), Some(6), "nothing was connected");
    Ok(())
}

#[tokio::test]
async fn a_reconnected_account_stays_the_same_and_no_other_takes_its_place() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for platform in [X, Facebook] {
        let (who, other) = (somebody(&stack, platform, "", "Grace").await?, somebody(&stack, platform, "", "Eve").await?);
        let account = connect(&stack, (platform, ""), &who).await?;
        stack.advance(Duration::from_secs(60));
        let body = json!({ "accountId": account["id"] });

        let same = log_in(&stack, (platform, ""), body.clone(), &who).await?;
        let (status, again) = choose(&stack, &same, &json!([who["id"]])).await?;
        let foreign = log_in(&stack, (platform, ""), body, &other).await?;
        let mismatch = choose(&stack, &foreign, &json!([other["id"]])).await?;

        assert_eq!((status, &again["accounts"][0]["id"]), (200, &account["id"]), "{again}");
        assert_ne!(again["accounts"][0]["grantedAt"], account["grantedAt"]);
        assert_eq!(refused(&mismatch), (409, "account_mismatch"), "{}", mismatch.1);
        let detail = mismatch.1["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("Grace") && detail.contains("Eve"), "{detail}");
    }
    Ok(())
}

#[tokio::test]
async fn an_account_that_was_let_go_comes_back_by_a_new_login_only() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let old = log_in(&stack, (X, ""), json!({}), &who).await?;
    let (_, connected) = choose(&stack, &old, &json!([who["id"]])).await?;
    let id = connected["accounts"][0]["id"].as_str().unwrap_or_default().to_owned();
    stack.advance(Duration::from_secs(60));
    let (gone, answer) = call(&stack.api, "DELETE", &format!("/api/v1/accounts/{id}"), &json!(null)).await?;

    let stale = choose(&stack, &old, &json!([who["id"]])).await?;
    let fresh = connect(&stack, (X, ""), &who).await?;

    assert_eq!(gone, 200, "{answer}");
    assert_eq!(refused(&stale), (409, "login_used"), "{}", stale.1);
    assert_eq!((&fresh["id"], &fresh["state"]), (&json!(id), &json!("connected")));
    Ok(())
}
