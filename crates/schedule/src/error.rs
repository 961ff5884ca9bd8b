//! What can be wrong with a schedule or a calendar.

/// A schedule or a calendar makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// There is no zone of this name.
    #[error("there is no time zone `{name}`; write it as the IANA database does, such as `Europe/Stockholm`")]
    Zone {
        /// What was given.
        name: String,
    },
    /// A cron expression cannot be read, or never comes to pass.
    #[error("`{text}` is no cron expression: {detail}")]
    Cron {
        /// What was given.
        text: String,
        /// What is wrong.
        detail: String,
    },
    /// An interval that is too short to be meant.
    #[error("an interval of {seconds} s is too short; the shortest is 1 s")]
    Interval {
        /// Its length.
        seconds: u64,
    },
    /// A time of day cannot be read.
    #[error("`{text}` is no time of day, such as `07:30` or `24:00`")]
    TimeOfDay {
        /// What was given.
        text: String,
    },
    /// A calendar file cannot be read.
    #[error("line {line}: {detail}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// An event of a calendar makes no sense.
    #[error("the event `{name}`: {detail}")]
    Event {
        /// Its summary.
        name: String,
        /// What is wrong.
        detail: String,
    },
}
