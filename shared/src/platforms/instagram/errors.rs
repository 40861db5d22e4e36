//! What Instagram's errors mean. Source: Meta's Instagram "Error codes" reference (2026-06), by sub-code, then code; whatever
//! is not in it means the same as on Facebook.
//!
//! A container is private, so some of its failures are answered by making another one, as often as the reference
//! says: see [`times`]. That is over once a post may be out.

use std::time::Duration;

use crate::clients::http::Answer;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::platforms::facebook::errors as graph;

/// Instagram took the post for spam; it may be live all the same.
pub(super) const BLOCKED: &str = "blocked_as_spam";

/// A container that can't be published any more.
pub(super) const CONTAINER_GONE: &str = "container_gone";

/// What the container was made of is gone, or the right to it.
pub(super) const MEDIA_GONE: &str = "media_gone";

/// An id that means nothing to this account's token.
pub(super) const OBJECT_UNKNOWN: &str = "object_unknown";

/// A processing failure that Instagram does not explain.
pub(super) const PROCESSING_FAILED: &str = "media_processing_failed";

/// How long a block for spam is waited for, "Error codes" (2207051).
pub(super) const BLOCK_WAIT: Duration = Duration::from_secs(24 * 3600);

/// How often the daily quota is asked about.
pub(super) const QUOTA_WAIT: Duration = Duration::from_secs(3600);

/// A failure that is answered by another container.
struct Remade {
    code: &'static str,
    /// How often.
    times: usize,
    /// What it means when it happens once more.
    class: ErrorClass,
    remedy: &'static str,
}

const REMADE: &[Remade] = &[
    Remade {
        code: "media_unavailable",
        times: 3,
        class: ErrorClass::Rejected,
        remedy: "see to it that Meta can fetch the file from its address without signing in, then retry the job",
    },
    Remade {
        code: "container_refused",
        // The reference only says "retry".
        times: 3,
        class: ErrorClass::Rejected,
        remedy: "nothing was published: retry the job later",
    },
    Remade {
        code: "platform_failed_again",
        times: 2,
        class: ErrorClass::Rejected,
        remedy: "nothing was published: Instagram says this in outages and of posts that look like spam; change it or retry later",
    },
    Remade {
        code: CONTAINER_GONE,
        // The reference only says "recreate".
        times: 2,
        class: ErrorClass::Rejected,
        remedy: "nothing was published: retry the job, and the post is prepared anew",
    },
    Remade {
        code: PROCESSING_FAILED,
        times: 1,
        class: ErrorClass::Rejected,
        remedy: "use another file, a video as MP4 with H.264 and AAC, and submit the post again",
    },
    Remade {
        code: MEDIA_GONE,
        times: 1,
        class: ErrorClass::AuthRevoked,
        remedy: "reconnect the account with all its permissions, then retry the job",
    },
];

/// How often a container that failed this way is made anew.
pub(super) fn times(error: &JobError) -> usize {
    REMADE.iter().find(|remade| remade.code == error.code).map_or(0, |remade| remade.times)
}

/// What a failure means once no other container is made.
pub(super) fn finally(error: JobError) -> JobError {
    match REMADE.iter().find(|remade| remade.code == error.code) {
        Some(remade) => JobError { class: remade.class, retry_at: None, remedy: remade.remedy, ..error },
        None => error,
    }
}

/// A meaning of Instagram's own.
struct Meaning {
    class: ErrorClass,
    code: &'static str,
    wait: Option<Duration>,
    remedy: Option<&'static str>,
}

/// Puts an error answer into its class.
pub(super) fn classify(answer: &Answer, what: &str, now: Timestamp) -> JobError {
    let Some(error) = graph::graph_error(answer) else {
        let message = format!("Instagram answered `{what}` with status {} and no error document", answer.status);
        return JobError { message, ..graph::classify(answer, what, now) };
    };
    let message = format!("Instagram refused `{what}` with code {}/{}", error.code, error.error_subcode);
    match meaning(error.code, error.error_subcode, &error.message) {
        Some(meaning) => {
            let made = meaning.error(message, now).said(graph::told(error));
            JobError { status: Some(answer.status), ..made }
        }
        None => {
            let shared = graph::classify(answer, what, now);
            JobError { message, remedy: remedy(shared.code).unwrap_or(shared.remedy), ..shared }
        }
    }
}

/// What the owner can do, where Facebook's advice speaks of Pages.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "account_locked" => ACCOUNT_LOCKED,
        "temporarily_blocked" => {
            "wait: it runs again after some hours; when that repeats, look at the account in the Instagram app"
        }
        _ => return None,
    })
}

