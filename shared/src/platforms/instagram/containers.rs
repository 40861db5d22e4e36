//! Containers: private until they are published, so they may be made as often as needed.
//!
//! Every try is a step of its own, `<name>:<n>`, and what became of its container is written down as `ready:<id>`.
//! A failure that calls for another container begins the next try, as often as [`errors::times`] allows; a run that
//! finds only failed tries, such as the first after a retry by hand, makes one more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::errors;
use super::form::{self, Form};
use crate::clock::Timestamp;
use crate::content::Kind;
use crate::error::{ErrorClass, JobError};
use crate::journal::{After, Journal, Polling, Stop};
use crate::platforms::Publishing;

/// A container lives for 24 hours; it is made anew well before that.
const KEEPS: Duration = Duration::from_secs(20 * 3600);

/// Processing: images take a second, reels ten minutes and more (observed), hence half an hour.
const PROCESSING: Polling = Polling {
    pauses: &[
        Duration::from_secs(2),
        Duration::from_secs(3),
        Duration::from_secs(5),
        Duration::from_secs(10),
        Duration::from_secs(20),
        Duration::from_secs(30),
        Duration::from_secs(60),
    ],
    deadline: Duration::from_secs(30 * 60),
    after: After::NothingPublished,
};

/// The pauses before another try.
const PAUSES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];

/// A container that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Container {
    /// Instagram's id of it.
    pub(super) id: String,
    /// When it was made, in milliseconds since the Unix epoch.
    made_at: i64,
    /// The step that made it.
    step: String,
    /// How many tries before it failed.
    failures: usize,
}

/// What a try came to.
#[derive(Serialize, Deserialize)]
enum Try {
    Made { id: String, at: i64 },
    Refused { code: String },
}

/// What became of a container.
#[derive(Serialize, Deserialize)]
enum Fate {
    Finished,
    Failed { code: String },
}

