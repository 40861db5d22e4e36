//! Plays the outside world over real HTTP, so that demos and tests never touch a live platform.
//!
//! One port serves the platforms' own paths, a control API below `/_sandbox` that plants faults and
//! shows what arrived, and a page that shows the visible posts the way the platforms would. Nothing
//! here is shared with the code under test: the wire types are written from the contracts alone.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use poem::Server;
use poem::listener::TcpAcceptor;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

mod app;
mod blob;
mod call;
mod climb;
mod connection;
mod consent;
mod control;
mod facebook;
mod faults;
mod feed;
mod image;
mod instagram;
mod ledger;
mod linkedin;
mod lives;
mod pipeline;
mod play;
mod router;
mod samples;
mod sniff;
mod state;
#[cfg(test)]
mod tests;
mod tiktok;
mod x;
mod youtube;

use app::App;
use connection::{Connections, CuttableAcceptor};

/// Where the sandbox takes the time from.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How a sandbox is set up.
#[derive(Clone)]
pub struct Options {
    /// The clock below the offset that the control API can change.
    pub now: Now,
    /// Base URL in permalinks and media links; the listener's own address when absent.
    pub public_url: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where the sandbox reads the system clock")]
        let now: Now = Arc::new(Utc::now);
        Self { now, public_url: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// A sandbox that serves until it is stopped or dropped.
pub struct Running {
    /// Base URL without a trailing slash.
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    connections: Connections,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Running {
    /// Stops accepting, cuts what is still held open, and waits for the server to end.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // A closed channel means the server has ended already.
            let _ = stop.send(());
        }
        self.connections.cut_all();
        // An error here is a panic or an abort of the server task, and either way it has ended.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
        self.connections.cut_all();
    }
}

/// Serves a sandbox on `listener` until the returned handle is stopped or dropped.
///
/// # Errors
/// Fails when the listener's address cannot be read.
pub async fn start(listener: TcpListener, options: Options) -> Result<Running> {
    let address = listener.local_addr().context("read the address of the listener")?;
    let url = format!("http://{address}");
    let public_url = options.public_url.unwrap_or_else(|| url.clone());
    let acceptor = TcpAcceptor::from_tokio(listener).context("take over the listener")?;
    let connections = Connections::default();
    let app = Arc::new(App::new(options.now, public_url, connections.clone()));
    let (stop, stopped) = oneshot::channel();
    let acceptor = CuttableAcceptor::new(acceptor, connections.clone());
    let server = tokio::spawn(async move {
        let ended = Server::new_with_acceptor(acceptor)
            .name("sandbox")
            .run_with_graceful_shutdown(
                router::routes(app),
                async {
                    // A dropped sender means the handle is gone, which ends the sandbox as well.
                    let _ = stopped.await;
                },
                Some(Duration::from_millis(200)),
            )
            .await;
        if let Err(error) = ended {
            tracing::error!(%error, "sandbox server failed");
        }
    });
    Ok(Running { url, stop: Some(stop), server, connections })
}
