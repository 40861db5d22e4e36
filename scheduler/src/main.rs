//! `scheduler`

use clap::Parser;
use shared::app::{App, shutdown_signal};
use shared::config::Config;
use shared::telemetry;

/// Hands Pressroom's due jobs to their lanes. Settings come from the environment.
#[derive(Parser)]
struct Arguments {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Arguments::parse();
    telemetry::init_logs();
    let app = App::from_config(Config::from_env()?).await?;
    scheduler::run(app, shutdown_signal()?).await
}
