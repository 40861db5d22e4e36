//! How accounts on X are connected, kept and let go.
//!
//! Two logins. With OAuth 2 the access token lives two hours, and the refresh token dies with its use. With OAuth 1.0a, in
//! `oauth1`, the token has no end. Which one an account came by shows in its grant.

mod oauth1;

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;

use super::errors::{Asked, classify};
use super::{Envelope, X};
use crate::app::App;
use crate::clients::http::{self, Answer};
use crate::entity::account;
use crate::error::JobError;
use crate::platforms::connect::oauth::{self, AppAuth, Consent, Pkce, TokenEndpoint};
use crate::platforms::connect::{Candidate, Connect, Finish, Granted, Identity, Login, Renewal, Start, Started, codes};
use crate::platforms::{Grant, Platform};

/// The name of the OAuth 1.0a login.
const OAUTH1: &str = "oauth1";

impl Connect for X {
    const LOGINS: &'static [Login] = &[
        Login { variant: "", scopes: <X as Platform>::RULES.scopes, settings: &["X_CLIENT_ID"] },
        // The app's permissions at X stand for scopes.
        Login { variant: OAUTH1, scopes: &[], settings: &["X_CONSUMER_KEY", "X_CONSUMER_SECRET"] },
    ];

    /// An eighth of the access token's two hours.
    const RENEW_AHEAD: Duration = Duration::from_secs(15 * 60);

    fn renewal(grant: &Grant) -> Renewal {
        match grant {
            Grant::Bearer { renewal: Some(_), .. } => Renewal::Rotate,
            Grant::Bearer { renewal: None, .. } | Grant::Oauth1 { .. } => Renewal::Never,
        }
    }

    async fn start(app: &App, start: &Start<'_>) -> Result<Started, JobError> {
        if start.login.variant == OAUTH1 {
            return oauth1::start(app, start).await;
        }
        let page = oauth::below(&app.config.x.authorize_base, "/i/oauth2/authorize");
        let consent = Consent { pkce: Pkce::S256, ..Consent::new(page, &app.config.x.client_id, start) };
        oauth::authorize_url(start, &consent)
    }

    async fn finish(app: &App, finish: &Finish<'_>) -> Result<Vec<Candidate>, JobError> {
        if finish.login.variant == OAUTH1 {
            return oauth1::finish(app, finish).await;
        }
        let asked_at = app.clock.now();
        let verifier = Some(finish.secret.expose().as_str());
        let tokens = oauth::exchange(app, &endpoint(app, "/2/oauth2/token"), finish.code, finish.callback, verifier).await?;
        let granted = tokens.granted(asked_at);
        let identity = who(app, &granted.grant).await.map_err(|error| oauth::not_identified(codes::USER_INFO_FAILED, error))?;
        Ok(vec![Candidate { identity, granted, unusable: None }])
    }

    async fn renew(app: &App, account: &account::Model, grant: &Grant) -> Result<Granted, JobError> {
        let used = oauth::renewal_token(account, grant)?;
        let asked_at = app.clock.now();
        let tokens = oauth::refresh(app, &endpoint(app, "/2/oauth2/token"), used).await?;
        Ok(tokens.renewed(asked_at, account, used))
    }

    async fn verify(app: &App, grant: &Grant, _hint: (&str, &str)) -> Result<Identity, JobError> {
        who(app, grant).await
    }

    async fn revoke(app: &App, _account: &account::Model, grant: &Grant) -> Result<(), JobError> {
        let Grant::Bearer { access_token, renewal } = grant else { return oauth1::invalidate(app, grant).await };
        let endpoint = endpoint(app, "/2/oauth2/revoke");
        // What could make a new access token goes first.
        let tokens = renewal.iter().map(|token| (token, "refresh_token")).chain([(access_token, "access_token")]);
        for (token, hint) in tokens {
            let form = [("token", token.expose().as_str()), ("token_type_hint", hint)];
            oauth::revoke(app, endpoint.post(app, &form), endpoint.platform, token).await?;
        }
        Ok(())
    }
}

fn endpoint<'a>(app: &'a App, path: &str) -> TokenEndpoint<'a> {
    let settings = &app.config.x;
    TokenEndpoint {
        url: oauth::below(&settings.api_base, path),
        client_id: &settings.client_id,
        client_secret: &settings.client_secret,
        auth: AppAuth::Basic,
        platform: "X",
    }
}

/// A user of X.
#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
    username: String,
}

impl From<User> for Identity {
    fn from(user: User) -> Self {
        let User { id, name, username } = user;
        Self { external_id: id, name, username: Some(username), variant: String::new(), scopes: None }
    }
}

/// Asks X whose grant it is.
async fn who(app: &App, grant: &Grant) -> Result<Identity, JobError> {
    let url = oauth::below(&app.config.x.api_base, "/2/users/me");
    let request = match grant {
        Grant::Bearer { access_token, .. } => app.http.get(url).bearer_auth(access_token.expose()),
        Grant::Oauth1 { token, token_secret } => oauth1::signed(app, Method::GET, url, |builder| {
            builder.token(oauth1::credentials(token, token_secret));
        }),
    };
    let answer = send(app, request, "who am I").await?;
    Ok(answer.json::<Envelope<User>>("who am I")?.data.into())
}

