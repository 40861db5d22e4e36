//! Posts: create, change, delete.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::asset::Status;
use super::content::Content;
use super::gate::Ask;
use super::record::Record;
use super::settings::Posted;
use super::text::{self, Piece};
use super::urn::{self, Urn};
use super::{Outcome, empty, errors, new_id};
use crate::call::Answer;
use crate::state::{Account, Platform, Post, State};

/// Counted in UTF-16 units of the text without escapes.
const LONGEST_COMMENTARY: usize = 3000;
const VISIBILITIES: &[&str] = &["PUBLIC", "CONNECTIONS", "LOGGED_IN", "CONTAINER"];
const LIFECYCLES: &[&str] = &["PUBLISHED", "DRAFT", "PUBLISH_REQUESTED", "PUBLISH_FAILED"];
const FIELDS: &[&str] = &[
    "author",
    "commentary",
    "visibility",
    "distribution",
    "lifecycleState",
    "isReshareDisabledByAuthor",
    "content",
    "reshareContext",
    "container",
];

/// A post as the API shows it; what readers see is a `Post`.
pub(super) struct Entry {
    /// URN of the author.
    pub(super) author: String,
    /// Little text, with hashtags as templates.
    pub(super) commentary: String,
    pub(super) visibility: String,
    pub(super) distribution: Value,
    pub(super) content: Value,
    /// URN of the post that this one shares.
    pub(super) parent: Option<String>,
    pub(super) reshare_disabled: bool,
    pub(super) lifecycle: &'static str,
    pub(super) created_at: DateTime<Utc>,
    pub(super) published_at: Option<DateTime<Utc>>,
    pub(super) modified_at: DateTime<Utc>,
    pub(super) edited: bool,
    /// URN of the video that must be processed before the post appears.
    pub(super) awaits: Option<String>,
}

/// `POST /rest/posts`.
pub(crate) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let body = ask.body()?;
    body.only(FIELDS)?;
    let author = body.text("author")?;
    let mut entry = entry(state, &body)?;
    let content = Content::read(&body)?;
    let author = ask.writer(state, author, "/author")?;
    entry.author = Urn::of(&author).to_string();
    check_audience(&body, &author)?;
    let pieces = commentary(state, body.text("commentary")?)?;
    if text::shown(&pieces).trim().is_empty() && content.kind == "text" && entry.parent.is_none() {
        let message = "/commentary must not be blank when there is no content";
        return Err(errors::field("400/INVALID_VALUE_BLANK_FIELD", "/commentary", message));
    }
    check_parent(state, &entry)?;
    content.check_media(state, &entry.author)?;
    let fingerprint = json!([body.text("commentary")?, entry.content, entry.parent]).to_string();
    // Drafts neither repeat anything nor stand in the way.
    let counts = entry.lifecycle != "DRAFT";
    if let Some(urn) = repeated(state, &entry.author, &fingerprint).filter(|_| counts) {
        return Err(errors::duplicate(&urn));
    }
    entry.commentary = text::stored(&pieces);
    let (author_urn, at) = (entry.author.clone(), entry.created_at);
    let urn = insert(state, &author, entry, &content, &pieces);
    if counts {
        state.linkedin.posted.push(Posted { author: author_urn, fingerprint, urn: urn.clone(), at });
    }
    settle(state);
    Ok(empty(201).with("x-restli-id", urn.as_str()).with("x-linkedin-id", urn))
}

