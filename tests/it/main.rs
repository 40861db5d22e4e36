//! Tests of the whole, one file per concern. The database is chosen by `TEST_DATABASE`, see `bin/test`.

mod api;
mod crash;
mod faults;
mod idempotency;
mod publish;
mod queue;
mod routes;
mod schema;
mod secrets;
