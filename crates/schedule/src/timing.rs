//! When something is due by itself: every so often, or as a cron expression says.

use std::fmt;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::ScheduleError;
use crate::cron_time::CronTime;

/// The shortest interval that can be meant.
const SHORTEST: Duration = Duration::from_secs(1);

/// When something is due by itself.
#[derive(Debug, Clone)]
pub enum Timing {
    /// So long after the beginning of the last time.
    Every(Duration),
    /// When the clock on the wall matches a cron expression of five fields. What falls into the hour
    /// that is skipped in spring happens at the end of it; what stands at a fixed time in the hour that
    /// is repeated in autumn happens once.
    Cron(Box<Expression>),
}

/// A cron expression.
#[derive(Debug, Clone)]
pub struct Expression {
    /// As it was written.
    text: String,
    cron: Cron,
}

impl Timing {
    /// Every `span`.
    pub fn every(span: Duration) -> Result<Self, ScheduleError> {
        if span < SHORTEST {
            return Err(ScheduleError::Interval { seconds: span.as_secs() });
        }
        Ok(Self::Every(span))
    }

    /// As the cron expression `text` says: minute, hour, day of the month, month, day of the week.
    pub fn cron(text: &str) -> Result<Self, ScheduleError> {
        let wrong = |detail: String| ScheduleError::Cron { text: text.to_owned(), detail };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| wrong(error.to_string()))?;
        let timing = Self::Cron(Box::new(Expression { text: text.to_owned(), cron }));
        match timing.after(Timestamp::UNIX_EPOCH, &TimeZone::UTC) {
            Some(_) => Ok(timing),
            None => Err(wrong("no date ever matches it".into())),
        }
    }

    /// The first time it is due after `moment`.
    pub fn after(&self, moment: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Every(span) => moment.checked_add(SignedDuration::try_from(*span).ok()?).ok(),
            Self::Cron(expression) => {
                let from = CronTime(moment.to_zoned_datetime(zone.clone()));
                expression.cron.find_next_occurrence(&from, false).ok().map(|next| next.0.timestamp())
            }
        }
    }
}

impl PartialEq for Timing {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Every(left), Self::Every(right)) => left == right,
            (Self::Cron(left), Self::Cron(right)) => left.text == right.text,
            _ => false,
        }
    }
}

impl Eq for Timing {}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(span) => match SignedDuration::try_from(*span) {
                Ok(span) => write!(f, "every {span:#}"),
                Err(_) => f.write_str("never again"),
            },
            Self::Cron(expression) => write!(f, "cron `{}`", expression.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone;

    fn next(cron: &str, from: &str) -> String {
        let timing = Timing::cron(cron).unwrap();
        let zone = zone("Europe/Stockholm").unwrap();
        let next = timing.after(from.parse().unwrap(), &zone).unwrap();
        next.to_zoned_datetime(zone).strftime("%a %F %H:%M %:z").to_string()
    }

    #[test]
    fn cron_follows_the_clock_on_the_wall() {
        assert_eq!(next("0 7 * * MON-FRI", "2026-11-27T12:00:00Z"), "Mon 2026-11-30 07:00 +01:00");
        assert_eq!(next("*/15 * * * *", "2026-11-27T12:00:00Z"), "Fri 2026-11-27 13:15 +01:00");
        assert_eq!(next("0 18 L * *", "2026-02-03T00:00:00Z"), "Sat 2026-02-28 18:00 +01:00");
    }

    #[test]
    fn a_time_that_is_skipped_in_spring_comes_at_the_end_of_the_gap() {
        assert_eq!(next("30 2 * * *", "2026-03-29T00:00:00Z"), "Sun 2026-03-29 03:00 +02:00");
        assert_eq!(next("30 2 * * *", "2026-03-29T01:30:00Z"), "Mon 2026-03-30 02:30 +02:00");
    }

    #[test]
    fn a_time_that_is_repeated_in_autumn_comes_once() {
        assert_eq!(next("30 2 * * *", "2026-10-24T22:00:00Z"), "Sun 2026-10-25 02:30 +02:00");
        assert_eq!(next("30 2 * * *", "2026-10-25T00:30:00Z"), "Mon 2026-10-26 02:30 +01:00");
    }

    #[test]
    fn an_interval_does_not_care_about_clocks_that_change() {
        let zone = zone("Europe/Stockholm").unwrap();
        let hourly = Timing::every(Duration::from_hours(1)).unwrap();
        let next = hourly.after("2026-03-29T00:30:00Z".parse().unwrap(), &zone);
        assert_eq!(next.unwrap().to_string(), "2026-03-29T01:30:00Z");
        assert_eq!(hourly.to_string(), "every 1h");
    }

    #[test]
    fn what_never_comes_is_refused() {
        for wrong in ["", "soon", "* * * *", "0 0 31 2 *", "61 * * * *", "0 * * * * *"] {
            assert!(Timing::cron(wrong).is_err(), "{wrong}");
        }
        assert!(Timing::every(Duration::from_millis(10)).is_err());
    }
}
