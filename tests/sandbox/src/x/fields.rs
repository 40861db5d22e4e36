//! The query of a reading call: which parameters there are, and what they may name.

use serde_json::json;

use super::{Ask, errors};
use crate::call::Answer;

/// Parameters of every call that shows posts.
const OF_POSTS: &[&str] =
    &["tweet.fields", "post.fields", "expansions", "user.fields", "media.fields", "poll.fields", "place.fields"];

/// Fields of a post by their names of today and of before, which clients still use.
const POST: &str = "article attachments author_id card_uri community_id context_annotations conversation_id created_at \
    display_text_range edit_controls edit_history_tweet_ids edit_history_post_ids entities geo id in_reply_to_user_id lang \
    article_title matched_media_notes media_metadata non_public_metrics note_tweet note_post note_request_suggestions \
    organic_metrics paid_partnership possibly_sensitive promoted_metrics public_metrics referenced_tweets referenced_posts \
    reply_settings scopes source suggested_source_links suggested_source_links_with_counts text withheld";
const USER: &str = "affiliation confirmed_email connection_status created_at description entities id is_identity_verified \
    location most_recent_tweet_id most_recent_post_id name parody pinned_tweet_id pinned_post_id profile_banner_url \
    profile_image_url protected public_metrics receives_your_dm subscribes_to_you subscription subscription_type url username \
    verified verified_followers_count verified_type withheld";
const MEDIA: &str = "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url \
    promoted_metrics public_metrics type url variants width";
const POLL: &str = "duration_minutes end_datetime id options voting_status";
const PLACE: &str = "contained_within country country_code full_name geo id name place_type";
const EXPANSIONS: &str = "article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet \
    attachments.poll_ids author_id edit_history_tweet_ids edit_history_post_ids entities.mentions.username geo.place_id \
    in_reply_to_user_id referenced_tweets.id referenced_tweets.id.author_id referenced_posts username affiliation \
    most_recent_tweet_id most_recent_post_id pinned_tweet_id pinned_post_id";

/// Refuses parameters that a call which shows posts does not have, and unknown names in the others.
pub(super) fn check_posts(ask: &Ask<'_>, own: &[&str]) -> Result<(), Answer> {
    check(ask, &[own, OF_POSTS].concat())
}

/// Refuses parameters that a call does not have, and unknown names in lists of fields.
pub(super) fn check(ask: &Ask<'_>, known: &[&str]) -> Result<(), Answer> {
    for (name, value) in &ask.call.query {
        if !known.contains(&name.as_str()) {
            let message = format!("The query parameter [{name}] is not one of [{}]", known.join(","));
            return Err(errors::invalid(json!({name.as_str(): [value]}), &message));
        }
        let Some(values) = values(name) else { continue };
        if let Some(wrong) = value.split(',').find(|value| !values.split_whitespace().any(|known| known == *value)) {
            let listed: Vec<&str> = values.split_whitespace().collect();
            let message = format!("The `{name}` query parameter value [{wrong}] is not one of [{}]", listed.join(","));
            return Err(errors::invalid(json!({name.as_str(): [value]}), &message));
        }
    }
    Ok(())
}

fn values(name: &str) -> Option<&'static str> {
    Some(match name {
        "tweet.fields" | "post.fields" => POST,
        "user.fields" => USER,
        "media.fields" => MEDIA,
        "poll.fields" => POLL,
        "place.fields" => PLACE,
        "expansions" => EXPANSIONS,
        "exclude" => "replies retweets",
        _ => return None,
    })
}

/// Whether one of these parameters lists a name.
pub(super) fn wants(ask: &Ask<'_>, parameters: &[&str], name: &str) -> bool {
    let lists = parameters.iter().filter_map(|parameter| ask.call.query_value(parameter));
    lists.flat_map(|list| list.split(',')).any(|listed| listed == name)
}
