//! The errors of Instagram's and the shared Graph tables, and the two envelopes they come in.

use serde_json::{Value, json};

use crate::call::Answer;
use crate::state::State;

/// One error of the tables. Its name is `code/subcode`, a code or subcode alone, or a word.
struct Row {
    name: &'static str,
    status: u16,
    message: &'static str,
    transient: bool,
}

const fn row(name: &'static str, status: u16, message: &'static str) -> Row {
    Row { name, status, message, transient: false }
}

const fn passing(name: &'static str, status: u16, message: &'static str) -> Row {
    Row { name, status, message, transient: true }
}

/// Every documented error; the first is what an unknown name becomes.
const ROWS: &[Row] = &[
    row("1", 500, "An unknown error occurred"),
    row("1/99", 500, "An unknown error has occurred."),
    row("1/2853006", 400, "The person lacks the task on the linked Page that this needs."),
    passing("2", 503, "Service temporarily unavailable"),
    row("3", 400, "(#3) Application does not have the capability to make this API call."),
    row("4", 403, "(#4) Application request limit reached"),
    row("4/1504022", 403, "(#4) Application request limit reached: too many Insights calls"),
    row("4/1504039", 403, "(#4) Application request limit reached: too many Insights calls"),
    row("10", 403, "(#10) Application does not have permission for this action"),
    row("17", 400, "(#17) User request limit reached"),
    row("17/2446079", 400, "(#17) User request limit reached"),
    row("32", 400, "(#32) Page request limit reached"),
    row("100", 400, "(#100) Invalid parameter"),
    row("100/33", 400, "Unsupported request. The object does not exist or does not support this operation"),
    row("102", 401, "Session key invalid or no longer valid"),
    row("104", 401, "An access token is required to request this resource."),
    row("190", 401, "Invalid OAuth access token - Cannot parse access token"),
    row("190/458", 401, "Error validating access token: The user has not authorized the application."),
    row("190/459", 401, "Error validating access token: The user must log in to lift a checkpoint."),
    row("190/460", 401, "Error validating access token: The session was invalidated by a changed password."),
    row("190/463", 401, "Error validating access token: Session has expired."),
    row("190/464", 401, "Error validating access token: The user is not confirmed."),
    row("190/467", 401, "Error validating access token: The session is invalid as the user logged out."),
    row("190/492", 401, "Error validating access token: The user has no role on the Page any more."),
    row("190/2069032", 401, "A Page access token is required, not that of a user."),
    row("191", 400, "The redirect_uri is not allowed by the application's settings."),
    row("200", 403, "(#200) Permissions error"),
    row("200/2069030", 403, "(#200) This endpoint is not supported for this kind of Page."),
    row("200/2069031", 403, "(#200) This field is not supported for this kind of Page."),
    row("200/2069033", 403, "(#200) This operation is not supported for this kind of Page."),
    row("210", 403, "(#210) User not visible"),
    row("324", 400, "(#324) Missing or invalid image file"),
    row("341", 400, "(#341) Feed action request limit reached"),
    row("368", 400, "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
    row("368/1346003", 400, "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
    row("368/1390008", 400, "(#368) You are posting too fast"),
    row("382", 400, "(#382) The video file is too small"),
    row("389", 400, "(#389) Unable to fetch video file from URL."),
    row("506", 400, "(#506) Duplicate status message"),
    row("613", 403, "(#613) Calls to this api have exceeded the rate limit."),
    row("613/1996", 403, "(#613) The volume of calls is inconsistent"),
    row("803", 404, "(#803) Some of the aliases you requested do not exist"),
    row("1705", 400, "(#1705) Commenting as this user is not possible"),
    row("2500", 400, "Unknown path components"),
    row("2635", 400, "(#2635) You are calling a deprecated version of the API."),
    row("6000", 400, "(#6000) There was a problem uploading your video file."),
    row("6001", 400, "(#6001) There was a problem uploading your video."),
    row("80002", 403, "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again."),
    row("1609005", 400, "(#1609005) The link could not be scraped"),
    row("1609008", 400, "(#1609008) This link cannot be posted"),
    passing("-2/2207003", 400, "It takes too long to download the media."),
    row("-2/2207020", 400, "The media you are trying to access has expired. Please try to upload again."),
    passing("-1/2207001", 400, "Instagram server error. Try again."),
    passing("-1/2207032", 400, "Create media fail, please try to re-create media"),
    passing("-1/2207053", 400, "Unknown upload error. Try generating a new container and use it."),
    row("1/2207057", 400, "Thumbnail offset must be greater than or equal to 0 and less than the duration of the video."),
    row("4/2207051", 400, "We restrict certain activity to protect our community."),
    row("9/2207042", 400, "You reached maximum number of posts that is allowed to be published by Content Publishing API."),
    row("24/2207006", 400, "The media with this id cannot be found."),
    row("24/2207008", 400, "The media builder with this creation id does not exist or has expired."),
    row("25/2207050", 400, "The Instagram account is restricted."),
    row("100/2207023", 400, "(#100) The media type is unknown."),
    row(
        "100/2207028",
        400,
        "(#100) Your post won't work as a carousel. Carousels need at least 2 photos or videos and no more than 10.",
    ),
    row("100/2207035", 400, "(#100) Product tag positions should not be specified for video media."),
    row("100/2207036", 400, "(#100) Product tag positions are required for photo media."),
    row(
        "100/2207037",
        400,
        "(#100) We couldn't add all of your product tags. The product may have been deleted or lack permission.",
    ),
    row("100/2207040", 400, "(#100) Cannot use more tags than allowed."),
    row("352/2207026", 400, "The video format is not supported. Please check the specification for supported streams."),
    row("9004/2207052", 400, "Only photo or video can be accepted as media type."),
    row("9007/2207027", 400, "Media ID is not available"),
    row("36000/2207004", 400, "The image is too large to download. It should be less than 8 MiB."),
    row("36001/2207005", 400, "The image format is not supported."),
    row("36003/2207009", 400, "The submitted image's aspect ratio is not supported."),
    row("36004/2207010", 400, "The caption was too long: at most 2,200 characters, 30 hashtags and 20 @ tags."),
    row("2207077", 400, "The video could not be downloaded."),
    row("2207081", 400, "The account is not allowed to publish trial reels."),
    row("2207082", 400, "Media upload has failed."),
    row("2207085", 400, "The video could not be processed."),
    row("2534068", 400, "(#2534068) Messages with several images are not available"),
    row("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID", 400, "The location_id does not belong to a Page with a location."),
    row("OffsetInvalidError", 400, "The offset is not where the upload stands."),
    passing("PartialRequestError", 400, "The body ended before the promised length."),
    row("ProcessingFailedError", 400, "Request processing failed"),
];

/// The names of all rows.
pub(super) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.name).collect()
}

