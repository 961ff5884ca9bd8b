//! Deadlines: what was changed before one time of day is carried by another.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span as CivilSpan, Timestamp};
use serde::Serialize;

use crate::weekly::TimeOfDay;
use crate::{Calendar, Weekday};

/// How many days are looked through for a cut-off: a year of closed days.
const DAYS: i64 = 366;

/// What was changed before one time of day is carried by another: "orders released before 16:00 reach
/// Salesforce by 16:15". It holds on the days on which the calendar is open just before its first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// Its name, for people.
    pub name: Arc<str>,
    /// Changes made before this time are meant.
    pub before: TimeOfDay,
    /// They are carried by this time: on the next day if that is not later than `before`.
    pub by: TimeOfDay,
    /// On which days.
    pub days: Vec<Weekday>,
}

/// How one day's deadline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is time left.
    Pending,
    /// A run that began after the cut-off ended well in time.
    Met,
    /// None did.
    Missed,
}

/// One day's deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cutoff {
    /// Changes made before this moment are meant.
    pub before: Timestamp,
    /// They are carried by this moment.
    pub by: Timestamp,
}

impl Cutoff {
    /// How it stands at `now`, if the first run that began at or after the cut-off and went well ended at
    /// `carried`.
    pub fn verdict(&self, carried: Option<Timestamp>, now: Timestamp) -> Verdict {
        match carried {
            Some(ended) if ended <= self.by => Verdict::Met,
            None if now <= self.by => Verdict::Pending,
            _ => Verdict::Missed,
        }
    }
}

impl Deadline {
    /// The first cut-off after `moment`.
    pub fn after(&self, moment: Timestamp, calendar: &Calendar) -> Option<Cutoff> {
        let cutoffs = (-1..DAYS).filter_map(|day| self.on(day_from(moment, calendar, day)?, calendar));
        cutoffs.into_iter().find(|cutoff| cutoff.before > moment)
    }

    /// The last cut-off at or before `moment`, of the last eight days.
    pub fn latest(&self, moment: Timestamp, calendar: &Calendar) -> Option<Cutoff> {
        let cutoffs = (-8..=0).rev().filter_map(|day| self.on(day_from(moment, calendar, day)?, calendar));
        cutoffs.into_iter().find(|cutoff| cutoff.before <= moment)
    }

    fn on(&self, date: Date, calendar: &Calendar) -> Option<Cutoff> {
        if !self.days.contains(&Weekday::of(date)) {
            return None;
        }
        let zone = calendar.zone();
        let last = if self.by > self.before { date } else { date.tomorrow().ok()? };
        let cutoff = Cutoff { before: self.before.on(date, zone)?, by: self.by.on(last, zone)? };
        calendar.door_before(cutoff.before).is_open().then_some(cutoff)
    }
}

fn day_from(moment: Timestamp, calendar: &Calendar, days: i64) -> Option<Date> {
    let today = moment.to_zoned_datetime(calendar.zone().clone()).date();
    today.checked_add(CivilSpan::new().days(days)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::moment;
    use crate::{Kind, Weekly, zone};

    fn deadline() -> Deadline {
        let (before, by) = ("16:00".parse().unwrap(), "16:15".parse().unwrap());
        Deadline { name: "orders".into(), before, by, days: Weekday::ALL.to_vec() }
    }

    #[test]
    fn cut_offs_stand_on_open_days_only() {
        let weekly = Weekly {
            kind: Kind::Open,
            name: "day".into(),
            days: Weekday::WORKING.to_vec(),
            from: "07:00".parse().unwrap(),
            to: "16:00".parse().unwrap(),
        };
        let calendar = Calendar::new(zone("Europe/Stockholm").unwrap(), vec![weekly], []);
        let next = deadline().after(moment("2026-11-27T15:00:00Z"), &calendar).unwrap();
        assert_eq!(next.before.to_string(), "2026-11-30T15:00:00Z");
        assert_eq!(next.by.to_string(), "2026-11-30T15:15:00Z");
        let last = deadline().latest(moment("2026-11-29T12:00:00Z"), &calendar).unwrap();
        assert_eq!(last.before.to_string(), "2026-11-27T15:00:00Z");
    }

    #[test]
    fn it_is_met_by_a_run_that_began_after_the_cut_off_and_ended_in_time() {
        let calendar = Calendar::open(zone("UTC").unwrap());
        let cutoff = deadline().latest(moment("2026-11-27T16:05:00Z"), &calendar).unwrap();
        let at = |text| cutoff.verdict(None, moment(text));
        assert_eq!(at("2026-11-27T16:15:00Z"), Verdict::Pending);
        assert_eq!(at("2026-11-27T16:15:01Z"), Verdict::Missed);
        let carried = |text| cutoff.verdict(Some(moment(text)), moment("2026-11-27T18:00:00Z"));
        assert_eq!(carried("2026-11-27T16:03:00Z"), Verdict::Met);
        assert_eq!(carried("2026-11-27T16:20:00Z"), Verdict::Missed);
    }
}
