//! HTTP beyond one platform: how answers are read, and how users' files are fetched.

pub mod http;
pub mod media;
