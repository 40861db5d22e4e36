//! How YouTube channels are connected, kept and let go: Google's login. The access token lives an hour; the refresh token
//! stays the same and comes only with the consent, which is therefore always asked for.

use std::time::Duration;

use serde::Deserialize;

use super::Youtube;
use super::errors::classify;
use crate::app::App;
use crate::clients::http;
use crate::entity::account;
use crate::error::JobError;
use crate::platforms::connect::oauth::{self, AppAuth, Consent, Pkce, TokenEndpoint};
use crate::platforms::connect::{Candidate, Connect, Finish, Granted, Identity, Login, Renewal, Start, Started, codes, failed};
use crate::platforms::{Grant, Platform};

/// Of these scopes an upload needs one, `videos.insert`.
const UPLOADING: [&str; 3] = [
    "https://www.googleapis.com/auth/youtube.upload",
    "https://www.googleapis.com/auth/youtube.force-ssl",
    "https://www.googleapis.com/auth/youtube",
];

/// A refresh token although the person consented before; scopes of earlier consents stay.
const EXTRA: &[(&str, &str)] = &[("access_type", "offline"), ("prompt", "consent"), ("include_granted_scopes", "true")];

impl Connect for Youtube {
    const LOGINS: &'static [Login] = &[Login {
        variant: "",
        scopes: <Youtube as Platform>::RULES.scopes,
        settings: &["YOUTUBE_CLIENT_ID", "YOUTUBE_CLIENT_SECRET"],
    }];

    /// A sixth of the access token's hour.
    const RENEW_AHEAD: Duration = Duration::from_secs(10 * 60);

    fn renewal(grant: &Grant) -> Renewal {
        match grant {
            Grant::Bearer { renewal: Some(_), .. } => Renewal::Refresh,
            Grant::Bearer { renewal: None, .. } | Grant::Oauth1 { .. } => Renewal::Never,
        }
    }

    async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
        let page = oauth::below(&app.config.youtube.authorize_base, "/o/oauth2/v2/auth");
        let client_id = &app.config.youtube.client_id;
        let consent = Consent { pkce: Pkce::S256, extra: EXTRA, ..Consent::new(page, client_id, start) };
        oauth::authorize_url(start, &consent)
    }

    async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
        let asked_at = app.clock.now();
        let endpoint = endpoint(app);
        let verifier = Some(finish.secret.expose().as_str());
        let tokens = oauth::exchange(app, &endpoint, finish.code, finish.callback, verifier).await?;
        let granted = tokens.granted(asked_at);
        let identity = who(app, &granted.grant).await.map_err(|error| match error.code {
            codes::CHANNEL_INFO_FAILED => error,
            _ => oauth::not_identified(codes::CHANNEL_INFO_FAILED, error),
        })?;
        let unusable = unusable(granted.scopes.as_deref());
        Ok(vec![Candidate { identity, granted, unusable }])
    }

    async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
        let used = oauth::renewal_token(account, grant)?;
        let asked_at = app.clock.now();
        let tokens = oauth::refresh(app, &endpoint(app), used).await?;
        Ok(tokens.renewed(asked_at, account, used))
    }

    async fn verify(app: &App, grant: &Grant, _hint: (&str, &str)) -> Result<Identity, JobError> {
        who(app, grant).await
    }

    async fn revoke(app: &App, _account: &account::Model, grant: &Grant) -> Result<(), JobError> {
        // Either token stands for the whole grant; the one that lives on is the surer one.
        let token = match grant {
            Grant::Bearer { renewal: Some(renewal), .. } => renewal,
            other => oauth::access_token(other)?,
        };
        let url = oauth::below(&app.config.youtube.token_base, "/revoke");
        let request = app.http.post(url).form(&[("token", token.expose())]);
        oauth::revoke(app, request, "Google", token).await
    }
}

/// People may untick scopes one by one.
fn unusable(scopes: Option<&[String]>) -> Option<String> {
    let may_upload = scopes?.iter().any(|scope| UPLOADING.contains(&scope.as_str()));
    (!may_upload).then(|| "the right to upload videos was not granted on Google's page".to_owned())
}

fn endpoint(app: &App) -> TokenEndpoint<'_> {
    let settings = &app.config.youtube;
    TokenEndpoint {
        url: oauth::below(&settings.token_base, "/token"),
        client_id: &settings.client_id,
        client_secret: &settings.client_secret,
        auth: AppAuth::Body,
        platform: "Google",
    }
}

