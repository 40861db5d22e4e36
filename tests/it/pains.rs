//! What users of other schedulers suffer when they publish, and the test that keeps each from happening here.

use std::collections::HashSet;
use std::process::Command;

use anyhow::{Context, ensure};

/// The number by which we know a complaint, what it says, and the tests that cover it.
const PAINS: &[(u32, &str, &[&str])] = &[
    (
        1,
        "videos posted twice, because creating and waiting were retried as one",
        &[
            "youtube::lost::last_bytes_whose_answer_is_lost_make_one_video",
            "crash::a_worker_may_die_anywhere_and_each_post_is_published_once",
        ],
    ),
    (
        2,
        "what follows a published post fails, and the whole post runs again",
        &["follow_up::what_fails_after_a_post_is_live_is_a_warning_and_never_a_second_post"],
    ),
    (
        3,
        "posted in a loop until the platform disabled the account",
        &[
            "faults::a_post_that_never_shows_is_left_to_a_person_rather_than_doubled",
            "instagram::waits::the_daily_quota_and_a_block_for_spam_are_waited_for",
        ],
    ),
    (
        4,
        "reported as failed though it is live, so that its owner posts again",
        &[
            "instagram::lost::a_lost_answer_never_leads_to_a_second_post",
            "instagram::containers::no_container_is_made_anew_once_a_post_may_be_out",
        ],
    ),
    (
        5,
        "a token that expires during the wait makes the upload begin anew",
        &[
            "tiktok::waits::a_token_that_expires_during_the_wait_begins_nothing_anew",
            "youtube::uploads::an_upload_survives_crashes_outages_and_a_new_token",
        ],
    ),
    (
        6,
        "the platform's id was not stored before the next call",
        &[
            "crash::a_worker_may_die_anywhere_and_each_post_is_published_once",
            "tiktok::answers::a_lost_answer_makes_no_second_post",
        ],
    ),
    (7, "a restart posts again", &["crash::a_worker_may_die_anywhere_and_each_post_is_published_once"]),
    (8, "eleven copies, because a gateway's timeout was retried", &["faults::every_fault_ends_in_its_documented_state"]),
    (
        14,
        "nothing posted and no error",
        &[
            "faults::every_refusal_tells_its_owner_why_and_what_to_do",
            "media::a_file_that_does_not_fit_is_refused_before_the_first_call_to_any_platform",
        ],
    ),
    (
        15,
        "one platform's posts are stuck, because nobody handles them",
        &["publish::every_kind_is_published_on_every_platform_as_it_was_meant"],
    ),
    (25, "published, but nobody knows the id", &["crash::a_worker_may_die_anywhere_and_each_post_is_published_once"]),
    (26, "a renewal that wipes the refresh token", &["tokens::renewed::a_renewal_without_a_new_refresh_token_keeps_the_old_one"]),
    (
        27,
        "one fault of the network disconnects the account",
        &["tokens::dead::no_fault_of_the_network_or_the_platform_disconnects_an_account"],
    ),
    (
        28,
        "a dead account that is tried again and again",
        &[
            "limits::circuits::an_outage_is_waited_out_with_few_calls_and_every_post_comes_once",
            "tokens::renewed::a_platform_that_refuses_every_token_ends_the_account_after_one_renewal",
        ],
    ),
    (
        29,
        "told twice of one lost account",
        &[
            "tokens::dead::a_grant_that_was_taken_back_is_told_once_and_all_goes_on_after_reconnecting",
            "connect::standing::notices_are_told_once_for_a_cause_and_listed_page_by_page",
        ],
    ),
    (
        30,
        "another account in the place of the one that was reconnected",
        &["connect::flow::a_reconnected_account_stays_the_same_and_no_other_takes_its_place"],
    ),
    (
        31,
        "posts that stop because a grant ran out, and nobody says so before",
        &[
            "risks::every_risk_is_told_once_and_is_over_when_it_is_over",
            "risks::a_post_is_looked_at_a_day_and_an_hour_before_or_right_away",
            "connect::grants::a_token_that_ends_within_a_week_and_that_nothing_renews_is_a_risk",
        ],
    ),
    (
        39,
        "the platform can't fetch the file",
        &[
            "media::a_file_that_does_not_fit_is_refused_before_the_first_call_to_any_platform",
            "media::hostile_addresses_are_refused_without_a_connection",
            "instagram::containers::processing_is_waited_for_and_its_failures_are_made_anew_as_often_as_documented",
        ],
    ),
    (
        40,
        "the platform refuses to pull from an address that was not verified",
        &[
            "tiktok::a_video_is_sent_and_a_row_of_photos_fetched_with_all_their_choices",
            "tiktok::what_the_account_or_the_files_forbid_is_refused_before_anything_is_begun",
        ],
    ),
    (
        41,
        "a failed read after publishing turns success into an error",
        &[
            "facebook::films::reading_a_film_never_changes_what_became_of_it",
            "instagram::lost::a_live_post_is_told_apart_from_others_and_waited_for_in_the_lists",
            "youtube::after::a_video_is_done_when_youtube_has_processed_it",
        ],
    ),
    (
        42,
        "\"unknown error\" for an error that is documented",
        &[
            "x::errors::every_documented_error_ends_in_its_documented_state",
            "facebook::errors::every_documented_error_ends_in_its_state",
            "instagram::errors::every_documented_error_ends_in_its_state_with_one_post_at_most",
            "linkedin::errors::every_documented_error_ends_in_its_documented_state",
            "tiktok::errors::every_documented_error_ends_in_its_state",
            "youtube::errors::every_documented_error_ends_in_its_documented_state",
        ],
    ),
    (
        44,
        "out of memory in the task that publishes (memory itself is measured by the benchmark `upload`)",
        &[
            "media::a_host_without_ranges_or_lengths_is_read_just_the_same",
            "tiktok::uploads::a_large_upload_goes_on_where_it_stopped",
        ],
    ),
    (
        45,
        "a cover that failed and nobody was told",
        &[
            "youtube::after::what_fails_after_the_video_is_live_is_a_warning",
            "follow_up::what_fails_after_a_post_is_live_is_a_warning_and_never_a_second_post",
        ],
    ),
    (
        46,
        "posted before the platform had processed the file",
        &[
            "x::uploads::a_video_is_waited_for_and_its_failures_tell_what_they_are",
            "linkedin::files::files_are_waited_for_and_a_bad_one_fails_the_post",
            "facebook::films::a_film_is_waited_for_and_its_failure_told",
            "tiktok::waits::slow_work_is_waited_for_and_its_failure_told",
        ],
    ),
    (
        47,
        "an API version that ended",
        &[
            "linkedin::errors::a_new_token_gets_its_time_and_an_ended_version_waits_for_the_operator",
            "risks::a_file_whose_host_is_away_and_a_version_that_has_ended_are_risks",
        ],
    ),
    (
        48,
        "a video that fewer people see than was meant",
        &["youtube::after::a_video_that_fewer_people_see_than_was_meant_is_told_of"],
    ),
    (
        49,
        "a day's quota",
        &[
            "limits::daily::a_post_over_the_cap_waits_for_the_next_free_time_and_says_so",
            "limits::daily::youtube_counts_all_channels_of_the_project_until_midnight_in_california",
            "youtube::errors::limits_are_waited_for_as_long_as_they_last",
            "instagram::waits::the_daily_quota_and_a_block_for_spam_are_waited_for",
        ],
    ),
    (50, "an opaque network error", &["faults::every_refusal_tells_its_owner_why_and_what_to_do"]),
    (52, "the error is not in the API", &["faults::every_refusal_tells_its_owner_why_and_what_to_do"]),
    (53, "a dead worker's posts sent again because it was dead", &["queue::jobs_of_a_killed_worker_are_taken_over"]),
    (
        55,
        "the same post twice by a slip",
        &[
            "duplicates::the_same_within_a_day_is_refused_and_names_the_other_post",
            "duplicates::of_many_at_once_through_two_processes_one_is_taken",
        ],
    ),
    (
        56,
        "publishing retried where only fetching the file had failed",
        &[
            "instagram::containers::processing_is_waited_for_and_its_failures_are_made_anew_as_often_as_documented",
            "instagram::lost::a_lost_answer_never_leads_to_a_second_post",
        ],
    ),
];

#[test]
fn every_complaint_is_covered_by_tests_that_exist() -> anyhow::Result<()> {
    let listed = Command::new(std::env::current_exe()?).arg("--list").output().context("listing the tests")?;
    let text = String::from_utf8(listed.stdout)?;
    let known: HashSet<&str> = text.lines().filter_map(|line| line.strip_suffix(": test")).collect();

    for (number, complaint, tests) in PAINS {
        ensure!(!tests.is_empty(), "{number}: nothing covers \"{complaint}\"");
        for test in *tests {
            ensure!(known.contains(test), "{number}: there is no test `{test}`");
        }
    }
    Ok(())
}
