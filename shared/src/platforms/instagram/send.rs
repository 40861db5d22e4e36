//! The one visible call, `media_publish`, and what is done about each of its ends.
//!
//! The container is noted before the first call, and from then on it alone decides: it is asked about before every
//! further call, and "published" is never published again. Another container is made only after Instagram said for
//! certain that this one was not and will not be published.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::containers::{self, Container, Status};
use super::errors::{self, BLOCKED, CONTAINER_GONE, MEDIA_GONE};
use super::find::{self, ASK_AGAIN, Live};
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Looks, Sighting, Stop};
use crate::platforms::Publishing;

/// "Finished" is read again twice, 10 to 30 s apart, before the call is made again.
const LOOKS: Looks = &[Duration::from_secs(5), Duration::from_secs(25), Duration::from_secs(50)];

/// The pause after "unknown container", which may pass.
const GONE_PAUSE: Duration = Duration::from_secs(30);

/// What is being published; `null` when that came to nothing.
const SENDING: &str = "sending";

/// A container that is being published.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sending {
    container: Container,
    /// How often Instagram said that it knows no such container.
    refusals: u32,
    /// Whether the last call was blocked as spam.
    blocked: bool,
}

/// What is known of earlier calls for the same container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Earlier {
    /// There were none.
    None,
    /// All were refused.
    Refused,
    /// One may have arrived.
    MayHaveArrived,
}

/// Publishes the post, whose container is prepared where there is none yet.
pub(super) async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Live, Stop> {
    loop {
        let known = journal.recall::<Option<Sending>>(SENDING, None)?.flatten();
        let earlier = match &known {
            None => Earlier::None,
            Some(_) if journal.has_open_intent() => Earlier::MayHaveArrived,
            Some(_) => Earlier::Refused,
        };
        let sending = match known {
            Some(sending) => sending,
            None => {
                let container = containers::prepare(cx, journal).await?;
                let sending = Sending { container, refusals: 0, blocked: false };
                journal.note(SENDING, &Some(&sending)).await?;
                sending
            }
        };
        let mut blocked = false;
        let act = async || act(cx, &sending, earlier, &mut blocked).await;
        let look = async |since| find::find(cx, &sending.container, since).await;
        let error = match journal.once("publish", LOOKS, act, look).await {
            Err(Stop::Error(error)) => error,
            ended => return ended,
        };
        if journal.has_open_intent() {
            if blocked {
                journal.note(SENDING, &Some(Sending { blocked, ..sending })).await?;
            }
            return Err(error.into());
        }
        if let Some(error) = after_refusal(cx, journal, (sending, earlier), error).await? {
            return Err(error.into());
        }
    }
}

/// Makes the call, after a look at the container if there were earlier ones.
async fn act(cx: &Publishing<'_>, sending: &Sending, earlier: Earlier, blocked: &mut bool) -> Result<Live, JobError> {
    if earlier != Earlier::None
        && let Some(live) = look_again(cx, sending, earlier).await?
    {
        return Ok(live);
    }
    let path = format!("{}/media_publish", cx.account.external_id);
    let answer = Call::post(cx, &path).form(&[("creation_id", sending.container.id.clone())]).send("publish").await;
    let error = match answer {
        Ok(answer) => return answer.json("publish"),
        Err(error) => error,
    };
    match error.code {
        // Said of posts that are live, too (observed).
        BLOCKED => {
            *blocked = true;
            Err(JobError { class: ErrorClass::Ambiguous, retry_at: None, ..error })
        }
        // Perhaps in passing, and perhaps because an earlier call arrived: never final.
        CONTAINER_GONE | MEDIA_GONE => {
            Err(JobError { class: ErrorClass::NotReady, ..error }.at(cx.app.clock.now().plus(GONE_PAUSE)))
        }
        // What is said of files belongs to containers: here it tells nothing.
        _ if errors::times(&error) > 0 => Err(JobError { class: ErrorClass::Ambiguous, ..error }),
        _ => Err(error),
    }
}

