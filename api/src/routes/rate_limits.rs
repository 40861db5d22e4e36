//! What the platforms still allow, for the workspace's accounts and for the app behind them.

use std::collections::BTreeSet;
use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use shared::app::App;
use shared::clock::Timestamp;
use shared::content::PlatformId;
use shared::entity::account;
use shared::ids::WorkspaceId;
use shared::limits::table::Owner;
use shared::limits::{Circuit, Gauge, Gauges};
use shared::platforms;
use shared::store::accounts;
use shared::store::caps::{self, Place, Whose};

use super::Tag;
use crate::auth::ApiKey;
use crate::forecast::{cap_of, whose};
use crate::problem::{ApiError, Problem, ProblemJson};

/// What the platforms still allow.
#[derive(Debug, Clone, Object)]
pub struct RateLimits {
    /// Each account of the workspace.
    pub accounts: Vec<AccountLimits>,
    /// Each platform on which the workspace has an account: what all accounts of this Pressroom share there.
    pub apps: Vec<AppLimits>,
}

/// What a platform still allows one account.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct AccountLimits {
    /// The account.
    pub account_id: String,
    /// Its platform.
    pub platform: String,
    /// Its name.
    pub name: String,
    /// Its limits.
    pub limits: Vec<LimitState>,
    /// Whether calls are let through.
    pub circuit: CircuitState,
    /// How many posts it may still have, where the platform has a daily cap for each account.
    pub daily_cap: Option<CapState>,
}

/// What a platform still allows the whole app.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct AppLimits {
    /// The platform.
    pub platform: String,
    /// The app's limits.
    pub limits: Vec<LimitState>,
    /// Whether calls are let through.
    pub circuit: CircuitState,
    /// How many posts all accounts together may still have, where the platform has such a cap.
    pub daily_cap: Option<CapState>,
}

/// A limit as it stands.
#[derive(Debug, Clone, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct LimitState {
    /// Its name.
    pub name: String,
    /// All there is in a window, where the platform tells it.
    pub limit: Option<i64>,
    /// What was used of it.
    pub used: Option<i64>,
    /// What is left of it.
    pub left: Option<i64>,
    /// When it starts anew, or when calls go on.
    pub reset_at: Option<String>,
    /// How much is used, in percent.
    pub usage_percent: Option<f64>,
}

/// Whether calls are let through.
#[derive(Debug, Clone, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CircuitState {
    /// `closed`: they are. `open`: they wait, since the platform did not answer. `half_open`: one tries whether it does again.
    pub state: String,
    /// Until when they wait.
    pub until: Option<String>,
}

/// A daily cap of posts as it stands.
#[derive(Debug, Clone, Object)]
pub struct CapState {
    /// So many posts in a day.
    pub limit: u32,
    /// Posts of the last 24 hours, or of this day where the platform counts from midnight to midnight.
    pub used: u32,
    /// So many more.
    pub left: u32,
}

impl From<Gauge> for LimitState {
    fn from(gauge: Gauge) -> Self {
        let Gauge { name, limit, used, left, reset_at, usage_percent } = gauge;
        Self { name, limit, used, left, reset_at: reset_at.map(|at| at.to_string()), usage_percent }
    }
}

impl From<Circuit> for CircuitState {
    fn from(circuit: Circuit) -> Self {
        let (state, until) = match circuit {
            Circuit::Closed => ("closed", None),
            Circuit::Open { until } => ("open", Some(until.to_string())),
            Circuit::HalfOpen => ("half_open", None),
        };
        Self { state: state.to_owned(), until }
    }
}

fn shown(gauges: Gauges) -> (Vec<LimitState>, CircuitState) {
    (gauges.limits.into_iter().map(LimitState::from).collect(), gauges.circuit.into())
}

