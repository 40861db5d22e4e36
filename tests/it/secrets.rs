//! Secrets stay where they belong: not in logs (at their most talkative), not in answers, not in the database.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use reqwest::Method;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, IntoActiveModel, Set, Statement};
use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use shared::entity::{account, job_step, oauth_state};
use shared::ids::AccountId;
use shared::store::{Db, accounts};
use tests::kinds::post_of;
use tests::processes::Process;
use tests::{Stack, System};
use url::Url;

/// Every login, with the sort of account that it brings and a kind whose files are uploaded where the platform has one.
const LOGINS: [(PlatformId, &str, &str, Kind); 8] = [
    (PlatformId::X, "", "", Kind::Images),
    (PlatformId::X, "oauth1", "", Kind::Image),
    (PlatformId::Facebook, "", "", Kind::Video),
    (PlatformId::Instagram, "instagram", "instagram", Kind::Image),
    (PlatformId::Instagram, "facebook", "facebook", Kind::Image),
    (PlatformId::Linkedin, "", "", Kind::Video),
    (PlatformId::Tiktok, "", "", Kind::Video),
    (PlatformId::Youtube, "", "", Kind::Video),
];

/// What must stay secret, each with what it is.
#[derive(Default)]
struct Secrets(BTreeMap<String, String>);

impl Secrets {
    fn add(&mut self, what: impl Into<String>, secret: &str) {
        // What is shorter stands in places of its own.
        if secret.len() >= 8 {
            self.0.entry(secret.to_owned()).or_insert_with(|| what.into());
        }
    }

    /// Adds every text inside a JSON value, or the text itself when it is none.
    fn add_all(&mut self, what: &str, text: &str) {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => {
                fields.values().filter(|field| !field.is_null()).for_each(|field| self.add_all(what, &field.to_string()));
            }
            Ok(Value::String(text)) => self.add(what, &text),
            Ok(_) | Err(_) => self.add(what, text),
        }
    }

    fn count(&self, what: &str) -> usize {
        self.0.values().filter(|known| known.contains(what)).count()
    }

    /// Which secret a text holds, and in what form. The secret itself is not told.
    fn find(&self, text: &str) -> Option<String> {
        let all = self.0.iter().flat_map(|(secret, what)| forms(secret).into_iter().map(move |form| (what, form)));
        all.into_iter().find(|(_, (_, hidden))| text.contains(hidden)).map(|(what, (form, _))| format!("{what}, {form}"))
    }
}

/// The forms in which a secret may be written down.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let mut forms = vec![("plain", secret.to_owned())];
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    if encoded != secret {
        forms.push(("percent-encoded", encoded));
    }
    // Inside a longer text, base64 looks like one of three things, without the digits that it shares with its neighbours.
    for before in 0..3_usize {
        let text = [&b"\0\0"[..before], secret.as_bytes()].concat();
        let (first, last) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for (form, digits) in [("base64", STANDARD.encode(&text)), ("base64 for URLs", URL_SAFE.encode(&text))] {
            forms.push((form, digits[first..last].to_owned()));
        }
    }
    forms
}

