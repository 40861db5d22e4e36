//! YouTube as seen from outside: the Data API v3 with its uploads, and Google's token endpoints.

use poem::http::Method;
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::control::made_up;
use crate::faults::Action;
use crate::play::Play;
use crate::router;
use crate::state::{Account, Platform, Post, State};

mod ask;
mod auth;
pub(crate) mod channels;
pub(crate) mod comments;
mod errors;
mod fields;
mod film;
mod library;
mod metadata;
pub(crate) mod playlists;
mod processing;
mod quota;
mod related;
mod sessions;
mod show;
pub(crate) mod thumbnails;
mod token;
pub(crate) mod uploads;
pub(crate) mod videos;

use ask::Ask;
pub(crate) use ask::{Endpoint, endpoint};
pub(crate) use token::SCOPES;

/// The player of YouTube.
pub(crate) struct Youtube;

/// What can be switched.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// How long a video is worked on after its last byte.
    video_processing_seconds: i64,
    /// Videos and comments younger than this are missing from lists.
    index_lag_seconds: i64,
    /// How long an upload may take.
    session_seconds: i64,
    /// How much of each piece of an upload is stored; 0 stores all of it.
    keep_partial_bytes: u64,
    /// How long a refreshed access token works.
    token_seconds: i64,
    /// The OAuth client that may refresh; any when empty.
    client_id: String,
    /// Its secret; any when empty.
    client_secret: String,
    /// Addresses that may be returned to; any when empty.
    redirect_uris: Vec<String>,
    /// How long an authorization code works; Google does not say.
    code_seconds: i64,
    /// How long refresh tokens work that come for a code, as with apps in testing; 0 for no end.
    refresh_token_seconds: i64,
    /// Uploads that the project may begin per day.
    insert_quota: u32,
    /// Units that the project may spend on everything else per day.
    units_quota: u32,
    /// Videos that a channel may upload in 24 hours; 0 for no limit.
    channel_daily_uploads: usize,
    /// Thumbnails that a channel may upload in an hour; 0 for no limit.
    channel_hourly_thumbnails: usize,
    /// Longer videos are rejected; channels of the variant `unverified` have 15 minutes.
    longest_video_seconds: u64,
    /// Whether a file that the channel has already is rejected.
    reject_duplicates: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            video_processing_seconds: 3,
            index_lag_seconds: 0,
            session_seconds: 604_800,
            keep_partial_bytes: 0,
            token_seconds: 3599,
            client_id: "sandbox-client-id".to_owned(),
            client_secret: "sandbox-client-secret".to_owned(),
            redirect_uris: Vec::new(),
            code_seconds: 600,
            refresh_token_seconds: 0,
            insert_quota: 100,
            units_quota: 10_000,
            channel_daily_uploads: 0,
            channel_hourly_thumbnails: 0,
            longest_video_seconds: 43_200,
            reject_duplicates: true,
        }
    }
}

impl Settings {
    /// The OAuth client's id, and the addresses that may be returned to.
    pub(crate) fn app(&self) -> (&str, &[String]) {
        (&self.client_id, &self.redirect_uris)
    }
}

/// What only YouTube remembers.
#[derive(Default)]
pub(crate) struct Memory {
    videos: Vec<library::Video>,
    sessions: sessions::Sessions,
    /// Access tokens that a newer one has followed and that still work.
    tokens: Vec<auth::OldToken>,
    /// Refresh tokens of earlier consents, all of which still work, with their channel.
    refresh_tokens: Vec<(String, String)>,
    quota: quota::Quota,
    playlist_items: Vec<playlists::Item>,
    thumbnails: Vec<thumbnails::Sent>,
}

impl Memory {
    /// Ends the access tokens of a channel that others have followed, and its earlier refresh tokens.
    pub(crate) fn forget_earlier(&mut self, id: &str) {
        self.tokens.retain(|old| old.account_id != id);
    }
}

impl Play for Youtube {
    fn platform(&self) -> Platform {
        Platform::Youtube
    }

    fn owns(&self, _state: &State, call: &Call) -> bool {
        let folders = ["/youtube/", "/upload/youtube/", "/resumable/upload/youtube/"];
        folders.iter().any(|folder| call.path.starts_with(folder)) || token::serves(&call.path)
    }

