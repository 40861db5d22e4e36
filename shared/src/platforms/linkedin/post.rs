//! The one visible call of a post: made, made again, and asked whether it is out.
//!
//! Only organisations can be read. What a member posted can't, and LinkedIn has no idempotency key; what it has is a
//! refusal of identical content that names the post which is there. So a member's lost answer is settled by sending
//! the same bytes again: 201 says that the first was lost, the refusal says which post the first became.
//!
//! Why this does not make two posts visible:
//! - The body is stored before the first send and its media are uploaded before that, so every send is the same to the
//!   byte, also after a restart with newer code.
//! - The journal writes each send down before it is made, and makes the next one 45 s later at the soonest, a call
//!   being given up after 20 s. Whatever arrived has been there for 25 s at least when the next one comes. (The contract
//!   advises 30 to 60 s between sends; how long LinkedIn's check really lags is not published. That is the one doubt.)
//! - No send is made later than [`SEND_AGAIN_WITHIN`] after the first: an earlier one that arrived is younger than the
//!   shortest window that is reported for the refusal, ten minutes. After that a person decides.
//! - The sends are the journal's own, under the claim's fencing number, and never part of a look: so two workers never
//!   send at once, a job that was called off sends no more, and there are three sends at most.
//! - A refusal of a later send says nothing about the first. Unless it names the post, a person decides.

use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{Call, key};
use super::errors::{PERMISSION_MISSING, named_post};
use super::{find, is_organization};
use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::journal::{DUPLICATE, Sighting};
use crate::platforms::Publishing;

/// How long after the first send the same may be sent again unseen: ten minutes are inside every reported window.
const SEND_AGAIN_WITHIN: Duration = Duration::from_secs(9 * 60);

/// How far back a post may lie that another target of the account made: twice the longest that LinkedIn is said to refuse
/// the same content for.
const REMEMBERED: Duration = Duration::from_secs(4 * 86_400);

/// A post, or a comment, as LinkedIn names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Created {
    pub(super) id: String,
}

/// What is known of an earlier send when the same is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// The author's posts were read, and it was not among them.
    Unseen,
    /// The author's posts can't be read.
    Unknown,
}

/// Sends a post. `before` is set when the same was sent before.
pub(super) async fn create(cx: &Publishing<'_>, body: &str, before: &OnceLock<Before>) -> Result<Created, JobError> {
    match (Call::post(cx, "/rest/posts").json_text(body).send("create post").await, before.get()) {
        (Ok(answer), _) => created(&answer, "create post"),
        (Err(error), None) => Err(error),
        (Err(error), Some(_)) if error.code == DUPLICATE => arrived(cx, error).await,
        (Err(error), Some(Before::Unknown)) if error.class == ErrorClass::Rejected => Err(undecided(error)),
        (Err(error), Some(_)) => Err(error),
    }
}

/// The id of what was made. It stands in a header, the body is empty.
pub(super) fn created(answer: &Answer, what: &str) -> Result<Created, JobError> {
    let id = answer.header("x-restli-id").or_else(|| answer.header("x-linkedin-id"));
    let missing = || JobError::new(ErrorClass::Ambiguous, "answer_unreadable", format!("the answer to `{what}` names no id"));
    id.map(|id| Created { id: id.to_owned() }).ok_or_else(missing)
}

/// A repeated send was refused as a duplicate: the post that the refusal names is this one, unless it is another target's.
async fn arrived(cx: &Publishing<'_>, refusal: JobError) -> Result<Created, JobError> {
    let Some(urn) = refusal.platform_message.as_deref().and_then(named_post) else { return Err(refusal) };
    let taken = cx.taken_ids(cx.app.clock.now().minus(REMEMBERED)).await?;
    if taken.iter().any(|id| id == urn) { Err(undecided(refusal)) } else { Ok(Created { id: urn.to_owned() }) }
}

/// A refusal that leaves open what became of an earlier send.
fn undecided(refusal: JobError) -> JobError {
    let message = format!("{}; whether an earlier send arrived is not known", refusal.message);
    JobError { class: ErrorClass::Ambiguous, code: "answer_lost", message, ..refusal }
}

/// Looks for a post whose answer was lost: among an organisation's posts, or not at all, see the module's description.
pub(super) async fn look(
    cx: &Publishing<'_>,
    body: &str,
    since: Timestamp,
    before: &OnceLock<Before>,
) -> Result<Sighting<Created>, JobError> {
    if is_organization(cx) {
        match find::post(cx, body, since).await {
            // A token without the scope to read is as blind as a member's.
            Err(error) if error.code == PERMISSION_MISSING => {}
            seen => {
                before.get_or_init(|| Before::Unseen);
                return seen;
            }
        }
    }
    before.get_or_init(|| Before::Unknown);
    if cx.app.clock.now().since(since) <= SEND_AGAIN_WITHIN {
        return Ok(Sighting::Absent);
    }
    let reason = "LinkedIn does not let this account's posts be read, and it is too late to find out by sending the same again";
    Ok(Sighting::CannotTell(format!("{reason}; look at the author's recent activity")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifecycle {
    #[serde(default)]
    lifecycle_state: String,
}

/// Asks whether an organisation's post is out. What can't be read changes nothing: LinkedIn said 201.
pub(super) async fn is_live(cx: &Publishing<'_>, urn: &str) -> Result<Option<()>, JobError> {
    let path = format!("/rest/posts/{}", key(urn));
    let answer = match Call::get(cx, &path).query(&[("viewContext", "AUTHOR")]).send("read post").await {
        Ok(answer) => answer,
        Err(error) if matches!(error.class, ErrorClass::Transient | ErrorClass::Ambiguous) => return Err(error),
        Err(_) => return Ok(Some(())),
    };
    match answer.json::<Lifecycle>("read post")?.lifecycle_state.as_str() {
        "PUBLISH_REQUESTED" => Ok(None),
        "PUBLISH_FAILED" => {
            let message = format!("LinkedIn took the post as `{urn}` and then could not publish it");
            let error = JobError::new(ErrorClass::Rejected, "publish_failed", message).said("PUBLISH_FAILED");
            Err(error.remedy("use another file and submit the post again"))
        }
        _ => Ok(Some(())),
    }
}
