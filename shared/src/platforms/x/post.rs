//! One post as it is sent: what a draft comes to, and the call that creates it.

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::errors::{MEDIA_EXPIRED, PROCESSING_BROKE, UPLOAD_REFUSED};
use super::find::{Wanted, find};
use super::{Envelope, LOOKS, media, text};
use crate::content::{Draft, Kind, Media, Poll};
use crate::error::{ErrorClass, JobError};
use crate::journal::{Journal, Stop};
use crate::platforms::Publishing;

/// The post as X names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Created {
    /// X's id of it.
    pub(super) id: String,
}

/// One post of a draft: the only one, or one of a thread.
pub(super) struct Item<'a> {
    place: usize,
    /// The words.
    pub(super) text: String,
    /// The files, in order.
    pub(super) media: &'a [Media],
    poll: Option<&'a Poll>,
}

impl<'a> Item<'a> {
    /// Every post that a draft comes to, in order.
    pub(super) fn all(draft: &'a Draft) -> Vec<Self> {
        let poll = draft.poll.as_ref().filter(|_| draft.kind == Kind::Poll);
        let first = Self { place: 0, text: text::post_text(draft), media: &draft.media, poll };
        let rest = draft.thread.iter().filter(|_| draft.kind == Kind::Thread);
        let rest = (1..).zip(rest).map(|(place, post)| Self { place, text: post.text.clone(), media: &post.media, poll: None });
        std::iter::once(first).chain(rest).collect()
    }

    /// The name of the step that creates it.
    pub(super) fn step(&self) -> String {
        if self.place == 0 { "create_post".to_owned() } else { format!("create_post:{}", self.place) }
    }

    /// Where file number `n` stands in the draft, for names of steps; another place for each time that it is uploaded anew.
    pub(super) fn place_of(&self, journal: &Journal, n: usize) -> String {
        let place = if self.place == 0 { n.to_string() } else { format!("{}.{n}", self.place) };
        match self.renewals(journal) {
            0 => place,
            times => format!("{place}:again{times}"),
        }
    }

    /// How often its files were uploaded anew, in all runs.
    fn renewals(&self, journal: &Journal) -> usize {
        (0..).take_while(|n| journal.is_done(&self.renewal(*n))).count()
    }

    fn renewal(&self, n: usize) -> String {
        format!("upload_again:{}:{n}", self.place)
    }

    /// Whether X dropped the files so that uploading them once more may help; then that is noted.
    ///
    /// Every second time the error stands. It is noted all the same: the job has failed, and whoever retries it by hand
    /// has the files uploaded anew.
    pub(super) async fn upload_again(&self, journal: &mut Journal, stop: &Stop) -> Result<bool, Stop> {
        let Stop::Error(error) = stop else { return Ok(false) };
        if self.media.is_empty() || ![MEDIA_EXPIRED, UPLOAD_REFUSED, PROCESSING_BROKE].contains(&error.code) {
            return Ok(false);
        }
        let times = self.renewals(journal);
        journal.step(&self.renewal(times), None, async || Ok(error.code.to_owned())).await?;
        Ok(times.is_multiple_of(2))
    }
}

#[derive(Default, Serialize)]
pub(super) struct NewPost<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<NewMedia<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<NewPoll<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Reply<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_settings: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_with_ai: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_partnership: Option<bool>,
}

#[derive(Serialize)]
struct NewMedia<'a> {
    media_ids: &'a [String],
}

#[derive(Serialize)]
struct NewPoll<'a> {
    options: &'a [String],
    duration_minutes: u32,
}

#[derive(Serialize)]
struct Reply<'a> {
    in_reply_to_tweet_id: &'a str,
}

impl<'a> NewPost<'a> {
    /// A reply that says `text` and nothing else.
    pub(super) fn reply(text: &'a str, to: &'a str) -> Self {
        Self { text, reply: Some(Reply { in_reply_to_tweet_id: to }), ..Self::default() }
    }

    fn new(draft: &'a Draft, item: &'a Item<'a>, reply_to: Option<&'a str>, media_ids: &'a [String]) -> Self {
        let options = &draft.options;
        Self {
            text: &item.text,
            media: (!media_ids.is_empty()).then_some(NewMedia { media_ids }),
            poll: item.poll.map(|poll| NewPoll { options: &poll.options, duration_minutes: poll.duration_minutes }),
            reply: reply_to.map(|id| Reply { in_reply_to_tweet_id: id }),
            // Who may reply is decided once for a whole conversation; labels stand on each of its posts.
            reply_settings: options.reply_settings.as_deref().filter(|_| item.place == 0),
            made_with_ai: options.ai_generated.then_some(true),
            paid_partnership: options.paid_partnership.then_some(true),
        }
    }

    /// Creates it.
    pub(super) async fn create(&self, cx: &Publishing<'_>, what: &str) -> Result<Created, JobError> {
        let answer = Call::post(cx, "/2/tweets").json(self).send(what).await?;
        Ok(answer.json::<Envelope<Created>>(what)?.data)
    }
}

/// Publishes one post, as a reply where it is one; files that X dropped meanwhile are uploaded once more.
pub(super) async fn publish(
    cx: &Publishing<'_>,
    journal: &mut Journal,
    item: &Item<'_>,
    reply_to: Option<&str>,
) -> Result<Created, Stop> {
    loop {
        match send(cx, journal, item, reply_to).await {
            Err(stop) if item.upload_again(journal, &stop).await? => {}
            other => return other,
        }
    }
}

async fn send(cx: &Publishing<'_>, journal: &mut Journal, item: &Item<'_>, reply_to: Option<&str>) -> Result<Created, Stop> {
    let step = item.step();
    // A post that is out needs no files any more, however old its uploads are.
    let media_ids = if journal.is_done(&step) { Vec::new() } else { media::prepare(cx, journal, item).await? };
    let post = NewPost::new(cx.draft, item, reply_to, &media_ids);
    let wanted = Wanted { text: &item.text, files: item.media.len(), poll: item.poll.is_some(), reply_to };
    let what = if item.place == 0 { "create post".to_owned() } else { format!("create post {}", item.place + 1) };
    journal.once(&step, LOOKS, async || post.create(cx, &what).await, async |since| find(cx, &wanted, since).await).await
}

/// Whether a refusal is for good: the same post would be refused again.
pub(super) fn is_final(error: &JobError) -> bool {
    error.class == ErrorClass::Rejected && !super::errors::is_for_operator(error)
}
