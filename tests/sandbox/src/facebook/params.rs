//! Parameters of a Graph call: query and body merged, whatever the body's type.

use std::fmt::Write;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::errors::GraphError;
use crate::call::{Call, Payload};

/// The merged parameters and the files of a call.
#[derive(Default)]
pub(crate) struct Params {
    values: Vec<(String, Value)>,
    /// Name of the part, and the file in it.
    files: Vec<(String, Bytes)>,
}

impl Params {
    /// Reads them all; what the body says wins over the query.
    pub(crate) fn of(call: &Call) -> Self {
        let mut params = Self::default();
        match &call.payload {
            Payload::Json(Value::Object(fields)) => {
                params.values.extend(fields.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            Payload::Form(pairs) => params.extend(pairs),
            Payload::Multipart(parts) => {
                for part in parts {
                    if part.file_name.is_some() {
                        params.files.push((part.name.clone(), part.bytes.clone()));
                        continue;
                    }
                    let text = String::from_utf8_lossy(&part.bytes).into_owned();
                    params.values.push((part.name.clone(), Value::String(text)));
                }
            }
            _ => {}
        }
        params.extend(&call.query);
        params
    }

    fn extend(&mut self, pairs: &[(String, String)]) {
        let pairs = pairs.iter().map(|(k, v)| (k.clone(), Value::String(v.clone())));
        self.values.extend(pairs);
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A parameter as text; empty counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = match self.value(name)? {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (!text.is_empty()).then_some(text)
    }

    /// A boolean in any of its spellings.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, GraphError> {
        match self.text(name).as_deref() {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(_) => Err(GraphError::parameter(format!("(#100) Param {name} must be a boolean"))),
        }
    }

    /// A number that is not negative.
    pub(crate) fn number(&self, name: &str) -> Result<Option<usize>, GraphError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bad = |_| GraphError::parameter(format!("(#100) Param {name} must be an integer"));
        text.parse().map(Some).map_err(bad)
    }

    /// An instant: unix seconds, ISO 8601, or a date.
    pub(crate) fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, GraphError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let seconds = text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let iso = || DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc());
        let compact = || {
            let time = DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%z");
            time.ok().map(|time| time.to_utc())
        };
        let date = || {
            let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?;
            Some(date.and_hms_opt(0, 0, 0)?.and_utc())
        };
        let found = seconds.or_else(iso).or_else(compact).or_else(date);
        let bad = || GraphError::parameter(format!("(#100) Param {name} is not a valid time"));
        found.map(Some).ok_or_else(bad)
    }

    /// The first file of a multipart body.
    pub(crate) fn file(&self) -> Option<&Bytes> {
        self.files.first().map(|(_, file)| file)
    }

    /// The file in the part of that name.
    pub(crate) fn file_named(&self, name: &str) -> Option<&Bytes> {
        self.files.iter().find(|(part, _)| part == name).map(|(_, file)| file)
    }

    /// The first file in a part of another name.
    pub(crate) fn file_other_than(&self, name: &str) -> Option<&Bytes> {
        self.files.iter().find(|(part, _)| part != name).map(|(_, file)| file)
    }

    /// The photo ids of `attached_media`, as one list or one parameter per index.
    pub(crate) fn attached_media(&self) -> Result<Vec<String>, GraphError> {
        let bad = || GraphError::parameter("(#100) Param attached_media must be an array.");
        let parsed = |value: &Value| match value {
            Value::String(text) => serde_json::from_str(text).map_err(|_| bad()),
            other => Ok(other.clone()),
        };
        let mut items = Vec::new();
        if let Some(list) = self.value("attached_media") {
            match parsed(list)? {
                Value::Array(list) => items = list,
                _ => return Err(bad()),
            }
        }
        let mut indexed = Vec::new();
        for (name, value) in &self.values {
            let Some(rest) = name.strip_prefix("attached_media[") else { continue };
            let index: usize = rest.trim_end_matches(']').parse().map_err(|_| bad())?;
            indexed.push((index, parsed(value)?));
        }
        indexed.sort_by_key(|(index, _)| *index);
        items.extend(indexed.into_iter().map(|(_, item)| item));
        let id = |item: &Value| match &item["media_fbid"] {
            Value::String(id) => Ok(id.clone()),
            Value::Number(id) => Ok(id.to_string()),
            _ => Err(GraphError::parameter("(#100) attached_media needs media_fbid")),
        };
        items.iter().map(id).collect()
    }
}

/// The proof that belongs to a token.
pub(crate) fn proof(secret: &str, token: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(token.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
        hex
    })
}