/// The fields that are kept as they came.
fn entry(state: &State, body: &Record<'_>) -> Result<Entry, Answer> {
    let distribution = body.record("distribution")?;
    distribution.only(&["feedDistribution", "targetEntities", "thirdPartyDistributionChannels"])?;
    distribution.word("feedDistribution", &["MAIN_FEED", "NONE"])?;
    for name in ["targetEntities", "thirdPartyDistributionChannels"] {
        if distribution.get(name).is_some() {
            distribution.list(name)?;
        }
    }
    let parent = body.maybe_record("reshareContext")?.map(|context| {
        context.only(&["parent"])?;
        let parent = context.text("parent")?;
        Urn::read(parent, &["share", "ugcPost"], "/reshareContext/parent").map(|urn| urn.to_string())
    });
    body.text("commentary")?;
    let lifecycle = match body.word("lifecycleState", LIFECYCLES)? {
        "PUBLISHED" => "PUBLISHED",
        "DRAFT" => "DRAFT",
        _ => {
            let message = "/lifecycleState: a new post is PUBLISHED or a DRAFT";
            return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", "/lifecycleState", message));
        }
    };
    let now = state.now();
    Ok(Entry {
        author: String::new(),
        commentary: String::new(),
        visibility: body.word("visibility", VISIBILITIES)?.to_owned(),
        distribution: body.required("distribution")?.clone(),
        content: body.get("content").cloned().unwrap_or_default(),
        parent: parent.transpose()?,
        reshare_disabled: body.flag("isReshareDisabledByAuthor")?,
        lifecycle,
        created_at: now,
        published_at: None,
        modified_at: now,
        edited: false,
        awaits: None,
    })
}

/// Organisations post for everybody, and a container must be named.
fn check_audience(body: &Record<'_>, author: &Account) -> Result<(), Answer> {
    let visibility = body.text("visibility")?;
    if urn::is_organization(author) && visibility != "PUBLIC" {
        let message = "/visibility: organizations post with PUBLIC visibility only";
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", "/visibility", message));
    }
    let container = body.maybe_text("container")?;
    if (visibility == "CONTAINER") != container.is_some() {
        let message = "/container: goes with CONTAINER visibility, and only with that";
        return Err(errors::field("400/MISSING_FIELD", "/container", message));
    }
    Ok(())
}

/// The parts of a text that is not too long.
fn commentary(state: &State, raw: &str) -> Result<Vec<Piece>, Answer> {
    let whole = text::shown(&text::parse(raw, false));
    if whole.encode_utf16().count() > LONGEST_COMMENTARY {
        let message = format!("/commentary is longer than {LONGEST_COMMENTARY} characters");
        return Err(errors::field("400/FIELD_LENGTH_TOO_LONG", "/commentary", &message));
    }
    let pieces = text::parse(raw, state.settings.linkedin.truncate_at_reserved);
    Ok(text::resolve(state, pieces))
}

fn check_parent(state: &State, entry: &Entry) -> Result<(), Answer> {
    let Some(parent) = &entry.parent else { return Ok(()) };
    let path = "/reshareContext/parent";
    if !entry.content.is_null() {
        return Err(errors::field("400/INVALID_VALUE_FOR_FIELD", path, "a reshare has no content of its own"));
    }
    match state.linkedin.posts.get(parent) {
        Some(known) if !known.reshare_disabled => Ok(()),
        _ => Err(errors::field("400/INVALID_URN_ID", path, &format!("`{parent}` cannot be reshared"))),
    }
}

/// The author's identical post, deleted or not, that is young enough to stand in the way.
fn repeated(state: &State, author: &str, fingerprint: &str) -> Option<String> {
    let settings = &state.settings.linkedin;
    let age = |posted: &Posted| state.now() - posted.at;
    let window = TimeDelta::seconds(settings.duplicate_lag_seconds)..TimeDelta::seconds(settings.duplicate_window_seconds);
    let mut posted = state.linkedin.posted.iter().rev();
    let found = posted.find(|known| known.author == author && known.fingerprint == fingerprint && window.contains(&age(known)));
    found.map(|known| known.urn.clone())
}

