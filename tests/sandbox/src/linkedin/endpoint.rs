//! Which endpoint a `/rest` call means: by path, method, query and `X-RestLi-Method`.

use super::gate::Ask;
use super::{Outcome, errors, urn};
use crate::call::{Answer, Call};
use crate::router;
use crate::state::State;

/// What an endpoint does, in the words of Rest.li.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Create,
    Get,
    GetAll,
    PartialUpdate,
    Delete,
    /// Named by `action` in the query.
    Action(&'static str),
    /// Named by `q` in the query; whether the header must say so.
    Finder(&'static str, bool),
}

impl Operation {
    /// The HTTP method and the word in `X-RestLi-Method`.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Create => ("POST", "CREATE"),
            Self::Get => ("GET", "GET"),
            Self::GetAll => ("GET", "GET_ALL"),
            Self::PartialUpdate => ("POST", "PARTIAL_UPDATE"),
            Self::Delete => ("DELETE", "DELETE"),
            Self::Action(_) => ("POST", "ACTION"),
            Self::Finder(..) => ("GET", "FINDER"),
        }
    }

    /// Whether the query asks for it.
    fn asked(self, action: Option<&str>, finder: Option<&str>) -> bool {
        match self {
            Self::Action(name) => action == Some(name),
            Self::Finder(name, _) => finder == Some(name),
            _ => action.is_none() && finder.is_none(),
        }
    }

    /// Whether the header, where there is one, says so. SDKs write it in any case.
    fn said(self, header: Option<&str>) -> bool {
        match header {
            Some(header) => {
                header.eq_ignore_ascii_case(self.words().1) || matches!(self, Self::GetAll) && header.eq_ignore_ascii_case("GET")
            }
            None => !matches!(self, Self::PartialUpdate | Self::Finder(_, true)),
        }
    }
}

type Run = fn(&mut State, &Ask<'_>) -> Outcome;

/// One endpoint in the table of routes.
pub(crate) struct Endpoint {
    operation: Operation,
    pattern: &'static str,
    run: Run,
}

/// A row of the table of routes.
pub(crate) const fn endpoint(operation: Operation, pattern: &'static str, run: Run) -> Endpoint {
    Endpoint { operation, pattern, run }
}

/// The endpoint of a call, and the decoded keys in its path.
pub(super) fn find(call: &Call, method: &str, query: &[(String, String)]) -> Result<(Run, Vec<String>), Answer> {
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (action, finder, header) = (value("action"), value("q"), call.named_header("x-restli-method"));
    let segments = call.segments();
    let mut refusal = errors::saying("404/NOT_FOUND", "No virtual resource found");
    for Endpoint { operation, pattern, run } in router::LINKEDIN {
        let Some(keys) = router::fit(pattern, &segments) else { continue };
        if operation.words().0 != method || !operation.asked(action, finder) {
            continue;
        }
        if operation.said(header) {
            let keys = keys.into_iter().map(urn::key).collect::<Result<Vec<String>, Answer>>()?;
            return Ok((*run, keys));
        }
        let message = "X-RestLi-Method does not fit the call, or is missing";
        refusal = errors::saying("400/ILLEGAL_ARGUMENT", message);
    }
    Err(refusal)
}