/// How far Instagram is with a container.
pub(super) enum Status {
    /// It is being fetched or processed, or being published.
    Working,
    /// It is ready and not published.
    Finished,
    /// It is live.
    Published,
    /// It can't be published, nor was it.
    Failed(JobError),
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct State {
    status_code: String,
    #[serde(default)]
    status: String,
}

/// Prepares the whole post: its container is ready to be published.
pub(super) async fn prepare(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Container, Stop> {
    let container = match tries(journal, "container")? {
        (_, Some(container)) => container,
        (failures, None) => {
            let form = if cx.draft.kind == Kind::Carousel {
                form::carousel(cx, &items(cx, journal, failures).await?)?
            } else {
                form::single(cx)?
            };
            make(cx, journal, ("container", failures), &form).await?
        }
    };
    journal.progress(70);
    wait(cx, journal, &container).await?;
    journal.progress(80);
    Ok(container)
}

/// Prepares a carousel's items, in order: all are made before the first is waited for.
///
/// They can serve one carousel; when that fails, `carousel` tells, all of it is made anew.
async fn items(cx: &Publishing<'_>, journal: &mut Journal, carousel: usize) -> Result<Vec<String>, Stop> {
    let total = cx.draft.media.len();
    let mut containers = Vec::with_capacity(total);
    for (n, media) in cx.draft.media.iter().enumerate() {
        let name = format!("item:{carousel}:{n}");
        let container = match tries(journal, &name)? {
            (_, Some(container)) => container,
            (failures, None) => make(cx, journal, (&name, failures), &form::item(cx, media)?).await?,
        };
        containers.push(container);
        journal.progress(i32::try_from(30 * (n + 1) / total).unwrap_or(30));
    }
    for (n, container) in containers.iter().enumerate() {
        wait(cx, journal, container).await?;
        journal.progress(30 + i32::try_from(30 * (n + 1) / total).unwrap_or(30));
    }
    Ok(containers.into_iter().map(|container| container.id).collect())
}

/// How many tries under a name failed, and the container of the last one unless it failed as well.
fn tries(journal: &Journal, name: &str) -> Result<(usize, Option<Container>), Stop> {
    let mut failures = 0;
    loop {
        let step = format!("{name}:{failures}");
        match journal.recall::<Try>(&step, Some(KEEPS))? {
            None => return Ok((failures, None)),
            Some(Try::Refused { .. }) => {}
            Some(Try::Made { id, at }) => {
                if !matches!(journal.recall(&fate(&id), None)?, Some(Fate::Failed { .. })) {
                    return Ok((failures, Some(Container { id, made_at: at, step, failures })));
                }
            }
        }
        failures += 1;
    }
}

fn fate(id: &str) -> String {
    format!("ready:{id}")
}

/// Makes a container. A refusal that calls for another try is written down and comes back as a pause.
async fn make(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    (name, failures): (&str, usize),
    form: &Form,
) -> Result<Container, Stop> {
    let step = format!("{name}:{failures}");
    let mut refusal = None;
    let made = journal
        .step(&step, Some(KEEPS), async || match create(cx, form).await {
            Ok(id) => Ok(Try::Made { id, at: cx.app.clock.now().0 }),
            Err(error) if errors::times(&error) > failures => {
                let code = error.code.to_owned();
                refusal = Some(error);
                Ok(Try::Refused { code })
            }
            Err(error) => Err(errors::finally(error)),
        })
        .await?;
    match (made, refusal) {
        (Try::Made { id, at }, _) => Ok(Container { id, made_at: at, step, failures }),
        (Try::Refused { .. }, Some(error)) => Err(after_failure(cx, failures, error).into()),
        // Known before: the caller only makes what was not tried.
        (Try::Refused { code }, None) => {
            let message = format!("`{step}` was refused before ({code})");
            Err(JobError::new(ErrorClass::Bug, "try_repeated", message).into())
        }
    }
}

async fn create(cx: &Publishing<'_>, form: &Form) -> Result<String, JobError> {
    let path = format!("{}/media", cx.account.external_id);
    let answer = Call::post(cx, &path).form(form).send("create container").await?;
    Ok(answer.json::<Made>("create container")?.id)
}

/// Waits until a container is ready.
async fn wait(cx: &Publishing<'_>, journal: &mut Journal, container: &Container) -> Result<(), Stop> {
    let mut failure = None;
    let ask = async || match status(cx, &container.id).await {
        Ok(Status::Working) => Ok(None),
        Ok(Status::Finished | Status::Published) => Ok(Some(Fate::Finished)),
        Ok(Status::Failed(error)) => Ok(Some(failed(&mut failure, error))),
        Err(error) if is_gone(&error) => Ok(Some(failed(&mut failure, gone(error)))),
        Err(error) => Err(error),
    };
    journal.poll(&fate(&container.id), &container.step, PROCESSING, ask).await?;
    match failure {
        None => Ok(()),
        Some(error) => Err(after_failure(cx, container.failures, error).into()),
    }
}

fn failed(failure: &mut Option<JobError>, error: JobError) -> Fate {
    let code = error.code.to_owned();
    *failure = Some(error);
    Fate::Failed { code }
}

/// What a failed try leads to: a pause before the next one, or the end.
fn after_failure(cx: &Publishing<'_>, failures: usize, error: JobError) -> JobError {
    if errors::times(&error) <= failures {
        return errors::finally(error);
    }
    let pause = PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or_default();
    let message = format!("{}; it is prepared anew", error.message);
    let waiting = JobError::new(ErrorClass::NotReady, error.code, message).at(cx.app.clock.now().plus(pause));
    JobError { platform_message: error.platform_message, status: error.status, ..waiting }
}

/// Writes down that a container can't be published and says what follows: `None` when another one may be made at once.
pub(super) async fn give_up(journal: &mut Journal, container: &Container, error: JobError) -> Result<Option<JobError>, Stop> {
    journal.note(&fate(&container.id), &Fate::Failed { code: error.code.to_owned() }).await?;
    Ok((errors::times(&error) <= container.failures).then(|| errors::finally(error)))
}

/// Asks how far Instagram is with a container.
pub(super) async fn status(cx: &Publishing<'_>, id: &str) -> Result<Status, JobError> {
    let answer = Call::get(cx, id, &[("fields", "status_code,status")]).send("container status").await?;
    let state: State = answer.json("container status")?;
    match state.status_code.as_str() {
        "IN_PROGRESS" => Ok(Status::Working),
        "FINISHED" => Ok(Status::Finished),
        "PUBLISHED" => Ok(Status::Published),
        "ERROR" => Ok(Status::Failed(errors::of_sentence(&state.status, cx.app.clock.now()))),
        "EXPIRED" => {
            let error = JobError::new(ErrorClass::Rejected, errors::CONTAINER_GONE, "the container has expired unpublished");
            Ok(Status::Failed(error.said(state.status)))
        }
        other => {
            let message = format!("Instagram says `{other}` of a container, which nobody knows");
            Err(JobError::new(ErrorClass::Ambiguous, "answer_unclassified", message).said(state.status))
        }
    }
}

/// Whether a question about a container was answered with "there is none".
pub(super) fn is_gone(error: &JobError) -> bool {
    matches!(error.code, errors::OBJECT_UNKNOWN | errors::CONTAINER_GONE | errors::MEDIA_GONE)
}

/// The same as a failure of the container: the right to it may be gone, so another one is tried once only.
pub(super) fn gone(error: JobError) -> JobError {
    JobError { class: ErrorClass::AuthRevoked, code: errors::MEDIA_GONE, ..error }
}

impl Container {
    /// When it was made.
    pub(super) fn made_at(&self) -> Timestamp {
        Timestamp(self.made_at)
    }
}
