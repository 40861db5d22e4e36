//! A call that passed authentication, and the table row that it fits.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::auth::Scope;
use super::quota::Cost;
use super::{Outcome, errors};
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::faults::Action;
use crate::state::{Account, State};

/// Query parameters that every call of every Google API knows.
const COMMON: &[&str] = &[
    "$.xgafv",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
];

/// What an endpoint asks of a call.
pub(crate) struct Terms {
    /// Any one of these is enough.
    pub(super) scopes: &'static [Scope],
    pub(super) cost: Cost,
    /// Query parameters that it knows.
    pub(super) parameters: &'static [&'static str],
}

/// One endpoint in the table of routes.
pub(crate) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) pattern: &'static str,
    pub(super) terms: Terms,
    pub(super) run: fn(&mut State, &Ask<'_>) -> Outcome,
}

/// A row of the table of routes.
pub(crate) const fn endpoint(
    method: &'static str,
    pattern: &'static str,
    terms: Terms,
    run: fn(&mut State, &Ask<'_>) -> Outcome,
) -> Endpoint {
    Endpoint { method, pattern, terms, run }
}

/// A call that passed authentication and quota.
pub(crate) struct Ask<'a> {
    pub(super) call: &'a Call,
    pub(super) account: Account,
    /// A fault that shapes the work itself.
    pub(super) action: Option<&'a Action>,
}

impl Ask<'_> {
    /// Refuses query parameters that nobody knows, and partners' ones that only partners may use.
    pub(super) fn check_parameters(&self, known: &[&str]) -> Result<(), Answer> {
        for (name, _) in &self.call.query {
            let name = name.as_str();
            if name.starts_with("onBehalfOfContentOwner") {
                return Err(errors::named("403/accountDelegationForbidden"));
            }
            if !known.contains(&name) && !COMMON.contains(&name) {
                let message = format!(
                    "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could not be found in request message."
                );
                return Err(errors::worded("400/badRequest", &message));
            }
        }
        Ok(())
    }

    /// A query parameter.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.call.query_value(name)
    }

    /// A query parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Answer> {
        let value = self.value(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| missing(name))
    }

    /// All values of a parameter that may be repeated or a list with commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let values = self.call.query.iter().filter(|(key, _)| key == name);
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// The `part` parameter, of which only `known` may be asked for.
    pub(super) fn parts(&self, known: &[&str]) -> Result<Vec<String>, Answer> {
        let parts = self.list("part");
        if parts.is_empty() {
            return Err(missing("part"));
        }
        if let Some(unknown) = parts.iter().find(|part| **part != "id" && !known.contains(part)) {
            return Err(errors::parameter("400/invalidParameter", "part", &format!("Unknown part: {unknown}")));
        }
        Ok(parts.into_iter().map(str::to_owned).collect())
    }

    /// A parameter that is yes or no.
    pub(super) fn flag(&self, name: &str, usual: bool) -> Result<bool, Answer> {
        match self.value(name) {
            None => Ok(usual),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(errors::parameter("400/invalidParameter", name, &format!("Invalid value: {other}"))),
        }
    }

    /// The JSON body, which must be an object.
    pub(super) fn body(&self) -> Result<&Value, Answer> {
        let refuse = |message: &str| errors::worded("400/badRequest", message);
        if let Some(message) = self.call.unreadable() {
            return Err(refuse(message));
        }
        self.call.json().filter(|body| body.is_object()).ok_or_else(|| refuse("The request has no JSON body."))
    }

    /// Cuts the page that the call asks for out of a whole list, and wraps it as YouTube does.
    pub(super) fn page(&self, kind: &str, items: &[Value], (usual, most): (usize, usize)) -> Outcome {
        let size = match self.value("maxResults").map(str::parse::<usize>) {
            None => usual,
            Some(Ok(size)) if size <= most => size,
            Some(_) => {
                let message = format!("Invalid value. Values must be within the range: [0, {most}]");
                return Err(errors::parameter("400/invalidParameter", "maxResults", &message));
            }
        };
        let start = match self.value("pageToken") {
            None => 0,
            Some(token) => page_start(token).ok_or_else(|| errors::named("400/invalidPageToken"))?,
        };
        let shown: Vec<&Value> = items.iter().skip(start).take(size).collect();
        let end = start + shown.len();
        let mut body = json!({
            "kind": kind,
            "etag": etag(&format!("{kind} {shown:?}")),
            "items": shown,
            "pageInfo": {"totalResults": items.len(), "resultsPerPage": size},
        });
        if size > 0 && end < items.len() {
            body["nextPageToken"] = json!(page_token(end));
        }
        if start > 0 {
            body["prevPageToken"] = json!(page_token(start.saturating_sub(size)));
        }
        Ok(Answer::json(200, &body).with("vary", "Origin, X-Origin, Referer"))
    }
}

/// 400 for a parameter that is not there.
pub(super) fn missing(name: &str) -> Answer {
    errors::parameter("400/missingRequiredParameter", name, &format!("Missing required parameter: {name}"))
}

/// A fingerprint in the form that YouTube gives it.
pub(super) fn etag(seed: &str) -> String {
    made_up("etag", seed)[..27].to_owned()
}

fn page_token(start: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("PT:{start}"))
}

fn page_start(token: &str) -> Option<usize> {
    let text = URL_SAFE_NO_PAD.decode(token).ok()?;
    String::from_utf8(text).ok()?.strip_prefix("PT:")?.parse().ok()
}
