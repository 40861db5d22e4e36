//! A browser's return from a platform: its state is claimed once, its code exchanged, what it brought kept for a choice.

use std::time::Duration;

use sea_orm::DbErr;
use shared::app::App;
use shared::content::PlatformId;
use shared::entity::{connection, oauth_state};
use shared::error::{ErrorClass, JobError};
use shared::ids::ConnectionId;
use shared::platforms::connect::{self, Candidate, Finish, Login, codes};
use shared::secret::{Secret, sha256_hex};
use shared::store::{connections, oauth_states};
use url::Url;

use super::oauth::callback_url;

/// What a platform sent back with the browser. It has no `Debug`: the state and the code are secrets.
pub struct Returned {
    /// What tells this login from all others.
    pub state: Option<String>,
    /// What is exchanged for a grant.
    pub code: Option<String>,
    /// The platform's words for why there is none.
    pub refusal: Vec<String>,
    /// The request token of OAuth 1.0a.
    pub token: Option<String>,
    /// What is exchanged in OAuth 1.0a.
    pub verifier: Option<String>,
    /// Whether an OAuth 1.0a login was refused.
    pub denied: bool,
}

/// What became of a login: its platform and what may be chosen from, or why not.
pub type Landing = Result<(PlatformId, ConnectionId), Failure>;

/// Why a login failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// One of [`codes`].
    pub code: &'static str,
    /// The same for people.
    pub message: &'static str,
}

impl Failure {
    /// A failure with one of [`codes`], and our words for it.
    pub fn new(code: &'static str) -> Self {
        let message = match code {
            codes::USER_DENIED => "the permission was not given",
            codes::MISSING_PARAMS | codes::MISSING_VERIFIER => "the platform sent the browser back without what is needed",
            codes::INVALID_STATE => "this login is unknown, used already, or took more than ten minutes; begin it again",
            codes::CSRF_FAILED => "this login was begun for another platform; begin it again",
            codes::TOKEN_EXCHANGE_FAILED => "the platform did not take the code; begin the login again",
            codes::NO_PAGES_FOUND => "there is no Page, or none was chosen; choose at least one",
            codes::NO_INSTAGRAM_ACCOUNT => "there is no professional Instagram account, or none was chosen",
            codes::USER_INFO_FAILED => "the platform did not tell whose account it is; begin the login again",
            codes::CHANNEL_INFO_FAILED => "there is no channel, or it could not be read",
            _ => "something went wrong on the way; begin the login again",
        };
        Self { code, message }
    }
}

/// A database that did not answer: logged here, told without its text.
impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        tracing::error!(%error, "a login failed at the database");
        Self::new(codes::CALLBACK_ERROR)
    }
}

/// The codes that an exchange may fail with; all others are told as `callback_error`.
const OF_EXCHANGES: [&str; 5] = [
    codes::TOKEN_EXCHANGE_FAILED,
    codes::NO_PAGES_FOUND,
    codes::NO_INSTAGRAM_ACCOUNT,
    codes::USER_INFO_FAILED,
    codes::CHANNEL_INFO_FAILED,
];

/// The platforms' words for a person's no. Source: each platform's contract.
const NO: [&str; 4] = ["access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize"];

/// How long the login's person may take to choose.
const CHOICE_LIFETIME: Duration = Duration::from_secs(3600);

/// Takes a browser back: whatever happens, its state is used up.
pub async fn take(app: &App, platform: Option<PlatformId>, returned: &Returned) -> Landing {
    let state = claim(app, platform, returned).await?;
    let candidates = Exchange::of(app, &state, returned)?.run(app).await?;
    keep(app, &state, &candidates).await
}

