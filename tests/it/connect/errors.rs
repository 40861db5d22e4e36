//! What goes wrong on the way: every code, each single use, each misuse.

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::PlatformId::{Facebook, Instagram, Linkedin, Tiktok, X, Youtube};
use shared::platforms::connect::codes;
use tests::Stack;

use super::{LOGINS, begin, call, come_back, decide, refused, somebody};

/// The front end's `oauth_error` after going to the callback with this query.
async fn error_of(stack: &Stack, platform: &str, query: &str) -> anyhow::Result<String> {
    let landing = come_back(stack, &format!("http://x/api/v1/auth/oauth/{platform}/callback?{query}")).await?;
    assert!(!landing.contains_key("oauth_success") && !landing.contains_key("connection"), "{landing:?}");
    assert!(landing["oauth_message"].len() > 10, "{landing:?}");
    Ok(landing["oauth_error"].clone())
}

/// The state of a login that has just begun.
async fn state_of(stack: &Stack, platform: shared::content::PlatformId) -> anyhow::Result<String> {
    let page = begin(stack, platform, &json!({ "person": "ada" })).await?;
    let page: url::Url = page.parse()?;
    Ok(page.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned()).unwrap_or_default())
}

#[tokio::test]
async fn a_person_s_no_is_told_as_such_and_uses_the_login_up() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for (platform, login, sort) in LOGINS {
        somebody(&stack, platform, sort, "Grace").await?;
        let mut body = json!({ "person": "ada" });
        if platform == X || platform == Instagram {
            body["variant"] = json!(login);
        }
        let page = begin(&stack, platform, &body).await?;
        let back = decide(&stack, &page, "deny", &Value::Null).await?;

        let landing = come_back(&stack, &back).await?;
        let again = come_back(&stack, &back).await?;

        assert_eq!(landing["oauth_error"], codes::USER_DENIED, "{platform} {login}: {back}");
        assert_eq!(again["oauth_error"], codes::INVALID_STATE, "{platform} {login}");
    }
    Ok(())
}

#[tokio::test]
async fn a_state_works_once_for_its_platform_within_ten_minutes() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let page = begin(&stack, X, &json!({ "person": "ada" })).await?;
    let back = decide(&stack, &page, "allow", &json!([who["id"]])).await?;
    let first = come_back(&stack, &back).await?;
    let late = state_of(&stack, X).await?;
    let elsewhere = state_of(&stack, X).await?;

    assert!(first.contains_key("oauth_success"), "{first:?}");
    assert_eq!(come_back(&stack, &back).await?["oauth_error"], codes::INVALID_STATE, "a second use");
    assert_eq!(error_of(&stack, "x", "code=c&state=made-up").await?, codes::INVALID_STATE);
    assert_eq!(error_of(&stack, "youtube", &format!("code=c&state={elsewhere}")).await?, codes::CSRF_FAILED);
    assert_eq!(error_of(&stack, "x", &format!("code=c&state={elsewhere}")).await?, codes::INVALID_STATE, "it is used up");
    assert_eq!(error_of(&stack, "nowhere", "code=c&state=made-up").await?, codes::INVALID_STATE);
    stack.advance(Duration::from_secs(600));
    assert_eq!(error_of(&stack, "x", &format!("code=c&state={late}")).await?, codes::INVALID_STATE, "too late");
    Ok(())
}

#[tokio::test]
async fn a_return_without_what_is_needed_is_told_as_such() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut query = Vec::new();
    for _ in 0..5 {
        query.push(format!("state={}", state_of(&stack, Linkedin).await?));
    }
    let signed = async || {
        let page = begin(&stack, X, &json!({ "person": "ada", "variant": "oauth1" })).await?;
        let back: url::Url = decide(&stack, &page, "deny", &Value::Null).await?.parse()?;
        let state = back.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned());
        anyhow::Ok(format!("state={}", state.unwrap_or_default()))
    };
    somebody(&stack, X, "", "Grace").await?;

    assert_eq!(error_of(&stack, "linkedin", "").await?, codes::MISSING_PARAMS);
    assert_eq!(error_of(&stack, "linkedin", "code=c").await?, codes::MISSING_PARAMS);
    assert_eq!(error_of(&stack, "linkedin", &query[0]).await?, codes::MISSING_PARAMS);
    assert_eq!(error_of(&stack, "linkedin", &format!("{}&code=", query[1])).await?, codes::MISSING_PARAMS);
    assert_eq!(error_of(&stack, "linkedin", &format!("{}&code=invented", query[2])).await?, codes::TOKEN_EXCHANGE_FAILED);
    assert_eq!(error_of(&stack, "linkedin", &format!("{}&error=server_error", query[3])).await?, codes::CALLBACK_ERROR);
    assert_eq!(error_of(&stack, "linkedin", &format!("{}&error=user_cancelled_authorize", query[4])).await?, codes::USER_DENIED);
    assert_eq!(error_of(&stack, "x", &format!("{}&oauth_token=t", signed().await?)).await?, codes::MISSING_VERIFIER);
    assert_eq!(error_of(&stack, "x", &format!("{}&oauth_verifier=v", signed().await?)).await?, codes::MISSING_PARAMS);
    Ok(())
}

