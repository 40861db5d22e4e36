//! `bench [NAME...]`: how fast Pressroom accepts, starts and drains, and how its scheduler bears a deep backlog.
//!
//! Everything runs on this machine against 127.0.0.1. What is compared is run in turns within one run, and medians are
//! told with their spread: the machine is shared and noisy.

mod accept;
mod bare;
mod client;
mod depth;
mod drain;
mod fairness;
mod latency;
mod load;
mod publish;
mod report;
mod stack;
mod upload;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use url::Url;

use crate::report::Report;
use crate::stack::Backing;

/// Measures Pressroom.
#[derive(Parser)]
struct Arguments {
    /// What to measure; everything when nothing is named.
    names: Vec<Benchmark>,
    /// Measures `accept`, `latency`, `drain`, `publish` and `fairness` on this PostgreSQL server too, each in a database made for it.
    #[arg(long)]
    postgres: Option<Url>,
    /// Is the bare apalis worker that `drain` compares with, in this Redis namespace.
    #[arg(long, hide = true)]
    bare_apalis: Option<String>,
}

/// A thing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// Accepted posts per second.
    Accept,
    /// From the request to the handler's first line.
    Latency,
    /// No-op jobs per second, beside bare apalis.
    Drain,
    /// One look of the relay, by the number of waiting rows.
    Depth,
    /// Posts published per second on all six platforms, which answer late.
    Publish,
    /// The worker's memory while it uploads a gigabyte.
    Upload,
    /// How late single posts start beside another workspace's ten thousand.
    Fairness,
}

/// Where things are.
pub(crate) struct Place {
    /// The folder of Pressroom's binaries, this one's own.
    pub(crate) binaries: PathBuf,
    /// The folder of results.
    pub(crate) results: PathBuf,
    /// The Redis to use.
    pub(crate) redis_url: String,
}

impl Place {
    fn find() -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the Redis of `bin/bench` is told by the environment")]
        let redis_url =
            std::env::var("TEST_REDIS_URL").context("TEST_REDIS_URL is not set; `bin/bench` starts a Redis and sets it")?;
        let program = std::env::current_exe().context("finding this program")?;
        let binaries = program.parent().context("finding this program's folder")?.to_owned();
        let results = binaries.parent().context("finding the target folder")?.join("bench");
        std::fs::create_dir_all(&results).context("making the folder of results")?;
        Ok(Self { binaries, results, redis_url })
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let place = Place::find()?;
    if let Some(namespace) = &arguments.bare_apalis {
        // As many threads as the real worker has.
        return tokio::runtime::Runtime::new()?.block_on(bare::serve(&place.redis_url, namespace));
    }
    // The load comes from one thread: the cores belong to what is measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stopped = shared::app::shutdown_signal()?;
        tokio::select! {
            measured = measure_all(&place, &arguments) => measured,
            // Dropping the benchmark ends its processes, which a signal to this one alone would leave behind.
            () = stopped.cancelled() => anyhow::bail!("stopped by a signal"),
        }
    })
}

async fn measure_all(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let names = if arguments.names.is_empty() { Benchmark::value_variants() } else { &arguments.names };
    for name in names {
        measure(place, *name, &Backing::Sqlite).await?.publish(place)?;
        if let Some(url) = &arguments.postgres
            && !matches!(*name, Benchmark::Depth | Benchmark::Upload)
        {
            measure(place, *name, &Backing::Postgres(url.clone())).await?.publish(place)?;
        }
    }
    Ok(())
}

async fn measure(place: &Place, name: Benchmark, backing: &Backing) -> anyhow::Result<Report> {
    let report = match name {
        Benchmark::Accept => Box::pin(accept::measure(place, backing)).await,
        Benchmark::Latency => Box::pin(latency::measure(place, backing)).await,
        Benchmark::Drain => Box::pin(drain::measure(place, backing)).await,
        Benchmark::Depth => Box::pin(depth::measure(place)).await,
        Benchmark::Publish => Box::pin(publish::measure(place, backing)).await,
        Benchmark::Upload => Box::pin(upload::measure(place)).await,
        Benchmark::Fairness => Box::pin(fairness::measure(place, backing)).await,
    };
    report.with_context(|| format!("measuring {name:?}"))
}
