//! All SQL. Functions take the connection first and the workspace second, so that each can join any
//! transaction and none can cross a tenant; the exceptions serve the machinery and say so.
//!
//! Statements are written with `$n` placeholders; `db` turns them into what SQLite reads best.

pub mod accounts;
pub mod api_keys;
pub mod batch;
pub mod caps;
pub mod connections;
pub mod db;
pub mod idempotency;
pub mod job_events;
pub mod job_steps;
pub mod jobs;
pub mod notices;
pub mod oauth_states;
pub mod posts;
pub mod renewals;
pub mod risks;
pub mod runs;
pub mod sealed;
pub mod workspaces;

pub use db::{Db, Txn};
