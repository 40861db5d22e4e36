//! What a client sends for a new post, and the check that finds everything wrong with it at once.

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use serde::Deserialize;
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::{self, AccountState, Draft, Kind};
use shared::entity::{account, post, post_target};
use shared::ids::{AccountId, PostId, TargetId, WorkspaceId};
use shared::jobs::Payload;
use shared::platforms::{self, rules::Part};
use shared::store::jobs::NewTimes;
use shared::store::{accounts, jobs, posts, risks};
use strum::VariantArray;

use crate::accept::NUDGE_GRACE;
use crate::forecast::{self, Slot};
use crate::problem::{ApiError, Violation};
use crate::routes::content::{Content, Options, Overrides};

/// A new post.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPost {
    /// What it says on every target that does not override it.
    pub content: Content,
    /// Where it goes, 1 to 50 accounts.
    #[oai(validator(min_items = 1, max_items = 50))]
    pub targets: Vec<NewTarget>,
    /// When to publish, as RFC 3339 with an offset; now when absent.
    pub publish_at: Option<String>,
    /// Publishes even what is the same as another post to the same account within 24 hours.
    pub allow_duplicate: Option<bool>,
    /// What becomes of a target whose account has all its posts of a day already; `wait` when absent.
    pub on_limit: Option<OnLimit>,
}

/// What becomes of a target whose account has all its posts of a day already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum OnLimit {
    /// It goes out at the next time with room, which is told as `postponed`.
    #[default]
    Wait,
    /// The post is refused, with the next time with room.
    Reject,
}

/// One account to publish on.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTarget {
    /// The account.
    pub account_id: String,
    /// The kind of post, such as `text`, `image` or `reel`; `GET /platforms` lists those of each platform.
    pub kind: String,
    /// What differs from the post's content here.
    pub overrides: Option<Overrides>,
    /// Choices that only this platform has.
    pub options: Option<Options>,
}

impl NewTarget {
    fn stored_overrides(&self) -> content::Overrides {
        let options = self.options.clone().unwrap_or_default();
        self.overrides.clone().unwrap_or_default().to_stored(&options)
    }
}

/// Targets of one post.
const TARGETS_MAX: usize = 50;

/// How far ahead a post may be scheduled, in days: ten years are a slip of the pen rather than a plan.
const AHEAD_MAX_DAYS: u64 = 3650;

/// Checks a new post; gives its rows, or everything that is wrong with it.
pub async fn check(app: &App, workspace: &WorkspaceId, new: &NewPost) -> Result<posts::NewPost, ApiError> {
    let now = app.clock.now();
    let mut violations = Vec::new();
    if new.targets.is_empty() || new.targets.len() > TARGETS_MAX {
        let detail = format!("a post has 1 to {TARGETS_MAX} targets, not {}", new.targets.len());
        violations.push(violation("/targets", "target_count", detail, Some(TARGETS_MAX as i64)));
    }
    let publish_at = publish_at(new, now, &mut violations);
    let content = new.content.to_stored();
    let known = list_accounts(app, workspace, new).await?;
    let mut good = Vec::new();
    for (n, target) in new.targets.iter().take(TARGETS_MAX).enumerate() {
        let account = known.iter().find(|account| account.id.as_str() == target.account_id);
        let repeated = new.targets[..n].iter().any(|earlier| earlier.account_id == target.account_id);
        match check_target(app, (n, target), &content, account, repeated) {
            Ok((account, draft)) => good.push((account, draft, target)),
            Err(broken) => violations.extend(broken),
        }
    }
    if !violations.is_empty() {
        return Err(ApiError::violations(violations));
    }
    let targets: Vec<&account::Model> = good.iter().map(|(account, ..)| *account).collect();
    let slots = forecast::find_slots(app, workspace, &targets, publish_at).await?;
    if new.on_limit == Some(OnLimit::Reject) {
        refuse_moved(&targets, &slots)?;
    }
    let mut rows = Rows::new(workspace, &content, (now, publish_at), new.allow_duplicate.unwrap_or(false));
    for ((account, draft, target), slot) in good.iter().zip(&slots) {
        rows.push(account, (draft, slot), target);
    }
    Ok(rows.finish())
}

/// Refuses a post of which a target would have to wait for another day.
fn refuse_moved(accounts: &[&account::Model], slots: &[Slot]) -> Result<(), ApiError> {
    let moved = accounts.iter().zip(slots).enumerate().filter_map(|(n, (account, slot))| {
        let limit = slot.moved_by?;
        let detail = format!(
            "{} takes {limit} posts in a day and all of them are taken; the next free time is {}",
            account.platform, slot.at
        );
        Some(violation(&format!("/targets/{n}"), "daily_cap_reached", detail, Some(i64::from(limit))))
    });
    let moved: Vec<Violation> = moved.collect();
    if moved.is_empty() { Ok(()) } else { Err(ApiError::violations(moved)) }
}

async fn list_accounts(app: &App, workspace: &WorkspaceId, new: &NewPost) -> Result<Vec<account::Model>, ApiError> {
    let ids: Vec<AccountId> = new.targets.iter().take(TARGETS_MAX).filter_map(|target| target.account_id.parse().ok()).collect();
    Ok(accounts::list_by_ids(&*app.db, workspace, &ids).await?)
}

