//! How an account is connected, kept, checked and let go: the login's way there and back, renewal, identity, revocation.
//! Each platform has its own in `<platform>/connect.rs`; the protocol itself is `oauth`.

pub mod oauth;

use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Grant, facebook, instagram, linkedin, tiktok, x, youtube};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::content::PlatformId;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::secret::Secret;

/// How an account's grant is kept alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It has no end, or only a person can renew it.
    Never,
    /// The long-lived token itself is exchanged for a new one while it is alive.
    Extend,
    /// A refresh token that stays the same.
    Refresh,
    /// A refresh token that dies with its use: an answer that is lost may have taken the grant with it.
    Rotate,
}

/// What a platform wants of a login.
#[derive(Debug)]
pub struct Login {
    /// Which of the platform's logins, empty where it has one: `oauth1` on X, `instagram` or `facebook` on Instagram.
    pub variant: &'static str,
    /// The scopes that are asked for.
    pub scopes: &'static [&'static str],
    /// The settings without which it can't be offered, each with its value's place.
    pub settings: &'static [&'static str],
}

/// A login about to begin.
#[derive(Debug)]
pub struct Start<'a> {
    /// Which of the platform's logins.
    pub login: &'static Login,
    /// What comes back unchanged with the browser.
    pub state: &'a str,
    /// Our callback, byte for byte as it is registered at the platform.
    pub callback: &'a Url,
}

/// Where the browser has to go.
#[derive(Debug)]
pub struct Started {
    /// The platform's consent page.
    pub url: Url,
    /// What the exchange will need: the PKCE verifier, the secret of a request token; may be empty.
    pub secret: Secret<String>,
}

/// A login that came back with a consent.
#[derive(Debug)]
pub struct Finish<'a> {
    /// Which of the platform's logins.
    pub login: &'static Login,
    /// The code, or the verifier of OAuth 1.0a.
    pub code: &'a str,
    /// The request token of OAuth 1.0a; else empty.
    pub token: &'a str,
    /// What [`Started::secret`] was.
    pub secret: &'a Secret<String>,
    /// Our callback, as at the start.
    pub callback: &'a Url,
}

/// A grant with its lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The grant.
    pub grant: Grant,
    /// The scopes, when the platform tells them.
    pub scopes: Option<Vec<String>>,
    /// When the access token ends, in milliseconds since the epoch; `None` when it has no end or none is known.
    pub expires_at: Option<i64>,
    /// When that which renews it ends, likewise.
    pub renewal_expires_at: Option<i64>,
    /// Whether renewing moves the end: not where something else ends first that only a person can renew.
    #[serde(default = "yes")]
    pub extends: bool,
}

fn yes() -> bool {
    true
}

/// Who an account is, by the platform's own word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The platform's id, in the form of `accounts.external_id`.
    pub external_id: String,
    /// The name shown to people.
    pub name: String,
    /// The name in links.
    pub username: Option<String>,
    /// Which sort of account, as in `accounts.variant`.
    pub variant: String,
    /// The scopes, when the platform tells them here.
    pub scopes: Option<Vec<String>>,
}

/// Something that may be connected: a Page, an Instagram account, a member, an organisation, a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who it is.
    pub identity: Identity,
    /// The right to act for it.
    pub granted: Granted,
    /// Why it can't be used, when it can't: a missing role.
    pub unusable: Option<String>,
}

/// What every platform provides so that its accounts can be connected.
pub(crate) trait Connect {
    /// The logins; the first is taken when none is named.
    const LOGINS: &'static [Login];

    /// How long before its end a grant is renewed at the latest; it happens up to a quarter of that earlier, by chance.
    const RENEW_AHEAD: Duration;

    /// How a grant is kept alive.
    fn renewal(grant: &Grant) -> Renewal;

    /// Begins a login.
    async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError>;

    /// Exchanges what came back, and lists what may be connected. An error's code is one of [`codes`].
    async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError>;

    /// Renews a grant. `AuthRevoked` says that it is dead; every other error leaves it as it is.
    async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError>;

    /// Asks the platform whose grant it is: `hint` is the account's id and variant, where a grant serves several.
    async fn verify(app: &App, grant: &Grant, hint: (&str, &str)) -> Result<Identity, JobError>;

    /// Ends a grant at the platform; one that is dead already counts as ended.
    async fn revoke(app: &App, account: &account::Model, grant: &Grant) -> Result<(), JobError>;
}

