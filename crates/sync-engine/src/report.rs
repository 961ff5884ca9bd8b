//! What a run did, and who is told while it does.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

/// What a run did, in records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The run's name, as it stands in the audit log.
    pub run: String,
    /// Rows read from the source, repeated ones too.
    pub read: u64,
    /// Rows that had already been dealt with in this very version.
    pub unchanged: u64,
    /// Records that the mapper filtered out.
    pub filtered: u64,
    /// Records that stand in the target as they should.
    pub equal: u64,
    /// Records made in the target.
    pub created: u64,
    /// Records updated in the target.
    pub updated: u64,
    /// Updates that put back what somebody had changed in the target.
    pub restored: u64,
    /// Records removed from the target.
    #[serde(default)]
    pub removed: u64,
    /// Records whose source record is gone.
    #[serde(default)]
    pub gone: u64,
    /// Fields that both sides had changed to the same value.
    #[serde(default)]
    pub absorbed: u64,
    /// Fields that only the target's people had changed: the other direction carries them.
    #[serde(default)]
    pub left: u64,
    /// Fields on which both sides had moved apart.
    #[serde(default)]
    pub conflicts: u64,
    /// Fields whose values the target is found to store otherwise than they are sent.
    #[serde(default)]
    pub rewritten: u64,
    /// Records that had moved between look and write, and were decided anew.
    #[serde(default)]
    pub remerged: u64,
    /// Whether nothing was overwritten or removed, because the state was lost or older than the
    /// systems.
    #[serde(default)]
    pub careful: bool,
    /// Records that now wait (quarantine, orphan, settling, retry).
    pub parked: u64,
    /// Records that no longer wait.
    pub released: u64,
    /// Writes whose answer was lost and whose outcome was found out by reading back.
    pub settled: u64,
    /// Pages read.
    pub pages: u64,
    /// Whether the cursor was lost and everything was walked again.
    pub restarted: bool,
    /// Whether a sweep went on where an interrupted one had stopped: what lies before that point
    /// was compared then, and not again now.
    #[serde(default)]
    pub resumed: bool,
}

impl Report {
    /// How many records were written.
    pub fn written(&self) -> u64 {
        self.created + self.updated + self.removed
    }
}

/// Is told how a run goes on.
pub trait Watch: Debug + Send + Sync {
    /// The run has come this far. `total` is the number of rows in the whole walk, if known.
    fn progress(&self, so_far: &Report, total: Option<u64>);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _: &Report, _: Option<u64>) {}
}
