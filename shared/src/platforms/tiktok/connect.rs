//! How accounts on TikTok are connected, kept and let go. The access token lives two hours, the refresh token 180 days; it
//! dies with its use, and a new one comes with each answer.

use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

use super::Tiktok;
use super::errors::{classify, is_error};
use crate::app::App;
use crate::clients::http;
use crate::entity::account;
use crate::error::{ErrorClass, JobError};
use crate::platforms::connect::oauth::{self, AppAuth, Consent, Pkce, TokenEndpoint};
use crate::platforms::connect::{Candidate, Connect, Finish, Granted, Identity, Login, Renewal, Start, Started, codes, failed};
use crate::platforms::{Grant, Platform};

/// The scope without which TikTok does not tell the name in links.
const PROFILE: &str = "user.info.profile";

/// The scopes of which a post needs one: to publish, or to leave a draft in the inbox.
const POSTING: [&str; 2] = ["video.publish", "video.upload"];

impl Connect for Tiktok {
    const LOGINS: &'static [Login] = &[Login {
        variant: "",
        scopes: <Tiktok as Platform>::RULES.scopes,
        settings: &["TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET"],
    }];

    /// A quarter of the access token's two hours: some posts take an hour to upload.
    const RENEW_AHEAD: Duration = Duration::from_secs(30 * 60);

    fn renewal(grant: &Grant) -> Renewal {
        match grant {
            Grant::Bearer { renewal: Some(_), .. } => Renewal::Rotate,
            Grant::Bearer { renewal: None, .. } | Grant::Oauth1 { .. } => Renewal::Never,
        }
    }

    async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
        let page = oauth::below(&app.config.tiktok.web_base, "/v2/auth/authorize/");
        let pkce = if is_desktop(start.callback) { Pkce::S256Hex } else { Pkce::None };
        let client_key = &app.config.tiktok.client_key;
        let consent = Consent { id_name: "client_key", separator: ",", pkce, ..Consent::new(page, client_key, start) };
        oauth::authorize_url(start, &consent)
    }

    async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
        let asked_at = app.clock.now();
        let endpoint = endpoint(app, "/v2/oauth/token/");
        let verifier = Some(finish.secret.expose().as_str());
        let tokens = oauth::exchange(app, &endpoint, finish.code, finish.callback, verifier).await?;
        let open_id = tokens.text("open_id");
        let granted = tokens.granted(asked_at);
        let identity = who(app, &granted.grant, granted.scopes.as_deref()).await;
        let identity = identity.map_err(|error| oauth::not_identified(codes::USER_INFO_FAILED, error))?;
        if open_id.is_some_and(|open_id| open_id != identity.external_id) {
            return Err(failed(codes::USER_INFO_FAILED, "TikTok's token and TikTok's user info name different accounts"));
        }
        let unusable = unusable(granted.scopes.as_deref());
        Ok(vec![Candidate { identity, granted, unusable }])
    }

    async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
        let used = oauth::renewal_token(account, grant)?;
        let asked_at = app.clock.now();
        let tokens = oauth::refresh(app, &endpoint(app, "/v2/oauth/token/"), used).await?;
        if tokens.text("open_id").is_some_and(|open_id| open_id != account.external_id) {
            let message = format!("TikTok renewed the grant of account `{}` for another account", account.id);
            return Err(JobError::new(ErrorClass::AuthRevoked, "grant_of_another_account", message));
        }
        Ok(tokens.renewed(asked_at, account, used))
    }

    async fn verify(app: &App, grant: &Grant, _hint: (&str, &str)) -> Result<Identity, JobError> {
        match who(app, grant, None).await {
            // The person gave no right to the profile: the rest can still be told.
            Err(error) if error.code == "permission_missing" => who(app, grant, Some(&[])).await,
            told => told,
        }
    }

    async fn revoke(app: &App, _account: &account::Model, grant: &Grant) -> Result<(), JobError> {
        let token = oauth::access_token(grant)?;
        let endpoint = endpoint(app, "/v2/oauth/revoke/");
        let request = endpoint.post(app, &[("token", token.expose().as_str())]);
        oauth::revoke(app, request, endpoint.platform, token).await
    }
}