/// Stores a post in both forms and returns its URN.
fn insert(state: &mut State, author: &Account, mut entry: Entry, content: &Content, pieces: &[Piece]) -> String {
    let kind = if matches!(content.kind, "video" | "poll") { "ugcPost" } else { "share" };
    let urn = format!("urn:li:{kind}:{}", new_id(state));
    if entry.lifecycle == "PUBLISHED" {
        // `settle` publishes it, at once or when its video is ready.
        entry.lifecycle = "PUBLISH_REQUESTED";
        entry.awaits = content.media.first().filter(|_| content.kind == "video").map(|shown| shown.urn.clone());
    }
    for shown in &content.media {
        if let Some(media) = state.media.get_mut(&shown.urn) {
            media.alt_text.clone_from(&shown.alt_text);
            media.post_id = Some(urn.clone());
        }
    }
    let mut extra = content.extra.clone();
    extra.insert("mentions".to_owned(), json!(text::mentions(pieces)));
    extra.insert("privacy".to_owned(), json!(entry.visibility.to_lowercase()));
    if let Some(shown) = &content.thumbnail {
        extra.insert("thumbnail".to_owned(), json!(format!("{}/_sandbox/media/{}", state.public_url, shown.urn)));
    }
    if let Some(parent) = &entry.parent {
        extra.insert("reshareOf".to_owned(), json!(parent));
    }
    state.posts.push(Post {
        title: content.title.clone(),
        text: text::shown(pieces),
        link: content.link.clone(),
        media: content.media.iter().map(|shown| shown.urn.clone()).collect(),
        extra: Value::Object(extra),
        published: false,
        ..Post::new(Platform::Linkedin, &author.id, urn.clone(), content.kind, entry.created_at)
    });
    state.linkedin.posts.insert(urn.clone(), entry);
    urn
}

/// Publishes what waits and is ready, and gives up on posts whose video failed.
pub(super) fn settle(state: &mut State) {
    let waiting = state.linkedin.posts.iter().filter(|(_, entry)| entry.lifecycle == "PUBLISH_REQUESTED");
    let status = |entry: &Entry| {
        let video = entry.awaits.as_ref().and_then(|urn| state.linkedin.assets.get(urn));
        video.map_or(Status::Available, |asset| asset.status(state))
    };
    let decided: Vec<(String, Status)> = waiting.map(|(urn, entry)| (urn.clone(), status(entry))).collect();
    let now = state.now();
    for (urn, status) in decided {
        let Some(entry) = state.linkedin.posts.get_mut(&urn) else { continue };
        match status {
            Status::Available => {
                entry.lifecycle = "PUBLISHED";
                entry.published_at = Some(now);
                let post = state.posts.iter_mut().find(|post| post.platform == Platform::Linkedin && post.id == urn);
                if let Some(post) = post {
                    post.published = true;
                }
            }
            Status::Failed => entry.lifecycle = "PUBLISH_FAILED",
            Status::WaitingUpload | Status::Processing => {}
        }
    }
}

/// The post that the path names, when it is this token's.
fn own<'a>(state: &'a mut State, ask: &Ask<'_>, what: &str) -> Result<&'a mut Entry, Answer> {
    let urn = ask.key();
    Urn::read(urn, &["share", "ugcPost"], "id")?;
    let author = state.linkedin.posts.get(urn).map(|entry| entry.author.clone());
    let author = author.ok_or_else(|| errors::named("404/NOT_FOUND"))?;
    ask.writer(state, &author, "/author").map_err(|_| ask.denied(what))?;
    state.linkedin.posts.get_mut(urn).ok_or_else(|| errors::named("404/NOT_FOUND"))
}

/// `POST /rest/posts/{urn}` with `PARTIAL_UPDATE`: another text.
pub(crate) fn update(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let body = ask.body()?;
    body.only(&["patch"])?;
    let patch = body.record("patch")?;
    patch.only(&["$set"])?;
    let set = patch.record("$set")?;
    set.only(&["commentary"])?;
    let pieces = commentary(state, set.text("commentary")?)?;
    let now = state.now();
    let entry = own(state, ask, "partnerApiPostsExternal.PARTIAL_UPDATE")?;
    entry.commentary = text::stored(&pieces);
    entry.modified_at = now;
    entry.edited = true;
    let urn = ask.key();
    if let Some(post) = state.posts.iter_mut().find(|post| post.platform == Platform::Linkedin && post.id == urn) {
        post.text = text::shown(&pieces);
        post.extra["mentions"] = json!(text::mentions(&pieces));
    }
    Ok(empty(204))
}

/// `DELETE /rest/posts/{urn}`; what is gone already counts as deleted.
pub(crate) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let urn = ask.key();
    Urn::read(urn, &["share", "ugcPost"], "id")?;
    if state.linkedin.posts.contains_key(urn) {
        own(state, ask, "partnerApiPostsExternal.DELETE")?;
        state.linkedin.posts.remove(urn);
        state.posts.retain(|post| post.platform != Platform::Linkedin || post.id != urn);
    }
    Ok(empty(204))
}
