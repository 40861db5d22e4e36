//! Reading posts: one by its URN, and an author's newest.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::gate::{self, Ask};
use super::posts::Entry;
use super::urn::{Urn, is_organization};
use super::{Outcome, errors};
use crate::call::Answer;
use crate::state::State;

/// Scopes that let posts of a member and of an organisation be read.
const SCOPES: [&str; 2] = ["r_member_social", "r_organization_social"];

/// `GET /rest/posts/{urn}`.
pub(crate) fn get_one(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let urn = ask.key();
    Urn::read(urn, &["share", "ugcPost"], "id")?;
    if ask.value("viewContext").is_some_and(|context| !["AUTHOR", "READER"].contains(&context)) {
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", "viewContext", "viewContext is AUTHOR or READER"));
    }
    let denied = || ask.denied("partnerApiPostsExternal.GET");
    let Some(entry) = state.linkedin.posts.get(urn) else {
        let reads = gate::holders(state, &ask.token).any(|account| gate::may_read(account, SCOPES));
        return Err(if reads { errors::named("404/NOT_FOUND") } else { denied() });
    };
    let author = ask.actor(state, &entry.author, "/author").map_err(|_| denied())?;
    if !gate::may_read(&author, SCOPES) {
        return Err(denied());
    }
    Ok(Answer::json(200, &post_json(urn, entry)))
}

/// `GET /rest/posts?author=&q=author`: the author's posts, newest first.
pub(crate) fn by_author(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let (start, count) = (ask.number("start", 0, usize::MAX)?, ask.number("count", 10, 100)?);
    let author = ask.value("author").ok_or_else(|| missing("author"))?;
    let sort = ask.value("sortBy").unwrap_or("LAST_MODIFIED");
    if !["CREATED", "LAST_MODIFIED"].contains(&sort) {
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", "sortBy", "sortBy is CREATED or LAST_MODIFIED"));
    }
    let account = ask.actor(state, author, "author")?;
    if !gate::may_read(&account, SCOPES) {
        let finder = if is_organization(&account) { "organization" } else { "author" };
        return Err(ask.denied(&format!("partnerApiPostsExternal.FINDER-{finder}")));
    }
    let indexed_until = state.now() - TimeDelta::seconds(state.settings.linkedin.index_lag_seconds);
    let found = state.linkedin.posts.iter().filter(|(_, entry)| entry.author == author && entry.created_at <= indexed_until);
    let mut found: Vec<(&String, &Entry)> = found.collect();
    // Ids grow with time, so they settle the order within one instant.
    let number = |urn: &str| urn.rsplit(':').next().and_then(|id| id.parse::<i64>().ok());
    let place = |urn: &str, entry: &Entry| {
        let at = if sort == "CREATED" { entry.created_at } else { entry.modified_at };
        (at, number(urn))
    };
    found.sort_by_key(|(urn, entry)| std::cmp::Reverse(place(urn, entry)));
    // `isDsc` asks for sponsored posts, of which there are none.
    if ask.value("isDsc") == Some("true") {
        found.clear();
    }
    let elements: Vec<Value> = found.iter().map(|(urn, entry)| post_json(urn, entry)).collect();
    Ok(page(&elements, start, count))
}

/// 400: a query parameter is missing.
pub(super) fn missing(name: &str) -> Answer {
    errors::field("400/MISSING_FIELD", name, &format!("Query parameter {name} is required"))
}

/// A page of a collection.
pub(super) fn page(elements: &[Value], start: usize, count: usize) -> Answer {
    let shown: Vec<&Value> = elements.iter().skip(start).take(count).collect();
    let paging = json!({"start": start, "count": count, "links": [], "total": elements.len()});
    Answer::json(200, &json!({"elements": shown, "paging": paging}))
}

fn post_json(urn: &str, entry: &Entry) -> Value {
    let mut post = json!({
        "id": urn,
        "author": entry.author,
        "commentary": entry.commentary,
        "visibility": entry.visibility,
        "distribution": entry.distribution,
        "lifecycleState": entry.lifecycle,
        "lifecycleStateInfo": {"isEditedByAuthor": entry.edited},
        "isReshareDisabledByAuthor": entry.reshare_disabled,
        "createdAt": entry.created_at.timestamp_millis(),
        "lastModifiedAt": entry.modified_at.timestamp_millis(),
    });
    if !entry.content.is_null() {
        post["content"] = entry.content.clone();
    }
    if let Some(parent) = &entry.parent {
        post["reshareContext"] = json!({"parent": parent, "root": parent});
    }
    if let Some(at) = entry.published_at {
        post["publishedAt"] = json!(at.timestamp_millis());
    }
    post
}
