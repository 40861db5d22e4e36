//! What a login brought: shown to the person who began it, and connected as they choose.

use poem_openapi::Object;
use serde::Deserialize;
use shared::app::App;
use shared::content::AccountState;
use shared::entity::{account, connection};
use shared::ids::WorkspaceId;
use shared::platforms::connect::{self, Candidate, Identity};
use shared::secret::SecretError;
use shared::store::{accounts, connections};
use shared::tokens;

use super::account_view::words;
use super::refusal;
use crate::problem::{ApiError, Violation};

/// What may be connected with a login.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase")]
pub struct Candidates {
    /// The platform.
    pub platform: String,
    /// Until when somebody may choose.
    pub expires_at: String,
    /// What may be connected.
    pub candidates: Vec<CandidateAccount>,
}

/// Something that may be connected.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct CandidateAccount {
    /// The platform's id of it, by which it is chosen.
    pub external_id: String,
    /// The name shown to people.
    pub name: String,
    /// The name in links.
    pub username: Option<String>,
    /// Which sort of account, where the platform has several.
    pub variant: String,
    /// The account that it is connected as already; choosing it renews that one's grant.
    pub connected_as: Option<String>,
    /// Why it can't be chosen.
    pub unusable: Option<String>,
    /// The scopes that publishing needs and that were not granted.
    pub scopes_missing: Vec<String>,
}

/// What a person chose.
#[derive(Debug, Clone, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChosenAccounts {
    /// The login, as the front end's address named it.
    pub connection_id: String,
    /// Who chooses, as the front end names people: the one who began the login.
    pub person: String,
    /// The chosen ones, by the platform's ids.
    #[oai(validator(min_items = 1, max_items = 100))]
    pub external_ids: Vec<String>,
}

/// The accounts that one choice may connect: more than any login is known to bring.
const CHOSEN_MAX: usize = 100;

/// A login that waits for its person, opened.
struct Waiting {
    row: connection::Model,
    candidates: Vec<Candidate>,
}

/// The login, if it is of this workspace, has time left, and was begun by this person.
async fn open(app: &App, workspace: &WorkspaceId, id: &str, person: &str) -> Result<Waiting, ApiError> {
    let unknown = || ApiError::not_found("login that waits for a choice (they wait for one hour)");
    let id = id.parse().map_err(|_| unknown())?;
    let row = connections::find(&*app.db, workspace, &id, app.clock.now()).await?.ok_or_else(unknown)?;
    if row.person != person {
        return Err(refusal::person_mismatch());
    }
    let opened = connections::open(&app.config.keys, &row).map_err(|error| refusal::unsealable(&error))?;
    let candidates = serde_json::from_slice(&opened).map_err(|_| refusal::unsealable(&SecretError::Broken))?;
    Ok(Waiting { row, candidates })
}

/// Shows what may be connected.
pub async fn show(app: &App, workspace: &WorkspaceId, id: &str, person: &str) -> Result<Candidates, ApiError> {
    let Waiting { row, candidates } = open(app, workspace, id, person).await?;
    let mut shown = Vec::new();
    for candidate in candidates {
        let Candidate { identity, granted, unusable } = candidate;
        let known = accounts::find_by_external_id(&*app.db, workspace, row.platform, &identity.external_id).await?;
        let scopes = granted.scopes.or(identity.scopes).unwrap_or_default();
        shown.push(CandidateAccount {
            scopes_missing: words(connect::missing_scopes(row.platform, &identity.variant, &scopes)),
            external_id: identity.external_id,
            name: identity.name,
            username: identity.username,
            variant: identity.variant,
            connected_as: known.filter(|known| known.disconnected_at.is_none()).map(|known| known.id.to_string()),
            unusable,
        });
    }
    Ok(Candidates { platform: row.platform.to_string(), expires_at: row.expires_at.to_string(), candidates: shown })
}

