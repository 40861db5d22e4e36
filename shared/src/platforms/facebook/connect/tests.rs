use serde_json::{Value, json};

use super::graph::app_refused;
use super::pages::Page;
use super::person::{Inspected, Person};
use super::*;
use crate::content::PlatformId;
use crate::ids::WorkspaceId;
use crate::platforms::connect::oauth::stand_in::{self, StandIn};
use crate::platforms::facebook::wire;
use crate::secret::Secret;
use crate::store::accounts::{self, NewAccount};

fn page(of: Value) -> Page {
    serde_json::from_value(of).unwrap()
}

fn inspected(of: Value) -> Inspected {
    serde_json::from_value(of).unwrap()
}

#[test]
fn a_page_is_usable_by_those_who_may_publish_on_it() {
    let cases = [
        (json!(["CREATE_CONTENT", "ANALYZE"]), true),
        (json!(["MANAGE"]), true),
        (json!(["PROFILE_PLUS_CREATE_CONTENT"]), true),
        (json!(["PROFILE_PLUS_FULL_CONTROL"]), true),
        (json!(["PROFILE_PLUS_ANALYZE", "MODERATE"]), false),
        (json!([]), false),
        (Value::Null, true),
    ];
    for (tasks, usable) in cases {
        let unusable = page(json!({"id": "1", "access_token": "EAA", "tasks": tasks})).unusable();

        assert_eq!(unusable.is_none(), usable, "{tasks}");
    }
    assert!(page(json!({"id": "1", "tasks": ["MANAGE"]})).unusable().is_some_and(|why| why.contains("no token")));
}

#[test]
fn pages_are_read_with_their_cursor_and_never_by_their_link() {
    let first = json!({"data": [{"id": 7, "name": "A"}], "paging": {"cursors": {"before": "a", "after": "b"}, "next": "https://x?access_token=t"}});
    let last = json!({"data": [], "paging": {"cursors": {"before": "a", "after": "c"}}});

    let first: wire::Page<Page> = serde_json::from_value(first).unwrap();
    let last: wire::Page<Page> = serde_json::from_value(last).unwrap();

    assert_eq!((first.data[0].id.as_deref(), first.next().as_deref()), (Some("7"), Some("b")));
    assert_eq!(last.next(), None);
}

#[test]
fn a_scope_given_for_some_pages_only_is_missing_on_the_others() {
    let told = inspected(json!({
        "scopes": ["pages_show_list", "pages_manage_posts", "pages_read_engagement"],
        "granular_scopes": [
            {"scope": "pages_show_list"},
            {"scope": "pages_manage_posts", "target_ids": ["1"]},
            {"scope": "pages_read_engagement", "target_ids": [1, 2]},
        ],
    }));

    assert_eq!(told.scopes_of(&["1"]).unwrap().len(), 3);
    assert_eq!(told.scopes_of(&["2"]).unwrap(), ["pages_show_list", "pages_read_engagement"]);
    assert_eq!(inspected(json!({"is_valid": true})).scopes_of(&["1"]), None);
}

#[test]
fn a_page_s_grant_ends_with_what_ends_first_and_is_renewed_while_that_helps() {
    // End of the person's token, end of access to data; end of the grant, whether it is renewed.
    let cases = [
        (Some(60), Some(90), Some(60), true),
        (Some(60), None, Some(60), true),
        (Some(110), Some(90), Some(90), false),
        (None, Some(90), Some(90), false),
        (None, None, None, true),
    ];
    for (end, data_end, ends, renewed) in cases {
        let person = Person::until(end, data_end);

        let granted = person.grant(&Secret::new("page".to_owned()), &["1"]);

        assert_eq!(granted.expires_at, ends, "{end:?} {data_end:?}");
        assert_eq!((granted.extends, granted.renewal_expires_at), (renewed, end), "{end:?} {data_end:?}");
    }
}

#[test]
fn only_a_refused_token_or_a_lost_page_ends_a_grant() {
    use ErrorClass::{Ambiguous, AuthExpired, AuthRevoked, RateLimited, Rejected, Transient};
    let of = |class, code| JobError::new(class, code, "m").said("words");
    let cases = [
        (of(AuthRevoked, "token_refused"), AuthRevoked, "grant_dead"),
        (of(AuthExpired, "token_refused"), AuthRevoked, "grant_dead"),
        (of(AuthRevoked, "account_locked"), AuthRevoked, "grant_dead"),
        (of(Rejected, "content_refused"), AuthRevoked, "grant_dead"),
        (of(Transient, "platform_unavailable"), Transient, "platform_unavailable"),
        (of(RateLimited, "rate_limited"), RateLimited, "rate_limited"),
        (of(Ambiguous, "answer_unclassified"), Ambiguous, "answer_unclassified"),
        (app_refused("x"), Rejected, "platform_app_refused"),
    ];
    for (error, class, code) in cases {
        let told = faults::page_refused(error.clone());

        assert_eq!((told.class, told.code), (class, code), "{error:?}");
        assert_eq!(told.platform_message, error.platform_message);
    }
}

