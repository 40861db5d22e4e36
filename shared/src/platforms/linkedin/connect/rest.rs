//! One read from LinkedIn's API outside of publishing.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::app::App;
use crate::clients::http;
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::platforms::linkedin::errors::classify;
use crate::secret::Secret;

/// LinkedIn's API as one token reaches it.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a> {
    /// The process's context.
    pub(super) app: &'a App,
    /// The token.
    pub(super) token: &'a Secret<String>,
    /// Since when there is such a token: a new one may be unknown for some seconds.
    pub(super) issued_at: Timestamp,
    /// How long that is waited for.
    pub(super) pauses: &'static [Duration],
}

impl Rest<'_> {
    /// A GET; a query that asks for a list by its finder begins with `q`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)], what: &str) -> Result<T, JobError> {
        let mut pauses = self.pauses.iter();
        loop {
            match self.get_once(path, query, what).await {
                Err(error) if error.code == "token_not_ready" => match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(error),
                },
                other => return other,
            }
        }
    }

    async fn get_once<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)], what: &str) -> Result<T, JobError> {
        let settings = &self.app.config.linkedin;
        let url = format!("{}{path}", settings.api_base.as_str().trim_end_matches('/'));
        let mut request = self.app.http.get(url).bearer_auth(self.token.expose());
        if path.starts_with("/rest/") {
            request = request.header("LinkedIn-Version", &settings.api_version).header("X-Restli-Protocol-Version", "2.0.0");
        }
        if query.first().is_some_and(|(name, _)| *name == "q") {
            request = request.header("X-RestLi-Method", "FINDER");
        }
        let answer = http::send(request.query(query), what).await.map_err(repeatable)?;
        if !answer.is_success() {
            return Err(repeatable(classify(&answer, what, (self.app.clock.now(), self.issued_at))));
        }
        // What a person is called does not belong into an error.
        serde_json::from_slice(&answer.body).map_err(|_| {
            let message = format!("the answer to `{what}` (status {}) could not be read", answer.status);
            JobError::new(ErrorClass::Ambiguous, "answer_unreadable", message)
        })
    }
}

/// A read that got no answer is just tried again.
fn repeatable(error: JobError) -> JobError {
    match error.code {
        "answer_lost" | "platform_failed" => JobError {
            platform_message: error.platform_message,
            status: error.status,
            ..JobError::new(ErrorClass::Transient, "platform_unavailable", error.message)
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_tried_again_and_a_refusal_stays_one() {
        let of = |class, code| repeatable(JobError::new(class, code, "m"));

        assert_eq!(of(ErrorClass::Ambiguous, "platform_failed").class, ErrorClass::Transient);
        assert_eq!(of(ErrorClass::Ambiguous, "answer_lost").code, "platform_unavailable");
        assert_eq!(of(ErrorClass::AuthRevoked, "token_refused").class, ErrorClass::AuthRevoked);
        assert_eq!(of(ErrorClass::Ambiguous, "answer_unclassified").class, ErrorClass::Ambiguous);
    }
}
