//! Creations whose answer was lost, where the server would not notice a second one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mapping::ExternalId;
use wire::Clock;

/// How long a lost request may still land: longer than any time limit of the server.
const SETTLE: Duration = Duration::from_mins(15);

/// Creations that may still land.
#[derive(Debug)]
pub(crate) struct Doubts {
    clock: Arc<dyn Clock>,
    since: Mutex<BTreeMap<ExternalId, Duration>>,
}

impl Doubts {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, since: Mutex::default() }
    }

    /// The creation of `id` may still land.
    pub(crate) fn add(&self, id: &ExternalId) {
        let now = self.clock.elapsed();
        self.since.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), now);
    }

    /// How long the creation of `id` may still land.
    pub(crate) fn left(&self, id: &ExternalId) -> Option<Duration> {
        let now = self.clock.elapsed();
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|_, begun| now.saturating_sub(*begun) < SETTLE);
        since.get(id).map(|begun| SETTLE.saturating_sub(now.saturating_sub(*begun)))
    }
}
