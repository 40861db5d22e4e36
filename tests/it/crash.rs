//! The crash matrix: a worker dies at every point of every journal step of every kind on every platform. Whatever
//! happens, the platform ends up with exactly one post, and the job knows its id.

use serde_json::{Value, json};
use shared::content::PlatformId;
use shared::ids::AccountId;
use shared::journal::{Halt, Point};
use tests::{Sandbox, Stack, System};

/// The kinds of post, with how many images each is tested with.
const KINDS: [(&str, usize); 4] = [("text", 0), ("link", 0), ("image", 1), ("images", 3)];

/// A post of a kind for one platform.
pub(crate) fn post(sandbox: &Sandbox, account: &AccountId, kind: &str, text: &str) -> Value {
    let images = KINDS.iter().find(|(name, _)| *name == kind).map_or(0, |(_, images)| *images);
    let media: Vec<Value> =
        (0..images).map(|n| json!({ "url": sandbox.sample(&format!("photo-{}.jpg", n + 1)), "altText": "a picture" })).collect();
    let mut content = json!({ "text": text, "media": media });
    if kind == "link" {
        content["link"] = json!("https://example.com/article?a=1&b=2");
    }
    json!({ "content": content, "targets": [{ "accountId": account, "kind": kind }] })
}

/// How the worker dies.
#[derive(Debug, Clone)]
enum Death {
    /// It stands at a point of a step.
    At(String, Point),
    /// A call has done its work and is not yet answered.
    Unanswered(&'static str),
}

/// Every death that a kind can die on a platform.
fn deaths(platform: PlatformId, images: usize) -> Vec<Death> {
    let mut steps: Vec<String> = vec!["run".to_owned()];
    steps.extend((0..images).map(|n| format!("upload:{n}")));
    if platform == PlatformId::X && images > 0 {
        steps.push("describe:*".to_owned());
    }
    steps.push("create_post".to_owned());
    let mut deaths: Vec<Death> = Vec::new();
    for step in steps {
        deaths.push(Death::At(step.clone(), Point::Before));
        if step != "run" {
            deaths.push(Death::At(step, Point::Answered));
        }
    }
    deaths.push(Death::At("settle".to_owned(), Point::Before));
    let calls: &[&str] = match (platform, images) {
        (PlatformId::X, 0) => &["/2/tweets"],
        (PlatformId::X, _) => &["/2/media/upload", "/2/media/metadata", "/2/tweets"],
        (PlatformId::Facebook, 0) => &["*/feed"],
        (PlatformId::Facebook, _) => &["*/photos", "*/feed"],
    };
    deaths.extend(calls.iter().map(|path| Death::Unanswered(path)));
    deaths
}

/// What became of the posts.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    lost: usize,
    duplicated: usize,
}

impl Tally {
    async fn add(&mut self, sandbox: &Sandbox, text: &str, ended: &Value) -> anyhow::Result<()> {
        let posts = sandbox.posts_saying(text).await?;
        self.cases += 1;
        self.duplicated += posts.len().saturating_sub(1);
        let known = posts.first().is_some_and(|post| post["id"] == ended["published"]["externalId"]);
        if ended["status"] != "completed" || !known {
            eprintln!("lost: {text}: {ended} {posts:?}");
            self.lost += 1;
        }
        Ok(())
    }

    fn print(&self) {
        println!("crash: {} cases, {} lost, {} duplicated", self.cases, self.lost, self.duplicated);
        assert_eq!((self.lost, self.duplicated), (0, 0));
    }
}

#[tokio::test]
async fn a_worker_may_die_anywhere_and_each_post_is_published_once() -> anyhow::Result<()> {
    let mut tally = Tally::default();
    die_in_process(&mut tally).await?;
    kill_real_workers(&mut tally).await?;
    tally.print();
    Ok(())
}

/// Every death in this process, by the manual clock.
async fn die_in_process(tally: &mut Tally) -> anyhow::Result<()> {
    let mut stack = Stack::start().await?;
    for platform in PlatformId::ALL {
        for (kind, images) in KINDS {
            for death in deaths(*platform, images) {
                let text = format!("case {} on {platform}, {kind}", tally.cases);
                let job = stack.submit(&post(&stack.sandbox, stack.account(*platform), kind, &text)).await?.remove(0).job;
                match &death {
                    Death::At(step, point) => stack.crash_at(&job, Halt::new(step, *point, 1)).await?,
                    Death::Unanswered(path) => {
                        let fault =
                            json!({ "platform": platform, "method": "POST", "path": path, "action": { "name": "hold_after" } });
                        let fault = stack.sandbox.plant(fault).await?;
                        stack.crash_when_fired(&job, &fault).await?;
                    }
                }

                let ended = stack.run_to_the_end(&job).await?;

                tally.add(&stack.sandbox, &text, &ended).await?;
            }
        }
    }
    Ok(())
}

/// How far the survivors' clocks are ahead: every lease has lapsed and every look is due.
const AFTER_THE_OUTAGE: u64 = 300;

/// `kill -9` of a real worker that holds one post of every kind on every platform, at each point of the visible call.
async fn kill_real_workers(tally: &mut Tally) -> anyhow::Result<()> {
    for halt in [Some("create_post:before"), Some("create_post:answered"), None] {
        let system = System::start().await?;
        let posts: Vec<_> = PlatformId::ALL.iter().flat_map(|platform| KINDS.map(|(kind, _)| (*platform, kind))).collect();
        let held = match halt {
            Some(_) => None,
            None => Some(hold_all(&system, posts.len()).await?),
        };
        let arguments: Vec<&str> = halt.iter().flat_map(|halt| ["--halt-at", *halt]).collect();
        let mut worker = system.worker(&arguments, 0).await?;
        let scheduler = system.scheduler(0).await?;
        let mut jobs = Vec::new();
        for (platform, kind) in &posts {
            let text = format!("killed at {halt:?}: {kind} on {platform}");
            let body = post(&system.sandbox, system.account(*platform), kind, &text);
            jobs.push((text, system.submit(&body).await?.remove(0).job));
        }
        match &held {
            Some(faults) => {
                for fault in faults {
                    system.sandbox.fired(fault, posts.len() as u64 / 2).await?;
                }
            }
            None => worker.said("halted at a crash point", posts.len()).await?,
        }

        worker.kill()?;
        scheduler.kill()?;
        system.sandbox.heal().await?;
        system.sandbox.post("clock", json!({ "advanceSeconds": AFTER_THE_OUTAGE })).await?;
        let _scheduler = system.scheduler(AFTER_THE_OUTAGE).await?;
        let _worker = system.worker(&[], AFTER_THE_OUTAGE).await?;

        for (text, job) in jobs {
            let ended = system.ended(&job).await?;
            tally.add(&system.sandbox, &text, &ended).await?;
        }
    }
    Ok(())
}

/// Lets both platforms do the visible work and answer none of it; one fault for each platform.
async fn hold_all(system: &System, posts: usize) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in ["/2/tweets", "*/feed"] {
        let fault = json!({ "method": "POST", "path": path, "count": posts, "action": { "name": "hold_after" } });
        faults.push(system.sandbox.plant(fault).await?);
    }
    Ok(faults)
}