/// The codes with which a login can fail, as `oauth_error` tells them. Source: those that front ends know already.
pub mod codes {
    /// The person said no.
    pub const USER_DENIED: &str = "user_denied";
    /// The callback came without a code.
    pub const MISSING_PARAMS: &str = "missing_params";
    /// The state is unknown, used, too old, or of another platform.
    pub const INVALID_STATE: &str = "invalid_state";
    /// The state belongs to somebody else.
    pub const CSRF_FAILED: &str = "csrf_failed";
    /// The platform did not take the code.
    pub const TOKEN_EXCHANGE_FAILED: &str = "token_exchange_failed";
    /// The person has no Page, or gave none free.
    pub const NO_PAGES_FOUND: &str = "no_pages_found";
    /// No professional Instagram account is there.
    pub const NO_INSTAGRAM_ACCOUNT: &str = "no_instagram_account";
    /// The platform did not say who it is.
    pub const USER_INFO_FAILED: &str = "user_info_failed";
    /// There is no channel, or it could not be read.
    pub const CHANNEL_INFO_FAILED: &str = "channel_info_failed";
    /// OAuth 1.0a came back without its verifier.
    pub const MISSING_VERIFIER: &str = "missing_verifier";
    /// Anything else.
    pub const CALLBACK_ERROR: &str = "callback_error";
}

/// A future of unnamed type on the heap: that it may move between threads is proven here, for each platform by itself.
fn boxed<'a, T>(future: impl Future<Output = T> + Send + 'a) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}

macro_rules! connects {
    ($($id:ident => $adapter:ty,)+) => {
        /// The logins of a platform.
        pub fn logins(platform: PlatformId) -> &'static [Login] {
            match platform { $(PlatformId::$id => <$adapter as Connect>::LOGINS,)+ }
        }

        /// How a platform's grant is kept alive.
        pub fn renewal(platform: PlatformId, grant: &Grant) -> Renewal {
            match platform { $(PlatformId::$id => <$adapter as Connect>::renewal(grant),)+ }
        }

        /// How long before its end a grant is renewed at the latest.
        pub fn renew_ahead(platform: PlatformId) -> Duration {
            match platform { $(PlatformId::$id => <$adapter as Connect>::RENEW_AHEAD,)+ }
        }

        /// Begins a login.
        pub async fn start(app: &App, platform: PlatformId, start: &Start<'_>) -> Result<Started, JobError> {
            match platform { $(PlatformId::$id => boxed(<$adapter as Connect>::start(app, start)).await,)+ }
        }

        /// Exchanges what a login brought back.
        pub async fn finish(app: &App, platform: PlatformId, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
            match platform { $(PlatformId::$id => boxed(<$adapter as Connect>::finish(app, finish)).await,)+ }
        }

        /// Renews an account's grant.
        pub async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
            match account.platform { $(PlatformId::$id => boxed(<$adapter as Connect>::renew(app, account, grant)).await,)+ }
        }

        /// Asks a platform whose grant it is.
        pub async fn verify(
            app: &App,
            platform: PlatformId,
            grant: &Grant,
            hint: (&str, &str),
        ) -> Result<Identity, JobError> {
            match platform { $(PlatformId::$id => boxed(<$adapter as Connect>::verify(app, grant, hint)).await,)+ }
        }

        /// Ends an account's grant at its platform.
        pub async fn revoke(app: &App, account: &account::Model, grant: &Grant) -> Result<(), JobError> {
            match account.platform { $(PlatformId::$id => boxed(<$adapter as Connect>::revoke(app, account, grant)).await,)+ }
        }
    };
}

connects! {
    X => x::X,
    Facebook => facebook::Facebook,
    Instagram => instagram::Instagram,
    Linkedin => linkedin::Linkedin,
    Tiktok => tiktok::Tiktok,
    Youtube => youtube::Youtube,
}

/// The login of a platform by its name; the first when it is empty.
pub fn login(platform: PlatformId, variant: &str) -> Option<&'static Login> {
    let known = logins(platform);
    if variant.is_empty() { known.first() } else { known.iter().find(|login| login.variant == variant) }
}

/// The scopes that publishing needs on an account of this sort and that are not among those granted; none when it is unknown
/// what was granted.
pub fn missing_scopes(platform: PlatformId, variant: &str, granted: &[String]) -> Vec<&'static str> {
    if granted.is_empty() {
        return Vec::new();
    }
    let login = login(platform, variant);
    let needed = |scope: &&&'static str| match (platform, login) {
        // A member's posts need no organisation's scopes, an organisation's no member's.
        (PlatformId::Linkedin, _) if variant == "organization" => !scope.ends_with("_member_social"),
        (PlatformId::Linkedin, _) => !scope.contains("_organization_"),
        // Where a platform has several logins, each asks for scopes of its own.
        (_, Some(login)) => login.scopes.contains(scope),
        (_, None) => true,
    };
    let scopes = super::rules(platform).scopes.iter().filter(needed);
    scopes.filter(|scope| !granted.iter().any(|held| held == *scope)).copied().collect()
}

