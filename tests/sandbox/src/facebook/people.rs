//! People on Facebook: their profiles, the Pages they run, and which of those they gave to the app.

use serde_json::json;

use super::auth::is_person;
use super::settings::Earlier;
use super::{Ask, reads};
use crate::control::made_up;
use crate::instagram;
use crate::play::player;
use crate::state::{Account, Platform, State};

/// With this scope the dialog also offers Pages that are linked to an Instagram account.
pub(crate) const INSTAGRAM_SCOPE: &str = "instagram_basic";
/// Every scope that the dialog knows.
pub(crate) const DIALOG_SCOPES: &[&str] = &[
    "public_profile",
    "email",
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_posts",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_manage_ads",
    "pages_messaging",
    "read_insights",
    "business_management",
    "ads_management",
    "ads_read",
    "leads_retrieval",
    "publish_video",
    INSTAGRAM_SCOPE,
    "instagram_content_publish",
    "instagram_manage_comments",
    "instagram_manage_insights",
    "instagram_manage_messages",
];

/// What a configuration of Facebook Login for Business stands for here.
pub(crate) fn configured_scopes() -> Vec<String> {
    let scopes = ["pages_show_list", "pages_read_engagement", "pages_manage_posts", "business_management"];
    scopes.map(str::to_owned).to_vec()
}

/// A person's profile, once there is one.
pub(crate) fn profile<'a>(state: &'a State, person: &str) -> Option<&'a Account> {
    let mut accounts = state.accounts.iter().filter(|account| account.platform == Platform::Facebook);
    accounts.find(|account| is_person(account) && account.person == person)
}

/// What a profile is called that nobody made.
pub(crate) fn profile_name(person: &str) -> String {
    if person.is_empty() { "Sandbox person".to_owned() } else { person.to_owned() }
}

/// The id of a person's profile, which is made when there is none.
pub(crate) fn log_in(state: &mut State, person: &str) -> String {
    if let Some(account) = profile(state, person) {
        return account.id.clone();
    }
    let n = state.next_number();
    let invented = player(Platform::Facebook).invent(None, n, "user");
    let account = Account { name: profile_name(person), person: person.to_owned(), ..invented };
    state.accounts.push(account.clone());
    account.id
}

/// The Pages that a person runs; those of Instagram stand for the Page that they are linked to.
pub(crate) fn runs<'a>(state: &'a State, person: &str, with_instagram: bool) -> impl Iterator<Item = &'a Account> {
    let of_person = move |account: &&Account| match account.platform {
        Platform::Facebook => !is_person(account),
        Platform::Instagram => with_instagram && instagram::has_page(account),
        _ => false,
    };
    let person = person.to_owned();
    state.accounts.iter().filter(of_person).filter(move |account| account.person == person)
}

/// The Pages that a person gave to the app, which are all when nobody chose.
pub(super) fn given<'a>(state: &'a State, user: &Account) -> Vec<&'a Account> {
    let with_instagram = user.scopes.iter().any(|scope| scope == INSTAGRAM_SCOPE);
    let chosen = state.facebook.given.get(&user.id);
    runs(state, &user.person, with_instagram).filter(|page| chosen.is_none_or(|chosen| chosen.contains(&page.id))).collect()
}

/// Whether somebody gave a Page to the app and runs it no more.
pub(super) fn is_lost(state: &State, page: &Account) -> bool {
    let mut givers = state.facebook.given.iter().filter(|(_, given)| given.contains(&page.id)).peekable();
    let runs = |id: &String| state.account(Platform::Facebook, id).is_some_and(|user| user.person == page.person);
    givers.peek().is_some() && !givers.any(|(id, _)| runs(id))
}

/// The Pages whose tokens hang on a person's.
pub(crate) fn pages_of(state: &State, id: &str) -> Vec<(Platform, String)> {
    let Some(user) = state.account(Platform::Facebook, id).filter(|account| is_person(account)) else { return Vec::new() };
    given(state, user).into_iter().map(|page| (page.platform, page.id.clone())).collect()
}

/// A Page as `me/accounts` shows it, with its token.
pub(super) fn page_json(state: &mut State, ask: &Ask<'_>, page: &Account) -> serde_json::Value {
    let token = page_token(state, ask, page);
    let mut object = if page.platform == Platform::Instagram {
        instagram::linked_page(page, asks_for_instagram(ask))
    } else {
        reads::page_json(state, page, true)
    };
    object["access_token"] = json!(token);
    object
}

fn asks_for_instagram(ask: &Ask<'_>) -> bool {
    ask.params.text("fields").is_some_and(|fields| fields.contains("instagram_business_account{"))
}

/// The id by which the Graph API knows a Page.
pub(super) fn page_id(page: &Account) -> String {
    if page.platform == Platform::Instagram { instagram::page_id(page) } else { page.id.clone() }
}

/// A Page's token: as short-lived as the person's that asks for it, or without an end.
fn page_token(state: &mut State, ask: &Ask<'_>, page: &Account) -> String {
    let (now, serial) = (state.now(), state.next_number());
    let asking = super::auth::token(ask.call, &ask.params).unwrap_or_default();
    if let Some(expires_at) = state.facebook.short_tokens.get(&asking).copied() {
        let token = format!("EAA{}", made_up("short Page token", &format!("{} of {asking}", page.id)));
        if page.platform == Platform::Instagram {
            state.instagram.keep_earlier(&token, &page.id, expires_at);
        } else {
            let earlier = Earlier { account_id: page.id.clone(), expires_at: Some(expires_at) };
            state.facebook.earlier_tokens.insert(token.clone(), earlier);
        }
        return token;
    }
    let Some(account) = state.account_mut(page.platform, &page.id) else { return String::new() };
    if account.access_expires_at.is_some_and(|at| at <= now) {
        account.access_token = format!("EAA{}", made_up("access token", &format!("{} {serial}", page.id)));
        account.access_expires_at = None;
    }
    account.access_token.clone()
}
