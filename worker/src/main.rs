//! `worker --lanes publish,media --concurrency 64`

use std::sync::Arc;

use clap::Parser;
use shared::app::{App, shutdown_signal};
use shared::config::Config;
use shared::jobs::Lane;
use shared::journal::{Halt, Point};
use shared::telemetry;

/// Runs Pressroom's jobs.
#[derive(Parser)]
struct Arguments {
    /// The lanes to serve, comma separated: publish, media, ads, ai, system.
    #[arg(long, value_delimiter = ',', default_value = "publish,media,ads,ai,system")]
    lanes: Vec<Lane>,
    /// Jobs at once, per lane; a quarter as many more run when other workspaces would have to wait behind them.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
    /// Stands still at a journal step (`create_post:before`, `upload:0:answered`) so that a test can kill the process there.
    #[arg(long, hide = true, value_parser = parse_halt)]
    halt_at: Option<(String, Point)>,
}

fn parse_halt(text: &str) -> Result<(String, Point), String> {
    let (step, point) = text.rsplit_once(':').ok_or("expected step:point")?;
    Ok((step.to_owned(), point.parse().map_err(|_| "the point is `before` or `answered`")?))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    telemetry::init_logs();
    let app = App::from_config(Config::from_env()?).await?;
    let halt = arguments.halt_at.map(|(step, point)| Arc::new(Halt::new(step, point, usize::MAX)));
    let options = worker::Options { lanes: arguments.lanes, concurrency: arguments.concurrency.into(), halt };
    worker::run(app, options, shutdown_signal()?).await
}
