//! The body of `POST /2/tweets`: its fields, and which of them fit together.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Ask, errors, is_id, json_body};
use crate::call::Answer;

const MOST_MEDIA: usize = 4;
const MOST_TAGGED: usize = 10;

/// A post as a client asks for it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NewTweet {
    pub(super) text: String,
    pub(super) media: Option<NewMedia>,
    pub(super) reply: Option<Reply>,
    pub(super) poll: Option<Poll>,
    quote_tweet_id: Option<String>,
    reply_settings: Option<ReplySettings>,
    made_with_ai: Option<bool>,
    paid_partnership: Option<bool>,
    community_id: Option<String>,
    share_with_followers: Option<bool>,
    geo: Option<Geo>,
    for_super_followers_only: Option<bool>,
    nullcast: Option<bool>,
    card_uri: Option<String>,
    direct_message_deep_link: Option<String>,
    edit_options: Option<EditOptions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
pub(super) struct NewMedia {
    pub(super) media_ids: Vec<String>,
    tagged_user_ids: Option<Vec<String>>,
    title: Option<String>,
    description: Option<String>,
    preview_media_id: Option<String>,
    embeddable: Option<bool>,
    call_to_actions: Option<CallToActions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
struct CallToActions {
    visit_site: Option<Site>,
    watch_now: Option<Site>,
    app_install: Option<Apps>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
struct Site {
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
struct Apps {
    app_store_id: Option<String>,
    ipad_app_store_id: Option<String>,
    play_store_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
pub(super) struct Reply {
    pub(super) in_reply_to_tweet_id: String,
    exclude_reply_user_ids: Option<Vec<String>>,
    auto_populate_reply_metadata: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known fields that the sandbox accepts and has no use for")]
pub(super) struct Poll {
    pub(super) options: Vec<String>,
    pub(super) duration_minutes: u32,
    reply_settings: Option<ReplySettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Geo {
    place_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditOptions {
    previous_post_id: String,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum ReplySettings {
    Following,
    MentionedUsers,
    Subscribers,
    Verified,
}

fn refuse<T>(message: &str) -> Result<T, Answer> {
    Err(errors::invalid(json!({}), message))
}

impl NewTweet {
    /// Reads the body of a call and checks what can be said without knowing anything else.
    pub(super) fn read(ask: &Ask<'_>) -> Result<Self, Answer> {
        let body = json_body(ask)?;
        let tweet: Self =
            serde_json::from_value(body.clone()).map_err(|error| errors::invalid(json!({}), &format!("$: {error}")))?;
        tweet.check_together()?;
        tweet.check_ids()?;
        tweet.check_media()?;
        tweet.check_poll()?;
        Ok(tweet)
    }

    /// Ids of the media, in order.
    pub(super) fn media_ids(&self) -> &[String] {
        self.media.as_ref().map_or(&[], |media| &media.media_ids)
    }

    fn check_together(&self) -> Result<(), Answer> {
        let exclusive = [self.media.is_some(), self.poll.is_some(), self.quote_tweet_id.is_some(), self.card_uri.is_some()];
        if exclusive.into_iter().filter(|given| *given).count() > 1 {
            return refuse("$: media, poll, quote_tweet_id and card_uri exclude one another");
        }
        if self.quote_tweet_id.is_some() {
            return Err(errors::refusal("403/not-permitted"));
        }
        if self.text.trim().is_empty() && self.media.is_none() {
            return refuse("$.text: text is required when there is no media");
        }
        Ok(())
    }

    fn check_ids(&self) -> Result<(), Answer> {
        let edited = self.edit_options.as_ref().map(|edit| &edit.previous_post_id);
        let preview = self.media.as_ref().and_then(|media| media.preview_media_id.as_ref());
        let named = [
            ("reply.in_reply_to_tweet_id", self.reply.as_ref().map(|reply| &reply.in_reply_to_tweet_id)),
            ("community_id", self.community_id.as_ref()),
            ("edit_options.previous_post_id", edited),
            ("media.preview_media_id", preview),
        ];
        let media = self.media_ids().iter().map(|id| ("media.media_ids", Some(id)));
        let mut all = named.into_iter().chain(media);
        match all.find(|(_, id)| id.is_some_and(|id| !is_id(id))) {
            Some((name, _)) => refuse(&format!("$.{name}: does not match the regex pattern ^[0-9]{{1,19}}$")),
            // Editing needs a subscription that no account here has bought.
            None if edited.is_some() => Err(errors::refusal("403/not-permitted-feature")),
            None => Ok(()),
        }
    }

    fn check_media(&self) -> Result<(), Answer> {
        let Some(media) = &self.media else { return Ok(()) };
        let ids = &media.media_ids;
        let refuse = |message: &str| Err(errors::invalid(json!({"media.media_ids": ids}), message));
        if ids.is_empty() {
            return refuse("$.media.media_ids: there must be a minimum of 1 items in the array");
        }
        if ids.len() > MOST_MEDIA {
            return refuse("$.media.media_ids: there must be a maximum of 4 items in the array");
        }
        if media.tagged_user_ids.as_ref().is_some_and(|ids| ids.len() > MOST_TAGGED || !ids.iter().all(|id| is_id(id))) {
            return refuse("$.media.tagged_user_ids: there must be a maximum of 10 ids in the array");
        }
        Ok(())
    }

    fn check_poll(&self) -> Result<(), Answer> {
        let Some(poll) = &self.poll else { return Ok(()) };
        if !(2..=4).contains(&poll.options.len()) {
            return refuse("$.poll.options: there must be 2 to 4 items in the array");
        }
        if !poll.options.iter().all(|option| (1..=25).contains(&option.chars().count())) {
            return refuse("$.poll.options: must be 1 to 25 characters long");
        }
        if !(5..=10_080).contains(&poll.duration_minutes) {
            return refuse("$.poll.duration_minutes: must be between 5 and 10080");
        }
        Ok(())
    }

    /// What the page and the tests are told besides text and media; null when there is nothing.
    pub(super) fn extra(&self) -> Value {
        let mut extra = Map::new();
        let flags = [
            ("madeWithAi", self.made_with_ai),
            ("paidPartnership", self.paid_partnership),
            ("nullcast", self.nullcast),
            ("shareWithFollowers", self.share_with_followers),
            ("forSuperFollowersOnly", self.for_super_followers_only),
        ];
        extra.extend(flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
        let texts = [
            ("communityId", &self.community_id),
            ("cardUri", &self.card_uri),
            ("directMessageDeepLink", &self.direct_message_deep_link),
            ("placeId", &self.geo.as_ref().map(|geo| geo.place_id.clone())),
        ];
        extra.extend(texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))));
        if let Some(settings) = self.reply_settings {
            extra.insert("replySettings".to_owned(), json!(settings));
        }
        if extra.is_empty() { Value::Null } else { Value::Object(extra) }
    }
}
