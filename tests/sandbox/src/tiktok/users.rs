//! Who a creator is, and what a creator may choose when posting.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::{Ask, Outcome, allows, limits, success};
use crate::call::Payload;
use crate::control::made_up;
use crate::state::{Account, Platform, State};

/// Picture addresses work for two hours.
const AVATAR_SECONDS: i64 = 7200;

/// The fields of a user, with the scope that shows them.
const FIELDS: &[(&str, &str)] = &[
    ("open_id", "user.info.basic"),
    ("union_id", "user.info.basic"),
    ("avatar_url", "user.info.basic"),
    ("avatar_url_100", "user.info.basic"),
    ("avatar_large_url", "user.info.basic"),
    ("display_name", "user.info.basic"),
    ("bio_description", "user.info.profile"),
    ("profile_deep_link", "user.info.profile"),
    ("is_verified", "user.info.profile"),
    ("username", "user.info.profile"),
    ("follower_count", "user.info.stats"),
    ("following_count", "user.info.stats"),
    ("likes_count", "user.info.stats"),
    ("video_count", "user.info.stats"),
];

/// Who may see a post, as far as the creator can choose.
pub(super) fn privacy_options(account: &Account) -> [&'static str; 3] {
    let widest = if account.variant == "private" { "FOLLOWER_OF_CREATOR" } else { "PUBLIC_TO_EVERYONE" };
    [widest, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
}

fn avatar(state: &State) -> String {
    let expires_at = state.now().timestamp() + AVATAR_SECONDS;
    format!("{}/_sandbox/samples/thumbnail.jpg?expires={expires_at}", state.public_url)
}

/// The names in the `fields` parameter, all of which must be known.
pub(super) fn fields<'a>(ask: &Ask<'a>, known: impl Fn(&str) -> bool) -> Result<Vec<&'a str>, Refusal> {
    let list = ask.call.query_value("fields").unwrap_or_default();
    let names: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Refusal::say("400/invalid_params", "Fields is required"));
    }
    match names.iter().find(|name| !known(name)) {
        Some(name) => Err(Refusal::say("400/invalid_params", format!("Field `{name}` is invalid"))),
        None => Ok(names),
    }
}

/// `GET /v2/user/info/`.
pub(crate) fn info(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let names = fields(ask, |name| FIELDS.iter().any(|(known, _)| *known == name))?;
    let account = &ask.account;
    let hidden = |(name, scope): &&(&str, &str)| names.contains(name) && !allows(account, scope);
    if let Some((name, scope)) = FIELDS.iter().find(hidden) {
        let message = format!("Field `{name}` needs the scope {scope}");
        return Err(Refusal::say("401/scope_permission_missed", message));
    }
    let own = |post: &&crate::state::Post| post.platform == Platform::Tiktok && post.account_id == account.id;
    let mut user = json!({
        "open_id": account.id,
        "union_id": made_up("union id", &account.id),
        "avatar_url": avatar(state),
        "avatar_url_100": avatar(state),
        "avatar_large_url": avatar(state),
        "display_name": account.name,
        "bio_description": "",
        "profile_deep_link": format!("{}/@{}", state.public_url, account.username),
        "is_verified": false,
        "username": account.username,
        "follower_count": 0,
        "following_count": 0,
        "likes_count": 0,
        "video_count": state.posts.iter().filter(own).filter(|post| super::tasks::is_public(post)).count(),
    });
    let user: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), user[*name].take())).collect();
    Ok(success(state, &json!({"user": user})))
}

/// `POST /v2/post/publish/creator_info/query/`. What forbids posting comes with HTTP 200 here.
pub(crate) fn creator(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let empty = match &ask.call.payload {
        Payload::Json(body) => body.as_object().is_some_and(Map::is_empty),
        payload => matches!(payload, Payload::Empty),
    };
    if !empty {
        return Err(Refusal::say("400/invalid_params", "The request body must be empty"));
    }
    let account = &ask.account;
    if let Some(code) = limits::direct_refusal(state, account) {
        return Err(Refusal::new(&format!("200/{code}")));
    }
    let private = account.variant == "private";
    let data = json!({
        "creator_avatar_url": avatar(state),
        "creator_username": account.username,
        "creator_nickname": account.name,
        "privacy_level_options": privacy_options(account),
        "comment_disabled": false,
        // Nobody can build on what only followers see.
        "duet_disabled": private,
        "stitch_disabled": private,
        "max_video_post_duration_sec": state.settings.tiktok.max_video_post_duration_sec,
    });
    Ok(success(state, &data))
}
