//! Everything the sandbox remembers, all of it in memory.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Now;
use crate::blob::Blob;
use crate::consent::Codes;
use crate::control::made_up;
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::{facebook, instagram, linkedin, sniff, tiktok, x, youtube};

/// A platform the sandbox plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Platform {
    X,
    Facebook,
    Instagram,
    Linkedin,
    Tiktok,
    Youtube,
}

/// Secrets of an account that signs its calls (OAuth 1.0a).
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    pub(crate) token: String,
    pub(crate) token_secret: String,
}

/// Somebody who posts: a user, a Page, a professional account, an organisation, a creator, a channel.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) platform: Platform,
    /// Which sort of account, where a platform has several: `person`, `organization`, `instagram`, `facebook`; else empty.
    pub(crate) variant: String,
    /// The scopes that its token carries, where a platform looks at them.
    pub(crate) scopes: Vec<String>,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) access_token: String,
    /// Set once the token came out of a refresh.
    pub(crate) access_expires_at: Option<DateTime<Utc>>,
    pub(crate) refresh_token: String,
    /// X only.
    pub(crate) signing: Option<Signing>,
    pub(crate) revoked: bool,
    /// Who it belongs to. Accounts of the same person come together where a platform's login gives several.
    pub(crate) person: String,
    /// When the person agreed to the app, as far as a consent page was passed; a revocation forgets it.
    pub(crate) consented_at: Option<DateTime<Utc>>,
    /// Absent where the refresh token has no end.
    pub(crate) refresh_expires_at: Option<DateTime<Utc>>,
    /// Successful refreshes, also where a platform calls them an exchange of tokens.
    pub(crate) refreshes: u32,
    /// Codes that were exchanged for this account.
    pub(crate) exchanges: u32,
}

impl Account {
    /// An account whose names and tokens follow from its id, so that runs can be repeated.
    pub(crate) fn new(platform: Platform, id: String, what: &str) -> Self {
        let tail = &id[id.len().saturating_sub(4)..];
        Self {
            platform,
            variant: String::new(),
            scopes: Vec::new(),
            name: format!("{what} {tail}"),
            username: format!("sandbox{tail}"),
            access_token: made_up("access token", &format!("{platform:?} {id}")),
            access_expires_at: None,
            refresh_token: made_up("refresh token", &format!("{platform:?} {id}")),
            signing: None,
            revoked: false,
            person: String::new(),
            consented_at: None,
            refresh_expires_at: None,
            refreshes: 0,
            exchanges: 0,
            id,
        }
    }

    /// Whether its access token works at an instant.
    pub(crate) fn alive(&self, now: DateTime<Utc>) -> bool {
        !self.revoked && self.access_expires_at.is_none_or(|at| at > now)
    }
}

/// A published or still unpublished post.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) platform: Platform,
    pub(crate) account_id: String,
    pub(crate) id: String,
    /// How the page shows it: `text`, `link`, `image`, `images`, `carousel`, `gif`, `video`, `reel`, `short`, `story`,
    /// `document`, `poll` or `inbox`.
    pub(crate) kind: &'static str,
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    pub(crate) link: Option<String>,
    /// Ids of media, in the order shown.
    pub(crate) media: Vec<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) comments: Vec<Comment>,
    /// What only this platform or kind knows, shown as it is: poll options, privacy, tags, …
    pub(crate) extra: Value,
    pub(crate) created_at: DateTime<Utc>,
    /// Whether people can see it.
    pub(crate) published: bool,
    pub(crate) scheduled_at: Option<DateTime<Utc>>,
}

impl Post {
    /// A visible post that says and shows nothing yet.
    pub(crate) fn new(platform: Platform, account_id: &str, id: String, kind: &'static str, created_at: DateTime<Utc>) -> Self {
        Self {
            platform,
            account_id: account_id.to_owned(),
            id,
            kind,
            title: None,
            text: String::new(),
            link: None,
            media: Vec::new(),
            reply_to: None,
            comments: Vec::new(),
            extra: Value::Null,
            created_at,
            published: true,
            scheduled_at: None,
        }
    }
}

/// A comment below a post.
#[derive(Clone, Debug)]
pub(crate) struct Comment {
    pub(crate) id: String,
    pub(crate) account_id: String,
    pub(crate) text: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// An uploaded file.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) platform: Platform,
    pub(crate) account_id: String,
    pub(crate) id: String,
    /// The file, or its beginning when it is large (see `Blob`).
    pub(crate) bytes: Bytes,
    /// How long the whole file is, in bytes.
    pub(crate) length: u64,
    pub(crate) content_type: String,
    pub(crate) alt_text: Option<String>,
    pub(crate) caption: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// The post it ended up in.
    pub(crate) post_id: Option<String>,
}

impl Media {
    /// A ready file with these bytes.
    pub(crate) fn new(platform: Platform, account_id: &str, id: String, file: Blob, created_at: DateTime<Utc>) -> Self {
        let length = file.length();
        let bytes = file.into_kept();
        Self {
            platform,
            account_id: account_id.to_owned(),
            id,
            content_type: sniff::content_type(&bytes).to_owned(),
            bytes,
            length,
            alt_text: None,
            caption: None,
            created_at,
            post_id: None,
        }
    }
}