const ACCOUNT_LOCKED: &str = "do what the Instagram app, or facebook.com, asks of this account, reconnect it, then retry the job";

/// What the sentence of a container that failed says: a sub-code is all there is to it.
pub(super) fn of_sentence(sentence: &str, now: Timestamp) -> JobError {
    let message = "Instagram could not prepare the post".to_owned();
    let known = subcode(sentence).and_then(|subcode| meaning(0, subcode, ""));
    known.unwrap_or_else(|| Meaning::new(ErrorClass::Rejected, PROCESSING_FAILED)).error(message, now).said(sentence)
}

/// The first number of exactly seven digits.
fn subcode(sentence: &str) -> Option<i64> {
    sentence.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 7)?.parse().ok()
}

impl Meaning {
    fn new(class: ErrorClass, code: &'static str) -> Self {
        Self { class, code, wait: None, remedy: REMADE.iter().find(|remade| remade.code == code).map(|remade| remade.remedy) }
    }

    fn remedy(self, remedy: &'static str) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    fn wait(self, wait: Duration) -> Self {
        Self { wait: Some(wait), ..self }
    }

    fn error(self, message: String, now: Timestamp) -> JobError {
        let error = JobError::new(self.class, self.code, message);
        let error = JobError { remedy: self.remedy.unwrap_or(error.remedy), ..error };
        self.wait.map_or(error.clone(), |wait| error.at(now.plus(wait)))
    }
}

