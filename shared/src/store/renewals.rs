//! Renewing grants: one holder at a time over all workers, each new grant fenced by its number.
