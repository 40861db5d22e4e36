use serde_json::{Value, json};

use super::*;
use crate::content::PlatformId;
use crate::error::ErrorClass;
use crate::ids::WorkspaceId;
use crate::platforms::connect::oauth::stand_in::{self, StandIn};
use crate::store::accounts::{self, NewAccount};

const APP: &[(&str, &str)] = &[("LINKEDIN_CLIENT_ID", "30"), ("LINKEDIN_CLIENT_SECRET", "the-app-secret-itself")];

const ORGANIZATION: &str = "urn:li:organization:5";

fn said(body: Value) -> String {
    stand_in::json(200, &body)
}

fn refused(status: u16, code: &str) -> String {
    stand_in::json(status, &json!({"status": status, "code": code, "message": "words"}))
}

fn tokens(scope: &str) -> String {
    said(json!({"access_token": "the-access-token", "expires_in": 5_184_000, "scope": scope}))
}

fn member() -> String {
    said(json!({"sub": "ada1", "name": "Ada"}))
}

fn role(role: &str) -> String {
    said(json!({"elements": [{"organization": ORGANIZATION, "role": role, "state": "APPROVED"}]}))
}

/// What LinkedIn tells of a token that was made so long ago.
fn made(seconds_ago: i64) -> String {
    let created_at = stand_in::NOW.unix_seconds() - seconds_ago;
    said(json!({"active": true, "status": "active", "scope": "openid,profile", "created_at": created_at}))
}

fn grant(renewal: Option<&str>) -> Grant {
    let secret = |token: &str| Secret::new(token.to_owned());
    Grant::Bearer { access_token: secret("the-access-token"), renewal: renewal.map(secret) }
}

async fn finish(answers: Vec<String>) -> Result<Vec<Candidate>, JobError> {
    let app = StandIn::answering(answers).await.app(APP).await;
    let (callback, secret) = ("https://pressroom.example/callback".parse().unwrap(), Secret::new(String::new()));
    let login = &Linkedin::LOGINS[0];
    Linkedin::finish(&app, &Finish { login, code: "c", token: "", secret: &secret, callback: &callback }).await
}

async fn verify(answers: Vec<String>, id: &str) -> Result<Identity, JobError> {
    let app = StandIn::answering(answers).await.app(APP).await;
    Linkedin::verify(&app, &grant(None), (id, "")).await
}

fn account(renewal_expires_at: Option<Timestamp>) -> account::Model {
    let new = NewAccount {
        workspace: WorkspaceId::generate(),
        platform: PlatformId::Linkedin,
        external_id: "urn:li:person:ada1".to_owned(),
        name: "Ada".to_owned(),
        username: None,
        variant: "person".to_owned(),
    };
    account::Model { renewal_expires_at, ..accounts::new_row(new, stand_in::NOW) }
}

#[tokio::test]
async fn a_login_gives_the_member_and_the_organisations() {
    let scope = "openid,profile,rw_organization_admin";
    let organization = said(json!({"id": 5, "localizedName": "Acme", "vanityName": "acme"}));

    let candidates = finish(vec![tokens(scope), member(), role("ADMINISTRATOR"), organization]).await.unwrap();

    let [member, organization] = &candidates[..] else { panic!("two: {candidates:?}") };
    assert_eq!((member.identity.external_id.as_str(), member.identity.variant.as_str()), ("urn:li:person:ada1", "person"));
    assert_eq!((organization.identity.external_id.as_str(), organization.identity.name.as_str()), (ORGANIZATION, "Acme"));
    assert_eq!((organization.identity.variant.as_str(), &organization.unusable), ("organization", &None));
    assert_eq!(organization.granted, member.granted);
    assert_eq!(member.granted.expires_at, Some(stand_in::NOW.0 + 5_184_000_000));
}

#[tokio::test]
async fn an_organisation_whose_role_does_not_post_is_shown_and_one_that_can_not_be_read_keeps_its_number() {
    let scope = "openid rw_organization_admin";
    let candidates = finish(vec![tokens(scope), member(), role("ANALYST"), refused(403, "ACCESS_DENIED")]).await.unwrap();

    assert!(candidates[1].unusable.as_deref().is_some_and(|why| why.contains("ADMINISTRATOR")));
    assert_eq!(candidates[1].identity.name, "organisation 5");
}

#[tokio::test]
async fn an_app_without_organisations_still_connects_the_member() {
    let unasked = finish(vec![tokens("openid profile w_member_social"), member()]).await.unwrap();
    let refused = finish(vec![tokens("rw_organization_admin"), member(), refused(403, "ACCESS_DENIED")]).await.unwrap();

    assert_eq!((unasked.len(), refused.len()), (1, 1));
}

#[tokio::test]
async fn a_member_who_can_not_be_read_is_not_connected() {
    let error = finish(vec![tokens("openid"), refused(403, "ACCESS_DENIED")]).await.unwrap_err();

    assert_eq!((error.class, error.code), (ErrorClass::Rejected, codes::USER_INFO_FAILED));
}

