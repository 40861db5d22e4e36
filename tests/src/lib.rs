//! The harness: a whole Pressroom in one process, with a clock that tests move by hand and the sandbox for a world.

pub mod client;
pub mod database;
pub mod kinds;
pub mod login;
pub mod processes;
pub mod sandbox_client;
pub mod stack;

pub use client::{ApiClient, Target};
pub use processes::System;
pub use sandbox_client::Sandbox;
pub use stack::Stack;

/// A setting of the test run, from its environment.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration of their own")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The Redis that tests share, each under a namespace of its own.
pub fn redis_url() -> String {
    setting("TEST_REDIS_URL").unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned())
}

/// A name that no other test has.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::new_v4().simple())
}
