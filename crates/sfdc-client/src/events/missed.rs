//! What events did not say, and what has to be compared because of it.

use std::fmt;

use jiff::Timestamp;

use crate::RecordId;
use crate::events::{ChangeEvent, ChangeKind, ChangedIds, Remedy, Touch};

/// Changes that were not told, as narrowly as it is known. Whoever keeps a copy reads these records
/// again: a bounded reconcile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The object; `None` for every object of the topic.
    pub entity: Option<String>,
    /// Which of its records.
    pub records: MissedRecords,
    /// Changes from this instant on; `None`: from the beginning.
    pub since: Option<Timestamp>,
    /// Changes up to this instant: what came later is told.
    pub until: Timestamp,
    /// Why.
    pub cause: MissedCause,
}

/// Which records have to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissedRecords {
    /// These.
    These(Vec<RecordId>),
    /// Whichever were changed in the time.
    Changed,
    /// All: the change left no stamp to find them by.
    All,
}

/// Why changes were not told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissedCause {
    /// The event says only that something was done: it was too large, or made below the application.
    Gap(Touch),
    /// A transaction changed more records than events are made for.
    Overflow,
    /// The event is about records that it does not list.
    Unlisted,
    /// A long text came as a difference to a value that we may not have.
    Difference,
    /// A kind of event that is not known here.
    Unknown(String),
    /// An event could not be decoded.
    Undecodable(String),
    /// The org does not know the place where we left off: it is older than the events that are kept,
    /// or of another org or topic.
    PlaceLost(String),
    /// There was no place to begin at.
    NoPlace,
}

impl Missed {
    /// What `event` leaves open; `None` if it says everything.
    pub(crate) fn by(event: &ChangeEvent) -> Option<Self> {
        let remedy = event.remedy();
        if remedy == Remedy::Apply {
            return None;
        }
        let cause = match (&event.kind, &event.ids) {
            (ChangeKind::Overflow, _) => MissedCause::Overflow,
            (_, ChangedIds::All) => MissedCause::Unlisted,
            (ChangeKind::Gap(touch), _) => MissedCause::Gap(*touch),
            (ChangeKind::Other(kind), _) => MissedCause::Unknown(kind.clone()),
            (ChangeKind::Snapshot, _) => MissedCause::Unknown("SNAPSHOT".to_owned()),
            _ => MissedCause::Difference,
        };
        let records = match (&event.ids, &event.kind) {
            (ChangedIds::These(ids), kind) if *kind != ChangeKind::Overflow => {
                MissedRecords::These(ids.clone())
            }
            // The transaction's own stamp marks its records.
            (_, ChangeKind::Overflow) => MissedRecords::Changed,
            // A conversion of a field's type moves no stamp.
            _ => MissedRecords::All,
        };
        let at = event.commit.stamp;
        Some(Self { entity: Some(event.entity.clone()), records, since: Some(at), until: at, cause })
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.entity.as_deref().unwrap_or("all objects of the topic");
        match &self.records {
            MissedRecords::These(ids) => write!(f, "{} of {of}", ids.len())?,
            MissedRecords::Changed => write!(f, "what was changed of {of}")?,
            MissedRecords::All => write!(f, "all of {of}")?,
        }
        match self.since {
            Some(since) if since == self.until => write!(f, " at {since}")?,
            Some(since) => write!(f, " from {since} to {}", self.until)?,
            None => write!(f, " up to {}", self.until)?,
        }
        write!(f, " ({})", self.cause)
    }
}

impl fmt::Display for MissedCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap(touch) => write!(f, "an event says no more than {touch:?}"),
            Self::Overflow => f.write_str("a transaction was too large for events"),
            Self::Unlisted => f.write_str("an event does not list its records"),
            Self::Difference => f.write_str("an event tells a difference only"),
            Self::Unknown(kind) => write!(f, "the event kind {kind} is not known"),
            Self::Undecodable(why) => write!(f, "an event cannot be read: {why}"),
            Self::PlaceLost(why) => write!(f, "the place in the stream is lost: {why}"),
            Self::NoPlace => f.write_str("the subscription is new"),
        }
    }
}
