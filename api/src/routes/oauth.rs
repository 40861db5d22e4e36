//! Logins at the platforms, from the front end's click to the browser's return.
//!
//! Nothing is connected when the browser returns: its address proves nothing about who sits before it. What the login
//! brought waits, sealed, until the person who began it chooses from it in the front end, which knows who that is. So an
//! attacker who has somebody consent through a link of his own gains nothing (the return goes to the other's browser, and
//! he never learns the connection's id), and who is lured through a foreign login can't choose from it.

use std::sync::Arc;
use std::time::Duration;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use shared::app::App;
use shared::content::PlatformId;
use shared::entity::{account, oauth_state};
use shared::ids::WorkspaceId;
use shared::platforms::connect::{self, Login, Start};
use shared::secret::{new_state, sha256_hex};
use shared::store::{accounts, oauth_states};
use url::Url;

use super::login_return::{self, Landing, Returned};
use super::{Tag, refusal};
use crate::auth::ApiKey;
use crate::body::Body;
use crate::problem::ApiError;

/// A login that is to begin.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewLogin {
    /// Who begins it, as the front end itself names people: only they may choose from what it brings.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub person: String,
    /// Which of the platform's logins: `oauth1` on X, `instagram` or `facebook` on Instagram; the configured one when absent.
    pub variant: Option<String>,
    /// The account that is to be reconnected: no other one will be.
    pub account_id: Option<String>,
}

/// A login that has begun.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct BegunLogin {
    /// Where to send the person's browser: the platform's consent page.
    pub redirect_url: String,
    /// Until when the browser may come back.
    pub expires_at: String,
}

