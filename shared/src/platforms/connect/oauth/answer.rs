//! What token endpoints answer: put into the form of RFC 6749 where it is a success, into a class where it is not.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::secret::Secret;

/// The code of a grant that is dead: revoked, run out, or used up.
pub(super) const DEAD: &str = "grant_dead";

/// The code of a platform that takes no calls just now.
pub(super) const UNAVAILABLE: &str = "platform_unavailable";

/// The code of an answer that was lost, and with it perhaps a token that dies with its use.
pub(super) const LOST: &str = "refresh_answer_lost";

/// The code of refusals that only the operator can end.
pub(super) const APP_REFUSED: &str = "platform_app_refused";

/// What was asked of whom.
pub(super) struct Asked {
    /// The platform's name.
    pub(super) platform: &'static str,
    /// The operation's name for people.
    pub(super) what: &'static str,
    /// When.
    pub(super) now: Timestamp,
    /// What was sent and must not come back in an error.
    pub(super) secrets: Vec<Secret<String>>,
}

impl Asked {
    /// An answer that nobody has put into a class. Its body stays out of it: what looks like no tokens may hold some.
    pub(super) fn unclassified(&self, why: &str) -> JobError {
        let message = format!("{} answered `{}` in a way that is not known: {why}", self.platform, self.what);
        JobError::new(ErrorClass::Ambiguous, "answer_unclassified", message)
    }

    /// Text of the platform without what we sent.
    fn without_secrets(&self, mut words: String) -> String {
        for secret in self.secrets.iter().map(Secret::expose).filter(|secret| !secret.is_empty()) {
            words = words.replace(secret.as_str(), "***");
        }
        words
    }
}

/// An answer that was lost on the way. Whether a rotating token died with it, its holder has to find out.
pub(super) fn lost(error: JobError) -> JobError {
    match error.class {
        ErrorClass::Ambiguous => JobError { class: ErrorClass::Transient, code: LOST, ..error },
        _ => error,
    }
}

/// Reads an answer of a token endpoint.
pub(super) fn read(answer: &Answer, asked: &Asked) -> Result<Map<String, Value>, JobError> {
    let document: Option<Map<String, Value>> = serde_json::from_slice(&answer.body).ok();
    match document {
        Some(document) if answer.is_success() && !tells_error(&document) => Ok(normalised(document)),
        // The tokens were in it, as far as anybody can know.
        None if answer.is_success() => {
            let message = format!("the answer to `{}` (status {}) could not be read", asked.what, answer.status);
            let lost = JobError::new(ErrorClass::Transient, LOST, message);
            Err(JobError { status: Some(answer.status), ..lost })
        }
        document => Err(classify(answer, document.unwrap_or_default(), asked)),
    }
}

/// Reads an answer to the wish that a token ends: one that is dead is what was wished for.
pub(super) fn ended(answer: &Answer, asked: &Asked) -> Result<(), JobError> {
    let document: Map<String, Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.is_success() && !tells_error(&document) {
        return Ok(());
    }
    if answer.status < 500 && Told::of(&document).word == "invalid_token" {
        return Ok(());
    }
    let error = classify(answer, document, asked);
    if error.class == ErrorClass::AuthRevoked { Ok(()) } else { Err(error) }
}

/// Some platforms tell errors under status 200.
fn tells_error(document: &Map<String, Value>) -> bool {
    match document.get("error") {
        None | Some(Value::Null) => false,
        Some(Value::String(word)) => !word.is_empty(),
        Some(Value::Object(error)) => error.get("code").is_none_or(|code| code != "ok"),
        Some(_) => true,
    }
}

/// An error as a platform tells it: OAuth's own form, Meta's object, Instagram's and LinkedIn's plain fields.
struct Told<'a> {
    /// The word that decides.
    word: &'a str,
    /// The words for people.
    words: &'a str,
}

impl<'a> Told<'a> {
    fn of(document: &'a Map<String, Value>) -> Self {
        let inner = document.get("error").and_then(Value::as_object).unwrap_or(document);
        let first = |names: &[&str]| names.iter().find_map(|name| inner.get(*name)?.as_str()).unwrap_or_default();
        Self { word: first(&["error", "error_type", "type"]), words: first(&["error_description", "error_message", "message"]) }
    }
}