#[tokio::test]
async fn an_invented_code_is_refused_by_every_platform() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for platform in [X, Facebook, Instagram, Linkedin, Tiktok, Youtube] {
        let state = state_of(&stack, platform).await?;

        let error = error_of(&stack, platform.into(), &format!("code=invented&state={state}")).await?;

        assert_eq!(error, codes::TOKEN_EXCHANGE_FAILED, "{platform}");
    }
    Ok(())
}

#[tokio::test]
async fn who_can_not_be_identified_is_not_connected() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let failing = json!({ "name": "server_error" });
    let cases = [
        (X, "/2/users/me", codes::USER_INFO_FAILED),
        (Linkedin, "/v2/userinfo", codes::USER_INFO_FAILED),
        (Tiktok, "/v2/user/info/", codes::USER_INFO_FAILED),
        (Youtube, "/youtube/v3/channels", codes::CHANNEL_INFO_FAILED),
    ];
    for (platform, path, code) in cases {
        let who = somebody(&stack, platform, "", "Grace").await?;
        let page = begin(&stack, platform, &json!({ "person": "ada" })).await?;
        let back = decide(&stack, &page, "allow", &json!([who["id"]])).await?;
        stack.sandbox.plant(json!({"platform":platform,"path":path,"count":9,"action":failing})).await?;

        let landing = come_back(&stack, &back).await?;

        assert_eq!(landing["oauth_error"], code, "{platform}: {landing:?}");
        stack.sandbox.heal().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_platform_that_does_not_answer_ends_the_login_with_nothing_stored() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let who = somebody(&stack, X, "", "Grace").await?;
    let page = begin(&stack, X, &json!({ "person": "ada" })).await?;
    let back = decide(&stack, &page, "allow", &json!([who["id"]])).await?;
    stack.sandbox.fault("x", "/2/oauth2/token", json!({ "name": "answer_lost" })).await?;

    let landing = come_back(&stack, &back).await?;

    assert_eq!(landing["oauth_error"], codes::CALLBACK_ERROR, "{landing:?}");
    assert!(!landing.contains_key("connection"));
    Ok(())
}

#[tokio::test]
async fn a_person_without_pages_or_a_professional_account_is_told_so() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let profile = json!({ "platform": "facebook", "name": "Grace", "variant": "user", "person": "Grace" });
    let who = stack.sandbox.post("accounts", profile).await?;
    let landing_of = async |platform, body: Value| {
        let page = begin(&stack, platform, &body).await?;
        let back = decide(&stack, &page, "allow", &json!([who["id"]])).await?;
        anyhow::Ok(come_back(&stack, &back).await?["oauth_error"].clone())
    };

    assert_eq!(landing_of(Facebook, json!({ "person": "ada" })).await?, codes::NO_PAGES_FOUND);
    let through_facebook = json!({ "person": "ada", "variant": "facebook" });
    assert_eq!(landing_of(Instagram, through_facebook).await?, codes::NO_INSTAGRAM_ACCOUNT);
    Ok(())
}

#[tokio::test]
async fn a_login_that_makes_no_sense_does_not_begin() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let account = stack.account(Linkedin).to_string();
    let cases = [
        ("myspace", json!({ "person": "ada" }), (400, "unsupported_platform")),
        ("x", json!({}), (422, "invalid_field")),
        ("x", json!({ "person": "" }), (422, "invalid_person")),
        ("x", json!({ "person": "a".repeat(201) }), (422, "invalid_person")),
        ("x", json!({ "person": "a\u{0}b" }), (422, "invalid_person")),
        ("x", json!({ "person": "ada", "variant": "saml" }), (422, "variant_unknown")),
        ("x", json!({ "person": "ada", "accountId": account }), (422, "account_unknown")),
        ("x", json!({ "person": "ada", "accountId": "acc_1" }), (422, "account_unknown")),
    ];
    for (platform, body, wanted) in cases {
        let answer = call(&stack.api, "POST", &format!("/api/v1/auth/oauth/{platform}/initiate"), &body).await?;

        assert_eq!(refused(&answer), wanted, "{platform} {body}: {}", answer.1);
    }
    let (status, begun) = call(&stack.api, "POST", "/api/v1/auth/oauth/twitter/initiate", &json!({ "person": "ada" })).await?;
    assert_eq!(status, 200, "the old name of X: {begun}");
    Ok(())
}

#[tokio::test]
async fn a_login_without_its_settings_is_refused_and_the_settings_named() -> anyhow::Result<()> {
    let none = |name: &'static str| (name, String::new());
    let settings = [none("X_CLIENT_ID"), none("YOUTUBE_CLIENT_SECRET"), none("X_CONSUMER_KEY")];
    let stack = Stack::start_with(&settings).await?;
    let other = Stack::start_with(&settings[..1]).await?;
    for (platform, setting) in [("x", "X_CLIENT_ID"), ("youtube", "YOUTUBE_CLIENT_SECRET")] {
        let answer =
            call(&stack.api, "POST", &format!("/api/v1/auth/oauth/{platform}/initiate"), &json!({ "person": "a" })).await?;

        assert_eq!(refused(&answer), (409, "login_not_configured"), "{}", answer.1);
        assert!(answer.1["detail"].as_str().is_some_and(|detail| detail.contains(setting)), "{}", answer.1);
    }
    let page = begin(&other, X, &json!({ "person": "ada" })).await?;
    assert!(page.contains("oauth_token="), "the login that is configured is taken: {page}");
    Ok(())
}
