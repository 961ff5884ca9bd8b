//! When a flow runs, and why: intervals and cron expressions in a named zone, the procurement calendar,
//! one catch-up run after downtime, deadlines.
//!
//! Everything here is a value or a pure function: given the [`Calendar`], the [`Schedule`], what is known
//! of the last run and the present moment, [`next`] tells the next run and its reason. Nothing reads a
//! clock, a file or the network.

pub mod calendar;
pub mod deadline;
pub mod error;
pub mod ics;
pub mod kind;
pub mod last;
pub mod next;
pub mod reason;
pub mod spans;
pub mod timing;
pub mod told;
pub mod weekly;
pub mod zone;

mod cron_time;

#[cfg(test)]
mod office;
#[cfg(test)]
mod week_tests;

pub use calendar::{Calendar, Door};
pub use deadline::{Deadline, Verdict};
pub use error::ScheduleError;
pub use kind::Kind;
pub use last::{Last, backoff};
pub use next::{Next, Schedule, next};
pub use reason::Reason;
pub use spans::Span;
pub use timing::Timing;
pub use told::told;
pub use weekly::{Weekday, Weekly};
pub use zone::zone;
