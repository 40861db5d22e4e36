//! The sandbox as a program: `sandbox --addr 127.0.0.1:4010`.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Plays the six platforms over HTTP, for demos and tests.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4010")]
    addr: SocketAddr,
    /// Base URL in permalinks, when the sandbox is reached by another address.
    #[arg(long)]
    public_url: Option<String>,
    /// What to log, in the syntax of tracing filters.
    #[arg(long, default_value = "warn")]
    log: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_new(&arguments.log).context("read --log")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let listener = TcpListener::bind(arguments.addr).await.with_context(|| format!("listen on `{}`", arguments.addr))?;
    let options = sandbox::Options {
        public_url: arguments.public_url.map(|url| url.trim_end_matches('/').to_owned()),
        ..sandbox::Options::default()
    };
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let running = sandbox::start(listener, options).await?;
    println!("sandbox: feed at {}/", running.url);

    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listen for ctrl-c")?,
    }
    running.stop().await;
    Ok(())
}
