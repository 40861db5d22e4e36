//! The pages as a browser sees them.

use super::*;

const LOGINS: &[(&str, &[(&str, &str)])] = &[
    (
        "/i/oauth2/authorize",
        &[("client_id", "sandbox-client-id"), ("scope", "tweet.read"), ("state", "s"), ("code_challenge", CHALLENGE)],
    ),
    ("/v26.0/dialog/oauth", &[("client_id", "1000000000000001"), ("scope", "pages_show_list")]),
    ("/oauth/authorize", &[("client_id", "2000000000000002"), ("scope", "instagram_business_basic")]),
    ("/oauth/v2/authorization", &[("client_id", "sandbox-client-id"), ("scope", "openid")]),
    ("/v2/auth/authorize/", &[("client_key", "sandbox-client-key"), ("scope", "user.info.basic")]),
    ("/o/oauth2/v2/auth", &[("client_id", "sandbox-client-id"), ("scope", "https://www.googleapis.com/auth/youtube.upload")]),
];
const PLACE: &str = "https://app.example/back";

fn page(login: &(&str, &[(&str, &str)]), changes: &[(&str, &str)]) -> String {
    let usual = [login.1, &[("redirect_uri", PLACE), ("response_type", "code")]].concat();
    address(login.0, &changed(&usual, changes))
}

impl Stage {
    /// A browser that does not follow where it is sent.
    async fn browse(&self, request: RequestBuilder) -> (u16, Option<String>, String) {
        let answer = request.header("accept", "text/html").send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, location, kind) = (answer.status().as_u16(), header("location"), header("content-type"));
        let body = answer.text().await.unwrap();
        assert!(location.is_some() || kind.is_some_and(|kind| kind.starts_with("text/html")), "{body}");
        (status, location, body)
    }

    async fn staged() -> (Self, Client) {
        let mut stage = Self::set().await;
        stage.http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        for (platform, variant) in [("instagram", "instagram"), ("linkedin", ""), ("tiktok", ""), ("youtube", "")] {
            stage.control("accounts", json!({"platform": platform, "variant": variant, "name": "<b>Ann</b> & Co"})).await;
        }
        let client = stage.http.clone();
        (stage, client)
    }
}

#[tokio::test]
async fn every_login_has_a_page_with_two_buttons() {
    let (stage, http) = Stage::staged().await;

    for login in LOGINS {
        let (status, _, html) = stage.browse(http.get(stage.url(&page(login, &[])))).await;
        assert_eq!(status, 200, "{}", login.0);
        for part in ["id=\"allow\"", "id=\"deny\"", "name=\"person\"", "name=\"scope\"", "action=\"/_sandbox/consent\""] {
            assert!(html.contains(part), "{part} on {}", login.0);
        }
        assert!(!html.contains("<b>Ann</b>"), "names are escaped");
    }
}

#[tokio::test]
async fn what_the_platform_does_not_take_ends_on_its_own_page() {
    let (stage, http) = Stage::staged().await;
    let registered = json!({"redirectUris": [PLACE]});
    for platform in ["x", "facebook", "instagram", "linkedin", "tiktok", "youtube"] {
        stage.switch(json!({platform: registered})).await;
    }

    for login in LOGINS {
        assert_eq!(stage.browse(http.get(stage.url(&page(login, &[])))).await.0, 200, "{}", login.0);
        let client = if login.0.starts_with("/v2/") { "client_key" } else { "client_id" };
        let bad = [
            (client, "stranger"),
            (client, ""),
            ("redirect_uri", "https://app.example/back/"),
            ("redirect_uri", "https://app.example/back?a=1"),
            ("redirect_uri", ""),
            ("response_type", "token"),
        ];
        for change in bad {
            let (status, location, html) = stage.browse(http.get(stage.url(&page(login, &[change])))).await;
            // Without its client id this address belongs to another platform's login.
            assert_eq!((status, location), (400, None), "{change:?} on {}", login.0);
            assert!(html.contains("id=\"error\"") && !html.contains("id=\"allow\""));
        }
    }
    let unknown = stage.browse(http.get(stage.url(&page(&LOGINS[0], &[("scope", "tweet.steal")])))).await;
    let plain = stage.browse(http.get(stage.url(&page(&LOGINS[0], &[("code_challenge", "")])))).await;
    assert_eq!((unknown.0, plain.0), (400, 400));
}

#[tokio::test]
async fn the_form_sends_the_browser_back() {
    let (stage, http) = Stage::staged().await;
    let asked = page(&LOGINS[1], &[("state", "s")]);
    let profile = stage.control("accounts", json!({"platform": "facebook", "variant": "user"})).await;
    let send = async |fields: &[(&str, &str)]| {
        let fields = [&[("authorizeUrl", asked.as_str())], fields].concat();
        stage.browse(http.post(stage.url("/_sandbox/consent")).form(&fields)).await
    };
    let person = ("person", text(&profile, "id"));
    let page_id = ("account", text(&stage.page, "id"));

    let allowed = send(&[person, page_id, ("scope", "pages_show_list"), ("decision", "allow")]).await;
    let without_page = send(&[person, ("scope", "pages_show_list"), ("decision", "allow")]).await;
    let denied = send(&[person, ("decision", "deny")]).await;
    let nobody = send(&[("person", "0"), ("scope", "pages_show_list"), ("decision", "allow")]).await;

    for (status, location, _) in [&allowed, &without_page] {
        let location = location.as_ref().unwrap();
        assert!(*status == 302 && location.starts_with("https://app.example/back?code=") && location.ends_with("#_=_"));
    }
    assert!(denied.1.unwrap().contains("error=access_denied"));
    assert_eq!(nobody.0, 422);
    let given = async |location: &str| {
        let code = value(location, "code").unwrap();
        let fields =
            [("client_id", "1000000000000001"), ("client_secret", "s"), ("redirect_uri", PLACE), ("code", code.as_str())];
        let (_, token) = stage.form("/oauth/access_token", &fields).await;
        let (_, pages) = stage.with_token("/me/accounts", text(&token, "access_token")).await;
        pages["data"].as_array().unwrap().len()
    };
    assert_eq!((given(&allowed.1.unwrap()).await, given(&without_page.1.unwrap()).await), (1, 0));
}

#[tokio::test]
async fn programs_get_the_same_refusals_as_text() {
    let stage = Stage::set().await;

    let bad = stage.decide(&page(&LOGINS[0], &[("client_id", "stranger")]), json!({})).await;
    let nowhere = stage.decide("/nowhere", json!({})).await;
    let empty = stage.decide(&page(&LOGINS[5], &[]), json!({})).await;
    let shape = stage.decide(&page(&LOGINS[0], &[]), json!({"account": "1"})).await;

    assert_eq!((bad.0, nowhere.0, empty.0, shape.0), (400, 400, 422, 422));
    assert!(text(&bad.1, "error").contains("stranger"));
}

#[tokio::test]
async fn an_empty_client_id_takes_any_app() {
    let stage = Stage::set().await;
    stage.switch(json!({"x": {"clientId": ""}, "facebookAppId": ""})).await;

    let x = stage.decide(&page(&LOGINS[0], &[("client_id", "any")]), json!({})).await;
    let facebook = stage.decide(&page(&LOGINS[1], &[("client_id", "any")]), json!({})).await;

    assert_eq!((x.0, facebook.0), (200, 200));
}
