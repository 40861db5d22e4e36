//! What an adapter must know again besides the outputs of its calls.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Journal, Point, Stop};

impl Journal {
    /// What a step or a note left, unless it is older than `keeps`; nothing is done.
    pub fn recall<T: DeserializeOwned>(&self, name: &str, keeps: Option<Duration>) -> Result<Option<T>, Stop> {
        self.remembered(name, keeps).map(|output| super::read(name, output)).transpose()
    }

    /// Writes down something to be recalled; it takes the place of what was written under the same name before.
    pub async fn note<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), Stop> {
        self.pass(name, Point::Before).await;
        self.pass(name, Point::Answered).await;
        self.record(name, value, None).await
    }
}