/// An error on its way into an envelope.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    name: &'static str,
    status: u16,
    kind: &'static str,
    message: String,
    transient: bool,
}

impl Refusal {
    /// An error of the table.
    pub(super) fn named(name: &str) -> Self {
        let row = ROWS.iter().find(|row| row.name == name).unwrap_or(&ROWS[0]);
        let kind = match row.name {
            "100/33" => "GraphMethodException",
            word if word.starts_with("INSTAGRAM") => "CodedException",
            _ => "OAuthException",
        };
        Self { name: row.name, status: row.status, kind, message: row.message.to_owned(), transient: row.transient }
    }

    /// The error of the table that has a subcode, for media that failed with it.
    pub(super) fn of_subcode(subcode: &str) -> Self {
        let row = ROWS.iter().find(|row| row.name.rsplit('/').next() == Some(subcode));
        Self::named(row.map_or("-1/2207053", |row| row.name))
    }

    fn saying(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// 100: a parameter is missing or wrong.
    pub(super) fn parameter(message: &str) -> Self {
        Self::named("100").saying(format!("(#100) {message}"))
    }

    /// 100: a parameter that must be there is not.
    pub(super) fn required(name: &str) -> Self {
        Self::parameter(&format!("The parameter {name} is required."))
    }

    /// 100/33: unknown, foreign, or not that kind of object.
    pub(super) fn unknown_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation"
        );
        Self::named("100/33").saying(message)
    }

    /// 2500: nothing is served at that path.
    pub(super) fn unknown_path(path: &str) -> Self {
        Self::named("2500").saying(format!("Unknown path components: /{path}"))
    }

    /// 2500: `fields` does not parse.
    pub(super) fn query_syntax() -> Self {
        Self::named("2500").saying("Syntax error in the fields parameter")
    }

    /// 100: the proof of the app's secret is wrong.
    pub(super) fn bad_proof() -> Self {
        let error = Self::named("100").saying("Invalid appsecret_proof provided in the API argument");
        Self { kind: "GraphMethodException", ..error }
    }

    /// 1: the id or the secret of the app is wrong.
    pub(super) fn bad_client() -> Self {
        Self { status: 400, ..Self::named("1").saying("Error validating client secret.") }
    }

    /// An error of the upload host that has a word for its type.
    pub(super) fn upload(name: &str, message: &str) -> Self {
        Self::named(name).saying(message)
    }

    /// 1 or 2 with any status of the 5xx range.
    pub(super) fn server(status: u16) -> Self {
        let error = Self::named(if status == 500 { "1" } else { "2" });
        Self { status, ..error }
    }

    /// Code and subcode. An error that is only a subcode or a word comes with the code for bad parameters.
    fn numbers(&self) -> (i64, Option<u32>) {
        const SUBCODES: std::ops::Range<i64> = 2_207_000..2_208_000;
        if let Some((code, subcode)) = self.name.split_once('/') {
            return (code.parse().unwrap_or(100), subcode.parse().ok());
        }
        match self.name.parse() {
            Ok(code) if SUBCODES.contains(&code) => (100, u32::try_from(code).ok()),
            Ok(code) => (code, None),
            Err(_) => (100, None),
        }
    }

    fn error(&self, trace_id: &str) -> Value {
        let (code, subcode) = self.numbers();
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": code,
            "fbtrace_id": trace_id,
        });
        if let Some(subcode) = subcode {
            error["error_subcode"] = json!(subcode);
            error["is_transient"] = json!(self.transient);
        } else if self.transient {
            error["is_transient"] = json!(true);
        }
        if subcode.is_some_and(|subcode| subcode >= 2_207_000) {
            error["error_user_title"] = json!("Your post could not be made");
            error["error_user_msg"] = json!(self.message);
        }
        if self.kind == "CodedException" {
            error["message"] = json!(format!("{}: {}", self.name, self.message));
        }
        error
    }

    /// Whether the error belongs to the upload host.
    fn of_upload(&self) -> bool {
        self.name.ends_with("Error")
    }

    /// The answer with the Graph envelope, or the upload host's for its own errors.
    pub(super) fn into_answer(self, state: &mut State) -> Answer {
        if self.of_upload() {
            return self.into_upload_answer(state);
        }
        let trace_id = trace_id(state);
        let answer = Answer::json(self.status, &json!({"error": self.error(&trace_id)}));
        let answer = answer.with("x-fb-trace-id", trace_id);
        if matches!(self.numbers().0, 102 | 104 | 190) {
            let challenge = format!("OAuth \"Facebook Platform\" \"invalid_token\" \"{}\"", self.message);
            return answer.with("www-authenticate", challenge);
        }
        answer
    }

    /// The answer of the upload host: the type of the failure, and JSON text around what Graph would say.
    pub(super) fn into_upload_answer(self, state: &mut State) -> Answer {
        let trace_id = trace_id(state);
        let (kind, message) = if self.of_upload() {
            (self.name, json!({"success": false, "error": {"message": self.message}}))
        } else {
            ("ProcessingFailedError", json!({"success": false, "error": self.error(&trace_id)}))
        };
        let info = json!({"retriable": self.transient, "type": kind, "message": message.to_string()});
        Answer::json(self.status, &json!({"debug_info": info})).with("x-fb-trace-id", trace_id)
    }
}

fn trace_id(state: &mut State) -> String {
    format!("Asandbox{:014}", state.next_number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_become_numbers() {
        let mut names = names();
        let numbers = |name| Refusal::named(name).numbers();

        assert_eq!(numbers("-1/2207001"), (-1, Some(2_207_001)));
        assert_eq!(numbers("2207081"), (100, Some(2_207_081)));
        assert_eq!(numbers("2534068"), (2_534_068, None));
        assert_eq!(Refusal::of_subcode("2207026").numbers(), (352, Some(2_207_026)));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
