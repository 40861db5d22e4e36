//! LinkedIn: every kind, every documented error, lost answers of members and organisations, files, and comments.

mod errors;
mod files;
mod lost;

use std::time::Duration;

use serde_json::{Value, json};
use shared::content::Kind;
use shared::content::PlatformId::Linkedin;
use shared::ids::AccountId;
use tests::Stack;
use tests::kinds::post_of;
use tests::stack::{connect, insert_account};

/// Every kind that LinkedIn has.
const KINDS: [Kind; 7] = [Kind::Text, Kind::Link, Kind::Image, Kind::Images, Kind::Video, Kind::Document, Kind::Poll];

/// A sort of author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    /// A member whose token may read the state of files, as partners' do.
    Member,
    /// A member whose token may only post, as self-serve apps' do.
    SelfServe,
    /// An organisation, whose posts can be read.
    Organization,
    /// An organisation whose token may only post.
    BlindOrganization,
}

use Author::{BlindOrganization, Member, Organization, SelfServe};

/// A stack with an account of the sort whose token is no longer new.
async fn start(author: Author) -> anyhow::Result<(Stack, AccountId)> {
    let stack = Stack::start().await?;
    let scopes: &[&str] = match author {
        Member | Organization => &[],
        SelfServe => &["openid", "profile", "w_member_social"],
        BlindOrganization => &["w_organization_social", "w_organization_social_feed"],
    };
    let variant = if matches!(author, Member | SelfServe) { "" } else { "organization" };
    let account = if scopes.is_empty() {
        connect(&stack.app, &stack.sandbox, &stack.workspace, (Linkedin, variant)).await?
    } else {
        let wanted = json!({ "platform": "linkedin", "name": "Ada", "variant": variant, "scopes": scopes });
        let made = stack.sandbox.post("accounts", wanted).await?;
        let grant = json!({ "type": "bearer", "access_token": made["accessToken"] });
        insert_account(&stack.app, &stack.workspace, Linkedin, &made, &grant).await?
    };
    stack.advance(Duration::from_secs(60));
    Ok((stack, account))
}

async fn settings(stack: &Stack, settings: Value) -> anyhow::Result<()> {
    stack.sandbox.post("settings", json!({ "linkedin": settings })).await.map(|_| ())
}

/// Plants a fault on calls with a method to a path.
async fn plant(stack: &Stack, (method, path): (&str, &str), (count, action): (u32, Value)) -> anyhow::Result<()> {
    let fault = json!({ "platform": "linkedin", "method": method, "path": path, "count": count, "action": action });
    stack.sandbox.plant(fault).await.map(|_| ())
}

/// The visible call.
const POST: (&str, &str) = ("POST", "/rest/posts");

/// How many calls arrived with a method at paths that begin so.
async fn calls(stack: &Stack, method: &str, path: &str) -> anyhow::Result<usize> {
    let requests = stack.sandbox.requests("linkedin").await?;
    let fits = |call: &&Value| call["method"] == method && call["path"].as_str().is_some_and(|at| at.starts_with(path));
    Ok(requests.iter().filter(fits).count())
}

/// Submits a post of a kind and lets time pass until its job has ended; also gives the seconds that it took.
async fn publish(stack: &Stack, account: &AccountId, kind: Kind, text: &str) -> anyhow::Result<(Value, u64)> {
    let mut body = post_of(Linkedin, kind, &stack.sandbox, account, text);
    body["allowDuplicate"] = json!(true);
    publish_body(stack, &body).await
}

async fn publish_body(stack: &Stack, body: &Value) -> anyhow::Result<(Value, u64)> {
    let began = stack.app.clock.now();
    let job = stack.submit(body).await?.remove(0).job;
    let ended = stack.run_to_the_end(&job).await?;
    Ok((ended, stack.app.clock.now().since(began).as_secs()))
}

