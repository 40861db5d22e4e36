//! Who calls and what for: tokens, accounts that share one, the daily quota, and the accepted call.

use chrono::TimeDelta;
use poem::http::Method;
use serde_json::Value;

use super::errors;
use super::record::Record;
use super::urn::{self, Urn, is_organization};
use super::versions::eight_digits;
use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::faults::Action;
use crate::state::{Account, Platform, State};

/// Roles whose members may post for an organisation.
const POSTING_ROLES: &[&str] = &["ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"];

/// A `/rest` call whose token, version and quota are good.
pub(crate) struct Ask<'a> {
    pub(super) call: &'a Call,
    pub(super) token: String,
    pub(super) version: String,
    /// The keys in the path, decoded.
    pub(super) keys: Vec<String>,
    /// The query, also when it came in the body.
    pub(super) query: Vec<(String, String)>,
    /// A fault that shapes the work itself.
    pub(super) action: Option<&'a Action>,
}

impl Ask<'_> {
    /// The first value of a query parameter.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is a whole number up to `most`.
    pub(super) fn number(&self, name: &str, otherwise: usize, most: usize) -> Result<usize, Answer> {
        let Some(text) = self.value(name) else { return Ok(otherwise) };
        let number = text.parse().ok().filter(|number| *number <= most);
        number.ok_or_else(|| {
            let message = format!("{name}: must be a whole number up to {most}");
            errors::field("400/INVALID_VALUE_FOR_FIELD", name, &message)
        })
    }

    /// The first key of the path.
    pub(super) fn key(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    /// The body as a record.
    pub(super) fn body(&self) -> Result<Record<'_>, Answer> {
        Record::whole(self.call.json())
    }

    /// 403 for a resource and method that the token has no scope for.
    pub(super) fn denied(&self, what: &str) -> Answer {
        let version = eight_digits(&self.version);
        errors::saying("403/ACCESS_DENIED", &format!("Not enough permissions to access: {what}.{version}"))
    }

    /// The account that a URN in the body or query means; the token must be allowed to act for it.
    pub(super) fn actor(&self, state: &State, urn: &str, path: &str) -> Result<Account, Answer> {
        let wanted = Urn::read(urn, &["person", "organization"], path)?;
        let found = holders(state, &self.token).find(|account| Urn::of(account) == wanted);
        found.cloned().ok_or_else(|| foreign(path))
    }

    /// The same, when it also has a scope and, for an organisation, a role that lets it write.
    pub(super) fn writer(&self, state: &State, urn: &str, path: &str) -> Result<Account, Answer> {
        let account = self.actor(state, urn, path)?;
        self.check_writer(state, &account)?;
        Ok(account)
    }

    /// Refuses an account that may not write.
    pub(super) fn check_writer(&self, state: &State, account: &Account) -> Result<(), Answer> {
        let organization = is_organization(account);
        let scope = if organization { "w_organization_social" } else { "w_member_social" };
        if !granted(account, &[scope]) {
            return Err(self.denied("partnerApiPostsExternal.CREATE"));
        }
        if organization && !POSTING_ROLES.contains(&state.settings.linkedin.organization_role.as_str()) {
            return Err(foreign("/author"));
        }
        Ok(())
    }

    /// The account of this token that an id belongs to.
    pub(super) fn own(&self, state: &State, account_id: &str) -> Option<Account> {
        holders(state, &self.token).find(|account| account.id == account_id).cloned()
    }
}

/// 403: the token may not act for whom a field names.
fn foreign(path: &str) -> Answer {
    let message =
        format!("Field Value validation failed in REQUEST_BODY: Data Processing Exception while processing fields [{path}]");
    errors::saying("403/ACCESS_DENIED", &message)
}

/// Whether the token has one of the scopes; a token without a list has all of them.
pub(super) fn granted(account: &Account, scopes: &[&str]) -> bool {
    account.scopes.is_empty() || account.scopes.iter().any(|scope| scopes.contains(&scope.as_str()))
}

/// Whether posts and comments of an account may be read. For members that scope is closed to new apps,
/// so a token has it only when it is listed.
pub(super) fn may_read(account: &Account, scopes: [&str; 2]) -> bool {
    let [member, organization] = scopes;
    if is_organization(account) {
        return granted(account, &[organization]);
    }
    account.scopes.iter().any(|scope| scope == member)
}

/// All accounts that a token may act for: a member, and the organisations it has a role in.
pub(super) fn holders<'a>(state: &'a State, token: &str) -> impl Iterator<Item = &'a Account> {
    let accounts = state.accounts.iter().filter(|account| account.platform == Platform::Linkedin);
    accounts.filter(move |account| account.access_token == token)
}

