//! Who somebody is, and what an id stands for.

use serde_json::{Value, json};

use super::errors::Refusal;
use super::fields::{self, Shape};
use super::routes::{Ask, Outcome};
use super::target::Host;
use super::{accounts, comments, media, status};
use crate::call::Answer;
use crate::lives;
use crate::state::{Account, Platform, State};

const COMMON: &[&str] = &[
    "id",
    "ig_id",
    "username",
    "name",
    "biography",
    "followers_count",
    "follows_count",
    "media_count",
    "profile_picture_url",
    "website",
];
const FACEBOOK_USER: Shape = Shape { fields: COMMON, edges: &[] };
const INSTAGRAM_USER: Shape = Shape {
    fields: &[
        "id",
        "user_id",
        "username",
        "name",
        "account_type",
        "biography",
        "followers_count",
        "follows_count",
        "media_count",
        "profile_picture_url",
        "website",
    ],
    edges: &[],
};
const PERSON: Shape = Shape { fields: &["id", "name"], edges: &[] };
const PAGE: Shape = Shape {
    fields: &["id", "name", "username", "access_token", "category", "tasks", "picture", "instagram_business_account"],
    edges: &[],
};

/// `GET /{id}`: an account, a container, media, a comment, or the linked Page.
pub(super) fn node(state: &mut State, ask: &Ask<'_>) -> Outcome {
    if ask.id == ask.account.id {
        return user(state, ask);
    }
    if state.instagram.containers.contains_key(&ask.id) {
        return status::read(state, ask);
    }
    if let Some(comment) = comments::find(state, ask, &ask.id) {
        let wanted = fields::wanted(&ask.params, "timestamp,text,id")?;
        return Ok(Answer::json(200, &fields::project(&comment, &wanted, &comments::COMMENT)?));
    }
    if ask.host == Host::Facebook && ask.id == accounts::page_id(&ask.account) {
        let wanted = fields::wanted(&ask.params, "name,id")?;
        let page = page_json(ask);
        return Ok(Answer::json(200, &fields::project(&page, &wanted, &PAGE)?));
    }
    let object = media::find(state, &ask.id).filter(|object| object["owner"]["id"] == ask.account.id.as_str());
    let object = object.ok_or_else(|| Refusal::unknown_object("get", &ask.id))?;
    let wanted = fields::wanted(&ask.params, "id")?;
    let shape = if object.get("media_product_type").is_some() { &media::MEDIA } else { &media::CHILD };
    Ok(Answer::json(200, &fields::project(&object, &wanted, shape)?))
}

fn user(state: &State, ask: &Ask<'_>) -> Outcome {
    let account = &ask.account;
    let own = |post: &&crate::state::Post| {
        post.platform == Platform::Instagram && post.account_id == account.id && post.kind != "story"
    };
    let mut object = json!({
        "id": account.id,
        "ig_id": accounts::related_id("5", account),
        "username": account.username,
        "name": account.name,
        "followers_count": 0,
        "follows_count": 0,
        "media_count": state.posts.iter().filter(own).count(),
        "profile_picture_url": format!("{}/_sandbox/samples/thumbnail.jpg", state.public_url),
    });
    let shape = if ask.host == Host::Instagram {
        // With Instagram's login `id` is what the app sees; the real one has a field of its own.
        object["id"] = json!(accounts::related_id("2600000", account));
        object["user_id"] = json!(account.id);
        object["account_type"] = json!("BUSINESS");
        &INSTAGRAM_USER
    } else {
        &FACEBOOK_USER
    };
    Ok(Answer::json(200, &fields::project(&object, &fields::wanted(&ask.params, "id")?, shape)?))
}

/// `GET /me` with Facebook's login: the person.
pub(super) fn person(_: &mut State, ask: &Ask<'_>) -> Outcome {
    let object = json!({"id": accounts::person_id(&ask.account), "name": ask.account.name});
    Ok(Answer::json(200, &fields::project(&object, &fields::wanted(&ask.params, "name,id")?, &PERSON)?))
}

/// The Page that the account is linked to. Its token is the one that the account has.
fn page_json(ask: &Ask<'_>) -> Value {
    let asked = ask.params.text("fields").is_some_and(|fields| fields.contains("instagram_business_account{"));
    linked_page(&ask.account, asked)
}

/// The Page of an account. The linked account shows its id, and more when it is `asked` for.
pub(crate) fn linked_page(account: &Account, asked: bool) -> Value {
    let Account { id, name, username, access_token, .. } = account;
    let linked = if asked { json!({"id": id, "username": username, "name": name}) } else { json!({"id": id}) };
    json!({
        "id": accounts::page_id(account),
        "name": name,
        "username": username,
        "access_token": access_token,
        "category": "Media",
        "tasks": ["ANALYZE", "ADVERTISE", "MODERATE", "CREATE_CONTENT", "MANAGE"],
        "instagram_business_account": linked,
    })
}

/// `GET /me/accounts`: the one Page.
pub(super) fn pages(_: &mut State, ask: &Ask<'_>) -> Outcome {
    let page = page_json(ask);
    let page = fields::project(&page, &fields::wanted(&ask.params, "access_token,category,name,id,tasks")?, &PAGE)?;
    let cursor = json!({"before": "MAZDZD", "after": "MAZDZD"});
    Ok(Answer::json(200, &json!({"data": [page], "paging": {"cursors": cursor}})))
}

/// `GET /me/permissions`.
pub(super) fn permissions(_: &mut State, ask: &Ask<'_>) -> Outcome {
    let scopes = accounts::scopes(&ask.account).into_iter();
    let granted: Vec<Value> = scopes.map(|scope| json!({"permission": scope, "status": "granted"})).collect();
    Ok(Answer::json(200, &json!({"data": granted})))
}

/// `DELETE /me/permissions`: the app is removed, and its tokens with it.
pub(super) fn revoke(state: &mut State, ask: &Ask<'_>) -> Outcome {
    lives::revoke(state, Platform::Instagram, &ask.account.id);
    Ok(Answer::json(200, &json!({"success": true})))
}

/// `POST /{ig-user}/subscribed_apps`.
pub(super) fn subscribe(_: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.own_account("post")?;
    ask.params.text("subscribed_fields").ok_or_else(|| Refusal::required("subscribed_fields"))?;
    Ok(Answer::json(200, &json!({"success": true})))
}
