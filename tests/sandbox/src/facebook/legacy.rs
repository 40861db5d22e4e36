//! The behaviours that the Graph API dropped in 2026, for those who switch them on.

use std::fmt::Write;

use chrono::DateTime;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::errors::GraphError;
use super::{Ask, Outcome, reads};
use crate::call::{Answer, Call};
use crate::state::State;

/// `GET /?ids=a,b`: several objects at once.
pub(super) fn many(state: &mut State, ask: &mut Ask<'_>, ids: &str) -> Outcome {
    if !state.settings.facebook.legacy_protocol {
        return Err(GraphError::parameter("(#100) Reading several objects by ids is not supported"));
    }
    let mut found = Map::new();
    for id in ids.split(',') {
        id.clone_into(&mut ask.id);
        let answer = reads::node(state, ask)?;
        found.insert(id.to_owned(), serde_json::from_slice(&answer.body).unwrap_or_default());
    }
    Ok(Answer::json(200, &Value::Object(found)))
}

/// Does to an answer what `pretty`, `debug`, `date_format` and `If-None-Match` ask for.
pub(super) fn shape(state: &State, call: &Call, mut answer: Answer) -> Answer {
    if !state.settings.facebook.legacy_protocol || call.method != "GET" || answer.status != 200 {
        return answer;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return answer };
    if call.query_value("date_format") == Some("U") {
        in_seconds(&mut body);
    }
    if call.query_value("debug").is_some() {
        body["__debug__"] = serde_json::json!({"messages": []});
    }
    let pretty = matches!(call.query_value("pretty"), Some("1" | "true"));
    answer.body = if pretty { format!("{body:#}") } else { body.to_string() }.into_bytes();
    let hash = Sha256::digest(&answer.body).iter().take(20).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
        hex
    });
    let tag = format!("\"{hash}\"");
    if call.named_header("if-none-match") == Some(&tag) {
        answer.status = 304;
        answer.body.clear();
    }
    answer.with("etag", tag)
}

fn in_seconds(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let time = value.as_str().filter(|_| name.ends_with("_time"));
                match time.and_then(|time| DateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%z").ok()) {
                    Some(time) => *value = time.timestamp().into(),
                    None => in_seconds(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(in_seconds),
        _ => {}
    }
}
