//! Accounts as people connect, check and let them go: through the API, the platforms' consent pages and back.
//!
//! Times are the manual clock's: no test waits.

mod errors;
mod flow;
mod grants;
mod letting_go;
mod secrets;
mod standing;

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use shared::content::PlatformId::{self, Facebook, Instagram, Linkedin, Tiktok, X, Youtube};
use tests::{ApiClient, Stack};
use url::Url;

/// Every login: its platform, its name, and the sort of account that it brings.
const LOGINS: [(PlatformId, &str, &str); 8] = [
    (X, "", ""),
    (X, "oauth1", ""),
    (Facebook, "", ""),
    (Instagram, "instagram", "instagram"),
    (Instagram, "facebook", "facebook"),
    (Linkedin, "", ""),
    (Tiktok, "", ""),
    (Youtube, "", ""),
];

/// Where a browser ended up: the front end's query.
type Landing = BTreeMap<String, String>;

/// Calls the API; gives the status and the answer.
async fn call(api: &ApiClient, method: &str, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
    let mut request = api.request(Method::from_bytes(method.as_bytes())?, path);
    if !body.is_null() {
        request = request.json(body);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, serde_json::from_str(&response.text().await?).unwrap_or(Value::Null)))
}

/// Somebody at a platform, with an account that may be connected.
async fn somebody(stack: &Stack, platform: PlatformId, variant: &str, name: &str) -> anyhow::Result<Value> {
    stack.sandbox.post("accounts", json!({ "platform": platform, "name": name, "variant": variant })).await
}

/// Begins a login and gives the address of the consent page.
async fn begin(stack: &Stack, platform: PlatformId, body: &Value) -> anyhow::Result<String> {
    let (status, begun) = call(&stack.api, "POST", &format!("/api/v1/auth/oauth/{platform}/initiate"), body).await?;
    ensure!(status == 200, "the login on {platform} was answered with {status}: {begun}");
    Ok(begun["redirectUrl"].as_str().context("redirectUrl")?.to_owned())
}

/// Plays the person before the consent page; gives the address that the browser is sent to.
async fn decide(stack: &Stack, page: &str, decision: &str, accounts: &Value) -> anyhow::Result<String> {
    let mut body = json!({ "authorizeUrl": page, "decision": decision });
    if !accounts.is_null() {
        body["accounts"] = accounts.clone();
    }
    let decided = stack.sandbox.post("consent", body).await?;
    Ok(decided["redirectUrl"].as_str().with_context(|| format!("no address: {decided}"))?.to_owned())
}

/// Goes where the platform sends the browser: to our callback, and from there to the front end.
async fn come_back(stack: &Stack, address: &str) -> anyhow::Result<Landing> {
    let address: Url = address.parse()?;
    let path = format!("{}?{}", address.path(), address.query().unwrap_or_default());
    let response = stack.anonymous(Method::GET, &path).send().await?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    ensure!(response.status() == 302, "the callback answered {}", response.status());
    ensure!(header("referrer-policy") == "no-referrer" && header("cache-control") == "no-store", "{:?}", response.headers());
    let front: Url = header("location").parse()?;
    ensure!(front.as_str().starts_with("http://front.invalid/settings?tab=accounts&"), "{front}");
    Ok(front.query_pairs().into_owned().collect())
}

/// Goes through a login with a consent; gives the id by which the choice is made.
async fn log_in(stack: &Stack, (platform, login): (PlatformId, &str), body: Value, who: &Value) -> anyhow::Result<String> {
    let mut body = body;
    body["person"] = json!("ada");
    if platform == X || platform == Instagram {
        body["variant"] = json!(login);
    }
    let page = begin(stack, platform, &body).await?;
    let back = decide(stack, &page, "allow", &json!([who["id"]])).await?;
    let landing = come_back(stack, &back).await?;
    ensure!(landing.get("oauth_success") == Some(&platform.to_string()), "{platform} {login}: {landing:?}");
    landing.get("connection").cloned().context("the connection's id")
}

/// What a login brought, as its person sees it.
async fn candidates(stack: &Stack, connection: &str) -> anyhow::Result<Vec<Value>> {
    let shown = stack.get(&format!("/api/v1/accounts/candidates?connectionId={connection}&person=ada")).await?;
    Ok(shown["candidates"].as_array().context("candidates")?.clone())
}

/// Chooses from a login.
async fn choose(stack: &Stack, connection: &str, ids: &Value) -> anyhow::Result<(u16, Value)> {
    let body = json!({ "connectionId": connection, "person": "ada", "externalIds": ids });
    call(&stack.api, "POST", "/api/v1/accounts", &body).await
}

/// Connects somebody's account; gives it as the API shows it.
async fn connect(stack: &Stack, login: (PlatformId, &str), who: &Value) -> anyhow::Result<Value> {
    let connection = log_in(stack, login, json!({}), who).await?;
    let id = external_id(login.0, who);
    let (status, connected) = choose(stack, &connection, &json!([id])).await?;
    ensure!(status == 200, "the choice was answered with {status}: {connected}");
    Ok(connected["accounts"][0].clone())
}

/// An account's id as Pressroom knows it: LinkedIn's authors are whole URNs.
fn external_id(platform: PlatformId, made: &Value) -> String {
    let id = made["id"].as_str().unwrap_or_default();
    match (platform, made["variant"].as_str()) {
        (Linkedin, Some("organization")) => format!("urn:li:organization:{id}"),
        (Linkedin, _) => format!("urn:li:person:{id}"),
        _ => id.to_owned(),
    }
}

/// The code of a refusal, with its status.
fn refused(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or("none"))
}

/// The codes of an account's reasons.
fn reasons(account: &Value) -> Vec<&str> {
    account["reasons"].as_array().into_iter().flatten().filter_map(|reason| reason["code"].as_str()).collect()
}