/// What the control API can switch.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Posts younger than this are missing from X timelines.
    pub(crate) x_index_lag_seconds: i64,
    /// Posts younger than this are missing from Page feeds.
    pub(crate) facebook_index_lag_seconds: i64,
    /// How long every platform takes to begin with a call, in milliseconds.
    pub(crate) latency_ms: u64,
    /// Whether full rate windows are enforced.
    pub(crate) rate_limits: bool,
    /// Whether the record of calls keeps their JSON bodies.
    pub(crate) record_bodies: bool,
    /// Proofs are checked against this secret when it is not empty.
    pub(crate) facebook_app_secret: String,
    /// Shown as the application of every Page post.
    pub(crate) facebook_app_id: String,
    /// Key of the app whose OAuth 1.0a signatures are accepted.
    pub(crate) x_consumer_key: String,
    /// Secret of that app.
    pub(crate) x_consumer_secret: String,
    pub(crate) facebook: facebook::Settings,
    pub(crate) instagram: instagram::Settings,
    pub(crate) linkedin: linkedin::Settings,
    pub(crate) tiktok: tiktok::Settings,
    pub(crate) x: x::Settings,
    pub(crate) youtube: youtube::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            x_index_lag_seconds: 0,
            facebook_index_lag_seconds: 0,
            latency_ms: 0,
            rate_limits: true,
            record_bodies: false,
            facebook_app_secret: String::new(),
            facebook_app_id: "1000000000000001".to_owned(),
            x_consumer_key: "sandbox-consumer-key".to_owned(),
            x_consumer_secret: "sandbox-consumer-secret".to_owned(),
            facebook: facebook::Settings::default(),
            instagram: instagram::Settings::default(),
            linkedin: linkedin::Settings::default(),
            tiktok: tiktok::Settings::default(),
            x: x::Settings::default(),
            youtube: youtube::Settings::default(),
        }
    }
}

/// One 15-minute window of one user on one endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) resets_at: DateTime<Utc>,
    pub(crate) used: u32,
}

/// The whole memory of the sandbox.
pub(crate) struct State {
    now: Now,
    pub(crate) offset: TimeDelta,
    /// Base of permalinks and media links, without a trailing slash.
    pub(crate) public_url: String,
    pub(crate) settings: Settings,
    pub(crate) accounts: Vec<Account>,
    pub(crate) posts: Vec<Post>,
    pub(crate) media: HashMap<String, Media>,
    pub(crate) ledger: Ledger,
    pub(crate) faults: Faults,
    /// Authorization codes, from the consent on.
    pub(crate) codes: Codes,
    /// Calls that were refused because there were too many.
    pub(crate) throttled: HashMap<Platform, u64>,
    pub(crate) windows: HashMap<(String, &'static str), Window>,
    /// Nonces seen, with the timestamp they came with.
    pub(crate) nonces: HashMap<(String, String), i64>,
    pub(crate) facebook: facebook::Memory,
    pub(crate) instagram: instagram::Memory,
    pub(crate) linkedin: linkedin::Memory,
    pub(crate) tiktok: tiktok::Memory,
    pub(crate) x: x::Memory,
    pub(crate) youtube: youtube::Memory,
    last_snowflake: i64,
    last_number: u64,
}

impl State {
    pub(crate) fn new(now: Now, public_url: String) -> Self {
        Self {
            now,
            offset: TimeDelta::zero(),
            public_url,
            settings: Settings::default(),
            accounts: Vec::new(),
            posts: Vec::new(),
            media: HashMap::new(),
            ledger: Ledger::default(),
            faults: Faults::default(),
            codes: Codes::default(),
            throttled: HashMap::new(),
            windows: HashMap::new(),
            nonces: HashMap::new(),
            facebook: facebook::Memory::default(),
            instagram: instagram::Memory::default(),
            linkedin: linkedin::Memory::default(),
            tiktok: tiktok::Memory::default(),
            x: x::Memory::default(),
            youtube: youtube::Memory::default(),
            last_snowflake: 0,
            last_number: 0,
        }
    }

    /// The time of the clock below, without the offset.
    pub(crate) fn base_now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// The sandbox's time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.base_now() + self.offset
    }

    /// The next X id: milliseconds since X's epoch in the upper bits, and always growing.
    pub(crate) fn next_snowflake(&mut self) -> String {
        const EPOCH_MS: i64 = 1_288_834_974_657;
        let by_time = (self.now().timestamp_millis() - EPOCH_MS).max(1 << 37) << 22;
        self.last_snowflake = by_time.max(self.last_snowflake + 1);
        self.last_snowflake.to_string()
    }

    /// The next number of anything else; never repeats, not even after a reset.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The next Facebook object id.
    pub(crate) fn next_object_id(&mut self) -> String {
        (122_100_000_000_000 + self.next_number()).to_string()
    }

    pub(crate) fn account(&self, platform: Platform, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.platform == platform && account.id == id)
    }

    pub(crate) fn account_mut(&mut self, platform: Platform, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.platform == platform && account.id == id)
    }

    pub(crate) fn post(&self, platform: Platform, id: &str) -> Option<&Post> {
        self.posts.iter().find(|post| post.platform == platform && post.id == id)
    }

    /// An account's media by id, unless it belongs to someone else.
    pub(crate) fn own_media(&self, platform: Platform, account: &str, id: &str) -> Option<&Media> {
        let media = self.media.get(id)?;
        (media.platform == platform && media.account_id == account).then_some(media)
    }

    /// Forgets everything that happened; accounts and settings stay.
    pub(crate) fn reset(&mut self) {
        self.offset = TimeDelta::zero();
        self.posts.clear();
        self.media.clear();
        self.ledger.clear();
        self.faults.clear();
        self.codes = Codes::default();
        self.throttled.clear();
        self.windows.clear();
        self.nonces.clear();
        self.facebook = facebook::Memory::default();
        self.instagram = instagram::Memory::default();
        self.linkedin = linkedin::Memory::default();
        self.tiktok = tiktok::Memory::default();
        self.x = x::Memory::default();
        self.youtube = youtube::Memory::default();
        for account in &mut self.accounts {
            account.revoked = false;
        }
    }
}
