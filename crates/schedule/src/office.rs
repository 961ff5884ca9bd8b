//! An office, for tests: open on working days from seven to six.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::{Calendar, Kind, Weekday, Weekly};

/// A moment as RFC 3339 writes it.
pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The hours of the office.
pub(crate) fn hours() -> Weekly {
    Weekly {
        kind: Kind::Open,
        name: "office".into(),
        days: Weekday::WORKING.to_vec(),
        from: "07:00".parse().unwrap(),
        to: "18:00".parse().unwrap(),
    }
}

/// Its calendar, in UTC and without a holiday.
pub(crate) fn office() -> Calendar {
    Calendar::new(TimeZone::UTC, vec![hours()], [])
}
