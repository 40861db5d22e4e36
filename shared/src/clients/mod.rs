//! HTTP beyond one platform: how answers are read, and how users' files are fetched and known.

mod guard;
pub mod http;
pub mod media;
pub mod probe;
