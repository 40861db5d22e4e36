//! Every route of the API, on one page.
//!
//! | Route | Handler |
//! |---|---|
//! | `POST /api/v1/posts`, `POST /api/v1/posts/validate`, `GET /api/v1/posts`, `GET, DELETE /api/v1/posts/{id}` | `routes::posts` |
//! | `GET /api/v1/jobs`, `GET /api/v1/jobs/{id}`, `POST /api/v1/jobs/{id}/cancel`, `/retry`, `/resolve` | `routes::jobs` |
//! | `GET /api/v1/jobs/{id}/events` | `routes::job_events` |
//! | `GET /healthz`, `GET /readyz`, `GET /metrics` | `routes::operations` |
//! | `GET /openapi.json`, `GET /docs` | generated |

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Route};
use poem_openapi::{OpenApi, OpenApiService};
use shared::app::App;

use crate::accept::Acceptor;
use crate::problem;
use crate::routes::job_events::JobEvents;
use crate::routes::jobs::Jobs;
use crate::routes::operations::Operations;
use crate::routes::posts::Posts;

/// The API's routes with their documents.
pub fn service(server: &str) -> OpenApiService<impl OpenApi, ()> {
    OpenApiService::new((Posts, Jobs, JobEvents, Operations), "Pressroom", env!("CARGO_PKG_VERSION"))
        .description("Publishes a team's posts to social platforms: every accepted post reaches every target exactly once, or its owner is told precisely why not.")
        .server(server)
}

/// The whole application.
pub fn endpoint(app: Arc<App>) -> impl Endpoint {
    let service = service(app.config.public_url.as_str().trim_end_matches('/'));
    let (document, docs) = (service.spec_endpoint(), service.scalar());
    let acceptor = Acceptor::start(Arc::clone(&app));
    Route::new()
        .nest("/docs", docs)
        .at("/openapi.json", document)
        .nest("/", service)
        .data(app)
        .data(acceptor)
        .catch_all_error(problem::from_framework)
}
