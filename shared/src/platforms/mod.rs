//! The platforms: what each takes, how a post gets there once, and what its answers mean. One folder each.
//!
//! To add one: its folder here, a variant in [`PlatformId`], and a line in `platforms!` below.

mod check;
pub mod connect;
pub mod facebook;
pub mod instagram;
mod limits;
pub mod linkedin;
pub mod risks;
pub mod rules;
pub mod tiktok;
pub mod versions;
pub mod x;
pub mod youtube;

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clients::http::{self, Answer};
use crate::clients::probe::Probe;
use crate::clock::Timestamp;
use crate::content::{Draft, PlatformId};
use crate::entity::{account, post_target};
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Stop};
use crate::limits::Call;
use crate::secret::Secret;
use crate::store::runs::{Published, Warning};
use crate::store::{accounts, posts};
use rules::{Broken, Rules};

/// What lets us act for an account. Sealed at rest, see `store::accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Grant {
    /// An access token sent as a bearer token: OAuth 2 user tokens, Page tokens.
    Bearer {
        /// The token.
        access_token: Secret<String>,
        /// What renews it: a refresh token, or the person's long-lived token that a Page's token came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renewal: Option<Secret<String>>,
    },
    /// OAuth 1.0a user credentials, used to sign each request.
    Oauth1 {
        /// The token.
        token: Secret<String>,
        /// Its secret.
        token_secret: Secret<String>,
    },
}

/// One target about to be published, with all that its adapter needs.
pub struct Publishing<'a> {
    /// The process's context.
    pub app: &'a App,
    /// The account to publish on.
    pub account: &'a account::Model,
    /// The right to do so.
    pub grant: &'a Grant,
    /// What to publish.
    pub draft: &'a Draft,
    /// What its files are, by their addresses.
    pub files: &'a BTreeMap<String, Probe>,
}

impl Publishing<'_> {
    /// Calls the platform as soon as it allows it; every call of an adapter goes through here. `what` names the operation.
    pub async fn call(&self, request: RequestBuilder, what: &str) -> Result<Answer, JobError> {
        let Self { app, account, .. } = self;
        let rules = rules(account.platform);
        let call = Call { platform: account.platform, account: &account.id, what, table: &rules.limits };
        let pass = app.limits.take(call, app.clock.now()).await?;
        let result = http::send(request, what).await;
        let now = app.clock.now();
        app.limits.learn(pass, &limits::outcome(rules, what, &result, now), now).await;
        result
    }

    /// What a file of the draft is.
    pub fn file(&self, url: &str) -> Result<&Probe, JobError> {
        let missing = || JobError::new(ErrorClass::Bug, "file_unknown", format!("`{url}` was not looked at"));
        self.files.get(url).ok_or_else(missing)
    }

    /// Seals an address that works as a credential, such as one to upload to, so that the journal may keep it.
    pub fn seal_url(&self, url: &str) -> Result<String, JobError> {
        let sealed = self.app.config.keys.seal(url.as_bytes(), &self.url_place());
        sealed.map_err(|error| JobError::new(ErrorClass::Bug, "url_unsealable", format!("an address can't be sealed: {error}")))
    }

    /// Opens an address that [`Self::seal_url`] sealed for this account.
    pub fn open_url(&self, sealed: &str) -> Result<String, JobError> {
        let bug = |reason: String| {
            JobError::new(ErrorClass::Bug, "url_unreadable", format!("a sealed address can't be used: {reason}"))
        };
        let opened = self.app.config.keys.open(sealed, &self.url_place()).map_err(|error| bug(error.to_string()))?;
        String::from_utf8(opened).map_err(|_| bug("it is not text".to_owned()))
    }

    fn url_place(&self) -> String {
        format!("job_steps:output:{}", self.account.id)
    }

    /// Ids of posts on this account that belong to other targets: a search must not take one of them for its own.
    pub async fn taken_ids(&self, since: Timestamp) -> Result<Vec<String>, JobError> {
        let account = self.account;
        Ok(posts::list_published_ids(&*self.app.db, &account.workspace_id, &account.id, since).await?)
    }
}

/// What a platform's adapter provides.
pub(crate) trait Platform {
    /// What the platform takes.
    const RULES: Rules;

    /// Publishes the draft, every visible call under the journal's `once`. It ends when the platform says that it is live.
    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop>;

    /// Does what follows a post that is live: the first comment, a cover. Whatever fails here is a warning.
    async fn follow_up(_cx: &Publishing<'_>, _journal: &mut Journal, _published: &Published) -> Result<(), Stop> {
        Ok(())
    }
}

macro_rules! platforms {
    ($($id:ident => $adapter:ty,)+) => {
        /// What a platform takes.
        pub fn rules(platform: PlatformId) -> &'static Rules {
            match platform {
                $(PlatformId::$id => const { &<$adapter as Platform>::RULES },)+
            }
        }

        async fn publish_on(platform: PlatformId, cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
            match platform {
                $(PlatformId::$id => Box::pin(<$adapter as Platform>::publish(cx, journal)).await,)+
            }
        }

        async fn follow_up_on(
            platform: PlatformId,
            cx: &Publishing<'_>,
            journal: &mut Journal,
            published: &Published,
        ) -> Result<(), Stop> {
            match platform {
                $(PlatformId::$id => Box::pin(<$adapter as Platform>::follow_up(cx, journal, published)).await,)+
            }
        }
    };
}

