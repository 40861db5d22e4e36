//! The first comment below a post. A lost answer is looked for among the newest comments of the Page itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::{LOOKS, wire};
use crate::clock::Timestamp;
use crate::error::JobError;
use crate::journal::{Journal, Sighting, Stop};
use crate::platforms::Publishing;

/// Facebook's clock and ours may differ by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Pages of 100 comments that are read before giving up.
const PAGES_MAX: usize = 10;

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Comment {
    id: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    from: Option<Author>,
    #[serde(default)]
    created_time: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    #[serde(default, deserialize_with = "wire::id")]
    id: Option<String>,
}

/// Comments below a post or a video, once.
pub(super) async fn write(cx: &Publishing<'_>, journal: &mut Journal, (below, text): (&str, &str)) -> Result<(), Stop> {
    let act = async || create(cx, below, text).await;
    let _: Made = journal.once("first_comment", LOOKS, act, async |since| find(cx, (below, text), since).await).await?;
    Ok(())
}

async fn create(cx: &Publishing<'_>, below: &str, text: &str) -> Result<Made, JobError> {
    let call = Call::post(cx, &format!("{below}/comments")).form(&[("message", text.to_owned())]);
    call.send("first comment").await?.json("first comment")
}

async fn find(cx: &Publishing<'_>, (below, text): (&str, &str), since: Timestamp) -> Result<Sighting<Made>, JobError> {
    let since = since.minus(CLOCK_SLACK);
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut query = vec![
            ("filter", "toplevel"),
            ("order", "reverse_chronological"),
            ("fields", "id,from,message,created_time"),
            ("limit", "100"),
        ];
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let call = Call::get(cx, &format!("{below}/comments"), &query);
        let page: wire::Page<Comment> = call.send("list comments").await?.json("list comments")?;
        after = page.next();
        let recent = page.data.iter().take_while(|comment| comment.created_at().is_none_or(|at| at >= since));
        if let Some(comment) = recent.clone().find(|comment| comment.is_ours(&cx.account.external_id, text)) {
            return Ok(Sighting::Found(Made { id: comment.id.clone() }));
        }
        if recent.count() < page.data.len() || after.is_none() {
            return Ok(Sighting::Absent);
        }
    }
    Ok(Sighting::CannotTell("the post has more new comments than can be searched".to_owned()))
}

impl Comment {
    fn created_at(&self) -> Option<Timestamp> {
        let at = DateTime::parse_from_str(self.created_time.as_deref()?, "%Y-%m-%dT%H:%M:%S%z").ok()?;
        Some(at.with_timezone(&Utc).into())
    }

    fn is_ours(&self, page: &str, text: &str) -> bool {
        let author = self.from.as_ref().and_then(|from| from.id.as_deref());
        author == Some(page) && self.message.as_deref().unwrap_or_default().trim() == text.trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_comment_is_told_by_its_author_and_words() {
        let comment = |text: &str| -> Comment { serde_json::from_str(text).unwrap() };
        let ours = comment(r#"{"id":"5_6","message":"First! ","from":{"id":"5"},"created_time":"2019-05-17T16:24:04+0000"}"#);

        assert!(ours.is_ours("5", "First!"));
        assert!(!ours.is_ours("6", "First!") && !ours.is_ours("5", "Second"));
        assert_eq!(ours.created_at(), Some(Timestamp::from_unix_seconds(1_558_110_244)));
        assert!(!comment(r#"{"id":"5_6","message":"First!"}"#).is_ours("5", "First!"));
    }
}
