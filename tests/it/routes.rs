//! Every route, each with an authorization case and a cross-workspace case. A new route fails here until it has both.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use shared::content::PlatformId;
use shared::entity::connection;
use shared::ids::{AccountId, ConnectionId, WorkspaceId};
use shared::store::{accounts, api_keys, connections, workspaces};
use tests::{ApiClient, Stack};

/// Who may call a route.
enum Guard {
    /// Anybody: it shows nothing of any workspace.
    Open,
    /// A key with this scope; `{id}` in the path is replaced by a thing of the caller's workspace.
    Scope(&'static str),
}

use Guard::{Open, Scope};

/// The routes, with the body that makes a good request.
fn table() -> Vec<(&'static str, &'static str, Guard, Value)> {
    vec![
        ("DELETE", "/api/v1/accounts/{id}", Scope("accounts:write"), Value::Null),
        ("DELETE", "/api/v1/credentials/{platform}/disconnect", Scope("accounts:write"), Value::Null),
        ("DELETE", "/api/v1/posts/{id}", Scope("posts:write"), Value::Null),
        ("GET", "/api/v1/accounts", Scope("accounts:read"), Value::Null),
        ("GET", "/api/v1/accounts/candidates", Scope("accounts:write"), Value::Null),
        ("GET", "/api/v1/accounts/{id}", Scope("accounts:read"), Value::Null),
        ("GET", "/api/v1/auth/oauth/{platform}/callback", Open, Value::Null),
        ("GET", "/api/v1/credentials", Scope("accounts:read"), Value::Null),
        ("GET", "/api/v1/credentials/status", Scope("accounts:read"), Value::Null),
        ("GET", "/api/v1/jobs", Scope("jobs:read"), Value::Null),
        ("GET", "/api/v1/jobs/{id}", Scope("jobs:read"), Value::Null),
        ("GET", "/api/v1/jobs/{id}/events", Scope("jobs:read"), Value::Null),
        ("GET", "/api/v1/notices", Scope("accounts:read"), Value::Null),
        ("GET", "/api/v1/platforms", Scope("posts:read"), Value::Null),
        ("GET", "/api/v1/posts", Scope("posts:read"), Value::Null),
        ("GET", "/api/v1/posts/{id}", Scope("posts:read"), Value::Null),
        ("GET", "/api/v1/social/{platform}/verify", Scope("accounts:read"), Value::Null),
        ("GET", "/api/v1/rate-limits", Scope("accounts:read"), Value::Null),
        ("GET", "/healthz", Open, Value::Null),
        ("GET", "/metrics", Open, Value::Null),
        ("GET", "/readyz", Open, Value::Null),
        (
            "POST",
            "/api/v1/accounts",
            Scope("accounts:write"),
            json!({"connectionId":"{connection}","person":"ada","externalIds":["{external}"]}),
        ),
        (
            "POST",
            "/api/v1/auth/oauth/{platform}/initiate",
            Scope("accounts:write"),
            json!({"person":"ada","accountId":"{account}"}),
        ),
        (
            "POST",
            "/api/v1/credentials",
            Scope("accounts:write"),
            json!({"platform":"x","grant":{"type":"bearer","accessToken":"{token}"}}),
        ),
        ("POST", "/api/v1/jobs/{id}/cancel", Scope("jobs:write"), Value::Null),
        ("POST", "/api/v1/jobs/{id}/resolve", Scope("jobs:write"), json!({"outcome":"send_again"})),
        ("POST", "/api/v1/jobs/{id}/retry", Scope("jobs:write"), Value::Null),
        (
            "POST",
            "/api/v1/posts",
            Scope("posts:write"),
            json!({"content":{"text":"x"},"targets":[{"accountId":"{account}","kind":"text"}]}),
        ),
        (
            "POST",
            "/api/v1/posts/validate",
            Scope("posts:write"),
            json!({"content":{"text":"x"},"targets":[{"accountId":"{account}","kind":"text"}]}),
        ),
    ]
}

/// A workspace of its own with a post and a login that waits for a choice, to be kept out of.
struct Tenant {
    api: ApiClient,
    account: String,
    external: String,
    token: String,
    connection: String,
    post: String,
    job: String,
}

async fn tenant(stack: &Stack, name: &str, scopes: &[&str]) -> anyhow::Result<Tenant> {
    let now = stack.app.clock.now();
    let workspace = workspaces::insert(&*stack.app.db, name, now).await?;
    let account = tests::stack::connect(&stack.app, &stack.sandbox, &workspace, (PlatformId::X, "")).await?;
    let (_, all) = api_keys::insert(&*stack.app.db, &workspace, "all", &tests::stack::ALL_SCOPES, (now, None)).await?;
    let (_, key) = api_keys::insert(&*stack.app.db, &workspace, "some", scopes, (now, None)).await?;
    let body = json!({"content":{"text":format!("of {name}")},"targets":[{"accountId":account,"kind":"text"}]});
    let (status, post) = ApiClient::new(&stack.url, all.expose()).post("/api/v1/posts", &body).await?;
    assert_eq!(status, 202, "{post}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api = ApiClient::new(&stack.url, key.expose());
    let (external, token, connection) = waiting_login(stack, &workspace, &account).await?;
    let (post, job) = (text(&post["id"]), text(&post["targets"][0]["jobId"]));
    Ok(Tenant { api, account: account.to_string(), external, token, connection, post, job })
}

/// A login that brought the account's own grant: the account's id at its platform, its token, and the login's id.
async fn waiting_login(stack: &Stack, workspace: &WorkspaceId, account: &AccountId) -> anyhow::Result<(String, String, String)> {
    let (keys, now) = (&stack.app.config.keys, stack.app.clock.now());
    let row = accounts::get(&*stack.app.db, workspace, account).await?;
    let grant: Value = serde_json::from_slice(&accounts::open_grant(keys, &row)?)?;
    let identity = json!({"external_id":row.external_id,"name":row.name,"username":null,"variant":"","scopes":null});
    let granted = json!({"grant":grant,"scopes":null,"expires_at":null,"renewal_expires_at":null});
    let candidates = json!([{"identity":identity,"granted":granted,"unusable":null}]);
    let id = ConnectionId::generate();
    let login = connection::Model {
        id: id.clone(),
        workspace_id: workspace.clone(),
        person: "ada".to_owned(),
        platform: row.platform,
        account_id: None,
        candidates_sealed: connections::seal(keys, &id, &serde_json::to_vec(&candidates)?)?,
        created_at: now,
        expires_at: now.plus(std::time::Duration::from_secs(3600)),
    };
    connections::insert(&*stack.app.db, login).await?;
    Ok((row.external_id, grant["access_token"].as_str().unwrap_or_default().to_owned(), id.to_string()))
}

/// The query that makes a good request.
fn query(path: &str, owner: &Tenant) -> String {
    match path {
        "/api/v1/accounts/candidates" => format!("?connectionId={}&person=ada", owner.connection),
        "/api/v1/social/{platform}/verify" => format!("?accountId={}", owner.account),
        _ => String::new(),
    }
}

/// Calls a route with `caller`'s key on `owner`'s things.
async fn call(caller: Option<&ApiClient>, url: &str, owner: &Tenant, route: &(&str, &str, Guard, Value)) -> anyhow::Result<u16> {
    let (method, path, _, body) = route;
    let id = match path.split('/').nth(3) {
        Some("jobs") => &owner.job,
        Some("accounts") => &owner.account,
        _ => &owner.post,
    };
    let path = path.replace("{id}", id).replace("{platform}", "x") + &query(path, owner);
    let method = Method::from_bytes(method.as_bytes())?;
    let anonymous = ApiClient::new(url, "");
    let mut request = match caller {
        Some(caller) => caller.request(method, &path),
        None => anonymous.anonymous(method, &path),
    };
    if !body.is_null() {
        let things = [
            ("{account}", &owner.account),
            ("{external}", &owner.external),
            ("{token}", &owner.token),
            ("{connection}", &owner.connection),
        ];
        let body = things.iter().fold(body.to_string(), |body, (name, thing)| body.replace(name, thing));
        request = request.header("content-type", "application/json").body(body);
    }
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test]
async fn the_table_names_every_route_of_the_document() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let document = stack.get("/openapi.json").await?;
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        documented
            .extend(methods.as_object().into_iter().flatten().map(|(method, _)| format!("{} {path}", method.to_uppercase())));
    }
    let tested: BTreeSet<String> = table().iter().map(|(method, path, _, _)| format!("{method} {path}")).collect();

