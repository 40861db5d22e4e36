//! Tokens that end early, and accounts as the control API shows them.

use super::*;

/// One account of each login, with a call that needs its token, a scope that the call does not need, and its refresh.
struct Case {
    account: Value,
    call: &'static str,
    refresh: Option<(&'static str, Vec<(&'static str, &'static str)>)>,
    revoked: &'static str,
    expired: &'static str,
}

const APP: [(&str, &str); 2] = [("client_id", "sandbox-client-id"), ("client_secret", "sandbox-client-secret")];

async fn cases(stage: &Stage) -> Vec<Case> {
    let make = async |wanted: Value| stage.control("accounts", wanted).await;
    let tiktok = vec![("client_key", "sandbox-client-key"), ("client_secret", "sandbox-client-secret")];
    vec![
        Case {
            account: make(json!({"platform": "x"})).await,
            call: "/2/users/me",
            refresh: Some(("/2/oauth2/token", APP[..1].to_vec())),
            revoked: "Unauthorized",
            expired: "Unauthorized",
        },
        Case {
            account: make(json!({"platform": "facebook"})).await,
            call: "/v26.0/me?fields=id",
            refresh: None,
            revoked: "\"error_subcode\":458",
            expired: "\"error_subcode\":463",
        },
        Case {
            account: make(json!({"platform": "instagram", "variant": "instagram"})).await,
            call: "/instagram/v26.0/me",
            refresh: None,
            revoked: "\"error_subcode\":458",
            expired: "\"error_subcode\":463",
        },
        Case {
            account: make(json!({"platform": "linkedin"})).await,
            call: "/v2/userinfo",
            refresh: Some(("/oauth/v2/accessToken", APP.to_vec())),
            revoked: "REVOKED_ACCESS_TOKEN",
            expired: "EXPIRED_ACCESS_TOKEN",
        },
        Case {
            account: make(json!({"platform": "tiktok"})).await,
            call: "/v2/user/info/?fields=open_id",
            refresh: Some(("/v2/oauth/token/", tiktok)),
            revoked: "access_token_invalid",
            expired: "access_token_invalid",
        },
        Case {
            account: make(json!({"platform": "youtube"})).await,
            call: "/youtube/v3/channels?part=id&mine=true",
            refresh: Some(("/token", APP.to_vec())),
            revoked: "authError",
            expired: "authError",
        },
    ]
}

impl Case {
    async fn call(&self, stage: &Stage, token: &str) -> (u16, String) {
        let (status, body) = stage.with_token(self.call, token).await;
        (status, body.to_string())
    }

