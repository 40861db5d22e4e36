//! Comments below posts: write, list, delete.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::gate::{self, Ask};
use super::reads::{missing, page};
use super::urn::{Urn, is_organization};
use super::{Outcome, empty, errors, new_id};
use crate::call::Answer;
use crate::state::{Account, Comment, Platform, Post, State};

/// Scopes that let comments below posts of a member and of an organisation be read.
const READ: [[&str; 2]; 2] =
    [["r_member_social_feed", "r_organization_social_feed"], ["r_member_social", "r_organization_social"]];

fn find<'a>(state: &'a State, ask: &Ask<'_>) -> Result<&'a Post, Answer> {
    let urn = ask.key();
    Urn::read(urn, &["share", "ugcPost"], "id")?;
    let post = state.post(Platform::Linkedin, urn).filter(|post| post.published);
    post.ok_or_else(|| errors::named("404/NOT_FOUND"))
}

fn commenter(state: &State, ask: &Ask<'_>, actor: &str, path: &str) -> Result<Account, Answer> {
    let account = ask.actor(state, actor, path)?;
    // Members comment with the older scope, too.
    let scopes: &[&str] = match is_organization(&account) {
        true => &["w_organization_social_feed"],
        false => &["w_member_social_feed", "w_member_social"],
    };
    if gate::granted(&account, scopes) { Ok(account) } else { Err(ask.denied("partnerApiSocialActionsComments.CREATE")) }
}

/// `POST /rest/socialActions/{urn}/comments`.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let body = ask.body()?;
    body.only(&["actor", "object", "message"])?;
    let (actor, object) = (body.text("actor")?, body.text("object")?);
    let message = body.record("message")?;
    message.only(&["text"])?;
    message.text("text")?;
    let account = commenter(state, ask, actor, "/actor")?;
    find(state, ask)?;
    Urn::read(object, &["share", "ugcPost"], "/object")?;
    if object != ask.key() {
        let message = "/object must be the post in the path";
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", "/object", message));
    }
    let text = message.filled("text", usize::MAX)?;
    let comment = Comment { id: new_id(state).to_string(), account_id: account.id.clone(), text, created_at: state.now() };
    let answer = Answer::json(201, &comment_json(&Urn::of(&account), object, &comment)).with("x-restli-id", comment.id.as_str());
    if let Some(post) = state.posts.iter_mut().find(|post| post.platform == Platform::Linkedin && post.id == object) {
        post.comments.push(comment);
    }
    Ok(answer)
}

fn comment_json(actor: &Urn, object: &str, comment: &Comment) -> Value {
    let at = comment.created_at.timestamp_millis();
    let stamp = json!({"actor": actor.to_string(), "time": at});
    json!({
        "actor": actor.to_string(),
        "object": object,
        "id": comment.id,
        "commentUrn": format!("urn:li:comment:({object},{})", comment.id),
        "message": {"attributes": [], "text": comment.text},
        "created": stamp,
        "lastModified": stamp,
    })
}

/// `GET /rest/socialActions/{urn}/comments`, oldest first.
pub(crate) fn list(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let (start, count) = (ask.number("start", 0, usize::MAX)?, ask.number("count", 10, 100)?);
    let reads = |account: &Account| READ.into_iter().any(|scopes| gate::may_read(account, scopes));
    let denied = || ask.denied("partnerApiSocialActionsComments.GET_ALL");
    if !gate::holders(state, &ask.token).any(reads) {
        return Err(denied());
    }
    let post = find(state, ask)?;
    let author = ask.own(state, &post.account_id).filter(reads);
    author.ok_or_else(denied)?;
    let indexed_until = state.now() - TimeDelta::seconds(state.settings.linkedin.index_lag_seconds);
    let indexed = post.comments.iter().filter(|comment| comment.created_at <= indexed_until);
    let shown = indexed.filter_map(|comment| {
        let actor = state.account(Platform::Linkedin, &comment.account_id)?;
        Some(comment_json(&Urn::of(actor), &post.id, comment))
    });
    Ok(page(&shown.collect::<Vec<Value>>(), start, count))
}

/// `DELETE /rest/socialActions/{urn}/comments/{id}?actor=`.
pub(crate) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let actor = ask.value("actor").ok_or_else(|| missing("actor"))?;
    let account = commenter(state, ask, actor, "actor")?;
    let id = ask.keys.get(1).cloned().unwrap_or_default();
    let urn = find(state, ask)?.id.clone();
    let post = state.posts.iter_mut().find(|post| post.platform == Platform::Linkedin && post.id == urn);
    let comments = &mut post.ok_or_else(|| errors::named("404/NOT_FOUND"))?.comments;
    let own = comments.iter().position(|comment| comment.id == id && comment.account_id == account.id);
    comments.remove(own.ok_or_else(|| errors::named("404/NOT_FOUND"))?);
    Ok(empty(204))
}