#[test]
fn an_exchange_that_fails_says_whose_turn_it_is() {
    let app = faults::exchange_failed(faults::parameters_refused(JobError::new(ErrorClass::Rejected, "content_refused", "m")));
    let away = faults::exchange_failed(JobError::new(ErrorClass::Transient, "unreachable", "m"));
    let refused = faults::exchange_failed(JobError::new(ErrorClass::AuthRevoked, "token_refused", "m"));

    for error in [&app, &away, &refused] {
        assert_eq!(error.code, codes::TOKEN_EXCHANGE_FAILED);
    }
    assert!(app.remedy.contains("operator"));
    assert_eq!(away.class, ErrorClass::Transient);
    assert_eq!((refused.class, refused.remedy), (ErrorClass::Rejected, "begin the login again"));
}

#[test]
fn a_dead_grant_counts_as_ended_and_an_outage_does_not() {
    assert!(faults::ended(Err(JobError::new(ErrorClass::AuthRevoked, "token_refused", "m"))).is_ok());
    assert!(faults::ended(Err(JobError::new(ErrorClass::Transient, "unreachable", "m"))).is_err());
    assert!(faults::ended(Err(JobError::new(ErrorClass::AuthRevoked, "permission_missing", "m"))).is_err());
}

const APP: &[(&str, &str)] = &[("FACEBOOK_APP_ID", "10"), ("FACEBOOK_APP_SECRET", "the-app-secret-itself")];

fn said(body: Value) -> String {
    stand_in::json(200, &body)
}

fn refused(code: i64, subcode: i64, message: &str) -> String {
    stand_in::json(400, &json!({"error": {"message": message, "code": code, "error_subcode": subcode}}))
}

fn issued(token: &str) -> String {
    said(json!({"access_token": token, "token_type": "bearer", "expires_in": 5_184_000}))
}

fn debugged(scopes: &[&str]) -> String {
    let days = |days: i64| stand_in::NOW.unix_seconds() + days * 86_400;
    said(json!({"data": {"is_valid": true, "expires_at": days(60), "data_access_expires_at": days(90), "scopes": scopes}}))
}

fn days(days: i64) -> Option<i64> {
    Some(stand_in::NOW.0 + days * 86_400_000)
}

/// What Facebook was asked, as first lines.
fn lines(platform: &StandIn) -> Vec<String> {
    platform.asked().iter().filter_map(|asked| asked.lines().next().map(str::to_owned)).collect()
}

async fn finish(platform: &StandIn) -> Result<Vec<Candidate>, JobError> {
    let app = platform.app(APP).await;
    let (callback, secret) = ("https://pressroom.example/callback".parse().unwrap(), Secret::new(String::new()));
    let login = &Facebook::LOGINS[0];
    Facebook::finish(&app, &Finish { login, code: "the-code#_=_", token: "", secret: &secret, callback: &callback }).await
}

async fn renew(platform: &StandIn) -> Result<Granted, JobError> {
    let app = platform.app(APP).await;
    let account = accounts::new_row(
        NewAccount {
            workspace: WorkspaceId::generate(),
            platform: PlatformId::Facebook,
            external_id: "71".to_owned(),
            name: "A".to_owned(),
            username: None,
            variant: String::new(),
        },
        stand_in::NOW,
    );
    let (access_token, person) = (Secret::new("the-old-page-token".to_owned()), Secret::new("the-old-person-token".to_owned()));
    Facebook::renew(&app, &account, &Grant::Bearer { access_token, renewal: Some(person) }).await
}

#[tokio::test]
async fn a_login_gives_every_page_its_own_token_and_the_person_s_to_renew_it_with() {
    let next = json!({"cursors": {"after": "next-page"}, "next": "https://graph/?access_token=t"});
    let platform = StandIn::answering([
        issued("the-short-token"),
        issued("the-long-token"),
        debugged(&["pages_show_list", "business_management"]),
        said(json!({"data": [{"id": "71", "name": "A", "access_token": "page-71", "tasks": ["MANAGE"]}], "paging": next})),
        said(json!({"data": [{"id": "72", "name": "B", "access_token": "page-72", "tasks": ["ANALYZE"]}]})),
        said(json!({"data": [{"id": "9"}]})),
        said(json!({"data": [{"id": "71", "access_token": "other"}, {"id": "73", "name": "C", "access_token": "page-73"}, {"id": "74"}]})),
        refused(10, 0, "no"),
    ])
    .await;

    let candidates = finish(&platform).await.unwrap();

    let found: Vec<(&str, bool)> =
        candidates.iter().map(|known| (known.identity.external_id.as_str(), known.unusable.is_some())).collect();
    assert_eq!(found, [("71", false), ("72", true), ("73", false)]);
    let Grant::Bearer { access_token, renewal } = &candidates[0].granted.grant else { panic!("a bearer token") };
    assert_eq!((access_token.expose().as_str(), renewal.as_ref().unwrap().expose().as_str()), ("page-71", "the-long-token"));
    assert_eq!((candidates[0].granted.expires_at, candidates[0].granted.renewal_expires_at), (days(60), days(60)));
    let lines = lines(&platform);
    assert!(lines[4].contains("after=next-page"), "{lines:?}");
    assert!(platform.asked()[0].ends_with("&code=the-code"), "{}", platform.asked()[0]);
    for line in lines {
        // One call takes a token in its address, and no call takes the app's secret there.
        let named = line.contains("the-long-token") && !line.contains("debug_token") || line.contains("the-short-token");
        assert!(!named && !line.contains("the-app-secret-itself"), "{line}");
    }
}