/// The reference's table; `None` for what Instagram shares with Facebook.
fn meaning(code: i64, subcode: i64, message: &str) -> Option<Meaning> {
    use ErrorClass::{Ambiguous, AuthRevoked, RateLimited, Rejected, Transient};
    let found = match (code, subcode) {
        (_, 2_207_003 | 2_207_052) | (9004, _) => Meaning::new(Rejected, "media_unavailable"),
        (_, 2_207_008 | 2_207_020) => Meaning::new(Rejected, CONTAINER_GONE),
        (_, 2_207_006) => Meaning::new(AuthRevoked, MEDIA_GONE),
        (_, 2_207_001) => Meaning::new(Ambiguous, "platform_failed_again"),
        (_, 2_207_032) => Meaning::new(Ambiguous, "container_refused"),
        (_, 2_207_053 | 2_207_077 | 2_207_082 | 2_207_085) => Meaning::new(Ambiguous, PROCESSING_FAILED),
        (_, 2_207_027) | (9007, _) => Meaning::new(Transient, "container_not_ready"),
        (_, 2_207_042) | (9, _) => Meaning::new(RateLimited, "daily_post_limit").wait(QUOTA_WAIT),
        (_, 2_207_051) => Meaning::new(RateLimited, BLOCKED)
            .wait(BLOCK_WAIT)
            .remedy("look at the account: Instagram took the post for spam; it is tried once more after a day"),
        (_, 2_207_050) | (25, _) => Meaning::new(AuthRevoked, "account_locked").remedy(ACCOUNT_LOCKED),
        (_, 2_207_026) | (352, _) => {
            Meaning::new(Rejected, "media_refused").remedy("encode the video as MP4 with H.264 and AAC and submit the post again")
        }
        (_, 2_207_004) | (36000, _) => Meaning::new(Rejected, "media_too_large"),
        (_, 2_207_005) | (36001, _) => Meaning::new(Rejected, "media_type_refused").remedy("use a JPEG image"),
        (_, 2_207_009) | (36003, _) => Meaning::new(Rejected, "media_ratio").remedy("use an image between 4:5 and 1.91:1"),
        (_, 2_207_010) | (36004, _) => Meaning::new(Rejected, "text_too_long"),
        (_, 2_207_057) => Meaning::new(Rejected, "cover_refused").remedy("choose a cover frame within the video"),
        // Media type, carousel size, product tags, trial reels.
        (_, 2_207_023 | 2_207_028 | 2_207_035..=2_207_037 | 2_207_040 | 2_207_081 | 2_534_068) | (2_534_068, _) => {
            Meaning::new(Rejected, "content_refused")
        }
        (100, 33) => Meaning::new(AuthRevoked, OBJECT_UNKNOWN),
        // A coded exception has no number of its own.
        _ if message.contains("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID") => {
            Meaning::new(Rejected, "location_refused").remedy("use the id of a Page that has a location")
        }
        _ => return None,
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    fn answer(code: i64, subcode: i64, message: &str) -> Answer {
        let body = serde_json::json!({"error":{"message":message,"code":code,"error_subcode":subcode}});
        Answer { status: 400, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) }
    }

    #[test]
    fn every_row_of_the_reference_has_its_class() {
        use ErrorClass::{Ambiguous, AuthRevoked, RateLimited, Rejected, Transient};
        let cases = [
            (-2, 2_207_003, Rejected, "media_unavailable"),
            (-2, 2_207_020, Rejected, "container_gone"),
            (-1, 2_207_001, Ambiguous, "platform_failed_again"),
            (-1, 2_207_032, Ambiguous, "container_refused"),
            (-1, 2_207_053, Ambiguous, "media_processing_failed"),
            (1, 2_207_057, Rejected, "cover_refused"),
            (4, 2_207_051, RateLimited, "blocked_as_spam"),
            (9, 2_207_042, RateLimited, "daily_post_limit"),
            (24, 2_207_006, AuthRevoked, "media_gone"),
            (24, 2_207_008, Rejected, "container_gone"),
            (25, 2_207_050, AuthRevoked, "account_locked"),
            (100, 2_207_023, Rejected, "content_refused"),
            (100, 2_207_028, Rejected, "content_refused"),
            (100, 2_207_035, Rejected, "content_refused"),
            (100, 2_207_036, Rejected, "content_refused"),
            (100, 2_207_037, Rejected, "content_refused"),
            (100, 2_207_040, Rejected, "content_refused"),
            (352, 2_207_026, Rejected, "media_refused"),
            (9004, 2_207_052, Rejected, "media_unavailable"),
            (9007, 2_207_027, Transient, "container_not_ready"),
            (36000, 2_207_004, Rejected, "media_too_large"),
            (36001, 2_207_005, Rejected, "media_type_refused"),
            (36003, 2_207_009, Rejected, "media_ratio"),
            (36004, 2_207_010, Rejected, "text_too_long"),
            (100, 2_207_081, Rejected, "content_refused"),
            (100, 2_207_077, Ambiguous, "media_processing_failed"),
            (100, 2_207_082, Ambiguous, "media_processing_failed"),
            (100, 2_207_085, Ambiguous, "media_processing_failed"),
            (100, 33, AuthRevoked, "object_unknown"),
            (2_534_068, 0, Rejected, "content_refused"),
            // Shared with Facebook.
            (1, 0, Ambiguous, "platform_failed"),
            (2, 0, Ambiguous, "platform_failed"),
            (4, 0, RateLimited, "rate_limited"),
            (10, 0, AuthRevoked, "permission_missing"),
            (17, 0, RateLimited, "rate_limited"),
            (100, 0, Rejected, "content_refused"),
            (190, 460, AuthRevoked, "token_refused"),
            (200, 0, AuthRevoked, "permission_missing"),
            (80_002, 0, RateLimited, "rate_limited"),
            (777, 0, Ambiguous, "answer_unclassified"),
        ];
        for (code, subcode, class, name) in cases {
            let error = classify(&answer(code, subcode, "m"), "publish", Timestamp(0));

            assert_eq!((error.class, error.code), (class, name), "{code}/{subcode}");
            assert!(error.message.contains("Instagram refused `publish`"), "{}", error.message);
            assert_eq!(error.retry_at.is_some(), class == RateLimited, "{code}/{subcode}");
        }
        let location = answer(100, 0, "INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID: no");
        assert_eq!(classify(&location, "x", Timestamp(0)).code, "location_refused");
    }

    #[test]
    fn what_is_made_anew_ends_for_good_after_all() {
        for remade in REMADE {
            let error = finally(JobError::new(ErrorClass::Ambiguous, remade.code, "m").at(Timestamp(1)));

            assert_eq!((error.class, error.retry_at), (remade.class, None));
            assert!(matches!(error.class, ErrorClass::Rejected | ErrorClass::AuthRevoked));
            assert_eq!(times(&error), remade.times);
        }
        assert_eq!(times(&JobError::new(ErrorClass::Rejected, "content_refused", "m")), 0);
    }

    #[test]
    fn the_sub_code_is_read_out_of_the_sentence() {
        let code = |sentence: &str| of_sentence(sentence, Timestamp(0)).code;

        assert_eq!(code("Error: Media upload has failed with error code 2207026"), "media_refused");
        assert_eq!(code("Error: Media upload has failed with error code 2207052."), "media_unavailable");
        assert_eq!(code("Error: Media upload has failed with error code 2207999"), "media_processing_failed");
        assert_eq!(code("Error: 17900000000000001"), "media_processing_failed");
        assert_eq!(code(""), "media_processing_failed");
    }
}