#[tokio::test]
async fn an_organisation_has_to_be_administered_still() {
    let organization = said(json!({"localizedName": "Acme"}));
    let kept = verify(vec![made(60), member(), role("CONTENT_ADMINISTRATOR"), organization], ORGANIZATION).await.unwrap();
    let lost = verify(vec![made(60), member(), role("ANALYST")], ORGANIZATION).await.unwrap_err();
    let hidden = verify(vec![made(60), member(), refused(403, "ACCESS_DENIED")], ORGANIZATION).await.unwrap_err();

    assert_eq!((kept.external_id.as_str(), kept.scopes.unwrap().len()), (ORGANIZATION, 2));
    assert_eq!((lost.class, lost.code), (ErrorClass::AuthRevoked, "permission_missing"));
    assert_eq!((hidden.class, hidden.code), (ErrorClass::Rejected, "identity_unreadable"));
}

#[tokio::test]
async fn a_new_token_that_is_called_revoked_is_not_dead() {
    let called_revoked = || refused(401, "REVOKED_ACCESS_TOKEN");
    let unknown = stand_in::answer(404, "", "");

    let fresh = verify(vec![made(29), called_revoked()], "").await.unwrap_err();
    let of_unknown_age = verify(vec![unknown, called_revoked()], "").await.unwrap_err();
    let old = verify(vec![made(31), called_revoked()], "").await.unwrap_err();

    assert_eq!((fresh.class, fresh.code), (ErrorClass::Transient, "token_not_ready"));
    assert_eq!(of_unknown_age.class, ErrorClass::Transient);
    assert_eq!(old.class, ErrorClass::AuthRevoked);
}

#[tokio::test]
async fn a_renewal_keeps_the_refresh_token_and_its_end() {
    let answer = said(json!({
        "access_token": "new", "expires_in": 5_184_000, "refresh_token": "r", "refresh_token_expires_in": 31_536_000,
    }));
    let app = StandIn::answering([answer]).await.app(APP).await;
    let end = stand_in::NOW.plus(Duration::from_secs(306 * 86_400));

    let renewed = Linkedin::renew(&app, &account(Some(end)), &grant(Some("r"))).await.unwrap();

    assert_eq!(renewed.renewal_expires_at, Some(end.0));
    assert_eq!(renewed.expires_at, Some(stand_in::NOW.0 + 5_184_000_000));
    assert_eq!(Linkedin::renewal(&renewed.grant), Renewal::Refresh);
}

#[tokio::test]
async fn only_a_refused_refresh_token_is_dead() {
    use ErrorClass::{AuthRevoked, Rejected, Transient};
    let oauth =
        |status, word: &str| stand_in::json(status, &json!({"error": word, "error_description": "the-refresh-token-itself"}));
    let cases = [
        (oauth(400, "invalid_grant"), AuthRevoked, "grant_dead"),
        (oauth(401, "invalid_client"), Rejected, "platform_app_refused"),
        (stand_in::answer(503, "", ""), Transient, "platform_unavailable"),
    ];
    for (answer, class, code) in cases {
        let app = StandIn::answering([answer.clone()]).await.app(APP).await;

        let error = Linkedin::renew(&app, &account(None), &grant(Some("the-refresh-token-itself"))).await.unwrap_err();

        assert_eq!((error.class, error.code), (class, code), "{answer}");
        assert!(!format!("{error:?}").contains("the-refresh-token-itself"), "{error:?}");
    }
}

#[tokio::test]
async fn tokens_are_forgotten_where_nothing_ends_them() {
    let ended = StandIn::answering([said(json!({})), said(json!({}))]).await;
    let unknown = StandIn::answering([stand_in::answer(404, "", "")]).await;
    let away = StandIn::answering([stand_in::answer(503, "", "")]).await;
    let grant = grant(Some("r"));

    for (platform, done, calls) in [(ended, true, 2), (unknown, true, 1), (away, false, 1)] {
        let app = platform.app(APP).await;
        let revoked = Linkedin::revoke(&app, &account(None), &grant).await;

        assert_eq!((revoked.is_ok(), platform.asked().len()), (done, calls));
    }
}

#[test]
fn only_a_refresh_token_renews_a_grant() {
    let bearer = |renewal: Option<&str>| Grant::Bearer {
        access_token: Secret::new("a".to_owned()),
        renewal: renewal.map(|renewal| Secret::new(renewal.to_owned())),
    };

    assert_eq!(Linkedin::renewal(&bearer(Some("r"))), Renewal::Refresh);
    assert_eq!(Linkedin::renewal(&bearer(None)), Renewal::Never);
}

#[test]
fn the_life_of_a_refresh_token_never_grows() {
    assert_eq!(earlier(Some(365), Some(306)), Some(306));
    assert_eq!(earlier(Some(306), Some(365)), Some(306));
    assert_eq!(earlier(None, Some(306)), Some(306));
    assert_eq!(earlier(Some(365), None), Some(365));
}

#[test]
fn scopes_are_told_with_commas_or_spaces() {
    let told = |scope: &str| Introspected { scope: Some(scope.to_owned()), created_at: None }.scopes();

    assert_eq!(told("openid,profile").unwrap(), ["openid", "profile"]);
    assert_eq!(told("openid profile").unwrap(), ["openid", "profile"]);
    assert_eq!(told(""), None);
}
