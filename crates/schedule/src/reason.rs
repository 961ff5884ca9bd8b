//! Why a run takes place.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

/// Why a run takes place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The flow has never run.
    First,
    /// Its schedule says so.
    Due {
        /// The schedule.
        timing: String,
    },
    /// Its schedule for a rush says so.
    Rush {
        /// The rush.
        name: Arc<str>,
        /// The schedule for it.
        timing: String,
    },
    /// A deadline's time for changes is over: whatever was changed before it is carried now.
    Deadline {
        /// The deadline.
        name: Arc<str>,
    },
    /// Somebody said that something has changed.
    Told,
    /// The last run failed.
    Retry {
        /// How many in a row.
        failures: u32,
    },
    /// The last run was stopped on request, between two pages.
    GoesOn,
    /// Runs were missed while nobody was there to begin them: one makes up for all.
    CatchUp {
        /// How many, as far as they were counted.
        missed: u32,
        /// When the first of them was due.
        since: Timestamp,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("has never run"),
            Self::Due { timing } => f.write_str(timing),
            Self::Rush { name, timing } => write!(f, "{timing} during {name}"),
            Self::Deadline { name } => write!(f, "deadline {name}"),
            Self::Told => f.write_str("something has changed"),
            Self::Retry { failures: 1 } => f.write_str("the last run failed"),
            Self::Retry { failures } => write!(f, "the last {failures} runs failed"),
            Self::GoesOn => f.write_str("goes on where it was stopped"),
            Self::CatchUp { missed, since } => write!(f, "makes up for {missed} missed since {since}"),
        }
    }
}