/// Claims the state, and holds what came back against it.
async fn claim(app: &App, platform: Option<PlatformId>, returned: &Returned) -> Result<oauth_state::Model, Failure> {
    let state = returned.state.as_deref().filter(|state| !state.is_empty());
    let state = state.ok_or_else(|| Failure::new(codes::MISSING_PARAMS))?;
    let claimed = oauth_states::claim(&*app.db, &sha256_hex(state.as_bytes()), app.clock.now()).await?;
    let row = claimed.ok_or_else(|| Failure::new(codes::INVALID_STATE))?;
    if platform != Some(row.platform) {
        return Err(Failure::new(codes::CSRF_FAILED));
    }
    if returned.denied || returned.refusal.iter().any(|word| NO.contains(&word.as_str())) {
        return Err(Failure::new(codes::USER_DENIED));
    }
    if !returned.refusal.is_empty() {
        // The platform's words may be anything: they are neither logged nor passed on.
        tracing::warn!(platform = %row.platform, "a platform sent a browser back with an error instead of a code");
        return Err(Failure::new(codes::CALLBACK_ERROR));
    }
    Ok(row)
}

/// Everything that an exchange needs.
struct Exchange {
    platform: PlatformId,
    login: &'static Login,
    code: String,
    token: String,
    secret: Secret<String>,
    callback: Url,
}

impl Exchange {
    fn of(app: &App, state: &oauth_state::Model, returned: &Returned) -> Result<Self, Failure> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let signed = state.variant == "oauth1";
        let token = given(&returned.token);
        let code = match (signed, &token) {
            (true, Some(_)) => given(&returned.verifier).ok_or(codes::MISSING_VERIFIER),
            (true, None) => Err(codes::MISSING_PARAMS),
            (false, _) => given(&returned.code).ok_or(codes::MISSING_PARAMS),
        };
        let code = code.map_err(Failure::new)?;
        let login = connect::login(state.platform, &state.variant).ok_or_else(|| Failure::new(codes::CALLBACK_ERROR))?;
        let opened = oauth_states::open(&app.config.keys, state).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(secret) = opened.map(Secret::new) else {
            tracing::error!(platform = %state.platform, "what a login kept for its exchange does not open with the key ring");
            return Err(Failure::new(codes::CALLBACK_ERROR));
        };
        let (platform, token) = (state.platform, token.unwrap_or_default());
        Ok(Self { platform, login, code, token, secret, callback: callback_url(&app.config.public_url, platform) })
    }

    async fn run(self, app: &App) -> Result<Vec<Candidate>, Failure> {
        let Self { platform, login, code, token, secret, callback } = self;
        let finish = Finish { login, code: &code, token: &token, secret: &secret, callback: &callback };
        match connect::finish(app, platform, &finish).await {
            Ok(candidates) if candidates.is_empty() => Err(Failure::new(codes::USER_INFO_FAILED)),
            Ok(candidates) => Ok(candidates),
            Err(error) => Err(told(platform, &error, &code)),
        }
    }
}

/// What a person is told of a failed exchange. Operators find the rest in the log, without the code.
fn told(platform: PlatformId, error: &JobError, code: &str) -> Failure {
    let words = error.platform_message.as_deref().filter(|_| error.class == ErrorClass::Rejected).unwrap_or_default();
    let (message, words) = (error.message.replace(code, "***"), words.replace(code, "***"));
    if error.class == ErrorClass::Bug {
        tracing::error!(%platform, error.code, message, "a login failed");
    } else {
        tracing::warn!(%platform, error.code, message, words, "a login failed");
    }
    Failure::new(OF_EXCHANGES.into_iter().find(|known| *known == error.code).unwrap_or(codes::CALLBACK_ERROR))
}

/// Keeps what may be connected until the person has chosen.
async fn keep(app: &App, state: &oauth_state::Model, candidates: &[Candidate]) -> Landing {
    let id = ConnectionId::generate();
    let plain = serde_json::to_vec(candidates).unwrap_or_else(|_| unreachable!("candidates are plain JSON"));
    let candidates_sealed = connections::seal(&app.config.keys, &id, &plain).map_err(|error| {
        tracing::error!(%error, "what a login brought can't be sealed");
        Failure::new(codes::CALLBACK_ERROR)
    })?;
    let now = app.clock.now();
    let row = connection::Model {
        id: id.clone(),
        workspace_id: state.workspace_id.clone(),
        person: state.person.clone(),
        platform: state.platform,
        account_id: state.account_id.clone(),
        candidates_sealed,
        created_at: now,
        expires_at: now.plus(CHOICE_LIFETIME),
    };
    connections::insert(&*app.db, row).await?;
    Ok((state.platform, id))
}
