//! A post's status, which follows from its targets'.

use shared::jobs::JobState;

/// What moves comes first, then what waits for a person; a mixture of ends is told as such.
pub fn derived_status(states: &[JobState]) -> String {
    let has = |wanted| states.contains(&wanted);
    let shared = states.first().filter(|first| states.iter().all(|state| state == *first));
    if let Some(state) = shared {
        return state.to_string();
    }
    let telling =
        [JobState::InProgress, JobState::Queued, JobState::Scheduled, JobState::Blocked].into_iter().find(|state| has(*state));
    match telling {
        Some(state) => state.to_string(),
        None if has(JobState::Completed) => "partially_completed".to_owned(),
        None => JobState::Failed.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_s_status_follows_from_its_targets() {
        use JobState::{Blocked, Cancelled, Completed, Failed, InProgress, Queued, Scheduled};
        let cases: [(&[JobState], &str); 8] = [
            (&[Completed, Completed], "completed"),
            (&[Completed, InProgress], "in_progress"),
            (&[Completed, Queued], "queued"),
            (&[Completed, Failed], "partially_completed"),
            (&[Completed, Blocked], "blocked"),
            (&[Failed, Cancelled], "failed"),
            (&[Scheduled, Scheduled], "scheduled"),
            (&[Cancelled], "cancelled"),
        ];
        for (states, status) in cases {
            assert_eq!(derived_status(states), status, "{states:?}");
        }
    }
}
