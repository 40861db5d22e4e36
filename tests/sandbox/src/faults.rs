//! Faults that a test or a demo plants, asked for by name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::play::player;
use crate::state::{Account, Platform};
use crate::{x, youtube};

/// What happens to a call that a fault fires on. Field names are part of the control API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "name", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(crate) enum Action {
    Respond {
        status: u16,
        #[serde(default)]
        body: Value,
        #[serde(default)]
        headers: Map<String, Value>,
    },
    Delay {
        ms: u64,
    },
    ResetBefore {},
    AnswerLost {},
    ErrorAfter {
        #[serde(default = "unavailable")]
        status: u16,
    },
    Truncated {},
    InvalidJson {},
    RateLimited {
        reset_after_seconds: u32,
    },
    TokenExpired {},
    TokenRevoked {},
    SlowBody {
        #[serde(default = "slow_ms")]
        ms: u64,
        #[serde(default = "slow_chunks")]
        chunks: usize,
    },
    HoldBefore {},
    HoldAfter {},
    ServerError {
        #[serde(default = "internal_error")]
        status: u16,
    },
    Duplicate {},
    CreditsDepleted {},
    PermissionMissing {},
    InvalidContent {},
    TemporarilyBlocked {},
    UnheardOf {},
    Processing {
        #[serde(default = "one")]
        checks: u32,
    },
    ProcessingFailed {
        #[serde(default = "one")]
        checks: u32,
        /// The platform's own word for what went wrong; its usual one when empty.
        #[serde(default)]
        code: String,
    },
    /// A documented error of the platform, by its name in the platform's table (see `GET /_sandbox/errors`).
    Error {
        code: String,
    },
}

impl Action {
    /// The name in the control API.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Respond { .. } => "respond",
            Self::Delay { .. } => "delay",
            Self::ResetBefore {} => "reset_before",
            Self::AnswerLost {} => "answer_lost",
            Self::ErrorAfter { .. } => "error_after",
            Self::Truncated {} => "truncated",
            Self::InvalidJson {} => "invalid_json",
            Self::RateLimited { .. } => "rate_limited",
            Self::TokenExpired {} => "token_expired",
            Self::TokenRevoked {} => "token_revoked",
            Self::SlowBody { .. } => "slow_body",
            Self::HoldBefore {} => "hold_before",
            Self::HoldAfter {} => "hold_after",
            Self::ServerError { .. } => "server_error",
            Self::Duplicate {} => "duplicate",
            Self::CreditsDepleted {} => "credits_depleted",
            Self::PermissionMissing {} => "permission_missing",
            Self::InvalidContent {} => "invalid_content",
            Self::TemporarilyBlocked {} => "temporarily_blocked",
            Self::UnheardOf {} => "unheard_of",
            Self::Processing { .. } => "processing",
            Self::ProcessingFailed { .. } => "processing_failed",
            Self::Error { .. } => "error",
        }
    }

    /// Whether the action only makes sense where media arrive.
    fn needs_upload_end(&self) -> bool {
        matches!(self, Self::Processing { .. } | Self::ProcessingFailed { .. })
    }
}

fn unavailable() -> u16 {
    503
}
fn internal_error() -> u16 {
    500
}
fn slow_ms() -> u64 {
    200
}
fn slow_chunks() -> usize {
    5
}
fn one() -> u32 {
    1
}

/// Which calls a fault fires on, and how often.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    platform: Option<Platform>,
    method: Option<String>,
    path: Option<String>,
    /// Id, user name or name of the account whose token the call carries.
    account: Option<String>,
    #[serde(default)]
    skip: u32,
    #[serde(default = "one")]
    count: u32,
    pub(crate) action: Action,
}

