//! A draft's posts one after another, each a reply to the one before; a draft that is no thread has one.
//!
//! The id of each is recorded before the next is sent, so that a broken run goes on where it stopped and begins nothing
//! anew. Once the first is out, a refusal for good leaves a shorter thread: it is live, so the target is published, and a
//! warning names the post that is missing. Whatever may pass, or ends when the operator has done something, keeps the job
//! open instead; retried, it goes on with the next post.

use super::post::{self, Created, Item};
use crate::error::JobError;
use crate::journal::{Journal, Stop};
use crate::platforms::Publishing;
use crate::store::runs::{Published, Warning};

/// Publishes all of them.
pub(super) async fn publish(cx: &Publishing<'_>, journal: &mut Journal, items: &[Item<'_>]) -> Result<Published, Stop> {
    let total = items.len();
    let mut out: Vec<Created> = Vec::with_capacity(total);
    for item in items {
        let before = out.last().map(|created| created.id.clone()).or_else(|| cx.draft.options.reply_to.clone());
        match post::publish(cx, journal, item, before.as_deref()).await {
            Ok(created) => out.push(created),
            Err(Stop::Error(error)) => return broken_off(cx, &out, total, error),
            Err(stop) => return Err(stop),
        }
    }
    let first = out.first().unwrap_or_else(|| unreachable!("a draft has a first post, and it is out"));
    Ok(published(cx, first))
}

fn published(cx: &Publishing<'_>, first: &Created) -> Published {
    Published::new(first.id.clone(), Some(super::permalink(cx, &first.id)))
}

/// What an error comes to when some posts are out already.
fn broken_off(cx: &Publishing<'_>, out: &[Created], total: usize, error: JobError) -> Result<Published, Stop> {
    let Some(first) = out.first() else { return Err(Stop::Error(error)) };
    let (done, failed) = (out.len(), out.len() + 1);
    if !post::is_final(&error) {
        let message = format!(
            "{}; {done} of {total} posts of the thread are out, the first is {}: the job goes on with post {failed}",
            error.message, first.id
        );
        return Err(Stop::Error(JobError { message, ..error }));
    }
    let message = format!(
        "the thread is live with {done} of its {total} posts: post {failed} was refused ({}: {}); {}",
        error.code, error.message, error.remedy
    );
    let warning = Warning { code: "thread_incomplete".to_owned(), message, platform_message: error.platform_message };
    Ok(Published { warnings: vec![warning], ..published(cx, first) })
}