    fn caller<'a>(&self, state: &'a State, call: &Call) -> Option<&'a Account> {
        auth::caller(state, call)
    }

    fn work(&self, state: &mut State, call: &Call, action: Option<&Action>) -> Answer {
        library::catch_up(state);
        if token::serves(&call.path) {
            return token::answer(state, call);
        }
        if sessions::addresses(call) {
            let answer = sessions::answer(state, call, action);
            return answer.unwrap_or_else(|refusal| refusal);
        }
        run(state, call, action).unwrap_or_else(|refusal| refusal)
    }

    fn refuse(&self, state: &mut State, call: &Call, action: &Action) -> Answer {
        refuse(state, call, action)
    }

    fn error_names(&self) -> Vec<&'static str> {
        errors::names()
    }

    fn invent(&self, id: Option<String>, n: u64, variant: &str) -> Account {
        let id = id.unwrap_or_else(|| format!("UC{}", &made_up("channel", &n.to_string())[..22]));
        let account = Account::new(Platform::Youtube, id, "Sandbox channel");
        Account {
            variant: variant.to_owned(),
            access_token: format!("ya29.{}", account.access_token),
            refresh_token: format!("1//0{}", account.refresh_token),
            ..account
        }
    }

    fn catch_up(&self, state: &mut State) {
        library::catch_up(state);
    }

    fn permalink(&self, state: &State, post: &Post) -> String {
        let base = &state.public_url;
        match post.kind {
            "short" => format!("{base}/shorts/{}", post.id),
            _ => format!("{base}/watch/{0}?v={0}", post.id),
        }
    }
}

/// What an endpoint comes to: both sides are answers, so that `?` ends early with a refusal.
pub(crate) type Outcome = Result<Answer, Answer>;

/// Whether a call starts, continues or makes up the upload of a video.
pub(crate) fn brings_video(call: &Call) -> bool {
    sessions::addresses(call) || call.method == Method::POST && call.path.ends_with("/upload/youtube/v3/videos")
}

/// Does what YouTube does with a call that is no upload session's.
fn run(state: &mut State, call: &Call, action: Option<&Action>) -> Outcome {
    let segments = call.segments();
    let fits = |endpoint: &&Endpoint| {
        router::fit(endpoint.pattern, &segments).is_some() && call.method.as_str().eq_ignore_ascii_case(endpoint.method)
    };
    let endpoint = router::YOUTUBE.iter().find(fits).ok_or_else(nothing_here)?;
    let account = auth::authenticate(state, call)?;
    auth::check_scope(&account, endpoint.terms.scopes)?;
    quota::check(state, endpoint.terms.cost)?;
    let ask = Ask { call, account, action };
    let outcome = ask.check_parameters(endpoint.terms.parameters).and_then(|()| (endpoint.run)(state, &ask));
    quota::charge(state, endpoint.terms.cost, outcome.is_err());
    outcome
}

/// What Google's front end says where no API is.
fn nothing_here() -> Answer {
    let page =
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> <ins>That's an error.</ins>\n";
    Answer::text(404, "text/html; charset=UTF-8", page)
}

/// Answers a call the way a fault asks for, without any work.
fn refuse(state: &mut State, call: &Call, action: &Action) -> Answer {
    if matches!(action, Action::TokenRevoked {}) {
        let id = auth::caller(state, call).map(|account| account.id.clone()).unwrap_or_default();
        auth::revoke(state, &id);
    }
    if token::serves(&call.path) && !matches!(action, Action::Error { .. }) {
        return token::refuse(action);
    }
    errors::named(match action {
        Action::ErrorAfter { status } | Action::ServerError { status } => return errors::server(*status),
        Action::RateLimited { .. } => "429/rateLimitExceeded",
        Action::TokenRevoked {} | Action::TokenExpired {} => "401/authError",
        // Repeated files are found while they are processed; the API itself knows no duplicates.
        Action::Duplicate {} => "400/failedPrecondition",
        Action::CreditsDepleted {} => "403/accessNotConfigured",
        Action::PermissionMissing {} => "403/insufficientPermissions",
        Action::InvalidContent {} => "400/invalidVideoMetadata",
        Action::TemporarilyBlocked {} => "403/authenticatedUserAccountSuspended",
        Action::Error { code } => code,
        _ => "500/internalError",
    })
}
