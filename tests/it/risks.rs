//! Posts are looked at ahead of their time: each risk is told once with what to do, and is over when it is over.
//!
//! A little over 400 lines: all tests share the one table of harms and what does them.

use std::time::Duration;

use crate::limits::{call, left, make};
use anyhow::Context;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::{Value, json};
use shared::app::App;
use shared::content::{AccountState, Kind, PlatformId};
use shared::entity::{account, notice, post};
use shared::ids::{AccountId, JobId};
use shared::secret::KeyRing;
use shared::store::{accounts, api_keys, job_events, risks, workspaces};
use tests::kinds::{all, post_of};
use tests::stack::{ALL_SCOPES, connect};
use tests::{ApiClient, Stack};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A post that waits.
struct Waiting {
    id: String,
    job: JobId,
    account: AccountId,
}

impl Waiting {
    async fn submit(stack: &Stack, mut body: Value, ahead: Duration) -> anyhow::Result<Self> {
        body["publishAt"] = json!(stack.app.clock.now().plus(ahead).to_string());
        let (status, post) = stack.post("/api/v1/posts", &body).await?;
        anyhow::ensure!(status == 202, "the post was answered with {status}: {post}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let target = &post["targets"][0];
        Ok(Self { id: text(&post["id"]), job: text(&target["jobId"]).parse()?, account: text(&target["accountId"]).parse()? })
    }

    /// A post with an image on an account of X that nothing else uses.
    async fn image(stack: &Stack, text: &str, ahead: Duration) -> anyhow::Result<Self> {
        let account = connect(&stack.app, &stack.sandbox, &stack.workspace, (PlatformId::X, "")).await?;
        Self::submit(stack, post_of(PlatformId::X, Kind::Image, &stack.sandbox, &account, text), ahead).await
    }

    /// The codes of the target's risks, as the API shows them.
    async fn codes(&self, stack: &Stack) -> anyhow::Result<Vec<String>> {
        let shown = stack.get(&format!("/api/v1/posts/{}", self.id)).await?;
        let risks = shown["targets"][0]["risks"].as_array().cloned().unwrap_or_default();
        for risk in &risks {
            let filled = |name: &str| risk[name].as_str().is_some_and(|text| !text.is_empty());
            anyhow::ensure!(filled("message") && filled("remedy"), "a risk tells what was found and what to do: {risk}");
        }
        Ok(risks.iter().map(|risk| risk["code"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// How often the timeline tells of a risk, and of its end.
    async fn told(&self, stack: &Stack) -> anyhow::Result<(usize, usize)> {
        let events = job_events::list_after(&*stack.app.db, &stack.workspace, &self.job, 0, 100).await?;
        let count = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
        Ok((count("at_risk"), count("risk_over")))
    }

    /// The notices about the post: those that are open, and those that are over.
    async fn notices(&self, stack: &Stack) -> anyhow::Result<(usize, usize)> {
        let all = notice::Entity::find().filter(notice::Column::PostId.eq(self.id.as_str())).all(&*stack.app.db).await?;
        assert!(all.iter().all(|notice| notice.kind == "post_at_risk" && notice.workspace_id == stack.workspace));
        let open = all.iter().filter(|notice| notice.resolved_at.is_none()).count();
        Ok((open, all.len() - open))
    }
}

/// One round of a scheduler, and all that its looks need; gives how many looks it began.
async fn look(stack: &Stack) -> anyhow::Result<usize> {
    let begun = scheduler::ahead::tick(&stack.app).await?;
    stack.drain().await?;
    // What did not answer is asked again after 2 s and after 8 s, each up to a quarter later.
    for pause in [3, 10] {
        stack.advance(Duration::from_secs(pause));
        stack.drain().await?;
    }
    Ok(begun)
}

/// A change of an account's row.
async fn change(stack: &Stack, id: &AccountId, by: impl FnOnce(&mut account::ActiveModel)) -> anyhow::Result<()> {
    let mut row = accounts::get(&*stack.app.db, &stack.workspace, id).await?.into_active_model();
    by(&mut row);
    row.update(&*stack.app.db).await?;
    Ok(())
}

async fn put_grant(stack: &Stack, id: &AccountId, keys: &KeyRing, grant: &Value) -> anyhow::Result<()> {
    let sealed = accounts::seal_grant(keys, id, &serde_json::to_vec(grant)?)?;
    change(stack, id, |row| row.grant_sealed = Set(sealed)).await
}

async fn rewrite(stack: &Stack, post: &str, from: &str, to: &str) -> anyhow::Result<()> {
    let row = post::Entity::find().filter(post::Column::Id.eq(post)).one(&*stack.app.db).await?.context("the post")?;
    let content = row.content.replace(from, to);
    assert_ne!(content, row.content, "`{from}` stands in the content");
    let mut row = row.into_active_model();
    row.content = Set(content);
    row.update(&*stack.app.db).await?;
    Ok(())
}

/// What each code stands for, done to a post with an image on X that is due in three hours.
const HARMS: [&str; 11] = [
    "account_disconnected",
    "account_needs_reconnect",
    "grant_unreadable",
    "grant_refused",
    "account_is_another",
    "token_ends",
    "renewal_ends",
    "scopes_missing",
    "media_unavailable",
    "media_type_refused",
    "text_too_long",
];

async fn harm(stack: &Stack, code: &str, waiting: &Waiting) -> anyhow::Result<()> {
    let (id, now, keys) = (&waiting.account, stack.app.clock.now(), &stack.app.config.keys);
    match code {
        "account_disconnected" => change(stack, id, |row| row.disconnected_at = Set(Some(now))).await,
        "account_needs_reconnect" => change(stack, id, |row| row.state = Set(AccountState::NeedsReconnect)).await,
        "grant_unreadable" => {
            let other = KeyRing::parse("k9:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=")?;
            put_grant(stack, id, &other, &json!({"type":"bearer","access_token":"t"})).await
        }
        "grant_refused" => put_grant(stack, id, keys, &json!({"type":"bearer","access_token":"nobody's"})).await,
        "account_is_another" => {
            let made = stack.sandbox.post("accounts", json!({"platform":"x","name":"Another"})).await?;
            put_grant(stack, id, keys, &json!({"type":"bearer","access_token":made["accessToken"]})).await
        }
        "token_ends" => change(stack, id, |row| row.expires_at = Set(Some(now.plus(HOUR)))).await,
        "renewal_ends" => {
            let row = accounts::get(&*stack.app.db, &stack.workspace, id).await?;
            let mut grant: Value = serde_json::from_slice(&accounts::open_grant(keys, &row)?)?;
            grant["renewal"] = json!("a refresh token");
            put_grant(stack, id, keys, &grant).await?;
            change(stack, id, |row| row.renewal_expires_at = Set(Some(now.plus(HOUR)))).await
        }
        "scopes_missing" => change(stack, id, |row| row.scopes = Set("tweet.read users.read".to_owned())).await,
        "media_unavailable" => rewrite(stack, &waiting.id, "samples/photo-1.jpg", "samples/gone.jpg").await,
        "media_type_refused" => rewrite(stack, &waiting.id, "photo-1.jpg", "slides.pdf").await,
        "text_too_long" => rewrite(stack, &waiting.id, "a post", &"long ".repeat(70)).await,
        other => anyhow::bail!("no harm is called `{other}`"),
    }
}

#[tokio::test]
async fn every_risk_is_told_once_and_is_over_when_it_is_over() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    for code in HARMS {
        let waiting = Waiting::image(&stack, &format!("a post with {code}"), 3 * HOUR).await?;
        let account = accounts::get(&*stack.app.db, &stack.workspace, &waiting.account).await?;
        let post = post::Entity::find().filter(post::Column::Id.eq(waiting.id.as_str())).one(&*stack.app.db).await?;
        harm(&stack, code, &waiting).await?;

        assert_eq!(look(&stack).await?, 1, "{code}");
        assert_eq!(waiting.codes(&stack).await?, [code]);
        assert_eq!((waiting.told(&stack).await?, waiting.notices(&stack).await?), ((1, 0), (1, 0)), "{code}");

        account.into_active_model().reset_all().update(&*stack.app.db).await?;
        post.context("the post")?.into_active_model().reset_all().update(&*stack.app.db).await?;
        assert_eq!(look(&stack).await?, 0, "{code}: nothing is looked at between the looks");
        stack.advance(2 * HOUR);
        assert_eq!(look(&stack).await?, 1, "{code}");
        assert_eq!(waiting.codes(&stack).await?, [""; 0], "{code}");
        assert_eq!((waiting.told(&stack).await?, waiting.notices(&stack).await?), ((1, 1), (0, 1)), "{code}");
        let (status, answer) = stack.post(&format!("/api/v1/jobs/{}/cancel", waiting.job), &Value::Null).await?;
        assert!(status < 300, "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_limit_that_has_no_room_until_after_the_post_is_due_is_a_risk() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let waiting = Waiting::image(&stack, "a post that will be late", 3 * HOUR).await?;
    let create = || call(PlatformId::X, &waiting.account, "create post");
    let reset_at = stack.app.clock.now().plus(4 * HOUR);
    make(&stack.app, create(), &left(100, 0, reset_at)).await?;

    assert_eq!(look(&stack).await?, 1);
    assert_eq!(waiting.codes(&stack).await?, ["limit_reached"]);

    stack.advance(2 * HOUR);
    let earlier = stack.app.clock.now().plus(HOUR / 2);
    let pass = make(&stack.app, call(PlatformId::X, &waiting.account, "media status"), &left(100, 0, earlier)).await;
    assert!(pass.is_ok(), "another limit, which has room again before the post is due");
    assert_eq!(look(&stack).await?, 1);
    assert_eq!(waiting.codes(&stack).await?, ["limit_reached"]);
    Ok(())
}

#[tokio::test]
async fn a_good_post_of_any_kind_on_any_platform_is_at_no_risk() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let mut waiting = Vec::new();
    for (platform, kind) in all() {
        let text = format!("a good {kind} on {platform}");
        let mut body = post_of(platform, kind, &stack.sandbox, stack.account(platform), &text);
        body["allowDuplicate"] = json!(true);
        if kind == Kind::Reply {
            body["targets"][0]["options"] = json!({ "replyTo": "1234567890" });
        }
        waiting.push((text, Waiting::submit(&stack, body, 30 * MINUTE).await?));
    }

    let begun = look(&stack).await?;

    assert_eq!(begun, waiting.len());
    for (text, waiting) in &waiting {
        assert_eq!(waiting.codes(&stack).await?, [""; 0], "{text}");
    }
    assert_eq!(stack.get("/api/v1/posts?atRisk=true").await?["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_post_is_looked_at_a_day_and_an_hour_before_or_right_away() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let text = |text: &str| json!({"content":{"text":text},"targets":[{"accountId":stack.x,"kind":"text"}]});
    stack.submit(&text("now")).await?;
    stack.drain().await?;
    assert_eq!(look(&stack).await?, 0, "what is due at once is published at once");

    Waiting::submit(&stack, text("in 30 minutes"), 30 * MINUTE).await?;
    assert_eq!((look(&stack).await?, look(&stack).await?), (1, 0));
    stack.advance(HOUR);
    assert_eq!(look(&stack).await?, 0);

    Waiting::submit(&stack, text("in 23 hours"), 23 * HOUR).await?;
    assert_eq!((look(&stack).await?, look(&stack).await?), (1, 0));
    stack.advance(21 * HOUR + 30 * MINUTE);
    assert_eq!(look(&stack).await?, 0, "an hour and a half before");
    stack.advance(35 * MINUTE);
    assert_eq!((look(&stack).await?, look(&stack).await?), (1, 0));
    stack.advance(HOUR);

    Waiting::submit(&stack, text("in two days"), 48 * HOUR).await?;
    assert_eq!(look(&stack).await?, 0);
    stack.advance(23 * HOUR + 30 * MINUTE);
    assert_eq!(look(&stack).await?, 0, "a day and a half hour before");
    stack.advance(HOUR);
    assert_eq!((look(&stack).await?, look(&stack).await?), (1, 0));
    stack.advance(23 * HOUR);
    assert_eq!((look(&stack).await?, look(&stack).await?), (1, 0));
    Ok(())
}

#[tokio::test]
async fn two_schedulers_at_once_begin_each_look_once() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let second = App::start(stack.app.config.clone(), stack.app.clock.clone()).await?;
    for n in 0..30 {
        let body = json!({"content":{"text":format!("number {n}")},"targets":[{"accountId":stack.x,"kind":"text"}]});
        Waiting::submit(&stack, body, 3 * HOUR).await?;
    }

    let (one, other) = tokio::join!(scheduler::ahead::tick(&stack.app), scheduler::ahead::tick(&second));

    assert_eq!(one? + other?, 30);
    let listed = stack.get("/api/v1/jobs?kind=check_target&limit=100").await?;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(30), "{listed}");
    Ok(())
}

#[tokio::test]
async fn a_platform_that_does_not_answer_is_told_only_when_there_is_no_time_left_to_ask_again() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let waiting = Waiting::image(&stack, "unasked", 3 * HOUR).await?;
    let fault = json!({"platform":"x","path":"/2/users/me","count":100,"action":{"name":"reset_before"}});
    stack.sandbox.plant(fault).await?;

    look(&stack).await?;
    let first = waiting.codes(&stack).await?;
    stack.advance(2 * HOUR);
    look(&stack).await?;

    assert_eq!(first, [""; 0]);
    assert_eq!(waiting.codes(&stack).await?, ["could_not_be_checked"]);
    Ok(())
}

#[tokio::test]
async fn a_platform_that_answers_the_second_time_is_no_risk() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let waiting = Waiting::image(&stack, "asked again", 30 * MINUTE).await?;
    let fault = json!({"platform":"x","path":"/2/users/me","count":1,"action":{"name":"reset_before"}});
    let fault = stack.sandbox.plant(fault).await?;

    look(&stack).await?;

    stack.sandbox.fired(&fault, 1).await?;
    assert_eq!((waiting.codes(&stack).await?, waiting.told(&stack).await?), (Vec::new(), (0, 0)));
    Ok(())
}

#[tokio::test]
async fn a_file_whose_host_is_away_and_a_version_that_has_ended_are_risks() -> anyhow::Result<()> {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let settings = [("MEDIA_ALLOW", closed.to_string()), ("FACEBOOK_API_VERSION", "v20.0".to_owned())];
    let stack = Stack::start_with(&settings).await?;
    let media = json!([{ "url": format!("http://{closed}/photo.jpg") }]);
    let image = json!({"content":{"text":"x","media":media},"targets":[{"accountId":stack.x,"kind":"image"}]});
    let text = json!({"content":{"text":"x"},"targets":[{"accountId":stack.facebook,"kind":"text"}]});
    let image = Waiting::submit(&stack, image, 3 * HOUR).await?;
    let text = Waiting::submit(&stack, text, 3 * HOUR).await?;

    look(&stack).await?;

    assert_eq!(image.codes(&stack).await?, ["media_unreachable"]);
    let codes = text.codes(&stack).await?;
    assert!(codes.contains(&"api_version_ends".to_owned()), "{codes:?}");
    Ok(())
}

#[tokio::test]
async fn posts_at_risk_are_listed_page_by_page_and_only_in_their_workspace() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let good = Waiting::image(&stack, "good", 3 * HOUR).await?;
    let mut risky = Vec::new();
    for n in 0..3 {
        let waiting = Waiting::image(&stack, &format!("risky {n}"), 3 * HOUR).await?;
        harm(&stack, "account_needs_reconnect", &waiting).await?;
        risky.insert(0, waiting.id);
    }
    look(&stack).await?;
    let now = stack.app.clock.now();
    let stranger = workspaces::insert(&*stack.app.db, "Stranger", now).await?;
    let (_, key) = api_keys::insert(&*stack.app.db, &stranger, "key", &ALL_SCOPES, (now, None)).await?;
    let stranger = ApiClient::new(&stack.url, key.expose());
    let ids = |page: &Value| -> Vec<String> {
        let posts = page["data"].as_array().into_iter().flatten();
        posts.filter_map(|post| post["id"].as_str()).map(str::to_owned).collect()
    };

    let first = stack.get("/api/v1/posts?atRisk=true&limit=2").await?;
    let cursor = first["nextCursor"].as_str().context("a second page")?;
    let second = stack.get(&format!("/api/v1/posts?atRisk=true&limit=2&cursor={cursor}")).await?;

    assert_eq!([ids(&first), ids(&second)].concat(), risky);
    assert_eq!(second["nextCursor"], Value::Null);
    assert!(ids(&stack.get("/api/v1/posts").await?).contains(&good.id));
    assert_eq!(stranger.get("/api/v1/posts?atRisk=true").await?["data"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_reconnected_account_ends_its_risks_and_is_looked_at_again_at_once() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let waiting = Waiting::image(&stack, "reconnected", 3 * HOUR).await?;
    let row = accounts::get(&*stack.app.db, &stack.workspace, &waiting.account).await?;
    harm(&stack, "grant_refused", &waiting).await?;
    look(&stack).await?;
    assert_eq!(waiting.codes(&stack).await?, ["grant_refused"]);

    let txn = stack.app.db.begin().await?;
    risks::clear_of_account(&*txn, &stack.workspace, &waiting.account, stack.app.clock.now()).await?;
    txn.commit().await?;

    assert_eq!((waiting.codes(&stack).await?, waiting.notices(&stack).await?), (Vec::new(), (0, 1)));
    assert_eq!(look(&stack).await?, 1, "the grant is still refused");
    assert_eq!((waiting.codes(&stack).await?, waiting.notices(&stack).await?), (vec!["grant_refused".to_owned()], (1, 0)));
    row.into_active_model().reset_all().update(&*stack.app.db).await?;
    risks::clear_of_account(&*stack.app.db, &stack.workspace, &waiting.account, stack.app.clock.now()).await?;
    assert_eq!(look(&stack).await?, 1);
    assert_eq!((waiting.codes(&stack).await?, waiting.notices(&stack).await?), (Vec::new(), (0, 1)));
    Ok(())
}

#[tokio::test]
async fn a_lost_account_puts_what_waits_for_it_at_risk_at_once() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let soon = Waiting::image(&stack, "soon", 3 * HOUR).await?;
    let later = json!({"content":{"text":"later"},"targets":[{"accountId":soon.account,"kind":"text"}]});
    let later = Waiting::submit(&stack, later, 48 * HOUR).await?;
    look(&stack).await?;
    harm(&stack, "account_needs_reconnect", &soon).await?;

    risks::look_again_of_account(&*stack.app.db, &stack.workspace, &soon.account, stack.app.clock.now()).await?;

    assert_eq!(look(&stack).await?, 1, "what is due in two days has its first look ahead of it");
    assert_eq!(soon.codes(&stack).await?, ["account_needs_reconnect"]);
    assert_eq!(later.codes(&stack).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_risk_ends_with_its_post() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let waiting = Waiting::image(&stack, "goes out all the same", 3 * HOUR).await?;
    harm(&stack, "scopes_missing", &waiting).await?;
    look(&stack).await?;
    assert_eq!((waiting.codes(&stack).await?.len(), waiting.notices(&stack).await?), (1, (1, 0)));

    stack.advance(3 * HOUR);
    let job = stack.run_to_the_end(&waiting.job).await?;
    look(&stack).await?;

    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!((waiting.codes(&stack).await?.len(), waiting.notices(&stack).await?), (0, (0, 1)));
    assert_eq!(stack.get("/api/v1/posts?atRisk=true").await?["data"], json!([]));
    Ok(())
}
