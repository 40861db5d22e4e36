//! Request and response bodies: JSON that is refused with a pointer to the field, and JSON that was rendered before.

use std::marker::PhantomData;

use poem::error::ReadBodyError;
use poem::http::StatusCode;
use poem::{IntoResponse, Request, RequestBody, Response};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use serde::de::DeserializeOwned;

use crate::problem::{ApiError, Problem, ProblemJson};

/// The largest request body in bytes: the longest Facebook text for fifty targets, with room to spare.
pub const BODY_MAX: usize = 4 << 20;

/// A JSON body, kept as it was sent so that it can be hashed.
#[derive(Debug)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// As it was sent.
    pub raw: Vec<u8>,
}

impl<T: Type> Payload for Body<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        <Json<T> as Payload>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned> ParsePayload for Body<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(_: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let raw = match body.take()?.into_bytes_limit(BODY_MAX).await {
            Ok(raw) => raw.to_vec(),
            Err(ReadBodyError::PayloadTooLarge) => return Err(too_large().into()),
            Err(error) => return Err(ApiError::bad_request("body_unreadable", error.to_string()).into()),
        };
        Ok(Self { value: parse(&raw)?, raw })
    }
}

impl_apirequest_for_payload!(Body<T>, T: Type + DeserializeOwned);

fn too_large() -> ApiError {
    let detail = format!("the body is larger than {BODY_MAX} bytes");
    ApiError::TooLarge(ProblemJson::from(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)))
}

fn parse<T: DeserializeOwned>(raw: &[u8]) -> Result<T, ApiError> {
    let mut source = serde_json::Deserializer::from_slice(raw);
    let value = serde_path_to_error::deserialize(&mut source).map_err(|error| {
        let pointer = pointer(error.path());
        let cause = error.into_inner();
        match cause.classify() {
            serde_json::error::Category::Data => ApiError::field(pointer, "invalid_field", cause.to_string()),
            _ => ApiError::bad_request("malformed_json", cause.to_string()),
        }
    })?;
    source.end().map_err(|error| ApiError::bad_request("malformed_json", error.to_string()))?;
    Ok(value)
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let parts = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        Segment::Enum { variant } => Some(format!("/{variant}")),
        Segment::Unknown => None,
    });
    parts.collect()
}

/// JSON that was rendered before: the same bytes for the first answer and for its repetition.
#[derive(Debug, Clone)]
pub struct Rendered<T> {
    text: String,
    shape: PhantomData<fn() -> T>,
}

impl<T: ToJSON> Rendered<T> {
    /// Renders a value.
    pub fn new(value: &T) -> Self {
        Self::again(value.to_json_string())
    }
}

impl<T> Rendered<T> {
    /// Takes a text that was rendered from a value of this shape.
    pub fn again(text: String) -> Self {
        Self { text, shape: PhantomData }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<T: Type> Payload for Rendered<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Send> IntoResponse for Rendered<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type("application/json").body(self.text)
    }
}
