//! Remembers what arrived: one entry per platform call, the oldest ones dropped.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use poem::http::header::CONTENT_LENGTH;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::call::{Call, Payload};
use crate::faults::matches_pattern;
use crate::state::Platform;

/// Enough for a load test, and still small in memory.
const CAPACITY: usize = 100_000;
/// Longer bodies carry files, which are no use in a record and large in memory.
const LONGEST_BODY_BYTES: u64 = 65_536;

/// One platform call.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) n: u64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) platform: Platform,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Map<String, Value>,
    /// Absent while unanswered and when the connection was cut instead.
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) account_id: Option<String>,
    /// What the call said in JSON, when the setting `recordBodies` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
}

/// What is known about a call besides the call itself.
pub(crate) struct Arrival {
    pub(crate) at: DateTime<Utc>,
    pub(crate) platform: Platform,
    pub(crate) account_id: Option<String>,
    pub(crate) fault: Option<&'static str>,
    /// Whether to keep what the call said.
    pub(crate) with_body: bool,
}

/// The calls so far, oldest first.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: VecDeque<Entry>,
    last_n: u64,
}

/// Which entries to show.
#[derive(Default)]
pub(crate) struct Filter<'a> {
    pub(crate) platform: Option<Platform>,
    pub(crate) method: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
}

impl Ledger {
    /// Adds a call and returns its number.
    pub(crate) fn add(&mut self, call: &Call, arrival: Arrival) -> u64 {
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.last_n += 1;
        self.entries.push_back(Entry {
            n: self.last_n,
            at: arrival.at,
            platform: arrival.platform,
            method: call.method.to_string(),
            path: call.path.clone(),
            query: public_query(call),
            status: None,
            fault: arrival.fault,
            account_id: arrival.account_id,
            body: if arrival.with_body { public_body(call) } else { None },
        });
        self.last_n
    }

    /// Notes the status that a call was answered with.
    pub(crate) fn answered(&mut self, n: u64, status: u16) {
        let Some(first) = self.entries.front().map(|entry| entry.n) else { return };
        let Some(index) = n.checked_sub(first) else { return };
        let Ok(index) = usize::try_from(index) else { return };
        if let Some(entry) = self.entries.get_mut(index) {
            entry.status = Some(status);
        }
    }

    /// The entries that a filter lets through.
    pub(crate) fn list(&self, filter: &Filter<'_>) -> Vec<&Entry> {
        let wanted = |entry: &&Entry| {
            filter.platform.is_none_or(|platform| platform == entry.platform)
                && filter.method.is_none_or(|method| method.eq_ignore_ascii_case(&entry.method))
                && filter.path.is_none_or(|path| matches_pattern(path, &entry.path))
        };
        self.entries.iter().filter(wanted).collect()
    }

    /// Forgets the entries. Numbers go on, so that a late answer cannot hit a new entry.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Whether a parameter of this name is a credential.
fn secret(name: &str) -> bool {
    name.starts_with("oauth_") || name.contains("token") && name != "pagination_token" || name.contains("secret")
}

fn public_query(call: &Call) -> Map<String, Value> {
    let shown = call.query.iter().filter(|(name, _)| !secret(name));
    shown.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

fn public_body(call: &Call) -> Option<Value> {
    let length = call.header(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok())?;
    let Payload::Json(body) = &call.payload else { return None };
    let mut body = (length <= LONGEST_BODY_BYTES).then(|| body.clone())?;
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, _| !secret(name));
    }
    Some(body)
}
