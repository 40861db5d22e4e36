//! An account as its owners see it, with all that puts it at risk.

use std::time::Duration;

use poem_openapi::Object;
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::AccountState;
use shared::entity::account;
use shared::error::ErrorRecord;
use shared::platforms::Grant;
use shared::platforms::connect;
use shared::store::accounts;

/// A connected account. No answer ever shows its tokens.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Account {
    /// The id.
    pub id: String,
    /// The platform.
    pub platform: String,
    /// The platform's id of it.
    pub external_id: String,
    /// The name shown to people.
    pub name: String,
    /// The name in links.
    pub username: Option<String>,
    /// Which sort of account, where the platform has several.
    pub variant: String,
    /// connected, needs_reconnect or disconnected.
    pub state: String,
    /// The scopes that were granted; empty when the platform does not tell.
    pub scopes: Vec<String>,
    /// The scopes that publishing needs and that were not granted.
    pub scopes_missing: Vec<String>,
    /// When the access token ends; absent when it has no end or none is known.
    pub expires_at: Option<String>,
    /// When that which renews it ends.
    pub renewal_expires_at: Option<String>,
    /// Whether anything stands in the way of its posts, now or soon.
    pub at_risk: bool,
    /// What that is.
    pub reasons: Vec<Reason>,
    /// When it was first connected.
    pub connected_at: String,
    /// When its grant was given or last renewed.
    pub granted_at: String,
}

/// Something that stands in the way of an account's posts.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Reason {
    /// A stable code in snake case.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The platform's own words.
    pub platform_message: Option<String>,
    /// What to do about it.
    pub remedy: String,
}

impl Reason {
    fn new(code: &str, message: impl Into<String>) -> Self {
        let remedy = "reconnect the account".to_owned();
        Self { code: code.to_owned(), message: message.into(), platform_message: None, remedy }
    }
}

impl From<ErrorRecord> for Reason {
    fn from(record: ErrorRecord) -> Self {
        let ErrorRecord { class: _, code, message, platform_message, remedy } = record;
        Self { code, message, platform_message, remedy }
    }
}

/// How long before an end that nothing moves its owners are told.
const ENDS_SOON: Duration = Duration::from_secs(7 * 86_400);

impl Account {
    /// An account as it stands now.
    pub fn new(app: &App, row: &account::Model) -> Self {
        let scopes: Vec<String> = row.scopes.split_whitespace().map(str::to_owned).collect();
        let scopes_missing = words(connect::missing_scopes(row.platform, &row.variant, &scopes));
        let reasons = reasons(app, row, &scopes_missing);
        Self {
            id: row.id.to_string(),
            platform: row.platform.to_string(),
            external_id: row.external_id.clone(),
            name: row.name.clone(),
            username: row.username.clone(),
            variant: row.variant.clone(),
            state: state(row),
            scopes,
            scopes_missing,
            expires_at: row.expires_at.map(|at| at.to_string()),
            renewal_expires_at: row.renewal_expires_at.map(|at| at.to_string()),
            at_risk: !reasons.is_empty(),
            reasons,
            connected_at: row.created_at.to_string(),
            granted_at: row.granted_at.to_string(),
        }
    }
}

/// Scopes as they are shown.
pub fn words(scopes: Vec<&'static str>) -> Vec<String> {
    scopes.into_iter().map(str::to_owned).collect()
}

fn state(row: &account::Model) -> String {
    if row.disconnected_at.is_some() { "disconnected".to_owned() } else { row.state.to_string() }
}

fn reasons(app: &App, row: &account::Model, scopes_missing: &[String]) -> Vec<Reason> {
    if let Some(at) = row.disconnected_at {
        return vec![Reason::new("account_disconnected", format!("its owner let it go at {at}"))];
    }
    if row.state == AccountState::NeedsReconnect {
        let problem = row.problem.as_deref().and_then(|text| serde_json::from_str::<ErrorRecord>(text).ok());
        let unknown = || Reason::new("account_needs_reconnect", "the platform refused the grant");
        return vec![problem.map_or_else(unknown, Reason::from)];
    }
    let mut reasons = ends(app, row, app.clock.now());
    if !scopes_missing.is_empty() {
        let message = format!("the person did not grant {}", scopes_missing.join(", "));
        reasons.push(Reason::new("scopes_missing", message));
    }
    reasons
}

/// The ends that nothing moves.
fn ends(app: &App, row: &account::Model, now: Timestamp) -> Vec<Reason> {
    let opened = accounts::open_grant(&app.config.keys, row).ok();
    if opened.and_then(|bytes| serde_json::from_slice::<Grant>(&bytes).ok()).is_none() {
        let reason = Reason::new("grant_unreadable", "the stored grant does not open with this Pressroom's keys");
        return vec![Reason { remedy: "give Pressroom the key that sealed it, or reconnect the account".to_owned(), ..reason }];
    }
    let unrenewed = row.refresh_job_id.is_none();
    let token = row.expires_at.filter(|_| unrenewed).map(|at| ("token_ends", "the access token, which nothing renews,", at));
    let renewal = row.renewal_expires_at.map(|at| ("renewal_ends", "that which renews the access token", at));
    let soon = [token, renewal].into_iter().flatten().filter(|(_, _, at)| *at <= now.plus(ENDS_SOON));
    soon.map(|(code, what, at)| Reason::new(code, format!("{what} ends at {at}"))).collect()
}