fn state(job: &Value) -> (&str, Option<&str>, i64) {
    (job["status"].as_str().unwrap_or_default(), job["error"]["code"].as_str(), job["attempt"].as_i64().unwrap_or_default())
}

const COMPLETED: (&str, Option<&str>, i64) = ("completed", None, 1);

#[tokio::test]
async fn every_kind_is_published_as_it_was_meant() -> anyhow::Result<()> {
    for author in [Member, SelfServe, Organization, BlindOrganization] {
        let (stack, account) = start(author).await?;
        for kind in KINDS {
            let text = format!("A {kind}: 100% (really) [sic] a_b *c* #done @ad");
            let mut body = post_of(Linkedin, kind, &stack.sandbox, &account, &text);
            body["content"]["title"] = json!("A title");
            if kind == Kind::Link {
                body["content"]["linkDescription"] = json!("what it is about");
                body["content"]["thumbnail"] = json!(stack.sandbox.sample("thumbnail.jpg"));
            }
            body["content"]["firstComment"] = json!("And one more thing.");

            let (job, _) = publish_body(&stack, &body).await?;

            assert_eq!(state(&job), COMPLETED, "{author:?} {kind}: {job}");
            assert_eq!(job["published"]["warnings"].as_array().map_or(0, Vec::len), 0, "{author:?} {kind}: {job}");
            let posts = stack.sandbox.posts_saying(&text).await?;
            assert_eq!(posts.len(), 1, "{author:?} {kind}: {posts:?}");
            check(kind, &posts[0], &text, &job);
        }
    }
    Ok(())
}

/// Checks what people see of a post.
fn check(kind: Kind, post: &Value, text: &str, job: &Value) {
    let name: &str = kind.into();
    assert_eq!((&post["kind"], &post["text"]), (&json!(name), &json!(text)));
    assert_eq!((&post["id"], &post["url"]), (&job["published"]["externalId"], &job["published"]["url"]));
    let media = post["media"].as_array().cloned().unwrap_or_default();
    let files = match kind {
        Kind::Images => 3,
        Kind::Image | Kind::Video | Kind::Document => 1,
        _ => 0,
    };
    assert_eq!(media.len(), files, "{post}");
    if matches!(kind, Kind::Image | Kind::Images) {
        assert!(media.iter().all(|medium| medium["altText"] == "a picture"), "{post}");
        // The samples' sizes, in order.
        let sizes: Vec<u64> = media.iter().filter_map(|medium| medium["sizeBytes"].as_u64()).collect();
        assert!([139_197, 20_813, 43_057].starts_with(&sizes), "{post}");
    }
    let title = if matches!(kind, Kind::Link | Kind::Video | Kind::Document) { json!("A title") } else { Value::Null };
    assert_eq!(post["title"], title, "{post}");
    if kind == Kind::Link {
        assert_eq!(post["link"], "https://example.com/article?a=1&b=2");
        assert_eq!(post["extra"]["description"], "what it is about");
        assert!(post["extra"]["thumbnail"].is_string(), "{post}");
    }
    if kind == Kind::Poll {
        let poll = json!({ "question": "Which one?", "options": ["This", "That"], "duration": "ONE_DAY" });
        assert_eq!(post["extra"]["poll"], poll);
    }
    let comments: Vec<&Value> = post["comments"].as_array().into_iter().flatten().map(|comment| &comment["text"]).collect();
    assert_eq!(comments, ["And one more thing."]);
}

