//! What every Pressroom process stands on: ids, settings, the database, the journal, the queue and the platforms.
//!
//! A module may use only the modules listed before it; `PlatformId` counts as an id.
//! The life of a job, and the reasons behind it, are told in the README.

pub mod ids;

pub mod clock;
pub mod config;
pub mod content;
pub mod error;
pub mod jobs;
pub mod secret;
pub mod telemetry;

pub mod entity;
pub mod store;

pub mod journal;

pub mod events;
pub mod queue;

pub mod limits;

pub mod app;
pub mod clients;
pub mod platforms;
pub mod tokens;
