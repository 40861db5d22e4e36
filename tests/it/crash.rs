//! The crash matrix: a worker dies at every point of every journal step of every kind on every platform, and in the
//! middle of every call that changes something. Whatever happens, the platform ends up with exactly one post, and the
//! job knows its id.
//!
//! Nothing is listed by hand: a first run of each kind, without a death, shows its steps and its calls.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use shared::content::{Kind, PlatformId};
use shared::entity::job_step;
use shared::ids::JobId;
use shared::journal::{Halt, Point};
use tests::kinds::{self, post_of, with_comment};
use tests::{Stack, System};

/// How the worker dies.
#[derive(Debug, Clone)]
enum Death {
    /// It stands at a point of a step.
    At(String, Point),
    /// A call, by method and path, has done its work and is not yet answered.
    Unanswered(String, String),
}

/// The one kind of which a platform can't tell in time whether it was sent, as the cases name it.
const CANNOT_BE_ASKED: &str = "images on tiktok";

/// What became of the posts.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    lost: usize,
    duplicated: usize,
    /// Of all cases, those that a person has to decide, because the platform can't be asked.
    told: usize,
}

impl Tally {
    /// Counts a case by the posts that are there of it, and by what the job knows.
    fn add(&mut self, case: &str, (posts, wanted): (&[Value], usize), ended: &Value) {
        self.cases += 1;
        // On X a comment is a post of its own, a reply.
        let (replies, posts): (Vec<&Value>, Vec<&Value>) = posts.iter().partition(|post| post["text"] == COMMENT);
        let comments =
            posts.iter().map(|post| post["comments"].as_array().map_or(0, Vec::len)).max().unwrap_or(0) + replies.len();
        self.duplicated += posts.len().saturating_sub(wanted) + comments.saturating_sub(1);
        let known = posts.iter().any(|post| same_post(post, &ended["published"]["externalId"]));
        let told = ended["status"] == "blocked" && ended["error"]["code"] == "outcome_unknown" && case.contains(CANNOT_BE_ASKED);
        if told && posts.len() <= wanted {
            self.told += 1;
        } else if ended["status"] != "completed" || !known || posts.len() < wanted {
            eprintln!("lost: {case}: {ended} {posts:?}");
            self.lost += 1;
        } else if posts.len() > wanted {
            eprintln!("duplicated: {case}: {posts:?}");
        }
    }

    fn print(&self) {
        println!("crash: {} cases, {} lost, {} duplicated", self.cases, self.lost, self.duplicated);
        println!("crash: {} of them were left to a person: {CANNOT_BE_ASKED}, before TikTok shows them", self.told);
        assert_eq!((self.lost, self.duplicated), (0, 0));
    }
}

/// Whether a post on a platform is the one that a job knows: by its own id, or by that of its file where the platform
/// names the post after it.
fn same_post(post: &Value, known: &Value) -> bool {
    let media = post["media"].as_array().into_iter().flatten();
    post["id"] == *known || post["extra"]["publishId"] == *known || media.into_iter().any(|media| media["id"] == *known)
}

/// How many posts a kind makes.
fn posts_of(kind: Kind) -> usize {
    if kind == Kind::Thread { 3 } else { 1 }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.cases += other.cases;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.told += other.told;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_may_die_anywhere_and_each_post_is_published_once() -> anyhow::Result<()> {
    // Most of the time goes into waiting, for locks and for processes: all of it at once.
    let mut parts = tokio::task::JoinSet::new();
    for platform in PlatformId::ALL {
        parts.spawn(die_in_process(*platform));
    }
    let visible = Arc::new(visible_calls().await?);
    for halt in KILLED_AT {
        parts.spawn(kill_real_workers(halt, Arc::clone(&visible)));
    }
    let mut tally = Tally::default();
    while let Some(part) = parts.join_next().await {
        tally += part??;
    }
    tally.print();
    Ok(())
}

/// Every death on a platform in this process, by the manual clock.
async fn die_in_process(platform: PlatformId) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    for (_, kind) in kinds::all().filter(|(of, _)| *of == platform) {
        let mut stack = Stack::start().await?;
        for (n, death) in deaths(&stack, platform, kind).await?.into_iter().enumerate() {
            stack.sandbox.post("reset", json!({})).await?;
            let text = format!("case {n} of {kind} on {platform}");
            let job = submit(&stack, (platform, kind), &text).await?;
            match &death {
                Death::At(step, point) => stack.crash_at(&job, Halt::new(step, *point, 1)).await?,
                Death::Unanswered(method, path) => {
                    let fault =
                        json!({ "platform": platform, "method": method, "path": path, "action": { "name": "hold_after" } });
                    let fault = stack.sandbox.plant(fault).await?;
                    stack.crash_when_fired(&job, &fault).await?;
                }
            }

            let ended = stack.run_to_the_end(&job).await?;

            let posts: Vec<Value> = stack.sandbox.posts().await?.into_iter().filter(|post| post["text"] != REPLIED_TO).collect();
            tally.add(&format!("{text}: {death:?}"), (&posts, posts_of(kind)), &ended);
        }
    }
    Ok(tally)
}