/// Sends a call that is about an account; whatever is no success comes back classified.
async fn send(app: &App, request: reqwest::RequestBuilder, what: &str) -> Result<Answer, JobError> {
    let answer = http::send(request, what).await?;
    if answer.is_success() { Ok(answer) } else { Err(classify(&answer, Asked { what, on_media: false }, app.clock.now())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::PlatformId;
    use crate::error::ErrorClass;
    use crate::platforms::connect::oauth::stand_in::{self, HANGS_UP, StandIn};
    use crate::secret::Secret;
    use crate::store::accounts::{NewAccount, new_row};
    use serde_json::json;

    fn account() -> account::Model {
        let new = NewAccount {
            workspace: crate::ids::WorkspaceId::generate(),
            platform: PlatformId::X,
            external_id: "12".to_owned(),
            name: "Ada".to_owned(),
            username: None,
            variant: String::new(),
        };
        new_row(new, stand_in::NOW)
    }

    fn finish<'a>(secret: &'a Secret<String>, callback: &'a reqwest::Url) -> Finish<'a> {
        Finish { login: &X::LOGINS[0], code: "c", token: "", secret, callback }
    }

    #[tokio::test]
    async fn a_login_gives_the_user_and_who_can_not_be_named_is_not_connected() {
        let tokens = stand_in::json(200, &json!({"access_token":"a","refresh_token":"r","expires_in":7200,"scope":"tweet.read"}));
        let user = stand_in::json(200, &json!({"data":{"id":"12","name":"Ada","username":"ada"}}));
        let refused = stand_in::json(403, &json!({"detail":"not permitted"}));
        let platform = StandIn::answering([tokens.clone(), user, tokens, refused]).await;
        let app = platform.app(&[("X_CLIENT_ID", "the-id")]).await;
        let (secret, callback) = (Secret::new("v".to_owned()), "https://pressroom.example/callback".parse().unwrap());

        let found = X::finish(&app, &finish(&secret, &callback)).await.unwrap();
        let unnamed = X::finish(&app, &finish(&secret, &callback)).await.unwrap_err();

        let [Candidate { identity, granted, unusable: None }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((identity.external_id.as_str(), identity.username.as_deref()), ("12", Some("ada")));
        assert_eq!((granted.expires_at, granted.renewal_expires_at), (Some(stand_in::NOW.0 + 7_200_000), None));
        assert_eq!((unnamed.class, unnamed.code), (ErrorClass::Rejected, "user_info_failed"));
    }

    #[tokio::test]
    async fn a_renewal_replaces_both_tokens_and_says_when_its_answer_was_lost() {
        let tokens = stand_in::json(200, &json!({"access_token":"a2","refresh_token":"r2","expires_in":7200}));
        let dead = json!({"error":"invalid_request","error_description":"Value passed for the token was invalid."});
        let platform = StandIn::answering([tokens, stand_in::json(400, &dead), HANGS_UP.to_owned()]).await;
        let app = platform.app(&[("X_CLIENT_ID", "the-id")]).await;
        let token = |text: &str| Secret::new(text.to_owned());
        let grant = Grant::Bearer { access_token: token("a1"), renewal: Some(token("r1")) };

        let renewed = X::renew(&app, &account(), &grant).await.unwrap();
        let dead = X::renew(&app, &account(), &grant).await.unwrap_err();
        let lost = X::renew(&app, &account(), &grant).await.unwrap_err();

        assert_eq!(renewed.grant, Grant::Bearer { access_token: token("a2"), renewal: Some(token("r2")) });
        assert_eq!((dead.class, dead.code), (ErrorClass::AuthRevoked, "grant_dead"));
        assert_eq!((lost.class, lost.code), (ErrorClass::Transient, "refresh_answer_lost"));
    }

    #[tokio::test]
    async fn both_tokens_are_revoked() {
        let done = stand_in::json(200, &json!({"revoked":true}));
        let platform = StandIn::answering([done.clone(), done]).await;
        let app = platform.app(&[("X_CLIENT_ID", "the-id")]).await;
        let token = |text: &str| Secret::new(text.to_owned());

        let grant = Grant::Bearer { access_token: token("a1"), renewal: Some(token("r1")) };
        X::revoke(&app, &account(), &grant).await.unwrap();

        let asked = platform.asked();
        assert!(asked[0].ends_with("token=r1&token_type_hint=refresh_token&client_id=the-id"), "{asked:?}");
        assert!(asked[1].ends_with("token=a1&token_type_hint=access_token&client_id=the-id"), "{asked:?}");
    }

    #[test]
    fn only_a_grant_with_a_refresh_token_is_renewed_and_that_one_dies_with_its_use() {
        let secret = || Secret::new("s".to_owned());
        let bearer = |renewal| Grant::Bearer { access_token: secret(), renewal };

        assert_eq!(X::renewal(&bearer(Some(secret()))), Renewal::Rotate);
        assert_eq!(X::renewal(&bearer(None)), Renewal::Never);
        assert_eq!(X::renewal(&Grant::Oauth1 { token: secret(), token_secret: secret() }), Renewal::Never);
    }

    #[test]
    fn the_login_asks_for_all_that_publishing_needs() {
        let scopes = X::LOGINS[0].scopes;

        assert_eq!(scopes, ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"]);
    }
}
