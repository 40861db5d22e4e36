//! Who is calling: an API key, which belongs to one workspace and carries scopes.

use std::sync::Arc;

use poem::Request;
use poem::http::StatusCode;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;
use shared::app::App;
use shared::ids::WorkspaceId;
use shared::store::api_keys;

use crate::limit;
use crate::problem::{ApiError, Problem, ProblemJson};

/// The caller of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The workspace that the key opens.
    pub workspace: WorkspaceId,
    scopes: Vec<String>,
}

/// An API key, sent as `Authorization: Bearer prk_…`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", checker = "check", key_name = "apiKey")]
pub struct ApiKey(Caller);

async fn check(request: &Request, bearer: Bearer) -> poem::Result<Caller> {
    let app: &Arc<App> = request.data().ok_or_else(|| poem::Error::from_status(StatusCode::INTERNAL_SERVER_ERROR))?;
    let key = api_keys::find_usable(&*app.db, &bearer.token, app.clock.now()).await.map_err(ApiError::from)?;
    let key = key.ok_or_else(|| {
        let detail = "the API key is unknown, revoked or has ended";
        ApiError::Unauthorized(ProblemJson::from(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)))
    })?;
    limit::count(app, request, &key.id).await?;
    Ok(Caller { workspace: key.workspace_id, scopes: key.scopes.split_whitespace().map(str::to_owned).collect() })
}

impl ApiKey {
    /// The caller, when the key has the scope.
    pub fn allow(self, scope: &str) -> Result<Caller, ApiError> {
        if self.0.scopes.iter().any(|held| held == scope) {
            return Ok(self.0);
        }
        let detail = format!("the API key lacks the scope `{scope}`; use a key that has it");
        Err(ApiError::Forbidden(ProblemJson::from(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail))))
    }
}
