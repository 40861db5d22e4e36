use serde_json::json;

use super::*;
use crate::content::PlatformId;
use crate::ids::WorkspaceId;
use crate::platforms::connect::Connect;
use crate::platforms::connect::oauth::stand_in::{self, StandIn};
use crate::platforms::instagram::Instagram;
use crate::store::accounts::{self, NewAccount};

const APP: &[(&str, &str)] = &[("INSTAGRAM_APP_ID", "20"), ("INSTAGRAM_APP_SECRET", "the-app-secret-itself")];

async fn finish(answers: &[Value]) -> Result<Vec<Candidate>, JobError> {
    let platform = StandIn::answering(answers.iter().map(|answer| stand_in::json(200, answer))).await;
    let app = platform.app(APP).await;
    let (callback, secret) = ("https://pressroom.example/callback".parse().unwrap(), Secret::new(String::new()));
    let login = &Instagram::LOGINS[0];
    Instagram::finish(&app, &Finish { login, code: "c#_", token: "", secret: &secret, callback: &callback }).await
}

async fn renew(answer: String, age: Duration) -> Result<Granted, JobError> {
    let app = StandIn::answering([answer]).await.app(APP).await;
    let new = NewAccount {
        workspace: WorkspaceId::generate(),
        platform: PlatformId::Instagram,
        external_id: "1784".to_owned(),
        name: "A".to_owned(),
        username: None,
        variant: INSTAGRAM_LOGIN.to_owned(),
    };
    let token = || Secret::new("the-old-token-itself".to_owned());
    let grant = Grant::Bearer { access_token: token(), renewal: Some(token()) };
    Instagram::renew(&app, &accounts::new_row(new, stand_in::NOW.minus(age)), &grant).await
}

#[tokio::test]
async fn a_login_gives_the_one_account_in_either_form_of_the_answer() {
    let bare = json!({"access_token": "short", "user_id": 17_841_400_000_000_001_i64, "permissions": ["a", "b"]});
    let wrapped = json!({"data": [{"access_token": "short", "user_id": "26", "permissions": "a,b"}]});
    let lasting = json!({"access_token": "lasting", "token_type": "bearer", "expires_in": 5_184_000});
    let me = json!({"user_id": "1784", "username": "ada", "account_type": "BUSINESS"});

    for short in [bare, wrapped] {
        let candidates = finish(&[short.clone(), lasting.clone(), me.clone()]).await.unwrap();

        let [only] = &candidates[..] else { panic!("one account: {candidates:?}") };
        assert_eq!(only.identity.external_id, "1784", "{short}");
        assert_eq!(only.granted.scopes.as_deref().unwrap(), ["a", "b"], "{short}");
        assert_eq!(only.granted.expires_at, Some(stand_in::NOW.0 + 5_184_000_000));
        assert_eq!(access_token(&only.granted.grant).unwrap().expose(), "lasting");
    }
}

#[tokio::test]
async fn a_personal_account_and_a_nameless_one_say_so() {
    let tokens = json!({"access_token": "a-token"});
    let cases = [
        (json!({"user_id": "1", "account_type": "PERSONAL"}), codes::NO_INSTAGRAM_ACCOUNT),
        (json!({"username": "ada"}), codes::USER_INFO_FAILED),
    ];
    for (me, code) in cases {
        assert_eq!(finish(&[tokens.clone(), tokens.clone(), me]).await.unwrap_err().code, code);
    }
}

#[tokio::test]
async fn a_token_is_renewed_by_itself_and_waits_when_it_is_too_young() {
    let day = Duration::from_secs(86_400);
    let renewed = || stand_in::json(200, &json!({"access_token": "new", "expires_in": 5_184_000, "permissions": "a,b"}));

    let words = json!({"error": {"message": "must be at least 24 hours old", "code": 100}});
    let young = renew(stand_in::json(400, &words), day - Duration::from_secs(1)).await.unwrap_err();
    let granted = renew(renewed(), day).await.unwrap();

    assert_eq!((young.class, young.retry_at), (ErrorClass::Transient, Some(stand_in::NOW.plus(Duration::from_secs(1)))));
    assert_eq!(renewal_of(&granted), Some("new"));
    assert_eq!((granted.renewal_expires_at, granted.scopes.unwrap().len()), (Some(stand_in::NOW.0 + 5_184_000_000), 2));
}

fn renewal_of(granted: &Granted) -> Option<&str> {
    match &granted.grant {
        Grant::Bearer { renewal, .. } => renewal.as_ref().map(|token| token.expose().as_str()),
        Grant::Oauth1 { .. } => None,
    }
}

#[tokio::test]
async fn only_a_refused_token_is_dead() {
    use ErrorClass::{AuthRevoked, Rejected, Transient};
    let refused = |code: i64, subcode: i64| {
        let words = "Malformed access token the-old-token-itself";
        stand_in::json(400, &json!({"error": {"message": words, "code": code, "error_subcode": subcode}}))
    };
    let cases = [
        (refused(190, 463), AuthRevoked, "grant_dead"),
        (refused(190, 0), AuthRevoked, "grant_dead"),
        (refused(10, 0), AuthRevoked, "grant_dead"),
        (refused(100, 0), Rejected, "platform_app_refused"),
        (refused(2, 0), Transient, "platform_unavailable"),
        (stand_in::HANGS_UP.to_owned(), Transient, "platform_unavailable"),
    ];
    for (answer, class, code) in cases {
        let error = renew(answer.clone(), Duration::from_secs(90_000)).await.unwrap_err();

        assert_eq!((error.class, error.code), (class, code), "{answer}");
        assert!(!format!("{error:?}").contains("the-old-token"), "{error:?}");
    }
}

#[test]
fn an_account_is_read_bare_or_in_a_list_with_its_id_as_text_or_number() {
    let bare = json!({"user_id": "17841400000000001", "username": "ada", "name": "", "account_type": "BUSINESS", "id": "26"});
    let number = json!({"user_id": 17_841_400_000_000_001_i64, "username": "ada", "id": "26"});

    for told in [bare.clone(), json!({ "data": [bare] }), number.clone(), json!({ "data": [number] })] {
        let identity = serde_json::from_value::<Told>(told.clone()).unwrap().me().identity().unwrap();

        assert_eq!(identity.external_id, "17841400000000001", "{told}");
        assert_eq!((identity.name.as_str(), identity.variant.as_str()), ("ada", "instagram"), "{told}");
    }
}

#[test]
fn an_answer_without_the_account_s_own_id_names_nobody() {
    for told in [json!({"id": "26", "username": "ada"}), json!({"data": []}), json!({"user_id": ""})] {
        assert_eq!(serde_json::from_value::<Told>(told.clone()).unwrap().me().identity(), None, "{told}");
    }
}

#[test]
fn only_personal_accounts_are_turned_away() {
    for (account_type, personal) in [("PERSONAL", true), ("BUSINESS", false), ("MEDIA_CREATOR", false)] {
        let told: Told = serde_json::from_value(json!({"user_id": "1", "account_type": account_type})).unwrap();

        assert_eq!(told.me().is_personal(), personal, "{account_type}");
    }
}

#[test]
fn permissions_are_read_as_a_list_and_as_text() {
    for told in [json!(["a", "b"]), json!("a,b"), json!("a b")] {
        assert_eq!(permissions(&told).unwrap(), ["a", "b"], "{told}");
    }
    assert_eq!(permissions(&Value::Null), None);
}

#[test]
fn the_mark_after_a_code_is_dropped() {
    assert_eq!(code("AQB_x_#_"), "AQB_x_");
    assert_eq!(code("AQB_x_"), "AQB_x_");
}