/// Connects what was chosen, all or nothing. A repetition changes nothing.
pub async fn connect(app: &App, workspace: &WorkspaceId, choice: &ChosenAccounts) -> Result<Vec<account::Model>, ApiError> {
    let waiting = open(app, workspace, &choice.connection_id, &choice.person).await?;
    let chosen = pick(&waiting.candidates, &choice.external_ids)?;
    if let Some(id) = &waiting.row.account_id {
        let wanted = accounts::get(&*app.db, workspace, id).await?;
        for Candidate { identity, .. } in &chosen {
            if identity.external_id != wanted.external_id {
                let got = (identity.name.as_str(), identity.external_id.as_str());
                return Err(refusal::account_mismatch((&wanted.name, &wanted.external_id), got));
            }
        }
    }
    let (mut connected, mut grants) = (Vec::new(), Vec::new());
    for candidate in chosen {
        match row_of(app, &waiting.row, &candidate.identity).await? {
            Row::Done(account) => connected.push(account),
            Row::Open(account) => grants.push((account, candidate.identity.clone(), candidate.granted.clone())),
        }
    }
    connected.extend(tokens::store_grants(app, &grants).await.map_err(|error| refusal::of(&error))?);
    let place = |row: &account::Model| choice.external_ids.iter().position(|id| *id == row.external_id);
    connected.sort_by_key(place);
    Ok(connected)
}

/// The chosen candidates, each once, or everything that is wrong with the choice.
fn pick<'a>(candidates: &'a [Candidate], ids: &[String]) -> Result<Vec<&'a Candidate>, ApiError> {
    if ids.is_empty() || ids.len() > CHOSEN_MAX {
        let detail = format!("choose 1 to {CHOSEN_MAX}");
        return Err(ApiError::field("/externalIds", "choice_count", detail));
    }
    let mut chosen: Vec<&Candidate> = Vec::new();
    let mut violations = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let found = candidates.iter().find(|candidate| candidate.identity.external_id == *id);
        let (code, detail) = match found {
            Some(Candidate { unusable: Some(reason), .. }) => ("account_unusable", reason.clone()),
            Some(candidate) => {
                if !chosen.contains(&candidate) {
                    chosen.push(candidate);
                }
                continue;
            }
            None => ("not_offered", "the login did not bring it".to_owned()),
        };
        violations.push(Violation { pointer: format!("/externalIds/{n}"), code: code.to_owned(), detail, limit: None });
    }
    if violations.is_empty() { Ok(chosen) } else { Err(refusal::violations("invalid_choice", violations)) }
}

/// The row that a grant goes to.
enum Row {
    /// It has this login's grant, or a later one.
    Done(account::Model),
    /// It gets the grant.
    Open(account::Model),
}

/// Finds or makes the row of a chosen candidate.
///
/// A choice can be repeated as long as the login waits. By then the grant may have been renewed, let go or refused, and the
/// login's own is a dead one: it must not take the place of what came after.
async fn row_of(app: &App, login: &connection::Model, identity: &Identity) -> Result<Row, ApiError> {
    let known = accounts::find_by_external_id(&*app.db, &login.workspace_id, login.platform, &identity.external_id).await?;
    let Some(known) = known else { return Ok(Row::Open(new_row(app, login, identity))) };
    if known.disconnected_at.is_some_and(|at| at > login.created_at) {
        return Err(used(&known.name, "was disconnected"));
    }
    if known.disconnected_at.is_some() || known.granted_at <= login.created_at {
        return Ok(Row::Open(known));
    }
    match known.state {
        AccountState::Connected => Ok(Row::Done(known)),
        AccountState::NeedsReconnect => Err(used(&known.name, "lost its grant")),
    }
}

fn used(name: &str, what: &str) -> ApiError {
    ApiError::conflict("login_used", format!("`{name}` {what} after this login; begin a new one"))
}

fn new_row(app: &App, login: &connection::Model, identity: &Identity) -> account::Model {
    let new = accounts::NewAccount {
        workspace: login.workspace_id.clone(),
        platform: login.platform,
        external_id: identity.external_id.clone(),
        name: identity.name.clone(),
        username: identity.username.clone(),
        variant: identity.variant.clone(),
    };
    accounts::new_row(new, app.clock.now())
}
