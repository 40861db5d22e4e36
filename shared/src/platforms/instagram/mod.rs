//! Instagram's content publishing API v26.0, by either login. Limits and error meanings: Meta's content publishing guide and
//! its IG User, IG Container and "Error codes" references, as of 2026-11.
//!
//! Instagram fetches every file from its address. A post is prepared as a container (a carousel as one per item and
//! one for the whole), which is private and may be made again; the one visible call is `media_publish`. There is no
//! idempotency key, but a container is published at most once and says whether it was: a lost answer is looked for there,
//! then the post's id in the account's lists.

mod call;
mod comment;
mod connect;
mod containers;
mod errors;
mod find;
mod form;
mod limits;
mod rules;
mod send;

use serde::Deserialize;

use super::rules::Rules;
use super::{Platform, Publishing};
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Stop};
use crate::store::runs::{Published, Warning};
use call::Call;

/// The adapter of Instagram.
pub(crate) struct Instagram;

impl Platform for Instagram {
    const RULES: Rules = rules::RULES;

    async fn publish(cx: &Publishing<'_>, journal: &mut Journal) -> Result<Published, Stop> {
        let live = match send::publish(cx, journal).await {
            Err(Stop::Error(error)) if error.code == errors::BLOCKED => {
                return Err(send::after_block(cx, journal, error).await?.into());
            }
            published => published?,
        };
        journal.progress(90);
        if live.unlisted {
            return Ok(Published { warnings: vec![unlisted()], ..Published::new(live.id, None) });
        }
        let url = journal.step("permalink", None, async || Ok(permalink(cx, &live.id).await)).await?;
        Ok(Published::new(live.id, url))
    }

    async fn follow_up(cx: &Publishing<'_>, journal: &mut Journal, published: &Published) -> Result<(), Stop> {
        let Some(text) = cx.draft.first_comment.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(()) };
        if published.warnings.iter().any(|warning| warning.code == ID_UNKNOWN) {
            let message = "the first comment was not written: the post's id is not known";
            return Err(JobError::new(ErrorClass::Rejected, "first_comment_impossible", message).into());
        }
        comment::write(cx, journal, &published.external_id, text).await
    }
}

/// The code of a post that is live and whose id nobody knows.
const ID_UNKNOWN: &str = "post_id_unknown";

fn unlisted() -> Warning {
    let message = "the post is live, but Instagram's answer was lost and its lists do not tell which post it is: \
                   the id given is that of its container";
    Warning { code: ID_UNKNOWN.to_owned(), message: message.to_owned(), platform_message: None }
}

#[derive(Deserialize)]
struct Media {
    #[serde(default)]
    permalink: Option<String>,
}

/// The post's address, where it can be read: the post is out whatever comes of this.
async fn permalink(cx: &Publishing<'_>, id: &str) -> Option<String> {
    let answer = Call::get(cx, id, &[("fields", "permalink")]).send("permalink").await;
    answer.and_then(|answer| answer.json::<Media>("permalink")).ok()?.permalink
}
