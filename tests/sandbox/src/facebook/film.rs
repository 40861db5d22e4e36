//! Films of a Page on their way: arriving, being worked on, published.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Ask;
use super::mp4::{self, Measures};
use super::posts::{insert, new_id};
use crate::blob::Blob;
use crate::faults::Action;
use crate::state::{Media, Platform, Post, State};

/// The edge of the Page that a film came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Video,
    Reel,
    Story,
}

/// What is to become of a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Publish,
    Schedule(DateTime<Utc>),
    Draft,
    /// `published=false` without a time.
    Hide,
}

/// How far the platform is with a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Bytes or the last call are missing.
    Waiting,
    /// Ready at a time.
    Until(DateTime<Utc>),
    /// Ready, or failed with a word, after so many reads that say "not yet".
    Checks {
        left: u32,
        done: u32,
        failure: Option<String>,
    },
    Ready(DateTime<Utc>),
    Failed(String),
}

/// What the last call of an upload says about a film.
pub(super) struct Wish {
    pub(super) intent: Intent,
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) extra: Value,
}

/// A film, from the start of its upload.
pub(crate) struct Film {
    pub(super) id: String,
    pub(super) account_id: String,
    pub(super) edge: Edge,
    pub(super) started_at: DateTime<Utc>,
    /// The session of an upload in chunks.
    pub(super) session: Option<String>,
    /// The whole length once it is known, in bytes.
    pub(super) size: Option<u64>,
    /// What has arrived so far; empty once the film is finished.
    pub(super) arrived: Blob,
    /// How much has arrived, in bytes.
    pub(super) received: u64,
    /// A fault that came with an earlier call of the upload than the last one.
    pub(super) shape: Option<Action>,
    pub(super) work: Work,
    /// Set by the last call, together with the three below.
    pub(super) intent: Option<Intent>,
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) extra: Value,
    pub(super) measures: Option<Measures>,
    /// The post that it becomes or became.
    pub(super) post_id: Option<String>,
}

impl Film {
    /// Whether all bytes are there.
    pub(super) fn is_complete(&self) -> bool {
        self.size == Some(self.received)
    }

    /// Adds bytes at the end.
    pub(super) fn append(&mut self, bytes: &Blob) {
        self.arrived.append(bytes);
        self.received += bytes.length();
    }

    /// Whether an unfinished upload has waited too long.
    pub(super) fn is_expired(&self, state: &State) -> bool {
        let lifetime = TimeDelta::seconds(state.settings.facebook.upload_session_seconds);
        self.work == Work::Waiting && state.now() - self.started_at > lifetime
    }
}

/// Starts a film, and returns its id.
pub(super) fn begin(state: &mut State, ask: &Ask<'_>, edge: Edge) -> String {
    let id = state.next_object_id();
    let film = Film {
        id: id.clone(),
        account_id: ask.page_id.clone(),
        edge,
        started_at: state.now(),
        session: None,
        size: None,
        arrived: Blob::default(),
        received: 0,
        shape: ask.shape(),
        work: Work::Waiting,
        intent: None,
        title: None,
        description: String::new(),
        extra: Value::Null,
        measures: None,
        post_id: None,
    };
    state.facebook.films.insert(id.clone(), film);
    id
}

/// A Page's own film by id.
pub(super) fn find_own<'a>(state: &'a State, ask: &Ask<'_>, id: &str) -> Option<&'a Film> {
    state.facebook.films.get(id).filter(|film| film.account_id == ask.page_id)
}

/// Finishes the upload of a film that is complete, and returns the id of the post that it becomes, if any.
pub(super) fn finish(state: &mut State, ask: &Ask<'_>, id: &str, wish: Wish) -> Option<String> {
    let posts = matches!(wish.intent, Intent::Publish | Intent::Schedule(_));
    let edge = state.facebook.films.get(id)?.edge;
    let post_id = posts.then(|| if edge == Edge::Story { state.next_object_id() } else { new_id(state, &ask.page_id) });
    let now = state.now();
    let ready_at = now + TimeDelta::seconds(state.settings.facebook.video_processing_seconds);
    let film = state.facebook.films.get_mut(id)?;
    film.work = match ask.shape().or_else(|| film.shape.take()) {
        Some(Action::Processing { checks }) => Work::Checks { left: checks, done: 0, failure: None },
        Some(Action::ProcessingFailed { checks, code }) => Work::Checks { left: checks, done: 0, failure: Some(code) },
        _ => Work::Until(ready_at),
    };
    film.intent = Some(wish.intent);
    film.title = wish.title;
    film.description = wish.description;
    film.extra = wish.extra;
    film.post_id.clone_from(&post_id);
    film.measures = mp4::measure(film.arrived.kept());
    let bytes = std::mem::take(&mut film.arrived);
    let media = Media::new(Platform::Facebook, &ask.page_id, id.to_owned(), bytes, now);
    state.media.insert(id.to_owned(), media);
    state.facebook.working.push(id.to_owned());
    settle(state);
    post_id
}

