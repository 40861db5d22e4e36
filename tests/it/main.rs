//! Tests of the whole, one file per concern. The database is chosen by `TEST_DATABASE`, see `bin/test`.

mod api;
mod common_faults;
mod crash;
mod duplicates;
mod facebook;
mod faults;
mod follow_up;
mod idempotency;
mod instagram;
mod linkedin;
mod media;
mod pains;
mod publish;
mod queue;
mod routes;
mod schema;
mod secrets;
mod tiktok;
mod x;
mod youtube;
