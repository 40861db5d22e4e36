//! One call to the Graph API outside of publishing. Nobody sees what these calls do, and each of them may be repeated.
//!
//! Tokens travel in the header. Answers hold tokens: nothing of a good one gets into an error.

use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use url::Url;

use crate::app::App;
use crate::clients::http::{self, Answer};
use crate::clock::Timestamp;
use crate::error::{ErrorClass, JobError};
use crate::platforms::facebook::call::proof;
use crate::platforms::facebook::errors::{GraphError, graph_error, is_error, told};
use crate::secret::Secret;

/// The operator has to look at our app.
pub(in crate::platforms) const APP_REFUSED: &str = "platform_app_refused";

/// The Graph API as one of the logins reaches it.
#[derive(Clone, Copy)]
pub(in crate::platforms) struct Graph<'a> {
    /// The process's context.
    pub(in crate::platforms) app: &'a App,
    /// The host.
    pub(in crate::platforms) base: &'a Url,
    /// The version that calls name.
    pub(in crate::platforms) version: &'a str,
    /// Our app's secret there; may be empty.
    pub(in crate::platforms) app_secret: &'a Secret<String>,
    /// What the platform's errors mean.
    pub(in crate::platforms) classify: fn(&Answer, &str, Timestamp) -> JobError,
}

impl Graph<'_> {
    /// A GET below the version with a token, and what it answers.
    pub(in crate::platforms) async fn get<T: DeserializeOwned>(
        &self,
        token: &Secret<String>,
        path: &str,
        query: &[(&str, &str)],
        what: &str,
    ) -> Result<T, JobError> {
        let request = self.app.http.get(self.url(path)).query(query);
        let secrets = query.iter().map(|(_, value)| *value).chain([token.expose().as_str()]);
        read(&self.send(self.signed(request, token), &secrets.collect::<Vec<_>>(), what).await?, what)
    }

    /// A DELETE below the version with a token.
    pub(in crate::platforms) async fn delete(&self, token: &Secret<String>, path: &str, what: &str) -> Result<(), JobError> {
        let request = self.app.http.request(Method::DELETE, self.url(path));
        self.send(self.signed(request, token), &[token.expose()], what).await.map(drop)
    }

    /// A form below the version, with no token but what the form holds.
    pub(in crate::platforms) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&str, &str)],
        what: &str,
    ) -> Result<T, JobError> {
        let secrets: Vec<&str> = form.iter().map(|(_, value)| *value).collect();
        read(&self.send(self.app.http.post(self.url(path)).form(form), &secrets, what).await?, what)
    }

    /// A GET on the host itself, where the platform takes tokens as parameters only.
    pub(in crate::platforms) async fn get_bare<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        what: &str,
    ) -> Result<T, JobError> {
        let request = self.app.http.get(format!("{}/{path}", self.base.as_str().trim_end_matches('/'))).query(query);
        let secrets: Vec<&str> = query.iter().map(|(_, value)| *value).collect();
        read(&self.send(request, &secrets, what).await?, what)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{}/{path}", self.base.as_str().trim_end_matches('/'), self.version)
    }

    fn signed(&self, request: RequestBuilder, token: &Secret<String>) -> RequestBuilder {
        let request = request.bearer_auth(token.expose());
        match proof(self.app_secret.expose(), token.expose()) {
            Some(proof) => request.query(&[("appsecret_proof", proof)]),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder, secrets: &[&str], what: &str) -> Result<Answer, JobError> {
        let answer = http::send(request, what).await.map_err(repeatable)?;
        if answer.is_success() && !is_error(&answer) {
            return Ok(answer);
        }
        let error = match graph_error(&answer).filter(refuses_app) {
            Some(error) => app_refused(what).said(told(error)),
            None => repeatable((self.classify)(&answer, what, self.app.clock.now())),
        };
        Err(without(JobError { status: Some(answer.status), ..error }, secrets))
    }
}

