//! The errors of the Graph API: the documented rows, and the envelope they come in.

use serde_json::{Value, json};

use crate::call::Answer;
use crate::state::State;

/// One documented error: name (`code/subcode`, `code`, or a subcode that comes with several codes), status, code,
/// subcode or 0, message.
type Row = (&'static str, u16, u32, u32, &'static str);

/// Every row of the platform's tables.
const ROWS: &[Row] = &[
    ("1", 500, 1, 0, "An unknown error occurred"),
    ("1/99", 500, 1, 99, "An unknown error occurred"),
    ("1/2853006", 403, 1, 2_853_006, "The person behind this token lacks the task on the Page that this needs."),
    ("2", 503, 2, 0, "Service temporarily unavailable"),
    ("3", 400, 3, 0, "(#3) Application does not have the capability to make this API call."),
    ("4", 400, 4, 0, "(#4) Application request limit reached"),
    ("4/1504022", 400, 4, 1_504_022, "(#4) There have been too many calls to Insights from this app."),
    ("4/1504039", 400, 4, 1_504_039, "(#4) Insights is loaded too heavily right now."),
    ("4/2207051", 403, 4, 2_207_051, "(#4) We restrict certain activity to protect our community."),
    ("10", 403, 10, 0, "(#10) Application does not have permission for this action"),
    ("17", 400, 17, 0, "(#17) User request limit reached"),
    ("17/2446079", 400, 17, 2_446_079, "(#17) User request limit reached"),
    ("32", 403, 32, 0, "(#32) Page request limit reached"),
    ("100", 400, 100, 0, "(#100) Invalid parameter"),
    ("100/33", 400, 100, 33, "Unsupported request. The object does not exist or does not support this operation."),
    ("100/36007", 400, 100, 36_007, "This authorization code has expired."),
    ("100/36008", 400, 100, 36_008, "Error validating verification code. Please make sure your redirect_uri is identical."),
    ("100/36009", 400, 100, 36_009, "This authorization code has been used."),
    ("102", 401, 102, 0, "(#102) Session key invalid or no longer valid"),
    ("104", 401, 104, 0, "An access token is required to request this resource."),
    ("190", 401, 190, 0, "Invalid OAuth access token - Cannot parse access token"),
    ("190/458", 401, 190, 458, "Error validating access token: The user has not authorized the application."),
    ("190/459", 401, 190, 459, "Error validating access token: You cannot access the app till you log in to www.facebook.com."),
    ("190/460", 401, 190, 460, "Error validating access token: The session has been invalidated because the password changed."),
    ("190/463", 401, 190, 463, "Error validating access token: Session has expired."),
    (
        "190/464",
        401,
        190,
        464,
        "Error validating access token: Sessions for the user are not allowed as the user is not confirmed.",
    ),
    ("190/467", 401, 190, 467, "Error validating access token: The session is invalid because the user logged out."),
    ("190/492", 401, 190, 492, "Error validating access token: The user must be an administrator of the page."),
    ("190/2069032", 401, 190, 2_069_032, "User access token is not supported: a Page access token is required for this call."),
    ("191", 400, 191, 0, "(#191) The specified URL is not owned by the application"),
    ("200", 403, 200, 0, "(#200) The permission pages_manage_posts is required to publish."),
    ("200/2069030", 403, 200, 2_069_030, "(#200) This endpoint is not supported in the new Pages experience"),
    ("200/2069031", 403, 200, 2_069_031, "(#200) This field is not supported in the new Pages experience"),
    ("200/2069033", 403, 200, 2_069_033, "(#200) This operation is not supported in the new Pages experience"),
    ("210", 403, 210, 0, "(#210) A page access token is required to request this resource."),
    ("299", 403, 299, 0, "(#299) Permissions error"),
    ("324", 400, 324, 0, "(#324) Missing or invalid image file"),
    ("341", 400, 341, 0, "(#341) Feed action request limit reached"),
    ("368", 400, 368, 0, "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
    ("368/1346003", 400, 368, 1_346_003, "(#368) The content was reported as abusive"),
    ("368/1390008", 400, 368, 1_390_008, "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
    ("382", 400, 382, 0, "(#382) The video file is too small. Minimum size: 1 KB"),
    ("389", 400, 389, 0, "(#389) Unable to fetch video file from URL."),
    ("506", 400, 506, 0, "(#506) Duplicate status message"),
    ("613", 400, 613, 0, "(#613) Calls to this api have exceeded the rate limit."),
    ("613/1996", 400, 613, 1996, "(#613) We noticed inconsistent behavior in the API request volume of your app."),
    ("803", 400, 803, 0, "(#803) Some of the aliases you requested do not exist"),
    ("1705", 400, 1705, 0, "(#1705) Commenting as a user is not possible here"),
    ("2500", 400, 2500, 0, "Unknown path components"),
    ("2635", 400, 2635, 0, "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version."),
    ("6000", 400, 6000, 0, "There was a problem uploading your video file. Please try again with another file."),
    ("6001", 400, 6001, 0, "There was a problem uploading your video. Please try again."),
    ("80000", 400, 80_000, 0, BUSINESS_LIMIT),
    ("80000/2446079", 400, 80_000, 2_446_079, BUSINESS_LIMIT),
    ("80001", 400, 80_001, 0, "(#80001) There have been too many calls to this Page account. Wait a bit and try again."),
    ("80002", 400, 80_002, 0, BUSINESS_LIMIT),
    ("80003", 400, 80_003, 0, BUSINESS_LIMIT),
    ("80003/2446079", 400, 80_003, 2_446_079, BUSINESS_LIMIT),
    ("80004", 400, 80_004, 0, BUSINESS_LIMIT),
    ("80004/2446079", 400, 80_004, 2_446_079, BUSINESS_LIMIT),
    ("80005", 400, 80_005, 0, BUSINESS_LIMIT),
    ("80006", 400, 80_006, 0, BUSINESS_LIMIT),
    ("80007", 400, 80_007, 0, BUSINESS_LIMIT),
    ("80008", 400, 80_008, 0, BUSINESS_LIMIT),
    ("80009", 400, 80_009, 0, BUSINESS_LIMIT),
    ("80010", 400, 80_010, 0, BUSINESS_LIMIT),
    ("80011", 400, 80_011, 0, BUSINESS_LIMIT),
    ("80012", 400, 80_012, 0, BUSINESS_LIMIT),
    ("80013", 400, 80_013, 0, BUSINESS_LIMIT),
    ("80014", 400, 80_014, 0, BUSINESS_LIMIT),
    ("1609005", 400, 1_609_005, 0, "(#1609005) The link could not be scraped"),
    ("1609008", 400, 1_609_008, 0, "(#1609008) Links to facebook.com cannot be posted"),
    // The rule for `is_transient` holds for codes that no other row names, so this one must not be named elsewhere.
    (TRANSIENT, 500, 960, 0, "(#960) Request aborted. An unexpected error has occurred. Please retry your request later."),
    ("1366046", 400, 324, 1_366_046, "(#324) Missing or invalid image file"),
    ("1366051", 400, 100, 1_366_051, "(#100) These photos were already posted."),
    ("1404006", 400, 368, 1_404_006, "(#368) A security check is needed before this can be posted"),
    ("1404078", 403, 200, 1_404_078, "(#200) Publishing is blocked for this Page"),
    ("1404102", 400, 368, 1_404_102, "(#368) Your content goes against our Community Standards"),
    ("1404112", 400, 368, 1_404_112, "(#368) Your account is restricted at this time"),
    ("4854002", 403, 200, 4_854_002, "(#200) Confirm your identity before you can publish as this Page"),
    ("1349125", 400, 100, 1_349_125, "(#100) The content or its URL cannot be used"),
    ("2061006", 400, 100, 2_061_006, "(#100) The URL cannot be used"),
    ("2069019", 400, 100, 2_069_019, "(#100) The file is invalid"),
    ("1363047", 400, 6000, 1_363_047, "There was a temporary problem with your video. Please try again."),
    ("1609010", 400, 100, 1_609_010, "(#100) The post could not be made right now. Please try again."),
    ("1363019", 400, 6000, 1_363_019, "There was a problem uploading your video file. Please try again."),
    ("1363022", 400, 6000, 1_363_022, "The video is too small. The minimum size is 1 KB."),
    ("1363023", 400, 6000, 1_363_023, "The video is too large."),
    ("1363030", 400, 6000, 1_363_030, "Your video upload timed out before it could be completed."),
    ("1363037", 400, 6001, 1_363_037, "There was a problem uploading your video. Please try again."),
    ("1363042", 403, 200, 1_363_042, "(#200) You do not have permission to upload to this session"),
    ("OffsetInvalidError", 400, 0, 0, "The offset does not match what has arrived"),
    ("PartialRequestError", 400, 0, 0, "The request ended before the whole file had arrived"),
    ("ProcessingFailedError", 400, 0, 0, "Request processing failed"),
    ("NotAuthorizedError", 401, 0, 0, "Authentication failed"),
];
const BUSINESS_LIMIT: &str = "There have been too many calls to this account. Wait a bit and try again.";
const TRANSIENT: &str = "is_transient";

/// The names of all rows.
pub(crate) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.0).collect()
}