fn classify(answer: &Answer, document: Map<String, Value>, asked: &Asked) -> JobError {
    let told = Told::of(&document);
    let (class, code) = class_of(answer.status, &told);
    let words = match (told.word, told.words) {
        // Not a success and nothing known in it: a page of a proxy, perhaps.
        ("", "") if !answer.is_success() => answer.text(),
        ("", words) | (words, "") => words.to_owned(),
        (word, words) => format!("{word}: {words}"),
    };
    let message = format!("{} refused `{}` with status {}", asked.platform, asked.what, answer.status);
    let error = JobError::new(class, code, message).said(asked.without_secrets(words));
    let error = JobError { status: Some(answer.status), ..error };
    match code {
        APP_REFUSED => error.remedy(
            "the operator of this Pressroom must check its app at the platform: id, secret, callback address and permissions",
        ),
        UNAVAILABLE => match retry_after(answer, asked.now) {
            Some(at) => error.at(at),
            None => error,
        },
        _ => error,
    }
}

/// Only what a platform's contract names ends a grant: an account must not be lost to a fault.
fn class_of(status: u16, told: &Told<'_>) -> (ErrorClass, &'static str) {
    use ErrorClass::{Ambiguous, AuthRevoked, Rejected, Transient};
    match (status, told.word) {
        (429 | 500..=599, _) | (_, "server_error" | "temporarily_unavailable") => (Transient, UNAVAILABLE),
        (_, "invalid_grant") => (AuthRevoked, DEAD),
        // X's word for a code or refresh token that is used, unknown or dead.
        (_, "invalid_request") if told.words.contains("Value passed for the token was invalid") => (AuthRevoked, DEAD),
        (
            _,
            "invalid_client"
            | "unauthorized_client"
            | "redirect_uri_mismatch"
            | "invalid_scope"
            | "unsupported_grant_type"
            | "unsupported_response_type",
        ) => (Rejected, APP_REFUSED),
        _ => (Ambiguous, "answer_unclassified"),
    }
}

/// `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(answer: &Answer, now: Timestamp) -> Option<Timestamp> {
    let told = answer.header("retry-after")?.trim();
    match told.parse() {
        Ok(seconds) => Some(now.plus(Duration::from_secs(seconds))),
        Err(_) => DateTime::parse_from_rfc2822(told).ok().map(|at| at.with_timezone(&Utc).into()),
    }
}

/// Puts a success into the form of RFC 6749.
fn normalised(mut document: Map<String, Value>) -> Map<String, Value> {
    // Instagram's newer answer: a list with one element.
    if !document.contains_key("access_token")
        && let Some(inner) = document.get("data").and_then(|data| data.as_array()?.first()?.as_object())
    {
        document = inner.clone();
    }
    if text(&document, "token_type").is_none() {
        document.insert("token_type".to_owned(), "bearer".into());
    }
    if text(&document, "refresh_token").is_none() {
        document.remove("refresh_token");
    }
    for name in ["expires_in", "refresh_expires_in", "refresh_token_expires_in"] {
        match document.get(name).and_then(seconds) {
            Some(seconds) => document.insert(name.to_owned(), seconds.into()),
            None => document.remove(name),
        };
    }
    // Instagram calls them permissions.
    let told = document.remove("scope").filter(|scope| !scope.is_null()).or_else(|| document.get("permissions").cloned());
    if let Some(scopes) = told.as_ref().map(scopes).filter(|scopes| !scopes.is_empty()) {
        document.insert("scope".to_owned(), scopes.join(" ").into());
    }
    document
}

fn text<'a>(document: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    document.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// A life in whole seconds, told as a number or as text. None that is no life: 0 stands for "no end" where it comes at all.
fn seconds(told: &Value) -> Option<u64> {
    let seconds = match told {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    };
    seconds.filter(|seconds| *seconds > 0)
}

/// Scopes told as a list, or as text with commas or spaces.
fn scopes(told: &Value) -> Vec<String> {
    let texts: Vec<&str> = match told {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    let scopes = texts.into_iter().flat_map(|text| text.split([',', ' '])).filter(|scope| !scope.is_empty());
    scopes.map(str::to_owned).collect()
}
