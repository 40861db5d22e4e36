//! Tests of the whole, one file per concern. The database is chosen by `TEST_DATABASE`, see `bin/test`.

mod crash;
mod faults;
mod publish;
mod queue;
