//! Figures of a benchmark: gathered, printed as a table, written as JSON.

use anyhow::Context;
use serde_json::{Map, Value, json};
use shared::clock::Clock;

use crate::Place;

/// The figures of one benchmark.
pub(crate) struct Report {
    name: String,
    figures: Vec<(String, Value)>,
    spreads: Map<String, Value>,
    note: &'static str,
}

impl Report {
    /// An empty report; `note` says how to read it.
    pub(crate) fn new(name: String, note: &'static str) -> Self {
        Self { name, figures: Vec::new(), spreads: Map::new(), note }
    }

    /// Adds a figure that was taken once.
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        self.figures.push((name.to_owned(), json!(rounded(value))));
    }

    /// Adds the median of a figure's rounds, and their spread.
    pub(crate) fn median(&mut self, name: &str, rounds: &[f64]) {
        self.set(name, median(rounds));
        let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.spreads.insert(name.to_owned(), json!([rounded(least), rounded(most)]));
    }

    /// Prints the table and writes `NAME.json`.
    pub(crate) fn publish(self, place: &Place) -> anyhow::Result<()> {
        println!("\n{}", self.name);
        for (name, value) in &self.figures {
            let spread = self.spreads.get(name).map(|spread| format!("  {} to {}", spread[0], spread[1])).unwrap_or_default();
            println!("  {name:<24} {:>12}{spread}", value.to_string());
        }
        println!("  {}", self.note);
        let mut body: Map<String, Value> = self.figures.into_iter().collect();
        body.insert("spread".to_owned(), Value::Object(self.spreads));
        body.insert("note".to_owned(), json!(self.note));
        body.insert("machine".to_owned(), machine());
        body.insert("at".to_owned(), json!(Clock::system().now().to_string()));
        let file = place.results.join(format!("{}.json", self.name));
        std::fs::write(&file, serde_json::to_string_pretty(&body)? + "\n")
            .with_context(|| format!("writing `{}`", file.display()))
    }
}

/// Three decimals for small figures, one for large ones: the rest is noise.
fn rounded(value: f64) -> f64 {
    let scale = if value.abs() < 100.0 { 1000.0 } else { 10.0 };
    (value * scale).round() / scale
}

/// The middle value.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which a share of all values lies.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// What the figures were taken on.
fn machine() -> Value {
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "cpu": line_of("/proc/cpuinfo", "model name"),
        "memory": line_of("/proc/meminfo", "MemTotal"),
        "os": line_of("/etc/os-release", "PRETTY_NAME"),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "optimized": !cfg!(debug_assertions),
    })
}

/// The value of the first line of a file that begins with `name`.
pub(crate) fn line_of(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown");
    line.trim_start_matches([' ', '\t', ':', '=']).trim_matches('"').to_owned()
}