/// Asks whether a container that was called for before is live, and whether it may be called for again.
async fn look_again(cx: &Publishing<'_>, sending: &Sending, earlier: Earlier) -> Result<Option<Live>, JobError> {
    let now = cx.app.clock.now();
    let status = match containers::status(cx, &sending.container.id).await {
        Err(error) if earlier == Earlier::Refused && containers::is_gone(&error) => Status::Failed(error),
        read => read.map_err(unsent)?,
    };
    match status {
        Status::Published => match find::find(cx, &sending.container, now).await {
            Ok(Sighting::Found(live)) => Ok(Some(live)),
            _ => Err(JobError::new(ErrorClass::Ambiguous, "answer_lost", "an earlier call has published the post")),
        },
        Status::Working => {
            let error = JobError::new(ErrorClass::NotReady, "platform_working", "Instagram is still working on the post");
            Err(error.at(now.plus(ASK_AGAIN)))
        }
        Status::Failed(error) => {
            let message = format!("the container can't be published any more: {}", error.message);
            Err(errors::finally(JobError { code: CONTAINER_GONE, message, ..error }))
        }
        Status::Finished if earlier == Earlier::MayHaveArrived && sending.blocked => {
            let message = "Instagram blocked the post as spam and did not publish it";
            Err(JobError::new(ErrorClass::Rejected, BLOCKED, message))
        }
        Status::Finished => {
            if earlier == Earlier::Refused && quota_is_used_up(cx).await {
                let message = "the account's quota of posts in 24 hours is used up";
                let error = JobError::new(ErrorClass::RateLimited, "daily_post_limit", message);
                return Err(error.at(now.plus(errors::QUOTA_WAIT)));
            }
            Ok(None)
        }
    }
}

/// A read before the call failed: nothing was sent.
fn unsent(error: JobError) -> JobError {
    match error.class {
        ErrorClass::Ambiguous => JobError { class: ErrorClass::Transient, ..error },
        _ => error,
    }
}

#[derive(Deserialize)]
struct Quotas {
    #[serde(default)]
    data: Vec<Quota>,
}

#[derive(Deserialize)]
struct Quota {
    quota_usage: u64,
    config: QuotaConfig,
}

#[derive(Deserialize)]
struct QuotaConfig {
    quota_total: u64,
}

/// Whether the account may publish nothing more for now. The documents name several totals: the answer's own counts.
///
/// Where it can't be read, the call itself tells.
async fn quota_is_used_up(cx: &Publishing<'_>) -> bool {
    let path = format!("{}/content_publishing_limit", cx.account.external_id);
    let answer = Call::get(cx, &path, &[("fields", "quota_usage,config")]).send("publishing limit").await;
    let quotas = answer.and_then(|answer| answer.json::<Quotas>("publishing limit"));
    quotas.is_ok_and(|quotas| quotas.data.iter().any(|quota| quota.quota_usage >= quota.config.quota_total))
}

/// What follows a refusal that is certain: the error to end the run with, or `None` to go on with another container.
async fn after_refusal(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    (sending, earlier): (Sending, Earlier),
    error: JobError,
) -> Result<Option<JobError>, Stop> {
    match error.code {
        BLOCKED => {
            journal.note(SENDING, &Some(Sending { blocked: false, ..sending })).await?;
            Ok(Some(error))
        }
        CONTAINER_GONE if error.class == ErrorClass::NotReady && sending.refusals == 0 => {
            journal.note(SENDING, &Some(Sending { refusals: 1, ..sending })).await?;
            Ok(Some(error))
        }
        CONTAINER_GONE | MEDIA_GONE => {
            let ended = containers::give_up(journal, &sending.container, error.clone()).await?;
            journal.note(SENDING, &None::<Sending>).await?;
            tracing::info!(account.id = %cx.account.id, code = error.code, "a container is lost before it was published");
            // After a call that may have arrived, a person says whether the post is made anew.
            Ok(if earlier == Earlier::MayHaveArrived { Some(error) } else { ended })
        }
        _ => Ok(Some(error)),
    }
}

/// What follows a block for spam: a day's wait the first time, the end the second time.
pub(super) async fn after_block(cx: &Publishing<'_>, journal: &mut Journal, error: JobError) -> Result<JobError, Stop> {
    if journal.recall::<bool>("blocked", None)?.is_some() {
        let remedy = "nothing was published: look at the account in the Instagram app, wait a day or more, then retry the job";
        return Ok(JobError { class: ErrorClass::Rejected, retry_at: None, ..error }.remedy(remedy));
    }
    journal.note("blocked", &true).await?;
    let remedy = "look at the account in the Instagram app: the post is tried once more after a day";
    let waiting = JobError { class: ErrorClass::RateLimited, ..error }.remedy(remedy);
    Ok(waiting.at(cx.app.clock.now().plus(errors::BLOCK_WAIT)))
}
