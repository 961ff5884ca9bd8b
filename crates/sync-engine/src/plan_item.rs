//! A planned record: what `plan` shows, keeps in a file, and `apply` carries out.

use mapping::{Found, Key, Note, Record, Step};
use serde::{Deserialize, Serialize};

use crate::{Fault, Link, Observation, Parked, Report};

/// One record's plan, with everything it was made from, so that it can be seen later whether
/// anything has moved since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The source record as it was read.
    pub record: Record,
    /// Name and revision of the mapper.
    pub mapper: String,
    /// What the mapper remarked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The target record as it was found.
    pub found: Option<Found>,
    /// What has to be done.
    pub step: Step,
}

/// One result of a preview.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Preview {
    /// A record with its plan (also where nothing has to be done).
    Planned(Box<Planned>),
    /// A record that would be parked.
    Parked {
        /// The source record.
        key: Key,
        /// Why.
        fault: Fault,
    },
}

/// What became of a saved plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// What was done.
    pub report: Report,
    /// Records that were left alone because something has moved since the plan was made.
    pub moved: Vec<Moved>,
}

/// A record whose plan no longer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The source record.
    pub key: Key,
    /// What has moved.
    pub reason: String,
}

/// Everything that is known about one record, read just now; nothing is written.
#[derive(Debug)]
pub struct Explanation {
    /// What the source shows; `None` if it has no such record, or could not be asked (`unread`).
    pub observed: Option<Observation>,
    /// What the mapper makes of it and what would be done; empty when it is filtered out.
    pub mapped: Option<Result<Vec<Preview>, Fault>>,
    /// The pair, if there is one.
    pub link: Option<Link>,
    /// Why it waits, if it does.
    pub parked: Option<Parked>,
    /// The fields on which both sides moved apart, as this flow sees them.
    pub conflicts: Vec<crate::Conflict>,
    /// Why one of the systems could not be asked; what else is told does not depend on it.
    pub unread: Option<crate::FlowError>,
}