/// The answer to a browser that comes back from a platform.
#[derive(ApiResponse)]
pub enum Home {
    /// On to the front end, with `oauth_success` and `connection`, or with `oauth_error`, in the query.
    #[oai(status = 302)]
    To(
        /// The front end's address.
        #[oai(header = "Location")]
        String,
        /// `no-referrer`: the page's own address holds the code.
        #[oai(header = "Referrer-Policy")]
        String,
        /// `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// How long a consent may take.
const LOGIN_LIFETIME: Duration = Duration::from_secs(600);

/// The longest name of a person, in characters.
const PERSON_MAX: usize = 200;

/// The routes of logins.
pub struct Logins;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl Logins {
    /// Begins a login: tells where to send the person's browser.
    #[oai(path = "/auth/oauth/:platform/initiate", method = "post", operation_id = "beginLogin")]
    async fn initiate(
        &self,
        key: ApiKey,
        app: Data<&Arc<App>>,
        /// The platform; `twitter` is another name of `x`.
        platform: Path<String>,
        body: Body<NewLogin>,
    ) -> Result<Json<BegunLogin>, ApiError> {
        let caller = key.allow("accounts:write")?;
        let platform = platform_of(&platform)?;
        check_person(&body.value.person)?;
        let account = account_of(&app, &caller.workspace, platform, body.value.account_id.as_deref()).await?;
        let login = choose_login(&app, platform, body.value.variant.as_deref(), account.as_ref())?;
        begin(&app, (platform, login), NewState { workspace: caller.workspace, person: body.value.person, account }).await
    }

    /// Takes a browser back from a platform and sends it on to the front end.
    ///
    /// The front end's address gets `oauth_success` and `connection`, or `oauth_error` with a code and `oauth_message`.
    #[oai(path = "/auth/oauth/:platform/callback", method = "get", operation_id = "finishLogin")]
    #[expect(clippy::too_many_arguments, reason = "each platform's words are parameters of their own in the API's document")]
    async fn callback(
        &self,
        app: Data<&Arc<App>>,
        /// The platform.
        platform: Path<String>,
        /// What tells this login from all others.
        state: Query<Option<String>>,
        /// What is exchanged for a grant.
        code: Query<Option<String>>,
        /// Why there is no code.
        error: Query<Option<String>>,
        /// More about it, on Meta's platforms.
        error_reason: Query<Option<String>>,
        /// The request token of OAuth 1.0a.
        oauth_token: Query<Option<String>>,
        /// What is exchanged for a grant in OAuth 1.0a.
        oauth_verifier: Query<Option<String>>,
        /// The request token of a refused OAuth 1.0a login.
        denied: Query<Option<String>>,
    ) -> Home {
        let returned = Returned {
            state: state.0,
            code: code.0,
            refusal: error.0.into_iter().chain(error_reason.0).collect(),
            token: oauth_token.0,
            verifier: oauth_verifier.0,
            denied: denied.0.is_some(),
        };
        let landing = login_return::take(&app, platform_named(&platform), &returned).await;
        let front = front_url(&app.config.frontend_url, &landing);
        Home::To(front.into(), "no-referrer".to_owned(), "no-store".to_owned())
    }
}

/// The front end's address with what became of a login.
fn front_url(front: &Url, landing: &Landing) -> Url {
    let mut url = front.clone();
    match landing {
        Ok((platform, connection)) => {
            url.query_pairs_mut().append_pair("oauth_success", platform.into()).append_pair("connection", connection.as_str());
        }
        Err(failure) => {
            url.query_pairs_mut().append_pair("oauth_error", failure.code).append_pair("oauth_message", failure.message);
        }
    }
    url
}

/// A platform by its name or the one that front ends knew it by.
pub fn platform_named(name: &str) -> Option<PlatformId> {
    if name == "twitter" { Some(PlatformId::X) } else { name.parse().ok() }
}

/// The platform of a path.
pub fn platform_of(name: &str) -> Result<PlatformId, ApiError> {
    platform_named(name).ok_or_else(|| {
        let known: Vec<&str> = PlatformId::ALL.iter().map(Into::into).collect();
        ApiError::bad_request("unsupported_platform", format!("the platforms are {}", known.join(", ")))
    })
}

/// Refuses a person without a name, or with one that no front end gives.
fn check_person(person: &str) -> Result<(), ApiError> {
    if (1..=PERSON_MAX).contains(&person.chars().count()) && !person.chars().any(char::is_control) {
        return Ok(());
    }
    let detail = format!("the person must have 1 to {PERSON_MAX} characters, none of them a control character");
    Err(ApiError::field("/person", "invalid_person", detail))
}

async fn account_of(
    app: &App,
    workspace: &WorkspaceId,
    platform: PlatformId,
    id: Option<&str>,
) -> Result<Option<account::Model>, ApiError> {
    let Some(id) = id else { return Ok(None) };
    let unknown = || ApiError::field("/accountId", "account_unknown", format!("no such account on {platform} in this workspace"));
    let found = accounts::find(&*app.db, workspace, &id.parse().map_err(|_| unknown())?).await?;
    found.filter(|account| account.platform == platform).map(Some).ok_or_else(unknown)
}

/// The login that is named, or the one that the account came by, or the first that is configured.
fn choose_login(
    app: &App,
    platform: PlatformId,
    variant: Option<&str>,
    account: Option<&account::Model>,
) -> Result<&'static Login, ApiError> {
    let known = connect::logins(platform);
    let named = |name: &str| known.iter().find(|login| login.variant == name);
    let wanted = match variant {
        Some(variant) => Some(named(variant).ok_or_else(|| {
            let names: Vec<String> = known.iter().map(|login| format!("`{}`", login.variant)).collect();
            ApiError::field("/variant", "variant_unknown", format!("the logins of {platform} are {}", names.join(", ")))
        })?),
        None => account.and_then(|account| named(&account.variant).filter(|login| !login.variant.is_empty())),
    };
    let configured = |login: &&Login| connect::is_configured(app, platform, login);
    let chosen = wanted.or_else(|| known.iter().find(configured));
    chosen.filter(configured).ok_or_else(|| {
        let settings = chosen.or(known.first()).map_or(&[][..], |login| login.settings);
        let detail = format!("this Pressroom has no app on {platform}; its operator sets {}", settings.join(", "));
        ApiError::conflict(refusal::NOT_CONFIGURED, detail)
    })
}

/// Who begins a login, and for what.
struct NewState {
    workspace: WorkspaceId,
    person: String,
    account: Option<account::Model>,
}

async fn begin(app: &App, (platform, login): (PlatformId, &'static Login), new: NewState) -> Result<Json<BegunLogin>, ApiError> {
    let state = new_state();
    let state_hash = sha256_hex(state.expose().as_bytes());
    let callback = callback_url(&app.config.public_url, platform);
    let start = Start { login, state: state.expose(), callback: &callback };
    let started = connect::start(app, platform, &start).await.map_err(|error| refusal::of(&error))?;
    let sealed = oauth_states::seal(&app.config.keys, &state_hash, started.secret.expose().as_bytes());
    let now = app.clock.now();
    let row = oauth_state::Model {
        state_hash,
        workspace_id: new.workspace,
        person: new.person,
        platform,
        variant: login.variant.to_owned(),
        account_id: new.account.map(|account| account.id),
        secret_sealed: sealed.map_err(|error| refusal::unsealable(&error))?,
        created_at: now,
        expires_at: now.plus(LOGIN_LIFETIME),
        used_at: None,
    };
    let expires_at = row.expires_at.to_string();
    oauth_states::insert(&*app.db, row).await?;
    Ok(Json(BegunLogin { redirect_url: started.url.into(), expires_at }))
}

/// Our callback, the same at the start and at the exchange.
pub fn callback_url(public: &Url, platform: PlatformId) -> Url {
    let mut url = public.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["api", "v1", "auth", "oauth", platform.into(), "callback"]);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::login_return::Failure;

    #[test]
    fn a_front_end_keeps_its_own_query() {
        let front: Url = "https://app.example.com/settings?tab=accounts".parse().unwrap();

        let url = front_url(&front, &Err(Failure::new("user_denied")));

        assert!(url.as_str().starts_with("https://app.example.com/settings?tab=accounts&oauth_error=user_denied&"), "{url}");
    }

    #[test]
    fn the_callback_stands_below_the_public_address() {
        let under = |public: &str| callback_url(&public.parse().unwrap(), PlatformId::X).to_string();

        assert_eq!(under("https://api.example.com"), "https://api.example.com/api/v1/auth/oauth/x/callback");
        assert_eq!(under("https://example.com/pressroom/"), "https://example.com/pressroom/api/v1/auth/oauth/x/callback");
    }
}