fn publish_at(new: &NewPost, now: Timestamp, violations: &mut Vec<Violation>) -> Timestamp {
    let Some(text) = &new.publish_at else { return now };
    let latest = now.plus(std::time::Duration::from_secs(AHEAD_MAX_DAYS * 86_400));
    match DateTime::parse_from_rfc3339(text).map(|at| Timestamp::from(at.with_timezone(&Utc))) {
        Ok(at) if at <= latest => at.max(now),
        Ok(_) => {
            let detail = format!("it lies more than {AHEAD_MAX_DAYS} days ahead");
            violations.push(violation("/publishAt", "too_far_ahead", detail, Some(AHEAD_MAX_DAYS as i64)));
            now
        }
        Err(_) => {
            let detail = "give a time with its offset as in `2026-12-01T09:30:00+01:00`".to_owned();
            violations.push(violation("/publishAt", "invalid_time", detail, None));
            now
        }
    }
}

fn check_target<'a>(
    app: &App,
    (n, target): (usize, &NewTarget),
    content: &content::Content,
    account: Option<&'a account::Model>,
    repeated: bool,
) -> Result<(&'a account::Model, Draft), Vec<Violation>> {
    let mut broken = Vec::new();
    let account_at = format!("/targets/{n}/accountId");
    if repeated {
        broken.push(violation(&account_at, "duplicate_target", "this account is a target already".to_owned(), None));
    }
    match account {
        None => broken.push(violation(&account_at, "account_unknown", "no such account in this workspace".to_owned(), None)),
        Some(account) if account.disconnected_at.is_some() => {
            let detail = "this account was disconnected; connect it again".to_owned();
            broken.push(violation(&account_at, "account_disconnected", detail, None));
        }
        Some(account) if account.state == AccountState::NeedsReconnect => {
            broken.push(violation(
                &account_at,
                "account_needs_reconnect",
                "the platform refused this account's grant; reconnect it".to_owned(),
                None,
            ));
        }
        Some(_) => {}
    }
    let kind: Option<Kind> = target.kind.parse().ok();
    if kind.is_none() {
        let known: Vec<&str> = Kind::VARIANTS.iter().map(|kind| kind.into()).collect();
        broken.push(violation(
            &format!("/targets/{n}/kind"),
            "kind_unknown",
            format!("the kinds are {}", known.join(", ")),
            None,
        ));
    }
    if let (Some(account), Some(kind)) = (account, kind) {
        let draft = Draft::new(kind, content, &target.stored_overrides());
        let found = platforms::check_draft(app, account.platform, &draft);
        broken.extend(
            found.into_iter().map(|fault| violation(&pointer((n, target), &fault.part), fault.code, fault.detail, fault.limit)),
        );
        if broken.is_empty() {
            return Ok((account, draft));
        }
    }
    Err(broken)
}

/// Where a part of a target's draft stands in the request: in its overrides, or in the content.
fn pointer((n, target): (usize, &NewTarget), part: &Part) -> String {
    match part {
        Part::Kind => format!("/targets/{n}/kind"),
        Part::Option(name) => format!("/targets/{n}/options/{name}"),
        Part::Field(name, below) if target.overrides.as_ref().is_some_and(|overrides| overrides.has(name)) => {
            format!("/targets/{n}/overrides/{name}{below}")
        }
        Part::Field(name, below) => format!("/content/{name}{below}"),
    }
}

fn violation(pointer: &str, code: &str, detail: String, limit: Option<i64>) -> Violation {
    Violation { pointer: pointer.to_owned(), code: code.to_owned(), detail, limit }
}

/// The rows of a post in the making.
struct Rows {
    post: posts::NewPost,
    now: Timestamp,
}

impl Rows {
    fn new(
        workspace: &WorkspaceId,
        content: &content::Content,
        (now, publish_at): (Timestamp, Timestamp),
        allow_duplicate: bool,
    ) -> Self {
        let content = serde_json::to_string(content).unwrap_or_else(|_| unreachable!("content is plain JSON"));
        let post = post::Model { id: PostId::generate(), workspace_id: workspace.clone(), content, publish_at, created_at: now };
        Self { post: posts::NewPost { post, targets: Vec::new(), jobs: Vec::new(), key: None, allow_duplicate }, now }
    }

    fn push(&mut self, account: &account::Model, (draft, slot): (&Draft, &Slot), target: &NewTarget) {
        let post = &self.post.post;
        let target_id = TargetId::generate();
        // A job that is due now is pushed by this process; the scheduler steps in when that got lost.
        let grace = if slot.at > self.now { std::time::Duration::ZERO } else { NUDGE_GRACE };
        let times = NewTimes { now: self.now, run_at: slot.at, wake_at: slot.at.plus(grace) };
        let mut job = jobs::new_row(&post.workspace_id, &Payload::PublishPost { target: target_id.clone() }, times);
        job.post_id = Some(post.id.clone());
        job.target_id = Some(target_id.clone());
        let overrides = target.stored_overrides();
        self.post.targets.push(post_target::Model {
            id: target_id,
            workspace_id: post.workspace_id.clone(),
            post_id: post.id.clone(),
            position: i32::try_from(self.post.targets.len()).unwrap_or(i32::MAX),
            account_id: account.id.clone(),
            platform: account.platform,
            kind: draft.kind,
            overrides: serde_json::to_string(&overrides).unwrap_or_else(|_| unreachable!("overrides are plain JSON")),
            job_id: job.id.clone(),
            external_id: None,
            url: None,
            published_at: None,
            warnings: None,
            fingerprint: draft.fingerprint(),
            publish_at: slot.at,
            risk: None,
            risk_looks: risks::looks_done(slot.at, self.now),
            postponed: slot.postponed(post.publish_at),
        });
        self.post.jobs.push(job);
    }

    fn finish(self) -> posts::NewPost {
        self.post
    }
}