#[derive(Deserialize)]
struct Channels {
    #[serde(default)]
    items: Vec<Channel>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    snippet: Snippet,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snippet {
    title: String,
    custom_url: Option<String>,
}

impl From<Channel> for Identity {
    fn from(Channel { id, snippet }: Channel) -> Self {
        // Handles come with the sign that stands before them.
        let handle = snippet.custom_url.map(|url| url.trim_start_matches('@').to_owned());
        let username = handle.filter(|handle| !handle.is_empty());
        Self { external_id: id, name: snippet.title, username, variant: String::new(), scopes: None }
    }
}

/// Asks YouTube whose grant it is: the channel that was chosen at the consent.
async fn who(app: &App, grant: &Grant) -> Result<Identity, JobError> {
    let url = oauth::below(&app.config.youtube.api_base, "/youtube/v3/channels");
    let request =
        app.http.get(url).query(&[("part", "snippet"), ("mine", "true")]).bearer_auth(oauth::access_token(grant)?.expose());
    let answer = http::send(request, "own channel").await?;
    if !answer.is_success() {
        return Err(classify(&answer, "own channel", app.clock.now()));
    }
    let channels: Channels = answer.json("own channel")?;
    let none = || {
        failed(codes::CHANNEL_INFO_FAILED, "this Google account has no YouTube channel")
            .remedy("create a channel for the Google account, or log in with one that has a channel")
    };
    channels.items.into_iter().next().map(Identity::from).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorClass;
    use crate::platforms::connect::oauth::stand_in::{self, StandIn};
    use crate::secret::Secret;
    use serde_json::{Value, json};

    async fn finish(channels: Value) -> Result<Vec<Candidate>, JobError> {
        let scope = "https://www.googleapis.com/auth/youtube.upload https://www.googleapis.com/auth/youtube.readonly";
        let tokens = json!({"access_token":"ya29.1","refresh_token":"1//1","expires_in":3599,"scope":scope});
        let platform = StandIn::answering([stand_in::json(200, &tokens), stand_in::json(200, &channels)]).await;
        let app = platform.app(&[("YOUTUBE_CLIENT_ID", "the-id"), ("YOUTUBE_CLIENT_SECRET", "s3cret")]).await;
        let (callback, secret) = ("https://pressroom.example/callback".parse().unwrap(), Secret::new("the-verifier".to_owned()));
        let login = &Youtube::LOGINS[0];
        Youtube::finish(&app, &Finish { login, code: "c", token: "", secret: &secret, callback: &callback }).await
    }

    #[tokio::test]
    async fn a_login_gives_the_channel_and_an_account_without_one_says_so() {
        let found = finish(json!({"items":[{"id":"UC1","snippet":{"title":"Ada's films"}}]})).await.unwrap();
        let none = finish(json!({"kind":"youtube#channelListResponse"})).await.unwrap_err();

        let [Candidate { identity, granted, unusable: None }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((identity.external_id.as_str(), identity.name.as_str()), ("UC1", "Ada's films"));
        assert_eq!(granted.scopes.as_ref().unwrap().len(), 2);
        assert_eq!(granted.expires_at, Some(stand_in::NOW.0 + 3_599_000));
        assert_eq!((none.class, none.code), (ErrorClass::Rejected, "channel_info_failed"));
        assert!(none.remedy.contains("channel"));
    }

    #[tokio::test]
    async fn the_page_asks_for_a_refresh_token_every_time() {
        let app = StandIn::answering([""; 0]).await.app(&[("YOUTUBE_CLIENT_ID", "the-id")]).await;
        let callback = "https://pressroom.example/callback".parse().unwrap();

        let start = Start { login: &Youtube::LOGINS[0], state: "s", callback: &callback };
        let url = Youtube::start(&app, &start).await.unwrap().url;

        let query = url.query().unwrap();
        for wanted in ["access_type=offline", "prompt=consent", "include_granted_scopes=true", "code_challenge_method=S256"] {
            assert!(query.contains(wanted), "{query}");
        }
        assert_eq!(url.path(), "/o/oauth2/v2/auth");
    }

    #[test]
    fn a_refresh_token_stays_the_same() {
        let secret = || Secret::new("s".to_owned());

        assert_eq!(Youtube::renewal(&Grant::Bearer { access_token: secret(), renewal: Some(secret()) }), Renewal::Refresh);
        assert_eq!(Youtube::renewal(&Grant::Bearer { access_token: secret(), renewal: None }), Renewal::Never);
    }

    #[test]
    fn a_channel_is_named_by_its_title_and_its_handle() {
        let named = |channel| Identity::from(serde_json::from_value::<Channel>(channel).unwrap());
        let with = named(json!({"id":"UC1","snippet":{"title":"Ada's films","customUrl":"@ada"}}));
        let without = named(json!({"id":"UC1","snippet":{"title":"Ada's films"}}));

        assert_eq!((with.name.as_str(), with.username.as_deref()), ("Ada's films", Some("ada")));
        assert_eq!(without.username, None);
    }

    #[test]
    fn a_consent_without_the_upload_leaves_a_channel_that_can_not_be_used() {
        let granted = |scope: &str| unusable(Some(&[scope.to_owned()]));

        assert_eq!(granted("https://www.googleapis.com/auth/youtube.upload"), None);
        assert!(granted("https://www.googleapis.com/auth/youtube.readonly").is_some());
    }
}
