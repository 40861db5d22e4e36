//! Publishing tasks: what an init call starts, and how time brings it to a post, a draft or a failure.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::source::{self, Plan, Source};
use super::{Ask, caller, seconds};
use crate::blob::Blob;
use crate::call::Call;
use crate::control::made_up;
use crate::faults::Action;
use crate::state::{Media, Platform, Post, State};

/// How far a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Bytes are awaited.
    Uploading,
    /// All bytes are there, or are being pulled.
    Working { ready_at: DateTime<Utc> },
    /// Published, or delivered to the inbox.
    Done {
        at: DateTime<Utc>,
        /// Whether it is a post; false while it waits in the inbox.
        posted: bool,
    },
    /// Over, with TikTok's word for the reason.
    Failed(String),
}

/// What the author said about a post.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) title: Option<String>,
    pub(super) text: String,
    /// Absent for the inbox, where the user decides.
    pub(super) privacy: Option<String>,
    /// Everything else, shown as it is.
    pub(super) options: Value,
}

/// What an init call asks for.
pub(super) struct Draft {
    pub(super) inbox: bool,
    pub(super) photos: bool,
    pub(super) words: Words,
    pub(super) source: Source,
}

/// An upload address and what arrived there.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) token: String,
    pub(super) plan: Plan,
    /// Given away when the work ends.
    pub(super) stored: Blob,
    pub(super) stored_bytes: u64,
    pub(super) expires_at: DateTime<Utc>,
}

/// One publishing task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) publish_id: String,
    pub(super) account_id: String,
    /// The id that the post gets.
    pub(super) post_id: String,
    pub(super) inbox: bool,
    pub(super) photos: bool,
    words: Words,
    pub(super) upload: Option<Upload>,
    pulled: Vec<Blob>,
    /// Length of what was pulled, once it was.
    pub(super) pulled_bytes: u64,
    /// Why the task will fail.
    trouble: Option<String>,
    /// So many status checks will still find it being worked on, whatever the clock says.
    pub(super) checks: Option<u32>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) stage: Stage,
}

impl Task {
    /// Takes over what a fault says about how the work goes.
    pub(super) fn shape(&mut self, action: Option<&Action>) {
        match action {
            Some(Action::Processing { checks }) => self.checks = Some(*checks),
            Some(Action::ProcessingFailed { checks, code }) => {
                let reason = if code.is_empty() { "file_format_check_failed" } else { code };
                self.checks = Some(*checks);
                self.trouble = Some(reason.to_owned());
            }
            _ => {}
        }
    }

    /// Ends the task and forgets its files.
    pub(super) fn cancel(&mut self) {
        self.stage = Stage::Failed("publish_cancelled".to_owned());
        self.pulled.clear();
        if let Some(upload) = &mut self.upload {
            upload.stored = Blob::default();
        }
    }

    /// When everybody can see the post and knows its id, if ever.
    pub(super) fn public_at(&self, state: &State) -> Option<DateTime<Utc>> {
        let Stage::Done { at, posted: true } = self.stage else { return None };
        let post = state.post(Platform::Tiktok, &self.post_id)?;
        is_public(post).then(|| at + seconds(state.settings.tiktok.public_id_seconds))
    }
}

/// Whether a post is meant for everybody.
pub(super) fn is_public(post: &Post) -> bool {
    post.extra["privacy"] == "PUBLIC_TO_EVERYONE"
}