platforms! {
    X => x::X,
    Facebook => facebook::Facebook,
    Instagram => instagram::Instagram,
    Linkedin => linkedin::Linkedin,
    Tiktok => tiktok::Tiktok,
    Youtube => youtube::Youtube,
}

/// What every platform takes.
pub(crate) fn all_rules() -> impl Iterator<Item = &'static Rules> {
    PlatformId::ALL.iter().map(|platform| rules(*platform))
}

/// Checks a draft against its platform's rules; an empty list means that it may be published.
pub fn check_draft(app: &App, platform: PlatformId, draft: &Draft) -> Vec<Broken> {
    check::check(rules(platform), draft, &|url| app.media.check(url))
}

/// Which faults after a post is live are worth another run.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A passing fault is tried again.
    pub again: bool,
    /// A token that has ended is renewed.
    pub renewable: bool,
}

/// Publishes one target on an account that is usable: opens its grant, looks at the files, lets the platform's adapter work
/// under the journal.
///
/// What `patience` does not bear after the post is live ends as a warning.
pub async fn publish(
    app: &App,
    (target, account): (&post_target::Model, &account::Model),
    draft: &Draft,
    journal: &mut Journal,
    patience: Patience,
) -> Result<Published, Stop> {
    let grant = open_grant(app, account)?;
    let files = look_at_files(app, target.platform, draft, journal).await?;
    let cx = Publishing { app, account, grant: &grant, draft, files: &files };
    let mut published = publish_on(target.platform, &cx, journal).await?;
    match follow_up_on(target.platform, &cx, journal, &published).await {
        Ok(()) => {}
        Err(Stop::Error(error)) if comes_again(&error, patience) => return Err(Stop::Error(error)),
        Err(Stop::Error(error)) => published.warnings.push(Warning::from(&error)),
        Err(stop) => return Err(stop),
    }
    Ok(published)
}

/// Whether a fault after the post is live is worth another run: the journal then goes on where it stopped.
fn comes_again(error: &JobError, patience: Patience) -> bool {
    match error.class {
        ErrorClass::NotReady | ErrorClass::RateLimited => true,
        ErrorClass::Transient => patience.again,
        ErrorClass::AuthExpired => patience.renewable,
        _ => false,
    }
}

/// Looks at every file before the first call to the platform, and holds it against the platform's limits.
async fn look_at_files(
    app: &App,
    platform: PlatformId,
    draft: &Draft,
    journal: &mut Journal,
) -> Result<BTreeMap<String, Probe>, Stop> {
    if draft.files().next().is_none() {
        return Ok(BTreeMap::new());
    }
    let files: BTreeMap<String, Probe> = journal
        .step("probe", None, async || {
            let mut files = BTreeMap::new();
            for url in draft.files() {
                if !files.contains_key(url) {
                    files.insert(url.to_owned(), app.media.probe(url).await?);
                }
            }
            Ok(files)
        })
        .await?;
    for url in draft.files() {
        if let (Some(allowed), Some(probe)) = (allowed_files(platform, draft, url), files.get(url)) {
            check::check_file(allowed, probe).map_err(|(code, reason)| refused_file(url, code, &reason))?;
        }
    }
    Ok(files)
}

/// The files that may stand at an address of the draft; `None` where what stands there is not judged.
fn allowed_files(platform: PlatformId, draft: &Draft, url: &str) -> Option<&'static [rules::FileRule]> {
    let kind = rules(platform).kinds.iter().find(|rule| rule.kind == draft.kind)?;
    let is_thumbnail = draft.thumbnail.as_deref() == Some(url) && !draft.media.iter().any(|media| media.url == url);
    let allowed = if is_thumbnail { kind.thumbnail.as_slice() } else { kind.files };
    // A cover that this kind has no use for is not sent.
    (!is_thumbnail || !allowed.is_empty()).then_some(allowed)
}

fn refused_file(url: &str, code: &'static str, reason: &str) -> JobError {
    JobError::new(ErrorClass::Rejected, code, format!("`{url}`: {reason}")).remedy("use another file and submit the post again")
}

/// Opens an account's grant.
pub(crate) fn open_grant(app: &App, account: &account::Model) -> Result<Grant, JobError> {
    let bug = |reason: String| {
        let message = format!("the grant of account `{}` can't be used: {reason}", account.id);
        JobError::new(ErrorClass::Bug, "grant_unreadable", message).remedy("give this Pressroom the key that sealed the grant")
    };
    let opened = accounts::open_grant(&app.config.keys, account).map_err(|error| bug(error.to_string()))?;
    serde_json::from_slice(&opened).map_err(|_| bug("it is not a grant".to_owned()))
}
