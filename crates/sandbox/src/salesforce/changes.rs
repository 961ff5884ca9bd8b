//! The org's log of changes, kept for three days: what change events are made of.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::record::Record;

/// How long changes are kept (Platform Events Developer Guide, "Event Message Durability").
const RETENTION: SignedDuration = SignedDuration::from_hours(72);

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was made.
    Create,
    /// Values changed.
    Update,
    /// It went to the recycle bin, or is gone.
    Delete,
    /// It came back from the recycle bin.
    Undelete,
}

/// One change of one record.
#[derive(Debug, Clone)]
pub struct Change {
    /// Counts from 1 over all changes; never used twice.
    pub number: u64,
    /// When, by the org's clock.
    pub at: Timestamp,
    /// What was done.
    pub kind: ChangeKind,
    /// Changes with the same commit belong to one transaction.
    pub commit: u64,
    /// Counts from 1 within the commit.
    pub sequence: u32,
    /// The user's id.
    pub user: Arc<str>,
    /// Which API and client did it, such as `com/salesforce/api/rest/64.0;client=ml-connector`;
    /// empty for what the org did itself.
    pub origin: Arc<str>,
    /// Places of the fields that got other values; none for a deletion.
    pub(crate) places: Box<[u16]>,
    /// The record afterwards.
    pub after: Arc<Record>,
}

impl Change {
    /// Names of the fields that got other values, in the order of the object; none for a deletion.
    pub fn fields(&self) -> Vec<&str> {
        let name = |place: &u16| self.after.object.field(*place).map(|field| field.name.as_str());
        self.places.iter().filter_map(name).collect()
    }
}

/// All changes of the last three days, in order.
#[derive(Debug, Default)]
pub(crate) struct ChangeLog {
    changes: VecDeque<Change>,
    numbers: u64,
    /// The last change that is too old to be kept.
    forgotten: u64,
}

impl ChangeLog {
    /// Appends a change; its number is given here. Forgets what is too old.
    pub(crate) fn append(&mut self, mut change: Change) {
        self.numbers += 1;
        change.number = self.numbers;
        self.forget(change.at);
        self.changes.push_back(change);
    }

    /// Forgets what is older than three days.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        let Ok(oldest) = now.checked_sub(RETENTION) else { return };
        while self.changes.front().is_some_and(|change| change.at < oldest) {
            self.forgotten = self.changes.pop_front().map_or(self.forgotten, |change| change.number);
        }
    }

    /// Changes after the one with this number, oldest first.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = &Change> {
        let first = self.changes.partition_point(|change| change.number <= number);
        self.changes.range(first..)
    }

    /// The number of the last change that was forgotten; 0 if there is none.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The number of the last change, and of the oldest that is kept.
    pub(crate) fn reach(&self) -> (u64, Option<u64>) {
        (self.numbers, self.changes.front().map(|change| change.number))
    }

    /// Takes back everything after this number; numbers are not used again.
    pub(crate) fn take_back(&mut self, number: u64) {
        while self.changes.back().is_some_and(|change| change.number > number) {
            self.changes.pop_back();
        }
    }
}
