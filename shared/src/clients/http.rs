//! One way to call a platform and to read its answer.

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use crate::error::{ErrorClass, JobError};

/// A platform's answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body, at most 2 MiB.
    pub body: Bytes,
}

/// The largest answer that is read, in bytes: platforms' documents stay far below.
const BODY_MAX: usize = 2 << 20;

impl Answer {
    /// Whether the status says success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text, for people.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. After a success an unreadable body means that the call was done with an unknown result.
    pub fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, JobError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let message = format!("the answer to `{what}` (status {}) could not be read: {error}", self.status);
            let lost = JobError::new(ErrorClass::Ambiguous, "answer_unreadable", message).said(self.text());
            JobError { status: Some(self.status), ..lost }
        })
    }
}

/// Sends a request and reads the whole answer. `what` names the operation in errors.
///
/// Only a connection that never came about counts as "not sent"; every other failure leaves the outcome open.
pub async fn send(request: RequestBuilder, what: &str) -> Result<Answer, JobError> {
    let response = request.send().await.map_err(|error| {
        let chain = chain(&error);
        if error.is_builder() {
            JobError::new(ErrorClass::Bug, "request_unbuildable", format!("the request `{what}` could not be built: {chain}"))
        } else if error.is_connect() {
            JobError::new(ErrorClass::Transient, "unreachable", format!("no connection for `{what}`: {chain}"))
        } else {
            JobError::new(ErrorClass::Ambiguous, "answer_lost", format!("the answer to `{what}` was lost: {chain}"))
        }
    })?;
    read(response, what).await
}

async fn read(mut response: Response, what: &str) -> Result<Answer, JobError> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let lost = |why: String| {
        let error = JobError::new(
            ErrorClass::Ambiguous,
            "answer_lost",
            format!("the answer to `{what}` (status {status}) broke off: {why}"),
        );
        JobError { status: Some(status), ..error }
    };
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(chain(&error)))? {
        if body.len() + chunk.len() > BODY_MAX {
            return Err(lost(format!("it is larger than {BODY_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body: body.freeze() })
}

/// An HTTP error with its causes but without its URL, whose query may hold a token.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "timed out".to_owned() } else { "connection failed".to_owned() };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
