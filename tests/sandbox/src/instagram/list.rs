//! Lists with cursors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::errors::Refusal;
use super::fields::{self, Shape};
use super::routes::{Ask, Outcome};
use crate::call::Answer;
use crate::facebook::params::Params;
use crate::state::State;

const DEFAULT_LIMIT: usize = 25;
const LARGEST_LIMIT: usize = 100;

/// An object of a list with its time.
pub(super) struct Item {
    pub(super) at: DateTime<Utc>,
    pub(super) object: Value,
}

/// What is listed.
pub(super) struct Listing {
    /// Last part of the path.
    pub(super) edge: &'static str,
    pub(super) shape: &'static Shape,
    /// The fields that come without asking.
    pub(super) default: &'static str,
}

/// A time the way the Graph API writes it.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// An instant in a parameter: unix seconds, ISO 8601, or a date.
pub(super) fn time(params: &Params, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let unix = text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let iso = || DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc());
    let compact = || Some(DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%z").ok()?.to_utc());
    let date = || Some(NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let found = unix.or_else(iso).or_else(compact).or_else(date);
    found.map(Some).ok_or_else(|| Refusal::parameter(&format!("Param {name} is not a valid time")))
}

/// Answers with a list that is given oldest first.
pub(super) fn answer_newest_first(state: &State, ask: &Ask<'_>, mut items: Vec<Item>, listing: &Listing) -> Outcome {
    items.reverse();
    answer(state, ask, items, listing)
}

/// Answers with the part of a list that a call asks for.
pub(super) fn answer(state: &State, ask: &Ask<'_>, mut items: Vec<Item>, listing: &Listing) -> Outcome {
    let wanted = fields::wanted(&ask.params, listing.default)?;
    let limit = limit(&ask.params)?;
    let since = time(&ask.params, "since")?;
    let until = time(&ask.params, "until")?;
    // The clock in these filters has whole seconds.
    items.retain(|item| {
        since.is_none_or(|since| item.at.timestamp() >= since.timestamp())
            && until.is_none_or(|until| item.at.timestamp() <= until.timestamp())
    });
    let place = |name: &str| -> Result<Option<usize>, Refusal> {
        let Some(wanted) = ask.params.text(name) else { return Ok(None) };
        let at = items.iter().position(|item| cursor(item) == wanted);
        at.map(Some).ok_or_else(|| Refusal::parameter("Invalid cursor"))
    };
    let (start, end) = match (place("after")?, place("before")?) {
        (Some(after), _) => (after + 1, items.len().min(after + 1 + limit)),
        (None, Some(before)) => (before.saturating_sub(limit), before),
        (None, None) => (0, items.len().min(limit)),
    };
    let mut body = json!({"data": []});
    if let [first, ..] = &items[start..end] {
        let before = cursor(first);
        let after = cursor(&items[end - 1]);
        let link = |direction: (&str, &str)| json!(link(state, ask, listing.edge, direction));
        body["paging"] = json!({"cursors": {"before": before, "after": after}});
        if end < items.len() {
            body["paging"]["next"] = link(("after", &after));
        }
        if start > 0 {
            body["paging"]["previous"] = link(("before", &before));
        }
    }
    let shown = items[start..end].iter().map(|item| fields::project(&item.object, &wanted, listing.shape));
    body["data"] = json!(shown.collect::<Result<Vec<Value>, Refusal>>()?);
    Ok(Answer::json(200, &body))
}

/// How many are wanted; more than can be had counts as that.
fn limit(params: &Params) -> Result<usize, Refusal> {
    let Some(text) = params.text("limit") else { return Ok(DEFAULT_LIMIT) };
    let number = text.parse().ok().filter(|number| *number > 0);
    let number: usize = number.ok_or_else(|| Refusal::parameter("Param limit must be a positive integer"))?;
    Ok(number.min(LARGEST_LIMIT))
}

fn cursor(item: &Item) -> String {
    URL_SAFE_NO_PAD.encode(item.object["id"].as_str().unwrap_or_default())
}

fn link(state: &State, ask: &Ask<'_>, edge: &str, (direction, cursor): (&str, &str)) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["access_token", "fields", "since", "until", "limit"] {
        if let Some(value) = ask.params.text(name) {
            query.append_pair(name, &value);
        }
    }
    query.append_pair(direction, cursor);
    let base = format!("{}{}", state.public_url, ask.host.prefix());
    format!("{base}/{}/{}/{edge}?{}", ask.version, ask.id, query.finish())
}