/// Whether a login is one of the platform's and the operator has given all that it needs.
pub fn is_configured(app: &App, platform: PlatformId, login: &Login) -> bool {
    let is_known = logins(platform).iter().any(|known| known.variant == login.variant);
    is_known && login.settings.iter().all(|name| setting(&app.config, name).is_some_and(|value| !value.is_empty()))
}

/// The value of a setting that a login may need, by its variable's name.
fn setting<'a>(config: &'a Config, name: &str) -> Option<&'a str> {
    Some(match name {
        "X_CLIENT_ID" => &config.x.client_id,
        "X_CONSUMER_KEY" => &config.x.consumer_key,
        "X_CONSUMER_SECRET" => config.x.consumer_secret.expose(),
        "FACEBOOK_APP_ID" => &config.facebook.app_id,
        "FACEBOOK_APP_SECRET" => config.facebook.app_secret.expose(),
        "INSTAGRAM_APP_ID" => &config.instagram.app_id,
        "INSTAGRAM_APP_SECRET" => config.instagram.app_secret.expose(),
        "LINKEDIN_CLIENT_ID" => &config.linkedin.client_id,
        "LINKEDIN_CLIENT_SECRET" => config.linkedin.client_secret.expose(),
        "TIKTOK_CLIENT_KEY" => &config.tiktok.client_key,
        "TIKTOK_CLIENT_SECRET" => config.tiktok.client_secret.expose(),
        "YOUTUBE_CLIENT_ID" => &config.youtube.client_id,
        "YOUTUBE_CLIENT_SECRET" => config.youtube.client_secret.expose(),
        _ => return None,
    })
}

/// The error of a login that the operator has not set up.
pub(in crate::platforms) fn not_configured(login: &Login) -> JobError {
    let message = format!("this login needs the settings {}", login.settings.join(", "));
    JobError::new(ErrorClass::Rejected, "login_not_configured", message).remedy("the operator of this Pressroom must set them")
}

/// When a grant is to be renewed: ahead of its end, up to a quarter earlier by chance so that accounts which were connected
/// together are not renewed together; `None` when nothing renews it. Never before it is a twentieth of its life old.
pub fn renew_at(platform: PlatformId, seed: &str, granted_at: Timestamp, granted: &Granted) -> Option<Timestamp> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    if !granted.extends || renewal(platform, &granted.grant) == Renewal::Never {
        return None;
    }
    let end = Timestamp(granted.expires_at?);
    let ahead = renew_ahead(platform);
    let mut hasher = DefaultHasher::new();
    (seed, granted_at.0).hash(&mut hasher);
    let quarter = u64::try_from(ahead.as_millis() / 4).unwrap_or(u64::MAX).max(1);
    let at = end.minus(ahead).minus(Duration::from_millis(hasher.finish() % quarter));
    Some(at.max(granted_at.plus(end.since(granted_at) / 20)))
}

/// An error of a login, with one of [`codes`].
pub(in crate::platforms) fn failed(code: &'static str, message: impl Into<String>) -> JobError {
    JobError::new(ErrorClass::Rejected, code, message).remedy("begin the login again")
}

#[cfg(test)]
mod tests {
    use super::oauth::stand_in::StandIn;
    use super::*;

    #[tokio::test]
    async fn a_login_is_offered_once_all_its_settings_are_there() {
        let platform = StandIn::answering([""; 0]).await;
        let bare = platform.app(&[]).await;
        let offered = |app: &App, variant: &str| is_configured(app, PlatformId::X, login(PlatformId::X, variant).unwrap());

        let half = platform.app(&[("X_CONSUMER_KEY", "k")]).await;
        let whole = platform.app(&[("X_CONSUMER_KEY", "k"), ("X_CONSUMER_SECRET", "s")]).await;

        assert!(!offered(&bare, "oauth1") && !offered(&half, "oauth1"));
        assert!(offered(&whole, "oauth1") && !offered(&whole, ""));
        assert!(!is_configured(&whole, PlatformId::Tiktok, login(PlatformId::X, "oauth1").unwrap()));
    }

    #[tokio::test]
    async fn every_setting_that_a_login_names_is_known() {
        let app = StandIn::answering([""; 0]).await.app(&[]).await;

        for platform in PlatformId::ALL {
            for name in logins(*platform).iter().flat_map(|login| login.settings) {
                assert!(setting(&app.config, name).is_some(), "{platform}: {name}");
            }
        }
    }
}
