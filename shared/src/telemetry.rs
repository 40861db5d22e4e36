//! Logs, and counters that add up over all processes.
//!
//! Counters are summed in memory and added to one Redis hash each second, so that any API process can show the whole
//! system's figures. A wiped Redis is a counter reset, which Prometheus knows how to read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing_subscriber::EnvFilter;

/// Sends logs to standard error as JSON lines, filtered by `RUST_LOG` (default `info`).
pub fn init_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,apalis=warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).json().flatten_event(true).with_writer(std::io::stderr);
    // A second call in one process, as tests make it, keeps the first subscriber.
    let _ = logs.try_init();
}

/// Upper bounds of the lateness histogram, in seconds.
pub const LATENESS_BOUNDS: [f64; 10] = [0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0];

/// Counters of one process, waiting to be added to the shared ones.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<BTreeMap<String, f64>>>);

impl Meter {
    /// Adds one to a counter. `labels` are written as Prometheus writes them, such as `platform="x"`.
    pub fn count(&self, name: &str, labels: &str) {
        self.add(name, labels, 1.0);
    }

    /// Adds `amount` to a counter.
    pub fn add(&self, name: &str, labels: &str, amount: f64) {
        let series = if labels.is_empty() { name.to_owned() } else { format!("{name}{{{labels}}}") };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(series).or_default() += amount;
    }

    /// Observes how late a job of a lane was started.
    pub fn observe_lateness(&self, lane: &str, lateness: Duration) {
        let seconds = lateness.as_secs_f64();
        for bound in LATENESS_BOUNDS.iter().filter(|bound| seconds <= **bound) {
            self.count("pressroom_job_lateness_seconds_bucket", &format!("lane=\"{lane}\",le=\"{bound}\""));
        }
        self.count("pressroom_job_lateness_seconds_bucket", &format!("lane=\"{lane}\",le=\"+Inf\""));
        self.count("pressroom_job_lateness_seconds_count", &format!("lane=\"{lane}\""));
        self.add("pressroom_job_lateness_seconds_sum", &format!("lane=\"{lane}\""), seconds);
    }

    /// Takes what has gathered.
    pub fn drain(&self) -> BTreeMap<String, f64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be delivered.
    pub fn restore(&self, series: BTreeMap<String, f64>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, amount) in series {
            *waiting.entry(name).or_default() += amount;
        }
    }
}
