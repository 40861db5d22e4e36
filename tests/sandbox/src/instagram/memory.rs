//! What only Instagram remembers.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::process::Progress;
use crate::blob::Blob;
use crate::climb::Climb;
use crate::state::{State, Window};

/// Containers, comments, older tokens and counters.
#[derive(Default)]
pub(crate) struct Memory {
    pub(super) containers: HashMap<String, Container>,
    /// Which account published when, for the quota.
    pub(super) published: Vec<(String, DateTime<Utc>)>,
    /// Comments by id.
    pub(super) comments: HashMap<String, Thread>,
    /// Media below which nobody may comment.
    pub(super) closed: HashSet<String>,
    /// Tokens that a refresh replaced and that still work.
    pub(super) older_tokens: HashMap<String, OlderToken>,
    /// When the token of an account was issued, where that is known.
    pub(super) issued: HashMap<String, DateTime<Utc>>,
    /// Calls of each account in its 24 hours.
    pub(super) calls: HashMap<String, Window>,
    /// Tokens that came for a code and were not exchanged.
    pub(super) short_tokens: HashSet<String>,
    /// How much of the calls is used up while usage climbs.
    pub(crate) climb: Climb,
}

impl Memory {
    /// Lets a token of an account work beside its newest one.
    pub(crate) fn keep_earlier(&mut self, token: &str, account_id: &str, expires_at: DateTime<Utc>) {
        self.older_tokens.insert(token.to_owned(), OlderToken { account_id: account_id.to_owned(), expires_at });
    }

    /// Ends the tokens of an account that others have followed.
    pub(crate) fn forget_earlier(&mut self, id: &str) {
        self.older_tokens.retain(|_, older| older.account_id != id);
    }

    /// An account's container by id.
    pub(super) fn own_container(&self, account_id: &str, id: &str) -> Option<&Container> {
        self.containers.get(id).filter(|container| container.account_id == account_id)
    }
}

/// Where a comment stands.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) media_id: String,
    /// The comment that it replies to.
    pub(super) parent_id: Option<String>,
    pub(super) hidden: bool,
}

/// A token that was replaced before it expired.
#[derive(Clone, Debug)]
pub(super) struct OlderToken {
    pub(super) account_id: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// What a container is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    /// A film in a carousel.
    Video,
    Reel,
    Story,
    Carousel,
}

/// A container for media that waits to be published.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) account_id: String,
    pub(super) kind: Kind,
    /// Whether it is one item of a carousel.
    pub(super) child: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) caption: String,
    pub(super) alt_text: Option<String>,
    pub(super) extra: Value,
    /// Containers of a carousel's items, in order.
    pub(super) children: Vec<String>,
    /// The file among the sandbox's media, once it has arrived. The published media gets the same id.
    pub(super) file_id: Option<String>,
    /// The picture that stands for the film.
    pub(super) cover_id: Option<String>,
    /// Set when the bytes come separately.
    pub(super) upload: Option<Upload>,
    pub(super) progress: Progress,
    /// The media that it became.
    pub(super) media_id: Option<String>,
}

impl Container {
    /// Whether it is too old to be published.
    pub(super) fn expired(&self, state: &State) -> bool {
        let lifetime = TimeDelta::seconds(state.settings.instagram.container_lifetime_seconds);
        self.media_id.is_none() && state.now() >= self.created_at + lifetime
    }
}

/// Bytes on their way.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    pub(super) file: Blob,
    /// How long the whole is going to be, once that was said.
    pub(super) size: Option<u64>,
    pub(super) complete: bool,
}
