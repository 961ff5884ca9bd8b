//! Windows that come back every week, for those who have no calendar file.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as CivilSpan, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Kind, ScheduleError, Span};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it all")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// From Monday to Sunday.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];
    /// From Monday to Friday.
    pub const WORKING: [Self; 5] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri];

    /// The day of the week of `date`.
    pub fn of(date: Date) -> Self {
        let since_monday = date.weekday().to_monday_zero_offset();
        usize::try_from(since_monday).ok().and_then(|at| Self::ALL.get(at).copied()).unwrap_or(Self::Sun)
    }
}

/// A time of day, from `00:00` to `24:00`, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// The first moment of a day.
    pub const START: Self = Self(0);
    /// The last moment of a day: the first one of the next.
    pub const END: Self = Self(24 * 60);

    /// This time on `date`; where the clock skips it, the first moment after the gap that is as far from it.
    pub fn on(self, date: Date, zone: &TimeZone) -> Option<Timestamp> {
        let (hour, minute) = (self.0 / 60, self.0 % 60);
        let (date, hour) = match hour {
            24 => (date.tomorrow().ok()?, 0),
            hour => (date, hour),
        };
        let time = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
        zone.to_ambiguous_timestamp(time).compatible().ok()
    }
}

impl FromStr for TimeOfDay {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let wrong = || ScheduleError::TimeOfDay { text: text.to_owned() };
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let digits = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
        let (hour, minute) = (digits(hour).ok_or_else(wrong)?, digits(minute).ok_or_else(wrong)?);
        let total = hour * 60 + minute;
        if minute > 59 || total > Self::END.0 {
            return Err(wrong());
        }
        Ok(Self(total))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A window that comes back every week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weekly {
    /// What it means.
    pub kind: Kind,
    /// Its name, for people.
    pub name: Arc<str>,
    /// On which days it begins.
    pub days: Vec<Weekday>,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends: on the next day if that is not later than `from`.
    pub to: TimeOfDay,
}

impl Weekly {
    /// The one that begins on `date`.
    pub fn on(&self, date: Date, zone: &TimeZone) -> Option<Span> {
        if !self.days.contains(&Weekday::of(date)) {
            return None;
        }
        let last = if self.to > self.from { date } else { date.tomorrow().ok()? };
        let (from, to) = (self.from.on(date, zone)?, self.to.on(last, zone)?);
        (from < to).then(|| Span { from, to, name: self.name.clone() })
    }

    /// Those that touch the days around `moment`: yesterday's, which may not have ended, to `days` on.
    pub(crate) fn around(&self, moment: Timestamp, zone: &TimeZone, days: i64) -> impl Iterator<Item = Span> {
        let today = moment.to_zoned_datetime(zone.clone()).date();
        let dates = (-1..=days).filter_map(move |day| today.checked_add(CivilSpan::new().days(day)).ok());
        dates.filter_map(|date| self.on(date, zone))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::zone;

    fn window(from: &str, to: &str) -> Weekly {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        Weekly { kind: Kind::Open, name: "day".into(), days: Weekday::WORKING.to_vec(), from, to }
    }

    fn hours(window: &Weekly, day: Date) -> Option<i64> {
        let span = window.on(day, &zone("Europe/Stockholm").unwrap())?;
        Some(span.to.duration_since(span.from).as_hours())
    }

    #[test]
    fn windows_stand_on_their_days() {
        let day = window("07:00", "18:00");
        assert_eq!(hours(&day, date(2026, 11, 27)), Some(11));
        assert_eq!(hours(&day, date(2026, 11, 28)), None);
    }

    #[test]
    fn a_window_may_last_over_midnight_and_over_a_night_on_which_clocks_change() {
        let mut night = window("22:00", "06:00");
        assert_eq!(hours(&night, date(2026, 11, 27)), Some(8));
        night.days = vec![Weekday::Sat];
        assert_eq!(hours(&night, date(2026, 3, 28)), Some(7));
        assert_eq!(hours(&night, date(2026, 10, 24)), Some(9));
        assert_eq!(hours(&window("00:00", "24:00"), date(2026, 11, 27)), Some(24));
    }

    #[test]
    fn times_of_day_are_read_and_written() {
        for text in ["00:00", "07:30", "24:00"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
        for wrong in ["7:30", "24:01", "12:60", "noon", "12", "-1:00"] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
    }
}