/// Starts a task and returns its id.
pub(super) fn begin(state: &mut State, ask: &Ask<'_>, draft: Draft) -> String {
    let now = state.now();
    let serial = state.next_number();
    // Ids carry their second in the upper half, as those of TikTok do.
    let post_id = ((now.timestamp().unsigned_abs() & 0x7fff_ffff) << 32 | serial & 0xffff_ffff).to_string();
    let (upload, urls) = match draft.source {
        Source::Sent(plan) => (Some(new_upload(state, plan)), Vec::new()),
        Source::Pulled(urls) => (None, urls),
    };
    let kind = match (draft.photos, draft.inbox, upload.is_some()) {
        (true, false, _) => "p_pub_url~v2",
        (true, true, _) => "p_inbox_url~v2",
        (false, false, true) => "v_pub_file~v2-1",
        (false, false, false) => "v_pub_url~v2",
        (false, true, true) => "v_inbox_file~v2",
        (false, true, false) => "v_inbox_url~v2",
    };
    let mut task = Task {
        publish_id: format!("{kind}.{post_id}"),
        account_id: ask.account.id.clone(),
        post_id,
        inbox: draft.inbox,
        photos: draft.photos,
        words: draft.words,
        upload,
        pulled: Vec::new(),
        pulled_bytes: 0,
        trouble: None,
        checks: None,
        created_at: now,
        stage: Stage::Uploading,
    };
    task.shape(ask.action);
    let id = task.publish_id.clone();
    if let Some(upload) = &task.upload {
        state.tiktok.uploads.insert(upload.id.clone(), id.clone());
    } else {
        match source::pull(state, &urls) {
            Some(files) => task.pulled = files,
            None => fail_later(&mut task, if draft.photos { "photo_pull_failed" } else { "video_pull_failed" }),
        }
        start_work(state, &mut task);
    }
    state.tiktok.tasks.insert(id.clone(), task);
    // With nothing to wait for, the post is out before the answer is.
    settle(state);
    id
}

fn new_upload(state: &mut State, plan: Plan) -> Upload {
    let serial = state.next_number();
    Upload {
        id: (7_500_000_000_000_000_000 + serial).to_string(),
        token: made_up("upload token", &serial.to_string()),
        plan,
        stored: Blob::default(),
        stored_bytes: 0,
        expires_at: state.now() + seconds(state.settings.tiktok.upload_url_seconds),
    }
}

/// Keeps a failure that was asked for.
fn fail_later(task: &mut Task, reason: &str) {
    task.trouble.get_or_insert_with(|| reason.to_owned());
}

/// Starts the work on files that are all there, and finds out how it will end.
pub(super) fn start_work(state: &mut State, task: &mut Task) {
    let settings = &state.settings.tiktok;
    let lasts = if task.photos { settings.image_processing_seconds } else { settings.video_processing_seconds };
    task.stage = Stage::Working { ready_at: state.now() + seconds(lasts) };
    let trouble = match (&task.upload, task.photos) {
        (Some(upload), _) => source::video_trouble(state, &upload.stored),
        (None, false) => task.pulled.first().and_then(|file| source::video_trouble(state, file)),
        (None, true) => task.pulled.iter().find_map(source::photo_trouble),
    };
    if let Some(reason) = trouble {
        fail_later(task, reason);
    }
    state.tiktok.moving.push(task.publish_id.clone());
}

/// Lets happen what the clock brings: finished work, and drafts that users post.
pub(super) fn settle(state: &mut State) {
    for id in std::mem::take(&mut state.tiktok.moving) {
        let Some(mut task) = state.tiktok.tasks.remove(&id) else { continue };
        if advance(state, &mut task) {
            state.tiktok.moving.push(id.clone());
        }
        state.tiktok.tasks.insert(id, task);
    }
}

/// Brings one task up to the present; whether time can still move it.
fn advance(state: &mut State, task: &mut Task) -> bool {
    let now = state.now();
    if let Stage::Working { ready_at } = task.stage {
        let done_at = match task.checks {
            Some(0) => now,
            None if ready_at <= now => ready_at,
            _ => return true,
        };
        finish(state, task, done_at);
    }
    let Stage::Done { at, posted: false } = task.stage else { return false };
    let Some(lasts) = state.settings.tiktok.inbox_posted_after_seconds else { return true };
    let posted_at = at + seconds(lasts);
    if posted_at > now {
        return true;
    }
    post_draft(state, task, posted_at);
    false
}