#[tokio::test]
async fn what_debug_token_does_not_tell_is_read_elsewhere() {
    let platform = StandIn::answering([
        issued("short"),
        issued("long"),
        refused(100, 0, "no app token"),
        said(
            json!({"data": [{"permission": "pages_show_list", "status": "granted"}, {"permission": "x", "status": "declined"}]}),
        ),
        said(json!({"data": [{"id": "71", "access_token": "page-71"}]})),
    ])
    .await;

    let candidates = finish(&platform).await.unwrap();

    assert_eq!(candidates[0].granted.scopes.as_deref().unwrap(), ["pages_show_list"]);
    assert_eq!(candidates[0].granted.expires_at, days(60));
}

#[tokio::test]
async fn a_login_fails_with_its_code() {
    let none = || said(json!({"data": []}));
    let person = [issued("short"), issued("long"), debugged(&["pages_show_list"])];
    let cases = [
        (vec![refused(100, 36_009, "used")], codes::TOKEN_EXCHANGE_FAILED),
        (vec![refused(1, 0, "Error validating client secret.")], codes::TOKEN_EXCHANGE_FAILED),
        (vec![stand_in::HANGS_UP.to_owned()], codes::TOKEN_EXCHANGE_FAILED),
        ([&person[..], &[none()]].concat(), codes::NO_PAGES_FOUND),
        ([&person[..], &[refused(200, 0, "no")]].concat(), codes::USER_INFO_FAILED),
    ];
    for (answers, code) in cases {
        let platform = StandIn::answering(answers).await;

        assert_eq!(finish(&platform).await.unwrap_err().code, code, "{:?}", lines(&platform));
    }
}

#[tokio::test]
async fn a_renewal_brings_both_tokens() {
    let page = said(json!({"id": "71", "access_token": "the-new-page-token"}));
    let platform = StandIn::answering([issued("the-new-person-token"), debugged(&["pages_manage_posts"]), page]).await;

    let granted = renew(&platform).await.unwrap();

    let (access_token, person) = (Secret::new("the-new-page-token".to_owned()), Secret::new("the-new-person-token".to_owned()));
    assert_eq!(granted.grant, Grant::Bearer { access_token, renewal: Some(person) });
    assert_eq!(granted.expires_at, days(60));
}

#[tokio::test]
async fn a_page_s_token_outlives_the_person_s_but_nothing_renews_it_then() {
    let expired = refused(190, 463, "expired");
    let platform = StandIn::answering([expired.clone(), said(json!({"id": "71"})), debugged(&["pages_manage_posts"])]).await;
    let dead = StandIn::answering([expired, refused(190, 460, "password changed")]).await;

    let granted = renew(&platform).await.unwrap();
    let error = renew(&dead).await.unwrap_err();

    assert_eq!((granted.expires_at, granted.renewal_expires_at, granted.extends), (days(60), None, false));
    assert_eq!((error.class, error.code), (ErrorClass::AuthRevoked, "grant_dead"));
}

#[tokio::test]
async fn only_what_the_platform_ends_is_dead() {
    use ErrorClass::{Ambiguous, AuthRevoked, RateLimited, Rejected, Transient};
    let good = || vec![issued("new"), debugged(&["pages_manage_posts"])];
    let with = |answer: String| [good(), vec![answer]].concat();
    let cases = [
        (vec![refused(190, 458, "app removed")], AuthRevoked, "grant_dead"),
        (vec![refused(190, 460, "password changed")], AuthRevoked, "grant_dead"),
        (vec![refused(1, 0, "Error validating client secret.")], Rejected, "platform_app_refused"),
        (vec![refused(1, 0, "An unknown error occurred")], Transient, "platform_unavailable"),
        (vec![refused(4, 0, "limit")], RateLimited, "rate_limited"),
        (vec![refused(777, 0, "surprise")], Ambiguous, "answer_unclassified"),
        (vec![stand_in::answer(503, "", "<html>")], Transient, "platform_unavailable"),
        (vec![stand_in::HANGS_UP.to_owned()], Transient, "platform_unavailable"),
        (vec![], Transient, "unreachable"),
        (with(refused(190, 492, "no role")), AuthRevoked, "grant_dead"),
        (with(refused(100, 33, "gone")), AuthRevoked, "grant_dead"),
        (with(said(json!({"id": "71"}))), AuthRevoked, "grant_dead"),
        (with(stand_in::answer(500, "", "")), Transient, "platform_unavailable"),
    ];
    for (answers, class, code) in cases {
        let error = renew(&StandIn::answering(answers.clone()).await).await.unwrap_err();

        assert_eq!((error.class, error.code), (class, code), "{answers:?}");
        assert!(!format!("{error:?}").contains("the-old-p"), "{error:?}");
    }
}
