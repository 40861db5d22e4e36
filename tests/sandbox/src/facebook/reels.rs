//! Reels and stories of films: `start`, bytes at the address that it returns, `finish`. And who joins in a film.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::film::{self, Edge, Film, Intent, Wish, Work};
use super::posts::{check_message, check_page};
use super::{Ask, Outcome};
use crate::call::Answer;
use crate::state::State;

const SCHEDULE_FROM: TimeDelta = TimeDelta::minutes(10);
const SCHEDULE_UNTIL: TimeDelta = TimeDelta::days(29);

/// `POST /{page}/video_reels`.
pub(crate) fn reel(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_page(state, ask)?;
    match phase(ask)? {
        Phase::Start => Ok(start(state, ask, Edge::Reel)),
        Phase::Finish => finish_reel(state, ask),
    }
}

/// `POST /{page}/video_stories`.
pub(crate) fn story(state: &mut State, ask: &Ask<'_>) -> Outcome {
    check_page(state, ask)?;
    match phase(ask)? {
        Phase::Start => Ok(start(state, ask, Edge::Story)),
        Phase::Finish => finish_story(state, ask),
    }
}

enum Phase {
    Start,
    Finish,
}

fn phase(ask: &Ask<'_>) -> Result<Phase, GraphError> {
    match ask.params.text("upload_phase").map(|phase| phase.to_ascii_lowercase()).as_deref() {
        Some("start") => Ok(Phase::Start),
        Some("finish") => Ok(Phase::Finish),
        Some(_) => Err(GraphError::parameter("(#100) Param upload_phase must be one of {START, FINISH}")),
        None => Err(GraphError::parameter("(#100) The parameter upload_phase is required")),
    }
}

fn start(state: &mut State, ask: &Ask<'_>, edge: Edge) -> Answer {
    let id = film::begin(state, ask, edge);
    let upload_url = format!("{}/video-upload/{}/{id}", state.public_url, ask.version);
    Answer::json(200, &json!({"video_id": id, "upload_url": upload_url}))
}

/// The film that a `finish` names, when it can be finished.
fn uploaded<'a>(state: &'a State, ask: &Ask<'_>, edge: Edge) -> Result<&'a Film, GraphError> {
    let required = || GraphError::parameter("(#100) The parameter video_id is required");
    let id = ask.params.text("video_id").ok_or_else(required)?;
    let film = film::find_own(state, ask, &id).filter(|film| film.edge == edge);
    let film = film.ok_or_else(|| GraphError::unknown_object("post", &id))?;
    if film.is_expired(state) {
        return Err(GraphError::chunked("1363030"));
    }
    if film.work != Work::Waiting {
        return Err(GraphError::parameter("(#100) The upload of this video is finished already"));
    }
    if !film.is_complete() {
        return Err(GraphError::incomplete_video());
    }
    Ok(film)
}

fn intent(state: &State, ask: &Ask<'_>) -> Result<Intent, GraphError> {
    let word = ask.params.text("video_state").unwrap_or_default().to_ascii_uppercase();
    let time = ask.time(state, "scheduled_publish_time")?;
    match (word.as_str(), time) {
        ("PUBLISHED", None) => Ok(Intent::Publish),
        ("DRAFT", None) => Ok(Intent::Draft),
        ("SCHEDULED", Some(at)) => {
            let ahead = at - state.now();
            if ahead <= SCHEDULE_FROM || ahead > SCHEDULE_UNTIL {
                return Err(GraphError::parameter("(#100) The specified scheduled publish time is invalid"));
            }
            Ok(Intent::Schedule(at))
        }
        ("SCHEDULED", None) => Err(GraphError::parameter("(#100) The parameter scheduled_publish_time is required")),
        ("PUBLISHED" | "DRAFT", Some(_)) => {
            Err(GraphError::parameter("(#100) scheduled_publish_time is for the video_state SCHEDULED only"))
        }
        _ => Err(GraphError::parameter("(#100) Param video_state must be one of {PUBLISHED, SCHEDULED, DRAFT}")),
    }
}

fn finish_reel(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = uploaded(state, ask, Edge::Reel)?.id.clone();
    let intent = intent(state, ask)?;
    let description = ask.params.text("description").unwrap_or_default();
    check_message(&description)?;
    let mut extra = json!({});
    if ask.params.flag("is_ai_generated", false)? {
        extra["isAiGenerated"] = json!(true);
    }
    if let Some(place) = ask.params.text("place") {
        extra["place"] = json!(place);
    }
    if intent != Intent::Draft {
        let most = state.settings.facebook.reels_per_day;
        count_deed(state, ask, "reel", most)?;
    }
    let post_id = film::finish(state, ask, &id, Wish { intent, title: ask.params.text("title"), description, extra });
    let mut body = json!({"success": true});
    if let (true, Some(post_id)) = (state.settings.facebook.finish_tells_post, post_id) {
        body["post_id"] = json!(post_id);
    }
    Ok(Answer::json(200, &body))
}

fn finish_story(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let id = uploaded(state, ask, Edge::Story)?.id.clone();
    let wish = Wish { intent: Intent::Publish, title: None, description: String::new(), extra: Value::Null };
    let post_id = film::finish(state, ask, &id, wish);
    Ok(Answer::json(200, &json!({"success": true, "post_id": post_id})))
}

/// Counts what a Page may do only so often in 24 hours, and refuses what is too much.
fn count_deed(state: &mut State, ask: &Ask<'_>, deed: &'static str, most: usize) -> Result<(), GraphError> {
    let now = state.now();
    let fresh = |at: &DateTime<Utc>| now - *at < TimeDelta::hours(24);
    state.facebook.deeds.retain(|(_, _, at)| fresh(at));
    let done = state.facebook.deeds.iter().filter(|(known, page, _)| *known == deed && *page == ask.page_id).count();
    if state.settings.rate_limits && done >= most {
        return Err(GraphError::edge_limit());
    }
    state.facebook.deeds.push((deed, ask.page_id.clone(), now));
    Ok(())
}

/// `POST /{video}/collaborators`.
pub(crate) fn collaborators(state: &mut State, ask: &Ask<'_>) -> Outcome {
    ask.needs("pages_manage_posts")?;
    if film::find_own(state, ask, &ask.id).is_none() {
        return Err(GraphError::unknown_object("post", &ask.id));
    }
    let required = || GraphError::parameter("(#100) The parameter target_id is required");
    let target = ask.params.text("target_id").ok_or_else(required)?;
    let most = state.settings.facebook.collaborators_per_day;
    count_deed(state, ask, "collaborator", most)?;
    if let Some(film) = state.facebook.films.get_mut(&ask.id) {
        match film.extra.get_mut("collaborators").and_then(Value::as_array_mut) {
            Some(known) => known.push(json!(target)),
            None => film.extra["collaborators"] = json!([target]),
        }
    }
    Ok(Answer::json(200, &json!({"success": true})))
}