/// Everything that the database holds, as text.
async fn dump(db: &Db) -> anyhow::Result<String> {
    let backend = db.get_database_backend();
    let tables = match backend {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        _ => "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    let mut text = String::new();
    for table in db.query_all_raw(Statement::from_string(backend, tables)).await? {
        let table: String = table.try_get("", "name")?;
        let all = Statement::from_string(backend, format!("SELECT * FROM {table}"));
        for row in Value::find_by_statement(all).all(&**db).await? {
            text.push_str(&format!("{table} {row}\n"));
        }
    }
    Ok(text)
}

/// The bytes of the database's files, where it has some of its own: what was deleted may stand there still.
fn files(system: &System) -> anyhow::Result<String> {
    let url = system.setting("DATABASE_URL");
    let Some(path) = url.strip_prefix("sqlite://") else { return Ok(String::new()) };
    let mut text = String::new();
    for name in [path.to_owned(), format!("{path}-wal")] {
        text.push_str(&String::from_utf8_lossy(&std::fs::read(&name).with_context(|| name.clone())?));
    }
    Ok(text)
}

/// One run of a whole Pressroom, with all that it answered and all that nobody may learn from it.
struct Run {
    system: System,
    secrets: Secrets,
    answers: String,
}

impl Run {
    async fn call(&mut self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut request = self.system.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        let text = request.send().await?.text().await?;
        self.answers.push_str(&text);
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Connects an account as a person does; gives its id.
    async fn connect(&mut self, (platform, login, sort): (PlatformId, &str, &str)) -> anyhow::Result<AccountId> {
        // Somebody else each time: on Facebook a later login takes back what it does not name.
        let name = format!("Grace of {platform} {login}");
        let made = json!({"platform":platform,"name":name,"person":name,"variant":sort});
        let made = self.system.sandbox.post("accounts", made).await?;
        for (name, what) in [("token", "an OAuth 1.0a token"), ("tokenSecret", "an OAuth 1.0a token secret")] {
            self.secrets.add(what, made[name].as_str().unwrap_or_default());
        }
        let mut begin = json!({"person":"ada"});
        if !login.is_empty() {
            begin["variant"] = json!(login);
        }
        // The answer holds the address of the consent page and with it the state: that is how the browser learns it.
        let request = self.system.request(Method::POST, &format!("/api/v1/auth/oauth/{platform}/initiate")).json(&begin);
        let begun: Value = serde_json::from_str(&request.send().await?.text().await?)?;
        self.note_states().await?;
        let page = begun["redirectUrl"].as_str().with_context(|| format!("{platform} {login}: {begun}"))?;
        let consent = json!({"authorizeUrl":page,"decision":"allow","accounts":[made["id"]]});
        let back = self.system.sandbox.post("consent", consent).await?;
        let back: Url = back["redirectUrl"].as_str().with_context(|| format!("{platform} {login}: {back}"))?.parse()?;
        for (name, value) in back.query_pairs() {
            if let "code" | "state" | "oauth_verifier" = &*name {
                self.secrets.add(format!("the {name} of a login"), &value);
            }
        }
        let path = format!("{}?{}", back.path(), back.query().unwrap_or_default());
        let landed = self.system.anonymous(Method::GET, &path).send().await?;
        let front: Url = landed.headers().get("location").context("the way to the front end")?.to_str()?.parse()?;
        self.answers.push_str(front.as_str());
        let connection = front.query_pairs().find(|(name, _)| name == "connection").map(|(_, value)| value.into_owned());
        let connection = connection.with_context(|| format!("{platform} {login}: {front}"))?;
        let shown = format!("/api/v1/accounts/candidates?connectionId={connection}&person=ada");
        let offered = self.call(Method::GET, &shown, &Value::Null).await?;
        let ids: Vec<&str> =
            offered["candidates"].as_array().into_iter().flatten().filter_map(|one| one["externalId"].as_str()).collect();
        let id = ids.into_iter().find(|id| made["id"].as_str().is_some_and(|made| id.ends_with(made)));
        let choice = json!({"connectionId":connection,"person":"ada","externalIds":[id.context("the account is offered")?]});
        let connected = self.call(Method::POST, "/api/v1/accounts", &choice).await?;
        self.note_grants().await?;
        Ok(connected["accounts"][0]["id"].as_str().with_context(|| connected.to_string())?.parse()?)
    }

    /// Opens what the logins under way have sealed.
    async fn note_states(&mut self) -> anyhow::Result<()> {
        for state in oauth_state::Entity::find().all(&*self.system.app.db).await? {
            let place = format!("oauth_states:secret_sealed:{}", state.state_hash);
            let secret = self.system.app.config.keys.open(&state.secret_sealed, &place)?;
            self.secrets.add_all("the verifier of a login", &String::from_utf8(secret)?);
        }
        Ok(())
    }

    /// Opens the grants of all accounts as they are now.
    async fn note_grants(&mut self) -> anyhow::Result<()> {
        for row in account::Entity::find().all(&*self.system.app.db).await? {
            if row.grant_sealed.is_empty() {
                continue;
            }
            let grant: Value = serde_json::from_slice(&accounts::open_grant(&self.system.app.config.keys, &row)?)?;
            for name in ["access_token", "renewal", "token", "token_secret"] {
                self.secrets.add(format!("{name} of {}", row.platform), grant[name].as_str().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Opens the addresses that the journal keeps sealed.
    async fn note_uploads(&mut self) -> anyhow::Result<()> {
        let owners = account::Entity::find().all(&*self.system.app.db).await?;
        for step in job_step::Entity::find().all(&*self.system.app.db).await? {
            for sealed in step.output.unwrap_or_default().split('"').filter(|text| text.starts_with("v1.k1.")) {
                let keys = &self.system.app.config.keys;
                let opened = owners.iter().find_map(|owner| keys.open(sealed, &format!("job_steps:output:{}", owner.id)).ok());
                let address = String::from_utf8(opened.context("a sealed address opens for its account")?)?;
                self.secrets.add("an upload's address", &address);
                if let Some((_, query)) = address.split_once('?') {
                    self.secrets.add("an upload's address", query);
                }
            }
        }
        Ok(())
    }

    /// Publishes a post on each account; all must end in `status`.
    async fn publish(&mut self, connected: &[(PlatformId, Kind, AccountId)], text: &str) -> anyhow::Result<()> {
        let mut jobs = Vec::new();
        for (n, (platform, kind, account)) in connected.iter().enumerate() {
            let body = post_of(*platform, *kind, &self.system.sandbox, account, &format!("{text} {n}"));
            jobs.push(self.system.submit(&body).await?.remove(0).job);
        }
        for (job, (platform, kind, _)) in jobs.iter().zip(connected) {
            let ended = self.system.ended(job).await?;
            ensure!(ended["status"] == "completed", "{text}: {kind} on {platform}: {ended}");
            self.answers.push_str(&ended.to_string());
        }
        self.note_grants().await?;
        self.note_uploads().await
    }

    /// Ends an account's access token, so that it is renewed before the next post, where anything renews it.
    async fn end_token(&self, id: &AccountId) -> anyhow::Result<()> {
        let row = accounts::get(&*self.system.app.db, &self.system.workspace, id).await?;
        match (row.platform, row.variant.as_str()) {
            // Signatures have no end, and Instagram's own tokens are renewed when they are a day old.
            (PlatformId::X, "oauth1") | (PlatformId::Instagram, "instagram") => {}
            // These are renewed while they live: their end is brought near.
            (PlatformId::Facebook | PlatformId::Instagram, _) => {
                let mut row = row.into_active_model();
                row.expires_at = Set(Some(self.system.app.clock.now()));
                row.update(&*self.system.app.db).await?;
            }
            (platform, _) => {
                let id = row.external_id.rsplit(':').next().unwrap_or_default();
                self.system.sandbox.post(&format!("accounts/{platform}/{id}/expire"), json!({})).await?;
            }
        }
        Ok(())
    }

    /// Lets posts fail in many ways on the harness's own accounts.
    async fn fail(&mut self) -> anyhow::Result<()> {
        for (platform, path) in [(PlatformId::X, "/2/tweets"), (PlatformId::Facebook, "*/feed")] {
            for (n, fault) in ["slow_body", "unheard_of", "invalid_content", "token_revoked"].into_iter().enumerate() {
                let sandbox = &self.system.sandbox;
                sandbox.plant(json!({"platform":platform,"method":"POST","path":path,"action":{"name":fault}})).await?;
                let body = post_of(platform, Kind::Image, sandbox, self.system.account(platform), &format!("secret {n}"));
                let job = self.system.submit(&body).await?.remove(0).job;
                let shown = if fault == "unheard_of" { self.system.job(&job).await? } else { self.system.ended(&job).await? };
                self.answers.push_str(&shown.to_string());
                self.system.sandbox.heal().await?;
            }
        }
        Ok(())
    }

    /// Asks every route that shows something.
    async fn look_around(&mut self) -> anyhow::Result<()> {
        for path in [
            "/api/v1/accounts",
            "/api/v1/credentials",
            "/api/v1/credentials/status",
            "/api/v1/notices",
            "/api/v1/platforms",
            "/api/v1/posts?limit=100",
            "/api/v1/rate-limits",
            "/metrics",
            "/openapi.json",
            "/readyz",
        ] {
            self.call(Method::GET, path, &Value::Null).await?;
        }
        let jobs = self.call(Method::GET, "/api/v1/jobs?limit=100", &Value::Null).await?;
        for job in jobs["data"].as_array().into_iter().flatten() {
            // The timeline of a job that has ended ends too.
            if matches!(job["status"].as_str(), Some("completed" | "failed" | "blocked")) {
                let events = format!("/api/v1/jobs/{}/events", job["id"].as_str().unwrap_or_default());
                self.call(Method::GET, &events, &Value::Null).await?;
            }
        }
        Ok(())
    }

    fn assert_nothing_in(&self, name: &str, process: &Process, word: &str) {
        // Lines that differ in their times alone are looked at once: the worker's log has a hundred megabytes.
        let lines = process.lines_with("");
        let lines = lines.iter().map(|line| line.split_once("\"level\"").map_or(line.as_str(), |(_, rest)| rest));
        let log = lines.collect::<BTreeSet<&str>>().into_iter().collect::<Vec<_>>().join("\n");
        assert!(log.contains(word), "the log of the {name} was kept");
        println!("{name}: {} bytes of log, {} secrets", log.len(), self.secrets.0.len());
        assert_eq!(self.secrets.find(&log), None, "the log of the {name}");
    }
}

/// The app's secrets, one for each platform.
const APP_SECRETS: [&str; 7] = [
    "X_CONSUMER_SECRET",
    "X_CLIENT_SECRET",
    "FACEBOOK_APP_SECRET",
    "INSTAGRAM_APP_SECRET",
    "LINKEDIN_CLIENT_SECRET",
    "TIKTOK_CLIENT_SECRET",
    "YOUTUBE_CLIENT_SECRET",
];

#[tokio::test]
async fn no_secret_reaches_a_log_an_answer_or_the_database() -> anyhow::Result<()> {
    let system = System::start_with(&[("RUST_LOG", "trace".to_owned())]).await?;
    // Only partners of LinkedIn are given refresh tokens.
    system.sandbox.post("settings", json!({"linkedin":{"partner":true}})).await?;
    let (scheduler, worker) = (system.scheduler(0).await?, system.worker(&[], 0).await?);
    let mut run = Run { system, secrets: Secrets::default(), answers: String::new() };
    for name in APP_SECRETS {
        let secret = run.system.setting(name);
        assert!(secret.len() >= 8, "{name} is set");
        run.secrets.add(name, &secret);
    }
    run.secrets.add("the API key", &run.system.key.clone());
    run.secrets.add("the key material", &run.system.setting("PRESSROOM_KEYS").replace("k1:", ""));
    let mut connected = Vec::new();
    for (platform, login, sort, kind) in LOGINS {
        connected.push((platform, kind, run.connect((platform, login, sort)).await?));
    }

    run.publish(&connected, "fresh").await?;
    for (_, _, id) in &connected {
        run.end_token(id).await?;
    }
    run.publish(&connected, "renewed").await?;
    run.fail().await?;
    for (_, _, id) in &connected {
        run.call(Method::DELETE, &format!("/api/v1/accounts/{id}"), &Value::Null).await?;
    }
    run.look_around().await?;

    let granted = run.secrets.count("access_token of");
    assert!(granted > LOGINS.len() + PlatformId::ALL.len(), "the grants were renewed: {granted} tokens");
    for what in ["access_token", "renewal", "token_secret", "code", "state", "verifier", "upload"] {
        assert!(run.secrets.count(what) > 0, "the run had {what} to keep");
    }
    let stored = dump(&run.system.app.db).await?;
    assert!(stored.contains("secret 0") && stored.contains("v1.k1."), "the dump shows what the database holds");
    assert!(run.answers.contains("secret 0") && run.answers.contains("event:"), "the answers were kept");
    run.assert_nothing_in("worker", &worker, "TRACE");
    run.assert_nothing_in("scheduler", &scheduler, "scheduler started");
    run.assert_nothing_in("api", run.system.api_process(), "TRACE");
    assert_eq!(run.secrets.find(&run.answers), None, "the API's answers");
    assert_eq!(run.secrets.find(&stored), None, "the database");
    assert_eq!(run.secrets.find(&files(&run.system)?), None, "the database's files");
    Ok(())
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = "a+secret/with=signs";
    let mut secrets = Secrets::default();
    secrets.add("it", secret);
    for text in [
        format!("token={secret}&"),
        "token=a%2Bsecret%2Fwith%3Dsigns".to_owned(),
        format!("Basic {}", STANDARD.encode(format!("me:{secret}"))),
        STANDARD.encode(format!("id:{secret}.")),
        URL_SAFE.encode(format!("client:{secret}, and more")),
    ] {
        assert!(secrets.find(&text).is_some(), "{text}");
    }
    assert_eq!(secrets.find("a+secret/without=signs"), None);
}

#[tokio::test]
async fn an_account_with_oauth_1_signatures_publishes_and_finds_its_lost_answers() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let made = stack.sandbox.post("accounts", json!({"platform":"x","name":"Signed","oauth1":true})).await?;
    let grant = json!({"type":"oauth1","token":made["token"],"token_secret":made["tokenSecret"]});
    let account = tests::stack::insert_account(&stack.app, &stack.workspace, PlatformId::X, &made, &grant).await?;
    stack.sandbox.fault("x", "/2/tweets", json!({"name":"answer_lost"})).await?;
    let body = post_of(PlatformId::X, Kind::Images, &stack.sandbox, &account, "signed & sealed, 100 % + more");
    let job = stack.submit(&body).await?.remove(0).job;

    let job = stack.run_to_the_end(&job).await?;

    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(stack.sandbox.posts_saying("signed & sealed").await?.len(), 1);
    Ok(())
}