/// Desktop apps are called back on a port of the person's own machine, and only they take part in PKCE.
fn is_desktop(callback: &Url) -> bool {
    let is_local = match callback.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        _ => false,
    };
    is_local && callback.port().is_some()
}

/// People may untick scopes one by one. Without any of those to post, nothing can be published.
fn unusable(scopes: Option<&[String]>) -> Option<String> {
    let may_post = scopes?.iter().any(|scope| POSTING.contains(&scope.as_str()));
    (!may_post).then(|| "the right to post was not granted on TikTok's page".to_owned())
}

fn endpoint<'a>(app: &'a App, path: &str) -> TokenEndpoint<'a> {
    let settings = &app.config.tiktok;
    TokenEndpoint {
        url: oauth::below(&settings.api_base, path),
        client_id: &settings.client_key,
        client_secret: &settings.client_secret,
        auth: AppAuth::BodyAsKey,
        platform: "TikTok",
    }
}

#[derive(Deserialize)]
struct UserInfo {
    data: UserData,
}

#[derive(Deserialize)]
struct UserData {
    user: User,
}

/// A user of TikTok; `username` comes only with its scope.
#[derive(Deserialize)]
struct User {
    open_id: String,
    #[serde(default)]
    display_name: String,
    username: Option<String>,
}

impl From<User> for Identity {
    fn from(user: User) -> Self {
        let username = user.username.filter(|username| !username.is_empty());
        let mut names = [Some(user.display_name), username.clone()].into_iter().flatten();
        let name = names.find(|name| !name.is_empty()).unwrap_or_else(|| user.open_id.clone());
        Self { external_id: user.open_id, name, username, variant: String::new(), scopes: None }
    }
}