/// The routes of limits.
pub struct RateLimitRoutes;

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl RateLimitRoutes {
    /// Shows what the platforms still allow the workspace's accounts, and the app that they share.
    #[oai(path = "/rate-limits", method = "get", operation_id = "listRateLimits")]
    async fn list(&self, key: ApiKey, app: Data<&Arc<App>>) -> Result<Json<RateLimits>, ApiError> {
        let caller = key.allow("accounts:read")?;
        let now = app.clock.now();
        let mut found = accounts::list(&*app.db, &caller.workspace, (None, None), None).await?;
        found.retain(|account| account.disconnected_at.is_none());
        let own = caps_of(&app, &caller.workspace, &found, now).await?;
        let mut listed = Vec::with_capacity(found.len());
        for (account, daily_cap) in found.iter().zip(own) {
            let table = &platforms::rules(account.platform).limits;
            let gauges = app.limits.read_account((account.platform, &account.id), table, now).await.map_err(away)?;
            let (limits, circuit) = shown(gauges);
            listed.push(AccountLimits {
                account_id: account.id.to_string(),
                platform: account.platform.to_string(),
                name: account.name.clone(),
                limits,
                circuit,
                daily_cap,
            });
        }
        let mut apps = Vec::new();
        let shared: BTreeSet<&str> = found.iter().map(|account| account.platform.into()).collect();
        for platform in PlatformId::ALL.iter().filter(|platform| shared.contains(<&str>::from(**platform))) {
            let gauges = app.limits.read_app(*platform, &platforms::rules(*platform).limits, now).await.map_err(away)?;
            let (limits, circuit) = shown(gauges);
            let daily_cap = app_cap(&app, &caller.workspace, *platform, now).await?;
            apps.push(AppLimits { platform: platform.to_string(), limits, circuit, daily_cap });
        }
        Ok(Json(RateLimits { accounts: listed, apps }))
    }
}

/// Accounts that are counted by one statement.
const COUNTED_AT_ONCE: usize = 16;

/// Each account's own daily cap, in the order of the accounts.
async fn caps_of(
    app: &App,
    workspace: &WorkspaceId,
    accounts: &[account::Model],
    now: Timestamp,
) -> Result<Vec<Option<CapState>>, ApiError> {
    let mut states: Vec<Option<CapState>> = vec![None; accounts.len()];
    let places: Vec<(usize, u32, Place)> = accounts
        .iter()
        .enumerate()
        .filter_map(|(n, account)| {
            let (cap, most) = cap_of(app, account.platform)?;
            let whose = whose(&cap, account);
            let (from, to) = cap.today(now);
            matches!(whose, Whose::Account(_)).then_some((n, most, Place { whose, from, to }))
        })
        .collect();
    for chunk in places.chunks(COUNTED_AT_ONCE) {
        let asked: Vec<Place> = chunk.iter().map(|(_, _, place)| place.clone()).collect();
        let counts = caps::count(&*app.db, workspace, &asked).await?;
        for ((n, most, _), count) in chunk.iter().zip(counts) {
            states[*n] = Some(CapState::new(*most, count));
        }
    }
    Ok(states)
}

/// The daily cap of all accounts together.
async fn app_cap(app: &App, workspace: &WorkspaceId, platform: PlatformId, now: Timestamp) -> Result<Option<CapState>, ApiError> {
    let Some((cap, most)) = cap_of(app, platform) else { return Ok(None) };
    if cap.owner != Owner::App {
        return Ok(None);
    }
    let (from, to) = cap.today(now);
    let counts = caps::count(&*app.db, workspace, &[Place { whose: Whose::App(platform), from, to }]).await?;
    Ok(counts.first().map(|count| CapState::new(most, *count)))
}

impl CapState {
    fn new(limit: u32, count: usize) -> Self {
        let used = u32::try_from(count).unwrap_or(u32::MAX);
        Self { limit, used, left: limit.saturating_sub(used) }
    }
}

fn away(error: anyhow::Error) -> ApiError {
    tracing::warn!(error = %format!("{error:#}"), "limits can't be shown while Redis is away");
    let detail = "limits can't be shown at the moment; posts wait until they are known again";
    ApiError::Unavailable(ProblemJson::from(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "limiter_unavailable", detail)))
}
