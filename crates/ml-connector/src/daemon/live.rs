//! How a run under way goes on, for whoever asks.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use sync_engine::{Report, Watch};

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Progress {
    /// Rows read.
    pub(crate) read: u64,
    /// Records written.
    pub(crate) written: u64,
    /// Records that wait.
    pub(crate) parked: u64,
    /// Rows in the whole walk, if known.
    pub(crate) total: Option<u64>,
}

/// Watches one run.
#[derive(Debug, Default)]
pub(crate) struct Live(Mutex<Progress>);

impl Live {
    /// How far it has come.
    pub(crate) fn progress(&self) -> Progress {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Live {
    fn progress(&self, so_far: &Report, total: Option<u64>) {
        let mut live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let total = total.or(live.total);
        *live = Progress { read: so_far.read, written: so_far.written(), parked: so_far.parked, total };
    }
}
