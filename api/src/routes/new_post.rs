//! What a client sends for a new post, and the check that finds everything wrong with it at once.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Deserialize;
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::{self, AccountState, Draft, Kind};
use shared::entity::{account, post, post_target};
use shared::ids::{AccountId, PostId, TargetId, WorkspaceId};
use shared::jobs::Payload;
use shared::platforms::{self, rules::Pointers};
use shared::store::jobs::NewTimes;
use shared::store::{accounts, jobs, posts};

use crate::accept::NUDGE_GRACE;
use crate::problem::{ApiError, Violation};

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
}

/// Words, link and images.
#[derive(Debug, Clone, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct Content {
    /// The words.
    pub text: Option<String>,
    /// The link, for posts of the kind `link`.
    pub link: Option<String>,
    /// The images, in order.
    pub media: Option<Vec<Media>>,
}

/// An image by its address.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct Media {
    /// Where to fetch it, http or https, on the public internet.
    pub url: String,
    /// A description for people who cannot see it.
    pub alt_text: Option<String>,
}

/// One account to publish on.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTarget {
    /// The account.
    pub account_id: String,
    /// The kind of post: text, link, image or images.
    pub kind: String,
    /// What differs from the post's content here.
    pub overrides: Option<Overrides>,
}

/// What differs for one target; a missing field keeps the post's value.
#[derive(Debug, Clone, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct Overrides {
    /// Other words.
    pub text: Option<String>,
    /// Another link.
    pub link: Option<String>,
    /// Other images.
    pub media: Option<Vec<Media>>,
}

/// Targets of one post.
const TARGETS_MAX: usize = 50;

/// How far ahead a post may be scheduled, in days: ten years are a slip of the pen rather than a plan.
const AHEAD_MAX_DAYS: u64 = 3650;

impl From<&Media> for content::Media {
    fn from(media: &Media) -> Self {
        Self { url: media.url.clone(), alt_text: media.alt_text.clone() }
    }
}

impl From<content::Media> for Media {
    fn from(media: content::Media) -> Self {
        Self { url: media.url, alt_text: media.alt_text }
    }
}

impl Content {
    fn to_stored(&self) -> content::Content {
        let media = self.media.iter().flatten().map(content::Media::from).collect();
        content::Content { text: self.text.clone().unwrap_or_default(), link: self.link.clone(), media }
    }

    /// The content of a stored post.
    pub fn from_stored(text: &str) -> Self {
        let stored: content::Content = serde_json::from_str(text).unwrap_or_default();
        let media = stored.media.into_iter().map(Media::from).collect();
        Self { text: Some(stored.text), link: stored.link, media: Some(media) }
    }
}

impl Overrides {
    fn to_stored(&self) -> content::Overrides {
        let media = self.media.as_ref().map(|media| media.iter().map(content::Media::from).collect());
        content::Overrides { text: self.text.clone(), link: self.link.clone(), media }
    }

    /// The overrides of a stored target.
    pub fn from_stored(text: &str) -> Self {
        let stored: content::Overrides = serde_json::from_str(text).unwrap_or_default();
        let media = stored.media.map(|media| media.into_iter().map(Media::from).collect());
        Self { text: stored.text, link: stored.link, media }
    }
}

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
    let mut rows = Rows::new(workspace, &content, (now, publish_at));
    for (n, target) in new.targets.iter().take(TARGETS_MAX).enumerate() {
        let account = known.iter().find(|account| account.id.as_str() == target.account_id);
        let repeated = new.targets[..n].iter().any(|earlier| earlier.account_id == target.account_id);
        match check_target(app, (n, target), &content, account, repeated) {
            Ok((account, kind)) => rows.push(account, kind, target),
            Err(broken) => violations.extend(broken),
        }
    }
    if violations.is_empty() { Ok(rows.finish()) } else { Err(ApiError::violations(violations)) }
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
) -> Result<(&'a account::Model, Kind), Vec<Violation>> {
    let at = pointers(n, target);
    let mut broken = Vec::new();
    let account_at = format!("/targets/{n}/accountId");
    if repeated {
        broken.push(violation(&account_at, "duplicate_target", "this account is a target already".to_owned(), None));
    }
    match account {
        None => broken.push(violation(&account_at, "account_unknown", "no such account in this workspace".to_owned(), None)),
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
        broken.push(violation(&at.kind, "kind_unknown", "the kinds are text, link, image and images".to_owned(), None));
    }
    if let (Some(account), Some(kind)) = (account, kind) {
        let draft = Draft::new(kind, content, &target.overrides.clone().unwrap_or_default().to_stored());
        let found = platforms::rules::check(platforms::rules(account.platform), &draft, &at, &|url| app.media.check(url));
        broken.extend(found.into_iter().map(Violation::from));
        if broken.is_empty() {
            return Ok((account, kind));
        }
    }
    Err(broken)
}

/// Where each part of a target's draft stands in the request: in its overrides, or in the content.
fn pointers(n: usize, target: &NewTarget) -> Pointers {
    let overrides = target.overrides.clone().unwrap_or_default();
    let place = |overridden: bool, field: &str| {
        if overridden { format!("/targets/{n}/overrides/{field}") } else { format!("/content/{field}") }
    };
    Pointers {
        kind: format!("/targets/{n}/kind"),
        text: place(overrides.text.is_some(), "text"),
        link: place(overrides.link.is_some(), "link"),
        media: place(overrides.media.is_some(), "media"),
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
    fn new(workspace: &WorkspaceId, content: &content::Content, (now, publish_at): (Timestamp, Timestamp)) -> Self {
        let content = serde_json::to_string(content).unwrap_or_else(|_| unreachable!("content is plain JSON"));
        let post = post::Model { id: PostId::generate(), workspace_id: workspace.clone(), content, publish_at, created_at: now };
        Self { post: posts::NewPost { post, targets: Vec::new(), jobs: Vec::new(), key: None }, now }
    }

    fn push(&mut self, account: &account::Model, kind: Kind, target: &NewTarget) {
        let post = &self.post.post;
        let target_id = TargetId::generate();
        // A job that is due now is pushed by this process; the scheduler steps in when that got lost.
        let grace = if post.publish_at > self.now { std::time::Duration::ZERO } else { NUDGE_GRACE };
        let times = NewTimes { now: self.now, run_at: post.publish_at, wake_at: post.publish_at.plus(grace) };
        let mut job = jobs::new_row(&post.workspace_id, &Payload::PublishPost { target: target_id.clone() }, times);
        job.post_id = Some(post.id.clone());
        job.target_id = Some(target_id.clone());
        let overrides = target.overrides.clone().unwrap_or_default().to_stored();
        self.post.targets.push(post_target::Model {
            id: target_id,
            workspace_id: post.workspace_id.clone(),
            post_id: post.id.clone(),
            position: i32::try_from(self.post.targets.len()).unwrap_or(i32::MAX),
            account_id: account.id.clone(),
            platform: account.platform,
            kind,
            overrides: serde_json::to_string(&overrides).unwrap_or_else(|_| unreachable!("overrides are plain JSON")),
            job_id: job.id.clone(),
            external_id: None,
            url: None,
            published_at: None,
        });
        self.post.jobs.push(job);
    }

    fn finish(self) -> posts::NewPost {
        self.post
    }
}