/// What the account comments itself.
const COMMENT: &str = "And one more thing.";

/// What a reply replies to.
const REPLIED_TO: &str = "the post that is replied to";

/// The post that a reply replies to, published beforehand.
async fn parent_of(stack: &Stack, platform: PlatformId, kind: Kind) -> anyhow::Result<Option<Value>> {
    if kind != Kind::Reply {
        return Ok(None);
    }
    let account = stack.account(platform);
    let parent = json!({ "content": { "text": REPLIED_TO }, "targets": [{ "accountId": account, "kind": "text" }], "allowDuplicate": true });
    let parent = stack.submit(&parent).await?.remove(0).job;
    Ok(Some(stack.run_to_the_end(&parent).await?["published"]["externalId"].clone()))
}

/// Submits a post of a kind, with a first comment where there is one.
async fn submit(stack: &Stack, (platform, kind): (PlatformId, Kind), text: &str) -> anyhow::Result<JobId> {
    let parent = parent_of(stack, platform, kind).await?;
    let body = post_of(platform, kind, &stack.sandbox, stack.account(platform), text);
    let mut body = with_comment(body, platform, kind, COMMENT);
    body["allowDuplicate"] = json!(true);
    if let Some(parent) = parent {
        body["targets"][0]["options"] = json!({ "replyTo": parent });
    }
    Ok(stack.submit(&body).await?.remove(0).job)
}

