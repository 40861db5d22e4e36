//! Users on X, and what they posted.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::fields;
use super::reads::{includes, tweet_json, with_includes};
use super::{Ask, Outcome, data, errors, is_id, user_json};
use crate::call::Answer;
use crate::state::{Platform, Post, State};

/// `GET /2/users/me`.
pub(crate) fn me(state: &mut State, ask: &Ask<'_>) -> Outcome {
    fields::check(ask, &["user.fields", "expansions", "tweet.fields", "post.fields"])?;
    let account = state.account(Platform::X, &ask.account_id);
    let account = account.ok_or_else(|| errors::refusal("401/unauthorized"))?;
    Ok(data(200, &user_json(account, ask)))
}

const PARAMETERS: &[&str] = &["max_results", "pagination_token", "start_time", "end_time", "since_id", "until_id", "exclude"];

/// What a call for a timeline asks for.
struct Page {
    max_results: usize,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    since_id: Option<u64>,
    until_id: Option<u64>,
    replies: bool,
    offset: usize,
}

impl Page {
    fn of(ask: &Ask<'_>) -> Result<Self, Answer> {
        let value = |name: &str| ask.call.query_value(name);
        let bad = |name: &str| {
            let sent = json!({name: [value(name)]});
            errors::invalid(sent, &format!("The `{name}` query parameter value is not valid"))
        };
        let time = |name: &str| match value(name) {
            Some(text) => text.parse::<DateTime<Utc>>().map(Some).map_err(|_| bad(name)),
            None => Ok(None),
        };
        let number = |name: &str| match value(name) {
            Some(text) => text.parse::<u64>().map(Some).map_err(|_| bad(name)),
            None => Ok(None),
        };
        let max_results = number("max_results")?.unwrap_or(10);
        if !(5..=100).contains(&max_results) {
            return Err(bad("max_results"));
        }
        let offset = match value("pagination_token") {
            Some(token) => token.strip_prefix("page").and_then(|n| n.parse().ok()),
            None => Some(0),
        };
        let exclude = value("exclude").unwrap_or_default();
        Ok(Self {
            max_results: usize::try_from(max_results).unwrap_or(100),
            start: time("start_time")?,
            end: time("end_time")?,
            since_id: number("since_id")?,
            until_id: number("until_id")?,
            replies: !exclude.split(',').any(|kind| kind == "replies"),
            offset: offset.ok_or_else(|| bad("pagination_token"))?,
        })
    }

    fn wants(&self, post: &Post) -> bool {
        let id: u64 = post.id.parse().unwrap_or(0);
        self.start.is_none_or(|start| post.created_at >= start)
            && self.end.is_none_or(|end| post.created_at < end)
            && self.since_id.is_none_or(|since| id > since)
            && self.until_id.is_none_or(|until| id < until)
            && (self.replies || post.reply_to.is_none())
            && post.extra.get("nullcast") != Some(&Value::Bool(true))
    }
}

/// `GET /2/users/{id}/tweets`, newest first.
pub(crate) fn timeline(state: &mut State, ask: &Ask<'_>) -> Outcome {
    fields::check_posts(ask, PARAMETERS)?;
    let page = Page::of(ask)?;
    if !is_id(ask.id) {
        let message = format!("The `id` query parameter value [{}] is not valid", ask.id);
        return Err(errors::invalid(json!({"id": [ask.id]}), &message));
    }
    if state.account(Platform::X, ask.id).is_none() {
        let missing = errors::missing("user", "id", ask.id);
        return Ok(Answer::json(200, &json!({"errors": [missing]})));
    }
    let lag = state.settings.x_index_lag_seconds.max(state.settings.x.index_lag_seconds);
    let indexed_until = state.now() - TimeDelta::seconds(lag);
    let mut posts: Vec<&Post> = state
        .posts
        .iter()
        .filter(|post| post.platform == Platform::X && post.account_id == ask.id)
        .filter(|post| post.created_at <= indexed_until && page.wants(post))
        .collect();
    posts.reverse();
    let rest = posts.get(page.offset..).unwrap_or_default();
    let shown = &rest[..rest.len().min(page.max_results)];
    Ok(Answer::json(200, &page_json(state, ask, &page, shown, rest.len())))
}

fn page_json(state: &State, ask: &Ask<'_>, page: &Page, shown: &[&Post], left: usize) -> Value {
    let mut meta = json!({"result_count": shown.len()});
    if let (Some(newest), Some(oldest)) = (shown.first(), shown.last()) {
        meta["newest_id"] = json!(newest.id);
        meta["oldest_id"] = json!(oldest.id);
    }
    if left > shown.len() {
        meta["next_token"] = json!(format!("page{}", page.offset + shown.len()));
    }
    if page.offset > 0 {
        meta["previous_token"] = json!(format!("page{}", page.offset.saturating_sub(page.max_results)));
    }
    let mut body = json!({"meta": meta});
    if !shown.is_empty() {
        let tweets: Vec<Value> = shown.iter().map(|post| tweet_json(state, post, ask)).collect();
        body["data"] = json!(tweets);
        with_includes(&mut body, includes(state, shown, ask));
    }
    body
}
