//! Real processes, to be started and killed.