/// How an error is worded on the hosts that take bytes.
#[derive(Clone, Copy, Debug)]
struct Debug {
    kind: &'static str,
    retriable: bool,
}

/// An error on its way into the envelope.
#[derive(Clone, Debug)]
pub(crate) struct GraphError {
    status: u16,
    kind: &'static str,
    code: u32,
    subcode: Option<u32>,
    message: String,
    transient: bool,
    /// The field `error_data`.
    data: Option<Box<Value>>,
    /// Title and text for people.
    user: Option<(&'static str, &'static str)>,
    /// Set when the body is the one of the upload hosts.
    debug: Option<Debug>,
}

impl GraphError {
    fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        let kind = "OAuthException";
        Self { status, kind, code, subcode: None, message, transient: false, data: None, user: None, debug: None }
    }

    /// The documented error of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (name, status, code, subcode, message) = *ROWS.iter().find(|row| row.0 == name)?;
        let mut error = Self::new(status, code, message);
        error.subcode = (subcode > 0).then_some(subcode);
        error.transient = name == TRANSIENT || code == 2;
        if code == 0 {
            error.debug = Some(Debug { kind: name, retriable: matches!(name, "OffsetInvalidError" | "PartialRequestError") });
        }
        match name {
            "100/33" => error.kind = "GraphMethodException",
            "1363037" => {
                error.data = Some(Box::new(json!({"start_offset": 0, "end_offset": 0})));
                error.user =
                    Some(("Error Uploading Video", "There was a problem uploading your video. Please try uploading it again."));
            }
            "4854002" | "190/459" => error.user = Some(("Action needed", "Log in to facebook.com and follow the instructions.")),
            "368" | "368/1390008" => error.user = Some(("You're Temporarily Blocked", "It looks like you were going too fast.")),
            _ => {}
        }
        Some(error)
    }

    fn row(name: &'static str) -> Self {
        Self::named(name).expect("the name stands in the table above")
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
        Self { message, ..Self::row("100/33") }
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
        Self::row("104")
    }

    pub(crate) fn malformed_token() -> Self {
        Self::row("190")
    }

    pub(crate) fn token_expired() -> Self {
        Self::row("190/463")
    }

    pub(crate) fn token_revoked() -> Self {
        Self::row("190/458")
    }

    /// 190/492: the person has no role on the Page any more.
    pub(crate) fn role_lost() -> Self {
        Self::row("190/492")
    }

    /// 190/2069032: a person's token where the Page's is needed.
    pub(crate) fn page_token_needed() -> Self {
        Self::row("190/2069032")
    }

    pub(crate) fn bad_proof(message: &str) -> Self {
        Self { kind: "GraphMethodException", ..Self::new(400, 100, message) }
    }

    /// 1: a wrong app id or secret at the token endpoint.
    pub(crate) fn bad_client() -> Self {
        Self::new(400, 1, "Error validating client secret.")
    }

    /// A subcode of the exchange of codes.
    pub(crate) fn exchange(name: &'static str) -> Self {
        Self::row(name)
    }

    pub(crate) fn app_limit() -> Self {
        Self::row("4")
    }

    /// 80001: the Page used up its calls of the day.
    pub(crate) fn page_limit() -> Self {
        Self::row("80001")
    }

    /// 613: an edge's own limit.
    pub(crate) fn edge_limit() -> Self {
        Self::row("613")
    }

    pub(crate) fn no_capability() -> Self {
        Self::row("3")
    }

    /// 200: somebody else's Page, or publishing was not granted.
    pub(crate) fn permission() -> Self {
        Self::row("200")
    }

    /// 200 for writing and 10 for reading: a scope was not granted.
    pub(crate) fn scope(scope: &str) -> Self {
        if scope.contains("_manage_") {
            return Self::new(403, 200, format!("(#200) The permission {scope} is required for this call."));
        }
        Self::new(403, 10, format!("(#10) This endpoint requires the '{scope}' permission or to be reviewed and approved."))
    }

    pub(crate) fn duplicate() -> Self {
        Self::row("506")
    }

    pub(crate) fn blocked() -> Self {
        Self::row("368/1390008")
    }

    /// 1705: a person cannot comment here, only the Page can.
    pub(crate) fn comment_as_user() -> Self {
        Self::row("1705")
    }

    /// 324/1366046: not a picture, not one of the accepted types, or too large.
    pub(crate) fn bad_image() -> Self {
        Self::row("1366046")
    }

    /// 100/2069019: not a film.
    pub(crate) fn bad_video() -> Self {
        Self::row("2069019")
    }

    /// 389: an address cannot be fetched.
    pub(crate) fn not_fetchable() -> Self {
        Self::row("389")
    }

    /// 382: a film of less than 1 KB.
    pub(crate) fn video_too_small() -> Self {
        Self::row("382")
    }

    /// 6000: the bytes of a film are not all there.
    pub(crate) fn incomplete_video() -> Self {
        Self::row("6000")
    }

    /// A subcode of the uploads in chunks.
    pub(crate) fn chunked(name: &'static str) -> Self {
        Self::row(name)
    }

    /// 6001/1363037: a chunk for another place than the next one.
    pub(crate) fn wrong_offset(start: u64, end: u64) -> Self {
        Self { data: Some(Box::new(json!({"start_offset": start, "end_offset": end}))), ..Self::row("1363037") }
    }

    /// 100/1366051: a photo sits in a published post already.
    pub(crate) fn photo_posted() -> Self {
        Self::row("1366051")
    }

    /// 1 or 2 with any status of the 5xx range.
    pub(crate) fn server(status: u16) -> Self {
        let name = if status == 500 { "1" } else { "2" };
        Self { status, ..Self::row(name) }
    }

    /// An error of the hosts that take bytes: `OffsetInvalidError`, `PartialRequestError`, `ProcessingFailedError`.
    pub(crate) fn upload(name: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::row(name) }
    }

    /// The same error as the hosts word it that take bytes.
    pub(crate) fn on_upload_host(mut self) -> Self {
        let kind = match self.code {
            102 | 104 | 190 => "NotAuthorizedError",
            _ => "ProcessingFailedError",
        };
        let retriable = self.status >= 500;
        self.debug = self.debug.or(Some(Debug { kind, retriable }));
        self
    }

    /// Whether the error tells to wait for calls to be allowed again.
    pub(crate) fn is_throttle(&self) -> bool {
        matches!(self.code, 4 | 17 | 32 | 613 | 80_000..=80_014) && self.subcode != Some(2_207_051)
    }

    /// The answer with the envelope.
    pub(crate) fn into_answer(self, state: &mut State) -> Answer {
        if let Some(Debug { kind, retriable }) = self.debug {
            let body = json!({"debug_info": {"retriable": retriable, "type": kind, "message": self.message}});
            return Answer::json(self.status, &body);
        }
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
        if let Some(data) = self.data {
            error["error_data"] = *data;
        }
        if let Some((title, text)) = self.user {
            error["error_user_title"] = json!(title);
            error["error_user_msg"] = json!(text);
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