/// Asks TikTok whose grant it is, for as much as `scopes` allow; unknown ones may allow everything.
async fn who(app: &App, grant: &Grant, scopes: Option<&[String]>) -> Result<Identity, JobError> {
    let with_profile = scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope == PROFILE));
    let fields = if with_profile { "open_id,display_name,username" } else { "open_id,display_name" };
    let url = oauth::below(&app.config.tiktok.api_base, "/v2/user/info/");
    let request = app.http.get(url).query(&[("fields", fields)]).bearer_auth(oauth::access_token(grant)?.expose());
    let answer = http::send(request, "user info").await?;
    if is_error(&answer) {
        return Err(classify(&answer, "user info", app.clock.now()));
    }
    Ok(answer.json::<UserInfo>("user info")?.data.user.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::PlatformId;
    use crate::platforms::connect::oauth::stand_in::{self, StandIn};
    use crate::secret::Secret;
    use crate::store::accounts::{NewAccount, new_row};
    use serde_json::{Value, json};

    const APP: [(&str, &str); 2] = [("TIKTOK_CLIENT_KEY", "the-key"), ("TIKTOK_CLIENT_SECRET", "s3cret")];

    fn tokens(open_id: &str, scope: &str) -> String {
        let body = json!({"access_token":"act.1","refresh_token":"rft.1","expires_in":7200,"refresh_expires_in":86400,
            "open_id":open_id,"scope":scope,"token_type":"Bearer"});
        stand_in::json(200, &body)
    }

    fn user(user: Value) -> String {
        stand_in::json(200, &json!({"data":{"user":user},"error":{"code":"ok","message":"","log_id":"1"}}))
    }

    async fn finish(platform: &StandIn) -> Result<Vec<Candidate>, JobError> {
        let app = platform.app(&APP).await;
        let (callback, secret) = ("http://localhost:3000/callback".parse().unwrap(), Secret::new("the-verifier".to_owned()));
        let login = &Tiktok::LOGINS[0];
        Tiktok::finish(&app, &Finish { login, code: "c", token: "", secret: &secret, callback: &callback }).await
    }

    #[tokio::test]
    async fn a_login_gives_the_user_with_the_lives_of_both_tokens() {
        let granted = tokens("o1", "user.info.basic,user.info.profile,video.publish");
        let platform = StandIn::answering([granted, user(json!({"open_id":"o1","display_name":"Ada","username":"ada"}))]).await;

        let found = finish(&platform).await.unwrap();

        let [Candidate { identity, granted, unusable: None }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((identity.external_id.as_str(), identity.username.as_deref()), ("o1", Some("ada")));
        assert_eq!(granted.scopes.as_ref().unwrap().len(), 3);
        assert_eq!(granted.expires_at, Some(stand_in::NOW.0 + 7_200_000));
        assert_eq!(granted.renewal_expires_at, Some(stand_in::NOW.0 + 86_400_000));
        assert_eq!(Tiktok::renewal(&granted.grant), Renewal::Rotate);
        let asked = platform.asked();
        assert!(asked[0].starts_with("POST /v2/oauth/token/ ") && asked[0].contains("code_verifier=the-verifier"), "{asked:?}");
        assert!(asked[1].starts_with("GET /v2/user/info/?fields=open_id%2Cdisplay_name%2Cusername "), "{asked:?}");
    }

    #[tokio::test]
    async fn what_the_person_unticked_is_not_asked_for() {
        let platform = StandIn::answering([tokens("o1", "user.info.basic"), user(json!({"open_id":"o1"}))]).await;

        let found = finish(&platform).await.unwrap();

        assert!(found[0].unusable.is_some());
        assert!(platform.asked()[1].starts_with("GET /v2/user/info/?fields=open_id%2Cdisplay_name "));
    }

    #[tokio::test]
    async fn a_token_of_somebody_else_is_not_taken() {
        let platform = StandIn::answering([tokens("o2", "video.publish"), user(json!({"open_id":"o1"})), tokens("o2", "")]).await;
        let new = NewAccount {
            workspace: crate::ids::WorkspaceId::generate(),
            platform: PlatformId::Tiktok,
            external_id: "o1".to_owned(),
            name: "Ada".to_owned(),
            username: None,
            variant: String::new(),
        };
        let secret = || Secret::new("s".to_owned());
        let grant = Grant::Bearer { access_token: secret(), renewal: Some(secret()) };
        let app = platform.app(&APP).await;

        let login = finish(&platform).await.unwrap_err();
        let renewal = Tiktok::renew(&app, &new_row(new, stand_in::NOW), &grant).await.unwrap_err();

        assert_eq!((login.class, login.code), (ErrorClass::Rejected, "user_info_failed"));
        assert_eq!((renewal.class, renewal.code), (ErrorClass::AuthRevoked, "grant_of_another_account"));
    }

    #[test]
    fn only_a_callback_on_a_port_of_ones_own_machine_takes_part_in_pkce() {
        let cases = [
            ("http://localhost:3000/callback", true),
            ("http://127.0.0.1:8080/callback", true),
            ("http://localhost/callback", false),
            ("https://pressroom.example/callback", false),
            ("https://localhost.example:8443/callback", false),
        ];
        for (callback, desktop) in cases {
            assert_eq!(is_desktop(&callback.parse().unwrap()), desktop, "{callback}");
        }
    }

    #[test]
    fn unticked_scopes_leave_an_account_that_can_post_or_say_that_it_can_not() {
        let granted = |scopes: &[&str]| unusable(Some(&scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>()));

        assert_eq!(granted(&["user.info.basic", "video.upload"]), None);
        assert!(granted(&["user.info.basic", "video.list"]).is_some());
        assert_eq!(unusable(None), None);
    }

    #[test]
    fn a_user_is_named_by_whatever_was_told() {
        let named = |user| Identity::from(serde_json::from_value::<User>(user).unwrap());
        let full = named(json!({"open_id":"o1","display_name":"Ada","username":"ada"}));
        let bare = named(json!({"open_id":"o1"}));

        assert_eq!((full.name.as_str(), full.username.as_deref()), ("Ada", Some("ada")));
        assert_eq!((bare.name.as_str(), bare.username), ("o1", None));
    }
}
