//! The crash matrix: a worker dies at every point of every journal step of every kind on every platform. Whatever
//! happens, the platform ends up with exactly one post, and the job knows its id.

use serde_json::{Value, json};
use shared::content::PlatformId;
use shared::journal::{Halt, Point};
use tests::Stack;

/// The kinds of post, with how many images each is tested with.
const KINDS: [(&str, usize); 4] = [("text", 0), ("link", 0), ("image", 1), ("images", 3)];

/// A post of a kind for one platform.
pub(crate) fn post(stack: &Stack, platform: PlatformId, kind: &str, text: &str) -> Value {
    let images = KINDS.iter().find(|(name, _)| *name == kind).map_or(0, |(_, images)| *images);
    let media: Vec<Value> =
        (0..images).map(|n| json!({ "url": stack.sandbox.sample(&format!("photo-{}.jpg", n + 1)), "altText": "a picture" })).collect();
    let mut content = json!({ "text": text, "media": media });
    if kind == "link" {
        content["link"] = json!("https://example.com/article?a=1&b=2");
    }
    json!({ "content": content, "targets": [{ "accountId": stack.account(platform), "kind": kind }] })
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
    async fn add(&mut self, stack: &Stack, text: &str, ended: &Value) -> anyhow::Result<()> {
        let posts = stack.sandbox.posts_saying(text).await?;
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
    let mut stack = Stack::start().await?;
    let mut tally = Tally::default();
    for platform in PlatformId::ALL {
        for (kind, images) in KINDS {
            for death in deaths(*platform, images) {
                let text = format!("case {} on {platform}, {kind}", tally.cases);
                let job = stack.submit(&post(&stack, *platform, kind, &text)).await?.remove(0).job;
                match &death {
                    Death::At(step, point) => stack.crash_at(&job, Halt::new(step, *point, 1)).await?,
                    Death::Unanswered(path) => {
                        let fault = json!({ "platform": platform, "method": "POST", "path": path, "action": { "name": "hold_after" } });
                        let fault = stack.sandbox.plant(fault).await?;
                        stack.crash_when_fired(&job, &fault).await?;
                    }
                }

                let ended = stack.run_to_the_end(&job).await?;

                tally.add(&stack, &text, &ended).await?;
            }
        }
    }
    tally.print();
    Ok(())
}