    assert_eq!(documented, tested);
    assert_eq!(stack.anonymous(Method::GET, "/docs").send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn every_guarded_route_refuses_missing_unknown_and_insufficient_keys() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for route in table() {
        let (method, path, guard, _) = &route;
        let Scope(scope) = guard else {
            let owner = tenant(&stack, "open", &[]).await?;
            assert_ne!(call(None, &stack.url, &owner, &route).await?, 401, "{method} {path}");
            continue;
        };
        let others: Vec<&str> = tests::stack::ALL_SCOPES.into_iter().filter(|other| other != scope).collect();
        let lacking = tenant(&stack, "lacking", &others).await?;
        let holding = tenant(&stack, "holding", &[scope]).await?;
        let unknown = ApiClient::new(&stack.url, "prk_0000");

        assert_eq!(call(None, &stack.url, &lacking, &route).await?, 401, "{method} {path} without a key");
        assert_eq!(call(Some(&unknown), &stack.url, &lacking, &route).await?, 401, "{method} {path} with an unknown key");
        assert_eq!(call(Some(&lacking.api), &stack.url, &lacking, &route).await?, 403, "{method} {path} without its scope");
        let own = call(Some(&holding.api), &stack.url, &holding, &route).await?;
        assert!(own < 400 || own == 409, "{method} {path} with its scope: {own}");
    }
    Ok(())
}

#[tokio::test]
async fn another_workspace_s_things_look_as_if_they_did_not_exist() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let owner = tenant(&stack, "owner", &tests::stack::ALL_SCOPES).await?;
    let stranger = tenant(&stack, "stranger", &tests::stack::ALL_SCOPES).await?;
    for route in table().into_iter().filter(|(_, _, guard, _)| matches!(guard, Scope(_))) {
        let (method, path, _, body) = &route;
        let answer = call(Some(&stranger.api), &stack.url, &owner, &route).await?;
        let wanted = match (*path, body.is_null()) {
            // Whoever holds a token may connect its account in a workspace of their own.
            ("/api/v1/credentials", false) => 200,
            ("/api/v1/accounts", false) => 404,
            ("/api/v1/accounts/candidates" | "/api/v1/social/{platform}/verify", _) => 404,
            (path, _) if path.contains("{id}") => 404,
            (_, false) => 422,
            (_, true) => 200,
        };
        assert_eq!(answer, wanted, "{method} {path}");
    }
    for list in ["/api/v1/posts", "/api/v1/jobs", "/api/v1/accounts", "/api/v1/credentials", "/api/v1/notices"] {
        let listed = stranger.api.get(list).await?["data"].to_string();
        assert!(!listed.contains(&owner.post) && !listed.contains(&owner.job) && !listed.contains(&owner.account), "{list}");
    }
    let filtered = stranger.api.get(&format!("/api/v1/jobs?postId={}", owner.post)).await?;
    assert_eq!(filtered["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_key_that_was_revoked_or_has_ended_opens_nothing() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let now = stack.app.clock.now();
    let hour = std::time::Duration::from_secs(3600);
    let (id, revoked) = api_keys::insert(&*stack.app.db, &stack.workspace, "revoked", &["posts:read"], (now, None)).await?;
    let (_, ended) =
        api_keys::insert(&*stack.app.db, &stack.workspace, "ended", &["posts:read"], (now, Some(now.plus(hour)))).await?;
    let status = async |key: &str| {
        anyhow::Ok(ApiClient::new(&stack.url, key).request(Method::GET, "/api/v1/posts").send().await?.status().as_u16())
    };

    assert_eq!((status(revoked.expose()).await?, status(ended.expose()).await?), (200, 200));
    assert!(api_keys::revoke(&*stack.app.db, &stack.workspace, &id, now).await?);
    stack.advance(hour);
    assert_eq!((status(revoked.expose()).await?, status(ended.expose()).await?), (401, 401));
    Ok(())
}
