//! A platform call as it arrived, and the answer to it.

use bytes::Bytes;
use futures_util::StreamExt;
use poem::http::{HeaderMap, Method, StatusCode, header};
use poem::web::Multipart;
use poem::{Body, FromRequest, Request, RequestBody, Response};
use serde_json::Value;

use crate::blob::Blob;

/// Larger bodies are cut off as the platforms would, long before memory becomes a concern.
const BODY_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// One part of a multipart body.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) bytes: Bytes,
}

/// What the body of a call turned out to be.
pub(crate) enum Payload {
    Empty,
    Form(Vec<(String, String)>),
    Multipart(Vec<Part>),
    Json(Value),
    /// The bytes of a file.
    Raw(Blob),
    /// The body does not parse as what its content type says, or has no known type.
    Unreadable(String),
}

/// A platform call, read completely.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path without the query, as sent.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

impl Call {
    /// Reads a request to its end.
    pub(crate) async fn read(request: &Request, body: Body) -> Result<Self, String> {
        let payload = if carries_file(request) {
            Payload::Raw(read_file(body).await?)
        } else {
            let body = body.into_bytes_limit(BODY_LIMIT_BYTES).await;
            parse(request, body.map_err(|error| error.to_string())?).await
        };
        let query = request.uri().query().unwrap_or_default();
        Ok(Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: pairs(query.as_bytes()),
            headers: request.headers().clone(),
            payload,
        })
    }

    /// The parts of the path between slashes, without empty ones.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// The text of one header.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bearer token of the call.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header(header::AUTHORIZATION)?.strip_prefix("Bearer ").map(str::trim)
    }

    /// The text of a header that has no constant.
    pub(crate) fn named_header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as a file, when it is that.
    pub(crate) fn raw(&self) -> Option<&Blob> {
        match &self.payload {
            Payload::Raw(blob) => Some(blob),
            _ => None,
        }
    }

    /// The first value of one query parameter.
    pub(crate) fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, when it is that.
    pub(crate) fn json(&self) -> Option<&Value> {
        match &self.payload {
            Payload::Json(value) => Some(value),
            _ => None,
        }
    }

    /// Why the body could not be read, when it could not.
    pub(crate) fn unreadable(&self) -> Option<&str> {
        match &self.payload {
            Payload::Unreadable(message) => Some(message),
            _ => None,
        }
    }

    /// The pairs of a form body.
    pub(crate) fn form(&self) -> &[(String, String)] {
        match &self.payload {
            Payload::Form(pairs) => pairs,
            _ => &[],
        }
    }

    /// The parts of a multipart body.
    pub(crate) fn parts(&self) -> &[Part] {
        match &self.payload {
            Payload::Multipart(parts) => parts,
            _ => &[],
        }
    }
}

/// Decodes `a=b&c=d`.
pub(crate) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// Whether the body is a file and nothing else: its type says so, or where it goes.
fn carries_file(request: &Request) -> bool {
    let kind = request.content_type().unwrap_or_default().to_ascii_lowercase();
    let file = ["application/octet-stream", "application/pdf", "multipart/related", "video/", "image/"]
        .iter()
        .any(|file| kind.starts_with(file));
    file || request.method() == Method::PUT && !kind.starts_with("application/json")
        || request.header("file_size").is_some()
        || request.header("file_offset").is_some()
}

async fn read_file(body: Body) -> Result<Blob, String> {
    let mut blob = Blob::default();
    let mut pieces = body.into_bytes_stream();
    while let Some(piece) = pieces.next().await {
        blob.push(&piece.map_err(|error| error.to_string())?);
    }
    Ok(blob)
}

async fn parse(request: &Request, body: Bytes) -> Payload {
    if body.is_empty() {
        return Payload::Empty;
    }
    let kind = request.content_type().unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("application/json") {
        return match serde_json::from_slice(&body) {
            Ok(value) => Payload::Json(value),
            Err(error) => Payload::Unreadable(error.to_string()),
        };
    }
    if kind.starts_with("multipart/form-data") {
        return match parts(request, body).await {
            Ok(parts) => Payload::Multipart(parts),
            Err(error) => Payload::Unreadable(error.to_string()),
        };
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Payload::Form(pairs(&body));
    }
    Payload::Unreadable(format!("unsupported content type `{kind}`"))
}

async fn parts(request: &Request, body: Bytes) -> poem::Result<Vec<Part>> {
    let mut body = RequestBody::new(Body::from(body));
    let mut multipart = Multipart::from_request(request, &mut body).await?;
    let mut parts = Vec::new();
    while let Some(field) = multipart.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        parts.push(Part { name, file_name, bytes: field.bytes().await?.into() });
    }
    Ok(parts)
}

/// What a platform answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// An answer in plain JSON.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=UTF-8", body.to_string())
    }

    /// An answer of any content type.
    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// Sets a header, replacing an earlier value.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Adds a header and hands the answer on.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// The HTTP response with the whole body.
    pub(crate) fn into_response(self) -> Response {
        let body = Body::from(self.body.clone());
        self.into_response_with(body)
    }

    /// The HTTP response with another body.
    pub(crate) fn into_response_with(self, body: Body) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::builder().status(status);
        for (name, value) in &self.headers {
            response = response.header(name.as_str(), value.as_str());
        }
        response.body(body)
    }
}