/// Reads a good answer. It may hold tokens, so the error tells nothing of it.
fn read<T: DeserializeOwned>(answer: &Answer, what: &str) -> Result<T, JobError> {
    serde_json::from_slice(&answer.body).map_err(|_| {
        let message = format!("the answer to `{what}` (status {}) could not be read", answer.status);
        JobError { status: Some(answer.status), ..JobError::new(ErrorClass::Ambiguous, "answer_unreadable", message) }
    })
}

/// Whether an error is about our app and not about the person or the Page.
fn refuses_app(error: &GraphError) -> bool {
    // A wrong secret has the code of an outage and a wrong proof that of any wrong parameter: only the words tell.
    let words = ["client secret", "client_id", "client_secret", "appsecret_proof"];
    error.code == 101 || matches!(error.code, 1 | 100) && words.iter().any(|word| error.message.contains(word))
}

/// Our app was refused: nobody but the operator can help.
pub(in crate::platforms) fn app_refused(what: &str) -> JobError {
    JobError::new(ErrorClass::Rejected, APP_REFUSED, format!("Meta refused our app at `{what}`"))
        .remedy("the operator of this Pressroom must look at its app in Meta's dashboard and at its settings")
}

/// Nothing here happens twice for being asked twice: an outage and a lost answer are just tried again.
fn repeatable(error: JobError) -> JobError {
    match error.code {
        "answer_lost" | "platform_failed" | "platform_failed_again" => JobError {
            platform_message: error.platform_message,
            status: error.status,
            ..JobError::new(ErrorClass::Transient, "platform_unavailable", error.message)
        },
        _ => error,
    }
}

/// Meta repeats a token that it can't read in its words.
fn without(error: JobError, secrets: &[&str]) -> JobError {
    // Short values are names of fields and grants, not secrets.
    const SECRET_LENGTH: usize = 16;
    let clean = |words: String| {
        secrets.iter().filter(|secret| secret.len() >= SECRET_LENGTH).fold(words, |words, secret| words.replace(secret, "***"))
    };
    JobError { platform_message: error.platform_message.map(clean), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(code: i64, message: &str) -> GraphError {
        serde_json::from_value(serde_json::json!({ "code": code, "message": message })).unwrap()
    }

    #[test]
    fn a_refused_app_is_told_from_an_outage_and_from_a_wrong_parameter() {
        let cases = [
            (1, "Error validating client secret.", true),
            (1, "An unknown error occurred", false),
            (100, "Invalid appsecret_proof provided in the API argument", true),
            (100, "This authorization code has expired.", false),
            (101, "Error validating application.", true),
            (190, "Error validating access token: client secret", false),
        ];
        for (code, message, refused) in cases {
            assert_eq!(refuses_app(&graph(code, message)), refused, "{code} {message}");
        }
    }

    #[test]
    fn an_outage_is_tried_again_and_an_unknown_answer_is_not() {
        let of = |code| repeatable(JobError::new(ErrorClass::Ambiguous, code, "m"));

        assert_eq!((of("answer_lost").class, of("answer_lost").code), (ErrorClass::Transient, "platform_unavailable"));
        assert_eq!(of("platform_failed").class, ErrorClass::Transient);
        assert_eq!(of("answer_unclassified").class, ErrorClass::Ambiguous);
    }

    #[test]
    fn a_token_that_the_platform_repeats_is_not_told() {
        let error =
            JobError::new(ErrorClass::AuthRevoked, "token_refused", "m").said("Malformed access token EAAsecretsecretsecret");

        let clean = without(error, &["EAAsecretsecretsecret", "id"]);

        assert_eq!(clean.platform_message.as_deref(), Some("Malformed access token ***"));
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_told() {
        let body = bytes::Bytes::from_static(br#"{"data":"EAAsecret"}"#);
        let answer = Answer { status: 200, headers: reqwest::header::HeaderMap::new(), body };

        let error = read::<Vec<String>>(&answer, "me/accounts").unwrap_err();

        assert!(!format!("{error:?}").contains("EAAsecret"));
        assert_eq!(error.class, ErrorClass::Ambiguous);
    }
}