#[tokio::test]
async fn a_member_chooses_who_sees_the_post_and_an_organization_does_not() -> anyhow::Result<()> {
    let (stack, account) = start(Member).await?;
    for privacy in ["PUBLIC", "CONNECTIONS", "LOGGED_IN"] {
        let mut body = post_of(Linkedin, Kind::Text, &stack.sandbox, &account, &format!("for {privacy}"));
        body["targets"][0]["options"] = json!({ "privacy": privacy });
        let (job, _) = publish_body(&stack, &body).await?;

        assert_eq!(state(&job), COMPLETED, "{job}");
        let posts = stack.sandbox.posts_saying(&format!("for {privacy}")).await?;
        assert_eq!(posts[0]["extra"]["privacy"], privacy.to_lowercase());
    }
    let (stack, account) = start(Organization).await?;
    let mut body = post_of(Linkedin, Kind::Image, &stack.sandbox, &account, "for a few");
    body["targets"][0]["options"] = json!({ "privacy": "CONNECTIONS" });
    let (job, _) = publish_body(&stack, &body).await?;

    assert_eq!(state(&job), ("failed", Some("privacy_unsupported"), 1), "{job}");
    assert_eq!(stack.sandbox.requests("linkedin").await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_text_reaches_its_readers_as_it_was_written() -> anyhow::Result<()> {
    let (stack, account) = start(Member).await?;
    let friend = stack.sandbox.post("accounts", json!({ "platform": "linkedin", "name": "Ann (B) Lee" })).await?;
    let urn = format!("urn:li:person:{}", friend["id"].as_str().unwrap_or_default());
    for (n, (written, shown)) in [
        ("| { } @ [ ] ( ) < > # \\ * _ ~ and \\n", "| { } @ [ ] ( ) < > # \\ * _ ~ and \\n"),
        (
            "#rust and #snake_case, C# too; a@b.c, https://e.com/a_(b)#c",
            "#rust and #snake_case, C# too; a@b.c, https://e.com/a_(b)#c",
        ),
        (&format!("with @[Ann (B) Lee]({urn})!"), "with Ann (B) Lee!"),
        ("{hashtag|\\#|no} @[nobody](x)", "{hashtag|\\#|no} @[nobody](x)"),
        (&"🙂".repeat(1500), &"🙂".repeat(1500)),
    ]
    .into_iter()
    .enumerate()
    {
        let (job, _) = publish(&stack, &account, Kind::Text, written).await?;

        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(stack.sandbox.posts().await?[n]["text"], shown);
    }
    Ok(())
}
#[tokio::test]
async fn a_first_comment_is_made_once_or_its_owner_is_told() -> anyhow::Result<()> {
    let comments = ("POST", "/rest/socialActions/*");
    for (author, action, comments_made, warning) in [
        (Organization, json!({ "name": "answer_lost" }), 1, None),
        (Organization, json!({ "name": "error_after", "status": 503 }), 1, None),
        (Organization, json!({ "name": "truncated" }), 1, None),
        (Organization, json!({ "name": "reset_before" }), 1, None),
        (Organization, json!({ "name": "rate_limited", "resetAfterSeconds": 60 }), 1, None),
        (Organization, json!({ "name": "permission_missing" }), 0, Some("permission_missing")),
        (Organization, json!({ "name": "invalid_content" }), 0, Some("content_refused")),
        // Who may not read comments can't find out.
        (SelfServe, json!({ "name": "answer_lost" }), 1, Some("outcome_unknown")),
        (SelfServe, json!({ "name": "reset_before" }), 0, Some("outcome_unknown")),
    ] {
        let (stack, account) = start(author).await?;
        plant(&stack, comments, (1, action.clone())).await?;
        let mut body = post_of(Linkedin, Kind::Text, &stack.sandbox, &account, "commented");
        body["content"]["firstComment"] = json!("first (really) #one");

        let (job, _) = publish_body(&stack, &body).await?;

        assert_eq!(job["status"], "completed", "{author:?} {action}: {job}");
        assert_eq!(job["published"]["warnings"][0]["code"].as_str(), warning, "{author:?} {action}: {job}");
        let posts = stack.sandbox.posts().await?;
        let made: Vec<&str> =
            posts[0]["comments"].as_array().into_iter().flatten().filter_map(|made| made["text"].as_str()).collect();
        assert_eq!((posts.len(), made), (1, vec!["first (really) #one"; comments_made]), "{author:?} {action}");
    }
    Ok(())
}
