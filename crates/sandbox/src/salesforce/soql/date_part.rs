//! Functions of dates, such as `CALENDAR_YEAR(CreatedDate)` (SOQL and SOSL Reference, "Date Functions"):
//! in UTC; fiscal years are calendar years.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::path::Value;
use crate::salesforce::schema::Kind;

/// What is taken from a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    Year,
    Quarter,
    Month,
    DayInMonth,
    DayInWeek,
    DayInYear,
    DayOnly,
    Hour,
    WeekInMonth,
    WeekInYear,
}

impl DatePart {
    pub(crate) fn named(word: &str) -> Option<Self> {
        let word = word.to_ascii_uppercase();
        Some(match word.as_str() {
            "CALENDAR_YEAR" | "FISCAL_YEAR" => Self::Year,
            "CALENDAR_QUARTER" | "FISCAL_QUARTER" => Self::Quarter,
            "CALENDAR_MONTH" | "FISCAL_MONTH" => Self::Month,
            "DAY_IN_MONTH" => Self::DayInMonth,
            "DAY_IN_WEEK" => Self::DayInWeek,
            "DAY_IN_YEAR" => Self::DayInYear,
            "DAY_ONLY" => Self::DayOnly,
            "HOUR_IN_DAY" => Self::Hour,
            "WEEK_IN_MONTH" => Self::WeekInMonth,
            "WEEK_IN_YEAR" => Self::WeekInYear,
            _ => return None,
        })
    }

    /// Whether it can be taken from a field of this kind: days have no hour.
    pub(crate) fn fits(self, kind: Kind) -> bool {
        kind == Kind::Moment || kind == Kind::Date && !matches!(self, Self::Hour | Self::DayOnly)
    }

    /// The kind of what comes out.
    pub(crate) fn kind(self) -> Kind {
        if self == Self::DayOnly { Kind::Date } else { Kind::Whole(4) }
    }

    /// The part of a value.
    pub(crate) fn of(self, value: &Value<'_>) -> Value<'static> {
        let at: DateTime = match value {
            Value::Moment(at) => TimeZone::UTC.to_datetime(*at),
            Value::Text(day) => match day.parse::<Date>() {
                Ok(day) => day.to_datetime(jiff::civil::Time::midnight()),
                Err(_) => return Value::Null,
            },
            _ => return Value::Null,
        };
        let day = at.date();
        let number = match self {
            Self::DayOnly => return Value::Day(day),
            Self::Year => day.year(),
            Self::Quarter => i16::from((day.month() - 1) / 3 + 1),
            Self::Month => i16::from(day.month()),
            Self::DayInMonth => i16::from(day.day()),
            Self::DayInWeek => i16::from(day.weekday().since(Weekday::Sunday)) + 1,
            Self::DayInYear => day.day_of_year(),
            Self::Hour => i16::from(at.hour()),
            Self::WeekInMonth => i16::from((day.day() - 1) / 7 + 1),
            Self::WeekInYear => (day.day_of_year() - 1) / 7 + 1,
        };
        Value::Number(Decimal::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_day_in_utc() {
        // A Wednesday.
        let at = Value::Moment("2026-03-04T22:10:00Z".parse().expect("a stamp"));
        for (word, wanted) in [
            ("calendar_year", 2026),
            ("FISCAL_QUARTER", 1),
            ("CALENDAR_MONTH", 3),
            ("DAY_IN_MONTH", 4),
            ("DAY_IN_WEEK", 4),
            ("DAY_IN_YEAR", 63),
            ("HOUR_IN_DAY", 22),
            ("WEEK_IN_MONTH", 1),
            ("WEEK_IN_YEAR", 9),
        ] {
            let part = DatePart::named(word).expect("a function");
            assert_eq!(part.of(&at), Value::Number(wanted.into()), "{word}");
            assert_eq!(part.of(&Value::Null), Value::Null);
        }
        let day = Value::Day(jiff::civil::date(2026, 3, 4));
        assert_eq!(DatePart::DayOnly.of(&at), day);
        assert_eq!(DatePart::Year.of(&Value::Text("2025-12-31")), Value::Number(2025.into()));
        assert!(!DatePart::Hour.fits(Kind::Date) && DatePart::Year.fits(Kind::Date));
        assert_eq!(DatePart::named("YEAR"), None);
    }
}
