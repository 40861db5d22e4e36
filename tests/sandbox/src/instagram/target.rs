//! Which host a call was meant for, which version, and whether that makes it a call to Instagram.

use chrono::{DateTime, Datelike, Utc};

use super::{accounts, login};
use crate::call::Call;
use crate::facebook::params::Params;
use crate::state::{Platform, State};

/// The hosts that Instagram's API is spread over; here they are path prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// `graph.instagram.com`, below `/instagram`.
    Instagram,
    /// `graph.facebook.com`, shared with Pages.
    Facebook,
    /// `rupload.facebook.com`, below `/ig-api-upload`.
    Upload,
}

impl Host {
    /// What stands before the version in paths of this host.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Instagram => "/instagram",
            Self::Facebook => "",
            Self::Upload => "/ig-api-upload",
        }
    }

    /// The variant of the accounts whose tokens it takes.
    pub(super) fn variant(self) -> &'static str {
        if self == Self::Instagram { accounts::INSTAGRAM_LOGIN } else { accounts::FACEBOOK_LOGIN }
    }
}

/// A path in its parts.
pub(super) struct Target<'a> {
    pub(super) host: Host,
    version: Option<&'a str>,
    /// What follows the version.
    pub(super) rest: Vec<&'a str>,
}

/// A version, and the year, month and day from which it no longer answers.
type Sunset = (u32, (i32, u32, u32));

const SUNSETS: &[Sunset] =
    &[(21, (2027, 1, 21)), (22, (2027, 5, 20)), (23, (2027, 10, 8)), (24, (2028, 2, 18)), (25, (2028, 7, 29))];
const NEWEST_VERSION: u32 = 26;

impl<'a> Target<'a> {
    /// Takes a call's path apart.
    pub(super) fn of(call: &'a Call) -> Self {
        let mut rest = call.segments();
        let host = match rest.first() {
            Some(&"instagram") => Host::Instagram,
            Some(&"ig-api-upload") => Host::Upload,
            _ => Host::Facebook,
        };
        if host != Host::Facebook {
            rest.remove(0);
        }
        let version = rest.first().copied().filter(|first| major(first).is_some());
        if version.is_some() {
            rest.remove(0);
        }
        Self { host, version, rest }
    }

    /// The version that answers: an expired one is served by the oldest that still works, without a word.
    pub(super) fn served_version(&self, now: DateTime<Utc>) -> String {
        let today = (now.year(), now.month(), now.day());
        let oldest = SUNSETS.iter().find(|(_, until)| today < *until).map_or(NEWEST_VERSION, |(number, _)| *number);
        let asked = self.version.and_then(major).unwrap_or(NEWEST_VERSION);
        format!("v{}.0", asked.max(oldest))
    }

    /// Whether the version asked for has not been released.
    pub(super) fn is_unreleased(&self) -> bool {
        self.version.and_then(major).is_some_and(|number| number > NEWEST_VERSION)
    }

    /// The whole rest of the path.
    pub(super) fn path(&self) -> String {
        self.rest.join("/")
    }
}

fn major(segment: &str) -> Option<u32> {
    segment.strip_prefix('v')?.strip_suffix(".0")?.parse().ok()
}

/// Whether a call is meant for Instagram. Pages share a host with it and keep what names nothing of ours.
pub(super) fn owns(state: &State, call: &Call) -> bool {
    let target = Target::of(call);
    if target.host != Host::Facebook || login::exchanges(state, call) {
        return true;
    }
    let Some(first) = target.rest.first() else { return false };
    knows(state, first) || carries_our_token(state, call, first)
}

/// Whether an id is one of an Instagram account, container, media or comment.
fn knows(state: &State, id: &str) -> bool {
    let memory = &state.instagram;
    state.account(Platform::Instagram, id).is_some()
        || memory.containers.contains_key(id)
        || memory.comments.contains_key(id)
        || state.post(Platform::Instagram, id).is_some()
        || state.media.get(id).is_some_and(|media| media.platform == Platform::Instagram)
}

fn carries_our_token(state: &State, call: &Call, first: &str) -> bool {
    let params = Params::of(call);
    let token = match first {
        "oauth" => params.text("fb_exchange_token"),
        "debug_token" => params.text("input_token"),
        _ => accounts::token(call, &params),
    };
    let of_a_page = |token: &str| {
        let accounts = &mut state.accounts.iter();
        accounts.any(|account| account.platform == Platform::Facebook && account.access_token == token)
    };
    token.is_some_and(|token| {
        let owner = accounts::owner(state, &token);
        owner.is_some_and(|account| account.variant != accounts::INSTAGRAM_LOGIN) && !of_a_page(&token)
    })
}