    async fn refresh(&self, stage: &Stage) -> Option<(u16, Value)> {
        let (path, app) = self.refresh.clone()?;
        let fields =
            [app, vec![("grant_type", "refresh_token"), ("refresh_token", text(&self.account, "refreshToken"))]].concat();
        Some(stage.form(path, &fields).await)
    }
}

#[tokio::test]
async fn an_expired_token_is_replaced_by_a_refresh() {
    let stage = Stage::set().await;

    for case in cases(&stage).await {
        assert_eq!(
            (case.call(&stage, text(&case.account, "accessToken")).await.0, &case.account["accessExpiresAt"]),
            (200, &Value::Null)
        );
        stage.happens(&case.account, "expire", json!({})).await;
        let (status, body) = case.call(&stage, text(&case.account, "accessToken")).await;
        assert!(status == 401 && body.contains(case.expired), "{} {status} {body}", case.call);
        let listed = stage.listed(&case.account["id"]).await;
        assert_eq!((&listed["alive"], &listed["accessExpiresAt"]), (&json!(false), &json!("2026-11-22T12:00:00Z")));
        let Some((status, fresh)) = case.refresh(&stage).await else { continue };
        assert_eq!((status, case.call(&stage, text(&fresh, "access_token")).await.0), (200, 200), "{} {fresh}", case.call);
        let listed = stage.listed(&case.account["id"]).await;
        assert_eq!((&listed["alive"], &listed["refreshes"]), (&json!(true), &json!(1)));
    }
}

#[tokio::test]
async fn removing_the_app_kills_access_and_refresh() {
    let stage = Stage::set().await;

    for case in cases(&stage).await {
        stage.happens(&case.account, "revoke", json!({})).await;
        let (status, body) = case.call(&stage, text(&case.account, "accessToken")).await;
        assert!(status == 401 && body.contains(case.revoked), "{} {status} {body}", case.call);
        if let Some((status, dead)) = case.refresh(&stage).await {
            assert!(status == 400 && matches!(text(&dead, "error"), "invalid_grant" | "invalid_request"), "{} {dead}", case.call);
        }
        let listed = stage.listed(&case.account["id"]).await;
        assert_eq!((&listed["alive"], &listed["revoked"], &listed["refreshes"]), (&json!(false), &json!(true), &json!(0)));
    }
}

#[tokio::test]
async fn a_scope_that_is_gone_is_missed() {
    let stage = Stage::set().await;
    let missing =
        ["You are not permitted", "", "\"code\":10", "ACCESS_DENIED", "scope_not_authorized", "insufficientPermissions"];

    for (case, expected) in cases(&stage).await.into_iter().zip(missing) {
        stage.happens(&case.account, "scopes", json!({"scopes": ["another"]})).await;
        assert_eq!(stage.listed(&case.account["id"]).await["scopes"], json!(["another"]));
        // A Page can always be asked who it is.
        let path = if expected.is_empty() { "/v26.0/me/published_posts" } else { case.call };
        let (status, body) = stage.with_token(path, text(&case.account, "accessToken")).await;
        let expected = if expected.is_empty() { "\"code\":10" } else { expected };
        assert!(matches!(status, 401 | 403) && body.to_string().contains(expected), "{path} {status} {body}");
    }
}

#[tokio::test]
async fn what_dies_with_a_person_stays_dead_after_a_new_consent() {
    let stage = Stage::set().await;
    let asked = [
        ("client_id", "1000000000000001"),
        ("redirect_uri", BACK),
        ("scope", "pages_show_list,pages_read_engagement"),
        ("state", "s"),
    ];
    let page = address("/v26.0/dialog/oauth", &asked);
    let connect = async || {
        let code = stage.code(&page, json!({})).await;
        let fields = [("client_id", "1000000000000001"), ("client_secret", "s"), ("redirect_uri", BACK), ("code", code.as_str())];
        let (_, short) = stage.form("/v26.0/oauth/access_token", &fields).await;
        let fields = [
            ("grant_type", "fb_exchange_token"),
            ("client_id", "1000000000000001"),
            ("client_secret", "s"),
            ("fb_exchange_token", text(&short, "access_token")),
        ];
        let (_, long) = stage.form("/v26.0/oauth/access_token", &fields).await;
        let (_, pages) = stage.with_token("/v26.0/me/accounts?fields=id,access_token", text(&long, "access_token")).await;
        [text(&short, "access_token"), text(&long, "access_token"), text(&pages["data"][0], "access_token")].map(str::to_owned)
    };
    let alive = async |token: &str| stage.with_token("/v26.0/me?fields=id", token).await.0 == 200;
    let old = connect().await;
    let (_, me) = stage.with_token("/v26.0/me?fields=id", &old[1]).await;

    stage.happens(&json!({"platform": "facebook", "id": me["id"]}), "revoke", json!({})).await;
    let dead = [alive(&old[0]).await, alive(&old[1]).await, alive(&old[2]).await];
    let new = connect().await;
    let still_dead = [alive(&old[0]).await, alive(&old[1]).await, alive(&old[2]).await];

    assert_eq!((dead, still_dead), ([false; 3], [false; 3]));
    assert!(alive(&new[0]).await && alive(&new[1]).await && alive(&new[2]).await);
}

#[tokio::test]
async fn the_revocation_endpoints_end_a_login() {
    let stage = Stage::set().await;
    let cases = cases(&stage).await;
    let [x, page, gram, member, creator, channel] = cases.as_slice() else { panic!("six logins") };
    let token = |case: &Case| text(&case.account, "accessToken").to_owned();
    let person = stage.control("accounts", json!({"platform": "facebook", "variant": "user"})).await;
    let deleted = async |path: &str, token: &str| {
        stage.http.delete(stage.url(path)).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    let with = |app: &[(&'static str, &'static str)], token: &str| {
        let fields = app.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        fields.chain([("token".to_owned(), token.to_owned())]).collect::<Vec<_>>()
    };
    let posted = async |path: &str, fields: Vec<(String, String)>| {
        stage.http.post(stage.url(path)).form(&fields).send().await.unwrap().status().as_u16()
    };

    let ended = [
        posted("/2/oauth2/revoke", with(&APP[..1], &token(x))).await,
        deleted("/v26.0/me/permissions", text(&person, "accessToken")).await,
        deleted("/instagram/v26.0/me/permissions", &token(gram)).await,
        posted("/oauth/v2/revoke", with(&APP, &token(member))).await,
        posted(
            "/v2/oauth/revoke/",
            with(&[("client_key", "sandbox-client-key"), ("client_secret", "sandbox-client-secret")], &token(creator)),
        )
        .await,
        posted("/revoke", with(&[], &token(channel))).await,
    ];

    assert_eq!(ended, [200; 6]);
    for case in [x, page, gram, member, creator, channel] {
        assert_eq!(case.call(&stage, &token(case)).await.0, 401, "{}", case.call);
        assert_eq!(stage.listed(&case.account["id"]).await["revoked"], true);
    }
}

#[tokio::test]
async fn unknown_accounts_and_platforms_are_not_found() {
    let stage = Stage::set().await;

    for path in ["accounts/x/nobody/revoke", "accounts/nowhere/1/expire"] {
        let answer = stage.http.post(stage.url(&format!("/_sandbox/{path}"))).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let soon = stage.control("accounts", json!({"platform": "x", "accessExpiresAt": "2026-11-22T12:00:10Z"})).await;
    assert_eq!(soon["accessExpiresAt"], "2026-11-22T12:00:10Z");
    assert_eq!(stage.with_token("/2/users/me", text(&soon, "accessToken")).await.0, 200);
    stage.later(10).await;
    assert_eq!(stage.with_token("/2/users/me", text(&soon, "accessToken")).await.0, 401);
}
