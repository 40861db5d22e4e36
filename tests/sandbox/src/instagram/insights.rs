//! Insights. Numbers arrive with days of delay, and nobody watches here: every set is empty.

use serde_json::json;

use super::check;
use super::errors::Refusal;
use super::media;
use super::routes::{Ask, Outcome};
use crate::call::Answer;
use crate::state::State;

const OF_USERS: &[&str] = &[
    "accounts_engaged",
    "comments",
    "follower_count",
    "follows_and_unfollows",
    "likes",
    "online_followers",
    "profile_links_taps",
    "profile_views",
    "reach",
    "replies",
    "reposts",
    "saves",
    "shares",
    "total_interactions",
    "views",
    "website_clicks",
    "engaged_audience_demographics",
    "follower_demographics",
    "reached_audience_demographics",
];
const OF_MEDIA: &[&str] = &[
    "views",
    "reach",
    "likes",
    "comments",
    "saved",
    "shares",
    "total_interactions",
    "navigation",
    "replies",
    "follows",
    "profile_activity",
    "profile_visits",
    "ig_reels_avg_watch_time",
    "ig_reels_video_view_total_time",
    "facebook_views",
    "crossposted_views",
];
const PERIODS: &[&str] = &["day", "week", "days_28", "month", "lifetime", "total_over_range"];

/// `GET /{ig-user}/insights` and `GET /{ig-media}/insights`.
pub(super) fn read(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let of_user = ask.id == ask.account.id;
    let own_media = || media::find(state, &ask.id).filter(|media| media["owner"]["id"] == ask.account.id.as_str());
    if !of_user && own_media().is_none() {
        return Err(Refusal::unknown_object("get", &ask.id));
    }
    let known = if of_user { OF_USERS } else { OF_MEDIA };
    let metrics = check::list(&ask.params, "metric");
    if metrics.is_empty() {
        return Err(Refusal::required("metric"));
    }
    if let Some(unknown) = metrics.iter().find(|metric| !known.contains(&metric.as_str())) {
        return Err(Refusal::parameter(&format!("metric must be one of {known:?}, not {unknown}")));
    }
    if ask.params.text("period").is_some_and(|period| !PERIODS.contains(&period.as_str())) {
        return Err(Refusal::parameter(&format!("period must be one of {PERIODS:?}")));
    }
    Ok(Answer::json(200, &json!({"data": []})))
}