/// Every death that a kind can die on a platform, read off a run without one.
async fn deaths(stack: &Stack, platform: PlatformId, kind: Kind) -> anyhow::Result<Vec<Death>> {
    let job = submit(stack, (platform, kind), "a run without a death").await?;
    let ended = stack.run_to_the_end(&job).await?;
    anyhow::ensure!(ended["status"] == "completed", "{kind} on {platform}: {ended}");
    let steps = job_step::Entity::find().filter(job_step::Column::JobId.eq(job)).all(&*stack.app.db).await?;
    // Steps may carry ids of things in their names; those differ from run to run.
    let steps: BTreeSet<String> = steps.into_iter().map(|step| without_ids(&step.name, ':')).collect();
    let mut deaths = vec![Death::At("run".to_owned(), Point::Before)];
    for step in steps {
        deaths.push(Death::At(step.clone(), Point::Before));
        deaths.push(Death::At(step, Point::Answered));
    }
    deaths.push(Death::At("settle".to_owned(), Point::Before));
    let calls: BTreeSet<(String, String)> =
        stack.sandbox.requests(&platform.to_string()).await?.iter().filter(|call| changes(call)).map(shape).collect();
    deaths.extend(calls.into_iter().map(|(method, path)| Death::Unanswered(method, path)));
    Ok(deaths)
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A name or a path with a star for every part that looks like an id.
fn without_ids(text: &str, separator: char) -> String {
    let is_id = |part: &&str| part.len() > 8 && part.chars().any(|c| c.is_ascii_digit());
    text.split(separator).map(|part| if is_id(&part) { "*" } else { part }).collect::<Vec<_>>().join(&separator.to_string())
}

/// How far the survivors' clocks are ahead: every lease has lapsed and every look is due.
const AFTER_THE_OUTAGE: u64 = 300;

/// Where a real worker is killed: before the visible call, with its answer unrecorded, with its answer still to come.
const KILLED_AT: [Option<&str>; 3] = [Some("once:before"), Some("once:answered"), None];

/// `kill -9` of a real worker that holds one post of every kind on every platform, at each point of the visible call.
async fn kill_real_workers(halt: Option<&'static str>, visible: Arc<VisibleCalls>) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let system = System::start().await?;
    let mut worker = system.worker(&[], 0).await?;
    let scheduler = system.scheduler(0).await?;
    let mut cases = Vec::new();
    for (platform, kind) in kinds::all() {
        let made = system.sandbox.post("accounts", json!({ "platform": platform, "name": "Ada" })).await?;
        let grant = json!({ "type": "bearer", "access_token": made["accessToken"] });
        let account = tests::stack::insert_account(&system.app, &system.workspace, platform, &made, &grant).await?;
        let mut body = post_of(platform, kind, &system.sandbox, &account, &format!("killed at {halt:?}: {kind} on {platform}"));
        if kind == Kind::Reply {
            let parent = json!({ "content": { "text": REPLIED_TO }, "targets": [{ "accountId": account, "kind": "text" }] });
            let parent = system.ended(&system.submit(&parent).await?.remove(0).job).await?;
            body["targets"][0]["options"] = json!({ "replyTo": parent["published"]["externalId"] });
        }
        cases.push((platform, kind, text_of(&made["id"]), body));
    }
    worker.terminate().await?;
    let arguments: Vec<&str> = halt.iter().flat_map(|halt| ["--halt-at", *halt]).collect();
    worker = system.worker(&arguments, 0).await?;
    let mut held = Vec::new();
    let mut jobs = Vec::new();
    for (platform, kind, account, body) in &cases {
        if halt.is_none() {
            let Call { method, path, before } = &visible[&(*platform, *kind)];
            let fault = json!({
                "platform": platform, "account": account, "method": method, "path": path, "skip": before,
                "action": { "name": "hold_after" }
            });
            held.push(system.sandbox.plant(fault).await?);
        }
        jobs.push(system.submit(body).await?.remove(0).job);
    }
    for fault in &held {
        system.sandbox.fired(fault, 1).await?;
    }
    if halt.is_some() {
        worker.said("halted at a crash point", cases.len()).await?;
    }

    worker.kill()?;
    scheduler.kill()?;
    system.sandbox.heal().await?;
    system.sandbox.post("clock", json!({ "advanceSeconds": AFTER_THE_OUTAGE })).await?;
    let _scheduler = system.scheduler(AFTER_THE_OUTAGE).await?;
    let _worker = system.worker(&[], AFTER_THE_OUTAGE).await?;

    for ((platform, kind, account, _), job) in cases.iter().zip(&jobs) {
        let ended = system.ended(job).await?;
        let posts = system.sandbox.posts().await?;
        let posts: Vec<Value> =
            posts.into_iter().filter(|post| post["accountId"] == **account && post["text"] != REPLIED_TO).collect();
        tally.add(&format!("{kind} on {platform}, killed at {halt:?}"), (&posts, posts_of(*kind)), &ended);
    }
    Ok(tally)
}

/// A call, and how many like it come before it.
struct Call {
    method: String,
    path: String,
    before: usize,
}

/// The visible call of every kind.
type VisibleCalls = HashMap<(PlatformId, Kind), Call>;

/// The call that makes a post visible, for every kind: the last one that changes anything in a run without a comment.
async fn visible_calls() -> anyhow::Result<VisibleCalls> {
    let mut found = HashMap::new();
    for (platform, kind) in kinds::all() {
        let stack = Stack::start().await?;
        let parent = parent_of(&stack, platform, kind).await?;
        let seen = stack.sandbox.requests(&platform.to_string()).await?.len();
        let mut body = post_of(platform, kind, &stack.sandbox, stack.account(platform), "what is the visible call?");
        if let Some(parent) = parent {
            body["targets"][0]["options"] = json!({ "replyTo": parent });
        }
        let job = stack.submit(&body).await?.remove(0).job;
        stack.run_to_the_end(&job).await?;
        let calls = stack.sandbox.requests(&platform.to_string()).await?;
        let calls: Vec<(String, String)> = calls[seen..].iter().filter(|call| changes(call)).map(shape).collect();
        let (method, path) = calls.last().cloned().expect("publishing changes something");
        let before = calls.iter().filter(|call| **call == (method.clone(), path.clone())).count() - 1;
        found.insert((platform, kind), Call { method, path, before });
    }
    Ok(found)
}

/// Whether a call changes anything: TikTok asks by POST as well.
fn changes(call: &Value) -> bool {
    let path = text_of(&call["path"]);
    call["method"] != "GET"
        && !path.ends_with("/status/fetch/")
        && !path.ends_with("/creator_info/query/")
        && !path.ends_with("/video/list/")
}

/// A call's method and the pattern of its path.
fn shape(call: &Value) -> (String, String) {
    (text_of(&call["method"]), without_ids(&text_of(&call["path"]), '/'))
}
