//! Every route of the API, on one page.
//!
//! | Route | Handler |
//! |---|---|
//! | `POST /api/v1/posts`, `POST /api/v1/posts/validate`, `GET /api/v1/posts`, `GET, DELETE /api/v1/posts/{id}` | `routes::posts` |
//! | `GET /api/v1/jobs`, `GET /api/v1/jobs/{id}`, `POST /api/v1/jobs/{id}/cancel`, `/retry`, `/resolve` | `routes::jobs` |
//! | `GET /api/v1/jobs/{id}/events` | `routes::job_events` |
//! | `POST /api/v1/auth/oauth/{platform}/initiate`, `GET /api/v1/auth/oauth/{platform}/callback` | `routes::oauth` |
//! | `GET, POST /api/v1/accounts`, `GET /api/v1/accounts/candidates`, `GET, DELETE /api/v1/accounts/{id}` | `routes::accounts` |
//! | `GET, POST /api/v1/credentials`, `GET /api/v1/credentials/status`, `DELETE /api/v1/credentials/{platform}/disconnect`, `GET /api/v1/social/{platform}/verify` | `routes::credentials` |
//! | `GET /api/v1/notices` | `routes::notices` |
//! | `GET /api/v1/rate-limits` | `routes::rate_limits` |
//! | `GET /healthz`, `GET /readyz`, `GET /metrics` | `routes::operations` |
//! | `GET /openapi.json`, `GET /docs` | generated |

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode};
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Route};
use poem_openapi::{OpenApi, OpenApiService};
use shared::app::App;

use crate::accept::Acceptor;
use crate::limit;
use crate::problem;
use crate::routes::accounts::Accounts;
use crate::routes::credentials::CredentialRoutes;
use crate::routes::job_events::JobEvents;
use crate::routes::jobs::Jobs;
use crate::routes::notices::Notices;
use crate::routes::oauth::Logins;
use crate::routes::operations::Operations;
use crate::routes::platforms::Platforms;
use crate::routes::posts::Posts;
use crate::routes::rate_limits::RateLimitRoutes;

/// The API's routes with their documents.
pub fn service(server: &str) -> OpenApiService<impl OpenApi, ()> {
    OpenApiService::new((Posts, Platforms, Jobs, JobEvents, Logins, Accounts, CredentialRoutes, Notices, RateLimitRoutes, Operations), "Pressroom", env!("CARGO_PKG_VERSION"))
        .description("Publishes a team's posts to social platforms: every accepted post reaches every target exactly once, or its owner is told precisely why not.")
        .server(server)
}

/// The whole application.
pub fn endpoint(app: Arc<App>) -> impl Endpoint {
    let service = service(app.config.public_url.as_str().trim_end_matches('/'));
    let (document, docs) = (service.spec_endpoint(), service.scalar());
    let acceptor = Acceptor::start(Arc::clone(&app));
    let quota = app.config.api_rate;
    let methods = Arc::new(Methods::of(&service.spec()));
    Route::new()
        .nest("/docs", docs)
        .at("/openapi.json", document)
        .nest("/", service)
        .data(app)
        .data(acceptor)
        .catch_all_error(problem::from_framework)
        .around(move |endpoint, request| limit::tell(quota, endpoint, request))
        .around(move |endpoint, request| {
            let methods = Arc::clone(&methods);
            async move { Ok(with_allow(&methods, &endpoint, request).await) }
        })
}

/// Tells on a 405 which methods the route takes, as RFC 9110 asks; poem does not.
async fn with_allow(methods: &Methods, endpoint: &impl Endpoint<Output = Response>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = endpoint.get_response(request).await.into_response();
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Some(allow) = methods.allowed(&path)
    {
        response.headers_mut().insert("allow", allow);
    }
    response
}

/// The methods of each route, read from the API's own document.
struct Methods(Vec<(String, HeaderValue)>);

impl Methods {
    fn of(document: &str) -> Self {
        let document: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let routes = paths.filter_map(|(path, methods)| {
            let names: Vec<String> = methods.as_object()?.keys().map(|method| method.to_uppercase()).collect();
            Some((path.clone(), HeaderValue::from_str(&names.join(", ")).ok()?))
        });
        Self(routes.collect())
    }

    fn allowed(&self, path: &str) -> Option<HeaderValue> {
        // A route without parameters wins, as it does in the router: `/posts/validate` is no `/posts/{id}`.
        let named = self.0.iter().find(|(template, _)| template == path);
        let route = named.or_else(|| self.0.iter().find(|(template, _)| fits(template, path)));
        route.map(|(_, methods)| methods.clone())
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}
