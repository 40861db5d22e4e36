//! Who calls: tokens of both logins, what they may do, and the ids that belong to an account.

use poem::http::header::AUTHORIZATION;

use super::errors::Refusal;
use super::login;
use super::target::{Host, Target};
use crate::call::Call;
use crate::facebook::params::{self, Params};
use crate::state::{Account, Platform, State};

/// Variant of accounts that came through Instagram's own login.
pub(super) const INSTAGRAM_LOGIN: &str = "instagram";
/// Variant of accounts that came through Facebook's login and a Page.
pub(super) const FACEBOOK_LOGIN: &str = "facebook";

/// What a call must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    Basic,
    Publish,
    Comments,
    Insights,
}

impl Need {
    /// The scope's name in one of the two logins.
    fn scope(self, variant: &str) -> Option<&'static str> {
        let own = variant == INSTAGRAM_LOGIN;
        Some(match (self, own) {
            (Self::Nothing, _) => return None,
            (Self::Basic, true) => "instagram_business_basic",
            (Self::Basic, false) => "instagram_basic",
            (Self::Publish, true) => "instagram_business_content_publish",
            (Self::Publish, false) => "instagram_content_publish",
            (Self::Comments, true) => "instagram_business_manage_comments",
            (Self::Comments, false) => "instagram_manage_comments",
            (Self::Insights, true) => "instagram_business_manage_insights",
            (Self::Insights, false) => "instagram_manage_insights",
        })
    }
}

/// Every scope that a login can grant.
const NEEDS: [Need; 4] = [Need::Basic, Need::Publish, Need::Comments, Need::Insights];

/// The scopes of an account's token; an account without any has them all.
pub(super) fn scopes(account: &Account) -> Vec<String> {
    if !account.scopes.is_empty() {
        return account.scopes.clone();
    }
    let own = NEEDS.iter().filter_map(|need| need.scope(&account.variant)).map(str::to_owned);
    let of_pages = ["pages_show_list", "pages_read_engagement"].map(str::to_owned);
    if account.variant == INSTAGRAM_LOGIN { own.collect() } else { own.chain(of_pages).collect() }
}

/// A new account: `n` makes its id when none was asked for.
pub(super) fn invent(id: Option<String>, n: u64, variant: &str) -> Account {
    let id = id.unwrap_or_else(|| (17_841_400_000_000_000 + n).to_string());
    let variant = if variant == INSTAGRAM_LOGIN { INSTAGRAM_LOGIN } else { FACEBOOK_LOGIN };
    let prefix = if variant == INSTAGRAM_LOGIN { "IGAA" } else { "EAAG" };
    let account = Account::new(Platform::Instagram, id, "Sandbox account");
    Account { variant: variant.to_owned(), access_token: format!("{prefix}{}", account.access_token), ..account }
}

/// An id that follows from an account's: of its person, its Page, or what an app sees of it.
pub(super) fn related_id(prefix: &str, account: &Account) -> String {
    let tail = account.id.len().saturating_sub(10);
    format!("{prefix}{}", &account.id[tail..])
}

/// The person who logged in with Facebook.
pub(super) fn person_id(account: &Account) -> String {
    related_id("10222", account)
}

/// Whether an account logs in at Instagram itself.
pub(crate) fn has_own_login(account: &Account) -> bool {
    account.platform == Platform::Instagram && account.variant == INSTAGRAM_LOGIN
}

/// Whether an account comes with a Page and its person's login.
pub(crate) fn has_page(account: &Account) -> bool {
    account.platform == Platform::Instagram && account.variant != INSTAGRAM_LOGIN
}

/// The Page that the account is linked to.
pub(crate) fn page_id(account: &Account) -> String {
    related_id("10077", account)
}

/// The token of a call, wherever it is carried.
pub(super) fn token(call: &Call, params: &Params) -> Option<String> {
    let header = call.header(AUTHORIZATION);
    let header = header.and_then(|text| text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("OAuth ")));
    params.text("access_token").or_else(|| header.map(|token| token.trim().to_owned()))
}

/// Whose token it is, even when it has expired.
pub(super) fn owner<'a>(state: &'a State, token: &str) -> Option<&'a Account> {
    let mut accounts = state.accounts.iter().filter(|account| account.platform == Platform::Instagram);
    let older = || state.account(Platform::Instagram, &state.instagram.older_tokens.get(token)?.account_id);
    accounts.find(|account| account.access_token == token).or_else(older)
}

/// The account a call claims to come from, without checking anything else.
pub(super) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    let params = Params::of(call);
    let target = Target::of(call);
    if let Some(account) = login::caller(state, &params) {
        return Some(account);
    }
    let token = match target.rest.first() {
        Some(&"oauth") => params.text("fb_exchange_token"),
        Some(&"debug_token") => params.text("input_token"),
        _ => token(call, &params),
    };
    let by_token = token.and_then(|token| owner(state, &token));
    let by_upload = || {
        let container = state.instagram.containers.get(*target.rest.last()?)?;
        (target.host == Host::Upload).then(|| state.account(Platform::Instagram, &container.account_id))?
    };
    by_token.or_else(by_upload)
}

/// The account whose good token this is.
pub(super) fn verify(state: &State, host: Host, token: &str) -> Result<Account, Refusal> {
    let account = owner(state, token).ok_or_else(|| Refusal::named("190"))?;
    // The upload host takes both; everywhere else a token of the other login cannot even be parsed.
    if host != Host::Upload && account.variant != host.variant() {
        return Err(Refusal::named("190"));
    }
    if account.revoked {
        return Err(Refusal::named("190/458"));
    }
    let older = state.instagram.older_tokens.get(token).map(|older| older.expires_at);
    if older.or(account.access_expires_at).is_some_and(|at| at <= state.now()) {
        return Err(Refusal::named("190/463"));
    }
    Ok(account.clone())
}

/// The account a call comes from, when its token and proof are good.
pub(super) fn authenticate(state: &State, call: &Call, params: &Params) -> Result<Account, Refusal> {
    let token = token(call, params).ok_or_else(|| Refusal::named("104"))?;
    let host = Target::of(call).host;
    let account = verify(state, host, &token)?;
    let secret = match host {
        Host::Instagram => &state.settings.instagram.app_secret,
        Host::Facebook | Host::Upload => &state.settings.facebook_app_secret,
    };
    if let Some(proof) = params.text("appsecret_proof")
        && !secret.is_empty()
        && proof != params::proof(secret, &token)
    {
        return Err(Refusal::bad_proof());
    }
    Ok(account)
}

/// Refuses what the scopes of a token do not cover.
pub(super) fn check_scope(account: &Account, need: Need) -> Result<(), Refusal> {
    match need.scope(&account.variant) {
        Some(scope) if !scopes(account).iter().any(|granted| granted == scope) => Err(Refusal::named("10")),
        _ => Ok(()),
    }
}
