//! The HTTP front: parse, authorize, validate, write rows, answer. It never calls a platform.

pub mod accept;
pub mod auth;
pub mod body;
pub mod followers;
pub mod forecast;
mod limit;
pub mod problem;
pub mod router;
pub mod routes;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use poem::Server;
use poem::listener::{Acceptor, Listener};
use shared::app::App;
use tokio_util::sync::CancellationToken;

/// How long open requests get to finish at shutdown; a waiting one must not hold it up for its full minute.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves on the configured address until `shutdown`.
pub async fn run(app: Arc<App>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listener = poem::listener::TcpListener::bind(app.config.api_addr.clone());
    let acceptor = listener.into_acceptor().await.with_context(|| format!("listening on {}", app.config.api_addr))?;
    tracing::info!(address = app.config.api_addr, "api listens");
    serve(app, acceptor, shutdown).await
}

/// Serves what `acceptor` accepts until `shutdown`.
pub async fn serve(app: Arc<App>, acceptor: impl Acceptor + 'static, shutdown: CancellationToken) -> anyhow::Result<()> {
    let counting = tokio::spawn(Arc::clone(&app).keep_counting());
    let endpoint = router::endpoint(Arc::clone(&app));
    let server = Server::new_with_acceptor(acceptor);
    let served = server.run_with_graceful_shutdown(endpoint, shutdown.cancelled_owned(), Some(DRAIN)).await;
    counting.abort();
    app.count_once().await;
    served.context("serving")
}
