//! The error envelope of the Graph API.

use serde_json::{Value, json};

use crate::call::Answer;
use crate::state::State;

/// An error on its way into the envelope.
#[derive(Clone, Debug)]
pub(crate) struct GraphError {
    status: u16,
    kind: &'static str,
    code: u32,
    subcode: Option<u32>,
    message: String,
    transient: bool,
}

impl GraphError {
    fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind: "OAuthException", code, subcode: None, message, transient: false }
    }

    fn subcode(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    /// 100: a parameter is missing or wrong.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(400, 100, message)
    }

    /// 100/33: unknown, foreign, or not that kind of object.
    pub(crate) fn unknown_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation"
        );
        let error = Self::new(400, 100, message).subcode(33);
        Self { kind: "GraphMethodException", ..error }
    }

    /// 2500: nothing is served at that path.
    pub(crate) fn unknown_path(path: &str) -> Self {
        Self::new(400, 2500, format!("Unknown path components: /{path}"))
    }

    /// 2500: `fields` does not parse.
    pub(crate) fn query_syntax() -> Self {
        Self::new(400, 2500, "Syntax error in the fields parameter")
    }

    pub(crate) fn no_token() -> Self {
        let message = "An access token is required to request this resource.";
        Self::new(401, 104, message)
    }

    pub(crate) fn malformed_token() -> Self {
        Self::new(401, 190, "Invalid OAuth access token - Cannot parse access token")
    }

    pub(crate) fn token_expired() -> Self {
        let message = "Error validating access token: Session has expired.";
        Self::new(401, 190, message).subcode(463)
    }

    pub(crate) fn token_revoked() -> Self {
        let message = "Error validating access token: The user has not authorized the application.";
        Self::new(401, 190, message).subcode(458)
    }

    pub(crate) fn bad_proof() -> Self {
        let message = "Invalid appsecret_proof provided in the API argument";
        Self { kind: "GraphMethodException", ..Self::new(400, 100, message) }
    }

    pub(crate) fn app_limit() -> Self {
        Self::new(400, 4, "(#4) Application request limit reached")
    }

    pub(crate) fn no_capability() -> Self {
        let message = "(#3) Application does not have the capability to make this API call.";
        Self::new(400, 3, message)
    }

    pub(crate) fn permission() -> Self {
        Self::new(403, 200, "(#200) The permission pages_manage_posts is required to publish.")
    }

    pub(crate) fn duplicate() -> Self {
        Self::new(400, 506, "(#506) Duplicate status message")
    }

    pub(crate) fn blocked() -> Self {
        let message = "(#368) The action attempted has been deemed abusive or is otherwise disallowed";
        Self::new(400, 368, message).subcode(1_390_008)
    }

    /// 324/1366046: not a picture, not one of the accepted types, or too large.
    pub(crate) fn bad_image() -> Self {
        let message = "(#324) Missing or invalid image file";
        Self::new(400, 324, message).subcode(1_366_046)
    }

    /// 389: the address of a picture cannot be fetched.
    pub(crate) fn not_fetchable() -> Self {
        Self::new(400, 389, "(#389) Unable to fetch video file from URL.")
    }

    /// 100/1366051: a photo sits in a published post already.
    pub(crate) fn photo_posted() -> Self {
        Self::new(400, 100, "(#100) These photos were already posted.").subcode(1_366_051)
    }

    /// 1 or 2 with any status of the 5xx range.
    pub(crate) fn server(status: u16) -> Self {
        if status == 500 {
            return Self::new(status, 1, "An unknown error occurred");
        }
        let message = "Service temporarily unavailable";
        Self { transient: true, ..Self::new(status, 2, message) }
    }

    /// The answer with the envelope.
    pub(crate) fn into_answer(self, state: &mut State) -> Answer {
        let trace_id = format!("Asandbox{:014}", state.next_number());
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": trace_id,
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if self.transient {
            error["is_transient"] = Value::Bool(true);
        }
        let answer = Answer::json(self.status, &json!({"error": error}));
        let answer = answer.with("x-fb-trace-id", trace_id);
        if matches!(self.code, 102 | 104 | 190) {
            let challenge = format!("OAuth \"Facebook Platform\" \"invalid_token\" \"{}\"", self.message.replace('"', "'"));
            return answer.with("www-authenticate", challenge);
        }
        answer
    }
}
