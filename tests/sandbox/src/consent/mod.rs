//! The pages on which people agree to an app, one for each login of the platforms.
//!
//! A browser gets a page with one button to agree and one to refuse. Programs post the same decision as JSON and are told
//! where the browser would have been sent.

use std::sync::Arc;

use poem::http::{Method, StatusCode, header};
use poem::web::Data;
use poem::{Body, Request, Response, handler};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::call::pairs;
use crate::control::{failure, success};

mod codes;
mod decide;
mod dialog;
mod page;
mod people;

pub(crate) use codes::{Code, Codes, Wrong, burn, usable};
use decide::{Choice, Ending, Failure};
use dialog::Refusal;
pub(crate) use dialog::{Login, is_registered};

/// Whether a request asks for a consent page.
pub(crate) fn serves(request: &Request) -> bool {
    let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
    request.method() == Method::GET && Login::of(request.uri().path(), &query).is_some()
}

/// Shows a consent page.
pub(crate) fn show(app: &App, request: &Request) -> Response {
    let address = request.uri().to_string();
    let state = app.state();
    match dialog::read(&state, &address) {
        Ok(asked) => page::html(StatusCode::OK, &page::consent(&address, &asked, &people::people(&state, &asked))),
        Err(Refusal::Redirect(url)) => redirect(&url),
        Err(Refusal::Page(title, message)) => page::html(StatusCode::BAD_REQUEST, &page::refusal(&address, title, &message)),
    }
}

fn redirect(url: &str) -> Response {
    Response::builder().status(StatusCode::FOUND).header(header::LOCATION, url).header("cache-control", "no-store").finish()
}

/// A decision as programs send it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Decision {
    authorize_url: String,
    decision: Verdict,
    accounts: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Allow,
    Deny,
}

/// Takes a decision: from the form of the page, which sends the browser on, or as JSON, which is told where to.
#[handler]
pub(crate) async fn take_decision(Data(app): Data<&Arc<App>>, body: Body) -> Response {
    let bytes = match body.into_bytes().await {
        Ok(bytes) => bytes,
        Err(error) => return failure(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    // Told by what is sent: some clients call everything a form.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return by_form(app, &pairs(&bytes));
    }
    let wanted: Decision = match serde_json::from_slice(&bytes) {
        Ok(wanted) => wanted,
        Err(error) => return failure(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    let allow = wanted.decision == Verdict::Allow;
    let choice = Choice { allow, person: None, accounts: wanted.accounts, scopes: wanted.scopes };
    match decide::decide(&mut app.state(), &wanted.authorize_url, &choice) {
        Ok(Ending::Redirect(url)) => success(StatusCode::OK, &json!({"redirectUrl": url})),
        Ok(Ending::Pin(pin)) => success(StatusCode::OK, &json!({"redirectUrl": null, "pin": pin})),
        Err(Failure::Refused(title, message)) => failure(StatusCode::BAD_REQUEST, &format!("{title}: {message}")),
        Err(Failure::Choice(message)) => failure(StatusCode::UNPROCESSABLE_ENTITY, &message),
    }
}

fn by_form(app: &App, fields: &[(String, String)]) -> Response {
    let all = |wanted: &str| -> Vec<String> {
        fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
    };
    let one = |wanted: &str| all(wanted).pop();
    let address = one("authorizeUrl").unwrap_or_default();
    let choice = Choice {
        allow: one("decision").as_deref() == Some("allow"),
        person: one("person"),
        accounts: Some(all("account")),
        scopes: Some(all("scope")),
    };
    match decide::decide(&mut app.state(), &address, &choice) {
        Ok(Ending::Redirect(url)) => redirect(&url),
        Ok(Ending::Pin(pin)) => page::html(StatusCode::OK, &page::pin(&address, &pin)),
        Err(Failure::Refused(title, message)) => page::html(StatusCode::BAD_REQUEST, &page::refusal(&address, title, &message)),
        Err(Failure::Choice(message)) => {
            page::html(StatusCode::UNPROCESSABLE_ENTITY, &page::refusal(&address, "Sandbox", &message))
        }
    }
}