/// The id of the member who holds a token. An organisation's token has one, too, even if no account shows who.
pub(super) fn member_id(state: &State, account: &Account) -> String {
    let member = holders(state, &account.access_token).find(|account| !is_organization(account));
    member.map_or_else(|| made_up("member", &account.id)[..10].to_owned(), |member| member.id.clone())
}

/// The account a call claims to come from, without checking anything else.
pub(super) fn caller<'a>(state: &'a State, call: &Call) -> Option<&'a Account> {
    if let Some(upload) = call.path.strip_prefix("/dms-uploads/") {
        let id = upload.split('/').next()?;
        let asset = state.linkedin.assets.values().find(|asset| asset.upload_id == id)?;
        return state.account(Platform::Linkedin, &asset.account_id);
    }
    let Some(token) = call.bearer() else { return super::token::caller(state, call) };
    let named = named(state, call);
    let meant = holders(state, token).find(|account| named.contains(&Urn::of(account).to_string()));
    meant.or_else(|| holders(state, token).next())
}

/// The URNs of accounts that a call names in its body, query or path.
fn named(state: &State, call: &Call) -> Vec<String> {
    let body = call.json().unwrap_or(&Value::Null);
    let own = [&body["author"], &body["actor"], &body["initializeUploadRequest"]["owner"]];
    let mut named: Vec<String> = own.into_iter().filter_map(Value::as_str).map(str::to_owned).collect();
    named.extend(["author", "actor"].into_iter().filter_map(|name| call.query_value(name)).map(str::to_owned));
    let things = call.segments().into_iter().filter_map(|segment| urn::key(segment).ok());
    let video = body["finalizeUploadRequest"]["video"].as_str().map(str::to_owned);
    for thing in things.chain(video) {
        named.extend(state.linkedin.posts.get(&thing).map(|post| post.author.clone()));
        named.extend(state.linkedin.assets.get(&thing).map(|asset| asset.owner.clone()));
    }
    named
}

/// The account that a good token belongs to.
pub(super) fn authenticate(state: &mut State, call: &Call) -> Result<Account, Answer> {
    let token = call.bearer().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| errors::named("401/EMPTY_ACCESS_TOKEN"))?;
    let account = caller(state, call).filter(|account| account.access_token == token).cloned();
    let account = account.or_else(|| holders(state, token).next().cloned());
    let account = account.ok_or_else(|| errors::named("401/INVALID_ACCESS_TOKEN"))?;
    let now = state.now();
    let lag = TimeDelta::seconds(state.settings.linkedin.fresh_token_lag_seconds);
    let fresh = state.linkedin.minted.get(token).is_some_and(|minted| now < *minted + lag);
    if account.revoked || fresh {
        return Err(errors::named("401/REVOKED_ACCESS_TOKEN"));
    }
    if account.access_expires_at.is_some_and(|at| at <= now) {
        return Err(errors::named("401/EXPIRED_ACCESS_TOKEN"));
    }
    state.linkedin.consents.entry(account.id.clone()).or_insert(now);
    Ok(account)
}

/// Counts a call; refuses it when the day's quota is used up.
pub(super) fn count(state: &mut State, account: &Account, resource: &str) -> Result<(), Answer> {
    let member = member_id(state, account);
    let (today, enforced) = (state.now().date_naive(), state.settings.rate_limits);
    let (of_member, of_app) = (state.settings.linkedin.member_daily_calls, state.settings.linkedin.app_daily_calls);
    let quota = &mut state.linkedin.quota;
    if quota.day != today {
        quota.day = today;
        quota.app = 0;
        quota.members.clear();
    }
    let used = quota.members.entry((member, resource.to_owned())).or_default();
    if enforced && (*used >= of_member || quota.app >= of_app) {
        return Err(errors::named("429/TOO_MANY_REQUESTS"));
    }
    *used += 1;
    quota.app += 1;
    Ok(())
}

/// Method and query of a call. A long query may come as the form body of a POST that says what it stands for.
pub(super) fn untunnelled(call: &Call) -> (String, Vec<(String, String)>) {
    let mut query = call.query.clone();
    let stands_for = call.named_header("x-http-method-override").filter(|_| call.method == Method::POST);
    match stands_for.map(str::to_ascii_uppercase) {
        Some(method) => {
            query.extend(call.form().iter().cloned());
            (method, query)
        }
        None => (call.method.to_string(), query),
    }
}
