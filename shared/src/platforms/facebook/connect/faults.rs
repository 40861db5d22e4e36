//! What errors mean while an account is connected, renewed or let go, for Pages and for Instagram.

use super::graph::{APP_REFUSED, app_refused};
use crate::error::{ErrorClass, JobError};
use crate::platforms::connect::codes;
use crate::platforms::connect::oauth::not_identified;

/// The code of a grant that the platform has ended.
const GRANT_DEAD: &str = "grant_dead";

/// An error of the exchange, as the login tells it.
pub(in crate::platforms) fn exchange_failed(error: JobError) -> JobError {
    let remedy = (error.code == APP_REFUSED).then_some(error.remedy);
    let failed = not_identified(codes::TOKEN_EXCHANGE_FAILED, error);
    match remedy {
        Some(remedy) => failed.remedy(remedy),
        None => failed,
    }
}

/// An exchange of a token whose parameters are refused: all but the token are the operator's.
pub(in crate::platforms) fn parameters_refused(error: JobError) -> JobError {
    match error.code {
        "content_refused" => JobError { class: ErrorClass::Rejected, ..keeping(app_refused("exchange of the token"), error) },
        _ => error,
    }
}

/// An error of a renewal: a refused token is a dead grant, everything else leaves the grant as it is.
pub(in crate::platforms) fn renewal_failed(error: JobError) -> JobError {
    match error.class {
        ErrorClass::AuthExpired | ErrorClass::AuthRevoked => {
            JobError { class: ErrorClass::AuthRevoked, code: GRANT_DEAD, retry_at: None, ..error }
        }
        _ => error,
    }
}

/// An error of asking for a Page by its id alone: there is nothing else that could be refused, so it is not there any more.
pub(in crate::platforms) fn page_refused(error: JobError) -> JobError {
    match error.code {
        "content_refused" => keeping(lost("the Page is gone, or the person has no role on it any more"), error),
        _ => renewal_failed(error),
    }
}

/// The Page, or what is linked to it, is not the person's any more.
pub(in crate::platforms) fn lost(message: &str) -> JobError {
    JobError::new(ErrorClass::AuthRevoked, GRANT_DEAD, message)
        .remedy("reconnect the account as somebody who has a role on the Page, then retry the job")
}

/// What came of a revocation: a grant that is dead already counts as ended.
pub(in crate::platforms) fn ended(revoked: Result<(), JobError>) -> Result<(), JobError> {
    match revoked {
        Err(error) if matches!(error.code, "token_refused" | "account_locked") => Ok(()),
        other => other,
    }
}

/// A grant that the platform can only end by the person's token, which is not there.
pub(in crate::platforms) fn cannot_revoke() -> JobError {
    JobError::new(ErrorClass::Rejected, "revocation_unsupported", "Meta ends a grant by the person's own token only")
        .remedy("remove the app among the business integrations on facebook.com")
}

/// A grant whose end would take other accounts with it.
pub(in crate::platforms) fn shared() -> JobError {
    JobError::new(ErrorClass::Rejected, "grant_shared", "other accounts live on the same person's consent, which ends as a whole")
        .remedy("nothing to do: it ends with the last of them")
}

/// An answer that does not say who it is about.
pub(in crate::platforms) fn nameless(what: &str) -> JobError {
    JobError::new(ErrorClass::Ambiguous, "answer_unclassified", format!("the answer to `{what}` does not say whose token it is"))
}

/// An error with the platform's words of another.
fn keeping(error: JobError, words: JobError) -> JobError {
    JobError { platform_message: words.platform_message, status: words.status, ..error }
}
