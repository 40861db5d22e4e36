//! Consent pages and what their codes are exchanged for, seen from outside.

use url::Url;

use super::*;

mod facebook;
mod google;
mod instagram;
mod linkedin;
mod lives;
mod pages;
mod signed;
mod tiktok;
mod usage;
mod x;

const BACK: &str = "https://app.example/back?kept=1";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An address with these parameters.
fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{path}?{query}")
}

/// The same parameters with some of them changed; an empty value leaves one out.
fn changed<'a>(parameters: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let of = |name: &str| changes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let known = parameters.iter().map(|(name, value)| (*name, of(name).unwrap_or(value)));
    let new = changes.iter().filter(|(name, _)| !parameters.iter().any(|(key, _)| key == name)).copied();
    known.chain(new).filter(|(_, value)| !value.is_empty()).collect()
}

/// The value of a parameter of an address.
fn value(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

impl Stage {
    /// Decides on a consent page: status and answer.
    async fn decide(&self, address: &str, more: Value) -> (u16, Value) {
        let mut body = json!({"authorizeUrl": address, "decision": "allow"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json_of(self.http.post(self.url("/_sandbox/consent")).json(&body).send().await.unwrap()).await
    }

    /// Where the browser is sent to.
    async fn sent_to(&self, address: &str, more: Value) -> String {
        let (status, body) = self.decide(address, more).await;
        assert_eq!(status, 200, "{body}");
        body["redirectUrl"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    /// The code that an agreement gives.
    async fn code(&self, address: &str, more: Value) -> String {
        let url = self.sent_to(address, more).await;
        value(&url, "code").unwrap_or_else(|| panic!("{url}"))
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        json_of(self.http.post(self.url(path)).form(fields).send().await.unwrap()).await
    }

    async fn with_token(&self, path: &str, token: &str) -> (u16, Value) {
        json_of(self.http.get(self.url(path)).bearer_auth(token).send().await.unwrap()).await
    }

    async fn switch(&self, settings: Value) {
        self.control("settings", settings).await;
    }

    async fn later(&self, seconds: i64) {
        self.control("clock", json!({"advanceSeconds": seconds})).await;
    }

    /// What the control API lists of an account.
    async fn listed(&self, id: &Value) -> Value {
        let accounts = self.get("/_sandbox/accounts").await;
        accounts["accounts"].as_array().unwrap().iter().find(|account| account["id"] == *id).unwrap().clone()
    }

    /// Does something to an account from outside.
    async fn happens(&self, account: &Value, what: &str, body: Value) {
        let (platform, id) = (account["platform"].as_str().unwrap(), account["id"].as_str().unwrap());
        self.control(&format!("accounts/{platform}/{id}/{what}"), body).await;
    }
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("{name} in {body}"))
}