fn finish(state: &mut State, task: &mut Task, at: DateTime<Utc>) {
    let sent = task.upload.as_mut().map(|upload| std::mem::take(&mut upload.stored));
    let files: Vec<Blob> = sent.into_iter().chain(std::mem::take(&mut task.pulled)).collect();
    if let Some(reason) = task.trouble.take() {
        task.stage = Stage::Failed(reason);
        return;
    }
    if task.upload.is_none() {
        task.pulled_bytes = files.iter().map(Blob::length).sum();
    }
    let created_at = free_instant(state, &task.account_id, at);
    let media = files.into_iter().map(|file| store(state, task, file, at)).collect();
    let kind = match (task.inbox, task.photos) {
        (true, _) => "inbox",
        (false, true) => "images",
        (false, false) => "video",
    };
    let Words { title, text, privacy, options } = task.words.clone();
    let mut extra = options;
    extra["publishId"] = json!(task.publish_id);
    match privacy {
        Some(privacy) => extra["privacy"] = json!(privacy),
        None => extra["inbox"] = json!(true),
    }
    if task.photos {
        extra["photos"] = json!(true);
    }
    let post = Post::new(Platform::Tiktok, &task.account_id, task.post_id.clone(), kind, created_at);
    state.posts.push(Post { title, text, media, extra, ..post });
    task.stage = Stage::Done { at, posted: !task.inbox };
}

fn store(state: &mut State, task: &Task, file: Blob, at: DateTime<Utc>) -> String {
    let id = format!("tiktok-{}", state.next_number());
    let media = Media::new(Platform::Tiktok, &task.account_id, id.clone(), file, at);
    state.media.insert(id.clone(), Media { post_id: Some(task.post_id.clone()), ..media });
    id
}

/// Lists are cut at milliseconds, so no two posts of an account may share one.
fn free_instant(state: &State, account_id: &str, mut at: DateTime<Utc>) -> DateTime<Utc> {
    let own = |post: &&Post| post.platform == Platform::Tiktok && post.account_id == account_id;
    let taken: HashSet<i64> = state.posts.iter().filter(own).map(|post| post.created_at.timestamp_millis()).collect();
    while taken.contains(&at.timestamp_millis()) {
        at += TimeDelta::milliseconds(1);
    }
    at
}

/// The user finishes a draft, and shows it to as many as the account may.
fn post_draft(state: &mut State, task: &mut Task, at: DateTime<Utc>) {
    let account = state.account(Platform::Tiktok, &task.account_id);
    let privacy =
        if account.is_some_and(|account| account.variant == "private") { "FOLLOWER_OF_CREATOR" } else { "PUBLIC_TO_EVERYONE" };
    let created_at = free_instant(state, &task.account_id, at);
    let draft = state.posts.iter_mut().find(|post| post.platform == Platform::Tiktok && post.id == task.post_id);
    if let Some(post) = draft {
        post.kind = if task.photos { "images" } else { "video" };
        post.extra["inbox"] = json!(false);
        post.extra["privacy"] = json!(privacy);
        post.created_at = created_at;
    }
    task.stage = Stage::Done { at, posted: true };
}

/// Makes the task fail that a status call asks about, and takes back its post, so that the answer is true.
pub(super) fn fail_asked(state: &mut State, call: &Call, reason: &str) {
    let Some(id) = call.json().and_then(|body| body["publish_id"].as_str()) else { return };
    let account_id = caller(state, call).map(|account| account.id.clone());
    let own = |task: &&mut Task| account_id.as_ref() == Some(&task.account_id);
    let Some(task) = state.tiktok.tasks.get_mut(id).filter(own) else { return };
    task.stage = Stage::Failed(reason.to_owned());
    let post_id = task.post_id.clone();
    state.posts.retain(|post| post.platform != Platform::Tiktok || post.id != post_id);
}
