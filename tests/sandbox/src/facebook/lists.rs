//! Lists of the Graph API: order, time filters, cursors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::{Ask, Outcome};
use crate::call::Answer;
use crate::state::{Platform, State};

const DEFAULT_LIMIT: usize = 25;
const LARGEST_LIMIT: usize = 100;

/// An object of a list with its creation time.
pub(super) struct Item {
    at: DateTime<Utc>,
    cursor: String,
    object: Value,
}

impl Item {
    pub(super) fn new(id: &str, at: DateTime<Utc>, object: Value) -> Self {
        Self { at, cursor: URL_SAFE_NO_PAD.encode(id), object }
    }

    /// Sorts what came in order of creation calls.
    pub(super) fn newest_first(mut items: Vec<Self>) -> Vec<Self> {
        items.sort_by_key(|item| item.at);
        items.reverse();
        items
    }
}

/// What is younger than this is not in the index yet.
pub(super) fn indexed_until(state: &State) -> DateTime<Utc> {
    state.now() - TimeDelta::seconds(state.settings.facebook_index_lag_seconds)
}

/// Lists of a Page need its own token.
pub(super) fn check_readable(state: &State, ask: &Ask<'_>) -> Result<(), GraphError> {
    if state.account(Platform::Facebook, &ask.id).is_none() {
        return Err(GraphError::unknown_object("get", &ask.id));
    }
    if ask.person {
        return Err(GraphError::page_token_needed());
    }
    ask.needs("pages_read_engagement")?;
    if ask.id == ask.page_id { Ok(()) } else { Err(GraphError::permission()) }
}

/// Cuts a list, given in the order to show, down to the page that a call asks for.
pub(super) fn list(
    state: &State,
    ask: &Ask<'_>,
    edge: &str,
    mut items: Vec<Item>,
    project: &dyn Fn(&Value) -> Result<Value, GraphError>,
) -> Outcome {
    let limit = ask.params.number("limit")?.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > LARGEST_LIMIT {
        return Err(GraphError::parameter("(#100) limit must be between 1 and 100"));
    }
    let since = ask.time(state, "since")?;
    let until = ask.time(state, "until")?;
    // Facebook's clock in these filters has whole seconds.
    items.retain(|item| {
        since.is_none_or(|since| item.at.timestamp() >= since.timestamp())
            && until.is_none_or(|until| item.at.timestamp() <= until.timestamp())
    });
    let (from, to) = window(ask, &items, limit)?;
    let shown = &items[from..to];
    let mut body = json!({"data": []});
    if let [first, ..] = shown
        && let [.., last] = shown
    {
        body["paging"] = json!({"cursors": {"before": first.cursor, "after": last.cursor}});
        if to < items.len() {
            body["paging"]["next"] = json!(link(state, ask, edge, limit, ("after", &last.cursor)));
        }
        if from > 0 {
            body["paging"]["previous"] = json!(link(state, ask, edge, limit, ("before", &first.cursor)));
        }
    }
    let objects: Result<Vec<Value>, GraphError> = shown.iter().map(|item| project(&item.object)).collect();
    body["data"] = json!(objects?);
    if ask.params.flag("summary", false).unwrap_or(false) {
        body["summary"] = json!({"total_count": items.len()});
    }
    Ok(Answer::json(200, &body))
}

/// Which part of a list the cursors ask for.
fn window(ask: &Ask<'_>, items: &[Item], limit: usize) -> Result<(usize, usize), GraphError> {
    let place = |name: &str| {
        let Some(cursor) = ask.params.text(name) else { return Ok(None) };
        let at = items.iter().position(|item| item.cursor == cursor);
        at.map(Some).ok_or_else(|| GraphError::parameter("(#100) Invalid cursor"))
    };
    if let Some(end) = place("before")? {
        return Ok((end.saturating_sub(limit), end));
    }
    let start = place("after")?.map_or(0, |at| at + 1);
    Ok((start, (start + limit).min(items.len())))
}

fn link(state: &State, ask: &Ask<'_>, edge: &str, limit: usize, cursor: (&str, &str)) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["access_token", "fields", "since", "until", "type", "status", "filter", "order"] {
        if let Some(value) = ask.params.text(name) {
            query.append_pair(name, &value);
        }
    }
    query.append_pair("limit", &limit.to_string()).append_pair(cursor.0, cursor.1);
    format!("{}/{}/{}/{edge}?{}", state.public_url, ask.version, ask.id, query.finish())
}