/// Brings up to date what only time changes: films become ready, and scheduled posts appear.
pub(super) fn settle(state: &mut State) {
    let now = state.now();
    let working = std::mem::take(&mut state.facebook.working);
    for id in working {
        if !complete(state, &id, now) {
            state.facebook.working.push(id);
        }
    }
    let waiting = std::mem::take(&mut state.facebook.waiting);
    for id in waiting {
        let post = state.posts.iter_mut().find(|post| post.platform == Platform::Facebook && post.id == id);
        let Some(post) = post.filter(|post| !post.published) else { continue };
        let Some(at) = post.scheduled_at else { continue };
        if at > now {
            state.facebook.waiting.push(id);
            continue;
        }
        super::posts::appear(state, &id, at);
    }
}

/// Ends the work on a film when it is time, and says whether nothing is left to do.
fn complete(state: &mut State, id: &str, now: DateTime<Utc>) -> bool {
    let Some(film) = state.facebook.films.get_mut(id) else { return true };
    let (at, failure) = match &film.work {
        Work::Until(at) if *at <= now => (*at, None),
        Work::Checks { left: 0, failure, .. } => (now, failure.clone()),
        Work::Until(_) | Work::Checks { .. } => return false,
        Work::Waiting | Work::Ready(_) | Work::Failed(_) => return true,
    };
    if let Some(word) = failure.or_else(|| refusal(film)) {
        film.work = Work::Failed(word);
        return true;
    }
    film.work = Work::Ready(at);
    let (kind, post_id) = (kind(film.edge), film.post_id.clone());
    let post = post_id.zip(film.intent).map(|(post_id, intent)| Post {
        title: film.title.clone(),
        text: film.description.clone(),
        media: vec![film.id.clone()],
        extra: film.extra.clone(),
        published: intent == Intent::Publish,
        scheduled_at: if let Intent::Schedule(at) = intent { Some(at) } else { None },
        ..Post::new(Platform::Facebook, &film.account_id, post_id, kind, at)
    });
    if let Some(post) = post {
        insert(state, post);
    }
    true
}

fn kind(edge: Edge) -> &'static str {
    match edge {
        Edge::Video => "video",
        Edge::Reel => "reel",
        Edge::Story => "story",
    }
}

/// What the platform finds wrong with a film while it works on it. Films that cannot be measured pass.
fn refusal(film: &Film) -> Option<String> {
    let longest = match film.edge {
        Edge::Video => return None,
        Edge::Reel => 90.0,
        Edge::Story => 60.0,
    };
    let Measures { seconds, width, height } = film.measures?;
    let upright = (f64::from(width) / f64::from(height) - 9.0 / 16.0).abs() < 0.02;
    // Containers round their length to a frame.
    let fits = (2.95..=longest + 0.05).contains(&seconds) && width >= 540 && height >= 960 && upright;
    (!fits).then(String::new)
}

/// Notes a read of the film's state, which moves a planted piece of work on.
pub(super) fn checked(state: &mut State, id: &str) {
    if let Some(Film { work: Work::Checks { left, done, .. }, .. }) = state.facebook.films.get_mut(id) {
        *left = left.saturating_sub(1);
        *done += 1;
    }
}

/// The post of a film, once the film is in it and people can see it.
pub(super) fn visible_post<'a>(state: &'a State, film: &Film) -> Option<&'a Post> {
    let post = state.post(Platform::Facebook, film.post_id.as_deref()?)?;
    post.published.then_some(post)
}

/// A film as the Graph API shows it.
pub(super) fn json(state: &State, film: &Film) -> Value {
    let post = visible_post(state, film);
    let in_feed = post.filter(|post| super::posts::in_feed(post));
    let page = state.account(Platform::Facebook, &film.account_id);
    let created_at = post.map_or(film.started_at, |post| post.created_at);
    let source = format!("{}/_sandbox/media/{}", state.public_url, film.id);
    json!({
        "id": film.id,
        "title": film.title,
        "description": (!film.description.is_empty()).then_some(&film.description),
        "created_time": super::reads::time(created_at),
        "updated_time": super::reads::time(created_at),
        "from": {"id": film.account_id, "name": page.map(|page| page.name.as_str())},
        "permalink_url": permalink(state, film),
        "published": post.is_some(),
        "post_id": in_feed.map(|post| post.id.as_str()),
        "length": film.measures.map(|measures| measures.seconds),
        "source": matches!(film.work, Work::Ready(_)).then_some(source),
        "scheduled_publish_time": match film.intent {
            Some(Intent::Schedule(at)) if post.is_none() => Some(super::reads::time(at)),
            _ => None,
        },
        "content_category": film.extra.get("contentCategory"),
        "custom_labels": film.extra.get("customLabels"),
        "embeddable": film.extra.get("embeddable"),
        "status": super::film_status::json(state, film),
    })
}

/// Where people see a film.
pub(super) fn permalink(state: &State, film: &Film) -> String {
    match film.edge {
        Edge::Reel => format!("{}/reel/{}", state.public_url, film.id),
        Edge::Video => format!("{}/{}/videos/{}", state.public_url, film.account_id, film.id),
        Edge::Story => format!("{}/stories/{}/{}", state.public_url, film.account_id, film.id),
    }
}