impl Rule {
    /// Checks what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), String> {
        let status = match &self.action {
            Action::Respond { status, .. } | Action::ErrorAfter { status } | Action::ServerError { status } => *status,
            _ => 200,
        };
        if !(200..=599).contains(&status) {
            return Err(format!("action.status must be between 200 and 599, not {status}"));
        }
        match (&self.action, self.platform) {
            (Action::Error { code }, Some(platform)) if !player(platform).error_names().contains(&code.as_str()) => {
                Err(format!("action.code: no error of this platform is called `{code}`, see GET /_sandbox/errors"))
            }
            (Action::Error { .. }, None) => Err("an `error` needs a platform".to_owned()),
            _ => Ok(()),
        }
    }

    fn matches(&self, platform: Platform, call: &Call, account: Option<&Account>) -> bool {
        let account_fits =
            |wanted: &String| account.is_some_and(|account| [&account.id, &account.username, &account.name].contains(&wanted));
        self.platform.is_none_or(|wanted| wanted == platform)
            && self.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(call.method.as_str()))
            && self.path.as_ref().is_none_or(|pattern| matches_pattern(pattern, &call.path))
            && self.account.as_ref().is_none_or(account_fits)
            && (!self.action.needs_upload_end() || uploads(platform, call))
    }
}

/// Whether a call may bring media whose processing a fault can shape.
fn uploads(platform: Platform, call: &Call) -> bool {
    match platform {
        Platform::X => x::ends_upload(call),
        Platform::Youtube => youtube::brings_video(call),
        _ => true,
    }
}

/// A planted fault.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fault {
    pub(crate) id: String,
    #[serde(flatten)]
    rule: Rule,
    #[serde(skip)]
    passed: u32,
    #[serde(skip)]
    taken: u32,
    /// How often the fault took effect; for faults after the work this counts finished work.
    pub(crate) fired: u32,
    pub(crate) released: bool,
}

/// A fault that was matched to one call.
pub(crate) struct Taken {
    pub(crate) id: String,
    pub(crate) action: Action,
}

/// All planted faults, in the order of planting.
#[derive(Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    last_id: u64,
}

impl Faults {
    /// Plants a fault and returns its id.
    pub(crate) fn plant(&mut self, rule: Rule) -> String {
        self.last_id += 1;
        let id = self.last_id.to_string();
        let fault = Fault { id: id.clone(), rule, passed: 0, taken: 0, fired: 0, released: false };
        self.list.push(fault);
        id
    }

    /// Finds the first fault with shots left that matches, and uses one up.
    pub(crate) fn take(&mut self, platform: Platform, call: &Call, account: Option<&Account>) -> Option<Taken> {
        for fault in &mut self.list {
            let spent = fault.taken >= fault.rule.count;
            if spent || !fault.rule.matches(platform, call, account) {
                continue;
            }
            if fault.passed < fault.rule.skip {
                fault.passed += 1;
                continue;
            }
            fault.taken += 1;
            return Some(Taken { id: fault.id.clone(), action: fault.rule.action.clone() });
        }
        None
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Fault> {
        self.list.iter().find(|fault| fault.id == id)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut Fault> {
        self.list.iter_mut().find(|fault| fault.id == id)
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Removes all faults. Ids are never used again, so a removed one stays recognisable.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }
}

/// Whether `path` fits `pattern`, in which `*` stands for any run of characters.
pub(crate) fn matches_pattern(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        let cases = [
            ("/2/tweets", "/2/tweets", true),
            ("/2/tweets", "/2/tweets/1", false),
            ("/2/tweets*", "/2/tweets/1", true),
            ("*/feed", "/v26.0/55/feed", true),
            ("/2/media/*/append", "/2/media/upload/77/append", true),
            ("/a*b*c", "/a-b-c", true),
            ("/a*b*c", "/a-c", false),
            ("*", "", true),
            ("/ab*ba", "/aba", false),
        ];

        for (pattern, path, expected) in cases {
            assert_eq!(matches_pattern(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn wrong_names_and_fields_are_refused_with_what_is_allowed() {
        let unknown = serde_json::from_str::<Rule>(r#"{"action":{"name":"explode"}}"#);
        let extra = serde_json::from_str::<Rule>(r#"{"action":{"name":"duplicate","x":1}}"#);

        assert!(unknown.unwrap_err().to_string().contains("answer_lost"));
        assert!(extra.unwrap_err().to_string().contains("unknown field"));
    }
}
