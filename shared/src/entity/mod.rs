//! One file per table: the row as the database holds it, and nothing else.

pub mod account;
pub mod api_key;
pub mod connection;
pub mod job;
pub mod job_event;
pub mod job_step;
pub mod notice;
pub mod oauth_state;
pub mod post;
pub mod post_target;
pub mod workspace;
