//! `api`

use clap::Parser;
use shared::app::{App, shutdown_signal};
use shared::config::Config;
use shared::telemetry;

/// Serves Pressroom's HTTP API. Settings come from the environment.
#[derive(Parser)]
struct Arguments {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Arguments::parse();
    telemetry::init_logs();
    let app = App::from_config(Config::from_env()?).await?;
    api::run(app, shutdown_signal()?).await
}
