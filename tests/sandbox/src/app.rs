//! What every handler shares: the state behind one lock, the open connections, and a bell.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Now;
use crate::connection::Connections;
use crate::state::State;

/// The sandbox as its handlers see it.
pub(crate) struct App {
    state: Mutex<State>,
    /// The open connections, so that a handler can cut its own.
    pub(crate) connections: Connections,
    /// Rings when a fault fired, was released or was removed.
    pub(crate) fault_changed: Notify,
}

impl App {
    pub(crate) fn new(now: Now, public_url: String, connections: Connections) -> Self {
        let state = Mutex::new(State::new(now, public_url));
        Self { state, connections, fault_changed: Notify::new() }
    }

    /// Locks the state. Never held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A handler that panicked is reported by its test; the others may go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
